//! The cases of the table, by name.

mod before;
mod cached;
mod import;
mod live;
mod overload;
mod pages;
mod queries;
mod start;
mod tiles;

use bandoso::model::TileCoord;

use crate::Bench;
use crate::load::{Client, Request};
use crate::servers::Server;

/// What `--only` takes.
pub const NAMES: [&str; 13] = [
    "before",
    "same-work",
    "default",
    "session",
    "communes",
    "province",
    "cached",
    "queries",
    "pages",
    "start",
    "import",
    "live",
    "overload",
];

/// Runs the cases that are asked for; all when none is named.
pub fn run(bench: &mut Bench, only: &[String]) {
    let asked = |name: &str| only.is_empty() || only.iter().any(|word| word == name);
    for points in bench.sizes.clone() {
        if asked("same-work") || asked("default") || asked("session") {
            tiles::run(bench, points, &asked);
        }
        if asked("before") {
            before::run(bench, points);
        }
        if asked("province") {
            tiles::province(bench, points);
        }
        if asked("queries") {
            queries::run(bench, points);
        }
        if asked("pages") {
            pages::run(bench, points);
        }
        if asked("start") {
            start::run(bench, points);
        }
        if asked("import") {
            import::run(bench, points);
        }
    }
    // These do not depend on how many points there are.
    let least = bench.sizes.iter().copied().min().unwrap_or(1_000_000);
    if asked("communes") {
        tiles::communes(bench, least);
    }
    if asked("cached") {
        cached::run(bench, least);
    }
    if asked("live") {
        live::run(bench, least);
    }
    if asked("overload") {
        overload::run(bench, least);
    }
}

/// `1 M`, `100 k`.
fn shown(points: u64) -> String {
    if points >= 1_000_000 { format!("{} M", points / 1_000_000) } else { format!("{} k", points / 1000) }
}

/// Whether a server takes a request: the parameters of a case may be younger than the server.
fn takes(server: &Server, path: &str) -> bool {
    matches!(Client::new(server.port).get(path, ""), Some(200 | 204))
}

/// The address of a tile of ours.
fn tile_path(layer: &str, coord: TileCoord, query: &str) -> String {
    let mark = if query.is_empty() { "" } else { "?" };
    format!("/tiles/{layer}/{}/{}/{}{mark}{query}", coord.z(), coord.x(), coord.y())
}

/// The address of a tile of Martin's.
fn martin_path(source: &str, coord: TileCoord) -> String {
    format!("/{source}/{}/{}/{}", coord.z(), coord.x(), coord.y())
}

fn requests(tiles: &[TileCoord], path: impl Fn(TileCoord) -> String) -> Vec<Request> {
    tiles.iter().map(|coord| Request { path: path(*coord), zoom: coord.z() }).collect()
}
