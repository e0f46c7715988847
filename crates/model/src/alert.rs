//! An alert: all that a channel needs to render and send one message.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ArrivalId, BlobName, Button, DeliveryId, DeviceId, Event, IncidentId, Language, Media,
    Timestamp,
};

/// What an alert is about: an incident that is new to a channel, more of one, or a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    /// The first alert of an incident.
    First,
    /// Later arrivals of the incident; sent after the first alert, as a reply if the service can.
    FollowUp,
    /// Many suppressed alerts: their number, the first and the latest of them.
    Summary,
    /// What each device sent in a day: counts, the first and the latest picture. Sent at a fixed time.
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

/// A file in the spool: which one of which arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPlace {
    /// The arrival.
    pub arrival: ArrivalId,
    /// Its index in [`crate::Content::media`]; `None` for the raw arrival itself.
    pub index: Option<u32>,
}

/// A file of an alert and where it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertMedia {
    /// The file itself.
    pub media: Media,
    /// Its arrival and index.
    pub place: MediaPlace,
    /// The blob that contains its byte range.
    pub blob: BlobName,
    /// Its address over HTTP; `None` if the public address is not known.
    pub url: Option<String>,
    /// Size and duration of a video; `None` for other files, or if they are not known.
    pub clip: Option<Clip>,
}

/// Size, duration and poster of a video, so that a service shows it before it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// Width in pixels, as it is shown.
    pub width_px: u32,
    /// Height in pixels, as it is shown.
    pub height_px: u32,
    /// Duration.
    pub duration: Duration,
    /// A frame of it: a JPEG of at most 320 pixels a side and 200 KB.
    pub poster: Option<Box<AlertMedia>>,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Shown without a notification, where the service can.
    Lowest,
    /// A notification without a sound.
    Low,
    /// A usual notification.
    Normal,
    /// More urgent than usual.
    High,
    /// As urgent as the service can.
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

/// How the route that sends an alert wants it to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertManner {
    /// Whether it comes without a sound, if the service can.
    pub silent: bool,
    /// How urgent it is; `None`: as the channel is configured.
    pub priority: Option<Priority>,
    /// The title instead of device and event.
    pub title: Option<String>,
    /// The text below the title instead of the device's own words.
    pub text: Option<String>,
}

/// One delivery with everything that a service needs to send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The number of the delivery.
    pub delivery: DeliveryId,
    /// The language of the words that are not the device's.
    pub language: Language,
    /// A key that is the same for every attempt at this delivery, and different for every other delivery anywhere.
    pub idempotency_key: String,
    /// The incident.
    pub incident: IncidentId,
    /// First alert, follow-up, summary or report.
    pub kind: AlertKind,
    /// The device's number. It stays the same if the name changes.
    pub device_id: DeviceId,
    /// The device's name for people.
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
    /// When the first arrival of this alert was received.
    pub received_at: Timestamp,
    /// The files, in the order of receipt, without repeats.
    pub media: Vec<AlertMedia>,
    /// The raw mails whose content is unclear; sent along as files.
    pub raw: Vec<AlertMedia>,
    /// Every mail of this alert as it was received, clear or not, for services that forward mails.
    pub mails: Vec<AlertMedia>,
    /// Whether the connection broke before the end of an arrival of this alert.
    pub torn: bool,
    /// The service's name of this incident's first alert ([`crate::Receipt::reference`]), for a reply to it.
    pub reply_to: Option<String>,
    /// Address of the incident's page; `None` if the public address is not known.
    pub link: Option<String>,
    /// Number of arrivals that a summary stands for; 0 for other kinds.
    pub held: u64,
    /// How the route wants it to look.
    pub manner: AlertManner,
    /// The buttons below it; empty for all but first alerts.
    pub buttons: Vec<Button>,
}

impl Alert {
    /// Whether it comes without a sound, if the service can: the route asks for it, or it is not the first alert of its
    /// incident.
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
