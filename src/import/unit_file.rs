use serde_json::{Map, Value as Json};

use super::fault::Fault;
use super::geometry;
use super::raw_feature::read_feature;
use super::text::normal;
use super::units::ValidTo;
use crate::model::{Day, DayInterval, FindingKind, Level, Unit, UnitId};

/// Longest code, in bytes.
const MAX_CODE_BYTES: usize = 32;

/// A unit as its file has it.
pub(super) struct ReadUnit {
    pub unit: Unit,
    /// Its `valid_to` was read as the last day in force though nobody said so.
    pub inclusive_valid_to: bool,
    pub unclosed_rings: usize,
}

/// Reads one feature of a file of units; it begins on the `line`.
pub(super) fn read_unit((line, json): (u64, &[u8]), rule: ValidTo) -> Result<ReadUnit, Fault> {
    let raw = read_feature(json, line).map_err(|message| Fault::new(FindingKind::UnreadableRow, message))?;
    let properties = Properties(raw.properties.unwrap_or_default());
    let (valid, inclusive_valid_to) = properties.valid(rule)?;
    let kind = properties.text("kind")?.unwrap_or_default();
    let (name, full_name) = names(properties.text("name")?, properties.text("full_name")?, &kind)
        .ok_or_else(|| invalid("expected a name or a full_name"))?;
    let code = properties.code("code")?.ok_or_else(|| invalid("expected a code, the unit's official one, as text"))?;
    let read = geometry::polygons(&raw.geometry)
        .map_err(|fault| Fault::new(fault.kind, format!("unit {code}: {}", fault.message)))?;
    let unit = Unit {
        id: UnitId(0),
        level: properties.level()?,
        code,
        name,
        full_name,
        kind,
        parent: properties.code("parent")?,
        valid,
        schematic: properties.0.get("schematic").and_then(Json::as_bool).unwrap_or(false),
        geometry: read.geometry,
    };
    Ok(ReadUnit { unit, inclusive_valid_to, unclosed_rings: read.unclosed_rings })
}

struct Properties(Map<String, Json>);

impl Properties {
    fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        match self.0.get(name) {
            None | Some(Json::Null) => Ok(None),
            // PostgreSQL keeps no zero character in a text, and would refuse the whole file.
            Some(Json::String(text)) if text.contains('\0') => {
                Err(invalid(&format!("{name}: expected text without a zero character")))
            }
            Some(Json::String(text)) => {
                let text = normal(text);
                Ok((!text.is_empty()).then(|| text.into_owned()))
            }
            Some(other) => Err(invalid(&format!(
                "{name}: expected text, found {other} (as a number a code loses its leading zeros)"
            ))),
        }
    }

    fn code(&self, name: &str) -> Result<Option<String>, Fault> {
        let code = self.text(name)?;
        let good = |code: &String| {
            code.len() <= MAX_CODE_BYTES && !code.contains(|c: char| c.is_control() || c.is_whitespace())
        };
        match code {
            Some(code) if !good(&code) => Err(invalid(&format!(
                "{name}: expected a code of at most {MAX_CODE_BYTES} bytes without spaces, found {code:?}"
            ))),
            code => Ok(code),
        }
    }

    fn level(&self) -> Result<Level, Fault> {
        match self.text("level")?.as_deref() {
            // Island districts had no communes below them: on the communes' map they stand where a commune would.
            Some("district without communes") => Ok(Level::Commune),
            Some(level) => Level::parse("level", level).map_err(|error| invalid(&error.to_string())),
            None => Err(invalid("level: expected province, district or commune, found none")),
        }
    }

    fn day(&self, name: &str) -> Result<Option<Day>, Fault> {
        self.text(name)?.map(|text| Day::parse(name, &text).map_err(|error| invalid(&error.to_string()))).transpose()
    }

    /// The days in force, half-open, and whether `valid_to` was taken for the last day.
    fn valid(&self, rule: ValidTo) -> Result<(DayInterval, bool), Fault> {
        let (from, to) = (self.day("valid_from")?, self.day("valid_to")?);
        let guessed = rule == ValidTo::Auto && to.is_some_and(ends_a_month);
        let to = if guessed || rule == ValidTo::Inclusive { to.map(|last| Day(last.0 + 1)) } else { to };
        match (from, to) {
            (Some(from), Some(to)) if to <= from => {
                Err(invalid(&format!("valid_to: expected a day after valid_from, found from {from} to {to}")))
            }
            _ => Ok((DayInterval { from, to }, guessed)),
        }
    }
}

