//! A tree as CQL2 text that reads back as the same tree.

use std::fmt::Write;

use geo_types::{Coord, Geometry, LineString, Polygon};

use super::lexer::{continues_name, starts_name};
use super::parser::is_keyword;
use crate::model::filter::{Arithmetic, Expr, ExprKind, Operator};

/// Canonical CQL2 text: the same for all filters that say the same in the same order.
pub fn write(tree: &Expr) -> String {
    let mut text = String::new();
    expression(&mut text, tree);
    text
}

fn expression(out: &mut String, expr: &Expr) {
    match &expr.kind {
        ExprKind::Boolean(truth) => out.push_str(if *truth { "TRUE" } else { "FALSE" }),
        ExprKind::Integer(number) => add(out, format_args!("{number}")),
        // With a point or an exponent always.
        ExprKind::Real(number) => add(out, format_args!("{number:?}")),
        ExprKind::Text(value) => text(out, value),
        ExprKind::Date(day) => add(out, format_args!("DATE('{day}')")),
        ExprKind::Timestamp(instant) => add(out, format_args!("TIMESTAMP('{instant}')")),
        ExprKind::Open => out.push_str("'..'"),
        ExprKind::Interval(ends) => {
            out.push_str("INTERVAL");
            list(out, ends, |out, end| match &end.kind {
                ExprKind::Date(day) => add(out, format_args!("'{day}'")),
                ExprKind::Timestamp(instant) => add(out, format_args!("'{instant}'")),
                _ => expression(out, end),
            });
        }
        ExprKind::Property(name) => property(out, name),
        ExprKind::Geometry(value) => geometry(out, value),
        ExprKind::Bbox(numbers) => {
            out.push_str("BBOX");
            list(out, numbers, |out, number| add(out, format_args!("{number:?}")));
        }
        ExprKind::Array(items) => list(out, items, expression),
        ExprKind::Function(name, operands) => {
            out.push_str(name);
            list(out, operands, expression);
        }
        ExprKind::Apply(operator, operands) => apply(out, *operator, operands),
    }
}

fn apply(out: &mut String, operator: Operator, operands: &[Expr]) {
    if operator.is_function() {
        out.push_str(&operator.name().to_ascii_uppercase());
        return list(out, operands, expression);
    }
    let level = binding(operator);
    match (operator, operands) {
        (Operator::Not, [inner]) => {
            out.push_str("NOT ");
            operand(out, inner, level);
        }
        (Operator::IsNull, [inner]) => {
            operand(out, inner, level + 1);
            out.push_str(" IS NULL");
        }
        (Operator::Between, [value, least, most]) => {
            operand(out, value, level + 1);
            out.push_str(" BETWEEN ");
            operand(out, least, level + 1);
            out.push_str(" AND ");
            operand(out, most, level + 1);
        }
        (operator, operands) => {
            // Sums and products are read from the left, so their first operand may be one itself.
            let first = level + u8::from(!(SUM..POWER).contains(&level));
            for (index, item) in operands.iter().enumerate() {
                if index > 0 {
                    add(out, format_args!(" {} ", operator.name().to_ascii_uppercase()));
                }
                operand(out, item, if index == 0 { first } else { level + 1 });
            }
        }
    }
}

const SUM: u8 = 5;
const POWER: u8 = 7;

/// How tightly an operator binds: the parser's rules from the outermost in.
fn binding(operator: Operator) -> u8 {
    match operator {
        Operator::Or => 1,
        Operator::And => 2,
        Operator::Not => 3,
        Operator::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => SUM,
        Operator::Arithmetic(Arithmetic::Power) => POWER,
        Operator::Arithmetic(_) => SUM + 1,
        operator if operator.is_function() => u8::MAX,
        _ => 4,
    }
}

/// In parentheses where it binds less tightly than `level`.
fn operand(out: &mut String, expr: &Expr, level: u8) {
    let loose = matches!(&expr.kind, ExprKind::Apply(operator, _) if binding(*operator) < level);
    if loose {
        out.push('(');
    }
    expression(out, expr);
    if loose {
        out.push(')');
    }
}

fn list<T>(out: &mut String, items: &[T], item: impl Fn(&mut String, &T)) {
    out.push('(');
    for (index, each) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        item(out, each);
    }
    out.push(')');
}

fn add(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a String does not fail.
    let _ = out.write_fmt(arguments);
}

fn text(out: &mut String, value: &str) {
    out.push('\'');
    for c in value.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            c => out.push(c),
        }
    }
    out.push('\'');
}

fn property(out: &mut String, name: &str) {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(starts_name) && chars.all(continues_name) && !is_keyword(name);
    if plain {
        out.push_str(name);
    } else {
        add(out, format_args!("\"{}\"", name.replace('"', "\"\"")));
    }
}

fn position(out: &mut String, at: &Coord<f64>) {
    add(out, format_args!("{:?} {:?}", at.x, at.y));
}

fn line(out: &mut String, line: &LineString<f64>) {
    list(out, &line.0, position);
}

fn polygon(out: &mut String, polygon: &Polygon<f64>) {
    let rings: Vec<_> = std::iter::once(polygon.exterior()).chain(polygon.interiors()).collect();
    list(out, &rings, |out, ring| line(out, ring));
}

fn geometry(out: &mut String, value: &Geometry<f64>) {
    match value {
        Geometry::Point(point) => {
            out.push_str("POINT");
            list(out, &[point.0], position);
        }
        Geometry::LineString(value) => {
            out.push_str("LINESTRING");
            line(out, value);
        }
        Geometry::Polygon(value) => {
            out.push_str("POLYGON");
            polygon(out, value);
        }
        Geometry::MultiPoint(points) => {
            out.push_str("MULTIPOINT");
            list(out, &points.0, |out, point| list(out, &[point.0], position));
        }
        Geometry::MultiLineString(lines) => {
            out.push_str("MULTILINESTRING");
            list(out, &lines.0, line);
        }
        Geometry::MultiPolygon(polygons) => {
            out.push_str("MULTIPOLYGON");
            list(out, &polygons.0, polygon);
        }
        Geometry::GeometryCollection(members) => {
            out.push_str("GEOMETRYCOLLECTION");
            list(out, &members.0, geometry);
        }
        // The readers make none of these.
        Geometry::Line(_) | Geometry::Rect(_) | Geometry::Triangle(_) => {}
    }
}
