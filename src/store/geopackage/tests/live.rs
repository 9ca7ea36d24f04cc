//! Changes followed.

use std::time::Duration;

use super::*;
use crate::store::geopackage::log;

/// Two communes side by side, a feature in each.
async fn two_communes() -> Fixture {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    file
}

#[tokio::test]
async fn an_import_is_followed_row_by_row_as_one_version() {
    let file = two_communes().await;
    let mut follower = Follower::new(&file).await;
    assert_eq!(follower.follow(&file.store).await, (vec![], vec![]));
    let done = file.import(vec![numbered(2, 108.25), numbered(1, 108.5), numbered(7, 109.0)]).await;
    assert_eq!(follower.follow(&file.store).await, (vec![2, 7], vec![]));
    assert_eq!((follower.version, done.version), (2, 2));
    follower.is_true(&file).await;
}

#[tokio::test]
async fn edits_by_other_programs_are_followed_with_their_units() {
    let file = two_communes().await;
    let mut follower = Follower::new(&file).await;
    let at = point(109.25);
    for (edit, changed, deleted) in [
        (format!("INSERT INTO police_incidents (geom, title, units) VALUES ({at}, 'mới', '[1]')"), vec![3], vec![]),
        (format!("UPDATE police_incidents SET geom = {at} WHERE id = 1"), vec![1], vec![]),
        ("UPDATE police_incidents SET title = 'khác'".to_owned(), vec![1, 2, 3], vec![]),
        ("UPDATE police_incidents SET units = '[1]' WHERE id = 2".to_owned(), vec![2], vec![]),
        ("UPDATE police_incidents SET id = 9 WHERE id = 2".to_owned(), vec![9], vec![2]),
        ("UPDATE police_incidents SET rowid = 2 WHERE id = 9".to_owned(), vec![2], vec![9]),
        ("UPDATE police_incidents SET source_id = 'A' WHERE id = 1".to_owned(), vec![1], vec![]),
        (format!("REPLACE INTO police_incidents (id, geom) VALUES (3, {at})"), vec![3], vec![]),
        (format!("REPLACE INTO police_incidents (source_id, geom) VALUES ('A', {at})"), vec![4], vec![1]),
        ("UPDATE OR REPLACE police_incidents SET source_id = 'A' WHERE id = 3".to_owned(), vec![3], vec![4]),
        ("UPDATE OR REPLACE police_incidents SET id = 3 WHERE id = 2".to_owned(), vec![3], vec![2]),
        (format!("INSERT OR IGNORE INTO police_incidents (source_id, geom) VALUES ('B', {at})"), vec![5], vec![]),
        ("UPDATE police_incidents SET geom = NULL WHERE id = 5".to_owned(), vec![], vec![5]),
        (format!("UPDATE police_incidents SET id = -1, geom = {at} WHERE id = 5"), vec![], vec![5]),
        ("DELETE FROM police_incidents".to_owned(), vec![], vec![3]),
    ] {
        file.elsewhere(&edit);
        assert_eq!(follower.follow(&file.store).await, (changed, deleted), "{edit}");
        follower.is_true(&file).await;
        assert_eq!(follower.follow(&file.store).await, (vec![], vec![]), "{edit}");
    }
    assert!(follower.features.is_empty());
}