/// Vietnamese units change on the first of a month, so a `valid_to` that ends a month is the last day in force.
fn ends_a_month(day: Day) -> bool {
    let date = day.to_date();
    date.day() == date.days_in_month()
}

fn invalid(message: &str) -> Fault {
    Fault::new(FindingKind::InvalidValue, message)
}

/// (name, full name) from what is there: a missing name is the full name without its kind.
fn names(name: Option<String>, full_name: Option<String>, kind: &str) -> Option<(String, String)> {
    match (name, full_name) {
        (Some(name), Some(full_name)) => Some((name, full_name)),
        (Some(name), None) => Some((name.clone(), name)),
        (None, Some(full_name)) => Some((without_kind(&full_name, kind).to_owned(), full_name)),
        (None, None) => None,
    }
}

/// Leaves out the leading words that are the kind's own, in any case: `Thành phố Kon Tum` of kind `thành phố thuộc tỉnh` is
/// `Kon Tum`. A name that would be nothing else is left whole.
fn without_kind<'a>(full_name: &'a str, kind: &str) -> &'a str {
    let mut rest = full_name;
    for word in kind.split_whitespace() {
        let Some((first, after)) = rest.split_once(char::is_whitespace) else { break };
        if first.to_lowercase() != word.to_lowercase() {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(properties: &Json, rule: ValidTo) -> Result<ReadUnit, Fault> {
        let mut all = json!({"code": "1", "name": "A", "level": "commune"});
        all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
        let square = json!({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]});
        let text = json!({"type": "Feature", "properties": all, "geometry": square}).to_string();
        read_unit((1, text.as_bytes()), rule)
    }

    #[test]
    fn a_valid_to_that_ends_a_month_is_the_last_day_in_force_unless_told_otherwise() {
        for (text, rule, first_day_after, guessed) in [
            ("2025-06-30", ValidTo::Auto, "2025-07-01", true),
            ("2025-07-01", ValidTo::Auto, "2025-07-01", false),
            ("2024-02-29", ValidTo::Auto, "2024-03-01", true),
            ("2024-02-28", ValidTo::Auto, "2024-02-28", false),
            ("2025-06-30", ValidTo::Inclusive, "2025-07-01", false),
            ("2025-06-30", ValidTo::Exclusive, "2025-06-30", false),
        ] {
            let read = read(&json!({"valid_to": text}), rule).map_err(|fault| fault.message).unwrap();
            assert_eq!(read.unit.valid.to.unwrap().to_string(), first_day_after, "{text} {rule:?}");
            assert_eq!(read.inclusive_valid_to, guessed, "{text} {rule:?}");
        }
    }

    #[test]
    fn a_missing_name_is_the_full_name_without_its_kind() {
        for (full_name, kind, name) in [
            ("Phường Cẩm Thành", "phường", "Cẩm Thành"),
            ("Đặc khu Lý Sơn", "đặc khu", "Lý Sơn"),
            ("Thành phố Kon Tum", "thành phố thuộc tỉnh", "Kon Tum"),
            ("Xã", "xã", "Xã"),
            ("Sơn Trà", "xã", "Sơn Trà"),
        ] {
            assert_eq!(without_kind(full_name, kind), name);
        }
    }

    #[test]
    fn what_makes_no_unit_is_refused_by_name() {
        for properties in [
            json!({"code": 51}),
            json!({"code": ""}),
            json!({"code": "5 1"}),
            json!({"full_name": "a\u{0}b"}),
            json!({"name": null}),
            json!({"level": "region"}),
            json!({"level": null}),
            json!({"valid_from": "2025-07-01", "valid_to": "2025-07-01"}),
            json!({"valid_from": "01/07/2025"}),
        ] {
            let fault = read(&properties, ValidTo::Auto).map(|_| ()).unwrap_err();
            assert_eq!(fault.kind, FindingKind::InvalidValue, "{properties}");
        }
    }

    #[test]
    fn an_island_district_stands_among_the_communes() {
        let unit =
            read(&json!({"level": "district without communes"}), ValidTo::Auto).map_err(|f| f.message).unwrap().unit;
        assert_eq!(unit.level, Level::Commune);
    }
}
