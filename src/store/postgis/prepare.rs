//! Makes tables fit the catalogue, and tells what does not.

use std::sync::Arc;

use tokio_postgres::Transaction;

use super::columns::{Relation, quoted, quoted_table, sql_type, table_of};
use super::connect::MIGRATING;
use super::merge::Merge;
use super::published::Watched;
use super::{PostGis, Prepared};
use crate::model::{Catalogue, Finding, FindingKind, Layer, Published, Residency};
use crate::store::StoreError;

/// Columns of every layer's table that no field may be named after.
const RESERVED: [&str; 4] = ["id", "geom", "source_id", "units"];

impl PostGis {
    /// Prepares all layers, each in a transaction of its own.
    pub(super) async fn prepare_all(&self, catalogue: &Catalogue) -> Result<Vec<Finding>, StoreError> {
        let zone = catalogue.time_zone.iana_name().unwrap_or("UTC").to_owned();
        let mut prepared = Prepared { zone, ..Prepared::default() };
        let mut findings = Vec::new();
        for layer in &catalogue.layers {
            match self.prepare_one(layer, &mut prepared, &mut findings).await {
                Ok(()) => {}
                // One table that is not as it should be keeps no other from being served; it is tried again when it is loaded.
                Err(fault @ StoreError::Fault { .. }) => {
                    findings.push(finding(FindingKind::ColumnMismatch, layer.id.as_str(), fault.to_string()));
                }
                Err(away) => return Err(away),
            }
        }
        self.prepared.store(Arc::new(prepared));
        Ok(findings)
    }

    /// Prepares a layer, and adds it to what is prepared where its table fits.
    pub(super) async fn prepare_one(
        &self,
        layer: &Layer,
        prepared: &mut Prepared,
        findings: &mut Vec<Finding>,
    ) -> Result<(), StoreError> {
        let watched = prepared.watched.len();
        let fits = match &layer.published {
            None => self.prepare_own(layer, &prepared.zone, findings).await?,
            Some(source) => self.prepare_published(layer, source, prepared, findings).await?,
        };
        if fits {
            if layer.residency == Residency::Database {
                let table = self.large_table(layer, &prepared.zone).await?;
                prepared.large.insert(layer.id.to_string(), Arc::new(table));
            }
            if prepared.watched.len() == watched {
                prepared.followed.insert(layer.id.to_string(), self.note_shape(layer).await?);
            }
            prepared.layers.push(layer.id.as_str().to_owned());
        }
        Ok(())
    }

    /// What the layer's table is now, as the database remembers it from then on.
    async fn note_shape(&self, layer: &Layer) -> Result<Option<String>, StoreError> {
        let failed = || self.address.failed(format!("preparing {}", layer.id));
        let (client, table) = (self.borrow().await?, table_of(layer));
        let noted = client.query_one(include_str!("../../../sql/note_shape.sql"), &[&layer.id.as_str(), &table]).await;
        Ok(noted.map_err(failed())?.get(0))
    }

    async fn prepare_own(&self, layer: &Layer, zone: &str, findings: &mut Vec<Finding>) -> Result<bool, StoreError> {
        let failed = || self.address.failed(format!("preparing {}", layer.id));
        let mut client = self.borrow().await?;
        let transaction = client.transaction().await.map_err(failed())?;
        self.take_turn(&transaction, layer).await?;
        let name = quoted_table(layer.id.as_str());
        let place = layer.id.as_str();
        if let Some(table) = Relation::find(&*transaction, name.clone()).await.map_err(failed())? {
            if !has_own_columns(&table, layer, findings) {
                return Ok(false);
            }
            if !table.columns.contains_key("units") {
                let add = format!("ALTER TABLE {name} ADD COLUMN units integer[]");
                transaction.batch_execute(&add).await.map_err(failed())?;
            }
        }
        transaction.execute("SELECT bandoso.make_layer($1)", &[&place]).await.map_err(failed())?;
        transaction.batch_execute(&Merge::new(layer).call_back()).await.map_err(failed())?;
        let Some(table) = Relation::find(&*transaction, name.clone()).await.map_err(failed())? else {
            return Ok(false);
        };
        for field in &layer.fields {
            if RESERVED.contains(&field.name.as_str()) {
                let message =
                    format!("the field {} has the name of a column that every table has: rename it", field.name);
                findings.push(finding(FindingKind::ColumnMismatch, place, message));
            } else if !table.columns.contains_key(&field.name) {
                let add = format!("ALTER TABLE {name} ADD COLUMN {} {}", quoted(&field.name), sql_type(field.kind));
                transaction.batch_execute(&add).await.map_err(failed())?;
            }
        }
        findings.extend(mismatches(&table, layer, zone).filter(|(missing, _)| !missing).map(|(_, finding)| finding));
        transaction.commit().await.map_err(failed())?;
        Ok(true)
    }

