//! A change of some features: a small delta more, and rows that are gone from the parts before.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Part, Parts};
use crate::engine::columns::{ColumnsBuilder, fingerprint};
use crate::model::{Feature, Layer};

impl Parts {
    /// The layer after a change: `upserted` are features as they are now, `deleted` ids of features that are gone. Ids that are
    /// not there are no fault: a log may tell of features that came and went.
    ///
    /// Costs the change and, over time, a few times its logarithm, not the layer. Deltas after the first `kept` parts are put
    /// together as they become alike in size, so that there are few of them; the first `kept` stay as they are.
    #[must_use]
    pub fn with(&self, upserted: &[Feature], deleted: &[u64], (layer, zone, kept): (&Layer, &TimeZone, usize)) -> Self {
        let mut next = self.clone();
        for id in deleted.iter().copied().chain(upserted.iter().map(|feature| feature.id)) {
            next.remove(id);
        }
        if !upserted.is_empty() {
            next.add(upserted, (layer, zone));
        }
        next.tidy((layer, zone), kept.max(1));
        next
    }

    fn remove(&mut self, id: u64) {
        if let Some(row) = self.row_of(id) {
            self.fingerprint = self.fingerprint.wrapping_sub(fingerprint(&self.feature(row)));
            self.list[row.part as usize].remove(row.row as usize);
        }
    }

    fn add(&mut self, features: &[Feature], (layer, zone): (&Layer, &TimeZone)) {
        let mut builder = ColumnsBuilder::beside(layer, zone, Arc::clone(&self.links));
        builder.push(features);
        let (columns, links) = builder.finish();
        self.links = links;
        self.fingerprint = self.fingerprint.wrapping_add(columns.fingerprint);
        self.list.push(Part::new(columns));
    }

    /// Drops empty deltas and puts the last two together while the last is not much smaller.
    fn tidy(&mut self, (layer, zone): (&Layer, &TimeZone), kept: usize) {
        while self.list.len() > kept && self.list.last().is_some_and(Part::is_empty) {
            self.list.pop();
        }
        while self.list.len() > kept + 1
            && let [.., before, last] = self.list.as_slice()
            && last.len() * 2 >= before.len()
        {
            let mut builder = ColumnsBuilder::beside(layer, zone, Arc::clone(&self.links));
            before.push_into(&mut builder, &self.links);
            last.push_into(&mut builder, &self.links);
            let (columns, links) = builder.finish();
            self.links = links;
            self.list.truncate(self.list.len() - 2);
            self.list.push(Part::new(columns));
        }
    }
}
