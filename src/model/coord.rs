use super::Invalid;

/// A place on the earth: degrees WGS 84, longitude first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LonLat {
    /// Degrees east, −180 to 180.
    pub lon: f64,
    /// Degrees north, −90 to 90.
    pub lat: f64,
}

impl LonLat {
    /// A place from degrees; [`Invalid`] (naming `parameter`) when not finite or outside ±180, ±90.
    pub fn new(parameter: &str, lon: f64, lat: f64) -> Result<Self, Invalid> {
        // NaN fails both comparisons, infinities one of them.
        if (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) {
            return Ok(Self { lon, lat });
        }
        Err(Invalid::new(
            parameter,
            format!("longitude from -180 to 180, then latitude from -90 to 90, in degrees; found {lon}, {lat}"),
        ))
    }

    /// Reads `lon,lat`, as in `at=108.8,15.12`.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        let number = |part: &str| part.trim().parse::<f64>().ok();
        match text.split_once(',').map(|(lon, lat)| (number(lon), number(lat))) {
            Some((Some(lon), Some(lat))) => Self::new(parameter, lon, lat),
            _ => Err(Invalid::new(parameter, "two numbers \"lon,lat\" in degrees, for example 108.8,15.12")),
        }
    }
}

/// A box in degrees WGS 84, edges included. It does not cross the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bbox {
    /// Least longitude.
    pub west: f64,
    /// Least latitude.
    pub south: f64,
    /// Greatest longitude.
    pub east: f64,
    /// Greatest latitude.
    pub north: f64,
}

impl Bbox {
    /// The box of nothing: [`Bbox::extend`] makes it real.
    pub const EMPTY: Self =
        Self { west: f64::INFINITY, south: f64::INFINITY, east: f64::NEG_INFINITY, north: f64::NEG_INFINITY };

    /// Grows the box until it holds the place.
    pub fn extend(&mut self, at: LonLat) {
        self.west = self.west.min(at.lon);
        self.south = self.south.min(at.lat);
        self.east = self.east.max(at.lon);
        self.north = self.north.max(at.lat);
    }

    /// Grows the box until it holds the other.
    pub fn join(&mut self, other: &Self) {
        self.west = self.west.min(other.west);
        self.south = self.south.min(other.south);
        self.east = self.east.max(other.east);
        self.north = self.north.max(other.north);
    }

    /// Whether nothing was ever put in.
    pub fn is_empty(&self) -> bool {
        self.west > self.east
    }

    /// Whether the place lies in the box, edges included.
    pub fn contains(&self, at: LonLat) -> bool {
        self.west <= at.lon && at.lon <= self.east && self.south <= at.lat && at.lat <= self.north
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_outside_the_earth_is_refused_by_name() {
        for text in ["181,0", "0,91", "NaN,0", "inf,0", "1", "1,2,3", "", ",", "a,b"] {
            let refused = LonLat::parse("at", text).expect_err(text);
            assert_eq!(refused.parameter, "at", "{text}");
        }
        assert_eq!(LonLat::parse("at", "108.8, 15.12"), Ok(LonLat { lon: 108.8, lat: 15.12 }));
    }
}
