//! When a layer was last written, and the rows of its table that the map leaves out.

use super::*;
use crate::model::Freshness;
use crate::store::{LeftOut, LeftOutPage, LeftOutRow};

impl Fixture {
    async fn freshness(&self) -> Freshness {
        self.store.freshness().await.unwrap()["police.incidents"]
    }
}

fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_microsecond())
}

/// SQLite tells thousandths of a second.
fn a_moment_ago() -> Instant {
    let Instant(micros) = now();
    Instant(micros - micros.rem_euclid(1_000))
}

#[tokio::test]
async fn a_row_that_another_program_writes_brings_the_layer_up_to_date() {
    let file = Fixture::new().await;
    assert_eq!(file.freshness().await, Freshness::default());
    let mut last = None;
    for edit in [
        format!("INSERT INTO police_incidents (geom, title) VALUES ({0}, 'mới'), ({0}, 'nữa')", point(108.25)),
        "UPDATE police_incidents SET title = 'khác'".to_owned(),
        "DELETE FROM police_incidents WHERE id = 1".to_owned(),
    ] {
        let before = a_moment_ago();
        file.elsewhere(&edit);
        let fresh = file.freshness().await;
        assert!(Some(before) <= fresh.updated && fresh.updated <= Some(now()), "{edit}: {fresh:?}");
        assert_eq!(fresh.confirmed, fresh.updated);
        last = fresh.updated;
    }
    // Nothing is written, and what is rolled back never was.
    file.elsewhere("DELETE FROM police_incidents WHERE id = 1; BEGIN; DELETE FROM police_incidents; ROLLBACK");
    assert_eq!(file.freshness().await.updated, last);
}

#[tokio::test]
async fn units_that_are_drawn_anew_bring_no_layer_up_to_date() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5)]).await;
    let (fresh, version) = (file.freshness().await, file.version("police.incidents").await);
    file.store.put_units(&[unit("A", 108.75, (None, None))], &[]).await.unwrap();
    file.elsewhere("UPDATE units SET valid_from = '2020-01-01'");
    assert!(file.version("police.incidents").await >= version + 2, "its links are others");
    assert_eq!(file.freshness().await, fresh);
    let store = GeoPackage::open(&file.path).await.unwrap();
    store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    assert_eq!(store.freshness().await.unwrap()["police.incidents"], fresh, "after a start as before");
}

#[tokio::test]
async fn a_file_of_before_takes_the_times_of_its_history_and_goes_on() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    // As the program made it that knew no times.
    file.elsewhere(
        "DROP TRIGGER bandoso_change_version; DROP INDEX bandoso_batch_import;
         ALTER TABLE bandoso_version DROP COLUMN updated_at;
         CREATE TRIGGER bandoso_change_version AFTER INSERT ON bandoso_change
         BEGIN
             UPDATE bandoso_version SET version = NEW.version WHERE name = NEW.layer AND version < NEW.version;
         END;",
    );
    let at = file.number("SELECT at FROM bandoso_batch");
    let file = Fixture { store: GeoPackage::open(&file.path).await.unwrap(), ..file };
    file.store.prepare(&catalogue(vec![file.layer.clone()])).await.unwrap();
    assert_eq!(file.freshness().await.updated, Some(Instant(at)));
    let before = a_moment_ago();
    file.elsewhere("UPDATE police_incidents SET title = 'khác'");
    assert!(file.freshness().await.updated >= Some(before));
}

#[tokio::test]
async fn rows_that_are_no_features_are_counted_and_listed_by_pages() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5)]).await;
    file.elsewhere(&format!(
        "INSERT INTO police_incidents (id, geom, title) VALUES
             (2, NULL, 'hai'), (-3, {}, 'ba'), (4, {}, 'bốn'), (5, NULL, 'năm'), (6, 'chữ', 'sáu')",
        point(108.0),
        point(1e9)
    ));
    let asked = |kinds: &[FindingKind], skip, limit| LeftOutPage { kinds: kinds.to_vec(), skip, limit };
    let found = async |page: LeftOutPage| file.store.left_out(&file.layer, &page).await.unwrap();
    let counted = found(LeftOutPage::default()).await;
    let counts = vec![
        (FindingKind::MissingPosition, 2),
        (FindingKind::InvalidPosition, 1),
        (FindingKind::UnreadableRow, 1),
        (FindingKind::InvalidId, 1),
    ];
    let version = file.version("police.incidents").await;
    assert_eq!(counted, LeftOut { version, counts: counts.clone(), rows: Vec::new() });

    let without_position = [FindingKind::MissingPosition, FindingKind::InvalidPosition, FindingKind::UnreadableRow];
    let page = found(asked(&without_position, 1, 2)).await;
    assert_eq!(page.counts, counts, "all are counted whatever is listed");
    let told: Vec<_> = page.rows.iter().map(|row| (row.id, row.kind, row.values[0].clone())).collect();
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        told,
        [(Some(4), FindingKind::InvalidPosition, text("bốn")), (Some(5), FindingKind::MissingPosition, text("năm"))]
    );
    let LeftOutRow { id, values, .. } = found(asked(&[FindingKind::InvalidId], 0, 9)).await.rows.remove(0);
    assert_eq!((id, &values[0]), (Some(-3), &text("ba")));
}
