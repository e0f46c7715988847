//! Which cameras this node asks: several nodes share them, and each is asked by one of them.
//!
//! A lease for each camera would be thousands that are renewed every few seconds. So there are some tens of shares, and the
//! name of a device decides which of them it is in.

use std::sync::Arc;

use tokio::sync::watch;

use crate::nodes::Leases;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::Supervisor;

/// Number of shares. Nodes of different versions agree on it: a change needs other names.
const SHARES: usize = 32;

/// Whether this node asks the devices of each share.
pub(super) struct Shares {
    held: Vec<Arc<watch::Sender<bool>>>,
}

impl Shares {
    /// The shares of this node. If it is the only one, it has them all and nothing is started.
    pub(super) fn start(leases: &Leases, supervisor: &Supervisor) -> Self {
        let is_alone = !leases.has_others();
        let held: Vec<_> = (0..SHARES).map(|_| Arc::new(watch::Sender::new(is_alone))).collect();
        if !is_alone {
            for (number, held) in held.iter().enumerate() {
                let (name, leases, held) = (name(number), leases.clone(), Arc::clone(held));
                let task = name.clone();
                supervisor.spawn_part(&task, move |shutdown| {
                    hold(leases.clone(), name.clone(), Arc::clone(&held), shutdown)
                });
            }
        }
        Self { held }
    }

    /// Whether this node asks the device of this name, now and later.
    pub(super) fn of(&self, device: &str) -> watch::Receiver<bool> {
        let held = self.held.get(share(device)).or(self.held.first());
        held.map_or_else(|| watch::channel(false).1, |held| held.subscribe())
    }
}

/// The share of the device of this name. The same on every node.
fn share(device: &str) -> usize {
    let digest = blake3::hash(device.as_bytes());
    usize::from(digest.as_bytes()[0]) % SHARES
}

fn name(number: usize) -> String {
    format!("pull-{number:02}")
}

/// Says whenever this node holds a share.
async fn hold(leases: Leases, name: String, held: Arc<watch::Sender<bool>>, shutdown: Shutdown) {
    let work = || async {
        let _held = Held::new(&held);
        shutdown.clone().reached(Phase::Ending).await;
    };
    leases.while_held(&name, shutdown.clone(), work).await;
}

/// A share that is held until this is dropped.
struct Held<'a>(&'a watch::Sender<bool>);

impl<'a> Held<'a> {
    fn new(held: &'a watch::Sender<bool>) -> Self {
        held.send_replace(true);
        Self(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_has_one_share_and_they_are_spread() {
        let mut counts = vec![0; SHARES];
        for number in 0..3200 {
            counts[share(&format!("Camera {number}"))] += 1;
        }
        assert!(counts.iter().all(|count| (50..200).contains(count)), "{counts:?}");
        assert_eq!(share("Yard"), share("Yard"));
    }
}
