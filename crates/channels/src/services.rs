//! The services: one file per service, with its settings, its limits and the requests that it takes.
//!
//! A new service is a new file, its `mod` line and its line in [`CHANNELS`].

mod apprise;
mod archive;
mod discord;
mod email;
mod exec;
mod gotify;
mod matrix;
mod mattermost;
mod mqtt;
mod ntfy;
#[cfg(test)]
#[path = "../tests/made_up/pigeon.rs"]
pub(crate) mod pigeon;
mod pushover;
mod rocketchat;
mod signal;
mod slack;
pub mod telegram;
mod webhook;

use crate::Entry;

pub use exec::Programs;

/// Every service, in alphabetical order.
pub const CHANNELS: &[Entry] = &[
    apprise::ENTRY,
    archive::ENTRY,
    discord::ENTRY,
    email::ENTRY,
    exec::ENTRY,
    gotify::ENTRY,
    matrix::ENTRY,
    mattermost::ENTRY,
    mqtt::ENTRY,
    ntfy::ENTRY,
    pushover::ENTRY,
    rocketchat::ENTRY,
    signal::ENTRY,
    slack::ENTRY,
    telegram::ENTRY,
    webhook::ENTRY,
];
