//! A page of the features in an area, and how many there are.

use tokio_postgres::types::Type;

use super::Table;
use super::corridor::{in_corridor, is_by_edge};
use super::held::{has_value, is_held};
use super::question::Question;
use super::sort::{behind, expression, order};
use super::sql::{Sql, select_rows};
use crate::engine::geodesic::{boxes_around, is_within};
use crate::model::{Feature, LonLat};
use crate::store::postgis::ewkb::ewkb;
use crate::store::postgis::failure::fault;
use crate::store::postgis::filter::SqlBind;
use crate::store::{IdPage, LargeArea, LargeKey, LargePage, StoreError, Wanted};

/// Metres by which `PostGIS` and the engine may differ about a distance: both are right to 15 nm.
pub(super) const DOUBT_M: f64 = 1e-6;

impl Question<'_> {
    pub(super) async fn within(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        asked: LargePage<'_>,
    ) -> Result<IdPage, StoreError> {
        if !asked.sort.is_empty() {
            return self.sorted(wanted, area, asked).await;
        }
        let (after, limit) = (asked.after.map(|after| after.id), asked.limit);
        let after = after.map_or(-1, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let rows = self.rows(&page(&self.table, wanted, area, (after, limit))).await?;
        let mut matched = rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs());
        let mut ids: Vec<i64> = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(id) = row.get::<_, Option<i64>>(1) else { continue };
            let certain = !row.get::<_, bool>(2);
            if certain || decided(area, LonLat { lon: row.get(3), lat: row.get(4) }) {
                matched += u64::from(!certain);
                ids.extend((id > after).then_some(id));
            }
        }
        ids.sort_unstable();
        let more = ids.len() > limit;
        ids.truncate(limit);
        let next = if more { ids.last().map(|id| id.unsigned_abs()) } else { None };
        Ok(IdPage { matched, features: self.of_ids(wanted, ids).await?, next })
    }

    /// A page in the order asked for.
    async fn sorted(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        asked: LargePage<'_>,
    ) -> Result<IdPage, StoreError> {
        if matches!(area, LargeArea::Radius(..) | LargeArea::Corridor(_)) {
            // Features at an edge are decided one by one by the engine, so they have no place in the database's order.
            return Err(fault(
                format!("sorting {}", wanted.layer.id),
                "a circle and a corridor are in the order of ids",
            ));
        }
        let rows = self.rows(&sorted_page(&self.table, wanted, area, asked)).await?;
        let matched = rows.first().map_or(0, |row| row.get::<_, i64>(0).unsigned_abs());
        let mut ids: Vec<i64> = rows.iter().filter_map(|row| row.get(1)).collect();
        let more = ids.len() > asked.limit;
        ids.truncate(asked.limit);
        let next = if more { ids.last().map(|id| id.unsigned_abs()) } else { None };
        Ok(IdPage { matched, features: self.of_ids(wanted, ids).await?, next })
    }

    /// The features of these ids.
    pub(super) async fn of_ids(&self, wanted: &Wanted<'_>, ids: Vec<i64>) -> Result<Vec<Feature>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = select_rows(&self.table, wanted);
        sql.add(&format!(" FROM {} WHERE {} = ANY (", self.table.name, self.table.columns.id));
        sql.bind(ids, Type::INT8_ARRAY);
        sql.add(")");
        self.features(&sql).await
    }
}

fn decided(area: &LargeArea<'_>, place: LonLat) -> bool {
    match area {
        LargeArea::Radius(at, radius_m) => is_within(*at, place, *radius_m),
        LargeArea::Corridor(corridor) => corridor.corridor.holds(place),
        _ => true,
    }
}

/// Total without the doubtful, and id, doubt and place of the page's features and one more, and of all doubtful ones.
fn page(table: &Table, wanted: &Wanted<'_>, area: &LargeArea<'_>, (after, limit): (i64, usize)) -> Sql {
    let (id, at) = (&table.columns.id, &table.columns.position);
    let mut sql = Sql::new(format!("WITH hit AS MATERIALIZED (SELECT {id} AS id, "));
    match area {
        LargeArea::Radius(place, radius_m) => {
            distance(&mut sql, table, *place);
            sql.add(" > ");
            sql.bind(radius_m - DOUBT_M, Type::FLOAT8);
        }
        LargeArea::Corridor(corridor) => is_by_edge(&mut sql, table, corridor),
        _ => sql.add("false"),
    }
    sql.add(&format!(" AS doubtful, ST_X({at}) AS lon, ST_Y({at}) AS lat"));
    sql.wanted(table, wanted);
    in_area(&mut sql, table, wanted, area);
    sql.add(
        "), total AS (SELECT count(*) FILTER (WHERE NOT doubtful) AS features FROM hit) \
         SELECT total.features, listed.* FROM total LEFT JOIN (\
         (SELECT * FROM hit WHERE doubtful) UNION ALL (SELECT * FROM hit WHERE NOT doubtful AND id > ",
    );
    sql.bind(after, Type::INT8);
    sql.add(" ORDER BY id LIMIT ");
    sql.bind(i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1, Type::INT8);
    sql.add(")) listed ON true");
    sql
}

