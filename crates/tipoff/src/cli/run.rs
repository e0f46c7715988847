//! `tipoff run`: spool, receivers, dispatch, HTTP port, and the end of it all.

mod ending;
mod signals;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tipoff_spool::{Spool, SqliteSpool};
use tipoff_video::Transcoder;
use tokio::net::TcpListener;

use self::ending::end;
use self::signals::Signals;
use super::{Ending, Failure, announce, process, signing_key};
use crate::actions::Actions;
use crate::config::{Config, Listener, Retention};
use crate::disk::Disk;
use crate::dispatch::{
    ChannelSupervisor, DispatchContext, LateSounds, PictureResizer, VideoConverter,
};
use crate::maintenance::Maintenance;
use crate::media::renditions::Renditions;
use crate::media::thumbnails::Thumbnails;
use crate::modes::Modes;
use crate::net::{network, tls::Tls};
use crate::open_files::{self, Ceilings};
use crate::readiness::Health;
use crate::receive::listener::{self, BoundListener, ProtocolHandler};
use crate::receive::{ArrivalWriter, DeviceDirectory, LoginGate, Transcripts, ftp, smtp};
use crate::reload::{Reload, Running, Source};
use crate::reports::Reports;
use crate::runtime::{
    clock::Clock,
    events::EventBus,
    links::Links,
    live_rules::LiveRules,
    notifier::ChannelNotifier,
    shutdown::{self, Shutdown},
    supervise::Supervisor,
    telemetry::Metrics,
    terminal,
};
use crate::web::{self, EventStreams, Reach, ShareOpens, access::Access};
use crate::{programs, service_manager};

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(mut source: Source) -> Ending {
    let config = source.load().map_err(|faults| Failure::Configuration(Box::new(faults)))?;
    process::prepare(&config);
    terminal::print_in_background();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(serve(source, config))?;
    Ok(())
}

/// What can be refused: asked for before anything begins.
struct Bound {
    tls: Arc<Tls>,
    smtp: Vec<BoundListener>,
    ftp: Vec<BoundListener>,
    http: Option<TcpListener>,
}

impl Bound {
    async fn all(config: &Config) -> anyhow::Result<Self> {
        let bind = |listeners: Vec<Listener>| listeners.into_iter().map(listener::bind).collect();
        let smtp: anyhow::Result<_> = bind(config.smtp.listen.iter().map(|it| it.at).collect());
        let ftp: anyhow::Result<_> = bind(config.ftp.listen.clone());
        Ok(Self {
            tls: Arc::new(Tls::load(&config.smtp, &config.data_dir)?),
            smtp: smtp?,
            ftp: ftp?,
            http: web::bind(&config.http).await?,
        })
    }

    /// Where the HTTP port is, for others.
    fn url(&self, config: &Config) -> Option<String> {
        let listen = self.http.as_ref()?.local_addr().ok()?;
        url_at(config, listen)
    }
}

/// What all rooms share.
struct Ground {
    spool: Arc<dyn Spool>,
    clock: Clock,
    metrics: Arc<Metrics>,
    notifier: ChannelNotifier,
    events: EventBus,
    directory: DeviceDirectory,
    gate: LoginGate,
    transcripts: Transcripts,
    supervisor: Supervisor,
}

impl Ground {
    async fn open(
        config: &Config,
        spool: Arc<dyn Spool>,
        gate: LoginGate,
        shutdown: Shutdown,
    ) -> anyhow::Result<Self> {
        let metrics = Arc::new(Metrics::new());
        let directory = DeviceDirectory::new(config.access.clone(), config.devices.clone());
        directory.set_added(spool.added_devices().await?);
        let clock = Clock::system();
        let sessions = Arc::clone(&spool) as _;
        let transcripts = Transcripts::open(sessions, Arc::clone(&metrics), clock.clone()).await?;
        let (notifier, events) = (ChannelNotifier::default(), EventBus::new());
        let supervisor = Supervisor::new(shutdown, Arc::clone(&metrics));
        transcripts.start(&supervisor);
        gate.known.configure(&config.devices);
        gate.learn(&*spool, &directory.authenticator(), clock.now()).await?;
        network::warn_if_rewritten(&*spool, clock.now()).await;
        Ok(Self {
            spool,
            clock,
            metrics,
            notifier,
            events,
            directory,
            gate,
            transcripts,
            supervisor,
        })
    }

    fn modes(&self, rules: &Arc<LiveRules>) -> Modes {
        let spool = Arc::clone(&self.spool);
        Modes { spool, rules: Arc::clone(rules), events: self.events.clone() }
    }

    fn actions(&self, modes: &Modes, links: &Links) -> Actions {
        Actions {
            spool: Arc::clone(&self.spool),
            modes: modes.clone(),
            events: self.events.clone(),
            notifier: self.notifier.clone(),
            links: links.clone(),
        }
    }

