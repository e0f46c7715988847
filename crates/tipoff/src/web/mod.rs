//! The HTTP port: the dashboard, the API, health and metrics, and the files that alerts link to.
//!
//! `routes.rs` lists the pages, calls and forms, and this file puts the layers around them: the guard, compression, pages for
//! browsers instead of problems. It is the only user of axum. Handlers share [`AppState`]; they never reach into the
//! receivers or the supervisor of channels but through it.

pub(crate) mod access;
mod account_settings;
pub(crate) mod account_types;
mod action_links;
mod added_channels;
mod added_routes;
mod alarms;
mod api;
mod assets;
mod audit_sentences;
mod bar_chart;
mod base_path;
mod channel_draft;
mod channel_export;
mod channel_fields;
mod client;
mod cookie;
mod cookie_header;
mod device_changes;
mod device_credentials;
mod device_schedule;
mod error_responses;
mod etag;
mod extract;
mod first_test;
mod health;
mod hooks;
mod host;
mod incident_context;
mod incident_files;
mod incident_query;
mod incident_removal;
pub(crate) mod incident_types;
mod incident_zip;
mod labels;
mod last_night;
mod layout;
mod listener;
mod local_path;
mod lost_alarms;
mod media;
mod openapi;
mod page;
mod page_parts;
mod pages;
mod problem;
mod proxy_policy;
mod pulled_devices;
mod push_settings;
mod qr_code;
mod range;
mod reader_clock;
pub(crate) mod reader_language;
mod request_line;
mod review_period;
mod review_query;
mod route_sentences;
mod route_types;
mod routes;
mod security_headers;
mod session_row;
pub(crate) mod session_types;
mod share_opens;
mod slow_body;
mod streaming_body;
mod suppressed_reason;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tipoff_spool::{AuditEntry, Spool};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::compression::CompressionLayer;

pub(crate) use api::event_stream::EventStreams;
pub(crate) use device_changes::{
    DeviceEdit, MUTE_MAX, add_device, described as described_edit, edit_device,
    of_device as audited_device, origin as device_origin, remove_device, require_removable,
};
pub(crate) use incident_files::{IncidentFile, files as incident_files, folder as incident_folder};
pub(crate) use incident_removal::next_of_device;
pub(crate) use incident_zip::options as zip_options;
pub(crate) use share_opens::ShareOpens;

use access::{Access, Guard, Rights};
use alarms::AlarmDiversion;
pub(crate) use first_test::SetupWaits;
use listener::SilentClients;
use lost_alarms::LostAlarms;
use problem::Problem;
use proxy_policy::ProxyPolicy;

use crate::actions::Actions;
use crate::audit;
use crate::cameras::pull::PullBoard;
use crate::cameras::{CameraSetups, Pictures};
use crate::config::{ConfigState, Http, Listener};
use crate::disk::Disk;
use crate::dispatch::ChannelSupervisor;
use crate::media::renditions::Renditions;
use crate::media::thumbnails::Thumbnails;
use crate::modes::Modes;
use crate::net::known::KnownAddresses;
use crate::net::listen::explain;
use crate::net::network::OwnAddress;
use crate::net::tls::Tls;
use crate::push_channels::PushChannels;
use crate::readiness::Health;
use crate::receive::alarm::AlarmReceiver;
use crate::receive::{DeviceDirectory, RightPorts, Transcripts};
use crate::runtime::clock::Clock;
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::links::Links;
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::reload_requests::ReloadRequests;
use crate::runtime::supervise::{Supervisor, Task};
use crate::runtime::telemetry::Metrics;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct AppState {
    /// Everything that is stored.
    pub(crate) spool: Arc<dyn Spool>,
    /// The program's clock, which notices when the wall clock is set.
    pub(crate) clock: Clock,
    /// Counters for `/metrics`.
    pub(crate) metrics: Arc<Metrics>,
    /// Makes and checks signed links.
    pub(crate) links: Links,
    /// Counts the openings of shared incidents.
    pub(crate) share_opens: ShareOpens,
    /// Users, logins and tokens.
    pub(crate) access: Access,
    /// Events for live pages.
    pub(crate) events: EventBus,
    /// Wakes channels that have new deliveries.
    pub(crate) notifier: ChannelNotifier,
    /// The channels: their state, tests and pauses.
    pub(crate) dispatch: ChannelSupervisor,
    /// The devices that the program knows, and their logins.
    pub(crate) directory: DeviceDirectory,
    /// Receives what devices push to the HTTP port.
    pub(crate) alarms: AlarmReceiver,
    /// Fetches pictures from devices.
    pub(crate) pictures: Pictures,
    /// Sets up cameras by their own APIs.
    pub(crate) setups: CameraSetups,
    /// The devices that are asked for their events.
    pub(crate) pulls: PullBoard,
    /// The browsers that get notifications.
    pub(crate) push: PushChannels,
    /// The open sessions of devices.
    pub(crate) transcripts: Transcripts,
    /// The state of the configuration file: faults, and settings that wait for a restart.
    pub(crate) configuration: watch::Receiver<ConfigState>,
    /// Applies what was added to the configuration here.
    pub(crate) reload_requests: ReloadRequests,
    /// Makes and caches thumbnails.
    pub(crate) thumbnails: Thumbnails,
    /// Makes and caches videos that browsers play.
    pub(crate) renditions: Renditions,
    /// Free space and its limit.
    pub(crate) disk: Disk,
    /// Reads and sets the home mode.
    pub(crate) modes: Modes,
    /// Performs the actions of links and hooks.
    pub(crate) actions: Actions,
    /// What to type into devices.
    pub(crate) reach: Reach,
    /// Since when pages wait for the first test of a device.
    pub(crate) waits: SetupWaits,
    /// Runs tasks, and signals the end of the program.
    pub(crate) supervisor: Supervisor,
    /// Limits the open event streams.
    pub(crate) event_streams: EventStreams,
    /// Whether the rooms work, for `/readyz`.
    pub(crate) health: Health,
}

