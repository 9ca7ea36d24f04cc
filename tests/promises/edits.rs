//! Edits of features, in both stores.

use bandoso::engine::stamp::Stamper;
use bandoso::model::{Day, FieldType, Instant, Layer, LonLat, Value};
use bandoso::store::{Author, Edit, Edited, ImportId, LayerChange, Refusal, Store, StoreError, When};
use std::sync::Arc;

use crate::support::both::Both;
use crate::support::province;
use crate::support::rows::{catalogue, import, layer, load, row};

fn notes() -> Layer {
    let fields = [
        ("note", FieldType::Text),
        ("day", FieldType::Date),
        ("seen", FieldType::Timestamp),
        ("loss", FieldType::Real),
        ("people", FieldType::Integer),
        ("closed", FieldType::Boolean),
    ];
    layer("test.notes", &fields)
}

fn values(note: &str) -> Vec<Value> {
    vec![
        Value::Text(note.to_owned()),
        Value::Date(Day(20_270)),
        Value::Timestamp(Instant(1_751_331_600_123_456)),
        Value::Real(0.1 + 0.2),
        Value::Integer(-3),
        Value::Boolean(true),
    ]
}

const HERE: LonLat = LonLat { lon: 108.25, lat: 15.25 };
const THERE: LonLat = LonLat { lon: 108.75, lat: 14.75 };

fn create(id: ImportId, note: &str) -> Edit {
    Edit::Create { id, at: HERE, values: values(note) }
}

fn note(id: u64, note: &str, when: When) -> Edit {
    let mut values = vec![None; 6];
    values[0] = Some(Value::Text(note.to_owned()));
    Edit::Change { id, at: None, values, when }
}

async fn edit(store: &dyn Store, edits: Vec<Edit>) -> Result<Edited, StoreError> {
    store.edit(&notes(), edits, &Author::default()).await
}

async fn refused(store: &dyn Store, edits: Vec<Edit>) -> Refusal {
    match edit(store, edits).await {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("{}: {other:?}", store.address()),
    }
}

async fn both() -> Both {
    let both = Both::prepared(&catalogue(&[notes()])).await;
    for store in both.stores() {
        store.put_units(&province::units(), &[]).await.expect("units");
    }
    both
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_created_changed_and_removed_is_stored_joined_and_told_by_id() {
    for store in both().await.stores() {
        let begun = store.versions().await.expect("versions")["test.notes"];
        let made = edit(store, vec![create(ImportId::New, "a"), create(ImportId::Text("K".into()), "b")]).await;
        let made = made.expect("made");
        assert_eq!(made.version, begun + 1, "one transaction is one version");
        let (loaded, version) = load(store, &notes()).await;
        assert_eq!(version, made.version);
        let told: Vec<_> = made.features.into_iter().flatten().collect();
        assert_eq!(told, loaded, "{}: told as it is stored", store.address());
        assert_eq!((loaded[0].at, &loaded[0].values, loaded[0].units.len()), (HERE, &values("a"), 5));

        let id = loaded[0].id;
        let moved = vec![
            Edit::Change { id, at: Some(THERE), values: vec![None; 6], when: When::Always },
            note(id, "c", When::Always),
        ];
        let moved = edit(store, moved).await.expect("moved");
        let (loaded, _) = load(store, &notes()).await;
        assert_eq!((loaded[0].at, &loaded[0].values), (THERE, &values("c")));
        assert_eq!(moved.features[1].as_ref(), Some(&loaded[0]));
        let elsewhere = import(store, &notes(), vec![row(ImportId::New, THERE.lon, THERE.lat, values("d"))]).await;
        elsewhere.expect("imported");
        let (loaded, version) = load(store, &notes()).await;
        assert_eq!(loaded[0].units, loaded[2].units, "an edit joins as an import does");

        let gone = edit(store, vec![Edit::Remove { id, when: When::Always }]).await.expect("gone");
        assert_eq!((gone.features, gone.version), (vec![None], version + 1));
        let units = store.versions().await.expect("versions")["units"];
        let changes = store.changes(units, &[(Arc::new(notes()), version)]).await.expect("changes");
        let [(_, LayerChange::Rows { upserted, deleted, .. })] = changes.layers.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!((upserted.len(), deleted), (0, &vec![id]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_refused_changes_nothing_of_those_beside_it() {
    for store in both().await.stores() {
        edit(store, vec![create(ImportId::Number(7), "seven"), create(ImportId::Text("K".into()), "key")])
            .await
            .expect("made");
        let (before, version) = load(store, &notes()).await;
        let key = before.iter().find(|feature| feature.id != 7).expect("two").id;
        let stale = || When::Stamped(Stamper::of(&notes()), vec![Stamper::of(&notes()).stamp(HERE, &values("other"))]);
        for (last, expected) in [
            (create(ImportId::Number(7), "x"), "Taken"),
            (create(ImportId::Number(key), "x"), "Taken"),
            (create(ImportId::Text("K".into()), "x"), "Taken"),
            (note(99, "x", When::Always), "NotThere"),
            (note(u64::MAX, "x", When::Always), "NotThere"),
            (note(7, "x", stale()), "Differs"),
            (Edit::Remove { id: 7, when: stale() }, "Differs"),
            (Edit::Remove { id: 99, when: When::Always }, "NotThere"),
        ] {
            let refusal = refused(store, vec![create(ImportId::New, "y"), note(7, "z", When::Always), last]).await;
            assert!(format!("{refusal:?}").starts_with(expected), "{}: {refusal:?}", store.address());
            assert_eq!(load(store, &notes()).await, (before.clone(), version), "{}: {expected}", store.address());
        }
        let next =
            edit(store, vec![create(ImportId::Number(1000), "x"), create(ImportId::New, "y")]).await.expect("made");
        assert_eq!(next.features[1].as_ref().map(|feature| feature.id), Some(1001), "numbers go on after the greatest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_editors_who_read_the_same_only_one_wins() {
    const EDITORS: usize = 4;
    for store in both().await.stores() {
        edit(store, vec![create(ImportId::Number(1), "begin")]).await.expect("made");
        for round in 0..8 {
            let (features, _) = load(store, &notes()).await;
            let stamp = Stamper::of(&notes()).stamp(features[0].at, &features[0].values);
            let attempt = |editor: usize| {
                let when = When::Stamped(Stamper::of(&notes()), vec![stamp]);
                edit(store, vec![note(1, &format!("{round} {editor}"), when)])
            };
            let done = futures_util::future::join_all((0..EDITORS).map(attempt)).await;
            let won: Vec<_> = done.iter().filter_map(|done| done.as_ref().ok()).collect();
            assert_eq!(won.len(), 1, "{}: {done:?}", store.address());
            let lost = done.iter().filter_map(|done| done.as_ref().err());
            assert!(
                lost.clone().all(|error| matches!(error, StoreError::Refused(Refusal::Differs { .. }))),
                "{done:?}"
            );
            let (features, _) = load(store, &notes()).await;
            assert_eq!(won[0].features[0].as_ref(), Some(&features[0]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_others_takes_no_edits() {
    let mut published = notes();
    let source =
        bandoso::model::Published { table: "public.notes".into(), key: "id".into(), geometry_column: "geom".into() };
    published.published = Some(source);
    let Some(database) = crate::support::postgres::TestDatabase::fresh() else { return };
    let store = database.store().await;
    let refused = store.edit(&published, vec![create(ImportId::New, "a")], &Author::default()).await;
    assert!(matches!(refused, Err(StoreError::Refused(Refusal::ReadOnly { .. }))), "{refused:?}");
}
