//! Reading a layer.

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::Inner;
use super::row::{self, RowFault};
use super::write;
use crate::model::{Feature, Finding, FindingKind, Layer};
use crate::store::StoreError;

/// Features sent at a time.
const BATCH: usize = 4096;
/// Findings of one layer that are listed; the rest is counted.
const MOST_FINDINGS: usize = 1000;

impl Inner {
    /// Sends all features of a layer, from one read transaction; gives its version.
    pub(super) fn load(&self, layer: &Layer, rows: &mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError> {
        let doing = format!("loading {}", layer.id);
        self.reading(&doing, |connection| self.send_features(connection, layer, rows))
    }

    fn send_features(
        &self,
        connection: &mut Connection,
        layer: &Layer,
        sender: &mpsc::Sender<Vec<Feature>>,
    ) -> rusqlite::Result<u64> {
        let transaction = connection.transaction()?;
        let (version, joined) = write::version(&transaction, layer.id.as_str())?;
        let (units_version, _) = write::version(&transaction, "units")?;
        let index = self.index(&transaction)?;
        let (mut left_out, mut emptied) = (0_u64, 0_u64);
        let mut select = transaction.prepare(&row::select(layer))?;
        let mut rows = select.query([])?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = rows.next()? {
            let Ok(mut row) = row::read(layer, row)? else {
                left_out += 1;
                continue;
            };
            emptied += row.misfits.len() as u64;
            if joined != units_version {
                row.links = None;
            }
            batch.push(row.into_feature(|at| index.links(at)));
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if sender.blocking_send(full).is_err() {
                    return Ok(version);
                }
            }
        }
        if left_out + emptied > 0 {
            tracing::warn!(layer = %layer.id, left_out, emptied, "rows written by other programs are not as the layer has them; see `bandoso check`");
        }
        // A receiver that went away has all it wanted.
        let _ = if batch.is_empty() { Ok(()) } else { sender.blocking_send(batch) };
        Ok(version)
    }

    /// Reads a layer for rows that [`Inner::load`] leaves out or empties.
    pub(super) fn check_layer(&self, layer: &Layer) -> Result<Vec<Finding>, StoreError> {
        self.reading(&format!("checking {}", layer.id), |connection| {
            let mut select = connection.prepare(&row::select(layer))?;
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
                findings.push(Finding {
                    kind: FindingKind::UnreadableRow,
                    place: super::schema::table_name(&layer.id),
                    line: None,
                    message: format!("{} more findings like these", found - findings.len()),
                });
            }
            Ok(findings)
        })
    }
}
