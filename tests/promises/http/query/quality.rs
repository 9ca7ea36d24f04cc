use std::sync::Arc;

use axum::http::StatusCode;
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::http::{App, HttpSettings, app};
use bandoso::model::{Catalogue, LonLat, Value as Cell, View};
use bandoso::store::geopackage::GeoPackage;
use bandoso::store::{ImportId, Store};
use serde_json::{Value, json};

use crate::support::house::{Answer, House};
use crate::support::province::{self, HOSPITALS, INCIDENT_COUNT, INCIDENTS, WORKS};
use crate::support::quality::numbers;
use crate::support::rows::{import, row};

fn of<'a>(answer: &'a Value, layer: &str) -> &'a Value {
    let layers = answer["layers"].as_array().expect("layers");
    layers.iter().find(|told| told["layer"] == layer).unwrap_or_else(|| panic!("{layer} in {answer}"))
}

fn finding<'a>(layer: &'a Value, kind: &str) -> &'a Value {
    let findings = layer["findings"].as_array().expect("findings");
    findings.iter().find(|told| told["kind"] == kind).unwrap_or(&Value::Null)
}

/// The counts of a share, which are those of all its rows.
fn sum(share: &Value) -> u64 {
    share.as_object().expect("a share").values().filter_map(|number| number["count"].as_u64()).sum()
}

#[tokio::test]
async fn the_list_behind_every_number_is_as_long_as_the_number_says() {
    let house = House::open().await;
    let mut followed = 0;
    for more in [
        "",
        "?as_of=2025-07-01",
        "?layer=police.incidents&filter=category%20%3C%3E%20%27fire%27",
        "?layer=police.incidents&datetime=2025-01-01/2025-09-01&as_of=2024-05-01",
    ] {
        let answer = house.json(&format!("/query/quality{more}")).await;
        let mut told = Vec::new();
        numbers(&answer, &mut told);
        for (count, href) in told {
            let list = house.json(&format!("{href}&limit=1")).await;
            assert_eq!(list["numberMatched"], count, "{href}");
            followed += 1;
        }
    }
    assert!(followed > 70, "{followed}");
}

#[tokio::test]
async fn each_row_is_in_one_share_of_what_its_layer_has() {
    let house = House::open().await;
    let answer = house.json("/query/quality").await;
    let incidents = of(&answer, INCIDENTS);
    assert_eq!((&incidents["rows"], &incidents["position"]["with"]["share"]), (&json!(INCIDENT_COUNT), &json!(1.0)));
    for share in ["position", "unit", "category", "time"] {
        assert_eq!(sum(&incidents[share]), INCIDENT_COUNT, "{share}");
    }
    assert_eq!(
        (&incidents["category"]["field"], &incidents["time"]["field"]),
        (&json!("category"), &json!("occurred_at"))
    );
    // The one far out at sea has nothing but a place.
    for (share, missing) in [("category", "missing"), ("time", "missing")] {
        assert_eq!(incidents[share][missing]["count"], 1, "{share}");
    }
    let counted = house.json("/query/count?layer=police.incidents&by=province").await;
    let outside = counted["rows"].as_array().expect("rows").iter().find(|row| row["province"] == "outside");
    assert_eq!(finding(incidents, "outside_province")["count"], outside.expect("some")["count"]);
    assert_eq!(finding(incidents, "outside_units")["count"], incidents["unit"]["outside"]["count"]);
    assert_eq!(finding(incidents, "unknown_code")["advice"]["en"], "use a code that the field lists");

    let hospitals = of(&answer, HOSPITALS);
    assert_eq!((&hospitals["category"], &hospitals["time"]), (&Value::Null, &Value::Null));
    assert_eq!(hospitals["unit"]["outside"]["share"], json!(0.333_333));
    for kind in ["future_date", "unknown_code", "out_of_range"] {
        assert_eq!(finding(hospitals, kind), &Value::Null, "it has nothing of the kind");
    }
    assert_eq!(of(&answer, WORKS)["position"]["with"]["share"], Value::Null, "a part of nothing");
    let two = house.json("/query/quality?layer=health.hospitals,construction.works").await;
    let ids: Vec<&Value> = two["layers"].as_array().expect("layers").iter().map(|told| &told["layer"]).collect();
    assert_eq!(ids, [HOSPITALS, WORKS]);
    assert_eq!(two["version"].as_object().map(serde_json::Map::len), Some(3), "and of the units");
}

