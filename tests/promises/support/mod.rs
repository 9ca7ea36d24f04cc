//! What several promises need to be tested.

pub mod both;
pub mod cluster;
pub mod filters;
pub mod house;
pub mod node;
pub mod places;
pub mod plain_filter;
pub mod postgres;
pub mod program;
pub mod province;
pub mod quality;
pub mod rows;
pub mod shared;
pub mod shelf;
pub mod tile_spec;
