//! A connection lent for one question or one write.

use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::NoTls;

use super::failure::Address;
use crate::store::StoreError;

/// Longest time that is spent on taking back what was being said.
const TAKING_BACK: Duration = Duration::from_secs(5);

/// A connection of a pool. Dropped before its end, as when whoever asked has gone, its statement is cancelled, and it is not used
/// again: the next one would wait for that statement, or meet the cancellation.
pub(super) struct Lent(Option<Object>);

impl Lent {
    pub(super) fn new(client: Object) -> Self {
        Self(Some(client))
    }

    pub(super) fn client(&self, address: &Address) -> Result<&Object, StoreError> {
        self.0.as_ref().ok_or_else(|| address.unreachable("what was asked has ended"))
    }

    pub(super) fn client_mut(&mut self, address: &Address) -> Result<&mut Object, StoreError> {
        self.0.as_mut().ok_or_else(|| address.unreachable("what was asked has ended"))
    }

    /// Gives it back: nothing is being said on it any more.
    pub(super) fn end(&mut self) {
        self.0 = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(client), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) else { return };
        runtime.spawn(async move {
            let cancelled = client.cancel_token();
            let _ = tokio::time::timeout(TAKING_BACK, cancelled.cancel_query(NoTls)).await;
            drop(Object::take(client));
        });
    }
}
