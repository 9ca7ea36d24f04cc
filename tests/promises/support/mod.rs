//! What several promises need to be tested.

pub mod postgres;
