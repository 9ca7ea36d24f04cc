//! The whole server over a shelf: requests go through the router as they would over a connection.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use bandoso::atlas::{Atlas, AtlasSettings};
use bandoso::http::{App, HttpSettings, app};
use bandoso::model::View;
use serde_json::Value;
use tower::ServiceExt as _;

use super::province;
use super::shelf::Shelf;
use super::tile_spec::{self, TileLayer};

/// A server with the made-up province.
pub struct House {
    pub shelf: Arc<Shelf>,
    pub atlas: Arc<Atlas>,
    pub app: App,
}

/// An answer, its body as it came.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl House {
    /// A server that shows everything, as on loopback.
    pub async fn open() -> Self {
        Self::with(HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() }).await
    }

    /// A server that shows what is public.
    pub async fn public() -> Self {
        Self::with(HttpSettings::default()).await
    }

    pub async fn with(settings: HttpSettings) -> Self {
        let shelf = Shelf::new(province::units(), province::changes());
        shelf.put(province::INCIDENTS, province::incidents(&province::catalogue().time_zone));
        shelf.put(province::HOSPITALS, province::hospitals());
        Self::over(shelf, settings).await
    }

    /// A server over a shelf as it is.
    pub async fn over(shelf: Shelf, settings: HttpSettings) -> Self {
        let (shelf, catalogue) = (Arc::new(shelf), province::catalogue());
        let atlas_settings = AtlasSettings::default();
        let store: Arc<dyn bandoso::store::Store> = Arc::<Shelf>::clone(&shelf);
        let atlas = Atlas::open(store, catalogue, atlas_settings).await.expect("an atlas");
        Self { shelf, app: app(Arc::clone(&atlas), &settings), atlas }
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        answer.check();
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request.body(Body::empty()).expect("a request")).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.ask(Request::post(path).body(body.into()).expect("a request")).await
    }

    /// The JSON of an answer that must be good.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    pub fn plain(&self) -> Vec<u8> {
        match self.header("content-encoding") {
            None => self.body.clone(),
            Some("zstd") => zstd::stream::decode_all(self.body.as_slice()).expect("zstd"),
            Some("br") => {
                let mut plain = Vec::new();
                brotli::BrotliDecompress(&mut self.body.as_slice(), &mut plain).expect("brotli");
                plain
            }
            Some(encoding) => {
                assert_eq!(encoding, "gzip");
                // RFC 1952: the last four bytes are the size of what was packed.
                let size = u32::from_le_bytes(self.body[self.body.len() - 4..].try_into().expect("a size"));
                let mut plain = vec![0; size as usize];
                libdeflater::Decompressor::new().gzip_decompress(&self.body, &mut plain).expect("gzip");
                plain
            }
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.plain()).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.plain()).unwrap_or_else(|fault| panic!("{fault}: {}", self.text()))
    }

    /// The layers of a tile.
    pub fn tile(&self) -> Vec<TileLayer> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/vnd.mapbox-vector-tile"));
        tile_spec::check(&self.plain(), self.features())
    }

    pub fn features(&self) -> u64 {
        self.header("bandoso-features").expect("a number of features").parse().expect("a number")
    }

    /// What is true of every answer.
    fn check(&self) {
        assert!(self.header("x-request-id").is_some(), "every answer has its id");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert!(self.header("content-security-policy").is_some(), "every answer has a policy");
        if self.status.is_client_error() || self.status.is_server_error() {
            assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
            let problem = self.json();
            assert_eq!(problem["status"], self.status.as_u16(), "{problem}");
            for member in ["type", "title", "detail", "instance"] {
                assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {problem}");
            }
        }
        if self.header("content-type") == Some("application/vnd.mapbox-vector-tile") && !self.body.is_empty() {
            self.tile();
        }
    }
}
