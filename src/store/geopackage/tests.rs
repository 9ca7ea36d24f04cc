use std::path::PathBuf;

use geo_types::{LineString, MultiPolygon, Polygon};
use jiff::tz::TimeZone;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::connection;
use crate::model::{
    Catalogue, Classification, Code, Day, DayInterval, DutyRoles, Feature, Field, FieldType, FindingKind, GeometryKind,
    Instant, Layer, LayerId, Level, LonLat, Title, Unit, UnitChange, UnitId, UnitLink, Value, ZoomRange,
};
use crate::store::geopackage::GeoPackage;
use crate::store::{ImportBatch, ImportId, ImportRow, Imported, Store, StoreError};

fn title(text: &str) -> Title {
    Title { vi: text.to_owned(), en: text.to_owned() }
}

fn field(name: &str, kind: FieldType) -> Field {
    let codes = if kind == FieldType::Code {
        vec![Code { code: "theft".to_owned(), vi: "Trộm cắp".to_owned(), en: "Theft".to_owned(), colour: None }]
    } else {
        Vec::new()
    };
    Field { name: name.to_owned(), title: title(name), kind, codes, classification: None, unit: None }
}

fn layer(id: &str) -> Layer {
    Layer {
        id: LayerId::parse("layer", id).unwrap(),
        title: title(id),
        geometry: GeometryKind::Point,
        classification: Classification::Public,
        time: Some(2),
        category: Some(1),
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 10_000,
        published: None,
        colour: "#000000".to_owned(),
        symbol: "circle".to_owned(),
        fields: vec![
            field("title", FieldType::Text),
            field("category", FieldType::Code),
            field("occurred_at", FieldType::Timestamp),
            field("day", FieldType::Date),
            field("people", FieldType::Integer),
            field("volume_m3", FieldType::Real),
            field("open", FieldType::Boolean),
        ],
    }
}

fn catalogue(layers: Vec<Layer>) -> Catalogue {
    Catalogue {
        title: title("Bản đồ"),
        time_zone: TimeZone::get("Asia/Ho_Chi_Minh").unwrap(),
        view: (108.0, 15.0, 8.0),
        attribution: String::new(),
        departments: Vec::new(),
        layers,
        places: Vec::new(),
        duty: DutyRoles::default(),
    }
}

/// A commune of one degree by one, its south-west corner at `west`, 15.
fn unit(code: &str, west: f64, (from, to): (Option<i32>, Option<i32>)) -> Unit {
    let ring = vec![(west, 15.0), (west + 1.0, 15.0), (west + 1.0, 16.0), (west, 16.0), (west, 15.0)];
    Unit {
        id: UnitId(0),
        level: Level::Commune,
        code: code.to_owned(),
        name: format!("tên {code}"),
        full_name: format!("Xã {code}"),
        kind: "xã".to_owned(),
        parent: None,
        valid: DayInterval { from: from.map(Day), to: to.map(Day) },
        schematic: false,
        geometry: MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]),
    }
}

fn values(text: &str) -> Vec<Value> {
    vec![
        Value::Text(text.to_owned()),
        Value::Text("theft".to_owned()),
        Value::Timestamp(Instant(1_751_331_600_123_456)),
        Value::Date(Day(20_270)),
        Value::Integer(-3),
        Value::Real(12.5),
        Value::Boolean(true),
    ]
}

fn row(id: ImportId, lon: f64, text: &str) -> ImportRow {
    ImportRow { id, at: LonLat { lon, lat: 15.5 }, values: values(text) }
}

fn numbered(id: u64, lon: f64) -> ImportRow {
    row(ImportId::Number(id), lon, "x")
}

