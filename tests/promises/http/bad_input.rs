//! Input of every bad kind gets its 4xx with the parameter named, in bounded time and memory.

use axum::http::StatusCode;

use crate::support::house::House;

/// Status, parameter named, address.
const REFUSED: [(u16, &str, &str); 95] = [
    // Places.
    (400, "at", "/query/locate"),
    (400, "at", "/query/locate?at="),
    (400, "at", "/query/locate?at=108"),
    (400, "at", "/query/locate?at=108,15,3"),
    (400, "at", "/query/locate?at=NaN,15"),
    (400, "at", "/query/locate?at=inf,15"),
    (400, "at", "/query/locate?at=181,15"),
    (400, "at", "/query/locate?at=108,-90.0001"),
    (400, "at", "/query/locate?at=1e400,15"),
    (400, "at", "/query/locate?at=15°,108°"),
    (400, "at", "/query/nearest?layer=health.hospitals"),
    (400, "at", "/query/nearest?layer=health.hospitals&at=108;15"),
    (400, "at", "/query/units/convert?code=21001&from=2025-06-30&to=2025-07-01&at=north"),
    (400, "layer", "/query/quality?layer="),
    (400, "layer", "/query/quality?layer=health.hospitals,health.hospitals"),
    (400, "datetime", "/query/quality?layer=health.hospitals&datetime=2025-07-01"),
    (400, "filter", "/query/quality?filter=beds%3E1"),
    (400, "at", "/query/quality?at=108,15"),
    (400, "of", "/query/quality/rows?layer=health.hospitals"),
    (400, "of", "/query/quality/rows?layer=health.hospitals&of="),
    (400, "of", "/query/quality/rows?layer=health.hospitals&of=duplicate_id"),
    (400, "of", "/query/quality/rows?layer=health.hospitals&of=time_missing"),
    (400, "of", "/query/quality/rows?layer=police.incidents&of=out_of_range"),
    (400, "layer", "/query/quality/rows?of=unit_outside"),
    (400, "today", "/query/quality/rows?layer=police.incidents&of=time_future&today=tomorrow"),
    (400, "filter", "/query/quality/rows?layer=health.hospitals&of=position_without&filter=beds%3E1"),
    (400, "datetime", "/query/quality/rows?layer=police.incidents&of=missing_position&datetime=2025"),
    (400, "cursor", "/query/quality/rows?layer=health.hospitals&of=position_without&cursor=1"),
    (400, "limit", "/query/quality/rows?layer=health.hospitals&of=position_without&limit=0"),
    (400, "radius_m", "/query/within?layer=health.hospitals&at=108,15"),
    (400, "radius_m", "/query/within?layer=health.hospitals&at=108,15&radius_m=0"),
    (400, "radius_m", "/query/within?layer=health.hospitals&at=108,15&radius_m=-5"),
    (400, "radius_m", "/query/within?layer=health.hospitals&at=108,15&radius_m=NaN"),
    (400, "radius_m", "/query/within?layer=health.hospitals&at=108,15&radius_m=1e9"),
    (400, "at", "/query/within?layer=health.hospitals&radius_m=5"),
    (400, "at", "/query/within?layer=health.hospitals"),
    (400, "unit", "/query/within?layer=health.hospitals&at=108,15&radius_m=5&unit=21001"),
    (400, "level", "/query/within?layer=health.hospitals&at=108,15&radius_m=5&level=commune"),
    // Units.
    (400, "unit", "/query/within?layer=health.hospitals&unit=99999"),
    (400, "unit", "/query/within?layer=health.hospitals&unit="),
    (400, "unit", "/query/within?layer=health.hospitals&unit=21001'--"),
    (400, "level", "/query/within?layer=health.hospitals&unit=21001&level=country"),
    (400, "code", "/query/units/convert?from=2025-06-30&to=2025-07-01"),
    (400, "code", "/query/units/convert?code=99999&from=2025-06-30&to=2025-07-01"),
    (400, "from", "/query/units/convert?code=21001&to=2025-07-01"),
    (400, "to", "/query/units/convert?code=21001&from=2025-06-30&to=tomorrow"),
    // Layers.
    (400, "layer", "/query/count"),
    (400, "layer", "/query/count?layer=incidents"),
    (400, "layer", "/query/count?layer=police.incidents;drop"),
    (404, "layer", "/query/count?layer=police.nowhere"),
    (404, "layers", "/tiles/police.nowhere"),
    (404, "layers", "/tiles/nowhere/0/0/0"),
    (404, "layers", "/tiles/units.country/0/0/0"),
    (404, "layers", "/tiles/police.incidents,/0/0/0"),
    (400, "layers", "/tiles/police.incidents,police.incidents/0/0/0"),
    (400, "layers", "/tiles/a.a,a.b,a.c,a.d,a.e,a.f,a.g,a.h,a.i,a.j,a.k,a.l,a.m,a.n,a.o,a.p,a.q/0/0/0"),
    (404, "count", "/tiles/units.commune/0/0/0?count=police.nowhere"),
    (400, "count", "/tiles/police.incidents/0/0/0?count=police.incidents"),
    (400, "count", "/tiles/police.incidents?count=police.incidents"),
    // Tiles.
    (400, "z", "/tiles/police.incidents/23/0/0"),
    (400, "z", "/tiles/police.incidents/99999999999999999999/0/0"),
    (400, "z", "/tiles/police.incidents/-1/0/0"),
    (400, "x", "/tiles/police.incidents/1/2/0"),
    (400, "y", "/tiles/police.incidents/1/0/2"),
    (400, "y", "/tiles/police.incidents/1/0/0.png"),
    (400, "y", "/tiles/police.incidents/1/0/1e0"),
    (400, "dense", "/tiles/police.incidents/0/0/0?dense=some"),
    (400, "filter", "/tiles/police.incidents/0/0/0?filter=category='theft"),
    // Times.
    (400, "as_of", "/tiles/units.commune/0/0/0?as_of=2025-13-01"),
    (400, "as_of", "/style.json?as_of=never"),
    (400, "bom", "/search?q=a&bom=true"),
    (
        400,
        "filter",
        "/query/count?layer=police.incidents&filter-lang=cql2-json&filter=%7B%22op%22:%22%3D%22,%22args%22:%5B%7B%22property%22:%22title%22%7D,%22%5Cu0000%22%5D%7D",
    ),
    (400, "row", "/query/within?layer=police.incidents&row=%7B%22category%22:%22%5Cu0000%22%7D"),
    (400, "as_of", "/query/locate?at=108,15&as_of=2025-07-01/2025-08-01"),
    (400, "datetime", "/tiles/police.incidents/0/0/0?datetime=2025-08-01/2025-07-01"),
    (400, "datetime", "/tiles/health.hospitals/0/0/0?datetime=2025"),
    (400, "datetime", "/tiles/health.hospitals/0/0/0?datetime=2025-07-01"),
    (400, "datetime", "/tiles/health.hospitals?datetime=2025-07-01"),
    (400, "datetime", "/query/count?layer=health.hospitals&datetime=2025-07-01"),
    (400, "datetime", "/query/count?layer=police.incidents&datetime=2025-07-01T25:00:00Z"),
    // Words and numbers.
    (400, "by", "/query/count?layer=police.incidents&by="),
    (400, "by", "/query/count?layer=police.incidents&by=street"),
    (400, "by", "/query/count?layer=police.incidents&by=commune,commune"),
    (400, "by", "/query/count?layer=police.incidents&by=commune,district,province,category"),
    (400, "by", "/query/count?layer=health.hospitals&by=month"),
    (400, "by", "/query/count?layer=health.hospitals&by=category"),
    (400, "count", "/query/nearest?layer=health.hospitals&at=108,15&count=0"),
    (400, "count", "/query/nearest?layer=health.hospitals&at=108,15&count=1001"),
    (400, "limit", "/query/within?layer=health.hospitals&unit=21001&limit=1000000000000"),
    (400, "cursor", "/query/within?layer=health.hospitals&unit=21001&cursor=AAAA"),
    (400, "f", "/query/count?layer=police.incidents&f=xlsx"),
    (400, "explain", "/query/locate?at=108,15&explain=1"),
    // The query string itself.
    (400, "at", "/query/locate?at=108,15&at=108,15"),
    (400, "at", "/query/locate?at=%ff"),
    (400, "q", "/layers?q=%zz"),
];

