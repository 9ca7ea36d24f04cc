use serde_json::{Value, json};

use crate::support::house::House;
use crate::support::province::INCIDENT_COUNT;

fn sum(table: &Value) -> u64 {
    table["rows"].as_array().expect("rows").iter().filter_map(|row| row["count"].as_u64()).sum()
}

#[tokio::test]
async fn restating_under_other_units_keeps_the_total() {
    let house = House::open().await;
    for by in ["commune", "district", "province", "category", "month", "commune,category,month"] {
        for as_of in ["", "&as_of=2025-06-30", "&as_of=2025-07-01", "&as_of=1900-01-01"] {
            let table = house.json(&format!("/query/count?layer=police.incidents&by={by}{as_of}")).await;
            assert_eq!((table["total"].as_u64(), sum(&table)), (Some(INCIDENT_COUNT), INCIDENT_COUNT), "{by} {as_of}");
        }
    }
    assert_eq!(house.json("/query/count?layer=police.incidents").await["total"], INCIDENT_COUNT);
}

#[tokio::test]
async fn rows_name_units_and_keep_near_and_outside() {
    let house = House::open().await;
    let table = house.json("/query/count?layer=police.incidents&by=commune&as_of=2025-07-01").await;
    let rows = table["rows"].as_array().expect("rows");
    let row = |unit: &str| rows.iter().find(|row| row["commune"] == unit);
    let west = row("21001").expect("the west");
    assert_eq!((&west["commune_name"], &west["commune_valid_from"]), (&json!("Xã Tây"), &json!("2025-07-01")));
    assert!(row("near").is_some() && row("outside").is_some(), "{table}");
    assert_eq!(table["version"], json!({ "police.incidents": 1, "units": 1 }));
}

const WORDS: [&str; 10] =
    ["commune", "district", "province", "category", "day", "week", "month", "year", "hour", "weekday"];

async fn matched(house: &House, href: &Value) -> Value {
    let href = href.as_str().expect("an address");
    house.json(&format!("{href}&limit=1")).await["numberMatched"].clone()
}

#[tokio::test]
async fn the_list_behind_every_number_is_as_long_as_the_number_says() {
    let house = House::open().await;
    let more = [
        "",
        "&as_of=2025-07-01",
        "&filter=category%20%3C%3E%20%27fire%27",
        "&datetime=2025-01-01/2025-09-01&as_of=2024-05-01",
    ];
    let mut followed = 0;
    for (index, first) in WORDS.iter().enumerate() {
        let second = WORDS[(index + 3) % WORDS.len()];
        let more = more[index % more.len()];
        let table = house.json(&format!("/query/count?layer=police.incidents&by={first},{second}{more}")).await;
        assert_eq!(matched(&house, &table["href"]).await, table["total"], "{first},{second}{more}");
        let rows = table["rows"].as_array().expect("rows");
        // Every one of few rows, some of many.
        for row in rows.iter().step_by(rows.len().div_ceil(40).max(1)) {
            assert_eq!(matched(&house, &row["href"]).await, row["count"], "{row}");
            followed += 1;
        }
    }
    assert!(followed > 150, "{followed}");
    let table = house.json("/query/count?layer=police.incidents&by=month&links=false").await;
    assert!(table.get("href").is_none() && table["rows"][0].get("href").is_none(), "{table}");
}

#[tokio::test]
async fn a_comparison_has_every_row_of_both_intervals_and_the_lists_behind_them() {
    let house = House::open().await;
    for (compare, datetime, before) in [
        ("previous", "2025-07-01/2025-08-01", "2025-06-01/2025-07-01"),
        ("previous", "2025-04-01/2025-07-01", "2025-01-01/2025-04-01"),
        ("year", "2025-01-01/2026-01-01", "2024-01-01/2025-01-01"),
        ("year", "2025-07-01/2025-07-15", "2024-07-01/2024-07-15"),
    ] {
        for by in ["", "&by=commune,category", "&by=month", "&by=day,category", "&by=week", "&by=weekday,hour"] {
            let path = format!("/query/count?layer=police.incidents&datetime={datetime}&compare={compare}{by}");
            let table = house.json(&path).await;
            assert_eq!((&table["datetime"], &table["previous_datetime"]), (&json!(datetime), &json!(before)));
            let earlier = house.json(&format!("/query/count?layer=police.incidents&datetime={before}")).await;
            assert_eq!(table["previous"], earlier["total"], "{path}");
            assert_eq!(matched(&house, &table["previous_href"]).await, table["previous"], "{path}");
            let Some(rows) = table["rows"].as_array() else { continue };
            let sum = |name: &str| rows.iter().filter_map(|row| row[name].as_u64()).sum::<u64>();
            assert_eq!(
                (json!(sum("count")), json!(sum("previous"))),
                (table["total"].clone(), table["previous"].clone())
            );
            for row in rows.iter().step_by(rows.len().div_ceil(20).max(1)) {
                assert_eq!(matched(&house, &row["href"]).await, row["count"], "{row}");
                assert_eq!(matched(&house, &row["previous_href"]).await, row["previous"], "{row}");
                let (now, then) = (row["count"].as_i64().expect("a count"), row["previous"].as_i64().expect("a count"));
                assert_eq!(row["change"], now - then);
                assert_eq!(
                    (row["percent"].is_null(), row["percent_reason"].is_string()),
                    (then == 0, then == 0),
                    "{row}"
                );
            }
        }
    }
    for (query, parameter) in [
        ("compare=previous", "datetime"),
        ("compare=year&datetime=2025-01-01/..", "datetime"),
        ("compare=decade&datetime=2025", "datetime"),
        ("compare=decade&datetime=2025-01-01", "compare"),
        ("by=nothing", "by"),
        ("by=month,month", "by"),
        ("by=title", "by"),
        ("sum=title", "sum"),
        ("avg=category", "avg"),
        ("links=no", "links"),
        ("bom=true", "bom"),
    ] {
        let answer = house.get(&format!("/query/count?layer=police.incidents&{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &json!(parameter)), "{query}");
    }
    let refused = house.get("/query/count?layer=police.incidents&by=nothing").await.text();
    assert!(refused.contains("weekday") && refused.contains("category"), "{refused}");
}

#[tokio::test]
async fn a_count_is_a_table_too() {
    let house = House::open().await;
    let csv = house.get("/query/count?layer=health.hospitals&by=commune&as_of=2025-07-01&f=csv").await.text();
    let expected = "commune,commune_name,commune_valid_from,count\r\n21001,Xã Tây,2025-07-01,1\r\n\
                    21002,Xã Đông,2025-07-01,1\r\noutside,,,1\r\n";
    assert_eq!(csv, expected);
    let total = house.get("/query/count?layer=health.hospitals&f=csv&bom=true&as_of=2025-07-01").await;
    assert_eq!(total.text(), "\u{feff}count\r\n3\r\n");
    assert_eq!(total.header("bandoso-as-of"), Some("2025-07-01"));
}
