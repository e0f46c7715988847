//! Words for incidents and deliveries that several pages show.
//!
//! One place, so that a state has the same name on a card, in a feed and on the page of an incident.

use tipoff_model::{DeliveryState, Event};
use tipoff_spool::IncidentLine;

use super::reader_clock::length;
use super::reader_language::{text, texts};

/// What happened, as a title.
pub(super) fn title(event: Event, subject: &str) -> String {
    match texts().event(event) {
        Some(title) => title,
        None if subject.is_empty() => text("incident-something-arrived").to_string(),
        None => subject.to_owned(),
    }
}

/// The sign of an event: a symbol in `signs.html`, and with `e-` before it the class of its colours.
pub(super) const fn sign(event: Event) -> &'static str {
    match event {
        Event::Fire => "fire",
        Event::Person => "person",
        Event::Vehicle => "vehicle",
        Event::Animal => "animal",
        Event::Doorbell => "bell",
        Event::Tamper | Event::Fault | Event::Silence => "fault",
        Event::Zone | Event::Line | Event::Input | Event::Sound => "zone",
        Event::Motion => "motion",
        Event::End | Event::Periodic | Event::Test | Event::Other => "other",
    }
}

/// The name of an event. What no vendor file recognises has one too.
pub(super) fn event(event: Event) -> String {
    texts().event(event).unwrap_or_else(|| text("incident-not-recognised").to_string())
}

/// Label of the state of a delivery.
pub(super) fn state(state: DeliveryState) -> String {
    let label = match state {
        DeliveryState::Pending => text("incident-state-pending"),
        DeliveryState::Delivered => text("incident-state-delivered"),
        DeliveryState::Refused => text("incident-state-refused"),
        DeliveryState::Expired => text("incident-state-expired"),
        DeliveryState::Withdrawn => text("incident-state-withdrawn"),
    };
    label.to_string()
}

/// CSS class of the state of a delivery.
pub(super) const fn look(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "wait",
        DeliveryState::Withdrawn => "",
        DeliveryState::Delivered => "ok",
        DeliveryState::Refused | DeliveryState::Expired => "bad",
    }
}

/// `3 pictures, 1 video (0:12)`
pub(super) fn counted(line: &IncidentLine) -> String {
    let mut parts = Vec::new();
    if line.pictures > 0 {
        parts.push(text("overview-pictures").count(line.pictures).to_string());
    }
    if line.videos > 0 {
        let videos = text("overview-videos").count(line.videos).to_string();
        let known = !line.video_length.is_zero();
        parts.push(if known {
            format!("{videos} ({})", length(line.video_length))
        } else {
            videos
        });
    }
    parts.join(", ")
}

/// The state that matters most of those that a channel's deliveries are in.
pub(super) fn worst(states: impl Iterator<Item = DeliveryState>) -> Option<DeliveryState> {
    states.max_by_key(|state| match state {
        DeliveryState::Delivered => 0,
        DeliveryState::Withdrawn => 1,
        DeliveryState::Pending => 2,
        DeliveryState::Expired => 3,
        DeliveryState::Refused => 4,
    })
}
