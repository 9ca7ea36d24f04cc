use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::atlas::{Extract, UnitMap};
use crate::engine::crs::Crs;
use crate::model::{Field, FoundFeature, Invalid, Layer, LonLat, Relation, Value, View};

/// In which order a position's two numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// As the reference system has them: latitude first in EPSG:4326. What OGC API answers.
    AsDefined,
    /// Longitude or easting first in every system: what programs take files for.
    EastFirst,
}

/// What of a layer is written.
#[derive(Debug, Clone)]
pub struct SheetOptions {
    /// What the caller sees.
    pub view: View,
    /// Names of the fields that are written, `unit` among them; all where not said. Id and position always are.
    pub fields: Option<Vec<String>>,
    /// The reference system of positions.
    pub crs: Crs,
    /// Their order.
    pub axes: Axes,
    /// Where days and times are.
    pub zone: TimeZone,
}

/// What is written of each feature, in whatever format.
#[derive(Clone)]
pub struct Sheet {
    /// Whose features.
    pub layer: Arc<Layer>,
    units: Arc<UnitMap>,
    /// Indices of the fields that are written, ascending.
    fields: Vec<usize>,
    /// Whether the commune is.
    has_unit: bool,
    /// Whether the senders' keys are.
    has_key: bool,
    /// The reference system of positions.
    pub crs: Crs,
    axes: Axes,
    /// Where days and times are, for formats whose times have no zone.
    pub zone: TimeZone,
}

/// Columns that stand for the commune: its code, and how it holds the feature.
pub const UNIT_COLUMNS: [&str; 2] = ["unit", "unit_relation"];
/// The column of the senders' keys: an import takes it for what it is, so a file that comes back meets its own features again.
pub const KEY_COLUMN: &str = "source_id";

impl Sheet {
    /// What is written of an extract, which looks for no keys that are not written.
    pub fn new(extract: &mut Extract, options: &SheetOptions) -> Result<Self, Invalid> {
        let (fields, has_unit, has_key) = chosen(extract, options)?;
        extract.has_keys = has_key;
        Ok(Self {
            layer: Arc::clone(&extract.layer),
            units: Arc::clone(&extract.units),
            fields,
            has_unit,
            has_key,
            crs: options.crs,
            axes: options.axes,
            zone: options.zone.clone(),
        })
    }

    /// The fields that are written, with their places in the layer.
    pub fn fields(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().filter_map(|index| Some((*index, self.layer.fields.get(*index)?)))
    }

    /// The values of the fields that are written, in their order.
    pub fn values<'a>(&'a self, found: &'a FoundFeature) -> impl Iterator<Item = (&'a Field, &'a Value)> {
        self.fields().map(|(index, field)| (field, found.feature.values.get(index).unwrap_or(&Value::Null)))
    }

    /// Names of the text columns behind the fields: of the commune and the key, as far as they are written.
    pub fn more_columns(&self) -> impl Iterator<Item = &'static str> + use<> {
        let unit = if self.has_unit { &UNIT_COLUMNS[..] } else { &[] };
        unit.iter().copied().chain(self.has_key.then_some(KEY_COLUMN))
    }

    /// Their values.
    pub fn more_values<'a>(&'a self, found: &'a FoundFeature) -> impl Iterator<Item = Option<&'a str>> {
        let (code, relation) = self.unit(found);
        let unit = [code, Some(relation_name(relation))].into_iter().filter(|_| self.has_unit);
        unit.chain(self.has_key.then_some(found.key.as_deref()))
    }

    /// The commune's code and how it holds the feature.
    pub fn unit(&self, found: &FoundFeature) -> (Option<&str>, Relation) {
        let held = found.unit.and_then(|(id, relation)| Some((self.units.unit(id)?.code.as_str(), relation)));
        held.map_or((None, Relation::Outside), |(code, relation)| (Some(code), relation))
    }

    /// The two numbers of a position in their order. None where the projection has none for it.
    pub fn position(&self, at: LonLat) -> Option<[f64; 2]> {
        let numbers = self.crs.from_lon_lat(at)?;
        let [a, b] = numbers;
        let turned = self.axes == Axes::EastFirst && self.crs.is_latitude_first();
        Some(if turned { [b, a] } else { numbers })
    }

    /// That no field has the name of one of the columns that a format has besides.
    pub fn keeps_free(&self, format: &str, columns: &[&str]) -> Result<(), Invalid> {
        let taken = self.fields().find(|(_, field)| {
            columns.contains(&field.name.as_str()) || self.more_columns().any(|name| name == field.name)
        });
        taken.map_or(Ok(()), |(_, field)| {
            let name = &field.name;
            let expected = format!("fields without {name}: {format} files have a column {name} of their own");
            Err(Invalid::new("fields", expected))
        })
    }
}

/// The fields that are asked for and seen, and whether commune and key are.
fn chosen(extract: &Extract, options: &SheetOptions) -> Result<(Vec<usize>, bool, bool), Invalid> {
    let seen = extract.layer.fields.iter().enumerate().filter(|(_, field)| options.view.sees_field(field));
    let Some(names) = &options.fields else {
        return Ok((seen.map(|(index, _)| index).collect(), true, extract.has_keys));
    };
    let more = ["unit"].into_iter().chain(extract.has_keys.then_some(KEY_COLUMN));
    let known: Vec<&str> = seen.clone().map(|(_, field)| field.name.as_str()).chain(more).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let expected = format!("names of fields with commas between them, of {}; found {name:.64?}", known.join(", "));
        return Err(Invalid::new("fields", expected));
    }
    let fields = seen.filter(|(_, field)| names.contains(&field.name)).map(|(index, _)| index).collect();
    let has = |column: &str| names.iter().any(|name| name == column);
    Ok((fields, has("unit"), extract.has_keys && has(KEY_COLUMN)))
}

/// The relation's name in files and on the wire.
pub fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Covered => "covered",
        Relation::Near => "near",
        Relation::Outside => "outside",
    }
}
