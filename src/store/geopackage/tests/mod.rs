//! Promises of the embedded store, each on a file of its own.

mod desktop;
mod files;
mod freshness;
mod imports;
mod live;
mod replaced;
mod tables;
mod waiting;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use geo_types::{LineString, MultiPolygon, Polygon};
use jiff::tz::TimeZone;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::connection;
use crate::model::{
    Catalogue, Classification, Code, Day, DayInterval, DutyRoles, Feature, Field, FieldType, FindingKind, GeometryKind,
    Instant, Layer, LayerId, Level, LonLat, Title, Unit, UnitChange, UnitId, UnitLink, Value, ZoomRange,
};
use crate::store::geopackage::GeoPackage;
use crate::store::{Changes, ImportBatch, ImportId, ImportRow, Imported, LayerChange, Store, StoreError};

fn title(text: &str) -> Title {
    Title { vi: text.to_owned(), en: text.to_owned() }
}

fn field(name: &str, kind: FieldType) -> Field {
    let codes = if kind == FieldType::Code {
        vec![Code { code: "theft".to_owned(), vi: "Trộm cắp".to_owned(), en: "Theft".to_owned(), colour: None }]
    } else {
        Vec::new()
    };
    Field {
        name: name.to_owned(),
        title: title(name),
        kind,
        codes,
        classification: None,
        unit: None,
        min: None,
        max: None,
    }
}

fn layer(id: &str) -> Layer {
    Layer {
        id: LayerId::parse("layer", id).unwrap(),
        title: title(id),
        geometry: GeometryKind::Point,
        classification: Classification::Public,
        time: Some(2),
        category: Some(1),
        name: Some(0),
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 10_000,
        published: None,
        residency: crate::model::Residency::Memory,
        update_days: None,
        colour: "#000000".to_owned(),
        symbol: "circle".to_owned(),
        fields: vec![
            field("title", FieldType::Text),
            field("category", FieldType::Code),
            field("occurred_at", FieldType::Timestamp),
            field("day", FieldType::Date),
            field("people", FieldType::Integer),
            field("volume_m3", FieldType::Real),
            field("open", FieldType::Boolean),
        ],
    }
}

fn catalogue(layers: Vec<Layer>) -> Catalogue {
    Catalogue {
        title: title("Bản đồ"),
        time_zone: TimeZone::get("Asia/Ho_Chi_Minh").unwrap(),
        view: (108.0, 15.0, 8.0),
        attribution: String::new(),
        departments: Vec::new(),
        layers,
        places: Vec::new(),
        duty: DutyRoles::default(),
    }
}

/// A commune of one degree by one, its south-west corner at `west`, 15.
fn unit(code: &str, west: f64, (from, to): (Option<i32>, Option<i32>)) -> Unit {
    let ring = vec![(west, 15.0), (west + 1.0, 15.0), (west + 1.0, 16.0), (west, 16.0), (west, 15.0)];
    Unit {
        id: UnitId(0),
        level: Level::Commune,
        code: code.to_owned(),
        name: format!("tên {code}"),
        full_name: format!("Xã {code}"),
        kind: "xã".to_owned(),
        parent: None,
        valid: DayInterval { from: from.map(Day), to: to.map(Day) },
        schematic: false,
        geometry: MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]),
    }
}

fn values(text: &str) -> Vec<Value> {
    vec![
        Value::Text(text.to_owned()),
        Value::Text("theft".to_owned()),
        Value::Timestamp(Instant(1_751_331_600_123_456)),
        Value::Date(Day(20_270)),
        Value::Integer(-3),
        Value::Real(12.5),
        Value::Boolean(true),
    ]
}

fn row(id: ImportId, lon: f64, text: &str) -> ImportRow {
    ImportRow { id, at: LonLat { lon, lat: 15.5 }, values: values(text) }
}

fn numbered(id: u64, lon: f64) -> ImportRow {
    row(ImportId::Number(id), lon, "x")
}

