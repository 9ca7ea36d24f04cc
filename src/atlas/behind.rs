//! The features behind a row of a table of counts.

use super::AtlasError;
use super::count::{CountedBy, keys};
use super::query::{Question, unknown_unit};
use crate::engine::count::rows_behind;
use crate::model::{AsOf, CountKey, FieldType, FirstDay, Invalid, Level, LinePick, PickedKey};

/// A key of a row: what it is of, and which keys it may be.
pub(super) type LineKey = (CountedBy, Vec<CountKey>);

impl Question {
    /// The keys as they fit the layer and its units.
    pub(super) fn line(&self, picks: &[LinePick]) -> Result<Vec<LineKey>, Invalid> {
        picks.iter().map(|pick| self.line_key(pick)).collect()
    }

    fn line_key(&self, LinePick { by, key }: &LinePick) -> Result<LineKey, Invalid> {
        let counted = self.counted("row", std::slice::from_ref(by))?;
        let Some(counted) = counted.first().copied() else { return Err(Invalid::new("row", "a row's keys")) };
        let is_boolean =
            |field: usize| self.snapshot.layer.fields.get(field).is_some_and(|field| field.kind == FieldType::Boolean);
        let keys = match (counted, key) {
            (CountedBy::Level(level), PickedKey::Unit { code, from }) => self.units_of(level, (code, *from))?,
            (CountedBy::Level(_), PickedKey::Key(key @ (CountKey::Near | CountKey::Outside)))
            | (CountedBy::Field(_), PickedKey::Key(key @ CountKey::Null))
            | (CountedBy::Time(_), PickedKey::Key(key @ (CountKey::Time(_) | CountKey::Null))) => vec![key.clone()],
            (CountedBy::Field(field), PickedKey::Key(key @ CountKey::Truth(_))) if is_boolean(field) => {
                vec![key.clone()]
            }
            (CountedBy::Field(field), PickedKey::Key(key @ CountKey::Code(_))) if !is_boolean(field) => {
                vec![key.clone()]
            }
            _ => return Err(Invalid::new("row", format!("{}: a value as in a row of /query/count", by.name()))),
        };
        Ok((counted, keys))
    }

    fn units_of(&self, level: Level, (code, from): (&str, FirstDay)) -> Result<Vec<CountKey>, Invalid> {
        let units = self.state.units.map.all().iter();
        let same = units.filter(|unit| unit.level == level && unit.code == *code);
        let same = same.filter(|unit| from.is(unit.valid.from));
        let keys: Vec<CountKey> = same.map(|unit| CountKey::Unit(unit.id)).collect();
        if keys.is_empty() {
            return Err(Invalid { parameter: "row".to_owned(), ..unknown_unit(code) });
        }
        Ok(keys)
    }

    /// A bit for each row of each part.
    pub(super) fn words_behind(&self, picks: &[LinePick], as_of: AsOf) -> Result<Vec<Vec<u64>>, AtlasError> {
        let line = self.line(picks)?;
        let by: Vec<CountedBy> = line.iter().map(|(by, _)| *by).collect();
        let answers = self.answers_of(&by, as_of);
        let line: Vec<_> = keys(&by, &answers).into_iter().zip(line.into_iter().map(|(_, keys)| keys)).collect();
        Ok(rows_behind(&self.count_source(), &line, &self.snapshot.parts))
    }
}
