//! `FlatGeobuf`: the library reads header and features, whose sizes are checked before memory is taken.

use std::io::{BufRead, Cursor, Read};

use flatgeobuf::{ColumnType, Feature, FgbReader, GeometryType, Header as Head, size_prefixed_root_as_feature};

use super::options::ReadOptions;
use super::produced::{MAX_CELL_BYTES, OwnedCell, OwnedRecord, Sink, Stop};
use super::wkb;
use crate::import::record::{FileCrs, Header, PositionIn, RawGeometry, Source};

/// Largest header, in bytes.
const MAX_HEADER_BYTES: usize = 8 << 20;
/// Largest index that is skipped, in bytes.
const MAX_INDEX_BYTES: u64 = 16 << 30;

/// Reads all features.
pub(super) fn read(mut input: impl BufRead, options: &ReadOptions, sink: &mut Sink) -> Result<(), Stop> {
    let head = head(&mut input).map_err(|cause| sink.failed(None, cause))?;
    let opened = FgbReader::open(Cursor::new(&head)).map_err(|error| sink.failed(None, error.to_string()))?;
    let header = opened.header();
    let columns: Vec<(String, ColumnType)> = header
        .columns()
        .map(|columns| columns.iter().map(|column| (column.name().to_owned(), column.type_())).collect())
        .unwrap_or_default();
    let source = Source {
        crs: crs(&header),
        read_as: options.clone(),
        ..Source::new("FlatGeobuf", Header::Whole, PositionIn::Geometry)
    };
    sink.typed_in(options.encoding);
    sink.begin(source, columns.iter().map(|(name, _)| name.clone()).collect())?;
    let index = index_bytes(header.features_count(), u64::from(header.index_node_size()));
    let index = index.filter(|bytes| *bytes <= MAX_INDEX_BYTES);
    let Some(index) = index else { return Err(sink.failed(None, "expected an index of reasonable size")) };
    let skipped = std::io::copy(&mut (&mut input).take(index), &mut std::io::sink());
    if !matches!(skipped, Ok(skipped) if skipped == index) {
        return Err(sink.failed(None, CUT));
    }
    let told = header.features_count();
    let mut number = 0;
    while let Some(bytes) = frame(&mut input).map_err(|cause| sink.failed(Some(number + 1), cause))? {
        number += 1;
        match size_prefixed_root_as_feature(&bytes) {
            Ok(feature) => sink.record(OwnedRecord {
                line: number,
                id: OwnedCell::Null,
                cells: cells(&feature, &columns),
                geometry: geometry(&feature, header.geometry_type()),
            })?,
            Err(error) => sink.unreadable(number, format!("expected a FlatGeobuf feature: {error}; left out"))?,
        }
    }
    if told > 0 && number < told {
        return Err(sink.failed(Some(number), format!("{CUT} (expected {told} features, found {number})")));
    }
    Ok(())
}

const CUT: &str = "the file ends in the middle: it is cut off";

/// The magic bytes and the header, as the library wants them.
fn head(input: &mut impl Read) -> Result<Vec<u8>, String> {
    let mut head = vec![0; 12];
    input.read_exact(&mut head).map_err(|_| CUT.to_owned())?;
    let size = head.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size)) as usize;
    if size > MAX_HEADER_BYTES {
        return Err(format!("expected a header of at most {MAX_HEADER_BYTES} bytes, found {size}"));
    }
    head.resize(12 + size, 0);
    input.read_exact(head.get_mut(12..).unwrap_or_default()).map_err(|_| CUT.to_owned())?;
    Ok(head)
}

/// The size of the packed R-tree: 40 bytes a node, `node_size` nodes under one.
fn index_bytes(features: u64, node_size: u64) -> Option<u64> {
    if node_size == 0 || features == 0 {
        return Some(0);
    }
    let node_size = node_size.max(2);
    let (mut level, mut nodes) = (features, features);
    while level > 1 {
        level = level.div_ceil(node_size);
        nodes = nodes.checked_add(level)?;
    }
    nodes.checked_mul(40)
}

