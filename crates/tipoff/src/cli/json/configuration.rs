//! The configuration and its channels as `--json` prints them.

use serde::Serialize;
use tipoff_spool::ChannelFigures;

use crate::config::{ChannelConfig, Config, Listener};

/// A configured channel with the numbers of today. Its keys are the API's; whether it fails is known to the running
/// server alone.
#[derive(Serialize)]
pub(in super::super) struct ChannelJson {
    name: String,
    kind: &'static str,
    paused: bool,
    waiting: u64,
    delivered_today: u64,
    failed_today: u64,
}

impl ChannelJson {
    pub(in super::super) fn new(
        channel: &ChannelConfig,
        paused: bool,
        figures: &ChannelFigures,
    ) -> Self {
        Self {
            name: channel.name.clone(),
            kind: channel.kind,
            paused,
            waiting: figures.pending,
            delivered_today: figures.delivered,
            failed_today: figures.failed,
        }
    }
}

/// The result of a test of a channel.
#[derive(Serialize)]
pub(in super::super) struct ChannelTestJson {
    name: String,
    kind: &'static str,
    pub(in super::super) arrived: bool,
    /// Why it did not arrive.
    error: Option<String>,
    /// The correction that is needed although it arrived.
    repair: Option<String>,
}

impl ChannelTestJson {
    pub(in super::super) fn new(
        channel: &ChannelConfig,
        sent: Result<Option<String>, String>,
    ) -> Self {
        let (name, kind, arrived) = (channel.name.clone(), channel.kind, sent.is_ok());
        let (repair, error) = match sent {
            Ok(repair) => (repair, None),
            Err(error) => (None, Some(error)),
        };
        Self { name, kind, arrived, error, repair }
    }
}

/// A valid configuration as it is understood.
#[derive(Serialize)]
pub(in super::super) struct ConfigurationJson {
    /// The file; null without one.
    path: Option<String>,
    data_dir: String,
    /// Settings that are valid and perhaps not intended.
    warnings: Vec<String>,
    listeners: Vec<ListenerJson>,
    /// Names of the configured devices.
    devices: Vec<String>,
    channels: Vec<ChannelNameJson>,
    /// Names of the routes. Without one, every incident goes to every channel.
    routes: Vec<String>,
    /// Names of the reports.
    reports: Vec<String>,
}

#[derive(Serialize)]
struct ListenerJson {
    protocol: &'static str,
    address: String,
    /// Whether TLS is expected from the start.
    tls: bool,
}

#[derive(Serialize)]
struct ChannelNameJson {
    name: String,
    kind: &'static str,
}

impl From<&Config> for ConfigurationJson {
    fn from(config: &Config) -> Self {
        let listener = |protocol, it: Listener| ListenerJson {
            protocol,
            address: it.address.to_string(),
            tls: it.tls,
        };
        let smtp = config.smtp.listen.iter().map(|it| listener("smtp", it.at));
        let ftp = config.ftp.listen.iter().map(|it| listener("ftp", *it));
        let http = config.http.listen.iter().map(|it| listener("http", *it));
        let channel = |it: &ChannelConfig| ChannelNameJson { name: it.name.clone(), kind: it.kind };
        Self {
            path: config.path.as_ref().map(|path| path.display().to_string()),
            data_dir: config.data_dir.display().to_string(),
            warnings: config.warnings.clone(),
            listeners: smtp.chain(ftp).chain(http).collect(),
            devices: config.device_names(),
            channels: config.channels.iter().map(channel).collect(),
            routes: config.rules.routes.iter().map(|it| it.name.clone()).collect(),
            reports: config.rules.reports.iter().map(|it| it.name.clone()).collect(),
        }
    }
}
