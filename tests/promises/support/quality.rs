//! Answers of `/query/quality`.

use serde_json::Value;

/// Every number of an answer: how many, and where they are.
pub fn numbers(told: &Value, into: &mut Vec<(u64, String)>) {
    match told {
        Value::Object(members) => {
            if let (Some(count), Some(href)) = (members.get("count"), members.get("href")) {
                into.push((count.as_u64().expect("a count"), href.as_str().expect("an address").to_owned()));
            }
            members.values().for_each(|value| numbers(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| numbers(item, into)),
        _ => {}
    }
}
