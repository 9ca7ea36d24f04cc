use std::sync::Arc;

use super::filter::AskedFilter;
use super::{Day, FoundFeature, Layer, LayerId, LocatedUnit, LonLat, TimeInterval, Versions};

/// What the duty desk asks a layer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Police stations.
    Stations,
    /// Fire water sources.
    Water,
    /// Cameras.
    Cameras,
    /// Incidents.
    Incidents,
}

impl Role {
    /// All of them, in the order of an answer.
    pub const ALL: [Self; 4] = [Self::Stations, Self::Water, Self::Cameras, Self::Incidents];

    /// The role's name in the catalogue and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stations => "stations",
            Self::Water => "water",
            Self::Cameras => "cameras",
            Self::Incidents => "incidents",
        }
    }

    /// The role played by a layer as the duty desk wants it where nothing else is said.
    pub fn played_by(self, layer: LayerId) -> DutyRole {
        let (count, reach_m, order) = match self {
            Self::Stations => (3, None, DutyOrder::Nearest),
            Self::Water => (5, None, DutyOrder::Nearest),
            Self::Cameras => (20, Some(500.0), DutyOrder::Nearest),
            Self::Incidents => (10, Some(1_000.0), DutyOrder::Latest),
        };
        DutyRole { role: self, layer, count, reach_m, order, filter: None }
    }
}

/// Which features of a role come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyOrder {
    /// By distance.
    Nearest,
    /// By the layer's time, the last one first.
    Latest,
}

impl DutyOrder {
    /// The order's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Latest => "latest",
        }
    }
}

/// A layer of the duty desk's one call. Named in the catalogue, never in code.
#[derive(Debug, Clone, PartialEq)]
pub struct DutyRole {
    /// As what.
    pub role: Role,
    /// Which layer.
    pub layer: LayerId,
    /// Most features.
    pub count: usize,
    /// How far they may be, geodesic metres; anywhere where not said.
    pub reach_m: Option<f64>,
    /// Which come first.
    pub order: DutyOrder,
    /// Features for which it is true.
    pub filter: Option<AskedFilter>,
}

/// The duty desk's layers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DutyRoles(pub Vec<DutyRole>);

/// What there is round a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AroundRequest {
    /// Where.
    pub at: LonLat,
    /// Under which day's units.
    pub as_of: Day,
    /// Features of that time, of layers that have one.
    pub datetime: Option<TimeInterval>,
}

/// The features of a role.
#[derive(Debug, Clone)]
pub struct RoleFeatures {
    /// What was asked for.
    pub role: DutyRole,
    /// Whose features.
    pub layer: Arc<Layer>,
    /// How many there are within reach; where reach has no end, as many as are given.
    pub matched: u64,
    /// With their distances.
    pub features: Vec<FoundFeature>,
}

/// The answer to the duty desk's one call.
#[derive(Debug, Clone)]
pub struct Around {
    /// The units that hold the place.
    pub units: Vec<LocatedUnit>,
    /// Of the layers that the view sees.
    pub roles: Vec<RoleFeatures>,
    /// What it was read from.
    pub versions: Versions,
}
