//! A small made-up province of known shape: two old provinces that became one on 2025-07-01, three old communes that became
//! two, one of them divided. Everything is a rectangle between 108° and 109° E, 14.5° and 15.5° N.

use bandoso::model::{
    Catalogue, Classification, Code, Day, DayInterval, Department, DutyRoles, Field, FieldType, GeometryKind, Layer,
    LayerId, Level, LonLat, Place, Title, Unit, UnitChange, UnitId, Value, ZoomRange,
};
use geo_types::{LineString, MultiPolygon, Polygon};
use jiff::tz::TimeZone;

use super::shelf::Row;

pub fn title(vi: &str, en: &str) -> Title {
    Title { vi: vi.to_owned(), en: en.to_owned() }
}

/// The day of the merger.
pub fn merger() -> Day {
    Day::parse("day", "2025-07-01").unwrap()
}

/// West, south, east, north.
fn rectangle([w, s, e, n]: [f64; 4]) -> MultiPolygon<f64> {
    let ring = LineString::from(vec![(w, s), (e, s), (e, n), (w, n), (w, s)]);
    MultiPolygon::new(vec![Polygon::new(ring, Vec::new())])
}

/// The units: level, code, name, parent, box; first the old ones.
pub fn units() -> Vec<Unit> {
    use Level::{Commune, District, Province};
    let old = DayInterval { from: Some(Day::parse("day", "1990-01-01").unwrap()), to: Some(merger()) };
    let new = DayInterval { from: Some(merger()), to: None };
    let (west, east, north, south) = (108.0, 109.0, 15.5, 14.5);
    let rows = [
        (Province, "51", "Cũ Bắc", None, [west, 15.0, east, north], old),
        (Province, "62", "Cũ Nam", None, [west, south, east, 15.0], old),
        (District, "522", "Huyện Bắc", Some("51"), [west, 15.0, east, north], old),
        (District, "608", "Huyện Nam", Some("62"), [west, south, east, 15.0], old),
        (Commune, "21001", "Tây Bắc", Some("522"), [west, 15.0, 108.5, north], old),
        (Commune, "21002", "Đông Bắc", Some("522"), [108.5, 15.0, east, north], old),
        (Commune, "23001", "Nam", Some("608"), [west, south, east, 15.0], old),
        (Province, "51", "Mới", None, [west, south, east, north], new),
        (Commune, "21001", "Tây", Some("51"), [west, south, 108.5, north], new),
        (Commune, "21002", "Đông", Some("51"), [108.5, south, east, north], new),
    ];
    let unit =
        |(index, (level, code, name, parent, edges, valid)): (usize, (Level, &str, &str, Option<&str>, _, _))| Unit {
            id: UnitId(index as i32 + 1),
            level,
            code: code.to_owned(),
            name: name.to_owned(),
            full_name: format!("Xã {name}"),
            kind: "xã".to_owned(),
            parent: parent.map(str::to_owned),
            valid,
            schematic: true,
            geometry: rectangle(edges),
        };
    rows.into_iter().enumerate().map(unit).collect()
}

/// The old southern commune was divided.
pub fn changes() -> Vec<UnitChange> {
    let change = |(old, new, whole): (&str, &str, bool)| UnitChange {
        old_code: old.to_owned(),
        new_code: new.to_owned(),
        date: merger(),
        whole,
    };
    let rows =
        [("21001", "21001", true), ("21002", "21002", true), ("23001", "21001", false), ("23001", "21002", false)];
    rows.into_iter().map(change).collect()
}

fn field(name: &str, kind: FieldType, classification: Option<Classification>) -> Field {
    let codes = [("theft", "Trộm cắp", "#b3261e"), ("fire", "Cháy", "#e08a00"), ("other", "Khác", "#666666")];
    let codes = codes.map(|(code, vi, colour)| Code {
        code: code.to_owned(),
        vi: vi.to_owned(),
        en: code.to_owned(),
        colour: Some(colour.to_owned()),
    });
    let codes = if kind == FieldType::Code { codes.to_vec() } else { Vec::new() };
    Field {
        name: name.to_owned(),
        title: title(name, name),
        kind,
        codes,
        classification,
        unit: None,
        min: None,
        max: None,
    }
}

fn layer(id: &str, classification: Classification, fields: Vec<Field>) -> Layer {
    let position = |kind| fields.iter().position(|field| field.kind == kind);
    Layer {
        id: LayerId::parse("layer", id).unwrap(),
        title: title(&format!("Lớp {id}"), id),
        geometry: GeometryKind::Point,
        classification,
        time: position(FieldType::Timestamp),
        category: position(FieldType::Code),
        name: fields.iter().position(|field| field.name == "name"),
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 200,
        published: None,
        residency: bandoso::model::Residency::Memory,
        update_days: None,
        colour: "#123456".to_owned(),
        symbol: "circle".to_owned(),
        fields,
    }
}

