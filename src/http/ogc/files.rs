//! `f=csv` and its like on items: all features that a request is about, as a file.
//!
//! Formats that are written from their first byte to their last are sent as they are made, a batch at a time, when the client takes
//! it; the others are made in a temporary file of bounded size first. Either way they are of one version, whose tag is known before
//! anything is written.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LINK, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::try_unfold;
use tokio::io::AsyncReadExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::super::asked::Asked;
use super::super::guard::Leave;
use super::super::problem::{Kind, Problem};
use super::super::query::cursor;
use super::super::query::features::next_url;
use super::super::reply::{
    BANDOSO_MATCHED, BANDOSO_VERSION, VARY_ON_FORM, cache_control, etag_of, shown_classification, version_header,
};
use super::super::{RETRY_MS, Shared};
use super::items::CONTENT_CRS;
use super::items_asked::{ItemsAsked, limit};
use crate::atlas::{Client, Extract};
use crate::engine::compress::Encoding;
use crate::export::{
    Axes, ExportError, Format, Output, Sheet, SheetOptions, Sink, SinkOptions, Spreadsheet, export_to_temporary, sink,
};
use crate::model::FoundFeature;

/// Bytes of a file that are read at a time.
const CHUNK: usize = 1 << 16;

/// The file that a request for items asks for.
pub async fn file(
    shared: &Shared,
    (asked, leave): (&Asked, &Leave),
    items: ItemsAsked,
    format: Format,
) -> Result<Response, Problem> {
    let ItemsAsked { params, crs, mut request, question, .. } = items;
    let most = shared.settings.export_rows;
    let is_limited = params.text("limit").is_some();
    request.limit = if is_limited { limit(&params, most)? } else { most };
    let Ok(place) = Arc::clone(&shared.exports).try_acquire_owned() else {
        let detail = format!("{} files are being sent; try again", shared.settings.max_exports);
        return Err(Problem::retry(Kind::Overloaded, RETRY_MS, detail));
    };
    let view = shared.settings.view;
    let mut extract = shared.atlas.extract(view, request).await?;
    if !is_limited && extract.next.is_some() {
        let detail = format!(
            "{} features match, and a file has {most} at most: ask for less of them (bbox, datetime, filter), or by parts with \
             limit and the link next",
            extract.matched
        );
        return Err(Problem::of(Kind::AnswerTooLarge, "limit", detail));
    }
    // Lines are what items in JSON are; other files have the order that programs take them to have.
    let axes = if format == Format::GeoJsonLines { Axes::AsDefined } else { Axes::EastFirst };
    let zone = shared.atlas.clock().zone;
    let sheet = Sheet::new(&mut extract, &SheetOptions { view, fields: None, crs, axes, zone })?;
    let encoding = if format.is_text() { asked.encoding(&[Encoding::Gzip]) } else { Encoding::Identity };
    let tag = format!("{:016x} {} {}", extract.fingerprint, format.name(), crs.uri());
    let mut headers = head(&extract, &sheet, format);
    if let Some(next) = extract.next.as_ref().map(|after| next_url(asked, &params, &cursor::write(after, question))) {
        insert(&mut headers, LINK, &format!("<{next}>; rel=\"next\""));
    }
    headers.insert(CACHE_CONTROL, cache_control(shown_classification(&extract.layer, view)));
    let etag = etag_of(tag.as_bytes(), encoding);
    insert(&mut headers, ETAG, &etag);
    if asked.has(&etag) {
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_DISPOSITION);
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    if let Some(token) = encoding.token() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(token));
    }
    if !format.is_streamed() {
        // Bounded by its rows, its bytes and its place among few; a workbook of a million rows takes a minute.
        leave.take(shared.settings.export_time);
        let made = export_to_temporary((extract, sheet), format, shared.settings.export_bytes).await?;
        headers.insert(CONTENT_LENGTH, HeaderValue::from(made.bytes));
        return Ok((headers, sent(made.file, place)).into_response());
    }
    Ok((headers, poured(extract, sheet, (format, encoding), place)?).into_response())
}

