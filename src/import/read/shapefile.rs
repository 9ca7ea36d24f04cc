//! Shapefiles: the parts beside each other, or in one zip.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use jiff::civil::{Date, DateTime, Time};
use shapefile::dbase::{self, FieldValue, ReaderBuilder};
use shapefile::{Shape, ShapeReader, ShapeType};

use super::options::ReadOptions;
use super::produced::{OwnedCell, OwnedRecord, Sink, Stop};
use super::{wkb, zipped};
use crate::import::encoding::{Encoding, GUESS_BYTES, guess};
use crate::import::record::{FileCrs, Header, PositionIn, RawGeometry, Source};

/// Largest text of a reference system or an encoding's name.
const MAX_NOTE_BYTES: u64 = 64 * 1024;
/// Largest parts inside a zip, unpacked: they are held in memory.
const MAX_PART_BYTES: u64 = 96 << 20;

trait Part: Read + Seek + Send {}
impl<T: Read + Seek + Send> Part for T {}

/// The parts of one shapefile.
struct Parts {
    shp: Box<dyn Part>,
    dbf: Option<Box<dyn Part>>,
    prj: Option<String>,
    cpg: Option<String>,
}

/// Reads the shapefile of which this is the `.shp`.
pub(super) fn read(path: &Path, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let open = |path: &Path| Some(Box::new(BufReader::new(File::open(path).ok()?)) as Box<dyn Part>);
    let beside =
        |extension: &str| [extension.to_owned(), extension.to_ascii_uppercase()].map(|end| path.with_extension(end));
    let note = |extension: &str| {
        beside(extension).iter().find_map(|path| {
            let mut bytes = Vec::new();
            File::open(path).ok()?.take(MAX_NOTE_BYTES).read_to_end(&mut bytes).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        })
    };
    let Some(shp) = open(path) else { return Err(sink.failed(None, "cannot be opened")) };
    let dbf = beside("dbf").iter().find_map(|path| open(path));
    shapes(Parts { shp, dbf, prj: note("prj"), cpg: note("cpg") }, options, sink)
}

/// Reads the one shapefile in a zip, or the one that `--table` names.
pub(super) fn read_zip(path: &Path, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let mut archive = zipped::open(path)?;
    let names = zipped::names(&archive);
    let stems: Vec<&str> = names.iter().filter_map(|name| without(name, ".shp")).collect();
    let stem = match (options.table.as_deref(), stems.as_slice()) {
        (Some(told), _) => stems.iter().find(|stem| **stem == told || stem.rsplit('/').next() == Some(told)),
        (None, [one]) => Some(one),
        (None, _) => None,
    };
    let Some(stem) = stem.map(|stem| (*stem).to_owned()) else {
        return Err(sink.failed(None, format!("expected one shapefile, or --table with one of {}", stems.join(", "))));
    };
    let mut part = |extension: &str, max_bytes: u64| {
        let name = names.iter().find(|name| without(name, extension) == Some(stem.as_str()));
        name.map(|name| zipped::unpack(&mut archive, name, max_bytes)).transpose()
    };
    let read: Result<_, String> = (|| {
        let shp = part(".shp", MAX_PART_BYTES)?.unwrap_or_default();
        let dbf = part(".dbf", MAX_PART_BYTES)?;
        Ok((shp, dbf, part(".prj", MAX_NOTE_BYTES)?, part(".cpg", MAX_NOTE_BYTES)?))
    })();
    let (shp, dbf, prj, cpg) = read.map_err(|cause| sink.failed(None, cause))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let boxed = |bytes: Vec<u8>| Box::new(Cursor::new(bytes)) as Box<dyn Part>;
    shapes(Parts { shp: boxed(shp), dbf: dbf.map(boxed), prj: prj.map(text), cpg: cpg.map(text) }, options, sink)
}

