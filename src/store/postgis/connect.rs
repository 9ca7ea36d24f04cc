//! The way to the server: its address, a bounded pool of connections, and the state of the schema.

use std::time::{Duration, Instant};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, NoTls, Socket};

use super::failure::{Address, fault};
use crate::store::StoreError;

/// Limits on what the store takes from the server and how long it waits.
#[derive(Debug, Clone)]
pub struct PostGisSettings {
    /// Most connections at a time for whatever has none of its own below: following, loading, preparing.
    pub connections: usize,
    /// Most connections at a time for edits, imports and undoing.
    pub writers: usize,
    /// Longest wait for a new connection to a host, and for a free one of the pool.
    pub connect_timeout: Duration,
    /// Longest wait, when the store is opened, for a server that is just starting or recovering from a crash.
    pub recovery_timeout: Duration,
    /// Longest time of a short statement.
    pub statement_timeout: Duration,
    /// Longest time of one statement that moves many rows.
    pub long_statement_timeout: Duration,
    /// Least time between two looks at a published table whose changes no trigger tells.
    pub look_every: Duration,
    /// Least time between two prunings of the log of changes.
    pub prune_every: Duration,
    /// How long the log keeps changes; a program that is further behind loads layers whole.
    pub keep_changes_for: Duration,
    /// Longest time of a question to a layer that is not loaded.
    pub question_timeout: Duration,
    /// Most such questions at a time, each on a connection of its own.
    pub questions: usize,
    /// Most such questions that wait for one of these connections.
    pub waiting_questions: usize,
    /// Most extracts of such layers at a time, each on a connection of its own for as long as its reader takes.
    pub extracts: usize,
}

impl Default for PostGisSettings {
    fn default() -> Self {
        Self {
            connections: 8,
            writers: 8,
            connect_timeout: Duration::from_secs(5),
            recovery_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(30),
            long_statement_timeout: Duration::from_mins(30),
            look_every: Duration::from_secs(10),
            prune_every: Duration::from_mins(1),
            keep_changes_for: Duration::from_hours(24),
            question_timeout: Duration::from_secs(10),
            questions: 4,
            waiting_questions: 64,
            extracts: 4,
        }
    }
}

impl PostGisSettings {
    /// The same for the connections of writers.
    pub(super) fn of_writers(&self) -> Self {
        Self { connections: self.writers, ..self.clone() }
    }

    /// The same for the connections of questions.
    pub(super) fn of_questions(&self) -> Self {
        Self { connections: self.questions, statement_timeout: self.question_timeout, ..self.clone() }
    }

    /// The same for the connections of extracts.
    pub(super) fn of_extracts(&self) -> Self {
        Self { connections: self.extracts, statement_timeout: self.long_statement_timeout, ..self.clone() }
    }

    /// As PostgreSQL reads it: milliseconds.
    pub(super) fn long_timeout_ms(&self) -> String {
        self.long_statement_timeout.as_millis().to_string()
    }
}

/// Reads `postgres://user:password@host:port,host:port/database?options`.
pub(super) fn read_address(url: &str, settings: &PostGisSettings) -> Result<(Config, Address), StoreError> {
    let doing = "reading the address of the store";
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| fault(doing, error.to_string()))?;
    // Nothing is sent in clear where the address asks for encryption.
    if config.get_ssl_mode() == SslMode::Require {
        return Err(fault(
            doing,
            "sslmode=require: this program has no TLS for PostgreSQL yet; leave it out where the way to the server is \
             private, or lead it through a local tunnel (stunnel, ssh -L)",
        ));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(settings.connect_timeout);
    }
    if config.get_application_name().is_none() {
        config.application_name("bandoso");
    }
    config.keepalives_idle(Duration::from_secs(30));
    config.tcp_user_timeout(settings.statement_timeout);
    let address = Address(without_secrets(&config));
    Ok((config, address))
}

fn without_secrets(config: &Config) -> String {
    let port = |index: usize| match config.get_ports() {
        [] => 5432,
        [one] => *one,
        each => each.get(index).copied().unwrap_or(5432),
    };
    let host = |(index, host): (usize, &Host)| match host {
        Host::Tcp(name) => format!("{name}:{}", port(index)),
        Host::Unix(path) => format!("{}:{}", path.display(), port(index)),
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    format!("postgres://{user}{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

/// A pool whose connections are checked before they are lent: those that broke are made anew.
pub(super) fn pool(config: Config, settings: &PostGisSettings) -> Result<Pool, StoreError> {
    let timeout_ms = settings.statement_timeout.as_millis().to_string();
    let begin = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        let timeout_ms = timeout_ms.clone();
        Box::pin(async move { begin_session(client, &timeout_ms).await.map_err(HookError::Backend) })
    });
    let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Pool::builder(manager)
        .max_size(settings.connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(settings.connect_timeout))
        .create_timeout(Some(settings.connect_timeout * 2))
        .post_create(begin)
        .build()
        .map_err(|error| fault("making the pool of connections", error.to_string()))
}

async fn begin_session(client: &Client, timeout_ms: &str) -> Result<(), tokio_postgres::Error> {
    client.query_one(include_str!("../../../sql/session.sql"), &[&timeout_ms]).await.map(drop)
}

/// Borrows a connection.
pub(super) async fn borrow(pool: &Pool, address: &Address) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| address.unconnected(error))
}

