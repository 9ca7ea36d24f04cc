//! Rows and units in and out.

use super::*;

#[tokio::test]
async fn what_is_imported_is_loaded_the_same() {
    let file = Fixture::new().await;
    let empty = ImportRow { id: ImportId::New, at: LonLat { lon: -73.5, lat: 40.1 }, values: vec![Value::Null; 7] };
    let done =
        file.import(vec![numbered(7, 108.1), row(ImportId::Text("A-1".to_owned()), 108.2, "Đường \"3\""), empty]).await;
    assert_eq!(
        done,
        Imported { added: 3, changed: 0, unchanged: 0, outside: 3, version: 1, batch: Some(1), ..Imported::default() }
    );
    let (version, features) = file.load().await;
    assert_eq!((version, file.version("police.incidents").await), (1, 1));
    let expected = [
        Feature { id: 7, at: LonLat { lon: 108.1, lat: 15.5 }, values: values("x"), units: vec![] },
        Feature { id: 8, at: LonLat { lon: 108.2, lat: 15.5 }, values: values("Đường \"3\""), units: vec![] },
        Feature { id: 9, at: LonLat { lon: -73.5, lat: 40.1 }, values: vec![Value::Null; 7], units: vec![] },
    ];
    assert_eq!(features, expected);
}

#[tokio::test]
async fn importing_the_same_rows_again_changes_nothing() {
    let file = Fixture::new().await;
    let rows = vec![numbered(1, 108.1), row(ImportId::Text("A".to_owned()), 108.2, "y")];
    file.import(rows.clone()).await;
    let again = file.import(rows).await;
    assert_eq!(
        again,
        Imported { added: 0, changed: 0, unchanged: 2, outside: 2, version: 1, batch: Some(2), ..Imported::default() }
    );
    let moved = file.import(vec![numbered(1, 108.3), row(ImportId::Text("A".to_owned()), 108.2, "z")]).await;
    assert_eq!(
        moved,
        Imported { added: 0, changed: 2, unchanged: 0, outside: 2, version: 2, batch: Some(3), ..Imported::default() }
    );
    let (_, features) = file.load().await;
    assert_eq!(features.len(), 2);
    assert_eq!((features[0].at.lon, &features[1].values[0]), (108.3, &Value::Text("z".to_owned())));
}

#[tokio::test]
async fn an_import_given_up_leaves_no_trace() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.1)]).await;
    let (sender, receiver) = mpsc::channel(4);
    sender.send(ImportBatch::Rows(vec![numbered(1, 109.9), numbered(2, 108.2)])).await.unwrap();
    drop(sender);
    let given_up = file.store.import(&file.layer, receiver).await.unwrap_err();
    assert!(matches!(given_up, StoreError::GivenUp { .. }), "{given_up}");
    let (version, features) = file.load().await;
    assert_eq!((version, features.len(), features[0].at.lon), (1, 1, 108.1));
    // The guard fell with it: other programs' edits still count.
    file.elsewhere("DELETE FROM police_incidents");
    assert_eq!(file.version("police.incidents").await, 2);
}

#[tokio::test]
async fn points_are_joined_when_units_come_and_when_they_change() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5), numbered(2, 120.0)]).await;
    let units = [unit("B", 108.0, (None, Some(20_270))), unit("A", 109.0, (Some(20_270), None))];
    let change = UnitChange { old_code: "B".to_owned(), new_code: "A".to_owned(), date: Day(20_270), whole: true };
    let stored = file.store.put_units(&units, std::slice::from_ref(&change)).await.unwrap();
    assert_eq!((stored.added, stored.changed, stored.unchanged, stored.version), (2, 0, 0, 1));
    assert_eq!(file.links().await, [(1, vec![1]), (2, vec![])]);
    assert_eq!(file.version("police.incidents").await, 2);

    let table = file.store.units().await.unwrap();
    assert_eq!((table.version, table.changes), (1, vec![change.clone()]));
    let expected = [Unit { id: UnitId(2), ..units[1].clone() }, Unit { id: UnitId(1), ..units[0].clone() }];
    assert_eq!(table.units, expected);

    let again = file.store.put_units(&units, &[change]).await.unwrap();
    assert_eq!((again.unchanged, again.version, file.version("police.incidents").await), (2, 1, 2));

    // A new name moves no point.
    let named = Unit { name: "khác".to_owned(), ..units[1].clone() };
    let stored = file.store.put_units(&[named], &[]).await.unwrap();
    assert_eq!((stored.changed, stored.version, file.version("police.incidents").await), (1, 2, 2));
    assert_eq!(file.number("SELECT count(*) FROM bandoso_version WHERE joined <> 2 AND name <> 'units'"), 0);

    // The unit moves away from under the point: near no more, covered no more.
    let stored = file.store.put_units(&[unit("B", 111.0, (None, Some(20_270)))], &[]).await.unwrap();
    assert_eq!((stored.changed, stored.version), (1, 3));
    assert_eq!(file.links().await, [(1, vec![]), (2, vec![])]);
    assert_eq!(file.version("police.incidents").await, 3);
    assert_eq!(file.number("SELECT count(*) FROM bandoso_version WHERE joined <> 3 AND name <> 'units'"), 0);
}

#[tokio::test]
async fn outside_is_asked_on_the_features_own_date() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("B", 108.0, (None, Some(20_270)))], &[]).await.unwrap();
    // 2025-06-30T18:00Z is the first of July, day 20270, in Quảng Ngãi.
    let at = |micros| {
        let mut row = row(ImportId::New, 108.5, "x");
        row.values[2] = micros;
        row
    };
    let evening = Instant::parse("", "2025-06-30T18:00:00Z", &TimeZone::UTC).unwrap();
    let rows =
        vec![at(Value::Timestamp(evening)), at(Value::Timestamp(Instant(evening.0 - 7_200_000_000))), at(Value::Null)];
    assert_eq!(file.import(rows).await.outside, 2);
}
