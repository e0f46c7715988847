//! The services that alerts go to: one file per service in `services/`, and a line in [`CHANNELS`].
//!
//! What is common is here once: what a service may be sent ([`messages`]), settings, HTTP. When
//! to send, to retry and to give up is not decided here.

mod abilities;
mod alert_json;
mod body;
mod buttons;
mod chat_hook;
mod home_control;
mod http;
mod message_service;
mod multipart;
mod plan;
mod services;
mod settings;
mod sides;
mod sound;
mod template;
mod wording;
mod words;

use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{AlertMedia, Outcome};

pub use abilities::{Abilities, Limits, PictureLimits};
pub use home_control::{DEVICES_MAX, Done, HomeControl, HomeState, HookFault, HookRequest};
pub use plan::{Attachment, Message, Role, Source, TEXT_FILE_NAME, messages};
pub use services::{CHANNELS, Programs, telegram};
pub use settings::{Setting, SettingFault, Settings, Shape, Value};
pub use sides::sides;
pub use words::size;

/// A kind of channel: the value of `type` in `[[channel]]`.
pub struct Entry {
    /// The value of `type`.
    pub kind: &'static str,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// Everything that can be set.
    pub settings: &'static [Setting],
    /// Makes a channel of its settings, or says all that is wrong with them.
    pub build: fn(&Settings) -> Built,
}

/// A channel, or all that is wrong with its settings.
pub type Built = Result<Box<dyn Channel>, Vec<SettingFault>>;

/// The service that `type = "kind"` names.
pub fn entry(kind: &str) -> Option<&'static Entry> {
    CHANNELS.iter().find(|entry| entry.kind == kind)
}

/// A future that can be stored and sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens stored files. Implemented over the spool's blobs.
pub trait Files: Send + Sync {
    /// The decoded bytes of a file; yields exactly `media.size` bytes. AnswerMeaning blocks.
    fn open(&self, media: &AlertMedia) -> std::io::Result<Box<dyn Read + Send>>;
}

/// How many messages may be sent in how long to one target. Channels that name the same key share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What is limited: a bot, a chat. Never holds a secret.
    pub key: String,
    /// This many …
    pub count: u32,
    /// … in any stretch of this length.
    pub per: Duration,
}

/// What a message is sent with.
pub struct Context<'a> {
    /// Opens the message's files, on a thread that may block.
    pub files: &'a Arc<dyn Files>,
    /// What earlier outcomes asked to remember for this channel.
    pub memory: &'a [(String, String)],
    /// The whole alert that the message is a part of.
    pub alert: &'a tipoff_model::Alert,
    /// How programs of this machine are started.
    pub programs: &'a Programs,
}

/// A configured destination.
pub trait Channel: Send + Sync {
    /// What the service takes.
    fn abilities(&self) -> Abilities;

    /// How fast it may be sent to; empty: as fast as it answers.
    fn paces(&self, memory: &[(String, String)]) -> Vec<Pace> {
        let _ = memory;
        Vec::new()
    }

    /// Whether it keeps what arrives instead of telling somebody: then nothing is too much for it.
    fn is_archive(&self) -> bool {
        false
    }

    /// Sends one message. Never takes longer than the channel's own time limit; dropping the
    /// future aborts it.
    fn send<'a>(&'a self, message: &'a Message, context: &'a Context<'a>)
    -> BoxFuture<'a, Outcome>;

    /// Stays in touch with the service beside the alerts, for as long as the channel is configured:
    /// what it shows of the household, what it asks of it. None: it does not. Dropping it ends it.
    fn run_background<'a>(
        &'a self,
        home_control: &'a dyn HomeControl,
    ) -> Option<BoxFuture<'a, ()>> {
        let _ = home_control;
        None
    }

    /// Whether the service has to reach us at `http.public_url` over TLS: see [`Channel::receive`].
    fn needs_public_https(&self) -> bool {
        false
    }

    /// Takes a request that the service makes to [`HomeControl::hook_url`]. When this returns well, what
    /// it asked for is durable. None: this service makes no requests.
    fn receive(&self, request: HookRequest) -> Option<BoxFuture<'_, Result<(), HookFault>>> {
        let _ = request;
        None
    }
}

#[cfg(test)]
mod tests;
