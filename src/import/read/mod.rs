//! Readers of files: one a format, all giving the same [records](super::record).

pub(super) mod csv;
mod csv_dialect;
pub(super) mod csv_guard;
mod flatgeobuf;
mod fonts;
mod geojson;
mod geopackage;
mod header;
mod kml;
mod ods;
mod options;
mod produced;
mod shapefile;
mod sniff;
mod table;
mod text;
mod wkb;
mod xls;
mod xlsx;
mod xml;
mod zipped;

use std::path::Path;

pub use self::options::{ReadOptions, delimiter};
pub(super) use self::produced::OwnedRecord;
use self::produced::Produced;
use self::sniff::Format;
use super::ImportError;
use super::input;
use super::progress::Progress;
use super::record::Records;

/// Largest file of features, unpacked.
pub const MAX_FILE_BYTES: u64 = 64 << 30;

/// Opens a file by what it holds, whatever its name says.
pub(super) fn open(path: &Path, options: &ReadOptions, progress: &Progress) -> Result<Box<dyn Records>, ImportError> {
    let place = path.display().to_string();
    let (file, options, counter) = (path.to_owned(), options.clone(), progress.byte_counter());
    let stream = || input::open(path, MAX_FILE_BYTES, counter);
    let produced = match sniff::sniff(path)? {
        Format::Text => return text::open(place, stream()?, &options),
        Format::Xml => {
            let input = stream()?;
            Produced::start(&place, move |sink| kml::read(input, &options, sink))
        }
        Format::FlatGeobuf => {
            let input = stream()?;
            Produced::start(&place, move |sink| flatgeobuf::read(input, &options, sink))
        }
        Format::Kmz => Produced::start(&place, move |sink| kml::read_kmz(&file, &options, sink)),
        Format::Xlsx => Produced::start(&place, move |sink| xlsx::read(&file, &options, sink)),
        Format::Xls => Produced::start(&place, move |sink| xls::read(&file, &options, sink)),
        Format::Ods => Produced::start(&place, move |sink| ods::read(&file, &options, sink)),
        Format::GeoPackage => Produced::start(&place, move |sink| geopackage::read(&file, &options, sink)),
        Format::Shapefile => Produced::start(&place, move |sink| shapefile::read(&file, &options, sink)),
        Format::ShapefileZip => Produced::start(&place, move |sink| shapefile::read_zip(&file, &options, sink)),
    };
    Ok(Box::new(produced?))
}
