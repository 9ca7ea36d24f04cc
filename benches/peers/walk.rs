//! Which tiles are asked for: the same for every server, from a seed.

use bandoso::demo::Crowd;
use bandoso::model::{Layer, LonLat, TileCoord, World};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use crate::data::SEED;

/// Tiles of a walk at each zoom, and their share in a session.
pub const TILES: [(u8, usize); 4] = [(8, 12), (10, 60), (12, 150), (14, 300)];
/// The box of the points, degrees: west, south, east, north.
const BOX: [f64; 4] = [107.3, 13.9, 109.2, 15.5];
/// Share of viewports on a town.
const ON_TOWNS: f64 = 0.7;
/// Tiles of a viewport.
const VIEWPORT: (u32, u32) = (4, 3);

/// Tiles of one zoom: viewports of 4 × 3 tiles, 70 % of them on a town, the rest anywhere; tiles beyond the points' box are
/// left out. A tile may come again in another viewport.
pub fn tiles(layer: &Layer, zoom: u8, count: usize) -> Vec<TileCoord> {
    viewports(layer, zoom, count, ON_TOWNS)
}

/// The same with each viewport on a town: people look where something is.
pub fn town_tiles(layer: &Layer, zoom: u8, count: usize) -> Vec<TileCoord> {
    viewports(layer, zoom, count, 1.0)
}

fn viewports(layer: &Layer, zoom: u8, count: usize, on_towns: f64) -> Vec<TileCoord> {
    let towns: Vec<LonLat> = Crowd::new(layer, SEED).towns().collect();
    let mut random = StdRng::seed_from_u64(u64::from(zoom));
    let [west, south, east, north] = BOX;
    let least = tile_at(zoom, LonLat { lon: west, lat: north });
    let most = tile_at(zoom, LonLat { lon: east, lat: south });
    let mut tiles = Vec::new();
    while tiles.len() < count {
        let at = if random.random_bool(on_towns) {
            towns[random.random_range(0..towns.len())]
        } else {
            LonLat { lon: random.random_range(west..east), lat: random.random_range(south..north) }
        };
        let centre = tile_at(zoom, at);
        for x in (0..VIEWPORT.0).map(|step| (centre.x() + step).saturating_sub(VIEWPORT.0 / 2)) {
            for y in (0..VIEWPORT.1).map(|step| (centre.y() + step).saturating_sub(VIEWPORT.1 / 2)) {
                if (least.x()..=most.x()).contains(&x) && (least.y()..=most.y()).contains(&y) && tiles.len() < count {
                    tiles.push(TileCoord::new(zoom, x, y).unwrap());
                }
            }
        }
    }
    tiles
}

/// The tiles of all zooms, shuffled.
pub fn session(layer: &Layer) -> Vec<TileCoord> {
    let mut all: Vec<TileCoord> = TILES.iter().flat_map(|(zoom, count)| tiles(layer, *zoom, *count)).collect();
    all.shuffle(&mut StdRng::seed_from_u64(SEED));
    all
}

/// The tile that holds a place.
pub fn tile_at(zoom: u8, at: LonLat) -> TileCoord {
    let world = World::from_lon_lat(at);
    let axis = |value: f64| (value * f64::from(1_u32 << zoom)) as u32;
    TileCoord::new(zoom, axis(world.x), axis(world.y)).unwrap()
}
