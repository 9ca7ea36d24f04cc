//! The keys under which senders know their features.

use std::collections::HashMap;

use super::PostGis;
use super::columns::quoted_table;
use crate::model::Layer;
use crate::store::StoreError;

impl PostGis {
    /// Those of some features, by their ids. A published table has no column of ours.
    pub(super) async fn read_keys(&self, layer: &Layer, ids: &[u64]) -> Result<HashMap<u64, String>, StoreError> {
        if layer.published.is_some() {
            return Ok(HashMap::new());
        }
        let ids: Vec<i64> = ids.iter().filter_map(|id| i64::try_from(*id).ok()).collect();
        let table = quoted_table(layer.id.as_str());
        let ask = format!("SELECT id, source_id FROM {table} WHERE id = ANY ($1) AND source_id IS NOT NULL");
        let asked = async {
            let client = self.borrow().await?;
            let rows = client.query(&ask, &[&ids]).await;
            rows.map_err(self.address.failed(format!("reading senders' keys of {}", layer.id)))
        };
        let rows = tokio::time::timeout(self.settings.statement_timeout, asked)
            .await
            .map_err(|_| self.address.unreachable("it did not tell senders' keys in time"))??;
        Ok(rows.iter().map(|row| (row.get::<_, i64>(0).unsigned_abs(), row.get(1))).collect())
    }
}
