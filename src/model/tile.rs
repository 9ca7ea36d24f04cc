use std::f64::consts::PI;

use super::{Bbox, Invalid, LonLat};

/// Tile units along one side of a tile.
pub const EXTENT: u32 = 4096;
/// Margin drawn round a tile, in tile units.
pub const BUFFER: u32 = 64;
/// The deepest zoom that is served. Points carry 32 bits an axis, so at this zoom a tile unit is a quarter of a point's cell.
pub const MAX_ZOOM: u8 = 22;

/// A position in Web Mercator scaled to the unit square: (0, 0) is north-west, (1, 1) south-east, y grows southwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct World {
    /// 0 at −180°, 1 at 180°.
    pub x: f64,
    /// 0 at 85.051129° N, 1 at 85.051129° S.
    pub y: f64,
}

impl World {
    /// Projects degrees (EPSG:3857 scaled). Latitudes beyond ±85.051129° are moved onto the edge, so that no feature is lost.
    pub fn from_lon_lat(at: LonLat) -> Self {
        let sin = at.lat.to_radians().sin();
        let y = 0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * PI);
        Self { x: (at.lon + 180.0) / 360.0, y: y.clamp(0.0, 1.0) }
    }

    /// Back to degrees.
    pub fn to_lon_lat(self) -> LonLat {
        LonLat { lon: self.x * 360.0 - 180.0, lat: ((PI * (1.0 - 2.0 * self.y)).sinh()).atan().to_degrees() }
    }
}

/// One tile of the `WebMercatorQuad` scheme: XYZ, y down from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileCoord {
    z: u8,
    x: u32,
    y: u32,
}

impl TileCoord {
    /// A tile that exists; [`Invalid`] names `z`, `x` or `y` when it does not.
    pub fn new(z: u8, x: u32, y: u32) -> Result<Self, Invalid> {
        if z > MAX_ZOOM {
            return Err(Invalid::new("z", format!("a zoom from 0 to {MAX_ZOOM}, found {z}")));
        }
        let side = 1_u32 << z;
        for (name, value) in [("x", x), ("y", y)] {
            if value >= side {
                return Err(Invalid::new(name, format!("from 0 to {} at zoom {z}, found {value}", side - 1)));
            }
        }
        Ok(Self { z, x, y })
    }

    /// Reads the three path segments of a tile.
    pub fn parse(z: &str, x: &str, y: &str) -> Result<Self, Invalid> {
        let whole = |name: &str, text: &str| {
            // A leading plus would give one tile two addresses.
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = if digits { text.parse::<u32>().ok() } else { None };
            number.ok_or_else(|| Invalid::new(name, format!("a whole number, found {text:?}")))
        };
        let zoom = whole("z", z)?;
        let zoom =
            u8::try_from(zoom).map_err(|_| Invalid::new("z", format!("a zoom from 0 to {MAX_ZOOM}, found {zoom}")))?;
        Self::new(zoom, whole("x", x)?, whole("y", y)?)
    }

    /// Zoom level, 0 to [`MAX_ZOOM`].
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column, from the west.
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row, from the north.
    pub fn y(self) -> u32 {
        self.y
    }

    /// The tile's box in degrees, without its buffer.
    pub fn bbox(self) -> Bbox {
        let side = f64::from(1_u32 << self.z);
        let north_west = World { x: f64::from(self.x) / side, y: f64::from(self.y) / side }.to_lon_lat();
        let south_east = World { x: f64::from(self.x + 1) / side, y: f64::from(self.y + 1) / side }.to_lon_lat();
        Bbox { west: north_west.lon, south: south_east.lat, east: south_east.lon, north: north_west.lat }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_that_do_not_exist_are_refused_by_name() {
        for (z, x, y, named) in [
            ("0", "1", "0", "x"),
            ("3", "0", "8", "y"),
            ("23", "0", "0", "z"),
            ("256", "0", "0", "z"),
            ("99999999999", "0", "0", "z"),
            ("-1", "0", "0", "z"),
            ("+1", "0", "0", "z"),
            ("1", "", "0", "x"),
            ("1", "0", "0.5", "y"),
        ] {
            assert_eq!(TileCoord::parse(z, x, y).expect_err(z).parameter, named, "{z}/{x}/{y}");
        }
        assert!(TileCoord::parse("22", "4194303", "4194303").is_ok());
    }

    #[test]
    fn the_world_and_back_is_the_same_place() {
        for (lon, lat) in [(108.8, 15.12), (-180.0, 0.0), (180.0, 85.0), (0.0, -85.0)] {
            let back = World::from_lon_lat(LonLat { lon, lat }).to_lon_lat();
            assert!((back.lon - lon).abs() < 1e-9 && (back.lat - lat).abs() < 1e-9, "{lon},{lat} became {back:?}");
        }
    }

    #[test]
    fn the_poles_stay_on_the_edge_of_the_world() {
        assert_eq!(World::from_lon_lat(LonLat { lon: 0.0, lat: 90.0 }).y, 0.0);
        assert_eq!(World::from_lon_lat(LonLat { lon: 0.0, lat: -90.0 }).y, 1.0);
    }
}
