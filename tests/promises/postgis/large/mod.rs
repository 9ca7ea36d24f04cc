//! A layer that stays in the database gives the answers that it would give from memory.

mod around;
mod files;
mod limits;
mod quality;
mod sorting;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::http::{App, HttpSettings, app};
use bandoso::model::{Classification, Layer, LayerId, LonLat, Residency, View};
use bandoso::store::{ImportId, ImportRow, Store};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::filters;
use crate::support::places::hard_places;
use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::{catalogue, import};
use crate::support::shared::{real_units, shared};
use crate::support::tile_spec;

/// In memory and in the database, with instants and with days as their time.
const PAIRS: [[&str; 2]; 2] = [["test.at_a", "test.at_b"], ["test.day_a", "test.day_b"]];
const ROWS: usize = 6_000;

fn layer(id: &str) -> Layer {
    let mut layer = filters::layer();
    layer.id = LayerId::parse("layer", id).expect("an id");
    let time = if id.starts_with("test.at") { "at1" } else { "day1" };
    layer.time = layer.field(time).map(|(index, _)| index);
    layer.category = layer.field("code1").map(|(index, _)| index);
    layer.name = layer.field("text1").map(|(index, _)| index);
    layer.max_features = 300;
    layer.residency = if id.ends_with('b') { Residency::Database } else { Residency::Memory };
    for field in &mut layer.fields {
        match field.name.as_str() {
            "text2" => field.classification = Some(Classification::Restricted),
            "whole1" => field.min = Some(0.0),
            "real1" => field.max = Some(0.0),
            _ => {}
        }
    }
    layer
}

/// Hard places, the real hospitals, a grid whose points share their places, the ends of the world, and a crowd.
fn places() -> Vec<LonLat> {
    let units = real_units().expect("the real units");
    let mut places = hard_places(units, ROWS / 2, 11);
    let hospitals = shared("points/hospitals_quang_ngai_osm.geojson").expect("the hospitals");
    let hospitals: Value = serde_json::from_slice(&std::fs::read(hospitals).expect("read")).expect("JSON");
    for feature in hospitals["features"].as_array().expect("features") {
        let at = &feature["geometry"]["coordinates"];
        if let (Some(lon), Some(lat)) = (at[0].as_f64(), at[1].as_f64()) {
            places.push(LonLat { lon, lat });
        }
    }
    for lon in [-180.0, -179.999, 0.0, 179.999, 180.0] {
        places.extend([-90.0, -85.1, 0.0, 85.051_128, 89.9, 90.0].map(|lat| LonLat { lon, lat }));
    }
    let mut random = StdRng::seed_from_u64(3);
    while places.len() < ROWS - 1_000 {
        let spread = 10_f64.powf(random.random_range(-5.0..-1.0));
        let off = |random: &mut StdRng| spread * random.random_range(-1.0..1.0);
        places.push(LonLat { lon: 108.8 + off(&mut random), lat: 15.12 + off(&mut random) });
    }
    places.extend(filters::rows(&filters::layer(), 1_000, 5).iter().map(|row| row.at));
    places
}

fn rows(layer: &Layer) -> Vec<ImportRow> {
    let values = filters::rows(layer, ROWS, 1);
    let row = |(feature, at): (bandoso::model::Feature, LonLat)| ImportRow {
        id: ImportId::Number(feature.id + 1),
        at,
        values: feature.values,
    };
    values.into_iter().zip(places()).map(row).collect()
}

struct House {
    app: App,
    atlas: Arc<Atlas>,
    database: TestDatabase,
}