#[tokio::test]
async fn what_is_later_than_today_is_the_future_and_its_list_keeps_that_day() {
    let house = House::open().await;
    let list = async |today: &str| {
        let path = format!("/query/quality/rows?layer=police.incidents&of=future_date&today={today}&limit=1");
        house.json(&path).await["numberMatched"].as_u64().expect("a number")
    };
    let count = async |from: &str| {
        let path = format!("/query/count?layer=police.incidents&datetime={from}/..");
        house.json(&path).await["total"].as_u64().expect("a total")
    };
    for (today, tomorrow) in [("2025-06-30", "2025-07-01"), ("2024-02-28", "2024-02-29"), ("2026-12-31", "2027-01-01")]
    {
        assert_eq!(list(today).await, count(tomorrow).await, "{today}");
    }
    let future = of(&house.json("/query/quality").await, INCIDENTS)["time"]["future"]["href"].clone();
    assert!(future.as_str().expect("an address").contains("today=20"), "{future}");
}

#[tokio::test]
async fn the_table_has_a_line_for_each_number() {
    let house = House::open().await;
    let (json, csv) = (house.json("/query/quality").await, house.get("/query/quality?f=csv").await.text());
    let mut told = Vec::new();
    numbers(&json, &mut told);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "layer,title_vi,title_en,update_days,last_updated,last_confirmed,stale,rows,of,count,share,href"
    );
    assert_eq!(lines.len(), told.len() + 1);
    let missing = lines.iter().find(|line| line.starts_with(INCIDENTS) && line.contains(",time_missing,1,"));
    assert!(missing.is_some_and(|line| line.contains(",0.000333,/query/quality/rows?")), "{csv}");
    let rows = house.get("/query/quality/rows?layer=police.incidents&of=time_missing&f=csv").await;
    assert_eq!(rows.header("bandoso-matched"), Some("1"));
    assert!(rows.text().contains("\r\n3,111,15.2,"), "{}", rows.text());
}

#[tokio::test]
async fn whoever_does_not_see_a_field_is_told_nothing_by_it() {
    let mut catalogue = province::catalogue();
    let incidents = catalogue.layers.iter_mut().find(|layer| layer.id.as_str() == INCIDENTS).expect("the layer");
    incidents.classification = bandoso::model::Classification::Public;
    for field in &mut incidents.fields {
        field.classification = Some(bandoso::model::Classification::Restricted);
    }
    let desk = Desk::with(catalogue, View::PUBLIC).await;
    let answer = desk.json("/query/quality?layer=police.incidents").await;
    let told = of(&answer, INCIDENTS);
    assert_eq!((&told["category"], &told["time"]), (&Value::Null, &Value::Null));
    for kind in ["future_date", "unknown_code"] {
        assert_eq!(finding(told, kind), &Value::Null);
    }
    let refused = desk.get("/query/quality/rows?layer=police.incidents&of=category_missing").await;
    assert_eq!((refused.status, &refused.json()["parameter"]), (StatusCode::BAD_REQUEST, &json!("of")));
}

/// A server on a `GeoPackage`.
struct Desk {
    app: App,
    store: Arc<GeoPackage>,
    catalogue: Catalogue,
    folder: tempfile::TempDir,
}

