use std::collections::BTreeSet;

use axum::http::StatusCode;
use bandoso::model::Value as Property;
use serde_json::{Value, json};

use super::{ids, link};
use crate::support::house::House;
use crate::support::province::{INCIDENT_COUNT, INCIDENTS, incidents};

const ITEMS: &str = "/ogc/collections/police.incidents/items";
const HOSPITALS: &str = "/ogc/collections/health.hospitals/items";
const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0/";

async fn matched(house: &House, query: &str) -> u64 {
    house.json(&format!("{ITEMS}?limit=1&{query}")).await["numberMatched"].as_u64().unwrap()
}

/// How many of the made-up incidents are so.
fn expected(house: &House, takes: impl Fn(f64, f64, &[Property]) -> bool) -> u64 {
    let rows = incidents(&house.atlas.catalogue().time_zone);
    rows.iter().filter(|(_, at, values)| takes(at.lon, at.lat, values)).count() as u64
}

fn instant(text: &str) -> i64 {
    bandoso::model::Instant::parse("t", text, &jiff::tz::TimeZone::UTC).unwrap().0
}

#[tokio::test]
async fn a_page_of_items_says_everything_the_standard_asks_for() {
    let house = House::open().await;
    let answer = house.get(&format!("{ITEMS}?limit=2")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/geo+json"));
    assert_eq!(answer.header("content-crs"), Some("<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"));
    assert!(answer.header("vary").is_some_and(|vary| vary.contains("Accept,")));
    let page = answer.json();
    assert_eq!(page["type"], "FeatureCollection");
    assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&json!(INCIDENT_COUNT), &json!(2)));
    let time = page["timeStamp"].as_str().unwrap();
    assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'), "{time}");
    for rel in ["self", "alternate", "next", "collection", "root"] {
        let href = link(&page, rel).unwrap_or_else(|| panic!("no link {rel}"));
        assert_eq!(house.get(href).await.status, StatusCode::OK, "{href}");
    }
    assert!(page["links"].as_array().unwrap().iter().all(|link| link["type"].is_string()));
    assert_eq!(page["features"][0]["geometry"], json!({ "type": "Point", "coordinates": [108.25, 15.25] }));
    assert_eq!(page["features"][0]["properties"]["category"], "theft");
}

#[tokio::test]
async fn a_page_tells_its_links_in_a_header_too() {
    let house = House::open().await;
    let answer = house.get(&format!("{ITEMS}?limit=2")).await;
    let header = answer.header("link").unwrap();
    let next = format!("<{}>; rel=\"next\"; type=\"application/geo+json\"", link(&answer.json(), "next").unwrap());
    assert!(header.contains(&next), "{header}");
    let queryables =
        "/ogc/collections/police.incidents/queryables>; rel=http://www.opengis.net/def/rel/ogc/1.0/queryables;";
    assert!(
        header.contains("rel=\"self\"") && header.contains("type=\"text/html\"") && header.contains(queryables),
        "{header}"
    );
    let long = answer_to_long(&house).await;
    assert!(long.len() < 1000 && long.contains("queryables"), "{long}");
}

/// The header of an answer whose address has no room in one.
async fn answer_to_long(house: &House) -> String {
    let filter = format!("filter=note%20IN%20({}%27b%27)", "%27a%27,".repeat(400));
    house.get(&format!("{ITEMS}?limit=2&{filter}")).await.header("link").unwrap().to_owned()
}

#[tokio::test]
async fn pages_hold_every_item_once_while_others_come_and_go() {
    let house = House::open().await;
    let filter = "filter=category%3D%27theft%27";
    for query in ["", filter, "bbox=108,14.5,109,15.5"] {
        let total = matched(&house, query).await;
        let (mut path, mut seen) = (format!("{ITEMS}?limit=271&{query}"), BTreeSet::new());
        loop {
            let page = house.json(&path).await;
            assert_eq!(page["numberMatched"], total, "the total is on every page");
            for id in ids(&page) {
                assert!(seen.insert(id), "{id} is there twice");
            }
            let Some(next) = link(&page, "next") else { break };
            path = next.to_owned();
        }
        assert_eq!(seen.len() as u64, total, "{query}");
    }
}

