use std::sync::Arc;

use super::answer::Answer;
use super::failure::Failure;
use super::store::{Missing, open};
use crate::atlas::{Atlas, AtlasSettings};
use crate::config::cli::{Shared, TileArgs};
use crate::engine::compress::Encoding;
use crate::engine::decode::decode;
use crate::model::{AsOf, Day, Dense, Invalid, LayerId, TileCoord, TileLayer, TileRequest, TimeInterval, View};

/// `bandoso tile`: one tile as a browser gets it, read back as text.
pub(super) async fn tile(args: &TileArgs, shared: &Shared) -> Result<(), Failure> {
    let catalogue = super::catalogue(shared)?;
    let zone = catalogue.time_zone.clone();
    let mut layers = Vec::new();
    for text in args.layers.split(',') {
        let layer = TileLayer::parse("LAYERS", text)?;
        if layers.contains(&layer) {
            return Err(Invalid::new("LAYERS", format!("each layer once, found {layer} twice")).into());
        }
        layers.push(layer);
    }
    let request = TileRequest {
        layers,
        coord: coord(&args.coord)?,
        datetime: args.datetime.as_deref().map(|text| TimeInterval::parse("--datetime", text, &zone)).transpose()?,
        filter: None,
        as_of: match args.as_of.as_deref() {
            Some(text) => AsOf::Day(Day::parse("--as-of", text)?),
            None => AsOf::Own,
        },
        count: args.count.as_deref().map(|text| LayerId::parse("--count", text)).transpose()?,
        dense: match args.dense.as_str() {
            "all" => Dense::All,
            "cells" => Dense::Cells,
            other => return Err(Invalid::new("--dense", format!("all or cells, found {other:?}")).into()),
        },
        fields: None,
    };
    let store = open(shared, &catalogue, Missing::Refuse).await?;
    let atlas = Atlas::open(store, catalogue, AtlasSettings::default()).await?;
    let encoded = atlas.tile(atlas.asked_tile(View::EVERYTHING, &Arc::new(request), Encoding::Identity)?).await?;
    let decoded = decode(&encoded.body).map_err(|error| Failure::Fault(error.to_string()))?;
    let mut answer = Answer::new();
    answer.text(decoded)?;
    Ok(answer.end()?)
}

fn coord(text: &str) -> Result<TileCoord, Invalid> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [z, x, y] => TileCoord::parse(z, x, y),
        _ => Err(Invalid::new("Z/X/Y", format!("three numbers such as 12/3284/1874, found {text:?}"))),
    }
}
