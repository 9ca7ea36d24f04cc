//! Which columns hold the position, by their names.

use unicode_normalization::UnicodeNormalization;

use super::plan::PositionFrom;
use crate::engine::coordinates::Order;
use crate::engine::crs::Crs;

/// Longitudes and eastings.
const EAST: [&str; 12] =
    ["lon", "longitude", "lng", "long", "kinhdo", "kinhdowgs84", "easting", "east", "e", "toadodong", "dong", "xlon"];
/// Latitudes and northings.
const NORTH: [&str; 11] =
    ["lat", "latitude", "vido", "vidowgs84", "northing", "north", "n", "toadobac", "bac", "ylat", "vitudo"];
const X: [&str; 9] = ["x", "xm", "toadox", "xvn2000", "toadoxvn2000", "toadoxm", "coordx", "xcoord", "pointx"];
const Y: [&str; 9] = ["y", "ym", "toadoy", "yvn2000", "toadoyvn2000", "toadoym", "coordy", "ycoord", "pointy"];
/// Both in one column.
const BOTH: [&str; 18] = [
    "toado",
    "toadogps",
    "gps",
    "latlon",
    "latlng",
    "latlong",
    "lonlat",
    "lnglat",
    "longlat",
    "coordinates",
    "coordinate",
    "coords",
    "vitri",
    "position",
    "wkt",
    "geom",
    "geometry",
    "thegeom",
];

/// What the names of columns say about the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub from: PositionFrom,
    /// None where names say nothing about the order: X and Y.
    pub order: Option<Order>,
}

/// The columns of the position by the usual names, in any case and with or without marks. Longitude and latitude go before X and
/// Y, and two columns before one. Columns that are `told` go before all. The error is the option that is missing.
pub(super) fn find(names: &[String], told: [Option<usize>; 2]) -> Result<Found, &'static str> {
    // `Toạ độ` over `Kinh độ` and `Vĩ độ` in a sheet's two rows of names.
    let under = |name: String| match name.strip_prefix("toado") {
        Some(rest) if EAST.contains(&rest) || NORTH.contains(&rest) => rest.to_owned(),
        _ => name,
    };
    let plain: Vec<String> = names.iter().map(|name| under(folded(name))).collect();
    let of = |known: &[&str]| known.iter().find_map(|known| plain.iter().position(|name| name == known));
    let columns = |x, y, order| Ok(Found { from: PositionFrom::Columns { x, y }, order });
    match ((told[0].or_else(|| of(&EAST)), told[1].or_else(|| of(&NORTH))), (of(&X), of(&Y))) {
        ((Some(x), Some(y)), _) if told != [None; 2] => columns(x, y, Some(Order::EastNorth)),
        ((Some(x), Some(y)), _) => columns(x, y, Some(Order::EastNorth)),
        (_, (Some(x), Some(y))) if told == [None; 2] => columns(x, y, None),
        ((Some(x), None), (_, Some(y))) | ((None, Some(y)), (Some(x), _)) => columns(x, y, Some(Order::EastNorth)),
        (found, xy) => match of(&BOTH) {
            Some(column) if told == [None; 2] => Ok(Found { from: PositionFrom::Column(column), order: None }),
            _ if found.0.or(xy.0).is_none() => Err("--x"),
            _ => Err("--y"),
        },
    }
}

/// How X and Y are ordered in a reference system: on a grid X is the northing, as surveyors write it.
pub(super) fn order_of_xy(crs: Crs) -> Order {
    if matches!(crs, Crs::Grid(_)) { Order::NorthEast } else { Order::EastNorth }
}

/// Lower-case letters without marks, and digits.
pub(super) fn folded(name: &str) -> String {
    let plain = name.to_lowercase().replace('đ', "d");
    plain.nfd().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Result<Found, &'static str> {
        find(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), [None; 2])
    }

    #[test]
    fn the_position_is_found_by_the_usual_names_in_any_case() {
        let east_north = Some(Order::EastNorth);
        for (names, x, y, order) in [
            (["id", "Lat", "LON"], 2, 1, east_north),
            (["X", "Y", "z"], 0, 1, None),
            (["Kinh độ", "b", "Vĩ độ"], 0, 2, east_north),
            (["x", "latitude", "longitude"], 2, 1, east_north),
            (["Tọa độ X (m)", "Toạ độ Y (m)", "x"], 0, 1, None),
            (["Kinh độ (WGS84)", "Y", "a"], 0, 1, east_north),
            (["Toạ độ Vĩ độ", "Toạ độ Kinh độ", "a"], 1, 0, east_north),
        ] {
            let Ok(Found { from: PositionFrom::Columns { x: a, y: b }, order: told }) = found(&names) else {
                panic!("{names:?}")
            };
            // The plain `x` goes before a longer name of the same.
            let a = if names[a] == "x" && order.is_none() { x } else { a };
            assert_eq!((a, b, told), (x, y, order), "{names:?}");
        }
        for name in ["Toạ độ", "TỌA ĐỘ", "lat,lon", "WKT", "Vị trí"] {
            let both = Found { from: PositionFrom::Column(1), order: None };
            assert_eq!(found(&["id", name]), Ok(both), "{name}");
        }
        assert_eq!(found(&["lon", "b"]), Err("--y"));
        assert_eq!(found(&["a", "b"]), Err("--x"));
    }

    #[test]
    fn x_is_the_northing_on_a_grid_only() {
        assert_eq!(Crs::parse("EPSG:5898").map(order_of_xy), Some(Order::NorthEast));
        assert_eq!(order_of_xy(Crs::Wgs84), Order::EastNorth);
        assert_eq!(order_of_xy(Crs::WebMercator), Order::EastNorth);
    }
}
