//! `POST /import`: a file into a layer, read, checked and written as `bandoso import` does it, with the same report.
//!
//! The body is the file itself (called by the parameter `name`), or a form (RFC 7578) with the parts `file` and `mapping`. With
//! `dry_run=true` nothing is written. With `Accept: application/x-ndjson` the answer comes line by line while the work goes on:
//! `{"progress": …}`, at the end `{"report": …}` or `{"problem": …}`. A caller who goes away stops it, and nothing is written then.

mod question;
mod upload;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value as Json, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use self::question::{Answer, Question};
use self::upload::Upload;
use super::asked::Asked;
use super::problem::{IN_USE, Kind, Problem};
use super::reply::{CSV, JSON};
use super::{RETRY_MS, Shared, writes};
use crate::import::features::{FeatureJob, import_features};
use crate::import::{FindingLog, ImportError, Progress, Rejects, report};
use crate::store::{Author, StoreError};

/// From one line about the progress to the next.
const TOLD_EVERY: Duration = Duration::from_millis(200);
/// Type of an answer that comes line by line.
pub const NDJSON: &str = "application/x-ndjson";

/// `POST /import`.
pub async fn import(State(shared): State<Shared>, asked: Asked, request: Request) -> Result<Response, Problem> {
    writes::check(&shared, request.headers())?;
    let question = Question::read(&shared, &asked)?;
    let author = writes::author(request.headers())?;
    let Ok(permit) = Arc::clone(&shared.imports).try_acquire_owned() else {
        let detail = format!("{} files are being imported; try again", shared.settings.max_imports);
        return Err(Problem::retry(Kind::Overloaded, RETRY_MS, detail));
    };
    let upload = Upload::receive(request, question.name.as_deref(), &shared.settings).await?;
    let answer = question.answer;
    let running = Running::begin(&shared, (question, author), (upload, permit))?;
    match answer {
        Answer::Lines => Ok(running.lines()),
        Answer::Report | Answer::Rejects => running.whole(answer).await,
    }
}

/// An import that goes on.
struct Running {
    work: JoinHandle<Result<Done, ImportError>>,
    progress: Arc<Progress>,
}

/// What came out of it.
struct Done {
    report: Json,
    /// Something went in, or nothing was to.
    is_good: bool,
    rejects: Option<Bytes>,
}

impl Drop for Running {
    /// Whoever asked has the answer, or has gone away.
    fn drop(&mut self) {
        self.progress.stop();
        // What was read to its end and waits for other programs is not written either.
        self.work.abort();
    }
}

impl Running {
    fn begin(
        shared: &Shared,
        (question, author): (Question, Author),
        (upload, permit): (Upload, OwnedSemaphorePermit),
    ) -> Result<Self, Problem> {
        let mut options = question.options(upload.mapping.as_deref())?;
        options.author = author;
        let rejects_file = upload.rejects();
        let rejects = (question.answer == Answer::Rejects).then(|| Rejects::new(&rejects_file)).transpose();
        let rejects = rejects.map_err(|error| Problem::internal(format!("a file of rejects: {error}")))?;
        let (layer, zone) = (question.layer.clone(), shared.atlas.clock().zone);
        let told = report::Asked { layer: layer.id.to_string(), ending: options.ending, on_fault: options.on_fault };
        let files = vec![upload.file.clone()];
        let job = FeatureJob { layer, zone, files, options, findings: FindingLog::default(), rejects };
        let (store, progress) = (shared.atlas.store(), Arc::new(Progress::default()));
        let kept = Arc::clone(&progress);
        let work = tokio::spawn(async move {
            let done =
                import_features(Some(store.as_ref()), job, kept).await.map_err(|error| upload.named_error(error))?;
            let json = upload.named_report(report::json(&told, &done));
            let is_good = done.imported.is_some() || told.is_dry();
            let rejects = done.rejected.and_then(|_| std::fs::read_to_string(&rejects_file).ok());
            let rejects = rejects.map(|text| Bytes::from(upload.named(&text)));
            // The file is gone when the work is, and the next one may come.
            drop((upload, permit));
            Ok(Done { report: json, is_good, rejects })
        });
        Ok(Self { work, progress })
    }

    /// One document at the end.
    async fn whole(mut self, answer: Answer) -> Result<Response, Problem> {
        let done = ended((&mut self.work).await)?;
        let status = if done.is_good { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let headers = |kind| {
            [(CONTENT_TYPE, HeaderValue::from_static(kind)), (CACHE_CONTROL, HeaderValue::from_static("no-store"))]
        };
        if answer == Answer::Rejects {
            return Ok((status, headers(CSV), Body::from(done.rejects.unwrap_or_default())).into_response());
        }
        Ok((status, headers(JSON), done.report.to_string()).into_response())
    }

    /// A line every now and then, the report on the last.
    fn lines(self) -> Response {
        let lines = stream::unfold(Some(self), |running| async {
            let mut running = running?;
            let (line, rest) = match tokio::time::timeout(TOLD_EVERY, &mut running.work).await {
                Err(_) => {
                    let (rows, bytes) = (running.progress.rows(), running.progress.bytes_read());
                    (json!({ "progress": { "rows": rows, "bytes": bytes } }), Some(running))
                }
                Ok(done) => match ended(done) {
                    Ok(done) => (json!({ "report": done.report }), None),
                    Err(problem) => {
                        // Its status was sent long ago, so nobody else logs it.
                        if let Some(cause) = problem.cause() {
                            tracing::error!(cause, "an import failed");
                        }
                        (json!({ "problem": problem.told() }), None)
                    }
                },
            };
            Some((Ok::<_, Infallible>(Bytes::from(format!("{line}\n"))), rest))
        });
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(NDJSON)),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // A proxy that gathers lines would hold the progress back.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ];
        (headers, Body::from_stream(lines)).into_response()
    }
}

fn ended(ended: Result<Result<Done, ImportError>, tokio::task::JoinError>) -> Result<Done, Problem> {
    ended.map_err(|error| Problem::internal(format!("importing a file: {error}")))?.map_err(problem)
}

/// An import that could not be done, as an answer. The file is called as the caller called it.
fn problem(error: ImportError) -> Problem {
    match error {
        ImportError::Invalid(invalid) => invalid.into(),
        ImportError::Unreadable { .. } => Problem::of(Kind::UnreadableFile, "file", error.to_string()),
        ImportError::Store(StoreError::Unreachable { .. }) => {
            Problem::retry(Kind::Unavailable, RETRY_MS, "the store is away; nothing was written")
        }
        ImportError::Store(StoreError::InUse { .. }) => Problem::retry(Kind::Unavailable, RETRY_MS, IN_USE),
        ImportError::Store(fault) => Problem::internal(fault.to_string()),
        ImportError::Interrupted => {
            Problem::retry(Kind::Unavailable, RETRY_MS, "the import was given up; nothing was written")
        }
    }
}
