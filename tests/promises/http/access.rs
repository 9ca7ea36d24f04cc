use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::support::house::House;

/// Words that only guarded layers and fields hold.
const GUARDED: [&str; 6] = ["police.incidents", "construction.works", "phone", "+84 255", "occurred_at", "Trộm cắp"];

#[tokio::test]
async fn guarded_layers_are_unknown_to_the_public_at_every_address() {
    let house = House::public().await;
    for layer in ["police.incidents", "construction.works"] {
        for path in [
            format!("/tiles/{layer}"),
            format!("/tiles/{layer}/0/0/0"),
            format!("/tiles/health.hospitals,{layer}/0/0/0"),
            format!("/tiles/units.commune/0/0/0?count={layer}"),
            format!("/query/within?layer={layer}&at=108,15&radius_m=10"),
            format!("/query/within?layer={layer}&unit=21001"),
            format!("/query/nearest?layer={layer}&at=108,15"),
            format!("/query/count?layer={layer}"),
            format!("/query/quality?layer={layer}"),
            format!("/query/quality?layer=health.hospitals,{layer}"),
            format!("/query/quality/rows?layer={layer}&of=unit_outside"),
            format!("/query/quality/rows?layer={layer}&of=position_without"),
        ] {
            let answer = house.get(&path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            let unknown = house.get(&path.replace(layer, "police.nowhere")).await;
            let (refused, unknown) = (answer.json(), unknown.json());
            assert_eq!(refused["type"], unknown["type"], "{path}");
            let detail = refused["detail"].as_str().map(|detail| detail.replace(layer, "police.nowhere"));
            assert_eq!(detail.as_deref(), unknown["detail"].as_str(), "{path}");
        }
    }
}

#[tokio::test]
async fn no_answer_to_the_public_holds_a_guarded_word() {
    let house = House::public().await;
    for path in [
        "/layers",
        "/style.json",
        "/tiles",
        "/tiles/health.hospitals",
        "/query/within?layer=health.hospitals&at=108.2,14.8&radius_m=1000",
        "/query/within?layer=health.hospitals&at=108.2,14.8&radius_m=1000&f=csv",
        "/query/nearest?layer=health.hospitals&at=108.2,14.8",
        "/query/quality",
        "/query/quality?f=csv",
        "/query/quality/rows?layer=health.hospitals&of=unit_outside",
        "/metrics",
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        for word in GUARDED {
            assert!(!answer.text().contains(word), "{word} in {path}");
        }
    }
    let tile = house.get("/tiles/health.hospitals/0/0/0").await.tile();
    assert!(
        tile[0]
            .features
            .iter()
            .all(|feature| feature.property("phone").is_none() && feature.property("name").is_some())
    );
    let open = House::open().await;
    assert!(open.get("/query/nearest?layer=health.hospitals&at=108.2,14.8").await.text().contains("+84 255"));
}

#[tokio::test]
async fn a_server_that_shows_guarded_layers_answers_loopback_names_only() {
    let house = House::open().await;
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080", "map.localhost"] {
        assert_eq!(house.get_with("/layers", &[("host", host)]).await.status, StatusCode::OK, "{host}");
    }
    for headers in [
        vec![("host", "evil.example")],
        vec![("host", "evil.example:8080")],
        vec![("host", "localhost"), ("host", "evil.example")],
        vec![("host", "localhost"), ("x-forwarded-host", "map.example")],
        vec![("host", "127.0.0.1.evil.example")],
    ] {
        let answer = house.get_with("/layers", &headers).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(!answer.text().contains("police"));
    }
    let absolute = Request::get("http://evil.example/layers").header("host", "localhost");
    assert_eq!(house.ask(absolute.body(Body::empty()).expect("a request")).await.status, StatusCode::FORBIDDEN);
    let public = House::public().await;
    assert_eq!(public.get_with("/layers", &[("host", "map.example")]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_of_other_origins_read_what_is_public_only() {
    let (open, public) = (House::open().await, House::public().await);
    let allowed =
        |answer: &crate::support::house::Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    for (origin, granted) in [
        ("http://localhost:5173", true),
        ("http://127.0.0.1:3000", true),
        ("https://evil.example", false),
        ("http://localhost.evil.example", false),
        ("null", false),
    ] {
        let answer = open.get_with("/layers", &[("origin", origin)]).await;
        assert_eq!(allowed(&answer), granted.then(|| origin.to_owned()), "{origin}");
        let told = answer.header("access-control-expose-headers").is_some_and(|names| names.contains("etag"));
        assert_eq!(told, granted, "{origin}: which headers it may read goes with the leave to read");
        assert_eq!(allowed(&public.get_with("/layers", &[("origin", origin)]).await).as_deref(), Some("*"), "{origin}");
    }
    let preflight = Request::options("/query/within")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let answer = public.ask(preflight.body(Body::empty()).expect("a request")).await;
    assert_eq!((answer.status, allowed(&answer).as_deref()), (StatusCode::OK, Some("*")));
    assert!(answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains("POST")));
}
