use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use super::answer::Answer;
use super::failure::Failure;
use super::progress::Shown;
use super::store::{Missing, open};
use crate::atlas::{Atlas, AtlasSettings, read_text};
use crate::config::cli::{ExportArgs, Shared};
use crate::export::{
    Axes, ExportJob, ExportProgress, Format, SheetOptions, SinkOptions, Spreadsheet, Titles, crs_of_code,
    export_to_file, export_to_writer,
};
use crate::model::{
    Area, AsOf, Bbox, Catalogue, Day, Invalid, Layer, LayerId, LonLat, Residency, TimeInterval, View, WithinRequest,
};

/// The format of archives of tiles, and the ending of its files.
const TILES: &str = "pmtiles";

/// `bandoso export`: a layer into a file, or tiles of several, whole or not at all.
pub(super) async fn export(args: &ExportArgs, shared: &Shared) -> Result<(), Failure> {
    if is_tiles(args) {
        return super::export_tiles::export(args, shared).await;
    }
    let mut catalogue = super::catalogue(shared)?;
    let layer = layer(&args.layer, &catalogue)?;
    let job = job(args, &layer, &catalogue)?;
    let store = open(shared, &catalogue, Missing::Refuse).await?;
    // Nothing else is loaded; and what the store can read by a cursor is not loaded at all.
    let by_cursor = store.large_layers().is_some() && layer.published.is_none();
    let residency = if by_cursor { Residency::Database } else { layer.residency };
    let name = layer.id.to_string();
    catalogue.layers = vec![Layer { residency, ..layer }];
    let progress = Arc::new(ExportProgress::default());
    let shown = Shown::of_export(name.clone(), Arc::clone(&progress));
    let settings = AtlasSettings { cache_bytes: 0, ..AtlasSettings::default() };
    let work = async {
        let atlas = Atlas::still(store, catalogue, settings).await?;
        if args.output.as_os_str() == "-" {
            let out = Box::new(BufWriter::with_capacity(1 << 20, std::io::stdout()));
            return Ok::<_, Failure>(export_to_writer(&atlas, job, out, &progress).await?);
        }
        Ok(export_to_file(&atlas, job, &args.output, &progress).await?)
    };
    let exported = until_signal(work).await?;
    drop(shown);
    if args.output.as_os_str() != "-" {
        let mut answer = Answer::new();
        let (written, matched) = (exported.written, exported.matched);
        answer.line(format_args!("{name}: wrote {written} of {matched} features to {}", args.output.display()))?;
        answer.end()?;
    }
    Ok(())
}

/// The work, given up at a signal: what it has written then goes with it.
pub(super) async fn until_signal<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        _ = super::serve::signal_to_stop() => {
            Err(Failure::Interrupted("the export was given up; no file was written".to_owned()))
        }
    }
}

/// Tiles are told by their name or by the file's ending.
fn is_tiles(args: &ExportArgs) -> bool {
    match &args.format {
        Some(name) => name.eq_ignore_ascii_case(TILES),
        None => args.output.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(TILES)),
    }
}

pub(super) fn layer(text: &str, catalogue: &Catalogue) -> Result<Layer, Invalid> {
    let id = LayerId::parse("--layer", text)?;
    catalogue.layer(&id).cloned().ok_or_else(|| {
        let known: Vec<&str> = catalogue.layers.iter().map(|layer| layer.id.as_str()).collect();
        Invalid::new("--layer", format!("a layer of the catalogue ({}), found {id}", known.join(", ")))
    })
}

fn job(args: &ExportArgs, layer: &Layer, catalogue: &Catalogue) -> Result<ExportJob, Invalid> {
    let zone = &catalogue.time_zone;
    for (option, given) in [("--zoom", &args.zoom), ("--dense", &args.dense)] {
        if given.is_some() {
            return Err(Invalid::new(option, format!("{option} beside tiles (--format {TILES}) only")));
        }
    }
    let request = WithinRequest {
        layer: layer.id.clone(),
        area: args.bbox.as_deref().map_or(Ok(Area::Everywhere), |text| boxes(text).map(Area::Boxes))?,
        datetime: args.datetime.as_deref().map(|text| TimeInterval::parse("--datetime", text, zone)).transpose()?,
        filter: args.filter.as_deref().map(|text| read_text("--filter", text)).transpose()?,
        as_of: args.as_of.as_deref().map_or(Ok(AsOf::Own), |text| Day::parse("--as-of", text).map(AsOf::Day))?,
        sort: Vec::new(),
        after: None,
        limit: usize::MAX,
    };
    let sheet = SheetOptions {
        view: View::EVERYTHING,
        fields: (!args.fields.is_empty()).then(|| args.fields.clone()),
        crs: crs_of_code("--crs", &args.crs)?,
        axes: Axes::EastFirst,
        zone: zone.clone(),
    };
    let format = format(args)?;
    for (option, given, of) in [("--bom", args.bom, Format::Csv), ("--titles", args.titles, Format::Xlsx)] {
        if given && format != of {
            return Err(Invalid::new(option, format!("{option} beside --format {} only", of.name())));
        }
    }
    let options = SinkOptions {
        spreadsheet: if args.bom { Spreadsheet::Excel } else { Spreadsheet::No },
        titles: if args.titles { Titles::Shown } else { Titles::LeftOut },
        ..SinkOptions::default()
    };
    Ok(ExportJob { request, sheet, format, options })
}

fn format(args: &ExportArgs) -> Result<Format, Invalid> {
    match &args.format {
        Some(name) => Format::parse("--format", name),
        None => Format::of_path(Path::new(&args.output)).ok_or_else(|| {
            let known = Format::ALL.iter().map(|format| format.extension());
            let extensions: Vec<&str> = known.chain([TILES]).collect();
            Invalid::new("--format", format!("a format, or a file that ends in one of {}", extensions.join(", ")))
        }),
    }
}

/// A box of degrees; one whose west is east of its east crosses the antimeridian, and is two.
pub(super) fn boxes(text: &str) -> Result<Vec<Bbox>, Invalid> {
    let invalid = || Invalid::new("--bbox", format!("west,south,east,north in degrees, found {text:?}"));
    let numbers = text.split(',').map(|part| part.trim().parse::<f64>());
    let numbers: Vec<f64> = numbers.collect::<Result<_, _>>().map_err(|_| invalid())?;
    let &[west, south, east, north] = numbers.as_slice() else { return Err(invalid()) };
    LonLat::new("--bbox", west, south)?;
    LonLat::new("--bbox", east, north)?;
    if south > north {
        return Err(invalid());
    }
    let between = |west, east| Bbox { west, south, east, north };
    Ok(if west > east { vec![between(west, 180.0), between(-180.0, east)] } else { vec![between(west, east)] })
}
