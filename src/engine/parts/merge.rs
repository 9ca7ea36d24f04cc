//! A new base made of all parts while readers and changes go on.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::{Part, Parts};
use crate::engine::columns::{ColumnsBuilder, LinkSets};
use crate::model::{Feature, Layer};

/// Deltas and gone rows that are always borne without a merge.
const FEW_ROWS: usize = 20_000;
/// Share of the base that deltas and gone rows may have before they are put into it.
const SHARE: usize = 8;

/// Features that are taken out of columns at a time.
const MERGED_AT_ONCE: usize = 4_096;

/// A new base, and what it was made of.
pub struct Merged {
    base: Part,
    /// The parts it stands for, as they were when the merge began.
    from: Parts,
}

impl Parts {
    /// Whether so much changed since the base was made that reads would be better off with a new one.
    pub fn wants_merge(&self) -> bool {
        let Some((base, deltas)) = self.list.split_first() else { return false };
        let changed = base.gone.len() + deltas.iter().map(|part| part.columns.len()).sum::<usize>();
        changed > FEW_ROWS.max(base.columns.len() / SHARE)
    }

    /// Number of parts: those that a merge begun now stands for.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// One base of all that is there. Takes as long as a load; changes go on meanwhile, on parts after those of now.
    pub fn merge(&self, layer: &Layer, zone: &TimeZone) -> Merged {
        // Lists of units that no row has any more stay: answers are kept by their numbers.
        let mut builder = ColumnsBuilder::beside(layer, zone, Arc::clone(&self.links));
        for part in &self.list {
            part.push_into(&mut builder, &self.links);
        }
        let (columns, _) = builder.finish();
        if let Some(field) = layer.name {
            // Whoever looks for a name next does not wait for it.
            columns.names(field);
        }
        Merged { base: Part::new(columns), from: self.clone() }
    }

    /// The present features with the new base: rows that went since the merge began go from it too. None when these parts are
    /// not what became of those that were merged, because the layer was loaded whole meanwhile.
    pub fn rebased(&self, merged: Merged) -> Option<Self> {
        let Merged { mut base, from } = merged;
        let same = |(before, now): (&Part, &Part)| Arc::ptr_eq(&before.columns, &now.columns);
        if self.list.len() < from.list.len() || !from.list.iter().zip(&self.list).all(same) {
            return None;
        }
        for (before, now) in from.list.iter().zip(&self.list) {
            let rows = 0..now.columns.len();
            for row in now.gone.rows_in(rows).filter(|row| !before.gone.contains(*row)) {
                if let Some(row) = base.columns.row_of(now.columns.id(row)) {
                    base.remove(row);
                }
            }
        }
        let mut list = vec![base];
        list.extend(self.list.iter().skip(from.list.len()).cloned());
        Some(Self { list, links: Arc::clone(&self.links), fingerprint: self.fingerprint })
    }
}

impl Part {
    pub(super) fn push_into(&self, builder: &mut ColumnsBuilder, links: &LinkSets) {
        let mut rows = (0..self.columns.len()).filter(|row| !self.gone.contains(*row)).peekable();
        while rows.peek().is_some() {
            let batch: Vec<Feature> =
                rows.by_ref().take(MERGED_AT_ONCE).map(|row| self.columns.feature(links, row)).collect();
            builder.push(&batch);
        }
    }
}