/// How devices reach us.
#[derive(Clone)]
pub(crate) struct Reach {
    /// This machine's address.
    pub(crate) own: OwnAddress,
    /// The address that the first receiver listens on.
    pub(crate) listen: IpAddr,
    /// The first port for mail. `None` if no receiver listens for it.
    pub(crate) smtp: Option<u16>,
    /// The first port for uploads. `None` if no receiver listens for it.
    pub(crate) ftp: Option<u16>,
    /// The HTTP port, to which alarms are pushed. `None` if it is switched off.
    pub(crate) http: Option<u16>,
}

impl Reach {
    /// The ports, for devices that come to the wrong one.
    pub(crate) fn ports(&self) -> RightPorts {
        RightPorts { smtp: self.smtp, ftp: self.ftp, http: self.http }
    }

    /// The address to type into devices, at the time of the call; `None` if this machine is on no network.
    pub(crate) fn host(&self) -> Option<String> {
        self.own.of(self.listen).map(|address| address.to_string())
    }
}

impl AppState {
    /// The configured channels.
    fn channel_names(&self) -> Vec<String> {
        self.dispatch.states().into_iter().map(|channel| channel.name).collect()
    }

    /// Applies changes of devices: to logins, known addresses and live pages.
    async fn devices_changed(&self) -> Result<(), tipoff_spool::SpoolError> {
        let gate = self.access.gate();
        gate.read_devices(&*self.spool, &self.directory, self.clock.now()).await?;
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
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| explain(address, "`listen` in [http]", &error))?;
    Ok(Some(listener))
}

/// Binds the listeners that take alarms only.
pub(crate) async fn bind_alarms(listeners: &[Listener]) -> anyhow::Result<Vec<TcpListener>> {
    let mut bound = Vec::new();
    for Listener { address, .. } in listeners {
        let listener = TcpListener::bind(address).await;
        bound.push(listener.map_err(|error| explain(*address, "`listen` in [alarm]", &error))?);
    }
    Ok(bound)
}