/// A name without its extension, in any case.
fn without<'a>(name: &'a str, extension: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(extension.len())?;
    let (stem, end) = name.split_at_checked(at)?;
    end.eq_ignore_ascii_case(extension).then_some(stem)
}

fn shapes(parts: Parts, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let shape_fault = |error: shapefile::Error| format!("expected a whole .shp: {error}");
    let mut reader = ShapeReader::new(parts.shp).map_err(|error| sink.failed(None, shape_fault(error)))?;
    let kind = reader.header().shape_type;
    let mut table = parts.dbf.map(|dbf| Table::open(dbf, options.encoding, parts.cpg.as_deref()));
    let table = table.take().transpose().map_err(|cause| sink.failed(None, cause))?;
    let crs = parts.prj.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).map(FileCrs::Text);
    let encoding = table.as_ref().map(|table| table.encoding);
    let source = Source {
        crs,
        read_as: ReadOptions { encoding, ..options.clone() },
        ..Source::new("Shapefile", Header::Whole, PositionIn::Geometry)
    };
    let columns = table.as_ref().map(|table| table.columns.clone()).unwrap_or_default();
    sink.begin(source, columns)?;
    let is_points = matches!(
        kind,
        ShapeType::Point
            | ShapeType::PointM
            | ShapeType::PointZ
            | ShapeType::Multipoint
            | ShapeType::MultipointM
            | ShapeType::MultipointZ
            | ShapeType::NullShape
    );
    let (mut rows, deleted, encoding) = match table {
        Some(table) => (Some(table.reader), table.deleted, table.encoding),
        None => (None, Vec::new(), Encoding::Utf8),
    };
    let mut rows = rows.as_mut().map(dbase::Reader::iter_records_as::<Row>);
    let mut shapes = if is_points { Some(reader.iter_shapes()) } else { None };
    let mut number = 0;
    loop {
        let is_deleted = deleted.get(number).copied().unwrap_or(false);
        let shape = match &mut shapes {
            Some(shapes) => match shapes.next() {
                Some(Ok(shape)) => geometry(&shape),
                Some(Err(error)) => return Err(sink.failed(Some(number as u64 + 1), shape_fault(error))),
                None => break,
            },
            // Nothing else of a file of lines or polygons is needed to refuse each of its rows.
            None if number < deleted.len() => wkb::other(&format!("a {kind}")),
            None => break,
        };
        number += 1;
        if is_deleted {
            continue;
        }
        let line = number as u64;
        let Some(row) = rows.as_mut().map_or_else(|| Some(Ok(Row::default())), Iterator::next) else {
            return Err(sink.failed(Some(line), "expected as many rows in the .dbf as shapes, found fewer"));
        };
        match row {
            Ok(row) => {
                let cells =
                    row.0.into_iter().map(|value| value.map_or_else(OwnedCell::Broken, |value| cell(value, encoding)));
                let cells = cells.collect();
                sink.record(OwnedRecord { line, id: OwnedCell::Null, cells, geometry: shape })?;
            }
            Err(error) => sink.unreadable(line, format!("expected a row of the .dbf: {error}; left out"))?,
        }
    }
    if number < deleted.len() {
        let cause = format!("expected as many shapes as the .dbf has rows ({}), found {number}", deleted.len());
        return Err(sink.failed(Some(number as u64), cause));
    }
    Ok(())
}

fn geometry(shape: &Shape) -> RawGeometry {
    let point = |x: f64, y: f64| RawGeometry::Point { x, y };
    let several = |points: &[(f64, f64)]| match points {
        [] => RawGeometry::None,
        [(x, y)] => point(*x, *y),
        many => wkb::other(&format!("a MultiPoint of {}", many.len())),
    };
    match shape {
        Shape::NullShape => RawGeometry::None,
        Shape::Point(at) => point(at.x, at.y),
        Shape::PointM(at) => point(at.x, at.y),
        Shape::PointZ(at) => point(at.x, at.y),
        Shape::Multipoint(all) => several(&all.points().iter().map(|at| (at.x, at.y)).collect::<Vec<_>>()),
        Shape::MultipointM(all) => several(&all.points().iter().map(|at| (at.x, at.y)).collect::<Vec<_>>()),
        Shape::MultipointZ(all) => several(&all.points().iter().map(|at| (at.x, at.y)).collect::<Vec<_>>()),
        other => wkb::other(&format!("a {}", other.shapetype())),
    }
}

