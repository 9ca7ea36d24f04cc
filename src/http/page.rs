//! The web map's files, inside the binary: tagged, typed and compressed once.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::RequestPartsExt as _;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_embed::RustEmbed;

use super::Shared;
use super::asked::Asked;
use super::problem::{Kind, Problem};
use super::reply::etag_of;
use crate::engine::compress::{Encoding, gzip_at};

/// What the page's build leaves. A binary built without it says so instead of a map.
#[derive(RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Dist;

/// The page may load its own files and data and nothing else. `MapLibre` draws icons from `data:` and `blob:` images.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// Files whose names hold a hash of their content never change under that name.
const HASHED: &str = "assets/";

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"vi\"><meta charset=\"utf-8\"><title>Bandoso</title>
<h1>Bản đồ số</h1>
<p>Máy chủ đang chạy, nhưng chương trình này được dựng thiếu trang bản đồ.
Dựng trang bằng <code>npm ci &amp;&amp; npm run build</code> trong thư mục <code>web</code>, rồi dựng lại chương trình.</p>
<p lang=\"en\">The server runs, but this binary was built without the map page. Build it with
<code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code>, then build the binary again.</p>
<ul><li><a href=\"/layers\">/layers</a> <li><a href=\"/tiles\">/tiles</a> <li><a href=\"/style.json\">/style.json</a></ul>
</html>
";

struct File {
    content_type: &'static str,
    plain: Bytes,
    plain_etag: String,
    /// Where it is smaller.
    gzip: Option<(Bytes, String)>,
}

impl File {
    fn new(path: &str, plain: Vec<u8>) -> Self {
        let (content_type, text) = content_type(path);
        let gzip = if text { gzip_at(9, &plain).filter(|gzip| gzip.len() < plain.len()) } else { None };
        let plain_etag = etag_of(&plain, Encoding::Identity);
        let gzip = gzip.map(|gzip| (Bytes::from(gzip), etag_of(&plain, Encoding::Gzip)));
        Self { content_type, plain: Bytes::from(plain), plain_etag, gzip }
    }
}

/// A file's type by its name, and whether it is text worth compressing.
fn content_type(path: &str) -> (&'static str, bool) {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => ("text/html; charset=utf-8", true),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "css" => ("text/css; charset=utf-8", true),
        "json" | "map" => ("application/json", true),
        "webmanifest" => ("application/manifest+json", true),
        "svg" => ("image/svg+xml", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "pbf" => ("application/x-protobuf", true),
        "wasm" => ("application/wasm", true),
        "png" => ("image/png", false),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "webp" => ("image/webp", false),
        "ico" => ("image/x-icon", false),
        "woff2" => ("font/woff2", false),
        _ => ("application/octet-stream", false),
    }
}

static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let mut files: HashMap<String, File> = Dist::iter()
        .filter_map(|path| {
            let file = File::new(&path, Dist::get(&path)?.data.into_owned());
            Some((path.into_owned(), file))
        })
        .collect();
    files.entry("index.html".to_owned()).or_insert_with(|| File::new("index.html", NOT_BUILT.as_bytes().to_vec()));
    files
});

/// Reads and compresses the files now, so that no request waits for it.
pub fn prepare() {
    LazyLock::force(&FILES);
}

/// Any path without a route: a file of the page, else 404. The page's query is its own affair.
pub async fn file(State(_): State<Shared>, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let path = parts.uri.path();
    let path = path.strip_prefix('/').unwrap_or(path).to_owned();
    let path = if path.is_empty() { "index.html" } else { path.as_str() };
    let Some(file) = FILES.get(path) else {
        return Err(Problem::new(
            Kind::NotFound,
            "expected a path of this server; see / for the map and /layers for its data",
        ));
    };
    if parts.method != Method::GET && parts.method != Method::HEAD {
        let problem = Problem::new(Kind::MethodNotAllowed, "expected GET or HEAD");
        return Ok(([(ALLOW, "GET,HEAD")], problem).into_response());
    }
    let asked: Asked = parts.extract().await?;
    Ok(answer(path, file, &asked))
}

fn answer(path: &str, file: &File, asked: &Asked) -> Response {
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let (body, etag, gzip) = match (&file.gzip, asked.encoding(&[Encoding::Gzip])) {
        (Some((body, etag)), Encoding::Gzip) => (body, etag, true),
        _ => (&file.plain, &file.plain_etag, false),
    };
    let mut headers = HeaderMap::from_iter([
        (CACHE_CONTROL, HeaderValue::from_static(caching)),
        (VARY, HeaderValue::from_static("Accept-Encoding, Origin")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
    ]);
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    if asked.has(etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (headers, Body::from(body.clone())).into_response()
}
