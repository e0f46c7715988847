//! What a server process does before it opens anything: it protects its memory and its files, and
//! warns about rights that are too wide. Nothing here stops the start.

use rustix::process::geteuid;

use super::container;
use crate::config::Config;
use crate::programs;
use crate::runtime::private;

/// Protects what can be protected. A failure is logged.
pub(super) fn prepare(config: &Config) {
    programs::keep_to_itself();
    warn_of_rights(config);
    private::tighten_and_say(&config.data_dir);
}

/// Logs what would make a break-in worse: the warnings of the configuration, root, readable secrets.
fn warn_of_rights(config: &Config) {
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if geteuid().is_root() && !container::is_inside() {
        tracing::warn!("Tipoff runs as root and does not need to: run it as a user of its own.");
    }
    for path in config.open_secrets() {
        let path = path.display();
        tracing::warn!(%path, "Every user of this machine can read this file, which holds passwords or tokens.");
    }
}
