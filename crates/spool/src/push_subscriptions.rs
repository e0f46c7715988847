//! Browsers that get notifications: each belongs to the person who subscribed it, and is a channel of its own.

use std::fmt;

use tipoff_model::{Event, Timestamp};

use crate::{BoxFuture, Reader, Result};

/// A browser that a person subscribed.
#[derive(Clone, PartialEq, Eq)]
pub struct PushSubscription {
    /// Number of the subscription. Not read when one is added.
    pub id: i64,
    /// Whose it is. It ends with their account.
    pub reader: Reader,
    /// Name of the browser, such as `Firefox on Android`.
    pub browser: String,
    /// The login in which the browser subscribed: it ends with it. `None` if a reverse proxy logs people in.
    pub login: Option<i64>,
    /// Address at the browser's push service; secret, and unique.
    pub endpoint: String,
    /// The browser's public key, in base64url.
    pub p256dh: String,
    /// The browser's secret, in base64url.
    pub auth: String,
    /// Origin of the page that subscribed.
    pub origin: String,
    /// The alerts that are wanted.
    pub wanted: PushFilter,
    /// When it was made.
    pub created_at: Timestamp,
}

impl PushSubscription {
    /// Name of its channel. The number makes it unique.
    pub fn channel(&self) -> String {
        format!("{} (push {})", self.browser, self.id)
    }
}

/// Omits endpoint and keys: whoever has them can send to the browser.
impl fmt::Debug for PushSubscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, reader, browser, wanted, .. } = self;
        formatter
            .debug_struct("PushSubscription")
            .field("id", id)
            .field("reader", reader)
            .field("browser", browser)
            .field("wanted", wanted)
            .finish_non_exhaustive()
    }
}

/// Which incidents a person wants to be notified of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushFilter {
    /// Names of devices; empty: all.
    pub devices: Vec<String>,
    /// Events; empty: all.
    pub events: Vec<Event>,
}

/// Limits of subscriptions: each is a channel with a task and a queue.
#[derive(Clone, Copy, Debug)]
pub struct PushLimits {
    /// Subscriptions of one person.
    pub of_reader: u32,
    /// Subscriptions of all.
    pub all: u32,
}

/// The part of the spool that stores the browsers that get notifications.
pub trait PushSubscriptions {
    /// The key by which push services recognise this spool's program: `candidate` if there was none yet. It never changes, and
    /// all nodes have the same.
    fn vapid_key(&self, candidate: Vec<u8>) -> BoxFuture<'_, Result<Vec<u8>>>;

    /// All subscriptions, the oldest first.
    fn push_subscriptions(&self) -> BoxFuture<'_, Result<Vec<PushSubscription>>>;

    /// When an alert was delivered last, of those subscriptions that had one.
    fn last_pushes(&self) -> BoxFuture<'_, Result<Vec<(i64, Timestamp)>>>;

    /// Adds a subscription in place of the one with the same endpoint, which is the same browser. Returns its number, or
    /// `None` if a limit is reached.
    fn add_push_subscription(
        &self,
        subscription: PushSubscription,
        limits: PushLimits,
    ) -> BoxFuture<'_, Result<Option<i64>>>;

    /// Changes what is wanted. `false` if there is no such subscription.
    fn set_push_filter(&self, id: i64, wanted: PushFilter) -> BoxFuture<'_, Result<bool>>;

    /// Removes a subscription. `false` if there was none of this number.
    fn remove_push_subscription(&self, id: i64) -> BoxFuture<'_, Result<bool>>;

    /// The browser of the login `from` has logged in anew: the subscriptions that its person made there belong to `to`.
    fn hand_over_push_subscriptions(&self, from: i64, to: i64) -> BoxFuture<'_, Result<()>>;
}
