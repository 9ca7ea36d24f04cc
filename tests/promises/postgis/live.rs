//! Many write at once, connections break, and followers see every transaction once and whole.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use bandoso::model::{FieldType, Layer, Value};
use bandoso::store::Store;
use futures_util::StreamExt;
use tokio_postgres::{AsyncMessage, NoTls};
use xxhash_rust::xxh3::xxh3_64;

use super::follower::{Follower, Told};
use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::province::units;
use crate::support::rows::{catalogue, layer, load};

const WRITERS: u64 = 8;
const TRANSACTIONS: u64 = 60;

fn layers() -> [Layer; 2] {
    [layer("test.pairs", &[("n", FieldType::Integer)]), layer("test.mirror", &[("n", FieldType::Integer)])]
}

/// Writes what belongs together: the rows 2k and 2k + 1 of one layer and k of the other have one number, or none is there.
async fn write(url: &str, writer: u64) {
    let client = client(url).await;
    for round in 0..TRANSACTIONS {
        let random = xxh3_64(&[writer.to_le_bytes(), round.to_le_bytes()].concat());
        // Who reads as of the begin of the transaction has rows of its own, else it would have to try again.
        let alone = random.is_multiple_of(5);
        let (level, k) = if alone { ("REPEATABLE READ", 100 + writer) } else { ("READ COMMITTED", random / 7 % 20) };
        let (even, odd, n) = (2 * k, 2 * k + 1, random % 1000);
        let put = |table: &str, id: u64| {
            format!(
                "INSERT INTO test.{table} (id, geom, n) VALUES ({id}, ST_Point(108, 15 + {n} * 1e-6, 4326), {n}) \
                 ON CONFLICT (id) DO UPDATE SET n = excluded.n, geom = excluded.geom"
            )
        };
        let work = match random / 1000 % 4 {
            0 => format!("DELETE FROM test.mirror WHERE id = {k}; DELETE FROM test.pairs WHERE id IN ({even}, {odd})"),
            1 => format!("{}; {}; {}", put("mirror", k), put("pairs", even), put("pairs", odd)),
            _ => format!("{}; {}; {}", put("pairs", odd), put("pairs", even), put("mirror", k)),
        };
        let undone = format!("SAVEPOINT s; UPDATE test.pairs SET n = -1 WHERE id = {odd}; ROLLBACK TO s");
        let early = if random.is_multiple_of(3) { "SET CONSTRAINTS ALL IMMEDIATE" } else { "SELECT 1" };
        let end = if random.is_multiple_of(11) { "ROLLBACK" } else { "COMMIT" };
        execute(
            &client,
            &format!(
                "BEGIN ISOLATION LEVEL {level}; SELECT pg_advisory_xact_lock({k}); {work}; {undone}; {early}; {end}"
            ),
        )
        .await;
    }
}

