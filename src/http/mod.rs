//! The doors: routes, parameters, wire formats, errors → status, and the files of the web map.
//!
//! `router.rs` has the whole surface on one page; `front.rs` stands before it. A handler reads its parameters strictly (`params`), asks the atlas under the
//! server's [`View`](crate::model::View), and gives a `reply` or a `problem`; it knows no SQL and no geometry.

mod accepted;
mod asked;
mod batches;
mod event_loops;
mod events;
mod front;
mod guard;
mod health;
mod imports;
mod layers;
mod metrics;
mod min_version;
mod observe;
mod ogc;
mod page;
mod params;
mod patience;
mod problem;
mod query;
mod reply;
mod router;
mod search;
mod serve;
mod settings;
mod style;
mod tilejson;
mod tiles;
mod wrap;
mod writes;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Semaphore, watch};

pub use front::{App, app};
pub use serve::serve;
pub use settings::HttpSettings;
pub use writes::Writes;

use self::observe::Told;
use crate::atlas::Atlas;
use crate::model::{Bbox, LonLat};

/// After how long someone turned away for lack of room may come back, milliseconds.
const RETRY_MS: u64 = 1000;

/// What every handler works with.
struct Service {
    atlas: Arc<Atlas>,
    settings: HttpSettings,
    /// One permit for each request that is worked on.
    room: Arc<Semaphore>,
    /// One permit for each request that waits for a version.
    waiting: Semaphore,
    /// One permit for each file that is imported.
    imports: Arc<Semaphore>,
    /// One permit for each stream of events.
    streams: Arc<Semaphore>,
    /// One permit for each file that is made or sent.
    exports: Arc<Semaphore>,
    /// Turns true when the server stops: streams without an end end then.
    stopping: watch::Sender<bool>,
    prometheus: PrometheusHandle,
    /// Answers that the front door gave again.
    given_again: AtomicU64,
    /// The metrics of answers.
    told: Told,
    /// With the units' version that it is of.
    units_bbox: Mutex<Option<(u64, Bbox)>>,
}

type Shared = Arc<Service>;

/// An answer that is on its way through a layer.
type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Service {
    fn new(atlas: Arc<Atlas>, settings: &HttpSettings) -> Shared {
        // Before there are handles of the metrics.
        let prometheus = metrics::recorder();
        Arc::new(Self {
            atlas,
            settings: settings.clone(),
            room: Arc::new(Semaphore::new(settings.max_requests)),
            waiting: Semaphore::new(settings.max_waiting),
            imports: Arc::new(Semaphore::new(settings.max_imports)),
            streams: Arc::new(Semaphore::new(settings.max_streams)),
            exports: Arc::new(Semaphore::new(settings.max_exports)),
            stopping: watch::Sender::new(false),
            prometheus,
            given_again: AtomicU64::new(0),
            told: Told::default(),
            units_bbox: Mutex::new(None),
        })
    }

    /// Whether the front door has room for answers.
    fn keeps_answers(&self) -> bool {
        self.settings.front_bytes > 0
    }

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
