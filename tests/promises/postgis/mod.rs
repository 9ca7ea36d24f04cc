//! What only the PostGIS store promises: it lives with other programs in one database.

mod edits;
mod outages;
mod published;
mod statements;
