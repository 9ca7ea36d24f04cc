//! What several promises need to be tested.

pub mod house;
pub mod postgres;
pub mod province;
pub mod shelf;
pub mod tile_spec;