/// The values of a row in their order; what is wrong with those that cannot be read.
#[derive(Default)]
struct Row(Vec<Result<FieldValue, String>>);

impl dbase::ReadableRecord for Row {
    fn read_using<Source: Read + Seek, Memo: Read + Seek>(
        fields: &mut dbase::FieldIterator<Source, Memo>,
    ) -> Result<Self, dbase::FieldError> {
        Ok(Self(fields.map(|field| field.map(|named| named.value).map_err(|error| error.to_string())).collect()))
    }
}

/// The attributes, opened.
struct Table {
    reader: dbase::Reader<Box<dyn Part>>,
    columns: Vec<String>,
    encoding: Encoding,
    /// For each row whether it was deleted: its shape is still there.
    deleted: Vec<bool>,
}

impl Table {
    fn open(mut dbf: Box<dyn Part>, told: Option<Encoding>, cpg: Option<&str>) -> Result<Self, String> {
        let head = Head::read(&mut dbf).map_err(|error| format!("expected a whole .dbf: {error}"))?;
        let deleted = head.deleted(&mut dbf).map_err(|error| format!("expected a whole .dbf: {error}"))?;
        let encoding = head.encoding(&mut dbf, told, cpg)?;
        dbf.rewind().map_err(|error| error.to_string())?;
        // Each byte becomes one letter, from which the bytes are had back.
        let western = dbase::encoding::EncodingRs::from(encoding_rs::WINDOWS_1252);
        let reader = ReaderBuilder::new().with_encoding(western).build(dbf);
        let reader = reader.map_err(|error| format!("expected a whole .dbf: {error}"))?;
        let sizes: usize = reader.fields().iter().map(|field| usize::from(field.length())).sum();
        if sizes + 1 != usize::from(head.record_bytes) {
            return Err("expected a .dbf whose rows are as long as its fields together".into());
        }
        let columns = reader.fields().iter().map(|field| decoded(field.name(), encoding)).collect();
        Ok(Self { reader, columns, encoding, deleted })
    }
}

/// What a .dbf says of itself in its first bytes.
struct Head {
    rows: u32,
    before_rows: u16,
    record_bytes: u16,
    language: u8,
}

impl Head {
    fn read(dbf: &mut impl Read) -> std::io::Result<Self> {
        let mut head = [0; 32];
        dbf.read_exact(&mut head)?;
        let [_, _, _, _, a, b, c, d, e, f, g, h, ..] = head;
        let language = head.get(29).copied().unwrap_or(0);
        Ok(Self {
            rows: u32::from_le_bytes([a, b, c, d]),
            before_rows: u16::from_le_bytes([e, f]),
            record_bytes: u16::from_le_bytes([g, h]),
            language,
        })
    }

    /// The first byte of each row says whether it was deleted. Fails where rows are missing.
    fn deleted(&self, dbf: &mut (impl Read + Seek)) -> std::io::Result<Vec<bool>> {
        let bytes = dbf.seek(SeekFrom::End(0))?;
        let needed = u64::from(self.before_rows) + u64::from(self.rows) * u64::from(self.record_bytes);
        if bytes < needed || self.record_bytes == 0 {
            return Err(std::io::Error::other(format!(
                "{needed} bytes by its own count, {bytes} found: it is cut off"
            )));
        }
        dbf.seek(SeekFrom::Start(u64::from(self.before_rows)))?;
        let mut row = vec![0; usize::from(self.record_bytes)];
        let mut reader = BufReader::with_capacity(256 * 1024, dbf);
        (0..self.rows)
            .map(|_| {
                reader.read_exact(&mut row)?;
                Ok(row.first() == Some(&b'*'))
            })
            .collect()
    }