/// Total, and the ids of the page's features and of one more, in the order asked for.
fn sorted_page(table: &Table, wanted: &Wanted<'_>, area: &LargeArea<'_>, asked: LargePage<'_>) -> Sql {
    let mut sql = Sql::uncommon(format!("WITH hit AS MATERIALIZED (SELECT {} AS id", table.columns.id));
    let mut keys = Vec::new();
    for (index, key) in asked.sort.iter().enumerate() {
        sql.add(&format!(", {} AS k{index}", expression(table, wanted.layer, *key)));
        keys.push(format!("k{index}"));
    }
    sql.wanted(table, wanted);
    in_area(&mut sql, table, wanted, area);
    sql.add(
        "), total AS (SELECT count(*) AS features FROM hit) \
         SELECT total.features, listed.id FROM total LEFT JOIN (SELECT * FROM hit",
    );
    if let Some(after) = asked.after {
        sql.add(" WHERE ");
        behind(&mut sql, asked.sort, (&keys, "id"), after);
    }
    order(&mut sql, asked.sort, &keys, "id");
    sql.add(" LIMIT ");
    sql.bind(i64::try_from(asked.limit).unwrap_or(i64::MAX - 1) + 1, Type::INT8);
    sql.add(") listed ON true");
    order(&mut sql, asked.sort, &keys, "id");
    sql
}

/// Adds ` AND` that the row is in the area.
pub(super) fn in_area(sql: &mut Sql, table: &Table, wanted: &Wanted<'_>, area: &LargeArea<'_>) {
    match area {
        LargeArea::Radius(at, radius_m) => {
            sql.in_boxes(table, &boxes_around(*at, radius_m + DOUBT_M));
            sql.add(" AND ");
            distance(sql, table, *at);
            sql.add(" <= ");
            sql.bind(radius_m + DOUBT_M, Type::FLOAT8);
        }
        LargeArea::Everywhere => {}
        LargeArea::Boxes(boxes) => {
            sql.in_boxes(table, boxes);
            // The index rounds its boxes outwards.
            let at = &table.columns.position;
            sql.add(" AND (false");
            for bbox in *boxes {
                sql.add(&format!(" OR ST_X({at}) BETWEEN "));
                sql.bind(bbox.west, Type::FLOAT8);
                sql.add(" AND ");
                sql.bind(bbox.east, Type::FLOAT8);
                sql.add(&format!(" AND ST_Y({at}) BETWEEN "));
                sql.bind(bbox.south, Type::FLOAT8);
                sql.add(" AND ");
                sql.bind(bbox.north, Type::FLOAT8);
            }
            sql.add(")");
        }
        LargeArea::Polygon(polygon) => {
            sql.add(&format!(" AND ST_Intersects({}, ST_GeomFromEWKB(", table.columns.position));
            sql.bind(SqlBind::Geometry(ewkb(&(*polygon).clone().into())), Type::BYTEA);
            sql.add("))");
        }
        LargeArea::Corridor(corridor) => in_corridor(sql, table, corridor),
        LargeArea::Line(keys) => {
            for key in keys {
                sql.add(" AND ");
                match key {
                    LargeKey::Held(held) => is_held(sql, table, wanted, held),
                    LargeKey::Own(key, value) => has_value(sql, table, (wanted.layer, wanted.zone), (*key, value)),
                }
            }
        }
        LargeArea::Meets(test) => {
            sql.add(" AND ");
            sql.filter(test, &table.columns);
        }
        LargeArea::Held(held) => {
            sql.add(" AND ");
            is_held(sql, table, wanted, held);
        }
    }
}
/// Adds geodesic metres from a place.
pub(super) fn distance(sql: &mut Sql, table: &Table, from: LonLat) {
    sql.add(&format!("ST_DistanceSpheroid({}, ST_Point(", table.columns.position));
    sql.bind(from.lon, Type::FLOAT8);
    sql.add(", ");
    sql.bind(from.lat, Type::FLOAT8);
    sql.add(", 4326), 'SPHEROID[\"WGS 84\",6378137,298.257223563]')");
}
