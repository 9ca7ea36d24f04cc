use axum::http::StatusCode;

use crate::support::house::House;

#[tokio::test]
async fn caches_keep_answers_by_what_is_in_them() {
    let house = House::open().await;
    for (path, caching) in [
        ("/tiles/health.hospitals/0/0/0", "private, no-cache"),
        ("/tiles/police.incidents/0/0/0", "private, no-store"),
        ("/tiles/units.commune/5/25/14", "public, no-cache"),
        ("/tiles/units.commune/5/25/14?count=police.incidents", "private, no-store"),
        ("/tiles/units.commune,police.incidents", "private, no-store"),
        ("/query/nearest?layer=health.hospitals&at=108,15", "private, no-cache"),
        ("/query/count?layer=construction.works", "private, no-cache"),
        ("/query/locate?at=108,15", "public, no-cache"),
        ("/layers", "private, no-store"),
        ("/style.json", "private, no-store"),
        ("/health", "no-store"),
        ("/metrics", "no-store"),
        ("/query/nowhere", "no-store"),
    ] {
        assert_eq!(house.get(path).await.header("cache-control"), Some(caching), "{path}");
    }
    let public = House::public().await;
    for path in ["/tiles/health.hospitals/0/0/0", "/layers", "/query/nearest?layer=health.hospitals&at=108,15"] {
        assert_eq!(public.get(path).await.header("cache-control"), Some("public, no-cache"), "{path}");
    }
}

#[tokio::test]
async fn who_has_an_answer_is_not_sent_it_again() {
    let house = House::open().await;
    for path in [
        "/layers",
        "/style.json",
        "/tiles",
        "/tiles/health.hospitals",
        "/query/count?layer=police.incidents&by=month",
        "/",
    ] {
        for accept in ["identity", "gzip"] {
            let answer = house.get_with(path, &[("accept-encoding", accept)]).await;
            let etag = answer.header("etag").expect("a tag").to_owned();
            let again = house.get_with(path, &[("accept-encoding", accept), ("if-none-match", &etag)]).await;
            assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
            assert_eq!(again.header("cache-control"), answer.header("cache-control"), "{path}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_the_same_packed_or_not() {
    let house = House::open().await;
    let path = "/query/within?layer=police.incidents&unit=21001&limit=500";
    let plain = house.get(path).await;
    let packed = house.get_with(path, &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 3 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
    assert_eq!(packed.plain(), plain.body);
}
