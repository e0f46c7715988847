//! `tipoff run`: spool, receivers, dispatch, HTTP port, and the end of it all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tipoff_spool::{Keep, Spool, SqliteSpool};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::TaskTracker;

use super::{Ending, Failure, announce};
use crate::config::{Config, Listener, Retention};
use crate::dispatch::{Common, Dispatch, Videos, Waker};
use crate::network;
use crate::news::News;
use crate::observe::Metrics;
use crate::receive::listen::{self, Door, Host};
use crate::receive::tls::{self, Tls};
use crate::receive::{Doorkeeper, Intake, Transcripts, ftp, smtp};
use crate::reload::{LiveRules, Reload, Running, Source};
use crate::shutdown::{self, Phase, Shutdown, Trigger};
use crate::web::access::Access;
use crate::web::{self, Gallery, Links, Reach};

/// After SIGTERM, whoever is in the middle of a message has this long to end it …
const GRACE: Duration = Duration::from_secs(8);
/// … this long to keep what came of it …
const GRACE_OVER: Duration = Duration::from_secs(1);
/// … and then the last transcripts are written: 10 s in all.
const GRACE_TRANSCRIPTS: Duration = Duration::from_secs(1);
/// How often retention is looked after.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(mut source: Source) -> Ending {
    let config = source.load().map_err(|faults| Failure::Configuration(Box::new(faults)))?;
    raise_open_files();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(serve(source, config))?;
    Ok(())
}

/// Every connection is an open file, and the usual limit is far below what the system allows.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "The limit of open files stays as it is.");
    }
}

async fn serve(source: Source, config: Config) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (trigger, shutdown) = shutdown::channel();
    let tasks = TaskTracker::new();
    let metrics = Arc::new(Metrics::new());
    let rules = Arc::new(LiveRules::new(config.rules.clone()));
    let spool: Arc<dyn Spool> = Arc::new(SqliteSpool::open(&config.data_dir, rules.clone())?);
    let links = links(&config)?;
    let (waker, news) = (Waker::default(), News::new());

    // All that can be refused is asked for before anything begins.
    let tls = Arc::new(Tls::load(&config.smtp, &config.data_dir)?);
    let smtp_doors = bind(config.smtp.listen.iter().map(|listener| listener.at))?;
    let ftp_doors = bind(config.ftp.listen.iter().copied())?;
    let http = web::bind(config.http.listen).await?;
    let videos = Videos::open(&config.video, &config.data_dir.join("video")).await?;
    let studio = videos.studio();
    let reach = reach(&smtp_doors, &ftp_doors);
    let data_dir = config.data_dir.clone();
    let access = Access::new(Arc::clone(&spool), signing_key(&config.data_dir)?);
    let dashboard = dashboard(&config, &access).await?;
    announce::announce(&config, &smtp_doors, &ftp_doors, http.as_ref(), dashboard.as_deref());

    let doorkeeper = Arc::new(Doorkeeper::new(config.access.clone(), config.devices.clone()));
    doorkeeper.add(spool.added_devices().await?);
    let retention = Arc::new(ArcSwap::from_pointee(config.retention));
    let intake = Intake::new(
        Arc::clone(&spool),
        Arc::clone(&doorkeeper),
        Arc::clone(&retention),
        waker.clone(),
        news.clone(),
    );
    let transcripts = Transcripts::open(Arc::clone(&spool) as _, Arc::clone(&metrics)).await?;
    let open = |door, host| {
        let tls = Arc::clone(&tls);
        let (transcripts, tasks_of_door) = (transcripts.clone(), tasks.clone());
        let ends = shutdown.clone();
        tasks.spawn(listen::accept(door, host, tls, transcripts, tasks_of_door, ends));
    };
    let (doors, mail, counts) = (Arc::clone(&doorkeeper), intake.clone(), Arc::clone(&metrics));
    let smtp = smtp::Receiver::new(config.smtp.clone(), doors, mail, counts);
    let smtp = Arc::new(ArcSwap::from_pointee(smtp));
    for (door, offered) in smtp_doors.into_iter().zip(&config.smtp.listen) {
        open(door, Host::Smtp(Arc::clone(&smtp), offered.clone()));
    }
    let (doors, counts) = (Arc::clone(&doorkeeper), Arc::clone(&metrics));
    let ftp = ftp::Receiver::new(config.ftp.clone(), doors, intake, counts);
    let ftp = Arc::new(ArcSwap::from_pointee(ftp));
    for door in ftp_doors {
        open(door, Host::Ftp(Arc::clone(&ftp)));
    }
    let paused = spool.paused().await?;
    let common = Common {
        spool: Arc::clone(&spool),
        links: links.clone(),
        metrics: Arc::clone(&metrics),
        videos,
        news: news.clone(),
    };
    let dispatch = Dispatch::start(&config.channels, paused, common, &waker, &tasks, &shutdown);
    let gallery = Gallery::new(data_dir.join("thumbs"), Arc::clone(&spool), studio);
    let house = (Arc::clone(&spool), Arc::clone(&retention), gallery.clone());
    tasks.spawn(keep_house(house.0, house.1, house.2, shutdown.clone()));
    let running = Running {
        rules,
        doorkeeper: Arc::clone(&doorkeeper),
        retention,
        tls,
        smtp,
        ftp,
        dispatch: dispatch.clone(),
    };
    let (reload, configuration) = Reload::new(source, config, running, news.clone());
    tasks.spawn(reload.run(signals.hang_up, shutdown.clone()));
    if let Some(listener) = http {
        let state = web::State {
            spool,
            metrics,
            links,
            access,
            news,
            waker,
            dispatch,
            doorkeeper,
            transcripts: transcripts.clone(),
            configuration,
            gallery,
            reach,
            shutdown: shutdown.clone(),
        };
        tasks.spawn(web::serve(listener, state, shutdown));
    }

    tokio::spawn(transcripts.clone().write_on());

    signals.end.wait().await;
    end(&trigger, &tasks).await;
    if tokio::time::timeout(GRACE_TRANSCRIPTS, transcripts.flush()).await.is_err() {
        tracing::warn!("The last transcripts of sessions could not be kept in time.");
    }
    Ok(())
}