/// A store in a folder that goes away with it.
struct Fixture {
    store: GeoPackage,
    path: PathBuf,
    layer: Layer,
    _folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.gpkg");
        let store = GeoPackage::open(&path).await.unwrap();
        let layer = layer("police.incidents");
        assert_eq!(store.prepare(&catalogue(vec![layer.clone()])).await.unwrap(), []);
        Self { store, path, layer, _folder: folder }
    }

    async fn import(&self, rows: Vec<ImportRow>) -> Imported {
        let (sender, receiver) = mpsc::channel(4);
        sender.send(ImportBatch::Rows(rows)).await.unwrap();
        sender.send(ImportBatch::Commit).await.unwrap();
        self.store.import(&self.layer, receiver).await.unwrap()
    }

    async fn load(&self) -> (u64, Vec<Feature>) {
        let (sender, mut receiver) = mpsc::channel(4);
        let (version, features) = tokio::join!(self.store.load(&self.layer, sender), async {
            let mut features = Vec::new();
            while let Some(batch) = receiver.recv().await {
                features.extend(batch);
            }
            features
        });
        (version.unwrap(), features)
    }

    /// Ids of the units of every feature, as stored.
    async fn links(&self) -> Vec<(u64, Vec<i32>)> {
        let (_, features) = self.load().await;
        features.into_iter().map(|f| (f.id, f.units.into_iter().map(UnitLink::to_stored).collect())).collect()
    }

    async fn version(&self, name: &str) -> u64 {
        self.store.versions().await.unwrap()[name]
    }

    /// What a program that knows the format, and nothing of us, does to the file.
    fn elsewhere(&self, sql: &str) {
        let foreign = Connection::open(&self.path).unwrap();
        connection::add_functions(&foreign).unwrap();
        foreign.execute_batch(sql).expect(sql);
    }

    fn number(&self, sql: &str) -> i64 {
        Connection::open(&self.path).unwrap().query_row(sql, [], |row| row.get(0)).expect(sql)
    }
}

/// Features by id as a follower has them: loaded once, then moved on by changes alone.
struct Follower {
    layer: Arc<Layer>,
    units: u64,
    version: u64,
    features: BTreeMap<u64, Feature>,
}

impl Follower {
    async fn new(file: &Fixture) -> Self {
        let (version, features) = file.load().await;
        let features = features.into_iter().map(|feature| (feature.id, feature)).collect();
        Self { layer: Arc::new(file.layer.clone()), units: file.version("units").await, version, features }
    }

    async fn ask(&self, store: &GeoPackage) -> Changes {
        store.changes(self.units, &[(Arc::clone(&self.layer), self.version)]).await.unwrap()
    }

    /// Takes the rows in. Gives the ids added or changed and those deleted; fails where the layer is to be loaded whole.
    async fn follow(&mut self, store: &GeoPackage) -> (Vec<u64>, Vec<u64>) {
        let changes = self.ask(store).await;
        assert!(changes.units.is_none());
        let Some((id, change)) = changes.layers.into_iter().next() else { return (vec![], vec![]) };
        assert_eq!(id, self.layer.id);
        let LayerChange::Rows { version, upserted, deleted } = change else { panic!("a reload") };
        assert!(version > self.version, "{version} after {}", self.version);
        self.version = version;
        let ids = upserted.iter().map(|feature| feature.id).collect();
        self.features.extend(upserted.into_iter().map(|feature| (feature.id, feature)));
        self.features.retain(|id, _| !deleted.contains(id));
        (ids, deleted)
    }

    /// Holds the follower to the table.
    async fn is_true(&self, file: &Fixture) {
        let (version, features) = file.load().await;
        let loaded: BTreeMap<u64, Feature> = features.into_iter().map(|feature| (feature.id, feature)).collect();
        assert_eq!((self.version, &self.features), (version, &loaded));
    }
}

fn is_reload(changes: &Changes) -> bool {
    matches!(changes.layers.as_slice(), [(_, LayerChange::Reload)])
}

/// Waits as a follower does until the store tells that the layer is to be loaded whole.
async fn told_to_load(follower: &Follower, store: &GeoPackage) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while !is_reload(&follower.ask(store).await) {
            store.changed().await.unwrap();
        }
    })
    .await
    .expect("it is told");
}

/// A point's blob as SQL.
fn point(lon: f64) -> String {
    let hex: Vec<String> =
        super::blob::from_point(LonLat { lon, lat: 15.5 }).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{}'", hex.concat())
}
