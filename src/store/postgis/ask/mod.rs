//! Questions to layers that are not loaded: each verb as SQL, values bound, rows in the binary protocol.
//!
//! The database decides which rows an answer is about, counts them and cuts pages; what is left of them is drawn and measured by
//! the engine, as rows in memory are. `tests/promises/postgis/large.rs` holds both ways equal.

mod corridor;
mod count;
mod extract;
mod held;
mod left_out;
mod named;
mod nearest;
mod quality;
mod question;
mod sort;
mod sql;
mod table;
mod tile;
mod totals;
mod within;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use self::question::Question;
pub(super) use self::table::Table;
use super::PostGis;
use crate::engine::names::AskedName;
use crate::model::filter::Filter;
use crate::model::{Dense, Layer, LonLat, TileCoord};
use crate::store::{
    Extracted, Found, Group, Grouping, IdPage, LargeArea, LargeLayers, LargePage, LayerTotals, LeftOut, LeftOutPage,
    NamedRows, StoreError, Tallied, TileRows, Wanted,
};

impl PostGis {
    /// Rows of a layer's table that are no features. Has the time of a long statement.
    pub(super) async fn read_left_out(&self, layer: &Layer, page: &LeftOutPage) -> Result<LeftOut, StoreError> {
        let question = Question::begin_long(self, layer).await?;
        let found = question.left_out(layer, page).await;
        Ok(question.end(found).await?.found)
    }
}

#[async_trait]
impl LargeLayers for PostGis {
    async fn totals(&self, layer: &Layer, zone: &TimeZone) -> Result<Found<LayerTotals>, StoreError> {
        let question = Question::begin_long(self, layer).await?;
        let found = question.totals(layer, zone).await;
        question.end(found).await
    }

    async fn tile(&self, wanted: &Wanted<'_>, coord: TileCoord, dense: Dense) -> Result<Found<TileRows>, StoreError> {
        let question = Question::begin(self, wanted.layer).await?;
        let found = question.tile(wanted, coord, dense).await;
        question.end(found).await
    }

    async fn within(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        page: LargePage<'_>,
    ) -> Result<Found<IdPage>, StoreError> {
        let question = Question::begin(self, wanted.layer).await?;
        let found = question.within(wanted, area, page).await;
        question.end(found).await
    }

    async fn nearest(
        &self,
        wanted: &Wanted<'_>,
        at: LonLat,
        count: usize,
    ) -> Result<Found<Vec<crate::model::Feature>>, StoreError> {
        let question = Question::begin(self, wanted.layer).await?;
        let found = question.nearest(wanted, at, count).await;
        question.end(found).await
    }

    async fn extract(
        &self,
        wanted: &Wanted<'_>,
        area: &LargeArea<'_>,
        page: LargePage<'_>,
        rows: &mpsc::Sender<Extracted>,
    ) -> Result<(), StoreError> {
        let question = Question::begin_extract(self, wanted.layer).await?;
        let sent = question.extract(wanted, area, page, rows).await;
        question.end(sent).await.map(drop)
    }

    async fn named(
        &self,
        wanted: &Wanted<'_>,
        name: (usize, &AskedName),
        best: (Option<LonLat>, usize),
    ) -> Result<Found<NamedRows>, StoreError> {
        let question = Question::begin_short(self, wanted.layer).await?;
        let found = question.named(wanted, name, best).await;
        question.end(found).await
    }

    async fn tally(
        &self,
        wanted: &Wanted<'_>,
        (by, tests): (&Grouping, &[Filter]),
    ) -> Result<Found<Tallied>, StoreError> {
        let question = Question::begin(self, wanted.layer).await?;
        let found = question.tally(wanted, (by, tests)).await;
        question.end(found).await
    }

    async fn crowds(&self, layer: &Layer) -> Result<Found<Vec<LonLat>>, StoreError> {
        let question = Question::begin(self, layer).await?;
        let found = question.crowds().await;
        question.end(found).await
    }

    async fn count(&self, wanted: &Wanted<'_>, by: &Grouping) -> Result<Found<Vec<Group>>, StoreError> {
        let question = Question::begin(self, wanted.layer).await?;
        let found = question.count(wanted, by).await;
        question.end(found).await
    }
}