fn bind(listeners: impl Iterator<Item = Listener>) -> anyhow::Result<Vec<Door>> {
    listeners.map(listen::bind).collect()
}

/// What was begun is ended; what takes too long has only to keep what came.
async fn end(trigger: &Trigger, tasks: &TaskTracker) {
    tracing::info!("Stopping: what was begun is ended first.");
    trigger.enter(Phase::Ending);
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        trigger.enter(Phase::Over);
        let _ = tokio::time::timeout(GRACE_OVER, tasks.wait()).await;
    }
}

/// What the program is told from outside.
struct Signals {
    end: Ends,
    /// SIGHUP: the configuration is to be read again.
    hang_up: Signal,
}

impl Signals {
    /// From now on they are heard; before, they kill.
    fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let end = Ends { terminate, interrupt: signal(SignalKind::interrupt())? };
        Ok(Self { end, hang_up: signal(SignalKind::hangup())? })
    }
}

/// What asks the program to end.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Sweeps what an earlier run left, then keeps to the limits of retention.
async fn keep_house(
    spool: Arc<dyn Spool>,
    retention: Arc<ArcSwap<Retention>>,
    gallery: Gallery,
    mut shutdown: Shutdown,
) {
    match spool.sweep_orphans().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "Files that were never acknowledged are removed."),
        Err(error) => tracing::warn!(%error, "Files of an earlier run could not be looked after."),
    }
    while shutdown.phase() == Phase::Running {
        let Retention { keep, max_size, .. } = **retention.load();
        let keep = Keep { age: keep, bytes_max: max_size };
        match spool.sweep(keep, SystemTime::now().into()).await {
            Ok(swept) if swept.incidents > 0 => {
                tracing::info!(
                    incidents = swept.incidents,
                    bytes = swept.bytes,
                    undelivered = swept.undelivered,
                    "Old incidents are removed.",
                );
                let (gallery, oldest) = (gallery.clone(), swept.oldest);
                let forgets = move || gallery.forget_before(oldest);
                let _ = tokio::task::spawn_blocking(forgets).await;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "Old incidents could not be removed."),
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            () = shutdown.reached(Phase::Ending) => {}
        }
    }
}

/// Signed links to files, where others can reach the HTTP port.
fn links(config: &Config) -> anyhow::Result<Links> {
    let key = signing_key(&config.data_dir)?;
    Ok(Links::new(public_url(config).as_deref(), key))
}

/// What devices are told to type.
fn reach(smtp: &[Door], ftp: &[Door]) -> Reach {
    let first = |doors: &[Door]| doors.first()?.listener.local_addr().ok();
    let (smtp, ftp) = (first(smtp), first(ftp));
    let bound = smtp.or(ftp).map(|address| address.ip()).filter(|ip| !ip.is_unspecified());
    let host = bound.or_else(network::lan_address);
    Reach {
        host: host.map_or_else(|| "this machine's address".to_owned(), |ip| ip.to_string()),
        smtp: smtp.map(|address| address.port()),
        ftp: ftp.map(|address| address.port()),
    }
}

/// Where the dashboard is; while nobody can log in, with what sets the password.
async fn dashboard(config: &Config, access: &Access) -> anyhow::Result<Option<String>> {
    let Some(base) = public_url(config) else {
        return Ok(None);
    };
    Ok(Some(match access.setup_key().await? {
        Some(key) => format!("{base}/setup?key={key} (sets its password)"),
        None => format!("{base}/"),
    }))
}

/// How others reach the HTTP port.
pub(super) fn public_url(config: &Config) -> Option<String> {
    let listen = config.http.listen?;
    config.http.public_url.clone().or_else(|| {
        let address =
            if listen.ip().is_unspecified() { network::lan_address()? } else { listen.ip() };
        Some(format!("http://{}", std::net::SocketAddr::new(address, listen.port())))
    })
}

/// The key that signs links, made at the first start.
fn signing_key(data_dir: &Path) -> anyhow::Result<[u8; 32]> {
    let path = data_dir.join("link.key");
    if let Ok(bytes) = std::fs::read(&path)
        && let Ok(key) = bytes.try_into()
    {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    tls::write_private(&path, &key).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key)
}
