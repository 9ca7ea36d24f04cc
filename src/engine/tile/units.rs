//! The tiles of units: their polygons, and a point for the name of each.

use std::collections::BTreeMap;

use super::TileLayerBytes;
use super::encode::{FeatureEncoder, LayerEncoder, PropertyValue};
use crate::engine::borders::BorderMap;
use crate::engine::unit_map::UnitMap;
use crate::model::{Day, Level, TileCoord, TileLayer, Unit, UnitId};

/// The units of a level on a day.
#[derive(Clone, Copy)]
pub struct UnitsSource<'a> {
    /// The units of all dates.
    pub units: &'a UnitMap,
    /// Their borders.
    pub borders: &'a BorderMap,
    /// Which level.
    pub level: Level,
    /// On which day.
    pub day: Day,
}

/// The polygons of a level's units, each with its number of features where `counts` is given (0 where it has none there).
pub fn units_layer(
    source: &UnitsSource<'_>,
    coord: TileCoord,
    counts: Option<&BTreeMap<UnitId, u64>>,
) -> TileLayerBytes {
    let mut encoder = LayerEncoder::new();
    let properties = UnitProperties::new(&mut encoder, counts);
    let mut features = 0;
    for shape in source.borders.tile(coord, source.level, source.day) {
        if let Some(unit) = source.units.unit(shape.unit) {
            let mut feature = encoder.feature(id_of(unit.id));
            properties.write(&mut feature, unit);
            feature.polygon(&shape.commands);
            features += 1;
        }
    }
    let bytes = encoder.finish(&TileLayer::Units(source.level).to_string());
    TileLayerBytes { bytes, features, cells: false }
}

/// One point inside each unit of a level, for its name.
pub fn labels_layer(source: &UnitsSource<'_>, coord: TileCoord) -> TileLayerBytes {
    let mut encoder = LayerEncoder::new();
    let properties = UnitProperties::new(&mut encoder, None);
    let mut features = 0;
    for label in source.borders.labels(coord, source.level, source.day) {
        if let Some(unit) = source.units.unit(label.unit) {
            let mut feature = encoder.feature(id_of(unit.id));
            properties.write(&mut feature, unit);
            feature.point(label.x as i32, label.y as i32);
            features += 1;
        }
    }
    let bytes = encoder.finish(&TileLayer::Labels(source.level).to_string());
    TileLayerBytes { bytes, features, cells: false }
}

fn id_of(UnitId(id): UnitId) -> Option<u64> {
    u64::try_from(id).ok()
}

struct UnitProperties<'a> {
    keys: [u32; 9],
    count: Option<(u32, &'a BTreeMap<UnitId, u64>)>,
}

const NAMES: [&str; 9] =
    ["code", "name", "full_name", "kind", "level", "schematic", "parent", "valid_from", "valid_to"];

impl<'a> UnitProperties<'a> {
    fn new(encoder: &mut LayerEncoder, counts: Option<&'a BTreeMap<UnitId, u64>>) -> Self {
        let keys = NAMES.map(|name| encoder.key(name));
        Self { keys, count: counts.map(|counts| (encoder.key("count"), counts)) }
    }

    fn write(&self, feature: &mut FeatureEncoder<'_>, unit: &Unit) {
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        let (from, to) = (day(unit.valid.from), day(unit.valid.to));
        let values = [
            Some(PropertyValue::Text(&unit.code)),
            Some(PropertyValue::Text(&unit.name)),
            Some(PropertyValue::Text(&unit.full_name)),
            Some(PropertyValue::Text(&unit.kind)),
            Some(PropertyValue::Text(unit.level.name())),
            Some(PropertyValue::Boolean(unit.schematic)),
            unit.parent.as_deref().map(PropertyValue::Text),
            from.as_deref().map(PropertyValue::Text),
            to.as_deref().map(PropertyValue::Text),
        ];
        for (key, value) in self.keys.iter().zip(values) {
            if let Some(value) = value {
                feature.property(*key, value);
            }
        }
        if let Some((key, counts)) = self.count {
            let count = counts.get(&unit.id).copied().unwrap_or(0);
            feature.property(key, PropertyValue::Unsigned(count));
        }
    }
}
