//! Numbers, dates and times as they are written, in text and JSON alike.

use super::Fault;
use crate::model::filter::{ExprKind, Place};
use crate::model::{Day, Instant};

/// A number from its digits: whole where it has neither point nor exponent and fits.
pub(super) fn number(at: &Place, digits: &str, minus: bool) -> Result<ExprKind, Fault> {
    let signed = format!("{}{digits}", if minus { "-" } else { "" });
    if let Ok(whole) = signed.parse::<i64>() {
        return Ok(ExprKind::Integer(whole));
    }
    match signed.parse::<f64>() {
        Ok(real) if real.is_finite() => Ok(ExprKind::Real(real)),
        _ => Err(Fault::new(at, "a number that a double can hold, below 1.8E308")),
    }
}

/// `2025-07-01`.
pub(super) fn day(at: &Place, text: &str) -> Result<Day, Fault> {
    Day::parse("", text).map_err(|invalid| Fault::new(at, format!("expected {}", invalid.expected)))
}

/// RFC 3339 with `Z` or an offset.
pub(super) fn instant(at: &Place, text: &str) -> Result<Instant, Fault> {
    let fault = || Fault::new(at, format!("expected a time such as 2025-07-01T08:00:00Z, found '{text:.40}'"));
    Instant::with_offset(text).ok_or_else(fault)
}

/// A date, a time, or `..`.
pub(super) fn interval_end(at: &Place, text: &str) -> Result<ExprKind, Fault> {
    match text {
        ".." => Ok(ExprKind::Open),
        text if text.len() <= 10 => day(at, text).map(ExprKind::Date),
        text => instant(at, text).map(ExprKind::Timestamp),
    }
}