/// Restricted: dated incidents by category. Their `note` begins like a formula now and then.
pub const INCIDENTS: &str = "police.incidents";
/// Public, without a time; the field `phone` is internal.
pub const HOSPITALS: &str = "health.hospitals";
/// Internal and empty.
pub const WORKS: &str = "construction.works";

pub fn catalogue() -> Catalogue {
    use FieldType::{Boolean, Code, Date, Integer, Real, Text, Timestamp};
    let incidents =
        [("occurred_at", Timestamp), ("category", Code), ("note", Text), ("loss", Real), ("closed", Boolean)];
    let incidents = incidents.map(|(name, kind)| field(name, kind, None)).to_vec();
    let mut hospitals =
        [("name", Text), ("beds", Integer), ("opened", Date)].map(|(name, kind)| field(name, kind, None)).to_vec();
    hospitals.push(field("phone", Text, Some(Classification::Internal)));
    let department = |id: &str| Department { id: id.to_owned(), title: title(id, id) };
    Catalogue {
        title: title("Bản đồ thử", "Test map"),
        time_zone: TimeZone::get("Asia/Ho_Chi_Minh").unwrap(),
        view: (108.5, 15.0, 8.0),
        attribution: "Nobody, sơ đồ / schematic".to_owned(),
        departments: ["police", "health", "construction"].map(department).to_vec(),
        layers: vec![
            layer(WORKS, Classification::Internal, vec![field("name", Text, None)]),
            layer(HOSPITALS, Classification::Public, hospitals),
            layer(INCIDENTS, Classification::Restricted, incidents),
        ],
        places: vec![Place { title: title("Hoàng Sa", "Hoang Sa"), lon: 112.0, lat: 16.5, min_zoom: 3, max_zoom: 9 }],
        duty: DutyRoles::default(),
    }
}

/// How many incidents there are.
pub const INCIDENT_COUNT: u64 = 3000;

/// Incidents 1 to 3,000 over the province and beyond it, in 2024 to 2026, from a fixed seed. The first three are known: inside
/// the old north-west before the merger; 107 m east of the province after it; far out at sea.
pub fn incidents(zone: &TimeZone) -> Vec<Row> {
    let time = |text: &str| Value::Timestamp(bandoso::model::Instant::parse("time", text, zone).unwrap());
    let row = |id: u64, (lon, lat): (f64, f64), values: [Value; 5]| (id, LonLat { lon, lat }, values.to_vec());
    let text = |text: &str| Value::Text(text.to_owned());
    let mut rows = vec![
        row(
            1,
            (108.25, 15.25),
            [time("2025-01-10T08:00:00"), text("theft"), text("=1+1"), Value::Real(-2.5), Value::Boolean(true)],
        ),
        row(2, (109.001, 15.2), [time("2025-08-01"), text("fire"), text("biển, \"sóng\""), Value::Null, Value::Null]),
        row(3, (111.0, 15.2), [Value::Null, Value::Null, Value::Null, Value::Null, Value::Null]),
    ];
    let mut state = 42_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let first = bandoso::model::Instant::parse("time", "2024-01-01", zone).unwrap().0;
    for id in 4..=INCIDENT_COUNT {
        let (lon, lat) = (107.9 + next(1_200_001) as f64 / 1e6, 14.4 + next(1_200_001) as f64 / 1e6);
        let at = Value::Timestamp(bandoso::model::Instant(first + next(3 * 365 * 24 * 60) as i64 * 60_000_000));
        let category = ["theft", "fire", "other"][next(3) as usize];
        rows.push(row(id, (lon, lat), [at, text(category), Value::Null, Value::Real(0.5), Value::Boolean(false)]));
    }
    rows
}

/// Three hospitals: two inside, one far outside.
pub fn hospitals() -> Vec<Row> {
    let row = |id: u64, lon: f64, lat: f64, name: &str| {
        let opened = Value::Date(Day::parse("day", "2001-02-03").unwrap());
        let values =
            vec![Value::Text(name.to_owned()), Value::Integer(120), opened, Value::Text("+84 255 000".to_owned())];
        (id, LonLat { lon, lat }, values)
    };
    vec![row(7, 108.2, 14.8, "Bệnh viện Tây"), row(8, 108.8, 15.1, "Bệnh viện Đông"), row(9, 105.0, 21.0, "Hà Nội")]
}