impl House {
    async fn open(view: View) -> Option<Self> {
        let (units, database) = (real_units()?, TestDatabase::fresh()?);
        let store = Arc::new(database.store().await);
        let layers: Vec<Layer> = PAIRS.iter().flatten().map(|id| layer(id)).collect();
        let catalogue = catalogue(&layers);
        store.prepare(&catalogue).await.expect("prepared");
        store.put_units(units, &[]).await.expect("units");
        for layer in &layers {
            import(store.as_ref(), layer, rows(layer)).await.expect("imported");
        }
        let atlas = Atlas::open(store.clone(), catalogue, AtlasSettings::default()).await.expect("an atlas");
        let app = app(Arc::clone(&atlas), &HttpSettings { view, ..HttpSettings::default() });
        Some(Self { app, atlas, database })
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, String, Vec<u8>) {
        let response = self.app.clone().oneshot(request).await.expect("an answer");
        let header = response.headers().get("bandoso-features");
        let features = header.map_or_else(String::new, |value| value.to_str().expect("text").to_owned());
        let status = response.status();
        (status, features, to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec())
    }

    /// The answer about the layer, which stands in the path as LAYER: without its name, without versions, and with the next
    /// page where there is one.
    async fn answer(&self, id: &str, path: &str, body: Option<&str>) -> String {
        let (text, next) = self.page(id, &path.replace("LAYER", id), body).await;
        let after = match next {
            Some(next) => self.page(id, &next, body).await.0,
            None => String::new(),
        };
        format!("{text}{after}")
    }

    async fn page(&self, id: &str, path: &str, body: Option<&str>) -> (String, Option<String>) {
        let request = match body {
            Some(body) => Request::post(path).body(Body::from(body.to_owned())),
            None => Request::get(path).body(Body::empty()),
        };
        let (status, features, body) = self.ask(request.expect("a request")).await;
        if path.starts_with("/tiles") && status.is_success() {
            return (tile(id, &features, &body), None);
        }
        let mut json: Value = serde_json::from_slice(&body).expect("JSON");
        let object = json.as_object_mut().expect("an object");
        // Cursors hold what question they are of, and so the layer's name.
        let links = object.remove("links").unwrap_or_default();
        let links = links.as_array().map_or(&[][..], Vec::as_slice);
        let next = links.iter().find(|link| link["rel"] == "next").and_then(|link| link["href"].as_str());
        let next = next.and_then(|href| href.find("/query").map(|path| href[path..].to_owned()));
        object.remove("version");
        object.remove("instance");
        (format!("{status} {json} {}", next.is_some()).replace(id, "LAYER"), next)
    }

    /// Fails where the two of a pair are answered otherwise; gives the answer.
    async fn same(&self, pair: [&str; 2], path: &str, body: Option<&str>) -> String {
        let (memory, database) = (self.answer(pair[0], path, body).await, self.answer(pair[1], path, body).await);
        assert!(
            memory == database,
            "{path} {body:?}\nmemory:   {}\ndatabase: {}",
            differing(&memory, &database),
            differing(&database, &memory)
        );
        memory
    }
}

/// A tile as text, in the order in which it is written.
fn tile(id: &str, features: &str, body: &[u8]) -> String {
    let mut text = format!("{features}\n");
    for layer in tile_spec::check(body, features.parse().expect("a number of features")) {
        text.push_str(&layer.name.replace(id, "LAYER"));
        for feature in &layer.features {
            let written = writeln!(text, "{:?} {:?} {:?}", feature.id, feature.parts, feature.properties);
            written.expect("a text takes all");
        }
    }
    text
}

/// The text from where it begins to differ.
fn differing(text: &str, other: &str) -> String {
    let same = text.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    text.chars().skip(same.saturating_sub(60)).take(600).collect()
}

/// Questions made up from a seed, with and without a filter, a time and a date.
struct Questions(StdRng, u64);

impl Questions {
    fn parameters(&mut self) -> String {
        let date = ["", "&as_of=2025-06-30", "&as_of=2025-07-01", "&as_of=1900-01-01"].choose(&mut self.0);
        let time = ["", "", "&datetime=2025-07-01", "&datetime=2025-06-30T17:00:00Z/..", "&datetime=../2025-07-02"];
        let time = time.choose(&mut self.0);
        let filter = if self.0.random_bool(0.5) {
            self.1 += 1;
            format!("&filter={}", encoded(&filters::text(self.1)))
        } else {
            String::new()
        };
        format!("{}{}{filter}", date.expect("one"), time.expect("one"))
    }

    fn place(&mut self, places: &[LonLat]) -> LonLat {
        *places.choose(&mut self.0).expect("a place")
    }

