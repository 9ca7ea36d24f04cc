//! The duty desk's call to layers that stay in the database.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::engine::cql2::read_text;
use bandoso::http::{HttpSettings, app};
use bandoso::model::{Catalogue, DutyOrder, DutyRole, DutyRoles, LayerId, Role, View};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{House, PAIRS};

/// Roles of all kinds, all played by one layer.
fn roles(layer: &str) -> DutyRoles {
    let layer = LayerId::parse("layer", layer).expect("an id");
    let filter = |text: &str| Some(read_text("filter", text).expect("a filter"));
    let role = |role: Role, order, reach_m, filter| DutyRole {
        order,
        reach_m,
        filter,
        count: 7,
        ..role.played_by(layer.clone())
    };
    DutyRoles(vec![
        role(Role::Stations, DutyOrder::Nearest, None, None),
        role(Role::Water, DutyOrder::Nearest, None, filter("whole1 > 0 AND truth1 = TRUE")),
        role(Role::Cameras, DutyOrder::Nearest, Some(3_000.0), filter("text1 IS NOT NULL")),
        role(Role::Incidents, DutyOrder::Latest, Some(20_000.0), None),
    ])
}

/// The answers without the layer's name and versions.
async fn around(house: &House, layer: &str) -> Vec<Value> {
    let catalogue = Catalogue { duty: roles(layer), ..house.atlas.catalogue().clone() };
    let store = Arc::new(house.database.store().await);
    let atlas = Atlas::open(store, catalogue, AtlasSettings::default()).await.expect("an atlas");
    let app = app(atlas, &HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() });
    let mut answers = Vec::new();
    for question in QUESTIONS {
        let request = Request::get(format!("/query/around?{question}")).body(Body::empty()).expect("a request");
        let response = app.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let text = String::from_utf8(body.to_vec()).expect("text").replace(layer, "LAYER");
        let mut json: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(status, StatusCode::OK, "{json}");
        json.as_object_mut().expect("an object").remove("version");
        answers.push(json);
    }
    answers
}

const QUESTIONS: [&str; 4] = [
    "at=108.8,15.12",
    "at=108.8,15.12&as_of=2025-06-30&datetime=2025-07-01",
    "at=109.12,15.38&datetime=../2025-07-02",
    "at=179.9999,-85.1",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_duty_desk_sees_the_same_round_a_place_wherever_the_layers_are() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    for [memory, database] in PAIRS {
        let (one, other) = (around(&house, memory).await, around(&house, database).await);
        for ((one, other), question) in one.iter().zip(&other).zip(QUESTIONS) {
            assert_eq!(one, other, "{database} {question}");
        }
        for role in Role::ALL {
            let found = |answer: &Value| answer["roles"][role.name()]["features"].as_array().expect("features").len();
            assert!(one.iter().map(found).sum::<usize>() > 0, "{} finds nothing", role.name());
        }
    }
}
