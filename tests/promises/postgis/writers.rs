//! Writers who wait, and databases that take no writes, harm nobody else.

use std::sync::Arc;
use std::time::Duration;

use bandoso::model::{FieldType, Layer, LonLat, Value};
use bandoso::store::postgis::{PostGis, PostGisSettings};
use bandoso::store::{Author, Edit, Edited, ImportId, Store, StoreError};

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::{catalogue, import, layer, row};

fn notes(id: &str) -> Layer {
    layer(id, &[("note", FieldType::Text)])
}

async fn make(store: &PostGis, layer: &Layer) -> Result<Edited, StoreError> {
    let (at, values) = (LonLat { lon: 108.0, lat: 15.0 }, vec![Value::Null]);
    store.edit(layer, vec![Edit::Create { id: ImportId::New, at, values }], &Author::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_wait_for_somebodys_lock_hold_up_no_follower() {
    let Some(database) = TestDatabase::fresh() else { return };
    let settings = PostGisSettings { connections: 2, writers: 2, ..PostGisSettings::default() };
    let store = PostGis::connect(database.url(), settings).await.expect("a store");
    let (locked, other) = (notes("a.locked"), notes("a.other"));
    store.prepare(&catalogue(&[locked.clone(), other.clone()])).await.expect("prepared");
    let psql = client(database.url()).await;
    execute(&psql, "BEGIN; LOCK TABLE a.locked IN EXCLUSIVE MODE").await;
    let writes = async { tokio::join!(make(&store, &locked), make(&store, &locked), make(&store, &locked)) };
    let looks = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        for _ in 0..3 {
            let known = [(Arc::new(other.clone()), 0)];
            let looked = tokio::time::timeout(Duration::from_secs(2), store.changes(0, &known)).await;
            looked.expect("without waiting for the writers").expect("changes");
        }
        execute(&psql, "COMMIT").await;
    };
    let (written, ()) = tokio::join!(writes, looks);
    for written in [written.0, written.1, written.2] {
        written.expect("written once the lock was gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_who_has_gone_holds_up_no_other_and_writes_nothing() {
    let Some(database) = TestDatabase::fresh() else { return };
    let settings = PostGisSettings { writers: 1, ..PostGisSettings::default() };
    let store = PostGis::connect(database.url(), settings).await.expect("a store");
    let (locked, other) = (notes("a.locked"), notes("a.other"));
    store.prepare(&catalogue(&[locked.clone(), other.clone()])).await.expect("prepared");
    let psql = client(database.url()).await;
    execute(&psql, "BEGIN; LOCK TABLE a.locked IN EXCLUSIVE MODE").await;
    let gone = tokio::time::timeout(Duration::from_millis(300), make(&store, &locked)).await;
    assert!(gone.is_err(), "it waits for the lock");
    let next = tokio::time::timeout(Duration::from_secs(3), make(&store, &other)).await;
    next.expect("without waiting for who has gone").expect("made");
    execute(&psql, "COMMIT").await;
    make(&store, &locked).await.expect("made");
    let count = psql.query_one("SELECT count(*) FROM a.locked", &[]).await.expect("a count");
    assert_eq!(count.get::<_, i64>(0), 1, "what nobody waited for was not made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_for_now_is_to_be_asked_again() {
    let Some(database) = TestDatabase::fresh() else { return };
    let (store, notes) = (database.store().await, notes("a.notes"));
    store.prepare(&catalogue(std::slice::from_ref(&notes))).await.expect("prepared");
    let psql = client(database.url()).await;
    let name = database.url().rsplit('/').next().expect("a name");
    execute(&psql, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    let refused = make(&store, &notes).await;
    assert!(matches!(&refused, Err(StoreError::Unreachable { .. })), "{refused:?}");
    let refused = import(&store, &notes, vec![row(ImportId::New, 108.0, 15.0, vec![Value::Null])]).await;
    assert!(matches!(&refused, Err(StoreError::Unreachable { .. })), "{refused:?}");
    assert!(store.versions().await.expect("it is read on").contains_key("a.notes"));
}

/// `pg_restore` runs with an empty `search_path`.
#[tokio::test(flavor = "multi_thread")]
async fn triggers_are_understood_as_a_dump_has_them() {
    let Some(database) = TestDatabase::fresh() else { return };
    database.store().await.prepare(&catalogue(&[notes("a.notes")])).await.expect("prepared");
    let psql = client(database.url()).await;
    execute(&psql, "SET search_path = ''").await;
    let dumped =
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'a.notes'::regclass AND NOT tgisinternal";
    let triggers: Vec<String> = psql.query(dumped, &[]).await.expect("triggers").iter().map(|row| row.get(0)).collect();
    assert!(triggers.len() >= 8, "{triggers:?}");
    for trigger in triggers {
        execute(&psql, &trigger.replacen("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1)).await;
    }
}
