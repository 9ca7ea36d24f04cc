//! Keeps the log of changes short.

use std::sync::Mutex;
use std::time::Instant;

use super::PostGis;
use crate::store::StoreError;

/// When the log is next looked at by this program.
pub(super) struct Pruning {
    next: Mutex<Instant>,
}

impl Default for Pruning {
    fn default() -> Self {
        Self { next: Mutex::new(Instant::now()) }
    }
}

impl PostGis {
    /// Prunes in the background when it is time to.
    pub(super) fn prune_when_due(&self) {
        {
            let Ok(mut next) = self.pruning.next.lock() else { return };
            if Instant::now() < *next {
                return;
            }
            *next = Instant::now() + self.settings.prune_every;
        }
        let store = self.clone();
        tokio::spawn(async move {
            if let Err(fault) = store.prune().await {
                tracing::warn!("{fault}");
            }
        });
    }

    /// Takes from the log what is too old or too much to be of use; who is so far behind loads layers whole.
    pub(super) async fn prune(&self) -> Result<(), StoreError> {
        let failed = || self.address.failed("pruning the log of changes");
        let client = self.borrow().await?;
        let keep_s = self.settings.keep_changes_for.as_secs_f64();
        let pruned = client.execute(include_str!("../../../sql/prune.sql"), &[&keep_s]).await.map_err(failed())?;
        tracing::debug!(pruned, "pruned the log of changes");
        Ok(())
    }
}
