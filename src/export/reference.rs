//! What reference systems are called in files.

use crate::engine::crs::Crs;
use crate::model::Invalid;

/// The EPSG code; none for CRS84, which has none.
pub(super) fn epsg(crs: Crs) -> Option<i32> {
    if crs == Crs::Crs84 { None } else { crs.uri().rsplit('/').next()?.parse().ok() }
}

/// Its code as people write it: `EPSG:5898`, `OGC:CRS84`.
pub(super) fn code(crs: Crs) -> String {
    epsg(crs).map_or_else(|| "OGC:CRS84".to_owned(), |code| format!("EPSG:{code}"))
}

/// Reads `EPSG:5898`, `CRS84` or a name on the web. EPSG:4326 is written longitude first in files, as CRS84 is.
pub fn crs_of_code(parameter: &str, text: &str) -> Result<Crs, Invalid> {
    let plain = text.trim().to_ascii_uppercase();
    let named = |crs: &Crs| plain == code(*crs) || text.trim() == crs.uri() || *crs == Crs::Crs84 && plain == "CRS84";
    Crs::ALL.into_iter().find(named).ok_or_else(|| {
        let known: Vec<String> = Crs::ALL.into_iter().map(code).collect();
        Invalid::new(parameter, format!("one of {}, found {text:.64?}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_system_is_known_by_its_code() {
        for crs in Crs::ALL {
            assert_eq!(crs_of_code("--crs", &code(crs)), Ok(crs));
            assert_eq!(crs_of_code("--crs", crs.uri()), Ok(crs));
        }
        assert_eq!(crs_of_code("--crs", "epsg:5898").map(epsg), Ok(Some(5898)));
        assert_eq!(crs_of_code("--crs", "EPSG:1").unwrap_err().parameter, "--crs");
    }
}
