//! The file and other programs.

use super::*;

#[tokio::test]
async fn units_edited_elsewhere_are_not_forgotten_when_only_names_come() {
    let file = Fixture::new().await;
    let (a, b) = (unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None)));
    file.store.put_units(&[a.clone(), b], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    file.elsewhere("DELETE FROM units WHERE code = 'B'");
    file.store.put_units(&[Unit { name: "khác".to_owned(), ..a }], &[]).await.unwrap();
    assert_eq!(file.links().await, [(1, vec![1]), (2, vec![])]);
}

#[tokio::test]
async fn edits_by_other_programs_count_and_are_joined() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    let mut version = file.version("police.incidents").await;
    for edit in [
        // A copied row brings the units of its original along: they are not believed.
        format!("INSERT INTO police_incidents (geom, title, units) VALUES ({}, 'mới', '[2]')", point(108.25)),
        format!("UPDATE police_incidents SET geom = {} WHERE id = 1", point(109.75)),
        "UPDATE police_incidents SET title = 'khác' WHERE id = 2".to_owned(),
        "DELETE FROM police_incidents WHERE id = 2".to_owned(),
    ] {
        file.elsewhere(&edit);
        let next = file.version("police.incidents").await;
        assert!(next > version, "{edit}");
        version = next;
    }
    assert_eq!(file.links().await, [(1, vec![2]), (3, vec![1])]);
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE units IS NULL"), 2);

    // The next import stores what was joined while loading, and that alone is no new version.
    let done = file.import(vec![]).await;
    assert_eq!(done.version, version);
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE units IS NULL"), 0);
    assert_eq!(file.links().await, [(1, vec![2]), (3, vec![1])]);
    assert_eq!(file.number("SELECT count(*) FROM rtree_police_incidents_geom WHERE minx > 109.7"), 1);
    assert_eq!(file.number("SELECT count(*) FROM rtree_police_incidents_geom"), 2);
}

#[tokio::test]
async fn units_edited_by_other_programs_join_every_layer_anew() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    let before = file.store.versions().await.unwrap();
    file.elsewhere("DELETE FROM units WHERE code = 'A'");
    let after = file.store.versions().await.unwrap();
    assert!(before.iter().all(|(name, version)| after[name] == version + 1), "{before:?} {after:?}");
    assert_eq!(file.links().await, [(1, vec![]), (2, vec![2])]);
    // Opened again, the links are stored.
    let store = GeoPackage::open(&file.path).await.unwrap();
    store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE units = '[]'"), 1);
    assert_eq!(store.versions().await.unwrap(), after);
}

#[tokio::test]
async fn rows_that_are_no_features_are_left_out_and_found() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    let at = point(108.0);
    file.elsewhere(&format!(
        "INSERT INTO police_incidents (id, geom) VALUES (2, NULL), (-3, {at}), (4, {});
         INSERT INTO police_incidents (id, geom, people, volume_m3, open, day, occurred_at, title)
             VALUES (5, {at}, 'ba', 9e999, 7, 'hôm qua', 12, x'ff')",
        point(1e9)
    ));
    let (_, features) = file.load().await;
    let ids: Vec<u64> = features.iter().map(|feature| feature.id).collect();
    assert_eq!(ids, [1, 5]);
    assert_eq!(features[1].values, vec![Value::Null; 7]);
    let findings = file.store.check(&file.layer).await.unwrap();
    let kinds: Vec<FindingKind> = findings.iter().map(|finding| finding.kind).collect();
    let mut expected = vec![FindingKind::InvalidId, FindingKind::MissingPosition, FindingKind::InvalidPosition];
    expected.extend([FindingKind::InvalidValue; 6]);
    assert_eq!(kinds, expected, "{findings:#?}");
    assert_eq!(findings[1].place, "police_incidents id 2");
}

