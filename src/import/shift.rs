//! Rows that lie beside where they are stored by just the step between VN-2000 and WGS 84: within a province nothing else shows it.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::fault::Fault;
use crate::engine::crs::DatumError;
use crate::engine::geodesic::distance_m;
use crate::model::{FindingKind, Layer, LonLat};
use crate::store::{Store, StoreError};

/// Most stored features that are looked at: about a second's work.
const MOST_STORED: usize = 1_000_000;
/// Batches of features on their way from the store.
const WAITING_BATCHES: usize = 4;
/// Two places are one when no farther apart: coordinates are often rounded to 0.1 m.
const SAME_M: f64 = 0.16;
/// Side of a cell of the table, degrees: half a metre.
const CELL: f64 = 4.5e-6;
/// Rows that must lie so for it to be told.
const LEAST_ROWS: usize = 3;

/// A way to be beside the stored place; none where it is the same.
type Way = Option<DatumError>;

/// A place that is looked for: the row's number, what would be wrong with it, where that is.
type Wanted = (usize, Way, LonLat);

/// The rows of one file that are looked for among the stored ones.
#[derive(Default)]
pub(super) struct Looked {
    rows: usize,
    cells: HashMap<(i64, i64), Vec<Wanted>>,
    found: Vec<Vec<Way>>,
}

impl Looked {
    /// Looks for rows that are to be stored at these places.
    pub fn new(places: impl Iterator<Item = LonLat>) -> Self {
        let mut looked = Self::default();
        for at in places {
            looked.add((looked.rows, None, at));
            for error in DatumError::ALL {
                for meant in error.meant(at).into_iter().flatten() {
                    looked.add((looked.rows, Some(error), meant));
                }
            }
            looked.rows += 1;
            looked.found.push(Vec::new());
        }
        looked
    }

    fn add(&mut self, wanted: Wanted) {
        self.cells.entry(cell(wanted.2)).or_default().push(wanted);
    }

    fn meet(&mut self, stored: LonLat) {
        let (x, y) = cell(stored);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        for wanted in around.filter_map(|cell| self.cells.get(&cell)) {
            for (row, way, at) in wanted {
                if let Some(found) = self.found.get_mut(*row)
                    && !found.contains(way)
                    && distance_m(stored, *at) <= SAME_M
                {
                    found.push(*way);
                }
            }
        }
    }

    fn fault(&self) -> Option<Fault> {
        let count = |way: Way| self.found.iter().filter(|found| found.contains(&way)).count();
        let same = count(None);
        let (error, rows) =
            DatumError::ALL.map(|error| (error, count(Some(error)))).into_iter().max_by_key(|(_, rows)| *rows)?;
        // Most rows, and far more than lie just where they are stored.
        if rows < LEAST_ROWS || rows * 2 < self.rows || rows < 10 * same {
            return None;
        }
        let step = match error {
            DatumError::NotMoved => {
                "some 225 m from where they are stored, by just the step between VN-2000 and WGS 84"
            }
            DatumError::Rotations => {
                "0.6 m from where they are stored, by just what rotations with the wrong sign make (EPSG 6960 is a coordinate frame)"
            }
        };
        let message =
            format!("{rows} of {} rows looked at lie {step}: these or the stored ones were read wrongly", self.rows);
        Some(Fault::new(FindingKind::WrongDatum, message))
    }
}

fn cell(at: LonLat) -> (i64, i64) {
    ((at.lon / CELL).floor() as i64, (at.lat / CELL).floor() as i64)
}

/// What the stored features of the layer say about rows of each file.
pub(super) async fn faults(
    store: &dyn Store,
    layer: &Layer,
    mut files: Vec<Looked>,
) -> Result<Vec<Option<Fault>>, StoreError> {
    if files.iter().all(|file| file.rows < LEAST_ROWS) {
        return Ok(files.iter().map(|_| None).collect());
    }
    let (sender, mut batches) = mpsc::channel(WAITING_BATCHES);
    // When enough are seen the receiver goes away, which ends the loading without an error.
    let (loaded, files) = tokio::join!(store.load(layer, sender), async move {
        let mut met = 0;
        while let Some(batch) = batches.recv().await {
            met += batch.len();
            for feature in &batch {
                for file in &mut files {
                    file.meet(feature.at);
                }
            }
            if met >= MOST_STORED {
                break;
            }
        }
        files
    });
    loaded?;
    Ok(files.iter().map(Looked::fault).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Vec<LonLat> {
        (0..50)
            .map(|index| LonLat { lon: 108.0 + f64::from(index) * 0.013, lat: 15.0 + f64::from(index % 7) * 0.01 })
            .collect()
    }

    fn told(rows: Vec<LonLat>, stored: &[LonLat]) -> Option<FindingKind> {
        let mut looked = Looked::new(rows.into_iter());
        for at in stored {
            looked.meet(*at);
        }
        looked.fault().map(|fault| fault.kind)
    }

    #[test]
    fn rows_beside_their_stored_places_by_a_step_of_the_datum_are_told() {
        for error in DatumError::ALL {
            for way in 0..2 {
                let rows: Vec<LonLat> = places().into_iter().filter_map(|at| error.meant(at)[way]).collect();
                let rounded = rows
                    .iter()
                    .map(|at| LonLat { lon: (at.lon * 1e6).round() / 1e6, lat: (at.lat * 1e6).round() / 1e6 });
                assert_eq!(told(rounded.collect(), &places()), Some(FindingKind::WrongDatum), "{error:?}");
            }
        }
        assert_eq!(told(places(), &places()), None);
        let elsewhere = places().into_iter().map(|at| LonLat { lat: at.lat + 0.002, ..at }).collect();
        assert_eq!(told(elsewhere, &places()), None);
        assert_eq!(told(places(), &[]), None);
        assert_eq!(told(Vec::new(), &places()), None);
    }
}
