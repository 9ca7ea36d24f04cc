//! The history on the command line; and an import that is killed leaves nothing or all, in either store.

use std::process::Stdio;
use std::time::Duration;

use crate::support::postgres::{TestDatabase, client};
use crate::support::program::{Desk, signal};

const ROWS: u64 = 6_000;

fn file() -> String {
    let rows = (0..ROWS).map(|index| {
        format!("{},{},{}", index + 1, 108.0 + (index % 1000) as f64 * 1e-3, 14.5 + (index / 1000) as f64 * 0.1)
    });
    std::iter::once("id,lon,lat".to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Kills imports into a store at moments of their lives; `count` tells how many features there are, and how many batches.
fn kill(desk: &Desk, store: &str, count: impl Fn() -> (u64, u64)) {
    desk.file("rows.csv", file());
    let mut whole = 0;
    let import = || {
        let mut command = desk.command("import --layer police.incidents rows.csv");
        command.env("BANDOSO_STORE", store).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let started = std::time::Instant::now();
    assert!(import().arg("--dry-run").status().expect("it runs").success());
    let life = started.elapsed();
    for moment in 1..=6 {
        let mut child = import().spawn().expect("it runs");
        std::thread::sleep(life * moment / 5 + Duration::from_millis(u64::from(moment)));
        signal(&child, "KILL");
        let ended = child.wait().expect("its end").success();
        let (features, batches) = count();
        assert!(features == 0 || features == ROWS, "{features} features");
        assert_eq!(batches, features / ROWS, "a batch for what is there, and none for what is not");
        assert!(!ended || features == ROWS);
        whole = features;
        if whole > 0 {
            break;
        }
    }
    if whole == 0 {
        assert!(import().status().expect("it runs").success());
        assert_eq!(count(), (ROWS, 1), "the next one finds nothing in its way");
    }
}

#[test]
fn a_killed_import_leaves_nothing_or_all_in_a_geopackage() {
    let desk = Desk::new();
    let count = || {
        let Ok(file) =
            rusqlite::Connection::open_with_flags(desk.path("map.gpkg"), rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)
        else {
            return (0, 0);
        };
        let number = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap_or(0).unsigned_abs();
        (number("SELECT count(*) FROM police_incidents"), number("SELECT count(*) FROM bandoso_batch"))
    };
    kill(&desk, "map.gpkg", count);
}

#[test]
fn a_killed_import_leaves_nothing_or_all_in_postgis() {
    let Some(database) = TestDatabase::fresh() else { return };
    let desk = Desk::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let count = || {
        runtime.block_on(async {
            let client = client(database.url()).await;
            let there = "SELECT to_regclass('police.incidents') IS NOT NULL";
            if !client.query_one(there, &[]).await.expect("an answer").get::<_, bool>(0) {
                return (0, 0);
            }
            let both = "SELECT (SELECT count(*) FROM police.incidents), (SELECT count(*) FROM bandoso.batches)";
            let row = client.query_one(both, &[]).await.expect("an answer");
            (row.get::<_, i64>(0).unsigned_abs(), row.get::<_, i64>(1).unsigned_abs())
        })
    };
    kill(&desk, database.url(), count);
}

#[test]
fn the_history_on_the_command_line_tells_undoes_and_asks_before_it_removes() {
    let desk = Desk::new();
    desk.file("first.csv", "id,lon,lat\nA,108.8,15.1\nB,108.81,15.1\nC,108.82,15.1\n");
    desk.file("second.csv", "id,lon,lat\nA,108.8,15.1\nB,108.9,15.1\nD,108.83,15.1\n");
    let first = desk.done("import --layer police.incidents --who Lan first.csv");
    assert!(first.contains("added 3") && first.contains("batch 1"), "{first}");
    let dry = desk.done("import --layer police.incidents --dry-run second.csv");
    assert!(
        dry.contains("added 1, changed 1, unchanged 1,")
            && dry.contains("missing 1")
            && dry.contains("nothing was written"),
        "{dry}"
    );
    assert_eq!(desk.features("police.incidents").len(), 3);
    let asked = desk.run("import --layer police.incidents --replace second.csv");
    assert_eq!(asked.code, Some(2), "{}", asked.err);
    assert!(asked.err.contains("1 features are not in the files") && asked.err.contains("--yes"), "{}", asked.err);
    let before = desk.features("police.incidents");
    let done = desk.done("import --layer police.incidents --who Minh --replace --yes second.csv");
    assert!(done.contains("removed 1") && done.contains("batch 2"), "{done}");
    let list = desk.done("batches --layer police.incidents");
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    for word in ["Minh", "import", "second.csv", "removed 1"] {
        assert!(lines[0].contains(word), "{word} in {list}");
    }
    let shown = desk.done("batches show 2");
    assert!(shown.contains("before: 108.82 15.1") && shown.contains("\tadded"), "{shown}");
    let refused = desk.run("undo 1");
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(refused.err.contains("changed since"), "{}", refused.err);
    let undone = desk.done("undo 2 --who Lan");
    assert!(undone.contains("brought back 1, changed back 1, removed 1"), "{undone}");
    assert_eq!(desk.features("police.incidents"), before);
    assert_eq!(desk.run("undo 2").code, Some(2));
    assert_eq!(desk.run("undo 99").code, Some(2));
    assert_eq!(desk.done("batches").lines().count(), 3);
}
