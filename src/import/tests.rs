//! The import of points, against a store that only remembers.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::features::{FeatureJob, FeatureOptions, FeatureReport, OnFault, import_features};
use super::{FindingLog, ImportError, Progress};
use crate::model::{
    Catalogue, Classification, Code, Feature, Field, FieldType, Finding, FindingKind, GeometryKind, Layer, LayerId,
    LonLat, Title, Unit, UnitChange, Value, Versions, ZoomRange,
};
use crate::store::{
    Ending, ImportBatch, ImportId, ImportRow, Imported, Store, StoreError, Terms, UnitTable, UnitsStored,
};

fn title() -> Title {
    Title { vi: "x".into(), en: "x".into() }
}

/// Fields: category (theft, robbery), note, count, at.
pub(super) fn layer() -> Layer {
    let field = |name: &str, kind| Field {
        name: name.into(),
        title: title(),
        kind,
        codes: Vec::new(),
        classification: None,
        unit: None,
        min: None,
        max: None,
    };
    let code = |code: &str| Code { code: code.into(), vi: code.into(), en: code.into(), colour: None };
    let category = Field { codes: vec![code("theft"), code("robbery")], ..field("category", FieldType::Code) };
    Layer {
        id: LayerId::parse("layer", "police.incidents").unwrap(),
        title: title(),
        geometry: GeometryKind::Point,
        classification: Classification::Public,
        time: None,
        category: Some(0),
        name: None,
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 10_000,
        published: None,
        residency: crate::model::Residency::Memory,
        update_days: None,
        colour: "#000000".into(),
        symbol: "circle".into(),
        fields: vec![
            category,
            field("note", FieldType::Text),
            field("count", FieldType::Integer),
            field("at", FieldType::Timestamp),
        ],
    }
}

/// Keeps the rows that were committed; fails after `fails_after` rows.
#[derive(Default)]
struct Memory {
    committed: Mutex<Option<Vec<ImportRow>>>,
    fails_after: Option<usize>,
}

#[async_trait]
impl Store for Memory {
    fn address(&self) -> String {
        "memory".into()
    }

    async fn prepare(&self, _: &Catalogue) -> Result<Vec<Finding>, StoreError> {
        Ok(Vec::new())
    }

    async fn versions(&self) -> Result<Versions, StoreError> {
        Ok(Versions::new())
    }

    async fn units(&self) -> Result<UnitTable, StoreError> {
        Ok(UnitTable::default())
    }

    async fn put_units(&self, _: &[Unit], _: &[UnitChange]) -> Result<UnitsStored, StoreError> {
        Ok(UnitsStored::default())
    }

    async fn load(&self, _: &Layer, _: mpsc::Sender<Vec<Feature>>) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn import_as(
        &self,
        layer: &Layer,
        mut rows: mpsc::Receiver<ImportBatch>,
        terms: &Terms,
    ) -> Result<Imported, StoreError> {
        let mut kept = Vec::new();
        while let Some(batch) = rows.recv().await {
            match batch {
                ImportBatch::Rows(rows) => kept.extend(rows),
                ImportBatch::Commit => {
                    let added = kept.len() as u64;
                    if terms.ending == Ending::Commit {
                        *self.committed.lock().unwrap() = Some(kept);
                    }
                    return Ok(Imported { added, ..Imported::default() });
                }
            }
            if self.fails_after.is_some_and(|most| kept.len() > most) {
                return Err(StoreError::Unreachable { store: "memory".into(), cause: "gone".into() });
            }
        }
        Err(StoreError::GivenUp { layer: layer.id.to_string() })
    }
}

/// Imports files given as (name, content).
struct Case {
    dir: TempDir,
    store: Memory,
    options: FeatureOptions,
}

impl Case {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), store: Memory::default(), options: FeatureOptions::default() }
    }

    fn map(mut self, field: &str, column: &str) -> Self {
        self.options.map.push((field.into(), column.into()));
        self
    }

    fn import(&self, files: &[(&str, &[u8])]) -> Result<FeatureReport, ImportError> {
        self.import_with(files, Arc::new(Progress::default()))
    }

    fn import_with(&self, files: &[(&str, &[u8])], progress: Arc<Progress>) -> Result<FeatureReport, ImportError> {
        let written = files.iter().map(|(name, content)| {
            let path = self.dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        });
        let files: Vec<PathBuf> = written.collect();
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let options = self.options.clone();
        let job = FeatureJob { layer: layer(), zone, files, options, findings: FindingLog::default(), rejects: None };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(import_features(Some(&self.store), job, progress))
    }

    fn committed(&self) -> Vec<ImportRow> {
        self.store.committed.lock().unwrap().clone().unwrap_or_default()
    }

    fn nothing_was_committed(&self) -> bool {
        self.store.committed.lock().unwrap().is_none()
    }
}