#[tokio::test]
async fn a_cursor_survives_that_the_item_it_stands_after_is_removed() {
    let house = House::open().await;
    let first = house.json(&format!("{ITEMS}?limit=10")).await;
    let rows = incidents(&house.atlas.catalogue().time_zone);
    let mut shown = house.atlas.shown();
    house.shelf.put(INCIDENTS, rows.into_iter().filter(|(id, ..)| *id != 10 && *id != 4).collect());
    shown.changed().await.unwrap();
    let second = house.json(link(&first, "next").unwrap()).await;
    assert_eq!(ids(&second), (11..=20).collect::<Vec<u64>>());
    assert_eq!(second["numberMatched"], INCIDENT_COUNT - 2);
}

#[tokio::test]
async fn a_limit_above_the_greatest_is_the_greatest_and_none_is_refused() {
    let house = House::open().await;
    for (limit, returned) in [("1", 1), ("3000", 3000), ("10001", 3000), ("99999999999999999999999", 3000)] {
        assert_eq!(house.json(&format!("{ITEMS}?limit={limit}")).await["numberReturned"], returned, "{limit}");
    }
    assert_eq!(house.json(ITEMS).await["numberReturned"], 100);
}

#[tokio::test]
async fn boxes_are_read_in_the_order_of_their_system() {
    let house = House::open().await;
    let inside = expected(&house, |lon, lat, _| (108.2..=108.4).contains(&lon) && (15.0..=15.2).contains(&lat));
    assert!(inside > 50);
    for query in [
        "bbox=108.2,15.0,108.4,15.2".to_owned(),
        "bbox=108.2,15.0,-5,108.4,15.2,5".to_owned(),
        format!("bbox=15.0,108.2,15.2,108.4&bbox-crs={EPSG}4326"),
        format!("bbox=12044768.904,1689200.139,12067032.802,1712284.276&bbox-crs={EPSG}3857"),
    ] {
        assert_eq!(matched(&house, &query).await, inside, "{query}");
    }
    let sea = expected(&house, |lon, _, _| lon > 109.0);
    assert_eq!(matched(&house, "bbox=109.0000001,-90,-170,90").await, sea, "across the antimeridian");
    assert_eq!(matched(&house, "bbox=170,-90,-170,90").await, 0);
}

#[tokio::test]
async fn an_interval_holds_both_its_ends_and_items_without_a_time() {
    let house = House::open().await;
    let between = |from: i64, to: i64| {
        expected(&house, move |_, _, values| match values[0] {
            Property::Timestamp(at) => (from..=to).contains(&at.0),
            _ => true,
        })
    };
    let (from, to) = ("2025-01-10T01:00:00Z", "2025-07-31T17:00:00Z");
    assert_eq!(matched(&house, &format!("datetime={from}/{to}")).await, between(instant(from), instant(to)));
    assert_eq!(matched(&house, &format!("datetime={from}/..")).await, between(instant(from), i64::MAX));
    assert_eq!(matched(&house, &format!("datetime=/{to}")).await, between(i64::MIN, instant(to)));
    let exact = ids(&house.json(&format!("{ITEMS}?datetime={from}")).await);
    assert!(exact.contains(&1) && exact.contains(&3) && !exact.contains(&2), "{exact:?}");
    let day = "2025-01-10";
    let start = instant("2025-01-09T17:00:00Z");
    assert_eq!(matched(&house, &format!("datetime={day}")).await, between(start, start + 86_400_000_000 - 1));
    assert_eq!(house.json(&format!("{HOSPITALS}?datetime=1999-01-01")).await["numberMatched"], 3, "no time at all");
}

#[tokio::test]
async fn fields_are_parameters_and_all_conditions_hold_at_once() {
    let house = House::open().await;
    let theft = |values: &[Property]| values[1] == Property::Text("theft".to_owned());
    assert_eq!(matched(&house, "category=theft").await, expected(&house, |_, _, values| theft(values)));
    assert_eq!(matched(&house, "category=theft&closed=true&loss=-2.5&note=%3D1%2B1").await, 1);
    assert_eq!(matched(&house, "id=17").await, 1);
    assert_eq!(house.get(&format!("{ITEMS}?id=-1")).await.status, StatusCode::BAD_REQUEST, "ids begin at 0");
    let north = expected(&house, |lon, lat, values| theft(values) && lat >= 15.0 && lon <= 108.5);
    let filter = "filter-lang=cql2-json&filter=%7B%22op%22%3A%22%3E%3D%22%2C%22args%22%3A%5B%7B%22property%22%3A%22loss%22%7D%2C-3%5D%7D";
    assert_eq!(matched(&house, &format!("category=theft&bbox=0,15,108.5,90&{filter}")).await, north);
    let opened = house.json(&format!("{HOSPITALS}?opened=2001-02-03&beds=120")).await;
    assert_eq!(ids(&opened), [7, 8, 9]);
}

