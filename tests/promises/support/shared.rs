//! The real data beside the project, which it may read and does not carry.

use std::path::PathBuf;
use std::sync::LazyLock;

use bandoso::import::units::{UnitReader, ValidTo};
use bandoso::model::Unit;

/// A file or folder of the real data. None where the data is not there, which is said, and a failure under `CI`.
pub fn shared(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("BANDOSO_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")), PathBuf::from);
    let found = folder.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing: under CI no test is skipped", found.display());
    eprintln!("skipped: {} is missing; BANDOSO_SHARED names the folder of the real data", found.display());
    None
}

/// The real units of Quảng Ngãi and Kon Tum, 395 with 632,690 vertices: the new province and its communes, and the old ones.
pub fn real_units() -> Option<&'static [Unit]> {
    static UNITS: LazyLock<Option<Vec<Unit>>> = LazyLock::new(|| {
        let folder = shared("boundaries")?;
        let mut reader = UnitReader::new(ValidTo::Auto);
        for file in [
            "quang_ngai_communes_2025.geojson",
            "quang_ngai_province_2025.geojson",
            "quang_ngai_kon_tum_communes_before_2025-07.geojson",
            "quang_ngai_kon_tum_districts_before_2025-07.geojson",
            "quang_ngai_kon_tum_provinces_before_2025-07.geojson",
        ] {
            reader.read_file(&folder.join(file)).expect(file);
        }
        assert_eq!(reader.units.len(), 395);
        Some(reader.units)
    });
    UNITS.as_deref()
}