#[tokio::test]
async fn a_new_field_gets_a_column_and_one_of_another_type_is_a_finding() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    let mut layer = file.layer.clone();
    layer.fields[0].kind = FieldType::Integer;
    layer.fields.push(field("note", FieldType::Text));
    let findings = file.store.prepare(&catalogue(vec![layer])).await.unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].kind, findings[0].place.as_str()), (FindingKind::ColumnMismatch, "police_incidents.title"));
    assert_eq!(file.number("SELECT count(note IS NULL) FROM police_incidents"), 1);
}

#[tokio::test]
async fn codes_are_offered_to_desktop_programs() {
    let file = Fixture::new().await;
    let sql =
        "SELECT count(*) FROM gpkg_data_columns AS c JOIN gpkg_data_column_constraints AS v USING (constraint_name)
               WHERE c.table_name = 'police_incidents' AND c.column_name = 'category' AND v.value = 'theft'";
    assert_eq!(file.number(sql), 1);
    file.store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    assert_eq!(file.number(sql), 1);
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.gpkg");
    std::fs::write(&text, "không phải cơ sở dữ liệu ".repeat(100)).unwrap();
    let other = folder.path().join("other.gpkg");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE units (a); PRAGMA application_id = 7").unwrap();
    for path in [&text, &other] {
        let before = std::fs::read(path).unwrap();
        let refused = GeoPackage::open(path).await.err().expect("refused");
        assert!(matches!(refused, StoreError::Fault { .. }), "{refused}");
        assert!(refused.to_string().contains("GeoPackage"), "{refused}");
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
    let nowhere = folder.path().join("no/such/folder/map.gpkg");
    assert!(matches!(GeoPackage::open(&nowhere).await.err(), Some(StoreError::Unreachable { .. })));
}

#[tokio::test]
async fn layers_that_would_share_a_table_are_refused() {
    let file = Fixture::new().await;
    for ids in [["a_b.c", "a.b_c"], ["unit.changes", "a.b"], ["gpkg.contents", "a.b"]] {
        let refused = file.store.prepare(&catalogue(ids.map(layer).to_vec())).await.unwrap_err();
        assert!(refused.to_string().contains("rename"), "{refused}");
    }
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_unreachable_until_it_is_back() {
    let file = Fixture::new().await;
    let away = file.path.with_extension("away");
    std::fs::rename(&file.path, &away).unwrap();
    assert!(matches!(file.store.versions().await, Err(StoreError::Unreachable { .. })));
    std::fs::rename(&away, &file.path).unwrap();
    assert_eq!(file.version("units").await, 0);
}

/// Copies one file over another as `cp` does, which stays the same file to whoever has it open.
fn copy_over(from: &std::path::Path, file: &Fixture) {
    // So that no page of the file is in its log of writes, which `cp` leaves as it is.
    file.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)");
    std::fs::copy(from, &file.path).unwrap();
}

fn backup_of(file: &Fixture, name: &str) -> PathBuf {
    file.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)");
    let backup = file.path.with_extension(name);
    std::fs::copy(&file.path, &backup).unwrap();
    backup
}

#[tokio::test]
async fn a_backup_copied_over_the_file_is_noticed_and_written_on() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    let backup = backup_of(&file, "backup");
    let mut follower = Follower::new(&file).await;
    while file.store.changed().await.is_err() {}
    file.import(vec![numbered(3, 108.5)]).await;
    assert_eq!(follower.follow(&file.store).await, (vec![3], vec![]));
    copy_over(&backup, &file);
    while !is_reload(&follower.ask(&file.store).await) {
        let _ = file.store.changed().await;
    }
    follower = Follower::new(&file).await;
    assert_eq!(follower.features.keys().copied().collect::<Vec<_>>(), [1, 2]);
    // What was read of the other content is not written into this one.
    file.import((4..400).map(|id| numbered(id, 108.5)).collect()).await;
    assert_eq!(follower.follow(&file.store).await.0.len(), 396);
    follower.is_true(&file).await;
    assert_eq!(file.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    assert_eq!(file.number("SELECT count(*) FROM rtree_police_incidents_geom"), 398);
}

