//! Part 4: features are created, replaced, updated and removed, and no editor overwrites another one's work unknowingly.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::http::{App, HttpSettings, Writes, app};
use bandoso::model::View;
use bandoso::store::Store;
use bandoso::store::geopackage::GeoPackage;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::house::House;
use crate::support::province;

pub const ITEMS: &str = "/ogc/collections/health.hospitals/items";
pub const GEOJSON: &str = "application/geo+json";
pub const PATCH: &str = "application/merge-patch+json";

/// A server on a store that takes edits.
pub struct Desk {
    app: App,
    store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
}

pub struct Told {
    pub status: StatusCode,
    headers: axum::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Told {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Desk {
    pub async fn open() -> Self {
        Self::with(HttpSettings { view: View::EVERYTHING, writes: Writes::ThisMachine, ..HttpSettings::default() })
            .await
    }

    pub async fn with(settings: HttpSettings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = GeoPackage::open(&folder.path().join("map.gpkg")).await.expect("a GeoPackage");
        let store: Arc<dyn Store> = Arc::new(store);
        let catalogue = province::catalogue();
        store.prepare(&catalogue).await.expect("prepared");
        store.put_units(&province::units(), &province::changes()).await.expect("units");
        let atlas = Atlas::open(Arc::clone(&store), catalogue, AtlasSettings::default()).await.expect("an atlas");
        Self { app: app(atlas, &settings), store, _folder: folder }
    }

    /// The store's file.
    pub fn file(&self) -> String {
        self.store.address()
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Told {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.app.clone().oneshot(request.body(body.into()).expect("a request")).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Told { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str) -> Told {
        self.ask(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn send(&self, method: Method, path: &str, kind: &str, body: &Value) -> Told {
        self.ask(method, path, &[("content-type", kind)], body.to_string()).await
    }

    async fn create(&self, body: &Value) -> Told {
        self.send(Method::POST, ITEMS, GEOJSON, body).await
    }

    /// A hospital, at its address.
    async fn hospital(&self) -> String {
        let made = self.create(&hospital("Bệnh viện")).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&made.body));
        made.header("location").strip_prefix("http://localhost").expect("on this server").to_owned()
    }
}

pub fn hospital(name: &str) -> Value {
    json!({
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": [108.25, 15.25] },
        "properties": { "name": name, "beds": 120, "opened": "2001-02-03", "phone": "+84" },
    })
}

#[tokio::test]
async fn a_new_feature_is_at_its_location_as_the_answer_tells_it() {
    let desk = Desk::open().await;
    let made = desk.create(&hospital("Bệnh viện Tây")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&made.body));
    let path = made.header("location").strip_prefix("http://localhost").expect("an absolute address");
    assert!(made.header("bandoso-version").contains("health.hospitals="));
    let read = desk.get(path).await;
    assert_eq!((read.status, read.header("etag"), &read.body), (StatusCode::OK, made.header("etag"), &made.body));
    assert_eq!(made.json()["properties"]["name"], "Bệnh viện Tây");
    assert_eq!(made.json()["properties"]["unit"], "21001", "it is joined at once");
    assert_eq!(desk.get(ITEMS).await.json()["numberMatched"], 1);
    assert_eq!(desk.get(&format!("{ITEMS}?min_version={}", version(&made))).await.json()["numberMatched"], 1);
}

fn version(told: &Told) -> String {
    let versions = told.header("bandoso-version");
    versions.split(',').find_map(|pair| pair.strip_prefix("health.hospitals=")).expect("a version").to_owned()
}

#[tokio::test]
async fn an_id_that_is_brought_is_kept_and_one_that_is_taken_is_a_conflict() {
    let desk = Desk::open().await;
    let with_id = |id: Value| {
        let mut feature = hospital("x");
        feature["id"] = id;
        feature
    };
    let made = desk.create(&with_id(json!(77))).await;
    assert_eq!(made.header("location"), format!("http://localhost{ITEMS}/77"));
    assert_eq!(desk.create(&with_id(json!("BV-1"))).await.status, StatusCode::CREATED);
    for id in [json!(77), json!("77"), json!("BV-1")] {
        let again = desk.create(&with_id(id.clone())).await;
        assert_eq!((again.status, &again.json()["parameter"]), (StatusCode::CONFLICT, &json!("id")), "{id}");
    }
}

#[tokio::test]
async fn put_replaces_patch_changes_parts_and_delete_removes() {
    let desk = Desk::open().await;
    let path = desk.hospital().await;
    let bare = json!({ "type": "Feature", "id": 999, "geometry": { "type": "Point", "coordinates": [108.75, 15.25] },
                       "properties": { "name": "Mới" } });
    let put = desk.send(Method::PUT, &path, GEOJSON, &bare).await;
    assert_eq!(put.status, StatusCode::OK, "{}", String::from_utf8_lossy(&put.body));
    let replaced = put.json();
    assert_eq!((&replaced["properties"]["beds"], &replaced["properties"]["unit"]), (&Value::Null, &json!("21002")));
    assert_ne!(replaced["id"], 999, "a feature's id is its address");
    let patched = desk.send(Method::PATCH, &path, PATCH, &json!({ "properties": { "beds": 7, "name": null } })).await;
    assert_eq!(patched.status, StatusCode::OK, "{}", String::from_utf8_lossy(&patched.body));
    let read = desk.get(&path).await;
    assert_eq!((read.header("etag"), &read.body), (patched.header("etag"), &patched.body));
    assert_eq!(read.json()["properties"]["beds"], 7);
    assert_eq!((&read.json()["properties"]["name"], &read.json()["geometry"]), (&Value::Null, &bare["geometry"]));
    // What was read may be sent back as it is.
    assert_eq!(desk.send(Method::PUT, &path, GEOJSON, &read.json()).await.status, StatusCode::OK);
    assert_eq!(desk.get(&path).await.header("etag"), read.header("etag"), "nothing became otherwise");
    let gone = desk.ask(Method::DELETE, &path, &[], Body::empty()).await;
    assert_eq!((gone.status, gone.body.len()), (StatusCode::NO_CONTENT, 0));
    for (method, kind) in [(Method::GET, ""), (Method::DELETE, ""), (Method::PUT, GEOJSON), (Method::PATCH, PATCH)] {
        assert_eq!(
            desk.send(method.clone(), &path, kind, &hospital("x")).await.status,
            StatusCode::NOT_FOUND,
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_tag_is_the_features_own_and_an_old_one_is_refused() {
    let desk = Desk::open().await;
    let path = desk.hospital().await;
    let read = desk.get(&path).await;
    let tag = read.header("etag").to_owned();
    assert!(tag.starts_with('"'), "{tag} is strong");
    desk.hospital().await;
    assert_eq!(desk.get(&path).await.header("etag"), tag, "another feature's change is not this one's");
    let renamed = json!({ "properties": { "name": "a" } });
    let patch = async |tag: &str| {
        desk.ask(Method::PATCH, &path, &[("content-type", PATCH), ("if-match", tag)], renamed.to_string()).await
    };
    // Any form in which it was read will do.
    let page = desk.get(&format!("{path}?f=html")).await.header("etag").to_owned();
    assert_ne!(page, tag);
    let changed = patch(&format!("\"nothing\", {page}")).await;
    assert_eq!(changed.status, StatusCode::OK);
    for stale in [tag.as_str(), page.as_str(), &format!("W/{}", changed.header("etag")), "\"x\"", "x"] {
        let refused = patch(stale).await;
        assert_eq!(
            (refused.status, &refused.json()["parameter"]),
            (StatusCode::PRECONDITION_FAILED, &json!("If-Match"))
        );
        let delete = desk.ask(Method::DELETE, &path, &[("if-match", stale)], Body::empty()).await;
        assert_eq!(delete.status, StatusCode::PRECONDITION_FAILED, "{stale}");
        let headers = [("content-type", GEOJSON), ("if-match", stale)];
        let put = desk.ask(Method::PUT, &path, &headers, hospital("b").to_string()).await;
        assert_eq!(put.status, StatusCode::PRECONDITION_FAILED, "{stale}");
    }
    assert_eq!(patch("*").await.status, StatusCode::OK);
    let known = desk.ask(Method::GET, &path, &[("if-none-match", changed.header("etag"))], Body::empty()).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    let nowhere = format!("{ITEMS}/4711");
    for tag in ["*", changed.header("etag")] {
        let headers = [("content-type", PATCH), ("if-match", tag)];
        let refused = desk.ask(Method::PATCH, &nowhere, &headers, "{}").await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED, "nothing is there to match");
    }
}

#[tokio::test]
async fn what_no_feature_can_have_is_refused_by_its_name() {
    let desk = Desk::open().await;
    let path = desk.hospital().await;
    let with = |name: &str, value: Value| {
        let mut feature = hospital("x");
        feature["properties"][name] = value;
        feature
    };
    for (body, parameter) in [
        (with("beds", json!("many")), "beds"),
        (with("beds", json!("120")), "beds"),
        (with("name", json!(5)), "name"),
        (with("name", json!(true)), "name"),
        (with("opened", json!("")), "opened"),
        (with("opened", json!("03/02/2001")), "opened"),
        (with("opened", json!("ngày mai")), "opened"),
        (with("doctors", json!(3)), "doctors"),
        (json!({ "type": "Feature", "geometry": null, "properties": {} }), "geometry"),
        (json!({ "type": "Feature", "geometry": { "type": "Point", "coordinates": [15.1, 108.8] } }), "geometry"),
        (
            json!({ "type": "Feature", "geometry": { "type": "LineString", "coordinates": [[1, 2], [3, 4]] } }),
            "geometry",
        ),
    ] {
        for (method, path) in [(Method::POST, ITEMS), (Method::PUT, path.as_str())] {
            let refused = desk.send(method, path, GEOJSON, &body).await;
            assert_eq!(
                (refused.status, &refused.json()["parameter"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!(parameter))
            );
        }
    }
    let patch = json!({ "properties": { "name": 5 } });
    let refused = desk.send(Method::PATCH, &path, PATCH, &patch).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["detail"], "name: expected a string or null, found the number 5");
    for body in ["", "{", "[]", "{\"type\":\"FeatureCollection\",\"features\":[]}"] {
        let refused = desk.ask(Method::POST, ITEMS, &[("content-type", GEOJSON)], body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
    }
    for (method, path, kind) in [
        (Method::POST, ITEMS, "text/plain"),
        (Method::POST, ITEMS, ""),
        (Method::PUT, &path, PATCH),
        (Method::PATCH, &path, GEOJSON),
    ] {
        assert_eq!(
            desk.send(method, path, kind, &hospital("x")).await.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{kind}"
        );
    }
    let long = hospital(&"x".repeat(5 << 20)).to_string();
    let refused = desk.ask(Method::POST, ITEMS, &[("content-type", GEOJSON)], long).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(desk.get(ITEMS).await.json()["numberMatched"], 1, "nothing of it is stored");
}

#[tokio::test]
async fn coordinates_are_in_the_system_that_content_crs_names() {
    let desk = Desk::open().await;
    let mut feature = hospital("x");
    feature["geometry"]["coordinates"] = json!([15.25, 108.25]);
    let latitude_first = "<http://www.opengis.net/def/crs/EPSG/0/4326>";
    let send = async |crs: &str| {
        desk.ask(Method::POST, ITEMS, &[("content-type", GEOJSON), ("content-crs", crs)], feature.to_string()).await
    };
    let made = send(latitude_first).await;
    assert_eq!((made.status, &made.json()["geometry"]), (StatusCode::CREATED, &hospital("x")["geometry"]));
    assert_eq!(send("<http://www.opengis.net/def/crs/EPSG/0/99>").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn pages_of_other_sites_cannot_write_nor_can_anyone_from_afar() {
    let desk = Desk::open().await;
    let body = hospital("x").to_string();
    let send = async |desk: &Desk, headers: &[(&str, &str)]| {
        let headers = [&[("content-type", GEOJSON)], headers].concat();
        desk.ask(Method::POST, ITEMS, &headers, body.clone()).await.status
    };
    for headers in [
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("origin", "http://localhost.evil.example")],
        [("sec-fetch-site", "cross-site")],
        [("host", "evil.example")],
    ] {
        assert_eq!(send(&desk, &headers).await, StatusCode::FORBIDDEN, "{headers:?}");
    }
    assert_eq!(
        send(&desk, &[("origin", "http://localhost"), ("sec-fetch-site", "same-origin")]).await,
        StatusCode::CREATED
    );
    let public = Desk::with(HttpSettings::default()).await;
    assert_eq!(send(&public, &[]).await, StatusCode::FORBIDDEN);
    let classes = public.get("/ogc/conformance").await.json();
    assert!(!classes.to_string().contains("ogcapi-features-4"), "only what passes is listed");
    let (features, _) = crate::support::rows::load(public.store.as_ref(), &province::catalogue().layers[1]).await;
    assert_eq!(features, []);
}

#[tokio::test]
async fn options_tells_the_methods_of_an_address_for_this_caller() {
    let desk = Desk::open().await;
    let public = Desk::with(HttpSettings::default()).await;
    for (desk, path, allowed) in [
        (&desk, ITEMS, "GET, HEAD, OPTIONS, POST"),
        (&desk, &*format!("{ITEMS}/1"), "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        (&desk, "/query/within", "GET, HEAD, POST"),
        (&desk, "/ogc/collections", "GET, HEAD"),
        (&public, ITEMS, "GET, HEAD, OPTIONS"),
        (&public, &*format!("{ITEMS}/1"), "GET, HEAD, OPTIONS"),
    ] {
        let told = desk.ask(Method::OPTIONS, path, &[], Body::empty()).await;
        let mut methods: Vec<&str> = told.header("allow").split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!((told.status, methods.join(", ")), (StatusCode::OK, allowed.to_owned()), "{path}");
    }
    let preflight = [("origin", "http://localhost:5173"), ("access-control-request-method", "PATCH")];
    let told = desk.ask(Method::OPTIONS, ITEMS, &preflight, Body::empty()).await;
    assert!(told.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(desk.ask(Method::TRACE, ITEMS, &[], Body::empty()).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_description_and_the_schemas_tell_what_can_be_sent() {
    let desk = Desk::open().await;
    let api = desk.get("/ogc/api").await.json();
    let one = &api["paths"]["/collections/health.hospitals/items/{featureId}"];
    for method in ["get", "put", "patch", "delete"] {
        assert!(one[method]["operationId"].is_string(), "{method}");
    }
    assert!(api["paths"]["/collections/health.hospitals/items"]["post"]["requestBody"].is_object());
    let classes = desk.get("/ogc/conformance").await.json();
    for class in ["create-replace-delete", "update", "optimistic-locking-etags", "features"] {
        let class = json!(format!("http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/{class}"));
        assert!(classes["conformsTo"].as_array().expect("a list").contains(&class), "{class}");
    }
    let schema = "/ogc/collections/health.hospitals/schema";
    let replace = desk.get(&format!("{schema}?type=replace")).await;
    assert_eq!((replace.status, replace.header("content-type")), (StatusCode::OK, "application/schema+json"));
    let fields = &replace.json()["properties"]["properties"]["properties"];
    assert_eq!(fields["beds"]["type"], json!(["integer", "null"]), "in the words of JSON Schema");
    assert_eq!(fields["opened"]["format"], "date");
    let in_30 = &one["put"]["requestBody"]["content"][GEOJSON]["schema"]["properties"]["properties"]["properties"];
    assert_eq!((&in_30["beds"]["type"], &in_30["beds"]["nullable"]), (&json!("integer"), &json!(true)));
    assert_eq!(desk.get(&format!("{schema}?type=remove")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_store_that_takes_no_edits_says_so() {
    let settings = HttpSettings { view: View::EVERYTHING, writes: Writes::ThisMachine, ..HttpSettings::default() };
    let house = House::with(settings).await;
    let request = Request::post(ITEMS).header("content-type", GEOJSON).body(Body::from(hospital("x").to_string()));
    let answer = house.ask(request.expect("a request")).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS")));
}
