//! `tipoff run`: opens the spool, receivers, channels and the HTTP port, in this order, and ends them.
//!
//! The order is the rule here: whatever can fail is opened before anything starts, and receivers
//! are open before the channels prepare. [`Services`] opens what the parts share; `run/ending.rs`
//! ends them.

mod ending;
mod signals;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tipoff_model::Timestamp;
use tipoff_spool::{AddedConfiguration, Spool};
use tokio::net::TcpListener;

use self::ending::end;
use self::signals::Signals;
use super::announce::AlarmAddresses;
use super::{Ending, Failure, announce, listening, own_url, process, shared_secrets, signing_key};
use crate::cameras::{CameraSetups, Pictures};
use crate::config::{Config, Listener, Overrides, SmtpListener};
use crate::dispatch::ChannelSupervisor;
use crate::media::{renditions::Renditions, thumbnails::Thumbnails};
use crate::net::network::OwnAddress;
use crate::net::tls::Tls;
use crate::open_files::{self, Ceilings};
use crate::other_nodes::OtherNodes;
use crate::push_channels::PushChannels;
use crate::readiness::Health;
use crate::receive::alarm::{AlarmReceiver, framed};
use crate::receive::listener::{self, BoundListener, OtherReceivers, ProtocolHandler};
use crate::receive::{ArrivalWriter, LoginGate, RightPorts, ftp, ftp::PassiveAddress, smtp};
use crate::reload::{Reload, Running, Source};
use crate::runtime::{
    clock::Clock,
    links::{Links, PublicUrl},
    live_rules::LiveRules,
    reload_requests, shutdown, terminal,
};
use crate::services::Services;
use crate::web::{self, EventStreams, Reach, SetupWaits, ShareOpens, access::Access};
use crate::{programs, service_manager};

/// What goes before the configuration file.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Receive mail on these addresses instead [env: TIPOFF_SMTP_LISTEN] [default: the file's]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    smtp_listen: Vec<String>,
    /// Receive uploads on these addresses instead, or "off" [env: TIPOFF_FTP_LISTEN]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    ftp_listen: Vec<String>,
    /// Serve the dashboard and alarms on this address instead, or "off" [env: TIPOFF_HTTP_LISTEN]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    http_listen: Vec<String>,
}

impl Args {
    /// What all subcommands take, with these.
    pub(super) fn over(self, common: Overrides) -> Overrides {
        let Self { smtp_listen, ftp_listen, http_listen } = self;
        Overrides { smtp_listen, ftp_listen, http_listen, ..common }
    }
}

/// Runs until SIGTERM or SIGINT. A faulty configuration is a usage error (exit code 2); everything
/// later that stops the start, such as a port in use, is exit code 1.
pub(super) fn run(mut source: Source, clock: Clock) -> Ending {
    let config = source.load(None).map_err(|faults| Failure::Configuration(Box::new(faults)))?;
    source.settle_on(&config);
    process::prepare(&config);
    // A terminal or pipe that nobody reads must not hold up the start.
    terminal::print_in_background();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(serve(source, config, clock)).map_err(|error| match error.downcast() {
        Ok(faults) => Failure::Configuration(Box::new(faults)),
        Err(error) => Failure::Failed(error),
    })
}

/// What the system may refuse: ports and certificates. Opened before anything starts.
struct Bound {
    /// The certificate, the same for SMTP, FTP and HTTPS.
    tls: Arc<Tls>,
    /// In the order of `listen` in `[smtp]`.
    smtp: Vec<BoundListener>,
    /// Empty if `listen` in `[ftp]` is empty.
    ftp: Vec<BoundListener>,
    /// `None` if `[http]` is switched off.
    http: Option<TcpListener>,
    /// In the order of `listen` in `[alarm]`: those that speak HTTP, and those that speak in frames.
    alarm: AlarmListeners,
}