#[tokio::test]
async fn units_of_edited_rows_are_the_right_ones_and_stored_in_a_quiet_moment() {
    let file = two_communes().await;
    let mut follower = Follower::new(&file).await;
    file.elsewhere(&format!("UPDATE police_incidents SET geom = {} WHERE id = 1", point(109.25)));
    follower.follow(&file.store).await;
    assert_eq!(follower.features[&1].units, [UnitLink::Covered(UnitId(2))]);
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE units IS NULL"), 1);
    // A program that holds the file's lock stops neither following nor waiting.
    let other = Connection::open(&file.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    while file.number("SELECT count(*) FROM police_incidents WHERE units IS NULL") == 1 {
        tokio::time::timeout(Duration::from_secs(20), file.store.changed()).await.expect("a wait ends").unwrap();
        assert_eq!(follower.follow(&file.store).await, (vec![], vec![]));
        if !other.is_autocommit() {
            other.execute_batch("ROLLBACK").unwrap();
        }
    }
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE id = 1 AND units = '[2]'"), 1);
    follower.is_true(&file).await;
}

#[tokio::test]
async fn what_is_rolled_back_was_never_there() {
    let file = two_communes().await;
    let mut follower = Follower::new(&file).await;
    file.elsewhere("BEGIN; DELETE FROM police_incidents; ROLLBACK");
    assert_eq!(follower.follow(&file.store).await, (vec![], vec![]));
    // A transaction not yet committed is not seen; its versions begin where those that are seen end.
    let other = Connection::open(&file.path).unwrap();
    connection::add_functions(&other).unwrap();
    other.execute_batch("BEGIN; UPDATE police_incidents SET title = 'khác'").unwrap();
    assert_eq!(follower.follow(&file.store).await, (vec![], vec![]));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(follower.follow(&file.store).await, (vec![1, 2], vec![]));
    assert_eq!(follower.version, 3);
}

#[tokio::test]
async fn two_layers_of_one_transaction_appear_together() {
    let file = two_communes().await;
    let water = Arc::new(layer("police.water"));
    file.store.prepare(&catalogue(vec![file.layer.clone(), (*water).clone()])).await.unwrap();
    let held = [(Arc::new(file.layer.clone()), 1), (water, 0)];
    file.elsewhere(
        "BEGIN; DELETE FROM police_incidents WHERE id = 1;
         INSERT INTO police_water (geom) SELECT geom FROM police_incidents; COMMIT",
    );
    let changes = file.store.changes(1, &held).await.unwrap();
    let [(_, LayerChange::Rows { deleted, .. }), (_, LayerChange::Rows { upserted, .. })] = changes.layers.as_slice()
    else {
        panic!("{changes:?}");
    };
    assert_eq!((deleted.as_slice(), upserted.len()), ([1].as_slice(), 1));
    assert_eq!(upserted[0].units, [UnitLink::Covered(UnitId(2))]);
}

#[tokio::test]
async fn a_follower_too_far_behind_or_ahead_loads_the_layer_whole() {
    let file = two_communes().await;
    let mut follower = Follower::new(&file).await;
    // A backup of an earlier time was put back.
    follower.version = 5;
    assert!(is_reload(&follower.ask(&file.store).await));
    follower.version = u64::MAX;
    assert!(is_reload(&follower.ask(&file.store).await));
    follower.version = 1;
    file.elsewhere(&format!(
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {})
         INSERT INTO police_incidents (title) SELECT 'x' FROM n",
        log::KEPT
    ));
    let changes = follower.ask(&file.store).await;
    assert!(matches!(changes.layers.as_slice(), [(_, LayerChange::Rows { .. })]), "the log just reaches back");
    file.elsewhere(&"UPDATE police_incidents SET title = 'y' WHERE id = 1;".repeat(log::PRUNED_AT_A_TIME));
    assert!(is_reload(&follower.ask(&file.store).await));
    let entries = file.number("SELECT count(*) FROM bandoso_change WHERE layer = 'police.incidents'");
    assert!(entries >= log::KEPT as i64 && entries <= (log::KEPT + log::PRUNED_AT_A_TIME) as i64, "{entries}");
    assert_eq!(file.version("police.incidents").await, (1 + log::KEPT + log::PRUNED_AT_A_TIME) as u64);
}

#[tokio::test]
async fn a_large_import_is_one_entry_and_a_reload() {
    let file = two_communes().await;
    let mut follower = Follower::new(&file).await;
    let rows = |count: usize| (0..count as u64).map(|id| numbered(id + 10, 108.5)).collect::<Vec<_>>();
    file.import(rows(log::MOST_IDS)).await;
    assert_eq!(follower.follow(&file.store).await.0.len(), log::MOST_IDS);
    let more = rows(2 * log::MOST_IDS + 1);
    file.import(more).await;
    assert!(is_reload(&follower.ask(&file.store).await));
    assert_eq!(file.number("SELECT count(*) FROM bandoso_change WHERE version = 3 AND layer = 'police.incidents'"), 1);
    // The log stays bounded however many rows each transaction changes.
    for title in ["a", "b", "c", "d", "e"] {
        let renamed = (0..log::MOST_IDS as u64).map(|id| row(ImportId::Number(id + 10), 108.5, title)).collect();
        file.import(renamed).await;
    }
    assert!(file.number("SELECT count(*) FROM bandoso_change WHERE layer = 'police.incidents'") <= log::KEPT as i64);
    let mut late = Follower::new(&file).await;
    late.version -= 1;
    assert_eq!(late.follow(&file.store).await.0.len(), log::MOST_IDS);
}

#[tokio::test]
async fn units_that_move_come_whole_with_the_points_that_they_take_along() {
    let file = two_communes().await;
    let mut follower = Follower::new(&file).await;
    // The commune B now begins at 110: the second feature is in no unit.
    file.store.put_units(&[unit("B", 110.0, (None, None))], &[]).await.unwrap();
    let changes = follower.ask(&file.store).await;
    assert_eq!(changes.units.map(|table| (table.version, table.units.len())), Some((2, 2)));
    let [(_, LayerChange::Rows { upserted, deleted, .. })] = changes.layers.as_slice() else { panic!("no rows") };
    assert_eq!((upserted.len(), upserted[0].id, &upserted[0].units, deleted.len()), (1, 2, &vec![], 0));
    // Another program's edit of units says nothing of points: all are to be joined.
    follower = Follower::new(&file).await;
    file.elsewhere("DELETE FROM units WHERE code = 'A'");
    let changes = follower.ask(&file.store).await;
    assert!(is_reload(&changes));
    assert_eq!(changes.units.map(|table| table.units.len()), Some(1));
    // Rows that are edited before the links are stored anew have the links of the units of now.
    follower = Follower::new(&file).await;
    file.elsewhere("UPDATE police_incidents SET title = 'khác' WHERE id = 1");
    assert_eq!(follower.follow(&file.store).await, (vec![1], vec![]));
    assert_eq!(follower.features[&1].units, []);
    follower.is_true(&file).await;
}

