//! `datetime` as the standard has it: intervals hold both their ends, and what has no time is in every one (OGC 17-069r4 §7.15.4).

use jiff::tz::TimeZone;

use crate::model::filter::{Comparison, Expr, ExprKind, Operator, Place};
use crate::model::{Day, Field, FieldType, Instant, Invalid};

const NAME: &str = "datetime";

/// An expression that stands in no text of the caller's.
pub fn expr(kind: ExprKind) -> Expr {
    Expr { at: Place::Character(0), kind }
}

/// A field compared with a value.
pub fn compare(field: &Field, comparison: Comparison, value: ExprKind) -> Expr {
    let sides = vec![expr(ExprKind::Property(field.name.clone())), expr(value)];
    expr(ExprKind::Apply(Operator::Compare(comparison), sides))
}

/// First and last instant of what one end names: a day has many.
#[derive(Clone, Copy)]
struct End {
    first: Instant,
    last: Instant,
}

/// The condition that `datetime` sets for a layer with this time field. None where every feature meets it.
pub fn condition(text: &str, field: Option<&Field>, zone: &TimeZone) -> Result<Option<Expr>, Invalid> {
    let (from, to) = match text.split_once('/') {
        None => {
            let end = end(text, zone)?;
            (Some(end), Some(end))
        }
        Some((from, to)) => (open_end(from, zone)?, open_end(to, zone)?),
    };
    match (from, to) {
        (None, None) => return Err(Invalid::new(NAME, format!("a time on one side at least, found {text:?}"))),
        (Some(from), Some(to)) if to.last < from.first => {
            return Err(Invalid::new(NAME, format!("an interval whose end is not before its start, found {text:?}")));
        }
        _ => {}
    }
    let Some(field) = field else { return Ok(None) };
    let value = |at: Instant| match field.kind {
        FieldType::Date => ExprKind::Date(at.day(zone)),
        _ => ExprKind::Timestamp(at),
    };
    let mut ends = Vec::new();
    ends.extend(from.map(|end| compare(field, Comparison::GreaterOrEqual, value(end.first))));
    ends.extend(to.map(|end| compare(field, Comparison::LessOrEqual, value(end.last))));
    let inside = match ends.len() {
        1 => ends.remove(0),
        _ => expr(ExprKind::Apply(Operator::And, ends)),
    };
    let timeless = expr(ExprKind::Apply(Operator::IsNull, vec![expr(ExprKind::Property(field.name.clone()))]));
    Ok(Some(expr(ExprKind::Apply(Operator::Or, vec![timeless, inside]))))
}

fn open_end(text: &str, zone: &TimeZone) -> Result<Option<End>, Invalid> {
    if matches!(text, "" | "..") { Ok(None) } else { end(text, zone).map(Some) }
}

fn end(text: &str, zone: &TimeZone) -> Result<End, Invalid> {
    // GDAL writes a day as `2025-07-01T`.
    if let Ok(day) = Day::parse(NAME, text.strip_suffix('T').unwrap_or(text)) {
        let next = Day(day.0.saturating_add(1)).start(zone);
        return Ok(End { first: day.start(zone), last: Instant(next.0.saturating_sub(1)) });
    }
    let instant = Instant::asked(NAME, text, zone)?;
    Ok(End { first: instant, last: instant })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::write;
    use crate::model::Title;

    fn read(text: &str, kind: FieldType) -> Result<String, String> {
        let title = Title { vi: "t".to_owned(), en: "t".to_owned() };
        let field = Field {
            name: "t".to_owned(),
            title,
            kind,
            codes: Vec::new(),
            classification: None,
            unit: None,
            min: None,
            max: None,
        };
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone");
        let condition = condition(text, Some(&field), &zone).map_err(|invalid| invalid.parameter)?;
        Ok(condition.map(|condition| write(&condition)).unwrap_or_default())
    }

    #[test]
    fn an_interval_holds_both_its_ends_and_what_has_no_time() {
        for (text, kind, condition) in [
            (
                "2025-07-01T00:00:00Z",
                FieldType::Timestamp,
                "t IS NULL OR t >= TIMESTAMP('2025-07-01T00:00:00Z') AND t <= TIMESTAMP('2025-07-01T00:00:00Z')",
            ),
            ("2025-07-01T/..", FieldType::Timestamp, "t IS NULL OR t >= TIMESTAMP('2025-06-30T17:00:00Z')"),
            ("2025-07-01/..", FieldType::Timestamp, "t IS NULL OR t >= TIMESTAMP('2025-06-30T17:00:00Z')"),
            ("/2025-07-01", FieldType::Timestamp, "t IS NULL OR t <= TIMESTAMP('2025-07-01T16:59:59.999999Z')"),
            ("2025-06-30T18:00:00Z/..", FieldType::Date, "t IS NULL OR t >= DATE('2025-07-01')"),
        ] {
            assert_eq!(read(text, kind).as_deref(), Ok(condition), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "..", "../..", "/", "yesterday", "2025-07-02/2025-07-01", "2025-07-01/2025-07-02/2025-07-03"] {
            assert_eq!(read(text, FieldType::Timestamp), Err("datetime".to_owned()), "{text}");
        }
    }
}
