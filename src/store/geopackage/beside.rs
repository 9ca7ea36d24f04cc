//! What lies beside the file: its write-ahead log (`-wal`) and the index of that (`-shm`), which belong to it by their names alone.
//!
//! Where another file is moved to the path, SQLite takes the log that lies there for the new file's and plays it in, which destroys
//! it (<https://www.sqlite.org/howtocorrupt.html>, 1.4). So what belonged to the file that was open here goes before the other one is
//! opened, and what came along with that one stays.

use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::watch::{FileId, FileState};
use super::{Inner, connection, fold, wal_index};
use crate::store::StoreError;

/// The log and its index of the file that is open. They are held open as well: so their numbers are given to no other file. And of
/// the index no descriptor is ever closed while SQLite has it open, for that would give up all locks of this process on it.
pub(super) struct Beside {
    /// Whose they are.
    file: FileId,
    log: Option<File>,
    index: Option<File>,
    /// The indices of the files before: who reads or writes one of those has not ended with it yet.
    before: VecDeque<File>,
}

/// Longest wait for another bandoso that removes the same.
const LOCK_WAIT: Duration = Duration::from_secs(1);
/// Indices of files before that are held open: nobody reads one for so long.
const HELD_BEFORE: usize = 8;

/// The file at the path, which may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Here {
    pub(super) file: FileState,
    /// Which file of those that were at the path since the start.
    pub(super) epoch: u64,
}

impl Here {
    /// Whether a connection that was opened then is one to the file of now.
    pub(super) fn is_of(self, now: Self) -> bool {
        (self.file.id, self.epoch) == (now.file.id, now.epoch)
    }
}

/// The name of what lies beside the file; beside the one that a link leads to, as SQLite has it.
pub(super) fn named(path: &Path, suffix: &str) -> PathBuf {
    let mut name = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(suffix);
    name.into()
}

impl Beside {
    pub(super) fn of(file: FileId) -> Self {
        Self { file, log: None, index: None, before: VecDeque::new() }
    }

    /// Nothing of what is known is that of the file which is at the path now.
    fn begin_anew(&mut self, file: FileId) {
        let index = self.index.take();
        self.hold(index);
        *self = Self { before: std::mem::take(&mut self.before), ..Self::of(file) };
    }

    /// Holds an index open for a while that is not that of the open file: SQLite may have it open as well.
    fn hold(&mut self, index: Option<File>) {
        self.before.extend(index);
        self.before.drain(..self.before.len().saturating_sub(HELD_BEFORE));
    }

    fn all(&self, path: &Path) -> [(PathBuf, Option<&File>); 2] {
        [(named(path, "-wal"), self.log.as_ref()), (named(path, "-shm"), self.index.as_ref())]
    }

    /// Removes them where they lie at the path still.
    fn remove(&self, path: &Path) -> io::Result<()> {
        // Another bandoso that had the file open does the same. What it makes for the new file is not to be removed by us: each looks
        // and removes under a lock of the old log, and opens nothing before.
        let lock = self.log.as_ref().or(self.index.as_ref());
        let is_locked = lock.map_or(Ok(false), locked)?;
        let removed = self.all(path).into_iter().try_for_each(|(name, ours)| match ours {
            Some(ours) if FileId::at(&name).is_some_and(|now| FileId::of_open(ours) == Some(now)) => {
                std::fs::remove_file(&name)
                    .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
            }
            _ => Ok(()),
        });
        if let Some(file) = lock.filter(|_| is_locked) {
            // It falls at the latest when the file is closed.
            let _ = file.unlock();
        }
        removed
    }

    /// The first bytes of the index.
    pub(super) fn index_head<const N: usize>(&self) -> Option<[u8; N]> {
        let (mut index, mut head) = (self.index.as_ref()?, [0; N]);
        index.seek(SeekFrom::Start(0)).ok()?;
        index.read_exact(&mut head).ok()?;
        Some(head)
    }
}

/// Locks a file; false where there are no such locks: nobody else does the same at the same moment, most likely. An error where
/// somebody keeps it locked: then it is tried again later.
fn locked(file: &File) -> io::Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(_)) => return Ok(false),
            Err(TryLockError::WouldBlock) if begun.elapsed() > LOCK_WAIT => return Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT / 50),
        }
    }
}

/// The file of that name, opened, where it is another one than is kept.
fn other(kept: Option<&File>, name: &Path) -> Option<File> {
    let now = FileId::at(name)?;
    let is_kept = kept.is_some_and(|kept| FileId::of_open(kept) == Some(now));
    (!is_kept).then(|| File::open(name).ok())?
}

impl Inner {
    /// Makes sure that the file at the path may be opened, see above. A connection to the file that was there before puts what is in
    /// the log into that file, which somebody may have kept under another name.
    pub(super) fn admit(&self, old: Option<&Connection>) -> Result<Here, StoreError> {
        // Looked at under the lock: who saw an earlier file would take the log of this one for that one's.
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        let file = FileState::of(&self.path)?;
        if beside.file != file.id {
            if let Some(old) = old {
                // Where somebody is reading the old file the rest stays out.
                let _ = fold::fold(old);
            }
            beside.remove(&self.path).map_err(|error| {
                let cause = format!("the log of the file that was here before cannot be removed: {error}");
                StoreError::Unreachable { store: self.path.display().to_string(), cause }
            })?;
            beside.begin_anew(file.id);
            self.epoch.fetch_add(1, Ordering::SeqCst);
        }
        Ok(Here { file, epoch: self.epoch.load(Ordering::SeqCst) })
    }

    /// Whether this file is at the path, and the one of now.
    pub(super) fn is_here(&self, id: FileId) -> bool {
        FileId::at(&self.path) == Some(id)
    }

    /// Keeps what lies beside the file, after a connection was opened that read from it: then it is what SQLite has open.
    pub(super) fn keep_beside(&self, file: FileId) {
        let mut beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        if beside.file == file {
            let [log, index] = beside.all(&self.path).map(|(name, kept)| other(kept, &name));
            // Another file that came meanwhile may have brought its own.
            if self.is_here(file) {
                beside.log = log.or_else(|| beside.log.take());
                let replaced = index.and_then(|index| beside.index.replace(index));
                beside.hold(replaced);
            } else {
                beside.hold(index);
            }
        }
    }

    /// As [`Inner::keep_beside`] where there was nothing to keep until now: another program may have given the file a log.
    pub(super) fn keep_what_is_new(&self, connection: &Connection, file: FileId) {
        let is_missing = {
            let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
            beside.log.is_none() || beside.index.is_none()
        };
        if is_missing && connection::has_log(connection) {
            self.keep_beside(file);
        }
    }

    /// A connection for reading, of the file that is at the path now.
    pub(super) fn reader(&self) -> rusqlite::Result<Connection> {
        let now = FileId::at(&self.path);
        if now != Some(self.beside.lock().unwrap_or_else(PoisonError::into_inner).file) {
            // Whoever watches has a connection to the file of before.
            self.watching("opening", |_| Ok(())).map_err(|error| connection::away(&error.to_string()))?;
        }
        let here = self.admit(None).map_err(|error| connection::away(&error.to_string()))?;
        connection::reader(&self.path, || self.is_here(here.file.id))
    }

    /// Whether the index is of a file of another size.
    pub(super) fn is_index_of_another(&self) -> bool {
        let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
        wal_index::is_of_another(&beside, &self.path)
    }
}
