//! `tipoff channels`: try the configured channels without a camera.

use clap::Subcommand;

use super::{Ending, Failure, block_on};
use crate::audit::{self, what};
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

/// Does it.
pub(super) fn run(action: &Action, config: Config) -> Ending {
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
    let all_fine = block_on(test_all(&channels))?;
    block_on(note(&config, &channels))?;
    if all_fine { Ok(()) } else { Err(Failure::Told) }
}

/// Notes it in the audit log, where there is a spool yet.
async fn note(config: &Config, channels: &[&ChannelConfig]) {
    if let Ok(spool) = super::password::open(config) {
        for channel in channels {
            let (actor, name) = (audit::command_line(), channel.name.as_str());
            audit::note(&spool, audit::entry(actor, what::CHANNEL_TEST, name, "")).await;
        }
    }
}

async fn test_all(channels: &[&ChannelConfig]) -> bool {
    let mut all_fine = true;
    for channel in channels {
        match send_test(&*channel.channel, &[], Clock::system().now()).await {
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
