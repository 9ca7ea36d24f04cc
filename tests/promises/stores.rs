//! The two stores are equal: the same data in, the same features with the same units out.

use std::collections::HashMap;
use std::io::Read as _;

use bandoso::model::{
    Catalogue, Day, Feature, FieldType, Instant, Layer, Level, LonLat, Relation, Unit, UnitChange, UnitId, UnitLink,
    Value,
};
use bandoso::store::geopackage::GeoPackage;
use bandoso::store::postgis::PostGis;
use bandoso::store::{ImportId, ImportRow, Imported, Store};

use crate::support::places::hard_places;
use crate::support::postgres::TestDatabase;
use crate::support::rows::{catalogue, import, layer, load, row};
use crate::support::shared::{real_units, shared};

/// Both stores, empty and prepared.
struct Both {
    geopackage: GeoPackage,
    postgis: PostGis,
    _folder: tempfile::TempDir,
    _database: TestDatabase,
}

impl Both {
    async fn prepared(catalogue: &Catalogue) -> Option<Self> {
        let database = TestDatabase::fresh()?;
        let folder = tempfile::tempdir().expect("a folder");
        let geopackage = GeoPackage::open(&folder.path().join("map.gpkg")).await.expect("a GeoPackage");
        let both = Self { geopackage, postgis: database.store().await, _folder: folder, _database: database };
        for store in both.stores() {
            assert_eq!(store.prepare(catalogue).await.expect("prepared"), []);
        }
        Some(both)
    }

    fn stores(&self) -> [&dyn Store; 2] {
        [&self.geopackage, &self.postgis]
    }

    async fn put_units(&self, units: &[Unit], changes: &[UnitChange]) {
        let mut stored = Vec::new();
        for store in self.stores() {
            let done = store.put_units(units, changes).await.expect("units");
            stored.push((done.added, done.changed, done.unchanged));
        }
        assert_eq!(stored[0], stored[1]);
    }

    /// Imports the same rows into both; the counts are equal.
    async fn import(&self, layer: &Layer, rows: &[ImportRow]) -> Imported {
        let mut done = Vec::new();
        for store in self.stores() {
            done.push(Imported {
                version: 0,
                batch: None,
                ..import(store, layer, rows.to_vec()).await.expect("imported")
            });
        }
        assert_eq!(done[0], done[1]);
        done[0]
    }

    /// Compares all features, their units by identity: each store has numbers of its own. Gives the features.
    async fn compare(&self, layer: &Layer) -> Vec<(Feature, Vec<Named>)> {
        let mut all = Vec::new();
        for store in self.stores() {
            let units = store.units().await.expect("units").units;
            let names: HashMap<UnitId, &Unit> = units.iter().map(|unit| (unit.id, unit)).collect();
            let features = load(store, layer).await.0.into_iter();
            all.push(features.map(|feature| named(feature, &names)).collect::<Vec<_>>());
        }
        let (postgis, geopackage) = (all.pop().expect("two"), all.pop().expect("two"));
        assert_eq!(geopackage.len(), postgis.len());
        let mut unequal = geopackage.iter().zip(&postgis).filter(|(a, b)| !equal(a, b)).peekable();
        if unequal.peek().is_some() {
            let first: Vec<_> = unequal.by_ref().take(5).collect();
            panic!("unequal: {first:#?} and {} more", unequal.count());
        }
        geopackage
    }
}

/// A link of a feature: level, code, first day, relation.
type Named = (Level, String, Option<Day>, Relation);

fn named(mut feature: Feature, units: &HashMap<UnitId, &Unit>) -> (Feature, Vec<Named>) {
    let links = std::mem::take(&mut feature.units);
    let name = |link: UnitLink| {
        let unit = units[&link.unit()];
        let relation = match link {
            UnitLink::Covered(_) => Relation::Covered,
            UnitLink::Near(_) => Relation::Near,
        };
        (unit.level, unit.code.clone(), unit.valid.from, relation)
    };
    (feature, links.into_iter().map(name).collect())
}

/// To the last bit: −0 is not 0.
fn equal(a: &(Feature, Vec<Named>), b: &(Feature, Vec<Named>)) -> bool {
    let bits = |value: &Value| if let Value::Real(real) = value { Some(real.to_bits()) } else { None };
    let place = |at: LonLat| (at.lon.to_bits(), at.lat.to_bits());
    a == b && place(a.0.at) == place(b.0.at) && a.0.values.iter().map(bits).eq(b.0.values.iter().map(bits))
}