/// The next feature with its size before it; none at the end.
fn frame(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, String> {
    if input.fill_buf().map_err(|error| error.to_string())?.is_empty() {
        return Ok(None);
    }
    let mut bytes = vec![0; 4];
    input.read_exact(&mut bytes).map_err(|_| CUT.to_owned())?;
    let size = bytes.first_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size)) as usize;
    if size > MAX_CELL_BYTES {
        return Err(format!("expected features of at most {MAX_CELL_BYTES} bytes, found {size}"));
    }
    bytes.resize(4 + size, 0);
    input.read_exact(bytes.get_mut(4..).unwrap_or_default()).map_err(|_| CUT.to_owned())?;
    Ok(Some(bytes))
}

fn crs(header: &Head) -> Option<FileCrs> {
    let crs = header.crs()?;
    let is_epsg = crs.org().is_none_or(|org| org.eq_ignore_ascii_case("EPSG"));
    match u32::try_from(crs.code()) {
        Ok(code) if code > 0 && is_epsg => Some(FileCrs::Epsg(code)),
        _ => crs.wkt().or(crs.name()).map(|text| FileCrs::Text(text.to_owned())),
    }
}

fn geometry(feature: &Feature, of_all: GeometryType) -> RawGeometry {
    let Some(geometry) = feature.geometry() else { return RawGeometry::None };
    let kind = if of_all == GeometryType::Unknown { geometry.type_() } else { of_all };
    if kind != GeometryType::Point && kind != GeometryType::MultiPoint {
        return wkb::other(kind.variant_name().unwrap_or("a geometry of an unknown kind"));
    }
    let numbers: Vec<f64> = geometry.xy().map(|xy| xy.iter().take(3).collect()).unwrap_or_default();
    match numbers.as_slice() {
        [] => RawGeometry::None,
        [x, y] if x.is_nan() && y.is_nan() => RawGeometry::None,
        [x, y] => RawGeometry::Point { x: *x, y: *y },
        _ => wkb::other("a MultiPoint of several"),
    }
}

/// Pairs of a column's number and its value.
fn cells(feature: &Feature, columns: &[(String, ColumnType)]) -> Vec<OwnedCell> {
    let mut cells = vec![OwnedCell::Null; columns.len()];
    let mut bytes = feature.properties().map(|properties| properties.bytes()).unwrap_or_default();
    while let Some((column, rest)) = bytes.split_first_chunk::<2>() {
        let column = usize::from(u16::from_le_bytes(*column));
        let value = columns.get(column).and_then(|(_, kind)| value(*kind, rest));
        let (Some((cell, rest)), Some(place)) = (value, cells.get_mut(column)) else {
            // What follows cannot be told apart any more.
            cells
                .iter_mut()
                .filter(|cell| **cell == OwnedCell::Null)
                .for_each(|cell| *cell = OwnedCell::Broken("?".into()));
            break;
        };
        *place = cell;
        bytes = rest;
    }
    cells
}

fn value(kind: ColumnType, bytes: &[u8]) -> Option<(OwnedCell, &[u8])> {
    macro_rules! number {
        ($kind:ty, $cell:expr) => {{
            let (value, rest) = bytes.split_first_chunk::<{ size_of::<$kind>() }>()?;
            Some(($cell(<$kind>::from_le_bytes(*value)), rest))
        }};
    }
    let text = || {
        let (size, rest) = bytes.split_first_chunk::<4>()?;
        rest.split_at_checked(u32::from_le_bytes(*size) as usize)
    };
    match kind {
        ColumnType::Byte => number!(i8, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::UByte => number!(u8, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::Bool => number!(u8, |n| OwnedCell::Boolean(n != 0)),
        ColumnType::Short => number!(i16, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::UShort => number!(u16, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::Int => number!(i32, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::UInt => number!(u32, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::Long => number!(i64, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::ULong => number!(u64, |n| OwnedCell::Whole(i128::from(n))),
        ColumnType::Float => number!(f32, |n: f32| OwnedCell::Number(f64::from(n))),
        ColumnType::Double => number!(f64, OwnedCell::Number),
        ColumnType::String | ColumnType::Json | ColumnType::DateTime => {
            text().map(|(text, rest)| (OwnedCell::Text(String::from_utf8_lossy(text).into_owned()), rest))
        }
        ColumnType::Binary => text().map(|(bytes, rest)| (OwnedCell::Broken(format!("{} bytes", bytes.len())), rest)),
        _ => None,
    }
}
