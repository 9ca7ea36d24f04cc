//! Folding the log into the file soon after anybody wrote. SQLite leaves it where it is for as long as anybody has the file open, as
//! we always have: whoever copied the file alone would miss the last edits, and a file that is put in its place would meet their log.

use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;

use super::beside::named;
use super::{GeoPackage, Inner};

/// A log that grows is left to its writer for so long.
const QUIET: Duration = Duration::from_millis(300);
/// But no longer than this: under a steady stream of writes it is folded as often.
const LATEST: Duration = Duration::from_secs(2);
/// Pause after a try that found somebody reading or writing.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What was last seen of the log.
#[derive(Default)]
pub(super) struct LogState {
    /// Its size and time; none where it is empty.
    seen: Option<(u64, Option<SystemTime>)>,
    /// When it was first seen with something in it, and when it last grew.
    since: Option<(Instant, Instant)>,
    /// Not before.
    not_before: Option<Instant>,
    is_folding: bool,
}

impl LogState {
    /// Looks at the log; tells whether it is to be folded now.
    fn look(&mut self, path: &Path) -> bool {
        let log = std::fs::metadata(named(path, "-wal")).ok().filter(|log| log.len() > 0);
        let Some(log) = log else {
            (self.seen, self.since) = (None, None);
            return false;
        };
        let (seen, now) = (Some((log.len(), log.modified().ok())), Instant::now());
        let (first, mut grown) = self.since.unwrap_or((now, now));
        if self.seen != seen {
            grown = now;
        }
        (self.seen, self.since) = (seen, Some((first, grown)));
        let is_time = now - grown >= QUIET || now - first >= LATEST;
        is_time && !self.is_folding && self.not_before.is_none_or(|then| then <= now)
    }
}

/// Puts the log into the file and empties it, waiting for nobody; false where somebody is in the way.
pub(super) fn fold(connection: &Connection) -> rusqlite::Result<bool> {
    connection.busy_timeout(Duration::ZERO)?;
    let checkpoint = |sql| {
        connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
    };
    // Writers go on while this does the most of it; without a log all three are nothing to speak of.
    let (_, frames, in_file) = checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
    if frames != in_file {
        return Ok(false);
    }
    // This keeps them out for a moment.
    let (busy, ..) = checkpoint("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(busy == 0)
}

impl GeoPackage {
    /// Folds the log, beside whatever else goes on.
    pub(super) fn fold_beside(&self) {
        let inner = std::sync::Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.fold_log());
    }
}

impl Inner {
    /// Whether it is time to fold the log; whoever asks does it then.
    pub(super) fn begins_to_fold(&self) -> bool {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = log.look(&self.path);
        log.is_folding |= is_time;
        is_time
    }

    fn fold_log(&self) {
        let folded = self.reader().and_then(|connection| fold(&connection));
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.is_folding = false;
        let is_empty = matches!(folded, Ok(true));
        log.not_before = (!is_empty).then(|| Instant::now() + TRY_AGAIN);
        if is_empty {
            // What is in it at the next look is new, also where nobody saw it empty.
            (log.seen, log.since) = (None, None);
        }
    }
}
