use std::sync::Arc;

use super::{fields_read, parts_of, refused};
use crate::atlas::draw::Drawing;
use crate::atlas::load::large_layers;
use crate::atlas::{AtlasError, LayerSnapshot};
use crate::engine::as_of::{Holding, holding};
use crate::engine::parts::Parts;
use crate::engine::tile::{Cells, GridCell};
use crate::engine::unit_map::UnitMap;
use crate::model::{Day, Layer, LayerId, Level, TileCoord, TileRequest};
use crate::store::{CellCount, Group, Grouping, Store, TileRows, Wanted};

/// What the database counted for a tile.
#[derive(Default)]
pub struct Fetched {
    /// Layers with more features than are drawn.
    cells: Vec<(LayerId, Cells)>,
    /// The counted layer by lists of units.
    groups: Vec<Group>,
}

impl Fetched {
    /// The cells of a layer, where it is dense.
    pub fn cells_of(&self, layer: &LayerId) -> Option<&Cells> {
        self.cells.iter().find(|(id, _)| id == layer).map(|(_, cells)| cells)
    }

    /// The counted features by the unit of a level that holds them on a day.
    pub fn counted(&self, units: &UnitMap, (level, day): (Level, Day)) -> impl Iterator<Item = (Holding, u64)> {
        self.groups.iter().map(move |group| (holding(units, &group.links, level, day), group.count))
    }
}

impl Drawing {
    /// The same with what it needs of layers that are not loaded.
    pub async fn fetched(mut self, store: &dyn Store, request: &TileRequest) -> Result<Self, AtlasError> {
        for index in 0..self.points.len() {
            if let Some(snapshot) = self.points.get(index).filter(|snapshot| snapshot.large.is_some()) {
                let snapshot = Arc::clone(snapshot);
                let fetched = self.fetch_points(store, &snapshot, request).await?;
                self.points.splice(index..=index, [Arc::new(fetched)]);
            }
        }
        if let Some(snapshot) = self.counted.take_if(|snapshot| snapshot.large.is_some()) {
            let by = Grouping { units: Some(Vec::new()), ..Grouping::default() };
            let wanted = self.wanted(&snapshot, request, Vec::new());
            let large = large_layers(store, &snapshot.layer).map_err(refused)?;
            let found = large.count(&wanted, &by).await.map_err(refused)?;
            self.large.groups = found.found;
            self.counted = Some(Arc::new(snapshot.of_rows(found.version, Parts::default())));
        }
        Ok(self)
    }

    async fn fetch_points(
        &mut self,
        store: &dyn Store,
        snapshot: &LayerSnapshot,
        request: &TileRequest,
    ) -> Result<LayerSnapshot, AtlasError> {
        let layer = &snapshot.layer;
        if !layer.zoom.contains(request.coord.z()) {
            return Ok(snapshot.of_rows(snapshot.version, Parts::default()));
        }
        let asks = |name: &str| request.fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field == name));
        let wanted = self.wanted(snapshot, request, fields_read(layer, self.view, request.as_of, asks));
        let large = large_layers(store, layer).map_err(refused)?;
        let found = large.tile(&wanted, request.coord, request.dense).await.map_err(refused)?;
        let parts = match found.found {
            TileRows::Features(features) => parts_of(layer, &self.clock.zone, features).await?,
            TileRows::Cells(cells) => {
                self.large.cells.push((layer.id.clone(), cells_of(layer, request.coord, cells)));
                Parts::default()
            }
        };
        Ok(snapshot.of_rows(found.version, parts))
    }

    fn wanted<'a>(&'a self, snapshot: &'a LayerSnapshot, request: &TileRequest, fields: Vec<usize>) -> Wanted<'a> {
        let layer = &*snapshot.layer;
        let filter = self.filters.iter().find(|(id, _)| *id == layer.id).map(|(_, filter)| filter);
        Wanted { layer, fields, filter, datetime: request.datetime, zone: &self.clock.zone }
    }
}

fn cells_of(layer: &Layer, coord: TileCoord, counts: Vec<CellCount>) -> Cells {
    let codes = layer.category_field().map_or(&[][..], |field| &field.codes);
    let code = |code: &str| codes.iter().position(|listed| listed.code == code);
    let counts = counts
        .into_iter()
        .map(|cell| (GridCell { x: cell.x, y: cell.y }, cell.code.as_deref().and_then(code), cell.count));
    Cells::counted(coord, counts)
}
