//! The moment that `check --explain` and `route test` ask about: a time and a mode.
//!
//! Without an option it is now, in the mode that the running server has. Both subcommands print it
//! above their verdicts.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use tipoff_model::{Past, Timestamp};
use tipoff_rules::{Clock, Rules};
use tipoff_spool::Spool;

use super::failure::BadUsage;
use crate::config::{self, Config};

/// When it would happen.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Moment {
    /// At this time, such as 23:00 or 2026-11-24T23:00, or "12 h" ago [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// In this mode [default: the one that holds then]
    #[arg(long)]
    mode: Option<String>,
}

/// A point in time as options give it: a moment with its offset (RFC 3339), a local date with or without a time, a time
/// of today in the configuration's time zone, or how long ago it was.
pub(super) fn point(
    option: &str,
    text: &str,
    clock: &Clock,
    now: Timestamp,
) -> anyhow::Result<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp::from_ms(at.as_millisecond()));
    }
    let at = match (text.parse::<jiff::civil::DateTime>(), text.parse::<jiff::civil::Time>()) {
        (Ok(at), _) => at,
        (Err(_), Ok(time)) => {
            let today = clock.local(now).context("no calendar has this time")?;
            today.date().to_datetime(time)
        }
        (Err(_), Err(_)) => match config::duration(text) {
            Ok(ago) => return Ok(now.before(ago)),
            Err(_) => bail!(BadUsage(format!(
                "{option}: {text:?} is no time; write \"23:00\", \"2026-11-24\", \"2026-11-24T23:00\", or \
                 \"12 h\" for twelve hours ago"
            ))),
        },
    };
    let at = at.to_zoned_datetime(clock.zone.clone())?;
    Ok(Timestamp::from_ms(at.timestamp().as_millisecond()))
}

/// Prints the time and the mode that the lines below hold for.
pub(super) fn print_moment(rules: &Rules, past: &Past, now: Timestamp) {
    let time = local(&rules.clock, now);
    match rules.mode(past.chosen_mode.as_ref(), now) {
        Some(mode) => println!("at {time}, in mode \"{mode}\":"),
        None => println!("at {time}:"),
    }
}

/// A time for people: in this machine's time zone, to the second. Programs get UTC (`--json`).
pub(super) fn local_time(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_ms()).map_or_else(
        |_| "?".to_owned(),
        |time| {
            let zone = jiff::tz::TimeZone::system();
            time.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

/// The local time, with its weekday.
pub(super) fn local(clock: &Clock, at: Timestamp) -> String {
    clock.local(at).map_or_else(String::new, |at| at.strftime("%A %Y-%m-%d %H:%M").to_string())
}

/// The spool beside a running server; `None` if nothing was stored in the data folder yet.
pub(super) async fn open_spool(config: &Config) -> anyhow::Result<Option<Arc<dyn Spool>>> {
    if !config.spool.is_shared() && !config.data_dir.join("spool.db").exists() {
        return Ok(None);
    }
    Ok(Some(tipoff_spool::open_beside(&config.spool(), Arc::new(config.rules.clone())).await?))
}

impl Moment {
    /// Whether an option names it. Then `check` explains, also without `--explain`.
    pub(super) fn is_given(&self) -> bool {
        self.at.is_some() || self.mode.is_some()
    }

    /// The time as `--at` gives it: a moment with its offset (RFC 3339), a local date and time, or
    /// a time of today in the configuration's time zone. Without `--at` it is `now`.
    pub(super) fn time(&self, clock: &Clock, now: Timestamp) -> anyhow::Result<Timestamp> {
        let Some(text) = self.at.as_deref() else {
            return Ok(now);
        };
        point("--at", text, clock, now)
    }

    /// The past for this moment: with the mode that `--mode` names, else the one that was chosen
    /// last. Without alerts: no cooldown and no limit suppresses anything.
    pub(super) async fn past(
        &self,
        rules: &Rules,
        now: Timestamp,
        spool: Option<&dyn Spool>,
    ) -> anyhow::Result<Past> {
        if let Some(mode) = &self.mode {
            check_mode(mode, rules)?;
            return Ok(Past { chosen_mode: Some((mode.clone(), now)), ..Past::default() });
        }
        let chosen_mode = match spool {
            Some(spool) => spool.chosen_mode().await?,
            None => None,
        };
        Ok(Past { chosen_mode, ..Past::default() })
    }
}

/// Whether there is such a mode.
pub(super) fn check_mode(mode: &str, rules: &Rules) -> anyhow::Result<()> {
    if !rules.modes.iter().any(|known| known.name == mode) {
        let names: Vec<&str> = rules.modes.iter().map(|known| known.name.as_str()).collect();
        let known = match names.as_slice() {
            [] => "no mode is configured".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        bail!(BadUsage(format!("--mode {mode}: there is no such mode; {known}")));
    }
    Ok(())
}
