//! Applies a changed configuration to what runs: each part by a value that is exchanged as a whole.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::config::Config;
use crate::dispatch::ChannelSupervisor;
use crate::net::tls::{Loaded, Tls};
use crate::receive::{ftp, smtp};
use crate::services::Services;

/// The parts whose settings may change.
pub(crate) struct Running {
    pub(crate) services: Services,
    pub(crate) tls: Arc<Tls>,
    pub(crate) smtp: Arc<ArcSwap<smtp::Receiver>>,
    pub(crate) ftp: Arc<ArcSwap<ftp::Receiver>>,
    pub(crate) dispatch: ChannelSupervisor,
}

impl Running {
    /// Applies all of it; with an error, nothing.
    pub(super) fn apply(
        &self,
        before: &Config,
        now: &Config,
        data_dir: &Path,
    ) -> anyhow::Result<()> {
        // The certificate comes first: it can fail.
        if before.smtp.certificate != now.smtp.certificate {
            self.tls.replace(Loaded::of(&now.smtp, data_dir)?);
        }
        // Rules come before channels: a new channel finds what the new rules made due for it.
        let Services { rules, doorkeeper, entrance, retention, .. } = &self.services;
        rules.apply(now.rules.clone());
        rules.name_devices(now.device_names());
        doorkeeper.apply(now.access.clone(), now.devices.clone());
        entrance.known.configure(&now.devices);
        retention.store(Arc::new(now.retention));
        self.smtp.store(Arc::new(self.smtp.load().with(now.smtp.clone())));
        self.ftp.store(Arc::new(self.ftp.load().with(now.ftp.clone())));
        self.dispatch.apply(&now.channels);
        Ok(())
    }
}