/// A store in a folder that goes away with it.
struct Fixture {
    store: GeoPackage,
    path: PathBuf,
    layer: Layer,
    _folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.gpkg");
        let store = GeoPackage::open(&path).await.unwrap();
        let layer = layer("police.incidents");
        assert_eq!(store.prepare(&catalogue(vec![layer.clone()])).await.unwrap(), []);
        Self { store, path, layer, _folder: folder }
    }

    async fn import(&self, rows: Vec<ImportRow>) -> Imported {
        let (sender, receiver) = mpsc::channel(4);
        sender.send(ImportBatch::Rows(rows)).await.unwrap();
        sender.send(ImportBatch::Commit).await.unwrap();
        self.store.import(&self.layer, receiver).await.unwrap()
    }

    async fn load(&self) -> (u64, Vec<Feature>) {
        let (sender, mut receiver) = mpsc::channel(4);
        let (version, features) = tokio::join!(self.store.load(&self.layer, sender), async {
            let mut features = Vec::new();
            while let Some(batch) = receiver.recv().await {
                features.extend(batch);
            }
            features
        });
        (version.unwrap(), features)
    }

    /// Ids of the units of every feature, as stored.
    async fn links(&self) -> Vec<(u64, Vec<i32>)> {
        let (_, features) = self.load().await;
        features.into_iter().map(|f| (f.id, f.units.into_iter().map(UnitLink::to_stored).collect())).collect()
    }

    async fn version(&self, name: &str) -> u64 {
        self.store.versions().await.unwrap()[name]
    }

    /// What a program that knows the format, and nothing of us, does to the file.
    fn elsewhere(&self, sql: &str) {
        let foreign = Connection::open(&self.path).unwrap();
        connection::add_functions(&foreign).unwrap();
        foreign.execute_batch(sql).expect(sql);
    }

    fn number(&self, sql: &str) -> i64 {
        Connection::open(&self.path).unwrap().query_row(sql, [], |row| row.get(0)).expect(sql)
    }
}

/// A point's blob as SQL.
fn point(lon: f64) -> String {
    let hex: Vec<String> =
        super::blob::from_point(LonLat { lon, lat: 15.5 }).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{}'", hex.concat())
}

#[tokio::test]
async fn what_is_imported_is_loaded_the_same() {
    let file = Fixture::new().await;
    let empty = ImportRow { id: ImportId::New, at: LonLat { lon: -73.5, lat: 40.1 }, values: vec![Value::Null; 7] };
    let done =
        file.import(vec![numbered(7, 108.1), row(ImportId::Text("A-1".to_owned()), 108.2, "Đường \"3\""), empty]).await;
    assert_eq!(done, Imported { added: 3, changed: 0, unchanged: 0, outside: 3, version: 1 });
    let (version, features) = file.load().await;
    assert_eq!((version, file.version("police.incidents").await), (1, 1));
    let expected = [
        Feature { id: 7, at: LonLat { lon: 108.1, lat: 15.5 }, values: values("x"), units: vec![] },
        Feature { id: 8, at: LonLat { lon: 108.2, lat: 15.5 }, values: values("Đường \"3\""), units: vec![] },
        Feature { id: 9, at: LonLat { lon: -73.5, lat: 40.1 }, values: vec![Value::Null; 7], units: vec![] },
    ];
    assert_eq!(features, expected);
}

#[tokio::test]
async fn importing_the_same_rows_again_changes_nothing() {
    let file = Fixture::new().await;
    let rows = vec![numbered(1, 108.1), row(ImportId::Text("A".to_owned()), 108.2, "y")];
    file.import(rows.clone()).await;
    let again = file.import(rows).await;
    assert_eq!(again, Imported { added: 0, changed: 0, unchanged: 2, outside: 2, version: 1 });
    let moved = file.import(vec![numbered(1, 108.3), row(ImportId::Text("A".to_owned()), 108.2, "z")]).await;
    assert_eq!(moved, Imported { added: 0, changed: 2, unchanged: 0, outside: 2, version: 2 });
    let (_, features) = file.load().await;
    assert_eq!(features.len(), 2);
    assert_eq!((features[0].at.lon, &features[1].values[0]), (108.3, &Value::Text("z".to_owned())));
}

#[tokio::test]
async fn an_import_given_up_leaves_no_trace() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.1)]).await;
    let (sender, receiver) = mpsc::channel(4);
    sender.send(ImportBatch::Rows(vec![numbered(1, 109.9), numbered(2, 108.2)])).await.unwrap();
    drop(sender);
    let given_up = file.store.import(&file.layer, receiver).await.unwrap_err();
    assert!(matches!(given_up, StoreError::GivenUp { .. }), "{given_up}");
    let (version, features) = file.load().await;
    assert_eq!((version, features.len(), features[0].at.lon), (1, 1, 108.1));
    // The guard fell with it: other programs' edits still count.
    file.elsewhere("DELETE FROM police_incidents");
    assert_eq!(file.version("police.incidents").await, 2);
}

