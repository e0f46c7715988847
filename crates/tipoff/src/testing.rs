//! What unit tests server on: a configuration, a spool in a folder of its own, and mails that arrive.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tipoff_model::{Envelope, Protocol};
use tipoff_spool::{IncidentFilter, Spool, SqliteSpool};

use crate::actions::Actions;
use crate::config::{Config, Retention};
use crate::disk::Disk;
use crate::modes::Modes;
use crate::receive::{ArrivalWriter, DeviceDirectory};
use crate::runtime::clock::Clock;
use crate::runtime::events::EventBus;
use crate::runtime::links::Links;
use crate::runtime::live_rules::LiveRules;
use crate::runtime::notifier::ChannelNotifier;

/// The rooms up to the spool. It delivers nothing.
pub(crate) struct TestServer {
    pub(crate) config: Config,
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) rules: Arc<LiveRules>,
    pub(crate) retention: Arc<ArcSwap<Retention>>,
    pub(crate) notifier: ChannelNotifier,
    pub(crate) events: EventBus,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) disk: Disk,
    writer: ArrivalWriter,
}

impl TestServer {
    /// With this configuration file.
    pub(crate) fn new(source: &str) -> Self {
        let config = config(source);
        let folder = tempfile::tempdir().unwrap();
        let rules = Arc::new(LiveRules::new(config.rules.clone()));
        let planner = Arc::clone(&rules) as _;
        let spool: Arc<dyn Spool> = Arc::new(SqliteSpool::open(folder.path(), planner).unwrap());
        let directory = DeviceDirectory::new(config.access.clone(), config.devices.clone());
        let retention = Arc::new(ArcSwap::from_pointee(config.retention));
        let (notifier, events) = (ChannelNotifier::default(), EventBus::new());
        let disk = Disk::of_test(Arc::clone(&spool), Arc::clone(&retention), folder.path());
        let writer = ArrivalWriter::new(
            Arc::clone(&spool),
            directory.resolver(),
            disk.clone(),
            notifier.clone(),
            events.clone(),
            Clock::system(),
        );
        Self { config, spool, rules, retention, notifier, events, folder, disk, writer }
    }

    /// A mail of this sender arrives.
    pub(crate) async fn mail(&self, sender: &str, mail: &[u8]) {
        let envelope = Envelope {
            protocol: Protocol::Smtp,
            peer: [192, 168, 1, 20].into(),
            login: None,
            proof: tipoff_model::LoginProof::default(),
            greeting: None,
            sender: sender.to_owned(),
            recipients: Vec::new(),
            tls: false,
            path: None,
        };
        let mut incoming = self.writer.begin(envelope).unwrap();
        incoming.push(mail);
        incoming.complete().await.unwrap();
    }

    /// The actions of people.
    pub(crate) fn actions(&self, links: Links) -> Actions {
        let modes = Modes {
            spool: Arc::clone(&self.spool),
            rules: Arc::clone(&self.rules),
            events: self.events.clone(),
            clock: Clock::system(),
        };
        let (spool, events) = (Arc::clone(&self.spool), self.events.clone());
        Actions {
            spool,
            clock: Clock::system(),
            modes,
            events,
            notifier: self.notifier.clone(),
            links,
        }
    }

    /// What the timeline shows, the newest first.
    pub(crate) async fn subjects(&self) -> Vec<String> {
        let lines = self.spool.incidents(&IncidentFilter::default(), 10).await.unwrap();
        lines.into_iter().map(|line| line.subject).collect()
    }
}

/// A valid configuration.
pub(crate) fn config(source: &str) -> Config {
    Config::parse(None, source, None, &|_| None).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A mail about motion.
pub(crate) const MOTION: &[u8] = b"Subject: Motion\r\n\r\nSomething moved.\r\n";
