//! An archive of tiles (`PMTiles` 3): the very bytes that `/tiles` answers with gzip, of one version, for whoever has no server.

use std::io::BufWriter;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use pmtiles::{Compression, PmTilesStreamWriter, PmTilesWriter, PmtError, TileId, TileType};
use serde_json::{Value as Json, json};

use super::file::{begin, blocking, finish, unwritable};
use super::provenance::{Made, Question, as_of, interval};
use super::vector_layers::{title, vector_layer, zooms};
use super::{ExportError, ExportProgress, Exported, Provenance};
use crate::atlas::{Atlas, LayerSummary};
use crate::engine::compress::Encoding;
use crate::model::{Bbox, Dense, Invalid, Layer, TileCoord, TileLayer, TileRequest, View};

/// Most tiles of an archive.
const MOST_TILES: usize = 4_000_000;
/// Tiles that are drawn at the same time.
const AT_A_TIME: usize = 4;
/// The end of Web Mercator's square, degrees.
const LAST_LATITUDE: f64 = 85.051_128_78;

/// Which tiles are exported.
#[derive(Debug, Clone)]
pub struct TilesJob {
    /// What the caller sees.
    pub view: View,
    /// What each tile holds; the place is of no matter.
    pub request: TileRequest,
    /// Of which zooms.
    pub zooms: RangeInclusive<u8>,
    /// Only tiles that touch one of these boxes of degrees.
    pub area: Option<Vec<Bbox>>,
}

/// Exports tiles into a file, with its provenance beside it. The atlas should not follow its store meanwhile.
pub async fn export_tiles(
    atlas: &Arc<Atlas>,
    job: TilesJob,
    path: &Path,
    progress: &ExportProgress,
) -> Result<Exported, ExportError> {
    let making = begin(path)?;
    let zooms = narrowed(atlas, &job)?;
    // What does not fit the layers is refused before the work begins.
    let versions = atlas.asked_tile(job.view, &Arc::new(job.request.clone()), Encoding::Gzip)?.versions();
    let (finding, asked) = (Arc::clone(atlas), job.clone());
    let coords = blocking(move || {
        let within = (zooms, asked.area.as_deref(), MOST_TILES);
        let mut coords = finding.pyramid(asked.view, &asked.request, within)?;
        // In the archive's own order its tiles are beside each other where they are on the map.
        coords.sort_by_cached_key(|coord| tile_id(*coord).map_or(0, TileId::value));
        Ok(coords)
    })
    .await?;
    progress.begin(coords.len() as u64);
    let file = making.reopen().map_err(unwritable(path))?;
    let mut writer = begun(atlas, &job, &coords, BufWriter::with_capacity(1 << 20, file))?;
    let mut written = 0;
    let tiles = futures_util::stream::iter(coords.clone()).map(|coord| {
        let (atlas, view) = (Arc::clone(atlas), job.view);
        let request = Arc::new(TileRequest { coord, ..job.request.clone() });
        async move {
            let asked = atlas.asked_tile(view, &request, Encoding::Gzip)?;
            Ok::<_, ExportError>((coord, atlas.tile(asked).await?))
        }
    });
    let mut tiles = std::pin::pin!(tiles.buffered(AT_A_TIME));
    while let Some(drawn) = tiles.next().await {
        let (coord, tile) = drawn?;
        if tile.versions != versions {
            let expected = "layers that stay as they are: one in the database changed meanwhile; try again";
            return Err(Invalid::new("layer", expected).into());
        }
        if !tile.body.is_empty() {
            writer.add_tile(tile_id(coord).map_err(of_pmtiles)?.into(), &tile.body).map_err(of_pmtiles)?;
            written += 1;
        }
        progress.add(1);
    }
    blocking(move || writer.finalize().map_err(of_pmtiles)).await?;
    let question = question(atlas, &job, versions);
    let made = Made { format: "pmtiles", matched: written, written };
    finish(making, path, move |hashed| Provenance::new(question, made, hashed)).await?;
    Ok(Exported { matched: written, written })
}

/// The zooms asked for at which some layer has tiles.
fn narrowed(atlas: &Atlas, job: &TilesJob) -> Result<RangeInclusive<u8>, ExportError> {
    let layers = summaries(atlas, job)?;
    let each = job.request.layers.iter().map(|layer| zooms(of(&layers, layer)));
    let (least, most) = each.fold((u8::MAX, 0), |all, one| (all.0.min(one.0), all.1.max(one.1)));
    let (min, max) = (least.max(*job.zooms.start()), most.min(*job.zooms.end()));
    if min > max {
        let expected = format!("zooms at which the layers have tiles, {least}-{most}");
        return Err(Invalid::new("zoom", expected).into());
    }
    Ok(min..=max)
}

