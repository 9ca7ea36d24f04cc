//! The two stores side by side.

use bandoso::model::Catalogue;
use bandoso::store::Store;
use bandoso::store::geopackage::GeoPackage;
use bandoso::store::postgis::PostGis;

use super::postgres::TestDatabase;

/// A GeoPackage and a PostGIS, both of one catalogue. Without a server for tests there is the GeoPackage alone.
pub struct Both {
    stores: Vec<Box<dyn Store>>,
    _folder: tempfile::TempDir,
    _database: Option<TestDatabase>,
}

impl Both {
    pub async fn prepared(catalogue: &Catalogue) -> Self {
        let database = TestDatabase::fresh();
        let folder = tempfile::tempdir().expect("a folder");
        let geopackage: GeoPackage = GeoPackage::open(&folder.path().join("map.gpkg")).await.expect("a GeoPackage");
        let mut stores: Vec<Box<dyn Store>> = vec![Box::new(geopackage)];
        if let Some(database) = &database {
            let postgis: PostGis = database.store().await;
            stores.push(Box::new(postgis));
        }
        for store in &stores {
            assert_eq!(store.prepare(catalogue).await.expect("prepared"), []);
        }
        Self { stores, _folder: folder, _database: database }
    }

    pub fn stores(&self) -> impl Iterator<Item = &dyn Store> {
        self.stores.iter().map(AsRef::as_ref)
    }
}
