use std::sync::Arc;

use jiff::tz::TimeZone;
use xxhash_rust::xxh3::Xxh3;

use super::desk::{EncodedTile, Key};
use super::large::Fetched;
use super::query::has_time;
use super::snapshot::{LayerSnapshot, State, UnitCounts, UnitCountsKey};
use super::{Atlas, AtlasError};
use crate::engine::cancel::Cancel;
use crate::engine::compress::{Encoding, pack};
use crate::engine::count::{by_unit, count_by_unit};
use crate::engine::cql2::check;
use crate::engine::select::Selected;
use crate::engine::tile::{
    PointsSource, TileLayerBytes, UnitsSource, cells_layer, labels_layer, points_layer, units_layer,
};
use crate::model::filter::Filter;
use crate::model::{AsOf, Clock, Day, Invalid, LayerId, Level, TileLayer, TileRequest, Versions, View};

impl Atlas {
    /// The tag that the tile has now, without drawing it.
    pub fn tile_etag(&self, view: View, request: &Arc<TileRequest>, encoding: Encoding) -> Result<String, AtlasError> {
        Ok(self.asked_tile(view, request, encoding)?.etag)
    }

    /// A tile that is asked for now.
    pub fn asked_tile(
        &self,
        view: View,
        request: &Arc<TileRequest>,
        encoding: Encoding,
    ) -> Result<AskedTile, AtlasError> {
        let drawing = self.drawing(view, request)?;
        let key = drawing.key(request, encoding);
        Ok(AskedTile { drawing, etag: key.etag(), key })
    }

    /// The tile, from the cache or drawn.
    pub async fn tile(&self, asked: AskedTile) -> Result<Arc<EncodedTile>, AtlasError> {
        let AskedTile { drawing, key, etag } = asked;
        let prepare = async {
            let drawing = drawing.fetched(self.store.as_ref(), &key.request).await?;
            // What was fetched may be of a later version than the state.
            let etag = if drawing.is_large() { drawing.key(&key.request, key.encoding).etag() } else { etag };
            let (cost, request, encoding) = (drawing.cost(&key.request), Arc::clone(&key.request), key.encoding);
            Ok((cost, move |cancel: &Cancel| drawing.until(cancel).tile(&request, (encoding, etag))))
        };
        self.tiles.tile(&key, prepare).await
    }

    /// Everything a tile is drawn from, checked against the request.
    fn drawing(&self, view: View, request: &TileRequest) -> Result<Drawing, AtlasError> {
        let (state, clock) = (self.state(), self.clock());
        let mut points = Vec::new();
        for layer in &request.layers {
            if let TileLayer::Points(id) = layer {
                points.push(Arc::clone(state.layer(view, id)?));
            }
        }
        let counted = request.count.as_ref().map(|id| state.layer(view, id).map(Arc::clone)).transpose()?;
        let layers = points.iter().chain(&counted);
        check_datetime(request, layers.clone(), view)?;
        let filters = checked_filters(request, layers, (view, &clock.zone))?;
        check_count(request)?;
        check_fields(request, &points, view)?;
        let (large, cancel) = (Fetched::default(), Cancel::default());
        Ok(Drawing { state, points, counted, filters, view, clock, large, cancel })
    }
}

/// That each of the layers can be asked by time, where that is asked, and that there is one.
fn check_datetime<'a>(
    request: &TileRequest,
    layers: impl Iterator<Item = &'a Arc<LayerSnapshot>>,
    view: View,
) -> Result<(), Invalid> {
    if request.datetime.is_none() {
        return Ok(());
    }
    let mut timed = false;
    for snapshot in layers {
        has_time(snapshot, view, "datetime")?;
        timed = true;
    }
    let none = || Invalid::new("datetime", "a layer with a time field beside it; units have none");
    timed.then_some(()).ok_or_else(none)
}

