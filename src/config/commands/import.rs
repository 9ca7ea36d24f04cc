use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::sync::Arc;

use super::answer::Answer;
use super::batches;
use super::failure::Failure;
use super::progress::Shown;
use super::report;
use super::store::{Missing, missing_file, open};
use super::tell;
use super::understood;
use crate::config::cli::{ImportArgs, Shared};
use crate::engine::coordinates::Order;
use crate::engine::crs::Crs;
use crate::import::features::{
    Doubt, Ending, FeatureJob, FeatureOptions, FeatureReport, Geocode, OnFault, import_features,
};
use crate::import::{DateOrder, Decimal, Encoding, FindingLog, Mapping, Progress, ReadOptions, Rejects, delimiter};
use crate::model::{Catalogue, Invalid, Layer, LayerId};
use crate::store::{Missing as MissingFeatures, Store};

/// `bandoso import`: points of a layer from files, in one transaction.
pub(super) async fn import(args: &ImportArgs, shared: &Shared) -> Result<(), Failure> {
    let catalogue = super::catalogue(shared)?;
    let layer = layer(args, &catalogue)?;
    let mut options = options(args, &layer)?;
    let asked = options.read.clone();
    // All that can be wrong with the command line is told before a store is touched.
    for file in &args.files {
        File::open(file).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
    }
    let findings = args.findings.as_deref().map_or_else(|| Ok(FindingLog::default()), findings_file)?;
    let rejects = args.rejects.as_deref().map(Rejects::new).transpose();
    let rejects = rejects.map_err(|error| Failure::Usage(format!("--rejects: {error}")))?;
    let store = match missing_file(shared)? {
        Some(_) if args.dry_run => None,
        _ => Some(open(shared, &catalogue, Missing::Make).await?),
    };
    if let Some(store) = &store {
        for finding in store.prepare(&catalogue).await? {
            tracing::warn!(finding = finding.kind.name(), place = %finding.place, "{}", finding.message);
        }
    }
    let name = layer.id.to_string();
    let zone = catalogue.time_zone.clone();
    if let Some(store) = store.as_ref().filter(|_| args.replace && !args.yes && !args.dry_run) {
        let (layer, zone, files) = (layer.clone(), zone.clone(), args.files.clone());
        let job =
            FeatureJob { layer, zone, files, options: options.clone(), findings: FindingLog::default(), rejects: None };
        options.missing = MissingFeatures::Remove { at_most: agreed(store.as_ref(), job).await? };
    }
    let job = FeatureJob { layer, zone, files: args.files.clone(), options, findings, rejects };
    let progress = Arc::new(Progress::default());
    let shown = Shown::start(name.clone(), &args.files, Arc::clone(&progress));
    let stop = tokio::spawn(stop_on_signal(Arc::clone(&progress)));
    let report = import_features(store.as_deref(), job, progress).await;
    stop.abort();
    drop(shown);
    let report = report?;
    understood(args, &asked, &report)?;
    conclude(args, &name, report)
}

fn layer(args: &ImportArgs, catalogue: &Catalogue) -> Result<Layer, Failure> {
    let id = LayerId::parse("--layer", &args.layer)?;
    let Some(layer) = catalogue.layer(&id) else {
        let known: Vec<&str> = catalogue.layers.iter().map(|layer| layer.id.as_str()).collect();
        let expected = format!("a layer of the catalogue ({}), found {id}", known.join(", "));
        return Err(Invalid::new("--layer", expected).into());
    };
    if let Some(published) = &layer.published {
        let expected =
            format!("a layer with a table of its own; {id} publishes {}, whose owner fills it", published.table);
        return Err(Invalid::new("--layer", expected).into());
    }
    Ok(layer.clone())
}

fn crs(text: &str) -> Result<Crs, Invalid> {
    Crs::parse(text).ok_or_else(|| {
        let known: Vec<String> = Crs::ALL.into_iter().map(Crs::code).collect();
        Invalid::new("--crs", format!("one of {}, found {text:?}", known.join(", ")))
    })
}

