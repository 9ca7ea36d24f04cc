//! Geometries as a `GeoPackage` keeps them: `GeoPackageBinary` of its specification (2.1.3), a header and ISO WKB.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use crate::model::{Bbox, FindingKind, LonLat};

/// WGS 84, the only reference system of our tables.
pub(super) const SRS_ID: i32 = 4326;

/// How deep collections may lie in each other.
const MOST_NESTING: u8 = 8;

/// What keeps a blob from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BlobFault {
    #[error("the row has no geometry")]
    Empty,
    #[error("the geometry is of another kind than the table's")]
    OtherKind,
    #[error("the geometry is not in WGS 84 (srs_id 4326)")]
    OtherSrs,
    #[error("the position is no place on earth")]
    NoPlace,
    #[error("the geometry is no GeoPackage binary, or cut off")]
    Broken,
}

impl BlobFault {
    /// Its stable name among findings.
    pub(super) fn kind(self) -> FindingKind {
        match self {
            Self::Empty => FindingKind::MissingPosition,
            Self::OtherKind | Self::OtherSrs => FindingKind::WrongGeometry,
            Self::NoPlace => FindingKind::InvalidPosition,
            Self::Broken => FindingKind::UnreadableRow,
        }
    }
}

/// A point, 29 bytes.
pub(super) fn from_point(at: LonLat) -> [u8; 29] {
    let mut blob = [0; 29];
    blob[..8].copy_from_slice(&header(0b0000_0001));
    blob[8] = 1;
    blob[9] = 1;
    blob[13..21].copy_from_slice(&at.lon.to_le_bytes());
    blob[21..29].copy_from_slice(&at.lat.to_le_bytes());
    blob
}

/// Polygons, vertex by vertex as they are, with their box.
pub(super) fn from_polygons(polygons: &MultiPolygon<f64>) -> Vec<u8> {
    let mut bbox = Bbox::EMPTY;
    let rings = polygons.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
    rings.flat_map(LineString::coords).for_each(|c| bbox.extend(LonLat { lon: c.x, lat: c.y }));

    let mut blob = Vec::new();
    if bbox.is_empty() {
        blob.extend(header(0b0001_0001));
    } else {
        blob.extend(header(0b0000_0011));
        blob.extend([bbox.west, bbox.east, bbox.south, bbox.north].into_iter().flat_map(f64::to_le_bytes));
    }
    let start = |blob: &mut Vec<u8>, kind: u32, count: usize| {
        blob.push(1);
        blob.extend(kind.to_le_bytes());
        blob.extend((count as u32).to_le_bytes());
    };
    start(&mut blob, 6, polygons.0.len());
    for polygon in polygons {
        let rings = if polygon.exterior().0.is_empty() { 0 } else { 1 + polygon.interiors().len() };
        start(&mut blob, 3, rings);
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()).take(rings) {
            blob.extend((ring.0.len() as u32).to_le_bytes());
            ring.coords().for_each(|c| {
                blob.extend(c.x.to_le_bytes());
                blob.extend(c.y.to_le_bytes());
            });
        }
    }
    blob
}

/// `GP`, version 0, flags (little-endian), reference system.
fn header(flags: u8) -> [u8; 8] {
    let [a, b, c, d] = SRS_ID.to_le_bytes();
    [b'G', b'P', 0, flags, a, b, c, d]
}

/// Reads a point. Height and measure are left out.
pub(super) fn to_point(blob: &[u8]) -> Result<LonLat, BlobFault> {
    let (_, mut wkb) = open(blob)?;
    let mut geometry = wkb.start()?;
    if geometry.kind != 1 {
        return Err(BlobFault::OtherKind);
    }
    let c = geometry.position(&mut wkb)?;
    // An empty point is written as NaN, NaN.
    if c.x.is_nan() && c.y.is_nan() {
        return Err(BlobFault::Empty);
    }
    LonLat::new("geom", c.x, c.y).map_err(|_| BlobFault::NoPlace)
}

/// Reads polygons, or one.
pub(super) fn to_polygons(blob: &[u8]) -> Result<MultiPolygon<f64>, BlobFault> {
    let (_, mut wkb) = open(blob)?;
    let mut geometry = wkb.start()?;
    match geometry.kind {
        3 => Ok(MultiPolygon(vec![geometry.polygon(&mut wkb)?])),
        6 => {
            let count = geometry.count(&mut wkb, 9)?;
            let part = |_| match wkb.start()? {
                mut part if part.kind == 3 => part.polygon(&mut wkb),
                _ => Err(BlobFault::Broken),
            };
            (0..count).map(part).collect::<Result<_, _>>().map(MultiPolygon)
        }
        _ => Err(BlobFault::OtherKind),
    }
}

