//! The configuration that holds, and why the file's present content does not.

use std::path::PathBuf;

use tipoff_model::Timestamp;

use super::Faults;

/// How it stands with the configuration.
#[derive(Clone, Debug)]
pub(crate) struct ConfigState {
    /// The file; none: there is none, and the defaults hold.
    pub(crate) path: Option<PathBuf>,
    /// When what holds now was loaded.
    pub(crate) loaded_at: Timestamp,
    /// Why what stands in the file now does not hold.
    pub(crate) fault: Option<ConfigFault>,
    /// What is set in the file and holds only after a restart.
    pub(crate) needs_restart: Vec<String>,
}

/// Why a file was not taken up.
#[derive(Clone, Debug)]
pub(crate) struct ConfigFault {
    /// Every fault at its place, as `tipoff check` shows it; holds no secret.
    pub(crate) text: String,
    /// The same on one line.
    pub(crate) summary: String,
}

impl ConfigFault {
    /// Of all faults of a file.
    pub(crate) fn of(faults: &Faults) -> Self {
        Self::new(faults.render(false), faults.summary())
    }

    /// With these words.
    pub(crate) fn new(text: String, summary: String) -> Self {
        Self { text, summary }
    }
}
