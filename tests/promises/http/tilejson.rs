use std::collections::BTreeSet;

use crate::support::house::House;

#[tokio::test]
async fn a_tilejson_describes_its_tiles() {
    let house = House::open().await;
    let path = "/tiles/police.incidents,units.commune?as_of=2025-06-30&datetime=2025-01-01/..&count=police.incidents";
    let answer = house.get_with(path, &[("host", "localhost:8080")]).await.json();
    assert_eq!(answer["tilejson"], "3.0.0");
    assert_eq!(answer["scheme"], "xyz");
    let tiles = "http://localhost:8080/tiles/police.incidents,units.commune/{z}/{x}/{y}\
                 ?as_of=2025-06-30&datetime=2025-01-01/..&count=police.incidents";
    assert_eq!(answer["tiles"], serde_json::json!([tiles]));
    assert_eq!((answer["minzoom"].as_u64(), answer["maxzoom"].as_u64()), (Some(0), Some(22)));
    assert_eq!(answer["attribution"], "Nobody, sơ đồ / schematic");
    let layers = answer["vector_layers"].as_array().expect("layers");
    let ids: Vec<&str> = layers.iter().filter_map(|layer| layer["id"].as_str()).collect();
    assert_eq!(ids, ["police.incidents", "units.commune"]);
    for (layer, field) in [(0, "occurred_at"), (0, "unit"), (0, "id"), (1, "code"), (1, "valid_from"), (1, "count")] {
        assert!(layers[layer]["fields"][field].is_string(), "{field} in {}", layers[layer]);
    }
}

#[tokio::test]
async fn every_property_of_a_cell_is_named() {
    let house = House::open().await;
    let answer = house.json("/tiles/police.incidents").await;
    let fields = answer["vector_layers"][0]["fields"].as_object().expect("fields");
    let tile = house.get("/tiles/police.incidents/0/0/0").await.tile();
    let properties: BTreeSet<&str> =
        tile[0].features.iter().flat_map(|cell| &cell.properties).map(|(name, _)| name.as_str()).collect();
    assert!(properties.iter().any(|name| name.starts_with("count_")), "{properties:?}");
    assert!(properties.iter().all(|name| fields.contains_key(*name)), "{properties:?} {fields:?}");
    assert!(house.json("/tiles/health.hospitals").await["vector_layers"][0]["fields"]["count_x"].is_null());
}

#[tokio::test]
async fn bounds_and_center_hold_what_there_is() {
    let house = House::open().await;
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    for (path, expected) in [
        ("/tiles/units.province", [108.0, 14.5, 109.0, 15.5]),
        ("/tiles/health.hospitals", [105.0, 14.8, 108.8, 21.0]),
        ("/tiles/construction.works", [-180.0, -85.051_128_78, 180.0, 85.051_128_78]),
    ] {
        let answer = house.json(path).await;
        let bounds: Vec<f64> = answer["bounds"].as_array().expect("bounds").iter().map(number).collect();
        assert!(
            bounds.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6),
            "{path} {bounds:?}"
        );
        let center: Vec<f64> = answer["center"].as_array().expect("a center").iter().map(number).collect();
        assert!(bounds[0] <= center[0] && center[0] <= bounds[2], "{path} {center:?}");
        assert!(bounds[1] <= center[1] && center[1] <= bounds[3], "{path} {center:?}");
    }
}

#[tokio::test]
async fn addresses_are_those_that_the_caller_sees() {
    let house = House::public().await;
    for (headers, base) in [
        (vec![], ""),
        (vec![("host", "map.example:8443")], "http://map.example:8443"),
        (
            vec![("host", "10.0.0.1"), ("x-forwarded-host", "map.example"), ("x-forwarded-proto", "https")],
            "https://map.example",
        ),
    ] {
        let answer = house.get_with("/tiles/health.hospitals", &headers).await;
        assert!(answer.header("vary").is_some_and(|vary| vary.contains("X-Forwarded-Host")));
        assert_eq!(answer.json()["tiles"][0], format!("{base}/tiles/health.hospitals/{{z}}/{{x}}/{{y}}"));
    }
}

#[tokio::test]
async fn every_tileset_in_the_list_answers() {
    let house = House::open().await;
    let list = house.json("/tiles").await;
    let tilesets = list["tilesets"].as_array().expect("tilesets");
    assert_eq!(tilesets.len(), 3 + 6);
    for tileset in tilesets {
        let tilejson = house.json(tileset["tilejson"].as_str().expect("an address")).await;
        assert_eq!(tilejson["vector_layers"][0]["id"], tileset["id"]);
    }
}
