//! The configuration that was added in the dashboard. The spool does not read it.

use std::fmt;

use crate::{BoxFuture, Result};

/// A document that is replaced as a whole, and the number of its replacements.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AddedConfiguration {
    /// Number of replacements; 0 if nothing was ever added. A replacement names the version that it replaces.
    pub version: u64,
    /// The text; may contain secrets.
    pub document: String,
}

/// Omits the document: it holds secrets.
impl fmt::Debug for AddedConfiguration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, document: _ } = self;
        formatter
            .debug_struct("AddedConfiguration")
            .field("version", version)
            .finish_non_exhaustive()
    }
}

/// Reads and replaces it.
pub trait AddedConfigurations {
    /// The added configuration.
    fn added_configuration(&self) -> BoxFuture<'_, Result<AddedConfiguration>>;

    /// Replaces version `replaced` by `document`. False, and nothing is changed, if it has another version by now.
    fn replace_added_configuration(
        &self,
        document: String,
        replaced: u64,
    ) -> BoxFuture<'_, Result<bool>>;
}