/// What the mapping file says, and on top of it what the command line says.
fn options(args: &ImportArgs, layer: &Layer) -> Result<FeatureOptions, Failure> {
    let mapping = args.mapping.as_deref().map(mapping).transpose()?.unwrap_or_default();
    let mut options = mapping.options("--mapping", layer)?;
    for text in &args.map {
        let (field, column) = match text.split_once('=') {
            Some((field, column)) if !column.trim().is_empty() => (field.trim().to_owned(), column.trim().to_owned()),
            _ => return Err(Invalid::new("--map", format!("FIELD=COL, found {text:?}")).into()),
        };
        options.map.retain(|(known, _)| *known != field || !mapping.fields.contains_key(known));
        options.map.push((field, column));
    }
    options.crs = args.crs.as_deref().map(crs).transpose()?.or(options.crs);
    options.xy = args.xy.as_deref().map(|text| Order::parse("--xy", text)).transpose()?.or(options.xy);
    options.units.clone_from(&args.unit);
    options.geocode = match args.geocode.as_deref() {
        None => Geocode::Nothing,
        Some("unit") => Geocode::Unit,
        Some(other) => return Err(Invalid::new("--geocode", format!("unit, found {other:?}")).into()),
    };
    options.doubt = if args.sure { Doubt::Tells } else { Doubt::Refuses };
    let told = read_options(args)?;
    let read = &mut options.read;
    read.encoding = told.encoding.or(read.encoding);
    read.delimiter = told.delimiter.or(read.delimiter);
    read.sheet = told.sheet.or(read.sheet.take());
    read.header_row = told.header_row.or(read.header_row);
    read.table = told.table.or(read.table.take());
    options.x = args.x.clone().or(options.x);
    options.y = args.y.clone().or(options.y);
    options.decimal = args.decimal.as_deref().map(decimal).transpose()?.or(options.decimal);
    options.dates = args.dates.as_deref().map(dates).transpose()?.or(options.dates);
    options.on_fault = if args.strict { OnFault::Refuse } else { OnFault::Store };
    options.ending = if args.dry_run { Ending::DryRun } else { Ending::Commit };
    options.author.who = batches::who(args.who.as_deref());
    if args.replace {
        options.missing = MissingFeatures::Remove { at_most: u64::MAX };
    }
    Ok(options)
}

fn mapping(path: &Path) -> Result<Mapping, Failure> {
    let parameter = format!("--mapping: {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{parameter}: {error}")))?;
    Ok(Mapping::parse(&parameter, &text)?)
}

fn decimal(text: &str) -> Result<Decimal, Invalid> {
    match text {
        "point" | "." => Ok(Decimal::Point),
        "comma" | "," => Ok(Decimal::Comma),
        _ => Err(Invalid::new("--decimal", format!("point or comma, found {text:?}"))),
    }
}

fn dates(text: &str) -> Result<DateOrder, Invalid> {
    match text {
        "day-first" | "dmy" => Ok(DateOrder::DayFirst),
        "month-first" | "mdy" => Ok(DateOrder::MonthFirst),
        _ => Err(Invalid::new("--dates", format!("day-first or month-first, found {text:?}"))),
    }
}

fn read_options(args: &ImportArgs) -> Result<ReadOptions, Invalid> {
    let encoding = args.encoding.as_deref().map(|text| Encoding::parse("--encoding", text)).transpose()?;
    let delimiter = args.delimiter.as_deref().map(|text| delimiter("--delimiter", text)).transpose()?;
    Ok(ReadOptions {
        encoding,
        delimiter,
        sheet: args.sheet.clone(),
        header_row: args.header_row,
        table: args.table.clone(),
    })
}

