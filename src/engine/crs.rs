//! Coordinate reference systems that positions are given and asked in.
//!
//! VN-2000 is what Vietnam's Decision 05/2007/QĐ-BTNMT makes of WGS 84: seven parameters (EPSG operation 6960) on the same
//! ellipsoid. EPSG tells its rotations as a *coordinate frame*'s (−0.00928836″, 0.01975479″, −0.00427372″); `+towgs84` takes a
//! *position vector*'s, whose signs are the contrary. The heights that the shift brings are dropped, as PROJ does in two dimensions.

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
    /// EPSG:5898: metres of VN-2000 / TM-3 at 108°00′ (Quảng Ngãi before 2025), east then north.
    Tm3At10800,
    /// EPSG:9216: metres of VN-2000 / TM-3 at 107°30′ (Kon Tum before 2025), east then north.
    Tm3At10730,
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
    /// All of them, the one that everything is stored in first.
    pub const ALL: [Self; 6] =
        [Self::Crs84, Self::Wgs84, Self::WebMercator, Self::Vn2000, Self::Tm3At10800, Self::Tm3At10730];

    /// Its name on the web.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Crs84 => "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            Self::Wgs84 => "http://www.opengis.net/def/crs/EPSG/0/4326",
            Self::WebMercator => "http://www.opengis.net/def/crs/EPSG/0/3857",
            Self::Vn2000 => "http://www.opengis.net/def/crs/EPSG/0/4756",
            Self::Tm3At10800 => "http://www.opengis.net/def/crs/EPSG/0/5898",
            Self::Tm3At10730 => "http://www.opengis.net/def/crs/EPSG/0/9216",
        }
    }

    /// The one with this name.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|crs| crs.uri() == uri)
    }

    /// Whether its coordinates are degrees.
    pub fn is_geographic(self) -> bool {
        matches!(self, Self::Crs84 | Self::Wgs84 | Self::Vn2000)
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
        static AT_10800: LazyLock<Option<Shift>> = LazyLock::new(|| Shift::tm3("108"));
        static AT_10730: LazyLock<Option<Shift>> = LazyLock::new(|| Shift::tm3("107.5"));
        match self {
            Self::Crs84 | Self::Wgs84 => None,
            Self::WebMercator => WEB_MERCATOR.as_ref(),
            Self::Vn2000 => VN2000.as_ref(),
            Self::Tm3At10800 => AT_10800.as_ref(),
            Self::Tm3At10730 => AT_10730.as_ref(),
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

    fn tm3(meridian: &str) -> Option<Self> {
        Self::new(&format!("+proj=tmerc +lat_0=0 +lon_0={meridian} +k=0.9999 +x_0=500000 +y_0=0 {TO_WGS84} +units=m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_places_come_out_within_a_centimetre() {
        // Longitude, latitude WGS 84 and coordinates by PROJ 9.5.1 with EPSG operation 6960.
        for (crs, lon, lat, expected) in [
            (Crs::Tm3At10800, 108.8, 15.12, [585_791.005_1, 1_672_370.101_3]),
            (Crs::Tm3At10730, 108.8, 15.12, [639_538.479_5, 1_672_626.629_5]),
            (Crs::Tm3At10730, 108.0, 14.35, [553_734.270_3, 1_587_082.469_1]),
            (Crs::Tm3At10800, 106.6297, 10.8231, [349_961.383_96, 1_197_228.723_9]),
            (Crs::Tm3At10800, 103.023, 21.386, [-16_740.472_92, 2_373_885.172_09]),
            (Crs::WebMercator, 108.8, 15.12, [12_111_560.598_3, 1_703_033.601_8]),
        ] {
            let at = LonLat { lon, lat };
            let found = crs.from_lon_lat(at).expect("a projection");
            let near = |a: f64, b: f64| (a - b).abs() < 0.01;
            assert!(near(found[0], expected[0]) && near(found[1], expected[1]), "{crs:?}: {found:?}");
            let back = crs.to_lon_lat(found).expect("a place");
            assert!((back.lon - lon).abs() < 1e-7 && (back.lat - lat).abs() < 1e-7, "{crs:?}: {back:?}");
        }
    }

    #[test]
    fn degrees_of_vn_2000_are_latitude_first_and_some_200_m_off() {
        // PROJ 9.5.1: 108.8, 15.12 in EPSG:4756.
        let found = Crs::Vn2000.from_lon_lat(LonLat { lon: 108.8, lat: 15.12 }).expect("a place");
        assert!((found[0] - 15.121_029_784).abs() < 2e-9 && (found[1] - 108.798_189_283).abs() < 2e-9, "{found:?}");
        assert_eq!(Crs::Wgs84.from_lon_lat(LonLat { lon: 108.8, lat: 15.12 }), Some([15.12, 108.8]));
    }

    #[test]
    fn what_is_no_place_on_earth_is_none() {
        assert_eq!(Crs::WebMercator.from_lon_lat(LonLat { lon: 0.0, lat: 90.0 }), None);
        for crs in Crs::ALL {
            assert_eq!(crs.to_lon_lat([f64::NAN, 0.0]), None, "{crs:?}");
            assert_eq!(crs.to_lon_lat([1e300, 1e300]), None, "{crs:?}");
            assert_eq!(crs.to_lon_lat([f64::INFINITY, 0.0]), None, "{crs:?}");
            assert_eq!(Crs::from_uri(crs.uri()), Some(crs));
        }
        for edge in [-180.0, 180.0] {
            let edge = LonLat { lon: edge, lat: 0.0 };
            let at = [RADIUS_M * edge.lon.to_radians(), 0.0];
            assert_eq!(Crs::WebMercator.to_lon_lat(at).map(|at| at.lon), Some(edge.lon));
        }
    }
}