impl Bound {
    /// Binds the ports of the configuration and reads the certificate. The first failure ends the
    /// start.
    async fn all(config: &Config) -> anyhow::Result<Self> {
        let bind = |listeners: Vec<Listener>| listeners.into_iter().map(listener::bind).collect();
        let smtp: anyhow::Result<_> = bind(config.smtp.listen.iter().map(|it| it.at).collect());
        let ftp: anyhow::Result<_> = bind(config.ftp.listen.clone());
        let framed: anyhow::Result<_> = bind(config.alarm.framed.clone());
        Ok(Self {
            tls: Arc::new(Tls::load(&config.smtp, &config.data_dir)?),
            smtp: smtp?,
            ftp: ftp?,
            http: web::bind(&config.http).await?,
            alarm: (web::bind_alarms(&config.alarm.http).await?, framed?),
        })
    }

    /// All ports that are listened on.
    fn ports(&self) -> Vec<u16> {
        let devices = self.smtp.iter().chain(&self.ftp).chain(&self.alarm.1);
        let devices = devices.map(|it| it.listener.local_addr());
        let http = self.http.iter().chain(&self.alarm.0).map(TcpListener::local_addr);
        devices.chain(http).filter_map(|address| Some(address.ok()?.port())).collect()
    }

    /// The address of the HTTP port as others reach it.
    fn url(&self, config: &Config) -> PublicUrl {
        let listen = self.http.as_ref().and_then(|it| it.local_addr().ok());
        listen.map_or_else(|| Arc::new(|| None) as PublicUrl, |it| own_url::of(config, it))
    }
}

/// Opens the spool and takes the lock of its data folder. Returns also the rules that it plans with, and the clock: where nodes
/// share a spool, its database's.
async fn open_spool(
    config: &Config,
    clock: Clock,
) -> anyhow::Result<(Arc<dyn Spool>, Arc<LiveRules>, Clock)> {
    let rules = Arc::new(LiveRules::new(config.rules.clone()));
    rules.name_devices(config.device_names());
    let spool = tipoff_spool::open(&config.spool(), Arc::clone(&rules) as _).await?;
    // No other Tipoff uses the data folder from here on: what an earlier run left for programs can
    // be removed.
    programs::use_data_folder(&config.data_dir);
    shared_secrets::agree(&*spool, config).await?;
    let clock = if spool.is_shared() { Clock::of_database(spool.time().await?) } else { clock };
    Ok((spool, rules, clock))
}

/// The configuration with what was added in the dashboard. The file may name channels that were added: only now it is known
/// whether each of them is there.
async fn with_added(
    source: &Source,
    spool: &dyn Spool,
) -> anyhow::Result<(Config, AddedConfiguration)> {
    let added = spool.added_configuration().await?;
    let config = source.with_added(&added.document)?;
    Ok((config, added))
}

/// The channels of browsers, and the configuration with them, whose rules are in use from here on.
async fn with_browsers(
    config: &Config,
    spool: &dyn Spool,
    rules: &LiveRules,
) -> anyhow::Result<(PushChannels, Config)> {
    let push = PushChannels::open(spool, config).await?;
    let config = push.added_to(config.clone());
    rules.apply(config.rules.clone());
    Ok((push, config))
}