fn lines(report: &FeatureReport, kind: FindingKind) -> Vec<u64> {
    report.findings.kept().iter().filter(|found| found.kind == kind).filter_map(|found| found.line).collect()
}

const MESSY: &str = "\u{feff}ID,Note,lon,lat,category,extra\r\n\
    1,\"two\r\nlines\",108.8,15.1,theft,\r\n\
    2,,108.8,,theft,\r\n\
    3,,15.1,108.8,theft,\r\n\
    4,,108.8,15.1,arson,x\r\n\
    1,again,108.8,15.1,theft,\r\n\
    5,short,108.8\r\n\
    A-6,,abc,15.1,theft,\r\n\
    \r\n\
    A-7,  ,108.9,15.2,,\r\n";

#[test]
fn findings_of_a_csv_have_the_line_on_which_their_row_begins() {
    let case = Case::new();
    let report = case.import(&[("messy.csv", MESSY.as_bytes())]).unwrap();
    assert_eq!(lines(&report, FindingKind::MissingPosition), [4]);
    assert_eq!(lines(&report, FindingKind::InvalidPosition), [5, 9]);
    assert_eq!(lines(&report, FindingKind::UnknownCode), [6]);
    assert_eq!(lines(&report, FindingKind::DuplicateId), [7]);
    assert_eq!(lines(&report, FindingKind::UnreadableRow), [8]);
    assert_eq!(report.findings.counts().get(&FindingKind::UnknownField), Some(&1));
    assert_eq!((report.rows, report.left_out, report.findings.faults()), (8, 5, 6));
    assert!(report.findings.kept().iter().all(|finding| finding.place.ends_with("messy.csv")));
}

#[test]
fn good_rows_go_in_and_a_bad_value_becomes_null() {
    let case = Case::new();
    case.import(&[("messy.csv", MESSY.as_bytes())]).unwrap();
    let text = |text: &str| Value::Text(text.into());
    let row = |id, lon, lat, values| ImportRow { id, at: LonLat { lon, lat }, values };
    let null = || Value::Null;
    assert_eq!(
        case.committed(),
        [
            row(ImportId::Number(1), 108.8, 15.1, vec![text("theft"), text("two\r\nlines"), null(), null()]),
            row(ImportId::Number(4), 108.8, 15.1, vec![null(), null(), null(), null()]),
            row(ImportId::Text("A-7".into()), 108.9, 15.2, vec![null(), null(), null(), null()]),
        ]
    );
}

#[test]
fn one_data_set_gives_the_same_rows_as_csv_geojson_and_gzip() {
    let csv = "id,lon,lat,category,count\n7,108.80000000000001,15.1,theft,3\nx,108.9,15.2,,\n";
    let collection = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","id":7,"geometry":{"type":"Point","coordinates":[108.80000000000001,15.1]},"properties":{"category":"theft","count":3}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[108.9,15.2,4]},"properties":{"id":"x","category":null}}]}"#;
    let by_line: String = collection
        .lines()
        .skip(1)
        .map(|line| line.trim().trim_end_matches("]}").trim_end_matches(',').to_owned() + "\n")
        .collect();
    let by_line = by_line.replace("\"category\":null\n", "\"category\":null}}\n");
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    let semicolons = csv.replace(',', ";");
    let mut all = Vec::new();
    for (name, content) in [
        ("a.csv", csv.as_bytes()),
        ("semicolons.csv", semicolons.as_bytes()),
        ("a.csv.gz", &gzip.finish().unwrap()),
        ("a.geojson", collection.as_bytes()),
        ("a.geojsonl", by_line.as_bytes()),
    ] {
        let case = Case::new();
        let report = case.import(&[(name, content)]).unwrap();
        assert_eq!(report.findings.counts().len(), 0, "{name}: {:?}", report.findings.kept());
        all.push(case.committed());
    }
    assert_eq!(all.first().map(Vec::len), Some(2));
    assert!(all.iter().all(|rows| Some(rows) == all.first()), "{all:?}");
}

#[test]
fn strict_refuses_any_fault_but_not_a_column_too_many() {
    let mut case = Case::new();
    case.options.on_fault = OnFault::Refuse;
    let report = case.import(&[("messy.csv", MESSY.as_bytes())]).unwrap();
    assert!(report.imported.is_none() && case.nothing_was_committed());
    assert_eq!(report.rows, 8, "all findings are told");
    let report = case.import(&[("good.csv", b"lon,lat,more\n108.8,15.1,1\n")]).unwrap();
    assert_eq!((report.findings.faults(), case.committed().len()), (0, 1));
}

