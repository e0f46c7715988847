//! What runs and takes a changed configuration up: each piece by a value that is exchanged as a
//! whole.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config::{Config, Retention};
use crate::dispatch::ChannelSupervisor;
use crate::net::known::KnownAddresses;
use crate::net::tls::{Loaded, Tls};
use crate::receive::{DeviceDirectory, ftp, smtp};
use crate::runtime::live_rules::LiveRules;

/// The pieces whose settings may change.
pub(crate) struct Running {
    pub(crate) rules: Arc<LiveRules>,
    pub(crate) directory: DeviceDirectory,
    pub(crate) known: Arc<KnownAddresses>,
    pub(crate) retention: Arc<ArcSwap<Retention>>,
    pub(crate) tls: Arc<Tls>,
    pub(crate) smtp: Arc<ArcSwap<smtp::Receiver>>,
    pub(crate) ftp: Arc<ArcSwap<ftp::Receiver>>,
    pub(crate) dispatch: ChannelSupervisor,
}

impl Running {
    /// All of it, or an error and nothing.
    pub(super) fn apply(
        &self,
        before: &Config,
        now: &Config,
        data_dir: &Path,
    ) -> anyhow::Result<()> {
        // What can be refused comes first.
        if before.smtp.certificate != now.smtp.certificate {
            self.tls.replace(Loaded::of(&now.smtp, data_dir)?);
        }
        // Rules come before channels: what becomes due for a new one is found when it begins.
        self.rules.apply(now.rules.clone());
        self.rules.name_devices(now.device_names());
        self.directory.apply(now.access.clone(), now.devices.clone());
        self.known.configure(&now.devices);
        self.retention.store(Arc::new(now.retention));
        self.smtp.store(Arc::new(self.smtp.load().with(now.smtp.clone())));
        self.ftp.store(Arc::new(self.ftp.load().with(now.ftp.clone())));
        self.dispatch.apply(&now.channels);
        Ok(())
    }
}
