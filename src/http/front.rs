//! The front door: a tile that was answered before is answered again without the whole way through the house.
//!
//! An entry is an answer as the routes gave it, with every header that each of the layers put on it, so that the two ways cannot
//! differ. It is kept under the path and query as they came, one entry for each encoding, and given only while the state that it was
//! drawn from is shown and the day is the same, or when asking again gives the same tag: nothing is ever purged by guess, and
//! nothing stale is given. Whatever is out of the ordinary about a request takes the long way.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Instant;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, EXPECT, HOST, IF_NONE_MATCH, ORIGIN, TRANSFER_ENCODING,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::Either;
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};

use super::accepted::Accepted;
use super::asked::{has_tag, host_name};
use super::observe::{REQUEST_ID, request_id};
use super::reply::BANDOSO_FEATURES;
use super::{Answering, HttpSettings, Service, Shared, guard, router};
use crate::atlas::{Atlas, Client, EncodedTile, Moment};
use crate::engine::compress::Encoding;
use crate::model::{TileRequest, View};

/// Route of tiles, as the routes and the metrics call it.
pub const TILE_ROUTE: &str = "/tiles/{layers}/{z}/{x}/{y}";
/// What an entry takes besides its body and its address: the headers, bytes.
const ENTRY_BYTES: u64 = 3_000;

/// What a handler tells of the tile that it answered with, as an extension of its response.
#[derive(Clone)]
pub struct Drawn {
    /// What was asked.
    pub request: Arc<TileRequest>,
    /// What was given.
    pub tile: Arc<EncodedTile>,
    /// From before it was asked for.
    pub moment: Arc<Moment>,
}

/// The whole server as a service of requests: the front door before the routes.
#[derive(Clone)]
pub struct App {
    house: Arc<House>,
    routes: Router,
    client: Client,
}

struct House {
    service: Shared,
    /// None where no memory is given for it.
    kept: Option<Cache<Address, Arc<Kept>, Weight>>,
}

/// Under what an answer is kept: the encoding, and path and query as they came.
#[derive(PartialEq, Eq, Hash)]
struct Address {
    encoding: Encoding,
    path_and_query: Box<str>,
}

/// An [`Address`] that is looked for.
#[derive(Hash)]
struct Sought<'a> {
    encoding: Encoding,
    path_and_query: &'a str,
}

impl Equivalent<Address> for Sought<'_> {
    fn equivalent(&self, address: &Address) -> bool {
        self.encoding == address.encoding && *self.path_and_query == *address.path_and_query
    }
}

/// An answer that may be given again.
struct Kept {
    status: StatusCode,
    headers: HeaderMap,
    /// Of the 304 for who has it.
    known: HeaderMap,
    body: Bytes,
    etag: String,
    request: Arc<TileRequest>,
    moment: ArcSwap<Moment>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Address, Arc<Kept>> for Weight {
    fn weight(&self, address: &Address, kept: &Arc<Kept>) -> u64 {
        ENTRY_BYTES + (address.path_and_query.len() + kept.body.len()) as u64
    }
}

/// The server over an atlas.
pub fn app(atlas: Arc<Atlas>, settings: &HttpSettings) -> App {
    App::new(Service::new(atlas, settings))
}

impl App {
    /// The front door and the routes of a service.
    pub(super) fn new(service: Shared) -> Self {
        let bytes = service.settings.front_bytes;
        let kept =
            service.keeps_answers().then(|| Cache::with_weighter((bytes / 8_192).max(16) as usize, bytes, Weight));
        let routes = router::routes(Arc::clone(&service));
        Self { house: Arc::new(House { service, kept }), routes, client: Client::default() }
    }

    /// The same server for the requests of one client.
    #[must_use]
    pub fn for_client(&self, client: Client) -> Self {
        Self { client, ..self.clone() }
    }
}

impl<B> tower::Service<Request<B>> for App
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, Answering>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let encoding = self.house.ordinary_tile(&request);
        if let Some(encoding) = encoding
            && let Some(answer) = self.house.given_again(&request, encoding)
        {
            return Either::Left(ready(Ok(answer)));
        }
        let (house, client) = (Arc::clone(&self.house), self.client);
        let address = encoding.and_then(|encoding| {
            Some(Address { encoding, path_and_query: Box::from(request.uri().path_and_query()?.as_str()) })
        });
        let answer = self.routes.call(request.map(Body::new));
        Either::Right(Box::pin(client.asks(async move {
            let Ok(mut answer) = answer.await;
            if let (Some(drawn), Some(address)) = (answer.extensions_mut().remove::<Drawn>(), address) {
                house.keep(address, &answer, drawn);
            }
            Ok(answer)
        })))
    }
}

