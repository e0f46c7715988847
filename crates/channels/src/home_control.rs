//! What a service that stays in touch may know of the household, and what it may ask for: the way
//! from a channel back into the program. Channels know no spool and no rules.

use std::time::SystemTime;

use tipoff_model::{Action, DeviceId};

use crate::{BoxFuture, Pace};

/// How many devices a service is told of before they have sent something.
pub const DEVICES_MAX: usize = 500;

/// What a service that stays in touch may know of the household, and may ask of it. Each channel has
/// its own: what it asks for is noted with its name.
pub trait HomeControl: Send + Sync {
    /// Waits until it stands otherwise than `known`; how it stands then. With nothing known: at once.
    fn next_state(&self, known: Option<HomeState>) -> BoxFuture<'_, HomeState>;

    /// Chooses the mode that is to hold from now on; or says why that cannot be.
    fn choose_mode(&self, mode: String) -> BoxFuture<'_, Result<(), String>>;

    /// Carries out an action that `person` asks for; the empty string where the service does not say
    /// who. When this returns, the result is durable. The same action again changes nothing more. An
    /// error is a sentence for the person.
    fn act<'a>(
        &'a self,
        action: &'a Action,
        person: &'a str,
    ) -> BoxFuture<'a, Result<Done, String>>;

    /// How the household stands, in a few lines: mode, mutes, what waits.
    fn status(&self) -> BoxFuture<'_, Result<String, String>>;

    /// The latest incidents, one a line, the newest first. At most 20.
    fn last(&self, count: u32) -> BoxFuture<'_, Result<String, String>>;

    /// The devices, one a line, those that sent something last first. At most 50.
    fn devices(&self) -> BoxFuture<'_, Result<String, String>>;

    /// What the channel has remembered: the same as [`crate::Context::memory`].
    fn memory(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>>;

    /// Has the channel remember this over restarts; a value replaces the earlier one of its key.
    fn remember(&self, pairs: Vec<(String, String)>) -> BoxFuture<'_, Result<(), String>>;

    /// Waits until the service may be sent one more message that is no alert, and counts it. Leaves
    /// room in each pace for an alert, so that none waits for it.
    fn wait_for_spare_turn<'a>(&'a self, paces: &'a [Pace]) -> BoxFuture<'a, ()>;

    /// The address at which the service can send requests to this channel: [`crate::Channel::receive`].
    /// `None` if `http.public_url` is not set to an https:// address.
    fn hook_url(&self) -> Option<String>;

    /// The address of the dashboard, without a slash at its end. `None` if it is not known how others reach it.
    fn dashboard(&self) -> Option<String> {
        None
    }
}

/// How a household stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeState {
    /// The mode that holds; none: there are no modes.
    pub mode: Option<String>,
    /// All modes, in the order of the configuration.
    pub modes: Vec<String>,
    /// The devices that are known, with their names: those heard last, at most [`DEVICES_MAX`], in the order of
    /// their numbers.
    pub devices: Vec<(DeviceId, String)>,
}

/// An action that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// A sentence for whoever asked: "Front door is muted until 07:00."
    pub text: String,
    /// The same for a button below the message, at most 40 characters: "🔇 Until 07:00".
    pub label: String,
    /// What can be asked for next, with its label: first what takes it back.
    pub next: Vec<(Action, String)>,
}

/// A request that a service made to us.
#[derive(Clone, Debug)]
pub struct HookRequest {
    /// Its headers. The names are in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body, of at most 1 MB.
    pub body: Vec<u8>,
    /// When it came.
    pub at: SystemTime,
}

impl HookRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why a request of a service was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFault {
    /// It does not come from the service.
    Forbidden,
    /// It cannot be read; the same request again would not help.
    Unreadable,
    /// Nothing can be done with it now; the service is to send it again.
    Later,
}