#[tokio::test]
async fn every_function_that_is_listed_can_be_called() {
    let house = House::open().await;
    let list = house.json("/ogc/functions").await;
    for function in list["functions"].as_array().unwrap() {
        let name = function["name"].as_str().unwrap();
        for kind in function["arguments"][0]["type"].as_array().unwrap() {
            let (argument, wrong) = match kind.as_str().unwrap() {
                "string" => ("note", "loss"),
                "integer" => ("id", "closed"),
                "number" => ("loss", "note"),
                _ => ("occurred_at", "loss"),
            };
            let good = matched(&house, &format!("filter={name}({argument})%20IS%20NOT%20NULL")).await;
            assert_eq!(
                good,
                matched(&house, &format!("filter={argument}%20IS%20NOT%20NULL")).await,
                "{name}({argument})"
            );
            for call in [format!("{name}({wrong})"), format!("{name}()"), format!("{name}({argument},{argument})")] {
                let answer = house.get(&format!("{ITEMS}?filter={call}%20IS%20NULL")).await;
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{call}");
            }
        }
    }
    let july = expected(&house, |_, _, values| match values[0] {
        Property::Timestamp(at) => at.day(&house.atlas.catalogue().time_zone).to_date().month() == 7,
        _ => false,
    });
    assert!(july > 0);
    assert_eq!(matched(&house, "filter=Month(occurred_at)=7").await, july);
    let since = expected(&house, |_, _, values| match values[0] {
        Property::Timestamp(at) => at.0 >= instant("2025-06-30T17:00:00Z"),
        _ => false,
    });
    for (day, lang) in [("2025-07-01", "cql2-text"), ("2025-07-01T", "cql-text")] {
        assert_eq!(
            matched(&house, &format!("filter=occurred_at%3E=%27{day}%27&filter-lang={lang}")).await,
            since,
            "{day}"
        );
    }
    let json = "%7B%22op%22:%22=%22,%22args%22:%5B%7B%22op%22:%22month%22,%22args%22:%5B%7B%22property%22:%22occurred_at%22%7D%5D%7D,7%5D%7D";
    assert_eq!(matched(&house, &format!("filter-lang=cql2-json&filter={json}")).await, july);
}

#[tokio::test]
async fn geometries_of_a_filter_may_be_of_another_system() {
    let house = House::open().await;
    let inside = expected(&house, |lon, lat, _| (108.2..=108.4).contains(&lon) && (15.0..=15.2).contains(&lat));
    for (filter, crs) in [
        ("S_INTERSECTS(geom,BBOX(108.2,15.0,108.4,15.2))", "http://www.opengis.net/def/crs/OGC/1.3/CRS84".to_owned()),
        ("S_INTERSECTS(geom,BBOX(15.0,108.2,15.2,108.4))", format!("{EPSG}4326")),
        (
            "S_INTERSECTS(geom,POLYGON((15.0%20108.2,15.2%20108.2,15.2%20108.4,15.0%20108.4,15.0%20108.2)))",
            format!("{EPSG}4326"),
        ),
    ] {
        assert_eq!(matched(&house, &format!("filter={filter}&filter-crs={crs}")).await, inside, "{filter}");
    }
}

