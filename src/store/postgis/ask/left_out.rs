//! Rows of a layer's table that are no features.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::Table;
use super::question::Question;
use super::sql::Sql;
use crate::model::{FindingKind, Layer, Value};
use crate::store::postgis::columns::sql_type;
use crate::store::postgis::row;
use crate::store::{LeftOut, LeftOutPage, LeftOutRow, StoreError};

/// What is wrong with such a row, the first of what `row::read` finds.
const KINDS: [FindingKind; 3] = [FindingKind::InvalidId, FindingKind::MissingPosition, FindingKind::InvalidPosition];

impl Question<'_> {
    pub(super) async fn left_out(&self, layer: &Layer, page: &LeftOutPage) -> Result<LeftOut, StoreError> {
        let mut counts = Sql::new("SELECT q.kind, count(*) FROM (SELECT ");
        counts.add(&kind_of(&self.table));
        counts.add(" AS kind");
        no_features(&mut counts, &self.table);
        counts.add(") q GROUP BY q.kind ORDER BY q.kind");
        let counted = self.rows(&counts).await?;
        let counts = counted.iter().filter_map(|row| Some((kind(row, 0)?, row.get::<_, i64>(1).unsigned_abs())));
        let counts = counts.collect();
        if page.limit == 0 || page.kinds.is_empty() {
            return Ok(LeftOut { version: self.version, counts, rows: Vec::new() });
        }
        let found = self.rows(&listed(&self.table, layer, page)).await?;
        let row = |row: &Row| {
            let values = layer.fields.iter().zip(2..).map(|(field, column)| {
                let value = row::value(row, column, field.kind).map_err(self.failed())?;
                Ok(value.unwrap_or(Value::Null))
            });
            let values = values.collect::<Result<_, StoreError>>()?;
            Ok(LeftOutRow { id: row.get(0), kind: kind(row, 1).unwrap_or(FindingKind::UnreadableRow), values })
        };
        let rows = found.iter().map(row).collect::<Result<_, StoreError>>()?;
        Ok(LeftOut { version: self.version, counts, rows })
    }
}

/// A page of them. A table of others may have rows whose keys are missing or alike: their values order them.
fn listed(table: &Table, layer: &Layer, page: &LeftOutPage) -> Sql {
    let mut sql =
        Sql::uncommon(format!("SELECT * FROM (SELECT {} AS id, {} AS kind", table.columns.id, kind_of(table)));
    for (index, (field, column)) in layer.fields.iter().zip(&table.columns.stored).enumerate() {
        sql.add(&format!(", ({column})::{} AS v{index}", sql_type(field.kind)));
    }
    no_features(&mut sql, table);
    sql.add(") q WHERE q.kind = ANY (");
    sql.bind(page.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>(), Type::TEXT_ARRAY);
    sql.add(") ORDER BY q.id NULLS LAST, q::text OFFSET ");
    sql.bind(i64::try_from(page.skip).unwrap_or(i64::MAX), Type::INT8);
    sql.add(" LIMIT ");
    sql.bind(i64::try_from(page.limit).unwrap_or(i64::MAX), Type::INT8);
    sql
}

fn no_features(sql: &mut Sql, table: &Table) {
    sql.add(&format!(" FROM {} WHERE ({}) IS NOT TRUE", table.name, table.is_feature()));
}

fn kind_of(table: &Table) -> String {
    let (id, at) = (&table.columns.id, &table.columns.position);
    let [id_kind, missing, invalid] = KINDS.map(FindingKind::name);
    format!(
        "CASE WHEN {id} IS NULL OR {id} < 0 THEN '{id_kind}' \
         WHEN ST_X({at}) IS NULL OR ST_Y({at}) IS NULL THEN '{missing}' ELSE '{invalid}' END"
    )
}

fn kind(row: &Row, column: usize) -> Option<FindingKind> {
    let name: String = row.get(column);
    KINDS.into_iter().find(|kind| kind.name() == name)
}
