//! The services that every part of the program uses, opened once in the order of their needs.
//!
//! `cli/run.rs` calls this, and adds what is not here: listeners and the HTTP port.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tipoff_spool::{Spool, SpoolError};
use tipoff_video::Transcoder;

use crate::actions::Actions;
use crate::cameras::pull::{PullServices, PullSupervisor};
use crate::cameras::{CameraClients, Pictures};
use crate::config::{Config, Retention};
use crate::disk::Disk;
use crate::dispatch::{
    ChannelSupervisor, DispatchContext, LateSounds, PictureResizer, VideoConverter,
};
use crate::maintenance::Maintenance;
use crate::media::renditions::{self, Renditions};
use crate::media::thumbnails::{self, Thumbnails};
use crate::modes::Modes;
use crate::net::network;
use crate::nodes::Leases;
use crate::readiness::Health;
use crate::receive::alarm::AlarmReceiver;
use crate::receive::mqtt::Brokers;
use crate::receive::{ArrivalWriter, DeviceDirectory, LoginGate, PictureRequests, Transcripts};
use crate::reports::Reports;
use crate::runtime::clock::Clock;
use crate::runtime::events::EventBus;
use crate::runtime::links::Links;
use crate::runtime::live_rules::LiveRules;
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::reload_requests::ReloadRequests;
use crate::runtime::shutdown::Shutdown;
use crate::runtime::supervise::Supervisor;
use crate::runtime::telemetry::Metrics;
use crate::service_manager;

/// What the parts share. Clones share the same services.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) spool: Arc<dyn Spool>,
    /// What this node holds, where several share the spool.
    pub(crate) leases: Leases,
    pub(crate) clock: Clock,
    pub(crate) metrics: Arc<Metrics>,
    /// Wakes a channel's worker when a delivery may be due.
    pub(crate) notifier: ChannelNotifier,
    /// What pages and API clients see at once.
    pub(crate) events: EventBus,
    /// The rules of the current configuration. The spool plans deliveries with the same ones.
    pub(crate) rules: Arc<LiveRules>,
    /// A changed configuration replaces it while the program runs.
    pub(crate) retention: Arc<ArcSwap<Retention>>,
    /// Whether there is room to store an arrival.
    pub(crate) disk: Disk,
    /// Recognises devices and checks their logins.
    pub(crate) directory: DeviceDirectory,
    /// Slows down whoever guesses passwords, over all protocols together.
    pub(crate) gate: LoginGate,
    /// Requests for pictures of alarms that come without one.
    pub(crate) pictures: PictureRequests,
    /// The clients of cameras that are asked.
    pub(crate) cameras: CameraClients,
    /// Sessions in progress, and the writer of those that ended.
    pub(crate) transcripts: Transcripts,
    /// The brokers that pass on alarms. A changed configuration replaces them.
    pub(crate) brokers: Brokers,
    /// Starts every task of the program, restarts one that fails, and knows when all have ended.
    pub(crate) supervisor: Supervisor,
}

impl Services {
    /// Opens them and starts what belongs to them alone, such as the writer of transcripts. `gate`
    /// is made before, because the dashboard's logins share it. `node` is the name of this one.
    pub(crate) async fn open(
        config: &Config,
        (spool, node): (Arc<dyn Spool>, &str),
        rules: Arc<LiveRules>,
        gate: LoginGate,
        shutdown: Shutdown,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let metrics = Arc::new(Metrics::new());
        let leases = Leases::of(&spool, node, &clock);
        let directory = DeviceDirectory::new(config.access.clone(), config.devices.clone());
        let sessions = Arc::clone(&spool) as _;
        let (told, by) = (Arc::clone(&metrics), clock.clone());
        let transcripts = match leases.has_others() {
            true => Transcripts::of_node(sessions, spool.run_number().await?, told, by),
            false => Transcripts::open(sessions, told, by).await?,
        };
        let supervisor = Supervisor::new(shutdown, Arc::clone(&metrics));
        transcripts.start(&supervisor);
        // Known addresses have connections that strangers cannot take, also right after a restart.
        gate.known.configure(&config.devices);
        gate.read_devices(&*spool, &directory, clock.now()).await?;
        network::warn_if_rewritten(&*spool, clock.now()).await;
        let retention = Arc::new(ArcSwap::from_pointee(config.retention));
        let disk = Disk::open(Arc::clone(&spool), Arc::clone(&retention), &config.data_dir).await?;
        leases.start(&supervisor);
        Ok(Self {
            spool,
            leases,
            clock,
            metrics,
            notifier: ChannelNotifier::default(),
            events: EventBus::new(),
            rules,
            retention,
            disk,
            directory,
            gate,
            pictures: PictureRequests::default(),
            cameras: CameraClients::default(),
            transcripts,
            brokers: Brokers::default(),
            supervisor,
        })
    }

    /// Reads again which devices people added, and from which addresses known ones come.
    pub(crate) async fn devices_changed(&self) -> Result<(), SpoolError> {
        self.gate.read_devices(&*self.spool, &self.directory, self.clock.now()).await
    }

    /// The mode of the home, and changes of it.
    pub(crate) fn modes(&self) -> Modes {
        Modes {
            spool: Arc::clone(&self.spool),
            rules: Arc::clone(&self.rules),
            events: self.events.clone(),
            clock: self.clock.clone(),
        }
    }

    /// What people can do with incidents, from a page, a chat or a link. `links` makes the
    /// addresses in their answers.
    pub(crate) fn actions(&self, links: &Links) -> Actions {
        Actions {
            spool: Arc::clone(&self.spool),
            clock: self.clock.clone(),
            modes: self.modes(),
            events: self.events.clone(),
            notifier: self.notifier.clone(),
            links: links.clone(),
        }
    }

