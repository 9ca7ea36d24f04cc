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
