//! CQL2 JSON into the same tree as text.

use serde_json::{Map, Value};

use super::lexer::{continues_name, starts_name};
use super::literal::{day, instant, interval_end};
use super::{Fault, MAX_DEPTH, MAX_JSON_BYTES, json_geometry};
use crate::model::filter::{Expr, ExprKind, Operator, Place};

/// Reads a whole document.
pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let root = Place::Pointer("".into());
    if text.len() > MAX_JSON_BYTES {
        let what = format!("a filter has at most {MAX_JSON_BYTES} bytes, this one has {}", text.len());
        return Err(Fault { at: root, what });
    }
    let value: Value = serde_json::from_str(text).map_err(|error| Fault::new(&root, format!("not JSON: {error}")))?;
    expression("", &value, 1)
}

fn pointer(path: &str) -> Place {
    Place::Pointer(path.into())
}

fn fault(path: &str, what: impl Into<String>) -> Fault {
    Fault { at: pointer(path), what: what.into() }
}

fn expression(path: &str, value: &Value, depth: usize) -> Result<Expr, Fault> {
    if depth > MAX_DEPTH {
        return Err(fault(path, format!("a filter nests at most {MAX_DEPTH} levels deep")));
    }
    let kind = match value {
        Value::Bool(truth) => ExprKind::Boolean(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => ExprKind::Integer(whole),
            (None, Some(real)) if real.is_finite() => ExprKind::Real(real),
            _ => return Err(fault(path, "a number that a double can hold, below 1.8E308")),
        },
        Value::String(text) if text.contains('\0') => return Err(fault(path, "text without the character NUL")),
        Value::String(text) => ExprKind::Text(text.clone()),
        Value::Array(items) => ExprKind::Array(expressions(path, items, depth + 1)?),
        Value::Object(object) => object_kind(path, object, depth)?,
        Value::Null => return Err(fault(path, "null is no value of CQL2; use {\"op\": \"isNull\", \"args\": […]}")),
    };
    Ok(Expr { at: pointer(path), kind })
}

fn expressions(path: &str, items: &[Value], depth: usize) -> Result<Vec<Expr>, Fault> {
    let item = |(index, item): (usize, &Value)| expression(&format!("{path}/{index}"), item, depth);
    items.iter().enumerate().map(item).collect()
}

fn object_kind(path: &str, object: &Map<String, Value>, depth: usize) -> Result<ExprKind, Fault> {
    let (kind, members): (_, &[&str]) = if object.contains_key("op") {
        (apply(path, object, depth)?, &["op", "args"])
    } else if let Some(name) = object.get("property") {
        let name = text_of(&format!("{path}/property"), name)?;
        (ExprKind::Property(name.to_owned()), &["property"])
    } else if let Some(value) = object.get("date") {
        let path = format!("{path}/date");
        (ExprKind::Date(day(&pointer(&path), text_of(&path, value)?)?), &["date"])
    } else if let Some(value) = object.get("timestamp") {
        let path = format!("{path}/timestamp");
        (ExprKind::Timestamp(instant(&pointer(&path), text_of(&path, value)?)?), &["timestamp"])
    } else if let Some(ends) = object.get("interval") {
        (interval(&format!("{path}/interval"), ends, depth)?, &["interval"])
    } else if object.contains_key("type") {
        let geometry = json_geometry::geometry(path, object)?;
        (ExprKind::Geometry(geometry), &["type", "coordinates", "geometries", "bbox"])
    } else if let Some(numbers) = object.get("bbox") {
        (ExprKind::Bbox(json_geometry::bbox(&format!("{path}/bbox"), numbers)?), &["bbox"])
    } else {
        let what = "an object with op and args, property, date, timestamp, interval, bbox, or a GeoJSON geometry";
        return Err(fault(path, what));
    };
    match object.keys().find(|key| !members.contains(&key.as_str())) {
        Some(other) => Err(fault(path, format!("{other:.40} has no meaning beside {}", members.join(" and ")))),
        None => Ok(kind),
    }
}

fn text_of<'a>(path: &str, value: &'a Value) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| fault(path, "expected a text"))
}

fn interval(path: &str, ends: &Value, depth: usize) -> Result<ExprKind, Fault> {
    let Value::Array(ends) = ends else { return Err(fault(path, "an interval is an array of its two ends")) };
    if ends.len() != 2 {
        return Err(fault(path, "an interval is an array of its two ends"));
    }
    let end = |(index, end): (usize, &Value)| {
        let path = format!("{path}/{index}");
        let Value::String(text) = end else { return expression(&path, end, depth + 1) };
        let at = pointer(&path);
        Ok(Expr { kind: interval_end(&at, text)?, at })
    };
    ends.iter().enumerate().map(end).collect::<Result<_, _>>().map(ExprKind::Interval)
}

fn apply(path: &str, object: &Map<String, Value>, depth: usize) -> Result<ExprKind, Fault> {
    let name = text_of(&format!("{path}/op"), object.get("op").unwrap_or(&Value::Null))?;
    let Some(Value::Array(operands)) = object.get("args") else {
        return Err(fault(path, format!("{name:.40} needs its operands as an array \"args\"")));
    };
    let operands = expressions(&format!("{path}/args"), operands, depth + 1)?;
    let Some(operator) = Operator::from_name(name) else {
        let mut chars = name.chars();
        let is_name = chars.next().is_some_and(starts_name) && chars.all(continues_name);
        if is_name {
            return Ok(ExprKind::Function(name.to_owned(), operands));
        }
        return Err(fault(&format!("{path}/op"), format!("there is no operator {name:.40}")));
    };
    let (least, most) = operator.operands();
    if !(least..=most).contains(&operands.len()) {
        let what = if most == least { format!("{least}") } else { format!("at least {least}") };
        return Err(fault(path, format!("{name} takes {what} operands, found {}", operands.len())));
    }
    let is_list = |expr: &Expr| matches!(&expr.kind, ExprKind::Array(items) if !items.is_empty());
    if operator == Operator::In && !operands.get(1).is_some_and(is_list) {
        return Err(fault(path, "the second operand of in is an array of at least one value"));
    }
    Ok(ExprKind::Apply(operator, operands))
}
