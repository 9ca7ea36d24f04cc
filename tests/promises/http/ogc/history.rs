//! `/batches`: who wrote what, and undoing it.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bandoso::http::HttpSettings;
use serde_json::json;

use super::edits::{Desk, GEOJSON, ITEMS, PATCH, hospital};

#[tokio::test]
async fn the_history_tells_who_wrote_and_undoes_it() {
    let desk = Desk::open().await;
    let headers = [("content-type", GEOJSON), ("bandoso-who", "Nguy%E1%BB%85n Lan")];
    let made = desk.ask(Method::POST, ITEMS, &headers, hospital("x").to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let path = made.header("location").strip_prefix("http://localhost").expect("on this server").to_owned();
    desk.send(Method::PATCH, &path, PATCH, &json!({ "properties": { "beds": 9 } })).await;
    let listed = desk.get("/batches?layer=health.hospitals").await;
    assert_eq!((listed.status, listed.header("cache-control")), (StatusCode::OK, "private, no-store"));
    let list = listed.json()["batches"].clone();
    assert_eq!(
        (&list[0]["who"], &list[0]["changed"], &list[1]["who"]),
        (&json!("local"), &json!(1), &json!("Nguyễn Lan"))
    );
    let id = |index: usize| list[index]["id"].as_u64().expect("an id");
    let told = desk.get(&format!("/batches/{}", id(0))).await.json();
    assert_eq!(
        (&told["rows"][0]["what"], &told["rows"][0]["before"]["properties"]["beds"]),
        (&json!("changed"), &json!(120))
    );
    let undo = async |id: u64, headers: &[(&str, &str)]| {
        desk.ask(Method::POST, &format!("/batches/{id}/undo"), headers, Body::empty()).await
    };
    assert_eq!(undo(id(0), &[("origin", "https://evil.example")]).await.status, StatusCode::FORBIDDEN);
    let refused = undo(id(1), &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "it was changed since");
    assert!(
        refused.json()["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains(path.rsplit('/').next().expect("an id")))
    );
    let undone = undo(id(0), &[("bandoso-who", "Minh")]).await;
    assert_eq!(
        (undone.status, &undone.json()["who"], &undone.json()["undoes"]),
        (StatusCode::OK, &json!("Minh"), &json!(id(0)))
    );
    assert!(undone.header("bandoso-version").contains("health.hospitals="));
    assert_eq!(desk.get(&path).await.json()["properties"]["beds"], 120, "it is shown at once");
    assert_eq!(undo(id(0), &[]).await.status, StatusCode::CONFLICT);
    assert_eq!(undo(id(1), &[]).await.status, StatusCode::OK, "the row is again as it was left");
    assert_eq!(desk.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(undo(4711, &[]).await.status, StatusCode::NOT_FOUND);
    for path in ["/batches?layer=police.nowhere", "/batches/x", "/batches/0"] {
        assert_eq!(desk.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for query in ["limit=0", "before=x", "page=1"] {
        assert_eq!(desk.get(&format!("/batches?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let public = Desk::with(HttpSettings::default()).await;
    assert_eq!(public.get("/batches").await.status, StatusCode::FORBIDDEN);
}
