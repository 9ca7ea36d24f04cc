//! A database of its own for every test, on the server that the environment variable `BANDOSO_TEST_POSTGRES` names.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls};

const VARIABLE: &str = "BANDOSO_TEST_POSTGRES";

/// A database that is gone when this value is.
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A new database with `PostGIS` in it. None where no server is named, which is said, and a failure under `CI`.
    pub fn fresh() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(VARIABLE) else {
            assert!(std::env::var_os("CI").is_none(), "{VARIABLE} is not set: under CI no test is skipped");
            eprintln!("skipped: {VARIABLE} is not set; `./dev test` starts a PostGIS and sets it");
            return None;
        };
        let template = template(&server);
        let name = format!("bandoso_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Some(Self { url: with_database(&server, &name), name })
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Ok(server) = std::env::var(VARIABLE) {
            execute(&server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// The database that the others are copied from: making the extension takes half a second, copying files a tenth of that.
fn template(server: &str) -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let name = format!("bandoso_template_{}", std::process::id());
        execute(server, &format!("CREATE DATABASE {name}"));
        execute(&with_database(server, &name), "CREATE EXTENSION postgis");
        name
    })
}

/// The server's address with another database's name.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = address.rsplit_once('/').expect("postgres://user:password@host:port/database");
    let joint = if options.is_empty() { "" } else { "?" };
    format!("{host}/{name}{joint}{options}")
}

/// Runs one statement on a connection of its own. On a thread of its own too: a test may already be inside a runtime.
fn execute(url: &str, sql: &str) {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { client(url).await.batch_execute(sql).await })
        });
        done.join().expect("the thread ends").unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    });
}

/// A plain connection, for what a test does behind the store's back.
pub async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn every_test_has_a_postgis_of_its_own() {
    let (Some(one), Some(other)) = (TestDatabase::fresh(), TestDatabase::fresh()) else { return };
    client(one.url()).await.batch_execute("CREATE TABLE mine (at geometry)").await.expect("PostGIS is there");
    let seen = client(other.url()).await.query_one("SELECT to_regclass('mine')::text", &[]).await.expect("an answer");
    assert_eq!(seen.get::<_, Option<String>>(0), None);
}
