//! Many rows into an empty layer: copied straight into its table, where there is nothing to compare them with.
//!
//! Nobody else writes the layer meanwhile, nor the units that the rows are joined with; readers see it empty until the commit. The
//! triggers that look at each row rest, and what they would have noted is noted here. Where anything stands in the way (somebody is
//! writing, the table is another role's), the rows take the way of all others.

use std::pin::pin;

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::PostGis;
use super::columns::quoted_table;
use super::feed::{self, Fare, Fed, Form, Identity, Incoming, Piece};
use super::history::OpenBatch;
use super::merge::{ADDED_TOGETHER, Merge};
use crate::model::Layer;
use crate::store::{Author, BatchCounts, BatchKind, Imported, StoreError};

/// Longest wait for whoever writes the layer just now; new writers wait behind us as long.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";

/// How far it came.
pub(super) enum Filled {
    Whole(Imported),
    /// Rows of another identity came: all are in the staging table that came before them.
    Half(Incoming, Fare),
}

/// A layer that is being filled.
pub(super) struct Filling<'a> {
    store: &'a PostGis,
    transaction: &'a Transaction<'a>,
    layer: &'a Layer,
    batch: OpenBatch<'a>,
    identity: Identity,
    /// Quoted names of triggers that rest.
    resting: Vec<String>,
    fare: Fare,
    /// Parts of the batch so far.
    parts: i32,
}

impl PostGis {
    /// Makes sure that a layer is empty and stays so for others; none where it is not, or where that cannot be had.
    pub(super) async fn begin_filling<'a>(
        &'a self,
        transaction: &'a Transaction<'a>,
        layer: &'a Layer,
        (identity, author): (Identity, &Author),
    ) -> Result<Option<Filling<'a>>, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let may = include_str!("../../../sql/may_fill.sql");
        let may = transaction.query_opt(may, &[&quoted_table(layer.id.as_str()), &layer.id.as_str()]).await;
        let Some(may) = may.map_err(failed())? else { return Ok(None) };
        let has_rows = Merge::new(layer).has_rows();
        let is_empty = async || {
            let found = transaction.query_one(&has_rows, &[]).await.map_err(failed())?;
            Ok::<bool, StoreError>(!found.get::<_, bool>(0))
        };
        if !is_empty().await? {
            return Ok(None);
        }
        let begin = format!("SAVEPOINT bandoso_fill; {LOCK_TIMEOUT}");
        transaction.batch_execute(&begin).await.map_err(failed())?;
        if !self.lock_all(transaction, layer).await? || !is_empty().await? {
            // The locks go with it.
            let back = "ROLLBACK TO SAVEPOINT bandoso_fill";
            transaction.batch_execute(back).await.map_err(failed())?;
            return Ok(None);
        }
        let go = "RELEASE SAVEPOINT bandoso_fill; SET LOCAL lock_timeout = DEFAULT";
        transaction.batch_execute(go).await.map_err(failed())?;
        let Some(batch) = self.open_batch(transaction, layer, (BatchKind::Import, author), None).await? else {
            return Ok(None);
        };
        let (resting, fare) = (may.get(0), Fare::default());
        Ok(Some(Filling { store: self, transaction, layer, batch, identity, resting, fare, parts: 0 }))
    }

    async fn lock_all(&self, transaction: &Transaction<'_>, layer: &Layer) -> Result<bool, StoreError> {
        let failed = || self.address.failed(format!("importing into {}", layer.id));
        let lock = include_str!("../../../sql/lock_to_fill.sql");
        let locked = transaction.query_one(lock, &[&layer.id.as_str()]).await.map_err(failed())?;
        if !locked.get::<_, bool>(0) {
            return Ok(false);
        }
        match transaction.batch_execute(&Merge::new(layer).lock()).await {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(false),
            Err(error) => Err(failed()(error)),
        }
    }
}