/// Serves a listener that takes alarms only, until the end. `[http]` says who is a proxy or a balancer.
pub(crate) fn start_alarms(
    listener: TcpListener,
    tls: Arc<Tls>,
    (settings, known): (Http, Arc<KnownAddresses>),
    ceiling: usize,
    receiver: AlarmReceiver,
    supervisor: &Supervisor,
) {
    let server = listener::Server::new(Arc::new(listener), tls, known, &settings, ceiling);
    let policy = Arc::new(ProxyPolicy::new(settings, Vec::new()));
    let diversion = AlarmDiversion { policy, receiver, lost: None };
    let router = Router::new().fallback(alarms::answer_all).with_state(diversion);
    serve(server, router, "alarm listener", supervisor);
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
    let server = listener::Server::new(listener, tls, known, &settings, ceiling)
        .with_silent_clients(SilentClients::new(state.transcripts.clone(), state.reach.ports()));
    let policy = Arc::new(ProxyPolicy::new(settings, routes::first_steps()));
    let lost = Some(LostAlarms::new(state.transcripts.clone()));
    let receiver = state.alarms.clone();
    let diversion = AlarmDiversion { policy: Arc::clone(&policy), receiver, lost };
    let of_languages = state.clone();
    let router = router(state).layer(from_fn(access::refuse_tokens_in_urls));
    // What changes a request's path stands before the router of the paths.
    let router = Router::new()
        .fallback_service(router)
        .layer(from_fn_with_state(of_languages, reader_language::answer))
        .layer(from_fn_with_state(policy, proxy_policy::recognise))
        .layer(from_fn(security_headers::harden))
        // Devices name any host or none, and speak no TLS: what is for browsers comes behind this.
        .layer(from_fn_with_state(diversion, alarms::divert));
    serve(server, router, "HTTP listener", &supervisor);
}

/// Serves a listener in a task that is supervised.
fn serve(server: listener::Server, router: Router, task: &'static str, supervisor: &Supervisor) {
    let (tasks, shutdown) = (supervisor.tasks().clone(), supervisor.shutdown());
    supervisor.spawn(task, move || {
        let (server, router) = (server.clone(), router.clone());
        let (tasks, shutdown) = (tasks.clone(), shutdown.clone());
        async move {
            server.serve(router, tasks, shutdown).await;
            Ok(())
        }
    });
}

/// All routes: pages and forms behind the guard, what is open to all, and the API.
///
/// The API is made when it is requested for the first time: its description is made with it, and takes memory that a
/// program does not need while nobody opens its pages.
fn router(state: AppState) -> Router {
    let (api, of_api) = (Arc::new(OnceLock::new()), state.clone());
    let fallback = async move |request: Request| match local_path::is_api(request.uri().path()) {
        true => api.get_or_init(|| guarded_api(of_api)).call(request).await.into_response(),
        false => not_found(request.uri().clone()).await,
    };
    let (pages, mut rights) = route_types::page_router(routes::PAGES);
    let (forms, open_forms) = route_types::form_routers(routes::FORMS, &mut rights);
    let guarded = guard(pages.layer(CompressionLayer::new()).merge(forms), rights, &state);
    let open = open_forms.merge(assets::router()).layer(CompressionLayer::new());
    Router::new()
        .merge(guarded)
        .merge(open)
        .merge(shared_pages())
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/media/{arrival}/{file}/{signature}/{name}", get(media::media))
        .fallback(fallback)
        .layer(from_fn_with_state(state.clone(), layout::for_browsers))
        .layer(Extension(route_types::navigation(routes::PAGES)))
        .with_state(state)
}

/// The pages that open without a login: by a link, or because they show nothing. They are not compressed: their files are sent in ranges.
fn shared_pages() -> Router<AppState> {
    const SHARE: &str = "/share/{incident}/{expires}/{signature}";
    const FILE: &str = "/share/{incident}/{expires}/{signature}/{arrival}/{file}";
    const RENDITION: &str = "/share/{incident}/{expires}/{signature}/{arrival}/{file}/rendition";
    Router::new()
        .route("/feed/{token}/incidents.atom", get(pages::feed::feed))
        .route("/reach", get(pages::reach::reach))
        .route(SHARE, get(pages::share::share))
        .route(FILE, get(pages::share::file))
        .route(RENDITION, get(pages::share::rendition))
}

/// Routes with the guard before them.
fn guard(router: Router<AppState>, rights: Rights, state: &AppState) -> Router<AppState> {
    let guard = Guard { state: state.clone(), rights: Arc::new(rights) };
    router.route_layer(from_fn_with_state(guard, access::guard))
}

/// The API, with the guard before it.
fn guarded_api(state: AppState) -> TowerToHyperService<Router> {
    let (router, rights) = openapi::router();
    let router = guard(router, rights, &state);
    TowerToHyperService::new(router.fallback(not_found).with_state(state))
}

/// Whatever is no address of ours.
async fn not_found(uri: Uri) -> Response {
    page::problem_response(Problem::not_found("problem-no-page"), uri.path())
}
