//! Writes that wait for other programs.

use std::time::Duration;

use super::*;
use crate::store::{Author, Edit, Terms};

fn edits() -> Vec<Edit> {
    vec![Edit::Create { id: ImportId::New, at: LonLat { lon: 108.5, lat: 15.5 }, values: values("ma") }]
}

/// Another program that is writing.
fn writing(file: &Fixture) -> Connection {
    let other = Connection::open(&file.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_whose_caller_has_gone_is_not_made_when_the_other_program_is_done() {
    let file = Fixture::new().await;
    let other = writing(&file);
    let author = Author::default();
    let given_up = Duration::from_millis(300);
    let edit = || tokio::time::timeout(given_up, file.store.edit(&file.layer, edits(), &author));
    let (first, second, third) = tokio::join!(edit(), edit(), edit());
    assert!(first.is_err() && second.is_err() && third.is_err());
    other.execute_batch("COMMIT").unwrap();
    // Whoever comes after them has not to wait for them either.
    file.store.edit(&file.layer, edits(), &author).await.unwrap();
    assert_eq!(file.load().await.1.len(), 1);
    assert_eq!(file.store.versions().await.unwrap()["police.incidents"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_caller_has_gone_is_not_made_when_the_other_program_is_done() {
    let file = Fixture::new().await;
    let other = writing(&file);
    let (sender, receiver) = mpsc::channel(4);
    sender.send(ImportBatch::Rows(vec![numbered(1, 108.5)])).await.unwrap();
    sender.send(ImportBatch::Commit).await.unwrap();
    let terms = Terms::default();
    let import = file.store.import_as(&file.layer, receiver, &terms);
    assert!(tokio::time::timeout(Duration::from_millis(300), import).await.is_err());
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(file.import(vec![numbered(2, 108.5)]).await.added, 1);
    assert_eq!(file.load().await.1.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_waits_from_its_arrival_for_all_that_go_before_and_is_told_that_it_was_not_made() {
    let mut file = Fixture::new().await;
    file.store.edit_wait = Duration::from_millis(400);
    let other = writing(&file);
    let author = Author::default();
    let edit = || file.store.edit(&file.layer, edits(), &author);
    // One after the other they would take three times as long.
    let begun = std::time::Instant::now();
    let (first, second, third) = tokio::join!(edit(), edit(), edit());
    for edited in [first, second, third] {
        assert!(matches!(edited, Err(StoreError::InUse { .. })), "{edited:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "each has waited for the others");
    // While they wait they take no thread from those who read.
    let (edited, read) = tokio::join!(edit(), file.store.versions());
    assert!(edited.is_err() && read.is_ok());
    other.execute_batch("COMMIT").unwrap();
    edit().await.unwrap();
    assert_eq!(file.load().await.1.len(), 1);
}

#[tokio::test]
async fn a_file_that_another_program_only_reads_is_told_so_when_it_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.gpkg");
    drop(GeoPackage::open(&path).await.unwrap());
    let other = Connection::open(&path).unwrap();
    other.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap();
    other.execute_batch("BEGIN").unwrap();
    other.query_row("SELECT count(*) FROM units", [], |_| Ok(())).unwrap();
    let refused = super::super::connection::writer_anew(&path, Duration::from_millis(100), || true).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("reading or writing"), "{refused}");
    other.execute_batch("COMMIT").unwrap();
    GeoPackage::open(&path).await.unwrap();
}
