//! Tables of counts of a layer at one moment.

use std::sync::Arc;

use super::cost::{days_micros, filter_micros};
use super::query::{Question, has_time};
use super::{Atlas, AtlasError, Cost, WithUnits};
use crate::engine::as_of::Answers;
use crate::engine::count::{CountSource, Key, Line, MOST_LINES, count, with_functions};
use crate::model::{
    AsOf, By, CountRequest, CountTable, FieldType, Function, Invalid, Layer, Level, Measure, TimePart, Versions, View,
};

/// A word of `by` as it fits the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountedBy {
    Level(Level),
    Field(usize),
    Time(TimePart),
}

impl CountedBy {
    pub(super) fn field(self) -> Option<usize> {
        match self {
            Self::Field(field) => Some(field),
            _ => None,
        }
    }
}

/// The fields that are measured, by index, and what is told of them.
pub(super) struct Measuring {
    pub(super) fields: Vec<usize>,
    functions: Vec<(Function, usize)>,
}

impl Measuring {
    /// The table with its functions in place of what was measured.
    pub(super) fn table(&self, (total, lines): (Line, Vec<Line>), versions: Versions) -> CountTable {
        let row = |line| with_functions(line, &self.functions);
        CountTable { total: row(total), rows: lines.into_iter().map(row).collect(), versions }
    }
}

impl Atlas {
    /// A table of exact counts.
    pub async fn count(
        self: &Arc<Self>,
        view: View,
        request: CountRequest,
    ) -> Result<WithUnits<CountTable>, AtlasError> {
        let question = self.ask(view, &request.layer)?;
        let units = Arc::clone(&question.state.units.map);
        Ok((question.count(self, request).await?, units))
    }
}

impl Question {
    pub(super) async fn count(self, atlas: &Arc<Atlas>, request: CountRequest) -> Result<CountTable, AtlasError> {
        let by = self.counted("by", &request.by)?;
        let measuring = self.measuring(&request.measures)?;
        if self.snapshot.large.is_some() {
            return self.count_large(atlas.store.as_ref(), &request, (&by, &measuring)).await;
        }
        let filtered = filter_micros(request.filter.as_ref(), self.rows());
        let by_time = by.iter().any(|by| matches!(by, CountedBy::Time(_)));
        let days = if by_time { days_micros(&self.snapshot.parts) } else { 0 };
        let cost = Cost { micros: 100 + self.rows() * (1 + measuring.fields.len() as u64) / 125 + days + filtered };
        let count = move |cancel: &_| self.until(cancel).count_rows(&request, (&by, &measuring));
        atlas.tiles.work(cost, count).await?
    }

    fn count_rows(
        &self,
        request: &CountRequest,
        (by, measuring): (&[CountedBy], &Measuring),
    ) -> Result<CountTable, AtlasError> {
        let answers = self.answers_of(by, request.as_of);
        let keys = keys(by, &answers);
        let selected = self.selected(request.datetime, request.filter.as_ref())?;
        let counted = count(&self.count_source(), &keys, &measuring.fields, &selected);
        Ok(measuring.table(counted.ok_or_else(too_many_lines)?, self.versions()))
    }

