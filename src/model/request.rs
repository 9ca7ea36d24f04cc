//! Questions, checked at the door and trusted inside.

use geo_types::{MultiLineString, MultiPolygon};

use super::filter::AskedFilter;
use super::{
    After, AsOf, AspectPick, Bbox, Day, Invalid, LayerId, Level, LinePick, LonLat, SortBy, TileCoord, TimeInterval,
};

/// One layer of a tile, as named in its address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TileLayer {
    /// A department's layer.
    Points(LayerId),
    /// `units.province`, `units.district`, `units.commune`: the polygons of a level.
    Units(Level),
    /// `labels.province`, …: one point inside each unit of a level, for its name.
    Labels(Level),
}

impl TileLayer {
    /// Reads the name of one layer in a tile's address.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        match text.split_once('.') {
            Some(("units", level)) => Level::parse(parameter, level).map(Self::Units),
            Some(("labels", level)) => Level::parse(parameter, level).map(Self::Labels),
            _ => LayerId::parse(parameter, text).map(Self::Points),
        }
    }
}

impl std::fmt::Display for TileLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Points(id) => id.fmt(f),
            Self::Units(level) => write!(f, "units.{}", level.name()),
            Self::Labels(level) => write!(f, "labels.{}", level.name()),
        }
    }
}

/// What a tile holds where it is dense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dense {
    /// One point with exact counts for each occupied grid cell.
    #[default]
    Cells,
    /// Every point, however many.
    All,
}

/// A tile of one or several layers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TileRequest {
    /// At least one, no two alike.
    pub layers: Vec<TileLayer>,
    /// Which tile.
    pub coord: TileCoord,
    /// Features whose time is in it; features without a time are left out.
    pub datetime: Option<TimeInterval>,
    /// Features for which it is true, of every layer asked for.
    pub filter: Option<AskedFilter>,
    /// The units' date. [`AsOf::Own`] draws units as of today and gives each point its own date's unit.
    pub as_of: AsOf,
    /// Its features are counted into each unit as `count`, under the units drawn.
    pub count: Option<LayerId>,
    /// What a dense tile holds.
    pub dense: Dense,
    /// Names of the properties that points have, `id` and `unit` among them; all where not said.
    pub fields: Option<Vec<String>>,
}

/// Where features are looked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Area {
    /// Within a geodesic distance, edge included.
    Radius {
        /// The centre.
        at: LonLat,
        /// Metres, above 0.
        radius_m: f64,
    },
    /// The features that the join gives to a unit: covered by it, or the rows `near` and `outside` of a level.
    Unit(UnitPick),
    /// Inside a polygon, border included, holes left out. Degrees WGS 84, straight in longitude and latitude.
    Polygon(MultiPolygon<f64>),
    /// Within a geodesic distance of lines, edge included. Between vertices a line follows the great circle.
    Corridor {
        /// Degrees WGS 84, edges far shorter than half the world.
        lines: MultiLineString<f64>,
        /// Metres, above 0.
        radius_m: f64,
    },
    /// The features behind a row of a table of counts.
    Line(Vec<LinePick>),
    /// The features behind a number of a layer's quality.
    Aspect(AspectPick),
    /// In any of some boxes.
    Boxes(Vec<Bbox>),
    /// Anywhere.
    Everywhere,
}

/// A row of a count by unit: what `unit=` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitPick {
    /// A unit's code, of the given level, or of whichever level has it.
    Code(Option<Level>, String),
    /// Points near a unit of the level (commune if not said), covered by none.
    Near(Level),
    /// Points in and near no unit of the level.
    Outside(Level),
}

/// Features in an area, by pages: in the order asked for, what is alike in that of ids.
#[derive(Debug, Clone, PartialEq)]
pub struct WithinRequest {
    /// Whose features.
    pub layer: LayerId,
    /// Where.
    pub area: Area,
    /// When.
    pub datetime: Option<TimeInterval>,
    /// Features for which it is true.
    pub filter: Option<AskedFilter>,
    /// Under which date's units.
    pub as_of: AsOf,
    /// By what they are sorted before their ids: [`super::MOST_SORT_KEYS`] at most.
    pub sort: Vec<SortBy>,
    /// Features behind it only: the cursor of the page before.
    pub after: Option<After>,
    /// Most features in the page.
    pub limit: usize,
}

/// The features nearest to a place, by geodesic distance, then id.
#[derive(Debug, Clone, PartialEq)]
pub struct NearestRequest {
    /// Whose features.
    pub layer: LayerId,
    /// From where.
    pub at: LonLat,
    /// How many.
    pub count: usize,
    /// When.
    pub datetime: Option<TimeInterval>,
    /// Features for which it is true.
    pub filter: Option<AskedFilter>,
    /// Under which date's units the features' `unit` is given.
    pub as_of: AsOf,
}

/// The units that hold a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocateRequest {
    /// Where.
    pub at: LonLat,
    /// On which day.
    pub as_of: Day,
}

/// What became of a unit, or what it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvertRequest {
    /// The unit's code.
    pub code: String,
    /// Of whichever level has it, the lowest first, where not said.
    pub level: Option<Level>,
    /// A day on which the code was in force.
    pub from: Day,
    /// The day whose units are asked for.
    pub to: Day,
    /// Picks the one unit that holds this place.
    pub at: Option<LonLat>,
}
