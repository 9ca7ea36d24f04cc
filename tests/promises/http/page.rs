use axum::http::StatusCode;

use crate::support::house::House;

#[tokio::test]
async fn the_root_is_a_page_with_a_policy_that_names_no_other_host() {
    let house = House::open().await;
    let page = house.get("/?lang=vi#7/15/108").await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("<html lang=\"vi\""));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("http"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let packed = house.get_with("/", &[("accept-encoding", "gzip")]).await;
    assert_eq!((packed.header("content-encoding"), packed.plain()), (Some("gzip"), page.body));
}
