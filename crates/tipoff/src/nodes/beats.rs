//! The task that beats. It renews the leases, and lets them end in time when it cannot.

use std::sync::Arc;
use std::time::Duration;

use tipoff_spool::{BEAT_EVERY, Beat, Beaten, LEASE_LASTS, LeaseKey, SpoolError};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Holding, SharedLeases};
use crate::runtime::lock::lock;
use crate::runtime::shutdown::Phase;
use crate::runtime::supervise::{Supervisor, Task};

/// A beat that took longer says too little about the time.
const QUICK: Duration = Duration::from_millis(250);

/// Starts the task. It beats until the program is over: attempts under way need their leases until they are recorded.
pub(super) fn start(shared: &Arc<SharedLeases>, supervisor: &Supervisor) {
    let (shared, shutdown) = (Arc::clone(shared), supervisor.shutdown());
    let began = Instant::now();
    supervisor.spawn_detached(Task::from("node"), move || {
        let (shared, mut shutdown) = (Arc::clone(&shared), shutdown.clone());
        async move {
            while shutdown.phase() != Phase::Over {
                let sent_at = Instant::now();
                shared.beat(sent_at, sent_at - began).await;
                tokio::select! {
                    () = sleep_until(sent_at + BEAT_EVERY) => {}
                    () = shared.beat_soon.notified() => {}
                    () = shutdown.reached(Phase::Over) => {}
                }
            }
            Ok(())
        }
    });
}

impl SharedLeases {
    /// One beat, sent at `sent_at`. If it does not succeed before the leases end, they end.
    pub(super) async fn beat(&self, sent_at: Instant, running: Duration) {
        let mut current = self.member.lock().await;
        let Some(member) = current.clone() else { return };
        let given_up = lock(&self.given_up).clone();
        let beat =
            Beat { wants: self.wants(), given_up: given_up.iter().cloned().collect(), running };
        let ends_at = self.holding.borrow().until.filter(|until| *until > sent_at);
        let answer = self.spool.beat(member, beat);
        match timeout_at(ends_at.unwrap_or(sent_at + LEASE_LASTS), answer).await {
            Ok(Ok((member, beaten))) => {
                *current = Some(member);
                lock(&self.given_up).retain(|key| !given_up.contains(key));
                if sent_at.elapsed() < QUICK {
                    self.clock.follow(beaten.now);
                }
                self.publish(beaten, sent_at);
                return;
            }
            Ok(Err(error)) => tracing::warn!(%error, "This node could not renew its leases."),
            Err(_) => tracing::warn!("The database did not answer in time to renew the leases."),
        }
        self.end_if_over();
    }

    fn wants(&self) -> Vec<LeaseKey> {
        let wants = lock(&self.wants);
        wants.channels.iter().chain(&wants.tasks).cloned().collect()
    }

    /// Takes what the beat said. What was given up while it was under way is not held again.
    fn publish(&self, beaten: Beaten, sent_at: Instant) {
        let Beaten { leases, excess, nodes, .. } = beaten;
        let given_up = lock(&self.given_up).clone();
        let leases = leases.into_iter().filter(|lease| !given_up.contains(&lease.key));
        let holding = Holding {
            leases: leases.map(|lease| (lease.key.clone(), lease)).collect(),
            excess: excess.into_iter().collect(),
            until: Some(sent_at + LEASE_LASTS),
            nodes,
        };
        self.holding.send_if_modified(|before| {
            let is_news = before.leases != holding.leases
                || before.excess != holding.excess
                || !before.is_valid();
            *before = holding;
            is_news
        });
    }

    /// Holds nothing any more once the leases have ended.
    fn end_if_over(&self) {
        self.holding.send_if_modified(|holding| {
            let is_over = !holding.is_valid() && holding.until.is_some();
            if is_over {
                tracing::warn!("This node has lost its leases; it waits until it can renew them.");
                *holding = Holding::default();
            }
            is_over
        });
    }

    /// Gives up everything, so that other nodes take over at once.
    pub(super) async fn leave(&self) -> Result<(), SpoolError> {
        let member = self.member.lock().await.take();
        self.holding.send_replace(Holding::default());
        match member {
            Some(member) => self.spool.leave(&member).await,
            None => Ok(()),
        }
    }
}
