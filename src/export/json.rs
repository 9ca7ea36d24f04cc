//! Features as JSON text, for files and for answers: written straight into bytes, without a tree of JSON in between and with each
//! name escaped once.

use serde::Serialize;

use crate::model::{Feature, Field, Value};

/// Writes features one after the other: what is the same in all of them is made once.
pub struct FeatureTexts {
    /// Places of the fields in the layer, and each one's name as a member's.
    members: Vec<(usize, Vec<u8>)>,
}

/// The properties of a feature that are being written.
pub struct Members<'a> {
    out: &'a mut Vec<u8>,
    any: bool,
}

impl FeatureTexts {
    /// Of these fields, with their places in the layer.
    pub fn new<'f>(fields: impl Iterator<Item = (usize, &'f Field)>) -> Self {
        let member = |(index, field): (usize, &Field)| {
            let mut name = Vec::new();
            add_text(&mut name, &field.name);
            name.push(b':');
            (index, name)
        };
        Self { members: fields.map(member).collect() }
    }

    /// Adds a feature at a position, which is null where a projection has no number for a place far from it; `besides` adds the
    /// properties after those of the fields.
    pub fn add(
        &self,
        out: &mut Vec<u8>,
        (feature, position): (&Feature, Option<[f64; 2]>),
        besides: impl FnOnce(&mut Members<'_>),
    ) {
        out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
        add(out, feature.id);
        match position {
            Some([x, y]) => {
                out.extend_from_slice(b",\"geometry\":{\"type\":\"Point\",\"coordinates\":[");
                add(out, x);
                out.push(b',');
                add(out, y);
                out.extend_from_slice(b"]}");
            }
            None => out.extend_from_slice(b",\"geometry\":null"),
        }
        out.extend_from_slice(b",\"properties\":{");
        let mut members = Members { out, any: false };
        for (index, name) in &self.members {
            members.begin();
            members.out.extend_from_slice(name);
            add_value(members.out, feature.values.get(*index).unwrap_or(&Value::Null));
        }
        besides(&mut members);
        out.extend_from_slice(b"}}");
    }
}

impl Members<'_> {
    /// Adds a text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        add_text(self.out, value);
    }

    /// Adds a number; one that JSON has no words for is null.
    pub fn number(&mut self, name: &str, value: f64) {
        self.name(name);
        add(self.out, value);
    }

    /// Adds a whole number.
    pub fn whole(&mut self, name: &str, value: u64) {
        self.name(name);
        add(self.out, value);
    }

    fn name(&mut self, name: &str) {
        self.begin();
        add_text(self.out, name);
        self.out.push(b':');
    }

    fn begin(&mut self) {
        if self.any {
            self.out.push(b',');
        }
        self.any = true;
    }
}

/// A value of a feature as JSON has it: days and instants are text.
pub fn value_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Text(text) => text.as_str().into(),
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::Date(day) => day.to_string().into(),
        Value::Timestamp(instant) => instant.to_string().into(),
    }
}

fn add_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Text(text) => add_text(out, text),
        Value::Integer(number) => add(out, *number),
        Value::Real(number) => add(out, *number),
        Value::Boolean(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Date(day) => add_text(out, &day.to_string()),
        Value::Timestamp(instant) => add_text(out, &instant.to_string()),
    }
}

/// Adds a number or a text as `serde_json` writes it.
fn add(out: &mut Vec<u8>, value: impl Serialize) {
    // Memory never refuses bytes, and each of these can be written.
    let _ = serde_json::to_writer(out, &value);
}

/// Adds a text with its quotes.
fn add_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        add(out, text);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Day, Instant, LonLat};

    #[test]
    fn whatever_is_in_a_feature_it_reads_back_as_it_was() {
        let texts = ["", "Đức Phổ", "a\"b\\c", "\u{0}\n\u{1f}\u{7f}\u{2028}", "😀"];
        let others = [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Real(-0.1),
            Value::Real(f64::INFINITY),
            Value::Boolean(true),
            Value::Date(Day(0)),
            Value::Timestamp(Instant(1)),
        ];
        let values: Vec<Value> = texts.into_iter().map(|text| Value::Text(text.into())).chain(others).collect();
        let names: Vec<Vec<u8>> = (0..values.len()).map(|index| format!("\"f{index}\":").into_bytes()).collect();
        let writer = FeatureTexts { members: names.into_iter().enumerate().collect() };
        let wanted: serde_json::Map<String, serde_json::Value> =
            values.iter().enumerate().map(|(index, value)| (format!("f{index}"), value_json(value))).collect();
        let feature = Feature { id: u64::MAX, at: LonLat { lon: 0.0, lat: 0.0 }, values, units: Vec::new() };
        for (position, geometry) in
            [(Some([108.1, -15.0]), json!({ "type": "Point", "coordinates": [108.1, -15.0] })), (None, json!(null))]
        {
            let mut out = Vec::new();
            writer.add(&mut out, (&feature, position), |members| {
                members.text("\"unit\"", "21\\025");
                members.number("metres", f64::NAN);
            });
            let mut properties = wanted.clone();
            properties.insert("\"unit\"".into(), "21\\025".into());
            properties.insert("metres".into(), json!(null));
            let read: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
            let whole = json!({ "type": "Feature", "id": u64::MAX, "geometry": geometry, "properties": properties });
            assert_eq!(read, whole);
        }
        let mut out = Vec::new();
        FeatureTexts { members: Vec::new() }.add(&mut out, (&feature, None), |_| {});
        assert!(out.ends_with(b"\"properties\":{}}"));
    }
}
