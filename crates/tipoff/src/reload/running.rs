//! Applies a changed configuration to what runs: each part by a value that is exchanged as a whole, so that no session sees
//! half of an edit.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::cameras::pull::PullSupervisor;
use crate::config::Config;
use crate::dispatch::ChannelSupervisor;
use crate::net::tls::{Loaded, Tls};
use crate::push_channels::PushChannels;
use crate::receive::{ftp, smtp};
use crate::services::Services;

/// The parts whose settings may change.
pub(crate) struct Running {
    /// Rules, devices and retention.
    pub(super) services: Services,
    /// The certificate.
    tls: Arc<Tls>,
    /// The receivers, as the next sessions get them.
    smtp: Arc<ArcSwap<smtp::Receiver>>,
    ftp: Arc<ArcSwap<ftp::Receiver>>,
    /// The devices that must be asked.
    pulls: PullSupervisor,
    /// The channels.
    dispatch: ChannelSupervisor,
    /// Those of browsers.
    pub(super) push: PushChannels,
}

impl Running {
    /// The parts of a program that runs.
    pub(crate) fn new(
        services: &Services,
        tls: &Arc<Tls>,
        (smtp, ftp): (Arc<ArcSwap<smtp::Receiver>>, Arc<ArcSwap<ftp::Receiver>>),
        (dispatch, push): (ChannelSupervisor, PushChannels),
        pulls: PullSupervisor,
    ) -> Self {
        Self { services: services.clone(), tls: Arc::clone(tls), smtp, ftp, pulls, dispatch, push }
    }

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
            brokers,
            access,
            devices,
            channels,
            rules,
            retention,
            // Its channels are among `channels`.
            added: _,
            // Take effect after a restart.
            data_dir: _,
            public_address: _,
            http: _,
            spool: _,
            video: _,
            // Where the configuration was read from, and what follows from the rest.
            path: _,
            secrets: _,
            warnings: _,
        } = &self.push.added_to(now.clone());
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
        self.pulls.apply(devices);
        services.brokers.apply(brokers, devices);
        services.retention.store(Arc::new(*retention));
        self.smtp.store(Arc::new(self.smtp.load().with(smtp.clone())));
        self.ftp.store(Arc::new(self.ftp.load().with(ftp.clone())));
        self.dispatch.apply(channels);
        Ok(())
    }

    /// Applies the channels of browsers, beside the configuration in use.
    pub(super) fn apply_browsers(&self, config: &Config) {
        let config = self.push.added_to(config.clone());
        self.services.rules.apply(config.rules);
        self.dispatch.apply(&config.channels);
    }
}