#[tokio::test]
async fn points_are_joined_when_units_come_and_when_they_change() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5), numbered(2, 120.0)]).await;
    let units = [unit("B", 108.0, (None, Some(20_270))), unit("A", 109.0, (Some(20_270), None))];
    let change = UnitChange { old_code: "B".to_owned(), new_code: "A".to_owned(), date: Day(20_270), whole: true };
    let stored = file.store.put_units(&units, std::slice::from_ref(&change)).await.unwrap();
    assert_eq!((stored.added, stored.changed, stored.unchanged, stored.version), (2, 0, 0, 1));
    assert_eq!(file.links().await, [(1, vec![1]), (2, vec![])]);
    assert_eq!(file.version("police.incidents").await, 2);

    let table = file.store.units().await.unwrap();
    assert_eq!((table.version, table.changes), (1, vec![change.clone()]));
    let expected = [Unit { id: UnitId(2), ..units[1].clone() }, Unit { id: UnitId(1), ..units[0].clone() }];
    assert_eq!(table.units, expected);

    let again = file.store.put_units(&units, &[change]).await.unwrap();
    assert_eq!((again.unchanged, again.version, file.version("police.incidents").await), (2, 1, 2));

    // A new name moves no point.
    let named = Unit { name: "khác".to_owned(), ..units[1].clone() };
    let stored = file.store.put_units(&[named], &[]).await.unwrap();
    assert_eq!((stored.changed, stored.version, file.version("police.incidents").await), (1, 2, 2));
    assert_eq!(file.number("SELECT count(*) FROM bandoso_version WHERE joined <> 2 AND name <> 'units'"), 0);

    // The unit moves away from under the point: near no more, covered no more.
    let stored = file.store.put_units(&[unit("B", 111.0, (None, Some(20_270)))], &[]).await.unwrap();
    assert_eq!((stored.changed, stored.version), (1, 3));
    assert_eq!(file.links().await, [(1, vec![]), (2, vec![])]);
    assert_eq!(file.version("police.incidents").await, 3);
    assert_eq!(file.number("SELECT count(*) FROM bandoso_version WHERE joined <> 3 AND name <> 'units'"), 0);
}

#[tokio::test]
async fn units_edited_elsewhere_are_not_forgotten_when_only_names_come() {
    let file = Fixture::new().await;
    let (a, b) = (unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None)));
    file.store.put_units(&[a.clone(), b], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    file.elsewhere("DELETE FROM units WHERE code = 'B'");
    file.store.put_units(&[Unit { name: "khác".to_owned(), ..a }], &[]).await.unwrap();
    assert_eq!(file.links().await, [(1, vec![1]), (2, vec![])]);
}

#[tokio::test]
async fn outside_is_asked_on_the_features_own_date() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("B", 108.0, (None, Some(20_270)))], &[]).await.unwrap();
    // 2025-06-30T18:00Z is the first of July, day 20270, in Quảng Ngãi.
    let at = |micros| {
        let mut row = row(ImportId::New, 108.5, "x");
        row.values[2] = micros;
        row
    };
    let evening = Instant::parse("", "2025-06-30T18:00:00Z", &TimeZone::UTC).unwrap();
    let rows =
        vec![at(Value::Timestamp(evening)), at(Value::Timestamp(Instant(evening.0 - 7_200_000_000))), at(Value::Null)];
    assert_eq!(file.import(rows).await.outside, 2);
}

#[tokio::test]
async fn edits_by_other_programs_count_and_are_joined() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    let mut version = file.version("police.incidents").await;
    for edit in [
        // A copied row brings the units of its original along: they are not believed.
        format!("INSERT INTO police_incidents (geom, title, units) VALUES ({}, 'mới', '[2]')", point(108.25)),
        format!("UPDATE police_incidents SET geom = {} WHERE id = 1", point(109.75)),
        "UPDATE police_incidents SET title = 'khác' WHERE id = 2".to_owned(),
        "DELETE FROM police_incidents WHERE id = 2".to_owned(),
    ] {
        file.elsewhere(&edit);
        let next = file.version("police.incidents").await;
        assert!(next > version, "{edit}");
        version = next;
    }
    assert_eq!(file.links().await, [(1, vec![2]), (3, vec![1])]);
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE units IS NULL"), 2);

    // The next import stores what was joined while loading, and that alone is no new version.
    let done = file.import(vec![]).await;
    assert_eq!(done.version, version);
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE units IS NULL"), 0);
    assert_eq!(file.links().await, [(1, vec![2]), (3, vec![1])]);
    assert_eq!(file.number("SELECT count(*) FROM rtree_police_incidents_geom WHERE minx > 109.7"), 1);
    assert_eq!(file.number("SELECT count(*) FROM rtree_police_incidents_geom"), 2);
}

