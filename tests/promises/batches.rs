//! The history of a layer in both stores: every import and edit is a batch, and a batch can be undone.

use bandoso::model::{Feature, FieldType, Layer, Value};
use bandoso::store::{
    Author, Batch, BatchCounts, BatchKind, BatchPage, Edit, Ending, ImportBatch, ImportId, ImportRow, Imported,
    Missing, Refusal, Store, StoreError, Terms, When,
};
use tokio::sync::mpsc;

use crate::support::both::Both;
use crate::support::province;
use crate::support::rows::{catalogue, layer, load, row};

fn wells() -> Layer {
    layer("test.wells", &[("name", FieldType::Text), ("depth", FieldType::Real), ("dug", FieldType::Date)])
}

fn well(id: ImportId, lon: f64, name: &str) -> ImportRow {
    let values = vec![Value::Text(name.to_owned()), Value::Real(0.1 + lon), Value::Date(bandoso::model::Day(20_000))];
    row(id, lon, 15.25, values)
}

fn key(key: &str) -> ImportId {
    ImportId::Text(key.to_owned())
}

fn who(who: &str) -> Author {
    Author { who: who.to_owned(), source: vec!["wells.csv".to_owned()] }
}

async fn import(store: &dyn Store, rows: Vec<ImportRow>, terms: &Terms) -> Result<Imported, StoreError> {
    let (layer, (sender, receiver)) = (wells(), mpsc::channel(2));
    let send = async move {
        // A store that gave up says so itself.
        let _ = sender.send(ImportBatch::Rows(rows)).await;
        let _ = sender.send(ImportBatch::Commit).await;
    };
    tokio::join!(send, store.import_as(&layer, receiver, terms)).1
}

async fn by(store: &dyn Store, name: &str, rows: Vec<ImportRow>) -> Imported {
    import(store, rows, &Terms { author: who(name), ..Terms::default() }).await.expect("imported")
}

async fn all(store: &dyn Store) -> Vec<Batch> {
    store.batches(&BatchPage { layer: Some("test.wells".to_owned()), before: None, limit: 100 }).await.expect("batches")
}

async fn features(store: &dyn Store) -> Vec<Feature> {
    load(store, &wells()).await.0
}

