//! What changed since a version.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, Transaction};

use super::watch::FileId;
use super::{Inner, connection, log, row, stamps, units, write};
use crate::model::Layer;
use crate::store::{Changes, LayerChange, StoreError};

impl Inner {
    /// What became of the units and layers since these versions, in one read transaction.
    pub(super) fn changes(&self, units: u64, layers: &[(Arc<Layer>, u64)]) -> Result<Changes, StoreError> {
        let file = FileId::of(&self.path)?;
        // Versions of the file that was here before say nothing of this one.
        let replaced = *self.followed.lock().unwrap_or_else(PoisonError::into_inner) != file;
        let changes = self.watching("asking what changed", |watcher| {
            let transaction = watcher.connection.transaction()?;
            let mut changes = Changes::default();
            let (units_version, _) = write::version(&transaction, "units")?;
            let is_another = stamps::look(&self.stamps, &transaction, "units", (units, units_version))?;
            if replaced || is_another || units_version != units {
                changes.units = Some(units::read_table(&transaction)?);
            }
            for (layer, held) in layers {
                let unheard = watcher.tables.unheard(&layer.id);
                let change = match self.change(&transaction, layer, (*held, units_version)) {
                    _ if replaced => Some(LayerChange::Reload),
                    Ok(None) => unheard.map(LayerChange::Unreadable),
                    // One layer's table does not keep the others from being followed.
                    Err(error) if connection::is_of_one_layer(&error) => {
                        let doing = format!("loading what changed of {}", layer.id);
                        Some(LayerChange::Unreadable(connection::fault(&self.path, &doing, &error)))
                    }
                    change => change?,
                };
                changes.layers.extend(change.map(|change| (layer.id.clone(), change)));
            }
            Ok(changes)
        })?;
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = file;
        Ok(changes)
    }

    /// What became of a layer since the version that is held; none where nothing did.
    fn change(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        (held, units_version): (u64, u64),
    ) -> rusqlite::Result<Option<LayerChange>> {
        let (version, joined) = write::version(transaction, layer.id.as_str())?;
        if stamps::look(&self.stamps, transaction, layer.id.as_str(), (held, version))? {
            return Ok(Some(LayerChange::Reload));
        }
        if version == held {
            return Ok(None);
        }
        Ok(Some(match log::since(transaction, layer.id.as_str(), (held, version))? {
            Some(ids) => self.rows(transaction, layer, (version, joined == units_version), &ids)?,
            None => LayerChange::Reload,
        }))
    }

    /// The rows with these ids, as far as they are features: the others are deleted. Rows without links, or with links of other
    /// units than now, are joined here.
    fn rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        (version, links_hold): (u64, bool),
        ids: &BTreeSet<i64>,
    ) -> rusqlite::Result<LayerChange> {
        let connection: &Connection = transaction;
        let mut select =
            connection.prepare_cached(&format!("{} WHERE _rowid_ = ?1", row::select(connection, layer)?))?;
        let (mut upserted, mut deleted, mut unjoined) = (Vec::new(), Vec::new(), false);
        let mut index = None;
        for id in ids {
            // Negative ids were never features.
            let Ok(feature_id) = u64::try_from(*id) else { continue };
            let mut found = select.query([id])?;
            let read = match found.next()? {
                Some(row) => row::read(layer, row)?.ok(),
                None => None,
            };
            let Some(mut row) = read else {
                deleted.push(feature_id);
                continue;
            };
            if !links_hold {
                row.links = None;
            }
            if row.links.is_none() && index.is_none() {
                index = Some(self.index(connection)?);
            }
            unjoined |= row.links.is_none() && links_hold;
            let join = |at| index.as_ref().map_or_else(Vec::new, |index| index.links(at));
            upserted.push(row.into_feature(join));
        }
        if unjoined {
            self.unsettled.store(true, Ordering::Relaxed);
        }
        Ok(LayerChange::Rows { version, upserted, deleted })
    }
}