#[tokio::test]
async fn bad_input_is_refused_with_the_parameter_named() {
    let house = House::open().await;
    for (status, parameter, path) in REFUSED {
        let path: String =
            path.chars().map(|c| if c.is_ascii() { c.to_string() } else { "%C2%B0".to_owned() }).collect();
        let answer = house.get(&path).await;
        let problem = answer.json();
        let found = (answer.status.as_u16(), problem["parameter"].as_str());
        assert_eq!(found, (status, Some(parameter)), "{path}: {problem}");
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_at_every_address() {
    let house = House::open().await;
    for path in [
        "/layers",
        "/tiles",
        "/tiles/police.incidents",
        "/tiles/police.incidents/0/0/0",
        "/style.json",
        "/query/locate",
        "/query/within",
        "/query/nearest",
        "/query/count",
        "/query/units/convert",
        "/health",
        "/ready",
        "/metrics",
    ] {
        let answer = house.get(&format!("{path}?colour=red")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["parameter"]),
            (400, &serde_json::json!("colour")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_polygon_is_refused() {
    let house = House::open().await;
    let million = format!("{{\"type\":\"Polygon\",\"coordinates\":[[{}[0,0]]]}}", "[0,0],".repeat(1_000_000));
    let long =
        format!("{{\"type\":\"Polygon\",\"coordinates\":[[{}[0,0]]]}}", "[108.123456,15.654321],".repeat(1_000_000));
    let deep = "[".repeat(1_000_000);
    for (status, parameter, body) in [
        (400, "body", ""),
        (400, "body", "{\"type\":"),
        (400, "body", "at=108,15"),
        (400, "body", "\u{0}"),
        (400, "body", deep.as_str()),
        (422, "type", "{\"type\":\"MultiPoint\",\"coordinates\":[[0,0],[1,1]]}"),
        (400, "radius_m", "{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,1]]}"),
        (422, "coordinates", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,1]]]}"),
        (422, "coordinates", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,0]]]}"),
        (422, "coordinates", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[200,0],[1,1],[0,0]]]}"),
        (422, "coordinates", million.as_str()),
        (413, "body", long.as_str()),
    ] {
        let answer = house.post("/query/within?layer=health.hospitals", body.to_owned()).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), problem["parameter"].as_str()), (status, Some(parameter)), "{problem}");
    }
    let with_area = house.post("/query/within?layer=health.hospitals&unit=21001", "{}").await;
    assert_eq!(with_area.json()["parameter"], "unit");
}

#[tokio::test]
async fn an_address_that_is_too_long_is_refused() {
    let house = House::open().await;
    let answer = house.get(&format!("/query/count?layer={}", "a".repeat(9000))).await;
    assert_eq!((answer.status, &answer.json()["parameter"]), (StatusCode::URI_TOO_LONG, &serde_json::json!("uri")));
}

#[tokio::test]
async fn headers_that_make_no_sense_are_refused() {
    let house = House::public().await;
    for (name, value) in [("host", "a b"), ("x-forwarded-host", "<script>"), ("x-forwarded-proto", "javascript")] {
        let answer =
            house.get_with("/tiles", &[("host", "map.example"), (name, value)][usize::from(name == "host")..]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}: {value}");
        assert_eq!(answer.json()["parameter"].as_str().map(str::to_lowercase).as_deref(), Some(name));
    }
}
