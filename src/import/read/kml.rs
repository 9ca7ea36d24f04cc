//! KML and KMZ: each Placemark is a record; its name, description and extended data are the columns.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::options::ReadOptions;
use super::produced::{OwnedCell, OwnedRecord, Sink, Stop};
use super::xml::{Node, Xml, attribute};
use super::zipped;
use crate::import::fault::Fault;
use crate::import::record::{FileCrs, Header, PositionIn, RawGeometry, Source};
use crate::model::FindingKind;

/// Largest document inside a KMZ, unpacked.
const MAX_DOCUMENT_BYTES: u64 = 4 << 30;
/// Elements of a placemark that are columns of their own.
const OWN: [&str; 4] = ["name", "description", "address", "phoneNumber"];
const GEOMETRIES: [&str; 6] = ["LineString", "LinearRing", "Polygon", "MultiTrack", "Track", "Model"];

/// Reads a document.
pub(super) fn read(input: impl BufRead, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let mut kml = Kml { xml: Xml::new(input), columns: Vec::new(), known: HashMap::new(), has_root: false };
    let source = Source {
        crs: Some(FileCrs::Epsg(4326)),
        read_as: options.clone(),
        ..Source::new("KML", Header::Growing, PositionIn::Geometry)
    };
    sink.typed_in(options.encoding);
    sink.begin(source, Vec::new())?;
    let mut told = 0;
    while let Some(record) = kml.placemark().map_err(|cause| sink.failed(Some(kml.xml.line()), cause))? {
        if kml.columns.len() > told {
            sink.grow(&kml.columns)?;
            told = kml.columns.len();
        }
        sink.record(record)?;
    }
    if !kml.has_root {
        return Err(sink.failed(None, "expected KML, found XML without a <kml> element"));
    }
    Ok(())
}

/// Reads the document of a KMZ.
pub(super) fn read_kmz(path: &Path, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let mut archive = zipped::open(path)?;
    let names = zipped::names(&archive);
    let is_kml = |name: &&String| name.to_ascii_lowercase().ends_with(".kml");
    let main = names.iter().find(|name| name.eq_ignore_ascii_case("doc.kml")).or(names.iter().find(is_kml));
    let Some(name) = main else { return Err(sink.failed(None, "expected a .kml in the zip, found none")) };
    let entry = archive.by_name(name).map_err(|error| sink.failed(None, format!("{name}: {error}")))?;
    read(BufReader::new(std::io::Read::take(entry, MAX_DOCUMENT_BYTES)), options, sink)
}

struct Kml<R> {
    xml: Xml<R>,
    columns: Vec<String>,
    known: HashMap<String, usize>,
    has_root: bool,
}

impl<R: BufRead> Kml<R> {
    /// The next placemark.
    fn placemark(&mut self) -> Result<Option<OwnedRecord>, String> {
        loop {
            match self.xml.next()? {
                Node::Start(name, attributes) if name == "Placemark" => {
                    let id = attribute(&attributes, "id").map(str::to_owned);
                    return self.inside(id).map(Some);
                }
                Node::Start(name, _) => self.has_root |= name == "kml",
                Node::Eof => return Ok(None),
                Node::Text(_) | Node::End(_) => {}
            }
        }
    }

    fn inside(&mut self, id: Option<String>) -> Result<OwnedRecord, String> {
        let line = self.xml.line();
        let mut placemark = Placemark::default();
        let mut path: Vec<String> = Vec::new();
        let mut data: Option<String> = None;
        let mut text = String::new();
        loop {
            match self.xml.next()? {
                Node::Start(name, attributes) => {
                    text.clear();
                    if matches!(name.as_str(), "Data" | "SimpleData") {
                        data = attribute(&attributes, "name").map(str::to_owned);
                    }
                    placemark.meet(&name);
                    path.push(name);
                }
                Node::Text(part) => text.push_str(&part),
                Node::End(name) if name == "Placemark" && path.is_empty() => break,
                Node::End(name) => {
                    path.pop();
                    let parent = path.last().map(String::as_str);
                    match name.as_str() {
                        "coordinates" if parent == Some("Point") => placemark.point(&text),
                        "value" if parent == Some("Data") => self.put(&mut placemark, data.as_deref(), &text),
                        "SimpleData" => self.put(&mut placemark, data.as_deref(), &text),
                        name if parent.is_none() && OWN.contains(&name) => self.put(&mut placemark, Some(name), &text),
                        "when" if parent == Some("TimeStamp") => self.put(&mut placemark, Some("when"), &text),
                        _ => {}
                    }
                    text.clear();
                }
                Node::Eof => return Err("the file ends in the middle: it is cut off".into()),
            }
            if placemark.bytes > super::produced::MAX_CELL_BYTES {
                return Err("a placemark is too large".into());
            }
        }
        let geometry = placemark.geometry();
        let id = id.map_or(OwnedCell::Null, OwnedCell::Text);
        Ok(OwnedRecord { line, id, cells: placemark.cells, geometry })
    }

    fn put(&mut self, placemark: &mut Placemark, column: Option<&str>, text: &str) {
        let Some(name) = column else { return };
        let column = *self.known.entry(name.to_owned()).or_insert_with(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        });
        if placemark.cells.len() <= column {
            placemark.cells.resize(column + 1, OwnedCell::Null);
        }
        if let Some(cell) = placemark.cells.get_mut(column) {
            placemark.bytes += text.len();
            *cell = OwnedCell::Text(text.to_owned());
        }
    }
}

#[derive(Default)]
struct Placemark {
    cells: Vec<OwnedCell>,
    bytes: usize,
    points: Vec<String>,
    other: Option<String>,
}

impl Placemark {
    fn meet(&mut self, element: &str) {
        if GEOMETRIES.contains(&element) && self.other.is_none() {
            self.other = Some(element.to_owned());
        }
    }

    fn point(&mut self, text: &str) {
        if self.points.len() < 2 {
            self.points.push(text.trim().chars().take(200).collect());
        }
    }

    /// Longitude, latitude and perhaps a height, with commas between them.
    fn geometry(&self) -> RawGeometry {
        let wrong = |found: &str| {
            RawGeometry::Unfit(Fault::new(FindingKind::WrongGeometry, format!("expected a Point, found {found}")))
        };
        match (self.points.as_slice(), &self.other) {
            ([], None) => RawGeometry::None,
            (_, Some(other)) => wrong(&format!("a {other}")),
            ([text], None) => {
                let mut numbers = text.split(',').map(|part| part.trim().parse::<f64>().ok());
                match (numbers.next().flatten(), numbers.next().flatten()) {
                    (Some(x), Some(y)) => RawGeometry::Point { x, y },
                    _ if text.is_empty() => RawGeometry::None,
                    _ => RawGeometry::Unfit(Fault::new(
                        FindingKind::InvalidPosition,
                        format!("expected longitude,latitude; found {text:?}"),
                    )),
                }
            }
            _ => wrong("several points"),
        }
    }
}
