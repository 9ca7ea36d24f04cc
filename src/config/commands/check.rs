use tokio::sync::mpsc;

use super::answer::Answer;
use super::failure::Failure;
use super::store::{Missing, open};
use super::tell;
use crate::config::cli::Shared;
use crate::config::load_catalogue;
use crate::import::FindingLog;
use crate::import::units::{check_units, survey_units};
use crate::model::{Feature, FieldType, Finding, FindingKind, Layer, LonLat, Value};
use crate::store::{Store, StoreError, UnitTable};

/// Batches of features on their way from the store.
const WAITING_BATCHES: usize = 4;

/// `bandoso check`: what is wrong with what is stored. The findings are the answer.
pub(super) async fn check(shared: &Shared) -> Result<(), Failure> {
    let mut answer = Answer::new();
    let catalogue = match load_catalogue(shared.tiles.as_deref()) {
        Ok(catalogue) => catalogue,
        Err(faults) => {
            for fault in faults {
                answer.line(fault)?;
            }
            answer.end()?;
            return Err(Failure::Findings);
        }
    };
    let store = open(shared, &catalogue, Missing::Refuse).await?;
    let mut log = FindingLog::default();
    log.extend(store.prepare(&catalogue).await?);
    let table = store.units().await?;
    log.extend(check_units(&table.units, &table.changes, &UnitTable::default()));
    let surveyed = tokio::task::spawn_blocking(move || survey_units(&table.units, &UnitTable::default())).await;
    log.extend(surveyed.map_err(|error| Failure::Fault(error.to_string()))?);
    for layer in &catalogue.layers {
        match check_layer(store.as_ref(), layer, &mut log).await {
            // What is wrong with one table keeps nobody from hearing of the others.
            Err(fault @ (StoreError::Fault { .. } | StoreError::Unreadable { .. })) => {
                log.add(Finding::new(FindingKind::ColumnMismatch, layer.id.to_string(), fault.to_string()));
            }
            checked => checked?,
        }
    }
    let mut text = Vec::new();
    tell::findings(&mut text, &log)?;
    answer.text(String::from_utf8_lossy(&text))?;
    answer.end()?;
    if log.counts().is_empty() { Ok(()) } else { Err(Failure::Findings) }
}

/// Whoever edits a layer with other programs can write what no import lets in: rows that are no features and values of another
/// type, which only the store sees, and codes that the layer does not have.
async fn check_layer(store: &dyn Store, layer: &Layer, log: &mut FindingLog) -> Result<(), StoreError> {
    log.extend(store.check(layer).await?);
    let (sender, mut rows) = mpsc::channel(WAITING_BATCHES);
    let (loaded, ()) = tokio::join!(store.load(layer, sender), async {
        while let Some(batch) = rows.recv().await {
            for feature in &batch {
                check_feature(layer, feature, log);
            }
        }
    });
    loaded?;
    Ok(())
}

fn check_feature(layer: &Layer, feature: &Feature, log: &mut FindingLog) {
    let mut find = |kind, message: String| {
        log.add(Finding::new(kind, format!("{} {}", layer.id, feature.id), message));
    };
    if let Err(invalid) = LonLat::new("position", feature.at.lon, feature.at.lat) {
        find(FindingKind::InvalidPosition, format!("expected {}", invalid.expected));
    }
    for (field, value) in layer.fields.iter().zip(&feature.values) {
        if let (FieldType::Code, Value::Text(text)) = (field.kind, value)
            && !field.codes.iter().any(|known| known.code == *text)
        {
            find(FindingKind::UnknownCode, format!("{}: {text:?} is none of the field's codes", field.name));
        }
    }
}
