//! Many rows for an empty layer go straight into its table, and nobody can tell afterwards.

use bandoso::model::{Feature, FieldType, Layer, Value};
use bandoso::store::postgis::PostGis;
use bandoso::store::{Author, BatchPage, ImportBatch, ImportId, ImportRow, Imported, Store, Terms};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use crate::postgis::follower::{Follower, Told};
use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::province;
use crate::support::rows::{catalogue, import, layer, load, row};

const ROWS: u64 = 25_000;

fn wells() -> Layer {
    layer("test.wells", &[("name", FieldType::Text), ("depth", FieldType::Real), ("dug", FieldType::Date)])
}

fn rows(id: impl Fn(u64) -> ImportId) -> Vec<ImportRow> {
    let values = |n: u64| {
        let name = if n.is_multiple_of(7) { Value::Null } else { Value::Text(format!("Giếng {n}")) };
        vec![name, Value::Real(n as f64 / 3.0), Value::Date(bandoso::model::Day(n as i32))]
    };
    // Some lie in no unit, some in overlapping ones.
    let place = |n: u64| (107.3 + (n % 977) as f64 / 500.0, 13.9 + (n % 853) as f64 / 500.0);
    (0..ROWS).map(|n| row(id(n), place(n).0, place(n).1, values(n))).collect()
}

async fn prepared(database: &TestDatabase) -> PostGis {
    let store = database.store().await;
    assert_eq!(store.prepare(&catalogue(&[wells()])).await.expect("prepared"), []);
    store.put_units(&province::units(), &[]).await.expect("units");
    store
}

/// Whether the triggers of the table were stopped and started since: only rows that go straight in do that.
async fn touched(client: &Client) -> String {
    let triggers =
        "SELECT string_agg(xmin::text, ' ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 'test.wells'::regclass";
    client.query_one(triggers, &[]).await.expect("triggers").get(0)
}

/// What is left behind by an import but for its time and transaction.
#[derive(Debug, PartialEq)]
struct Left {
    imported: Imported,
    features: Vec<Feature>,
    /// Keys by id, links as they are stored, the triggers' states, the next id.
    table: Vec<String>,
    history: Vec<String>,
    log: Vec<String>,
}