#[tokio::test]
async fn a_file_without_a_log_gets_one_and_its_versions_go_on() {
    let file = two_communes().await;
    // As it was before there was a log.
    file.elsewhere(
        "DROP TABLE bandoso_change; DROP TRIGGER bandoso_police_incidents_replace_by_insert;
         DROP TRIGGER bandoso_police_incidents_update; DROP TRIGGER bandoso_units_update;
         DROP TRIGGER bandoso_police_incidents_delete;
         CREATE TRIGGER bandoso_police_incidents_delete AFTER DELETE ON police_incidents
         BEGIN UPDATE bandoso_version SET version = version + 1 WHERE name = 'police.incidents'; END;
         DELETE FROM police_incidents WHERE id = 2",
    );
    let store = GeoPackage::open(&file.path).await.unwrap();
    store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    let mut follower = Follower::new(&file).await;
    assert_eq!(follower.version, 2);
    follower.version = 1;
    assert!(is_reload(&follower.ask(&store).await));
    follower.version = 2;
    file.elsewhere("UPDATE police_incidents SET title = 'khác'; DELETE FROM police_incidents");
    assert_eq!(follower.follow(&store).await, (vec![], vec![1]));
    assert_eq!(follower.version, 4);
}

#[tokio::test]
async fn a_backup_put_in_the_files_place_is_loaded_whole_and_followed() {
    let file = two_communes().await;
    let backup = file.path.with_extension("backup");
    file.elsewhere(&format!("VACUUM INTO '{}'", backup.display()));
    let mut follower = Follower::new(&file).await;
    assert!(follower.ask(&file.store).await.layers.is_empty());
    // As many versions on, and yet another history.
    file.elsewhere("DELETE FROM police_incidents WHERE id = 1");
    assert_eq!(follower.follow(&file.store).await, (vec![], vec![1]));
    // Without the log of writes that belonged to the other file: SQLite would take it for this one's.
    for log in ["gpkg-wal", "gpkg-shm"] {
        std::fs::remove_file(file.path.with_extension(log)).unwrap();
    }
    std::fs::rename(&backup, &file.path).unwrap();
    file.elsewhere("DELETE FROM police_incidents WHERE id = 2");
    let changes = follower.ask(&file.store).await;
    assert!(is_reload(&changes) && changes.units.is_some());
    follower = Follower::new(&file).await;
    assert_eq!(follower.features.keys().copied().collect::<Vec<_>>(), [1]);
    file.import(vec![numbered(5, 108.5)]).await;
    assert_eq!(follower.follow(&file.store).await, (vec![5], vec![]));
    follower.is_true(&file).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_of_many_transactions_sees_each_whole_and_ends_with_the_table() {
    const PAIRS: u64 = 100;
    let file = two_communes().await;
    file.import((0..2 * PAIRS).map(|id| numbered(id, 108.5)).collect()).await;
    let mut follower = Follower::new(&file).await;
    let path = file.path.clone();
    // Each transaction gives both rows of a pair the same number, or takes both away, or puts both back.
    let writer = tokio::task::spawn_blocking(move || {
        let mut other = Connection::open(path).unwrap();
        connection::add_functions(&other).unwrap();
        other.busy_timeout(Duration::from_secs(30)).unwrap();
        for step in 0..600_u64 {
            let (first, second) = (step * 7 % PAIRS, step * 7 % PAIRS + PAIRS);
            let transaction = other.transaction().unwrap();
            for id in [first, second] {
                let sql = match step % 3 {
                    0 => format!("UPDATE police_incidents SET people = {step} WHERE id = {id}"),
                    1 => format!("DELETE FROM police_incidents WHERE id = {id}"),
                    _ => format!(
                        "REPLACE INTO police_incidents (id, geom, people) VALUES ({id}, {}, {step})",
                        point(108.5 + (step % 2) as f64)
                    ),
                };
                transaction.execute(&sql, []).unwrap();
            }
            transaction.commit().unwrap();
        }
    });
    let mut rounds = 0;
    loop {
        let over = writer.is_finished();
        let (changed, deleted) = follower.follow(&file.store).await;
        rounds += usize::from(!changed.is_empty() || !deleted.is_empty());
        for pair in 0..PAIRS {
            let people = |id| follower.features.get(&id).map(|feature| &feature.values[4]);
            assert_eq!(people(pair), people(pair + PAIRS), "pair {pair} is torn");
        }
        if over {
            break;
        }
        file.store.changed().await.unwrap();
    }
    writer.await.unwrap();
    assert!(rounds > 1, "all was over before it was followed");
    follower.follow(&file.store).await;
    follower.is_true(&file).await;
}
