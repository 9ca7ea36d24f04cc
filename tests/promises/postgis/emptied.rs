//! Tables that are emptied and filled, or written anew, in one transaction: nobody sees them between.

use std::sync::Arc;
use std::time::Duration;

use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::model::{FieldType, Layer, Residency, View};
use bandoso::store::{LayerChange, Store};
use tokio_postgres::Client;

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::province::units;
use crate::support::rows::{catalogue, everywhere, layer};

/// How long the emptying transaction stays open once it has the table: shorter than a reader waits for it.
const OPEN: Duration = Duration::from_millis(200);

fn own(residency: Residency) -> Layer {
    Layer { residency, ..layer("test.own", &[("n", FieldType::Integer)]) }
}

const FILL: &str =
    "INSERT INTO test.own (id, geom, n) SELECT n, ST_Point(108.2, 14.8, 4326), n FROM generate_series(1, 100) n";

/// Holds the table emptied and filled for a while, and commits.
async fn empty(psql: Client, rewrite: &'static str) {
    execute(&psql, &format!("BEGIN; {rewrite}")).await;
    tokio::time::sleep(OPEN).await;
    execute(&psql, "COMMIT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_before_a_table_is_emptied_is_not_read_from_it_while_it_is() {
    let Some(database) = TestDatabase::fresh() else { return };
    let (psql, other) = (client(database.url()).await, client(database.url()).await);
    let store = database.store().await;
    let layer = Arc::new(own(Residency::Memory));
    store.prepare(&catalogue(&[own(Residency::Memory)])).await.expect("a layer");
    execute(&psql, FILL).await;
    let versions = store.versions().await.expect("versions");
    let (units, held) = (versions["units"], versions["test.own"]);
    // Half of the rows are others by now, and nobody has looked.
    execute(&psql, "UPDATE test.own SET n = -n WHERE id <= 50").await;
    for (step, rewrite) in
        ["TRUNCATE test.own", "ALTER TABLE test.own ALTER n TYPE bigint USING n # 1"].into_iter().enumerate()
    {
        let fill = if step == 0 { FILL } else { "SELECT 1" };
        execute(&other, &format!("BEGIN; {rewrite}; {fill}")).await;
        let asked = [(Arc::clone(&layer), held)];
        let (changes, ()) = tokio::join!(store.changes(units, &asked), async {
            tokio::time::sleep(OPEN).await;
            execute(&other, "COMMIT").await;
        });
        match changes.expect("changes").layers.as_slice() {
            [(_, LayerChange::Rows { upserted, deleted, .. })] => {
                assert!(upserted.len() >= 50 && deleted.is_empty(), "{rewrite}: {} {deleted:?}", upserted.len());
            }
            [(_, LayerChange::Reload)] => {}
            told => panic!("{rewrite}: {told:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_to_the_database_waits_for_a_table_that_is_being_emptied() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    let store = database.store().await;
    store.put_units(&units(), &[]).await.expect("units");
    let layer = own(Residency::Database);
    let atlas = Atlas::open(Arc::new(store), catalogue(std::slice::from_ref(&layer)), AtlasSettings::default()).await;
    let atlas = atlas.expect("an atlas");
    execute(&psql, FILL).await;
    for rewrite in [
        "TRUNCATE test.own; INSERT INTO test.own (id, geom, n) SELECT n, ST_Point(108.2, 14.8, 4326), n FROM generate_series(1, 100) n",
        "ALTER TABLE test.own ALTER n TYPE bigint USING n # 1",
    ] {
        let other = client(database.url()).await;
        let emptying = tokio::spawn(empty(other, rewrite));
        while !emptying.is_finished() {
            let page =
                atlas.within(View::EVERYTHING, everywhere(&layer.id, 1_000), |page, _| page).await.expect("a page");
            assert_eq!(page.matched, 100, "{rewrite}");
        }
        emptying.await.expect("a commit");
    }
}
