//! What a request for features asks, put together from the standard's many ways of asking it.

use jiff::tz::TimeZone;
use xxhash_rust::xxh3::xxh3_64;

use super::super::Service;
use super::super::asked::Asked;
use super::super::min_version::MIN_VERSION;
use super::super::params::{Params, with_plus};
use super::super::problem::Problem;
use super::super::query::cursor;
use super::form::{Form, ITEMS, choose};
use super::place::{area, crs, in_degrees};
use super::time::{compare, condition, expr};
use crate::atlas::{LayerSummary, write};
use crate::engine::crs::Crs;
use crate::model::filter::{AskedFilter, Comparison, Expr, ExprKind, Operator};
use crate::model::{Day, Direction, Field, FieldType, Instant, Invalid, Layer, SortBy, SortKey, View, WithinRequest};

/// Parameters besides the layer's own fields.
pub const PARAMETERS: [&str; 14] = [
    "limit",
    "bbox",
    "bbox-crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "crs",
    "cursor",
    "as_of",
    "f",
    "id",
    "sortby",
    MIN_VERSION,
];

/// Features in a page where the caller does not say.
pub const DEFAULT_LIMIT: usize = 100;

/// A request for features.
pub struct ItemsAsked {
    /// As they were given.
    pub params: Params,
    /// Of the answer.
    pub form: Form,
    /// Of the answer's coordinates.
    pub crs: Crs,
    /// For the atlas.
    pub request: WithinRequest,
    /// Tells it from others: a cursor belongs to one question.
    pub question: u64,
}

impl ItemsAsked {
    /// Reads the parameters for a layer.
    pub fn read(service: &Service, asked: &Asked, summary: &LayerSummary) -> Result<Self, Problem> {
        let (layer, view, zone) = (&summary.layer, service.settings.view, service.atlas.clock().zone);
        let fields = layer.fields.iter().filter(|field| view.sees_field(field));
        let known: Vec<&str> = PARAMETERS.into_iter().chain(fields.map(|field| field.name.as_str())).collect();
        let params = asked.params(&known)?;
        let filter = conditions(&params, layer, (view, &zone))?;
        let area = area(&params)?;
        let text = filter.as_ref().map_or("", AskedFilter::text);
        let sort = sort(&params)?;
        let keys = SortKey::of(layer, view, &sort)?;
        let question = xxh3_64(format!("{} {area:?} {text} {sort:?}", layer.id).as_bytes());
        let kinds: Vec<FieldType> = keys.iter().map(|key| key.kind(layer)).collect();
        let request = WithinRequest {
            layer: layer.id.clone(),
            area,
            datetime: None,
            filter,
            as_of: params.as_of(&zone)?,
            sort,
            after: params.text("cursor").map(|text| cursor::read(text, question, &kinds)).transpose()?,
            limit: limit(&params, service.settings.page)?,
        };
        let crs = crs(&params, "crs")?;
        Ok(Self { form: choose(asked, &params, &ITEMS)?, params, crs, request, question })
    }
}

/// `limit`: a greater one than the server's is taken for the server's (OGC 17-069r4 §7.15.2).
pub fn limit(params: &Params, most: usize) -> Result<usize, Invalid> {
    let Some(text) = params.text("limit") else { return Ok(DEFAULT_LIMIT.min(most)) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // What has too many digits for a number is a great one.
    let number = if digits { text.parse().unwrap_or(usize::MAX) } else { 0 };
    match number {
        0 => Err(Invalid::new("limit", format!("a whole number from 1 to {most}, found {text:.64?}"))),
        number => Ok(number.min(most)),
    }
}

/// `sortby`: names with `+` or `-` before them (OGC API Features, Part 8, draft). A plus that nobody encoded is a space.
fn sort(params: &Params) -> Result<Vec<SortBy>, Invalid> {
    let Some(text) = params.text("sortby") else { return Ok(Vec::new()) };
    let one = |part: &str| {
        let (direction, name) = match part.split_at_checked(1) {
            Some(("-", name)) => (Direction::Descending, name),
            Some(("+" | " ", name)) => (Direction::Ascending, name),
            _ => (Direction::Ascending, part),
        };
        if name.is_empty() {
            return Err(Invalid::new("sortby", format!("names such as name or -beds with commas, found {text:.64?}")));
        }
        Ok(SortBy { name: name.to_owned(), direction })
    };
    text.split(',').map(one).collect()
}

/// `filter`, `datetime` and each parameter that is named like a field: all must be true.
fn conditions(params: &Params, layer: &Layer, (view, zone): (View, &TimeZone)) -> Result<Option<AskedFilter>, Invalid> {
    let mut all: Vec<Expr> = Vec::new();
    let crs = crs(params, "filter-crs")?;
    if let Some(filter) = params.filter()? {
        all.push(if crs == Crs::Crs84 { filter.tree().clone() } else { in_degrees(filter.tree(), crs)? });
    }
    let time = layer.time_field().filter(|field| view.sees_field(field));
    // A field may have the name of a parameter: the parameter is meant then, and a filter asks by the field.
    let given = |name: &str| !PARAMETERS.contains(&name);
    if let Some(text) = params.text("datetime") {
        all.extend(condition(&with_plus(text), time, zone)?);
    }
    if let Some(text) = params.text("id") {
        let id = text.parse::<i64>().ok().filter(|id| *id >= 0);
        let id = id.ok_or_else(|| Invalid::new("id", format!("a whole number from 0, found {text:.64?}")))?;
        let sides = vec![expr(ExprKind::Property("id".to_owned())), expr(ExprKind::Integer(id))];
        all.push(expr(ExprKind::Apply(Operator::Compare(Comparison::Equal), sides)));
    }
    for field in layer.fields.iter().filter(|field| view.sees_field(field) && given(&field.name)) {
        if let Some(text) = params.text(&field.name) {
            all.push(compare(field, Comparison::Equal, value(field, text, zone)?));
        }
    }
    let tree = match all.len() {
        0 => return Ok(None),
        1 => all.remove(0),
        _ => expr(ExprKind::Apply(Operator::And, all)),
    };
    Ok(Some(AskedFilter::new(write(&tree), tree)))
}

/// A parameter's text as a value of the field.
fn value(field: &Field, text: &str, zone: &TimeZone) -> Result<ExprKind, Invalid> {
    let name = field.name.as_str();
    let expected = |what: &str| Invalid::new(name, format!("{what}, found {text:.64?}"));
    match field.kind {
        FieldType::Text | FieldType::Code => Ok(ExprKind::Text(text.to_owned())),
        FieldType::Integer => text.parse().map(ExprKind::Integer).map_err(|_| expected("a whole number")),
        FieldType::Real => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.map(ExprKind::Real).ok_or_else(|| expected("a finite number"))
        }
        FieldType::Boolean => match text {
            "true" => Ok(ExprKind::Boolean(true)),
            "false" => Ok(ExprKind::Boolean(false)),
            _ => Err(expected("true or false")),
        },
        FieldType::Date => Day::parse(name, text).map(ExprKind::Date),
        FieldType::Timestamp => Instant::asked(name, &with_plus(text), zone).map(ExprKind::Timestamp),
    }
}
