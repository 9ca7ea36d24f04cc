//! One question: a connection of its own, one moment of the database, a bounded time.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use futures_util::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::Table;
use super::sql::Sql;
use crate::model::{Feature, Layer};
use crate::store::postgis::failure::told;
use crate::store::postgis::hold::lock;
use crate::store::postgis::lent::Lent;
use crate::store::postgis::{PostGis, row};
use crate::store::{Found, StoreError};

/// How long a server may be silent beyond the time that it has for a statement.
const GRACE: Duration = Duration::from_secs(2);
/// Longest statement for somebody who is typing a name.
const TYPING: Duration = Duration::from_secs(2);
/// What the database says where the table is away, locked, or another than it was.
const OTHER_TABLE: [SqlState; 6] = [
    SqlState::UNDEFINED_TABLE,
    SqlState::UNDEFINED_COLUMN,
    SqlState::UNDEFINED_FUNCTION,
    SqlState::DATATYPE_MISMATCH,
    SqlState::INSUFFICIENT_PRIVILEGE,
    SqlState::LOCK_NOT_AVAILABLE,
];
/// Rows of one answer: at a few hundred bytes each, what a question may hold in memory.
pub(super) const MOST_ROWS: usize = 500_000;

/// A question while it is asked. Dropped before its end, its statement is cancelled.
pub(super) struct Question<'a> {
    store: &'a PostGis,
    /// The layer's table.
    pub(super) table: Arc<Table>,
    layer: &'a Layer,
    connection: Lent,
    /// The layer's version at this moment.
    pub(super) version: u64,
    timeout: Duration,
}

impl<'a> Question<'a> {
    /// Begins a question to a layer.
    pub(super) async fn begin(store: &'a PostGis, layer: &'a Layer) -> Result<Self, StoreError> {
        let most = store.settings.waiting_questions;
        if store.questions.status().waiting >= most {
            return Err(StoreError::Busy);
        }
        Self::open(store, layer, (&store.questions, store.settings.question_timeout)).await
    }

    /// Begins one for somebody who is typing.
    pub(super) async fn begin_short(store: &'a PostGis, layer: &'a Layer) -> Result<Self, StoreError> {
        if store.questions.status().waiting >= store.settings.waiting_questions {
            return Err(StoreError::Busy);
        }
        Self::open(store, layer, (&store.questions, store.settings.question_timeout.min(TYPING))).await
    }

    /// Begins one that reads the whole layer and has the time of a long statement.
    pub(super) async fn begin_long(store: &'a PostGis, layer: &'a Layer) -> Result<Self, StoreError> {
        Self::open(store, layer, (&store.questions, store.settings.long_statement_timeout)).await
    }

    /// Begins one that lasts as long as its reader takes, on one of the few connections for such.
    pub(super) async fn begin_extract(store: &'a PostGis, layer: &'a Layer) -> Result<Self, StoreError> {
        Self::open(store, layer, (&store.extracts, store.settings.long_statement_timeout)).await
    }

    async fn open(
        store: &'a PostGis,
        layer: &'a Layer,
        (pool, timeout): (&Pool, Duration),
    ) -> Result<Self, StoreError> {
        let table = store.table_of(layer).await?;
        let unreadable = || StoreError::Unreadable { layer: layer.id.to_string(), cause: "it does not fit".to_owned() };
        let table = table.ok_or_else(unreadable)?;
        let client = match pool.get().await {
            Err(deadpool_postgres::PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)) => {
                return Err(StoreError::Busy);
            }
            client => client.map_err(|error| store.address.unconnected(error))?,
        };
        let connection = Lent::new(client);
        let mut question = Self { store, table, layer, connection, version: 0, timeout };
        // What a filter leaves depends on its values: a plan for all of them would be a bad one.
        let mut begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan; \
             SET LOCAL statement_timeout = {}",
            timeout.as_millis()
        );
        if question.table.is_holdable {
            begin = format!("{begin}; {}", lock(&question.table.name));
        }
        let client = question.connection.client(&store.address)?;
        let begun = async {
            client.batch_execute(&begin).await?;
            let ask = client.prepare_cached(include_str!("../../../../sql/version.sql")).await?;
            client.query_opt(&ask, &[&layer.id.as_str()]).await
        };
        let version = question.in_time(begun).await?;
        question.version = version.map_or(0, |row| row.get::<_, i64>(0).unsigned_abs());
        Ok(question)
    }

    /// Ends the question: its connection can be used for the next one. One that failed is given up with it.
    pub(super) async fn end<T>(mut self, found: Result<T, StoreError>) -> Result<Found<T>, StoreError> {
        let found = found?;
        let client = self.connection.client(&self.store.address)?;
        self.in_time(client.batch_execute("COMMIT")).await?;
        self.connection.end();
        Ok(Found { version: self.version, found })
    }

    /// All rows of a statement.
    pub(super) async fn rows(&self, sql: &Sql) -> Result<Vec<Row>, StoreError> {
        let client = self.connection.client(&self.store.address)?;
        let ask = async {
            let values = sql.binds.iter().map(|(value, kind)| (value.as_ref() as &(dyn ToSql + Sync), kind.clone()));
            if sql.is_common {
                let (values, kinds): (Vec<_>, Vec<Type>) = values.unzip();
                let statement = client.prepare_typed_cached(&sql.text, &kinds).await?;
                client.query_raw(&statement, values).await?.try_collect().await
            } else {
                client.query_typed_raw(&sql.text, values).await?.try_collect().await
            }
        };
        self.in_time(ask).await
    }

    /// The features that a statement of `select_rows` gives; those that are none are left out.
    pub(super) async fn features(&self, sql: &Sql) -> Result<Vec<Feature>, StoreError> {
        let rows = self.rows(sql).await?;
        let mut features = Vec::with_capacity(rows.len());
        for row in rows {
            let read = row::read(self.layer, &row).map_err(self.failed())?;
            features.extend(read.ok().map(|good| good.feature));
        }
        Ok(features)
    }

    /// That an answer of so many rows may be given.
    pub(super) fn bounded(&self, rows: usize) -> Result<(), StoreError> {
        if rows <= MOST_ROWS { Ok(()) } else { Err(StoreError::TooLong { doing: self.doing() }) }
    }

    fn doing(&self) -> String {
        format!("asking {}", self.layer.id)
    }

    /// A failure of the driver as one of this question.
    pub(super) fn failed(&self) -> impl FnOnce(tokio_postgres::Error) -> StoreError {
        |error| match error.code() {
            Some(&SqlState::QUERY_CANCELED) => StoreError::TooLong { doing: self.doing() },
            Some(code) if OTHER_TABLE.contains(code) => {
                StoreError::Unreadable { layer: self.layer.id.to_string(), cause: told(&error) }
            }
            _ => self.store.address.failed(self.doing())(error),
        }
    }

    async fn in_time<T>(&self, ask: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, StoreError> {
        // A server that takes the question and never answers is away.
        let answered = tokio::time::timeout(self.timeout + GRACE, ask).await;
        let answered = answered.map_err(|_| self.store.address.unreachable("it did not answer a question in time"))?;
        answered.map_err(self.failed())
    }
}
