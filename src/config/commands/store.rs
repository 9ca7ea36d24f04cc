use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use crate::config::cli::Shared;
use crate::demo;
use crate::model::{Catalogue, Layer};
use crate::store::{self, Store};
use tokio::sync::mpsc;

/// What becomes of a GeoPackage that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Whoever only reads makes no file.
    Refuse,
    /// An empty one is made.
    Make,
    /// One with the demonstration province is made.
    Demonstrate,
}

/// Opens the store that the options name.
pub(super) async fn open(shared: &Shared, catalogue: &Catalogue, missing: Missing) -> Result<Arc<dyn Store>, Failure> {
    let Some(path) = missing_file(shared)? else { return Ok(store::open(&shared.store).await?) };
    match missing {
        Missing::Refuse => Err(Failure::Store(store::StoreError::Unreachable {
            store: shared.store.clone(),
            cause: "there is no such file; `bandoso demo` makes one with the demonstration province, \
                    `bandoso import` and `bandoso units import` an empty one"
                .to_owned(),
        })),
        Missing::Make => Ok(store::open(&shared.store).await?),
        // Another catalogue than the built-in one has other layers than the demonstration.
        Missing::Demonstrate if shared.tiles.is_some() => Ok(store::open(&shared.store).await?),
        Missing::Demonstrate => {
            make_demonstration(&path, catalogue).await?;
            Ok(store::open(&shared.store).await?)
        }
    }
}

/// The GeoPackage that the options name, where it does not exist. Addresses of no store are refused.
pub(super) fn missing_file(shared: &Shared) -> Result<Option<PathBuf>, Failure> {
    if shared.store.starts_with("postgres://") || shared.store.starts_with("postgresql://") {
        return Ok(None);
    }
    let path = Path::new(&shared.store);
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gpkg")) {
        // The address may hold a password.
        return Err(Failure::Usage("--store: expected FILE.gpkg or postgres://…".to_owned()));
    }
    Ok((!path.exists()).then(|| path.to_owned()))
}

/// Makes the demonstration beside its place and moves it there when it is whole: a start that was interrupted leaves no half map.
async fn make_demonstration(path: &Path, catalogue: &Catalogue) -> Result<(), Failure> {
    let making = path.with_extension("making.gpkg");
    let refused = |error: &std::io::Error| {
        Failure::Store(store::StoreError::Unreachable { store: path.display().to_string(), cause: error.to_string() })
    };
    remove_database(&making).map_err(|error| refused(&error))?;
    tracing::info!(store = %path.display(), "making the store with the demonstration province");
    let made = store::open(&making.display().to_string()).await?;
    let report = demo::fill(made.as_ref(), catalogue).await?;
    let features: u64 = report.layers.iter().map(|(_, imported)| imported.added).sum();
    tracing::info!(units = report.units.added, features, "the demonstration province is there; its points are made up");
    drop(made);
    std::fs::rename(&making, path).map_err(|error| refused(&error))
}

/// Removes what an interrupted start left: the database, its log and its index.
fn remove_database(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a layer has any feature. The layer must be prepared.
pub(super) async fn has_features(store: &dyn Store, layer: &Layer) -> Result<bool, Failure> {
    let (sender, mut rows) = mpsc::channel(1);
    // When the first row is seen the receiver goes away, which ends the loading without an error.
    let (loaded, found) = tokio::join!(store.load(layer, sender), async move {
        let mut found = false;
        while let Some(batch) = rows.recv().await {
            found = !batch.is_empty();
            if found {
                break;
            }
        }
        found
    });
    loaded?;
    Ok(found)
}
