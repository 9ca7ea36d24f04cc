//! The keys under which senders know their features.

use std::collections::HashMap;

use rusqlite::OptionalExtension as _;

use super::Inner;
use super::schema::{quoted, table_name};
use crate::model::LayerId;
use crate::store::StoreError;

impl Inner {
    /// Those of some features, by their ids.
    pub(super) fn keys(&self, layer: &LayerId, ids: &[u64]) -> Result<HashMap<u64, String>, StoreError> {
        self.reading(&format!("reading senders' keys of {layer}"), |connection| {
            let select = format!(
                "SELECT source_id FROM {} WHERE _rowid_ = ?1 AND typeof(source_id) = 'text'",
                quoted(&table_name(layer))
            );
            let mut select = connection.prepare(&select)?;
            let mut keys = HashMap::new();
            for id in ids {
                let Ok(number) = i64::try_from(*id) else { continue };
                if let Some(key) = select.query_row([number], |row| row.get(0)).optional()? {
                    keys.insert(*id, key);
                }
            }
            Ok(keys)
        })
    }
}
