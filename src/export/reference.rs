//! What reference systems are called in files.

use crate::engine::crs::Crs;
use crate::model::Invalid;

/// The EPSG code; none for CRS84, which has none.
pub(super) fn epsg(crs: Crs) -> Option<i32> {
    crs.code().strip_prefix("EPSG:")?.parse().ok()
}

/// Reads a code or a meridian as people write it. EPSG:4326 is written longitude first in files, as CRS84 is.
pub fn crs_of_code(parameter: &str, text: &str) -> Result<Crs, Invalid> {
    Crs::parse(text).ok_or_else(|| {
        let known: Vec<String> = Crs::ALL.into_iter().map(Crs::code).collect();
        Invalid::new(parameter, format!("one of {}, found {text:.64?}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_system_is_known_by_its_code() {
        for crs in Crs::ALL {
            assert_eq!(crs_of_code("--crs", &crs.code()), Ok(crs));
            assert_eq!(crs_of_code("--crs", crs.uri()), Ok(crs));
        }
        assert_eq!(crs_of_code("--crs", "epsg:5898").map(epsg), Ok(Some(5898)));
        assert_eq!(crs_of_code("--crs", "TM3 108°00'").map(epsg), Ok(Some(5898)));
        assert_eq!(crs_of_code("--crs", "EPSG:1").unwrap_err().parameter, "--crs");
    }
}
