//! What reference systems are called on the web, on command lines and by people.

use super::{Crs, GRIDS};

impl Crs {
    /// Its name on the web.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Crs84 => "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            Self::Wgs84 => "http://www.opengis.net/def/crs/EPSG/0/4326",
            Self::WebMercator => "http://www.opengis.net/def/crs/EPSG/0/3857",
            Self::Vn2000 => "http://www.opengis.net/def/crs/EPSG/0/4756",
            Self::Grid(grid) => grid.uri,
        }
    }

    /// The one with this name on the web.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|crs| crs.uri() == uri)
    }

    /// Its code for command lines and messages, such as `EPSG:9216`.
    pub fn code(self) -> String {
        match self {
            Self::Crs84 => "OGC:CRS84".to_owned(),
            Self::Wgs84 => "EPSG:4326".to_owned(),
            Self::WebMercator => "EPSG:3857".to_owned(),
            Self::Vn2000 => "EPSG:4756".to_owned(),
            Self::Grid(grid) => format!("EPSG:{}", grid.code),
        }
    }

    /// Its name for people, the same in both languages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crs84 | Self::Wgs84 => "WGS 84",
            Self::WebMercator => "Web Mercator",
            Self::Vn2000 => "VN-2000 (B, L)",
            Self::Grid(grid) => grid.name,
        }
    }

    /// Reads a code (`EPSG:9216`, `9216`, `urn:ogc:def:crs:EPSG::9216`, a name on the web) or the central meridian of a TM-3
    /// grid as people write it (`TM3 108°15'`, `VN-2000 108-15`, `107.75`).
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.trim().to_ascii_uppercase();
        if let Some(crs) = Self::from_uri(text.trim()) {
            return Some(crs);
        }
        if plain.ends_with("CRS84") {
            return Some(Self::Crs84);
        }
        let code = plain.rsplit([':', '/']).next().unwrap_or_default().trim();
        if !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()) && code.len() > 3 {
            return Self::ALL.into_iter().find(|crs| crs.code().strip_prefix("EPSG:") == Some(code));
        }
        Self::of_meridian(&plain)
    }

    /// The TM-3 grid of a central meridian in degrees, or in degrees and minutes.
    fn of_meridian(text: &str) -> Option<Self> {
        let text = text.strip_prefix("VN-2000").or_else(|| text.strip_prefix("VN2000")).unwrap_or(text);
        let text = text.trim_start_matches([' ', '/', '-', ':']);
        let text = text.strip_prefix("TM-3").or_else(|| text.strip_prefix("TM3")).unwrap_or(text);
        let number = |part: &str| part.parse::<f64>().ok();
        let mut parts = text.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|part| !part.is_empty());
        let (degrees, minutes) = (number(parts.next()?)?, parts.next().map_or(Some(0.0), number)?);
        let meridian_min = degrees * 60.0 + minutes;
        let grids = GRIDS.iter().filter(|grid| grid.scale_1e4 == 9999);
        let mut found = grids.filter(|grid| f64::from(grid.meridian_min) == meridian_min);
        if parts.next().is_some() { None } else { found.next().map(Self::Grid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_system_is_known_by_code_by_name_and_by_its_meridian() {
        for (text, code) in [
            ("EPSG:9216", "EPSG:9216"),
            (" epsg:5898 ", "EPSG:5898"),
            ("3405", "EPSG:3405"),
            ("urn:ogc:def:crs:EPSG::4756", "EPSG:4756"),
            ("http://www.opengis.net/def/crs/EPSG/0/9218", "EPSG:9218"),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"),
            ("CRS84", "OGC:CRS84"),
            ("TM3 108°15'", "EPSG:9217"),
            ("VN-2000 / TM-3 107-45", "EPSG:5899"),
            ("VN2000 107.5", "EPSG:9216"),
            ("108°00′", "EPSG:5898"),
        ] {
            assert_eq!(Crs::parse(text).map(Crs::code).as_deref(), Some(code), "{text}");
        }
        for text in ["", "EPSG:", "EPSG:9", "EPSG:32648", "VN-2000", "109", "108-15-30", "48N", "é", "EPSG:é"] {
            assert_eq!(Crs::parse(text), None, "{text}");
        }
        for crs in Crs::ALL {
            assert_eq!(Crs::parse(&crs.code()), Some(crs), "{}", crs.name());
        }
    }
}
