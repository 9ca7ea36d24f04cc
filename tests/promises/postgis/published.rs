//! Tables and views of others, published as they stand.

use std::sync::Arc;
use std::time::Duration;

use bandoso::model::{FieldType, FindingKind, Layer, Published, Value};
use bandoso::store::postgis::{PostGis, PostGisSettings};
use bandoso::store::{ImportId, LayerChange, Refusal, Store, StoreError};

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::{catalogue, import, layer, load, row};
use crate::support::shared::real_units;

fn schools(table: &str) -> Layer {
    use FieldType::{Code, Date, Integer, Real, Text, Timestamp};
    let fields =
        [("name", Text), ("pupils", Integer), ("area", Real), ("kind", Code), ("opened", Date), ("seen", Timestamp)];
    let published =
        Published { table: table.to_owned(), key: "Gid".to_owned(), geometry_column: "the geom".to_owned() };
    Layer { published: Some(published), ..layer("education.schools", &fields) }
}

/// A table as another office might have made it: VN-2000 / UTM 48N, a mixed-case key, its own types.
const TABLE: &str = r#"
    CREATE SCHEMA gis;
    CREATE TYPE gis.kind AS ENUM ('primary', 'secondary');
    CREATE TABLE gis.schools ("Gid" integer PRIMARY KEY, "the geom" geometry(Geometry, 3405), name varchar(80),
        pupils smallint, area numeric(10, 2), kind gis.kind, opened text, seen timestamp);
    INSERT INTO gis.schools
        SELECT n, ST_Transform(ST_Point(108.8111938, 15.1069205 + n * 1e-7, 4326), 3405), 'Trường ' || n, n, n / 4.0, 'primary',
            'last year', '2025-07-01 01:00'
        FROM generate_series(1, 3) n;
    INSERT INTO gis.schools ("Gid", "the geom") VALUES (4, NULL), (5, 'SRID=3405;LINESTRING(0 0, 1 1)'),
        (-6, 'SRID=3405;POINT(690000 1670000)')"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_in_another_reference_system_is_a_layer_as_it_stands() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let psql = client(database.url()).await;
    execute(&psql, TABLE).await;
    let store = database.store().await;
    store.put_units(units, &[]).await.expect("units");
    let schools = schools("gis.schools");
    let findings = store.prepare(&catalogue(std::slice::from_ref(&schools))).await.expect("prepared");
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["gis.schools: column_mismatch: its column opened is text, the field is date; it is read as empty"]
    );

    let (features, version) = load(&store, &schools).await;
    assert_eq!(features.iter().map(|feature| feature.id).collect::<Vec<_>>(), [1, 2, 3]);
    let first = &features[0];
    assert!((first.at.lon - 108.811_193_8).abs() < 1e-8 && (first.at.lat - 15.106_920_6).abs() < 1e-8, "{first:?}");
    assert!(first.units.len() >= 5, "{first:?}");
    let text = |text: &str| Value::Text(text.to_owned());
    // A time without an offset is one of the catalogue's zone.
    let seen =
        bandoso::model::Instant::parse("seen", "2025-07-01T01:00:00+07:00", &jiff::tz::TimeZone::UTC).expect("a time");
    let values =
        [text("Trường 1"), Value::Integer(1), Value::Real(0.25), text("primary"), Value::Null, Value::Timestamp(seen)];
    assert_eq!(first.values, values);
    let left_out: Vec<FindingKind> =
        store.check(&schools).await.expect("checked").iter().map(|found| found.kind).collect();
    assert_eq!(left_out.len(), 3, "{left_out:?}");

    execute(&psql, "UPDATE gis.schools SET name = 'Trường mới' WHERE \"Gid\" = 1").await;
    assert_eq!(store.versions().await.expect("versions")["education.schools"], version + 1);
    let refused = import(&store, &schools, vec![row(ImportId::New, 108.0, 15.0, vec![Value::Null; 6])]).await;
    assert!(matches!(refused, Err(StoreError::Refused(Refusal::ReadOnly { .. }))), "{refused:?}");
}

/// `ogr2ogr -overwrite` drops the table, and our triggers with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_made_anew_is_followed_again() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    execute(&psql, TABLE).await;
    let store = database.store().await;
    let schools = Arc::new(schools("gis.schools"));
    store.prepare(&catalogue(&[Layer::clone(&schools)])).await.expect("prepared");
    let (before, version) = load(&store, &schools).await;
    let units = store.units().await.expect("units").version;
    let changed = async |version: u64| loop {
        let changes = store.changes(units, &[(Arc::clone(&schools), version)]).await.expect("changes");
        match changes.layers.into_iter().next() {
            Some((_, change)) => break change,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };

    // Another type of the key and of a field as well.
    execute(
        &psql,
        r#"DROP TABLE gis.schools;
        CREATE TABLE gis.schools ("Gid" bigint PRIMARY KEY, "the geom" geometry(Point, 4326), name text, pupils bigint);
        INSERT INTO gis.schools SELECT n, ST_Point(108.8, 15.1, 4326), 'Trường ' || n, n FROM generate_series(1, 7) n"#,
    )
    .await;
    assert!(matches!(changed(version).await, LayerChange::Reload));
    let (after, version) = load(&store, &schools).await;
    assert_eq!((before.len(), after.len()), (3, 7));

    execute(&psql, "UPDATE gis.schools SET pupils = 70 WHERE \"Gid\" = 7").await;
    let LayerChange::Rows { upserted, deleted, .. } = changed(version).await else { panic!("one row changed") };
    assert_eq!((upserted.len(), upserted[0].values[1].clone(), deleted.len()), (1, Value::Integer(70), 0));
}