/// Counts the features that would be removed, and asks whether they may be; gives their number.
async fn agreed(store: &dyn Store, mut job: FeatureJob) -> Result<u64, Failure> {
    job.options.ending = Ending::DryRun;
    let layer = job.layer.id.to_string();
    let report = import_features(Some(store), job, Arc::new(Progress::default())).await?;
    // Files that are refused remove nothing.
    let missing = report.imported.map_or(0, |counted| counted.missing);
    if missing == 0 {
        return Ok(0);
    }
    let told = format!("{layer}: {missing} features are not in the files and would be removed");
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return Err(Failure::Usage(format!("{told}: add --yes to remove them; nothing was written")));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{told}. Remove them (xoá)? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if ["y", "yes", "c", "có"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(missing);
    }
    Err(Failure::Interrupted("nothing was written".to_owned()))
}

pub(super) fn findings_file(path: &Path) -> Result<FindingLog, Failure> {
    let file =
        File::create(path).map_err(|error| Failure::Usage(format!("--findings: {}: {error}", path.display())))?;
    Ok(FindingLog::written_to(Box::new(BufWriter::new(file))))
}

/// The first signal stops the reading, and with it the import; the second one the process, which the store answers by rolling back.
async fn stop_on_signal(progress: Arc<Progress>) {
    for _ in 0..2 {
        if super::serve::signal_to_stop().await.is_err() {
            return;
        }
        if progress.is_stopped() {
            std::process::exit(130);
        }
        progress.stop();
    }
}

/// Shows how the files were understood: in full where nothing is to be written, else what could be otherwise.
fn understood(args: &ImportArgs, asked: &ReadOptions, report: &FeatureReport) -> Result<(), Failure> {
    if let (Some(path), Some(guess)) = (&args.save_mapping, report.guesses.first()) {
        let mut mapping = guess.mapping.clone();
        mapping.sheet.clone_from(&asked.sheet);
        std::fs::write(path, mapping.to_toml())
            .map_err(|error| Failure::Usage(format!("--save-mapping: {}: {error}", path.display())))?;
    }
    if !args.dry_run {
        let _ = write!(std::io::stderr().lock(), "{}", understood::notes(&report.guesses, asked));
        return Ok(());
    }
    let mut answer = Answer::new();
    for guess in &report.guesses {
        answer.text(understood::guess(guess))?;
    }
    answer.text(understood::rows(&report.first_rows))?;
    answer.end()?;
    Ok(())
}

fn conclude(args: &ImportArgs, name: &str, mut report: FeatureReport) -> Result<(), Failure> {
    tell::findings_aside(&report.findings);
    report.findings.flush().map_err(|error| Failure::Usage(format!("--findings: {error}")))?;
    if let Some(path) = &args.report {
        report::write(path, name, args, &report)?;
    }
    let is_refused = !report.refusals.is_empty() || (args.strict && report.findings.faults() > 0);
    let mut answer = Answer::new();
    let FeatureReport { rows, left_out, .. } = report;
    if let Some(done) = report.imported {
        let missing = if done.removed > 0 { "removed" } else { "missing" };
        let end = match done.batch {
            Some(batch) => format!("; batch {batch}"),
            None => "; nothing was written (--dry-run)".to_owned(),
        };
        answer.line(format_args!(
            "{name}: read {rows}, added {}, changed {}, unchanged {}, not stored {left_out}, outside {}",
            done.added, done.changed, done.unchanged, done.outside
        ))?;
        answer.line(format_args!("{name}: {missing} {}{end}", done.missing))?;
    } else {
        let why = match report.refusals.is_empty() {
            false => "refused",
            true if is_refused => "--strict",
            true => "--dry-run",
        };
        answer.line(format_args!("{name}: read {rows}, not usable {left_out}; nothing was written ({why})"))?;
    }
    if let (Some(rows), Some(path)) = (report.rejected, &args.rejects) {
        answer.line(format_args!("{}: {rows} rows to correct and import again", path.display()))?;
    }
    answer.end()?;
    if !report.refusals.is_empty() {
        let _ = writeln!(std::io::stderr(), "{}", report.refusals.join("\n"));
    }
    if is_refused { Err(Failure::Findings) } else { Ok(()) }
}
