//! The machine's limit: an axum server that answers tiles that it holds, and does nothing else.

use std::collections::HashMap;
use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::extract;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::routing::get;
use axum::serve::ListenerExt;

/// Serves as gzip, for ever: the file's bytes at every tile's address, or each file of a folder at the address that is its name.
pub async fn serve(bodies: &Path, port: u16) {
    let headers = [(CONTENT_TYPE, "application/vnd.mapbox-vector-tile"), (CONTENT_ENCODING, "gzip")];
    let answer = if bodies.is_dir() {
        let files = std::fs::read_dir(bodies).unwrap().map(|file| file.unwrap().path());
        let named = files.map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            (address(name), Bytes::from(std::fs::read(&path).unwrap()))
        });
        let bodies: &HashMap<[u32; 3], Bytes> = Box::leak(Box::new(named.collect()));
        let tile = move |extract::Path((_, z, x, y)): extract::Path<(String, u32, u32, u32)>| async move {
            (headers, bodies[&[z, x, y]].clone())
        };
        get(tile)
    } else {
        let body = Bytes::from(std::fs::read(bodies).unwrap());
        get(move || async move { (headers, body) })
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    axum::serve(listener, Router::new().route("/tiles/{layers}/{z}/{x}/{y}", answer)).await.unwrap();
}

/// `10-811-467` as zoom, x and y.
fn address(name: &str) -> [u32; 3] {
    let numbers: Vec<u32> = name.split('-').map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}
