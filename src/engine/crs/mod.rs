//! Coordinate reference systems that positions are given and asked in.
//!
//! VN-2000 is what Vietnam's Decision 05/2007/QĐ-BTNMT makes of WGS 84: seven parameters (EPSG operation 6960) on the same
//! ellipsoid. Its grids ([`GRIDS`]) are Transverse Mercator on that. EPSG tells its rotations as a *coordinate frame*'s
//! (−0.00928836″, 0.01975479″, −0.00427372″); `+towgs84` takes a *position vector*'s, whose signs are the contrary. The heights
//! that the shift brings are dropped, as PROJ does in two dimensions.

mod datum_errors;
mod grids;
mod names;
#[cfg(test)]
mod tests;
mod wkt;

pub use datum_errors::DatumError;
pub use grids::{GRIDS, Grid};

use std::sync::LazyLock;

use proj4rs::Proj;
use proj4rs::transform::transform;

use crate::model::LonLat;

/// A reference system by its code in the registries of OGC and EPSG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crs {
    /// OGC CRS84: degrees WGS 84, longitude first. What everything is stored in.
    Crs84,
    /// EPSG:4326: degrees WGS 84, latitude first.
    Wgs84,
    /// EPSG:3857: metres of Web Mercator, east then north.
    WebMercator,
    /// EPSG:4756: degrees VN-2000, latitude first.
    Vn2000,
    /// Metres of one of VN-2000's grids, east then north.
    Grid(&'static Grid),
}

/// To WGS 84, metres, arc seconds and parts per million: EPSG operation 6960 as a position vector.
const TO_WGS84: &str =
    "+ellps=WGS84 +towgs84=-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278";

/// Radius of Web Mercator's sphere, metres.
const RADIUS_M: f64 = 6_378_137.0;
/// Half the way round the earth and a metre: no projected place is further east or west.
pub const MOST_EAST_M: f64 = 20_037_509.0;
/// Web Mercator's pole is infinitely far; its numbers end metres before it.
const MOST_NORTH_M: f64 = 1e8;

impl Crs {
    /// All of them, the one that everything is stored in first, VN-2000's grids last, in the order of [`GRIDS`].
    pub const ALL: [Self; 4 + GRIDS.len()] = {
        let mut all = [Self::Crs84; 4 + GRIDS.len()];
        (all[1], all[2], all[3]) = (Self::Wgs84, Self::WebMercator, Self::Vn2000);
        let mut index = 0;
        while index < GRIDS.len() {
            all[4 + index] = Self::Grid(&GRIDS[index]);
            index += 1;
        }
        all
    };

    /// Whether its coordinates are degrees.
    pub fn is_geographic(self) -> bool {
        matches!(self, Self::Crs84 | Self::Wgs84 | Self::Vn2000)
    }

    /// Whether it is WGS 84 in degrees, in whatever order.
    pub fn is_wgs84(self) -> bool {
        matches!(self, Self::Crs84 | Self::Wgs84)
    }

    /// Whether latitude comes before longitude.
    pub fn is_latitude_first(self) -> bool {
        matches!(self, Self::Wgs84 | Self::Vn2000)
    }

    /// Whether a box in it is a box in degrees WGS 84 too.
    pub fn keeps_boxes(self) -> bool {
        matches!(self, Self::Crs84 | Self::Wgs84 | Self::WebMercator)
    }

    /// The place's two coordinates in their order here, rounded to a tenth of a millimetre where they are computed. None where
    /// the projection has no number for it.
    pub fn from_lon_lat(self, at: LonLat) -> Option<[f64; 2]> {
        let Some(shift) = self.shift() else { return Some(self.ordered([at.lon, at.lat])) };
        let mut place = (at.lon.to_radians(), at.lat.to_radians(), 0.0);
        transform(&shift.wgs84, &shift.here, &mut place).ok()?;
        let unit = |number: f64| {
            let (number, digits) = if self.is_geographic() { (number.to_degrees(), 1e9) } else { (number, 1e4) };
            (number * digits).round() / digits
        };
        let numbers = [unit(place.0), unit(place.1)];
        numbers.iter().all(|number| number.is_finite()).then(|| self.ordered(numbers))
    }

    /// Back to degrees WGS 84; none where that is no place on earth.
    pub fn to_lon_lat(self, numbers: [f64; 2]) -> Option<LonLat> {
        let [x, y] = self.ordered(numbers);
        let Some(shift) = self.shift() else { return LonLat::new("", x, y).ok() };
        if !(self.is_geographic() || x.abs() <= MOST_EAST_M && y.abs() <= MOST_NORTH_M) {
            return None;
        }
        let mut place = if self.is_geographic() { (x.to_radians(), y.to_radians(), 0.0) } else { (x, y, 0.0) };
        transform(&shift.here, &shift.wgs84, &mut place).ok()?;
        let lon = match self {
            // The projection would take the edge of the world for the edge on the other side.
            Self::WebMercator => (x / RADIUS_M).to_degrees().clamp(-180.0, 180.0),
            _ => place.0.to_degrees(),
        };
        LonLat::new("", lon, place.1.to_degrees()).ok()
    }

    /// Easting or longitude first, or the system's own order: the exchange is its own contrary.
    fn ordered(self, [x, y]: [f64; 2]) -> [f64; 2] {
        if self.is_latitude_first() { [y, x] } else { [x, y] }
    }

    fn shift(self) -> Option<&'static Shift> {
        static WEB_MERCATOR: LazyLock<Option<Shift>> = LazyLock::new(|| {
            Shift::new(
                "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +nadgrids=@null +units=m",
            )
        });
        static VN2000: LazyLock<Option<Shift>> = LazyLock::new(|| Shift::new(&format!("+proj=longlat {TO_WGS84}")));
        static OF_GRIDS: LazyLock<Vec<Option<Shift>>> =
            LazyLock::new(|| GRIDS.iter().map(|grid| Shift::new(&grid.definition())).collect());
        match self {
            Self::Crs84 | Self::Wgs84 => None,
            Self::WebMercator => WEB_MERCATOR.as_ref(),
            Self::Vn2000 => VN2000.as_ref(),
            Self::Grid(grid) => OF_GRIDS.get(GRIDS.iter().position(|one| one == grid)?)?.as_ref(),
        }
    }
}

/// Both ends of a transformation; angles are radians on either.
struct Shift {
    wgs84: Proj,
    here: Proj,
}

impl Shift {
    /// None only for a text that is no projection: the tests look at each of them.
    fn new(here: &str) -> Option<Self> {
        let wgs84 = Proj::from_proj_string("+proj=longlat +datum=WGS84").ok()?;
        Some(Self { wgs84, here: Proj::from_proj_string(here).ok()? })
    }
}
