//! What tiles hold, as `TileJSON` and archives of tiles describe it.

use serde_json::{Map, Value, json};

use crate::model::{Layer, Level, MAX_ZOOM, TileLayer, Title, View};

/// Codes of the main field that cells of dense tiles count apart.
const COUNTED_CODES: usize = 8;

/// Properties of unit polygons; labels have all but the last.
const UNIT_FIELDS: [(&str, &str); 10] = [
    ("code", "Mã / Code (text)"),
    ("name", "Tên / Name (text)"),
    ("full_name", "Tên đầy đủ / Full name (text)"),
    ("kind", "Loại / Kind (text)"),
    ("level", "Cấp / Level (text)"),
    ("parent", "Mã đơn vị cấp trên / Code of the unit above (text)"),
    ("valid_from", "Có hiệu lực từ / In force from (date)"),
    ("valid_to", "Hết hiệu lực từ / In force until, this day not included (date)"),
    ("schematic", "Ranh giới là sơ đồ / Borders are schematic (boolean)"),
    ("count", "Số đối tượng, khi hỏi bằng count= / Features counted, with count= (integer)"),
];
const LABEL_FIELDS: usize = UNIT_FIELDS.len() - 1;

/// The name of a level's tiles for people.
pub fn level_title(level: Level, labels: bool) -> Title {
    let (vi, en) = match level {
        Level::Province => ("cấp tỉnh", "provinces"),
        Level::District => ("cấp huyện", "districts"),
        Level::Commune => ("cấp xã", "communes"),
    };
    if labels {
        return Title { vi: format!("Tên đơn vị hành chính {vi}"), en: format!("Names of {en}") };
    }
    Title { vi: format!("Đơn vị hành chính {vi}"), en: format!("Administrative units: {en}") }
}

/// The name of a layer of tiles for people; `points` is the layer of features, where it is one.
pub fn title(layer: &TileLayer, points: Option<&Layer>) -> Title {
    match layer {
        TileLayer::Units(level) => level_title(*level, false),
        TileLayer::Labels(level) => level_title(*level, true),
        TileLayer::Points(id) => {
            points.map_or_else(|| Title { vi: id.to_string(), en: id.to_string() }, |layer| layer.title.clone())
        }
    }
}

/// First and last zoom at which a layer has tiles.
pub fn zooms(points: Option<&Layer>) -> (u8, u8) {
    points.map_or((0, MAX_ZOOM), |layer| (layer.zoom.min, layer.zoom.max))
}

/// A layer as a member of `vector_layers`, with the properties that the view sees.
pub fn vector_layer(layer: &TileLayer, points: Option<&Layer>, view: View) -> Value {
    let ((minzoom, maxzoom), title) = (zooms(points), title(layer, points));
    let fields = match (layer, points) {
        (TileLayer::Labels(_), _) => unit_fields(LABEL_FIELDS),
        (_, None) => unit_fields(UNIT_FIELDS.len()),
        (_, Some(layer)) => point_fields(layer, view),
    };
    json!({
        "id": layer.to_string(),
        "description": format!("{} / {}", title.vi, title.en),
        "minzoom": minzoom,
        "maxzoom": maxzoom,
        "fields": fields,
    })
}

fn unit_fields(first: usize) -> Map<String, Value> {
    UNIT_FIELDS.iter().take(first).map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect()
}

fn point_fields(layer: &Layer, view: View) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("id".to_owned(), "Mã số / Id (integer)".into());
    for field in layer.fields.iter().filter(|field| view.sees_field(field)) {
        let text = format!("{} / {} ({})", field.title.vi, field.title.en, field.kind.name());
        map.insert(field.name.clone(), text.into());
    }
    map.insert("unit".to_owned(), "Mã đơn vị hành chính cấp xã / Code of the commune (text)".into());
    map.insert(
        "count".to_owned(),
        "Số đối tượng của một ô, nơi dày đặc / Features in a cell, where dense (integer)".into(),
    );
    let category = layer.category_field().filter(|field| view.sees_field(field));
    for code in category.into_iter().flat_map(|field| &field.codes).take(COUNTED_CODES) {
        let text = format!("{} trong một ô, nơi dày đặc / {} in a cell, where dense (integer)", code.vi, code.en);
        map.insert(format!("count_{}", code.code), text.into());
    }
    map
}
