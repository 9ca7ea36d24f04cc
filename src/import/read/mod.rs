//! Readers of files: one a format, all giving the same [records](super::record).

pub(super) mod csv;
pub(super) mod csv_guard;
mod geojson;

use std::path::Path;

use super::ImportError;
use super::input::{self, Format};
use super::progress::Progress;
use super::record::Records;

/// Largest file of features, unpacked.
pub const MAX_FILE_BYTES: u64 = 64 << 30;

/// Opens a file by what it holds, whatever its name says.
pub(super) fn open(path: &Path, progress: &Progress) -> Result<Box<dyn Records>, ImportError> {
    let mut opened = input::open(path, MAX_FILE_BYTES, progress.byte_counter())?;
    let place = path.display().to_string();
    Ok(match input::format(path, &mut opened)? {
        Format::Csv => Box::new(csv::CsvRecords::new(place, opened)?),
        Format::GeoJson => Box::new(geojson::GeoJsonRecords::new(place, opened)),
    })
}
