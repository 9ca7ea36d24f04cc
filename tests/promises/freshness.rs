//! When a layer's rows were last written, in both stores.

use bandoso::model::{FieldType, Freshness, Instant, Layer, LonLat, Unit, Value};
use bandoso::store::geopackage::GeoPackage;
use bandoso::store::{Author, Edit, ImportId, Store};

use crate::support::both::Both;
use crate::support::postgres::TestDatabase;
use crate::support::province;
use crate::support::rows::{catalogue, import, layer, row};

fn wells() -> Layer {
    layer("test.wells", &[("name", FieldType::Text)])
}

fn well(id: u64, name: &str) -> bandoso::store::ImportRow {
    row(ImportId::Number(id), 108.25, 15.25, vec![Value::Text(name.to_owned())])
}

fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_microsecond())
}

async fn of_wells(store: &dyn Store) -> Freshness {
    store.freshness().await.expect("times").get("test.wells").copied().unwrap_or_default()
}

/// Does something that writes rows; gives when.
async fn updates<T>(store: &dyn Store, writes: impl Future<Output = T>) -> T {
    let before = now();
    let done = writes.await;
    let Freshness { updated, confirmed } = of_wells(store).await;
    assert!(Some(before) <= updated && updated <= Some(now()), "{}: {updated:?}", store.address());
    assert_eq!(confirmed, updated, "{}", store.address());
    done
}

/// The units, one of them drawn elsewhere: the links of the wells are others.
fn moved_units() -> Vec<Unit> {
    let mut units = province::units();
    for unit in &mut units {
        for polygon in &mut unit.geometry.0 {
            polygon.exterior_mut(|ring| ring.0.iter_mut().for_each(|corner| corner.x += 5.0));
        }
    }
    units
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_as_old_as_its_last_written_row_and_is_confirmed_by_an_import_that_changes_nothing() {
    for store in Both::prepared(&catalogue(&[wells()])).await.stores() {
        store.put_units(&province::units(), &[]).await.expect("units");
        assert_eq!(of_wells(store).await, Freshness::default(), "{}: nobody has written a row", store.address());
        updates(store, import(store, &wells(), vec![well(1, "a"), well(2, "b")])).await.expect("imported");

        let before = of_wells(store).await;
        let sent = now();
        let again = import(store, &wells(), vec![well(1, "a"), well(2, "b")]).await.expect("imported");
        assert_eq!((again.unchanged, again.added, again.changed), (2, 0, 0));
        let confirmed = of_wells(store).await;
        assert_eq!(confirmed.updated, before.updated, "{}: nothing is new", store.address());
        assert!(
            Some(sent) <= confirmed.confirmed && confirmed.confirmed <= Some(now()),
            "{}: {confirmed:?}",
            store.address()
        );

        let edit = Edit::Change {
            id: 1,
            at: Some(LonLat { lon: 108.5, lat: 15.25 }),
            values: vec![None],
            when: bandoso::store::When::Always,
        };
        let (wells, author) = (wells(), Author::default());
        let edited = updates(store, store.edit(&wells, vec![edit], &author)).await.expect("edited");
        let batch = edited.batch.expect("a batch");
        updates(store, store.undo(&wells, batch, &author)).await.expect("undone");

        let before = of_wells(store).await;
        let version = store.versions().await.expect("versions")["test.wells"];
        store.put_units(&moved_units(), &[]).await.expect("units");
        assert!(store.versions().await.expect("versions")["test.wells"] > version, "{}", store.address());
        assert_eq!(of_wells(store).await, before, "{}: links are not rows", store.address());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_store_knows_of_a_layers_age_it_knows_when_it_is_opened_again() {
    let catalogue = catalogue(&[wells()]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("map.gpkg");
    let written = async |store: &dyn Store| {
        store.prepare(&catalogue).await.expect("prepared");
        let before = of_wells(store).await;
        if before.updated.is_none() {
            import(store, &wells(), vec![well(1, "a")]).await.expect("imported");
        }
        of_wells(store).await
    };
    let first = written(&GeoPackage::open(&path).await.expect("a GeoPackage")).await;
    assert_eq!(written(&GeoPackage::open(&path).await.expect("a GeoPackage")).await, first);
    let Some(database) = TestDatabase::fresh() else { return };
    let first = written(&database.store().await).await;
    assert!(first.updated.is_some());
    assert_eq!(written(&database.store().await).await, first);
}
