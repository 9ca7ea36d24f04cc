//! Which store an address names.

use std::path::Path;
use std::sync::Arc;

use super::geopackage::GeoPackage;
use super::postgis::{PostGis, PostGisSettings};
use super::{Store, StoreError};

/// Opens the store at an address: the path of a `.gpkg` file, made where it is missing, or `postgres://…`, whose schema
/// `bandoso` is made where it is missing.
///
/// # Errors
/// [`StoreError::Fault`] for an address of no store, besides what opening that store gives.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(Arc::new(PostGis::connect(url, PostGisSettings::default()).await?));
    }
    let path = Path::new(url);
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gpkg")) {
        return Ok(Arc::new(GeoPackage::open(path).await?));
    }
    Err(StoreError::Fault {
        doing: "opening the store".to_owned(),
        // The address itself is not repeated: one that is badly written may hold a password.
        cause: "expected FILE.gpkg or postgres://USER@HOST/DATABASE".to_owned(),
    })
}
