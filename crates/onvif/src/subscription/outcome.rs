//! What answers change.

use std::mem;
use std::time::Duration;

use super::{
    Asked, CameraClock, DURATION, Freshness, Held, Messages, Now, PACE, PACE_EMPTY,
    PULL_MESSAGES_MAX, PULL_TIMEOUT_MAX, PULL_TIMEOUT_MIN, REPLACE_BEFORE, State, StopReason,
    Subscription,
};
use crate::answer::{self, Granted, Pulled, Services};
use crate::fault::Fault;

/// The age from which a message is late. Clocks of cameras jump by seconds, and queues are emptied within a minute.
const LATE_AFTER: Duration = Duration::from_secs(300);
/// A camera that has messages answers within this time.
const QUEUED_WITHIN: Duration = Duration::from_secs(3);
/// Late messages that are taken from one subscription.
const LATE_MAX: usize = 100;
/// The longest pause after failures, without what spreads it.
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// Failures in a row after which a subscription is given up.
const FAILURES_MAX: u32 = 3;

impl Subscription {
    /// Takes the answer to the last request. `Some`: its body has messages. An answer that is not due is ignored.
    pub fn answered(&mut self, now: Now, status: u16, body: &[u8]) -> Option<Messages> {
        let State::Asked(asked, at) = mem::replace(&mut self.state, State::Ready) else {
            return None;
        };
        let camera = self.camera.address.clone();
        match asked {
            Asked::Time => self.time_read(now, answer::system_time(status, body)),
            Asked::Capabilities => {
                self.services_read(now, answer::capabilities(status, body, &camera))
            }
            Asked::Services => self.services_read(now, answer::services(status, body, &camera)),
            Asked::Subscription => self.subscribed(now, answer::granted(status, body, &camera)),
            Asked::Renewal => self.renewed(now, answer::granted(status, body, &camera)),
            Asked::Unsubscription => self.held = None,
            Asked::Messages => return self.pulled(now, at, answer::pulled(status, body)),
        }
        None
    }

    /// The last request has no answer: no connection, or the time is over.
    pub fn failed(&mut self, now: Now) {
        let State::Asked(asked, _) = mem::replace(&mut self.state, State::Ready) else {
            return;
        };
        if asked == Asked::Unsubscription {
            self.held = None;
            return;
        }
        // A camera that starts anew may have another time, and a login with a wrong time counts as wrong.
        self.clock = None;
        self.pause(now);
    }

    fn time_read(&mut self, now: Now, time: Result<tipoff_model::Timestamp, Fault>) {
        let time = match time {
            Err(Fault::Http(_) | Fault::Other(_)) => return self.pause(now),
            // Without a clock of its own the camera gets ours.
            Err(_) => now.utc,
            Ok(time) => time,
        };
        self.clock = Some(CameraClock { at: now.elapsed, time });
    }

    fn services_read(&mut self, now: Now, services: Result<Services, Fault>) {
        match services {
            Ok(Services { events: Some(events), .. }) => {
                self.is_accepted = true;
                self.events = Some(events);
            }
            Err(Fault::NotAuthorized) => self.refused(now),
            Ok(_) | Err(Fault::NotSupported) if self.asks_services => self.unsupported(now),
            Ok(_) | Err(Fault::NotSupported) => self.asks_services = true,
            Err(_) => self.pause(now),
        }
    }

    fn subscribed(&mut self, now: Now, granted: Result<Granted, Fault>) {
        match granted {
            Ok(Granted { reference: Some(reference), duration }) => {
                self.is_accepted = true;
                self.has_worked = true;
                self.late_left = LATE_MAX;
                self.hold(now, reference, duration);
                if !matches!(self.delivery, super::Delivery::Pull) {
                    self.failures = 0;
                }
            }
            Err(Fault::NotAuthorized) => self.refused(now),
            Err(Fault::NotSupported) => self.unsupported(now),
            Ok(_) | Err(_) => {
                // The address of the event service may have changed.
                self.events = None;
                self.pause(now);
            }
        }
    }

    fn hold(&mut self, now: Now, reference: crate::Reference, duration: Option<Duration>) {
        let duration = duration.filter(|it| !it.is_zero()).unwrap_or(DURATION).min(DURATION);
        let half = duration / 2;
        self.pull_timeout = self.pull_timeout.min(half).max(PULL_TIMEOUT_MIN);
        let ends_at = now.elapsed + duration;
        let renew_at = match self.renews {
            true => now.elapsed + half,
            false => now.elapsed + duration.saturating_sub(REPLACE_BEFORE).max(half),
        };
        self.held = Some(Held { reference, renew_at, ends_at });
    }

