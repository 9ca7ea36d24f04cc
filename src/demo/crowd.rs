//! Very many made-up points for measurements, of any layer: the same seed always gives the same ones, and fewer are the
//! beginning of more.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::chance::normal;
use super::terrain::shifted;
use super::values::MARK;
use crate::model::{Bbox, Day, Field, FieldType, Instant, Layer, LonLat, Value};
use crate::store::{ImportId, ImportRow};

/// The province's box, in degrees.
const BOX: Bbox = Bbox { west: 107.3, south: 13.9, east: 109.2, north: 15.5 };
/// Towns that most points crowd in.
const TOWNS: usize = 200;
/// Share of the points that lie in towns; the others are spread evenly over the box.
const IN_TOWNS: f64 = 0.8;
/// Exponent of the towns' weights (Pareto): the greatest holds some eighth of all.
const PARETO: f64 = 1.1;
/// 2023-01-01.
const FROM: Day = Day(19_358);
/// 2026-11-21.
const TO: Day = Day(20_778);
const DAY_US: i64 = 86_400_000_000;

const EVENTS: [&str; 8] = [
    "Trộm xe máy",
    "Va chạm xe",
    "Gây rối trật tự",
    "Cháy nhà",
    "Lừa đảo qua mạng",
    "Đánh nhau",
    "Mất tài sản",
    "Ngập đường",
];
const STREETS: [&str; 12] = [
    "Quang Trung",
    "Hùng Vương",
    "Lê Lợi",
    "Trần Phú",
    "Phan Bội Châu",
    "Nguyễn Huệ",
    "Bà Triệu",
    "Duy Tân",
    "Ngô Quyền",
    "Trương Định",
    "Bích Khê",
    "Chu Văn An",
];

struct Town {
    at: LonLat,
    spread_km: f64,
    /// Weights of this town and all before it.
    until: f64,
}

/// Points of a layer without end: take as many as are wanted. Their ids count from 1.
pub struct Crowd {
    fields: Vec<Field>,
    towns: Vec<Town>,
    random: StdRng,
    next: u64,
}

impl Crowd {
    /// The points of a layer from a seed.
    pub fn new(layer: &Layer, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut until = 0.0;
        let towns = (1..=TOWNS).map(|rank| {
            until += (rank as f64).powf(-PARETO);
            Town { at: anywhere(&mut random), spread_km: random.random_range(0.3..3.0), until }
        });
        let towns = towns.collect();
        Self { fields: layer.fields.clone(), towns, random, next: 1 }
    }

    /// The towns in which most of the points lie, the largest first.
    pub fn towns(&self) -> impl Iterator<Item = LonLat> {
        self.towns.iter().map(|town| town.at)
    }

    fn place(&mut self) -> LonLat {
        let random = &mut self.random;
        if !random.random_bool(IN_TOWNS) {
            return anywhere(random);
        }
        let all = self.towns.last().map_or(0.0, |town| town.until);
        let drawn = random.random::<f64>() * all;
        let town = self.towns.partition_point(|town| town.until <= drawn);
        let Some(town) = self.towns.get(town) else { return anywhere(random) };
        let at = shifted(town.at, town.spread_km * normal(random), town.spread_km * normal(random));
        LonLat { lon: at.lon.clamp(BOX.west, BOX.east), lat: at.lat.clamp(BOX.south, BOX.north) }
    }
}

impl Iterator for Crowd {
    type Item = ImportRow;

    fn next(&mut self) -> Option<ImportRow> {
        let at = self.place();
        let mut values = Vec::with_capacity(self.fields.len());
        let mut named = false;
        for field in &self.fields {
            values.push(value(field, &mut self.random));
            // The first text is the name: it carries the mark.
            if let (false, Some(Value::Text(text)), FieldType::Text) = (named, values.last_mut(), field.kind) {
                text.push_str(MARK);
                named = true;
            }
        }
        let id = ImportId::Number(self.next);
        self.next += 1;
        Some(ImportRow { id, at, values })
    }
}

fn anywhere(random: &mut StdRng) -> LonLat {
    LonLat { lon: random.random_range(BOX.west..BOX.east), lat: random.random_range(BOX.south..BOX.north) }
}

fn one_of<'a>(words: &[&'a str], random: &mut StdRng) -> &'a str {
    words.get(random.random_range(0..words.len())).copied().unwrap_or_default()
}

fn value(field: &Field, random: &mut StdRng) -> Value {
    match field.kind {
        FieldType::Text => {
            let (event, street) = (one_of(&EVENTS, random), one_of(&STREETS, random));
            Value::Text(format!("{event}, {} {street}", random.random_range(1..=400)))
        }
        FieldType::Code => {
            // The square of an even number: the first codes are the frequent ones, as in real lists.
            let drawn = random.random::<f64>().powi(2) * field.codes.len() as f64;
            field.codes.get(drawn as usize).map_or(Value::Null, |code| Value::Text(code.code.clone()))
        }
        FieldType::Integer | FieldType::Real if random.random_bool(0.3) => Value::Null,
        FieldType::Integer => Value::Integer((8e6 * normal(random).exp()) as i64 / 100_000 * 100_000),
        FieldType::Real => Value::Real((500.0 * normal(random).exp()).round() / 10.0),
        FieldType::Boolean => Value::Boolean(random.random_bool(0.5)),
        FieldType::Date => Value::Date(Day(random.random_range(FROM.0..TO.0))),
        FieldType::Timestamp => {
            let minutes = random.random_range(i64::from(FROM.0) * 1_440..i64::from(TO.0) * 1_440);
            Value::Timestamp(Instant(minutes * (DAY_US / 1_440)))
        }
    }
}
