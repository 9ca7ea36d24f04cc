//! How many of the rows are of each of some kinds: one pass over the table, and one for their units, of one moment.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::question::Question;
use super::sql::Sql;
use crate::engine::crowds::least_rows;
use crate::model::LonLat;
use crate::model::filter::Filter;
use crate::store::{Grouping, StoreError, Tallied, Wanted};

impl Question<'_> {
    /// The wanted rows by their units, and how many of them each of the filters takes.
    pub(super) async fn tally(
        &self,
        wanted: &Wanted<'_>,
        (by, tests): (&Grouping, &[Filter]),
    ) -> Result<Tallied, StoreError> {
        let groups = self.count(wanted, by).await?;
        let mut sql = Sql::uncommon("SELECT count(*)");
        for test in tests {
            sql.add(", count(*) FILTER (WHERE ");
            sql.filter(test, &self.table.columns);
            sql.add(")");
        }
        sql.wanted(&self.table, wanted);
        let rows = self.rows(&sql).await?;
        let count = |row: &Row, column: usize| row.get::<_, i64>(column).unsigned_abs();
        let row = rows.first();
        let counts = (0..tests.len()).map(|test| row.map_or(0, |row| count(row, test + 1))).collect();
        Ok(Tallied { rows: row.map_or(0, |row| count(row, 0)), groups, counts })
    }

    /// The places at which very many of the rows lie.
    pub(super) async fn crowds(&self) -> Result<Vec<LonLat>, StoreError> {
        let at = &self.table.columns.position;
        // A twentieth of all, and not very few: as `least_rows` has it, which decides about what is found.
        let mut sql = Sql::new(format!(
            "SELECT q.lon, q.lat, q.many, q.total FROM (SELECT ST_X({at}) + 0.0 AS lon, ST_Y({at}) + 0.0 AS lat, \
             count(*) AS many, (sum(count(*)) OVER ())::bigint AS total"
        ));
        sql.features(&self.table);
        sql.add(" GROUP BY 1, 2) q WHERE q.many >= ");
        sql.bind(i64::try_from(least_rows(0)).unwrap_or(i64::MAX), Type::INT8);
        sql.add(" AND q.many * 20 >= q.total ORDER BY 1, 2");
        let rows = self.rows(&sql).await?;
        let is_many =
            |row: &&Row| row.get::<_, i64>(2).unsigned_abs() >= least_rows(row.get::<_, i64>(3).unsigned_abs());
        Ok(rows.iter().filter(is_many).map(|row| LonLat { lon: row.get(0), lat: row.get(1) }).collect())
    }
}
