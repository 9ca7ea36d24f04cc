use axum::http::StatusCode;

use crate::support::house::House;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn a_browser_gets_pages_without_scripts_in_both_languages() {
    let house = House::open().await;
    for path in [
        "/ogc",
        "/ogc/conformance",
        "/ogc/api",
        "/ogc/collections",
        "/ogc/collections/police.incidents",
        "/ogc/collections/police.incidents/queryables",
        "/ogc/collections/police.incidents/schema",
        "/ogc/collections/police.incidents/items?limit=3",
        "/ogc/collections/police.incidents/items/1",
        "/ogc/tileMatrixSets",
        "/ogc/collections/police.incidents/tiles",
        "/ogc/collections/police.incidents/tiles/WebMercatorQuad",
    ] {
        let answer = house.get_with(path, &[("accept", BROWSER)]).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("script"), "{policy}");
        let page = answer.text();
        assert!(page.contains("<html lang=\"vi\">") && page.contains("<span lang=\"en\">"), "{path}: {page}");
        assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains(" on"), "{path}: {page}");
        // Nothing is loaded from elsewhere.
        assert!(!page.contains("src="), "{path}: {page}");
        assert!(page.contains("href=\"/ogc/style.css\""));
    }
    assert_eq!(house.get("/ogc/style.css").await.header("content-type"), Some("text/css; charset=utf-8"));
}

#[tokio::test]
async fn a_page_of_items_leads_to_the_next_one_as_a_page() {
    let house = House::open().await;
    let page = house.get("/ogc/collections/police.incidents/items?limit=2&f=html&category=theft").await.text();
    let next = page.split("href=\"").find(|link| link.contains("cursor=")).unwrap().split('"').next().unwrap();
    let next = next.replace("&amp;", "&");
    assert!(next.contains("f=html") && next.contains("category=theft"), "{next}");
    let second = house.get(&next).await;
    assert_eq!((second.status, second.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
    assert_ne!(second.text(), page);
}

#[tokio::test]
async fn text_of_the_data_stays_text_in_a_page() {
    let house = House::open().await;
    let page = house.get("/ogc/collections/police.incidents/items/2?f=html").await.text();
    assert!(page.contains("biển, &quot;sóng&quot;"), "{page}");
}
