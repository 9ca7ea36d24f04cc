//! How many features a layer has, where and when.

use jiff::tz::TimeZone;

use super::question::Question;
use super::sql::Sql;
use crate::model::{Bbox, FieldType, Instant, Layer, Value};
use crate::store::postgis::columns::{date_value, timestamp_value};
use crate::store::postgis::row::Wire;
use crate::store::{LayerTotals, StoreError};

impl Question<'_> {
    pub(super) async fn totals(&self, layer: &Layer, zone: &TimeZone) -> Result<LayerTotals, StoreError> {
        let table = &self.table;
        let at = &table.columns.position;
        let mut sql =
            Sql::new(format!("SELECT count(*), min(ST_X({at})), min(ST_Y({at})), max(ST_X({at})), max(ST_Y({at}))"));
        let field = layer.time.and_then(|index| Some((layer.fields.get(index)?, table.columns.fields.get(index)?)));
        if let Some((_, column)) = field {
            for end in ["min", "max"] {
                sql.add(&format!(", {end}({column})"));
            }
        }
        sql.features(table);
        let rows = self.rows(&sql).await?;
        let mut totals = LayerTotals { features: 0, bbox: Bbox::EMPTY, time: None };
        let Some(row) = rows.first() else { return Ok(totals) };
        totals.features = row.get::<_, i64>(0).unsigned_abs();
        let edges = [1, 2, 3, 4].map(|column| row.get::<_, Option<f64>>(column));
        if let [Some(west), Some(south), Some(east), Some(north)] = edges {
            totals.bbox = Bbox { west, south, east, north };
        }
        let instant = |column: usize| -> Option<Instant> {
            let value = match field?.0.kind {
                FieldType::Date => date_value(row.get::<_, Option<Wire<i32>>>(column)?.0),
                _ => timestamp_value(row.get::<_, Option<Wire<i64>>>(column)?.0),
            };
            match value? {
                Value::Date(day) => Some(day.start(zone)),
                Value::Timestamp(instant) => Some(instant),
                _ => None,
            }
        };
        totals.time = instant(5).zip(instant(6));
        Ok(totals)
    }
}
