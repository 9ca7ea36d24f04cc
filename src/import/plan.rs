//! Which column of a file becomes what.

use std::collections::HashMap;

use super::ImportError;
use super::codes::Codes;
use super::columns::{Because, KEY, Target, Wanted};
use super::features::FeatureOptions;
use super::position_columns::{Found, order_of_xy};
use super::record::{Cell, FileCrs, Header, PositionIn, Record, Records, Source};
use super::rows::RowMaker;
use super::sampled::Sampled;
use super::stated::UnitColumns;
use super::text::{column_key, normal};
use super::values::shown;
use super::written::Written;
use crate::engine::coordinates::Order;
use crate::engine::crs::Crs;
use crate::engine::readings::Reading;
use crate::model::{Field, Invalid, Layer};

/// How the names of columns begin that a rejects file adds.
pub(super) const OWN_COLUMNS: &str = "bandoso_";

/// Where a row's position comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PositionFrom {
    Geometry,
    /// Indices of the columns.
    Columns {
        x: usize,
        y: usize,
    },
    /// Both in the column of this index.
    Column(usize),
}

/// How the cells of a field are written.
#[derive(Debug, Default)]
pub(super) struct Way {
    pub written: Written,
    pub codes: Codes,
}

/// What the columns of one file are for.
#[derive(Debug)]
pub(super) struct Plan {
    pub position: PositionFrom,
    /// How the two numbers of the position are read.
    pub reading: Reading,
    /// Where rows name their units.
    pub units: UnitColumns,
    /// Whether the caller named the order of the numbers.
    pub order_is_told: bool,
    file: String,
    header: Header,
    /// The column of the id. Several only where records bring columns of their own: `ID` here, `id` there.
    id: Vec<usize>,
    id_is_told: bool,
    /// The column of the key that a feature of ours came from, which says more than its number.
    key: Vec<usize>,
    key_is_told: bool,
    /// The same for each field of the layer.
    fields: Vec<Vec<usize>>,
    ways: Vec<Way>,
    /// What each column is for that was in the sample, and why.
    pub assigned: Vec<Vec<(Target, Because)>>,
    /// Columns that were looked at, and their keys.
    columns: usize,
    keys: HashMap<String, usize>,
}

impl Plan {
    /// The plan for a file; columns that are for nothing are told.
    pub fn new(
        wanted: &Wanted,
        options: &FeatureOptions,
        records: &Sampled,
        maker: &mut RowMaker,
    ) -> Result<Self, ImportError> {
        let (file, source, columns) = (maker.place.clone(), &records.source(), records.columns());
        let found = match source.position {
            PositionIn::Geometry => Found { from: PositionFrom::Geometry, order: Some(Order::EastNorth) },
            PositionIn::Columns => {
                let keys: Vec<String> = columns.iter().map(|name| column_key(name)).collect();
                wanted.check_told(&file, |key| keys.iter().any(|known| known == key))?;
                wanted.position(&file, columns)?
            }
        };
        let crs = crs_of(wanted, source, &file)?;
        let order = wanted.xy().or(found.order).unwrap_or_else(|| order_of_xy(crs));
        if wanted.xy().or(found.order).is_none() && order == Order::NorthEast {
            maker.surveyors_order(crs);
        }
        let taken = match found.from {
            PositionFrom::Columns { x, y } => vec![x, y],
            PositionFrom::Column(both) => vec![both],
            PositionFrom::Geometry => Vec::new(),
        };
        let assigned = wanted.assign(columns, &taken);
        let ways = ways(&assigned, options, records, &maker.layer);
        let mut plan = Self {
            position: found.from,
            reading: Reading { crs, order },
            units: UnitColumns::default(),
            order_is_told: wanted.xy().is_some(),
            file,
            header: source.header,
            id: Vec::new(),
            id_is_told: wanted.is_told(Target::Id),
            key_is_told: wanted.is_told(Target::Key),
            key: Vec::new(),
            fields: vec![Vec::new(); maker.layer.fields.len()],
            ways,
            assigned,
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
        if met < columns.len() {
            self.units = UnitColumns::find(columns, wanted.units()).or_else(|missing| {
                if self.header == Header::Growing { Ok(UnitColumns::default()) } else { Err(missing) }
            })?;
        }
        for (column, name) in columns.iter().enumerate().skip(met) {
            self.columns += 1;
            self.keys.entry(column_key(name)).or_insert(column);
            let targets = match self.assigned.get(column) {
                Some(places) => places.iter().map(|(target, _)| *target).collect(),
                None => wanted.targets(name),
            };
            let is_position = match self.position {
                PositionFrom::Geometry => false,
                PositionFrom::Columns { x, y } => column == x || column == y,
                PositionFrom::Column(both) => column == both,
            };
            let is_for_nothing = targets.is_empty() && !is_position && !normal(name).is_empty();
            // A rejects file that comes back has columns of ours.
            if is_for_nothing && !self.units.contains(column) && !name.starts_with(OWN_COLUMNS) {
                maker.unknown_column(name);
            }
            for target in targets {
                let places = match target {
                    Target::Id => Some(&mut self.id),
                    Target::Key => Some(&mut self.key),
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
        if self.units.is_empty() && !wanted.units().is_empty() {
            let expected = format!("columns of {}, found {}", self.file, wanted.units().join(", "));
            return Err(Invalid::new("--unit", expected).into());
        }
        Ok(wanted.check_told(&self.file, |key| self.keys.contains_key(key))?)
    }

    /// The id of a record: the key under which it was exported, unless the caller named another column; then the column that the caller
    /// named, the format's own id, or the column of ids.
    pub fn id<'a>(&self, record: &Record<'a>) -> Cell<'a> {
        let key = if self.key_is_told || !self.id_is_told { first(&self.key, record) } else { Cell::Null };
        if !key.is_blank() {
            return key;
        }
        if record.id != Cell::Null && !self.id_is_told { record.id } else { first(&self.id, record) }
    }

    /// What was taken from which column, by their names: fields and the id, then the position.
    pub fn told(&self, layer: &Layer, columns: &[String]) -> Vec<(String, String)> {
        let name = |column: &usize| columns.get(*column).cloned();
        let fields = layer.fields.iter().zip(&self.fields).map(|(field, from)| (field.name.as_str(), from.as_slice()));
        let own = fields.chain([("id", self.id.as_slice()), (KEY, self.key.as_slice())]);
        let mut told: Vec<(String, String)> =
            own.filter_map(|(to, from)| Some((to.to_owned(), name(from.first()?)?))).collect();
        let position: &[(&str, usize)] = match self.position {
            PositionFrom::Geometry => &[],
            PositionFrom::Columns { x, y } => &[("x", x), ("y", y)],
            PositionFrom::Column(both) => &[("x,y", both)],
        };
        told.extend(position.iter().filter_map(|(to, from)| Some(((*to).to_owned(), name(from)?))));
        told
    }

    /// Whether the column is one of the id's.
    pub fn is_id(&self, column: usize) -> bool {
        self.id.contains(&column) || self.key.contains(&column)
    }

    /// The name of the column that a field of the layer is taken from.
    pub fn column_of<'a>(&self, field: usize, record: &Record<'a>) -> &'a str {
        let column = self.fields.get(field).and_then(|columns| columns.first());
        column.and_then(|column| record.columns.get(*column)).map_or("", String::as_str)
    }