#[test]
fn a_dry_run_does_all_but_the_commit() {
    let mut case = Case::new();
    case.options.ending = Ending::DryRun;
    let report = case.import(&[("messy.csv", MESSY.as_bytes())]).unwrap();
    assert_eq!((report.rows, report.left_out), (8, 5));
    assert_eq!(report.imported.map(|counted| counted.added), Some(3), "the store counts");
    assert!(case.nothing_was_committed());
}

#[test]
fn files_of_one_import_are_one_transaction_and_share_their_ids() {
    let case = Case::new();
    let good: &[u8] = b"id,lon,lat\n1,108.8,15.1\n";
    let report = case.import(&[("a.csv", good), ("b.csv", good)]).unwrap();
    assert_eq!((case.committed().len(), lines(&report, FindingKind::DuplicateId)), (1, vec![2]));
    let case = Case::new();
    let cut = case.import(&[("a.csv", good), ("cut.geojson", b"{\"type\":\"FeatureCollection\",\"features\":[{")]);
    assert!(matches!(cut, Err(ImportError::Unreadable { .. })) && case.nothing_was_committed());
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_is_no_import_at_all() {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::none());
    let rows: String = (0..50_000).fold("id,lon,lat\n".to_owned(), |text, id| format!("{text}{id},108.8,15.1\n"));
    gzip.write_all(rows.as_bytes()).unwrap();
    let mut cut = gzip.finish().unwrap();
    cut.truncate(cut.len() / 2);
    let unclosed = format!("id,lon,lat,note\n1,108.8,15.1,\"{}", "x\n".repeat(3 << 20));
    for (name, content) in [
        ("cut.csv.gz", cut.as_slice()),
        ("unclosed.csv", unclosed.as_bytes()),
        ("book.xlsx", b"PK\x03\x04\x14\0"),
        ("empty.csv", b""),
        ("list.geojson", b"[1]"),
    ] {
        let case = Case::new();
        let refused = case.import(&[(name, content)]).map(|_| ()).unwrap_err();
        assert!(matches!(refused, ImportError::Unreadable { .. }), "{name}: {refused}");
        assert!(case.nothing_was_committed(), "{name}");
    }
}

#[test]
fn wrong_columns_are_wrong_usage() {
    for (case, content, parameter) in [
        (Case::new(), "id,lat\n1,2\n", "--x"),
        (Case::new().map("note", "absent"), "id,lon,lat\n1,2,3\n", "--map"),
        (Case::new().map("note", "absent"), "{\"features\":[]}", "--map"),
        (Case::new().map("absent", "id"), "id,lon,lat\n1,2,3\n", "--map"),
    ] {
        match case.import(&[("a", content.as_bytes())]).map(|_| ()) {
            Err(ImportError::Invalid(invalid)) => assert_eq!(invalid.parameter, parameter),
            other => panic!("{content:?}: {other:?}"),
        }
    }
}

#[test]
fn an_interrupted_import_writes_nothing() {
    let case = Case::new();
    let progress = Arc::new(Progress::default());
    progress.stop();
    let stopped = case.import_with(&[("a.csv", b"lon,lat\n108.8,15.1\n")], progress).map(|_| ());
    assert!(matches!(stopped, Err(ImportError::Interrupted)) && case.nothing_was_committed());
}

#[test]
fn the_stores_own_failure_is_told_and_ends_the_reading() {
    let case = Case { store: Memory { fails_after: Some(10), ..Memory::default() }, ..Case::new() };
    let rows: String = (0..200_000).fold("lon,lat\n".to_owned(), |text, _| text + "108.8,15.1\n");
    let failed = case.import(&[("a.csv", rows.as_bytes())]).map(|_| ()).unwrap_err();
    assert!(matches!(failed, ImportError::Store(StoreError::Unreachable { .. })), "{failed}");
}

#[test]
fn a_mapped_id_of_a_geojson_goes_before_the_features_own() {
    let case = Case::new().map("id", "ma");
    let file = r#"{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[1,2]},"properties":{"ma":"V1"}}"#;
    case.import(&[("a.geojson", file.as_bytes())]).unwrap();
    assert_eq!(case.committed().first().map(|row| row.id.clone()), Some(ImportId::Text("V1".into())));
}

#[test]
fn a_broken_feature_is_a_finding_and_its_neighbours_go_in() {
    let good = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":null}"#;
    let file = format!(
        "{{\"features\":[{good},\n{{\"type\":\"Feature\",\"geometry\":}},\n{{\"type\":\"Point\"}},\n7,\n{{\"type\":\"Feature\"}},\n{good}]}}"
    );
    let case = Case::new();
    let report = case.import(&[("a.geojson", file.as_bytes())]).unwrap();
    assert_eq!(lines(&report, FindingKind::UnreadableRow), [2, 3, 4]);
    assert_eq!(lines(&report, FindingKind::MissingPosition), [5]);
    assert_eq!(case.committed().len(), 2);
}
