//! The services that alerts are delivered to: one file or folder per service in `services/`, and a line in
//! [`CHANNELS`]. [`web_push`] is not in the list: nobody writes its settings, a browser makes them.
//!
//! This crate cuts alerts into messages ([`messages`]), reads the settings of channels and sends requests. The crate
//! `tipoff` decides when to send, to retry and to give up, by the verdict that a channel returns.

mod abilities;
mod alert_json;
mod body;
mod buttons;
mod chat_webhook;
mod home_control;
mod http;
mod lock;
mod message_plan;
mod message_service;
mod multipart;
mod services;
mod settings;
mod settings_reader;
mod sides;
mod sound;
mod template;
mod tls;
pub mod web_push;
mod wording;
mod words;

use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{AlertMedia, Outcome};

pub use abilities::{Abilities, Limits, PictureLimits};
pub use home_control::{DEVICES_MAX, Done, HomeControl, HomeState, HookFault, HookRequest};
pub use message_plan::{Attachment, Message, Role, Source, TEXT_FILE_NAME, messages};
pub use services::{CHANNELS, Programs, telegram};
pub use settings::{Hint, Setting, SettingFault, Settings, Shape, Value};
pub use sides::sides;
pub use words::size;

/// A service: what `type` in `[[channel]]` names.
pub struct Entry {
    /// The value of `type`.
    pub kind: &'static str,
    /// The name of the service, as it writes it itself, or what it is.
    pub name: &'static str,
    /// Description in one sentence.
    pub summary: &'static str,
    /// Where the values of its settings are found, for who adds a channel in the dashboard: of every required setting, and of
    /// others that most people need. In the order in which a form asks for them.
    pub find: &'static [Hint],
    /// All settings, in alphabetical order.
    pub settings: &'static [Setting],
    /// Makes a channel from its settings, or returns all faults in them.
    pub build: fn(&Settings) -> Built,
}

impl Entry {
    /// Whether the dashboard can add a channel of this type: not if it needs a setting of this machine, such as a program.
    pub fn can_be_added(&self) -> bool {
        !self.settings.iter().any(|it| it.required && it.shape.is_of_this_machine())
    }
}

/// A channel, or all faults in its settings.
pub type Built = Result<Box<dyn Channel>, Vec<SettingFault>>;

/// The service that `type = "kind"` names.
pub fn entry(kind: &str) -> Option<&'static Entry> {
    CHANNELS.iter().find(|entry| entry.kind == kind)
}

/// A future that can be stored and sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens stored files. Implemented over the spool's blobs.
pub trait Files: Send + Sync {
    /// The decoded bytes of a file; yields exactly `media.size` bytes. Reading blocks.
    fn open(&self, media: &AlertMedia) -> std::io::Result<Box<dyn Read + Send>>;
}

/// A rate limit for one target. Channels with the same key share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Name of the target, such as a bot or a chat. Never holds a secret.
    pub key: String,
    /// Number of messages in any period of `per`.
    pub count: u32,
    /// Length of the period.
    pub per: Duration,
}

/// Everything that a channel needs to send a message, besides the message.
pub struct Context<'a> {
    /// Opens the message's files, on a thread that may block.
    pub files: &'a Arc<dyn Files>,
    /// Pairs that earlier outcomes of this channel stored ([`Outcome::remember`]).
    pub memory: &'a [(String, String)],
    /// The whole alert that the message is a part of.
    pub alert: &'a tipoff_model::Alert,
    /// Starts programs of this machine, for channels that do so.
    pub programs: &'a Programs,
}

/// A configured destination.
pub trait Channel: Send + Sync {
    /// What the service accepts.
    fn abilities(&self) -> Abilities;

    /// Rate limits. Empty if the service's own answers are the only limit.
    fn paces(&self, memory: &[(String, String)]) -> Vec<Pace> {
        let _ = memory;
        Vec::new()
    }

    /// Whether it stores files instead of notifying people. Rate limits for alerts do not apply to an archive.
    fn is_archive(&self) -> bool {
        false
    }

    /// Sends one message. Never takes longer than the channel's own time limit; dropping the
    /// future aborts it.
    fn send<'a>(&'a self, message: &'a Message, context: &'a Context<'a>)
    -> BoxFuture<'a, Outcome>;

    /// Runs beside the alerts for as long as the channel is configured, such as to answer commands or to show
    /// the home mode. `None` if the service has no such task. Dropping the future ends it.
    fn run_background<'a>(
        &'a self,
        home_control: &'a dyn HomeControl,
    ) -> Option<BoxFuture<'a, ()>> {
        let _ = home_control;
        None
    }

    /// Whether the service sends requests to `http.public_url`, which has to be https: see [`Channel::receive`].
    fn needs_public_https(&self) -> bool {
        false
    }

    /// Handles a request that the service sends to [`HomeControl::hook_url`]. `Ok` means that the result is
    /// durable. `None` if this service sends no requests.
    fn receive(&self, request: HookRequest) -> Option<BoxFuture<'_, Result<(), HookFault>>> {
        let _ = request;
        None
    }
}

#[cfg(test)]
mod tests;
