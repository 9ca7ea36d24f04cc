//! Other programs edit layers and units behind the store's back.

use bandoso::model::{FieldType, FindingKind, LonLat, Unit, UnitLink, Value};
use bandoso::store::{Author, Edit, ImportId, Refusal, Store, StoreError};

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::{catalogue, import, layer, load, row};
use crate::support::shared::real_units;

fn notes() -> bandoso::model::Layer {
    layer("test.notes", &[("note", FieldType::Text), ("size", FieldType::Real), ("day", FieldType::Date)])
}

async fn version(store: &dyn Store, name: &str) -> u64 {
    store.versions().await.expect("versions")[name]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_written_by_psql_is_joined_and_counts_as_a_version() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    store.put_units(units, &[]).await.expect("units");
    let psql = client(database.url()).await;
    let before = version(&store, "test.notes").await;

    let insert = "INSERT INTO test.notes (geom, note, units) VALUES (ST_Point(108.81, 15.11, 4326), 'a', '{77}')";
    execute(&psql, insert).await;
    assert_eq!(version(&store, "test.notes").await, before + 1);
    let (features, at) = load(&store, &notes()).await;
    assert_eq!(at, before + 1);
    let inside = features[0].units.clone();
    assert!(inside.len() >= 5, "province, district and commune of both times: {inside:?}");

    execute(&psql, "UPDATE test.notes SET geom = ST_Point(100, 10, 4326)").await;
    assert_eq!(load(&store, &notes()).await.0[0].units, []);
    execute(&psql, "BEGIN; UPDATE test.notes SET note = 'b'; UPDATE test.notes SET note = 'c'; COMMIT").await;
    assert_eq!(version(&store, "test.notes").await, before + 3, "one transaction is one version");
    execute(&psql, "BEGIN; DELETE FROM test.notes; ROLLBACK").await;
    assert_eq!(version(&store, "test.notes").await, before + 3);
    execute(&psql, "TRUNCATE test.notes").await;
    assert_eq!(version(&store, "test.notes").await, before + 4);

    // More rows than are joined one by one.
    let many =
        "INSERT INTO test.notes (geom) SELECT ST_Point(108.81, 15.11 + n * 1e-9, 4326) FROM generate_series(1, 2000) n";
    execute(&psql, many).await;
    let features = load(&store, &notes()).await.0;
    assert_eq!(features.len(), 2000);
    assert!(features.iter().all(|feature| feature.units == inside));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_may_edit_its_layer_without_any_right_to_the_rest() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    let psql = client(database.url()).await;
    let role = format!("editor_{}", std::process::id());
    execute(&psql, &format!("CREATE ROLE {role}; GRANT USAGE ON SCHEMA test TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA test TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA test TO {role}")).await;
    execute(&psql, &format!("SET ROLE {role}; SET search_path = public; INSERT INTO test.notes (geom) VALUES (ST_Point(108, 15, 4326)); RESET ROLE")).await;
    assert_eq!(load(&store, &notes()).await.0.len(), 1);
    execute(&psql, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_edited_by_psql_joins_all_points_again() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    let commune: Vec<Unit> =
        units.iter().filter(|unit| unit.code == "21025" && unit.valid.from.is_some()).cloned().collect();
    assert_eq!(commune.len(), 1);
    store.put_units(&commune, &[]).await.expect("units");
    let values = || vec![Value::Null; 3];
    import(&store, &notes(), vec![row(ImportId::New, 108.811_193_8, 15.106_920_5, values())]).await.expect("imported");
    let id = store.units().await.expect("units").units[0].id;
    assert_eq!(load(&store, &notes()).await.0[0].units, [UnitLink::Covered(id)]);

    let psql = client(database.url()).await;
    let (units_version, layer_version) = (version(&store, "units").await, version(&store, "test.notes").await);
    execute(&psql, "UPDATE bandoso.units SET geom = ST_Translate(geom, 1, 0)").await;
    assert_eq!(load(&store, &notes()).await.0[0].units, []);
    assert_eq!(version(&store, "units").await, units_version + 1);
    assert_eq!(version(&store, "test.notes").await, layer_version + 1);
    execute(&psql, "UPDATE bandoso.units SET geom = ST_Translate(geom, -1, 0)").await;
    assert_eq!(load(&store, &notes()).await.0[0].units, [UnitLink::Covered(id)]);
    execute(&psql, "DELETE FROM bandoso.units").await;
    assert_eq!(load(&store, &notes()).await.0[0].units, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_no_features_are_left_out_and_told() {
    use FindingKind::{InvalidPosition, InvalidValue, MissingPosition};
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    let psql = client(database.url()).await;
    for geom in [
        "'POINT EMPTY'::geometry",
        "ST_MakePoint('NaN', 'NaN')",
        "ST_MakePoint(108, 95)",
        "ST_MakePoint('Infinity', 15)",
    ] {
        execute(&psql, &format!("INSERT INTO test.notes (geom) VALUES (ST_SetSRID({geom}, 4326))")).await;
    }
    execute(
        &psql,
        "INSERT INTO test.notes (geom, note, size, day) VALUES (ST_Point(108, 15, 4326), 'good', 'NaN', 'infinity')",
    )
    .await;
    let features = load(&store, &notes()).await.0;
    assert_eq!(features.len(), 1);
    assert_eq!(features[0].values, [Value::Text("good".to_owned()), Value::Null, Value::Null]);
    let findings = store.check(&notes()).await.expect("checked");
    let kinds: Vec<(&str, FindingKind)> =
        findings.iter().map(|finding| (finding.place.as_str(), finding.kind)).collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    assert_eq!(kinds[0], ("test.notes id 1", MissingPosition));
    assert!(kinds[1..4].iter().all(|(_, kind)| [InvalidPosition, MissingPosition].contains(kind)), "{kinds:?}");
    assert_eq!(kinds[4..], [("test.notes id 5", InvalidValue); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_triggers_were_off_is_joined_all_the_same() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    store.put_units(units, &[]).await.expect("units");
    let psql = client(database.url()).await;
    let replica =
        "SET session_replication_role = replica; INSERT INTO test.notes (geom) VALUES (ST_Point(108.81, 15.11, 4326))";
    execute(&psql, replica).await;
    let joined = load(&store, &notes()).await.0;
    assert!(joined[0].units.len() >= 5);
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    assert_eq!(load(&store, &notes()).await.0, joined);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_and_a_change_of_units_at_once_leave_no_point_with_bygone_units() {
    let (Some(units), Some(database)) = (real_units(), TestDatabase::fresh()) else { return };
    let (store, other) = (database.store().await, database.store().await);
    for store in [&store, &other] {
        store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    }
    let rows = |from: u64| -> Vec<_> {
        let place = |n: u64| (107.5 + (n % 97) as f64 / 60.0, 14.2 + (n % 89) as f64 / 80.0);
        let values = || vec![Value::Null; 3];
        (from..from + 3000).map(|n| row(ImportId::Number(n), place(n).0, place(n).1, values())).collect()
    };
    let layer = notes();
    let (one, two, put) =
        tokio::join!(import(&store, &layer, rows(1)), import(&other, &layer, rows(2000)), other.put_units(units, &[]));
    let (one, two) = (one.expect("imported"), two.expect("imported"));
    put.expect("units");
    assert_eq!(one.added + two.added, 4999);
    let joined = load(&store, &notes()).await.0;
    let psql = client(database.url()).await;
    execute(&psql, "UPDATE test.notes SET units = NULL").await;
    assert_eq!(load(&store, &notes()).await.0, joined);
}

/// The id of a new feature that brings this identity.
async fn made(store: &dyn Store, id: ImportId) -> Result<u64, StoreError> {
    let (at, values) = (LonLat { lon: 108.0, lat: 15.0 }, vec![Value::Null, Value::Null, Value::Null]);
    let edit = store.edit(&notes(), vec![Edit::Create { id, at, values }], &Author::default()).await?;
    Ok(edit.features[0].as_ref().expect("it is there").id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_the_last_number_there_is_takes_the_numbers_from_no_other() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    let psql = client(database.url()).await;
    let plain = "INSERT INTO test.notes (geom) VALUES (ST_Point(108, 15, 4326))";
    execute(&psql, "INSERT INTO test.notes (id, geom) VALUES (9223372036854775807, ST_Point(108, 15, 4326))").await;
    assert_eq!(made(&store, ImportId::Number(5)).await.expect("made"), 5);
    assert_eq!(made(&store, ImportId::New).await.expect("made"), 6);
    execute(&psql, plain).await;
    let rows = vec![row(ImportId::New, 108.0, 15.0, vec![Value::Null, Value::Null, Value::Null])];
    assert_eq!(import(&store, &notes(), rows).await.expect("imported").added, 1);
    assert_eq!(made(&store, ImportId::New).await.expect("made"), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generator_of_ids_that_was_moved_to_its_end_comes_back() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    let psql = client(database.url()).await;
    let away = "SELECT setval(pg_get_serial_sequence('test.notes', 'id'), 9223372036854775807)";
    execute(&psql, away).await;
    assert_eq!(made(&store, ImportId::New).await.expect("made"), 1);
    execute(&psql, away).await;
    assert_eq!(made(&store, ImportId::Number(4)).await.expect("made"), 4);
    assert_eq!(made(&store, ImportId::New).await.expect("made"), 5);
    execute(&psql, away).await;
    // A node that begins mends it for other programs.
    store.prepare(&catalogue(&[notes()])).await.expect("prepared");
    execute(&psql, "INSERT INTO test.notes (geom) VALUES (ST_Point(108, 15, 4326))").await;
    assert_eq!(made(&store, ImportId::New).await.expect("made"), 7);
    // One that its owner has bounded stays at its end, which is told.
    execute(&psql, "ALTER TABLE test.notes ALTER id SET MAXVALUE 7").await;
    let refused = made(&store, ImportId::New).await;
    assert!(matches!(&refused, Err(StoreError::Refused(Refusal::ReadOnly { .. }))), "{refused:?}");
}
