//! Events of one camera, by a subscription that is pulled or pushed. A pure state machine: [`Subscription::next_step`] says
//! what to do, the caller does it and gives the answer. What is missing is asked for first: the camera's clock, the address
//! of its event service, the subscription.
//!
//! A wrong password is tried once, because accounts lock. A token with a wrong time looks the same to a camera: if the
//! login was accepted before, the clock is asked again, and only then the login counts as wrong.

mod outcome;
mod step;

use std::fmt;
use std::time::Duration;

use tipoff_model::Timestamp;

pub use self::step::{Delivery, Freshness, Messages, Now, Step, StopReason};
use crate::request::{Operation, Reference, SoapRequest};
use crate::token::UsernameToken;

/// How long a subscription is asked for.
const DURATION: Duration = Duration::from_secs(600);
/// How long a camera waits for events before it answers without any.
const PULL_TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// The same for a camera whose subscriptions are short.
const PULL_TIMEOUT_MIN: Duration = Duration::from_secs(1);
/// Messages of one answer.
const PULL_MESSAGES_MAX: u32 = 100;
/// How long an answer may take, besides the time that the camera waits for events.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Pause between two requests for events if the camera does not wait although it has none.
const PACE_EMPTY: Duration = Duration::from_secs(1);
/// The same if it has some.
const PACE: Duration = Duration::from_millis(100);
/// How long before its end a subscription is replaced that cannot be renewed.
const REPLACE_BEFORE: Duration = Duration::from_secs(20);

/// How a camera is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraLogin {
    /// The address of its device service, such as `http://192.168.1.64/onvif/device_service`.
    pub address: String,
    /// The user; empty: no login is sent.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for CameraLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CameraLogin").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The camera's clock, as it was once.
#[derive(Clone, Copy, Debug)]
struct CameraClock {
    /// Our time when it was read.
    at: Duration,
    time: Timestamp,
}

/// A subscription that the camera has.
#[derive(Clone, Debug)]
struct Held {
    reference: Reference,
    /// When it is renewed: at half of its time.
    renew_at: Duration,
    /// When the camera forgets it.
    ends_at: Duration,
}

/// What a camera is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Time,
    Capabilities,
    Services,
    Subscription,
    Messages,
    Renewal,
    Unsubscription,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The next step depends on what is missing.
    Ready,
    /// An answer is due to a request that was made at this time.
    Asked(Asked, Duration),
    /// Nothing is done until then.
    Waiting(Duration),
    Stopped(StopReason),
}

/// The events of one camera.
#[derive(Debug)]
pub struct Subscription {
    camera: CameraLogin,
    delivery: Delivery,
    state: State,
    clock: Option<CameraClock>,
    /// The address of the event service.
    events: Option<String>,
    /// Whether `GetCapabilities` did not name the event service.
    asks_services: bool,
    held: Option<Held>,
    /// Whether a login was accepted since the clock was read.
    is_accepted: bool,
    /// Whether there was a subscription at any time.
    has_worked: bool,
    /// Whether the camera renews subscriptions.
    renews: bool,
    pull_timeout: Duration,
    pull_messages: u32,
    /// Failures since the last success.
    failures: u32,
    /// How much older the times of messages are than the messages.
    time_error: Duration,
    /// Late messages that are still taken from this subscription.
    late_left: usize,
    /// Late messages that were dropped.
    dropped: u64,
    /// The last random byte, which spreads pauses.
    jitter: u8,
    is_ending: bool,
}

impl Subscription {
    /// A subscription that does not exist yet.
    pub fn new(camera: CameraLogin, delivery: Delivery) -> Self {
        Self {
            camera,
            delivery,
            state: State::Ready,
            clock: None,
            events: None,
            asks_services: false,
            held: None,
            is_accepted: false,
            has_worked: false,
            renews: true,
            pull_timeout: PULL_TIMEOUT_MAX,
            pull_messages: PULL_MESSAGES_MAX,
            failures: 0,
            time_error: Duration::ZERO,
            late_left: 0,
            dropped: 0,
            jitter: 0,
            is_ending: false,
        }
    }

