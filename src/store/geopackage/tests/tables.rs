//! Tables of layers that other programs alter.

use super::super::value;
use super::*;
use crate::store::{Author, Edit, Ending, LeftOutPage, Terms, When};

/// Two features, with all values.
async fn two_features() -> Fixture {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    file
}

fn titles(follower: &Follower) -> Vec<Value> {
    follower.features.values().map(|feature| feature.values[0].clone()).collect()
}

#[tokio::test]
async fn a_field_whose_column_is_dropped_is_empty_and_not_its_own_name() {
    let file = two_features().await;
    let mut follower = Follower::new(&file).await;
    follower.follow(&file.store).await;
    file.elsewhere("ALTER TABLE police_incidents DROP COLUMN title; UPDATE police_incidents SET people = 4");
    assert_eq!(follower.follow(&file.store).await, (vec![1, 2], vec![]));
    assert_eq!(titles(&follower), [Value::Null, Value::Null]);
    follower.is_true(&file).await;
    assert_eq!(file.store.check(&file.layer).await.unwrap(), []);
    file.elsewhere("UPDATE police_incidents SET geom = NULL WHERE id = 2");
    let page = LeftOutPage { kinds: vec![FindingKind::MissingPosition], skip: 0, limit: 9 };
    let left_out = file.store.left_out(&file.layer, &page).await.unwrap();
    assert_eq!(left_out.rows[0].values[0], Value::Null);
    // Once it is there again it is read again.
    file.elsewhere(&format!(
        "ALTER TABLE police_incidents ADD COLUMN title TEXT;
         UPDATE police_incidents SET title = 'y', geom = {} WHERE id = 2",
        point(108.5)
    ));
    follower.follow(&file.store).await;
    assert_eq!(titles(&follower), [Value::Null, Value::Text("y".to_owned())]);
}

#[tokio::test]
async fn what_is_written_to_a_field_has_its_column_again() {
    let file = two_features().await;
    let drop = "ALTER TABLE police_incidents DROP COLUMN title";
    file.elsewhere(drop);
    let edit = Edit::Create { id: ImportId::New, at: LonLat { lon: 108.5, lat: 15.5 }, values: values("z") };
    file.store.edit(&file.layer, vec![edit], &Author::default()).await.unwrap();
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE title = 'z'"), 1);
    file.elsewhere(drop);
    file.import(vec![numbered(1, 108.5)]).await;
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE title = 'x'"), 1);
}

