//! What only the PostGIS store promises: it lives with other programs in one database.

mod changes;
mod chaos;
mod edits;
mod emptied;
mod filters;
mod freshness;

mod fill;
mod follower;
mod large;
mod live;
mod odd_tables;
mod outages;
mod published;
mod statements;
mod writers;