async fn undo(store: &dyn Store, id: u64) -> Result<Batch, Refusal> {
    match store.undo(&wells(), id, &who("u")).await {
        Ok(batch) => Ok(batch),
        Err(StoreError::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{}: {other}", store.address()),
    }
}

async fn both() -> Both {
    let both = Both::prepared(&catalogue(&[wells()])).await;
    for store in both.stores() {
        store.put_units(&province::units(), &[]).await.expect("units");
    }
    both
}

#[tokio::test(flavor = "multi_thread")]
async fn every_writing_is_a_batch_that_tells_who_when_from_what_and_how_it_was_before() {
    for store in both().await.stores() {
        let begun = bandoso::model::Instant(jiff::Timestamp::now().as_microsecond() - 60_000_000);
        let first = by(store, "Lan", vec![well(key("A"), 108.2, "a"), well(key("B"), 108.3, "b")]).await;
        let before = features(store).await;
        let second = by(
            store,
            "Minh",
            vec![well(key("A"), 108.4, "A"), well(key("B"), 108.3, "b"), well(ImportId::New, 108.5, "c")],
        )
        .await;
        let id = before[1].id;
        let edit =
            store.edit(&wells(), vec![Edit::Remove { id, when: When::Always }], &who("Hoa")).await.expect("edited");
        let told: Vec<_> = all(store).await;
        let whole: Vec<_> = told
            .iter()
            .map(|batch| (batch.id, batch.kind, batch.author.clone(), batch.counts, batch.version))
            .collect();
        let counts = |added, changed, removed, unchanged| BatchCounts { added, changed, removed, unchanged };
        assert_eq!(
            whole,
            [
                (edit.batch.expect("a batch"), BatchKind::Edit, who("Hoa"), counts(0, 0, 1, 0), edit.version),
                (second.batch.expect("a batch"), BatchKind::Import, who("Minh"), counts(1, 1, 0, 1), second.version),
                (first.batch.expect("a batch"), BatchKind::Import, who("Lan"), counts(2, 0, 0, 0), first.version),
            ],
            "{}",
            store.address()
        );
        assert!(told.iter().all(|batch| batch.at > begun && batch.layer == "test.wells"), "{told:?}");
        let page = BatchPage { layer: None, before: Some(whole[0].0), limit: 1 };
        assert_eq!(store.batches(&page).await.expect("a page"), &told[1..2]);
        assert_eq!(store.batch(whole[2].0).await.expect("one").as_ref(), Some(&told[2]));
        let rows = store.batch_rows(&wells(), whole[1].0).await.expect("rows");
        assert_eq!((rows.len(), rows[0].left), (2, true));
        assert_eq!(rows[0].before, Some((before[0].at, before[0].values.clone())), "{}", store.address());
        assert_eq!((&rows[1].before, rows[1].left), (&None, true));
        let gone = store.batch_rows(&wells(), whole[0].0).await.expect("rows");
        assert_eq!((gone[0].id, gone[0].left, gone[0].before.is_some()), (id, false, true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_undone_to_the_last_bit_and_its_undoing_as_well() {
    for store in both().await.stores() {
        by(
            store,
            "a",
            vec![well(key("A"), 108.2, "a"), well(key("B"), 108.3, "b"), well(ImportId::Number(70), 108.25, "n")],
        )
        .await;
        let before = features(store).await;
        let terms = Terms { missing: Missing::Remove { at_most: 9 }, ..Terms::default() };
        let rows = vec![well(key("A"), 108.7, "A"), well(key("C"), 108.4, "c"), well(ImportId::New, 108.6, "d")];
        let done = import(store, rows, &terms).await.expect("imported");
        assert_eq!((done.added, done.changed, done.missing, done.removed), (2, 1, 1, 1), "{}", store.address());
        let after = features(store).await;
        let undone = undo(store, done.batch.expect("a batch")).await.expect("undone");
        assert_eq!(features(store).await, before, "{}", store.address());
        assert_eq!(undone.counts, BatchCounts { added: 1, changed: 1, removed: 2, unchanged: 0 });
        assert_eq!((undone.kind, undone.undoes), (BatchKind::Undo, done.batch));
        assert_eq!(
            undo(store, done.batch.expect("a batch")).await,
            Err(Refusal::Undone { batch: done.batch.expect("a batch") })
        );
        undo(store, undone.id).await.expect("done again");
        assert_eq!(features(store).await, after, "{}", store.address());
        let told = store.batch(done.batch.expect("a batch")).await.expect("told").expect("a batch");
        assert_eq!(told.undone_by, Some(undone.id));
        // Senders' keys are theirs again.
        assert_eq!(by(store, "a", vec![well(key("C"), 108.4, "c")]).await.unchanged, 1);
        assert_eq!(undo(store, 4711).await, Err(Refusal::NoBatch { batch: 4711 }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_changed_since_is_named_and_nothing_is_undone() {
    for store in both().await.stores() {
        let first = by(store, "a", vec![well(key("A"), 108.2, "a"), well(key("B"), 108.3, "b")]).await;
        let batch = first.batch.expect("a batch");
        let second = by(store, "b", vec![well(key("B"), 108.3, "other")]).await;
        let before = load(store, &wells()).await;
        let id = before.0[1].id;
        let refused = Err(Refusal::ChangedSince { batch, rows: vec![id], count: 1 });
        assert_eq!(undo(store, batch).await, refused, "{}", store.address());
        assert_eq!(load(store, &wells()).await, before);
        assert_eq!(all(store).await.len(), 2, "a refusal is no batch");
        // In the order in which they were made they can all be undone.
        undo(store, second.batch.expect("a batch")).await.expect("undone");
        undo(store, batch).await.expect("undone");
        assert_eq!(features(store).await, []);
        store
            .edit(&wells(), vec![Edit::Remove { id: 1, when: When::Always }], &who("x"))
            .await
            .expect_err("nothing there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_undone_like_imports() {
    for store in both().await.stores() {
        by(store, "a", vec![well(key("A"), 108.2, "a"), well(key("B"), 108.3, "b")]).await;
        let before = features(store).await;
        let (first, second) = (before[0].id, before[1].id);
        let made = well(ImportId::New, 108.9, "new");
        let edits = vec![
            Edit::Create { id: made.id, at: made.at, values: made.values },
            Edit::Change { id: first, at: None, values: vec![Some(Value::Null), None, None], when: When::Always },
            Edit::Change { id: first, at: Some(before[1].at), values: vec![None; 3], when: When::Always },
            Edit::Remove { id: second, when: When::Always },
        ];
        let done = store.edit(&wells(), edits, &who("x")).await.expect("edited");
        undo(store, done.batch.expect("a batch")).await.expect("undone");
        assert_eq!(features(store).await, before, "{}", store.address());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_does_not_name_is_counted_and_goes_only_when_that_was_agreed() {
    for store in both().await.stores() {
        let keyed = vec![well(key("A"), 108.2, "a"), well(key("B"), 108.3, "b"), well(key("C"), 108.35, "c")];
        by(store, "keys", keyed).await;
        by(store, "numbers", vec![well(ImportId::Number(50), 108.4, "n"), well(ImportId::Number(51), 108.5, "m")])
            .await;
        let drawn = well(ImportId::New, 108.6, "drawn");
        let drawn = Edit::Create { id: drawn.id, at: drawn.at, values: drawn.values };
        store.edit(&wells(), vec![drawn], &who("map")).await.expect("drawn");
        by(store, "no ids", vec![well(ImportId::New, 108.7, "x")]).await;

        let rows = || vec![well(key("A"), 108.2, "a"), well(key("B"), 108.3, "changed"), well(key("D"), 108.1, "d")];
        let before = load(store, &wells()).await;
        let terms = |missing, ending| Terms { author: who("again"), missing, ending };
        let dry = import(store, rows(), &terms(Missing::Keep, Ending::DryRun)).await.expect("counted");
        let counts = |done: &Imported| (done.added, done.changed, done.unchanged, done.missing, done.removed);
        assert_eq!((counts(&dry), dry.batch, dry.version), ((1, 1, 1, 1, 0), None, before.1), "{}", store.address());
        assert_eq!((load(store, &wells()).await, all(store).await.len()), (before.clone(), 4), "{}", store.address());
        let refused = import(store, rows(), &terms(Missing::Remove { at_most: 0 }, Ending::Commit)).await;
        assert!(matches!(refused, Err(StoreError::Refused(Refusal::TooManyMissing { missing: 1, .. }))), "{refused:?}");
        assert_eq!((load(store, &wells()).await, all(store).await.len()), (before.clone(), 4), "{}", store.address());
        let kept = import(store, rows(), &terms(Missing::Keep, Ending::Commit)).await.expect("imported");
        assert_eq!(counts(&kept), (1, 1, 1, 1, 0));
        let done =
            import(store, rows(), &terms(Missing::Remove { at_most: 1 }, Ending::Commit)).await.expect("imported");
        assert_eq!(counts(&done), (0, 0, 3, 1, 1), "{}: only the senders' own of the same kind", store.address());
        assert_eq!(features(store).await.len(), before.0.len());

        let numbers = vec![well(ImportId::Number(50), 108.4, "n")];
        let done =
            import(store, numbers, &terms(Missing::Remove { at_most: 1 }, Ending::Commit)).await.expect("imported");
        assert_eq!(counts(&done), (0, 0, 1, 1, 1), "{}: what the store numbered is nobody's to miss", store.address());
        undo(store, done.batch.expect("a batch")).await.expect("undone");
        assert_eq!(features(store).await.len(), before.0.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_import_is_undone_whole() {
    for store in both().await.stores() {
        let at = |index: u64| 107.9 + index as f64 * 1e-4;
        let rows = (0..12_000).map(|index| well(ImportId::New, at(index), "x")).collect();
        let done = by(store, "many", rows).await;
        let told = store.batch_rows(&wells(), done.batch.expect("a batch")).await.expect("rows");
        assert_eq!(told.len(), 1000, "the first of them");
        let before = features(store).await;
        let undone = undo(store, done.batch.expect("a batch")).await.expect("undone");
        assert_eq!((features(store).await.len(), undone.counts.removed), (0, 12_000));
        undo(store, undone.id).await.expect("back");
        assert_eq!(features(store).await, before, "{}", store.address());
    }
}