#[tokio::test]
async fn a_text_in_double_quotes_in_a_trigger_of_another_program_stays_one() {
    let file = two_features().await;
    file.elsewhere(
        "CREATE TABLE note (text TEXT);
         CREATE TRIGGER noting AFTER INSERT ON police_incidents BEGIN INSERT INTO note VALUES (\"mới\"); END",
    );
    let (sender, receiver) = mpsc::channel(4);
    sender.send(ImportBatch::Rows(vec![numbered(3, 108.5)])).await.unwrap();
    sender.send(ImportBatch::Commit).await.unwrap();
    let terms = Terms { ending: Ending::DryRun, ..Terms::default() };
    assert_eq!(file.store.import_as(&file.layer, receiver, &terms).await.unwrap().added, 1);
    file.import(vec![numbered(3, 108.5)]).await;
    assert_eq!(file.number("SELECT count(*) FROM note WHERE text = 'mới'"), 1);
}

/// Another layer in the same file, with one feature.
async fn with_water(file: &Fixture) -> Arc<Layer> {
    let water = layer("police.water");
    file.store.prepare(&catalogue(vec![file.layer.clone(), water.clone()])).await.unwrap();
    file.elsewhere(&format!("INSERT INTO police_water (geom) VALUES ({})", point(108.5)));
    Arc::new(water)
}

async fn load(store: &GeoPackage, layer: &Layer) -> Result<u64, StoreError> {
    let (sender, mut receiver) = mpsc::channel(4);
    tokio::join!(store.load(layer, sender), async { while receiver.recv().await.is_some() {} }).0
}

#[tokio::test]
async fn a_layer_whose_table_cannot_be_read_keeps_no_other_from_being_followed() {
    let file = two_features().await;
    let water = with_water(&file).await;
    for (break_it, mend_it) in [
        ("RENAME COLUMN geom TO shape", "ALTER TABLE police_incidents RENAME COLUMN shape TO geom"),
        ("RENAME TO police_elsewhere", "ALTER TABLE police_elsewhere RENAME TO police_incidents"),
    ] {
        let versions = file.store.versions().await.unwrap();
        let held = [Arc::new(file.layer.clone()), Arc::clone(&water)]
            .map(|layer| (layer.clone(), versions[layer.id.as_str()]));
        file.elsewhere("UPDATE police_incidents SET people = 7; UPDATE police_water SET people = 7");
        file.elsewhere(&format!("ALTER TABLE police_incidents {break_it}"));
        let changes = file.store.changes(versions["units"], &held).await.unwrap();
        let [(broken, LayerChange::Unreadable(fault)), (_, LayerChange::Rows { upserted, .. })] = &*changes.layers
        else {
            panic!("{changes:?}");
        };
        assert_eq!((broken, upserted.len()), (&file.layer.id, 1));
        assert!(matches!(fault, StoreError::Fault { .. }), "{fault}");
        let fault = load(&file.store, &file.layer).await.unwrap_err();
        assert!(matches!(fault, StoreError::Fault { .. }), "{fault}");
        // Units come, and the other layer is joined with them.
        file.store.put_units(&[unit(break_it, 108.0, (None, None))], &[]).await.unwrap();
        assert!(load(&file.store, &water).await.is_ok());
        file.elsewhere(mend_it);
        assert!(load(&file.store, &file.layer).await.is_ok());
    }
    assert!(file.links().await[0].1.len() == 2, "joined when it is read again");
}

#[tokio::test]
async fn a_table_of_another_make_is_a_finding_and_keeps_no_server_from_starting() {
    let file = two_features().await;
    with_water(&file).await;
    for odd in [
        "ALTER TABLE police_incidents RENAME COLUMN geom TO shape",
        "DROP TABLE police_incidents; CREATE TABLE police_incidents (id INTEGER PRIMARY KEY, geom POINT, source_id TEXT);
         INSERT INTO police_incidents (source_id) VALUES ('A'), ('A')",
        "DROP TABLE police_incidents; CREATE TABLE police_incidents (name TEXT)",
        "DROP TABLE police_incidents; CREATE VIEW police_incidents AS SELECT id, geom FROM police_water",
    ] {
        file.elsewhere(odd);
        let store = GeoPackage::open(&file.path).await.unwrap();
        let layers = vec![file.layer.clone(), layer("police.water"), layer("police.new")];
        let findings = store.prepare(&catalogue(layers)).await.unwrap();
        assert!(findings.iter().any(|finding| finding.place.starts_with("police_incidents")), "{odd}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.kind == FindingKind::ColumnMismatch), "{findings:?}");
        let fault = load(&store, &file.layer).await.unwrap_err();
        assert!(matches!(fault, StoreError::Fault { .. }), "{odd}: {fault}");
        for other in ["police.water", "police.new"] {
            assert!(load(&store, &layer(other)).await.is_ok(), "{odd}");
        }
    }
}

/// The layer is to be loaded whole; from then on edits are followed.
async fn followed_again(follower: &Follower, file: &Fixture) -> Follower {
    told_to_load(follower, &file.store).await;
    let mut follower = Follower::new(file).await;
    file.elsewhere("UPDATE police_incidents SET title = 'y' WHERE id = 2");
    assert_eq!(follower.follow(&file.store).await, (vec![2], vec![]));
    follower
}

#[tokio::test]
async fn a_table_that_was_made_anew_is_loaded_whole_and_followed() {
    let file = two_features().await;
    file.store.put_units(&[unit("A", 108.0, (None, None))], &[]).await.unwrap();
    let follower = Follower::new(&file).await;
    file.store.changed().await.unwrap();
    // As GDAL makes it: its key has another name, and of our columns there are none.
    file.elsewhere(&format!(
        "DROP TABLE police_incidents;
         CREATE TABLE police_incidents (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, title TEXT, id TEXT);
         INSERT INTO police_incidents (geom, title, id) VALUES ({}, 'new', 'B7')",
        point(108.5)
    ));
    told_to_load(&follower, &file.store).await;
    let mut follower = Follower::new(&file).await;
    assert_eq!(titles(&follower), [Value::Text("new".to_owned())]);
    assert_eq!(follower.features[&1].units, [UnitLink::Covered(UnitId(1))]);
    file.elsewhere("UPDATE police_incidents SET title = 'newer'");
    assert_eq!(follower.follow(&file.store).await, (vec![1], vec![]));
    file.elsewhere("UPDATE police_incidents SET fid = 4");
    assert_eq!(follower.follow(&file.store).await, (vec![4], vec![1]));
    // Our own writes go on as well, and back.
    let new = Edit::Create { id: ImportId::New, at: LonLat { lon: 108.5, lat: 15.5 }, values: values("z") };
    let gone = Edit::Remove { id: 4, when: When::Always };
    let done = file.store.edit(&file.layer, vec![new, gone], &Author::default()).await.unwrap();
    assert_eq!(follower.follow(&file.store).await, (vec![5], vec![4]));
    file.store.undo(&file.layer, done.batch.unwrap(), &Author::default()).await.unwrap();
    assert_eq!(follower.follow(&file.store).await, (vec![4], vec![5]));
    file.import(vec![numbered(9, 108.5)]).await;
    assert_eq!(follower.follow(&file.store).await, (vec![9], vec![]));
    follower.is_true(&file).await;
    assert_eq!(file.number("SELECT count(*) FROM police_incidents WHERE id = 'B7' AND fid = 4"), 1);
}

#[tokio::test]
async fn a_table_that_was_made_anew_while_nobody_looked_has_another_version() {
    let file = two_features().await;
    let open = || async {
        let store = GeoPackage::open(&file.path).await.unwrap();
        assert_eq!(store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap(), []);
        store.versions().await.unwrap()["police.incidents"]
    };
    assert_eq!(open().await, 1, "a start alone is no change");
    for (step, change) in [
        "DROP TABLE police_incidents",
        "ALTER TABLE police_incidents DROP COLUMN title",
        "DROP TABLE police_incidents; CREATE TABLE police_incidents (id INTEGER PRIMARY KEY, geom POINT)",
    ]
    .into_iter()
    .enumerate()
    {
        file.elsewhere(change);
        assert_eq!([open().await, open().await], [step as u64 + 2; 2], "{change}");
        let mut follower = Follower::new(&file).await;
        follower.version -= 1;
        assert!(is_reload(&follower.ask(&file.store).await), "{change}");
    }
}

#[tokio::test]
async fn a_table_whose_columns_change_is_loaded_whole_though_no_row_is_written() {
    let file = two_features().await;
    file.store.changed().await.unwrap();
    for change in ["DROP COLUMN title", "ADD COLUMN title TEXT DEFAULT 'x'", "RENAME COLUMN people TO title_2"] {
        let follower = Follower::new(&file).await;
        file.elsewhere(&format!("ALTER TABLE police_incidents {change}"));
        told_to_load(&follower, &file.store).await;
        assert_eq!(file.version("police.incidents").await, follower.version + 1, "{change}");
    }
    // A field's column that comes back with the writes of ours makes no other rows.
    let mut follower = Follower::new(&file).await;
    file.import(vec![numbered(1, 108.5)]).await;
    file.store.changed().await.unwrap();
    file.store.changed().await.unwrap();
    assert_eq!(follower.follow(&file.store).await, (vec![1], vec![]));
}

#[tokio::test]
async fn a_table_that_is_gone_is_not_made_in_another_programs_way_and_is_told() {
    let file = two_features().await;
    let mut follower = Follower::new(&file).await;
    file.store.changed().await.unwrap();
    file.elsewhere("ALTER TABLE police_incidents RENAME TO police_elsewhere");
    told_to_load(&follower, &file.store).await;
    assert!(matches!(load(&file.store, &file.layer).await, Err(StoreError::Fault { .. })));
    follower.version += 1;
    file.elsewhere("ALTER TABLE police_elsewhere RENAME TO police_incidents");
    followed_again(&follower, &file).await;
}

#[tokio::test]
async fn a_table_that_cannot_be_followed_is_followed_once_it_is_mended() {
    let file = two_features().await;
    let follower = Follower::new(&file).await;
    file.store.changed().await.unwrap();
    file.elsewhere("DROP TABLE police_incidents; CREATE TABLE police_incidents (name TEXT)");
    told_to_load(&follower, &file.store).await;
    assert!(matches!(load(&file.store, &file.layer).await, Err(StoreError::Fault { .. })));
    file.elsewhere("CREATE TABLE other (name TEXT)");
    file.store.changed().await.unwrap();
    assert_eq!(file.version("police.incidents").await, follower.version + 1, "told once");
    file.elsewhere("DROP TABLE police_incidents; CREATE TABLE police_incidents (id INTEGER PRIMARY KEY, geom POINT)");
    let follower = Follower { version: follower.version + 1, ..follower };
    told_to_load(&follower, &file.store).await;
    let mut follower = Follower::new(&file).await;
    file.elsewhere(&format!("INSERT INTO police_incidents (geom) VALUES ({})", point(108.5)));
    assert_eq!(follower.follow(&file.store).await, (vec![1], vec![]));
}

#[tokio::test]
async fn a_table_that_another_program_made_with_two_rows_of_one_key_lags_until_it_is_mended() {
    let file = two_features().await;
    let follower = Follower::new(&file).await;
    file.store.changed().await.unwrap();
    // As a desktop program replaces it, with a row copied and pasted: the same columns, without what makes keys unique.
    file.elsewhere(
        "CREATE TABLE made AS SELECT * FROM police_incidents; UPDATE made SET source_id = 'twice';
         DROP TABLE police_incidents",
    );
    let columns = file.layer.fields.iter().map(|field| format!("{} {}", field.name, value::column_type(field.kind)));
    let columns = columns.collect::<Vec<_>>().join(", ");
    file.elsewhere(&format!(
        "CREATE TABLE police_incidents (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, source_id TEXT, units TEXT, {columns});
         INSERT INTO police_incidents SELECT * FROM made; DROP TABLE made"
    ));
    file.store.changed().await.unwrap();
    let is_unheard = |changes: &Changes| {
        matches!(&changes.layers[..], [(_, LayerChange::Unreadable(StoreError::Unreadable { .. }))])
    };
    assert!(is_unheard(&follower.ask(&file.store).await));
    // Who follows nothing reads it as it is.
    assert_eq!(file.load().await.1.len(), 2);
    file.elsewhere("UPDATE police_incidents SET source_id = NULL; CREATE TABLE other (name TEXT)");
    followed_again(&follower, &file).await;
}

#[tokio::test]
async fn what_is_written_while_a_trigger_is_missing_is_shown_when_it_is_back() {
    let file = two_features().await;
    let follower = Follower::new(&file).await;
    file.store.changed().await.unwrap();
    file.elsewhere(
        "DROP TRIGGER bandoso_police_incidents_update; UPDATE police_incidents SET title = 'unheard' WHERE id = 1",
    );
    let follower = followed_again(&follower, &file).await;
    assert_eq!(follower.features[&1].values[0], Value::Text("unheard".to_owned()));
}
