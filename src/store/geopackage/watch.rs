//! Noticing that the file changed, whoever changed it.

use std::fs::File;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode, Transaction};

use super::beside::Here;
use super::join::{self, Which};
use super::refollow::Tables;
use super::turn::Patience;
use super::writer::Writer;
use super::{GeoPackage, Inner, connection, schema, write};
use crate::store::StoreError;

/// Between two looks at the file for writes of other programs. A look takes some system calls, and a change of threads.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A wait without news is over after this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Rows whose links are stored at a time: other programs wait no longer than that takes, some hundred milliseconds.
const MOST_SETTLED: u64 = 20_000;

/// The connection that watches, kept open.
pub(super) struct Watcher {
    pub(super) connection: Connection,
    here: Here,
    /// The file was written past the connection since the last look.
    is_touched: bool,
    /// `PRAGMA data_version` when it was last looked at; none before.
    data_version: Option<i64>,
    pub(super) tables: Tables,
}

/// Which file a path leads to: another one after a backup was put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// The file at the path.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] where there is none: an open file that was moved away would still answer.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        FileState::of(path).map(|state| state.id)
    }

    /// The file of this name, if there is one.
    pub(super) fn at(name: &Path) -> Option<Self> {
        std::fs::metadata(name).ok().map(|metadata| Self::identify(&metadata))
    }

    /// An open file, wherever it is now.
    pub(super) fn of_open(file: &File) -> Option<Self> {
        file.metadata().ok().map(|metadata| Self::identify(&metadata))
    }

    #[cfg(unix)]
    fn identify(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }

    /// Elsewhere an open file cannot be replaced.
    #[cfg(not(unix))]
    fn identify(_: &std::fs::Metadata) -> Self {
        Self(0, 0)
    }
}

/// A file, and when it was last written: by a transaction whose pages went into it, or by a program that knows nothing of those and
/// copies a backup over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileState {
    pub(super) id: FileId,
    written: Option<SystemTime>,
    bytes: u64,
}

impl FileState {
    /// The file at the path as it is now.
    ///
    /// # Errors
    /// As [`FileId::of`].
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let metadata = std::fs::metadata(path)
            .map_err(|error| StoreError::Unreachable { store: path.display().to_string(), cause: error.to_string() })?;
        Ok(Self { id: FileId::identify(&metadata), written: metadata.modified().ok(), bytes: metadata.len() })
    }

    /// Whether it was written so lately that whoever wrote it may not be done.
    pub(super) fn is_fresh(self) -> bool {
        self.written.is_some_and(|written| written.elapsed().is_ok_and(|elapsed| elapsed < LONGEST_WAIT))
    }
}

impl GeoPackage {
    /// Waits until this process has written, the file has changed, or a second has gone by.
    pub(super) async fn wait(&self) -> Result<(), StoreError> {
        let started = tokio::time::Instant::now();
        while started.elapsed() < LONGEST_WAIT {
            let (is_written, is_time) =
                self.with("watching the file", |inner| Ok((inner.look()?, inner.begins_to_fold()))).await?;
            if is_time {
                self.fold_beside();
            }
            if is_written {
                return Ok(());
            }
            tokio::select! {
                () = self.inner.written.notified() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        // A quiet moment.
        self.with("storing the units of rows", |inner| {
            inner.settle();
            Ok(())
        })
        .await
    }
}

impl Inner {
    /// Works with the watching connection, on the file that is at the path now.
    pub(super) fn watching<T>(
        &self,
        doing: &str,
        work: impl FnOnce(&mut Watcher) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        // Where it is gone, what is open stays so: it may come back.
        FileId::of(&self.path)?;
        let mut kept = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = |error: rusqlite::Error| connection::fault(&self.path, doing, &error);
        let old = kept.take();
        let here = self.admit(old.as_ref().map(|watcher| &watcher.connection))?;
        let mut watcher = match old {
            Some(watcher) if watcher.here.is_of(here) => watcher,
            old => {
                // That of another file is closed before, and so is the writer if it rests: it would be another one's from now on.
                if old.is_some() {
                    drop(old);
                    self.let_go();
                }
                let connection = connection::reader(&self.path, || self.is_here(here.file.id)).map_err(fault)?;
                Watcher { connection, here, is_touched: true, data_version: None, tables: Tables::default() }
            }
        };
        if watcher.here != here {
            connection::forget_pages(&watcher.connection).map_err(fault)?;
            (watcher.here, watcher.is_touched) = (here, true);
        }
        if watcher.is_touched {
            self.take_a_look(&watcher)?;
        }
        self.keep_what_is_new(&watcher.connection, here.file.id);
        let result = work(&mut watcher).map_err(fault)?;
        *kept = Some(watcher);
        Ok(result)
    }

    /// Sees to it that the file, which was written past the connection, can be read.
    fn take_a_look(&self, watcher: &Watcher) -> Result<(), StoreError> {
        let fault = |error: rusqlite::Error| connection::fault(&self.path, "opening", &error);
        // Where nobody else has the file open this makes the index anew.
        let _ = watcher.connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0));
        if connection::has_log(&watcher.connection) {
            self.keep_beside(watcher.here.file.id);
            if self.is_index_of_another() {
                self.let_go();
                return Err(self.is_copied_over());
            }
        }
        if schema::is_old(&watcher.connection).map_err(fault)? {
            self.make_whole(watcher.here)?;
        }
        Ok(())
    }