/// Everything between a valid configuration and the end of the program.
async fn serve(source: Source, config: Config, clock: Clock) -> anyhow::Result<()> {
    // First: until then, SIGTERM and SIGHUP kill the process at once.
    let mut signals = Signals::listen()?;
    let (trigger, shutdown) = shutdown::channel();
    let (spool, rules, clock) = open_spool(&config, clock).await?;
    let (config, added) = with_added(&source, &*spool).await?;
    let (push, with_browsers) = with_browsers(&config, &*spool, &rules).await?;
    let (key, bound) = (signing_key::load(&config.data_dir)?, Bound::all(&config).await?);
    let (url, gate) = (bound.url(&config), LoginGate::default());
    let (reload_requests, requests) = reload_requests::requests();
    let access =
        Access::new(Arc::clone(&spool), key, gate.clone(), clock.clone(), &reload_requests);
    // From here on the system keeps connections of devices until a receiver accepts them.
    announce(&config, &bound, &url, &access, (&*spool, clock.now())).await?;
    let ceilings = open_files::fit(&config);
    let services =
        Services::open(&config, (spool, config.spool.node()), rules, gate, shutdown, clock).await?;
    let (setups, reach) = (CameraSetups::new(bound.ports()), reach(&config, &bound));
    let listeners = (((bound.smtp, bound.ftp), bound.alarm), &bound.tls);
    let (receivers, (alarms, pictures)) =
        receive_all(&services, &config, listeners, (reach.ports(), ceilings));
    let links = Links::new(url, key, config.http.media_links);
    let actions = services.actions(&links);
    let (dispatch, transcoder, renditions) =
        services.start_channels(&with_browsers, &links, &actions, &reload_requests).await?;
    pictures.read_streams_with(transcoder.as_ref());
    let thumbnails = services.thumbnails(&config, transcoder);
    let health = maintain(&services, (&thumbnails, &renditions), &access, &dispatch);
    let pulls = services.start_pull(&config, &alarms, reach.http);
    let (channels, http) = ((dispatch.clone(), push.clone()), config.http.clone());
    let running = Running::new(&services, &bound.tls, receivers, channels, pulls.clone());
    let (reload, configuration) = Reload::new(source, (config, added), running, requests);
    reload.start(signals.hang_up, &services.supervisor);
    if let Some(listener) = bound.http {
        let state = web::AppState {
            spool: Arc::clone(&services.spool),
            clock: services.clock.clone(),
            metrics: Arc::clone(&services.metrics),
            links,
            share_opens: ShareOpens::default(),
            access,
            events: services.events.clone(),
            notifier: services.notifier.clone(),
            dispatch,
            directory: services.directory.clone(),
            alarms,
            pictures,
            setups,
            pulls: pulls.board(),
            push,
            transcripts: services.transcripts.clone(),
            configuration,
            reload_requests,
            thumbnails,
            renditions,
            disk: services.disk.clone(),
            modes: services.modes(),
            actions,
            reach,
            waits: SetupWaits::default(),
            supervisor: services.supervisor.clone(),
            event_streams: EventStreams::new(Arc::clone(&services.gate.known)),
            health,
        };
        web::start(listener, bound.tls, http, ceilings.http, state);
    }
    signals.end.wait().await;
    end(&trigger, &services).await;
    Ok(())
}

/// Starts maintenance, and what nodes tell each other. Returns what watches all of it.
fn maintain(
    services: &Services,
    (thumbnails, renditions): (&Thumbnails, &Renditions),
    access: &Access,
    dispatch: &ChannelSupervisor,
) -> Health {
    services.start_maintenance(thumbnails, renditions);
    OtherNodes::new(services, access, dispatch).start();
    services.watch()
}

/// The settings of the running receivers. A changed configuration replaces them; sessions keep
/// those that they began with.
type Receivers = (Arc<ArcSwap<smtp::Receiver>>, Arc<ArcSwap<ftp::Receiver>>);

/// The bound listeners of SMTP and FTP.
type Listeners = (Vec<BoundListener>, Vec<BoundListener>);
/// The bound listeners that take alarms only: by HTTP, and in frames.
type AlarmListeners = (Vec<TcpListener>, Vec<BoundListener>);

/// Starts all receivers, with one writer of arrivals. This is done before the channels: a device does not wait for ffmpeg's
/// version.
fn receive_all(
    services: &Services,
    config: &Config,
    ((listeners, of_alarms), tls): ((Listeners, AlarmListeners), &Arc<Tls>),
    (ports, ceilings): (RightPorts, Ceilings),
) -> (Receivers, (AlarmReceiver, Pictures)) {
    let writer = services.arrival_writer();
    let pictures = services.start_pictures(writer.clone());
    let alarms = services.alarm_receiver(writer.clone());
    let receivers = receive(services, config, writer, (listeners, tls), (ports, ceilings));
    receive_alarms(services, config, (of_alarms, tls), ceilings, &alarms);
    services.start_brokers(config, alarms.clone());
    (receivers, (alarms, pictures))
}

