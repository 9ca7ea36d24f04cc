use serde_json::json;

use crate::support::house::House;

#[tokio::test]
async fn a_place_has_one_chain_of_units_for_each_date() {
    let house = House::open().await;
    for (at, as_of, chain) in [
        ("108.25,15.25", "2025-06-30", vec![("51", "covered"), ("522", "covered"), ("21001", "covered")]),
        ("108.25,15.25", "2025-07-01", vec![("51", "covered"), ("21001", "covered")]),
        ("108.75,14.75", "2025-06-30", vec![("62", "covered"), ("608", "covered"), ("23001", "covered")]),
        ("109.001,15.2", "2025-07-01", vec![("51", "near"), ("21002", "near")]),
        ("111,15.2", "2025-07-01", vec![("", "outside"), ("", "outside")]),
    ] {
        let answer = house.json(&format!("/query/locate?at={at}&as_of={as_of}")).await;
        assert_eq!((&answer["as_of"], &answer["version"]["units"]), (&json!(as_of), &json!(1)));
        let units = answer["units"].as_array().expect("units");
        let found: Vec<(&str, &str)> = units
            .iter()
            .map(|unit| (unit["code"].as_str().unwrap_or(""), unit["relation"].as_str().unwrap_or("")))
            .collect();
        assert_eq!(found, chain, "{at} {as_of}");
        for unit in units {
            let metres = unit["distance_m"].as_f64();
            match unit["relation"].as_str() {
                Some("covered") => assert_eq!(metres, Some(0.0)),
                Some("near") => assert!(metres.is_some_and(|metres| (100.0..115.0).contains(&metres)), "{unit}"),
                _ => assert_eq!((metres, &unit["name"]), (None, &json!(null))),
            }
        }
    }
}

#[tokio::test]
async fn an_explanation_names_the_candidates_and_the_rule() {
    let house = House::open().await;
    let explain = |at: &str| format!("/query/locate?at={at}&as_of=2025-07-01&explain=true");
    let border = house.json(&explain("108.5,15")).await;
    let commune = &border["explain"][1];
    let codes: Vec<&str> =
        commune["candidates"].as_array().expect("candidates").iter().filter_map(|unit| unit["code"].as_str()).collect();
    assert_eq!(codes, ["21001", "21002"], "both cover their shared border");
    assert!(commune["rule"].as_str().is_some_and(|rule| rule.contains("lowest code")), "{commune}");
    let inside = house.json(&explain("108.49,15")).await;
    let other = &inside["explain"][1]["nearest_other"];
    assert_eq!(other["code"], "21002");
    assert_eq!(inside["explain"][1]["border_m"], other["distance_m"], "the nearest border is the one to the neighbour");
    let deep = house.json(&explain("108.25,14.51")).await;
    let metres = deep["explain"][1]["border_m"].as_f64();
    assert!(
        metres.is_some_and(|metres| (1100.0..1110.0).contains(&metres)),
        "beyond the south is no neighbour: {deep}"
    );
    assert!(other["distance_m"].as_f64().is_some_and(|metres| (1060.0..1090.0).contains(&metres)), "{other}");
    assert!(house.json("/query/locate?at=108.5,15").await.get("explain").is_none());
}

#[tokio::test]
async fn a_chain_is_a_table_too() {
    let house = House::open().await;
    let csv = house.get("/query/locate?at=108.25,15.25&as_of=2025-07-01&f=csv").await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let expected = "level,code,name,full_name,relation,distance_m\r\nprovince,51,Mới,Xã Mới,covered,0\r\n\
                    commune,21001,Tây,Xã Tây,covered,0\r\n";
    assert_eq!(csv.text(), expected);
}
