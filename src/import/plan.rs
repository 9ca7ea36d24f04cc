//! Which column of a file becomes what.

use std::collections::HashMap;

use super::ImportError;
use super::columns::{Target, Wanted};
use super::record::{Cell, Header, PositionIn, Record, Source};
use super::rows::RowMaker;
use super::text::{column_key, normal};
use super::values::shown;

/// Where a row's position comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PositionFrom {
    Geometry,
    /// Indices of the columns.
    Columns {
        x: usize,
        y: usize,
    },
}

/// What the columns of one file are for.
#[derive(Debug)]
pub(super) struct Plan {
    pub position: PositionFrom,
    file: String,
    header: Header,
    /// The column of the id. Several only where records bring columns of their own: `ID` here, `id` there.
    id: Vec<usize>,
    id_is_told: bool,
    /// The same for each field of the layer.
    fields: Vec<Vec<usize>>,
    /// Columns that were looked at, and their keys.
    columns: usize,
    keys: HashMap<String, usize>,
}

impl Plan {
    /// The plan for a file with these columns; columns that are for nothing are told.
    pub fn new(
        wanted: &Wanted,
        source: &Source,
        columns: &[String],
        maker: &mut RowMaker,
    ) -> Result<Self, ImportError> {
        let file = maker.place.clone();
        let position = match source.position {
            PositionIn::Geometry => PositionFrom::Geometry,
            PositionIn::Columns => {
                let keys: Vec<String> = columns.iter().map(|name| column_key(name)).collect();
                wanted.check_told(&file, |key| keys.iter().any(|known| known == key))?;
                let (x, y) = wanted.position(&file, &keys)?;
                PositionFrom::Columns { x, y }
            }
        };
        let mut plan = Self {
            position,
            file,
            header: source.header,
            id: Vec::new(),
            id_is_told: wanted.id_is_told(),
            fields: vec![Vec::new(); maker.layer.fields.len()],
            columns: 0,
            keys: HashMap::new(),
        };
        plan.take_in(wanted, columns, maker)?;
        if source.header == Header::Whole {
            plan.check_told(wanted)?;
        }
        Ok(plan)
    }

    /// Finds out what the columns are for that came since.
    pub fn take_in(&mut self, wanted: &Wanted, columns: &[String], maker: &mut RowMaker) -> Result<(), ImportError> {
        let met = self.columns;
        for (column, name) in columns.iter().enumerate().skip(met) {
            self.columns += 1;
            self.keys.entry(column_key(name)).or_insert(column);
            let targets = wanted.targets(name);
            let is_position = matches!(self.position, PositionFrom::Columns { x, y } if column == x || column == y);
            if targets.is_empty() && !is_position && !normal(name).is_empty() {
                maker.unknown_column(name);
            }
            for target in targets {
                let places = match target {
                    Target::Id => Some(&mut self.id),
                    Target::Field(index) => self.fields.get_mut(index),
                };
                let Some(places) = places else { continue };
                if self.header == Header::Whole && !places.is_empty() {
                    let cause = format!("the column {} stands twice", shown(name));
                    return Err(ImportError::Unreadable { file: self.file.clone(), line: Some(1), cause });
                }
                places.push(column);
            }
        }
        Ok(())
    }

    /// Refuses a file in which a column that the caller named was not met.
    pub fn check_told(&self, wanted: &Wanted) -> Result<(), ImportError> {
        Ok(wanted.check_told(&self.file, |key| self.keys.contains_key(key))?)
    }

    /// The id of a record: the format's own, unless the caller named a column.
    pub fn id<'a>(&self, record: &Record<'a>) -> Cell<'a> {
        if record.id != Cell::Null && !self.id_is_told { record.id } else { first(&self.id, record) }
    }

    /// The cell for a field of the layer, by its index.
    pub fn cell<'a>(&self, field: usize, record: &Record<'a>) -> Cell<'a> {
        self.fields.get(field).map_or(Cell::Null, |columns| first(columns, record))
    }
}

/// The first cell of these columns that holds something.
fn first<'a>(columns: &[usize], record: &Record<'a>) -> Cell<'a> {
    match columns {
        [column] => record.cells.cell(*column),
        columns => columns
            .iter()
            .map(|column| record.cells.cell(*column))
            .find(|cell| *cell != Cell::Null)
            .unwrap_or(Cell::Null),
    }
}
