use std::ops::RangeInclusive;
use std::sync::Arc;

use super::answer::Answer;
use super::export::{boxes, layer, until_signal};
use super::failure::Failure;
use super::progress::Shown;
use super::store::{Missing, open};
use crate::atlas::{Atlas, AtlasSettings, read_text};
use crate::config::cli::{ExportArgs, Shared};
use crate::export::{ExportProgress, TilesJob, export_tiles};
use crate::model::{
    AsOf, Catalogue, Day, Dense, Invalid, Layer, MAX_ZOOM, TileCoord, TileLayer, TileRequest, TimeInterval, View,
};

/// Zooms where the caller does not say: a province at 1:30,000.
const ZOOMS: RangeInclusive<u8> = 0..=12;

/// `bandoso export` of tiles: those of `/tiles`, in one file.
pub(super) async fn export(args: &ExportArgs, shared: &Shared) -> Result<(), Failure> {
    let mut catalogue = super::catalogue(shared)?;
    let (job, layers) = job(args, &catalogue)?;
    let store = open(shared, &catalogue, Missing::Refuse).await?;
    // Nothing else is loaded.
    catalogue.layers = layers;
    let progress = Arc::new(ExportProgress::default());
    let shown = Shown::of_export(args.layer.clone(), Arc::clone(&progress));
    let settings = AtlasSettings { cache_bytes: 0, ..AtlasSettings::default() };
    let work = async {
        let atlas = Atlas::still(store, catalogue, settings).await?;
        Ok::<_, Failure>(export_tiles(&atlas, job, &args.output, &progress).await?)
    };
    let exported = until_signal(work).await?;
    drop(shown);
    let mut answer = Answer::new();
    answer.line(format_args!("{}: wrote {} tiles to {}", args.layer, exported.written, args.output.display()))?;
    Ok(answer.end()?)
}

/// The job, and the layers of features that it draws.
fn job(args: &ExportArgs, catalogue: &Catalogue) -> Result<(TilesJob, Vec<Layer>), Invalid> {
    if args.output.as_os_str() == "-" {
        return Err(Invalid::new("--output", "a file: tiles are not written to the standard output"));
    }
    let plain = args.crs == "CRS84";
    for (option, given) in [("--crs", !plain), ("--bom", args.bom), ("--titles", args.titles)] {
        if given {
            return Err(Invalid::new(option, format!("no {option} beside tiles: they are in Web Mercator")));
        }
    }
    let (mut names, mut layers) = (Vec::new(), Vec::new());
    for text in args.layer.split(',') {
        let name = TileLayer::parse("--layer", text)?;
        if names.contains(&name) {
            return Err(Invalid::new("--layer", format!("each layer once, found {name} twice")));
        }
        if let TileLayer::Points(id) = &name {
            layers.push(layer(id.as_str(), catalogue)?);
        }
        names.push(name);
    }
    let zone = &catalogue.time_zone;
    let request = TileRequest {
        layers: names,
        coord: TileCoord::new(0, 0, 0)?,
        datetime: args.datetime.as_deref().map(|text| TimeInterval::parse("--datetime", text, zone)).transpose()?,
        filter: args.filter.as_deref().map(|text| read_text("--filter", text)).transpose()?,
        as_of: args.as_of.as_deref().map_or(Ok(AsOf::Own), |text| Day::parse("--as-of", text).map(AsOf::Day))?,
        count: None,
        dense: match args.dense.as_deref() {
            Some("all") => Dense::All,
            None | Some("cells") => Dense::Cells,
            Some(other) => return Err(Invalid::new("--dense", format!("all or cells, found {other:?}"))),
        },
        fields: (!args.fields.is_empty()).then(|| args.fields.clone()),
    };
    let zooms = args.zoom.as_deref().map_or(Ok(ZOOMS), zooms)?;
    let area = args.bbox.as_deref().map(boxes).transpose()?;
    Ok((TilesJob { view: View::EVERYTHING, request, zooms, area }, layers))
}

/// Reads `0-12`, or one zoom.
fn zooms(text: &str) -> Result<RangeInclusive<u8>, Invalid> {
    let (min, max) = text.split_once('-').unwrap_or((text, text));
    let zoom = |text: &str| text.trim().parse::<u8>().ok().filter(|zoom| *zoom <= MAX_ZOOM);
    match (zoom(min), zoom(max)) {
        (Some(min), Some(max)) if min <= max => Ok(min..=max),
        _ => Err(Invalid::new("--zoom", format!("MIN-MAX from 0 to {MAX_ZOOM}, found {text:?}"))),
    }
}
