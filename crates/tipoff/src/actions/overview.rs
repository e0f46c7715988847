//! Answers to commands that only read: the state of the home, the latest incidents, the devices.
//!
//! Plain text without markup, since every service shows it. Each answer is limited, so that it fits into one message.

use tipoff_model::Timestamp;
use tipoff_rules::Clock;
use tipoff_spool::{DeviceFilter, DeviceLine, IncidentFilter, IncidentLine, SpoolError};

use super::{Actions, time_of};

/// Maximum number of devices in an answer.
const DEVICES_MAX: u32 = 50;
/// Maximum number of incidents in an answer.
const INCIDENTS_MAX: u32 = 20;
/// Maximum number of devices that are searched for mutes.
const DEVICES_LOOKED_AT_MAX: u32 = 500;
/// Maximum length of a subject, in characters.
const SUBJECT_CHARS_MAX: usize = 80;

impl Actions {
    /// Mode, mutes, devices and pending alerts, in a few lines.
    pub(crate) async fn status(&self) -> Result<String, SpoolError> {
        let (now, clock) = (self.clock.now(), self.local_clock());
        let mut lines = Vec::new();
        if let Some(mode) = self.modes.current(now).await? {
            lines.push(format!("🏠 Mode: {mode} (of {})", self.modes.all().join(", ")));
        }
        if let Some(until) = self.spool.muted_until().await?.filter(|until| *until > now) {
            lines.push(format!("🔇 Everything is muted until {}", time_of(&clock, until, now)));
        }
        let devices = self.spool.devices(&DeviceFilter::default(), DEVICES_LOOKED_AT_MAX).await?;
        for device in devices.iter().take(DEVICES_MAX as usize) {
            if let Some(until) = device.muted_until.filter(|until| *until > now) {
                let time = time_of(&clock, until, now);
                lines.push(format!("🔇 {} is muted until {time}", device.name));
            }
        }
        lines.push(match devices.first() {
            Some(last) => {
                format!("📷 {} devices; last: {}", devices.len(), device_line(last, &clock, now))
            }
            None => "📷 No device has sent anything yet".to_owned(),
        });
        let pending: u64 = self.spool.stats().await?.pending.iter().map(|(_, count)| count).sum();
        lines.push(match pending {
            0 => "✅ No alert is waiting".to_owned(),
            1 => "⏳ 1 alert is waiting".to_owned(),
            count => format!("⏳ {count} alerts are waiting"),
        });
        Ok(lines.join("\n"))
    }

    /// The latest incidents, the newest first. `count` is limited to 1 to 20.
    pub(crate) async fn last(&self, count: u32) -> Result<String, SpoolError> {
        let (now, clock) = (self.clock.now(), self.local_clock());
        let count = count.clamp(1, INCIDENTS_MAX);
        let incidents = self.spool.incidents(&IncidentFilter::default(), count).await?;
        if incidents.is_empty() {
            return Ok("There is no incident yet.".to_owned());
        }
        let lines: Vec<String> =
            incidents.iter().map(|incident| incident_line(incident, &clock, now)).collect();
        Ok(lines.join("\n"))
    }

    /// The devices, those seen last first.
    pub(crate) async fn devices(&self) -> Result<String, SpoolError> {
        let (now, clock) = (self.clock.now(), self.local_clock());
        let devices = self.spool.devices(&DeviceFilter::default(), DEVICES_MAX + 1).await?;
        if devices.is_empty() {
            return Ok("No device has sent anything yet.".to_owned());
        }
        let shown = devices.iter().take(DEVICES_MAX as usize);
        let mut lines: Vec<String> = shown.map(|line| device_line(line, &clock, now)).collect();
        if devices.len() > DEVICES_MAX as usize {
            lines.push("There are more: the dashboard shows all devices.".to_owned());
        }
        Ok(lines.join("\n"))
    }
}

/// `Front door, 12 min ago, muted until 07:00`
fn device_line(device: &DeviceLine, clock: &Clock, now: Timestamp) -> String {
    let last = match device.last_at {
        Some(at) => ago(clock, at, now),
        None => "nothing yet".to_owned(),
    };
    match device.muted_until.filter(|until| *until > now) {
        Some(until) => {
            format!("{}, {last}, muted until {}", device.name, time_of(clock, until, now))
        }
        None => format!("{}, {last}", device.name),
    }
}

/// `03:12 🚶 Front door · Person, 2 pictures`
fn incident_line(incident: &IncidentLine, clock: &Clock, now: Timestamp) -> String {
    let what = match incident.event.title() {
        Some(title) => title.to_owned(),
        None if incident.subject.is_empty() => "Alert".to_owned(),
        None => incident.subject.chars().take(SUBJECT_CHARS_MAX).collect(),
    };
    let count = |number: u64, one: &str| match number {
        0 => String::new(),
        1 => format!(", 1 {one}"),
        number => format!(", {number} {one}s"),
    };
    let day = 24 * 60 * 60;
    let format =
        if now.since(incident.began_at).as_secs() < day { "%H:%M" } else { "%-d %b, %H:%M" };
    let time = clock.local(incident.began_at).map(|at| at.strftime(format).to_string());
    format!(
        "{} {} {} · {what}{}{}",
        time.unwrap_or_default(),
        incident.event.icon(),
        incident.device,
        count(incident.pictures, "picture"),
        count(incident.videos, "video"),
    )
}

/// `just now`, `12 min ago`, `3 h ago`, else the day.
fn ago(clock: &Clock, at: Timestamp, now: Timestamp) -> String {
    match now.since(at).as_secs() {
        0..60 => "just now".to_owned(),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => {
            let local = clock.local(at).map(|at| at.strftime("%-d %b, %H:%M").to_string());
            local.unwrap_or_default()
        }
    }
}
