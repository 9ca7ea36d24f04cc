//! What changed since some versions: the ids that the log has noted, and the rows that they have now.

use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::{GenericClient, Object, Transaction};
use futures_util::TryStreamExt;
use tokio_postgres::IsolationLevel;
use tokio_postgres::types::ToSql;

use super::PostGis;
use super::hold::Tables;
use super::published::{self, Joiner, Read};
use super::row;
use crate::model::{Feature, Layer, LayerId, Residency};
use crate::store::{Changes, LayerChange, StoreError};

/// Most ids of one layer that are read at a time; with more the layer is loaded whole. As `bandoso.most_ids()`: the log notes no
/// more of one statement, and keeps no more of one layer.
const MOST_IDS: i64 = 200_000;

/// A layer, or the units, whose version is not the one held.
struct Moved {
    name: String,
    version: i64,
    /// The log has all versions between.
    is_logged: bool,
    /// How many ids are noted there, or more than [`MOST_IDS`].
    ids: i64,
    /// Of the version.
    stamp: String,
    /// The database was restored: the held version is another than it was.
    is_another: bool,
}

/// Why to ask once more what changed.
enum Again {
    /// This layer cannot be read.
    Without(LayerId, StoreError),
    /// These moved as well, and their tables are to be held too.
    Holding(Vec<Arc<Layer>>),
}

/// Whether a layer moved.
fn is_among(moved: &[Moved], layer: &Layer) -> bool {
    moved.iter().any(|moved| moved.name == layer.id.as_str())
}

impl PostGis {
    /// What changed, as of one moment. One statement where nothing did.
    pub(super) async fn read_changes(&self, units: u64, held: &[(Arc<Layer>, u64)]) -> Result<Changes, StoreError> {
        let ask = async {
            let client = self.borrow().await?;
            let moved = self.moved(&client, units, held).await?;
            Ok((client, moved))
        };
        // A server that takes the question and never answers is away too.
        let (mut client, moved) = tokio::time::timeout(self.settings.statement_timeout, ask)
            .await
            .map_err(|_| self.address.unreachable("it did not tell in time what changed"))??;
        let lost = held.iter().filter_map(|(layer, _)| Some((layer.id.clone(), self.refollowing.why_lost(layer)?)));
        let mut unreadable: Vec<(LayerId, StoreError)> = lost.collect();
        let mut changes = Changes::default();
        let first = held.iter().map(|(layer, _)| layer).filter(|layer| is_among(&moved, layer));
        let mut to_read: Vec<Arc<Layer>> = first.cloned().collect();
        while !moved.is_empty() {
            let tables = self.tables_to_hold(&client, &to_read.iter().map(Arc::as_ref).collect::<Vec<_>>()).await?;
            match self.changes_of(&mut client, (units, held), (&tables, &unreadable)).await? {
                Ok(found) => {
                    changes = found;
                    break;
                }
                // The transaction ended with it: once more, without this layer, or with these.
                Err(Again::Without(layer, fault)) => unreadable.push((layer, fault)),
                Err(Again::Holding(layers)) => to_read.extend(layers),
            }
        }
        changes.layers.extend(unreadable.into_iter().map(|(id, fault)| (id, LayerChange::Unreadable(fault))));
        Ok(changes)
    }

    /// What changed but of some layers, while the tables of others are held; or why to ask again.
    async fn changes_of(
        &self,
        client: &mut Object,
        (units, held): (u64, &[(Arc<Layer>, u64)]),
        (tables, unreadable): (&Tables, &[(LayerId, StoreError)]),
    ) -> Result<Result<Changes, Again>, StoreError> {
        let failed = || self.address.failed("asking what changed");
        let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let transaction = transaction.read_only(true).start().await.map_err(failed())?;
        let is_unreadable = |layer: &LayerId| unreadable.iter().any(|(id, _)| id == layer);
        for (layer, table) in tables.iter().filter(|(layer, _)| !is_unreadable(layer)) {
            match self.hold(&transaction, (layer, table.as_ref())).await {
                Err(fault @ StoreError::Fault { .. }) => return Ok(Err(Again::Without(layer.clone(), fault))),
                held => held?,
            }
        }
        self.begin_reading(&transaction).await?;
        let moved = self.moved(&transaction, units, held).await?;
        let readable = || held.iter().filter(|(layer, _)| !is_unreadable(&layer.id));
        let others = readable().filter(|(layer, _)| is_among(&moved, layer) && !tables.contains_key(&layer.id));
        let others: Vec<Arc<Layer>> = others.map(|(layer, _)| Arc::clone(layer)).collect();
        if !others.is_empty() {
            return Ok(Err(Again::Holding(others)));
        }
        let mut changes = Changes::default();
        if moved.iter().any(|moved| moved.name == "units") {
            // Kept by their version, which may have been given to others.
            self.index.store(None);
            changes.units = Some(self.units_of(&transaction).await?);
        }
        for (layer, version) in readable() {
            let moved = moved.iter().find(|moved| moved.name == layer.id.as_str());
            // Links of a published layer are made when it is read.
            if layer.published.is_some() && changes.units.is_some() {
                changes.rejoined.push(layer.id.clone());
            }
            if layer.residency == Residency::Database {
                // Nobody holds its rows: its version is all there is to tell.
                if let Some(moved) = moved {
                    let (version, upserted, deleted) = (moved.version.unsigned_abs(), Vec::new(), Vec::new());
                    let rows = LayerChange::Rows { version, upserted, deleted };
                    changes.layers.push((layer.id.clone(), if moved.is_another { LayerChange::Reload } else { rows }));
                }
                continue;
            }
            let change = match moved {
                None => continue,
                Some(moved) if !moved.is_another && moved.is_logged && moved.ids <= MOST_IDS => {
                    match self.changed_rows(&transaction, layer, *version, moved.version).await {
                        Err(fault @ StoreError::Fault { .. }) => {
                            return Ok(Err(Again::Without(layer.id.clone(), fault)));
                        }
                        rows => rows?,
                    }
                }
                _ => LayerChange::Reload,
            };
            changes.layers.push((layer.id.clone(), change));
        }
        transaction.commit().await.map_err(failed())?;
        for Moved { name, version, stamp, is_another, .. } in moved {
            if is_another {
                tracing::warn!(store = self.address.0, name, version, "the database was restored: loading anew");
            }
            self.stamps.keep(&name, version, stamp);
        }
        Ok(Ok(changes))
    }

