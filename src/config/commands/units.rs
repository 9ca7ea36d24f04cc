use serde_json::json;

use super::answer::Answer;
use super::failure::Failure;
use super::store::{Missing, missing_file, open};
use super::tell;
use crate::config::cli::{Shared, UnitsCommand, UnitsConvertArgs, UnitsImportArgs, UnitsListArgs};
use crate::engine::convert::convert;
use crate::engine::locate::UnitIndex;
use crate::engine::unit_map::UnitMap;
use crate::import::units::{UnitReader, ValidTo};
use crate::model::{ConvertRequest, Day, Level, LonLat, Unit};
use crate::store::UnitTable;

/// `bandoso units …`
pub(super) async fn units(command: &UnitsCommand, shared: &Shared) -> Result<(), Failure> {
    match command {
        UnitsCommand::Import(args) => import(args, shared).await,
        UnitsCommand::List(args) => list(args, shared).await,
        UnitsCommand::Convert(args) => convert_code(args, shared).await,
    }
}

async fn import(args: &UnitsImportArgs, shared: &Shared) -> Result<(), Failure> {
    let catalogue = super::catalogue(shared)?;
    let mut reader = UnitReader::new(ValidTo::parse("--valid-to", &args.valid_to)?);
    if let Some(path) = &args.findings {
        reader.findings = super::import::findings_file(path)?;
    }
    for file in &args.files {
        reader.read_file(file)?;
    }
    let store = match missing_file(shared)? {
        Some(_) if args.dry_run => None,
        _ => Some(open(shared, &catalogue, Missing::Make).await?),
    };
    let mut stored = UnitTable::default();
    if let Some(store) = &store {
        store.prepare(&catalogue).await?;
        stored = store.units().await?;
    }
    let checked = tokio::task::spawn_blocking(move || {
        reader.check_against(&stored);
        reader
    });
    let mut reader = checked.await.map_err(|error| Failure::Fault(error.to_string()))?;
    tell::findings_aside(&reader.findings);
    reader.findings.flush().map_err(|error| Failure::Usage(format!("--findings: {error}")))?;
    let mut answer = Answer::new();
    let (units, changes) = (reader.units.len(), reader.changes.len());
    let is_refused = args.strict && reader.findings.faults() > 0;
    let store = store.filter(|_| !is_refused && !args.dry_run);
    let Some(store) = store else {
        let why = if is_refused { "--strict" } else { "--dry-run" };
        answer.line(format_args!("units: read {units}, changes read {changes}; nothing was written ({why})"))?;
        answer.end()?;
        return if is_refused { Err(Failure::Findings) } else { Ok(()) };
    };
    let done = store.put_units(&reader.units, &reader.changes).await?;
    answer.line(format_args!(
        "units: read {units}, added {}, changed {}, unchanged {}; changes read {changes}",
        done.added, done.changed, done.unchanged
    ))?;
    Ok(answer.end()?)
}

async fn list(args: &UnitsListArgs, shared: &Shared) -> Result<(), Failure> {
    let day = args.as_of.as_deref().map(|text| Day::parse("--as-of", text)).transpose()?;
    let level = args.level.as_deref().map(|text| Level::parse("--level", text)).transpose()?;
    let store = open(shared, &super::catalogue(shared)?, Missing::Refuse).await?;
    let mut answer = Answer::new();
    for unit in store.units().await?.units {
        if level.is_none_or(|level| level == unit.level) && day.is_none_or(|day| unit.valid.contains(day)) {
            answer.line(line(&unit))?;
        }
    }
    Ok(answer.end()?)
}

fn line(unit: &Unit) -> String {
    let day = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
    let (from, to) = (day(unit.valid.from), day(unit.valid.to));
    let parent = unit.parent.as_deref().unwrap_or_default();
    [unit.level.name(), &unit.code, &unit.full_name, &from, &to, parent].join("\t")
}

async fn convert_code(args: &UnitsConvertArgs, shared: &Shared) -> Result<(), Failure> {
    let request = ConvertRequest {
        code: args.code.clone(),
        level: args.level.as_deref().map(|text| Level::parse("--level", text)).transpose()?,
        from: Day::parse("--from", &args.from)?,
        to: Day::parse("--to", &args.to)?,
        at: args.at.as_deref().map(|text| LonLat::parse("--at", text)).transpose()?,
    };
    let store = open(shared, &super::catalogue(shared)?, Missing::Refuse).await?;
    let table = store.units().await?;
    // Only a place needs the polygons.
    let index = UnitIndex::new(if request.at.is_some() { &table.units } else { &[] });
    let map = UnitMap::new(table.units, table.changes, table.version);
    let conversion = convert(&map, &index, &request)?;
    let shown = |unit: &Unit| {
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        json!({
            "code": unit.code,
            "name": unit.name,
            "full_name": unit.full_name,
            "level": unit.level,
            "valid_from": day(unit.valid.from),
            "valid_to": day(unit.valid.to),
        })
    };
    let to = conversion.to.iter().filter_map(|(id, whole)| {
        let mut unit = shown(map.unit(*id)?);
        if let Some(unit) = unit.as_object_mut() {
            unit.insert("share".to_owned(), json!(if *whole { "whole" } else { "part" }));
        }
        Some(unit)
    });
    let text = serde_json::to_string_pretty(&json!({
        "from": map.unit(conversion.from).map(shown),
        "to": to.collect::<Vec<_>>(),
        "quality": conversion.quality,
    }));
    let mut answer = Answer::new();
    answer.line(text.map_err(|error| Failure::Fault(error.to_string()))?)?;
    Ok(answer.end()?)
}
