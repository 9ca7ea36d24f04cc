//! Geometries as the server takes them: Extended Well-Known Binary.

use bytes::{BufMut, BytesMut};
use geo_types::{Coord, Geometry, LineString, Polygon};

/// Little-endian EWKB in SRID 4326 of points, lines or polygons; an empty collection for anything else.
pub(super) fn ewkb(geometry: &Geometry<f64>) -> Vec<u8> {
    let mut out = BytesMut::new();
    let srid = Some(4326);
    match geometry {
        Geometry::Point(point) => {
            head(&mut out, 1, srid);
            position(&mut out, &point.0);
        }
        Geometry::LineString(value) => {
            head(&mut out, 2, srid);
            line(&mut out, value);
        }
        Geometry::Polygon(value) => {
            head(&mut out, 3, srid);
            polygon(&mut out, value);
        }
        Geometry::MultiPoint(points) => many(&mut out, 4, &points.0, |out, point| {
            head(out, 1, None);
            position(out, &point.0);
        }),
        Geometry::MultiLineString(lines) => many(&mut out, 5, &lines.0, |out, value| {
            head(out, 2, None);
            line(out, value);
        }),
        Geometry::MultiPolygon(polygons) => many(&mut out, 6, &polygons.0, |out, value| {
            head(out, 3, None);
            polygon(out, value);
        }),
        // Checked filters hold nothing else.
        _ => many(&mut out, 7, &[] as &[()], |_, ()| {}),
    }
    out.to_vec()
}

fn head(out: &mut BytesMut, kind: u32, srid: Option<u32>) {
    out.put_u8(1);
    out.put_u32_le(kind | if srid.is_some() { 0x2000_0000 } else { 0 });
    if let Some(srid) = srid {
        out.put_u32_le(srid);
    }
}

fn many<T>(out: &mut BytesMut, kind: u32, parts: &[T], part: impl Fn(&mut BytesMut, &T)) {
    head(out, kind, Some(4326));
    out.put_u32_le(parts.len() as u32);
    for one in parts {
        part(out, one);
    }
}

fn position(out: &mut BytesMut, at: &Coord<f64>) {
    out.put_f64_le(at.x);
    out.put_f64_le(at.y);
}

fn line(out: &mut BytesMut, line: &LineString<f64>) {
    out.put_u32_le(line.0.len() as u32);
    for at in &line.0 {
        position(out, at);
    }
}

fn polygon(out: &mut BytesMut, polygon: &Polygon<f64>) {
    out.put_u32_le(1 + polygon.interiors().len() as u32);
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).for_each(|ring| line(out, ring));
}
