//! Waiting to write: SQLite lets one write at a time, of this program and of all others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{GeoPackage, Inner};
use crate::engine::cancel::Cancel;
use crate::store::StoreError;

/// How long an edit waits from its arrival, for those of ours before it and for other programs. Those who ask for one wait for half a
/// minute as a rule: they are to be told that it was not made while they listen.
pub const EDIT_WAIT: Duration = Duration::from_secs(20);
/// How long a work of minutes (an import, units, a start) waits for other programs when its turn has come.
pub(super) const LONG_WAIT: Duration = Duration::from_secs(30);

/// What a write waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// So long from its arrival.
    InAll(Duration),
    /// For all writes of ours before it, and [`LONG_WAIT`] for other programs.
    Long,
}

/// How long somebody who wants to write still waits.
#[derive(Debug, Clone)]
pub(super) struct Patience {
    until: Instant,
    /// Whether whoever asked has gone: what nobody hears of is not written, for it is asked for again.
    caller: Cancel,
}

impl Patience {
    pub(super) fn of(wait: Duration) -> Self {
        Self { until: Instant::now() + wait, caller: Cancel::default() }
    }

    /// Of what can be done later as well.
    pub(super) fn none() -> Self {
        Self::of(Duration::ZERO)
    }

    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    pub(super) fn is_over(&self) -> bool {
        self.has_gone() || self.left().is_zero()
    }

    pub(super) fn has_gone(&self) -> bool {
        self.caller.is_cancelled()
    }

    pub(super) fn caller(&self) -> Cancel {
        self.caller.clone()
    }
}

impl GeoPackage {
    /// Does a work that writes when its turn has come. Those that wait take no thread, and who goes away waits no more.
    pub(super) async fn in_turn<T: Send + 'static>(
        &self,
        (doing, wait): (&str, Wait),
        work: impl FnOnce(&Inner, &Patience) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut patience = match wait {
            Wait::InAll(wait) => Patience::of(wait),
            Wait::Long => Patience::of(LONG_WAIT),
        };
        let _gone = patience.caller.on_drop();
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = match wait {
            Wait::InAll(_) => tokio::time::timeout_at(patience.until.into(), turn).await.ok(),
            Wait::Long => Some(turn.await),
        };
        // It is never closed.
        let Some(Ok(turn)) = turn else {
            let store = self.inner.path.display().to_string();
            let cause = format!("{doing}: others were writing before; nothing was written");
            return Err(StoreError::InUse { store, cause });
        };
        if wait == Wait::Long {
            patience.until = Instant::now() + LONG_WAIT;
        }
        self.with(doing, move |inner| {
            let done = work(inner, &patience);
            drop(turn);
            done
        })
        .await
    }
}
