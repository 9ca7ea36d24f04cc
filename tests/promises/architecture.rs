//! The house stands as ARCHITECTURE.md says.

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the ground up: a room uses only those below it.
const FLOORS: [&[&str]; 8] =
    [&["model"], &["engine"], &["store"], &["atlas"], &["import", "export"], &["http"], &["demo"], &["config"]];

/// Words that a room may not hold, with the sentence of ARCHITECTURE.md that forbids them.
const NEVER: [(&str, &[&str]); 4] = [
    ("model", &["std::fs", "std::net", "async fn", "Timestamp::now", "rand::", "tokio::"]),
    ("engine", &["std::fs", "std::net", "async fn", "Timestamp::now", "std::env", "tracing::", "tokio::", "SELECT "]),
    ("store", &["axum", "StatusCode"]),
    ("http", &["tokio_postgres", "rusqlite", "SELECT "]),
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        // Tests of a room may look over the whole house.
        let tests = ["tests.rs", "promises.rs", "real_units.rs"].iter().any(|name| path.ends_with(name));
        if path.is_dir() {
            files.extend(sources(&path));
        } else if !tests && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code of a file, without its tests and its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn room_of(path: &Path) -> Option<(usize, String)> {
    let inside = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
    let room = inside.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
    FLOORS.iter().position(|floor| floor.contains(&room.as_str())).map(|floor| (floor, room))
}

fn all() -> Vec<PathBuf> {
    let files = sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")));
    assert!(files.len() > 50, "only {} files were found: the test looks in the wrong place", files.len());
    files
}

#[test]
fn a_room_uses_only_the_floors_below_it() {
    let mut faults = Vec::new();
    for path in all() {
        let Some((floor, room)) = room_of(&path) else { continue };
        let code = code(&path);
        for upper in FLOORS.iter().skip(floor).flat_map(|rooms| rooms.iter()).filter(|upper| **upper != room) {
            if code.contains(&format!("crate::{upper}::")) || code.contains(&format!("crate::{upper};")) {
                faults.push(format!("{}: {room} uses {upper}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "a room uses only the floors below it:\n{}", faults.join("\n"));
}

#[test]
fn a_room_holds_nothing_that_it_never_may() {
    let mut faults = Vec::new();
    for path in all() {
        let Some((_, room)) = room_of(&path) else { continue };
        let code = code(&path);
        for word in NEVER.iter().filter(|(name, _)| *name == room).flat_map(|(_, words)| words.iter()) {
            if code.contains(word) {
                faults.push(format!("{}: {room} never holds {word:?}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_stay_readable() {
    let long: Vec<String> = all()
        .into_iter()
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > 400)
        .map(|(lines, path)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "a file has at most 400 lines:\n{}", long.join("\n"));
}
