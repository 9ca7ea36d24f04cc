//! A whole file or none: written beside its place under another name, and moved there when it is complete.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io::{Seek as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::provenance::{Made, Question, file_hash};
use super::{ExportError, ExportProgress, Format, Output, Provenance, Sheet, SheetOptions, Sink, SinkOptions, sink};
use crate::atlas::{Atlas, Extract};
use crate::model::{Invalid, WithinRequest};

/// How the names of files end that are being written.
const PART: &str = ".part";
/// How old such a file is at least before it is taken for left behind.
const FRESH: Duration = Duration::from_mins(1);

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
/// it tells of. What a killed export leaves is named `.FILE.….part`, and goes with the next one to the same place.
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
    let (mut file, path) = tempfile::Builder::new().prefix("bandoso-").suffix(".part").tempfile()?.into_parts();
    let options = SinkOptions { rows: extract.rows, ..SinkOptions::default() };
    let sink = sink(format, sheet, Output::File(path.to_path_buf()), options)?;
    // Open it is, and without a name from here on: whatever ends this process takes the file along.
    path.close()?;
    let bounded = || {
        let bytes = file.metadata()?.len();
        if bytes > most_bytes { Err(ExportError::TooLarge { most_bytes }) } else { Ok(()) }
    };
    pour(extract, sink, (&ExportProgress::default(), &bounded)).await?;
    bounded()?;
    file.rewind()?;
    Ok(Temporary { bytes: file.metadata()?.len(), file })
}

async fn open(atlas: &Arc<Atlas>, job: &ExportJob) -> Result<(Extract, Sheet), ExportError> {
    let mut extract = atlas.extract(job.sheet.view, job.request.clone()).await?;
    let sheet = Sheet::new(&mut extract, &job.sheet)?;
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
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    sweep(folder(path), &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(PART).permissions(Permissions::from_mode(0o666));
    let making = builder.tempfile_in(folder(path)).map_err(unwritable(path))?;
    // Tells others that somebody is at it, as long as this process lives. Some file systems know no locks: then nothing is swept.
    let _ = making.as_file().try_lock();
    Ok(making)
}

/// Removes what killed exports to the same place have left: files that nobody holds.
fn sweep(folder: &Path, prefix: &OsStr) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let (name, prefix) = (name.as_encoded_bytes(), prefix.as_encoded_bytes());
        let middle = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(PART.as_bytes()));
        // What the library puts between: no dot, so that another file's name is not taken for it.
        let is_left = middle.is_some_and(|middle| !middle.is_empty() && middle.iter().all(u8::is_ascii_alphanumeric));
        let is_old = || {
            entry.metadata().and_then(|told| told.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age > FRESH))
        };
        // One that was begun just now may not have its lock yet.
        if is_left && is_old() && std::fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            // Gone already, or not ours to remove: the export goes on either way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
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
