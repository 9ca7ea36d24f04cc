use std::collections::HashSet;

use axum::http::{Request, StatusCode};

use crate::support::house::House;
use crate::support::province::{HOSPITALS, INCIDENT_COUNT, hospitals, incidents};
use crate::support::tile_spec::TileFeature;

#[tokio::test]
async fn the_tiles_of_a_zoom_add_up_to_the_layer() {
    let house = House::open().await;
    for (zoom, dense) in [(0_u8, "cells"), (6, "cells"), (9, "cells"), (9, "all")] {
        let side = 1_u32 << zoom;
        let tile = |lon: f64, lat: f64| {
            let world = bandoso::model::World::from_lon_lat(bandoso::model::LonLat { lon, lat });
            ((world.x * f64::from(side)) as u32, (world.y * f64::from(side)) as u32)
        };
        let rows = incidents(&house.atlas.catalogue().time_zone);
        let mut tiles: Vec<(u32, u32)> = rows.iter().map(|(_, at, _)| tile(at.lon, at.lat)).collect();
        tiles.sort_unstable();
        tiles.dedup();
        let mut sum = 0;
        for (x, y) in tiles {
            let answer = house.get(&format!("/tiles/police.incidents/{zoom}/{x}/{y}?dense={dense}")).await;
            let cells = answer.tile()[0].features.iter().any(|feature| feature.property("count").is_some());
            assert_eq!(cells, dense == "cells" && answer.features() > 200, "zoom {zoom} {dense}");
            sum += answer.features();
        }
        assert_eq!(sum, INCIDENT_COUNT, "zoom {zoom} {dense}");
    }
}

#[tokio::test]
async fn a_point_carries_its_fields_and_the_commune_of_its_own_date() {
    let house = House::open().await;
    // The tile of zoom 16 around incident 1.
    let path = "/tiles/police.incidents/16/52474/29970";
    let world = bandoso::model::World::from_lon_lat(bandoso::model::LonLat { lon: 108.25, lat: 15.25 });
    let (x, y) = ((world.x * 65536.0) as u32, (world.y * 65536.0) as u32);
    let path = path.replace("52474/29970", &format!("{x}/{y}"));
    let tile = house.get(&path).await.tile();
    let incident = tile[0].features.iter().find(|feature| feature.id == Some(1)).expect("incident 1");
    for (name, value) in [
        ("id", Some("1")),
        ("occurred_at", Some("2025-01-10T01:00:00Z")),
        ("category", Some("theft")),
        ("note", Some("=1+1")),
        ("loss", Some("-2.5")),
        ("closed", Some("true")),
        ("unit", Some("21001")),
    ] {
        assert_eq!(incident.property(name), value, "{name}");
    }
    for suffix in [".pbf", ".mvt"] {
        assert_eq!(house.get(&format!("{path}{suffix}")).await.tile().len(), 1, "{suffix}");
    }
}

#[tokio::test]
async fn several_layers_stand_in_one_tile() {
    let house = House::open().await;
    let tile = house.get("/tiles/police.incidents,health.hospitals,units.commune,labels.commune/7/102/58").await.tile();
    let names: Vec<&str> = tile.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["police.incidents", "health.hospitals", "units.commune", "labels.commune"]);
}

#[tokio::test]
async fn units_are_those_of_the_day_asked_for_with_their_counts() {
    let house = House::open().await;
    let count = house.json("/query/count?layer=police.incidents&by=commune&as_of=2025-06-30").await;
    for (as_of, names) in [("2025-06-30", vec!["Tây Bắc", "Đông Bắc", "Nam"]), ("2025-07-01", vec!["Tây", "Đông"])]
    {
        let path = format!("/tiles/units.commune/5/25/14?as_of={as_of}&count=police.incidents");
        let tile = house.get(&path).await.tile();
        let mut found: Vec<&str> = tile[0].features.iter().filter_map(|unit| unit.property("name")).collect();
        found.sort_unstable();
        let mut names = names;
        names.sort_unstable();
        assert_eq!(found, names, "{as_of}");
        if as_of == "2025-06-30" {
            for unit in &tile[0].features {
                let row = |row: &&serde_json::Value| row["commune"].as_str() == unit.property("code");
                let row = count["rows"].as_array().and_then(|rows| rows.iter().find(row)).expect("a row");
                assert_eq!(row["count"].as_u64(), Some(unit.count()));
            }
        }
    }
}

#[tokio::test]
async fn counts_of_units_that_were_asked_for_before_follow_the_layer_and_the_filter() {
    let house = House::open().await;
    let sum = async |more: &str| {
        let tile = house.get(&format!("/tiles/units.commune/5/25/14?count={HOSPITALS}{more}")).await.tile();
        tile[0].features.iter().map(TileFeature::count).sum::<u64>()
    };
    for rows in [3, 2] {
        // Two of them lie in the province.
        assert_eq!(sum("").await, rows - 1);
        assert_eq!(sum("&filter=beds%20%3E%20120").await, 0);
        assert_eq!(sum("&filter=beds%20%3E%3D%20120&as_of=2025-06-30").await, rows - 1);
        assert_eq!(sum("").await, rows - 1, "asked again");
        house.shelf.put(HOSPITALS, hospitals().split_off(1));
        let version = format!("&min_version={}", 5 - rows);
        assert_eq!(sum(&version).await, 1);
    }
}

