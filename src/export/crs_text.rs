//! Reference systems as files describe them: WKT 1 for `GeoPackage` and `FlatGeobuf`, PROJJSON for `GeoParquet`.

use serde_json::{Value as Json, json};

use super::reference::epsg;
use crate::engine::crs::Crs;

const WGS84: &str = "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,\
    AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],\
    UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],\
    AUTHORITY[\"EPSG\",\"4326\"]]";

const VN_2000: &str = "GEOGCS[\"VN-2000\",DATUM[\"Vietnam_2000\",SPHEROID[\"WGS 84\",6378137,298.257223563,\
    AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6756\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],\
    UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],\
    AUTHORITY[\"EPSG\",\"4756\"]]";

const METRE: &str = "UNIT[\"metre\",1,AUTHORITY[\"EPSG\",\"9001\"]]";

/// Central meridian in degrees and the scale on it, of VN-2000's grids.
fn grid(crs: Crs) -> Option<(f64, f64)> {
    match crs {
        Crs::Grid(grid) => Some((f64::from(grid.meridian_min) / 60.0, f64::from(grid.scale_1e4) / 10_000.0)),
        _ => None,
    }
}

/// Its name for people.
pub(super) fn name(crs: Crs) -> String {
    match (crs, grid(crs)) {
        (Crs::Crs84 | Crs::Wgs84, _) => "WGS 84".to_owned(),
        (Crs::WebMercator, _) => "WGS 84 / Pseudo-Mercator".to_owned(),
        (_, Some((meridian, scale))) => {
            let zone = if scale == 0.9999 { "TM-3" } else { "UTM" };
            let minutes = (meridian * 60.0).round() as i32;
            format!("VN-2000 / {zone} {}-{:02}", minutes / 60, minutes % 60)
        }
        _ => "VN-2000".to_owned(),
    }
}

/// Its WKT 1, with the names and axes of EPSG's registry.
pub(super) fn wkt(crs: Crs) -> String {
    let (name, code) = (name(crs), epsg(crs).unwrap_or(4326));
    match (crs, grid(crs)) {
        (Crs::Crs84 | Crs::Wgs84, _) => WGS84.to_owned(),
        (Crs::WebMercator, _) => format!(
            "PROJCS[\"{name}\",{WGS84},PROJECTION[\"Mercator_1SP\"],PARAMETER[\"central_meridian\",0],\
             PARAMETER[\"scale_factor\",1],PARAMETER[\"false_easting\",0],PARAMETER[\"false_northing\",0],{METRE},\
             AXIS[\"X\",EAST],AXIS[\"Y\",NORTH],EXTENSION[\"PROJ4\",\"+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 \
             +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext +no_defs\"],AUTHORITY[\"EPSG\",\"{code}\"]]"
        ),
        (_, Some((meridian, scale))) => format!(
            "PROJCS[\"{name}\",{VN_2000},PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",0],\
             PARAMETER[\"central_meridian\",{meridian}],PARAMETER[\"scale_factor\",{scale}],\
             PARAMETER[\"false_easting\",500000],PARAMETER[\"false_northing\",0],{METRE},AXIS[\"Easting\",EAST],\
             AXIS[\"Northing\",NORTH],AUTHORITY[\"EPSG\",\"{code}\"]]"
        ),
        _ => VN_2000.to_owned(),
    }
}

/// Its PROJJSON (schema 0.7); none for CRS84, which `GeoParquet` takes where nothing is said.
pub(super) fn projjson(crs: Crs) -> Option<Json> {
    let code = epsg(crs)?;
    let mut json = match (crs, grid(crs)) {
        (Crs::Wgs84, _) => geographic("WGS 84", "World Geodetic System 1984"),
        (Crs::WebMercator, _) => projected(
            crs,
            &geographic("WGS 84", "World Geodetic System 1984"),
            ("Popular Visualisation Pseudo Mercator", 1024),
            &[("Longitude of natural origin", 0.0, "degree", 8802)],
        ),
        (_, Some((meridian, scale))) => projected(
            crs,
            &geographic("VN-2000", "Vietnam 2000"),
            ("Transverse Mercator", 9807),
            &[
                ("Longitude of natural origin", meridian, "degree", 8802),
                ("Scale factor at natural origin", scale, "unity", 8805),
                ("False easting", 500_000.0, "metre", 8806),
            ],
        ),
        _ => geographic("VN-2000", "Vietnam 2000"),
    };
    json["$schema"] = "https://proj.org/schemas/v0.7/projjson.schema.json".into();
    json["id"] = json!({ "authority": "EPSG", "code": code });
    Some(json)
}

fn axis(name: &str, abbreviation: &str, direction: &str, unit: &str) -> Json {
    json!({ "name": name, "abbreviation": abbreviation, "direction": direction, "unit": unit })
}

fn geographic(name: &str, datum: &str) -> Json {
    let ellipsoid = json!({ "name": "WGS 84", "semi_major_axis": 6_378_137, "inverse_flattening": 298.257_223_563 });
    json!({
        "type": "GeographicCRS",
        "name": name,
        "datum": { "type": "GeodeticReferenceFrame", "name": datum, "ellipsoid": ellipsoid },
        "coordinate_system": {
            "subtype": "ellipsoidal",
            "axis": [
                axis("Geodetic latitude", "Lat", "north", "degree"),
                axis("Geodetic longitude", "Lon", "east", "degree"),
            ],
        },
    })
}

/// `others` are the parameters that are not zero: name, value, unit and EPSG code.
fn projected(crs: Crs, base: &Json, (method, method_code): (&str, i32), others: &[(&str, f64, &str, i32)]) -> Json {
    let zeros = [
        ("Latitude of natural origin", 0.0, "degree", 8801),
        ("False easting", 0.0, "metre", 8806),
        ("False northing", 0.0, "metre", 8807),
    ];
    let zeros = zeros.iter().filter(|zero| others.iter().all(|other| other.3 != zero.3));
    let mut parameters: Vec<&(&str, f64, &str, i32)> = zeros.chain(others).collect();
    parameters.sort_by_key(|parameter| parameter.3);
    let parameter = |(name, value, unit, code): &(&str, f64, &str, i32)| json!({ "name": name, "value": value, "unit": unit, "id": { "authority": "EPSG", "code": code } });
    json!({
        "type": "ProjectedCRS",
        "name": name(crs),
        "base_crs": base,
        "conversion": {
            "name": name(crs),
            "method": { "name": method, "id": { "authority": "EPSG", "code": method_code } },
            "parameters": parameters.into_iter().map(parameter).collect::<Vec<_>>(),
        },
        "coordinate_system": {
            "subtype": "Cartesian",
            "axis": [axis("Easting", "E", "east", "metre"), axis("Northing", "N", "north", "metre")],
        },
    })
}