#[tokio::test]
async fn versions_that_are_given_again_after_a_restore_are_not_taken_for_those_that_are_held() {
    for later in ["", "UPDATE police_incidents SET title = 'z' WHERE id = 1"] {
        let file = Fixture::new().await;
        file.store.put_units(&[unit("A", 108.0, (None, None))], &[]).await.unwrap();
        file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
        let backup = backup_of(&file, "backup");
        let mut follower = Follower::new(&file).await;
        follower.follow(&file.store).await;
        file.elsewhere("UPDATE police_incidents SET title = 'x1' WHERE id = 1; DELETE FROM units");
        let changes = follower.ask(&file.store).await;
        assert!(is_reload(&changes) && changes.units.is_some());
        follower = Follower::new(&file).await;
        file.store.settle_changes(true);
        copy_over(&backup, &file);
        file.elsewhere(&format!(
            "UPDATE police_incidents SET title = 'y2' WHERE id = 2; UPDATE units SET name = 'y'; {later}"
        ));
        assert_eq!(file.version("police.incidents").await, follower.version + u64::from(!later.is_empty()));
        // It is told until it is held.
        for is_held in [false, true] {
            let changes = follower.ask(&file.store).await;
            assert!(is_reload(&changes) && changes.units.is_some(), "{changes:?}");
            file.store.settle_changes(is_held);
        }
        follower = Follower::new(&file).await;
        assert!(follower.features.values().all(|feature| feature.units.len() == usize::from(feature.id == 1)));
        let changes = follower.ask(&file.store).await;
        assert!(changes.layers.is_empty() && changes.units.is_none(), "{changes:?}");
    }
}

#[tokio::test]
async fn a_backup_of_before_there_were_stamps_is_made_whole_and_followed() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    file.elsewhere(
        "DROP TRIGGER bandoso_change_version; DROP TRIGGER bandoso_change_prune; DROP TABLE bandoso_stamp;
         ALTER TABLE bandoso_version DROP COLUMN shape",
    );
    let backup = backup_of(&file, "backup");
    let store = GeoPackage::open(&file.path).await.unwrap();
    store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    let mut follower = Follower::new(&file).await;
    file.elsewhere("UPDATE police_incidents SET title = 'y'");
    assert_eq!(follower.follow(&store).await, (vec![1], vec![]));
    copy_over(&backup, &file);
    let held = [(Arc::clone(&follower.layer), follower.version)];
    loop {
        match store.changes(follower.units, &held).await {
            Ok(changes) if is_reload(&changes) => break,
            Ok(_) => drop(store.changed().await),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    follower = Follower::new(&file).await;
    file.elsewhere("UPDATE police_incidents SET title = 'z'");
    assert_eq!(follower.follow(&store).await, (vec![1], vec![]));
}

#[tokio::test]
async fn a_file_that_was_emptied_is_not_taken_for_a_new_one() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    std::fs::File::options().write(true).truncate(true).open(&file.path).unwrap();
    for _ in 0..30 {
        let _ = file.store.changed().await;
        assert!(file.store.versions().await.is_err());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(std::fs::metadata(&file.path).unwrap().len(), 0);
}

#[tokio::test]
async fn a_backup_of_another_size_copied_over_the_file_is_read_and_written_once_nobody_holds_the_old_size() {
    let file = Fixture::new().await;
    let small = backup_of(&file, "small");
    file.import((0..5_000).map(|id| numbered(id, 108.5)).collect()).await;
    let large = backup_of(&file, "large");
    let other = GeoPackage::open(&file.path).await.unwrap();
    other.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    for (backup, rows) in [(&small, 0), (&large, 5_000), (&small, 0)] {
        copy_over(backup, &file);
        // The first is told to wait until the second has let go as well.
        tokio::time::timeout(std::time::Duration::from_secs(20), async {
            while matches!((file.store.versions().await, other.versions().await), (Err(_), _) | (_, Err(_))) {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("it is read");
        assert_eq!(file.load().await.1.len(), rows);
        file.import(vec![numbered(5_000, 108.5)]).await;
        file.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)");
        assert_eq!(file.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
        assert_eq!(file.load().await.1.len(), rows + 1);
    }
}
