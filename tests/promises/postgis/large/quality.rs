//! The quality of a layer, and the rows behind each number of it.

use super::*;
use crate::support::quality::numbers;

impl House {
    /// What is told of the layer, but for the times at which it was written.
    async fn quality(&self, id: &str, more: &str) -> Value {
        let path = format!("/query/quality?layer={id}{more}");
        let (status, _, body) = self.ask(Request::get(&path).body(Body::empty()).expect("a request")).await;
        let mut answer: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        let layer = answer["layers"][0].as_object_mut().expect("a layer");
        for own in ["last_updated", "last_confirmed", "version"] {
            assert!(!layer.remove(own).expect(own).is_null(), "{own}");
        }
        serde_json::from_str(&answer["layers"][0].to_string().replace(id, "LAYER")).expect("JSON")
    }
}

/// Times without an end, numbers that are none, and many rows in one place.
async fn spoil(house: &House) {
    let psql = client(house.database.url()).await;
    let before = house.atlas.versions(View::EVERYTHING);
    for id in PAIRS.iter().flatten() {
        let time = if id.contains("at_") { "at1" } else { "day1" };
        let edits = format!(
            "UPDATE {id} SET {time} = 'infinity' WHERE id % 97 = 0; UPDATE {id} SET {time} = '-infinity' WHERE id % 89 = 0; \
             UPDATE {id} SET real1 = 'NaN' WHERE id % 83 = 0; UPDATE {id} SET real1 = 'infinity' WHERE id % 79 = 0; \
             UPDATE {id} SET code2 = 'B' WHERE id % 73 = 0; \
             UPDATE {id} SET code1 = 'nobody''s' WHERE id % 67 = 0; UPDATE {id} SET {time} = '2999-01-01' WHERE id % 71 = 0; \
             UPDATE {id} SET geom = ST_Point(108.75, 15.25, 4326) WHERE id % 13 = 0"
        );
        execute(&psql, &edits).await;
    }
    let moved = || {
        let now = house.atlas.versions(View::EVERYTHING);
        PAIRS.iter().flatten().all(|id| now[*id] > before[*id])
    };
    while !moved() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quality_is_told_alike_and_each_list_is_as_long_as_its_number() {
    let Some(house) = House::open(View::EVERYTHING).await else { return };
    spoil(&house).await;
    let mut questions = Questions(StdRng::seed_from_u64(21), 900);
    let (mut followed, mut found) = (0, std::collections::BTreeMap::<String, u64>::new());
    for round in 0..12 {
        let more = if round == 0 { String::new() } else { questions.parameters() };
        for pair in PAIRS {
            let (memory, database) = (house.quality(pair[0], &more).await, house.quality(pair[1], &more).await);
            assert_eq!(memory, database, "{more}");
            let mut told = Vec::new();
            numbers(&memory, &mut told);
            for (count, href) in told {
                let list = house.same(pair, &format!("{href}&limit=3"), None).await;
                assert!(list.contains(&format!("\"numberMatched\":{count},")), "{href}: {count}\n{list}");
                followed += 1;
                let of = href.split("of=").nth(1).and_then(|rest| rest.split('&').next()).expect("of").to_owned();
                *found.entry(of).or_default() += count;
            }
        }
    }
    assert!(followed > 300, "{followed}");
    // The table's own place must be a point and there: nothing of it can be left out.
    let none: Vec<&String> = found.iter().filter(|(_, count)| **count == 0).map(|(of, _)| of).collect();
    let left_out =
        ["invalid_id", "invalid_position", "missing_position", "position_without", "unreadable_row", "wrong_geometry"];
    assert_eq!(none, left_out, "{found:?}");
}