    fn tile(&mut self, places: &[LonLat]) -> String {
        let (at, z) = (self.place(places), self.0.random_range(0..=22_u32));
        let world = bandoso::model::World::from_lon_lat(at);
        let tile = |axis: f64| ((axis * f64::from(1_u32 << z)) as u32).min((1 << z) - 1);
        let more = ["", "&dense=all", "&fields=id,unit,text1", "&fields=whole1", "&dense=all&fields=unit"];
        let more = more.choose(&mut self.0).expect("one");
        format!("/tiles/LAYER/{z}/{}/{}?{}{more}", tile(world.x), tile(world.y), self.parameters())
    }

    fn within(&mut self, places: &[LonLat]) -> String {
        let at = self.place(places);
        let page = ["&limit=10000", "&limit=7", "&limit=100"].choose(&mut self.0).expect("one");
        let area = match self.0.random_range(0..3) {
            0 => {
                // The edge goes through a point.
                let edge = self.place(places);
                let radius_m = bandoso::engine::geodesic::distance_m(at, edge).clamp(0.1, 100_000.0);
                format!("at={},{}&radius_m={radius_m}", at.lon, at.lat)
            }
            1 => {
                let radius_m = 10_f64.powf(self.0.random_range(0.0..5.0));
                format!("at={},{}&radius_m={radius_m}", at.lon, at.lat)
            }
            _ => {
                let unit = ["21025", "21025&level=commune", "near", "outside", "near&level=province", "51", "522"];
                format!("unit={}", unit.choose(&mut self.0).expect("one"))
            }
        };
        format!("/query/within?layer=LAYER&{area}{page}{}", self.parameters())
    }

    fn nearest(&mut self, places: &[LonLat]) -> String {
        let (at, count) = (self.place(places), self.0.random_range(1..=100));
        format!("/query/nearest?layer=LAYER&at={},{}&count={count}{}", at.lon, at.lat, self.parameters())
    }

    fn count(&mut self) -> String {
        let keys = [
            "commune", "district", "province", "category", "day", "week", "month", "year", "hour", "weekday", "truth1",
            "code1",
        ];
        let by: Vec<&str> = keys.choose_multiple(&mut self.0, 3).copied().collect();
        let by = by[..self.0.random_range(0..=3)].join(",");
        let by = if by.is_empty() { by } else { format!("&by={by}") };
        let measures = ["", "", "&sum=whole1,real1&avg=real1", "&min=real1,whole1&max=whole1,real1&avg=whole1"];
        let measures = measures.choose(&mut self.0).expect("one");
        format!("/query/count?layer=LAYER{by}{measures}{}", self.parameters())
    }

    fn join(&mut self) -> String {
        let radius_m = 10_f64.powf(self.0.random_range(0.0..3.5));
        let area = ["&unit=21025", "&bbox=108,14,109,15.5", "&unit=near"].choose(&mut self.0).expect("one");
        let nearest = ["&nearest=true", "&at_least=2", ""].choose(&mut self.0).expect("one");
        let with = if self.0.random_bool(0.5) { "&with_filter=truth1%20OR%20whole1%20%3E%200" } else { "" };
        format!(
            "/query/join?layer=LAYER&with=LAYER&limit=20&radius_m={radius_m}{area}{nearest}{with}{}",
            self.parameters()
        )
    }

    fn line(&mut self, places: &[LonLat]) -> String {
        let from = self.place(places);
        let mut off = |spread: f64| spread * self.0.random_range(-1.0..1.0);
        let spread = 10_f64.powf(off(1.5) - 1.5);
        let mut vertices = vec![(from.lon, from.lat)];
        for _ in 0..5 {
            let (lon, lat) = vertices[vertices.len() - 1];
            vertices.push(((lon + off(spread)).clamp(-180.0, 180.0), (lat + off(spread)).clamp(-90.0, 90.0)));
        }
        let vertices: Vec<String> = vertices.iter().map(|(lon, lat)| format!("[{lon},{lat}]")).collect();
        let (early, late) = vertices.split_at(3);
        format!(r#"{{"type":"MultiLineString","coordinates":[[{}],[{}]]}}"#, early.join(","), late.join(","))
    }

    fn polygon(&mut self, places: &[LonLat]) -> String {
        // Its corners are points of the layer.
        let corners: Vec<LonLat> = (0..3).map(|_| self.place(places)).collect();
        let ring: Vec<String> =
            corners.iter().chain(&corners[..1]).map(|at| format!("[{},{}]", at.lon, at.lat)).collect();
        format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, ring.join(","))
    }
}