/// Starts the receivers on their bound listeners, and reports to the service manager that devices
/// can send. `ceilings`: the connections that the limit of open files allows.
fn receive(
    services: &Services,
    config: &Config,
    writer: ArrivalWriter,
    ((smtp_listeners, ftp_listeners), tls): (Listeners, &Arc<Tls>),
    (ports, ceilings): (RightPorts, Ceilings),
) -> Receivers {
    let Services { directory, metrics, gate, supervisor, .. } = services;
    let smtp = smtp::Receiver::new(
        config.smtp.clone(),
        directory,
        writer.clone(),
        Arc::clone(metrics),
        gate.clone(),
        ceilings.smtp,
    );
    let smtp = Arc::new(ArcSwap::from_pointee(smtp));
    let ftp = ftp::Receiver::new(
        (config.ftp.clone(), PassiveAddress::new(OwnAddress::new(config.public_address.clone()))),
        directory,
        writer,
        Arc::clone(metrics),
        gate.clone(),
        ceilings.ftp,
    );
    let ftp = Arc::new(ArcSwap::from_pointee(ftp));
    let of_smtp =
        |offered: &SmtpListener| ProtocolHandler::Smtp(Arc::clone(&smtp), offered.clone());
    let of_ftp = || ProtocolHandler::Ftp(Arc::clone(&ftp));
    let handlers = config.smtp.listen.first().map(of_smtp).into_iter();
    let handlers = handlers.chain((!ftp_listeners.is_empty()).then(of_ftp)).collect();
    let others = OtherReceivers::new(handlers, ports);
    let start = |bound, handler| {
        let (tls, transcripts) = (Arc::clone(tls), services.transcripts.clone());
        listener::start(bound, (handler, others.clone()), tls, transcripts, supervisor);
    };
    for (bound, offered) in smtp_listeners.into_iter().zip(&config.smtp.listen) {
        start(bound, of_smtp(offered));
    }
    for bound in ftp_listeners {
        start(bound, of_ftp());
    }
    service_manager::ready();
    (smtp, ftp)
}

/// Starts the listeners that take alarms only.
fn receive_alarms(
    services: &Services,
    config: &Config,
    ((http, framed), tls): (AlarmListeners, &Arc<Tls>),
    ceilings: Ceilings,
    alarms: &AlarmReceiver,
) {
    let Services { supervisor, gate, transcripts, .. } = services;
    for listener in http {
        let settings = (config.http.clone(), Arc::clone(&gate.known));
        let (tls, alarms) = (Arc::clone(tls), alarms.clone());
        web::start_alarms(listener, tls, settings, ceilings.http, alarms, supervisor);
    }
    if framed.is_empty() {
        return;
    }
    let known = Arc::clone(&gate.known);
    let receiver = Arc::new(framed::Receiver::new(alarms.clone(), known, ceilings.http));
    for bound in framed {
        let handler = (ProtocolHandler::Framed(Arc::clone(&receiver)), OtherReceivers::default());
        listener::start(bound, handler, Arc::clone(tls), transcripts.clone(), supervisor);
    }
}

/// The address and ports to type into devices.
fn reach(config: &Config, bound: &Bound) -> Reach {
    let first = |listeners: &[BoundListener]| listeners.first()?.listener.local_addr().ok();
    let (smtp, ftp) = (first(&bound.smtp), first(&bound.ftp));
    let http = bound.http.as_ref().and_then(|it| it.local_addr().ok());
    let listen = smtp.or(ftp).map_or(IpAddr::from(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    Reach {
        own: OwnAddress::new(config.public_address.clone()),
        listen,
        smtp: smtp.map(|address| address.port()),
        ftp: ftp.map(|address| address.port()),
        http: http.map(|address| address.port()),
    }
}

/// Prints what to type into devices, and the address of the dashboard.
async fn announce(
    config: &Config,
    bound: &Bound,
    url: &PublicUrl,
    access: &Access,
    (spool, now): (&dyn Spool, Timestamp),
) -> anyhow::Result<()> {
    let Bound { smtp, ftp, http, alarm: (more, framed), .. } = bound;
    listening::note(&config.data_dir, (smtp, ftp), http.as_ref());
    let address = |listener: &TcpListener| listener.local_addr().ok();
    let dashboard = match http.as_ref().and_then(address) {
        Some(listen) => {
            let url = url().unwrap_or_else(|| own_url::on_this_machine(config, listen.port()));
            Some(announce::dashboard(&url, access, (spool, now)).await?)
        }
        None => None,
    };
    let alarms = AlarmAddresses {
        http: http.as_ref().and_then(address),
        more: more.iter().filter_map(address).collect(),
        framed: framed.iter().filter_map(|bound| address(&bound.listener)).collect(),
    };
    announce::announce(config, (smtp, ftp), &alarms, dashboard.as_deref());
    terminal::end_background();
    Ok(())
}
