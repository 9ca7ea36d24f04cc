//! Reference systems as files describe them: the well-known text beside a shapefile.

use super::{Crs, GRIDS};

impl Crs {
    /// The system that a well-known text (1 or 2, ESRI's too) describes. By its code where it has one; else a Transverse
    /// Mercator on VN-2000 by its meridian and scale, and degrees by their datum. A grid on another datum is none of ours:
    /// moved to WGS 84 with other parameters it would be hundreds of metres off.
    pub fn from_wkt(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).take(20_000).collect::<String>().to_uppercase();
        if let Some(crs) = own_code(&text).and_then(Self::parse) {
            return Some(crs);
        }
        let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
        let on_vn2000 = has(&["VN-2000", "VN_2000", "VN2000", "VIETNAM_2000", "VIETNAM2000"]);
        if !has(&["PROJCS[", "PROJCRS["]) {
            let on_wgs84 = has(&["WGS_1984", "WGS_84", "WGS84", "WORLDGEODETICSYSTEM1984"]);
            return if on_vn2000 { Some(Self::Vn2000) } else { on_wgs84.then_some(Self::Crs84) };
        }
        if has(&["MERCATOR_AUXILIARY_SPHERE", "PSEUDO-MERCATOR", "POPULARVISUALISATIONPSEUDO"]) {
            return Some(Self::WebMercator);
        }
        let number = |names: &[&str]| names.iter().find_map(|name| parameter(&text, name));
        let meridian = number(&["CENTRAL_MERIDIAN", "LONGITUDEOFNATURALORIGIN"])?;
        let scale = number(&["SCALE_FACTOR", "SCALEFACTORATNATURALORIGIN"])?;
        let east_m = number(&["FALSE_EASTING", "FALSEEASTING"])?;
        let north_m = number(&["FALSE_NORTHING", "FALSENORTHING"]).unwrap_or(0.0);
        let is_this = |grid: &&super::Grid| {
            (f64::from(grid.meridian_min) / 60.0 - meridian).abs() < 1e-6
                && (f64::from(grid.scale_1e4) / 1e4 - scale).abs() < 1e-7
        };
        let found = GRIDS.iter().find(is_this).map(Self::Grid);
        found.filter(|_| on_vn2000 && east_m == 500_000.0 && north_m == 0.0)
    }
}

/// The EPSG code of the whole text, which stands last in it.
fn own_code(text: &str) -> Option<&str> {
    let rest = ["AUTHORITY[\"EPSG\",\"", "ID[\"EPSG\","].iter().find_map(|start| Some(text.rsplit_once(start)?.1))?;
    let (code, after) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?;
    matches!(after, "\"]]" | "]]").then_some(code)
}

fn parameter(text: &str, name: &str) -> Option<f64> {
    let rest = text.split_once(&format!("PARAMETER[\"{name}\","))?.1;
    rest.split([']', ',']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shapefile_s_text_names_its_system() {
        let vn = r#"GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
        let wgs = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;
        let tm = |datum: &str, meridian: &str, scale: &str| {
            format!(
                r#"PROJCS["x",{datum},PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",{scale}],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#
            )
        };
        let code = |text: &str| Crs::from_wkt(text).map(Crs::code);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!((code(vn), code(wgs)), (some("EPSG:4756"), some("OGC:CRS84")));
        assert_eq!(code(&tm(vn, "107.5", "0.9999")), some("EPSG:9216"));
        assert_eq!(code(&tm(vn, "108.0", "0.9999")), some("EPSG:5898"));
        assert_eq!(code(&tm(vn, "111.0", "0.9996")), some("EPSG:3406"));
        assert_eq!(code(&tm(vn, "108.1", "0.9999")), None);
        assert_eq!(code(&tm(wgs, "108.0", "0.9999")), None, "the shift would be left out");
        assert_eq!(
            code(r#"PROJCS["a",GEOGCS["b",AUTHORITY["EPSG","4756"]],AUTHORITY["EPSG","9217"]]"#),
            some("EPSG:9217")
        );
        assert_eq!(code(r#"PROJCRS["a", BASEGEOGCRS["b", ID["EPSG",4756]], ID["EPSG",5896]]"#), some("EPSG:5896"));
        assert_eq!((code(""), code("é\"")), (None, None));
    }
}
