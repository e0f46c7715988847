//! The rules in use: exchanged as a whole when the configuration changes. The spool takes them once for each arrival, so that
//! one arrival is never judged by two sets of rules.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tipoff_model::{Planner, RuleSource};
use tipoff_rules::Rules;

/// The rules in use, and the names of the configured devices.
pub(crate) struct LiveRules(ArcSwap<Rules>, ArcSwap<Vec<String>>);

impl LiveRules {
    /// The rules of the configuration at the start.
    pub(crate) fn new(rules: Rules) -> Self {
        Self(ArcSwap::from_pointee(rules), ArcSwap::default())
    }

    /// Replaces the names of the configured devices.
    pub(crate) fn name_devices(&self, names: Vec<String>) {
        self.1.store(Arc::new(names));
    }

    /// The names of the devices that are configured.
    pub(crate) fn devices(&self) -> Arc<Vec<String>> {
        self.1.load_full()
    }

    /// The rules at this moment.
    pub(crate) fn now(&self) -> Arc<Rules> {
        self.0.load_full()
    }

    /// Replaces the rules for every arrival from now on.
    pub(crate) fn apply(&self, rules: Rules) {
        self.0.store(Arc::new(rules));
    }
}

impl RuleSource for LiveRules {
    fn current(&self) -> Arc<dyn Planner> {
        self.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_were_taken_are_not_exchanged() {
        let with_archive = |archive: &str| {
            let rules = crate::testing::config("").rules;
            Rules { archives: vec![archive.to_owned()], ..rules }
        };
        let live = LiveRules::new(with_archive("old"));
        let taken = live.current();
        live.apply(with_archive("new"));
        assert!(taken.is_archive("old") && !taken.is_archive("new"));
        assert!(live.current().is_archive("new"));
    }
}
