//! Polygons as WKB, little-endian, two dimensions: as `PostGIS` takes and gives them.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

/// Writes polygons. Those without vertices are left out, which `PostGIS` does not keep.
pub(super) fn to_wkb(polygons: &MultiPolygon<f64>) -> Vec<u8> {
    let parts = || polygons.iter().filter(|polygon| !polygon.exterior().0.is_empty());
    let mut wkb = Vec::new();
    begin(&mut wkb, 6, parts().count());
    for polygon in parts() {
        begin(&mut wkb, 3, 1 + polygon.interiors().len());
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            wkb.extend((ring.0.len() as u32).to_le_bytes());
            for Coord { x, y } in ring.coords() {
                wkb.extend(x.to_le_bytes());
                wkb.extend(y.to_le_bytes());
            }
        }
    }
    wkb
}

fn begin(wkb: &mut Vec<u8>, kind: u32, count: usize) {
    wkb.push(1);
    wkb.extend(kind.to_le_bytes());
    wkb.extend((count as u32).to_le_bytes());
}

/// Reads what [`to_wkb`] writes; none where it is anything else.
pub(super) fn from_wkb(wkb: &[u8]) -> Option<MultiPolygon<f64>> {
    let mut rest = wkb;
    let polygons = count(&mut rest, 6)?;
    let polygons: Option<Vec<_>> = (0..polygons).map(|_| polygon(&mut rest)).collect();
    polygons.filter(|_| rest.is_empty()).map(MultiPolygon)
}

fn polygon(rest: &mut &[u8]) -> Option<Polygon<f64>> {
    let rings = count(rest, 3)?;
    let mut rings = (0..rings).map(|_| ring(rest));
    let Some(exterior) = rings.next() else { return Some(Polygon::new(LineString(Vec::new()), Vec::new())) };
    let interiors: Option<Vec<_>> = rings.collect();
    Some(Polygon::new(exterior?, interiors?))
}

fn ring(rest: &mut &[u8]) -> Option<LineString<f64>> {
    let vertices = u32::from_le_bytes(take(rest)?);
    let vertex = |_| Some(Coord { x: f64::from_le_bytes(take(rest)?), y: f64::from_le_bytes(take(rest)?) });
    (0..vertices).map(vertex).collect::<Option<Vec<_>>>().map(LineString)
}

/// The number of parts behind the head of a geometry of this kind.
fn count(rest: &mut &[u8], kind: u32) -> Option<u32> {
    let [order] = take(rest)?;
    let found = u32::from_le_bytes(take(rest)?);
    let parts = u32::from_le_bytes(take(rest)?);
    (order == 1 && found == kind).then_some(parts)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}

#[cfg(test)]
mod tests {
    use geo_types::polygon;

    use super::*;

    #[test]
    fn polygons_come_back_bit_by_bit() {
        let holed = polygon!(
            exterior: [(x: -0.0, y: 0.1), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0), (x: -0.0, y: 0.1)],
            interiors: [[(x: 6.0, y: 1.0), (x: 7.0, y: 1.0), (x: 7.0, y: 2.0), (x: 6.0, y: 1.0)]],
        );
        for polygons in
            [MultiPolygon(vec![]), MultiPolygon(vec![holed.clone()]), MultiPolygon(vec![holed.clone(), holed])]
        {
            let wkb = to_wkb(&polygons);
            assert_eq!(from_wkb(&wkb).as_ref(), Some(&polygons));
            assert_eq!(to_wkb(&from_wkb(&wkb).expect("read")), wkb);
            for cut in 0..wkb.len() {
                assert_eq!(from_wkb(&wkb[..cut]), None, "cut at {cut}");
            }
        }
    }
}
