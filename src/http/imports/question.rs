use serde_json::Value as Json;

use super::super::asked::Asked;
use super::super::problem::{Kind, Problem};
use super::super::{Service, Shared};
use super::NDJSON;
use crate::import::Mapping;
use crate::import::features::{Doubt, Ending, FeatureOptions, OnFault};
use crate::model::{Invalid, Layer};

/// Parameters of `POST /import` besides those of a mapping.
const OWN: [&str; 6] = ["layer", "name", "dry_run", "strict", "sure", "f"];
/// Those that say how the file is read, as a mapping does.
const READING: [&str; 11] =
    ["crs", "xy", "x", "y", "encoding", "delimiter", "sheet", "header_row", "table", "decimal", "dates"];

/// In what form the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// One JSON document.
    Report,
    /// JSON line by line, with the progress.
    Lines,
    /// The rows that are left out, as CSV.
    Rejects,
}

/// What is to be done with a file.
pub struct Question {
    pub layer: Layer,
    /// The file's name, where it is a parameter.
    pub name: Option<String>,
    pub answer: Answer,
    ending: Ending,
    on_fault: OnFault,
    doubt: Doubt,
    /// How the file is read, as parameters say.
    reading: serde_json::Map<String, Json>,
}

impl Question {
    pub fn read(service: &Shared, asked: &Asked) -> Result<Self, Problem> {
        let params = asked.params(&[&OWN[..], &READING[..]].concat())?;
        let id = params.layer()?;
        let layer = layer(service, &id)?;
        let lines = asked.accept().contains(NDJSON);
        let answer = match params.text("f") {
            None | Some("json") if lines => Answer::Lines,
            None | Some("json") => Answer::Report,
            Some("rejects") => Answer::Rejects,
            Some(other) => return Err(Invalid::new("f", format!("json or rejects, found {other:?}")).into()),
        };
        let dry = params.flag("dry_run")? || answer == Answer::Rejects;
        let mut reading = serde_json::Map::new();
        for name in READING {
            let Some(text) = params.text(name) else { continue };
            let value = match name {
                "header_row" => Json::from(params.whole(name, 1..=1 << 20, 1)?),
                _ => Json::from(text),
            };
            reading.insert(name.to_owned(), value);
        }
        Ok(Self {
            layer,
            name: params.text("name").map(str::to_owned),
            answer,
            ending: if dry { Ending::DryRun } else { Ending::Commit },
            on_fault: if params.flag("strict")? { OnFault::Refuse } else { OnFault::Store },
            doubt: if params.flag("sure")? { Doubt::Tells } else { Doubt::Refuses },
            reading,
        })
    }

    /// What the mapping says (TOML, or JSON of the same shape), and on top of it what the parameters say.
    pub fn options(&self, mapping: Option<&str>) -> Result<FeatureOptions, Problem> {
        let text = mapping.unwrap_or_default();
        let mapping = if text.trim_start().starts_with('{') {
            serde_json::from_str(text)
                .map_err(|error| Problem::of(Kind::MalformedBody, "mapping", format!("expected a mapping: {error}")))?
        } else {
            Mapping::parse("mapping", text)?
        };
        let mut json = serde_json::to_value(mapping).map_err(|error| Problem::internal(error.to_string()))?;
        if let Some(members) = json.as_object_mut() {
            members.extend(self.reading.clone());
        }
        let mapping: Mapping = serde_json::from_value(json).map_err(|error| {
            Problem::new(Kind::InvalidParameter, format!("expected parameters of an import: {error}"))
        })?;
        let options = mapping.options("mapping", &self.layer)?;
        Ok(FeatureOptions { ending: self.ending, on_fault: self.on_fault, doubt: self.doubt, ..options })
    }
}

/// A layer that files may go into.
fn layer(service: &Service, id: &crate::model::LayerId) -> Result<Layer, Problem> {
    let view = service.settings.view;
    let layer = service.atlas.layer(view, id)?.layer;
    if let Some(why) = service.atlas.read_only(view, id)? {
        return Err(Problem::of(Kind::ReadOnly, "layer", format!("expected a layer that takes changes; {id}: {why}")));
    }
    Ok(Layer::clone(&layer))
}