impl House {
    /// The encoding to answer in, where the request is for a tile and nothing about it needs a second look: what makes answers of
    /// one address differ is the encoding, the host, and the origin of a page elsewhere.
    fn ordinary_tile<B>(&self, request: &Request<B>) -> Option<Encoding> {
        let (headers, uri) = (request.headers(), request.uri());
        let public = self.service.settings.view == View::PUBLIC;
        let ordinary = self.kept.is_some()
            && request.method() == Method::GET
            && uri.path().starts_with("/tiles/")
            && !headers.contains_key("x-forwarded-host")
            && !headers.contains_key("x-forwarded-proto")
            && !headers.contains_key(EXPECT)
            && !headers.contains_key(TRANSFER_ENCODING)
            && !headers.contains_key(CONTENT_LENGTH)
            // The header that lets a page read the answer is the same for all pages only where everything is public.
            && (public || !headers.contains_key(ORIGIN))
            && good_host(headers, uri)
            && (public || guard::names_loopback(headers, uri));
        if ordinary { Accepted::read(headers).map(|accepted| accepted.best(&Encoding::PACKED_TILES)) } else { None }
    }

    /// The answer that was given to the same request before, if it still is the answer.
    fn given_again<B>(&self, request: &Request<B>, encoding: Encoding) -> Option<Response> {
        let started = Instant::now();
        let sought = Sought { encoding, path_and_query: request.uri().path_and_query()?.as_str() };
        let kept = self.kept.as_ref()?.get(&sought)?;
        if !self.still_holds(&kept, encoding) {
            return None;
        }
        let headers = request.headers();
        let known = headers.contains_key(IF_NONE_MATCH) && has_tag(headers, &kept.etag);
        let (status, headers, body) = if known {
            (StatusCode::NOT_MODIFIED, &kept.known, Body::empty())
        } else {
            self.service.atlas.tile_given();
            (kept.status, &kept.headers, Body::from(kept.body.clone()))
        };
        self.service.given_again.fetch_add(1, Ordering::Relaxed);
        let id = request_id();
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers.clone();
        self.service.told.given_again(status, started, &id);
        answer.headers_mut().insert(REQUEST_ID, id);
        Some(answer)
    }

    /// Whether the answer is drawn from what is shown now. When the state has moved on, the layers of this tile may be as they
    /// were: the tag tells.
    fn still_holds(&self, kept: &Kept, encoding: Encoding) -> bool {
        let service = &self.service;
        if service.atlas.is_now(&kept.moment.load()) {
            return true;
        }
        let moment = service.atlas.moment();
        let tag = service.atlas.tile_etag(service.settings.view, &kept.request, encoding);
        if !tag.is_ok_and(|tag| tag == kept.etag) {
            return false;
        }
        kept.moment.store(Arc::new(moment));
        true
    }

    fn keep(&self, address: Address, answer: &Response, drawn: Drawn) {
        let mut headers = answer.headers().clone();
        headers.remove(REQUEST_ID);
        let mut known = headers.clone();
        for name in [CONTENT_TYPE, CONTENT_ENCODING, BANDOSO_FEATURES] {
            known.remove(name);
        }
        if known.contains_key(CONTENT_LENGTH) {
            known.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        // What has no tag cannot be asked about again.
        if !headers.contains_key(ETAG) {
            return;
        }
        let Drawn { request, tile, moment } = drawn;
        let kept = Kept {
            status: answer.status(),
            headers,
            known,
            body: tile.body.clone(),
            etag: tile.etag.clone(),
            request,
            moment: ArcSwap::new(moment),
        };
        if let Some(known) = &self.kept {
            known.insert(address, Arc::new(kept));
        }
    }
}

/// At most one host, and one that can be: what else there is, is refused on the long way.
fn good_host(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let named = hosts.next().is_none_or(|host| host.to_str().is_ok_and(|host| host_name(host).is_some()));
    named && hosts.next().is_none() && uri.authority().is_none()
}
