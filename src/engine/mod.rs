//! Verbs over places and columns in memory. Pure and synchronous: no async, files, environment, logging or SQL.

pub mod locate;
