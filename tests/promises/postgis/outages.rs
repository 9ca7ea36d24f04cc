//! The database goes away, is somebody else's, or is not what it should be.

use std::time::Duration;

use bandoso::model::{FieldType, Value};
use bandoso::store::postgis::{PostGis, PostGisSettings};
use bandoso::store::{ImportBatch, ImportId, Store, StoreError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::rows::{catalogue, import, layer, load, row};

fn quick() -> PostGisSettings {
    PostGisSettings { connect_timeout: Duration::from_secs(2), ..PostGisSettings::default() }
}

async fn refused(url: &str) -> StoreError {
    PostGis::connect(url, quick()).await.err().expect("no such store")
}

#[tokio::test]
async fn a_server_that_is_away_is_unreachable_and_named_without_its_password() {
    // Nothing listens on the port of the discard service.
    let error = refused("postgres://lan:s3cret@127.0.0.1:9/map").await;
    assert!(
        matches!(&error, StoreError::Unreachable { store, .. } if store == "postgres://lan@127.0.0.1:9/map"),
        "{error:?}"
    );
    assert!(!error.to_string().contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_a_fault_and_not_told() {
    let Some(database) = TestDatabase::bare() else { return };
    let (before, at) = database.url().split_once('@').expect("user and password");
    let (user, _) = before.rsplit_once(':').expect("a password");
    let error = refused(&format!("{user}:s3cret@{at}")).await;
    assert!(matches!(&error, StoreError::Fault { .. }), "{error:?}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_a_newer_program_has_changed_says_so() {
    let Some(database) = TestDatabase::fresh() else { return };
    let newer = "INSERT INTO bandoso.schema_history SELECT 9999, 'tomorrow', applied_on, checksum
                 FROM bandoso.schema_history WHERE version = 1";
    execute(&client(database.url()).await, newer).await;
    let error = refused(database.url()).await.to_string();
    assert!(error.contains("a newer version of bandoso has changed it"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_host_that_answers_is_taken() {
    let Some(database) = TestDatabase::fresh() else { return };
    let (user, rest) = database.url().split_once('@').expect("a host");
    let several = format!("{user}@127.0.0.1:9,{rest}?target_session_attrs=read-write");
    let store = PostGis::connect(&several, quick()).await.expect("the second host answers");
    assert!(store.versions().await.expect("versions").contains_key("units"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_made_ready_by_several_programs_at_once() {
    let Some(database) = TestDatabase::bare() else { return };
    let (one, two, three) = tokio::join!(
        PostGis::connect(database.url(), quick()),
        PostGis::connect(database.url(), quick()),
        PostGis::connect(database.url(), quick())
    );
    for store in [one, two, three] {
        let store = store.expect("a store");
        store.prepare(&catalogue(&[layer("a.b", &[])])).await.expect("prepared");
        assert_eq!(store.versions().await.expect("versions")["units"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_begin_at_once_make_each_layer_once() {
    let Some(database) = TestDatabase::fresh() else { return };
    let layers: Vec<_> = (0..8).map(|n| layer(&format!("new{n}.b"), &[("note", FieldType::Text)])).collect();
    let stores = [database.store().await, database.store().await, database.store().await, database.store().await];
    let prepared = stores.each_ref().map(|store| async { store.prepare(&catalogue(&layers)).await });
    for prepared in futures_util::future::join_all(prepared).await {
        assert_eq!(prepared.expect("prepared"), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgis_is_used_in_whatever_schema_it_is() {
    let Some(database) = TestDatabase::bare() else { return };
    execute(&client(database.url()).await, "CREATE SCHEMA \"Bản đồ\"; CREATE EXTENSION postgis SCHEMA \"Bản đồ\"")
        .await;
    let store = database.store().await;
    let notes = layer("a.notes", &[]);
    store.prepare(&catalogue(std::slice::from_ref(&notes))).await.expect("prepared");
    import(&store, &notes, vec![row(ImportId::New, 108.0, 15.0, vec![])]).await.expect("imported");
    let insert = "INSERT INTO a.notes (geom) VALUES (\"Bản đồ\".ST_Point(108, 15, 4326))";
    execute(&client(database.url()).await, insert).await;
    assert_eq!(load(&store, &notes).await.0.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_are_made_anew() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    let notes = layer("a.notes", &[]);
    store.prepare(&catalogue(std::slice::from_ref(&notes))).await.expect("prepared");
    let psql = client(database.url()).await;
    for _ in 0..3 {
        let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        execute(&psql, others).await;
        // The news of a broken connection may come a moment later: until then it is unreachable, not at fault.
        let mut answer = store.versions().await;
        while let Err(error) = answer {
            assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
            answer = store.versions().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_given_up_writes_nothing() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    let notes = layer("a.notes", &[("note", FieldType::Text)]);
    store.prepare(&catalogue(std::slice::from_ref(&notes))).await.expect("prepared");
    let before = store.versions().await.expect("versions");
    let (sender, receiver) = mpsc::channel(1);
    let rows = vec![row(ImportId::New, 108.0, 15.0, vec![Value::Null]); 20_000];
    let (sent, done) =
        tokio::join!(async move { sender.send(ImportBatch::Rows(rows)).await }, store.import(&notes, receiver));
    sent.expect("the rows were taken");
    assert!(matches!(done, Err(StoreError::GivenUp { layer }) if layer == "a.notes"));
    assert_eq!(load(&store, &notes).await.0, []);
    assert_eq!(store.versions().await.expect("versions"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_fails_writes_nothing_and_leaves_a_working_store() {
    let Some(database) = TestDatabase::fresh() else { return };
    let store = database.store().await;
    let notes = layer("a.notes", &[("note", FieldType::Text)]);
    store.prepare(&catalogue(std::slice::from_ref(&notes))).await.expect("prepared");
    for bad in [Value::Integer(7), Value::Text("a\0b".to_owned())] {
        let rows = vec![
            row(ImportId::New, 108.0, 15.0, vec![Value::Text("good".to_owned())]),
            row(ImportId::New, 108.0, 15.0, vec![bad]),
        ];
        let error = import(&store, &notes, rows).await.expect_err("no such value");
        assert!(matches!(error, StoreError::Fault { .. }), "{error:?}");
        assert_eq!(load(&store, &notes).await.0, []);
    }
}

/// A way to a server that says to its first callers what PostgreSQL says while it recovers from a crash.
async fn starting_up(real: &str, callers: usize) -> String {
    let (user, rest) = real.split_once('@').expect("user and password");
    let (host, database) = rest.split_once('/').expect("a database");
    let (host, listener) = (host.to_owned(), TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        for caller in 0.. {
            let (mut caller_socket, _) = listener.accept().await.expect("a caller");
            let host = host.clone();
            tokio::spawn(async move {
                if caller < callers {
                    let mut asked = [0; 1024];
                    let _ = caller_socket.read(&mut asked).await;
                    let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
                    let length = u32::try_from(fields.len() + 4).expect("short").to_be_bytes();
                    let _ = caller_socket.write_all(&[b"E".as_slice(), &length, fields].concat()).await;
                } else {
                    let mut server = TcpStream::connect(host).await.expect("the test server answers");
                    let _ = tokio::io::copy_bidirectional(&mut caller_socket, &mut server).await;
                }
            });
        }
    });
    format!("{user}@127.0.0.1:{port}/{database}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_starting_up_is_waited_for_but_not_without_end() {
    let Some(database) = TestDatabase::fresh() else { return };
    let url = starting_up(database.url(), 3).await;
    let store = PostGis::connect(&url, quick()).await.expect("the server comes up");
    assert!(store.versions().await.expect("versions").contains_key("units"));

    let never = starting_up(database.url(), usize::MAX).await;
    let settings = PostGisSettings { recovery_timeout: Duration::from_millis(500), ..quick() };
    let error = PostGis::connect(&never, settings).await.err().expect("it never comes up");
    assert!(matches!(&error, StoreError::Unreachable { cause, .. } if cause.contains("starting up")), "{error:?}");
}
