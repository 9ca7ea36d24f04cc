//! The doors: routes, parameters, wire formats, errors → status, and the files of the web map.
//!
//! [`router()`] has the whole surface on one page. A handler reads its parameters strictly (`params`), asks the atlas under the
//! server's [`View`](crate::model::View), and gives a `reply` or a `problem`; it knows no SQL and no geometry.

mod asked;
mod guard;
mod health;
mod layers;
mod metrics;
mod observe;
mod page;
mod params;
mod patience;
mod problem;
mod query;
mod reply;
mod router;
mod serve;
mod settings;
mod style;
mod tilejson;
mod tiles;

use std::sync::{Arc, Mutex, PoisonError};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

pub use router::router;
pub use serve::serve;
pub use settings::HttpSettings;

use crate::atlas::Atlas;
use crate::model::{Bbox, LonLat};

/// What every handler works with.
struct Service {
    atlas: Arc<Atlas>,
    settings: HttpSettings,
    /// One permit for each request that is worked on.
    room: Semaphore,
    prometheus: PrometheusHandle,
    /// With the units' version that it is of.
    units_bbox: Mutex<Option<(u64, Bbox)>>,
}

type Shared = Arc<Service>;

impl Service {
    /// The box of all units of all dates, degrees. Walked through once for each version of the units.
    fn units_bbox(&self) -> Bbox {
        let units = self.atlas.units();
        let version = units.version();
        let mut kept = self.units_bbox.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, bbox)) = *kept
            && of == version
        {
            return bbox;
        }
        let mut bbox = Bbox::EMPTY;
        let polygons = units.all().iter().flat_map(|unit| &unit.geometry);
        for coord in polygons.flat_map(|polygon| polygon.exterior().coords()) {
            bbox.extend(LonLat { lon: coord.x, lat: coord.y });
        }
        *kept = Some((version, bbox));
        bbox
    }
}