    async fn moved(
        &self,
        client: &impl GenericClient,
        units: u64,
        held: &[(Arc<Layer>, u64)],
    ) -> Result<Vec<Moved>, StoreError> {
        let failed = || self.address.failed("asking what changed");
        let prepared = self.prepared();
        let held = held.iter().map(|(layer, version)| (layer.id.as_str(), *version));
        let held = held.filter(|(layer, _)| prepared.layers.iter().any(|known| known == layer));
        let held: Vec<(&str, i64)> =
            std::iter::once(("units", units)).chain(held).map(|(name, version)| (name, stored(version))).collect();
        let (names, versions): (Vec<&str>, Vec<i64>) = held.iter().copied().unzip();
        let stamps: Vec<Option<String>> = held.iter().map(|(name, version)| self.stamps.of(name, version)).collect();
        let ask = client.prepare_cached(include_str!("../../../sql/moved.sql")).await.map_err(failed())?;
        let rows = client.query(&ask, &[&names, &versions, &stamps]).await.map_err(failed())?;
        let mut moved = Vec::with_capacity(rows.len());
        for row in &rows {
            let [is_logged, is_another] = [row.get(2), row.get(5)];
            let one = Moved {
                name: row.get(0),
                version: row.get(1),
                is_logged,
                ids: row.get(3),
                stamp: row.get(4),
                is_another,
            };
            if one.is_another || !held.contains(&(one.name.as_str(), one.version)) {
                moved.push(one);
            } else {
                // It was not known yet, no more.
                self.stamps.keep(&one.name, one.version, one.stamp);
            }
        }
        Ok(moved)
    }

    /// The rows of the ids that were noted since a version.
    async fn changed_rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        held: u64,
        version: i64,
    ) -> Result<LayerChange, StoreError> {
        let failed = || self.address.failed(format!("loading what changed of {}", layer.id));
        let ask = include_str!("../../../sql/changed_ids.sql");
        let ask = transaction.prepare_cached(ask).await.map_err(failed())?;
        let ids = transaction.query(&ask, &[&layer.id.as_str(), &stored(held)]).await.map_err(failed())?;
        let ids: Vec<i64> = ids.iter().map(|row| row.get(0)).collect();
        let select = match &layer.published {
            None => format!("{} WHERE id = ANY ($1::bigint[])", self.own_rows(transaction, layer).await?),
            Some(source) => published::rows(self, transaction, (layer, source), Read::OfKeys).await?,
        };
        let select = transaction.prepare_cached(&select).await.map_err(failed())?;
        let parameters: [&(dyn ToSql + Sync); 1] = [&ids];
        let mut rows = pin!(transaction.query_raw(&select, parameters).await.map_err(failed())?);
        let mut upserted: Vec<Feature> = Vec::with_capacity(ids.len());
        while let Some(row) = rows.try_next().await.map_err(failed())? {
            // A row that is no feature (`bandoso check` tells why) is gone from the map.
            if let Ok(row) = row::read(layer, &row).map_err(failed())? {
                upserted.push(row.feature);
            }
        }
        if layer.published.is_some() {
            Joiner::new(self, transaction).await?.join(&mut upserted);
        }
        upserted.sort_by_key(|feature| feature.id);
        let there = |id: &u64| upserted.binary_search_by_key(id, |feature| feature.id).is_ok();
        let deleted = ids.iter().map(|id| id.unsigned_abs()).filter(|id| !there(id)).collect();
        Ok(LayerChange::Rows { version: version.unsigned_abs(), upserted, deleted })
    }
}

/// A version as the database has it.
fn stored(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
