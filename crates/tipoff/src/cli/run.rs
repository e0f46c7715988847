//! `tipoff run`: spool, receivers, dispatch, HTTP port, and the end of it all.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use tipoff_spool::{Keep, Spool, SqliteSpool};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::TaskTracker;

use super::Ending;
use crate::config::{Config, Retention};
use crate::dispatch::{self, Waker};
use crate::network;
use crate::observe::Metrics;
use crate::receive::listen::{self, Door};
use crate::receive::{Doorkeeper, Intake, Receiver, tls};
use crate::shutdown::{self, GRACE, Phase, Shutdown};
use crate::web::{self, Links};

/// How often retention is looked after.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// Runs until SIGTERM or SIGINT.
pub(super) fn run(config: Config) -> Ending {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(serve(config))?;
    Ok(())
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let (trigger, shutdown) = shutdown::channel();
    let tasks = TaskTracker::new();
    let metrics = Arc::new(Metrics::new());

    let spool: Arc<dyn Spool> = Arc::new(SqliteSpool::open(
        &config.data_dir,
        Arc::new(config.rules.clone()),
    )?);
    let links = Links::new(
        public_url(&config).as_deref(),
        signing_key(&config.data_dir)?,
    );
    let waker = Waker::new(&config.channels);

    let tls = tls::start(
        config.smtp.certificate.as_ref(),
        &config.data_dir,
        &config.smtp.host_name,
    )?;
    let doors = config
        .smtp
        .listen
        .iter()
        .map(listen::bind)
        .collect::<anyhow::Result<Vec<_>>>()?;
    let http = match config.http.listen {
        Some(address) => Some(web::bind(address).await?),
        None => None,
    };
    announce(&config, &doors, http.as_ref());

    let doorkeeper = Arc::new(Doorkeeper::new(config.access, config.devices));
    let waker_of_intake = waker.clone();
    let intake = Intake::new(
        Arc::clone(&spool),
        Arc::clone(&doorkeeper),
        config.retention.min_free,
        Arc::new(move |channels: &[String]| waker_of_intake.wake(channels)),
    );
    let receiver = Arc::new(Receiver::new(
        config.smtp,
        doorkeeper,
        intake,
        Arc::clone(&metrics),
    ));
    for door in doors {
        let accept = listen::accept(
            door,
            Arc::clone(&receiver),
            tls.clone(),
            tasks.clone(),
            shutdown.clone(),
        );
        tasks.spawn(accept);
    }
    dispatch::start(
        config.channels,
        &spool,
        &links,
        &waker,
        &metrics,
        &tasks,
        &shutdown,
    );
    if let Some(listener) = http {
        let state = web::State {
            spool: Arc::clone(&spool),
            metrics,
            links,
        };
        tasks.spawn(web::serve(listener, state, shutdown.clone()));
    }
    tasks.spawn(keep_house(Arc::clone(&spool), config.retention, shutdown));

    wait_for_the_end().await?;
    tracing::info!("Stopping: what was begun is ended first.");
    trigger.enter(Phase::Ending);
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        trigger.enter(Phase::Over);
        // Those who are told so now have only to keep what came.
        let _ = tokio::time::timeout(GRACE, tasks.wait()).await;
    }
    Ok(())
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
    let keep = Keep {
        age: retention.keep,
        bytes_max: retention.max_size,
    };
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

/// How others reach the HTTP port.
fn public_url(config: &Config) -> Option<String> {
    let listen = config.http.listen?;
    config.http.public_url.clone().or_else(|| {
        let address = if listen.ip().is_unspecified() {
            network::lan_address()?
        } else {
            listen.ip()
        };
        Some(format!(
            "http://{}",
            std::net::SocketAddr::new(address, listen.port())
        ))
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

/// What to type into the camera, readable at a glance.
fn announce(config: &Config, doors: &[Door], http: Option<&tokio::net::TcpListener>) {
    let lan = network::lan_address();
    println!("Tipoff {} is ready.", env!("CARGO_PKG_VERSION"));
    println!();
    println!("Type into the camera's e-mail page:");
    for door in doors {
        let Ok(address) = door.listener.local_addr() else {
            continue;
        };
        let server = match lan {
            Some(lan) if address.ip().is_unspecified() => lan.to_string(),
            _ => address.ip().to_string(),
        };
        let encryption = if door.settings.tls {
            "SSL/TLS"
        } else if door.settings.starttls {
            "none (or STARTTLS)"
        } else {
            "none"
        };
        println!("  SMTP server  {server}");
        println!("  port         {}", address.port());
        println!("  encryption   {encryption}");
    }
    let access = &config.access;
    match access.user.as_deref() {
        Some(user) => println!("  user         {user}, with its password"),
        None if access.require_login => {
            println!("  user         the one of its [[device]], with its password");
        }
        None => println!("  user         any, or none"),
    }
    println!("  from, to     any address, such as camera@example.com");
    println!();
    if config.channels.is_empty() {
        println!(
            "Alerts go nowhere yet: no channel is configured. `tipoff init` sets up Telegram."
        );
    } else {
        let names: Vec<String> = config
            .channels
            .iter()
            .map(|channel| format!("{} ({})", channel.name, channel.kind))
            .collect();
        println!("Alerts go to  {}", names.join(", "));
    }
    println!("Kept in       {}", config.data_dir.display());
    if let Some(address) = http.and_then(|listener| listener.local_addr().ok()) {
        println!("Health        http://localhost:{}/healthz", address.port());
    }
    println!();
    println!("Try it: tipoff send");
}
