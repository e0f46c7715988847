//! What the process of a server does for itself before it serves: access rights, warnings.

use rustix::process::geteuid;

use super::doctor;
use crate::config::Config;
use crate::programs;
use crate::runtime::private;

/// Does it; what cannot be done is logged.
pub(super) fn prepare(config: &Config) {
    programs::keep_to_itself();
    warn_of_rights(config);
    private::tighten_and_say(&config.data_dir);
}

/// What makes a break-in worse than it need be is said at the start.
fn warn_of_rights(config: &Config) {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if geteuid().is_root() && !doctor::in_container() {
        tracing::warn!("Tipoff runs as root and does not need to: run it as a user of its own.");
    }
    for path in config.open_secrets() {
        let path = path.display();
        tracing::warn!(%path, "Every user of this machine can read this file, which holds passwords or tokens.");
    }
}
