//! Tables of layers that other programs alter.

use super::*;
use crate::model::FindingKind;
use crate::store::{Author, Edit, Ending, LeftOutPage, Terms};

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