impl Filling<'_> {
    /// Copies the rows until they came to their end, and says what was done.
    pub(super) async fn run(&mut self, incoming: Incoming) -> Result<Filled, StoreError> {
        let merge = Merge::new(self.layer);
        self.batch.run(&merge.triggers("DISABLE", &self.resting)).await?;
        let joins = include_str!("../../../sql/joins_itself.sql");
        self.transaction.execute(joins, &[]).await.map_err(self.failed())?;
        if self.identity == Identity::Given {
            self.batch.run(&merge.call_back()).await?;
        }
        let form = Form::Stored(self.identity);
        let (mut fed, _) = self.store.feed(self.transaction, self.layer, (incoming, form)).await?;
        let copy = self.transaction.prepare(&merge.copy_stored()).await.map_err(self.failed())?;
        while let Some(next) = fed.recv().await {
            match next? {
                Fed::Rows(pieces) => self.copy(&copy, pieces).await?,
                Fed::Commit => return self.end().await.map(Filled::Whole),
                Fed::Others(rest) => {
                    self.batch.run(&merge.triggers("ENABLE", &self.resting)).await?;
                    self.batch.run(&merge.stage()).await?;
                    self.batch.run(&merge.unload(self.batch.id, self.identity)).await?;
                    return Ok(Filled::Half(rest, self.fare));
                }
            }
        }
        Err(StoreError::GivenUp { layer: self.layer.id.to_string() })
    }

    async fn copy(&mut self, copy: &tokio_postgres::Statement, mut pieces: Vec<Piece>) -> Result<(), StoreError> {
        let rows = pieces.iter().map(|piece| piece.ids.len()).sum::<usize>() as i64;
        if self.identity == Identity::Given && rows > 0 {
            let take = include_str!("../../../sql/take_ids.sql");
            let table = quoted_table(self.layer.id.as_str());
            let first = self.transaction.query_one(take, &[&table, &rows]).await.map_err(self.failed())?;
            feed::number(&mut pieces, first.get(0));
        }
        self.fare.add(&pieces);
        let mut sink = pin!(self.transaction.copy_in(copy).await.map_err(self.failed())?);
        feed::send_head(&mut sink).await.map_err(self.failed())?;
        feed::send(&mut sink, &mut pieces).await.map_err(self.failed())?;
        feed::send_tail(&mut sink).await.map_err(self.failed())?;
        sink.as_mut().finish().await.map_err(self.failed())?;
        self.keep(&pieces).await
    }

    /// Keeps what was added in the history.
    async fn keep(&mut self, pieces: &[Piece]) -> Result<(), StoreError> {
        let keep =
            self.transaction.prepare(include_str!("../../../sql/keep_added.sql")).await.map_err(self.failed())?;
        for given in [false, true] {
            let rows = pieces.iter().flat_map(Piece::known).filter(|(_, nameless)| *nameless == given);
            let (ids, stamps): (Vec<i64>, Vec<i64>) = rows.map(|(known, _)| known).unzip();
            for (ids, stamps) in ids.chunks(ADDED_TOGETHER).zip(stamps.chunks(ADDED_TOGETHER)) {
                let kept = self.transaction.execute(&keep, &[&self.batch.id, &self.parts, &given, &ids, &stamps]).await;
                kept.map_err(self.failed())?;
                self.parts += 1;
            }
        }
        Ok(())
    }

    async fn end(&self) -> Result<Imported, StoreError> {
        let merge = Merge::new(self.layer);
        if self.identity == Identity::Numbers {
            self.batch.run(&merge.advance()).await?;
        }
        let note = include_str!("../../../sql/note_filled.sql");
        let (layer, added) = (self.layer.id.as_str(), self.fare.rows);
        let noted = self.transaction.execute(note, &[&layer, &self.batch.id, &added.cast_signed()]).await;
        noted.map_err(self.failed())?;
        self.batch.run(&merge.triggers("ENABLE", &self.resting)).await?;
        let version = self.batch.close(BatchCounts { added, ..BatchCounts::default() }).await?;
        let (outside, batch) = (self.fare.outside, Some(self.batch.id.unsigned_abs()));
        Ok(Imported { added, outside, version, batch, ..Imported::default() })
    }

    fn failed(&self) -> impl FnOnce(tokio_postgres::Error) -> StoreError {
        self.store.address.failed(format!("importing into {}", self.layer.id))
    }
}
