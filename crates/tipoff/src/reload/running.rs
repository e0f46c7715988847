//! What runs and takes a changed configuration up: each piece by a value that is exchanged as a
//! whole.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tipoff_model::{Facts, History, IncidentClass, OpenIncident, Plan, Planner, Told};
use tipoff_rules::Rules;

use crate::config::{Config, Retention};
use crate::dispatch::Dispatch;
use crate::receive::tls::{Loaded, Tls};
use crate::receive::{Doorkeeper, KnownAddresses, ftp, smtp};

/// The pieces whose settings may change.
pub(crate) struct Running {
    pub(crate) rules: Arc<LiveRules>,
    pub(crate) doorkeeper: Arc<Doorkeeper>,
    pub(crate) known: Arc<KnownAddresses>,
    pub(crate) retention: Arc<ArcSwap<Retention>>,
    pub(crate) tls: Arc<Tls>,
    pub(crate) smtp: Arc<ArcSwap<smtp::Receiver>>,
    pub(crate) ftp: Arc<ArcSwap<ftp::Receiver>>,
    pub(crate) dispatch: Dispatch,
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
        self.rules.name_devices(now);
        self.doorkeeper.apply(now.access.clone(), now.devices.clone());
        self.known.configure(&now.devices);
        self.retention.store(Arc::new(now.retention));
        self.smtp.store(Arc::new(self.smtp.load().with(now.smtp.clone())));
        self.ftp.store(Arc::new(self.ftp.load().with(now.ftp.clone())));
        self.dispatch.apply(&now.channels);
        Ok(())
    }
}

/// The rules that hold now, as the spool asks them.
pub(crate) struct LiveRules(ArcSwap<Rules>, ArcSwap<Vec<String>>);

impl LiveRules {
    /// Of the configuration.
    pub(crate) fn new(rules: Rules) -> Self {
        Self(ArcSwap::from_pointee(rules), ArcSwap::default())
    }

    /// The devices that are configured now.
    pub(crate) fn name_devices(&self, config: &Config) {
        let names = config.devices.iter().map(|device| device.name.clone());
        self.1.store(Arc::new(names.collect()));
    }

    /// The names of the devices that are configured.
    pub(crate) fn devices(&self) -> Arc<Vec<String>> {
        self.1.load_full()
    }

    /// As they are at this moment.
    pub(crate) fn now(&self) -> Arc<Rules> {
        self.0.load_full()
    }

    fn apply(&self, rules: Rules) {
        self.0.store(Arc::new(rules));
    }
}

impl Planner for LiveRules {
    fn is_silent(&self, facts: &Facts<'_>) -> bool {
        self.0.load().is_silent(facts)
    }

    fn class(&self, facts: &Facts<'_>) -> IncidentClass {
        self.0.load().class(facts)
    }

    fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool {
        self.0.load().joins(facts, latest)
    }

    fn is_archive(&self, channel: &str) -> bool {
        self.0.load().is_archive(channel)
    }

    fn plan(&self, facts: &Facts<'_>, told: &[Told], history: &dyn History) -> Plan {
        self.0.load().plan(facts, told, history)
    }
}