fn summaries(atlas: &Atlas, job: &TilesJob) -> Result<Vec<LayerSummary>, ExportError> {
    let points = job.request.layers.iter().filter_map(|layer| match layer {
        TileLayer::Points(id) => Some(id),
        _ => None,
    });
    Ok(points.map(|id| atlas.layer(job.view, id)).collect::<Result<_, _>>()?)
}

fn of<'a>(summaries: &'a [LayerSummary], layer: &TileLayer) -> Option<&'a Layer> {
    let TileLayer::Points(id) = layer else { return None };
    summaries.iter().map(|summary| summary.layer.as_ref()).find(|layer| layer.id == *id)
}

type Archive = PmTilesStreamWriter<BufWriter<std::fs::File>>;

fn begun(
    atlas: &Atlas,
    job: &TilesJob,
    coords: &[TileCoord],
    out: BufWriter<std::fs::File>,
) -> Result<Archive, ExportError> {
    let mut bounds = Bbox::EMPTY;
    // The deepest tiles are the tightest outline of what there is.
    let deepest = coords.iter().map(|coord| coord.z()).max().unwrap_or(0);
    let shallowest = coords.iter().map(|coord| coord.z()).min().unwrap_or(0);
    coords.iter().filter(|coord| coord.z() == deepest).for_each(|coord| bounds.join(&coord.bbox()));
    if let ([summary], [_]) = (summaries(atlas, job)?.as_slice(), job.request.layers.as_slice()) {
        bounds = summary.bbox();
    }
    if bounds.is_empty() {
        bounds = Bbox { west: -180.0, south: -LAST_LATITUDE, east: 180.0, north: LAST_LATITUDE };
    }
    let latitude = |degrees: f64| degrees.clamp(-LAST_LATITUDE, LAST_LATITUDE);
    let (south, north) = (latitude(bounds.south), latitude(bounds.north));
    let writer = PmTilesWriter::new(TileType::Mvt)
        .precompressed(Compression::Gzip)
        .min_zoom(shallowest)
        .max_zoom(deepest)
        .bounds(bounds.west, south, bounds.east, north)
        .center(f64::midpoint(bounds.west, bounds.east), f64::midpoint(south, north))
        .center_zoom(shallowest)
        .metadata(metadata(atlas, job)?.to_string());
    writer.create(out).map_err(of_pmtiles)
}

fn metadata(atlas: &Atlas, job: &TilesJob) -> Result<Json, ExportError> {
    let layers = summaries(atlas, job)?;
    let titles: Vec<_> = job.request.layers.iter().map(|layer| title(layer, of(&layers, layer))).collect();
    let described: Vec<Json> =
        job.request.layers.iter().map(|layer| vector_layer(layer, of(&layers, layer), job.view)).collect();
    let joined = |name: fn(&crate::model::Title) -> &str| titles.iter().map(name).collect::<Vec<_>>().join(", ");
    Ok(json!({
        "name": joined(|title| &title.vi),
        "description": joined(|title| &title.en),
        "attribution": atlas.catalogue().attribution,
        "type": "overlay",
        "format": "pbf",
        "generator": concat!("bandoso ", env!("CARGO_PKG_VERSION")),
        "vector_layers": described,
    }))
}

fn question(atlas: &Atlas, job: &TilesJob, versions: crate::model::Versions) -> Question {
    let request = &job.request;
    let bbox = |boxes: &Vec<Bbox>| boxes.iter().map(|bbox| [bbox.west, bbox.south, bbox.east, bbox.north]).collect();
    Question {
        layers: request.layers.iter().map(ToString::to_string).collect(),
        versions,
        filter: request.filter.as_ref().map(|filter| filter.text().to_owned()),
        datetime: request.datetime.map(interval),
        as_of: as_of(request.as_of),
        today: atlas.clock().today.to_string(),
        bbox: job.area.as_ref().map(bbox),
        crs: "EPSG:3857".to_owned(),
        fields: request.fields.clone(),
        zoom: Some([*job.zooms.start(), *job.zooms.end()]),
        dense: Some(match request.dense {
            Dense::All => "all",
            Dense::Cells => "cells",
        }),
    }
}

fn tile_id(coord: TileCoord) -> Result<TileId, PmtError> {
    pmtiles::TileCoord::new(coord.z(), coord.x(), coord.y()).map(TileId::from)
}

fn of_pmtiles(fault: PmtError) -> ExportError {
    ExportError::Format { format: "PMTiles", cause: fault.into() }
}