/// The box of a geometry of any kind, in its own reference system; none where it is empty. For the functions that the
/// triggers of spatial indices call.
pub(super) fn bounds(blob: &[u8]) -> Result<Option<Bbox>, BlobFault> {
    let (envelope, mut wkb) = match open(blob) {
        Err(BlobFault::Empty) => return Ok(None),
        opened => opened?,
    };
    if envelope.is_some() {
        return Ok(envelope);
    }
    let mut bbox = Bbox::EMPTY;
    wkb.visit(&mut bbox, MOST_NESTING)?;
    Ok(Some(bbox).filter(|bbox| !bbox.is_empty()))
}

/// Reads the header: the envelope where it has one, and the WKB behind it.
fn open(blob: &[u8]) -> Result<(Option<Bbox>, Wkb<'_>), BlobFault> {
    let &[b'G', b'P', 0, flags, ref rest @ ..] = blob else { return Err(BlobFault::Broken) };
    let mut header = Wkb { rest };
    let little = flags & 1 == 1;
    if header.u32(little)? != SRS_ID as u32 {
        return Err(BlobFault::OtherSrs);
    }
    // Bit 5: an extended geometry, whose body is not WKB. Bit 4: an empty one.
    if flags & 0b0010_0000 != 0 {
        return Err(BlobFault::OtherKind);
    }
    let dimensions = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 2,
        2 | 3 => 3,
        4 => 4,
        _ => return Err(BlobFault::Broken),
    };
    let mut edges = [f64::NAN; 4];
    for (index, slot) in (0..2 * dimensions).map(|index| (index, header.f64(little))) {
        let value = slot?;
        if let Some(edge) = edges.get_mut(index) {
            *edge = value;
        }
    }
    if flags & 0b0001_0000 != 0 {
        return Err(BlobFault::Empty);
    }
    let [west, east, south, north] = edges;
    let envelope = Bbox { west, south, east, north };
    let real = edges.iter().all(|edge| edge.is_finite());
    Ok((real.then_some(envelope), header))
}

/// Bytes not yet read.
struct Wkb<'a> {
    rest: &'a [u8],
}

/// The start of a geometry.
struct Geometry {
    little: bool,
    /// 1 point, 2 line, 3 polygon, 4 to 6 several of these, 7 collection.
    kind: u32,
    /// Numbers a position.
    dimensions: usize,
}