    /// The next thing to do; `None` if an answer is due. `random` are bytes that were never used before.
    pub fn next_step(&mut self, now: Now, random: [u8; 16]) -> Option<Step> {
        self.jitter = random.first().copied().unwrap_or_default();
        match self.state {
            State::Asked(..) => return None,
            State::Stopped(reason) => return Some(Step::Stopped(reason)),
            State::Waiting(until) if now.elapsed < until => return Some(Step::Wait { until }),
            State::Waiting(_) | State::Ready => self.state = State::Ready,
        }
        if self.is_ending && self.held.is_none() {
            self.state = State::Stopped(StopReason::Ended);
            return Some(Step::Stopped(StopReason::Ended));
        }
        let Some(clock) = self.clock else {
            return Some(self.ask(Asked::Time, Operation::GetSystemDateAndTime, None, now, random));
        };
        let time = clock.time.after(now.elapsed.saturating_sub(clock.at));
        let is_over = self.held.as_ref().is_some_and(|held| held.ends_at <= now.elapsed);
        if is_over {
            self.held = None;
        }
        let (asked, operation) = match (&self.held, &self.delivery) {
            (Some(_), _) if self.is_ending => (Asked::Unsubscription, Operation::Unsubscribe),
            (Some(held), _) if held.renew_at <= now.elapsed && self.renews => {
                (Asked::Renewal, Operation::Renew(DURATION))
            }
            (Some(held), _) if held.renew_at <= now.elapsed => {
                (Asked::Unsubscription, Operation::Unsubscribe)
            }
            (Some(held), Delivery::Pull) => {
                // A request that waits does not last into the time of the next renewal.
                let left = held.renew_at.saturating_sub(now.elapsed);
                let timeout = self.pull_timeout.min(left).max(PULL_TIMEOUT_MIN);
                (Asked::Messages, Operation::PullMessages(timeout, self.pull_messages))
            }
            (Some(held), Delivery::Push { .. }) => {
                return Some(Step::Wait { until: held.renew_at });
            }
            (None, _) if self.events.is_none() && self.asks_services => {
                (Asked::Services, Operation::GetServices)
            }
            (None, _) if self.events.is_none() => (Asked::Capabilities, Operation::GetCapabilities),
            (None, Delivery::Pull) => {
                (Asked::Subscription, Operation::CreatePullPointSubscription(DURATION))
            }
            (None, Delivery::Push { consumer }) => {
                (Asked::Subscription, Operation::Subscribe(consumer.clone(), DURATION))
            }
        };
        Some(self.ask(asked, operation, Some(time), now, random))
    }

    /// A request to where it belongs; with a login if the camera's time is given.
    fn ask(
        &mut self,
        asked: Asked,
        operation: Operation,
        time: Option<Timestamp>,
        now: Now,
        random: [u8; 16],
    ) -> Step {
        let device = || Reference::to(self.camera.address.clone());
        let to = match (asked, &self.held, &self.events) {
            (Asked::Messages | Asked::Renewal | Asked::Unsubscription, Some(held), _) => {
                held.reference.clone()
            }
            (Asked::Subscription, _, Some(events)) => Reference::to(events.clone()),
            _ => device(),
        };
        let login = time.filter(|_| !self.camera.user.is_empty()).map(|created| UsernameToken {
            user: &self.camera.user,
            password: &self.camera.password,
            nonce: random,
            created,
        });
        let request: SoapRequest = operation.request(&to, login.as_ref(), random);
        let waits = match operation {
            Operation::PullMessages(timeout, _) => timeout,
            _ => Duration::ZERO,
        };
        self.state = State::Asked(asked, now.elapsed);
        Step::Send { request, within: waits + ANSWER_WITHIN }
    }

    /// Ends the subscription: the next steps tell the camera. A request that is under way is given up, and its answer
    /// ignored.
    pub fn end(&mut self) {
        self.is_ending = true;
        if !matches!(self.state, State::Stopped(_)) {
            self.state = State::Ready;
        }
    }

    /// Whether an answer is due.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Asked(..))
    }

    /// Whether the camera has the subscription, as far as is known.
    pub fn is_subscribed(&self) -> bool {
        self.held.is_some()
    }

    /// Late messages that were dropped, because a camera replayed too many.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests;
