//! The services: one file or folder per service, with its settings, its limits and its requests. Services do not know
//! each other: what several of them need is in a module above this one.
//!
//! A new service is a new file, its `mod` line and its line in [`CHANNELS`]. A test fails if the line is missing.

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
