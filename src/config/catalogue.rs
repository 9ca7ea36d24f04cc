//! The catalogue from its files: `catalogue.toml`, and one file per layer in `layers/`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use jiff::tz::TimeZone;
use toml::Spanned;

use super::duty::{check_duty, read_duty};
use super::files::{Files, TextFile, files_built_in, files_of};
use super::layer_file::read_layer;
use super::toml_keys::{Keys, Source};
use crate::model::{Catalogue, Department, DutyRoles, Layer, LayerId, MAX_ZOOM, Place, Title};

/// Most departments or places of a catalogue.
const MAX_LISTED: usize = 1_000;

/// What is wrong in the catalogue's files, and where. All are listed, so that one start tells all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CatalogueFault {
    /// Which file, as it can be opened.
    pub file: String,
    /// Its line, from 1; none when the file as a whole is at fault.
    pub line: Option<u64>,
    /// What is expected there.
    pub expected: String,
}

impl fmt::Display for CatalogueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": expected {}", self.expected)
    }
}

impl CatalogueFault {
    pub(super) fn of_file(file: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, expected: expected.into() }
    }
}

/// Reads and checks the catalogue of a directory, or the built-in one of the demonstration province.
///
/// A directory needs no more than one file `layers/ID.toml`; `tiles/README.md` tells what `catalogue.toml` adds.
pub fn load_catalogue(dir: Option<&Path>) -> Result<Catalogue, Vec<CatalogueFault>> {
    let mut faults = Vec::new();
    let files = match dir {
        Some(dir) => files_of(dir, &mut faults),
        None => files_built_in(),
    };
    let head = files.head.as_ref().map_or_else(Head::default, |head| read_head(head, &files, &mut faults));
    let layers = read_layers(&files, head.departments.as_deref(), &mut faults);
    if let Some(file) = &files.head {
        check_duty((&head.duty, &layers, &head.time_zone), &file.shown, &mut faults);
    }
    if faults.is_empty() { Ok(head.with_layers(layers)) } else { Err(faults) }
}

fn read_layers(files: &Files, departments: Option<&[Department]>, faults: &mut Vec<CatalogueFault>) -> Vec<Layer> {
    let mut layers = Vec::with_capacity(files.layers.len());
    // A GeoPackage has no schemas: `a.b_c` and `a_b.c` would be one table there.
    let mut tables = BTreeMap::new();
    for file in &files.layers {
        if let Some(other) = tables.insert(file.stem.replace('.', "_"), &file.stem) {
            let expected = format!("an id that differs from {other} by more than its dot: both would be one table");
            faults.push(CatalogueFault::of_file(file.shown.clone(), expected));
        }
        let source = Source::new(&file.shown, &file.text);
        layers.extend(read_layer(&source, &file.stem, departments));
        faults.append(&mut source.into_faults());
    }
    layers
}

/// What `catalogue.toml` says; every part of it has a default.
struct Head {
    title: Title,
    time_zone: TimeZone,
    view: (f64, f64, f64),
    attribution: String,
    departments: Option<Vec<Department>>,
    places: Option<Vec<Place>>,
    duty: DutyRoles,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            title: Title { vi: "Bản đồ số".to_owned(), en: "Digital map".to_owned() },
            time_zone: TimeZone::UTC,
            view: (0.0, 20.0, 1.0),
            attribution: String::new(),
            departments: None,
            places: None,
            duty: DutyRoles::default(),
        }
    }
}

impl Head {
    fn with_layers(self, layers: Vec<Layer>) -> Catalogue {
        let departments = self.departments.unwrap_or_else(|| departments_of(&layers));
        Catalogue {
            title: self.title,
            time_zone: self.time_zone,
            view: self.view,
            attribution: self.attribution,
            departments,
            layers,
            // A map of Vietnam shows its archipelagos unless its keeper lists places of his own.
            places: self.places.unwrap_or_else(places_built_in),
            duty: self.duty,
        }
    }
}

