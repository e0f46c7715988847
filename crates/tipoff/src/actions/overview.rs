//! Answers to commands that only read: the state of the home, the latest incidents, the devices.
//!
//! Plain text without markup, since every service shows it. Each answer is limited, so that it fits into one message.

use tipoff_language::Texts;
use tipoff_model::Timestamp;
use tipoff_rules::Clock;
use tipoff_spool::{DeviceFilter, DeviceLine, IncidentFilter, IncidentLine, SpoolError};

use super::{Actions, time_of};
use crate::runtime::local_time::{day_and_minute, minute};

/// Maximum number of devices in an answer.
const DEVICES_MAX: u32 = 50;
/// Maximum number of incidents in an answer.
const INCIDENTS_MAX: u32 = 20;
/// Maximum number of devices that are searched for mutes.
const DEVICES_LOOKED_AT_MAX: u32 = 500;
/// Maximum length of a subject, in characters.
const SUBJECT_CHARS_MAX: usize = 80;
/// A day, in seconds.
const DAY_S: u64 = 24 * 60 * 60;

impl Actions {
    /// Mode, mutes, devices and pending alerts, in a few lines.
    pub(crate) async fn status(&self) -> Result<String, SpoolError> {
        let words = self.words();
        let mut lines = Vec::new();
        if let Some(mode) = self.modes.current(words.now).await? {
            let all = self.modes.all().join(", ");
            let mode = [("mode", (&mode).into()), ("all", (&all).into())];
            lines.push(format!("🏠 {}", words.texts.with("overview-mode", &mode)));
        }
        if let Some(until) = self.spool.muted_until().await? {
            lines.extend(words.muted(&words.texts.text("action-everything"), until));
        }
        let devices = self.spool.devices(&DeviceFilter::default(), DEVICES_LOOKED_AT_MAX).await?;
        for device in devices.iter().take(DEVICES_MAX as usize) {
            lines.extend(device.muted_until.and_then(|until| words.muted(&device.name, until)));
        }
        lines.push(match devices.first() {
            Some(last) => {
                let last = words.device(last);
                let of = [("count", (devices.len() as u64).into()), ("last", (&last).into())];
                format!("📷 {}", words.texts.with("overview-devices", &of))
            }
            None => format!("📷 {}", words.texts.text("overview-no-device")),
        });
        let pending: u64 = self.spool.stats().await?.pending.iter().map(|(_, count)| count).sum();
        lines.push(match pending {
            0 => format!("✅ {}", words.texts.text("overview-nothing-waits")),
            count => format!("⏳ {}", words.texts.count("overview-waiting", count)),
        });
        Ok(lines.join("\n"))
    }

    /// The latest incidents, the newest first. `count` is limited to 1 to 20.
    pub(crate) async fn last(&self, count: u32) -> Result<String, SpoolError> {
        let words = self.words();
        let count = count.clamp(1, INCIDENTS_MAX);
        let incidents = self.spool.incidents(&IncidentFilter::default(), count).await?;
        if incidents.is_empty() {
            return Ok(words.texts.text("overview-no-incident"));
        }
        let lines: Vec<String> = incidents.iter().map(|it| words.incident(it)).collect();
        Ok(lines.join("\n"))
    }

    /// The devices, those seen last first.
    pub(crate) async fn devices(&self) -> Result<String, SpoolError> {
        let words = self.words();
        let devices = self.spool.devices(&DeviceFilter::default(), DEVICES_MAX + 1).await?;
        if devices.is_empty() {
            return Ok(words.texts.text("overview-no-device"));
        }
        let shown = devices.iter().take(DEVICES_MAX as usize);
        let mut lines: Vec<String> = shown.map(|line| words.device(line)).collect();
        if devices.len() > DEVICES_MAX as usize {
            lines.push(words.texts.text("overview-more-devices"));
        }
        Ok(lines.join("\n"))
    }

    fn words(&self) -> Words {
        Words { texts: self.texts(), clock: self.local_clock(), now: self.clock.now() }
    }
}

/// Words of an answer: their language, and the time for which they hold.
struct Words {
    texts: Texts,
    clock: Clock,
    now: Timestamp,
}

impl Words {
    /// `🔇 Front door is muted until 07:00`. `None` once that time has passed.
    fn muted(&self, what: &str, until: Timestamp) -> Option<String> {
        let time = self.until(until)?;
        let of = [("what", what.into()), ("time", (&time).into())];
        Some(format!("🔇 {}", self.texts.with("overview-muted", &of)))
    }

    /// The time of a mute. `None` once it has passed.
    fn until(&self, until: Timestamp) -> Option<String> {
        (until > self.now).then(|| time_of(&self.clock, until, self.now, self.texts))
    }

    /// `Front door, 12 min ago, muted until 07:00`
    fn device(&self, device: &DeviceLine) -> String {
        let last = match device.last_at {
            Some(at) => self.ago(at),
            None => self.texts.text("overview-nothing-yet"),
        };
        let until = device.muted_until.and_then(|until| self.until(until));
        let muted =
            until.map(|time| self.texts.with("overview-until", &[("time", (&time).into())]));
        [Some(device.name.clone()), Some(last), muted]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// `03:12 🚶 Front door · Person, 2 pictures`
    fn incident(&self, incident: &IncidentLine) -> String {
        let what = match self.texts.event(incident.event) {
            Some(title) => title,
            None if incident.subject.is_empty() => self.texts.text("alert-plain"),
            None => incident.subject.chars().take(SUBJECT_CHARS_MAX).collect(),
        };
        let count = |count: u64, key: &str| match count {
            0 => String::new(),
            count => format!(", {}", self.texts.count(key, count)),
        };
        let time = match self.now.since(incident.began_at).as_secs() < DAY_S {
            true => self.clock.local(incident.began_at).map(|at| minute(&at)).unwrap_or_default(),
            false => self.day(incident.began_at),
        };
        format!(
            "{time} {} {} · {what}{}{}",
            incident.event.icon(),
            incident.device,
            count(incident.pictures, "overview-pictures"),
            count(incident.videos, "overview-videos"),
        )
    }

    /// `just now`, `12 min ago`, `3 h ago`, else the day.
    fn ago(&self, at: Timestamp) -> String {
        match self.now.since(at).as_secs() {
            0..60 => self.texts.text("ago-now"),
            seconds @ 60..3600 => self.texts.count("ago-minutes", seconds / 60),
            seconds @ 3600..DAY_S => self.texts.count("ago-hours", seconds / 3600),
            _ => self.day(at),
        }
    }

    /// `24 Nov, 03:12`
    fn day(&self, at: Timestamp) -> String {
        self.clock.local(at).map(|at| day_and_minute(&at, self.texts)).unwrap_or_default()
    }
}
