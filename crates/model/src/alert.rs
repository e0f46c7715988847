//! What a channel is asked to say.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ArrivalId, BlobName, Button, DeliveryId, DeviceId, Event, IncidentId, Media, Timestamp,
};

/// Whether an incident is new to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    /// The first alert of an incident.
    First,
    /// What arrived for it later; sent after the first alert, as a reply where that can be.
    FollowUp,
    /// How much was held back because it was too much: the first and the latest of it, and a count.
    Summary,
    /// What a device sent in a day: counts, its first and its latest picture. Asked for by the clock.
    Report,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::First, Self::FollowUp, Self::Summary, Self::Report];

    /// The name in the spool, webhooks and the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::FollowUp => "followup",
            Self::Summary => "summary",
            Self::Report => "report",
        }
    }
}

/// Which file of which arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPlace {
    /// The arrival.
    pub arrival: ArrivalId,
    /// Its place in [`crate::Content::media`]; none: the raw arrival itself.
    pub index: Option<u32>,
}

/// A file of an alert and where it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMedia {
    /// The file itself.
    pub media: Media,
    /// What it is called in the spool.
    pub place: MediaPlace,
    /// The blob that its range belongs to.
    pub blob: BlobName,
    /// Where it can be fetched over HTTP, where the public address is known.
    pub url: Option<String>,
    /// Of a video, where it is known.
    pub clip: Option<Clip>,
}

/// What is known of a video besides its bytes, so that a service shows it before it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// How wide it is shown.
    pub width_px: u32,
    /// How high it is shown.
    pub height_px: u32,
    /// How long it plays.
    pub duration: Duration,
    /// A frame of it: a JPEG of at most 320 pixels a side and 200 KB.
    pub poster: Option<Box<AlertMedia>>,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Seen when somebody looks.
    Lowest,
    /// Without a sound.
    Low,
    /// As other messages are.
    Normal,
    /// Louder than others.
    High,
    /// As loud as can be.
    Urgent,
}

impl Priority {
    /// Every priority, the least first.
    pub const ALL: &[Self] = &[Self::Lowest, Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The name in configuration and webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lowest => "lowest",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// How the route that sends an alert wants it told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertManner {
    /// Without a sound, where the service knows one.
    pub silent: bool,
    /// How urgent; none: as the channel is configured.
    pub priority: Option<Priority>,
    /// What stands instead of the device and what has happened.
    pub title: Option<String>,
    /// What stands below the title instead of the device's own words.
    pub text: Option<String>,
}

/// One delivery, spelled out: everything that a service needs to tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The delivery that this is.
    pub delivery: DeliveryId,
    /// The same for every attempt at this delivery, different for every other one anywhere.
    pub idempotency_key: String,
    /// The incident told of.
    pub incident: IncidentId,
    /// First alert or follow-up.
    pub kind: AlertKind,
    /// The device's number: it stays where the name does not.
    pub device_id: DeviceId,
    /// What people call the device.
    pub device: String,
    /// The most important event among the arrivals of this alert.
    pub event: Event,
    /// The events that the title names, the most important one first. Those of a follow-up are new:
    /// no earlier arrival of the incident reported them.
    pub events: Vec<Event>,
    /// The subject of the arrival with the most important event, as in [`crate::Content::subject`].
    pub subject: String,
    /// The other subjects and the texts of all arrivals of this alert, as the device sent them.
    pub text: String,
    /// The words below the title for people: without boilerplate, and in a follow-up without what
    /// was sent before. `None`: subject and text as they are.
    pub details: Option<String>,
    /// Number of arrivals whose words are left out of `text` and `details`, because a limit cut them.
    pub more: u32,
    /// When the alert happened, for people, if it is delivered late: `03:12, 4 h late`.
    pub late: Option<String>,
    /// When the first arrival told of here was received.
    pub received_at: Timestamp,
    /// In the order of receipt. Repeats are left out already.
    pub media: Vec<AlertMedia>,
    /// The raw mail, where the content is unclear: sent along as a file.
    pub raw: Vec<AlertMedia>,
    /// Every mail told of here as it came, clear or not, for services that pass mails on.
    pub mails: Vec<AlertMedia>,
    /// Whether a connection broke before the end of what is told of here.
    pub torn: bool,
    /// What the channel answered to this incident's first alert: [`crate::Receipt::reference`].
    pub reply_to: Option<String>,
    /// Where people look at the incident, where the public address is known.
    pub link: Option<String>,
    /// Of a summary, how many arrivals it stands for; else 0.
    pub held: u64,
    /// How it is told.
    pub manner: AlertManner,
    /// What people may press below it; empty for all but first alerts.
    pub buttons: Vec<Button>,
}

impl Alert {
    /// Whether it comes without a sound, where the service can: the route asks for it, or it is not the first
    /// alert of its incident.
    pub fn is_silent(&self) -> bool {
        self.manner.silent || self.kind != AlertKind::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::alert;

    #[test]
    fn kinds_and_priorities_have_the_names_that_are_stored() {
        let kinds: Vec<_> = AlertKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(kinds, ["first", "followup", "summary", "report"]);
        let priorities: Vec<_> = Priority::ALL.iter().map(|it| it.as_str()).collect();
        assert_eq!(priorities, ["lowest", "low", "normal", "high", "urgent"]);
    }

    #[test]
    fn only_the_first_alert_of_an_incident_makes_a_sound() {
        for kind in AlertKind::ALL {
            let mut alert = Alert { kind: *kind, ..alert() };
            assert_eq!(alert.is_silent(), *kind != AlertKind::First, "{kind:?}");
            alert.manner.silent = true;
            assert!(alert.is_silent(), "the route asks for it: {kind:?}");
        }
    }
}