    /// Waits until no other program makes tables or triggers: two that begin at once would both make what is missing.
    async fn take_turn(&self, transaction: &Transaction<'_>, layer: &Layer) -> Result<(), StoreError> {
        self.begin_long(transaction).await?;
        let failed = || self.address.failed(format!("preparing {}", layer.id));
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await.map_err(failed())?;
        // A table that somebody has locked is tried again later: others are to be served, and whoever writes there is not to wait.
        self.begin_reading(transaction).await
    }

    async fn prepare_published(
        &self,
        layer: &Layer,
        source: &Published,
        prepared: &mut Prepared,
        findings: &mut Vec<Finding>,
    ) -> Result<bool, StoreError> {
        let failed = || self.address.failed(format!("preparing {}", layer.id));
        let mut client = self.borrow().await?;
        let found = Relation::find(&**client, quoted_table(&source.table)).await.map_err(failed())?;
        let mut missing = |message: String| findings.push(finding(FindingKind::ColumnMismatch, &source.table, message));
        let Some(table) = found else {
            missing(format!("there is no such table or view, which {} publishes", layer.id));
            return Ok(false);
        };
        let column = |name: &str| table.columns.get(name).map(|column| column.name.as_str());
        if !matches!(column(&source.key), Some("int2" | "int4" | "int8")) {
            missing(format!("its key {} must be a column of whole numbers", source.key));
            return Ok(false);
        }
        if column(&source.geometry_column) != Some("geometry") {
            missing(format!("its geometry_column {} must be a column of the type geometry", source.geometry_column));
            return Ok(false);
        }
        findings.extend(mismatches(&table, layer, &prepared.zone).map(|(_, finding)| finding));
        if table.takes_triggers {
            let follow = "SELECT bandoso.follow_layer($1, $2::text::regclass, $3)";
            let transaction = client.transaction().await.map_err(failed())?;
            self.take_turn(&transaction, layer).await?;
            transaction.execute(follow, &[&layer.id.as_str(), &table.name, &source.key]).await.map_err(failed())?;
            transaction.commit().await.map_err(failed())?;
        } else {
            drop(client);
            let watched = Arc::new(Watched::new(layer, source, &table, &prepared.zone));
            match watched.look(self).await {
                // A view may fail at one of its rows: it is looked at again.
                Err(fault @ StoreError::Fault { .. }) => {
                    findings.push(finding(FindingKind::ColumnMismatch, &source.table, fault.to_string()));
                }
                looked => looked?,
            }
            prepared.watched.push(watched);
        }
        Ok(true)
    }
}

/// Whether a table that was there before us can be a layer's own.
fn has_own_columns(table: &Relation, layer: &Layer, findings: &mut Vec<Finding>) -> bool {
    let of_type = |column: &str, name: &str| table.columns.get(column).is_some_and(|column| column.name == name);
    let advice = if !table.is_table {
        "it is no ordinary table: publish it with `table`, `key` and `geometry_column` in the layer's file"
    } else if !of_type("id", "int8") || !of_type("geom", "geometry") || !of_type("source_id", "text") {
        "a layer's own table has id bigint, geom geometry(Point, 4326) and source_id text; publish a table that is \
         otherwise with `table`, `key` and `geometry_column` in the layer's file"
    } else {
        return true;
    };
    findings.push(finding(FindingKind::ColumnMismatch, layer.id.as_str(), advice.to_owned()));
    false
}

/// Fields without a fitting column; true where there is no column at all.
fn mismatches<'a>(table: &'a Relation, layer: &'a Layer, zone: &'a str) -> impl Iterator<Item = (bool, Finding)> + 'a {
    let fields =
        layer.fields.iter().filter(|field| !RESERVED.contains(&field.name.as_str()) || layer.published.is_some());
    fields.filter(move |field| table.reads(&field.name, field.kind, zone).is_none()).map(|field| {
        let wanted = sql_type(field.kind);
        let column = table.columns.get(&field.name);
        let message = match column {
            Some(column) => {
                format!("its column {} is {}, the field is {wanted}; it is read as empty", field.name, column.name)
            }
            None => format!("it has no column {} for the field, {wanted}; it is read as empty", field.name),
        };
        let place = layer.published.as_ref().map_or(layer.id.as_str(), |source| source.table.as_str());
        (column.is_none(), finding(FindingKind::ColumnMismatch, place, message))
    })
}

fn finding(kind: FindingKind, place: &str, message: String) -> Finding {
    Finding::new(kind, place, message)
}
