//! The API's description in `OpenAPI` 3.1, made from the one in 3.0.

use serde_json::{Value, json};

/// The same document in `OpenAPI` 3.1, whose schemas are JSON Schema 2020-12: what may be null has `null` among its types, and a
/// format of bytes is told by the media type alone.
pub fn as_31(mut document: Value) -> Value {
    convert(&mut document);
    document["openapi"] = "3.1.0".into();
    document["jsonSchemaDialect"] = "https://json-schema.org/draft/2020-12/schema".into();
    document
}

/// Turns a schema of `OpenAPI` 3.0, or a document with such schemas, into JSON Schema 2020-12.
pub fn convert(part: &mut Value) {
    match part {
        Value::Object(members) => {
            if members.get("nullable").is_some_and(Value::is_boolean) {
                let nullable = members.remove("nullable") == Some(Value::Bool(true));
                if let Some(kind) = members.get_mut("type").filter(|_| nullable) {
                    *kind = json!([kind.take(), "null"]);
                }
            }
            // A bound that is none of the values is a flag beside it in 3.0, and a bound of its own in JSON Schema.
            if members.get("exclusiveMinimum") == Some(&Value::Bool(true))
                && let Some(bound) = members.remove("minimum")
            {
                members.insert("exclusiveMinimum".to_owned(), bound);
            }
            if members.get("format").is_some_and(|format| format == "binary") {
                members.clear();
            }
            members.values_mut().for_each(convert);
        }
        Value::Array(items) => items.iter_mut().for_each(convert),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_null_says_so_in_the_words_of_its_version() {
        let old = json!({ "openapi": "3.0.3", "a": [{ "type": "object", "nullable": true }, { "type": "string", "format": "binary" }] });
        let new = as_31(old);
        let bound = as_31(json!({ "a": { "minimum": 0, "exclusiveMinimum": true } }));
        assert_eq!(bound["a"], json!({ "exclusiveMinimum": 0 }));
        assert_eq!(new["openapi"], "3.1.0");
        assert_eq!(new["a"], json!([{ "type": ["object", "null"] }, {}]));
    }
}
