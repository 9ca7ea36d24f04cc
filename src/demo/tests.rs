use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::config::load_catalogue;
use crate::model::{FieldType, LonLat, Value};

type Layers = Vec<(Layer, Vec<ImportRow>)>;

fn all(demonstration: &Demonstration) -> Layers {
    let catalogue = load_catalogue(None).expect("the built-in catalogue");
    let layers = catalogue.layers.iter();
    layers.map(|layer| (layer.clone(), demonstration.points(&catalogue, layer).expect("points"))).collect()
}

fn demonstration() -> Demonstration {
    Demonstration::new().expect("the built-in files")
}

/// The value of a field.
fn of<'r>(layer: &Layer, row: &'r ImportRow, name: &str) -> &'r Value {
    &row.values[layer.field(name).expect(name).0]
}

fn layer<'l>(layers: &'l Layers, id: &str) -> (&'l Layer, &'l [ImportRow]) {
    let (layer, rows) = layers.iter().find(|(layer, _)| layer.id.as_str() == id).expect(id);
    (layer, rows)
}

#[test]
fn the_units_of_all_dates_are_there_and_three_old_communes_are_not() {
    let fixtures = units::fixtures().expect("the built-in files");
    let count = |level, day: &str| {
        let day = Day::parse("day", day).expect("a day");
        fixtures.units.iter().filter(|unit| unit.level == level && unit.valid.contains(day)).count()
    };
    for (day, counts) in [("2025-06-30", [2, 23, 270]), ("2025-07-01", [1, 0, 96])] {
        assert_eq!(Level::ALL.map(|level| count(level, day)), counts, "{day}");
    }
    assert!(fixtures.units.iter().all(|unit| unit.schematic && !unit.name.is_empty()));
    assert_eq!(fixtures.changes.len(), 274 - 3);
    let findings = fixtures.findings.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(findings.len(), 3, "{findings:#?}");
    for code in ["21091", "21505", "23537"] {
        assert!(findings.iter().any(|finding| finding.contains(code) && finding.contains("unknown_unit")), "{code}");
    }
}

#[test]
fn every_run_makes_the_same_points() {
    let (first, second) = (all(&demonstration()), all(&demonstration()));
    assert!(first == second);
}

#[test]
fn there_are_about_30_000_points_in_every_layer_of_the_catalogue() {
    let layers = all(&demonstration());
    let total: usize = layers.iter().map(|(_, rows)| rows.len()).sum();
    assert!((29_000..31_000).contains(&total), "{total}");
    assert!(layers.len() >= 16);
    for (layer, rows) in &layers {
        assert!(rows.len() >= 100, "{}: {}", layer.id, rows.len());
        let ids: BTreeSet<_> = rows.iter().map(|row| format!("{:?}", row.id)).collect();
        assert_eq!(ids.len(), rows.len(), "{}: no id twice", layer.id);
    }
}

#[test]
fn every_value_is_of_its_fields_type_and_every_field_but_telephones_is_filled_somewhere() {
    for (layer, rows) in &all(&demonstration()) {
        for (index, field) in layer.fields.iter().enumerate() {
            let mut filled = 0;
            for row in rows {
                let value = &row.values[index];
                filled += usize::from(*value != Value::Null);
                let fits = match (field.kind, value) {
                    (_, Value::Null)
                    | (FieldType::Integer, Value::Integer(_))
                    | (FieldType::Boolean, Value::Boolean(_))
                    | (FieldType::Date, Value::Date(_))
                    | (FieldType::Timestamp, Value::Timestamp(_)) => true,
                    (FieldType::Text, Value::Text(text)) => !text.contains(['{', '}']) && !text.contains("  "),
                    (FieldType::Real, Value::Real(number)) => number.is_finite(),
                    (FieldType::Code, Value::Text(code)) => field.codes.iter().any(|known| known.code == *code),
                    _ => false,
                };
                assert!(fits, "{} {}: {value:?}", layer.id, field.name);
            }
            assert!(filled > 0 || field.name == "phone", "{} {}: never filled", layer.id, field.name);
        }
    }
}

