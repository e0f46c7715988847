//! `tipoff channels`: the configured channels, and a test picture for them, without a camera.
//!
//! Works without a server and without a spool. A test goes to the service directly: it is not queued, not repeated and
//! not in the timeline. With a spool, the audit log has an entry, and the list has the numbers of today.

use clap::Subcommand;
use tipoff_model::Language;
use tipoff_model::Timestamp;
use tipoff_spool::{ChannelFigures, Spool};

use super::json::{ChannelJson, ChannelTestJson, print_json};
use super::{Ending, Failure, block_on, moment};
use crate::audit::{self, AuditAction};
use crate::config::{ChannelConfig, Config};
use crate::dispatch::send_test;
use crate::runtime::clock::Clock;

/// What can be done with channels.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// The configured channels: what waits for them, and what was delivered today
    List {
        /// For programs: one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Send a test picture to one channel, or to all of them
    Test {
        /// The channel's name
        name: Option<String>,
        /// For programs: one JSON array
        #[arg(long)]
        json: bool,
    },
}

/// Lists the channels, or tests them one after the other. Exit code 1 if one of the tests failed.
pub(super) fn run(action: &Action, config: Config, clock: &Clock) -> Ending {
    match action {
        Action::List { json } => {
            block_on(list(&config, clock.now(), *json))?.map_err(Failure::Failed)
        }
        Action::Test { name, json } => test(&config, name.as_deref(), clock.now(), *json),
    }
}

/// A channel with what the spool says of it.
struct Listed<'a> {
    channel: &'a ChannelConfig,
    /// Whether its deliveries wait until somebody resumes it.
    paused: bool,
    /// The numbers of today.
    figures: ChannelFigures,
}

/// Prints all channels, in the order of the configuration.
async fn list(config: &Config, now: Timestamp, as_json: bool) -> anyhow::Result<()> {
    let (mut paused, mut figures) = (Vec::new(), Vec::new());
    if let Some(spool) = moment::open_spool(config).await? {
        paused = spool.paused().await?;
        figures = of_today(&*spool, config, now).await?;
    }
    let listed = config.channels.iter().map(|channel| Listed {
        channel,
        paused: paused.contains(&channel.name),
        figures: figures.iter().find(|it| it.channel == channel.name).cloned().unwrap_or_default(),
    });
    let listed: Vec<Listed<'_>> = listed.collect();
    if as_json {
        let rows = listed.iter().map(|it| ChannelJson::new(it.channel, it.paused, &it.figures));
        return print_json(&rows.collect::<Vec<_>>());
    }
    if listed.is_empty() {
        println!("No channel is configured: alerts go nowhere. `tipoff init` sets one up.");
        return Ok(());
    }
    println!(
        "{:<20}  {:<10}  {:<6}  {:>7}  {:>15}  FAILED TODAY",
        "NAME", "TYPE", "STATE", "WAITING", "DELIVERED TODAY"
    );
    for Listed { channel, paused, figures } in &listed {
        println!(
            "{:<20}  {:<10}  {:<6}  {:>7}  {:>15}  {}",
            channel.name,
            channel.kind,
            if *paused { "paused" } else { "on" },
            figures.pending,
            figures.delivered,
            figures.failed,
        );
    }
    Ok(())
}

/// The numbers of each channel since midnight, in the configuration's time zone.
async fn of_today(
    spool: &dyn Spool,
    config: &Config,
    now: Timestamp,
) -> anyhow::Result<Vec<ChannelFigures>> {
    let midnight = config.rules.clock.local(now).and_then(|now| now.start_of_day().ok());
    let midnight = midnight.map_or(now, |at| Timestamp::from_ms(at.timestamp().as_millisecond()));
    Ok(spool.figures(midnight, midnight).await?.channels)
}

fn test(config: &Config, name: Option<&str>, now: Timestamp, as_json: bool) -> Ending {
    let wanted = |channel: &&ChannelConfig| name.is_none_or(|name| channel.name == name);
    let channels: Vec<&ChannelConfig> = config.channels.iter().filter(wanted).collect();
    if channels.is_empty() {
        return Err(Failure::Failed(match name {
            Some(name) if !config.channels.is_empty() => {
                let known: Vec<&str> = config.channels.iter().map(|it| it.name.as_str()).collect();
                anyhow::anyhow!("there is no channel {name:?}; there are: {}", known.join(", "))
            }
            _ => anyhow::anyhow!("no channel is configured; `tipoff init` sets one up"),
        }));
    }
    let results = block_on(test_all(&channels, config.rules.language, as_json))?;
    block_on(note(config, &channels, now))?;
    if as_json {
        print_json(&results).map_err(Failure::Failed)?;
    }
    if results.iter().all(|it| it.arrived) { Ok(()) } else { Err(Failure::Told) }
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

/// Tests the channels, and prints a line for each as soon as its result is known. A picture that the service took only
/// after a correction counts as arrived.
async fn test_all(
    channels: &[&ChannelConfig],
    language: Language,
    as_json: bool,
) -> Vec<ChannelTestJson> {
    let mut results = Vec::new();
    for channel in channels {
        let sent = send_test(&*channel.channel, &[], Clock::system().now(), language).await;
        let said = match &sent {
            Ok(None) => "the test arrived".to_owned(),
            Ok(Some(repair)) => format!("the test arrived; it was {repair}"),
            Err(error) => error.clone(),
        };
        if !as_json {
            println!("{} ({}): {said}", channel.name, channel.kind);
        }
        results.push(ChannelTestJson::new(channel, sent));
    }
    results
}
