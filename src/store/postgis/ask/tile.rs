//! A tile: its rows, or where they are too many how many are in each cell of its grid.
//!
//! Rows are drawn by the engine and not by `ST_AsMVT`, so that both ways write the same bytes (`ARCHITECTURE.md`,
//! Decisions).

use std::f64::consts::PI;

use tokio_postgres::types::Type;

use super::Table;
use super::question::{MOST_ROWS, Question};
use super::sql::{Sql, select_rows};
use crate::engine::morton::{AXIS_BITS, Cell};
use crate::engine::slice::CellBox;
use crate::engine::tile::CELL_BITS;
use crate::model::{Bbox, Dense, LonLat, TileCoord, World};
use crate::store::{CellCount, StoreError, TileRows, Wanted};

/// Degrees by which a box of degrees is larger than its cells: rounding takes no point out of it.
const MARGIN: f64 = 1e-7;

impl Question<'_> {
    pub(super) async fn tile(
        &self,
        wanted: &Wanted<'_>,
        coord: TileCoord,
        dense: Dense,
    ) -> Result<TileRows, StoreError> {
        let most = wanted.layer.max_features as usize;
        if dense == Dense::Cells {
            // One more than may be drawn: then they are too many, or some of them are in the buffer only.
            let features = self.features(&self.drawn(wanted, coord, most + 1)).await?;
            if features.len() <= most {
                return Ok(TileRows::Features(features));
            }
            let cells = self.cells(wanted, coord).await?;
            if cells.iter().map(|cell| cell.count).sum::<u64>() > most as u64 {
                return Ok(TileRows::Cells(cells));
            }
        }
        let features = self.features(&self.drawn(wanted, coord, MOST_ROWS + 1)).await?;
        self.bounded(features.len())?;
        Ok(TileRows::Features(features))
    }

    fn drawn(&self, wanted: &Wanted<'_>, coord: TileCoord, most: usize) -> Sql {
        let mut sql = select_rows(&self.table, wanted);
        sql.wanted(&self.table, wanted);
        sql.in_boxes(&self.table, &[degrees(coord)]);
        sql.add(" LIMIT ");
        sql.bind(most as i64, Type::INT8);
        sql
    }

    async fn cells(&self, wanted: &Wanted<'_>, coord: TileCoord) -> Result<Vec<CellCount>, StoreError> {
        let mut sql = cells(&self.table, wanted, coord);
        sql.is_common = wanted.filter.is_none();
        let rows = self.rows(&sql).await?;
        let cell = |row: &tokio_postgres::Row| CellCount {
            x: row.get::<_, i64>(0) as u32,
            y: row.get::<_, i64>(1) as u32,
            code: row.get(2),
            count: row.get::<_, i64>(3).unsigned_abs(),
        };
        Ok(rows.iter().map(cell).collect())
    }
}

/// Counts the tile's own features by cell and code.
///
/// The steps of `World::from_lon_lat` and `Cell::from_world` in the same order, so that a point is in the cell that its key
/// says. The subquery is kept apart by OFFSET: else the sine would be computed for each place where it is used.
fn cells(table: &Table, wanted: &Wanted<'_>, coord: TileCoord) -> Sql {
    let at = &table.columns.position;
    let code = wanted.layer.category.and_then(|index| table.columns.fields.get(index));
    let code = code.map_or("NULL::text", String::as_str);
    let (tile, cell) = (AXIS_BITS - u32::from(coord.z()), AXIS_BITS - u32::from(coord.z()) - CELL_BITS);
    let last = (1_u32 << CELL_BITS) - 1;
    let mut sql = Sql::new(format!(
        "SELECT x >> {cell} & {last}, y >> {cell} & {last}, code, count(*) FROM (\
         SELECT least(floor(x * 4294967296), 4294967295)::bigint AS x, \
         least(floor(CASE WHEN s >= 1 THEN 0 WHEN s <= -1 THEN 1 \
         ELSE least(greatest(0.5 - ln((1 + s) / (1 - s)) / '{}'::double precision, 0), 1) END * 4294967296), 4294967295)\
         ::bigint AS y, code FROM (\
         SELECT (ST_X({at}) + 180) / 360 AS x, sin(radians(ST_Y({at}))) AS s, {code} AS code",
        4.0 * PI
    ));
    sql.wanted(table, wanted);
    sql.in_boxes(table, &[degrees(coord)]);
    sql.add(&format!(" OFFSET 0) place OFFSET 0) cell WHERE x >> {tile} = "));
    sql.bind(i64::from(coord.x()), Type::INT8);
    sql.add(&format!(" AND y >> {tile} = "));
    sql.bind(i64::from(coord.y()), Type::INT8);
    sql.add(" GROUP BY 1, 2, 3");
    sql
}

/// A box of degrees that holds every feature of the tile and its buffer. What is beyond the edge of the projection lies on it.
fn degrees(coord: TileCoord) -> Bbox {
    let CellBox { min, max } = CellBox::of_buffered_tile(coord);
    let place = |Cell { x, y }: Cell, more: f64| -> LonLat {
        let axis = |axis: u32| (f64::from(axis) + more) / 4_294_967_296.0;
        World { x: axis(x), y: axis(y) }.to_lon_lat()
    };
    let (north_west, south_east) = (place(min, 0.0), place(max, 1.0));
    let end = |is_edge: bool, edge: f64, inside: f64| if is_edge { edge } else { inside };
    Bbox {
        west: end(min.x == 0, -180.0, north_west.lon - MARGIN),
        south: end(max.y == u32::MAX, -90.0, south_east.lat - MARGIN),
        east: end(max.x == u32::MAX, 180.0, south_east.lon + MARGIN),
        north: end(min.y == 0, 90.0, north_west.lat + MARGIN),
    }
}
