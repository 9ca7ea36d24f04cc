//! The features nearest to a place.

use tokio_postgres::types::Type;

use super::question::Question;
use super::sql::Sql;
use super::within::{DOUBT_M, distance};
use crate::engine::geodesic::{boxes_around, distance_m};
use crate::model::{Feature, LonLat};
use crate::store::{StoreError, Wanted};

impl Question<'_> {
    /// The nearest in degrees, by the index, bound the search: the farthest of them is as far as the answer can reach. Of the
    /// features within that distance the nearest are given, and those as far as the last of them.
    pub(super) async fn nearest(
        &self,
        wanted: &Wanted<'_>,
        at: LonLat,
        count: usize,
    ) -> Result<Vec<Feature>, StoreError> {
        let most = i64::try_from(count).unwrap_or(i64::MAX);
        let table = &self.table;
        let (id, position) = (&table.columns.id, &table.columns.position);
        let mut sql = Sql::new(format!("SELECT {id}, ST_X({position}), ST_Y({position})"));
        sql.wanted(table, wanted);
        sql.add(&format!(" ORDER BY {position} <-> ST_Point("));
        sql.bind(at.lon, Type::FLOAT8);
        sql.add(", ");
        sql.bind(at.lat, Type::FLOAT8);
        sql.add(", 4326) LIMIT ");
        sql.bind(most, Type::INT8);
        let rows = self.rows(&sql).await?;
        let far_m = rows.iter().map(|row| distance_m(at, LonLat { lon: row.get(1), lat: row.get(2) }));
        let Some(far_m) = far_m.reduce(f64::max) else { return Ok(Vec::new()) };
        if rows.len() < count {
            return self.of_ids(wanted, rows.iter().map(|row| row.get(0)).collect()).await;
        }
        let mut sql = Sql::new(format!("WITH hit AS MATERIALIZED (SELECT {id} AS id, "));
        distance(&mut sql, table, at);
        sql.add(" AS far_m");
        sql.wanted(table, wanted);
        sql.in_boxes(table, &boxes_around(at, far_m + DOUBT_M));
        sql.add("), last AS (SELECT max(far_m) AS far_m FROM (SELECT far_m FROM hit ORDER BY far_m LIMIT ");
        sql.bind(most, Type::INT8);
        sql.add(") nearest) SELECT id FROM hit, last WHERE hit.far_m <= last.far_m + ");
        sql.bind(DOUBT_M, Type::FLOAT8);
        let rows = self.rows(&sql).await?;
        self.bounded(rows.len())?;
        self.of_ids(wanted, rows.iter().map(|row| row.get(0)).collect()).await
    }
}
