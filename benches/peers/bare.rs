//! The machine's limit: an axum server that answers one constant tile, and does nothing else.

use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::routing::get;
use axum::serve::ListenerExt;

/// Serves the file's bytes at every tile's address, as gzip, for ever.
pub async fn serve(body: &Path, port: u16) {
    let body = Bytes::from(std::fs::read(body).unwrap());
    let headers = [(CONTENT_TYPE, "application/vnd.mapbox-vector-tile"), (CONTENT_ENCODING, "gzip")];
    let tile = move || async move { (headers, body) };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    let router = Router::new().route("/tiles/{layers}/{z}/{x}/{y}", get(tile));
    axum::serve(listener, router).await.unwrap();
}
