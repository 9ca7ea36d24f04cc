//! Errors of the driver as errors of a store.

use std::error::Error as _;

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// Says of errors which store they are of.
#[derive(Debug, Clone)]
pub(super) struct Address(pub(super) String);

impl Address {
    /// An error of a statement, met while `doing` something.
    pub(super) fn failed(&self, doing: impl Into<String>) -> impl FnOnce(Error) -> StoreError {
        let doing = doing.into();
        move |error| {
            if is_lost(&error) {
                StoreError::Unreachable { store: self.0.clone(), cause: told(&error) }
            } else {
                StoreError::Fault { doing, cause: told(&error) }
            }
        }
    }

    /// An error of getting a connection.
    pub(super) fn unconnected(&self, error: PoolError) -> StoreError {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                self.failed(format!("connecting to {}", self.0))(error)
            }
            PoolError::Timeout(_) => self.unreachable("no connection was free or made in time"),
            other => self.unreachable(&other.to_string()),
        }
    }

    pub(super) fn unreachable(&self, cause: &str) -> StoreError {
        StoreError::Unreachable { store: self.0.clone(), cause: cause.to_owned() }
    }
}

/// A fault that the database did not name.
pub(super) fn fault(doing: impl Into<String>, cause: impl Into<String>) -> StoreError {
    StoreError::Fault { doing: doing.into(), cause: cause.into() }
}

/// Whether the server is away, or busy with coming and going: then it is worth asking again.
fn is_lost(error: &Error) -> bool {
    let Some(db) = error.as_db_error() else {
        return error.is_closed()
            || causes(error).any(<dyn std::error::Error>::is::<std::io::Error>)
            || is_connecting(error);
    };
    let code = db.code();
    code.code().starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::IDLE_SESSION_TIMEOUT,
        ]
        .contains(code)
}

/// The driver tells connection faults without a cause (no host answered, a timeout) only by their text.
fn is_connecting(error: &Error) -> bool {
    error.to_string().starts_with("error connecting") || error.to_string().starts_with("timeout")
}

/// What the server or the driver said, with all that stands behind it.
pub(super) fn told(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        let more = [db.detail(), db.hint()].into_iter().flatten().map(|more| format!("; {more}"));
        return std::iter::once(db.message().to_owned()).chain(more).collect();
    }
    let mut text = error.to_string();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// What stands behind an error, one behind the other.
fn causes(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}
