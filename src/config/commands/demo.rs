use super::answer::Answer;
use super::failure::Failure;
use super::store::{Missing, has_features, open};
use crate::config::cli::Shared;
use crate::demo::fill;

/// `bandoso demo`: the demonstration province into an empty store.
pub(super) async fn demo(shared: &Shared) -> Result<(), Failure> {
    let catalogue = super::catalogue(shared)?;
    let store = open(shared, &catalogue, Missing::Make).await?;
    store.prepare(&catalogue).await?;
    let mut holds = (!store.units().await?.units.is_empty()).then(|| "units".to_owned());
    for layer in &catalogue.layers {
        if holds.is_none() && has_features(store.as_ref(), layer).await? {
            holds = Some(format!("features of {}", layer.id));
        }
    }
    if let Some(holds) = holds {
        return Err(Failure::Usage(format!(
            "--store: expected an empty store for the demonstration; {} has {holds}. Name another one",
            store.address()
        )));
    }
    let report = fill(store.as_ref(), &catalogue).await?;
    let mut answer = Answer::new();
    answer.line(format_args!("units: added {}", report.units.added))?;
    for (id, imported) in &report.layers {
        answer.line(format_args!("{id}: added {}", imported.added))?;
    }
    Ok(answer.end()?)
}
