//! The listener: connections in bounded number, each with bounded patience, and an orderly end.

use std::io;
use std::net::TcpStream;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::event_loops::EventLoops;
use super::patience::Patient;
use super::{App, HttpSettings, Service, page};
use crate::atlas::{Atlas, Client};

/// Largest head of a request, bytes.
const HEAD_BYTES: usize = 64 << 10;
/// Pause between one upkeep of the metrics and the next.
const UPKEEP: Duration = Duration::from_secs(5);
/// Pause after a failed accept: out of descriptors, the next one fails as well.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` completes; then lets running requests end, for [`HttpSettings::drain_timeout`] at most.
///
/// HTTP/1.1 only: browsers speak HTTP/2 over TLS alone, and that ends at a proxy. Fails where the system gives no threads to serve on.
pub async fn serve(
    atlas: Arc<Atlas>,
    listener: TcpListener,
    settings: HttpSettings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let loops = EventLoops::new(available_parallelism().map_or(1, NonZero::get))?;
    page::prepare();
    let service = Service::new(atlas, &settings);
    let app = App::new(Arc::clone(&service));
    let upkeep = tokio::spawn(upkeep(service.prometheus.clone()));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(settings.head_timeout).max_buf_size(HEAD_BYTES);
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(settings.max_connections));
    tokio::pin!(shutdown);
    loop {
        let (stream, client, place) = tokio::select! {
            accepted = accept(&listener, &room) => match accepted {
                Ok(accepted) => accepted,
                Err(fault) => {
                    tracing::warn!(%fault, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        let (http, app, watcher) = (http.clone(), app.for_client(client), connections.watcher());
        let patience = settings.write_timeout;
        loops.serve(stream, move |stream| async move {
            let io = TokioIo::new(Patient::new(stream, patience));
            let connection = http.serve_connection(io, TowerToHyperService::new(app));
            if let Err(fault) = watcher.watch(connection).await {
                // Clients that vanish or dawdle are no news.
                tracing::debug!(%fault, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    service.stopping.send_replace(true);
    upkeep.abort();
    let draining = connections.count();
    tracing::info!(connections = draining, "stopping: no new connections");
    if tokio::time::timeout(settings.drain_timeout, connections.shutdown()).await.is_err() {
        tracing::warn!(timeout_ms = settings.drain_timeout.as_millis() as u64, "some requests did not end in time");
    }
    Ok(())
}

/// A connection and its place among the bounded number of them. While all places are taken, more wait in the system's queue.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Client, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // Answers are written whole: waiting to fill a segment only delays them.
    stream.set_nodelay(true)?;
    // For the event loop that it will live on.
    Ok((stream.into_std()?, Client::at(address.ip()), place))
}

/// Sorts what was recorded into its bounds now and then: until then every duration is kept by itself, and nobody may ask for
/// metrics for days.
async fn upkeep(prometheus: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        prometheus.run_upkeep();
    }
}
