//! How a file was understood, for people to check before anything is stored.

use serde::Serialize;

use super::columns::{Because, KEY, Target};
use super::mapping::Mapping;
use super::plan::{Plan, PositionFrom};
use super::record::Records;
use super::sampled::{Look, Sampled};
use super::written::{DateOrder, Decimal};
use super::{Encoding, ReadOptions};
use crate::model::{FieldType, Layer};

/// Examples that are given of a column.
const EXAMPLES: usize = 3;

/// What is thought of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Guess {
    /// The file as the caller named it.
    pub file: String,
    /// Its format's name.
    pub format: &'static str,
    /// How it is read.
    pub read_as: ReadOptions,
    /// The reference system in which positions are read.
    pub crs: String,
    /// Order of their two numbers.
    pub xy: &'static str,
    /// Records that were looked at.
    pub records: u64,
    /// Whether the file has no more than those.
    pub is_whole: bool,
    /// Its columns, in their order.
    pub columns: Vec<ColumnGuess>,
    /// The same as a mapping that can be saved, corrected and given back.
    pub mapping: Mapping,
}

/// What is thought of a column.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnGuess {
    /// As the file has it.
    pub name: String,
    /// What it is for: `x`, `y`, `id` or names of fields; nothing where it is left out.
    pub goes_into: Vec<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<Because>,
    /// Sign before decimals, where its numbers have any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimal>,
    /// Order of its dates, where it has any in numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateOrder>,
    /// Whether its values leave no doubt of these.
    pub is_certain: bool,
    /// The old font that it was typed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub font: Option<Encoding>,
    /// Words of a code field that were found to mean a code, and the codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<(String, String)>,
    /// Records of the sample in which it holds something.
    pub filled: u64,
    /// Its first different values.
    pub examples: Vec<String>,
}

impl Guess {
    pub(super) fn new(file: &str, records: &Sampled, plan: &Plan, layer: &Layer) -> Self {
        let source = records.source();
        let mut columns = Vec::new();
        for (index, name) in records.columns().iter().enumerate() {
            let places = plan.assigned.get(index).map(Vec::as_slice).unwrap_or_default();
            let look = records.looks.get(index).cloned().unwrap_or_default();
            let mut column = ColumnGuess::new(name, &look, places, (plan, layer));
            match plan.position {
                PositionFrom::Columns { x, .. } if index == x => column.goes_into.insert(0, "x".into()),
                PositionFrom::Columns { y, .. } if index == y => column.goes_into.insert(0, "y".into()),
                PositionFrom::Column(both) if index == both => column.goes_into.insert(0, "x,y".into()),
                _ => {}
            }
            column.font = source.fonts.get(index).copied().flatten();
            columns.push(column);
        }
        let mut mapping = mapping(layer, &source.read_as, &columns);
        mapping.crs = Some(plan.reading.crs.code());
        if matches!(plan.position, PositionFrom::Columns { .. }) {
            mapping.xy = Some(plan.reading.order.name().to_owned());
        }
        Self {
            file: file.to_owned(),
            format: source.format,
            read_as: source.read_as,
            crs: plan.reading.crs.code(),
            xy: plan.reading.order.name(),
            records: records.records,
            is_whole: records.is_whole,
            columns,
            mapping,
        }
    }

