//! Places held against PROJ, and the names of systems.

use super::*;

fn grid(code: u16) -> Crs {
    Crs::Grid(GRIDS.iter().find(|grid| grid.code == code).expect("a grid"))
}

#[test]
fn official_places_come_out_within_a_centimetre() {
    // Longitude, latitude WGS 84 and coordinates by PROJ 9.5.1 with EPSG operation 6960.
    for (crs, lon, lat, expected) in [
        (grid(5898), 108.8, 15.12, [585_791.005_1, 1_672_370.101_3]),
        (grid(9216), 108.8, 15.12, [639_538.479_5, 1_672_626.629_5]),
        (grid(9216), 108.0, 14.35, [553_734.270_3, 1_587_082.469_1]),
        (grid(5898), 106.6297, 10.8231, [349_961.383_96, 1_197_228.723_9]),
        (grid(5898), 103.023, 21.386, [-16_740.472_92, 2_373_885.172_09]),
        (Crs::WebMercator, 108.8, 15.12, [12_111_560.598_3, 1_703_033.601_8]),
    ] {
        let at = LonLat { lon, lat };
        let found = crs.from_lon_lat(at).expect("a projection");
        let near = |a: f64, b: f64| (a - b).abs() < 0.01;
        assert!(near(found[0], expected[0]) && near(found[1], expected[1]), "{crs:?}: {found:?}");
        let back = crs.to_lon_lat(found).expect("a place");
        assert!((back.lon - lon).abs() < 1e-7 && (back.lat - lat).abs() < 1e-7, "{crs:?}: {back:?}");
    }
}

#[test]
fn degrees_of_vn_2000_are_latitude_first_and_some_200_m_off() {
    // PROJ 9.5.1: 108.8, 15.12 in EPSG:4756.
    let found = Crs::Vn2000.from_lon_lat(LonLat { lon: 108.8, lat: 15.12 }).expect("a place");
    assert!((found[0] - 15.121_029_784).abs() < 2e-9 && (found[1] - 108.798_189_283).abs() < 2e-9, "{found:?}");
    assert_eq!(Crs::Wgs84.from_lon_lat(LonLat { lon: 108.8, lat: 15.12 }), Some([15.12, 108.8]));
}

#[test]
fn what_is_no_place_on_earth_is_none() {
    assert_eq!(Crs::WebMercator.from_lon_lat(LonLat { lon: 0.0, lat: 90.0 }), None);
    for crs in Crs::ALL {
        assert_eq!(crs.to_lon_lat([f64::NAN, 0.0]), None, "{crs:?}");
        assert_eq!(crs.to_lon_lat([1e300, 1e300]), None, "{crs:?}");
        assert_eq!(crs.to_lon_lat([f64::INFINITY, 0.0]), None, "{crs:?}");
        assert_eq!(Crs::from_uri(crs.uri()), Some(crs));
    }
    for edge in [-180.0, 180.0] {
        let edge = LonLat { lon: edge, lat: 0.0 };
        let at = [RADIUS_M * edge.lon.to_radians(), 0.0];
        assert_eq!(Crs::WebMercator.to_lon_lat(at).map(|at| at.lon), Some(edge.lon));
    }
}

