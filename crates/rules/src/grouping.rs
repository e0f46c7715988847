//! Which arrivals belong to one incident: those of one class that follow each other closely.
//!
//! The spool asks for the class first, and then whether the arrival joins the latest open incident of that class.
//! Only times of receipt count, because cameras' clocks are wrong.

use std::time::Duration;

use tipoff_model::{Event, Facts, IncidentClass, OpenIncident, Protocol};

/// How long an uploaded document waits for the next page. A scanner takes two or three seconds for one.
pub(crate) const PAGES_SETTLE: Duration = Duration::from_secs(5);

/// The times of grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// An incident ends when nothing arrived for this time. Zero: every arrival is an incident.
    pub quiet: Duration,
    /// An incident ends at this age in any case.
    pub longest: Duration,
    /// How long after the latest arrival a video still joins: a device sends it when the recording is over.
    pub video: Duration,
    /// How long follow-ups gather, so that several pictures are one album.
    pub settle: Duration,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(20),
            longest: Duration::from_secs(300),
            video: Duration::from_secs(120),
            settle: Duration::from_secs(2),
        }
    }
}

/// The class of incident that an arrival belongs to.
pub(crate) fn class(facts: &Facts<'_>) -> IncidentClass {
    let is_mail = facts.envelope.is_some_and(|envelope| envelope.protocol == Protocol::Smtp);
    match facts.event {
        // Its alert waits for a second try of the device. Other arrivals must not wait with it.
        _ if is_torn_mail(facts) => IncidentClass::Alone,
        Event::Fault => IncidentClass::Fault,
        Event::Test if is_mail => IncidentClass::Alone,
        _ if is_mail && is_mail_to_read(facts) => IncidentClass::Alone,
        _ => IncidentClass::Alarm,
    }
}

/// Whether it is a mail with words and without pictures whose connection broke. Some of its words or files may be
/// missing.
pub(crate) fn is_torn_mail(facts: &Facts<'_>) -> bool {
    let is_mail = facts.envelope.is_some_and(|envelope| envelope.protocol == Protocol::Smtp);
    facts.torn && is_mail && facts.content.has_words() && !facts.content.has_shots()
}

/// Whether people have to read it: printers and servers send mails of which each has other words. They are not grouped,
/// and have a higher limit of alerts.
pub(crate) fn is_mail_to_read(facts: &Facts<'_>) -> bool {
    facts.event == Event::Other && !facts.content.has_shots()
}

/// Whether what came of a torn arrival is news without a whole picture: a mail's words, or an alarm whose event is known.
/// Cameras that push break off in the picture, and what happened stands before it.
pub(crate) fn has_said_it(facts: &Facts<'_>) -> bool {
    let is_alarm = facts
        .envelope
        .is_some_and(|envelope| matches!(envelope.protocol, Protocol::Http | Protocol::Mqtt));
    is_torn_mail(facts) || (is_alarm && facts.event != Event::Other)
}

impl Grouping {
    /// Whether an arrival belongs to `latest`.
    pub fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool {
        let at = facts.began_at;
        // The first video of an incident is its recording. A second one is of something else.
        let is_its_record = facts.video_only && !latest.has_video;
        let reach = if is_its_record { self.quiet.max(self.video) } else { self.quiet };
        // A clock that was set back must not keep the incident open until it has caught up.
        let is_past = !latest.last_arrival_at.is_ahead_of(facts.received_at);
        !self.quiet.is_zero()
            && is_past
            && at.since(latest.last_arrival_at) <= reach
            && at.since(latest.began_at) <= self.longest
    }
}

#[cfg(test)]
mod tests;