/// The departments that the layers' ids name, where nobody gave them titles.
fn departments_of(layers: &[Layer]) -> Vec<Department> {
    let mut departments: Vec<Department> = Vec::new();
    for id in layers.iter().map(|layer| layer.id.department()) {
        if departments.last().is_none_or(|last| last.id != id) {
            departments.push(Department { id: id.to_owned(), title: Title { vi: id.to_owned(), en: id.to_owned() } });
        }
    }
    departments
}

fn places_built_in() -> Vec<Place> {
    let Some(file) = files_built_in().head else { return Vec::new() };
    let source = Source::new(&file.shown, &file.text);
    source.keys().and_then(|mut keys| read_places(&mut keys)).unwrap_or_default()
}

fn read_head(head: &TextFile, files: &Files, faults: &mut Vec<CatalogueFault>) -> Head {
    let source = Source::new(&head.shown, &head.text);
    let head = source.keys().map(|keys| read_head_keys(&source, keys, files));
    faults.append(&mut source.into_faults());
    head.unwrap_or_default()
}

fn read_head_keys(source: &Source<'_>, mut keys: Keys<'_, '_>, files: &Files) -> Head {
    let default = Head::default();
    let zone = |name: &str| TimeZone::get(name).ok();
    let head = Head {
        title: keys.title_if("title").unwrap_or(default.title),
        time_zone: keys
            .parsed_if("time_zone", "a zone such as \"Asia/Ho_Chi_Minh\"", zone)
            .unwrap_or(default.time_zone),
        view: read_view(&mut keys).unwrap_or(default.view),
        attribution: keys.text_if("attribution", "the credits to show").map(Spanned::into_inner).unwrap_or_default(),
        departments: read_departments(source, &mut keys),
        places: read_places(&mut keys),
        duty: read_duty(source, &mut keys, files),
    };
    keys.finish();
    head
}

fn read_view(keys: &mut Keys<'_, '_>) -> Option<(f64, f64, f64)> {
    let mut view = keys.table_if("view", "a first view { lon = 108.5, lat = 14.9, zoom = 8 }")?;
    let lon = view.number("lon", &(-180.0..=180.0));
    let lat = view.number("lat", &(-90.0..=90.0));
    let zoom = view.number("zoom", &(0.0..=f64::from(MAX_ZOOM)));
    view.finish();
    Some((lon?, lat?, zoom?))
}

fn read_departments(source: &Source<'_>, keys: &mut Keys<'_, '_>) -> Option<Vec<Department>> {
    const ID: &str = "the first half of layers' ids, such as \"police\"";
    let mut departments: Vec<Department> = Vec::new();
    for mut table in keys.tables_if("departments", "tables [[departments]]", MAX_LISTED)? {
        let at = table.at();
        // An id is right when a layer of it could be.
        let id = table.parsed("id", ID, |id| LayerId::parse("id", &format!("{id}.x")).ok().map(|_| id.to_owned()));
        let title = table.title("title");
        table.finish();
        let (Some(id), Some(title)) = (id, title) else { continue };
        if departments.iter().any(|earlier| earlier.id == id) {
            source.fault(&at, format!("id: a department that is not listed above; found {id:?}"));
        }
        departments.push(Department { id, title });
    }
    Some(departments)
}

fn read_places(keys: &mut Keys<'_, '_>) -> Option<Vec<Place>> {
    let mut places = Vec::new();
    for mut table in keys.tables_if("places", "tables [[places]]", MAX_LISTED)? {
        let title = table.title("title");
        let lon = table.number("lon", &(-180.0..=180.0));
        let lat = table.number("lat", &(-90.0..=90.0));
        let mut zoom = |key, default: u8| {
            let number = table.integer_if(key, &(0..=i64::from(MAX_ZOOM)));
            number.and_then(|number| u8::try_from(number).ok()).unwrap_or(default)
        };
        let (min_zoom, max_zoom) = (zoom("min_zoom", 0), zoom("max_zoom", MAX_ZOOM));
        if min_zoom > max_zoom {
            table.missing("max_zoom", &format!("not below min_zoom; found {min_zoom} and {max_zoom}"));
        }
        table.finish();
        if let (Some(title), Some(lon), Some(lat)) = (title, lon, lat) {
            places.push(Place { title, lon, lat, min_zoom, max_zoom });
        }
    }
    Some(places)
}