#[test]
fn every_grid_is_within_a_centimetre_of_proj() {
    // (108.8, 15.12) and (105.8342, 21.0278) by PROJ 9.5.1 with the steps of EPSG operation 6960 and the registry's parameters.
    let points = [
        (5896, [1_232_157.672_4, 1_683_583.548_5], [898_553.448_2, 2_330_819.197_6]),
        (5897, [908_485.876_3, 1_675_749.858_4], [586_513.384_6, 2_326_256.818_4]),
        (5898, [585_791.005_1, 1_672_370.101_3], [274_650.743_8, 2_327_561.495_1]),
        (5899, [612_663.809_3, 1_672_483.061_7], [300_648.122_7, 2_327_228.764_2]),
        (9205, [1_124_110.535_7, 1_680_472.418_0], [794_480.888_6, 2_328_644.623_4]),
        (9206, [1_016_229.583_1, 1_677_862.430_3], [690_475.440_7, 2_327_124.491_2]),
        (9207, [962_342.376_1, 1_676_744.172_1], [638_490.469_7, 2_326_609.187_9]),
        (9208, [935_410.512_5, 1_676_231.545_4], [612_501.126_5, 2_326_412.644_9]),
        (9209, [854_656.490_6, 1_674_879.135_7], [534_541.225_2, 2_326_067.267_9]),
        (9210, [827_750.844_9, 1_674_490.022_7], [508_556.067_9, 2_326_033.528_4]),
        (9211, [800_850.633_9, 1_674_131.694_8], [482_571.032_4, 2_326_040.474_6]),
        (9212, [773_955.410_3, 1_673_804.120_4], [456_585.748_8, 2_326_088.107_2]),
        (9213, [747_064.727_5, 1_673_507.270_4], [430_599.847_3, 2_326_176.430_0]),
        (9214, [693_295.198_8, 1_673_005.641_2], [378_624.710_9, 2_326_475.178_1]),
        (9215, [666_415.460_8, 1_672_800.817_6], [352_634.736_0, 2_326_685.627_9]),
        (9216, [639_538.479_5, 1_672_626.629_5], [326_642.663_4, 2_326_936.816_4]),
        (9217, [558_919.621_6, 1_672_287.738_3], [248_650.156_2, 2_327_935.036_1]),
        (9218, [532_049.213_9, 1_672_235.965_6], [222_645.989_3, 2_328_349.417_7]),
        (3405, [908_363.318_3, 1_675_247.083_2], [586_487.428_0, 2_325_558.871_6]),
        (3406, [263_371.913_2, 1_672_898.959_8], [-37_512.885_6, 2_334_048.063_5]),
    ];
    assert_eq!(points.map(|(code, ..)| code), GRIDS.each_ref().map(|grid| grid.code));
    for (code, south, north) in points {
        for (lon, lat, expected) in [(108.8, 15.12, south), (105.8342, 21.0278, north)] {
            let found = grid(code).from_lon_lat(LonLat { lon, lat }).expect("a projection");
            let off_m = (found[0] - expected[0]).hypot(found[1] - expected[1]);
            assert!(off_m < 0.01, "{code}: {found:?}");
            let back = grid(code).to_lon_lat(expected).expect("a place");
            assert!((back.lon - lon).abs() < 1e-7 && (back.lat - lat).abs() < 1e-7, "{code}: {back:?}");
        }
    }
}

#[test]
fn the_points_of_the_official_circular_come_out_as_rounded_there() {
    let degrees = |d: f64, m: f64, s: f64| d + m / 60.0 + s / 3600.0;
    // Circular 37/2019/TT-BGTVT: VN-2000 to a tenth of a second, WGS 84 to a second: 3 m and half a second apart at most.
    for (lat, lon, wgs84_lat, wgs84_lon) in [
        ((15., 22., 32.7), (109., 6., 0.5), (15., 22., 29.), (109., 6., 7.)),
        ((15., 20., 35.7), (109., 5., 28.5), (15., 20., 32.), (109., 5., 35.)),
    ] {
        let d = |(a, b, c)| degrees(a, b, c);
        let found = Crs::Vn2000.to_lon_lat([d(lat), d(lon)]).expect("a place");
        let half_second = 0.5 / 3600.0 + 3.0 / 111_000.0;
        assert!((found.lat - d(wgs84_lat)).abs() < half_second, "{found:?}");
        assert!((found.lon - d(wgs84_lon)).abs() < half_second, "{found:?}");
    }
}

#[test]
fn the_neighbouring_zone_is_53_7_km_off() {
    let at = LonLat { lon: 108.5, lat: 15.0 };
    let numbers = grid(9216).from_lon_lat(at).expect("a projection");
    let misread = grid(5898).to_lon_lat(numbers).expect("a place");
    let off_m = crate::engine::geodesic::distance_m(at, misread);
    assert!((off_m - 53_700.0).abs() < 200.0, "{off_m}");
}
