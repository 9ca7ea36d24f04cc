//! Draws the values of one made-up point by its group's recipe.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;

use super::DemoError;
use super::chance::{normal, weighted};
use super::moment::Moments;
use super::recipe::{Amount, Draw, Group};
use super::terrain::Spot;
use crate::model::{Day, Field, FieldType, Instant, Layer, Value};

/// What makes a made-up point known as such wherever its name is shown: "(for illustration)".
pub(super) const MARK: &str = " (minh hoạ)";

/// Far more than any list has words, so that all of a list are as likely.
const WORDS: usize = 1 << 20;

/// What patterns may say of a point's place.
pub(super) struct Surroundings {
    /// The commune with its kind, `xã Bình Sơn`.
    pub(super) unit: String,
    /// The commune's name alone.
    pub(super) place: String,
}

/// A group's recipe, fitted to its layer.
pub(super) struct Plan<'r> {
    group: &'r Group,
    layer: &'r Layer,
    words: &'r BTreeMap<String, Vec<String>>,
    /// Fields in an order in which each comes after those it needs.
    order: Vec<(usize, &'r Field, &'r Draw)>,
    /// The layer's first text: its name, which carries the mark.
    marked: Option<usize>,
}

impl<'r> Plan<'r> {
    /// Fits a group to its layer, or says what does not fit.
    pub(super) fn new(
        group: &'r Group,
        layer: &'r Layer,
        words: &'r BTreeMap<String, Vec<String>>,
    ) -> Result<Self, DemoError> {
        let misfit = |expected: String| DemoError::Misfit { layer: layer.id.clone(), expected };
        let mut waiting = Vec::new();
        for (name, draw) in &group.fields {
            let (index, field) = layer.field(name).ok_or_else(|| misfit(format!("a field {name}")))?;
            check(draw, field).map_err(|what| misfit(format!("in the field {name} {what}")))?;
            waiting.push((index, field, draw));
        }
        let mut order: Vec<(usize, &Field, &Draw)> = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            let before = waiting.len();
            let known = |name: &str| order.iter().any(|(_, field, _)| field.name == name);
            let (ready, later): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(_, _, draw)| needs(draw, words).iter().all(|need| known(need)));
            order.extend(ready);
            waiting = later;
            if waiting.len() == before {
                let names = waiting.iter().map(|(_, field, _)| field.name.as_str()).collect::<Vec<_>>().join(", ");
                return Err(misfit(format!("fields drawn for all that these need: {names}")));
            }
        }
        let marked = layer.fields.iter().position(|field| field.kind == FieldType::Text);
        Ok(Self { group, layer, words, order, marked })
    }

    /// One value for each of the layer's fields.
    pub(super) fn values(
        &self,
        spot: &Spot,
        around: &Surroundings,
        at: Option<(Instant, Day)>,
        random: &mut StdRng,
    ) -> Vec<Value> {
        let word = random.random_range(0..WORDS);
        let mut point = Point { plan: self, spot, around, word, values: vec![Value::Null; self.layer.fields.len()] };
        for (index, field, draw) in &self.order {
            let missing = self.group.missing.get(&field.name).copied().unwrap_or_default();
            let value = point.draw(draw, field, random);
            // Drawn first and thrown away, so that the other values stay what they are when `missing` is changed.
            if !random.random_bool(missing) {
                point.put(*index, value);
            }
        }
        if let (Some(index), Some((instant, day))) = (self.layer.time, at) {
            let kind = self.layer.fields.get(index).map(|field| field.kind);
            point.put(index, if kind == Some(FieldType::Date) { Value::Date(day) } else { Value::Timestamp(instant) });
        }
        if let Some(Value::Text(name)) = self.marked.and_then(|index| point.values.get_mut(index)) {
            name.push_str(MARK);
        }
        point.values
    }
}

/// A point whose values are being drawn.
struct Point<'p> {
    plan: &'p Plan<'p>,
    spot: &'p Spot,
    around: &'p Surroundings,
    /// Which word of every list it uses: a street in the name is the street of the address.
    word: usize,
    values: Vec<Value>,
}