#[test]
fn times_lie_from_2023_to_20_november_2026() {
    let catalogue = load_catalogue(None).expect("the built-in catalogue");
    let days = [Day::parse("from", "2023-01-01").unwrap(), Day::parse("to", "2026-11-20").unwrap()];
    for (layer, rows) in &all(&demonstration()) {
        let Some(time) = layer.time else { continue };
        for row in rows {
            let day = match &row.values[time] {
                Value::Timestamp(instant) => instant.day(&catalogue.time_zone),
                Value::Date(day) => *day,
                other => panic!("{}: a point without a time: {other:?}", layer.id),
            };
            assert!(days[0] <= day && day <= days[1], "{}: {day}", layer.id);
        }
    }
}

#[test]
fn every_point_says_in_its_name_that_it_is_made_up() {
    for (layer, rows) in &all(&demonstration()) {
        for row in rows {
            let Value::Text(name) = &row.values[0] else { panic!("{}: a point without a name", layer.id) };
            assert!(name.ends_with(values::MARK) && name.chars().count() < 110, "{}: {name}", layer.id);
        }
    }
}

/// How a place lies to the demonstration's communes of 2025: its commune's code and whether it is covered.
fn commune(demonstration: &Demonstration, index: &UnitIndex, at: LonLat) -> Option<(String, bool)> {
    let day = Day::parse("day", "2025-07-01").expect("a day");
    let links = index.links(at);
    links.into_iter().find_map(|link| {
        let unit = demonstration.units().iter().find(|unit| unit.id == link.unit()).expect("its unit");
        let wanted = unit.level == Level::Commune && unit.valid.contains(day);
        wanted.then(|| (unit.code.clone(), matches!(link, UnitLink::Covered(_))))
    })
}

#[test]
fn points_crowd_in_towns_and_a_few_lie_near_and_outside_the_province() {
    let demonstration = demonstration();
    let index = UnitIndex::new(demonstration.units());
    let (mut near, mut outside, mut covered) = (0, 0, 0);
    let mut by_commune = BTreeMap::<String, usize>::new();
    for row in all(&demonstration).iter().flat_map(|(_, rows)| rows) {
        match commune(&demonstration, &index, row.at) {
            Some((code, true)) => {
                covered += 1;
                *by_commune.entry(code).or_default() += 1;
            }
            Some((_, false)) => near += 1,
            None => outside += 1,
        }
    }
    assert!((20..300).contains(&near) && (40..500).contains(&outside), "near {near}, outside {outside}");
    assert_eq!(by_commune.len(), 96, "no commune is empty");
    let mut counts: Vec<_> = by_commune.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let densest: usize = counts.iter().take(5).sum();
    assert!(densest * 10 > covered * 3, "5 of 96 communes hold {densest} of {covered}");
}

#[test]
fn each_commune_has_its_own_police_and_health_station() {
    let layers = all(&demonstration());
    for (id, kind) in [("police.stations", "commune"), ("health.facilities", "health_station")] {
        let (layer, rows) = layer(&layers, id);
        let of_kind = |row: &&ImportRow| *of(layer, row, "kind") == Value::Text(kind.to_owned());
        let names: BTreeSet<_> =
            rows.iter().filter(of_kind).map(|row| format!("{:?}", of(layer, row, "name"))).collect();
        assert_eq!(names.len(), 96, "{id}");
    }
}

#[test]
fn people_drown_in_summer_and_slopes_slide_in_the_rains() {
    let catalogue = load_catalogue(None).expect("the built-in catalogue");
    let layers = all(&demonstration());
    let month = |value: &Value| match value {
        Value::Timestamp(instant) => instant.day(&catalogue.time_zone).to_date().month(),
        Value::Date(day) => day.to_date().month(),
        other => panic!("no time: {other:?}"),
    };
    let (incidents, rows) = layer(&layers, "police.incidents");
    let drowned = |row: &&ImportRow| *of(incidents, row, "category") == Value::Text("drowning".to_owned());
    let drowned: Vec<_> = rows.iter().filter(drowned).map(|row| month(of(incidents, row, "occurred_at"))).collect();
    let summer = drowned.iter().filter(|month| (4..=8).contains(*month)).count();
    assert!(summer * 3 > drowned.len() * 2, "{summer} of {}", drowned.len());
    let (slides, rows) = layer(&layers, "agriculture.landslide_points");
    let rains = rows.iter().filter(|row| month(of(slides, row, "recorded_at")) >= 10).count();
    assert!(rains * 2 > rows.len(), "{rains} of {}", rows.len());
}

