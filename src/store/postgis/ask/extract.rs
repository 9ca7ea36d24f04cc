//! All features in an area by a cursor, in the order asked for: however many, in one transaction of one moment, few at a time.

use tokio::sync::mpsc;
use tokio_postgres::types::Type;

use super::question::Question;
use super::sort::{behind, expression, order};
use super::sql::{Sql, select_rows};
use super::within::in_area;
use crate::model::{After, Feature};
use crate::store::postgis::failure::fault;
use crate::store::{Extracted, LargeArea, LargePage, StoreError, Wanted};

/// Features that are fetched at a time.
const FETCHED: usize = 2_000;

impl Question<'_> {
    pub(super) async fn extract(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        asked: LargePage<'_>,
        rows: &mpsc::Sender<Extracted>,
    ) -> Result<(), StoreError> {
        if matches!(area, LargeArea::Radius(..)) {
            // Features at the edge of a circle are decided one by one by the engine, so that they cannot be counted before.
            return Err(fault(format!("extracting {}", wanted.layer.id), "a circle is asked by pages"));
        }
        let matched = self.matched(wanted, area).await?;
        let limit = i64::try_from(asked.limit).unwrap_or(i64::MAX);
        let next = if matched > limit.unsigned_abs() { self.end_of_page(wanted, area, asked).await? } else { None };
        if rows.send(Extracted::Begun { version: self.version, matched, next }).await.is_err() {
            return Ok(());
        }
        self.declare(wanted, area, asked).await?;
        let fetch = Sql::uncommon(format!("FETCH {FETCHED} FROM extracted"));
        loop {
            // A reader who went away while the server works is noticed at once.
            let features: Vec<Feature> = tokio::select! {
                features = self.features(&fetch) => features?,
                () = rows.closed() => return Ok(()),
            };
            // Rows that are no features are left out by the statement: only at its end are there none.
            if features.is_empty() || rows.send(Extracted::Rows(features)).await.is_err() {
                return Ok(());
            }
        }
    }

    async fn matched(&self, wanted: &Wanted<'_>, area: &LargeArea<'_>) -> Result<u64, StoreError> {
        let mut sql = Sql::new("SELECT count(*)");
        sql.wanted(&self.table, wanted);
        in_area(&mut sql, &self.table, wanted, area);
        let rows = self.rows(&sql).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()))
    }

    /// Where the page ends, where there is another one behind it.
    async fn end_of_page(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        asked: LargePage<'_>,
    ) -> Result<Option<After>, StoreError> {
        let mut sql = select_rows(&self.table, wanted);
        sql.is_common &= asked.sort.is_empty();
        self.page(&mut sql, wanted, area, asked);
        sql.add(" OFFSET ");
        sql.bind(i64::try_from(asked.limit).unwrap_or(i64::MAX).saturating_sub(1), Type::INT8);
        sql.add(" LIMIT 2");
        let features = self.features(&sql).await?;
        Ok(match features.as_slice() {
            [last, _] => Some(After::feature(last, asked.sort)),
            _ => None,
        })
    }

    async fn declare(&self, wanted: &Wanted<'_>, area: &LargeArea<'_>, asked: LargePage<'_>) -> Result<(), StoreError> {
        // All of it will be read: a plan for the first tenth would be another.
        self.rows(&Sql::uncommon("SET LOCAL cursor_tuple_fraction = 1")).await?;
        let mut sql = select_rows(&self.table, wanted);
        sql.text.insert_str(0, "DECLARE extracted NO SCROLL CURSOR FOR ");
        sql.is_common = false;
        self.page(&mut sql, wanted, area, asked);
        sql.add(" LIMIT ");
        sql.bind(i64::try_from(asked.limit).unwrap_or(i64::MAX), Type::INT8);
        self.rows(&sql).await.map(drop)
    }

    /// Adds from where the features come, behind which place, and in which order.
    fn page(&self, sql: &mut Sql, wanted: &Wanted<'_>, area: &LargeArea<'_>, asked: LargePage<'_>) {
        let (table, id) = (&self.table, &self.table.columns.id);
        let keys: Vec<String> = asked.sort.iter().map(|key| expression(table, wanted.layer, *key)).collect();
        sql.wanted(table, wanted);
        in_area(sql, table, wanted, area);
        if let Some(after) = asked.after {
            sql.add(" AND ");
            behind(sql, asked.sort, (&keys, id), after);
        }
        order(sql, asked.sort, &keys, id);
    }
}
