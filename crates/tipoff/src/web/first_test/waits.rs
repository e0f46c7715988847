//! Since when a page waits for the first test of a device.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tipoff_model::Timestamp;

use crate::runtime::lock::lock;

/// Devices that are remembered; of more, all are forgotten.
const WAITS_MAX: usize = 1_000;

/// When the page of each device was first opened in this run. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct SetupWaits(Arc<Mutex<HashMap<i64, Timestamp>>>);

impl SetupWaits {
    /// Since when the page of this device waits: since now, if it was not opened before.
    pub(super) fn since(&self, device: i64, now: Timestamp) -> Timestamp {
        let mut waits = lock(&self.0);
        if waits.len() >= WAITS_MAX && !waits.contains_key(&device) {
            waits.clear();
        }
        *waits.entry(device).or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_waits_since_it_was_first_opened() {
        let waits = SetupWaits::default();
        let at = |seconds: i64| Timestamp::from_ms(seconds * 1000);
        assert_eq!(waits.since(1, at(5)), at(5));
        assert_eq!(waits.since(1, at(70)), at(5));
        assert_eq!(waits.since(2, at(70)), at(70));
        for device in 0..10 * WAITS_MAX as i64 {
            waits.since(device, at(100));
        }
        assert!(lock(&waits.0).len() <= WAITS_MAX);
    }
}
