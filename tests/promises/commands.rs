//! The commands that serve, check and show.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::support::program::{Desk, said, signal};

#[test]
fn whoever_only_reads_makes_no_store() {
    let desk = Desk::new();
    for words in
        ["units list", "check", "tile units.province 5/25/14", "units convert 1 --from 2025-01-01 --to 2025-01-02"]
    {
        let said = desk.run(words);
        assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{words}: {}", said.err);
        assert!(said.err.contains("there is no such file") && said.err.lines().count() == 1, "{words}: {}", said.err);
        assert!(!desk.path("map.gpkg").exists());
    }
}

#[test]
fn a_missing_store_is_made_with_the_demonstration_and_served_until_told_to_stop() {
    let desk = Desk::new();
    let mut child =
        desk.command("serve --listen 127.0.0.1:0 --log-format json").stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "the server ended before it served");
        let entry: serde_json::Value = serde_json::from_str(&line).expect("every line of the log is JSON");
        let message = entry["message"].as_str().unwrap_or_default().to_owned();
        if let Some(address) = message.strip_prefix("the map is served at ") {
            break address.to_owned();
        }
    };
    let ready = ureq::get(format!("{address}/ready")).call().unwrap();
    assert_eq!(ready.status(), 200);
    let layers = ureq::get(format!("{address}/layers")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(layers.contains("police.incidents"), "on loopback everything is shown");
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!desk.path("map.making.gpkg").exists());
    assert_eq!(desk.features("police.incidents").len(), 12_000);
}

#[test]
fn the_demonstration_fills_only_an_empty_store_and_has_no_findings() {
    let desk = Desk::new();
    let answer = desk.done("demo");
    assert!(answer.contains("police.incidents: added 12000\n"), "{answer}");
    assert_eq!(desk.done("check"), "", "a drawing's units need not fit each other");
    let said = desk.run("demo");
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("expected an empty store") && said.err.contains("has units"), "{}", said.err);
    let desk = Desk::new();
    desk.file("a.csv", "lon,lat\n108.8,15.1\n");
    desk.done("import --layer police.stations a.csv");
    let said = desk.run("demo");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("has features of police.stations"), "{}", said.err);
}

/// A layer of one's own with these codes.
fn own_layer(desk: &Desk, codes: &str) {
    std::fs::create_dir_all(desk.path("tiles/layers")).unwrap();
    let codes = codes.split(' ').map(|code| format!("{{ code = \"{code}\", vi = \"{code}\", en = \"{code}\" }}"));
    let codes = codes.collect::<Vec<_>>().join(", ");
    let layer = format!(
        "id = \"zoo.animals\"\ntitle = {{ vi = \"Thú\", en = \"Animals\" }}\ngeometry = \"point\"\nclassification = \"public\"\n\
         [[fields]]\nname = \"kind\"\ntitle = {{ vi = \"Loài\", en = \"Kind\" }}\ntype = \"code\"\ncodes = [{codes}]\n"
    );
    desk.file("tiles/layers/zoo.animals.toml", layer);
}

#[test]
fn check_is_content_with_good_data_and_tells_what_no_longer_fits_its_layer() {
    let desk = Desk::new();
    own_layer(&desk, "cat dog");
    desk.file("a.csv", "id,lon,lat,kind\n7,108.8,15.1,dog\n8,2.3,48.8,cat\n");
    desk.done("import --tiles tiles --layer zoo.animals a.csv --strict");
    assert_eq!(desk.done("check --tiles tiles"), "");
    own_layer(&desk, "cat cow");
    let said = desk.run("check --tiles tiles");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert_eq!(
        said.out,
        "zoo.animals 7: unknown_code: kind: \"dog\" is none of the field's codes\nfindings: 1 unknown_code\n"
    );
}

#[test]
fn check_lists_rows_that_are_left_out_and_values_that_are_emptied_when_the_layer_is_loaded() {
    let desk = Desk::new();
    own_layer(&desk, "cat dog");
    desk.file("a.csv", "id,lon,lat,kind\n7,108.8,15.1,dog\n8,2.3,48.8,cat\n9,2.3,48.9,cat\n");
    desk.done("import --tiles tiles --layer zoo.animals a.csv --strict");
    let file = rusqlite::Connection::open(desk.path("map.gpkg")).unwrap();
    let triggers: Vec<String> = file
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'rtree_zoo_animals*'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(!triggers.is_empty());
    // Their functions are the other program's own.
    for name in &triggers {
        file.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
    }
    // A point as SpatiaLite keeps it, which is not how a GeoPackage does.
    file.execute_batch(
        "UPDATE zoo_animals SET geom = x'0001E61000003333333333335B40' WHERE id = 7;
         UPDATE zoo_animals SET kind = x'ff' WHERE id = 9;",
    )
    .unwrap();
    drop(file);
    let said = desk.run("check --tiles tiles");
    assert_eq!(said.code, Some(1), "{}", said.err);
    for finding in [
        "zoo_animals id 7: unreadable_row: ",
        "; the row is left out",
        "zoo_animals id 9: invalid_value: the value of kind",
    ] {
        assert!(said.out.contains(finding), "{finding} is not in\n{}", said.out);
    }
    assert!(said.out.ends_with("findings: 1 invalid_value, 1 unreadable_row\n"), "{}", said.out);
}

#[test]
fn check_tells_the_faults_of_the_catalogue() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("tiles/layers")).unwrap();
    desk.file("tiles/layers/police.x.toml", "id = \"police.x\"\ncolour = 7\n");
    let said = desk.run("check --tiles tiles");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("police.x.toml:2: expected"), "{}", said.out);
    let said = desk.run("units list --tiles tiles");
    assert_eq!((said.code, said.err.contains("police.x.toml:2: expected")), (Some(2), true), "{}", said.err);
}

#[test]
fn a_tile_is_printed_as_text_that_can_be_compared() {
    let desk = Desk::new();
    desk.file("a.csv", "id,lon,lat,name\n9,108.8,15.12,B\n8,108.8,15.12,A\n");
    desk.done("import --layer police.stations a.csv");
    let text = desk.done("tile police.stations 12/3285/1873");
    assert_eq!(text.lines().next(), Some("layer police.stations  version 2  extent 4096  features 2"), "{text}");
    let features: Vec<&str> = text.lines().skip(1).collect();
    assert!(features[0].starts_with("  point 8 3695,3833") && features[0].contains("name=\"A\""), "{text}");
    assert!(features[1].starts_with("  point 9 3695,3833"), "{text}");
    assert_eq!(desk.done("tile police.stations 12/0/0"), "empty\n");
    for (words, expected) in [
        ("tile police.nothing 1/0/0", "no layer police.nothing"),
        ("tile police.stations 1/2/0", "x: expected from 0 to 1"),
        ("tile police.stations 1/0", "Z/X/Y: expected three numbers"),
        ("tile police.stations,police.stations 1/0/0", "LAYERS: expected each layer once"),
        ("tile police.stations 1/0/0 --as-of yesterday", "--as-of: expected a date"),
        ("tile police.stations 1/0/0 --dense some", "--dense: expected all or cells"),
    ] {
        let said = desk.run(words);
        assert_eq!(said.code, Some(2), "{words}: {}", said.err);
        assert!(said.err.contains(expected), "{words}: {}", said.err);
    }
}

#[test]
fn a_store_that_cannot_be_reached_has_an_exit_code_of_its_own_and_its_password_is_kept() {
    let desk = Desk::new();
    let said = said(desk.command("units list --store postgres://map:secret@127.0.0.1:1/map").output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{}", said.err);
    assert!(!said.err.contains("secret"), "{}", said.err);
}
