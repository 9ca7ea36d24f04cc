//! The two numbers of a record's position, from its geometry or from its columns, in the order in which they are read.

use super::fault::Fault;
use super::plan::{Plan, PositionFrom};
use super::record::{Cell, RawGeometry, Record};
use super::text::normal;
use super::values::shown;
use crate::engine::coordinates::{Axis, Metres, Order, parse_angle, parse_metres, parse_pair};
use crate::engine::readings::Reading;
use crate::model::FindingKind;

/// A record's numbers as they stand, or why there are none.
pub(super) fn numbers(record: &Record, plan: &Plan) -> Result<[f64; 2], Fault> {
    match plan.position {
        PositionFrom::Columns { x, y } => from_cells([record.cells.cell(x), record.cells.cell(y)], plan.reading),
        PositionFrom::Column(column) => {
            from_text(&normal(&record.cells.cell(column).text()), plan.reading, plan.order_is_told)
        }
        PositionFrom::Geometry => match &record.geometry {
            RawGeometry::Point { x, y } => Ok([*x, *y]),
            RawGeometry::None => Err(Fault::new(FindingKind::MissingPosition, "expected a geometry, found none")),
            RawGeometry::Unfit(fault) => Err(fault.clone()),
        },
    }
}

/// A fault of the position, with the columns that it stands in and what they hold.
pub(super) fn blamed(fault: Fault, record: &Record, plan: &Plan) -> Fault {
    let columns = match plan.position {
        PositionFrom::Geometry => return fault,
        PositionFrom::Columns { x, y } => vec![x, y],
        PositionFrom::Column(column) => vec![column],
    };
    let names: Vec<&str> = columns.iter().map(|column| name(record, *column)).collect();
    let values: Vec<String> = columns.iter().map(|column| record.cells.cell(*column).text().into_owned()).collect();
    fault.in_column(&names.join(", "), &values.join(", "))
}

fn name<'a>(record: &Record<'a>, column: usize) -> &'a str {
    record.columns.get(column).map_or("", String::as_str)
}

fn from_cells(cells: [Cell; 2], reading: Reading) -> Result<[f64; 2], Fault> {
    if cells.iter().any(|cell| cell.is_blank()) {
        return Err(missing());
    }
    // What a hemisphere says must be what the column is for.
    let axes = match reading.order {
        Order::EastNorth => [Axis::Longitude, Axis::Latitude],
        Order::NorthEast => [Axis::Latitude, Axis::Longitude],
    };
    let found = [number(cells[0], reading), number(cells[1], reading)];
    let [Some((a, a_axis)), Some((b, b_axis))] = found else {
        let found = cells.map(|cell| shown(&normal(&cell.text()))).join(", ");
        return Err(invalid(reading, &found));
    };
    let agrees = |said: Option<Axis>, axis| said.is_none_or(|said| said == axis);
    if agrees(a_axis, axes[0]) && agrees(b_axis, axes[1]) {
        return Ok([a, b]);
    }
    let message = "the hemispheres say that longitude and latitude are exchanged; left out";
    Err(Fault::new(FindingKind::SwappedAxes, message))
}

fn number(cell: Cell, reading: Reading) -> Option<(f64, Option<Axis>)> {
    match cell {
        Cell::Number(number) => Some((number, None)),
        Cell::Whole(number) => Some((number as f64, None)),
        Cell::Text(text) => {
            let text = normal(text);
            // Most are plain numbers. `inf` and `NaN` are none.
            let plain = text.parse().ok().filter(|number: &f64| number.is_finite()).map(|number| (number, None));
            plain.or_else(|| {
                let angle = || parse_angle(&text).map(|angle| (angle.degrees, angle.axis));
                let metres = || parse_metres(&text).map(|metres| (metres, None));
                if reading.crs.is_geographic() { angle().or_else(metres) } else { metres().or_else(angle) }
            })
        }
        _ => None,
    }
}

fn from_text(text: &str, reading: Reading, order_is_told: bool) -> Result<[f64; 2], Fault> {
    if text.is_empty() {
        return Err(missing());
    }
    let in_metres = if reading.crs.is_geographic() { Metres::No } else { Metres::Yes };
    let Some(pair) = parse_pair(text, in_metres) else { return Err(invalid(reading, &shown(text))) };
    let [a, b] = pair.numbers;
    match pair.order {
        Some(order) if order != reading.order => Ok([b, a]),
        None if in_metres == Metres::No && !order_is_told => {
            let message = format!("expected to know which of {} is the longitude; left out", shown(text));
            Err(Fault::new(FindingKind::InvalidPosition, message).advised([
                "thêm --xy east-north hoặc north-east".to_owned(),
                "say --xy east-north or north-east".to_owned(),
            ]))
        }
        _ => Ok([a, b]),
    }
}

fn missing() -> Fault {
    Fault::new(FindingKind::MissingPosition, "expected a longitude and a latitude, found none; left out")
}

fn invalid(reading: Reading, found: &str) -> Fault {
    let expected = if reading.crs.is_geographic() {
        "numbers in degrees, or degrees, minutes and seconds"
    } else {
        "numbers of metres"
    };
    Fault::new(FindingKind::InvalidPosition, format!("expected {expected}, found {found}; left out"))
}