    async fn disk(&self, config: &Config) -> anyhow::Result<(Arc<ArcSwap<Retention>>, Disk)> {
        let retention = Arc::new(ArcSwap::from_pointee(config.retention));
        let spool = Arc::clone(&self.spool);
        let disk = Disk::open(spool, Arc::clone(&retention), &config.data_dir).await?;
        Ok((retention, disk))
    }

    /// Tells the service manager whether the rooms work, and channels when the network is back.
    fn watch(&self, disk: &Disk) -> Health {
        let health = Health::default();
        service_manager::watch(&self.supervisor, &self.spool, disk, &health);
        network::watch(&self.supervisor, self.notifier.clone());
        health
    }

    fn thumbnails(&self, config: &Config, transcoder: Option<Transcoder>) -> Thumbnails {
        Thumbnails::new(config.data_dir.join("thumbs"), Arc::clone(&self.spool), transcoder)
    }
}

fn open_spool(config: &Config, rules: &Arc<LiveRules>) -> anyhow::Result<Arc<dyn Spool>> {
    let spool = SqliteSpool::open(&config.data_dir, Arc::clone(rules) as _)?;
    // No other Tipoff uses the data folder from here on: what an earlier run left for programs can be removed.
    programs::use_data_folder(&config.data_dir);
    Ok(Arc::new(spool))
}

async fn serve(source: Source, config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (trigger, shutdown) = shutdown::channel();
    let rules = Arc::new(LiveRules::new(config.rules.clone()));
    rules.name_devices(config.device_names());
    let spool = open_spool(&config, &rules)?;
    let key = signing_key::load(&config.data_dir)?;
    let bound = Bound::all(&config).await?;
    let (url, gate) = (bound.url(&config), LoginGate::default());
    let access = Access::new(Arc::clone(&spool), key, gate.clone());
    announce(&config, &bound, url.as_deref(), &access, &*spool).await?;
    let ceilings = open_files::fit(&config);

    let ground = Ground::open(&config, spool, gate, shutdown).await?;
    let reach = reach(&bound.smtp, &bound.ftp);
    let modes = ground.modes(&rules);
    let (retention, disk) = ground.disk(&config).await?;
    let (smtp, ftp) =
        receive(&ground, &config, &bound.tls, (bound.smtp, bound.ftp), &disk, ceilings);
    let links = Links::new(url.as_deref(), key, config.http.media_links);
    let actions = ground.actions(&modes, &links);
    let (dispatch, transcoder, renditions) = deliver(&ground, &config, &links, &actions).await?;
    let thumbnails = ground.thumbnails(&config, transcoder);
    start_maintenance(&ground, (&retention, &disk), &thumbnails, &renditions, &rules);
    let health = ground.watch(&disk);
    let running = Running {
        rules: Arc::clone(&rules),
        directory: ground.directory.clone(),
        known: Arc::clone(&ground.gate.known),
        retention: Arc::clone(&retention),
        tls: Arc::clone(&bound.tls),
        smtp,
        ftp,
        dispatch: dispatch.clone(),
    };
    let (http, spool) = (config.http.clone(), Arc::clone(&ground.spool));
    let (reload, configuration) =
        Reload::new(source, config, running, spool, ground.events.clone());
    reload.start(signals.hang_up, &ground.supervisor);
    if let Some(listener) = bound.http {
        let state = web::AppState {
            spool: Arc::clone(&ground.spool),
            metrics: Arc::clone(&ground.metrics),
            links,
            share_opens: ShareOpens::default(),
            access,
            events: ground.events.clone(),
            notifier: ground.notifier.clone(),
            dispatch,
            directory: ground.directory.clone(),
            transcripts: ground.transcripts.clone(),
            configuration,
            thumbnails,
            renditions,
            disk,
            modes,
            actions,
            reach,
            supervisor: ground.supervisor.clone(),
            event_streams: EventStreams::new(Arc::clone(&ground.gate.known)),
            health,
        };
        web::start(listener, bound.tls, http, ceilings.http, state);
    }

    signals.end.wait().await;
    end(&trigger, &ground).await;
    Ok(())
}

type Receivers = (Arc<ArcSwap<smtp::Receiver>>, Arc<ArcSwap<ftp::Receiver>>);

/// Starts the receivers on their bound listeners.
fn receive(
    ground: &Ground,
    config: &Config,
    tls: &Arc<Tls>,
    (smtp_listeners, ftp_listeners): (Vec<BoundListener>, Vec<BoundListener>),
    disk: &Disk,
    ceilings: Ceilings,
) -> Receivers {
    let Ground { directory, metrics, gate, supervisor, .. } = ground;
    let writer = ArrivalWriter::new(
        Arc::clone(&ground.spool),
        directory.resolver(),
        disk.clone(),
        ground.notifier.clone(),
        ground.events.clone(),
        ground.clock.clone(),
    );
    let start = |bound, handler| {
        let (tls, transcripts) = (Arc::clone(tls), ground.transcripts.clone());
        listener::start(bound, handler, tls, transcripts, supervisor);
    };
    let smtp = smtp::Receiver::new(
        config.smtp.clone(),
        directory,
        writer.clone(),
        Arc::clone(metrics),
        gate.clone(),
        ceilings.smtp,
    );
    let smtp = Arc::new(ArcSwap::from_pointee(smtp));
    for (bound, offered) in smtp_listeners.into_iter().zip(&config.smtp.listen) {
        start(bound, ProtocolHandler::Smtp(Arc::clone(&smtp), offered.clone()));
    }
    let ftp = ftp::Receiver::new(
        config.ftp.clone(),
        directory,
        writer,
        Arc::clone(metrics),
        gate.clone(),
        ceilings.ftp,
    );
    let ftp = Arc::new(ArcSwap::from_pointee(ftp));
    for bound in ftp_listeners {
        start(bound, ProtocolHandler::Ftp(Arc::clone(&ftp)));
    }
    service_manager::ready();
    (smtp, ftp)
}

