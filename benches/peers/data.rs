//! The points, in PostGIS and in a GeoPackage: made once, kept under `target/bench-peers`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use bandoso::config::load_catalogue;
use bandoso::demo::{Crowd, Demonstration};
use bandoso::engine::locate::UnitIndex;
use bandoso::model::{Catalogue, Layer, LayerId, Level, Unit, Value};
use bandoso::store::{self, ImportBatch, ImportRow, Store};
use tokio::sync::mpsc;
use tokio_postgres::{Client, NoTls};

use crate::units::real_units;

/// What the points and the walks are made from.
pub const SEED: u64 = 2025;
/// The layer that is measured.
pub const LAYER: &str = "bench.points";
/// Its fields that tiles carry in the comparison.
pub const FIELDS: &str = "category,severity,status,source";

/// Where the data of all sizes is.
pub struct Data {
    /// A database of the cluster in which others can be made.
    url: String,
    dir: PathBuf,
    pub catalogue: Catalogue,
    units: Vec<Unit>,
}

impl Data {
    /// The 96 communes of 2025 and their province; without the shared data those of the demonstration.
    pub fn new(url: &str, dir: &str, tiles: &str) -> Self {
        let mut units = real_units(&["quang_ngai_province_2025", "quang_ngai_communes_2025"]);
        if units.is_empty() {
            eprintln!("the schematic units stand in for the real ones: figures for communes are not comparable");
            let demonstration = Demonstration::new().unwrap();
            units = demonstration.units().iter().filter(|unit| unit.valid.to.is_none()).cloned().collect();
            units.retain(|unit| unit.level != Level::District);
        }
        let catalogue = load_catalogue(Some(Path::new(tiles))).unwrap();
        Self { url: url.to_owned(), dir: Path::new(dir).to_owned(), catalogue, units }
    }

    pub fn layer(&self) -> &Layer {
        self.catalogue.layer(&LayerId::parse("layer", LAYER).unwrap()).unwrap()
    }

    /// The points that lie in a unit.
    pub fn inside(&self) -> impl Iterator<Item = ImportRow> {
        let index = UnitIndex::new(&self.units);
        points(self.layer()).filter(move |row| !index.links(row.at).is_empty())
    }

    /// The address of a database beside the given one.
    fn address(&self, name: &str) -> String {
        format!("{}/{name}", self.url.rsplit_once('/').unwrap().0)
    }

    /// The address of the database with so many points.
    pub async fn database(&self, points: u64) -> String {
        let name = format!("points_{points}");
        let url = self.address(&name);
        let admin = connect(&self.url).await;
        let there = admin.query("SELECT FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
        if !there.is_empty() {
            return url;
        }
        // Made under another name: what was interrupted is not taken for whole.
        let half = format!("{name}_half");
        execute(&admin, &format!("DROP DATABASE IF EXISTS {half} WITH (FORCE)")).await;
        execute(&admin, &format!("CREATE DATABASE {half}")).await;
        let half_url = self.address(&half);
        let started = Instant::now();
        execute(&connect(&half_url).await, "CREATE EXTENSION IF NOT EXISTS postgis").await;
        self.fill(&half_url, points).await;
        self.order(&half_url).await;
        leave(&admin, &half).await;
        execute(&admin, &format!("ALTER DATABASE {half} RENAME TO {name}")).await;
        eprintln!(
            "{points} points into PostGIS: {:.0} s with their order and indexes",
            started.elapsed().as_secs_f64()
        );
        url
    }

    /// A copy of the database with so many points, to be changed; replaces an older one.
    pub async fn copy(&self, points: u64) -> String {
        self.database(points).await;
        let admin = connect(&self.url).await;
        execute(&admin, "DROP DATABASE IF EXISTS changing WITH (FORCE)").await;
        leave(&admin, &format!("points_{points}")).await;
        execute(&admin, &format!("CREATE DATABASE changing TEMPLATE points_{points}")).await;
        self.address("changing")
    }

    /// The GeoPackage with so many points.
    pub async fn file(&self, points: u64) -> PathBuf {
        let file = self.dir.join(format!("points_{points}.gpkg"));
        if file.exists() {
            return file;
        }
        let half = self.dir.join(format!("points_{points}_half.gpkg"));
        for name in ["gpkg", "gpkg-wal", "gpkg-shm"] {
            let _ = std::fs::remove_file(half.with_extension(name));
        }
        let started = Instant::now();
        self.fill(half.to_str().unwrap(), points).await;
        std::fs::rename(&half, &file).unwrap();
        eprintln!("{points} points into a GeoPackage: {:.0} s", started.elapsed().as_secs_f64());
        file
    }

    async fn fill(&self, url: &str, points: u64) {
        let store = store::open(url).await.unwrap();
        store.prepare(&self.catalogue).await.unwrap();
        store.put_units(&self.units, &[]).await.unwrap();
        if points > 0 {
            import(store.as_ref(), self.layer(), points).await;
        }
    }

    /// Gives Martin its communes, and the points' table the order of their geometry, as who serves from PostGIS would.
    async fn order(&self, url: &str) {
        let client = connect(url).await;
        execute(
            &client,
            "SET maintenance_work_mem = '1GB';
             CREATE TABLE bench.communes AS
                 SELECT id, code, name, full_name, kind, level::text, parent, lower(valid)::text AS valid_from,
                        upper(valid)::text AS valid_to, ST_Multi(geom) AS geom
                 FROM bandoso.units WHERE level::text = 'commune';
             ALTER TABLE bench.communes ADD PRIMARY KEY (id);
             CREATE INDEX ON bench.communes USING gist (geom)",
        )
        .await;
        let index =
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
                     WHERE i.indrelid = 'bench.points'::regclass AND m.amname = 'gist'";
        let index: String = client.query_one(index, &[]).await.unwrap().get(0);
        execute(&client, &format!("CLUSTER bench.points USING \"{index}\"")).await;
        execute(&client, "VACUUM ANALYZE").await;
        execute(&client, "CHECKPOINT").await;
    }
}

/// A connection that ends with its value.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Ends what is still connected to a database: it can be renamed and copied only then.
async fn leave(admin: &Client, database: &str) {
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1";
    while !admin.query(end, &[&database]).await.unwrap().is_empty() {}
}

/// Runs statements one after the other; a single one is in no transaction.
pub async fn execute(client: &Client, sql: &str) {
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The points, fewer being the beginning of more. Titles have some 30 characters: their mark is left out.
fn points(layer: &Layer) -> impl Iterator<Item = ImportRow> + use<> {
    Crowd::new(layer, SEED).map(|mut row| {
        for value in &mut row.values {
            if let Value::Text(text) = value
                && let Some(bare) = text.strip_suffix(" (minh hoạ)")
            {
                text.truncate(bare.len());
            }
        }
        row
    })
}

async fn import(store: &dyn Store, layer: &Layer, count: u64) {
    let (send, receive) = mpsc::channel(4);
    let mut rows = points(layer).take(count as usize);
    let generator = tokio::task::spawn_blocking(move || {
        loop {
            let batch: Vec<_> = rows.by_ref().take(4_096).collect();
            if batch.is_empty() {
                break;
            }
            // The store went away: it tells why itself.
            if send.blocking_send(ImportBatch::Rows(batch)).is_err() {
                return;
            }
        }
        let _ = send.blocking_send(ImportBatch::Commit);
    });
    store.import(layer, receive).await.unwrap();
    generator.await.unwrap();
}