fn head(extract: &Extract, sheet: &Sheet, format: Format) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(format.media())),
        (VARY, HeaderValue::from_static(VARY_ON_FORM)),
        (BANDOSO_MATCHED, HeaderValue::from(extract.matched)),
        (BANDOSO_VERSION, version_header(&extract.versions)),
    ]);
    insert(&mut headers, CONTENT_CRS, &format!("<{}>", sheet.crs.uri()));
    let name = format!("attachment; filename=\"{}.{}\"", extract.layer.id, format.extension());
    insert(&mut headers, CONTENT_DISPOSITION, &name);
    headers
}

/// Ids, addresses and names of systems are ASCII: a text that were not would leave the header out.
fn insert(headers: &mut HeaderMap, name: axum::http::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

/// A file while it is made and sent.
struct Pouring {
    extract: Extract,
    /// None when it is finished.
    sink: Option<Box<dyn Sink>>,
    made: Buffer,
    client: Client,
    _place: OwnedSemaphorePermit,
}

/// The body that is made as it is taken: when nobody takes it any more, nothing is made any more.
fn poured(
    extract: Extract,
    sheet: Sheet,
    (format, encoding): (Format, Encoding),
    place: OwnedSemaphorePermit,
) -> Result<Body, ExportError> {
    let made = Buffer::default();
    let out: Box<dyn Write + Send> = match encoding {
        // Its last bytes are written when it is dropped, at the end of the sink.
        Encoding::Gzip => Box::new(GzEncoder::new(made.clone(), Compression::fast())),
        _ => Box::new(made.clone()),
    };
    // As other tables of the server are.
    let options = SinkOptions { spreadsheet: Spreadsheet::Guarded, ..SinkOptions::default() };
    let sink = Some(sink(format, sheet, Output::Stream(out), options)?);
    let pouring = Pouring { extract, sink, made, client: Client::asking(), _place: place };
    Ok(Body::from_stream(try_unfold(pouring, |mut pouring| async move {
        let Some(sink) = pouring.sink.take() else { return Ok::<_, ExportError>(None) };
        let poured = pouring.pour(sink).await;
        if let Err(fault) = &poured {
            // The head is sent: all that can be told is that the body is no whole one.
            tracing::error!(%fault, layer.id = %pouring.extract.layer.id, "a file ended early");
        }
        poured.map(|()| Some((pouring.made.take(), pouring)))
    })))
}

impl Pouring {
    /// Makes one more batch, or the end.
    async fn pour(&mut self, sink: Box<dyn Sink>) -> Result<(), ExportError> {
        let write = |sink: &mut Box<dyn Sink>, features: &[FoundFeature]| sink.write(features);
        let (sink, written) = self.client.asks(self.extract.next(sink, write)).await?;
        match written {
            Some(written) => {
                written?;
                self.sink = Some(sink);
                Ok(())
            }
            None => sink.finish(),
        }
    }
}

/// Bytes between the sink that writes them and the body that takes them.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A file from its first byte to its last; it has no name any more and goes with the body.
fn sent(file: std::fs::File, place: OwnedSemaphorePermit) -> Body {
    let state = (tokio::fs::File::from_std(file), place);
    Body::from_stream(try_unfold(state, |(mut file, place)| async move {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(chunk), (file, place))))
    }))
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Invalid(invalid) if invalid.parameter == "format" => {
                Self::of(Kind::InvalidParameter, "f", format!("expected {}", invalid.expected))
            }
            ExportError::Invalid(invalid) => invalid.into(),
            ExportError::Atlas(error) => error.into(),
            ExportError::TooLarge { most_bytes } => {
                let detail = format!(
                    "a file has {most_bytes} bytes at most: ask for less of the features, or by parts with limit"
                );
                Self::of(Kind::AnswerTooLarge, "f", detail)
            }
            ExportError::Unfit { .. } => Self::of(Kind::InvalidParameter, "f", error.to_string()),
            ExportError::Unwritable { .. } | ExportError::Format { .. } => Self::internal(error.to_string()),
        }
    }
}
