//! The position of a record: from its geometry or from two columns.

use super::fault::Fault;
use super::geometry::on_earth;
use super::plan::{Plan, PositionFrom};
use super::record::{Cell, RawGeometry, Record};
use super::text::normal;
use super::values::shown;
use crate::model::{FindingKind, LonLat};

/// Where a record is, or why that cannot be told.
pub(super) fn position(record: &Record, plan: &Plan) -> Result<LonLat, Fault> {
    match plan.position {
        PositionFrom::Columns { x, y } => from_cells(record.cells.cell(x), record.cells.cell(y)),
        PositionFrom::Geometry => match &record.geometry {
            RawGeometry::Point { x, y } => on_earth(*x, *y),
            RawGeometry::None => Err(Fault::new(FindingKind::MissingPosition, "expected a geometry, found none")),
            RawGeometry::Unfit(fault) => Err(fault.clone()),
        },
    }
}

fn from_cells(x: Cell, y: Cell) -> Result<LonLat, Fault> {
    if x.is_blank() || y.is_blank() {
        return Err(Fault::new(
            FindingKind::MissingPosition,
            "expected a longitude and a latitude, found none; left out",
        ));
    }
    if let (Some(lon), Some(lat)) = (number(x), number(y)) {
        return on_earth(lon, lat);
    }
    let found = format!("{}, {}", shown(&normal(&x.text())), shown(&normal(&y.text())));
    let message = format!("expected numbers in degrees with a decimal point, found {found}; left out");
    Err(Fault::new(FindingKind::InvalidPosition, message))
}

fn number(cell: Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(number),
        Cell::Whole(number) => Some(number as f64),
        Cell::Text(text) => normal(text).parse().ok(),
        _ => None,
    }
}