    /// Stores what receivers receive.
    pub(crate) fn arrival_writer(&self) -> ArrivalWriter {
        ArrivalWriter::new(
            Arc::clone(&self.spool),
            self.directory.resolver(),
            self.disk.clone(),
            self.notifier.clone(),
            self.events.clone(),
            self.clock.clone(),
        )
        .with_pictures(self.pictures.clone())
    }

    /// Receives the alarms that devices push.
    pub(crate) fn alarm_receiver(&self, writer: ArrivalWriter) -> AlarmReceiver {
        AlarmReceiver::new(
            &self.directory,
            writer,
            Arc::clone(&self.metrics),
            self.gate.clone(),
            self.transcripts.clone(),
            self.supervisor.tasks().clone(),
        )
    }

    /// Starts to fetch pictures of alarms that come without one.
    pub(crate) fn start_pictures(&self, writer: ArrivalWriter) -> Pictures {
        let (requests, clients) = (self.pictures.clone(), self.cameras.clone());
        let pictures = Pictures::new(requests, clients, writer, self.clock.clone());
        pictures.start(&self.supervisor);
        pictures
    }

    /// Starts to ask the devices that must be asked for their events.
    pub(crate) fn start_pull(
        &self,
        config: &Config,
        alarms: &AlarmReceiver,
        http_port: Option<u16>,
    ) -> PullSupervisor {
        let services = PullServices {
            clients: self.cameras.clone(),
            alarms: alarms.clone(),
            leases: self.leases.clone(),
            clock: self.clock.clone(),
            events: self.events.clone(),
            metrics: Arc::clone(&self.metrics),
            supervisor: self.supervisor.clone(),
            http_port,
        };
        PullSupervisor::start(services, &config.devices)
    }

    /// Subscribes to the brokers of `[[mqtt]]`.
    pub(crate) fn start_brokers(&self, config: &Config, alarms: AlarmReceiver) {
        self.brokers.apply(&config.brokers, &config.devices);
        let (transcripts, leases) = (self.transcripts.clone(), self.leases.clone());
        self.brokers.start(config.client_id(), alarms, transcripts, leases, &self.supervisor);
    }

    /// Reports to the service manager whether Tipoff is ready, and wakes the channels when the
    /// network is back. `/readyz` answers with the [`Health`] that this returns.
    pub(crate) fn watch(&self) -> Health {
        let health = Health::of(self.leases.clone());
        service_manager::watch(&self.supervisor, &self.spool, &self.disk, &health);
        network::watch(&self.supervisor, self.notifier.clone());
        health
    }

    /// The cache of thumbnails, in `thumbs` of the data folder. Without a transcoder, videos have none.
    pub(crate) fn thumbnails(&self, config: &Config, transcoder: Option<Transcoder>) -> Thumbnails {
        let (folder, spool) = (config.data_dir.join(thumbnails::FOLDER), Arc::clone(&self.spool));
        Thumbnails::new(folder, spool, transcoder, self.clock.clone())
    }

    /// Starts the channels, with the transcoder if ffmpeg is installed. The listeners are open by
    /// then: no device waits for a program's version.
    pub(crate) async fn start_channels(
        &self,
        config: &Config,
        links: &Links,
        actions: &Actions,
        reload_requests: &ReloadRequests,
    ) -> anyhow::Result<(ChannelSupervisor, Option<Transcoder>, Renditions)> {
        let paused = self.spool.paused().await?;
        let folder = config.data_dir.join("video");
        let mut videos = VideoConverter::open(&config.video, &folder).await?;
        let transcoder = videos.transcoder();
        let (folder, blobs) =
            (config.data_dir.join(renditions::FOLDER), self.spool.blobs().clone());
        let (clock, converter) = (self.clock.clone(), transcoder.clone());
        let renditions = Renditions::open(folder, converter, blobs, clock)?;
        // What a channel has converted, the dashboard plays.
        videos.keep_in(renditions.clone());
        let common = DispatchContext {
            spool: Arc::clone(&self.spool),
            leases: self.leases.clone(),
            links: links.clone(),
            metrics: Arc::clone(&self.metrics),
            videos,
            pictures: PictureResizer::new(),
            events: self.events.clone(),
            modes: actions.modes.clone(),
            actions: actions.clone(),
            clock: self.clock.clone(),
            reload_requests: reload_requests.clone(),
            late_sounds: LateSounds::default(),
        };
        let (notifier, supervisor) = (&self.notifier, &self.supervisor);
        let channels =
            ChannelSupervisor::start(&config.channels, paused, common, notifier, supervisor);
        Ok((channels, transcoder, renditions))
    }

    /// Starts maintenance and the daily reports.
    pub(crate) fn start_maintenance(&self, thumbnails: &Thumbnails, renditions: &Renditions) {
        let maintenance = Maintenance {
            spool: Arc::clone(&self.spool),
            leases: self.leases.clone(),
            retention: Arc::clone(&self.retention),
            rules: Arc::clone(&self.rules),
            thumbnails: thumbnails.clone(),
            renditions: renditions.clone(),
            notifier: self.notifier.clone(),
            events: self.events.clone(),
            clock: self.clock.clone(),
            disk: self.disk.clone(),
            eviction: Arc::default(),
        };
        maintenance.start(&self.supervisor);
        let reports = Reports {
            spool: Arc::clone(&self.spool),
            leases: self.leases.clone(),
            rules: Arc::clone(&self.rules),
            notifier: self.notifier.clone(),
            events: self.events.clone(),
            clock: self.clock.clone(),
        };
        reports.start(&self.supervisor);
    }
}
