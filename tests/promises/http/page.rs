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

#[tokio::test]
async fn the_pages_own_files_are_typed_and_kept_for_ever_under_their_hashed_names() {
    let house = House::open().await;
    let page = house.get("/").await.text();
    let scripts: Vec<&str> = page.split('"').filter(|word| word.starts_with("/assets/")).collect();
    if scripts.is_empty() {
        assert!(page.contains("npm run build"), "a page without files says how to build the map");
        return;
    }
    for path in scripts {
        let file = house.get_with(path, &[("accept-encoding", "gzip")]).await;
        let kind = match path.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            _ => "text/javascript; charset=utf-8",
        };
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, Some(kind)), "{path}");
        assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(file.header("content-encoding"), Some("gzip"));
    }
}