/// Begins to deliver; with what makes videos, where that is installed. The listeners of devices are
/// started by then: none waits for programs to tell their versions.
async fn deliver(
    ground: &Ground,
    config: &Config,
    links: &Links,
    actions: &Actions,
) -> anyhow::Result<(ChannelSupervisor, Option<Transcoder>, Renditions)> {
    let Ground { notifier, supervisor, .. } = ground;
    let paused = ground.spool.paused().await?;
    let mut videos = VideoConverter::open(&config.video, &config.data_dir.join("video")).await?;
    let transcoder = videos.transcoder();
    let (folder, blobs) = (config.data_dir.join("renditions"), ground.spool.blobs().clone());
    let renditions = Renditions::open(folder, transcoder.clone(), blobs)?;
    videos.keep_in(renditions.clone());
    let common = DispatchContext {
        spool: Arc::clone(&ground.spool),
        links: links.clone(),
        metrics: Arc::clone(&ground.metrics),
        videos,
        pictures: PictureResizer::new(),
        events: ground.events.clone(),
        modes: actions.modes.clone(),
        actions: actions.clone(),
        clock: ground.clock.clone(),
        late_sounds: LateSounds::default(),
    };
    let dispatch = ChannelSupervisor::start(&config.channels, paused, common, notifier, supervisor);
    Ok((dispatch, transcoder, renditions))
}

fn start_maintenance(
    ground: &Ground,
    (retention, disk): (&Arc<ArcSwap<Retention>>, &Disk),
    thumbnails: &Thumbnails,
    renditions: &Renditions,
    rules: &Arc<LiveRules>,
) {
    let maintenance = Maintenance {
        spool: Arc::clone(&ground.spool),
        retention: Arc::clone(retention),
        thumbnails: thumbnails.clone(),
        renditions: renditions.clone(),
        notifier: ground.notifier.clone(),
        events: ground.events.clone(),
        clock: ground.clock.clone(),
        disk: disk.clone(),
        eviction: Arc::default(),
    };
    maintenance.start(&ground.supervisor);
    let reports = Reports {
        spool: Arc::clone(&ground.spool),
        rules: Arc::clone(rules),
        notifier: ground.notifier.clone(),
        events: ground.events.clone(),
    };
    reports.start(&ground.supervisor);
}

/// What devices are told to type.
fn reach(smtp: &[BoundListener], ftp: &[BoundListener]) -> Reach {
    let first = |listeners: &[BoundListener]| listeners.first()?.listener.local_addr().ok();
    let (smtp, ftp) = (first(smtp), first(ftp));
    let bound = smtp.or(ftp).map(|address| address.ip()).filter(|ip| !ip.is_unspecified());
    let host = bound.or_else(network::lan_address);
    Reach {
        host: host.map_or_else(|| "this machine's address".to_owned(), |ip| ip.to_string()),
        smtp: smtp.map(|address| address.port()),
        ftp: ftp.map(|address| address.port()),
    }
}

/// Says what to type into devices, and where the dashboard is.
async fn announce(
    config: &Config,
    bound: &Bound,
    url: Option<&str>,
    access: &Access,
    spool: &dyn Spool,
) -> anyhow::Result<()> {
    let dashboard = match url {
        Some(url) => Some(announce::dashboard(url, access, spool).await?),
        None => None,
    };
    let Bound { smtp, ftp, http, .. } = bound;
    announce::announce(config, smtp, ftp, http.as_ref(), dashboard.as_deref());
    terminal::end_background();
    Ok(())
}

/// How others reach the HTTP port.
pub(super) fn public_url(config: &Config) -> Option<String> {
    url_at(config, config.http.listen?.address)
}

fn url_at(config: &Config, listen: SocketAddr) -> Option<String> {
    if let Some(url) = &config.http.public_url {
        return Some(url.clone());
    }
    let ip = if listen.ip().is_unspecified() { network::lan_address()? } else { listen.ip() };
    let scheme = if config.http.listen.is_some_and(|it| it.tls) { "https" } else { "http" };
    Some(format!("{scheme}://{}", SocketAddr::new(ip, listen.port())))
}