fn plain() -> Layer {
    layer("test.points", &[])
}

fn numbered(places: &[LonLat]) -> Vec<ImportRow> {
    let number = |(index, at): (usize, &LonLat)| row(ImportId::Number(index as u64 + 1), at.lon, at.lat, Vec::new());
    places.iter().enumerate().map(number).collect()
}

/// Which relations the links have, for judging whether a test met all of them.
fn tally(features: &[(Feature, Vec<Named>)]) -> HashMap<Option<Relation>, usize> {
    let mut tally = HashMap::new();
    for (_, links) in features {
        *tally.entry(links.last().map(|link| link.3)).or_default() += 1;
    }
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_hard_places_have_the_same_units_in_both_stores() {
    let Some(units) = real_units() else { return };
    let Some(both) = Both::prepared(&catalogue(&[plain()])).await else { return };
    both.put_units(units, &[]).await;
    both.import(&plain(), &numbered(&hard_places(units, 100_000, 2025))).await;
    let features = both.compare(&plain()).await;
    assert_eq!(features.len(), 100_000);
    let tally = tally(&features);
    for relation in [None, Some(Relation::Covered), Some(Relation::Near)] {
        assert!(tally[&relation] > 1000, "{tally:?}");
    }
    let on_borders = features.iter().filter(|(_, links)| {
        let communes = |day: &str| {
            let day = Day::parse("day", day).expect("a day");
            links.iter().filter(move |link| link.0 == Level::Commune && link.2.is_some() == (day.0 > 20_269)).count()
        };
        communes("2025-07-01") > 1 || communes("2025-06-30") > 1
    });
    assert!(on_borders.count() > 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn points_that_were_there_before_the_units_have_the_same_units_as_those_that_came_after() {
    let Some(units) = real_units() else { return };
    let Some(both) = Both::prepared(&catalogue(&[plain()])).await else { return };
    let places = hard_places(units, 4000, 7);
    both.import(&plain(), &numbered(&places)).await;
    assert!(both.compare(&plain()).await.iter().all(|(_, links)| links.is_empty()));
    // First the new units, then the old ones as well.
    let (new, old): (Vec<Unit>, Vec<Unit>) = units.iter().cloned().partition(|unit| unit.valid.from.is_some());
    for part in [new, old] {
        both.put_units(&part, &[]).await;
        both.compare(&plain()).await;
    }
    let before = both.compare(&plain()).await;
    both.import(&plain(), &numbered(&places)).await;
    assert_eq!(both.compare(&plain()).await, before);
    // A unit that shrinks gives up its points.
    let mut shrunk = units[0].clone();
    shrunk.geometry.0.truncate(1);
    for polygon in &mut shrunk.geometry.0 {
        polygon.exterior_mut(|ring| ring.0.iter_mut().for_each(|c| c.x -= 0.01));
    }
    both.put_units(&[shrunk], &[]).await;
    assert_ne!(both.compare(&plain()).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_hospitals_are_in_the_communes_that_others_found() {
    let (Some(units), Some(file)) = (real_units(), shared("points/hospitals_quang_ngai_osm.csv")) else { return };
    let Some(both) = Both::prepared(&catalogue(&[plain()])).await else { return };
    both.put_units(units, &[]).await;
    let mut reader = csv::Reader::from_path(file).expect("hospitals");
    let heads = reader.headers().expect("heads").clone();
    let column =
        |name: &str| heads.iter().position(|head| head == name).unwrap_or_else(|| panic!("{name} in {heads:?}"));
    let (lon, lat, code) = (column("lon"), column("lat"), column("commune_code_2025"));
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
    let at = |record: &csv::StringRecord| LonLat {
        lon: record[lon].parse().expect("a longitude"),
        lat: record[lat].parse().expect("a latitude"),
    };
    both.import(&plain(), &numbered(&records.iter().map(at).collect::<Vec<_>>())).await;
    let features = both.compare(&plain()).await;
    assert_eq!(features.len(), 34);
    for ((_, links), record) in features.iter().zip(&records) {
        let commune = links.iter().find(|link| link.0 == Level::Commune && link.2.is_some()).expect("a commune");
        assert_eq!((commune.1.as_str(), commune.3), (&record[code], Relation::Covered));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_records_of_another_country_are_all_outside() {
    let (Some(units), Some(file)) = (real_units(), shared("incidents/houston_police_2010.csv.gz")) else { return };
    let houston = layer("police.incidents", &[("occurred_at", FieldType::Timestamp), ("offense", FieldType::Text)]);
    let Some(both) = Both::prepared(&catalogue(std::slice::from_ref(&houston))).await else { return };
    both.put_units(units, &[]).await;
    let text = gunzip(&std::fs::read(file).expect("records"));
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let heads = reader.headers().expect("heads").clone();
    let column = |name: &str| heads.iter().position(|head| head == name).expect("a column");
    let (lon, lat, offense) = (column("lon"), column("lat"), column("offense"));
    let rows: Vec<ImportRow> = reader
        .records()
        .enumerate()
        .filter_map(|(index, record)| {
            let record = record.expect("a record");
            let at = (record[lon].parse().ok()?, record[lat].parse().ok()?);
            let values = vec![Value::Null, Value::Text(record[offense].to_owned())];
            Some(row(ImportId::Number(index as u64 + 1), at.0, at.1, values))
        })
        .collect();
    assert_eq!(rows.len(), 86_314 - 5);
    let done = both.import(&houston, &rows).await;
    assert_eq!((done.added, done.outside), (86_309, 86_309));
    assert!(both.compare(&houston).await.iter().all(|(_, links)| links.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn units_come_back_as_they_went_in_and_in_the_same_order() {
    let Some(units) = real_units() else { return };
    let Some(both) = Both::prepared(&catalogue(&[])).await else { return };
    let changes = [("21142", "21001", false), ("21142", "21004", false), ("21010", "21028", true)];
    let changes = changes.map(|(old, new, whole)| UnitChange {
        old_code: old.to_owned(),
        new_code: new.to_owned(),
        date: Day::parse("day", "2025-07-01").expect("a day"),
        whole,
    });
    both.put_units(units, &changes).await;
    // Once more, and with a share corrected: nothing doubles.
    both.put_units(units, &[UnitChange { whole: true, ..changes[0].clone() }]).await;
    let mut expected: Vec<Unit> = units.to_vec();
    expected.sort_by(|a, b| (a.level, &a.code, a.valid.from).cmp(&(b.level, &b.code, b.valid.from)));
    for store in both.stores() {
        let table = store.units().await.expect("units");
        assert_eq!(table.units.len(), expected.len());
        for (found, expected) in table.units.into_iter().zip(&expected) {
            assert_eq!(found, Unit { id: found.id, ..expected.clone() });
        }
        let shares: Vec<(&str, bool)> =
            table.changes.iter().map(|change| (change.new_code.as_str(), change.whole)).collect();
        assert_eq!(shares, [("21028", true), ("21001", true), ("21004", false)]);
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text).expect("a gzip file");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_come_back_as_they_went_in() {
    use FieldType::{Boolean, Code, Date, Integer, Real, Text, Timestamp};
    let kinds = [Text, Integer, Real, Boolean, Date, Timestamp, Code];
    let names = ["text", "integer", "order", "select", "day", "at", "kind"];
    let all: Vec<(&str, FieldType)> = names.into_iter().zip(kinds).collect();
    let all = layer("test.values", &all);
    let Some(both) = Both::prepared(&catalogue(std::slice::from_ref(&all))).await else { return };
    let text = |text: &str| Value::Text(text.to_owned());
    let columns: [Vec<Value>; 7] = [
        vec![
            text(""),
            text("Nguyễn Nghiêm, xã Sơn Tây Hạ\t\"\\N\"\r\n'; --"),
            text("𝄞\u{301}\u{200d}"),
            text(&"ữ".repeat(100_000)),
        ],
        [i64::MIN, -1, 0, i64::MAX].map(Value::Integer).to_vec(),
        [-0.0, f64::MIN_POSITIVE / 2.0, f64::MAX, 0.1 + 0.2].map(Value::Real).to_vec(),
        [true, false, true, false].map(Value::Boolean).to_vec(),
        ["1969-12-31", "2000-02-29", "0001-01-01", "9999-12-31"]
            .map(|day| Value::Date(Day::parse("day", day).expect(day)))
            .to_vec(),
        [-1, 0, 1_751_302_800_123_456, 253_370_764_800_123_456].map(|us| Value::Timestamp(Instant(us))).to_vec(),
        [text("theft"), text("a'b"), text("0"), text("ộ")].to_vec(),
    ];
    let mut rows: Vec<ImportRow> = (0..4)
        .map(|index| {
            let values = columns.iter().map(|column| column[index].clone()).collect();
            row(ImportId::Text(format!("khóa {index}")), 108.8 + index as f64 / 7.0, -0.0, values)
        })
        .collect();
    rows.push(row(ImportId::New, -180.0, 90.0, vec![Value::Null; 7]));
    both.import(&all, &rows).await;
    let features = both.compare(&all).await;
    assert_eq!(features.len(), rows.len());
    for (index, ((feature, _), row)) in features.iter().zip(&rows).enumerate() {
        assert_eq!(feature.id, index as u64 + 1, "ids are given in the order of the rows");
        assert_eq!((&feature.values, feature.at), (&row.values, row.at));
    }
    // SQLite keeps no negative zero: neither store does.
    assert!(matches!(features[0].0.values[2], Value::Real(zero) if zero.is_sign_positive()));
}

#[tokio::test(flavor = "multi_thread")]
async fn importing_again_changes_what_differs_and_doubles_nothing() {
    let notes = layer("test.notes", &[("note", FieldType::Text), ("size", FieldType::Real)]);
    let Some(both) = Both::prepared(&catalogue(std::slice::from_ref(&notes))).await else { return };
    let values = |note: &str| vec![Value::Text(note.to_owned()), Value::Null];
    let of = |key: &str, lon: f64, note: &str| row(ImportId::Text(key.to_owned()), lon, 15.0, values(note));
    let counts = |done: Imported| (done.added, done.changed, done.unchanged, done.outside);
    let first = [row(ImportId::Number(40), 108.2, 15.0, values("three")), of("a", 108.0, "one"), of("b", 108.1, "two")];
    assert_eq!(counts(both.import(&notes, &first).await), (3, 0, 0, 3));
    assert_eq!(counts(both.import(&notes, &first).await), (0, 0, 3, 3));
    let second = [
        of("a", 108.0, "one"),
        of("b", 108.5, "two"),
        row(ImportId::Number(40), 108.2, 15.0, vec![Value::Null, Value::Real(1.5)]),
        // The number that the store gave to `a` is not the sender's: this is another feature, whose key is 41.
        row(ImportId::Number(41), 108.0, 15.0, values("uno")),
        of("c", 108.9, "new"),
        row(ImportId::New, 108.9, 15.0, values("new")),
    ];
    assert_eq!(counts(both.import(&notes, &second[1..]).await), (3, 2, 0, 5));
    assert_eq!(counts(both.import(&notes, &second[..1]).await), (0, 0, 1, 1));
    let ids: Vec<u64> = both.compare(&notes).await.iter().map(|(feature, _)| feature.id).collect();
    assert_eq!(ids, [40, 41, 42, 43, 44, 45]);
}

#[tokio::test]
async fn a_number_never_takes_the_place_of_a_feature_with_a_key_of_its_own() {
    let layer = plain();
    let Some(both) = Both::prepared(&catalogue(std::slice::from_ref(&layer))).await else { return };
    let keyed = row(ImportId::Text("z".into()), 108.0, 15.0, Vec::new());
    let numbered: Vec<ImportRow> = (1..4).map(|id| row(ImportId::Number(id), 108.5, 15.0, Vec::new())).collect();
    both.import(&layer, std::slice::from_ref(&keyed)).await;
    let first = both.import(&layer, &numbered).await;
    assert_eq!((first.added, first.changed, first.unchanged), (3, 0, 0));
    let again = both.import(&layer, &numbered).await;
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 3));
    let keyed_again = both.import(&layer, std::slice::from_ref(&keyed)).await;
    assert_eq!((keyed_again.added, keyed_again.unchanged), (0, 1));
    assert_eq!(both.compare(&layer).await.len(), 4);
}