#[tokio::test]
async fn coordinates_are_given_in_the_system_asked_for() {
    let house = House::open().await;
    for (code, expected) in [
        ("4326", [15.25, 108.25]),
        ("3857", [12_050_334.875_5, 1_718_058.188_7]),
        ("4756", [15.251_029_0, 108.248_2]),
        ("5898", [526_840.0, 1_686_600.0]),
        ("9216", [580_500.0, 1_686_900.0]),
    ] {
        let path = format!("/ogc/collections/police.incidents/items/1?crs={EPSG}{code}");
        let answer = house.get(&path).await;
        assert_eq!(answer.header("content-crs"), Some(format!("<{EPSG}{code}>").as_str()), "{}", answer.text());
        let item: Value = answer.json();
        let found = item["geometry"]["coordinates"].as_array().unwrap().clone();
        let near = |index: usize, tolerance: f64| (found[index].as_f64().unwrap() - expected[index]).abs() < tolerance;
        let tolerance = if expected[0] < 1000.0 { 1e-3 } else { 400.0 };
        assert!(near(0, tolerance) && near(1, tolerance), "{code}: {found:?}");
        // A box of a metre or so round what was given finds the feature again.
        let margin = if expected[0] < 1000.0 { 1e-5 } else { 1.0 };
        let (x, y) = (found[0].as_f64().unwrap(), found[1].as_f64().unwrap());
        let bbox = format!("bbox={},{},{},{}&bbox-crs={EPSG}{code}", x - margin, y - margin, x + margin, y + margin);
        assert_eq!(ids(&house.json(&format!("{ITEMS}?{bbox}")).await), [1], "{code}");
    }
}

#[tokio::test]
async fn an_item_has_a_tag_and_a_missing_one_is_404() {
    let house = House::open().await;
    let answer = house.get(&format!("{ITEMS}/1")).await;
    let item = answer.json();
    assert_eq!((&item["type"], &item["id"]), (&json!("Feature"), &json!(1)));
    let collection = link(&item, "collection").unwrap();
    assert!(collection.ends_with("/ogc/collections/police.incidents"), "{collection}");
    let tag = answer.header("etag").unwrap();
    let again = house.get_with(&format!("{ITEMS}/1"), &[("if-none-match", tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    for id in ["0", "999999", "01", "+1", "-1", "1.0", "x", "99999999999999999999999"] {
        assert_eq!(house.get(&format!("{ITEMS}/{id}")).await.status, StatusCode::NOT_FOUND, "{id}");
    }
}

#[tokio::test]
async fn the_tag_of_a_page_does_not_change_with_the_time() {
    let house = House::open().await;
    let tag = house.get(ITEMS).await.header("etag").unwrap().to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let again = house.get_with(ITEMS, &[("if-none-match", &tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn whatever_does_not_fit_is_400_by_its_name() {
    let house = House::open().await;
    for (query, named) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,x", "bbox"),
        ("bbox-crs=EPSG:4326", "bbox-crs"),
        ("crs=http://www.opengis.net/def/crs/EPSG/0/4327", "crs"),
        ("filter-crs=x", "filter-crs"),
        ("datetime=yesterday", "datetime"),
        ("datetime=2025-07-02/2025-07-01", "datetime"),
        ("filter=nothing%3D1", "filter"),
        ("filter=category%3D", "filter"),
        ("filter-lang=cql", "filter-lang"),
        ("filter=S_INTERSECTS(geom,POINT(1000%2015))&filter-crs=http://www.opengis.net/def/crs/EPSG/0/4326", "filter"),
        ("loss=much", "loss"),
        ("closed=yes", "closed"),
        ("occurred_at=now", "occurred_at"),
        ("cursor=1", "cursor"),
        ("f=xml", "f"),
        ("colour=red", "colour"),
        ("limit=1&limit=1", "limit"),
    ] {
        let answer = house.get(&format!("{ITEMS}?{query}")).await;
        assert_eq!(
            (answer.status, answer.json()["parameter"].as_str()),
            (StatusCode::BAD_REQUEST, Some(named)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_field_that_the_caller_does_not_see_is_nowhere() {
    let (house, all) = (House::public().await, House::open().await);
    assert_eq!(all.json(&format!("{HOSPITALS}?limit=1")).await["features"][0]["properties"]["phone"], "+84 255 000");
    let page = house.get(&format!("{HOSPITALS}?limit=1")).await.text();
    assert!(!page.contains("phone") && !page.contains("+84"), "{page}");
    for query in ["phone=1", "filter=phone%3D%271%27"] {
        assert_eq!(house.get(&format!("{HOSPITALS}?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
    }
    for path in ["queryables", "schema"] {
        let schema = house.get(&format!("/ogc/collections/health.hospitals/{path}")).await.text();
        assert!(schema.contains("beds") && !schema.contains("phone"), "{schema}");
    }
    assert!(!house.get("/ogc/api").await.text().contains("phone"));
    assert_eq!(house.get(ITEMS).await.status, StatusCode::NOT_FOUND);
}
