//! Reading a layer.

use rusqlite::{Connection, params};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::mpsc;

use super::row::{self, RowFault};
use super::snapshot::{self, Moment};
use super::spans::Spans;
use super::{Inner, connection, schema};
use crate::engine::locate::UnitIndex;
use crate::model::{Feature, Finding, FindingKind, Layer};
use crate::store::StoreError;

/// Features sent at a time.
const BATCH: usize = 4096;
/// Findings of one layer that are listed; the rest is counted.
const MOST_FINDINGS: usize = 1000;

/// A load on its way, shared by its readers.
struct Load<'a> {
    layer: &'a Layer,
    moment: Moment,
    index: &'a UnitIndex,
    spans: Spans,
    /// The receiver has gone, or a reader failed.
    over: AtomicBool,
    left_out: AtomicU64,
    emptied: AtomicU64,
    unjoined: AtomicBool,
}

impl Inner {
    /// Sends all features of a layer, as of one moment; gives its version. A large layer is read by several connections.
    pub(super) fn load(&self, layer: &Layer, rows: &mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError> {
        let doing = format!("loading {}", layer.id);
        let fault = |error: rusqlite::Error| connection::fault(&self.path, &doing, &error);
        let (moment, span, readers) = snapshot::readers(|| self.reader(), layer).map_err(fault)?;
        let Some(first) = readers.first() else { return Ok(moment.version) };
        // A table without rows is no layer either where it lacks what makes one.
        row::select(first, layer).and_then(|select| first.prepare(&select).map(drop)).map_err(fault)?;
        let Some(span) = span else { return Ok(moment.version) };
        let index = self.index(first).map_err(fault)?;
        let load = Load {
            layer,
            moment,
            index: &index,
            spans: Spans::new(span),
            over: AtomicBool::new(false),
            left_out: AtomicU64::new(0),
            emptied: AtomicU64::new(0),
            unjoined: AtomicBool::new(false),
        };
        let failed = Mutex::new(None);
        std::thread::scope(|scope| {
            for reader in readers {
                let (load, failed) = (&load, &failed);
                scope.spawn(move || {
                    if let Err(error) = load.read(&reader, rows) {
                        load.over.store(true, Ordering::Relaxed);
                        *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                    }
                });
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            return Err(fault(error));
        }
        let (left_out, emptied) = (load.left_out.into_inner(), load.emptied.into_inner());
        if left_out + emptied > 0 {
            tracing::warn!(layer = %layer.id, left_out, emptied, "rows written by other programs are not as the layer has them; see `bandoso check`");
        }
        if load.unjoined.into_inner() {
            self.unsettled.store(true, Ordering::Relaxed);
        }
        Ok(load.moment.version)
    }

    /// Reads a layer for rows that [`Inner::load`] leaves out or empties.
    pub(super) fn check_layer(&self, layer: &Layer) -> Result<Vec<Finding>, StoreError> {
        self.reading(&format!("checking {}", layer.id), |connection| {
            let mut select = connection.prepare(&row::select(connection, layer)?)?;
            let mut rows = select.query([])?;
            let (mut findings, mut found) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                let of_row = match row::read(layer, row)? {
                    Ok(row) => row::misfit_findings(layer, &row),
                    Err(fault) => vec![RowFault::finding(fault, layer)],
                };
                found += of_row.len();
                findings.extend(of_row.into_iter().take(MOST_FINDINGS - findings.len()));
            }
            if found > findings.len() {
                findings.push(Finding::new(
                    FindingKind::UnreadableRow,
                    schema::table_name(&layer.id),
                    format!("{} more findings like these", found - findings.len()),
                ));
            }
            Ok(findings)
        })
    }
}

impl Load<'_> {
    /// Reads spans of ids until none is left.
    fn read(&self, reader: &Connection, sender: &mpsc::Sender<Vec<Feature>>) -> rusqlite::Result<()> {
        let select = row::select(reader, self.layer)?;
        let mut select = reader.prepare(&format!("{select} WHERE _rowid_ BETWEEN ?1 AND ?2 ORDER BY _rowid_"))?;
        while let Some(mut taken) = self.spans.take() {
            let mut rows = select.query(params![taken.span.first, taken.span.last])?;
            let mut batch = Vec::with_capacity(BATCH);
            while let Some(row) = rows.next()? {
                let id: i64 = row.get(0)?;
                // The rest was given to another reader meanwhile.
                if id > taken.span.last {
                    break;
                }
                let Ok(mut row) = row::read(self.layer, row)? else {
                    self.left_out.fetch_add(1, Ordering::Relaxed);
                    continue;
                };
                if !row.misfits.is_empty() {
                    self.emptied.fetch_add(row.misfits.len() as u64, Ordering::Relaxed);
                }
                if !self.moment.links_hold {
                    row.links = None;
                } else if row.links.is_none() {
                    self.unjoined.store(true, Ordering::Relaxed);
                }
                batch.push(row.into_feature(|at| self.index.links(at)));
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    if self.over.load(Ordering::Relaxed) || sender.blocking_send(full).is_err() {
                        self.over.store(true, Ordering::Relaxed);
                        return Ok(());
                    }
                    taken.share(id);
                }
            }
            // A receiver that went away has all it wanted.
            let _ = if batch.is_empty() { Ok(()) } else { sender.blocking_send(batch) };
        }
        Ok(())
    }
}
