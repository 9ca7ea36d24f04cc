//! What is true of every tile (Mapbox Vector Tile 2.1): checked on each one that any test makes.

use std::collections::HashSet;

use fast_mvt::{MvtReaderRef, MvtValueRef};

/// Tile units beyond the tile's edge that are drawn.
const BUFFER: i64 = 64;
const EXTENT: i64 = 4096;

/// A decoded layer.
#[derive(Debug)]
pub struct TileLayer {
    pub name: String,
    pub features: Vec<TileFeature>,
}

/// A decoded feature.
#[derive(Debug)]
pub struct TileFeature {
    pub id: Option<u64>,
    /// 1 point, 3 polygon.
    pub kind: i32,
    /// Points: one of them. Polygons: rings, each without its closing point.
    pub parts: Vec<Vec<(i64, i64)>>,
    pub properties: Vec<(String, String)>,
}

impl TileFeature {
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// How many features it stands for.
    pub fn count(&self) -> u64 {
        self.property("count").map_or(1, |count| count.parse().unwrap())
    }

    fn is_inside(&self) -> bool {
        self.parts[0].first().is_some_and(|(x, y)| (0..EXTENT).contains(x) && (0..EXTENT).contains(y))
    }
}

/// Decodes a tile and checks what every tile must be. `features` is what its header promises.
pub fn check(bytes: &[u8], features: u64) -> Vec<TileLayer> {
    let reader = MvtReaderRef::new(bytes).expect("a vector tile");
    let mut names = HashSet::new();
    let mut layers = Vec::new();
    for layer in reader.layers() {
        assert!(names.insert(layer.name().to_owned()), "the layer {} is there twice", layer.name());
        assert_eq!((layer.version(), layer.extent()), (2, EXTENT as u32), "{}", layer.name());
        assert!(!layer.is_empty(), "{} is empty: it should not be there", layer.name());
        let unique: HashSet<&&str> = layer.keys().iter().collect();
        assert_eq!(unique.len(), layer.keys().len(), "keys are there twice in {}", layer.name());
        let decoded: Vec<TileFeature> = layer.features().map(feature).collect();
        check_ids(layer.name(), &decoded);
        layers.push(TileLayer { name: layer.name().to_owned(), features: decoded });
    }
    if layers.iter().all(|layer| !layer.name.starts_with("units.")) {
        let inside = layers.iter().flat_map(|layer| &layer.features).filter(|feature| feature.is_inside());
        assert_eq!(
            inside.map(TileFeature::count).sum::<u64>(),
            features,
            "counts without the buffer make up the header"
        );
    }
    layers
}

fn check_ids(layer: &str, features: &[TileFeature]) {
    let mut ids = HashSet::new();
    for feature in features {
        let cell = feature.kind == 1 && feature.property("count").is_some();
        assert!(feature.id.is_some() || cell, "a feature of {layer} has no id: {feature:?}");
        assert!(feature.id.is_none_or(|id| ids.insert(id)), "an id is there twice in {layer}: {feature:?}");
        assert!(!cell || feature.property("id").is_none(), "a cell of {layer} has the id of a feature");
    }
}

fn feature(feature: fast_mvt::MvtFeatureRef<'_>) -> TileFeature {
    let text = |value: MvtValueRef<'_>| match value {
        MvtValueRef::String(text) => text.to_owned(),
        MvtValueRef::Float(number) => number.to_string(),
        MvtValueRef::Double(number) => number.to_string(),
        MvtValueRef::Int(number) | MvtValueRef::SInt(number) => number.to_string(),
        MvtValueRef::UInt(number) => number.to_string(),
        MvtValueRef::Bool(truth) => truth.to_string(),
        MvtValueRef::Null => panic!("a value without content"),
    };
    let properties = feature.properties_vec().expect("keys and values that exist");
    let properties: Vec<(String, String)> =
        properties.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect();
    let unique: HashSet<&String> = properties.iter().map(|(key, _)| key).collect();
    assert_eq!(unique.len(), properties.len(), "a property is there twice: {properties:?}");
    let kind = feature.geom_type_value().expect("a type of geometry");
    let parts = match kind {
        1 => vec![points(feature.geometry_commands())],
        3 => rings(feature.geometry_commands()),
        other => panic!("no layer has geometries of type {other}"),
    };
    for (x, y) in parts.iter().flatten() {
        let drawn = -BUFFER..=EXTENT + BUFFER;
        assert!(drawn.contains(x) && drawn.contains(y), "({x}, {y}) is beyond the buffer");
    }
    TileFeature { id: feature.id(), kind, parts, properties }
}

/// Walks commands (§4.3): gives each command's name, and the positions it leads to.
fn walk(commands: &[u32]) -> Vec<(u32, Vec<(i64, i64)>)> {
    let zigzag = |value: u32| i64::from(value >> 1) ^ -i64::from(value & 1);
    let (mut at, mut x, mut y, mut steps) = (0, 0, 0, Vec::new());
    while at < commands.len() {
        let (name, count) = (commands[at] & 7, commands[at] >> 3);
        at += 1;
        let mut positions = Vec::new();
        if name != 7 {
            for _ in 0..count {
                x += zigzag(commands[at]);
                y += zigzag(commands[at + 1]);
                at += 2;
                positions.push((x, y));
            }
        }
        assert!(count > 0, "a command repeated no times");
        steps.push((name, positions));
    }
    steps
}

fn points(commands: &[u32]) -> Vec<(i64, i64)> {
    let steps = walk(commands);
    assert_eq!((steps.len(), steps[0].0, steps[0].1.len()), (1, 1, 1), "a point is one MoveTo");
    steps[0].1.clone()
}

/// Polygons (§4.3.4.4): each ring is `MoveTo`, `LineTo`, `ClosePath`; exterior ones have positive area, and come first.
fn rings(commands: &[u32]) -> Vec<Vec<(i64, i64)>> {
    let steps = walk(commands);
    assert_eq!(steps.len() % 3, 0, "rings are MoveTo, LineTo, ClosePath");
    let mut rings = Vec::new();
    for ring in steps.chunks(3) {
        assert_eq!([ring[0].0, ring[1].0, ring[2].0], [1, 2, 7], "a ring is MoveTo, LineTo, ClosePath");
        assert!(ring[0].1.len() == 1 && ring[1].1.len() >= 2, "a ring has three corners at least");
        let corners: Vec<(i64, i64)> = ring[0].1.iter().chain(&ring[1].1).copied().collect();
        let next = corners.iter().cycle().skip(1);
        assert!(corners.iter().zip(next.clone()).all(|(a, b)| a != b), "a corner is there twice in a row: {corners:?}");
        let area: i64 = corners.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
        assert!(area != 0, "a ring without area: {corners:?}");
        assert!(area > 0 || !rings.is_empty(), "the first ring is a hole: {corners:?}");
        rings.push(corners);
    }
    assert!(!rings.is_empty(), "a polygon without rings");
    rings
}
