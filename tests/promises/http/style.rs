use crate::support::house::House;

#[tokio::test]
async fn the_style_draws_every_layer_from_this_server_alone() {
    let house = House::open().await;
    let answer = house.get_with("/style.json?as_of=2025-06-30", &[("host", "localhost:8080")]).await;
    let style = answer.json();
    assert_eq!((style["version"].as_u64(), style["name"].as_str()), (Some(8), Some("Bản đồ thử")));
    let sources = style["sources"].as_object().expect("sources");
    for layer in style["layers"].as_array().expect("layers") {
        let source = layer["source"].as_str();
        assert!(source.is_none_or(|source| sources.contains_key(source)), "{layer}");
    }
    for id in ["police.incidents", "health.hospitals", "construction.works"] {
        let url = format!("http://localhost:8080/tiles/{id}?as_of=2025-06-30");
        assert_eq!(sources[id]["url"], url);
    }
    let text = answer.text();
    let hosts: Vec<&str> = text.match_indices("://").map(|(at, _)| &text[at + 3..at + 17]).collect();
    assert!(hosts.iter().all(|host| *host == "localhost:8080"), "{hosts:?}");
    assert!(text.contains("Hoàng Sa"));
}

#[tokio::test]
async fn a_layers_categories_have_their_colours() {
    let house = House::open().await;
    let style = house.json("/style.json").await;
    let layers = style["layers"].as_array().expect("layers");
    let colour = |id: &str| &layers.iter().find(|layer| layer["id"] == id).expect(id)["paint"]["circle-color"];
    let expected = serde_json::json!([
        "match",
        ["get", "category"],
        "theft",
        "#b3261e",
        "fire",
        "#e08a00",
        "other",
        "#666666",
        "#123456"
    ]);
    assert_eq!(*colour("police.incidents"), expected);
    assert_eq!(*colour("health.hospitals"), "#123456");
}