#[test]
fn a_catalogue_that_does_not_fit_is_refused_by_the_layers_name() {
    let mut catalogue = load_catalogue(None).expect("the built-in catalogue");
    let layer = catalogue.layers.iter_mut().find(|layer| layer.id.as_str() == "culture.relics").expect("the layer");
    layer.fields[1].codes.remove(0);
    let layer = layer.clone();
    let refused = demonstration().points(&catalogue, &layer).expect_err("a code is missing").to_string();
    assert!(refused.contains("culture.relics") && refused.contains("national_special"), "{refused}");
}

#[test]
fn a_crowd_is_the_beginning_of_a_greater_crowd_and_keeps_to_its_box() {
    let catalogue = load_catalogue(None).expect("the built-in catalogue");
    let layer = catalogue.layers.iter().find(|layer| layer.id.as_str() == "police.incidents").expect("the layer");
    let few: Vec<_> = Crowd::new(layer, 7).take(500).collect();
    let more: Vec<_> = Crowd::new(layer, 7).take(50_000).collect();
    assert!(few == more[..500]);
    assert!(few != Crowd::new(layer, 8).take(500).collect::<Vec<_>>());
    for row in &more {
        assert!((107.3..=109.2).contains(&row.at.lon) && (13.9..=15.5).contains(&row.at.lat), "{:?}", row.at);
        assert_eq!(row.values.len(), layer.fields.len());
    }
    // Crowded: of the 1,000 cells of a grid, the 50 fullest hold over 40 %.
    let mut cells = BTreeMap::<(i32, i32), usize>::new();
    for row in &more {
        *cells.entry(((row.at.lon / 0.05) as i32, (row.at.lat / 0.05) as i32)).or_default() += 1;
    }
    let mut counts: Vec<_> = cells.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let fullest: usize = counts.iter().take(50).sum();
    assert!(fullest * 10 > more.len() * 4, "{fullest}");
    let Value::Text(title) = &more[0].values[0] else { panic!("no title") };
    assert!((20..=45).contains(&title.chars().count()), "{title}");
}

#[tokio::test]
async fn filling_a_store_twice_adds_everything_once() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let store = crate::store::geopackage::GeoPackage::open(&dir.path().join("demo.gpkg")).await.expect("a store");
    let catalogue = load_catalogue(None).expect("the built-in catalogue");
    let first = fill(&store, &catalogue).await.expect("filled");
    assert_eq!(first.units.added, 3 + 23 + 270 + 96);
    assert_eq!(first.layers.len(), catalogue.layers.len());
    let added: u64 = first.layers.iter().map(|(_, imported)| imported.added).sum();
    assert!((29_000..31_000).contains(&added), "{added}");
    let second = fill(&store, &catalogue).await.expect("filled again");
    assert_eq!(second.units.unchanged, first.units.added);
    for ((id, first), (_, second)) in first.layers.iter().zip(&second.layers) {
        assert_eq!((second.added, second.changed, second.unchanged), (0, 0, first.added), "{id}");
    }
}

#[test]
fn a_name_and_its_address_speak_of_one_street() {
    let layers = all(&demonstration());
    let (crashes, rows) = layer(&layers, "police.traffic_crashes");
    for row in rows {
        let (Value::Text(title), Value::Text(road)) = (&row.values[0], of(crashes, row, "road")) else {
            panic!("a crash on no road")
        };
        assert!(title.contains(road.as_str()), "{title}: {road}");
    }
}
