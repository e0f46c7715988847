//! What the process of a server does for itself before it serves: open files, access rights, warnings.

use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};

use super::doctor;
use crate::config::Config;
use crate::{private, programs};

/// Does it; what cannot be done is logged.
pub(super) fn prepare(config: &Config) {
    raise_open_files();
    programs::keep_to_itself();
    warn_of_rights(config);
    private::tighten_and_say(&config.data_dir);
}

/// What makes a break-in worse than it need be is said at the start.
fn warn_of_rights(config: &Config) {
    if geteuid().is_root() && !doctor::in_container() {
        tracing::warn!("Tipoff runs as root, which it does not need: run it as a user of its own.");
    }
    for path in config.open_secrets() {
        let path = path.display();
        tracing::warn!(%path, "Every user of this machine can read this file, which holds passwords or tokens.");
    }
}

/// Every connection is an open file, and the usual limit is far below what the system allows.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "The limit of open files stays as it is.");
    }
}
