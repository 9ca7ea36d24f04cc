//! Whether a file's rows speak against the reading that was told, and for which.

use super::Reading;
use crate::model::LonLat;

/// Rows that must speak for another reading and not for the one told, in a file of many rows.
const LEAST_WITNESSES: usize = 12;
/// How many times as many as speak for the told reading and not for the other.
const LEAST_ODDS: usize = 5;
/// Least share of rows that fit under a reading for it to be named, percent.
const LEAST_FITTING_PERCENT: usize = 90;
/// Most readings that are named.
const MOST_NAMED: usize = 3;

/// Rows speak against the reading that was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Rows that were looked at.
    pub rows: usize,
    /// How many of them fit as told.
    pub fit: usize,
    /// The readings under which most fit, with how many do; the likeliest first.
    pub likely: Vec<(Reading, usize)>,
}

/// Judges a reading by rows of a file. `fits` says whether a row belongs at a place; `prior` orders readings that fit equally
/// well, lowest first.
///
/// With the told reading right, rows that fit only under another one are accidents, and there are as many of the contrary
/// kind. A verdict needs nearly all rows to fit under the other reading, and either every row of a few, or so many more that
/// speak for it than for the told one that chance would not do it once in some hundred files.
pub fn judge<T>(
    told: Reading,
    rows: &[T],
    numbers: impl Fn(&T) -> [f64; 2],
    fits: impl Fn(&T, LonLat) -> bool,
    prior: impl Fn(Reading) -> usize,
) -> Option<Verdict> {
    let fits_under = |reading: Reading, row: &T| reading.place(numbers(row)).is_some_and(|at| fits(row, at));
    let (fitting, misfits): (Vec<&T>, Vec<&T>) = rows.iter().partition(|row| fits_under(told, row));
    if misfits.is_empty() {
        return None;
    }
    let mut likely: Vec<(Reading, usize)> = Vec::new();
    for reading in Reading::all().filter(|reading| *reading != told) {
        let witnesses = misfits.iter().filter(|row| fits_under(reading, row)).count();
        if !is_enough(witnesses, 0, rows.len()) {
            continue;
        }
        let kept = fitting.iter().filter(|row| fits_under(reading, row)).count();
        let fit = witnesses + kept;
        if is_enough(witnesses, fitting.len() - kept, rows.len()) && fit * 100 >= rows.len() * LEAST_FITTING_PERCENT {
            likely.push((reading, fit));
        }
    }
    likely.sort_by_key(|(reading, fit)| (usize::MAX - fit, prior(*reading)));
    likely.truncate(MOST_NAMED);
    (!likely.is_empty()).then_some(Verdict { rows: rows.len(), fit: fitting.len(), likely })
}

fn is_enough(witnesses: usize, contrary: usize, rows: usize) -> bool {
    let of_few = rows < LEAST_WITNESSES && contrary == 0 && witnesses * 2 > rows;
    of_few || (witnesses >= LEAST_WITNESSES && witnesses >= LEAST_ODDS * contrary)
}

#[cfg(test)]
mod tests {
    use super::super::super::coordinates::Order;
    use super::super::super::crs::{Crs, GRIDS};
    use super::*;
    use crate::model::FindingKind;

    fn grid(code: u16) -> Reading {
        Reading { crs: Crs::Grid(GRIDS.iter().find(|grid| grid.code == code).unwrap()), order: Order::NorthEast }
    }

    /// Numbers of places in a box of half a degree, as `reading` writes them.
    fn rows(reading: Reading, count: usize) -> Vec<[f64; 2]> {
        let place = |index: usize| {
            let (x, y) = ((index * 7919 % 1000) as f64 / 2000.0, (index * 104_729 % 1000) as f64 / 2000.0);
            LonLat { lon: 108.401 + 0.99 * x, lat: 14.901 + 0.99 * y }
        };
        let numbers = |at| {
            let [a, b] = reading.crs.from_lon_lat(at).unwrap();
            if (reading.order == Order::NorthEast) == reading.crs.is_latitude_first() { [a, b] } else { [b, a] }
        };
        (0..count).map(|index| numbers(place(index))).collect()
    }

    fn judged(told: Reading, rows: &[[f64; 2]]) -> Option<Verdict> {
        let inside = |_: &[f64; 2], at: LonLat| (108.4..=108.9).contains(&at.lon) && (14.9..=15.4).contains(&at.lat);
        judge(told, rows, |row| *row, inside, |_| 0)
    }

    #[test]
    fn a_file_read_wrongly_is_known_and_the_right_reading_named() {
        let degrees = |crs| Reading { crs, order: Order::EastNorth };
        for (told, right, fault) in [
            (grid(5898), grid(9216), FindingKind::WrongZone),
            (grid(9216), grid(5898), FindingKind::WrongZone),
            (grid(5898), grid(5898).swapped(), FindingKind::SwappedAxes),
            (degrees(Crs::Wgs84), degrees(Crs::Wgs84).swapped(), FindingKind::SwappedAxes),
            (degrees(Crs::Wgs84), grid(5898), FindingKind::WrongCrs),
            (grid(5898), degrees(Crs::Wgs84), FindingKind::WrongCrs),
        ] {
            for count in [1, 3, 1500] {
                let verdict = judged(told, &rows(right, count));
                let Some(verdict) = verdict else {
                    // One or three rows may lie where both readings fit.
                    assert!(count < 10 && fault == FindingKind::WrongZone, "{told:?} {right:?} {count}");
                    continue;
                };
                assert!(verdict.likely.iter().any(|(reading, _)| *reading == right), "{told:?} {right:?}: {verdict:?}");
                assert_eq!(told.fault(verdict.likely[0].0), fault);
            }
        }
    }

    #[test]
    fn a_file_read_rightly_is_left_alone_though_some_rows_lie_elsewhere() {
        for told in [grid(5898), grid(5898).swapped(), Reading { crs: Crs::Wgs84, order: Order::EastNorth }] {
            let mut rows = rows(told, 500);
            assert_eq!(judged(told, &rows), None);
            rows.iter_mut().step_by(9).for_each(|row| *row = [0.0, 0.0]);
            assert_eq!(judged(told, &rows), None, "{told:?}");
        }
        assert_eq!(judged(grid(5898), &[]), None);
        assert_eq!(judged(grid(5898), &[[f64::NAN, 0.0]]), None);
    }
}