/// The filter as it fits each of the layers.
fn checked_filters<'a>(
    request: &TileRequest,
    layers: impl Iterator<Item = &'a Arc<LayerSnapshot>>,
    (view, zone): (View, &TimeZone),
) -> Result<Vec<(LayerId, Filter)>, Invalid> {
    let Some(asked) = &request.filter else { return Ok(Vec::new()) };
    let fitted = layers.map(|snapshot| {
        let filter = check("filter", asked, &snapshot.layer, view, zone)?;
        Ok((snapshot.layer.id.clone(), filter))
    });
    let filters = fitted.collect::<Result<Vec<_>, Invalid>>()?;
    if filters.is_empty() {
        return Err(Invalid::new("filter", "a layer with fields beside it; units have none"));
    }
    Ok(filters)
}

/// That there are units to count into, where a layer is counted.
fn check_count(request: &TileRequest) -> Result<(), Invalid> {
    if request.count.is_some() && !request.layers.iter().any(|layer| matches!(layer, TileLayer::Units(_))) {
        return Err(Invalid::new("count", "a layer of units to count into, such as units.commune"));
    }
    Ok(())
}

/// That each name is a property of one of the layers at least.
fn check_fields(request: &TileRequest, points: &[Arc<LayerSnapshot>], view: View) -> Result<(), Invalid> {
    let names = request.fields.as_deref().unwrap_or_default();
    let known = |name: &str| {
        let fields = points.iter().flat_map(|snapshot| &snapshot.layer.fields).filter(|field| view.sees_field(field));
        ["id", "unit"].contains(&name) || fields.into_iter().any(|field| field.name == name)
    };
    match names.iter().find(|name| !known(name)) {
        Some(name) => {
            let expected = "names of fields of the layers, id or unit, with commas between them";
            Err(Invalid::new("fields", format!("{expected}; found {name:?}")))
        }
        None => Ok(()),
    }
}

/// A tile that is asked for and not drawn yet: what it will be is settled, and so its tag is known.
pub struct AskedTile {
    drawing: Drawing,
    key: Key,
    etag: String,
}

impl AskedTile {
    /// Its tag.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The versions behind it.
    pub fn versions(&self) -> Versions {
        self.drawing.versions()
    }
}

/// A tile's sources at the moment of the request, kept until it is drawn.
pub(super) struct Drawing {
    pub(super) state: Arc<State>,
    /// The point layers asked for, in their order.
    pub(super) points: Vec<Arc<LayerSnapshot>>,
    pub(super) counted: Option<Arc<LayerSnapshot>>,
    /// The request's filter for each of these layers.
    pub(super) filters: Vec<(LayerId, Filter)>,
    pub(super) view: View,
    pub(super) clock: Clock,
    /// What the database counted of layers that are not loaded.
    pub(super) large: Fetched,
    /// Set when nobody waits for the tile any more.
    pub(super) cancel: Cancel,
}

