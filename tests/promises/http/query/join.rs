use bandoso::engine::geodesic::distance_m;
use bandoso::model::LonLat;
use serde_json::Value;

use crate::support::house::House;

async fn features(house: &House, path: &str) -> Vec<Value> {
    house.json(path).await["features"].as_array().expect("features").clone()
}

fn place(feature: &Value) -> LonLat {
    let at = &feature["geometry"]["coordinates"];
    LonLat { lon: at[0].as_f64().expect("a longitude"), lat: at[1].as_f64().expect("a latitude") }
}

#[tokio::test]
async fn a_join_counts_what_is_near_each_feature_as_by_brute_force() {
    let house = House::open().await;
    let all = |layer: &str| format!("/query/within?layer={layer}&limit=10000&row=%7B%7D");
    let (incidents, hospitals) =
        (features(&house, &all("police.incidents")).await, features(&house, &all("health.hospitals")).await);
    for radius_m in [500.0, 8_000.0, 60_000.0] {
        let near = |hospital: &Value| {
            let at = place(hospital);
            let metres = incidents.iter().map(|incident| (distance_m(at, place(incident)), incident["id"].as_u64()));
            let mut metres: Vec<_> = metres.filter(|(metres, _)| *metres <= radius_m).collect();
            metres.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            metres
        };
        let path = format!("/query/join?layer=health.hospitals&with=police.incidents&radius_m={radius_m}&nearest=true");
        let answer = house.json(&path).await;
        let listed = answer["features"].as_array().expect("features");
        assert_eq!((listed.len(), &answer["total"]["features"]), (hospitals.len(), &Value::from(hospitals.len())));
        let mut pairs = 0;
        for (joined, hospital) in listed.iter().zip(&hospitals) {
            let near = near(hospital);
            assert_eq!((&joined["id"], &joined["properties"]["count"]), (&hospital["id"], &Value::from(near.len())));
            assert_eq!(joined["properties"]["nearest_id"].as_u64(), near.first().and_then(|(_, id)| *id));
            pairs += near.len();
        }
        assert_eq!(answer["total"]["pairs"], pairs, "{radius_m}");
        assert!(answer["version"]["police.incidents"].is_u64() && answer["version"]["health.hospitals"].is_u64());
        let some = house.json(&format!("{path}&at_least=1")).await;
        assert_eq!(some["numberMatched"], answer["total"]["with_near"]);
    }
}

#[tokio::test]
async fn pages_of_a_join_give_each_feature_once() {
    let house = House::open().await;
    let path = "/query/join?layer=police.incidents&with=police.incidents&radius_m=3000&at_least=1&limit=300";
    let first = house.json(path).await;
    let (mut page, mut ids) = (first.clone(), Vec::new());
    loop {
        ids.extend(page["features"].as_array().expect("features").iter().map(|feature| feature["id"].as_u64()));
        let links = page["links"].as_array().expect("links");
        let Some(next) = links.iter().find(|link| link["rel"] == "next") else { break };
        let next = next["href"].as_str().expect("an address").to_owned();
        page = house.json(&next).await;
    }
    assert_eq!(first["numberMatched"], ids.len());
    assert!(ids.is_sorted() && ids.len() > 300, "{ids:?}");
    // A feature is not near itself.
    let alone = house.json("/query/join?layer=health.hospitals&with=health.hospitals&radius_m=0.001").await;
    assert_eq!(alone["total"]["pairs"], 0);
}

#[tokio::test]
async fn a_join_that_cannot_be_asked_is_refused_by_its_parameter() {
    let house = House::open().await;
    for (query, status, parameter) in [
        ("layer=police.incidents&radius_m=5", 400, "with"),
        ("layer=police.incidents&with=health.hospitals", 400, "radius_m"),
        ("layer=police.incidents&with=health.nothing&radius_m=5", 404, "with"),
        ("layer=police.nothing&with=health.hospitals&radius_m=5", 404, "layer"),
        ("layer=police.incidents&with=health.hospitals&radius_m=5&with_filter=nothing=1", 400, "with_filter"),
        ("layer=police.incidents&with=health.hospitals&radius_m=5&filter=nothing=1", 400, "filter"),
        ("layer=police.incidents&with=health.hospitals&radius_m=5&bbox=1,2,3", 400, "bbox"),
        ("layer=police.incidents&with=health.hospitals&radius_m=5&level=commune", 400, "level"),
        ("layer=police.incidents&with=health.hospitals&radius_m=5&at_least=-1", 400, "at_least"),
        ("layer=police.incidents&with=health.hospitals&radius_m=5&cursor=x", 400, "cursor"),
    ] {
        let answer = house.get(&format!("/query/join?{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (status, &parameter.into()), "{query}");
    }
    let public = House::public().await;
    let hidden = public.get("/query/join?layer=health.hospitals&with=construction.works&radius_m=5").await;
    assert_eq!(hidden.status.as_u16(), 404);
}
