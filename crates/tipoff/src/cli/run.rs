//! `tipoff run`: spool, receivers, dispatch, HTTP port, and the end of it all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tipoff_spool::{Keep, Spool, SqliteSpool};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;

use super::{Ending, announce};
use crate::config::{Config, Retention};
use crate::dispatch::{self, Waker};
use crate::network;
use crate::observe::Metrics;
use crate::receive::listen;
use crate::receive::tls::{self, Tls};
use crate::receive::{Doorkeeper, Intake, Receiver};
use crate::shutdown::{self, Phase, Shutdown, Trigger};
use crate::web::{self, Links};

/// After SIGTERM, whoever is in the middle of a message has this long to end it …
const GRACE: Duration = Duration::from_secs(9);
/// … and this long to keep what came of it: 10 s in all.
const GRACE_OVER: Duration = Duration::from_secs(1);
/// How often retention is looked after.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(config: Config) -> Ending {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(serve(config))?;
    Ok(())
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let (trigger, shutdown) = shutdown::channel();
    let tasks = TaskTracker::new();
    let metrics = Arc::new(Metrics::new());
    let spool: Arc<dyn Spool> =
        Arc::new(SqliteSpool::open(&config.data_dir, Arc::new(config.rules.clone()))?);
    let links = links(&config)?;
    let waker = Waker::new(&config.channels);

    // All that can be refused is asked for before anything begins.
    let tls = Arc::new(Tls::load(&config.smtp, &config.data_dir)?);
    let doors = config.smtp.listen.iter().map(listen::bind).collect::<anyhow::Result<Vec<_>>>()?;
    let http = web::bind(config.http.listen).await?;
    announce::announce(&config, &doors, http.as_ref());

    let doorkeeper = Arc::new(Doorkeeper::new(config.access, config.devices));
    let free_bytes_min = config.retention.min_free;
    let intake =
        Intake::new(Arc::clone(&spool), Arc::clone(&doorkeeper), free_bytes_min, waker.clone());
    let receiver = Arc::new(Receiver::new(config.smtp, doorkeeper, intake, Arc::clone(&metrics)));
    for door in doors {
        let (receiver, tls) = (Arc::clone(&receiver), Arc::clone(&tls));
        tasks.spawn(listen::accept(door, receiver, tls, tasks.clone(), shutdown.clone()));
    }
    dispatch::start(config.channels, &spool, &links, &waker, &metrics, &tasks, &shutdown);
    if let Some(listener) = http {
        let state = web::State { spool: Arc::clone(&spool), metrics, links };
        tasks.spawn(web::serve(listener, state, shutdown.clone()));
    }
    tasks.spawn(keep_house(spool, config.retention, shutdown));

    wait_for_the_end().await?;
    end(&trigger, &tasks).await;
    Ok(())
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

async fn wait_for_the_end() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Sweeps what an earlier run left, then keeps to the limits of retention.
async fn keep_house(spool: Arc<dyn Spool>, retention: Retention, mut shutdown: Shutdown) {
    match spool.sweep_orphans().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "Files that were never acknowledged are removed."),
        Err(error) => tracing::warn!(%error, "Files of an earlier run could not be looked after."),
    }
    let keep = Keep { age: retention.keep, bytes_max: retention.max_size };
    while shutdown.phase() == Phase::Running {
        match spool.sweep(keep, SystemTime::now().into()).await {
            Ok(swept) if swept.incidents > 0 => tracing::info!(
                incidents = swept.incidents,
                bytes = swept.bytes,
                undelivered = swept.undelivered,
                "Old incidents are removed.",
            ),
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

/// How others reach the HTTP port.
fn public_url(config: &Config) -> Option<String> {
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
