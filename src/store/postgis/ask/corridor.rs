//! Rows within a distance of a line.

use tokio_postgres::types::Type;

use super::Table;
use super::sql::Sql;
use crate::store::LargeCorridor;
use crate::store::postgis::ewkb::ewkb;
use crate::store::postgis::filter::SqlBind;

/// Boxes by which the index looks for rows.
const MOST_BOXES: usize = 32;

/// Metres by which `PostGIS` and the engine may differ about a distance from a line: `PostGIS` gives up to 1e-5 of it more.
fn doubt_m(corridor: &LargeCorridor<'_>) -> f64 {
    corridor.radius_m * 2e-5 + 1e-3
}

/// Adds that the engine must decide.
pub(super) fn is_by_edge(sql: &mut Sql, table: &Table, corridor: &LargeCorridor<'_>) {
    sql.add(&format!("ST_Distance({}::geography, ", table.columns.position));
    line(sql, corridor);
    sql.add(") > ");
    sql.bind(corridor.radius_m - doubt_m(corridor), Type::FLOAT8);
}

/// Adds ` AND` that the row may be in the corridor.
pub(super) fn in_corridor(sql: &mut Sql, table: &Table, corridor: &LargeCorridor<'_>) {
    sql.in_boxes(table, &corridor.corridor.boxes(MOST_BOXES));
    sql.add(&format!(" AND ST_DWithin({}::geography, ", table.columns.position));
    line(sql, corridor);
    sql.add(", ");
    sql.bind(corridor.radius_m + doubt_m(corridor), Type::FLOAT8);
    sql.add(")");
}

fn line(sql: &mut Sql, corridor: &LargeCorridor<'_>) {
    sql.add("ST_GeomFromEWKB(");
    sql.bind(SqlBind::Geometry(ewkb(&corridor.lines.clone().into())), Type::BYTEA);
    sql.add(")::geography");
}
