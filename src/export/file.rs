//! A whole file or none: written beside its place under another name, and moved there when it is complete.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use super::provenance::{Made, Question, file_hash};
use super::{ExportError, ExportProgress, Format, Output, Provenance, Sheet, SheetOptions, Sink, SinkOptions, sink};
use crate::atlas::{Atlas, Extract};
use crate::model::{Invalid, WithinRequest};

/// What is exported, and how.
#[derive(Debug, Clone)]
pub struct ExportJob {
    /// Which features.
    pub request: WithinRequest,
    /// What of them.
    pub sheet: SheetOptions,
    /// In which format.
    pub format: Format,
    /// Written how.
    pub options: SinkOptions,
}

/// What an export did.
#[derive(Debug)]
pub struct Exported {
    /// Features that match.
    pub matched: u64,
    /// Features that were written.
    pub written: u64,
}

/// Exports into a file, with its provenance beside it as `FILE.provenance.json`.
///
/// Killed at any moment it leaves the file that was there before, or the new one whole; a provenance is only ever beside the file that
/// it tells of. What is left of a killed export is named `.FILE.….part`.
pub async fn export_to_file(
    atlas: &Arc<Atlas>,
    job: ExportJob,
    path: &Path,
    progress: &ExportProgress,
) -> Result<Exported, ExportError> {
    let making = begin(path)?;
    let (extract, sheet) = open(atlas, &job).await?;
    let question = Question::new(&job, &extract, &atlas.clock());
    let options = SinkOptions { rows: extract.rows, ..job.options };
    let sink = sink(job.format, sheet, Output::File(making.path().to_owned()), options)?;
    let exported = pour(extract, sink, (progress, &|| Ok(()))).await?;
    let made = Made { format: job.format.name(), matched: exported.matched, written: exported.written };
    finish(making, path, move |hash| Provenance::new(question, made, hash)).await?;
    Ok(exported)
}

/// Exports a text format into a stream, such as the standard output.
pub async fn export_to_writer(
    atlas: &Arc<Atlas>,
    job: ExportJob,
    out: Box<dyn Write + Send>,
    progress: &ExportProgress,
) -> Result<Exported, ExportError> {
    if !job.format.is_text() {
        let expected =
            format!("a file for the format {}: only text is written to the standard output", job.format.name());
        return Err(Invalid::new("--output", expected).into());
    }
    let (extract, sheet) = open(atlas, &job).await?;
    pour(extract, sink(job.format, sheet, Output::Stream(out), job.options)?, (progress, &|| Ok(()))).await
}

/// A file without a name, for whoever sends it on.
#[derive(Debug)]
pub struct Temporary {
    /// At its beginning.
    pub file: std::fs::File,
    /// Its length.
    pub bytes: u64,
}

/// Exports into a file that goes when it is closed, of at most so many bytes.
pub async fn export_to_temporary(
    (extract, sheet): (Extract, Sheet),
    format: Format,
    most_bytes: u64,
) -> Result<Temporary, ExportError> {
    let making = tempfile::Builder::new().prefix("bandoso-").suffix(".part").tempfile()?;
    let path = making.path().to_owned();
    let options = SinkOptions { rows: extract.rows, ..SinkOptions::default() };
    let bounded = || {
        let bytes = std::fs::metadata(&path)?.len();
        if bytes > most_bytes { Err(ExportError::TooLarge { most_bytes }) } else { Ok(()) }
    };
    let sink = sink(format, sheet, Output::File(path.clone()), options)?;
    pour(extract, sink, (&ExportProgress::default(), &bounded)).await?;
    bounded()?;
    let file = making.reopen()?;
    Ok(Temporary { bytes: file.metadata()?.len(), file })
}

async fn open(atlas: &Arc<Atlas>, job: &ExportJob) -> Result<(Extract, Sheet), ExportError> {
    let extract = atlas.extract(job.sheet.view, job.request.clone()).await?;
    let sheet = Sheet::new(&extract, &job.sheet)?;
    Ok((extract, sheet))
}

/// Writes all features of an extract and ends the sink; after each batch it asks whether to go on.
async fn pour(
    mut extract: Extract,
    mut sink: Box<dyn Sink>,
    (progress, go_on): (&ExportProgress, &(dyn Fn() -> Result<(), ExportError> + Sync)),
) -> Result<Exported, ExportError> {
    progress.begin(extract.rows);
    let mut written = 0;
    loop {
        let write = |sink: &mut Box<dyn Sink>, features: &[_]| sink.write(features).map(|()| features.len() as u64);
        let (kept, done) = extract.next(sink, write).await?;
        sink = kept;
        let Some(done) = done else { break };
        let done = done?;
        go_on()?;
        progress.add(done);
        written += done;
    }
    blocking(move || sink.finish()).await?;
    Ok(Exported { matched: extract.matched, written })
}

/// A new file beside the place, readable as any new file is.
pub(super) fn begin(path: &Path) -> Result<NamedTempFile, ExportError> {
    let name = path
        .file_name()
        .filter(|_| !path.is_dir())
        .ok_or_else(|| Invalid::new("--output", format!("the path of a file, found {}", path.display())))?;
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".part").permissions(Permissions::from_mode(0o666));
    builder.tempfile_in(folder(path)).map_err(unwritable(path))
}

/// Moves the file to its place, and its provenance beside it.
pub(super) async fn finish(
    making: NamedTempFile,
    path: &Path,
    provenance: impl FnOnce(super::provenance::Hashed) -> Provenance + Send + 'static,
) -> Result<(), ExportError> {
    let path = path.to_owned();
    blocking(move || {
        let hashed = file_hash(making.path(), &path).map_err(unwritable(&path))?;
        making.as_file().sync_all().map_err(unwritable(&path))?;
        let beside = beside(&path);
        let mut told = begin(&beside)?;
        told.write_all(&provenance(hashed).to_json()).map_err(unwritable(&beside))?;
        told.as_file().sync_all().map_err(unwritable(&beside))?;
        // First the old provenance goes, so that none ever stands beside another file than its own.
        match std::fs::remove_file(&beside) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(&beside)(fault)),
            _ => {}
        }
        making.persist(&path).map_err(|fault| unwritable(&path)(fault.error))?;
        told.persist(&beside).map_err(|fault| unwritable(&beside)(fault.error))?;
        // The names themselves, where the file system keeps them.
        std::fs::File::open(folder(&path)).and_then(|folder| folder.sync_all()).map_err(unwritable(&path))
    })
    .await
}

/// `FILE.provenance.json`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".provenance.json");
    PathBuf::from(name)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> ExportError + use<> {
    let what = path.display().to_string();
    move |cause| ExportError::Unwritable { what: what.clone(), cause }
}

/// Does work that waits for disks on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|fault| crate::atlas::AtlasError::Fault(fault.to_string()))?
}
