//! What changed is told by id, in versions without gaps, whoever wrote it and however.

use std::sync::Arc;

use bandoso::model::{FieldType, Layer, Published, UnitLink, Value};
use bandoso::store::postgis::{PostGis, PostGisSettings};
use bandoso::store::{ImportId, LayerChange, Store};
use futures_util::SinkExt;

use super::follower::{Follower, Told};
use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::{catalogue, import, layer, load, row};
use crate::support::shared::real_units;

fn notes() -> Layer {
    let fields = [("note", FieldType::Text), ("day", FieldType::Date), ("seen", FieldType::Timestamp)];
    layer("test.notes", &fields)
}

async fn prepared(database: &TestDatabase, layers: &[Layer]) -> PostGis {
    let store = database.store().await;
    assert_eq!(store.prepare(&catalogue(layers)).await.expect("prepared"), []);
    store
}

fn rows(upserted: impl IntoIterator<Item = u64>, deleted: impl IntoIterator<Item = u64>) -> Told {
    Told::Rows(upserted.into_iter().collect(), deleted.into_iter().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_statement_is_told_by_the_ids_it_touched() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = prepared(&database, &[notes()]).await;
    let psql = client(database.url()).await;
    let mut follower = Follower::begin(&store, &[notes()]).await;
    assert_eq!(follower.look_at_one().await, Told::Nothing);
    let many =
        "INSERT INTO test.notes (geom) SELECT ST_Point(108, 15 + n * 1e-6, 4326) FROM generate_series(1, 2000) n";
    let upsert = "INSERT INTO test.notes (id, geom, note) VALUES (7, ST_Point(108, 15, 4326), 'x'), (3000, ST_Point(108, 15, 4326), 'y') \
                  ON CONFLICT (id) DO UPDATE SET note = excluded.note, seen = '2025-07-01 00:00Z'";
    let merge = "WITH gone AS (DELETE FROM test.notes WHERE id = 8 RETURNING geom) \
                 INSERT INTO test.notes (id, geom, day) SELECT 9000, geom, '2025-07-01' FROM gone";
    for (sql, told) in [
        (many, rows(1..=2000, [])),
        ("UPDATE test.notes SET note = 'bulk' WHERE id <= 1500", rows(1..=1500, [])),
        (upsert, rows([7, 3000], [])),
        ("UPDATE test.notes SET id = 5000 WHERE id = 7", rows([5000], [7])),
        ("UPDATE test.notes SET geom = ST_Point(109, 16, 4326) WHERE id = 1", rows([1], [])),
        (merge, rows([9000], [8])),
        ("DELETE FROM test.notes WHERE id BETWEEN 100 AND 300", rows([], 100..=300)),
        (
            "BEGIN; DELETE FROM test.notes WHERE id = 2; INSERT INTO test.notes (id, geom) VALUES (2, ST_Point(1, 2, 4326)); \
          UPDATE test.notes SET note = 'once' WHERE id IN (2, 3); COMMIT",
            rows([2, 3], []),
        ),
        ("UPDATE test.notes SET note = 'nobody' WHERE id = -1", Told::Nothing),
        ("BEGIN; DELETE FROM test.notes; ROLLBACK", Told::Nothing),
        ("TRUNCATE test.notes", Told::Reload),
    ] {
        let before = follower.held[0].version;
        execute(&psql, sql).await;
        assert_eq!(follower.look_at_one().await, told, "{sql}");
        assert_eq!(follower.held[0].version, before + u64::from(told != Told::Nothing), "{sql}");
        follower.agrees().await;
        assert_eq!(follower.look_at_one().await, Told::Nothing, "{sql}");
    }

    let copy = psql.copy_in("COPY test.notes (id, geom, note) FROM STDIN").await.expect("COPY begins");
    let mut copy = std::pin::pin!(copy);
    copy.send(bytes::Bytes::from_static(b"1\tSRID=4326;POINT(108 15)\ta\n2\tSRID=4326;POINT(108 16)\tb\n"))
        .await
        .expect("rows are taken");
    copy.finish().await.expect("COPY ends");
    assert_eq!(follower.look_at_one().await, rows([1, 2], []));
    follower.agrees().await;

    let values = |note: &str| vec![Value::Text(note.to_owned()), Value::Null, Value::Null];
    let imported = vec![
        row(ImportId::Number(1), 108.0, 15.0, values("a")),
        row(ImportId::Number(2), 108.0, 16.0, values("changed")),
        row(ImportId::Number(30), 108.0, 15.0, values("new")),
    ];
    let imported = import(&store, &notes(), imported).await.expect("imported");
    assert_eq!(follower.look_at_one().await, rows([2, 30], []));
    assert_eq!(imported.version, follower.held[0].version);
    follower.agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_began_earlier_and_commits_later_is_not_skipped() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = prepared(&database, &[notes()]).await;
    let (early, late) = (client(database.url()).await, client(database.url()).await);
    let mut follower = Follower::begin(&store, &[notes()]).await;
    let insert = |id: u64| format!("INSERT INTO test.notes (id, geom) VALUES ({id}, ST_Point(108, 15, 4326))");
    execute(&early, &format!("BEGIN; {}", insert(1))).await;
    // Nobody waits for the open transaction.
    execute(&late, &insert(2)).await;
    assert_eq!(follower.look_at_one().await, rows([2], []));
    let version = follower.held[0].version;
    execute(&late, &format!("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM test.notes; {}", insert(3)))
        .await;
    execute(&early, "COMMIT").await;
    assert_eq!(follower.look_at_one().await, rows([1], []));
    // It does not see the version that was given since it began, and gets the next one all the same.
    execute(&late, "COMMIT").await;
    assert_eq!(follower.look_at_one().await, rows([3], []));
    assert_eq!(follower.held[0].version, version + 2);
    follower.agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rolled_back_to_a_savepoint_is_not_told_and_a_version_can_be_asked_for_before_the_commit() {
    let Some(database) = TestDatabase::fresh() else { return };
    let other = layer("test.other", &[]);
    let store = prepared(&database, &[notes(), other.clone()]).await;
    let psql = client(database.url()).await;
    let mut follower = Follower::begin(&store, &[notes(), other]).await;
    let insert =
        |table: &str, id: u64| format!("INSERT INTO test.{table} (id, geom) VALUES ({id}, ST_Point(1, 2, 4326))");
    execute(
        &psql,
        &format!(
            "BEGIN; {}; SAVEPOINT s; {}; {}; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO s",
            insert("notes", 1),
            insert("notes", 2),
            insert("other", 3)
        ),
    )
    .await;
    execute(&psql, &format!("{}; SET CONSTRAINTS ALL IMMEDIATE", insert("notes", 4))).await;
    let asked = psql.query_one("SELECT version FROM bandoso.layer_version WHERE layer = 'test.notes'", &[]).await;
    let asked = asked.expect("a version").get::<_, i64>(0).unsigned_abs();
    execute(&psql, &format!("{}; COMMIT", insert("notes", 5))).await;
    assert_eq!(follower.look().await, [rows([1, 4, 5], []), Told::Nothing]);
    assert_eq!(follower.held[0].version, asked);
    follower.agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_written_in_one_transaction_appear_together_and_in_any_order_without_a_deadlock() {
    let Some(database) = TestDatabase::fresh() else { return };
    let (a, b) = (layer("test.a", &[]), layer("test.b", &[]));
    let store = prepared(&database, &[a.clone(), b.clone()]).await;
    let (one, two) = (client(database.url()).await, client(database.url()).await);
    let mut follower = Follower::begin(&store, &[a, b]).await;
    let insert =
        |table: &str, id: u64| format!("INSERT INTO test.{table} (id, geom) VALUES ({id}, ST_Point(1, 2, 4326))");
    for round in (0..40).step_by(2) {
        execute(&one, &format!("BEGIN; {}", insert("a", round))).await;
        execute(&two, &format!("BEGIN; {}; {}", insert("b", round + 1), insert("a", round + 1))).await;
        execute(&one, &insert("b", round)).await;
        assert_eq!(follower.look().await, [Told::Nothing, Told::Nothing]);
        tokio::join!(execute(&one, "COMMIT"), execute(&two, "COMMIT"));
        assert_eq!(follower.look().await, [rows([round, round + 1], []), rows([round, round + 1], [])]);
    }
    follower.agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_table_is_followed_by_its_own_key() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    execute(&psql, r#"CREATE SCHEMA gis; CREATE TABLE gis.schools ("Gid" integer PRIMARY KEY, "the geom" geometry(Point, 3405), opened date)"#).await;
    let published = Published { table: "gis.schools".into(), key: "Gid".into(), geometry_column: "the geom".into() };
    let schools = Layer { published: Some(published), ..layer("education.schools", &[("opened", FieldType::Date)]) };
    // The same table twice: both layers follow it.
    let twice = Layer { id: layer("education.again", &[]).id, ..schools.clone() };
    let store = prepared(&database, &[schools.clone(), twice.clone()]).await;
    let mut follower = Follower::begin(&store, &[schools, twice]).await;
    let insert = "INSERT INTO gis.schools SELECT n, ST_Transform(ST_Point(108.8, 15.1 + n * 1e-6, 4326), 3405), '2025-07-01' FROM generate_series";
    for (sql, told) in [
        (format!("{insert}(1, 3) n"), rows(1..=3, [])),
        (format!("{insert}(4, 2000) n"), rows(4..=2000, [])),
        (
            "UPDATE gis.schools SET opened = '1990-01-02', \"Gid\" = 9000 WHERE \"Gid\" = 7".to_owned(),
            rows([9000], [7]),
        ),
        // A row that is no feature is none that is there.
        ("UPDATE gis.schools SET \"the geom\" = NULL WHERE \"Gid\" = 8".to_owned(), rows([], [8])),
        ("DELETE FROM gis.schools WHERE \"Gid\" > 100".to_owned(), rows([], (101..=2000).chain([9000]))),
        ("TRUNCATE gis.schools".to_owned(), Told::Reload),
    ] {
        execute(&psql, &sql).await;
        assert_eq!(follower.look().await, [told.clone(), told], "{sql}");
        follower.agrees().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_border_tells_the_points_whose_units_are_others() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let store = prepared(&database, &[notes()]).await;
    let commune: Vec<_> =
        units.iter().filter(|unit| unit.code == "21025" && unit.valid.from.is_some()).cloned().collect();
    store.put_units(&commune, &[]).await.expect("units");
    let psql = client(database.url()).await;
    execute(
        &psql,
        "INSERT INTO test.notes (geom) VALUES (ST_Point(108.8111938, 15.1069205, 4326)), (ST_Point(100, 10, 4326))",
    )
    .await;
    let mut follower = Follower::begin(&store, &[notes()]).await;
    assert!(matches!(follower.held[0].features[&1].units[..], [UnitLink::Covered(_)]));
    let before = follower.units;
    execute(&psql, "UPDATE bandoso.units SET geom = ST_Translate(geom, 1, 0)").await;
    assert_eq!(follower.look_at_one().await, rows([1], []));
    assert_eq!(follower.units, before + 1);
    assert_eq!(follower.held[0].features[&1].units, []);
    follower.agrees().await;
    let stored = store.put_units(&commune, &[]).await.expect("units");
    assert_eq!(follower.look_at_one().await, rows([1], []));
    assert_eq!(follower.units, stored.version);
    follower.agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_behind_the_log_or_ahead_of_the_store_loads_the_layer_whole() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = prepared(&database, &[notes()]).await;
    let psql = client(database.url()).await;
    let insert = "INSERT INTO test.notes (geom) SELECT ST_Point(108, 15, 4326) FROM generate_series";
    let mut follower = Follower::begin(&store, &[notes()]).await;

    execute(&psql, &format!("{insert}(1, 200001)")).await;
    assert_eq!(follower.look_at_one().await, Told::Reload);
    execute(&psql, &format!("BEGIN; {insert}(1, 120000); {insert}(1, 120000); COMMIT")).await;
    assert_eq!(follower.look_at_one().await, Told::Reload);
    follower.held[0].version += 1;
    assert_eq!(follower.look_at_one().await, Told::Reload);

    for _ in 0..3 {
        execute(&psql, &format!("{insert}(1, 1)")).await;
    }
    let before = follower.held[0].version;
    let settings = PostGisSettings { keep_changes_for: std::time::Duration::ZERO, ..PostGisSettings::default() };
    let pruner = PostGis::connect(database.url(), settings).await.expect("the store opens");
    pruner.changes(0, &[]).await.expect("nothing");
    let noted = "SELECT count(DISTINCT xact) FROM bandoso.change_ids";
    while psql.query_one(noted, &[]).await.expect("a count").get::<_, i64>(0) > 1 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(follower.look_at_one().await, Told::Reload);
    assert_eq!(follower.held[0].version, before + 3);
    execute(&psql, &format!("{insert}(1, 1)")).await;
    assert!(matches!(follower.look_at_one().await, Told::Rows(..)));
    follower.agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_restored_and_written_past_the_held_version_is_loaded_anew() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = prepared(&database, &[notes()]).await;
    let psql = client(database.url()).await;
    let insert = "INSERT INTO test.notes (geom) VALUES (ST_Point(108, 15, 4326))";
    execute(&psql, insert).await;
    // The backup.
    execute(&psql, "CREATE TABLE log AS TABLE bandoso.change_log; CREATE TABLE ids AS TABLE bandoso.change_ids").await;
    execute(&psql, insert).await;
    let mut follower = Follower::begin(&store, &[notes()]).await;
    assert_eq!(follower.look_at_one().await, Told::Nothing);
    for more in [1, 2] {
        execute(
            &psql,
            "BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM test.notes WHERE id > 1; \
             DELETE FROM bandoso.change_log; DELETE FROM bandoso.change_ids; INSERT INTO bandoso.change_log TABLE log; \
             INSERT INTO bandoso.change_ids (xact, layer, many, ids) SELECT xact, layer, many, ids FROM ids; COMMIT",
        )
        .await;
        // As many versions as there were, and then one more.
        for _ in 0..more {
            execute(&psql, insert).await;
        }
        // Who could not load it is told again.
        let held = [(Arc::clone(&follower.held[0].layer), follower.held[0].version)];
        store.settle_changes(true);
        for _ in 0..2 {
            let changes = store.changes(follower.units, &held).await.expect("changes");
            assert!(matches!(changes.layers[..], [(_, LayerChange::Reload)]), "{changes:?}");
            store.settle_changes(false);
        }
        assert_eq!(follower.look_at_one().await, Told::Reload, "{more} written since");
        follower.agrees().await;
        assert_eq!(follower.look_at_one().await, Told::Nothing);
        store.settle_changes(true);
    }
    execute(&psql, insert).await;
    assert!(matches!(follower.look_at_one().await, Told::Rows(..)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_read_by_its_keys_however_small_it_was_when_plans_were_made() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = prepared(&database, &[notes()]).await;
    let psql = client(database.url()).await;
    let insert = "INSERT INTO test.notes (geom) VALUES (ST_Point(108, 15, 4326))";
    execute(&psql, insert).await;
    execute(&psql, "ANALYZE bandoso.change_log; ANALYZE bandoso.change_ids").await;
    let mut follower = Follower::begin(&store, &[notes()]).await;
    let mut scans = Vec::new();
    for _ in 0..3 {
        for _ in 0..20 {
            execute(&psql, insert).await;
            assert!(matches!(follower.look_at_one().await, Told::Rows(..)));
        }
        // A session tells what it did when it is asked something a second later.
        tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
        execute(&psql, insert).await;
        assert!(matches!(follower.look_at_one().await, Told::Rows(..)));
        let told = "SELECT sum(seq_scan)::bigint, sum(idx_scan)::bigint FROM pg_stat_user_tables \
                    WHERE relname IN ('change_log', 'change_ids')";
        let told = psql.query_one(told, &[]).await.expect("counters");
        scans.push((told.get::<_, i64>(0), told.get::<_, i64>(1)));
    }
    // The first round holds the pruning at the start, which does read the whole log.
    let [_, (whole, by_key), (whole_later, by_key_later)] = scans[..] else { panic!("three rounds") };
    assert_eq!(whole_later, whole, "neither writers nor followers read the whole log");
    assert!(by_key_later >= by_key + 40, "{scans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_before_the_log_keeps_its_rows_and_versions() {
    mod migrations {
        refinery::embed_migrations!("sql/migrations");
    }
    let Some(database) = TestDatabase::bare() else { return };
    let mut psql = client(database.url()).await;
    execute(&psql, "CREATE EXTENSION postgis; CREATE SCHEMA bandoso; SET search_path = bandoso, public, pg_temp").await;
    let mut old = migrations::migrations::runner().set_target(refinery::Target::Version(3));
    old.set_migration_table_name("bandoso.schema_history");
    old.run_async(&mut psql).await.expect("the schema as it was before");
    execute(&psql, "SELECT bandoso.make_layer('test.notes'); ALTER TABLE test.notes ADD note text, ADD day date, ADD seen timestamptz").await;
    for _ in 0..2 {
        execute(&psql, "INSERT INTO test.notes (geom) VALUES (ST_Point(108, 15, 4326))").await;
    }
    let ask = "SELECT version FROM bandoso.layer_version WHERE layer = 'test.notes'";
    let before = psql.query_one(ask, &[]).await.expect("a version").get::<_, i64>(0).unsigned_abs();
    let store = prepared(&database, &[notes()]).await;
    let (features, version) = load(&store, &notes()).await;
    assert_eq!((features.len(), version), (2, before));
    let mut follower = Follower::begin(&store, &[notes()]).await;
    follower.held[0].version -= 1;
    assert_eq!(follower.look_at_one().await, Told::Reload);
    execute(&psql, "INSERT INTO test.notes (geom) VALUES (ST_Point(108, 15, 4326))").await;
    assert_eq!(follower.look_at_one().await, rows([3], []));
    assert_eq!(follower.held[0].version, before + 1);
    follower.agrees().await;
}
