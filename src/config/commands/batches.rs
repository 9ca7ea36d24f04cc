use std::sync::Arc;

use super::answer::Answer;
use super::failure::Failure;
use super::store::{Missing, open};
use crate::config::cli::{BatchesArgs, BatchesCommand, Shared, UndoArgs};
use crate::model::{Catalogue, Invalid, Layer, LayerId, Value};
use crate::store::{Author, Batch, BatchPage, BatchRow, Store};

/// `bandoso batches`: who wrote what and when.
pub(super) async fn batches(args: &BatchesArgs, shared: &Shared) -> Result<(), Failure> {
    let (catalogue, store) = prepared(shared).await?;
    if let Some(BatchesCommand::Show { id }) = &args.command {
        return show(store.as_ref(), &catalogue, *id).await;
    }
    let layer = args.layer.as_deref().map(|id| LayerId::parse("--layer", id)).transpose()?;
    let layer = layer.map(|id| id.to_string());
    let found = store.batches(&BatchPage { layer, before: None, limit: args.limit as usize }).await?;
    let mut answer = Answer::new();
    for batch in &found {
        answer.line(format_args!("{}", line(batch)))?;
    }
    answer.end()?;
    Ok(())
}

/// `bandoso undo`: a batch's rows as they were before.
pub(super) async fn undo(args: &UndoArgs, shared: &Shared) -> Result<(), Failure> {
    let (catalogue, store) = prepared(shared).await?;
    let batch = batch(store.as_ref(), args.id).await?;
    let author = Author { who: who(args.who.as_deref()), source: Vec::new() };
    let done = store.undo(layer_of(&catalogue, &batch)?, args.id, &author).await?;
    let (counts, mut answer) = (done.counts, Answer::new());
    answer.line(format_args!(
        "{}: batch {} undone by batch {}: brought back {}, changed back {}, removed {}",
        done.layer, args.id, done.id, counts.added, counts.changed, counts.removed
    ))?;
    answer.end()?;
    Ok(())
}

/// Who works here: as told, or as the operating system calls its user.
pub(super) fn who(told: Option<&str>) -> String {
    let system = || ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    told.map(str::to_owned).or_else(system).filter(|who| !who.trim().is_empty()).unwrap_or_else(|| "local".to_owned())
}

async fn prepared(shared: &Shared) -> Result<(Catalogue, Arc<dyn Store>), Failure> {
    let catalogue = super::catalogue(shared)?;
    let store = open(shared, &catalogue, Missing::Refuse).await?;
    store.prepare(&catalogue).await?;
    Ok((catalogue, store))
}

async fn batch(store: &dyn Store, id: u64) -> Result<Batch, Failure> {
    let none = || Failure::Usage(format!("there is no batch {id}; see `bandoso batches`"));
    store.batch(id).await?.ok_or_else(none)
}

fn layer_of<'a>(catalogue: &'a Catalogue, batch: &Batch) -> Result<&'a Layer, Failure> {
    let id = LayerId::parse("layer", &batch.layer)?;
    let unknown =
        || Invalid::new("--tiles", format!("a catalogue with the layer {id}, of which batch {} is", batch.id));
    Ok(catalogue.layer(&id).ok_or_else(unknown)?)
}

async fn show(store: &dyn Store, catalogue: &Catalogue, id: u64) -> Result<(), Failure> {
    let batch = batch(store, id).await?;
    let layer = layer_of(catalogue, &batch)?;
    let rows = store.batch_rows(layer, id).await?;
    let mut answer = Answer::new();
    answer.line(format_args!("{}", line(&batch)))?;
    for row in &rows {
        answer.line(format_args!("{}", row_line(layer, row)))?;
    }
    let counts = batch.counts;
    let all = counts.added + counts.changed + counts.removed;
    if let Some(more) = all.checked_sub(rows.len() as u64).filter(|more| *more > 0) {
        answer.line(format_args!("… {more} more"))?;
    }
    answer.end()?;
    Ok(())
}

/// Id, time, layer, kind, who, counts, files, and what it undid or what undid it.
fn line(batch: &Batch) -> String {
    let Batch { id, at, layer, kind, author, counts, .. } = batch;
    let undoing = match (batch.undoes, batch.undone_by) {
        (_, Some(by)) => format!("undone by {by}"),
        (Some(of), None) => format!("undoes {of}"),
        (None, None) => String::new(),
    };
    let numbers = format!(
        "added {}, changed {}, removed {}, unchanged {}",
        counts.added, counts.changed, counts.removed, counts.unchanged
    );
    let (files, who) = (author.source.join(", "), &author.who);
    format!("{id}\t{at}\t{layer}\t{}\t{who}\t{numbers}\t{files}\t{undoing}", kind.name())
}

/// Id, what became of it, how it was before.
fn row_line(layer: &Layer, row: &BatchRow) -> String {
    let Some((at, values)) = &row.before else { return format!("{}\tadded", row.id) };
    let what = if row.left { "changed" } else { "removed" };
    let told = layer.fields.iter().zip(values).filter(|(_, value)| **value != Value::Null);
    let told: Vec<String> = told.map(|(field, value)| format!("{}={}", field.name, text(value))).collect();
    format!("{}\t{what}\tbefore: {} {}, {}", row.id, at.lon, at.lat, told.join(", "))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Timestamp(instant) => instant.to_string(),
    }
}
