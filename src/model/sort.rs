//! The order of features, and where a page of them ended.

use super::{Feature, FieldType, Invalid, Layer, Value, View};

/// Most fields that features are sorted by at once.
pub const MOST_SORT_KEYS: usize = 4;
/// Characters (Unicode scalar values) of a text that decide its place: those with the same beginning are in the order of their ids.
/// So a cursor, which holds the texts at a page's end, stays short.
pub const SORTED_CHARACTERS: usize = 100;

/// Which end comes first. Features without a value are last either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The least value first.
    Ascending,
    /// The greatest value first.
    Descending,
}

/// What features are sorted by, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SortBy {
    /// The name of a field, or `id`.
    pub name: String,
    /// Which end comes first.
    pub direction: Direction,
}

/// The same of a layer, checked. What is alike under all keys is in the order of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    /// Index of the field; none for the id.
    pub field: Option<usize>,
    /// Which end comes first.
    pub direction: Direction,
}

/// Where a page ended: the next one begins after it, whatever became of the features meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct After {
    /// What the page's last feature was sorted by, one value for each key.
    pub values: Vec<Value>,
    /// Its id.
    pub id: u64,
}

/// The part of a text that decides its place.
pub fn sorted_part(text: &str) -> &str {
    // No text has more characters than bytes.
    if text.len() <= SORTED_CHARACTERS {
        return text;
    }
    text.char_indices().nth(SORTED_CHARACTERS).map_or(text, |(end, _)| &text[..end])
}

impl SortKey {
    /// The keys of a layer; fields that the view does not see are unknown.
    pub fn of(layer: &Layer, view: View, asked: &[SortBy]) -> Result<Vec<Self>, Invalid> {
        if asked.len() > MOST_SORT_KEYS {
            return Err(Invalid::new("sortby", format!("at most {MOST_SORT_KEYS} names, found {}", asked.len())));
        }
        let key = |SortBy { name, direction }: &SortBy| {
            let seen = layer.field(name).filter(|(_, field)| view.sees_field(field));
            match seen {
                Some((index, _)) => Ok(Self { field: Some(index), direction: *direction }),
                None if name == "id" && layer.field("id").is_none() => Ok(Self { field: None, direction: *direction }),
                None => {
                    let known = layer.fields.iter().filter(|field| view.sees_field(field));
                    let known: Vec<&str> =
                        std::iter::once("id").chain(known.map(|field| field.name.as_str())).collect();
                    Err(Invalid::new("sortby", format!("names of {}, found {name:.64?}", known.join(", "))))
                }
            }
        };
        asked.iter().map(key).collect()
    }

    /// The type of its values.
    pub fn kind(&self, layer: &Layer) -> FieldType {
        let field = self.field.and_then(|index| layer.fields.get(index));
        field.map_or(FieldType::Integer, |field| field.kind)
    }
}

impl After {
    /// A page in the order of ids that ended with this one.
    pub fn id(id: u64) -> Self {
        Self { values: Vec::new(), id }
    }

    /// A page that ended with this feature.
    pub fn feature(feature: &Feature, keys: &[SortKey]) -> Self {
        let value = |key: &SortKey| match key.field.map(|index| feature.values.get(index)) {
            None => Value::Integer(i64::try_from(feature.id).unwrap_or(i64::MAX)),
            Some(Some(Value::Text(text))) => Value::Text(sorted_part(text).to_owned()),
            Some(value) => value.cloned().unwrap_or(Value::Null),
        };
        Self { values: keys.iter().map(value).collect(), id: feature.id }
    }

    /// Whether it can be the end of a page under these keys.
    pub fn fits(&self, keys: &[SortKey], layer: &Layer) -> bool {
        self.values.len() == keys.len() && self.values.iter().zip(keys).all(|(value, key)| value.is_of(key.kind(layer)))
    }
}