mod migrations {
    refinery::embed_migrations!("sql/migrations");
}

/// A number of our own among advisory locks: one program at a time changes the schema.
pub(super) const MIGRATING: i64 = 4_707_468_923_401_931;

/// The first connection, which waits for a server that answers that it is just starting; for none that does not answer.
async fn connect(config: &Config, address: &Address, longest: Duration) -> Result<Connected, StoreError> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        match config.connect(NoTls).await {
            Err(error) if error.code() == Some(&SqlState::CANNOT_CONNECT_NOW) && begun.elapsed() < longest => {
                if !told {
                    let (store, seconds) = (&address.0, longest.as_secs());
                    tracing::warn!(%store, "the database is starting up; waiting for it, {seconds} s at most");
                    told = true;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            connected => return connected.map_err(address.failed(format!("connecting to {}", address.0))),
        }
    }
}

type Connected = (Client, Connection<Socket, NoTlsStream>);

/// Makes the schema `bandoso`, or brings it to this program's state, on a connection of its own.
pub(super) async fn migrate(config: &Config, address: &Address, settings: &PostGisSettings) -> Result<(), StoreError> {
    let doing = format!("preparing the schema bandoso of {}", address.0);
    let (mut client, connection) = connect(config, address, settings.recovery_timeout).await?;
    let connection = tokio::spawn(connection);
    let failed = || address.failed(doing.clone());
    client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATING]).await.map_err(failed())?;
    make_extension(&client, address).await?;
    let there = client.query_one("SELECT to_regnamespace('bandoso') IS NOT NULL", &[]).await.map_err(failed())?;
    // Asked first: who may not create schemas may still use the one that is there.
    if !there.get::<_, bool>(0) {
        client.batch_execute("CREATE SCHEMA bandoso").await.map_err(failed())?;
    }
    begin_session(&client, "0").await.map_err(failed())?;
    let mut runner = migrations::migrations::runner();
    runner.set_migration_table_name("bandoso.schema_history");
    runner.run_async(&mut client).await.map_err(|error| {
        let cause = match error.kind() {
            refinery::error::Kind::MissingVersion(migration) => {
                format!("a newer version of bandoso has changed it ({migration}): use that one")
            }
            _ => error.to_string(),
        };
        fault(doing.clone(), cause)
    })?;
    // The lock goes with the connection.
    drop(client);
    connection.await.map_err(|error| fault(doing.clone(), error.to_string()))?.map_err(failed())
}

async fn make_extension(client: &Client, address: &Address) -> Result<(), StoreError> {
    let failed = |doing: &str| address.failed(format!("{doing} of {}", address.0));
    let server = client
        .query_one("SELECT current_setting('server_version_num')::integer, current_setting('server_version')", &[])
        .await
        .map_err(failed("asking the version"))?;
    // Multiranges came with 14.
    if server.get::<_, i32>(0) < 140_000 {
        let cause = format!("PostgreSQL 14 or newer is needed, this is {}", server.get::<_, String>(1));
        return Err(fault(format!("using {}", address.0), cause));
    }
    let doing = "making the extension postgis (a superuser can: CREATE EXTENSION postgis)";
    client.batch_execute("CREATE EXTENSION IF NOT EXISTS postgis").await.map_err(failed(doing))?;
    let extension = client
        .query_one(
            "SELECT extversion, string_to_array(extversion, '.')::text[] FROM pg_extension WHERE extname = 'postgis'",
            &[],
        )
        .await
        .map_err(failed("asking the version of PostGIS"))?;
    let parts: Vec<String> = extension.get(1);
    let number = |index: usize| parts.get(index).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    // ST_DumpSegments came with 3.2.
    if (number(0), number(1)) < (3, 2) {
        let cause = format!("PostGIS 3.2 or newer is needed, this is {}", extension.get::<_, String>(0));
        return Err(fault(format!("using {}", address.0), cause));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_password() {
        let url =
            "postgres://lan:s3cret@one.example:5433,two.example/map?password=other&target_session_attrs=read-write";
        let (config, address) = read_address(url, &PostGisSettings::default()).expect("a good address");
        assert_eq!(address.0, "postgres://lan@one.example:5433,two.example:5432/map");
        assert_eq!(config.get_hosts().len(), 2);
    }

    #[test]
    fn encryption_asked_for_is_never_left_out_in_silence() {
        let refused = read_address("postgres://lan@one.example/map?sslmode=require", &PostGisSettings::default());
        let refused = refused.expect_err("there is no TLS").to_string();
        assert!(refused.contains("sslmode=require"), "{refused}");
        assert!(
            read_address("postgres://lan@one.example/map?sslmode=verify-full", &PostGisSettings::default()).is_err()
        );
    }
}