    pub(super) fn count_source(&self) -> CountSource<'_> {
        CountSource { layer: &self.snapshot.layer, units: &self.state.units.map, zone: &self.clock.zone }
    }

    /// The answers of the join for the words that are levels.
    pub(super) fn answers_of(&self, by: &[CountedBy], as_of: AsOf) -> Vec<(Level, Arc<Answers>)> {
        let levels = Level::ALL.into_iter().filter(|level| by.contains(&CountedBy::Level(*level)));
        levels.map(|level| (level, self.answers(level, as_of))).collect()
    }

    /// The words as they fit the layer and as this caller may ask by them.
    pub(super) fn counted(&self, parameter: &str, by: &[By]) -> Result<Vec<CountedBy>, Invalid> {
        by.iter().map(|by| self.counted_by(parameter, by)).collect()
    }

    fn counted_by(&self, parameter: &str, by: &By) -> Result<CountedBy, Invalid> {
        let layer = &*self.snapshot.layer;
        match by {
            By::Level(level) => Ok(CountedBy::Level(*level)),
            By::Category => {
                let field = layer.category.filter(|_| layer.category_field().is_some_and(|f| self.view.sees_field(f)));
                let none = || Invalid::new(parameter, format!("{} has no category field", layer.id));
                field.map(CountedBy::Field).ok_or_else(none)
            }
            By::Time(part) => {
                has_time(&self.snapshot, self.view, parameter)?;
                let is_date = layer.time_field().is_some_and(|field| field.kind == FieldType::Date);
                if is_date && *part == TimePart::Hour {
                    let expected = format!("day, week, month, year or weekday: the time of {} has no hours", layer.id);
                    return Err(Invalid::new(parameter, expected));
                }
                Ok(CountedBy::Time(*part))
            }
            By::Field(name) => {
                let countable = |kind| matches!(kind, FieldType::Code | FieldType::Boolean);
                let field = self.seen(name).filter(|field| countable(layer.fields[*field].kind));
                field.map(CountedBy::Field).ok_or_else(|| {
                    let fields = names(layer, self.view, countable);
                    Invalid::new(
                        parameter,
                        format!("{}, or a field of {}: {fields}; found {name:?}", By::WORDS, layer.id),
                    )
                })
            }
        }
    }

    fn measuring(&self, measures: &[Measure]) -> Result<Measuring, Invalid> {
        let layer = &*self.snapshot.layer;
        let numeric = |kind| matches!(kind, FieldType::Integer | FieldType::Real);
        let mut measuring = Measuring { fields: Vec::new(), functions: Vec::new() };
        for Measure { function, field: name } in measures {
            let field = self.seen(name).filter(|field| numeric(layer.fields[*field].kind)).ok_or_else(|| {
                let fields = names(layer, self.view, numeric);
                Invalid::new(function.name(), format!("a numeric field of {}: {fields}; found {name:?}", layer.id))
            })?;
            let place = measuring.fields.iter().position(|known| *known == field).unwrap_or_else(|| {
                measuring.fields.push(field);
                measuring.fields.len() - 1
            });
            measuring.functions.push((*function, place));
        }
        Ok(measuring)
    }

    /// The index of a field that this caller sees.
    fn seen(&self, name: &str) -> Option<usize> {
        self.snapshot.layer.field(name).filter(|(_, field)| self.view.sees_field(field)).map(|(index, _)| index)
    }
}

/// The keys by which the engine counts.
pub(super) fn keys<'a>(by: &[CountedBy], answers: &'a [(Level, Arc<Answers>)]) -> Vec<Key<'a>> {
    let key = |counted: &CountedBy| match counted {
        CountedBy::Level(level) => {
            answers.iter().find(|(known, _)| known == level).map(|(_, answers)| Key::Unit(answers))
        }
        CountedBy::Field(field) => Some(Key::Field(*field)),
        CountedBy::Time(part) => Some(Key::Time(*part)),
    };
    by.iter().filter_map(key).collect()
}

/// That a table would have more lines than one may have.
pub(super) fn too_many_lines() -> AtlasError {
    let expected = format!("fewer or coarser words, or a narrower datetime or filter: more than {MOST_LINES} rows");
    Invalid::new("by", expected).into()
}

/// The fields of some kinds that the view sees, for people.
fn names(layer: &Layer, view: View, is_one: impl Fn(FieldType) -> bool) -> String {
    let shown = layer.fields.iter().filter(|field| is_one(field.kind) && view.sees_field(field));
    let names: Vec<&str> = shown.map(|field| field.name.as_str()).collect();
    if names.is_empty() { "it has none".to_owned() } else { names.join(", ") }
}
