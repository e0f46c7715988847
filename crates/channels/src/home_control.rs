//! What a channel's background task may read and request: the way from a channel back into the program. Channels
//! know neither the spool nor the rules.

use std::time::SystemTime;

use tipoff_model::{Action, DeviceId};

use crate::{BoxFuture, Pace};

/// Number of devices that a service gets to see at most.
pub const DEVICES_MAX: usize = 500;

/// What a channel's background task ([`crate::Channel::run_background`]) may read and request. Each channel has its
/// own, so that each request is recorded with the channel's name.
pub trait HomeControl: Send + Sync {
    /// Waits until the state differs from `known`, and returns it. Returns at once if `known` is `None`.
    fn next_state(&self, known: Option<HomeState>) -> BoxFuture<'_, HomeState>;

    /// Sets the home mode, or returns why that is not possible.
    fn choose_mode(&self, mode: String) -> BoxFuture<'_, Result<(), String>>;

    /// Carries out an action that `person` requests; empty if the service does not say who. When this returns, the
    /// result is durable. Repeating the action changes nothing. An error is a sentence for the person.
    fn act<'a>(
        &'a self,
        action: &'a Action,
        person: &'a str,
    ) -> BoxFuture<'a, Result<Done, String>>;

    /// Mode, mutes and waiting deliveries, in a few lines.
    fn status(&self) -> BoxFuture<'_, Result<String, String>>;

    /// The latest incidents, one a line, the newest first. At most 20.
    fn last(&self, count: u32) -> BoxFuture<'_, Result<String, String>>;

    /// The devices, one a line, those that sent something last first. At most 50.
    fn devices(&self) -> BoxFuture<'_, Result<String, String>>;

    /// The channel's stored pairs: the same as [`crate::Context::memory`].
    fn memory(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>>;

    /// Stores pairs for this channel, over restarts. A value replaces the earlier one of its key.
    fn remember(&self, pairs: Vec<(String, String)>) -> BoxFuture<'_, Result<(), String>>;

    /// Waits until the rate limits allow one more message that is no alert, and counts it. Leaves room in each
    /// rate limit for an alert, so that no alert waits for such a message.
    fn wait_for_spare_turn<'a>(&'a self, paces: &'a [Pace]) -> BoxFuture<'a, ()>;

    /// The address at which the service can send requests to this channel: [`crate::Channel::receive`].
    /// `None` if `http.public_url` is not set to an https:// address.
    fn hook_url(&self) -> Option<String>;

    /// The address of the dashboard, without a slash at its end. `None` if it is not known how others reach it.
    fn dashboard(&self) -> Option<String> {
        None
    }
}

/// The state of the home: mode and devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeState {
    /// The current mode. `None` if there are no modes.
    pub mode: Option<String>,
    /// All modes, in the order of the configuration.
    pub modes: Vec<String>,
    /// Known devices with their names: those that sent something last, at most [`DEVICES_MAX`], in the order of
    /// their ids.
    pub devices: Vec<(DeviceId, String)>,
}

/// An action that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// A sentence for whoever asked: "Front door is muted until 07:00."
    pub text: String,
    /// The same for a button below the message, at most 40 characters: "🔇 Until 07:00".
    pub label: String,
    /// Actions that can follow, with their labels; the first one undoes this action.
    pub next: Vec<(Action, String)>,
}

/// A request that a service sent to Tipoff.
#[derive(Clone, Debug)]
pub struct HookRequest {
    /// Its headers. The names are in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body, of at most 1 MB.
    pub body: Vec<u8>,
    /// Time of receipt.
    pub at: SystemTime,
}

impl HookRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why a request of a service was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFault {
    /// It does not come from the service.
    Forbidden,
    /// It cannot be read. Repeating it does not help.
    Unreadable,
    /// It cannot be handled now. The service has to send it again.
    Later,
}
