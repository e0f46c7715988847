//! Names of stored things. Numbers, because people type them: `tipoff incidents show 17`.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// One thing that was received, complete or torn. Given by the spool, growing, never used again.
    ArrivalId
);
number_id!(
    /// One alert of an incident for one channel. Given by the spool, growing, never used again.
    DeliveryId
);
number_id!(
    /// A device that has sent something, or was added on the dashboard. Given by the spool.
    DeviceId
);
number_id!(
    /// The arrivals of one device that belong to one detection. Given by the spool, growing.
    IncidentId
);

/// The name of a stored file, relative to the spool's folder of blobs. Made by the spool alone: nothing that a device
/// sends is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobName(pub String);

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_bare() {
        assert_eq!(IncidentId(17).to_string(), "17");
        assert_eq!(BlobName("2026/11/a1".to_owned()).to_string(), "2026/11/a1");
    }
}