impl Desk {
    async fn with(catalogue: Catalogue, view: View) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(GeoPackage::open(&folder.path().join("map.gpkg")).await.expect("a GeoPackage"));
        store.prepare(&catalogue).await.expect("prepared");
        store.put_units(&province::units(), &province::changes()).await.expect("units");
        let held: Arc<dyn Store> = Arc::<GeoPackage>::clone(&store);
        let atlas = Atlas::open(held, catalogue.clone(), AtlasSettings::default()).await.expect("an atlas");
        let app = app(atlas, &HttpSettings { view, ..HttpSettings::default() });
        Self { app, store, catalogue, folder }
    }

    async fn get(&self, path: &str) -> Answer {
        use tower::ServiceExt as _;
        let request = axum::http::Request::get(path).header("host", "localhost").body(axum::body::Body::empty());
        let response = self.app.clone().oneshot(request.expect("a request")).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }

    /// What another program does to the file; gives the layer's version after it.
    async fn elsewhere(&self, sql: &str) -> u64 {
        let file = rusqlite::Connection::open(self.folder.path().join("map.gpkg")).expect("the file");
        // What the triggers of the spatial index call; here nothing has an extent.
        for name in ["ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"] {
            let flags = rusqlite::functions::FunctionFlags::SQLITE_UTF8;
            file.create_scalar_function(name, 1, flags, |_| Ok(true)).expect(name);
        }
        file.execute_batch(sql).expect(sql);
        self.store.versions().await.expect("versions")[HOSPITALS]
    }

    async fn import(&self, names: &[&str]) {
        let layer = self.catalogue.layers.iter().find(|layer| layer.id.as_str() == HOSPITALS).expect("the layer");
        let hospital = |(id, name): (u64, &&str)| {
            let LonLat { lon, lat } = LonLat { lon: 108.2, lat: 14.8 + id as f64 / 1e3 };
            let values = vec![Cell::Text((*name).to_owned()), Cell::Null, Cell::Null, Cell::Text("0255".to_owned())];
            row(ImportId::Number(id), lon, lat, values)
        };
        let rows = (1..).zip(names).map(hospital).collect();
        import(self.store.as_ref(), layer, rows).await.expect("imported");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_map_leaves_out_are_counted_and_listed_with_what_is_wrong() {
    let desk = Desk::with(province::catalogue(), View::EVERYTHING).await;
    desk.import(&["Đông", "Tây", "Nam"]).await;
    let version = desk
        .elsewhere(
            "INSERT INTO health_hospitals (id, geom, name)
             VALUES (11, NULL, 'Mười một'), (12, NULL, '=12'), (13, 'x', 'Mười ba'), (-4, NULL, 'Âm')",
        )
        .await;
    let path = format!("/query/quality?layer=health.hospitals&min_version={version}");
    let answer = desk.json(&path).await;
    let told = of(&answer, HOSPITALS);
    assert_eq!(told["rows"], 7);
    assert_eq!(told["position"]["with"]["count"], 3);
    assert_eq!(
        (&told["position"]["without"]["count"], &told["position"]["without"]["share"]),
        (&json!(3), &json!(0.428_571))
    );
    let counts = ["missing_position", "unreadable_row", "invalid_id", "wrong_geometry"]
        .map(|kind| finding(told, kind)["count"].clone());
    assert_eq!(counts, [json!(2), json!(1), json!(1), json!(0)]);
    let mut all = Vec::new();
    numbers(&answer, &mut all);
    for (count, href) in all {
        assert_eq!(desk.json(&href).await["numberMatched"], count, "{href}");
    }

    let first = desk.json("/query/quality/rows?layer=health.hospitals&of=position_without&limit=2").await;
    assert_eq!(
        first["features"][1],
        json!({
            "type": "Feature", "id": 12, "geometry": null,
            "properties": { "name": "=12", "beds": null, "opened": null, "phone": null, "finding": "missing_position" },
        })
    );
    let next = first["links"].as_array().expect("links").iter().find(|link| link["rel"] == "next").expect("more");
    let second = desk.json(next["href"].as_str().expect("an address").trim_start_matches("http://localhost")).await;
    let ids: Vec<&Value> = second["features"].as_array().expect("features").iter().map(|row| &row["id"]).collect();
    assert_eq!(
        (&second["numberMatched"], ids, second["links"].as_array().map(Vec::len)),
        (&json!(3), vec![&json!(13)], Some(1))
    );
    let csv = desk.get("/query/quality/rows?layer=health.hospitals&of=position_without&f=csv").await.text();
    assert!(csv.ends_with("\r\n12,'=12,,,,missing_position\r\n13,Mười ba,,,,unreadable_row\r\n"), "{csv}");
    // Of what only features have, such rows are no part.
    let filtered = desk.json(&format!("{path}&filter=name%20IS%20NOT%20NULL")).await;
    let told = of(&filtered, HOSPITALS);
    assert_eq!(
        (&told["rows"], &told["position"]["without"], finding(told, "invalid_id")),
        (&json!(3), &Value::Null, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_stale_when_its_owner_has_not_kept_the_promise() {
    let mut catalogue = province::catalogue();
    for layer in catalogue.layers.iter_mut().filter(|layer| layer.id.as_str() != WORKS) {
        layer.update_days = Some(7);
    }
    let desk = Desk::with(catalogue, View::EVERYTHING).await;
    let told = async |layer: &str| {
        let answer = desk.json("/query/quality").await;
        let told = of(&answer, layer);
        [&told["update_days"], &told["stale"]].map(Value::clone)
    };
    assert_eq!(told(WORKS).await, [Value::Null, Value::Null], "nothing is promised");
    assert_eq!(told(HOSPITALS).await, [json!(7), json!(true)], "it has never had a row");
    assert_eq!(desk.json("/layers").await["layers"][1]["update_days"], 7);
    desk.import(&["Đông"]).await;
    assert_eq!(told(HOSPITALS).await, [json!(7), json!(false)]);
    let long_ago = "UPDATE bandoso_version SET updated_at = updated_at - 8 * 86400000000;
                    UPDATE bandoso_batch SET at = at - 8 * 86400000000";
    desk.elsewhere(long_ago).await;
    assert_eq!(told(HOSPITALS).await, [json!(7), json!(true)]);
    let written = of(&desk.json("/query/quality").await, HOSPITALS)["last_updated"].clone();
    desk.import(&["Đông"]).await;
    assert_eq!(told(HOSPITALS).await, [json!(7), json!(false)], "the sender says that all is as it was");
    let answer = desk.json("/query/quality").await;
    assert_eq!(of(&answer, HOSPITALS)["last_updated"], written);
    assert!(of(&answer, HOSPITALS)["last_confirmed"].as_str() > written.as_str());
}
