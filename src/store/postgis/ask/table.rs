//! The table of a layer that is asked in SQL, as expressions.

use std::sync::Arc;

use crate::model::Layer;
use crate::store::StoreError;
use crate::store::postgis::columns::{Relation, quoted, sql_type, table_of, value_of};
use crate::store::postgis::{PostGis, SqlColumns};

/// A layer's table.
pub(in crate::store::postgis) struct Table {
    /// Its quoted name.
    pub(super) name: String,
    /// Whether it can be held, as `hold` says.
    pub(super) is_holdable: bool,
    /// Id, position and fields as they are read: what is stored and no value of its field is null.
    pub(super) columns: SqlColumns,
    /// The stored answer of the join; where a row has none, it is made for that row.
    pub(super) units: String,
}

impl Table {
    /// That a row is a feature of the layer, as `row::read` has it.
    pub(super) fn is_feature(&self) -> String {
        let (id, at) = (&self.columns.id, &self.columns.position);
        format!("{id} >= 0 AND ST_X({at}) BETWEEN -180 AND 180 AND ST_Y({at}) BETWEEN -90 AND 90")
    }
}

impl PostGis {
    /// The table of a layer that was prepared, whether it is loaded or not; none of one that does not fit.
    pub(super) async fn table_of(&self, layer: &Layer) -> Result<Option<Arc<Table>>, StoreError> {
        let prepared = self.prepared().clone();
        if let Some(table) = prepared.large.get(layer.id.as_str()) {
            return Ok(Some(Arc::clone(table)));
        }
        if !prepared.layers.iter().any(|known| known == layer.id.as_str()) {
            return Ok(None);
        }
        self.large_table(layer, &prepared.zone).await.map(|table| Some(Arc::new(table)))
    }

    /// Looks a layer's table up.
    ///
    /// Of a published table the position is the column itself where its type says that it holds points in WGS 84: only then
    /// does an index serve. The join is read from a column `units integer[]` where there is one, else made for each row asked
    /// for, a millisecond or more a row.
    pub(in crate::store::postgis) async fn large_table(&self, layer: &Layer, zone: &str) -> Result<Table, StoreError> {
        let doing = || format!("preparing {}", layer.id);
        let client = self.borrow().await?;
        let found = Relation::find(&**client, table_of(layer)).await.map_err(self.address.failed(doing()))?;
        let relation = found.ok_or_else(|| {
            let cause = format!("there is no table or view {}", table_of(layer));
            StoreError::Unreadable { layer: layer.id.to_string(), cause }
        })?;
        let (id, position) = match &layer.published {
            None => (quoted("id"), quoted("geom")),
            Some(source) => {
                let geom = quoted(&source.geometry_column);
                let ask = include_str!("../../../../sql/holds_points.sql");
                let row = client.query_one(ask, &[&relation.name, &source.geometry_column]).await;
                let plain: bool = row.map_err(self.address.failed(doing()))?.get(0);
                let position = if plain {
                    geom
                } else {
                    format!(
                        "(CASE WHEN ST_SRID({geom}) NOT IN (0, 4326) THEN bandoso.in_degrees({geom}) \
                         WHEN GeometryType({geom}) = 'POINT' AND ST_SRID({geom}) = 4326 THEN {geom} END)"
                    )
                };
                (format!("{}::bigint", quoted(&source.key)), position)
            }
        };
        let has_units = relation.columns.get("units").is_some_and(|column| column.name == "_int4");
        let units = if has_units {
            format!("coalesce(units, bandoso.unit_links({position}))")
        } else {
            format!("bandoso.unit_links({position})")
        };
        let field = |field: &crate::model::Field| {
            let read = relation.reads(&field.name, field.kind, zone);
            read.unwrap_or_else(|| format!("NULL::{}", sql_type(field.kind)))
        };
        let stored: Vec<String> = layer.fields.iter().map(field).collect();
        let read = layer.fields.iter().zip(&stored).map(|(field, column)| value_of(field.kind, column));
        let columns = SqlColumns { id, position, fields: read.collect(), stored };
        Ok(Table { name: relation.name, is_holdable: relation.is_holdable, columns, units })
    }
}
