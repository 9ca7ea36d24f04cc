//! Features out, as files that other programs read.
//!
//! A [`Question`] is about one layer; `run` asks the atlas for all that it is about (`Atlas::extract`: one version, a batch at a time)
//! and writes it in a [`Format`]. Each format is a `Sink` in a file of its own; what all write is one [`Sheet`]: the columns, the
//! reference system, the order of coordinates. Archives of tiles (`pmtiles`) hold what `/tiles` answers. `file` makes a whole file or
//! none, `provenance` tells beside it what it was made
//! from. The same state and question give the same bytes, in every format.

mod crs_text;
mod csv;
mod error;
mod file;
mod flatgeobuf;
mod format;
mod geojson;
mod geopackage;
mod json;
mod parquet;
mod pmtiles;
mod progress;
mod provenance;
mod reference;
mod sheet;
mod sink;
mod vector_layers;
mod xlsx;

pub use error::ExportError;
pub use file::{ExportJob, Exported, Temporary, export_to_file, export_to_temporary, export_to_writer};
pub use format::Format;
pub use json::{FeatureTexts, Members, value_json};
pub use pmtiles::{TilesJob, export_tiles};
pub use progress::ExportProgress;
pub use provenance::{Hashed, Made, Provenance, Question};
pub use reference::crs_of_code;
pub use sheet::{Axes, Sheet, SheetOptions, relation_name};
pub use sink::{Output, Sink, SinkOptions, Spreadsheet, sink};
pub use vector_layers::{level_title, title, vector_layer, zooms};
pub use xlsx::Titles;