async fn left(store: &PostGis, client: &Client, imported: Imported) -> Left {
    let texts = async |sql: &str| -> Vec<String> {
        client.query(sql, &[]).await.expect("an answer").iter().map(|row| row.get(0)).collect()
    };
    let mut table = texts("SELECT concat_ws(' ', id, source_id, units, geom) FROM test.wells ORDER BY id").await;
    table.extend(
        texts("SELECT concat(tgname, tgenabled) FROM pg_trigger WHERE tgrelid = 'test.wells'::regclass ORDER BY 1")
            .await,
    );
    table.extend(texts("SELECT nextval(pg_get_serial_sequence('test.wells', 'id'))::text").await);
    let mut history =
        texts("SELECT concat_ws(' ', r.id, r.before, r.after) FROM bandoso.rows_of_batch(1) r ORDER BY r.id").await;
    history.extend(texts("SELECT g::text FROM bandoso.given_ids('test.wells') g ORDER BY g").await);
    let batches = store.batches(&BatchPage { layer: None, before: None, limit: 9 }).await.expect("batches");
    history.extend(
        batches.iter().map(|batch| format!("{:?}", (batch.id, batch.kind, &batch.author, batch.counts, batch.version))),
    );
    let log = texts(
        "SELECT concat_ws(' ', c.layer, c.version, i.many, (SELECT array_agg(id ORDER BY id) FROM unnest(i.ids) AS id)) \
         FROM bandoso.change_log c JOIN bandoso.change_ids i ON i.xact = c.xact AND i.layer = c.layer ORDER BY c.layer, c.version, i.note",
    )
    .await;
    Left { imported, features: load(store, &wells()).await.0, table, history, log }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_go_straight_in_leave_what_merged_ones_leave() {
    let numbers = |n: u64| ImportId::Number(3 * (ROWS - n));
    let keys = |n: u64| if n.is_multiple_of(5) { ImportId::New } else { ImportId::Text(format!("G-{n}")) };
    let kinds: [&(dyn Fn(u64) -> ImportId + Sync); 2] = [&numbers, &keys];
    for id in kinds {
        let (Some(straight), Some(merged)) = (TestDatabase::fresh(), TestDatabase::fresh()) else { return };
        let mut both = Vec::new();
        for (database, is_merged) in [(&straight, false), (&merged, true)] {
            let (store, psql) = (prepared(database).await, client(database.url()).await);
            let before = touched(&psql).await;
            let mut follower = Follower::begin(&store, &[wells()]).await;
            // Whoever is writing the layer stands in the way of going straight in, and of nothing else.
            let mut writer = client(database.url()).await;
            let writing = writer.transaction().await.expect("a transaction");
            if is_merged {
                writing.batch_execute("LOCK TABLE test.wells IN ROW EXCLUSIVE MODE").await.expect("locked");
            }
            let imported = import(&store, &wells(), rows(id)).await.expect("imported");
            assert_eq!(touched(&psql).await == before, is_merged, "which way they went");
            assert!(
                matches!(follower.look_at_one().await, Told::Rows(ids, gone) if ids.len() as u64 == ROWS && gone.is_empty())
            );
            follower.agrees().await;
            both.push(left(&store, &psql, imported).await);
        }
        assert_eq!((both[0].features.len() as u64, both[0].imported.added), (ROWS, ROWS));
        assert!(both[0].imported.outside > 0 && both[0].imported.outside < ROWS);
        assert!(both[0] == both[1], "{:?}\n{:?}", both[0].log, both[1].log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_come_late_are_still_those_features_own() {
    let Some(database) = TestDatabase::fresh() else { return };
    let (store, psql) = (prepared(&database).await, client(database.url()).await);
    for late in [ImportId::Number(7), ImportId::Text("late".to_owned())] {
        let first = |n: u64| match &late {
            ImportId::Number(_) => ImportId::New,
            _ => ImportId::Number(n + 1),
        };
        let before = touched(&psql).await;
        let mut all = rows(first);
        all.push(row(late.clone(), 108.5, 15.0, vec![Value::Text("late".to_owned()), Value::Null, Value::Null]));
        let imported = import(&store, &wells(), all).await.expect("imported");
        assert_ne!(touched(&psql).await, before, "they began to go straight in");
        assert_eq!((imported.added, imported.changed), (ROWS + 1, 0));
        let stored = load(&store, &wells()).await.0;
        let late_one = stored.iter().find(|feature| feature.values[0] == Value::Text("late".to_owned())).expect("it");
        match &late {
            ImportId::Number(number) => assert_eq!(late_one.id, *number),
            _ => assert!(late_one.id > ROWS, "{}", late_one.id),
        }
        let told = store.batches(&BatchPage { layer: None, before: None, limit: 1 }).await.expect("batches").remove(0);
        assert_eq!((Some(told.id), told.counts.added), (imported.batch, ROWS + 1));
        // An undoing leaves the layer as empty as it was.
        store.undo(&wells(), told.id, &Author::default()).await.expect("undone");
        assert_eq!(load(&store, &wells()).await.0, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_went_straight_in_are_undone_and_joined_again_like_others() {
    let Some(database) = TestDatabase::fresh() else { return };
    let (store, psql) = (prepared(&database).await, client(database.url()).await);
    let imported = import(&store, &wells(), rows(|_| ImportId::New)).await.expect("imported");
    let stored = load(&store, &wells()).await;
    execute(&psql, "UPDATE test.wells SET units = NULL").await;
    assert_eq!(load(&store, &wells()).await.0, stored.0, "the triggers are at work again, and give the same units");
    assert_eq!(load(&store, &wells()).await.1, stored.1 + 1);
    let undone = store.undo(&wells(), imported.batch.expect("a batch"), &Author::default()).await.expect("undone");
    assert_eq!((undone.counts.removed, load(&store, &wells()).await.0.len()), (ROWS, 0));
    store.undo(&wells(), undone.id, &Author::default()).await.expect("back");
    assert_eq!(load(&store, &wells()).await.0, stored.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_filled_layer_is_seen_empty_and_given_up_as_a_whole() {
    let Some(database) = TestDatabase::fresh() else { return };
    let (store, psql) = (prepared(&database).await, client(database.url()).await);
    let before = (touched(&psql).await, store.versions().await.expect("versions"));
    let (sender, receiver) = mpsc::channel(1);
    let (layer, terms) = (wells(), Terms::default());
    let send = async {
        for batch in rows(ImportId::Number).chunks(1000) {
            sender.send(ImportBatch::Rows(batch.to_vec())).await.expect("they are taken");
        }
        // Rows are on their way into the table: readers do not wait for them.
        assert_eq!(load(&store, &layer).await.0, []);
        drop(sender);
    };
    let (done, ()) = tokio::join!(store.import_as(&layer, receiver, &terms), send);
    done.expect_err("given up");
    assert_eq!((touched(&psql).await, store.versions().await.expect("versions")), before);
    assert_eq!(load(&store, &layer).await.0, []);
    let imported =
        import(&store, &wells(), rows(ImportId::Number)).await.expect("the next one finds nothing in its way");
    assert_eq!(imported.added, ROWS);
}