    fn renewed(&mut self, now: Now, granted: Result<Granted, Fault>) {
        match granted {
            Ok(Granted { duration, .. }) => {
                self.is_accepted = true;
                self.failures = 0;
                if let Some(held) = self.held.take() {
                    self.hold(now, held.reference, duration);
                }
            }
            Err(Fault::NotAuthorized) => self.refused(now),
            Err(Fault::UnknownSubscription) => self.lost(now),
            Err(Fault::NotSupported | Fault::Other(_)) => {
                self.renews = false;
                if let Some(held) = &mut self.held {
                    let late = held.ends_at.saturating_sub(REPLACE_BEFORE);
                    held.renew_at = late.max(now.elapsed);
                }
            }
            Err(_) => self.pause(now),
        }
    }

    fn pulled(
        &mut self,
        now: Now,
        asked_at: Duration,
        pulled: Result<Pulled, Fault>,
    ) -> Option<Messages> {
        let pulled = match pulled {
            Ok(pulled) => pulled,
            Err(fault) => {
                self.pull_failed(now, fault);
                return None;
            }
        };
        self.is_accepted = true;
        self.failures = 0;
        if let (Some(held), Some(duration)) = (&mut self.held, pulled.duration) {
            // Many cameras prolong a subscription with each request for its messages.
            held.ends_at = held.ends_at.max(now.elapsed + duration.min(DURATION));
        }
        let pace = if pulled.messages == 0 { PACE_EMPTY } else { PACE };
        self.state = State::Waiting(asked_at + pace);
        if pulled.messages == 0 {
            return None;
        }
        let freshness = self.freshness(now.elapsed.saturating_sub(asked_at), pulled.age);
        if freshness == Freshness::Late {
            let Some(left) = self.late_left.checked_sub(pulled.messages) else {
                self.late_left = 0;
                self.dropped = self.dropped.saturating_add(pulled.messages as u64);
                return None;
            };
            self.late_left = left;
        }
        Some(Messages { count: pulled.messages, freshness })
    }

    /// `waited` is how long the camera took to answer. Some cameras write their local time as if it were UTC: messages
    /// that they waited for show by how much their times are wrong.
    fn freshness(&mut self, waited: Duration, age: Option<Duration>) -> Freshness {
        let age = age.unwrap_or_default();
        if waited > QUEUED_WITHIN {
            self.time_error = if age > LATE_AFTER { age } else { Duration::ZERO };
            return Freshness::Live;
        }
        match age.saturating_sub(self.time_error) > LATE_AFTER {
            true => Freshness::Late,
            false if self.time_error.is_zero() => Freshness::Queued,
            false => Freshness::Live,
        }
    }

    fn pull_failed(&mut self, now: Now, fault: Fault) {
        match fault {
            Fault::NotAuthorized => self.refused(now),
            Fault::UnknownSubscription | Fault::NotSupported => self.lost(now),
            Fault::PullLimits { timeout, messages } => {
                let timeout = timeout.unwrap_or(PULL_TIMEOUT_MAX);
                self.pull_timeout = self.pull_timeout.min(timeout).max(PULL_TIMEOUT_MIN);
                let messages = messages.unwrap_or(PULL_MESSAGES_MAX);
                self.pull_messages = self.pull_messages.min(messages).max(1);
                self.pause(now);
            }
            Fault::Http(_) | Fault::Malformed | Fault::Other(_) => {
                self.pause(now);
                if self.failures >= FAILURES_MAX {
                    self.held = None;
                }
            }
        }
    }

    /// The camera forgot the subscription.
    fn lost(&mut self, now: Now) {
        self.held = None;
        self.pause(now);
    }

    /// The login was refused.
    fn refused(&mut self, now: Now) {
        if mem::take(&mut self.is_accepted) {
            self.clock = None;
            self.pause(now);
        } else {
            self.state = State::Stopped(StopReason::WrongPassword);
        }
    }

    /// The camera has no such service. One that had it before only starts anew.
    fn unsupported(&mut self, now: Now) {
        self.asks_services = false;
        if self.has_worked {
            self.events = None;
            self.pause(now);
        } else {
            self.state = State::Stopped(StopReason::NotSupported);
        }
    }

    /// Waits: 1 s, then twice as long after each failure, half as much more at random, so that cameras of one network do
    /// not come back all at once.
    fn pause(&mut self, now: Now) {
        let base = Duration::from_secs(1) * 2_u32.pow(self.failures.min(4));
        self.failures = self.failures.saturating_add(1);
        let base = base.min(PAUSE_MAX);
        let pause = base + base * u32::from(self.jitter) / 512;
        self.state = State::Waiting(now.elapsed + pause);
    }
}
