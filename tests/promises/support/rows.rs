//! Layers for tests of stores, and rows through the store's channels.

use bandoso::model::{
    Area, AsOf, Catalogue, Classification, DutyRoles, Feature, Field, FieldType, GeometryKind, Layer, LayerId, LonLat,
    Title, Value, WithinRequest, ZoomRange,
};
use bandoso::store::{ImportBatch, ImportId, ImportRow, Imported, Store, StoreError};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

fn title(text: &str) -> Title {
    Title { vi: text.to_owned(), en: text.to_owned() }
}

/// A layer with the given fields; its time is the first one of a date or a timestamp.
pub fn layer(id: &str, fields: &[(&str, FieldType)]) -> Layer {
    let field = |(name, kind): &(&str, FieldType)| Field {
        name: (*name).to_owned(),
        title: title(name),
        kind: *kind,
        codes: Vec::new(),
        classification: None,
        unit: None,
        min: None,
        max: None,
    };
    let is_time = |(_, kind): &(&str, FieldType)| matches!(kind, FieldType::Date | FieldType::Timestamp);
    Layer {
        id: LayerId::parse("layer", id).expect("a layer's id"),
        title: title(id),
        geometry: GeometryKind::Point,
        classification: Classification::Public,
        time: fields.iter().position(is_time),
        category: None,
        name: None,
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 10_000,
        published: None,
        residency: bandoso::model::Residency::Memory,
        update_days: None,
        colour: "#123456".to_owned(),
        symbol: "circle".to_owned(),
        fields: fields.iter().map(field).collect(),
    }
}

/// A catalogue of these layers, in the time zone of Vietnam.
pub fn catalogue(layers: &[Layer]) -> Catalogue {
    Catalogue {
        title: title("test"),
        time_zone: TimeZone::get("Asia/Ho_Chi_Minh").expect("the zone is bundled"),
        view: (108.8, 15.1, 9.0),
        attribution: String::new(),
        departments: Vec::new(),
        layers: layers.to_vec(),
        places: Vec::new(),
        duty: DutyRoles::default(),
    }
}

/// The first features of a layer, each as of its own date.
pub fn everywhere(layer: &LayerId, limit: usize) -> WithinRequest {
    WithinRequest {
        layer: layer.clone(),
        area: Area::Everywhere,
        datetime: None,
        filter: None,
        as_of: AsOf::Own,
        sort: Vec::new(),
        after: None,
        limit,
    }
}

/// A row to import.
pub fn row(id: ImportId, lon: f64, lat: f64, values: Vec<Value>) -> ImportRow {
    ImportRow { id, at: LonLat { lon, lat }, values }
}

/// Imports rows to the end.
pub async fn import(store: &dyn Store, layer: &Layer, rows: Vec<ImportRow>) -> Result<Imported, StoreError> {
    let (sender, receiver) = mpsc::channel(2);
    let send = async move {
        for batch in rows.chunks(5000) {
            // A store that gave up says so itself.
            let _ = sender.send(ImportBatch::Rows(batch.to_vec())).await;
        }
        let _ = sender.send(ImportBatch::Commit).await;
    };
    tokio::join!(send, store.import(layer, receiver)).1
}

/// All features of a layer by id, and its version.
pub async fn load(store: &dyn Store, layer: &Layer) -> (Vec<Feature>, u64) {
    let (sender, mut receiver) = mpsc::channel(4);
    let gather = async {
        let mut features = Vec::new();
        while let Some(batch) = receiver.recv().await {
            features.extend(batch);
        }
        features
    };
    let (mut features, version) = tokio::join!(gather, store.load(layer, sender));
    features.sort_by_key(|feature| feature.id);
    (features, version.expect("the layer loads"))
}
