//! The HTTP port: health, metrics, and the files that alerts link to.
//!
//! It changes nothing. A link to a file carries a signature, so that it can be opened without a
//! login and nothing else can be guessed from it.

mod health;
mod links;
mod listener;
mod media;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use tipoff_spool::Spool;
use tokio::net::TcpListener;

pub(crate) use links::Links;

use crate::observe::Metrics;
use crate::shutdown::{Phase, Shutdown};

/// What the pages are made of.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) links: Links,
}

/// Binds the port, where there is to be one.
pub(crate) async fn bind(address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} for HTTP: set another [http] listen, or \"off\"")
    })?;
    Ok(Some(listener))
}

/// Serves until the end.
pub(crate) async fn serve(listener: TcpListener, state: State, mut shutdown: Shutdown) {
    let router = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        .route("/media/{arrival}/{file}/{signature}/{name}", get(media::media))
        .with_state(state);
    let mut over = shutdown.clone();
    let server = axum::serve(listener::Bounded::new(listener), router)
        .with_graceful_shutdown(async move { shutdown.reached(Phase::Ending).await });
    tokio::select! {
        served = server => {
            if let Err(error) = served {
                tracing::error!(%error, "The HTTP port is closed.");
            }
        }
        () = over.reached(Phase::Over) => {}
    }
}
