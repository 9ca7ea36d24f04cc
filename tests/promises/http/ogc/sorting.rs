//! `sortby`: features in the order asked for, page by page, whatever is written meanwhile.

use std::cmp::Ordering;

use axum::http::StatusCode;
use bandoso::http::HttpSettings;
use bandoso::model::{Instant, Value as Property, View};
use serde_json::json;

use super::{ids, link};
use crate::support::house::House;
use crate::support::province::{INCIDENT_COUNT, INCIDENTS, incidents};
use crate::support::shelf::Row;

const ITEMS: &str = "/ogc/collections/police.incidents/items";
const TIME: usize = 0;
const CATEGORY: usize = 1;
const NOTE: usize = 2;
const LOSS: usize = 3;

/// Values are compared as people would, and none is behind all.
fn by(index: usize, descending: bool) -> impl Fn(&Row, &Row) -> Ordering {
    move |(_, _, a), (_, _, b)| {
        let order = match (&a[index], &b[index]) {
            (Property::Null, Property::Null) => return Ordering::Equal,
            (Property::Null, _) => return Ordering::Greater,
            (_, Property::Null) => return Ordering::Less,
            (Property::Text(a), Property::Text(b)) => a.cmp(b),
            (Property::Real(a), Property::Real(b)) => a.total_cmp(b),
            (Property::Timestamp(a), Property::Timestamp(b)) => a.cmp(b),
            other => panic!("two of one type: {other:?}"),
        };
        if descending { order.reverse() } else { order }
    }
}

async fn all_pages(house: &House, query: &str) -> Vec<u64> {
    let (mut path, mut seen) = (format!("{ITEMS}?{query}"), Vec::new());
    loop {
        let page = house.json(&path).await;
        seen.extend(ids(&page));
        match link(&page, "next") {
            Some(next) => next.clone_into(&mut path),
            None => return seen,
        }
    }
}

fn sorted(mut rows: Vec<Row>, order: impl Fn(&Row, &Row) -> Ordering) -> Vec<u64> {
    rows.sort_by(|a, b| order(a, b).then(a.0.cmp(&b.0)));
    rows.into_iter().map(|(id, ..)| id).collect()
}

#[tokio::test]
async fn items_are_in_the_order_asked_for_over_all_pages() {
    let house = House::open().await;
    let rows = incidents(&house.atlas.catalogue().time_zone);
    let expected = sorted(rows.clone(), by(TIME, false));
    for sign in ["", "%2B", "+"] {
        assert_eq!(all_pages(&house, &format!("limit=700&sortby={sign}occurred_at")).await, expected, "{sign}");
    }
    assert_eq!(*expected.last().unwrap(), 3, "without a time, so it is last");
    assert_eq!(all_pages(&house, "limit=700&sortby=-occurred_at").await, sorted(rows.clone(), by(TIME, true)));
    let several =
        sorted(rows.clone(), |a, b| by(CATEGORY, true)(a, b).then(by(LOSS, false)(a, b)).then(by(TIME, true)(a, b)));
    assert_eq!(all_pages(&house, "limit=333&sortby=-category,loss,-occurred_at").await, several);
    let by_number: Vec<u64> = (1..=INCIDENT_COUNT).rev().collect();
    assert_eq!(all_pages(&house, "limit=999&sortby=-id").await, by_number);
    let thefts: Vec<Row> =
        rows.into_iter().filter(|(.., row)| row[CATEGORY] == Property::Text("theft".into())).collect();
    let expected = sorted(thefts, by(TIME, true));
    assert_eq!(all_pages(&house, "limit=100&category=theft&sortby=-occurred_at,note").await, expected);
    let file = house.get(&format!("{ITEMS}?f=ndjson&category=theft&sortby=-occurred_at")).await.text();
    let written: Vec<u64> = file
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_u64().unwrap())
        .collect();
    assert_eq!(written, expected, "files are in the same order");
}

