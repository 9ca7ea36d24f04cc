//! When layers were written that psql writes, and the rows of others' tables that the map leaves out.

use std::time::Duration;

use bandoso::model::{FieldType, FindingKind, Freshness, Layer, Published, Value};
use bandoso::store::postgis::{PostGis, PostGisSettings};
use bandoso::store::{LeftOutPage, Store};

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::{catalogue, layer, load};
use crate::support::shared::real_units;

fn notes() -> Layer {
    layer("test.notes", &[("note", FieldType::Text), ("day", FieldType::Date)])
}

async fn of_notes(store: &dyn Store) -> Freshness {
    store.freshness().await.expect("times")["test.notes"]
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_psql_bring_a_layer_up_to_date_and_units_and_pruning_do_not() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    let commune: Vec<_> =
        units.iter().filter(|unit| unit.code == "21025" && unit.valid.from.is_some()).cloned().collect();
    store.put_units(&commune, &[]).await.expect("units");
    let psql = client(database.url()).await;
    assert_eq!(of_notes(&store).await, Freshness::default());
    execute(&psql, "INSERT INTO test.notes (geom) VALUES (ST_Point(108.8111938, 15.1069205, 4326))").await;
    let inserted = of_notes(&store).await;
    execute(&psql, "UPDATE test.notes SET note = 'b'").await;
    let edited = of_notes(&store).await;
    assert!(inserted.updated.is_some() && inserted.updated < edited.updated, "{inserted:?} {edited:?}");

    let version = async || store.versions().await.expect("versions")["test.notes"];
    let before = version().await;
    for shift in [1, -1, 1] {
        execute(&psql, &format!("UPDATE bandoso.units SET geom = ST_Translate(geom, {shift}, 0)")).await;
    }
    assert_eq!(version().await, before + 3, "its links are others each time");
    assert_eq!(of_notes(&store).await, edited);

    // Ten minutes on, when the log forgets versions.
    execute(&psql, "UPDATE bandoso.change_log SET counted_at = counted_at - interval '20 minutes'").await;
    let long_ago = of_notes(&store).await;
    assert!(long_ago.updated < edited.updated);
    let settings = PostGisSettings { keep_changes_for: Duration::ZERO, ..PostGisSettings::default() };
    let pruner = PostGis::connect(database.url(), settings).await.expect("the store opens");
    pruner.changes(0, &[]).await.expect("nothing");
    let kept = "SELECT count(*) FROM bandoso.change_log WHERE layer = 'test.notes'";
    while psql.query_one(kept, &[]).await.expect("a count").get::<_, i64>(0) > 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(of_notes(&store).await, long_ago, "the newest version and the newest of rows stay");

    // Units and rows in one transaction.
    execute(
        &psql,
        "BEGIN; UPDATE bandoso.units SET geom = ST_Translate(geom, -1, 0); UPDATE test.notes SET note = 'c'; COMMIT",
    )
    .await;
    assert!(of_notes(&store).await.updated > edited.updated);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_published_view_without_place_or_key_are_counted_and_listed() {
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    execute(
        &psql,
        "CREATE TABLE public.raw (gid integer, shape geometry, note text, day date);
         INSERT INTO public.raw VALUES
             (1, ST_Point(108, 15, 4326), 'there', NULL), (2, NULL, 'two', '2025-07-01'), (NULL, NULL, 'none', NULL),
             (-4, ST_Point(108, 15, 4326), 'less', NULL), (5, ST_GeomFromText('LINESTRING(1 2, 3 4)', 4326), 'line', NULL),
             (6, ST_GeomFromText('POINT EMPTY', 4326), 'empty', NULL), (7, ST_Point(300, 15, 4326), 'far', NULL),
             (8, ST_Point(108, 15), 'where', NULL);
         CREATE VIEW public.seen AS SELECT * FROM public.raw",
    )
    .await;
    let published = Published { table: "public.seen".into(), key: "gid".into(), geometry_column: "shape".into() };
    let layer = Layer { published: Some(published), ..notes() };
    let store = database.store().await;
    store.prepare(&catalogue(std::slice::from_ref(&layer))).await.expect("prepared");
    let (features, version) = load(&store, &layer).await;
    let missing = [FindingKind::MissingPosition, FindingKind::InvalidPosition];
    let page = LeftOutPage { kinds: missing.to_vec(), skip: 1, limit: 2 };
    let found = store.left_out(&layer, &page).await.expect("left out");
    assert_eq!((features.len(), found.version), (1, version));
    let mut counts = found.counts.clone();
    counts.sort();
    let mut expected =
        [(FindingKind::MissingPosition, 4), (FindingKind::InvalidPosition, 1), (FindingKind::InvalidId, 2)];
    expected.sort();
    assert_eq!(counts, expected);
    let listed: Vec<_> = found.rows.iter().map(|row| (row.id, row.kind, row.values[0].clone())).collect();
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        listed,
        [(Some(5), missing[0], text("line")), (Some(6), missing[0], text("empty"))],
        "the second and third of five"
    );
    // What cannot be a feature is in memory neither as one: `bandoso check` names the same rows.
    let checked = store.check(&layer).await.expect("checked");
    assert_eq!(checked.len(), 7, "{checked:?}");
}
