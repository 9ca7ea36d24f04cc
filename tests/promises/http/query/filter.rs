use serde_json::json;

use crate::support::house::House;
use crate::support::province::INCIDENT_COUNT;

#[tokio::test]
async fn a_filter_and_its_contrary_add_up_to_everything_with_a_value() {
    let house = House::open().await;
    let total = async |filter: &str| {
        let count = house.json(&format!("/query/count?layer=police.incidents&filter={filter}")).await;
        count["total"].as_u64().expect("a total")
    };
    let (theft, other) = (total("category='theft'").await, total("NOT%20category='theft'").await);
    let unknown = total("category%20IS%20NULL").await;
    assert_eq!(theft + other + unknown, INCIDENT_COUNT);
    assert!(theft > 0 && other > 0, "{theft} {other}");
    let json = r#"{"op":"=","args":[{"property":"category"},"theft"]}&filter-lang=cql2-json"#;
    assert_eq!(total(&json.replace('"', "%22").replace('{', "%7B").replace('}', "%7D")).await, theft);
    let tile = house.get("/tiles/police.incidents/0/0/0?filter=category='theft'").await;
    assert_eq!(tile.features(), theft);
    let within =
        "/query/within?layer=police.incidents&at=108.8,15.1&radius_m=1000&filter=category='theft'%20AND%20FALSE";
    assert_eq!(house.json(within).await["numberMatched"], json!(0));
    let nearest =
        house.json("/query/nearest?layer=police.incidents&at=108.8,15.1&count=3&filter=category='theft'").await;
    let found = nearest["features"].as_array().expect("features");
    assert!(!found.is_empty() && found.iter().all(|feature| feature["properties"]["category"] == "theft"), "{nearest}");
}

#[tokio::test]
async fn a_filter_that_does_not_fit_is_refused_with_its_place() {
    let house = House::open().await;
    for (filter, told) in [
        ("catgory='theft'", "\"at character 1: police.incidents has no field catgory"),
        ("category=5", "at character 10: category is a text, a number is a number"),
        ("category=", "at character 10: expected a value"),
        ("x()", "at character 1: there is no function x"),
    ] {
        let answer = house.get(&format!("/query/count?layer=police.incidents&filter={filter}")).await;
        assert_eq!(answer.status.as_u16(), 400, "{filter}");
        let text = answer.text();
        assert!(text.contains(told) && text.contains("\"parameter\":\"filter\""), "{text}");
    }
    let lang = house.get("/query/count?layer=police.incidents&filter=TRUE&filter-lang=sql").await;
    assert_eq!(lang.status.as_u16(), 400);
}
