//! How the two numbers of a position may be read, and which reading the rows of a file speak for.
//!
//! A reading is a reference system and an order of axes. Rows that do not fit where they are said to be, and that fit under
//! another reading, speak against the one that was told. What rows fit is the caller's to say: the province, or the units
//! that the rows themselves name.

mod samples;
mod verdict;

pub use samples::Samples;
pub use verdict::{Verdict, judge};

use super::coordinates::Order;
use super::crs::Crs;
use crate::model::{FindingKind, LonLat};

/// A reference system and the order in which its two numbers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The reference system; its own order of axes does not matter here.
    pub crs: Crs,
    /// The order of the numbers.
    pub order: Order,
}

impl Reading {
    /// All readings; of the two names of WGS 84 only EPSG's.
    pub fn all() -> impl Iterator<Item = Self> {
        let systems = Crs::ALL.into_iter().filter(|crs| *crs != Crs::Crs84);
        systems.flat_map(|crs| [Order::EastNorth, Order::NorthEast].map(|order| Self { crs, order }))
    }

    /// The place of two numbers; none where they are no place on earth, so read.
    pub fn place(self, numbers: [f64; 2]) -> Option<LonLat> {
        let [a, b] = numbers;
        let is_swapped = (self.order == Order::NorthEast) != self.crs.is_latitude_first();
        self.crs.to_lon_lat(if is_swapped { [b, a] } else { [a, b] })
    }

    /// The same with the other order of axes.
    #[must_use]
    pub fn swapped(self) -> Self {
        let order = match self.order {
            Order::EastNorth => Order::NorthEast,
            Order::NorthEast => Order::EastNorth,
        };
        Self { order, ..self }
    }

    /// What it is called to have read so what is to be read as the other.
    pub fn fault(self, other: Self) -> FindingKind {
        match (self.crs, other.crs) {
            (Crs::Grid(one), Crs::Grid(two)) if one != two => FindingKind::WrongZone,
            (one, two) if one.is_wgs84() && two.is_wgs84() || one == two => FindingKind::SwappedAxes,
            (one, two) if one.is_geographic() && two.is_geographic() => FindingKind::WrongDatum,
            _ => FindingKind::WrongCrs,
        }
    }

    /// How a command line tells it: `--crs EPSG:9216 --xy north-east`.
    pub fn options(self) -> String {
        format!("--crs {} --xy {}", self.crs.code(), self.order.name())
    }
}

#[cfg(test)]
mod tests {
    use super::super::crs::GRIDS;
    use super::*;

    fn reading(code: u16, order: Order) -> Reading {
        Reading { crs: Crs::Grid(GRIDS.iter().find(|grid| grid.code == code).unwrap()), order }
    }

    #[test]
    fn a_reading_finds_its_place_in_either_order() {
        let near =
            |at: Option<LonLat>| at.is_some_and(|at| (at.lon - 108.8).abs() < 1e-7 && (at.lat - 15.12).abs() < 1e-7);
        assert!(near(reading(5898, Order::EastNorth).place([585_791.005_1, 1_672_370.101_3])));
        assert!(near(reading(5898, Order::NorthEast).place([1_672_370.101_3, 585_791.005_1])));
        for crs in [Crs::Crs84, Crs::Wgs84] {
            assert!(near(Reading { crs, order: Order::EastNorth }.place([108.8, 15.12])));
            assert!(near(Reading { crs, order: Order::NorthEast }.place([15.12, 108.8])));
        }
        assert_eq!(Reading { crs: Crs::Crs84, order: Order::EastNorth }.place([15.12, 108.8]), None);
        assert_eq!(Reading::all().count(), 2 * (Crs::ALL.len() - 1));
    }

    #[test]
    fn each_wrong_reading_has_its_name() {
        let degrees = |crs| Reading { crs, order: Order::EastNorth };
        let told = reading(5898, Order::EastNorth);
        assert_eq!(told.fault(told.swapped()), FindingKind::SwappedAxes);
        assert_eq!(told.fault(reading(9216, Order::NorthEast)), FindingKind::WrongZone);
        assert_eq!(told.fault(degrees(Crs::Vn2000)), FindingKind::WrongCrs);
        assert_eq!(degrees(Crs::Wgs84).fault(degrees(Crs::Crs84).swapped()), FindingKind::SwappedAxes);
        assert_eq!(degrees(Crs::Crs84).fault(degrees(Crs::Vn2000)), FindingKind::WrongDatum);
        assert_eq!(told.options(), "--crs EPSG:5898 --xy east-north");
    }
}
