//! Who sends.

use serde::{Deserialize, Serialize};

/// A camera, recorder, printer, UPS: known from configuration, or discovered at its first arrival.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device {
    /// What it is recognised by, unique and lasting: its configured name, or what a discovered
    /// device told of itself together with its address. Never shown.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Whether no configured device fits, so that key and name are what it told itself.
    pub discovered: bool,
}
