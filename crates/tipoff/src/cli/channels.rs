//! `tipoff channels test`: sends a test picture to the configured channels, without a camera.
//!
//! Works without a server and without a spool. The alert goes to the service directly: it is not
//! queued, not repeated and not in the timeline. With a spool, the audit log has an entry.

use clap::Subcommand;
use tipoff_model::Language;
use tipoff_model::Timestamp;

use super::{Ending, Failure, block_on};
use crate::audit::{self, AuditAction};
use crate::config::{ChannelConfig, Config};
use crate::dispatch::send_test;
use crate::runtime::clock::Clock;

/// What can be done with channels.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Send a test picture to one channel, or to all of them
    Test {
        /// The channel's name
        name: Option<String>,
    },
}

/// Tests the channels one after the other. Exit code 1 if one of the tests failed.
pub(super) fn run(action: &Action, config: Config, now: Timestamp) -> Ending {
    let Action::Test { name } = action;
    let wanted = |channel: &&ChannelConfig| name.as_ref().is_none_or(|name| channel.name == *name);
    let channels: Vec<&ChannelConfig> = config.channels.iter().filter(wanted).collect();
    if channels.is_empty() {
        return Err(Failure::Failed(match name {
            Some(name) => {
                let known: Vec<&str> = config.channels.iter().map(|it| it.name.as_str()).collect();
                anyhow::anyhow!("there is no channel {name:?}; there are: {}", known.join(", "))
            }
            None => anyhow::anyhow!("no channel is configured; `tipoff init` sets up Telegram"),
        }));
    }
    let all_fine = block_on(test_all(&channels, config.rules.language))?;
    block_on(note(&config, &channels, now))?;
    if all_fine { Ok(()) } else { Err(Failure::Told) }
}

/// Adds the tests to the audit log, if there is a spool yet.
async fn note(config: &Config, channels: &[&ChannelConfig], now: Timestamp) {
    if let Ok(spool) = super::password::open(config).await {
        for channel in channels {
            let (actor, name) = (audit::command_line(), channel.name.as_str());
            audit::note(&*spool, audit::entry(now, actor, AuditAction::ChannelTest, name, ""))
                .await;
        }
    }
}

/// Prints a line for each channel; whether all tests arrived. A picture that the service took only
/// after a correction counts as arrived.
async fn test_all(channels: &[&ChannelConfig], language: Language) -> bool {
    let mut all_fine = true;
    for channel in channels {
        match send_test(&*channel.channel, &[], Clock::system().now(), language).await {
            Ok(None) => println!("{} ({}): the test arrived", channel.name, channel.kind),
            Ok(Some(repair)) => {
                println!("{} ({}): the test arrived; it was {repair}", channel.name, channel.kind);
            }
            Err(error) => {
                println!("{} ({}): {error}", channel.name, channel.kind);
                all_fine = false;
            }
        }
    }
    all_fine
}
