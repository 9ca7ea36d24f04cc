//! What the project promises, one module for each room. The names of the tests are the promises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod architecture;
mod atlas;
mod batches;
mod commands;
mod edits;
mod equal_answers;
mod export;
mod filters;
mod formats;
mod freshness;
mod history;
mod http;
mod import;
mod mapping;
mod memory;
mod positions;
mod postgis;
mod stated_units;
mod stores;
mod support;
mod units;
