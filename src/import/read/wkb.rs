//! Points in well-known binary, with or without the header of a `GeoPackage`.

use crate::import::fault::Fault;
use crate::import::record::RawGeometry;
use crate::model::FindingKind;

const NAMES: [&str; 8] = [
    "geometry",
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
];

/// The point in a `GeoPackage` blob (specification, 2.1.3).
pub(super) fn of_geopackage(blob: &[u8]) -> RawGeometry {
    let Some([b'G', b'P', _, flags]) = blob.first_chunk::<4>() else { return broken() };
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return broken(),
    };
    let is_empty = flags & 0b0001_0000 != 0;
    match blob.get(8 + envelope..) {
        Some(_) if is_empty => RawGeometry::None,
        Some(wkb) => of_wkb(wkb),
        None => broken(),
    }
}

/// The point in well-known binary, ISO or extended; a `MultiPoint` of one is a point.
fn of_wkb(wkb: &[u8]) -> RawGeometry {
    let Some((kind, little, rest)) = start(wkb) else { return broken() };
    let rest = match kind {
        1 => rest,
        4 => {
            let Some((count, rest)) = rest.split_first_chunk::<4>() else { return broken() };
            match if little { u32::from_le_bytes(*count) } else { u32::from_be_bytes(*count) } {
                0 => return RawGeometry::None,
                1 => match start(rest) {
                    Some((1, inner, rest)) if inner == little => rest,
                    _ => return broken(),
                },
                many => return other(&format!("a MultiPoint of {many}")),
            }
        }
        kind => return other(NAMES.get(kind as usize).copied().unwrap_or("geometry of an unknown kind")),
    };
    let number = |bytes: &[u8; 8]| if little { f64::from_le_bytes(*bytes) } else { f64::from_be_bytes(*bytes) };
    let Some((x, rest)) = rest.split_first_chunk::<8>() else { return broken() };
    let Some((y, _)) = rest.split_first_chunk::<8>() else { return broken() };
    let (x, y) = (number(x), number(y));
    // An empty point is written as not-a-number.
    if x.is_nan() && y.is_nan() { RawGeometry::None } else { RawGeometry::Point { x, y } }
}

/// Kind, whether the low byte comes first, and what follows.
fn start(wkb: &[u8]) -> Option<(u32, bool, &[u8])> {
    let (order, rest) = wkb.split_first()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let little = *order == 1;
    let kind = if little { u32::from_le_bytes(*kind) } else { u32::from_be_bytes(*kind) };
    // The extended form has a reference system behind the kind.
    let rest = if kind & 0x2000_0000 != 0 { rest.get(4..)? } else { rest };
    Some(((kind & 0x0fff_ffff) % 1000, little, rest))
}

pub(super) fn other(found: &str) -> RawGeometry {
    RawGeometry::Unfit(Fault::new(FindingKind::WrongGeometry, format!("expected a Point, found {found}")))
}

fn broken() -> RawGeometry {
    RawGeometry::Unfit(Fault::new(
        FindingKind::InvalidPosition,
        "expected a geometry of the format, found a broken one",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_and_all_else_is_named() {
        let point = |order: u8| {
            let kind = if order == 1 { 1_u32.to_le_bytes() } else { 1001_u32.to_be_bytes() };
            let number = |n: f64| if order == 1 { n.to_le_bytes() } else { n.to_be_bytes() };
            [vec![order], kind.to_vec(), number(108.8).to_vec(), number(15.1).to_vec(), number(3.0).to_vec()].concat()
        };
        assert_eq!(of_wkb(&point(1)), RawGeometry::Point { x: 108.8, y: 15.1 });
        assert_eq!(of_wkb(&point(0)), RawGeometry::Point { x: 108.8, y: 15.1 });
        let header = [b"GP\0\x01".to_vec(), vec![0; 4], point(1)].concat();
        assert_eq!(of_geopackage(&header), RawGeometry::Point { x: 108.8, y: 15.1 });
        for cut in 0..header.len() - 8 {
            assert!(matches!(of_geopackage(&header[..cut]), RawGeometry::Unfit(_)), "{cut}");
        }
        let multi = [vec![1], 4_u32.to_le_bytes().to_vec(), 1_u32.to_le_bytes().to_vec(), point(1)].concat();
        assert_eq!(of_wkb(&multi), RawGeometry::Point { x: 108.8, y: 15.1 });
        let line = [vec![1], 2_u32.to_le_bytes().to_vec()].concat();
        assert!(matches!(of_wkb(&line), RawGeometry::Unfit(fault) if fault.kind == FindingKind::WrongGeometry));
    }
}