    /// What a person should know though he did not ask: whatever was guessed that could be otherwise.
    pub fn notes(&self, told: &ReadOptions) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(encoding) =
            self.read_as.encoding.filter(|encoding| *encoding != Encoding::Utf8 && told.encoding.is_none())
        {
            notes.push(format!("read as {encoding} (--encoding)"));
        }
        if let Some(row) = self.read_as.header_row.filter(|row| *row > 1 && told.header_row.is_none()) {
            notes.push(format!("columns named on row {row} (--header-row)"));
        }
        for column in &self.columns {
            let name = &column.name;
            let into = column.goes_into.join(", ");
            if into.is_empty() {
                continue;
            }
            if matches!(column.because, Some(Because::Title | Because::Synonym)) {
                notes.push(format!("{name:?} goes into {into} (--map)"));
            }
            if let Some(font) = column.font {
                notes.push(format!("{name:?} was typed in a font of {font} (--encoding)"));
            }
            if column.decimal == Some(Decimal::Comma) {
                notes.push(format!("{name:?} has decimal commas (--decimal)"));
            }
            match column.dates {
                Some(DateOrder::MonthFirst) => notes.push(format!("{name:?} has dates with the month first (--dates)")),
                Some(DateOrder::DayFirst) if !column.is_certain => {
                    notes.push(format!("{name:?} is taken to have dates with the day first (--dates)"));
                }
                _ => {}
            }
            if !column.words.is_empty() {
                let words: Vec<String> =
                    column.words.iter().take(5).map(|(word, code)| format!("{word:?} means {code}")).collect();
                notes.push(format!("{name:?}: {}", words.join(", ")));
            }
        }
        notes
    }
}

impl ColumnGuess {
    fn new(name: &str, look: &Look, places: &[(Target, Because)], (plan, layer): (&Plan, &Layer)) -> Self {
        let mut column = Self {
            name: name.to_owned(),
            goes_into: Vec::new(),
            because: places.iter().map(|(_, because)| *because).min(),
            decimal: None,
            dates: None,
            is_certain: true,
            font: None,
            words: Vec::new(),
            filled: look.filled,
            examples: look.texts.iter().take(EXAMPLES).cloned().collect(),
        };
        let (_, is_sure_of_decimal, is_sure_of_dates) = look.written();
        for (target, _) in places {
            let index = match *target {
                Target::Field(index) => index,
                own => {
                    column.goes_into.push(if own == Target::Key { KEY } else { "id" }.to_owned());
                    continue;
                }
            };
            let (Some(field), Some(way)) = (layer.fields.get(index), plan.way(index)) else { continue };
            column.goes_into.push(field.name.clone());
            match field.kind {
                FieldType::Integer | FieldType::Real if look.has_signs() => {
                    column.decimal = Some(way.written.decimal);
                    column.is_certain &= is_sure_of_decimal;
                }
                FieldType::Date | FieldType::Timestamp if look.has_orders() => {
                    column.dates = Some(way.written.dates);
                    column.is_certain &= is_sure_of_dates;
                }
                FieldType::Code => {
                    let is_code = |text: &String| field.codes.iter().any(|known| known.code == *text);
                    let words = look.texts.iter().filter(|text| !is_code(text));
                    let meant = words.filter_map(|text| Some((text.clone(), way.codes.meaning(text)?.to_owned())));
                    column.words = meant.collect();
                }
                _ => {}
            }
        }
        column
    }
}

fn mapping(layer: &Layer, read_as: &ReadOptions, columns: &[ColumnGuess]) -> Mapping {
    let mut mapping = Mapping {
        layer: Some(layer.id.to_string()),
        encoding: read_as.encoding.map(|encoding| encoding.name().to_owned()),
        delimiter: read_as.delimiter.map(|c| if c == '\t' { "tab".to_owned() } else { c.to_string() }),
        header_row: read_as.header_row,
        table: read_as.table.clone(),
        ..Mapping::default()
    };
    for column in columns {
        for into in &column.goes_into {
            let name = column.name.clone();
            match into.as_str() {
                "x,y" => {}
                "x" => mapping.x = Some(name),
                "y" => mapping.y = Some(name),
                field => {
                    mapping.fields.insert(field.to_owned(), name);
                    if !column.words.is_empty() {
                        mapping.codes.insert(field.to_owned(), column.words.iter().cloned().collect());
                    }
                }
            }
        }
    }
    // One way for all columns can be saved only where they agree.
    let mut decimals = columns.iter().filter_map(|column| column.decimal);
    mapping.decimal = decimals.next().filter(|first| decimals.all(|other| other == *first));
    let mut dates = columns.iter().filter_map(|column| column.dates);
    mapping.dates = dates.next().filter(|first| dates.all(|other| other == *first));
    mapping
}
