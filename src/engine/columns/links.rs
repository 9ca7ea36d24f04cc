//! The lists of units that rows have, each kept once.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use crate::model::UnitLink;

/// The distinct lists of units of a layer: few points differ from their neighbours in their units.
///
/// Parts of one layer share it, so that an answer of the join, worked out once for each list, holds for the rows of all parts.
#[derive(Debug, Clone, Default)]
pub struct LinkSets {
    sets: Vec<Arc<[UnitLink]>>,
    known: HashMap<Arc<[UnitLink]>, u32>,
}

impl LinkSets {
    /// None yet.
    pub fn new() -> Self {
        Self { sets: Vec::new(), known: HashMap::new() }
    }

    /// The list's number, when it is known.
    pub fn find(&self, links: &[UnitLink]) -> Option<u32> {
        self.known.get(links).copied()
    }

    /// The list's number, given now when it is new.
    pub fn intern(&mut self, links: &[UnitLink]) -> u32 {
        if let Some(set) = self.find(links) {
            return set;
        }
        let set = self.sets.len() as u32;
        let links: Arc<[UnitLink]> = links.into();
        self.sets.push(Arc::clone(&links));
        self.known.insert(links, set);
        set
    }

    /// The list of a number; empty for a number never given.
    pub fn links(&self, set: u32) -> &[UnitLink] {
        self.sets.get(set as usize).map_or(&[], |links| links)
    }

    /// All lists, by number.
    pub fn iter(&self) -> impl Iterator<Item = &[UnitLink]> {
        self.sets.iter().map(|links| &**links)
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
}