    /// As told, else by the texts themselves, else by the .cpg or the table's own mark.
    fn encoding(
        &self,
        dbf: &mut (impl Read + Seek),
        told: Option<Encoding>,
        cpg: Option<&str>,
    ) -> Result<Encoding, String> {
        if let Some(told) = told {
            return Ok(told);
        }
        let mut sample = Vec::new();
        dbf.seek(SeekFrom::Start(u64::from(self.before_rows)))
            .and_then(|_| dbf.take(GUESS_BYTES as u64).read_to_end(&mut sample))
            .map_err(|error| error.to_string())?;
        let said = cpg.and_then(of_cpg).or(match self.language {
            0x57 | 0x03 => Some(Encoding::Windows1252),
            _ => None,
        });
        // Fields of numbers and blanks have zeros in some programs' tables: those are no UTF-16.
        sample.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        match (guess(&sample), said) {
            (Some(guessed), _) if !sample.is_ascii() => Ok(guessed),
            (_, Some(said)) => Ok(said),
            (Some(guessed), None) => Ok(guessed),
            (None, None) => Err("expected --encoding: neither the .cpg nor the texts of the .dbf tell it".into()),
        }
    }
}

/// Names of encodings in .cpg files: `UTF-8`, `1258`, `ANSI 1252`, `ISO-8859-1`.
fn of_cpg(text: &str) -> Option<Encoding> {
    let name = text.trim().trim_start_matches('\u{feff}');
    let plain = name.strip_prefix("ANSI ").unwrap_or(name);
    Encoding::parse("cpg", plain).ok()
}

/// Text from letters that each stand for a byte.
fn decoded(western: &str, encoding: Encoding) -> String {
    if western.is_ascii() {
        return western.to_owned();
    }
    encoding.decode(&encoding_rs::WINDOWS_1252.encode(western).0)
}

fn cell(value: FieldValue, encoding: Encoding) -> OwnedCell {
    match value {
        FieldValue::Character(text) => {
            text.map_or(OwnedCell::Null, |text| OwnedCell::Text(decoded(text.trim_end_matches('\0'), encoding)))
        }
        FieldValue::Memo(text) => OwnedCell::Text(decoded(&text, encoding)),
        FieldValue::Numeric(number) => number.map_or(OwnedCell::Null, OwnedCell::of_number),
        FieldValue::Float(number) => number.map_or(OwnedCell::Null, |number| OwnedCell::of_number(f64::from(number))),
        FieldValue::Logical(value) => value.map_or(OwnedCell::Null, OwnedCell::Boolean),
        FieldValue::Integer(number) => OwnedCell::Whole(i128::from(number)),
        FieldValue::Currency(number) | FieldValue::Double(number) => OwnedCell::of_number(number),
        FieldValue::Date(date) => date.map_or(OwnedCell::Null, |date| local(date, None)),
        FieldValue::DateTime(at) => local(at.date(), Some(at.time())),
    }
}

fn local(date: dbase::Date, time: Option<dbase::Time>) -> OwnedCell {
    let small = |part: u32| i8::try_from(part).unwrap_or(i8::MAX);
    let day = Date::new(i16::try_from(date.year()).unwrap_or(0), small(date.month()), small(date.day()));
    let time = time.map_or(Ok(Time::midnight()), |time| {
        Time::new(small(time.hours()), small(time.minutes()), small(time.seconds()), 0)
    });
    match (day, time) {
        (Ok(day), Ok(time)) => OwnedCell::Local(DateTime::from_parts(day, time)),
        _ => OwnedCell::Broken(format!("{}-{:02}-{:02}", date.year(), date.month(), date.day())),
    }
}
