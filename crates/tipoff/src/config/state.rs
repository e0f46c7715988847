//! The state of the configuration: when it was loaded, and why the file's present content is not in force.

use std::path::PathBuf;

use tipoff_model::Timestamp;

use super::Faults;
use super::added::Additions;

/// The state of the configuration, for the dashboard and the API.
#[derive(Clone, Debug)]
pub(crate) struct ConfigState {
    /// The file; `None` if there is none and the defaults are in force.
    pub(crate) path: Option<PathBuf>,
    /// When the configuration in force was loaded.
    pub(crate) loaded_at: Timestamp,
    /// Why the file's present content is not in force.
    pub(crate) fault: Option<ConfigFault>,
    /// Changed settings that need a restart.
    pub(crate) needs_restart: Vec<String>,
    /// What was added in the dashboard.
    pub(crate) added: Additions,
}

/// Why a file was not loaded.
#[derive(Clone, Debug)]
pub(crate) struct ConfigFault {
    /// Every fault at its place, as `tipoff check` shows it; without secrets.
    pub(crate) text: String,
    /// The same on one line.
    pub(crate) summary: String,
}

impl ConfigFault {
    /// From all faults of a file.
    pub(crate) fn of(faults: &Faults) -> Self {
        Self::new(faults.render(false), faults.summary())
    }

    /// A fault that is not in the file, such as a certificate that cannot be used.
    pub(crate) fn new(text: String, summary: String) -> Self {
        Self { text, summary }
    }
}