impl Point<'_> {
    fn put(&mut self, index: usize, value: Value) {
        if let Some(place) = self.values.get_mut(index) {
            *place = value;
        }
    }

    /// The code that another field has.
    fn code(&self, name: &str) -> Option<(&Field, &str)> {
        let (index, field) = self.plan.layer.field(name)?;
        match self.values.get(index) {
            Some(Value::Text(code)) => Some((field, code)),
            _ => None,
        }
    }

    fn draw(&self, draw: &Draw, field: &Field, random: &mut StdRng) -> Value {
        let number = |value: f64| match field.kind {
            FieldType::Integer => Value::Integer(value.round() as i64),
            _ => Value::Real(value),
        };
        match draw {
            Draw::Pick(weights) => match weighted(weights, |(_, weight)| **weight, random) {
                Some((text, _)) if field.kind == FieldType::Integer => text.parse().map_or(Value::Null, Value::Integer),
                Some((text, _)) => Value::Text(text.clone()),
                None => Value::Null,
            },
            Draw::Amount(amount) => number(drawn_amount(amount, random)),
            Draw::Between([least, most]) => number(rounded(random.random_range(*least..=*most), 0.1)),
            Draw::Yes(chance) => Value::Boolean(random.random_bool(*chance)),
            Draw::Days([from, to]) => Moments::parse(from, to)
                .map_or(Value::Null, |(from, to)| Value::Date(Day(random.random_range(from.0..to.0)))),
            Draw::Text(patterns) => {
                let pattern = patterns.get(random.random_range(0..patterns.len().max(1)));
                pattern.map_or(Value::Null, |pattern| Value::Text(self.filled(pattern, random)))
            }
            Draw::By(by) => {
                let case = self.code(&by.field).and_then(|(_, code)| by.cases.get(code));
                case.map_or(Value::Null, |case| self.draw(case, field, random))
            }
        }
    }

    /// A pattern with its names in braces filled in.
    fn filled(&self, pattern: &str, random: &mut StdRng) -> String {
        let mut text = String::with_capacity(pattern.len() + 20);
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            text.push_str(before);
            text.push_str(&self.named(name, random));
            rest = after;
        }
        text.push_str(rest);
        text
    }

    fn named(&self, name: &str, random: &mut StdRng) -> String {
        let word = |list: &str| {
            let words = self.plan.words.get(list)?;
            words.get(self.word % words.len().max(1)).cloned()
        };
        match name {
            "unit" => self.around.unit.clone(),
            "place" => self.around.place.clone(),
            "n" => random.random_range(1..=180).to_string(),
            "few" => random.random_range(1..=3).to_string(),
            "km" => self.spot.road.as_ref().map_or(0, |(_, km)| *km).to_string(),
            "road" => match &self.spot.road {
                Some((road, _)) => road.clone(),
                None => format!("đường {}", word("street").unwrap_or_default()),
            },
            name => word(name).or_else(|| self.title_of(name)).unwrap_or_default(),
        }
    }

    /// The Vietnamese name of the code that a field has, as it stands within a sentence.
    fn title_of(&self, name: &str) -> Option<String> {
        let (field, code) = self.code(name)?;
        let code = field.codes.iter().find(|known| known.code == code)?;
        Some(lower_first(&code.vi))
    }
}

/// With its first letter in lower case.
pub(super) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn drawn_amount(amount: &Amount, random: &mut StdRng) -> f64 {
    let value = amount.median * (amount.spread * normal(random)).exp();
    rounded(value.clamp(amount.least, amount.most), amount.step).max(amount.least)
}

/// A multiple of the step, as it is written in decimals: 0.1 and not 0.10000000000000001.
fn rounded(value: f64, step: f64) -> f64 {
    ((value / step).round() * step * 1e6).round() / 1e6
}

/// The other fields that a draw asks.
fn needs(draw: &Draw, words: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    const PLACES: [&str; 6] = ["unit", "place", "n", "few", "km", "road"];
    match draw {
        Draw::By(by) => {
            let inner = by.cases.values().flat_map(|case| needs(case, words));
            std::iter::once(by.field.clone()).chain(inner).collect()
        }
        Draw::Text(patterns) => {
            let names = patterns.iter().flat_map(|pattern| pattern.split('{').skip(1));
            let names = names.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned());
            names.filter(|name| !PLACES.contains(&name.as_str()) && !words.contains_key(name)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a draw gives values of the field; what is expected of the field where it does not.
fn check(draw: &Draw, field: &Field) -> Result<(), String> {
    let kinds: &[FieldType] = match draw {
        Draw::Pick(weights) if field.kind == FieldType::Code => {
            let unknown = |code: &&String| !field.codes.iter().any(|known| known.code == **code);
            return weights.keys().find(unknown).map_or(Ok(()), |code| Err(format!("the code {code}")));
        }
        Draw::Pick(weights) => {
            if let Some(text) = weights.keys().find(|text| text.parse::<i64>().is_err()) {
                return Err(format!("codes, one of them {text}"));
            }
            &[FieldType::Integer]
        }
        Draw::Amount(_) | Draw::Between(_) => &[FieldType::Integer, FieldType::Real],
        Draw::Yes(_) => &[FieldType::Boolean],
        Draw::Days(_) => &[FieldType::Date],
        Draw::Text(_) => &[FieldType::Text],
        Draw::By(by) => return by.cases.values().try_for_each(|case| check(case, field)),
    };
    if kinds.contains(&field.kind) { Ok(()) } else { Err(format!("one of the types {kinds:?}")) }
}
