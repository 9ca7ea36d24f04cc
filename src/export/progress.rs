use std::sync::atomic::{AtomicU64, Ordering};

/// How far an export is: written by whoever writes the file, looked at by whoever shows it.
#[derive(Debug, Default)]
pub struct ExportProgress {
    done: AtomicU64,
    total: AtomicU64,
}

impl ExportProgress {
    /// Features (or tiles) written.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How many there will be; 0 until it is known.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn add(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }
}