    /// How the cells of a field are written.
    pub fn way(&self, field: usize) -> Option<&Way> {
        self.ways.get(field)
    }

    /// The cell for a field of the layer, by its index.
    pub fn cell<'a>(&self, field: usize, record: &Record<'a>) -> Cell<'a> {
        self.fields.get(field).map_or(Cell::Null, |columns| first(columns, record))
    }
}

/// How each field of the layer is written in the column that it is taken from.
fn ways(assigned: &[Vec<(Target, Because)>], options: &FeatureOptions, records: &Sampled, layer: &Layer) -> Vec<Way> {
    let of_field = |(index, field): (usize, &Field)| {
        let is_its = |places: &Vec<(Target, Because)>| places.iter().any(|(target, _)| *target == Target::Field(index));
        let look = assigned.iter().position(is_its).and_then(|column| records.looks.get(column));
        let guessed = look.map_or_else(Written::default, |look| look.written().0);
        let written = Written {
            decimal: options.decimal.unwrap_or(guessed.decimal),
            dates: options.dates.unwrap_or(guessed.dates),
        };
        let told = options.codes.get(&field.name).cloned().unwrap_or_default();
        Way { written, codes: Codes::new(field, told) }
    };
    layer.fields.iter().enumerate().map(of_field).collect()
}

/// The reference system of a file: what the caller says, else what the file says, else WGS 84.
fn crs_of(wanted: &Wanted, source: &Source, file: &str) -> Result<Crs, Invalid> {
    let unknown = |what: &str| {
        let known = "WGS 84, Web Mercator, VN-2000 and its grids";
        Invalid::new("--crs", format!("the reference system of {file}, which names {what}; {known} are read"))
    };
    let found = match (wanted.crs(), &source.crs) {
        (Some(crs), _) => Ok(crs),
        (None, None) => Ok(Crs::Wgs84),
        (None, Some(FileCrs::Epsg(code))) => {
            Crs::parse(&code.to_string()).ok_or_else(|| unknown(&format!("EPSG:{code}")))
        }
        (None, Some(FileCrs::Text(text))) => {
            Crs::from_wkt(text).or_else(|| Crs::parse(text)).ok_or_else(|| unknown(&shown(text)))
        }
    };
    // The order of the axes is the reading's own.
    found.map(|crs| if crs == Crs::Crs84 { Crs::Wgs84 } else { crs })
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
