use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;
use super::store::{Missing, open};
use crate::atlas::{Atlas, AtlasSettings};
use crate::config::cli::{ServeArgs, Shared};
use crate::http::{self, HttpSettings};

/// `bandoso serve`: until SIGTERM or SIGINT.
pub(super) async fn serve(args: &ServeArgs, shared: &Shared) -> Result<(), Failure> {
    let catalogue = super::catalogue(shared)?;
    let refused = |error: std::io::Error| {
        Failure::Usage(format!("--listen: expected a free HOST:PORT such as 127.0.0.1:8080, {}: {error}", args.listen))
    };
    // First of all: whoever has the wrong address should not wait for the data.
    let listener = TcpListener::bind(&args.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let store = open(shared, &catalogue, Missing::Demonstrate).await?;
    let place = store.address();
    // Half for the atlas, half for the front door: most bodies are the same ones, but need not be.
    let kept_bytes = args.cache_mb << 19;
    let tiles = AtlasSettings { cache_bytes: kept_bytes, ..AtlasSettings::default() };
    let atlas = Atlas::open(store, catalogue, tiles).await?;
    let settings = HttpSettings { front_bytes: kept_bytes, ..HttpSettings::listening_on(address.ip()) };
    tracing::info!(
        store = %place,
        layers = atlas.catalogue().layers.len(),
        shown = if address.ip().is_loopback() { "everything, to this machine" } else { "public layers only" },
        "the map is served at http://{address}"
    );
    let shutdown = async {
        if let Err(error) = signal_to_stop().await {
            tracing::error!(%error, "signals cannot be heard; only SIGKILL stops the server");
            std::future::pending::<()>().await;
        }
    };
    http::serve(atlas, listener, settings, shutdown).await.map_err(|error| Failure::Fault(error.to_string()))?;
    tracing::info!("stopped");
    Ok(())
}

/// Completes at the next SIGTERM or SIGINT.
pub(super) async fn signal_to_stop() -> std::io::Result<()> {
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}