/// Addresses of the lists behind the rows of a table, and their lengths.
fn rows_of(answer: &str) -> Vec<(String, u64)> {
    let json = answer.find('{').map_or("", |start| &answer[start..]);
    let table = serde_json::Deserializer::from_str(json).into_iter::<Value>().next();
    let table = table.expect("an answer").expect("JSON");
    let rows = table["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let row = |row: &Value| Some((row["href"].as_str()?.to_owned(), row["count"].as_u64()?));
    rows.iter().filter_map(row).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_few_hundred_questions_are_answered_alike_from_memory_and_by_the_database() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    let places = places();
    let mut questions = Questions(StdRng::seed_from_u64(77), 0);
    let (mut answered, mut dense, mut followed) = (0, 0, 0);
    for _ in 0..130 {
        for pair in PAIRS {
            let (square, line) = (questions.polygon(&places), questions.line(&places));
            let radius_m = 10_f64.powf(questions.0.random_range(1.0..4.5));
            let mut paths = [questions.tile(&places), questions.within(&places), questions.nearest(&places)]
                .map(|path| (path, None))
                .to_vec();
            let count = questions.count();
            let table = house.same(pair, &count, None).await;
            if let Some((href, count)) = rows_of(&table).choose(&mut questions.0) {
                let list = house.same(pair, &format!("{href}&limit=3"), None).await;
                assert!(list.contains(&format!("\"numberMatched\":{count},")), "{href}: {count}\n{list}");
                followed += 1;
            }
            let corridor = format!("/query/within?layer=LAYER&limit=50&radius_m={radius_m}{}", questions.parameters());
            paths.push((corridor, Some(line)));
            paths.push((questions.join(), None));
            paths.push((format!("/query/within?layer=LAYER&limit=500{}", questions.parameters()), Some(square)));
            for (path, body) in paths {
                let answer = house.same(pair, &path, body.as_deref()).await;
                answered += usize::from(!answer.starts_with('4'));
                dense += usize::from(answer.contains("count_a"));
            }
        }
    }
    assert!(
        answered > 1_500 && dense > 25 && followed > 100,
        "{answered} answered, {dense} dense, {followed} followed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_found_alike_best_first() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    let words = ["a", "b", "ab", "ba", "duc", "Đức", "e", "1", "Ắ", "i", "u a", "to", "uc"];
    for word in words {
        for near in ["", "&at=108.8,15.12"] {
            for limit in [7, 100] {
                let path = format!("/search?q={}&layer=LAYER&limit={limit}{near}", encoded(word));
                house.same(PAIRS[0], &path, None).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_public_is_alike_and_nothing_else_is_read() {
    let Some(house) = House::open(View::PUBLIC).await else { return };
    let places = places();
    // Whoever may not see a field cannot have the database read it either.
    execute(&client(house.database.url()).await, "ALTER TABLE test.at_b DROP COLUMN text2").await;
    let mut questions = Questions(StdRng::seed_from_u64(5), 5_000);
    for _ in 0..40 {
        let paths = [questions.tile(&places), questions.within(&places), questions.nearest(&places)];
        for path in paths.iter().filter(|path| !path.contains("text2") && !path.contains("filter")) {
            let answer = house.same(PAIRS[0], path, None).await;
            assert!(!answer.contains("text2"), "{path}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_answered_alike_and_move_versions() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    let psql = client(house.database.url()).await;
    for round in 0..3 {
        let before = house.atlas.versions(View::EVERYTHING);
        for id in PAIRS[0] {
            let change = format!(
                "DELETE FROM {id} WHERE id % 7 = {round}; UPDATE {id} SET geom = ST_Point(108.8, 15.1 + id * 1e-6, 4326), code1 = 'b' \
                 WHERE id % 11 = {round}; INSERT INTO {id} (id, geom, at1) SELECT 100000 * ({round} + 1) + n, ST_Point(108.5, 14.8, 4326), \
                 '2025-07-01' FROM generate_series(1, 50) n"
            );
            execute(&psql, &change).await;
        }
        let moved = || {
            let now = house.atlas.versions(View::EVERYTHING);
            PAIRS[0].iter().all(|id| now[*id] > before[*id])
        };
        while !moved() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for path in [
            "/query/count?layer=LAYER&by=commune,category",
            "/tiles/LAYER/9/410/234?",
            "/tiles/LAYER/14/13143/7499?",
            "/query/within?layer=LAYER&at=108.5,14.8&radius_m=5000",
        ] {
            house.same(PAIRS[0], path, None).await;
        }
    }
    // Counted in the background.
    let features = |id: &str| {
        let id = LayerId::parse("layer", id).expect("an id");
        house.atlas.layer(View::EVERYTHING, &id).expect("the layer").features
    };
    while features(PAIRS[0][0]) != features(PAIRS[0][1]) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corridor_holds_what_postgis_finds_within_the_distance() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    let (places, psql) = (places(), client(house.database.url()).await);
    let mut questions = Questions(StdRng::seed_from_u64(12), 0);
    let mut found = 0;
    for _ in 0..60 {
        let (line, radius_m) = (questions.line(&places), 10_f64.powf(questions.0.random_range(1.0..4.5)));
        let path = format!("/query/within?layer=test.at_a&limit=1&radius_m={radius_m}");
        let (_, _, body) = house.ask(Request::post(path).body(Body::from(line.clone())).expect("a request")).await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        let matched = answer["numberMatched"].as_i64().expect("a number");
        // PostGIS measures from the foot of the perpendicular on the sphere: up to 1e-5 of the distance too much.
        let doubt_m = radius_m * 2e-5 + 1e-3;
        let within =
            "SELECT count(*) FROM test.at_a WHERE ST_DWithin(geom::geography, ST_GeomFromGeoJSON($1)::geography, $2)";
        let count =
            async |radius_m: f64| -> i64 { psql.query_one(within, &[&line, &radius_m]).await.expect("counted").get(0) };
        let (least, most) = (count(radius_m - doubt_m).await, count(radius_m + doubt_m).await);
        assert!((least..=most).contains(&matched), "{matched}, not {least} to {most}: {radius_m} m round {line}");
        found += matched;
    }
    assert!(found > 1_000, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_finds_the_pairs_that_postgis_finds() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    let psql = client(house.database.url()).await;
    for (left, right, radius_m) in [("at_a", "day_a", 25.0), ("day_b", "at_a", 400.0), ("at_a", "day_b", 3_000.0)] {
        let path =
            format!("/query/join?layer=test.{left}&with=test.{right}&radius_m={radius_m}&bbox=107,13,110,16&limit=1");
        let (_, _, body) = house.ask(Request::get(path).body(Body::empty()).expect("a request")).await;
        let total = serde_json::from_slice::<Value>(&body).expect("JSON")["total"].clone();
        let sql = format!(
            "SELECT count(DISTINCT a.id), count(*) FROM test.{left} a JOIN test.{right} b ON b.geom && ST_Expand(a.geom, 0.1) \
             AND ST_DistanceSpheroid(a.geom, b.geom, 'SPHEROID[\"WGS 84\",6378137,298.257223563]') <= {radius_m} \
             WHERE a.geom && ST_MakeEnvelope(107, 13, 110, 16, 4326)"
        );
        let row = psql.query_one(&sql, &[]).await.expect("counted");
        let expected = (Some(row.get::<_, i64>(0)), Some(row.get::<_, i64>(1)));
        assert_eq!((total["with_near"].as_i64(), total["pairs"].as_i64()), expected, "{left} {right} {radius_m}");
    }
}
