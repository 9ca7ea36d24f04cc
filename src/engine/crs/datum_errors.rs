//! Where a place lands when VN-2000 and WGS 84 are taken for each other, or moved with wrong signs.

use std::sync::LazyLock;

use proj4rs::transform::transform;

use super::{Crs, Shift};
use crate::model::LonLat;

/// A way to be wrong about VN-2000 that no province's border shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatumError {
    /// Degrees of VN-2000 read as WGS 84, or the reverse: some 225 m.
    NotMoved,
    /// Moved with the rotations' signs of the other convention: 0.6 m.
    Rotations,
}

impl DatumError {
    /// Both.
    pub const ALL: [Self; 2] = [Self::NotMoved, Self::Rotations];

    /// The places where the one that is meant may be, if this error was made with it: one way and the other.
    pub fn meant(self, at: LonLat) -> [Option<LonLat>; 2] {
        let degrees = |[lat, lon]: [f64; 2]| LonLat::new("", lon, lat).ok();
        match self {
            Self::NotMoved => {
                [Crs::Vn2000.to_lon_lat([at.lat, at.lon]), Crs::Vn2000.from_lon_lat(at).and_then(degrees)]
            }
            Self::Rotations => {
                let vn2000 = Crs::Vn2000.from_lon_lat(at).and_then(degrees);
                [
                    vn2000.and_then(wrongly_to_wgs84),
                    wrongly_to_vn2000(at).and_then(|at| Crs::Vn2000.to_lon_lat([at.lat, at.lon])),
                ]
            }
        }
    }
}

/// VN-2000 with the rotations of the coordinate frame given to a position vector.
static WRONG: LazyLock<Option<Shift>> = LazyLock::new(|| {
    Shift::new(
        "+proj=longlat +ellps=WGS84 \
         +towgs84=-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278",
    )
});

fn wrongly_to_wgs84(at: LonLat) -> Option<LonLat> {
    let shift = WRONG.as_ref()?;
    moved(at, &shift.here, &shift.wgs84)
}

fn wrongly_to_vn2000(at: LonLat) -> Option<LonLat> {
    let shift = WRONG.as_ref()?;
    moved(at, &shift.wgs84, &shift.here)
}

fn moved(at: LonLat, from: &proj4rs::Proj, to: &proj4rs::Proj) -> Option<LonLat> {
    let mut place = (at.lon.to_radians(), at.lat.to_radians(), 0.0);
    transform(from, to, &mut place).ok()?;
    LonLat::new("", place.0.to_degrees(), place.1.to_degrees()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::geodesic::distance_m;

    #[test]
    fn the_errors_are_as_large_as_they_are_known_to_be() {
        let at = LonLat { lon: 108.8, lat: 15.12 };
        for (error, least_m, most_m) in [(DatumError::NotMoved, 220.0, 228.0), (DatumError::Rotations, 0.5, 0.75)] {
            for meant in error.meant(at) {
                let off_m = distance_m(at, meant.expect("a place"));
                assert!((least_m..most_m).contains(&off_m), "{error:?}: {off_m}");
            }
        }
        // Whoever is wrong one way is right when moved the other.
        let [Some(there), _] = DatumError::NotMoved.meant(at) else { panic!("a place") };
        let [_, Some(back)] = DatumError::NotMoved.meant(there) else { panic!("a place") };
        assert!(distance_m(at, back) < 0.01);
    }
}