/// The number that each pair and its mirror hold; fails where one is seen in halves.
fn whole_pairs(follower: &Follower<'_>) {
    let numbers = |index: usize| -> BTreeMap<u64, Value> {
        follower.held[index].features.iter().map(|(id, feature)| (*id, feature.values[0].clone())).collect()
    };
    let (pairs, mirror) = (numbers(0), numbers(1));
    assert_eq!(pairs.len(), 2 * mirror.len());
    for (k, n) in mirror {
        assert_eq!((pairs.get(&(2 * k)), pairs.get(&(2 * k + 1))), (Some(&n), Some(&n)), "the pair {k}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_are_followed_transaction_by_transaction_while_connections_break() {
    let Some(database) = &TestDatabase::fresh() else { return };
    let stores = [database.store().await, database.store().await];
    for store in &stores {
        store.prepare(&catalogue(&layers())).await.expect("prepared");
    }
    let writing = &AtomicUsize::new(WRITERS as usize);
    let writers = futures_util::future::join_all((0..WRITERS).map(|writer| async move {
        write(database.url(), writer).await;
        writing.fetch_sub(1, Ordering::AcqRel);
    }));
    let follow = async |store| {
        let mut follower = Follower::begin(store, &layers()).await;
        // Two layers loaded one after the other are of two moments: the first look brings them to one.
        let mut last = false;
        while !last {
            last = writing.load(Ordering::Acquire) == 0;
            let told = follower.look().await;
            assert!(!told.contains(&Told::Reload), "{told:?}");
            whole_pairs(&follower);
            if !last {
                store.changed().await.expect("the store is there");
            }
        }
        follower.agrees().await;
    };
    let break_listeners = async {
        let psql = client(database.url()).await;
        let listeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%LISTEN bandoso_changes%'";
        while writing.load(Ordering::Acquire) > 0 {
            execute(&psql, listeners).await;
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    // On one task: a writer that fails ends the test.
    tokio::join!(writers, follow(&stores[0]), follow(&stores[1]), break_listeners);
    let psql = client(database.url()).await;
    let log = "SELECT count(*), count(DISTINCT xact), min(version), max(version) FROM bandoso.change_log WHERE layer = 'test.pairs'";
    let log = psql.query_one(log, &[]).await.expect("the log");
    let (versions, transactions, first, last): (i64, i64, i64, i64) = (log.get(0), log.get(1), log.get(2), log.get(3));
    assert!(versions > 100, "{versions}");
    assert_eq!((transactions, first, last), (versions, 1, versions), "one version for each transaction, without gaps");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_announces_its_layers_and_their_versions() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&layers())).await.expect("prepared");
    let (listener, mut connection) =
        tokio_postgres::connect(database.url(), NoTls).await.expect("the test server answers");
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(told) = message {
                sender.send(told.payload().to_owned()).expect("the test listens");
            }
        }
    });
    execute(&listener, "LISTEN bandoso_changes").await;
    let psql = client(database.url()).await;
    let insert = |table: &str| format!("INSERT INTO test.{table} (geom) VALUES (ST_Point(1, 2, 4326))");
    execute(&psql, &insert("pairs")).await;
    execute(&psql, &format!("BEGIN; {}; ROLLBACK", insert("pairs"))).await;
    execute(&psql, &format!("BEGIN; {}; {}; {}; COMMIT", insert("pairs"), insert("pairs"), insert("mirror"))).await;
    for told in ["test.pairs 1", "test.mirror 1", "test.pairs 2"] {
        assert_eq!(heard.recv().await.as_deref(), Some(told));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ogr2ogr_appends_is_followed() {
    let Some(database) = TestDatabase::fresh() else { return };
    if std::process::Command::new("ogr2ogr").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "ogr2ogr is missing: under CI no test is skipped");
        eprintln!("skipped: ogr2ogr is not installed");
        return;
    }
    let store = database.store().await;
    store.prepare(&catalogue(&layers())).await.expect("prepared");
    let mut follower = Follower::begin(&store, &layers()).await;
    let file = std::env::temp_dir().join(format!("bandoso_append_{}.geojson", std::process::id()));
    let point = |n: u32| {
        format!(
            r#"{{"type":"Feature","properties":{{"n":{n}}},"geometry":{{"type":"Point","coordinates":[108,15.{n}]}}}}"#
        )
    };
    let points = format!(r#"{{"type":"FeatureCollection","features":[{},{}]}}"#, point(7), point(8));
    std::fs::write(&file, points).expect("a file");
    let append = std::process::Command::new("ogr2ogr")
        .args(["-f", "PostgreSQL", "-append", "-nln", "test.pairs"])
        .args([format!("PG:{}?application_name=ogr2ogr", database.url()), file.to_string_lossy().into_owned()])
        .output()
        .expect("ogr2ogr runs");
    std::fs::remove_file(&file).expect("the file goes");
    assert!(append.status.success(), "{}", String::from_utf8_lossy(&append.stderr));
    assert_eq!(follower.look().await, [Told::Rows(vec![1, 2], vec![]), Told::Nothing]);
    follower.agrees().await;
}

/// So many points in Quảng Ngãi, into one of the layers' own tables.
fn many(table: &str, rows: u32) -> String {
    format!(
        "INSERT INTO test.{table} (geom) SELECT ST_Point(108 + n * 1e-5, 14.8, 4326) FROM generate_series(1, {rows}) n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_many_points_do_not_wait_for_each_other_whatever_their_order() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    store.put_units(&units(), &[]).await.expect("units");
    store.prepare(&catalogue(&layers())).await.expect("prepared");
    let (one, other) = (client(database.url()).await, client(database.url()).await);
    for writer in [&one, &other] {
        execute(writer, "SET lock_timeout = '10s'; BEGIN").await;
    }
    execute(&one, &many("pairs", 600)).await;
    execute(&other, &many("pairs", 600)).await;
    execute(&other, &many("mirror", 600)).await;
    execute(&one, &many("mirror", 600)).await;
    for writer in [&one, &other] {
        execute(writer, "COMMIT").await;
    }
    for layer in layers() {
        let features = load(&store, &layer).await.0;
        assert_eq!(features.len(), 1200);
        assert!(features.iter().all(|feature| !feature.units.is_empty()), "all are joined");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_points_are_joined_as_one_by_one_also_where_the_planner_is_mistaken_about_the_table() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    store.put_units(&units(), &[]).await.expect("units");
    store.prepare(&catalogue(&layers())).await.expect("prepared");
    let psql = client(database.url()).await;
    // What is left of a table that was emptied and analysed: a loop over all rows for each row seems cheap then, and takes minutes.
    execute(&psql, &format!("ALTER TABLE test.pairs SET (autovacuum_enabled = off); {}", many("pairs", 60_000))).await;
    execute(&psql, "DELETE FROM test.pairs; ANALYZE test.pairs; SET statement_timeout = '40s'").await;
    execute(&psql, &many("pairs", 60_000)).await;
    // Units that somebody edits join all of them again.
    execute(&psql, "UPDATE test.pairs SET units = '{}' WHERE false; UPDATE bandoso.units SET name = name").await;
    let others = "SELECT count(*), count(*) FILTER (WHERE units IS DISTINCT FROM bandoso.unit_links(geom)) FROM \
                  (SELECT units, geom FROM test.pairs WHERE id % 50 = 0) p";
    let counted = psql.query_one(others, &[]).await.expect("counts");
    assert_eq!((counted.get::<_, i64>(0), counted.get::<_, i64>(1)), (1200, 0));
}
