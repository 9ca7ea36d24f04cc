//! Rounds clipped rings to tile units and drops what collapsed.

use super::clip::TilePlace;

/// A vertex in whole tile units.
pub(super) type TileVertex = (i32, i32);

/// Rounds a ring to the nearest tile units and cleans it: no repeated vertices, no spikes (there and back the same way). `None`
/// when fewer than three vertices or no area are left. Halves go up, so that neighbouring tiles round a vertex of both alike.
pub(super) fn quantize(ring: &[TilePlace]) -> Option<Vec<TileVertex>> {
    let round = |value: f64| (value + 0.5).floor() as i32;
    let ring = clean(ring.iter().map(|at| (round(at.x), round(at.y))));
    (ring.len() >= 3 && doubled_area(&ring) != 0).then_some(ring)
}

/// The ring without repeated vertices and spikes (there and back the same way).
pub(super) fn clean(vertices: impl Iterator<Item = TileVertex>) -> Vec<TileVertex> {
    let mut ring: Vec<TileVertex> = Vec::new();
    for vertex in vertices {
        while let [.., before, last] = ring.as_slice()
            && is_spike(*before, *last, vertex)
        {
            ring.pop();
        }
        if ring.last() != Some(&vertex) {
            ring.push(vertex);
        }
    }
    // The seam: the same, where the end meets the start.
    let mut start = 0;
    loop {
        match ring.get(start..).unwrap_or_default() {
            [first, .., last] if first == last => drop(ring.pop()),
            [first, _, .., before, last] if is_spike(*before, *last, *first) => drop(ring.pop()),
            [first, second, .., last] if is_spike(*last, *first, *second) => start += 1,
            _ => return ring.split_off(start),
        }
    }
}

/// Whether a border that goes to `tip` turns straight back there.
fn is_spike(from: TileVertex, tip: TileVertex, to: TileVertex) -> bool {
    let (ax, ay) = (i64::from(tip.0 - from.0), i64::from(tip.1 - from.1));
    let (bx, by) = (i64::from(to.0 - tip.0), i64::from(to.1 - tip.1));
    ax * by == ay * bx && ax * bx + ay * by < 0
}

/// Twice the surveyor's area, square tile units: positive when the ring looks clockwise (y down), as exteriors must (MVT 2.1, 4.3.4.4).
pub(super) fn doubled_area(ring: &[TileVertex]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantized(ring: &[(f64, f64)]) -> Option<Vec<TileVertex>> {
        quantize(&ring.iter().map(|&(x, y)| TilePlace { x, y }).collect::<Vec<_>>())
    }

    #[test]
    fn what_collapses_is_dropped() {
        for (ring, left) in [
            (&[(0.1, 0.2), (0.3, 0.1), (0.2, 0.4)][..], None),
            (&[(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)], None),
            (&[(0.0, 0.0), (10.0, 0.2), (10.0, 0.3), (0.0, 0.1)], None),
            (&[(0.0, 0.0), (4.0, 0.0), (4.2, 0.0), (4.0, 4.0)], Some(vec![(0, 0), (4, 0), (4, 4)])),
            // A spike in the middle, one on the seam, one longer than its way back.
            (&[(0.0, 0.0), (4.0, 0.0), (9.0, 0.0), (4.0, 0.0), (4.0, 4.0)], Some(vec![(0, 0), (4, 0), (4, 4)])),
            (&[(-9.0, 0.0), (0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 0.0)], Some(vec![(0, 0), (4, 0), (4, 4)])),
            (&[(0.0, 0.0), (9.0, 0.0), (4.0, 0.0), (4.0, 4.0)], Some(vec![(0, 0), (4, 0), (4, 4)])),
            (&[], None),
        ] {
            assert_eq!(quantized(ring), left, "{ring:?}");
        }
    }

    #[test]
    fn halves_go_the_same_way_in_neighbouring_tiles() {
        let here = quantized(&[(-0.5, -0.5), (10.5, 0.0), (0.0, 10.5)]).expect("a triangle");
        let there = quantized(&[(4095.5, 4095.5), (4106.5, 4096.0), (4096.0, 4106.5)]).expect("a triangle");
        assert!(here.iter().zip(&there).all(|(a, b)| (a.0 + 4096, a.1 + 4096) == *b), "{here:?} {there:?}");
    }

    proptest! {
        #[test]
        fn quantizing_twice_is_quantizing_once(ring in prop::collection::vec((-9.0..9.0_f64, -9.0..9.0_f64), 0..40)) {
            let once = quantized(&ring);
            let Some(vertices) = once.clone() else { return Ok(()) };
            let again: Vec<(f64, f64)> = vertices.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
            prop_assert_eq!(quantized(&again), once);
            let after = vertices.iter().cycle().skip(1);
            prop_assert!(vertices.iter().zip(after).all(|(one, next)| one != next));
            prop_assert_ne!(doubled_area(&vertices), 0);
        }
    }
}