impl Wkb<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BlobFault> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(BlobFault::Broken)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u32(&mut self, little: bool) -> Result<u32, BlobFault> {
        let bytes = self.take()?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self, little: bool) -> Result<f64, BlobFault> {
        let bytes = self.take()?;
        Ok(if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn start(&mut self) -> Result<Geometry, BlobFault> {
        let [order] = self.take()?;
        let little = order == 1;
        let code = self.u32(little)?;
        let dimensions = match code / 1000 {
            0 => 2,
            1 | 2 => 3,
            3 => 4,
            _ => return Err(BlobFault::Broken),
        };
        Ok(Geometry { little, kind: code % 1000, dimensions })
    }

    /// Puts all positions of the next geometry into the box.
    fn visit(&mut self, bbox: &mut Bbox, nesting: u8) -> Result<(), BlobFault> {
        let mut geometry = self.start()?;
        let mut extend = |c: Coord<f64>| {
            if c.x.is_finite() && c.y.is_finite() {
                bbox.extend(LonLat { lon: c.x, lat: c.y });
            }
        };
        match geometry.kind {
            1 => extend(geometry.position(self)?),
            2 => geometry.line(self)?.into_iter().for_each(extend),
            3 => {
                for _ in 0..geometry.count(self, 4)? {
                    geometry.line(self)?.into_iter().for_each(&mut extend);
                }
            }
            4..=7 if nesting > 0 => {
                for _ in 0..geometry.count(self, 5)? {
                    self.visit(bbox, nesting - 1)?;
                }
            }
            _ => return Err(BlobFault::OtherKind),
        }
        Ok(())
    }
}

impl Geometry {
    /// A count of things of at least so many bytes, checked against the bytes there are: no blob makes us reserve more memory
    /// than a few times its own size.
    fn count(&self, wkb: &mut Wkb<'_>, least_bytes: usize) -> Result<usize, BlobFault> {
        let count = wkb.u32(self.little)? as usize;
        if count > wkb.rest.len() / least_bytes { Err(BlobFault::Broken) } else { Ok(count) }
    }

    fn position(&mut self, wkb: &mut Wkb<'_>) -> Result<Coord<f64>, BlobFault> {
        let c = Coord { x: wkb.f64(self.little)?, y: wkb.f64(self.little)? };
        for _ in 2..self.dimensions {
            wkb.f64(self.little)?;
        }
        Ok(c)
    }

    fn line(&mut self, wkb: &mut Wkb<'_>) -> Result<Vec<Coord<f64>>, BlobFault> {
        let count = self.count(wkb, 8 * self.dimensions)?;
        (0..count).map(|_| self.position(wkb)).collect()
    }

    fn polygon(&mut self, wkb: &mut Wkb<'_>) -> Result<Polygon<f64>, BlobFault> {
        let count = self.count(wkb, 4)?;
        let mut rings = (0..count).map(|_| self.line(wkb).map(LineString)).collect::<Result<Vec<_>, _>>()?.into_iter();
        let outer = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Ok(Polygon::new(outer, rings.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(west: f64) -> LineString<f64> {
        LineString::from(vec![(west, 15.0), (west + 0.1, 15.0), (west + 0.1, 15.3), (west, 15.0)])
    }

    #[test]
    fn points_and_polygons_are_read_bit_for_bit_as_they_were_written() {
        let at = LonLat { lon: 108.800_000_000_000_01, lat: -0.1 - 0.2 };
        assert_eq!(to_point(&from_point(at)), Ok(at));
        for polygons in [
            MultiPolygon(vec![]),
            MultiPolygon(vec![
                Polygon::new(ring(108.0), vec![ring(108.01), ring(108.02)]),
                Polygon::new(ring(109.0), vec![]),
            ]),
            MultiPolygon(vec![Polygon::new(LineString(vec![]), vec![]), Polygon::new(ring(0.1 + 0.2), vec![])]),
        ] {
            let blob = from_polygons(&polygons);
            match to_polygons(&blob) {
                Ok(read) => assert_eq!(read, polygons),
                Err(fault) => assert_eq!((fault, polygons.0.len()), (BlobFault::Empty, 0)),
            }
        }
    }

    #[test]
    fn the_box_of_a_geometry_is_that_of_its_positions() {
        let polygons = MultiPolygon(vec![Polygon::new(ring(108.0), vec![]), Polygon::new(ring(107.0), vec![])]);
        let wanted = Bbox { west: 107.0, south: 15.0, east: 108.0 + 0.1, north: 15.3 };
        assert_eq!(bounds(&from_polygons(&polygons)), Ok(Some(wanted)));
        // The same without its envelope.
        let blob = from_polygons(&polygons);
        let bare: Vec<u8> = header(1).into_iter().chain(blob.into_iter().skip(40)).collect();
        assert_eq!(bounds(&bare), Ok(Some(wanted)));
        assert_eq!(bounds(&from_polygons(&MultiPolygon(vec![]))), Ok(None));
    }

    #[test]
    fn big_endian_points_with_height_are_understood() {
        let mut blob = vec![b'G', b'P', 0, 0, 0, 0, 0x10, 0xe6, 0, 0, 0, 0x03, 0xe9];
        blob.extend([108.5_f64, 15.25, 12.0].into_iter().flat_map(f64::to_be_bytes));
        assert_eq!(to_point(&blob), Ok(LonLat { lon: 108.5, lat: 15.25 }));
    }

    #[test]
    fn what_is_no_point_on_earth_is_named() {
        let good = from_point(LonLat { lon: 108.0, lat: 15.0 });
        for length in 0..good.len() {
            assert_eq!(to_point(good.get(..length).expect("a part")), Err(BlobFault::Broken), "{length} bytes");
        }
        let mut other_srs = good;
        other_srs[4] = 0;
        assert_eq!(to_point(&other_srs), Err(BlobFault::OtherSrs));
        assert_eq!(
            to_point(&from_polygons(&MultiPolygon(vec![Polygon::new(ring(1.0), vec![])]))),
            Err(BlobFault::OtherKind)
        );
        assert_eq!(to_point(&from_point(LonLat { lon: f64::NAN, lat: f64::NAN })), Err(BlobFault::Empty));
        assert_eq!(to_point(&from_point(LonLat { lon: 500_000.0, lat: 1_600_000.0 })), Err(BlobFault::NoPlace));
    }

    #[test]
    fn a_blob_that_claims_billions_of_rings_is_refused_before_memory_is_taken() {
        let mut blob: Vec<u8> = header(1).to_vec();
        blob.extend([1, 6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 3, 0, 0, 0]);
        assert_eq!(to_polygons(&blob), Err(BlobFault::Broken));
        assert_eq!(bounds(&blob), Err(BlobFault::Broken));
        let nested: Vec<u8> = header(1).into_iter().chain([1_u8, 7, 0, 0, 0, 1, 0, 0, 0].repeat(5000)).collect();
        assert!(bounds(&nested).is_err());
    }
}
