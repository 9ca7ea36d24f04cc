//! The connection that writes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, TryLockError};

use rusqlite::{Connection, ErrorCode, Transaction};

use super::beside::Here;
use super::turn::Patience;
use super::watch::{FileId, FileState};
use super::{Inner, connection, fold, write};
use crate::store::StoreError;

/// The connection, and the file that it is open on; none where that is not known.
pub(super) struct Writer {
    connection: Connection,
    here: Option<Here>,
}

impl Writer {
    pub(super) fn new(connection: Connection, here: Here) -> Self {
        Self { connection, here: Some(here) }
    }

    /// One that has no file open until it is to write.
    pub(super) fn closed() -> Result<Self, StoreError> {
        let fault =
            |error: rusqlite::Error| StoreError::Fault { doing: "closing".to_owned(), cause: error.to_string() };
        Ok(Self { connection: Connection::open_in_memory().map_err(fault)?, here: None })
    }

    /// Whether it is open on this file.
    pub(super) fn is_open_on(&self, now: Here) -> bool {
        self.here.is_some_and(|here| here.is_of(now))
    }

    /// Whether it is open on this file, which nobody has written past it.
    pub(super) fn is_as(&self, now: Here) -> bool {
        self.here == Some(now)
    }

    /// Writes one transaction. It falls where at its end nobody waits for it, or the file is not at the path any more: what is written
    /// to a file that was replaced would be lost, and may destroy the one that is there now.
    pub(super) fn write<T>(
        &mut self,
        (inner, patience): (&Inner, &Patience),
        work: impl FnOnce(Transaction<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let (path, epoch, caller) = (inner.path.clone(), Arc::clone(&inner.epoch), patience.caller());
        let here = self.here.map(|here| (here.file.id, here.epoch));
        let falls = move || {
            let now = FileId::at(&path).map(|id| (id, epoch.load(Ordering::SeqCst)));
            caller.is_cancelled() || now != here
        };
        self.connection.commit_hook(Some(falls))?;
        let done = write::begin(&self.connection, patience).and_then(work);
        self.connection.commit_hook(None::<fn() -> bool>)?;
        done
    }
}

impl Inner {
    /// Works in a transaction of the writing connection, which falls where it is not committed.
    pub(super) fn writing<T>(
        &self,
        (doing, patience): (&str, &Patience),
        work: impl FnOnce(Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if patience.has_gone() {
            return Err(self.in_use(doing));
        }
        self.open_anew(&mut writer, patience)?;
        let done = writer.write((self, patience), work);
        let result = done.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::OperationInterrupted) if patience.has_gone() => {
                self.in_use(doing)
            }
            _ if !self.is_writers(&writer) => self.is_replaced(doing),
            _ => connection::fault(&self.path, doing, &error),
        })?;
        // Where somebody is reading or writing a later look does it.
        let _ = fold::fold(&writer.connection);
        if let Some(here) = &mut writer.here {
            // What is committed is done, whatever became of the file's name since.
            here.file = FileState::of(&self.path).ok().filter(|now| now.id == here.file.id).unwrap_or(here.file);
        }
        self.written.notify_one();
        Ok(result)
    }

    /// The writer, unless it is writing. What a panic left of it is opened or rolled back as after any failure.
    pub(super) fn resting_writer(&self) -> Option<MutexGuard<'_, Writer>> {
        match self.writer.try_lock() {
            Ok(writer) => Some(writer),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn is_writers(&self, writer: &Writer) -> bool {
        FileId::at(&self.path) == writer.here.map(|here| here.file.id)
    }

    fn in_use(&self, doing: &str) -> StoreError {
        let cause = format!("{doing}: whoever asked has gone; nothing was written");
        StoreError::InUse { store: self.path.display().to_string(), cause }
    }

    fn is_replaced(&self, doing: &str) -> StoreError {
        let cause = format!("{doing}: another file was put in its place meanwhile; nothing was written");
        StoreError::Unreachable { store: self.path.display().to_string(), cause }
    }

    /// Opens the file that is at the path now for writing.
    pub(super) fn open_writer(&self, here: Here, patience: &Patience) -> Result<Writer, StoreError> {
        let connection = connection::writer_anew(&self.path, patience.left(), || self.is_here(here.file.id))?;
        self.keep_beside(here.file.id);
        Ok(Writer::new(connection, here))
    }

    /// Writes on to the file that is at the path now.
    pub(super) fn open_anew(&self, writer: &mut Writer, patience: &Patience) -> Result<(), StoreError> {
        let here = self.admit(Some(&writer.connection))?;
        if writer.is_as(here) {
            return Ok(());
        }
        if writer.is_open_on(here) {
            let fault = |error| connection::fault(&self.path, "writing", &error);
            connection::forget_pages(&writer.connection).map_err(fault)?;
            writer.here = Some(here);
        } else {
            // Not two at a time: the old one is closed before.
            *writer = Writer::closed()?;
            *writer = self.open_writer(here, patience)?;
        }
        if self.is_index_of_another() {
            *writer = Writer::closed()?;
            return Err(self.is_copied_over());
        }
        Ok(())
    }

    /// As [`Inner::open_anew`] for what can wait: not while another program may be copying something over the file.
    pub(super) fn open_settled(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let here = self.admit(Some(&writer.connection))?;
        if !writer.is_as(here) && here.file.is_fresh() {
            return Err(self.is_being_written());
        }
        self.open_anew(writer, &Patience::none())
    }
}