#[tokio::test]
async fn a_time_takes_features_out_of_tiles() {
    let house = House::open().await;
    let all = house.get("/tiles/police.incidents/0/0/0").await.features();
    let before = house.get("/tiles/police.incidents/0/0/0?datetime=../2025-07-01").await.features();
    let since = house.get("/tiles/police.incidents/0/0/0?datetime=2025-07-01/..").await.features();
    assert!(before > 0 && since > 0);
    assert_eq!((all, before + since), (INCIDENT_COUNT, INCIDENT_COUNT - 1), "one incident has no time");
}

#[tokio::test]
async fn an_empty_tile_is_204_and_says_so() {
    let house = House::open().await;
    let answer = house.get("/tiles/police.incidents/10/0/0").await;
    assert_eq!((answer.status, answer.body.len(), answer.features()), (StatusCode::NO_CONTENT, 0, 0));
    assert!(answer.header("etag").is_some() && answer.header("bandoso-version").is_some());
}

#[tokio::test]
async fn a_tile_comes_packed_to_those_who_take_it_so() {
    let house = House::open().await;
    let path = "/tiles/police.incidents/0/0/0";
    let plain = house.get(path).await;
    assert_eq!(plain.header("content-encoding"), None);
    let mut tags = HashSet::from([plain.header("etag").expect("a tag").to_owned()]);
    for (accept, token) in [("deflate, gzip", "gzip"), ("gzip;q=0.8, br, zstd", "zstd"), ("br, gzip;q=0.8", "br")] {
        let packed = house.get_with(path, &[("accept-encoding", accept)]).await;
        assert_eq!(packed.header("content-encoding"), Some(token), "{accept}");
        assert_eq!(packed.plain(), plain.body, "{accept}");
        let etag = packed.header("etag").expect("a tag").to_owned();
        let again = house.get_with(path, &[("accept-encoding", accept), ("if-none-match", &etag)]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{accept}");
        assert!(tags.insert(etag), "tags are strong: other bytes, another tag");
    }
    // What browsers say.
    let packed = house.get_with(path, &[("accept-encoding", "gzip, deflate, br, zstd")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"), "of several alike what costs least");
    let refused = house.get_with(path, &[("accept-encoding", "identity;q=0, gzip;q=0")]).await;
    assert_eq!(refused.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn who_has_a_tile_is_not_sent_it_again() {
    let house = House::open().await;
    let path = "/tiles/police.incidents/0/0/0";
    let etag = house.get(path).await.header("etag").expect("a tag").to_owned();
    let (_, drawn) = house.atlas.tile_counts();
    for tags in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let answer = house.get_with(path, &[("if-none-match", &tags)]).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::NOT_MODIFIED, 0), "{tags}");
        assert_eq!(answer.header("etag"), Some(etag.as_str()));
    }
    assert_eq!(house.atlas.tile_counts().1, drawn, "304 draws nothing");
    assert_eq!(house.get_with(path, &[("if-none-match", "\"x\"")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_change_gives_a_tile_another_tag_and_version() {
    let house = House::open().await;
    let path = "/tiles/police.incidents/0/0/0";
    let before = house.get(path).await;
    assert_eq!(before.header("bandoso-version"), Some("police.incidents=1,units=1"));
    let rows = incidents(&house.atlas.catalogue().time_zone).split_off(1);
    house.shelf.put("police.incidents", rows);
    let etag = before.header("etag").expect("a tag");
    let after = loop {
        let answer = house.get_with(path, &[("if-none-match", etag)]).await;
        if answer.status == StatusCode::OK {
            break answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert_eq!(after.header("bandoso-version"), Some("police.incidents=2,units=1"));
    assert_eq!(after.features(), INCIDENT_COUNT - 1);
}

#[tokio::test]
async fn a_kept_tile_says_the_version_of_units_that_stayed_as_they_were() {
    let house = House::open().await;
    let path = "/tiles/police.incidents/0/0/0";
    for _ in 0..2 {
        assert_eq!(house.get(path).await.header("bandoso-version"), Some("police.incidents=1,units=1"));
    }
    // No unit is another for it, and all tiles are as they were.
    house.shelf.put_changes(Vec::new());
    let after = house.get(&format!("{path}?min_version=units=2")).await;
    assert_eq!(after.header("bandoso-version"), Some("police.incidents=1,units=2"));
    let again = house.get(path).await;
    assert_eq!(again.header("bandoso-version"), Some("police.incidents=1,units=2"));
    assert_eq!(again.body, after.body);
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let house = House::open().await;
    let path = "/tiles/police.incidents/0/0/0";
    let get = house.get(path).await;
    let head = house.ask(Request::head(path).body(axum::body::Body::empty()).expect("a request")).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    for name in ["etag", "cache-control", "bandoso-features", "bandoso-version", "vary", "content-type"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}
