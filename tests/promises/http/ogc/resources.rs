use axum::http::StatusCode;
use serde_json::{Value, json};

use super::link;
use crate::support::house::House;

/// Every address without parameters, with the type of its JSON.
const RESOURCES: [(&str, &str); 15] = [
    ("/ogc", "application/json"),
    ("/ogc/", "application/json"),
    ("/ogc/conformance", "application/json"),
    ("/ogc/api", "application/vnd.oai.openapi+json;version=3.0"),
    ("/ogc/functions", "application/json"),
    ("/ogc/collections", "application/json"),
    ("/ogc/collections/police.incidents", "application/json"),
    ("/ogc/collections/police.incidents/queryables", "application/schema+json"),
    ("/ogc/collections/police.incidents/sortables", "application/schema+json"),
    ("/ogc/collections/police.incidents/schema", "application/schema+json"),
    ("/ogc/tileMatrixSets", "application/json"),
    ("/ogc/tileMatrixSets/WebMercatorQuad", "application/json"),
    ("/ogc/collections/police.incidents/tiles", "application/json"),
    ("/ogc/collections/police.incidents/tiles/WebMercatorQuad", "application/json"),
    ("/ogc/collections/police.incidents/items/1", "application/geo+json"),
];

#[tokio::test]
async fn every_resource_refuses_what_it_does_not_know() {
    let house = House::open().await;
    for (path, media) in RESOURCES {
        let answer = house.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, Some(media)), "{path}");
        let unknown = house.get(&format!("{path}?nonsense=1")).await;
        assert_eq!(
            (unknown.status, &unknown.json()["parameter"]),
            (StatusCode::BAD_REQUEST, &json!("nonsense")),
            "{path}"
        );
        assert_eq!(house.get(&format!("{path}?f=xml")).await.status, StatusCode::BAD_REQUEST, "{path}");
        let other = house.get_with(path, &[("accept", "application/xml")]).await;
        assert_eq!(other.status, StatusCode::NOT_ACCEPTABLE, "{path}");
    }
    for path in
        ["/ogc/collections/a.b", "/ogc/collections/x", "/ogc/collections/a.b/items", "/ogc/collections/a.b/queryables"]
    {
        let answer = house.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["parameter"]),
            (StatusCode::NOT_FOUND, &json!("collectionId")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_program_finds_everything_by_links_from_the_landing_page() {
    let house = House::open().await;
    let landing = house.json("/ogc").await;
    for rel in ["self", "alternate", "service-desc", "service-doc", "conformance", "data"] {
        let href = link(&landing, rel).unwrap_or_else(|| panic!("no link {rel}"));
        assert_eq!(house.get(href).await.status, StatusCode::OK, "{href}");
    }
    let collections = house.json(link(&landing, "data").unwrap()).await;
    let list = collections["collections"].as_array().unwrap();
    assert_eq!(list.len(), 3);
    for collection in list {
        for link in collection["links"].as_array().unwrap() {
            let href = link["href"].as_str().unwrap();
            let answer = house.get(href).await;
            assert_eq!(answer.status, StatusCode::OK, "{href}: {}", answer.text());
            assert_eq!(answer.header("content-type"), link["type"].as_str(), "{href}");
        }
    }
}

#[tokio::test]
async fn a_collection_tells_where_and_when_its_items_are() {
    let house = House::open().await;
    let incidents = house.json("/ogc/collections/police.incidents").await;
    assert_eq!((&incidents["id"], &incidents["itemType"]), (&json!("police.incidents"), &json!("feature")));
    let bbox = &incidents["extent"]["spatial"]["bbox"][0];
    assert_eq!((bbox.as_array().unwrap().len(), &bbox[2]), (4, &json!(111.0)));
    let interval = incidents["extent"]["temporal"]["interval"][0].as_array().unwrap();
    assert!(interval.iter().all(Value::is_string), "{interval:?}");
    let systems = bandoso::engine::crs::Crs::ALL.map(bandoso::engine::crs::Crs::uri);
    assert_eq!(incidents["crs"], json!(systems.as_slice()));
    assert_eq!(incidents["storageCrs"], "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
    let hospitals = house.json("/ogc/collections/health.hospitals").await;
    assert_eq!(hospitals["extent"]["temporal"]["interval"], json!([[null, null]]));
    let works = house.json("/ogc/collections/construction.works").await;
    assert!(works["extent"].get("spatial").is_none(), "an empty layer is nowhere: {works}");
}

#[tokio::test]
async fn queryables_are_the_fields_with_their_types() {
    let house = House::open().await;
    let schema = house.json("/ogc/collections/police.incidents/queryables").await;
    assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "geom", "occurred_at", "category", "note", "loss", "closed"]);
    assert_eq!(schema["properties"]["category"]["enum"], json!(["theft", "fire", "other"]));
    assert_eq!(schema["properties"]["occurred_at"]["format"], "date-time");
    assert_eq!(schema["properties"]["geom"]["format"], "geometry-point");
    let sortables = house.json("/ogc/collections/police.incidents/sortables").await;
    let names: Vec<&String> = sortables["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "occurred_at", "category", "note", "loss", "closed"]);
}

#[tokio::test]
async fn the_description_names_every_address_and_its_references_lead_somewhere() {
    let house = House::open().await;
    let answer = house.get_with("/ogc/api", &[("accept", "application/vnd.oai.openapi+json;version=3.0")]).await;
    let api = answer.json();
    assert_eq!(api["openapi"], "3.0.3");
    assert!(api["servers"][0]["url"].as_str().unwrap().ends_with("/ogc"));
    let paths = api["paths"].as_object().unwrap();
    for path in ["/", "/conformance", "/collections", "/collections/police.incidents/items/{featureId}"] {
        assert!(paths[path]["get"]["responses"]["200"].is_object(), "{path}");
    }
    let items = &paths["/collections/police.incidents/items"]["get"]["parameters"];
    assert!(items.as_array().unwrap().iter().any(|parameter| parameter["name"] == "category"), "{items}");
    references(&api, &api);
    let methods = paths.values().flat_map(|path| path.as_object().unwrap().values());
    let mut ids: Vec<&str> = methods.filter_map(|method| method["operationId"].as_str()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "each operation has an id of its own");
    let parameters = &api["components"]["parameters"];
    assert_eq!(parameters["limit"]["schema"], json!({ "type": "integer", "minimum": 1, "default": 100 }));
    let bbox = &parameters["bbox"]["schema"];
    assert_eq!((&bbox["type"], &bbox["minItems"], &bbox["maxItems"]), (&json!("array"), &json!(4), &json!(6)));
    let category = items.as_array().unwrap().iter().find(|parameter| parameter["name"] == "category").unwrap();
    assert!(category["schema"].get("enum").is_none(), "other codes are taken, and match nothing: {category}");
}

/// What the router knows and no program asks by itself: the page's own files, and the landing page by its other name.
const UNTOLD: [&str; 2] = ["/ogc/", "/ogc/style.css"];

#[tokio::test]
async fn every_address_of_the_server_is_described() {
    let house = House::open().await;
    let api = house.json("/ogc/api").await;
    let shown = |path: &str, item: &Value| match item["servers"][0]["url"].as_str() {
        Some(root) => {
            assert!(root.ends_with('/') && !root.ends_with("/ogc/"), "{root}");
            path.to_owned()
        }
        None => format!("/ogc{}", path.trim_end_matches('/')),
    };
    let described: Vec<String> =
        api["paths"].as_object().unwrap().iter().map(|(path, item)| shown(path, item)).collect();
    // The routes as they are written, each with the names that the description has for its parts.
    let router =
        include_str!("../../../../src/http/router.rs").replace("TILE_ROUTE", "\"/tiles/{layers}/{z}/{x}/{y}\"");
    let router = router.replace("writes::ITEMS_ROUTE", "\"/ogc/collections/{layer}/items\"");
    let router = router.replace("writes::ITEM_ROUTE", "\"/ogc/collections/{layer}/items/{id}\"");
    let routes: Vec<&str> = router.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(routes.len() > 30, "{routes:?}");
    let told = |route: &str| {
        let parts: Vec<&str> = route.split('/').collect();
        let same = |path: &String| {
            let others: Vec<&str> = path.split('/').collect();
            // A part that stands for a value is any other one.
            parts.len() == others.len() && parts.iter().zip(&others).all(|(a, b)| a == b || a.starts_with('{'))
        };
        described.iter().any(same)
    };
    for route in routes.into_iter().filter(|route| !UNTOLD.contains(route)) {
        assert!(told(route), "{route} is not described in {described:?}");
    }
}

#[tokio::test]
async fn a_parameter_is_described_where_it_is_taken() {
    let house = House::open().await;
    let api = house.json("/ogc/api").await;
    for (layer, timed) in [("police.incidents", true), ("health.hospitals", false)] {
        let path = format!("/collections/{layer}/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}");
        let parameters = api["paths"][&path]["get"]["parameters"].as_array().unwrap();
        let is_datetime = |parameter: &Value| parameter["$ref"] == "#/components/parameters/tile-datetime";
        assert_eq!(parameters.iter().any(is_datetime), timed, "{layer}");
    }
    assert!(api["components"]["parameters"].get("cursor").is_none(), "nobody can make one up");
}

#[tokio::test]
async fn the_description_is_there_in_both_versions() {
    let house = House::open().await;
    let media = "application/vnd.oai.openapi+json;version=3.1";
    for answer in [house.get("/ogc/api?f=json31").await, house.get_with("/ogc/api", &[("accept", media)]).await] {
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, Some(media)));
        let api = answer.json();
        assert_eq!(api["openapi"], "3.1.0");
        assert_eq!(
            api["components"]["schemas"]["feature"]["properties"]["geometry"]["type"],
            json!(["object", "null"])
        );
        assert!(!answer.text().contains("nullable"));
    }
    let landing = house.json("/ogc").await;
    let described = |link: &Value| link["rel"] == "service-desc" && link["type"] == media;
    assert!(landing["links"].as_array().unwrap().iter().any(described), "{landing}");
}

#[tokio::test]
async fn the_pattern_of_datetime_is_what_is_taken() {
    let house = House::open().await;
    let api = house.json("/ogc/api").await;
    let pattern = api["components"]["parameters"]["datetime"]["schema"]["pattern"].as_str().unwrap().to_owned();
    assert!(pattern.starts_with('^') && pattern.ends_with('$') && !pattern.contains("\\d"), "{pattern}");
    for text in [
        "2024-02-29",
        "2025-07-01T08:00:00%2B07:00",
        "../2025-07-01",
        "/2025-07-01",
        "2025-07-01/",
        "2025-07-01/..",
        "2025-07-01T00:00:00.5Z/2025-07-02",
    ] {
        let answer = house.get(&format!("/ogc/collections/police.incidents/items?limit=1&datetime={text}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{text}");
    }
}

fn references(api: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref") {
                let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
                assert!(api.pointer(pointer).is_some(), "{pointer} is nowhere");
            }
            members.values().for_each(|member| references(api, member));
        }
        Value::Array(members) => members.iter().for_each(|member| references(api, member)),
        _ => {}
    }
}