    /// Closes the file, if nothing is being written; everyone else who has it open is to do so too.
    fn let_go(&self) {
        if let (Some(mut writer), Ok(closed)) = (self.resting_writer(), Writer::closed()) {
            *writer = closed;
        }
    }

    pub(super) fn is_copied_over(&self) -> StoreError {
        let cause = "a backup was copied over the file while it was open; it is read when all programs have closed it";
        StoreError::Unreachable { store: self.path.display().to_string(), cause: cause.to_owned() }
    }

    /// Makes what a file lacks that was put in the place of ours, or copied over it, and is older.
    fn make_whole(&self, here: Here) -> Result<(), StoreError> {
        if here.file.is_fresh() {
            return Err(self.is_being_written());
        }
        // Whoever writes looks at the file as well, and may wait for us.
        let mut writer = self.resting_writer().ok_or_else(|| self.is_being_written())?;
        *writer = self.open_writer(here, &Patience::of(LONGEST_WAIT))?;
        Ok(())
    }

    pub(super) fn is_being_written(&self) -> StoreError {
        let cause = "another program is writing to the file".to_owned();
        StoreError::Unreachable { store: self.path.display().to_string(), cause }
    }

    /// Whether another connection has written since the last look.
    fn look(&self) -> Result<bool, StoreError> {
        self.watching("watching the file", |watcher| {
            let now = watcher.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
            let is_written = watcher.data_version.replace(now) != Some(now) || watcher.is_touched;
            watcher.is_touched = false;
            if is_written || watcher.tables.is_due() {
                self.refollow(watcher)?;
            }
            Ok(is_written)
        })
    }

    /// Stores the links of rows that other programs wrote, which readers have joined for themselves until now: no new version.
    /// Where another program is writing it is left for later: nobody waits for this.
    fn settle(&self) {
        let Some(mut writer) = self.resting_writer() else { return };
        // Also without rows to settle: a file that was put in the place of ours may have no write-ahead log until it is opened so.
        let opened = self.open_settled(&mut writer);
        if !self.unsettled.swap(false, Ordering::Relaxed) {
            return;
        }
        let settled = match opened {
            Ok(()) => writer.write((self, &Patience::none()), |transaction| self.settle_rows(transaction)),
            Err(_) => Ok(MOST_SETTLED),
        };
        match settled {
            Ok(stored) if stored < MOST_SETTLED => {}
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
                tracing::debug!(%error, "the units of edited rows stay in memory");
            }
            _ => self.unsettled.store(true, Ordering::Relaxed),
        }
    }

    /// Gives the number of rows written.
    fn settle_rows(&self, transaction: Transaction<'_>) -> rusqlite::Result<u64> {
        let (units_version, _) = write::version(&transaction, "units")?;
        let index = self.index(&transaction)?;
        let mut written = 0;
        for layer in schema::live_layers(&transaction)? {
            let (_, joined) = write::version(&transaction, layer.as_str())?;
            // Joining all of a layer takes longer than others should wait: the next import or start does it.
            if joined == units_version && written < MOST_SETTLED {
                let which = Which::Unjoined { most: MOST_SETTLED };
                // Rows that cannot be joined here are joined by whoever can read them.
                let joined = write::attempt(&transaction, || join::join(&transaction, &layer, &index, which))?;
                written += joined.map_or(0, |joined| joined.count);
            }
        }
        write::commit(transaction)?;
        Ok(written)
    }
}