impl Drawing {
    fn until(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    fn key(&self, request: &Arc<TileRequest>, encoding: Encoding) -> Key {
        let mut hash = Xxh3::new();
        // Another release may draw the same data otherwise.
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        let units = &self.state.units.map;
        hash.update(&units.fingerprint().to_le_bytes());
        // Equal data at a later version is another answer: it says its version.
        hash.update(&units.version().to_le_bytes());
        // "Today" decides for features without a date and for units without `as_of`; for the rest it changes a tag once a day.
        hash.update(&self.clock.today.0.to_le_bytes());
        for snapshot in self.points.iter().chain(&self.counted) {
            hash.update(&snapshot.fingerprint().to_le_bytes());
            hash.update(&snapshot.definition.to_le_bytes());
            hash.update(&snapshot.version.to_le_bytes());
        }
        Key { request: Arc::clone(request), view: self.view, encoding, data: hash.digest() }
    }

    fn tile(&self, request: &TileRequest, (encoding, etag): (Encoding, String)) -> Result<EncodedTile, AtlasError> {
        let mut bytes = Vec::new();
        let mut features = 0;
        let mut cells = false;
        let mut points = self.points.iter();
        for layer in &request.layers {
            let drawn = match layer {
                TileLayer::Points(_) => points.next().map(|snapshot| self.draw_points(snapshot, request)),
                TileLayer::Units(level) => Some(self.draw_units(*level, request)),
                TileLayer::Labels(level) => Some(labels_layer(&self.units_source(*level, request), request.coord)),
            };
            let drawn = drawn.unwrap_or_default();
            if bytes.is_empty() {
                bytes = drawn.bytes;
            } else {
                bytes.extend_from_slice(&drawn.bytes);
            }
            features += drawn.features;
            cells |= drawn.cells;
        }
        // Nothing stays nothing: it is answered without a body.
        let encoding = if bytes.is_empty() { Encoding::Identity } else { encoding };
        let body = pack(encoding, bytes).ok_or_else(|| AtlasError::Fault("no memory to compress a tile".into()))?;
        Ok(EncodedTile { body: body.into(), etag, features, versions: self.versions(), cells })
    }

    /// Whether something of it is not in memory.
    fn is_large(&self) -> bool {
        self.points.iter().chain(&self.counted).any(|snapshot| snapshot.large.is_some())
    }

    fn versions(&self) -> Versions {
        self.state.versions(self.points.iter().chain(&self.counted))
    }

    fn draw_points(&self, snapshot: &LayerSnapshot, request: &TileRequest) -> TileLayerBytes {
        let units = &self.state.units.map;
        let answers = snapshot.answers(units, Level::Commune, (request.as_of, self.clock.today));
        let source = PointsSource {
            layer: &snapshot.layer,
            units,
            view: self.view,
            communes: &answers,
            fields: request.fields.as_deref(),
        };
        if let Some(cells) = self.large.cells_of(&snapshot.layer.id) {
            return cells_layer(&source, cells);
        }
        points_layer(&source, request.coord, request.dense, &self.selected(snapshot, request))
    }

    fn draw_units(&self, level: Level, request: &TileRequest) -> TileLayerBytes {
        let source = self.units_source(level, request);
        let counts = self.counted.as_ref().map(|snapshot| self.count_by_unit(snapshot, level, request));
        units_layer(&source, request.coord, counts.as_deref())
    }

    fn units_source(&self, level: Level, request: &TileRequest) -> UnitsSource<'_> {
        let day = drawn_day(request.as_of, self.clock.today);
        UnitsSource { units: &self.state.units.map, borders: &self.state.units.borders, level, day }
    }

    /// How many of the layer's features each unit covers on the drawn day: counted once, whatever tiles are drawn of it.
    fn count_by_unit(&self, snapshot: &LayerSnapshot, level: Level, request: &TileRequest) -> UnitCounts {
        let (key, units) = (self.unit_counts_key(level, request), &self.state.units.map);
        if snapshot.large.is_some() {
            return Arc::new(by_unit(self.large.counted(units, (level, key.day))));
        }
        let count = || {
            let answers = snapshot.answers(units, level, (AsOf::Day(key.day), key.day));
            let counted = Arc::new(count_by_unit(&self.selected(snapshot, request), &answers));
            // Nobody waits for what was given up, and it is not all.
            if self.cancel.is_cancelled() { Err(counted) } else { Ok(counted) }
        };
        snapshot.unit_counts_or(&key, count).unwrap_or_else(|given_up| given_up)
    }

    /// Under what the counted layer's features are known by unit.
    pub(super) fn unit_counts_key(&self, level: Level, request: &TileRequest) -> UnitCountsKey {
        UnitCountsKey {
            level,
            day: drawn_day(request.as_of, self.clock.today),
            units: self.state.units.map.fingerprint(),
            datetime: request.datetime,
            filter: request.filter.clone(),
        }
    }

    fn selected<'a>(&self, snapshot: &'a LayerSnapshot, request: &TileRequest) -> Selected<'a> {
        if snapshot.large.is_some() {
            // The database selected them.
            return Selected::everything(&snapshot.parts);
        }
        let selected = Selected::in_time(&snapshot.parts, snapshot.layer.time, request.datetime, &self.clock.zone);
        match self.filters.iter().find(|(id, _)| *id == snapshot.layer.id) {
            Some((_, filter)) => selected.filtered(filter),
            None => selected,
        }
        .until(&self.cancel)
    }
}

/// The day whose units a map without a date of its own shows.
pub(super) fn drawn_day(as_of: AsOf, today: Day) -> Day {
    match as_of {
        AsOf::Day(day) => day,
        AsOf::Own => today,
    }
}
