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

#[tokio::test]
async fn a_count_is_a_table_too() {
    let house = House::open().await;
    let csv = house.get("/query/count?layer=health.hospitals&by=commune&as_of=2025-07-01&f=csv").await.text();
    let expected = "commune,commune_name,commune_valid_from,count\r\n21001,Xã Tây,2025-07-01,1\r\n\
                    21002,Xã Đông,2025-07-01,1\r\noutside,,,1\r\n";
    assert_eq!(csv, expected);
    assert_eq!(house.get("/query/count?layer=health.hospitals&f=csv").await.text(), "count\r\n3\r\n");
}
