//! Noticing that the file changed, whoever changed it.

use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode};

use super::join::{self, Which};
use super::refollow::Tables;
use super::{GeoPackage, Inner, Writer, connection, schema, wal_index, write};
use crate::store::StoreError;

/// Between two looks at the file for writes of other programs. A look takes some 5 µs, and a change of threads.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A wait without news is over after this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Rows whose links are stored at a time: other programs wait no longer than that takes, some hundred milliseconds.
const MOST_SETTLED: u64 = 20_000;

/// The connection that watches, kept open.
pub(super) struct Watcher {
    pub(super) connection: Connection,
    file: FileState,
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

impl Writer {
    /// One that has no file open until it is to write.
    pub(super) fn closed() -> Result<Self, StoreError> {
        let fault =
            |error: rusqlite::Error| StoreError::Fault { doing: "closing".to_owned(), cause: error.to_string() };
        Ok(Self { connection: Connection::open_in_memory().map_err(fault)?, file: FileState::NOWHERE })
    }

    /// Writes, unless another program is writing: that is nothing to wait for.
    pub(super) fn without_waiting<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let done = work(&mut self.connection);
        self.connection.busy_timeout(connection::WRITE_WAIT)?;
        done
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
    /// That of a writer that has none open.
    const NOWHERE: Self = Self { id: FileId(u64::MAX, u64::MAX), written: None, bytes: 0 };

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
    fn is_fresh(self) -> bool {
        self.written.is_some_and(|written| written.elapsed().is_ok_and(|elapsed| elapsed < LONGEST_WAIT))
    }
}

impl GeoPackage {
    /// Waits until this process has written, the file has changed, or a second has gone by.
    pub(super) async fn wait(&self) -> Result<(), StoreError> {
        let started = tokio::time::Instant::now();
        while started.elapsed() < LONGEST_WAIT {
            if self.with("watching the file", Inner::look).await? {
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
        let file = FileState::of(&self.path)?;
        let mut kept = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = |error: rusqlite::Error| connection::fault(&self.path, doing, &error);
        let mut watcher = match kept.take() {
            Some(watcher) if watcher.file.id == file.id => watcher,
            _ => {
                let connection = connection::reader(&self.path).map_err(fault)?;
                Watcher { connection, file, is_touched: true, data_version: None, tables: Tables::default() }
            }
        };
        if watcher.file != file {
            connection::forget_pages(&watcher.connection).map_err(fault)?;
            (watcher.file, watcher.is_touched) = (file, true);
        }
        // Where nobody else has the file open this makes the index anew.
        if watcher.is_touched {
            let _ = watcher.connection.pragma_query_value(None, "schema_version", |row| row.get::<_, i64>(0));
        }
        if watcher.is_touched && wal_index::is_of_another(&self.path) {
            self.let_go();
            return Err(self.is_copied_over());
        }
        if watcher.is_touched && schema::is_old(&watcher.connection).map_err(fault)? {
            self.make_whole(file)?;
        }
        let result = work(&mut watcher).map_err(fault)?;
        *kept = Some(watcher);
        Ok(result)
    }

    /// Closes the file; everyone else who has it open is to do so too.
    fn let_go(&self) {
        if let (Ok(mut writer), Ok(closed)) = (self.writer.try_lock(), Writer::closed()) {
            *writer = closed;
        }
    }

    pub(super) fn is_copied_over(&self) -> StoreError {
        let cause = "a backup was copied over the file while it was open; it is read when all programs have closed it";
        StoreError::Unreachable { store: self.path.display().to_string(), cause: cause.to_owned() }
    }

    /// Makes what a file lacks that was put in the place of ours, or copied over it, and is older.
    fn make_whole(&self, file: FileState) -> Result<(), StoreError> {
        if file.is_fresh() {
            return Err(self.is_being_written());
        }
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        *writer = Writer { connection: connection::writer(&self.path)?, file };
        Ok(())
    }

    /// As [`Inner::open_anew`] for what can wait: not while another program may be copying something over the file.
    pub(super) fn open_settled(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let file = FileState::of(&self.path)?;
        if writer.file != file && file.is_fresh() { Err(self.is_being_written()) } else { self.open_anew(writer) }
    }

    fn is_being_written(&self) -> StoreError {
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
        if !self.unsettled.swap(false, Ordering::Relaxed) {
            return;
        }
        let settled = match self.writer.try_lock() {
            Ok(mut writer) => match self.open_settled(&mut writer) {
                Ok(()) => writer.without_waiting(|connection| self.settle_rows(connection)),
                Err(_) => Ok(MOST_SETTLED),
            },
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
    fn settle_rows(&self, writer: &mut Connection) -> rusqlite::Result<u64> {
        let transaction = write::begin(writer)?;
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
