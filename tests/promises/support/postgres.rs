//! A database of its own for every test, on the server that the environment variable `BANDOSO_TEST_POSTGRES` names.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bandoso::store::postgis::{PostGis, PostGisSettings};
use tokio_postgres::{Client, NoTls};
use xxhash_rust::xxh3::xxh3_64;

const VARIABLE: &str = "BANDOSO_TEST_POSTGRES";

/// A database that is gone when this value is.
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A new database in which the store's schema is already made. None where no server is named, which is said, and a
    /// failure under `CI`.
    pub fn fresh() -> Option<Self> {
        let server = server()?;
        let template = template(&server);
        Some(Self::create(&server, &format!("TEMPLATE {template}")))
    }

    /// A new database with nothing in it.
    pub fn bare() -> Option<Self> {
        server().map(|server| Self::create(&server, ""))
    }

    fn create(server: &str, how: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bandoso_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        apart(async { execute(&client(server).await, &format!("CREATE DATABASE {name} {how}")).await });
        Self { url: with_database(server, &name), name }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A store in it.
    pub async fn store(&self) -> PostGis {
        PostGis::connect(&self.url, PostGisSettings::default()).await.expect("the store opens")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Ok(server) = std::env::var(VARIABLE) {
            let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
            apart(async { execute(&client(&server).await, &drop).await });
        }
    }
}

/// The server that tests may use.
pub fn server() -> Option<String> {
    let server = std::env::var(VARIABLE).ok();
    if server.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{VARIABLE} is not set: under CI no test is skipped");
        eprintln!("skipped: {VARIABLE} is not set; `./dev test` starts a PostGIS and sets it");
    }
    server
}

/// The database that others are copied from: making the schema takes a second, copying files a tenth of that. It is named
/// after the migrations, and stays on the server for the next run.
fn template(server: &str) -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| apart(make_template(server)))
}

async fn make_template(server: &str) -> String {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/migrations")).expect("the migrations");
    let mut files: Vec<_> = folder.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let sql: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).expect("a migration")).collect();
    let name = format!("bandoso_template_{:016x}", xxh3_64(&sql));

    // The lock goes with the connection.
    let client = client(server).await;
    execute(&client, "SELECT pg_advisory_lock(4707468923401930)").await;
    let whole = "SELECT FROM pg_database WHERE datname = $1 AND NOT datallowconn";
    if client.query_opt(whole, &[&name]).await.expect("an answer").is_none() {
        execute(&client, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        execute(&client, &format!("CREATE DATABASE {name}")).await;
        let made = PostGis::connect(&with_database(server, &name), PostGisSettings::default()).await;
        drop(made.expect("the schema is made"));
        execute(&client, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        let end = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
        execute(&client, &end).await;
    }
    name
}

/// The server's address with another database's name.
fn with_database(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = address.rsplit_once('/').expect("postgres://user:password@host:port/database");
    let joint = if options.is_empty() { "" } else { "?" };
    format!("{host}/{name}{joint}{options}")
}

/// Runs on a thread of its own: a test may already be inside a runtime.
fn apart<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        scope.spawn(move || runtime.block_on(work)).join().expect("the thread ends")
    })
}

/// Runs statements, or fails with their text.
pub async fn execute(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
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
    execute(&client(one.url()).await, "CREATE TABLE public.mine (at public.geometry)").await;
    let seen = client(other.url()).await.query_one("SELECT to_regclass('public.mine')::text", &[]).await;
    assert_eq!(seen.expect("an answer").get::<_, Option<String>>(0), None);
}
