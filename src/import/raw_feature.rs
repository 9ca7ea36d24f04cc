use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// A GeoJSON Feature before anything in it is judged.
#[derive(Deserialize)]
pub(super) struct RawFeature {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    pub id: Json,
    #[serde(default)]
    pub geometry: Json,
    #[serde(default)]
    pub properties: Option<Map<String, Json>>,
}

/// Reads one feature that begins on the `line`; what was expected and what was found, in words for people, where it is none.
pub(super) fn read_feature(json: &[u8], line: u64) -> Result<RawFeature, String> {
    let raw: RawFeature = serde_json::from_slice(json).map_err(|error| {
        if error.is_data() {
            return "expected a GeoJSON Feature: an object with \"type\": \"Feature\", a \"geometry\" and \"properties\""
                .to_owned();
        }
        // The parser counts from the feature's first byte.
        let line = line + (error.line() as u64).saturating_sub(1);
        format!("expected a GeoJSON Feature, found broken JSON on line {line}")
    })?;
    match raw.kind.as_str() {
        "Feature" => Ok(raw),
        "FeatureCollection" => Err("expected a list of \"features\" in the FeatureCollection, found none".to_owned()),
        other => Err(format!("expected a GeoJSON Feature, found type {}", super::values::shown(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_feature_is_told_in_words_for_people_not_for_parsers() {
        for (json, told) in [
            ("{\"a\":1}", "expected a GeoJSON Feature: an object with \"type\""),
            ("7", "expected a GeoJSON Feature: an object with \"type\""),
            ("{\"type\":\"Feature\",\"properties\":[1]}", "expected a GeoJSON Feature: an object with \"type\""),
            ("{\"type\":\"Feature\",\n\"id\":}", "found broken JSON on line 8"),
            ("{\"type\":\"FeatureCollection\"}", "expected a list of \"features\""),
            ("{\"type\":\"Point\"}", "found type \"Point\""),
        ] {
            let message = read_feature(json.as_bytes(), 7).err().unwrap();
            assert!(message.contains(told), "{json}: {message}");
            assert!(!message.contains("column") && !message.contains('`'), "{message}");
        }
        assert!(read_feature(b"{\"type\":\"Feature\"}", 1).is_ok());
    }
}
