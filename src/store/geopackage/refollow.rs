//! Follows tables that other programs made anew or altered. A program that replaces a whole table, as `ogr2ogr -overwrite` does, takes
//! our triggers away with the old one, and from then on nobody would be told of what is written; one that drops or renames a column
//! makes other features of the same rows, which no trigger tells either.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction};

use super::columns::Columns;
use super::log::{self, Changed};
use super::schema::{self, table_name};
use super::turn::Patience;
use super::watch::Watcher;
use super::{Inner, write};
use crate::model::{Layer, LayerId};
use crate::store::StoreError;

/// Pause before the next try where another program is writing.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A table that is gone for so long is not being replaced: the layer cannot be read.
const GONE: Duration = Duration::from_secs(5);
/// Pause before the next try with a table that cannot be followed: it is told of each time.
const TRY_AGAIN: Duration = Duration::from_mins(1);

/// What was last seen of the tables.
#[derive(Default)]
pub(super) struct Tables {
    /// `PRAGMA schema_version` of that moment: another one after any table was made or altered.
    schema_version: Option<i64>,
    /// When to look at the same tables once more; none where all is well with them.
    again: Option<Instant>,
    /// Layers whose tables lack triggers of ours, which could not be made.
    unfollowed: Vec<LayerId>,
}

impl Tables {
    pub(super) fn is_due(&self) -> bool {
        self.again.is_some_and(|again| again <= Instant::now())
    }

    /// Why nobody hears of what is written to a layer, where that is so: what is shown of it would be old, and nothing would say so.
    pub(super) fn unheard(&self, layer: &LayerId) -> Option<StoreError> {
        let cause =
            "it lacks triggers of bandoso's, which could not be made: mend the table as the log says, or replace it";
        self.unfollowed
            .contains(layer)
            .then(|| StoreError::Unreadable { layer: layer.to_string(), cause: cause.to_owned() })
    }
}

/// What is not as it was with a layer's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stray {
    /// It is not there: it may be in the midst of being replaced, and one that we made now would be in the way.
    Gone,
    /// It lacks triggers of ours.
    Unfollowed,
    /// It has other columns.
    Altered,
}

impl Inner {
    /// Looks at the tables where any was made or altered since the last look, and follows them again.
    pub(super) fn refollow(&self, watcher: &mut Watcher) -> rusqlite::Result<()> {
        let (connection, tables) = (&watcher.connection, &mut watcher.tables);
        let now = connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
        let is_same = tables.schema_version.replace(now) == Some(now);
        if is_same && !tables.is_due() {
            return Ok(());
        }
        let prepared = self.prepared.read().unwrap_or_else(PoisonError::into_inner);
        let Some(prepared) = prepared.as_ref() else { return Ok(()) };
        let mut strays = Vec::new();
        for layer in &prepared.layers {
            strays.extend(stray(connection, layer)?.map(|stray| (layer, stray)));
        }
        // A table that is gone at first sight is waited for.
        let is_waiting = !is_same && strays.iter().any(|(_, stray)| *stray == Stray::Gone);
        strays.retain(|(_, stray)| is_same || *stray != Stray::Gone);
        let mended = self.mend(&strays);
        tables.again = match mended {
            Ok(()) if is_waiting => Some(Instant::now() + GONE),
            Ok(()) => None,
            Err(pause) => Some(Instant::now() + pause),
        };
        // Where another program is writing, it was not tried yet.
        if mended != Err(LOOK_AGAIN) {
            tables.unfollowed.clear();
            for (layer, _) in strays {
                if stray(connection, layer)? == Some(Stray::Unfollowed) {
                    tables.unfollowed.push(layer.id.clone());
                }
            }
        }
        Ok(())
    }

    /// Follows the tables of these layers as they are now; else gives the pause before the next try.
    fn mend(&self, strays: &[(&Layer, Stray)]) -> Result<(), Duration> {
        if strays.is_empty() {
            return Ok(());
        }
        let mut writer = self.resting_writer().ok_or(LOOK_AGAIN)?;
        self.open_settled(&mut writer).map_err(|_| LOOK_AGAIN)?;
        let mended = writer.write((self, &Patience::none()), |transaction| {
            let mut all = true;
            for (layer, _) in strays {
                all &= mend(&transaction, layer)?;
            }
            write::commit(transaction)?;
            Ok(all)
        });
        match mended {
            Ok(true) => Ok(()),
            Ok(false) => Err(TRY_AGAIN),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Err(LOOK_AGAIN),
            Err(error) => {
                tracing::warn!(%error, "tables that were made anew are not followed");
                Err(TRY_AGAIN)
            }
        }
    }
}

/// What is not as it was with the layer's table; nothing where all is as it was.
fn stray(connection: &Connection, layer: &Layer) -> rusqlite::Result<Option<Stray>> {
    let (columns, noted) =
        (Columns::of(connection, &table_name(&layer.id))?, schema::noted_shape(connection, &layer.id)?);
    let is_noted = noted.is_some_and(|noted| noted == columns.shape());
    if columns.is_empty() {
        return Ok((!is_noted).then_some(Stray::Gone));
    }
    let (there, wanted) = schema::count_triggers(connection, &layer.id)?;
    Ok(match () {
        () if there < wanted => Some(Stray::Unfollowed),
        () if !is_noted => Some(Stray::Altered),
        () => None,
    })
}

/// Follows a layer's table as it is in this transaction: another node may have done so before. Its rows are joined as they are read,
/// and their links stored in quiet moments: nobody waits for this. False where the table cannot be followed yet.
fn mend(transaction: &Transaction<'_>, layer: &Layer) -> rusqlite::Result<bool> {
    let Some(stray) = stray(transaction, layer)? else { return Ok(true) };
    tracing::info!(layer.id = %layer.id, ?stray, "its table was made anew or altered");
    let (before, _) = write::version(transaction, layer.id.as_str())?;
    let mut findings = Vec::new();
    if stray == Stray::Unfollowed {
        match write::attempt(transaction, || schema::prepare_layer(transaction, layer, None))? {
            Ok(of_layer) => findings = of_layer,
            Err(error) => findings.push(schema::unfit(layer, &error)),
        }
    }
    for finding in findings {
        tracing::warn!(layer.id = %layer.id, "{finding}");
    }
    // Also of one that cannot be followed: it is tried to be read, and whoever asks is told that it cannot be. Once, not at each look.
    let is_new = schema::note_shape(transaction, &layer.id)?;
    let (there, wanted) = schema::count_triggers(transaction, &layer.id)?;
    // What was written while a trigger was missing, nobody was told of.
    let is_untold = is_new || (stray == Stray::Unfollowed && there == wanted);
    if is_untold && write::version(transaction, layer.id.as_str())?.0 == before {
        log::record(transaction, layer.id.as_str(), &Changed::Everything)?;
    }
    Ok(there == wanted || stray == Stray::Gone)
}
