use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{DutyRoles, Layer, LayerId, Title};

/// A department that keeps layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Department {
    /// First half of its layers' ids.
    pub id: String,
    /// Name for people.
    pub title: Title,
}

/// A named place that the map always shows, such as the archipelagos Hoàng Sa and Trường Sa.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Name for people.
    pub title: Title,
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// First zoom at which its name is drawn.
    pub min_zoom: u8,
    /// Last zoom at which its name is drawn.
    pub max_zoom: u8,
}

/// The map as data: departments, layers, places. Read once at start from the directory `--tiles`.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// Name of the map for people.
    pub title: Title,
    /// Days, months and dates without an offset are of this zone.
    pub time_zone: TimeZone,
    /// First view of the map: longitude, latitude, zoom.
    pub view: (f64, f64, f64),
    /// Credits shown on the map and carried in every `TileJSON`.
    pub attribution: String,
    /// In the order of the map's legend.
    pub departments: Vec<Department>,
    /// In the order of the files' names.
    pub layers: Vec<Layer>,
    /// Names that the map always shows.
    pub places: Vec<Place>,
    /// Layers of the duty desk.
    pub duty: DutyRoles,
}

impl Catalogue {
    /// The layer with this id.
    pub fn layer(&self, id: &LayerId) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.id == *id)
    }
}
