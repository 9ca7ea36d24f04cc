//! The surface over HTTP. The modules mirror the addresses.

mod access;
mod bad_input;
mod caching;
mod layers;
mod listener;
mod page;
mod query;
mod service;
mod style;
mod tilejson;
mod tiles;
