use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::batches;
use super::front::TILE_ROUTE;
use super::problem::{Kind, Problem};
use super::wrap::wrap;
use super::{
    Shared, events, guard, health, imports, layers, metrics, observe, ogc, page, query, search, style, tilejson, tiles,
    writes,
};

/// The whole surface. A request meets `observe` first.
pub fn routes(shared: Shared) -> Router {
    let settings = shared.settings.clone();
    Router::new()
        // The map as data.
        .route("/tiles", get(tilejson::tilesets))
        .route("/tiles/{layers}", get(tilejson::tilejson))
        .route(TILE_ROUTE, get(tiles::tile))
        .route("/style.json", get(style::style))
        .route("/layers", get(layers::layers))
        // Questions of place.
        .route("/query/locate", get(query::locate))
        .route("/query/within", get(query::within).post(query::within_shape))
        .route("/query/nearest", get(query::nearest))
        .route("/query/around", get(query::around))
        .route("/query/join", get(query::join).post(query::join_polygon))
        .route("/query/count", get(query::count))
        .route("/query/quality", get(query::quality))
        .route("/query/quality/rows", get(query::quality_rows))
        .route("/search", get(search::search))
        .route("/query/units/convert", get(query::convert))
        // The same for programs that speak OGC API.
        .route("/ogc", get(ogc::landing))
        .route("/ogc/", get(ogc::landing))
        .route("/ogc/style.css", get(ogc::style))
        .route("/ogc/conformance", get(ogc::conformance))
        .route("/ogc/api", get(ogc::api))
        .route("/ogc/functions", get(ogc::functions))
        .route("/ogc/collections", get(ogc::collections))
        .route("/ogc/collections/{layer}", get(ogc::collection))
        .route("/ogc/collections/{layer}/queryables", get(ogc::queryables))
        .route("/ogc/collections/{layer}/sortables", get(ogc::sortables))
        .route("/ogc/collections/{layer}/schema", get(ogc::schema))
        .route("/ogc/tileMatrixSets", get(ogc::tile_matrix_sets))
        .route("/ogc/tileMatrixSets/{set}", get(ogc::tile_matrix_set))
        .route("/ogc/collections/{layer}/tiles", get(ogc::tilesets))
        .route("/ogc/collections/{layer}/tiles/{set}", get(ogc::tileset))
        .route("/ogc/collections/{layer}/tiles/{set}/{z}/{row}/{col}", get(ogc::tile))
        .route(writes::ITEMS_ROUTE, get(ogc::items).post(ogc::create))
        .route(writes::ITEM_ROUTE, get(ogc::item).put(ogc::replace).patch(ogc::update).delete(ogc::remove))
        // Who wrote what, and back.
        .route("/batches", get(batches::batches))
        .route("/batches/{id}", get(batches::batch))
        .route("/batches/{id}/undo", post(batches::undo))
        .route_layer(wrap(shared.clone(), guard::bounded))
        // As long as it takes, in a bounded number of their own, with a bound of their own on the body.
        .route("/import", post(imports::import).layer(DefaultBodyLimit::disable()))
        // As long as the client stays, in a bounded number of their own.
        .route("/events", get(events::events))
        // The service itself: answered however busy the rest is.
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        // The web map, and what is not there.
        .fallback(page::file)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(shared.clone())
        // One layer of four, the outermost first: axum copies each of its own for every request, with all below it.
        .layer((
            wrap(shared, observe::observed),
            guard::cors(&settings),
            CatchPanicLayer::custom(panicked),
            DefaultBodyLimit::max(settings.body_bytes),
        ))
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "expected one of the methods that the header Allow names")
}

/// A panic is a bug: it ends its request, and the log has its words.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Problem::internal(format!("a panic: {}", words.unwrap_or("without words"))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn a_panic_is_a_500_whose_words_are_for_the_log_alone() {
        for panic in [Box::new("secret") as Box<dyn std::any::Any + Send>, Box::new("secret".to_owned())] {
            let response = panicked(panic);
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let problem = response.extensions().get::<Problem>().expect("a problem");
            assert_eq!(problem.cause(), Some("a panic: secret"));
            assert!(!String::from_utf8_lossy(&problem.document("1")).contains("secret"));
        }
    }
}
