//! Another file put in the place of ours, and the log that lies beside it.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::store::{Author, Edit};

const SOME: u64 = 2_000;

/// A file with some features, and a backup of it of before another program moved them; the log of that program's edit lies beside
/// the file, where a reader of yet another program keeps it.
async fn with_hot_log() -> (Fixture, PathBuf, Connection) {
    let file = Fixture::new().await;
    let backup = file.path.with_extension("night.gpkg");
    file.import((0..20).map(|id| numbered(id, 108.5)).collect()).await;
    file.elsewhere(&format!("VACUUM INTO '{}'", backup.display()));
    file.import((0..SOME).map(|id| numbered(id, 108.5)).collect()).await;
    let reader = reading(&file.path);
    file.elsewhere("UPDATE police_incidents SET title = 'sửa nơi khác'");
    file.store.versions().await.unwrap();
    assert!(log_bytes(&file) > 0);
    (file, backup, reader)
}

/// Another program that is reading.
fn reading(path: &Path) -> Connection {
    let reader = Connection::open(path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM police_incidents").unwrap();
    reader
}

fn log_bytes(file: &Fixture) -> u64 {
    std::fs::metadata(file.path.with_extension("gpkg-wal")).map_or(0, |log| log.len())
}

/// What a program sees that knows nothing of the log.
fn alone(path: &Path, sql: &str) -> i64 {
    let copy = path.with_extension("copy.gpkg");
    std::fs::copy(path, &copy).unwrap();
    let number = Connection::open(&copy).unwrap().query_row(sql, [], |row| row.get(0)).expect(sql);
    std::fs::remove_file(copy).unwrap();
    number
}

fn is_sound(path: &Path) -> bool {
    alone(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1
}

async fn edit(store: &GeoPackage, layer: &Layer) -> Result<(), StoreError> {
    let edit = Edit::Create { id: ImportId::New, at: LonLat { lon: 108.5, lat: 15.5 }, values: values("sửa") };
    store.edit(layer, vec![edit], &Author::default()).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_others_leave_the_log_soon_so_that_a_copy_of_the_file_alone_has_them() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    let reader = reading(&file.path);
    let changes = 50;
    tokio::time::timeout(Duration::from_mins(1), async {
        for change in 0..changes {
            file.elsewhere(&format!("UPDATE police_incidents SET people = {change}"));
            file.store.changed().await.unwrap();
        }
        // Whoever reads as of before keeps the log, and neither following nor others who write wait for that.
        drop(reader);
        while log_bytes(&file) > 0 {
            file.store.changed().await.unwrap();
        }
    })
    .await
    .expect("the log is folded");
    assert_eq!(alone(&file.path, "SELECT people FROM police_incidents"), changes - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_ours_does_not_wait_for_another_program_that_reads() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    file.elsewhere("UPDATE police_incidents SET title = 'sửa'");
    let reader = reading(&file.path);
    tokio::time::timeout(Duration::from_secs(10), edit(&file.store, &file.layer)).await.expect("in time").unwrap();
    drop(reader);
}

#[tokio::test]
async fn a_backup_moved_over_the_file_does_not_get_the_log_that_the_other_one_left() {
    let (file, backup, reader) = with_hot_log().await;
    std::fs::rename(&backup, &file.path).unwrap();
    assert_eq!(file.load().await.1.len(), 20);
    assert!(is_sound(&file.path));
    edit(&file.store, &file.layer).await.unwrap();
    file.elsewhere("DELETE FROM police_incidents WHERE id = 1");
    file.store.versions().await.unwrap();
    drop(reader);
    assert_eq!(file.load().await.1.len(), 20);
    let path = file.path.clone();
    drop(file.store);
    assert!(is_sound(&path));
    assert_eq!(alone(&path, "SELECT count(*) FROM police_incidents WHERE title = 'sửa'"), 1);
}

#[tokio::test]
async fn a_log_that_came_with_the_new_file_stays() {
    let (file, _, reader) = with_hot_log().await;
    let other = Fixture::new().await;
    other.import(vec![numbered(1, 108.5)]).await;
    let keeps = reading(&other.path);
    other.elsewhere("UPDATE police_incidents SET people = 77");
    for suffix in ["gpkg", "gpkg-wal"] {
        std::fs::copy(other.path.with_extension(suffix), file.path.with_extension(format!("new-{suffix}"))).unwrap();
        std::fs::rename(file.path.with_extension(format!("new-{suffix}")), file.path.with_extension(suffix)).unwrap();
    }
    drop((keeps, reader));
    assert_eq!(file.load().await.1[0].values[4], Value::Integer(77));
    edit(&file.store, &file.layer).await.unwrap();
    assert!(is_sound(&file.path));
}

#[tokio::test]
async fn a_file_that_is_kept_under_another_name_takes_its_edits_along() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    let backup = file.path.with_extension("night.gpkg");
    file.elsewhere(&format!("VACUUM INTO '{}'", backup.display()));
    file.store.versions().await.unwrap();
    file.elsewhere("UPDATE police_incidents SET people = 77");
    let kept = file.path.with_extension("kept.gpkg");
    std::fs::rename(&file.path, &kept).unwrap();
    std::fs::rename(&backup, &file.path).unwrap();
    assert_eq!(file.load().await.1[0].values[4], Value::Integer(-3));
    assert_eq!(alone(&kept, "SELECT people FROM police_incidents"), 77);
    // And where it comes back it is not written to by the connection of before.
    std::fs::rename(&kept, &file.path).unwrap();
    assert_eq!(file.load().await.1[0].values[4], Value::Integer(77));
    edit(&file.store, &file.layer).await.unwrap();
    assert_eq!(file.load().await.1.len(), 2);
    assert!(is_sound(&file.path));
}

#[tokio::test]
async fn two_servers_of_one_file_go_over_to_the_one_that_was_moved_there() {
    let (file, backup, reader) = with_hot_log().await;
    let other = GeoPackage::open(&file.path).await.unwrap();
    other.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    std::fs::rename(&backup, &file.path).unwrap();
    for _ in 0..3 {
        for store in [&file.store, &other] {
            edit(store, &file.layer).await.unwrap();
            store.versions().await.unwrap();
        }
    }
    drop(reader);
    assert_eq!(file.load().await.1.len(), 26);
    drop(other);
    assert!(is_sound(&file.path));
    assert_eq!(alone(&file.path, "SELECT count(*) FROM police_incidents"), 26);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_waited_while_the_file_was_replaced_is_made_in_neither_and_refused() {
    let (file, backup, _reader) = with_hot_log().await;
    let old = Connection::open(&file.path).unwrap();
    old.execute_batch("BEGIN IMMEDIATE").unwrap();
    let count = "SELECT count(*) FROM police_incidents WHERE title = 'sửa'";
    let (edited, ()) = tokio::join!(edit(&file.store, &file.layer), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        std::fs::rename(&backup, &file.path).unwrap();
        old.execute_batch("ROLLBACK").unwrap();
    });
    assert!(matches!(edited, Err(StoreError::Unreachable { .. })), "{edited:?}");
    assert_eq!(old.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    assert_eq!(file.load().await.1.len(), 20);
    edit(&file.store, &file.layer).await.unwrap();
    assert_eq!(file.number(count), 1);
}

#[tokio::test]
async fn a_backup_without_a_write_ahead_log_and_of_another_size_is_read_and_gets_one() {
    let (file, backup, reader) = with_hot_log().await;
    drop(reader);
    edit(&file.store, &file.layer).await.unwrap();
    let mode: String =
        Connection::open(&backup).unwrap().query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    std::fs::rename(&backup, &file.path).unwrap();
    assert_eq!(file.load().await.1.len(), 20);
    // In a quiet moment, when whoever put it there is done.
    let is_logged = || alone(&file.path, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'") == 1;
    tokio::time::timeout(Duration::from_secs(20), async {
        while !is_logged() {
            file.store.changed().await.unwrap();
        }
    })
    .await
    .expect("it gets a log");
    edit(&file.store, &file.layer).await.unwrap();
    assert_eq!(file.load().await.1.len(), 21);
}

/// Closing any descriptor of the index gives up the locks that SQLite has on it, and another program may then write at the same time.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn looking_at_the_index_does_not_give_up_the_locks_on_it() {
    use std::os::unix::fs::MetadataExt;
    let file = Fixture::new().await;
    for title in ["a", "b", "c"] {
        file.elsewhere(&format!("UPDATE police_incidents SET title = '{title}'; PRAGMA wal_checkpoint(TRUNCATE)"));
        std::fs::File::options()
            .write(true)
            .open(&file.path)
            .unwrap()
            .set_modified(std::time::SystemTime::now())
            .unwrap();
        file.store.versions().await.unwrap();
        edit(&file.store, &file.layer).await.unwrap();
        let index = std::fs::metadata(file.path.with_extension("gpkg-shm")).unwrap().ino();
        let (locks, process) = (std::fs::read_to_string("/proc/locks").unwrap(), std::process::id().to_string());
        let is_held = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.get(4) == Some(&process.as_str())
                && words.get(5).is_some_and(|file| file.ends_with(&format!(":{index}")))
        };
        assert!(locks.lines().any(is_held), "{locks}");
    }
}