/// A view takes no triggers: it was found without them, and loaded whole, every second.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_became_a_view_is_watched_and_not_loaded_again_and_again() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    execute(&psql, TABLE).await;
    let store = database.store().await;
    let schools = Arc::new(schools("gis.schools"));
    store.prepare(&catalogue(&[Layer::clone(&schools)])).await.expect("prepared");
    execute(&psql, "UPDATE gis.schools SET pupils = 5 WHERE \"Gid\" = 1").await;
    let (_, first) = load(&store, &schools).await;
    let units = store.units().await.expect("units").version;
    let looked = async || {
        store.changes(units, &[(Arc::clone(&schools), first)]).await.expect("changes");
        tokio::time::sleep(Duration::from_millis(50)).await;
        store.versions().await.expect("versions")["education.schools"]
    };
    let replace = "ALTER TABLE gis.schools RENAME TO all_schools;
        CREATE VIEW gis.schools AS SELECT * FROM gis.all_schools WHERE pupils > 1";
    execute(&psql, replace).await;
    let mut version = looked().await;
    while version == first {
        version = looked().await;
    }
    // As long as it takes to look for lost triggers three times.
    for _ in 0..70 {
        assert_eq!(looked().await, version);
    }
    assert_eq!(load(&store, &schools).await.0.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_seen_only_through_a_view_is_noticed_by_looking() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    execute(&psql, TABLE).await;
    execute(&psql, "CREATE VIEW gis.big AS SELECT * FROM gis.schools WHERE pupils > 1").await;
    let settings = PostGisSettings { look_every: Duration::ZERO, ..PostGisSettings::default() };
    let store = PostGis::connect(database.url(), settings).await.expect("the store opens");
    let schools = schools("gis.big");
    store.prepare(&catalogue(std::slice::from_ref(&schools))).await.expect("prepared");
    let (features, version) = load(&store, &schools).await;
    assert_eq!(features.len(), 2);
    execute(&psql, "UPDATE gis.schools SET area = 9 WHERE pupils = 3").await;
    while store.versions().await.expect("versions")["education.schools"] == version {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(load(&store, &schools).await.0[1].values[2], Value::Real(9.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_published_is_told_and_the_others_are_served() {
    let Some(database) = TestDatabase::fresh() else { return };
    execute(&client(database.url()).await, TABLE).await;
    let store = database.store().await;
    let own = layer("a.notes", &[]);
    let with = |key: &str, geometry_column: &str| {
        let published =
            Published { table: "gis.schools".into(), key: key.into(), geometry_column: geometry_column.into() };
        Layer { published: Some(published), ..schools("gis.schools") }
    };
    for (bad, word) in [
        (schools("gis.nothing"), "no such table"),
        (with("name", "the geom"), "key"),
        (with("Gid", "kind"), "geometry"),
    ] {
        let findings = store.prepare(&catalogue(&[bad.clone(), own.clone()])).await.expect("prepared");
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].message.contains(word), "{findings:?}");
        let versions = store.versions().await.expect("versions");
        assert!(versions.contains_key("a.notes") && !versions.contains_key("education.schools"), "{versions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_stands_in_a_layers_place_is_left_as_it_is() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    execute(&psql, "CREATE SCHEMA a; CREATE TABLE a.notes (id bigint PRIMARY KEY, geom geometry(Point, 4326), source_id text, note integer); CREATE TABLE a.roads (id text)").await;
    let store = database.store().await;
    let (notes, roads) =
        (layer("a.notes", &[("note", FieldType::Text), ("size", FieldType::Real)]), layer("a.roads", &[]));
    let ids = layer("a.ids", &[("id", FieldType::Integer)]);
    let findings = store.prepare(&catalogue(&[notes.clone(), roads, ids])).await.expect("prepared");
    let told: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "a number can be read as a text; {told:?}");
    assert!(
        told[0].starts_with("a.roads: column_mismatch") && told[1].starts_with("a.ids: column_mismatch"),
        "{told:?}"
    );
    execute(&psql, "INSERT INTO a.notes (id, geom, note, size) VALUES (3, ST_Point(108, 15, 4326), 7, 2)").await;
    assert_eq!(load(&store, &notes).await.0[0].values, [Value::Text("7".to_owned()), Value::Real(2.0)]);
}
