//! The HTTP port: the dashboard, the API, health and metrics, and the files that alerts link to.

mod api;
mod assets;
mod clock;
mod filter;
mod frame;
mod health;
mod links;
mod listener;
mod logins;
mod media;
mod pages;
mod problem;
mod view;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use tipoff_spool::Spool;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

pub(crate) use links::Links;

use crate::dispatch::Waker;
use crate::news::News;
use crate::observe::Metrics;
use crate::shutdown::{Phase, Shutdown};

/// What the pages are made of.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) links: Links,
    pub(crate) news: News,
    pub(crate) waker: Waker,
    pub(crate) channels: Arc<[String]>,
    pub(crate) shutdown: Shutdown,
}

impl State {
    /// The configured channels.
    fn channel_names(&self) -> Vec<String> {
        self.channels.to_vec()
    }

    /// Whether the configuration gives somebody this name to log in with.
    fn is_user(&self, _user: &str) -> bool {
        false
    }

    /// What people say of devices has changed.
    async fn devices_changed(&self) -> Result<(), tipoff_spool::SpoolError> {
        self.news.tell(crate::news::Item::Device);
        Ok(())
    }

    /// These channels have something to do.
    fn wake(&self, channels: &[String]) {
        self.waker.wake(channels);
    }
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
    let shown = pages::router().merge(assets::router()).layer(CompressionLayer::new());
    let router = Router::new()
        .merge(shown)
        .merge(api::router())
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
