//! The HTTP port: the dashboard, the API, health and metrics, and the files that alerts link to.

pub(crate) mod access;
pub(crate) mod account_types;
mod action_links;
mod api;
pub(crate) mod api_types;
mod assets;
mod client;
mod clock;
mod cookie;
mod device_credentials;
mod etag;
mod extract;
mod health;
mod hooks;
mod host;
mod incident_query;
mod incident_zip;
mod labels;
mod layout;
mod listener;
mod local_path;
mod media;
mod page;
mod page_table;
mod pages;
mod problem;
mod proxy_policy;
mod range;
mod security_headers;
pub(crate) mod session_types;
mod share_opens;
mod slow_body;
mod streaming_body;

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use anyhow::Context as _;
use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tipoff_spool::{AuditEntry, Spool};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::compression::CompressionLayer;

pub(crate) use api::event_stream::EventStreams;
pub(crate) use share_opens::ShareOpens;

use access::Access;
use problem::Problem;
use proxy_policy::ProxyPolicy;

use crate::actions::Actions;
use crate::audit;
use crate::config::{ConfigState, Http, Listener};
use crate::disk::Disk;
use crate::dispatch::ChannelSupervisor;
use crate::media::renditions::Renditions;
use crate::media::thumbnails::Thumbnails;
use crate::modes::Modes;
use crate::net::tls::Tls;
use crate::readiness::Health;
use crate::receive::{DeviceDirectory, Transcripts};
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::links::Links;
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::supervise::{Supervisor, Task};
use crate::runtime::telemetry::Metrics;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) links: Links,
    pub(crate) share_opens: ShareOpens,
    pub(crate) access: Access,
    pub(crate) events: EventBus,
    pub(crate) notifier: ChannelNotifier,
    pub(crate) dispatch: ChannelSupervisor,
    pub(crate) directory: DeviceDirectory,
    pub(crate) transcripts: Transcripts,
    pub(crate) configuration: watch::Receiver<ConfigState>,
    pub(crate) thumbnails: Thumbnails,
    pub(crate) renditions: Renditions,
    pub(crate) disk: Disk,
    pub(crate) modes: Modes,
    pub(crate) actions: Actions,
    pub(crate) reach: Reach,
    pub(crate) supervisor: Supervisor,
    pub(crate) event_streams: EventStreams,
    pub(crate) health: Health,
}

/// How devices reach us.
#[derive(Clone)]
pub(crate) struct Reach {
    /// This machine's address in the local network.
    pub(crate) host: String,
    /// The first port for mail, and the first for uploads.
    pub(crate) smtp: Option<u16>,
    pub(crate) ftp: Option<u16>,
}

impl AppState {
    /// The configured channels.
    fn channel_names(&self) -> Vec<String> {
        self.dispatch.states().into_iter().map(|channel| channel.name).collect()
    }

    /// Whether the configuration gives somebody this name to log in with.
    fn is_user(&self, user: &str) -> bool {
        self.directory.authenticator().is_configured_user(user)
    }

    /// Applies changes of devices: to logins, known addresses and live pages.
    async fn devices_changed(&self) -> Result<(), tipoff_spool::SpoolError> {
        self.directory.set_added(self.spool.added_devices().await?);
        let (authenticator, now) = (self.directory.authenticator(), SystemTime::now().into());
        self.access.gate().learn(&*self.spool, &authenticator, now).await?;
        self.events.publish(LiveEvent::Device);
        Ok(())
    }

    /// Adds an entry to the audit log.
    async fn note(&self, entry: AuditEntry) {
        audit::note(&*self.spool, entry).await;
    }

    /// Wakes the workers of channels that have new deliveries.
    fn wake(&self, channels: &[String]) {
        self.notifier.wake(channels);
    }
}

/// Binds the port, where there is to be one.
pub(crate) async fn bind(settings: &Http) -> anyhow::Result<Option<TcpListener>> {
    let Some(Listener { address, .. }) = settings.listen else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} for HTTP: set another [http] listen, or \"off\"")
    })?;
    Ok(Some(listener))
}

/// Serves until the end, in a task that is supervised. The system has open files for `ceiling` connections.
pub(crate) fn start(
    listener: TcpListener,
    tls: Arc<Tls>,
    settings: Http,
    ceiling: usize,
    state: AppState,
) {
    let supervisor = state.supervisor.clone();
    let (access, reporting) = (state.access.clone(), supervisor.shutdown());
    supervisor.spawn(Task::part("login failures"), move || {
        let (access, shutdown) = (access.clone(), reporting.clone());
        async move {
            access.report_failures(shutdown).await;
            Ok(())
        }
    });
    let known = Arc::clone(&state.access.gate().known);
    let listener = Arc::new(listener);
    let server = listener::Server::new(listener, tls, known, settings.proxies.clone(), ceiling);
    let policy = Arc::new(ProxyPolicy::new(settings));
    let router = router(state)
        .layer(from_fn(access::refuse_tokens_in_urls))
        .layer(from_fn_with_state(policy, proxy_policy::recognise))
        .layer(from_fn(security_headers::harden));
    supervisor.clone().spawn("HTTP listener", move || {
        let (server, router) = (server.clone(), router.clone());
        let (tasks, shutdown) = (supervisor.tasks().clone(), supervisor.shutdown());
        async move {
            server.serve(router, tasks, shutdown).await;
            Ok(())
        }
    });
}

/// What is behind the guard, and what is open to all. The API is made when it is asked for the first time: its
/// description is made with it, and takes memory that a program does not need while nobody looks at its pages.
fn router(state: AppState) -> Router {
    let (api, of_api) = (Arc::new(OnceLock::new()), state.clone());
    let fallback = async move |request: Request| match page::is_api(request.uri().path()) {
        true => api.get_or_init(|| guarded_api(of_api)).call(request).await.into_response(),
        false => not_found(request.uri().clone()).await,
    };
    let behind = pages::router().layer(CompressionLayer::new()).merge(access::logout_router());
    let behind = behind.route_layer(from_fn_with_state(state.clone(), access::guard));
    let open = access::router().merge(assets::router()).layer(CompressionLayer::new());
    Router::new()
        .merge(behind)
        .merge(open)
        .merge(pages::shared())
        .merge(action_links::router().layer(CompressionLayer::new()))
        .merge(hooks::router())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/media/{arrival}/{file}/{signature}/{name}", get(media::media))
        .fallback(fallback)
        .layer(from_fn_with_state(state.clone(), layout::for_browsers))
        .with_state(state)
}

/// The API, with the guard before it.
fn guarded_api(state: AppState) -> TowerToHyperService<Router> {
    let router = api::router().route_layer(from_fn_with_state(state.clone(), access::guard));
    TowerToHyperService::new(router.fallback(not_found).with_state(state))
}

/// Whatever is no address of ours.
async fn not_found(uri: Uri) -> Response {
    page::problem_response(Problem::not_found("page"), uri.path())
}
