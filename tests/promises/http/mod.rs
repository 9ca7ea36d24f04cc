//! The surface over HTTP. The modules mirror the addresses.

mod access;
mod bad_input;
mod caching;
mod events;
mod front;
mod imports;
mod lagging;
mod layers;
mod listener;
mod min_version;
mod ogc;
mod page;
mod query;
mod search;
mod service;
mod style;
mod tilejson;
mod tiles;
