//! What a feature was when somebody looked at it: a number that is another one as soon as its place or a value is.
//!
//! It does not depend on the order of fields, and a field without a value adds nothing: the stamp of a feature stays when its layer
//! gets a new field.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::model::{Field, Layer, LonLat, Value, View};

/// A feature's stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stamp(pub u64);

/// Stamps features of a layer by their place and by some of their fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamper {
    /// One for each of the layer's fields; none for those that do not count.
    seeds: Vec<Option<u64>>,
}

impl Stamper {
    /// By all fields.
    pub fn of(layer: &Layer) -> Self {
        Self::by(layer, |_| true)
    }

    /// By the fields that a view sees: nothing can be learned from such a stamp about the others.
    pub fn seen(layer: &Layer, view: View) -> Self {
        Self::by(layer, |field| view.sees_field(field))
    }

    fn by(layer: &Layer, counts: impl Fn(&Field) -> bool) -> Self {
        let seed = |field: &Field| counts(field).then(|| xxh3_64(field.name.as_bytes()));
        Self { seeds: layer.fields.iter().map(seed).collect() }
    }

    /// The stamp of a place (degrees) with these values, one for each of the layer's fields.
    pub fn stamp(&self, at: LonLat, values: &[Value]) -> Stamp {
        let place = [plain(at.lon), plain(at.lat)].concat();
        let counted = self.seeds.iter().zip(values);
        let hashes = counted.filter_map(|(seed, value)| seed.and_then(|seed| hash(seed, value)));
        Stamp(hashes.fold(xxh3_64(&place), u64::wrapping_add))
    }
}

/// Without the sign of a zero, which not every store keeps.
fn plain(number: f64) -> [u8; 8] {
    (number + 0.0).to_bits().to_le_bytes()
}

fn hash(seed: u64, value: &Value) -> Option<u64> {
    let of = |kind: u64, bytes: &[u8]| Some(xxh3_64_with_seed(bytes, seed ^ kind));
    match value {
        Value::Null => None,
        Value::Text(text) => of(1, text.as_bytes()),
        Value::Integer(number) => of(2, &number.to_le_bytes()),
        Value::Real(number) => of(3, &plain(*number)),
        Value::Boolean(truth) => of(4, &[u8::from(*truth)]),
        Value::Date(day) => of(5, &day.0.to_le_bytes()),
        Value::Timestamp(instant) => of(6, &instant.0.to_le_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::made_up;
    use crate::model::{Classification, Day, Instant};

    #[test]
    fn another_place_or_value_is_another_stamp_and_an_empty_field_is_none() {
        let mut layer = made_up::layer();
        let values: Vec<Value> = layer.fields.iter().map(|_| Value::Null).collect();
        let at = LonLat { lon: 108.8, lat: 15.1 };
        let bare = Stamper::of(&layer).stamp(at, &values);
        let mut met = vec![bare, Stamper::of(&layer).stamp(LonLat { lon: 15.1, lat: 108.8 }, &values)];
        for value in [
            Value::Text(String::new()),
            Value::Text("0".to_owned()),
            Value::Integer(0),
            Value::Real(0.0),
            Value::Boolean(false),
            Value::Date(Day(0)),
            Value::Timestamp(Instant(0)),
        ] {
            for index in 0..values.len() {
                let mut others = values.clone();
                others[index] = value.clone();
                met.push(Stamper::of(&layer).stamp(at, &others));
            }
        }
        let all = met.len();
        met.sort_unstable();
        met.dedup();
        assert_eq!(met.len(), all);

        let zero = |zero: f64| Stamper::of(&layer).stamp(LonLat { lon: zero, lat: 15.1 }, &values);
        assert_eq!(zero(0.0), zero(-0.0));
        let added = layer.fields[0].clone();
        layer.fields.push(Field { name: "added_later".to_owned(), ..added });
        let longer: Vec<Value> = layer.fields.iter().map(|_| Value::Null).collect();
        assert_eq!(Stamper::of(&layer).stamp(at, &longer), bare);
    }

    #[test]
    fn a_guarded_value_does_not_show_in_the_stamp_of_those_who_may_not_see_it() {
        let mut layer = made_up::layer();
        layer.fields[0].classification = Some(Classification::Internal);
        let with = |text: &str| {
            let mut values: Vec<Value> = layer.fields.iter().map(|_| Value::Null).collect();
            values[0] = Value::Text(text.to_owned());
            values
        };
        let at = LonLat { lon: 1.0, lat: 2.0 };
        let public = Stamper::seen(&layer, View::PUBLIC);
        assert_eq!(public.stamp(at, &with("a")), public.stamp(at, &with("b")));
        let own = Stamper::seen(&layer, View::EVERYTHING);
        assert_ne!(own.stamp(at, &with("a")), own.stamp(at, &with("b")));
    }
}
