use axum::http::StatusCode;
use serde_json::json;

use super::link;
use crate::support::house::House;

const TILES: &str = "/ogc/collections/police.incidents/tiles";

#[tokio::test]
async fn a_tile_is_the_same_one_with_its_row_first() {
    let house = House::open().await;
    for (z, x, y) in [(0, 0, 0), (6, 51, 29), (10, 821, 468)] {
        let plain = house.get(&format!("/tiles/police.incidents/{z}/{x}/{y}")).await;
        let ogc = house.get(&format!("{TILES}/WebMercatorQuad/{z}/{y}/{x}?f=mvt")).await;
        assert_eq!((plain.status, ogc.status), (StatusCode::OK, StatusCode::OK), "{z}/{x}/{y}");
        assert_eq!(plain.body, ogc.body, "{z}/{x}/{y}");
        for header in ["content-type", "etag", "cache-control", "vary", "bandoso-features", "bandoso-version"] {
            assert_eq!(plain.header(header), ogc.header(header), "{header}");
        }
    }
    for (path, status) in [
        (format!("{TILES}/WebMercatorQuad/1/2/0"), StatusCode::NOT_FOUND),
        (format!("{TILES}/WebMercatorQuad/1/99999999999999999999/0"), StatusCode::NOT_FOUND),
        (format!("{TILES}/WebMercatorQuad/1/a/0"), StatusCode::BAD_REQUEST),
        (format!("{TILES}/WebMercatorQuad/0/0/0?f=png"), StatusCode::BAD_REQUEST),
        (format!("{TILES}/WorldCRS84Quad/0/0/0"), StatusCode::NOT_FOUND),
        ("/ogc/collections/units.commune/tiles/WebMercatorQuad/0/0/0".to_owned(), StatusCode::NOT_FOUND),
        ("/ogc/tileMatrixSets/WorldCRS84Quad".to_owned(), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(house.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_tileset_leads_to_its_tiles_and_its_scheme() {
    let house = House::open().await;
    let list = house.json(TILES).await;
    let tileset = house.json(link(&list["tilesets"][0], "self").unwrap()).await;
    assert_eq!((&tileset["dataType"], &tileset["layers"][0]["id"]), (&json!("vector"), &json!("police.incidents")));
    let template = link(&tileset, "item").unwrap();
    let tile = template.replace("{tileMatrix}", "6").replace("{tileRow}", "29").replace("{tileCol}", "51");
    assert_eq!(house.get(&tile).await.status, StatusCode::OK, "{tile}");
    let scheme = house.json(link(&tileset, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme").unwrap()).await;
    let matrices = scheme["tileMatrices"].as_array().unwrap();
    assert_eq!(matrices.len(), 23);
    // OGC 17-083r4, annex D.1.
    let first = matrices[0]["scaleDenominator"].as_f64().unwrap();
    assert!((first - 559_082_264.028_717_8).abs() < 1e-3, "{first}");
    assert_eq!((&matrices[3]["matrixWidth"], &matrices[3]["id"]), (&json!(8), &json!("3")));
    let tilejson = house.json(&format!("{TILES}/WebMercatorQuad?f=tilejson")).await;
    assert_eq!(tilejson["tilejson"], "3.0.0");
}
