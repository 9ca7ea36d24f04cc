//! A layer's rows out: one `COPY` in one snapshot of the database.

use std::pin::pin;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_postgres::binary_copy::BinaryCopyOutStream;
use tokio_postgres::{IsolationLevel, Transaction};

use super::PostGis;
use super::columns::{Relation, quoted_table, sql_type};
use super::failure::fault;
use super::published::{Joiner, Read};
use super::{published, row};
use crate::model::{Feature, Finding, FindingKind, Layer};
use crate::store::StoreError;

/// Features sent at a time.
const BATCH: usize = 4096;
/// Findings of one layer that are listed; the rest is counted.
const MOST_FINDINGS: usize = 1000;

impl PostGis {
    /// Sends all features of a layer; gives its version in the same snapshot.
    pub(super) async fn read_layer(&self, layer: &Layer, rows: &mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError> {
        let failed = || self.address.failed(format!("loading {}", layer.id));
        if !self.prepared().layers.iter().any(|known| known == layer.id.as_str())
            && let Some(why) = self.refollow_one(layer).await?
        {
            return Err(fault(format!("loading {}", layer.id), why));
        }
        let mut client = self.borrow().await?;
        let tables = self.tables_to_hold(&client, &[layer]).await?;
        let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let transaction = transaction.read_only(true).start().await.map_err(failed())?;
        for (layer, table) in &tables {
            self.hold(&transaction, (layer, table.as_ref())).await?;
        }
        let version = self.version(&transaction, layer.id.as_str()).await?;
        let select = self.select(&transaction, layer).await?;
        let rows = match &layer.published {
            None => rows.clone(),
            Some(source) => Joiner::of_all(self, &transaction, source).await?.begin(rows.clone()),
        };
        self.send_rows(&transaction, layer, &select, rows).await?;
        transaction.commit().await.map_err(failed())?;
        Ok(version)
    }

    /// The query for a layer's rows: id, longitude, latitude, units, fields. Those of a published layer have no units yet.
    async fn select(&self, transaction: &Transaction<'_>, layer: &Layer) -> Result<String, StoreError> {
        self.begin_reading(transaction).await?;
        match &layer.published {
            None => self.own_rows(transaction, layer).await,
            Some(source) => published::rows(self, transaction, (layer, source), Read::All).await,
        }
    }

    /// The query for a layer's own table. Rows that a trigger never saw are joined on the way.
    pub(super) async fn own_rows(&self, transaction: &Transaction<'_>, layer: &Layer) -> Result<String, StoreError> {
        let doing = || format!("loading {}", layer.id);
        let found = Relation::find(transaction, quoted_table(layer.id.as_str())).await;
        let table = found.map_err(self.address.failed(doing()))?;
        let table = table.ok_or_else(|| fault(doing(), "its table is not there; was the store prepared?"))?;
        for column in ["id", "geom", "units"] {
            if !table.columns.contains_key(column) {
                return Err(fault(doing(), format!("its table has no column {column}")));
            }
        }
        let fields = field_list(&table, layer, &self.prepared().zone);
        Ok(format!(
            "SELECT id::bigint, ST_X(geom), ST_Y(geom), coalesce(units, bandoso.unit_links(geom)){fields} FROM {}",
            table.name
        ))
    }

    async fn send_rows(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        select: &str,
        rows: mpsc::Sender<Vec<Feature>>,
    ) -> Result<(), StoreError> {
        let mut stream = pin!(self.copy_out(transaction, layer, select).await?);
        let mut batch = Vec::with_capacity(BATCH);
        let (mut left_out, mut emptied) = (0_u64, 0_u64);
        while let Some(row) = stream.next().await {
            let row = row.and_then(|row| row::read(layer, &row));
            match row.map_err(self.address.failed(format!("loading {}", layer.id)))? {
                Ok(row) => {
                    emptied += row.misfits.len() as u64;
                    batch.push(row.feature);
                }
                Err(_) => left_out += 1,
            }
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if rows.send(full).await.is_err() {
                    return Ok(());
                }
            }
        }
        if left_out + emptied > 0 {
            tracing::warn!(layer = %layer.id, left_out, emptied, "rows written by other programs are not as the layer has them; see `bandoso check`");
        }
        // A receiver that went away has all it wanted.
        let _ = if batch.is_empty() { Ok(()) } else { rows.send(batch).await };
        Ok(())
    }

    async fn copy_out(
        &self,
        transaction: &Transaction<'_>,
        layer: &Layer,
        select: &str,
    ) -> Result<BinaryCopyOutStream, StoreError> {
        let stream = transaction.copy_out(&format!("COPY ({select}) TO STDOUT (FORMAT binary)")).await;
        let stream = stream.map_err(self.address.failed(format!("loading {}", layer.id)))?;
        Ok(BinaryCopyOutStream::new(stream, &row::types(layer)))
    }

    /// Reads a layer for rows that [`PostGis::read_layer`] leaves out or empties.
    pub(super) async fn check_layer(&self, layer: &Layer) -> Result<Vec<Finding>, StoreError> {
        let failed = || self.address.failed(format!("checking {}", layer.id));
        let mut client = self.borrow().await?;
        let transaction = client.transaction().await.map_err(failed())?;
        let select = self.select(&transaction, layer).await?;
        let mut stream = pin!(self.copy_out(&transaction, layer, &select).await?);
        let (mut findings, mut found) = (Vec::new(), 0);
        while let Some(row) = stream.next().await {
            let of_row = match row.and_then(|row| row::read(layer, &row)).map_err(failed())? {
                Ok(row) => row::misfit_findings(layer, &row),
                Err(fault) => vec![fault.finding(layer)],
            };
            found += of_row.len();
            findings.extend(of_row.into_iter().take(MOST_FINDINGS - findings.len()));
        }
        if found > findings.len() {
            let message = format!("{} more findings like these", found - findings.len());
            let place = layer.id.to_string();
            findings.push(Finding::new(FindingKind::UnreadableRow, place, message));
        }
        Ok(findings)
    }
}

/// `, expression` for each field, NULL where the table has no fitting column: `prepare` has told so.
pub(super) fn field_list(table: &Relation, layer: &Layer, zone: &str) -> String {
    let expression = |(index, field): (usize, &crate::model::Field)| {
        let read = table.reads(&field.name, field.kind, zone);
        let read = read.unwrap_or_else(|| format!("NULL::{}", sql_type(field.kind)));
        format!(", {read} AS v{index}")
    };
    layer.fields.iter().enumerate().map(expression).collect()
}
