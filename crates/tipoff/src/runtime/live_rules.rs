//! The rules that hold now: exchanged as a whole when the configuration changes.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tipoff_model::{Facts, History, IncidentClass, OpenIncident, Plan, Planner, Told};
use tipoff_rules::Rules;

/// The rules that hold now, as the spool asks them.
pub(crate) struct LiveRules(ArcSwap<Rules>, ArcSwap<Vec<String>>);

impl LiveRules {
    /// Of the configuration.
    pub(crate) fn new(rules: Rules) -> Self {
        Self(ArcSwap::from_pointee(rules), ArcSwap::default())
    }

    /// The devices that are configured now.
    pub(crate) fn name_devices(&self, names: Vec<String>) {
        self.1.store(Arc::new(names));
    }

    /// The names of the devices that are configured.
    pub(crate) fn devices(&self) -> Arc<Vec<String>> {
        self.1.load_full()
    }

    /// As they are at this moment.
    pub(crate) fn now(&self) -> Arc<Rules> {
        self.0.load_full()
    }

    /// Replaces the rules for every arrival from now on.
    pub(crate) fn apply(&self, rules: Rules) {
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