#[tokio::test]
async fn units_edited_by_other_programs_join_every_layer_anew() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    let before = file.store.versions().await.unwrap();
    file.elsewhere("DELETE FROM units WHERE code = 'A'");
    let after = file.store.versions().await.unwrap();
    assert!(before.iter().all(|(name, version)| after[name] == version + 1), "{before:?} {after:?}");
    assert_eq!(file.links().await, [(1, vec![]), (2, vec![2])]);
    // Opened again, the links are stored.
    let store = GeoPackage::open(&file.path).await.unwrap();
    store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE units = '[]'"), 1);
    assert_eq!(store.versions().await.unwrap(), after);
}

#[tokio::test]
async fn rows_that_are_no_features_are_left_out_and_found() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    let at = point(108.0);
    file.elsewhere(&format!(
        "INSERT INTO police_incidents (id, geom) VALUES (2, NULL), (-3, {at}), (4, {});
         INSERT INTO police_incidents (id, geom, people, volume_m3, open, day, occurred_at, title)
             VALUES (5, {at}, 'ba', 9e999, 7, 'hôm qua', 12, x'ff')",
        point(1e9)
    ));
    let (_, features) = file.load().await;
    let ids: Vec<u64> = features.iter().map(|feature| feature.id).collect();
    assert_eq!(ids, [1, 5]);
    assert_eq!(features[1].values, vec![Value::Null; 7]);
    let findings = file.store.check(&file.layer).await.unwrap();
    let kinds: Vec<FindingKind> = findings.iter().map(|finding| finding.kind).collect();
    let mut expected = vec![FindingKind::InvalidId, FindingKind::MissingPosition, FindingKind::InvalidPosition];
    expected.extend([FindingKind::InvalidValue; 6]);
    assert_eq!(kinds, expected, "{findings:#?}");
    assert_eq!(findings[1].place, "police_incidents id 2");
}

#[tokio::test]
async fn a_new_field_gets_a_column_and_one_of_another_type_is_a_finding() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    let mut layer = file.layer.clone();
    layer.fields[0].kind = FieldType::Integer;
    layer.fields.push(field("note", FieldType::Text));
    let findings = file.store.prepare(&catalogue(vec![layer])).await.unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].kind, findings[0].place.as_str()), (FindingKind::ColumnMismatch, "police_incidents.title"));
    assert_eq!(file.number("SELECT count(note IS NULL) FROM police_incidents"), 1);
}

#[tokio::test]
async fn codes_are_offered_to_desktop_programs() {
    let file = Fixture::new().await;
    let sql =
        "SELECT count(*) FROM gpkg_data_columns AS c JOIN gpkg_data_column_constraints AS v USING (constraint_name)
               WHERE c.table_name = 'police_incidents' AND c.column_name = 'category' AND v.value = 'theft'";
    assert_eq!(file.number(sql), 1);
    file.store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    assert_eq!(file.number(sql), 1);
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.gpkg");
    std::fs::write(&text, "không phải cơ sở dữ liệu ".repeat(100)).unwrap();
    let other = folder.path().join("other.gpkg");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE units (a); PRAGMA application_id = 7").unwrap();
    for path in [&text, &other] {
        let before = std::fs::read(path).unwrap();
        let refused = GeoPackage::open(path).await.err().expect("refused");
        assert!(matches!(refused, StoreError::Fault { .. }), "{refused}");
        assert!(refused.to_string().contains("GeoPackage"), "{refused}");
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
    let nowhere = folder.path().join("no/such/folder/map.gpkg");
    assert!(matches!(GeoPackage::open(&nowhere).await.err(), Some(StoreError::Unreachable { .. })));
}

#[tokio::test]
async fn layers_that_would_share_a_table_are_refused() {
    let file = Fixture::new().await;
    for ids in [["a_b.c", "a.b_c"], ["unit.changes", "a.b"], ["gpkg.contents", "a.b"]] {
        let refused = file.store.prepare(&catalogue(ids.map(layer).to_vec())).await.unwrap_err();
        assert!(refused.to_string().contains("rename"), "{refused}");
    }
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_unreachable_until_it_is_back() {
    let file = Fixture::new().await;
    let away = file.path.with_extension("away");
    std::fs::rename(&file.path, &away).unwrap();
    assert!(matches!(file.store.versions().await, Err(StoreError::Unreachable { .. })));
    std::fs::rename(&away, &file.path).unwrap();
    assert_eq!(file.version("units").await, 0);
}
