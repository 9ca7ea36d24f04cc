//! OGC API over HTTP: what the standards ask for, seen by programs that follow links.

pub mod edits;
mod files;
mod gdal;
mod history;
mod items;
mod pages;
mod resources;
mod sorting;
mod tiles;

use serde_json::Value;

/// The address of the link with the relation.
pub fn link<'a>(document: &'a Value, rel: &str) -> Option<&'a str> {
    let links = document["links"].as_array().unwrap();
    links.iter().find(|link| link["rel"] == rel).map(|link| link["href"].as_str().unwrap())
}

pub fn ids(page: &Value) -> Vec<u64> {
    page["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_u64().unwrap()).collect()
}
