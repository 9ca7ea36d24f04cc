use serde_json::json;

use crate::support::house::House;

#[tokio::test]
async fn an_old_unit_tells_what_it_became_and_how_surely() {
    let house = House::open().await;
    let ask = |words: &str| format!("/query/units/convert?from=2025-06-30&to=2025-07-01&{words}");
    let whole = house.json(&ask("code=21001&level=commune")).await;
    assert_eq!((&whole["from"]["name"], &whole["quality"]), (&json!("Tây Bắc"), &json!("exact")));
    assert_eq!((&whole["to"][0]["name"], &whole["to"][0]["share"]), (&json!("Tây"), &json!("whole")));
    let divided = house.json(&ask("code=23001")).await;
    let to: Vec<&str> =
        divided["to"].as_array().expect("units").iter().filter_map(|unit| unit["code"].as_str()).collect();
    assert_eq!((to, &divided["quality"]), (vec!["21001", "21002"], &json!("partial")));
    let placed = house.json(&ask("code=23001&at=108.75,14.75")).await;
    assert_eq!((&placed["to"][0]["code"], &placed["quality"]), (&json!("21002"), &json!("exact")));
    let csv = house.get(&ask("code=23001&f=csv")).await.text();
    assert!(csv.ends_with("21002,Đông,Xã Đông,commune,2025-07-01,,part\r\n"), "{csv}");
}
