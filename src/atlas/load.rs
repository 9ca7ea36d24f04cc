use std::sync::Arc;

use tokio::sync::mpsc;

use super::lagging::Lagging;
use super::snapshot::{LayerSnapshot, State, UnitSnapshot};
use crate::engine::columns::ColumnsBuilder;
use crate::engine::parts::Parts;
use crate::model::{Catalogue, Feature, Layer, Residency};
use crate::store::{LargeLayers, Store, StoreError, UnitTable};

/// Batches on their way from the store to the columns.
const BATCHES_IN_FLIGHT: usize = 4;

/// The units and every layer that can be read.
pub async fn everything(store: &dyn Store, catalogue: &Catalogue, lagging: &Lagging) -> Result<State, StoreError> {
    let units = index(store.units().await?).await?;
    let mut state = State { units, layers: foldhash::HashMap::default(), unread: Vec::new(), lagging: Vec::new() };
    for layer in &catalogue.layers {
        match self::layer(store, layer, catalogue).await {
            Ok(snapshot) => {
                state.layers.insert(layer.id.clone(), snapshot);
            }
            Err(fault @ (StoreError::Fault { .. } | StoreError::Unreadable { .. })) => {
                lagging.failed(&layer.id, &fault, true);
                state.unread.push(Arc::new(layer.clone()));
            }
            Err(away) => return Err(away),
        }
    }
    state.lagging = lagging.all();
    Ok(state)
}

/// The units of all dates, indexed.
pub async fn index(table: UnitTable) -> Result<Arc<UnitSnapshot>, StoreError> {
    let indexed = tokio::task::spawn_blocking(move || Arc::new(UnitSnapshot::new(table))).await;
    indexed.map_err(|fault| StoreError::Fault { doing: "indexing the units".into(), cause: fault.to_string() })
}

/// One layer's features, sorted into columns while they come.
pub async fn layer(store: &dyn Store, layer: &Layer, catalogue: &Catalogue) -> Result<Arc<LayerSnapshot>, StoreError> {
    let started = std::time::Instant::now();
    if layer.residency == Residency::Database {
        let found = large_layers(store, layer)?.totals(layer, &catalogue.time_zone).await?;
        tracing::info!(
            layer.id = %layer.id, features = found.found.features, version = found.version,
            duration_ms = started.elapsed().as_millis() as u64, "layer counted; it stays in the database"
        );
        return Ok(Arc::new(LayerSnapshot::large(layer, &found)));
    }
    let (send, receive) = mpsc::channel(BATCHES_IN_FLIGHT);
    let builder = ColumnsBuilder::new(layer, &catalogue.time_zone);
    let building = tokio::task::spawn_blocking(move || build(builder, receive));
    let version = store.load(layer, send).await?;
    let parts = building
        .await
        .map_err(|fault| StoreError::Fault { doing: format!("sorting {}", layer.id), cause: fault.to_string() })?;
    tracing::info!(
        layer.id = %layer.id, features = parts.len(), version, duration_ms = started.elapsed().as_millis() as u64,
        "layer loaded"
    );
    Ok(Arc::new(LayerSnapshot::new(layer, parts, version)))
}

/// Who answers about a layer that is not loaded.
pub fn large_layers<'a>(store: &'a dyn Store, layer: &Layer) -> Result<&'a dyn LargeLayers, StoreError> {
    store.large_layers().ok_or_else(|| StoreError::Fault {
        doing: format!("serving {} from {}", layer.id, store.address()),
        cause: format!(
            "layers/{}.toml: expected residency = \"memory\", or a store postgres://…: no other answers about a layer that it does \
             not load",
            layer.id
        ),
    })
}

fn build(mut builder: ColumnsBuilder, mut rows: mpsc::Receiver<Vec<Feature>>) -> Parts {
    while let Some(batch) = rows.blocking_recv() {
        builder.push(&batch);
    }
    Parts::new(builder.finish())
}
