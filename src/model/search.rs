use serde::Serialize;

use super::{Bbox, Day, FoundFeature, LayerId, Level, LonLat, UnitId, Versions};

/// How well a name fits what is asked, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// The same, accents and all.
    Exact,
    /// The same but for accents.
    Folded,
    /// It begins so.
    Prefix,
    /// Each word asked for begins one of its words.
    Words,
    /// Each word asked for is somewhere in one of its words; of a unit, or of those above it.
    Contained,
}

impl Fit {
    /// All, best first.
    pub const ALL: [Self; 5] = [Self::Exact, Self::Folded, Self::Prefix, Self::Words, Self::Contained];

    /// The word for it on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Folded => "folded",
            Self::Prefix => "prefix",
            Self::Words => "words",
            Self::Contained => "contained",
        }
    }
}

/// One of the places where names are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameSource {
    /// Units of all dates, of one level or of all.
    Units(Option<Level>),
    /// The features of a layer.
    Layer(LayerId),
}

/// Units and features by name.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchRequest {
    /// What is asked for, as somebody types it.
    pub text: String,
    /// Where; all units and all layers where none is named.
    pub sources: Vec<NameSource>,
    /// From where nearer ones go before others that fit as well.
    pub near: Option<LonLat>,
    /// The day whose units count as present.
    pub as_of: Day,
    /// Most hits.
    pub limit: usize,
}

/// A unit that is called so.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitHit {
    /// Which.
    pub unit: UnitId,
    /// A place inside it; none where it has no geometry.
    pub at: Option<LonLat>,
    /// The box of all of it.
    pub bbox: Option<Bbox>,
    /// Of a unit that is not in force on the day: those that it became (or was made of), and whether wholly.
    pub became: Vec<(UnitId, bool)>,
}

/// A feature that is called so.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureHit {
    /// Its layer.
    pub layer: LayerId,
    /// Its name.
    pub name: String,
    /// Itself: leave out what the view does not see.
    pub found: FoundFeature,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    /// A unit.
    Unit(UnitHit),
    /// A feature.
    Feature(Box<FeatureHit>),
}

/// One line of a search's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// How well the name fits.
    pub fit: Fit,
    /// Geodesic metres from the place asked from.
    pub distance_m: Option<f64>,
    /// What it is.
    pub named: Named,
}

/// The best hits of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPage {
    /// Best first.
    pub hits: Vec<Hit>,
    /// Whether there are more than the limit.
    pub more: bool,
    /// Layers that cannot be read now; those in the database that could not be asked, or not for names that only hold what is asked,
    /// in the time there is.
    pub incomplete: Vec<LayerId>,
    /// What it was read from.
    pub versions: Versions,
}
