//! The grids of VN-2000: one for each province before July 2025, or for several.

use super::TO_WGS84;

/// A Transverse Mercator grid of VN-2000: metres east and north, the central meridian at 500,000 m east.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Grid {
    /// Its EPSG code.
    pub code: u16,
    /// Central meridian, minutes of arc east of Greenwich.
    pub meridian_min: u16,
    /// Scale on the central meridian, in ten thousandths.
    pub scale_1e4: u16,
    /// Its name for people, the same in both languages.
    pub name: &'static str,
    /// Its name on the web.
    pub uri: &'static str,
    /// The provinces of before July 2025 whose maps are drawn in it, by EPSG's registry and Circular 973/2001/TT-TCĐC. Those
    /// merged since then hold files in the grids of all that they were made of.
    pub provinces: &'static str,
}

/// All grids of VN-2000 that are in use, the TM-3 grids of provinces first.
pub static GRIDS: [Grid; 20] = [
    grid(5896, (102, 0), 9999, ("VN-2000 / TM-3 102°00′", "http://www.opengis.net/def/crs/EPSG/0/5896"), ""),
    grid(
        5897,
        (105, 0),
        9999,
        ("VN-2000 / TM-3 105°00′", "http://www.opengis.net/def/crs/EPSG/0/5897"),
        "Hà Nội, Hà Tây, Hà Nam, Ninh Bình, Vĩnh Phúc, Thanh Hóa, Đồng Tháp, Cần Thơ, Hậu Giang, Bạc Liêu",
    ),
    grid(5898, (108, 0), 9999, ("VN-2000 / TM-3 108°00′", "http://www.opengis.net/def/crs/EPSG/0/5898"), "Quảng Ngãi"),
    grid(
        5899,
        (107, 45),
        9999,
        ("VN-2000 / TM-3 107°45′", "http://www.opengis.net/def/crs/EPSG/0/5899"),
        "Quảng Ninh, Đà Nẵng, Quảng Nam, Bà Rịa – Vũng Tàu, Đồng Nai, Lâm Đồng",
    ),
    grid(
        9205,
        (103, 0),
        9999,
        ("VN-2000 / TM-3 103°00′", "http://www.opengis.net/def/crs/EPSG/0/9205"),
        "Điện Biên, Lai Châu",
    ),
    grid(9206, (104, 0), 9999, ("VN-2000 / TM-3 104°00′", "http://www.opengis.net/def/crs/EPSG/0/9206"), "Sơn La"),
    grid(
        9207,
        (104, 30),
        9999,
        ("VN-2000 / TM-3 104°30′", "http://www.opengis.net/def/crs/EPSG/0/9207"),
        "Cà Mau, Kiên Giang",
    ),
    grid(
        9208,
        (104, 45),
        9999,
        ("VN-2000 / TM-3 104°45′", "http://www.opengis.net/def/crs/EPSG/0/9208"),
        "An Giang, Lào Cai, Nghệ An, Phú Thọ, Yên Bái",
    ),
    grid(
        9209,
        (105, 30),
        9999,
        ("VN-2000 / TM-3 105°30′", "http://www.opengis.net/def/crs/EPSG/0/9209"),
        "Bắc Ninh, Hà Giang, Hà Tĩnh, Hải Dương, Hưng Yên, Nam Định, Sóc Trăng, Tây Ninh, Thái Bình, Trà Vinh, Vĩnh Long",
    ),
    grid(
        9210,
        (105, 45),
        9999,
        ("VN-2000 / TM-3 105°45′", "http://www.opengis.net/def/crs/EPSG/0/9210"),
        "Hải Phòng, TP. Hồ Chí Minh, Bến Tre, Bình Dương, Cao Bằng, Long An, Tiền Giang",
    ),
    grid(
        9211,
        (106, 0),
        9999,
        ("VN-2000 / TM-3 106°00′", "http://www.opengis.net/def/crs/EPSG/0/9211"),
        "Hòa Bình, Quảng Bình, Tuyên Quang",
    ),
    grid(
        9212,
        (106, 15),
        9999,
        ("VN-2000 / TM-3 106°15′", "http://www.opengis.net/def/crs/EPSG/0/9212"),
        "Bình Phước, Quảng Trị",
    ),
    grid(
        9213,
        (106, 30),
        9999,
        ("VN-2000 / TM-3 106°30′", "http://www.opengis.net/def/crs/EPSG/0/9213"),
        "Bắc Kạn, Thái Nguyên",
    ),
    grid(
        9214,
        (107, 0),
        9999,
        ("VN-2000 / TM-3 107°00′", "http://www.opengis.net/def/crs/EPSG/0/9214"),
        "Bắc Giang, Thừa Thiên Huế",
    ),
    grid(9215, (107, 15), 9999, ("VN-2000 / TM-3 107°15′", "http://www.opengis.net/def/crs/EPSG/0/9215"), "Lạng Sơn"),
    grid(9216, (107, 30), 9999, ("VN-2000 / TM-3 107°30′", "http://www.opengis.net/def/crs/EPSG/0/9216"), "Kon Tum"),
    grid(
        9217,
        (108, 15),
        9999,
        ("VN-2000 / TM-3 108°15′", "http://www.opengis.net/def/crs/EPSG/0/9217"),
        "Bình Định, Khánh Hòa, Ninh Thuận",
    ),
    grid(
        9218,
        (108, 30),
        9999,
        ("VN-2000 / TM-3 108°30′", "http://www.opengis.net/def/crs/EPSG/0/9218"),
        "Bình Thuận, Đắk Lắk, Đắk Nông, Gia Lai, Phú Yên",
    ),
    grid(3405, (105, 0), 9996, ("VN-2000 / UTM 48N (105°00′)", "http://www.opengis.net/def/crs/EPSG/0/3405"), ""),
    grid(3406, (111, 0), 9996, ("VN-2000 / UTM 49N (111°00′)", "http://www.opengis.net/def/crs/EPSG/0/3406"), ""),
];

const fn grid(
    code: u16,
    (degrees, minutes): (u16, u16),
    scale_1e4: u16,
    (name, uri): (&'static str, &'static str),
    provinces: &'static str,
) -> Grid {
    Grid { code, meridian_min: degrees * 60 + minutes, scale_1e4, name, uri, provinces }
}

impl Grid {
    /// For PROJ.
    pub(super) fn definition(&self) -> String {
        let (meridian, scale) = (f64::from(self.meridian_min) / 60.0, f64::from(self.scale_1e4) / 1e4);
        format!("+proj=tmerc +lat_0=0 +lon_0={meridian} +k={scale} +x_0=500000 +y_0=0 {TO_WGS84} +units=m")
    }
}
