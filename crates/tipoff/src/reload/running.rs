//! Applies a changed configuration to what runs: each part by a value that is exchanged as a whole, so that no session sees
//! half of an edit.

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
    /// Rules, devices and retention.
    pub(crate) services: Services,
    /// The certificate.
    pub(crate) tls: Arc<Tls>,
    /// The receivers, as the next sessions get them.
    pub(crate) smtp: Arc<ArcSwap<smtp::Receiver>>,
    pub(crate) ftp: Arc<ArcSwap<ftp::Receiver>>,
    /// The channels.
    pub(crate) dispatch: ChannelSupervisor,
}

impl Running {
    /// Applies the configuration `now`, which replaces `before`.
    ///
    /// # Errors
    /// The certificate cannot be loaded; then nothing was applied.
    pub(super) fn apply(
        &self,
        before: &Config,
        now: &Config,
        data_dir: &Path,
    ) -> anyhow::Result<()> {
        // Without `..`: a new section does not compile until it is applied or listed as left out.
        let Config {
            smtp,
            ftp,
            alarm: _,
            access,
            devices,
            channels,
            rules,
            retention,
            // Take effect after a restart.
            data_dir: _,
            http: _,
            spool: _,
            video: _,
            // Where the configuration was read from, and what follows from the rest.
            path: _,
            secrets: _,
            warnings: _,
        } = now;
        // The certificate comes first: it can fail.
        if before.smtp.certificate != smtp.certificate {
            self.tls.replace(Loaded::of(smtp, data_dir)?);
        }
        let services = &self.services;
        // Rules come before channels: a new channel finds what the new rules made due for it.
        services.rules.apply(rules.clone());
        services.rules.name_devices(now.device_names());
        services.directory.apply(access.clone(), devices.clone());
        services.gate.known.configure(devices);
        services.retention.store(Arc::new(*retention));
        self.smtp.store(Arc::new(self.smtp.load().with(smtp.clone())));
        self.ftp.store(Arc::new(self.ftp.load().with(ftp.clone())));
        self.dispatch.apply(channels);
        Ok(())
    }
}