#[tokio::test]
async fn sorted_pages_neither_skip_nor_repeat_what_stays_as_it_is() {
    let house = House::open().await;
    let rows = incidents(&house.atlas.catalogue().time_zone);
    let first = house.json(&format!("{ITEMS}?limit=1000&sortby=category,-occurred_at")).await;
    let seen = ids(&first);
    let order = |a: &Row, b: &Row| by(CATEGORY, false)(a, b).then(by(TIME, true)(a, b));
    let expected = sorted(rows.clone(), order);
    assert_eq!(seen, expected[..1000]);
    // The feature that the page ended with goes, another one before it too, and new ones come before and behind the place.
    let (last, other) = (seen[999], seen[3]);
    let mut now: Vec<Row> = rows.into_iter().filter(|(id, ..)| *id != last && *id != other).collect();
    let added = |id: u64, category: &str| {
        let values = [Property::Timestamp(Instant(0)), Property::Text(category.into()), Property::Null, Property::Null];
        (id, now[0].1, [&values[..], &[Property::Null]].concat())
    };
    let more = [added(9001, "aaa"), added(9002, "zzz")];
    now.extend(more);
    let mut shown = house.atlas.shown();
    house.shelf.put(INCIDENTS, now);
    shown.changed().await.unwrap();
    let mut rest = Vec::new();
    let mut next = link(&first, "next").map(str::to_owned);
    while let Some(path) = next {
        let page = house.json(&path).await;
        rest.extend(ids(&page));
        next = link(&page, "next").map(str::to_owned);
    }
    assert!(rest.contains(&9002) && !rest.contains(&9001), "the one before the place was not there when its page was");
    let stayed: Vec<u64> = rest.into_iter().filter(|id| *id != 9002).collect();
    assert_eq!(stayed, expected[1000..]);
}

#[tokio::test]
async fn long_texts_are_sorted_by_their_beginning_and_cursors_stay_short() {
    let house = House::open().await;
    let zone = &house.atlas.catalogue().time_zone;
    let at = incidents(zone)[0].1;
    let row = |id: u64, end: &str| {
        let note = Property::Text(format!("{}{end}", "ệ".repeat(100)));
        (id, at, vec![Property::Null, Property::Null, note, Property::Null, Property::Null])
    };
    let mut shown = house.atlas.shown();
    house.shelf.put(INCIDENTS, vec![row(1, "z"), row(2, &"y".repeat(50_000)), row(3, "")]);
    shown.changed().await.unwrap();
    assert_eq!(NOTE, 2);
    for sign in ["", "-"] {
        assert_eq!(all_pages(&house, &format!("limit=1&sortby={sign}note")).await, [1, 2, 3]);
    }
    let page = house.json(&format!("{ITEMS}?limit=1&sortby=note")).await;
    assert!(link(&page, "next").unwrap().len() < 1_000);
}

#[tokio::test]
async fn what_features_cannot_be_sorted_by_is_refused() {
    let house = House::open().await;
    let next = house.json(&format!("{ITEMS}?limit=1&sortby=loss")).await;
    let cursor = link(&next, "next").unwrap().rsplit("cursor=").next().unwrap().to_owned();
    let plain = house.json(&format!("{ITEMS}?limit=1")).await;
    let plain = link(&plain, "next").unwrap().rsplit("cursor=").next().unwrap().to_owned();
    for (query, parameter) in [
        ("sortby=nonsense".to_owned(), "sortby"),
        ("sortby=".to_owned(), "sortby"),
        ("sortby=-".to_owned(), "sortby"),
        ("sortby=loss,".to_owned(), "sortby"),
        ("sortby=geom".to_owned(), "sortby"),
        ("sortby=id,loss,note,closed,category".to_owned(), "sortby"),
        ("sortby=--loss".to_owned(), "sortby"),
        (format!("sortby=-loss&cursor={cursor}"), "cursor"),
        (format!("sortby=note&cursor={cursor}"), "cursor"),
        (format!("cursor={cursor}"), "cursor"),
        (format!("sortby=loss&cursor={plain}"), "cursor"),
    ] {
        let refused = house.get(&format!("{ITEMS}?{query}")).await;
        assert_eq!(
            (refused.status, &refused.json()["parameter"]),
            (StatusCode::BAD_REQUEST, &json!(parameter)),
            "{query}"
        );
    }
    let public = House::with(HttpSettings { view: View::PUBLIC, ..HttpSettings::default() }).await;
    let path = "/ogc/collections/health.hospitals/items?sortby=";
    assert_eq!(public.get(&format!("{path}phone")).await.status, StatusCode::BAD_REQUEST, "it is not seen");
    assert_eq!(ids(&public.json(&format!("{path}-name")).await), [9, 8, 7]);
}
