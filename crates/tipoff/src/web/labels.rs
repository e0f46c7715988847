//! Words for incidents and deliveries that several pages show.
//!
//! One place, so that a state has the same name on a card, in a feed and on the page of an incident.

use tipoff_model::{DeliveryState, Event};
use tipoff_spool::IncidentLine;

use super::reader_clock::length;

/// What happened, as a title.
pub(super) fn title(event: Event, subject: &str) -> String {
    match event.title() {
        Some(title) => title.to_owned(),
        None if subject.is_empty() => "Something arrived".to_owned(),
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

/// The name of an event on the review.
pub(super) fn event(event: Event) -> &'static str {
    event.title().unwrap_or("Not recognised")
}

/// Label of the state of a delivery.
pub(super) const fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "waiting",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Refused => "refused",
        DeliveryState::Expired => "expired",
        DeliveryState::Withdrawn => "withdrawn",
    }
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

/// `1 picture`, `3 pictures`
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// `3 pictures, 1 video (0:12)`
pub(super) fn counted(line: &IncidentLine) -> String {
    let mut parts = Vec::new();
    if line.pictures > 0 {
        parts.push(count(line.pictures, "picture", "pictures"));
    }
    if line.videos > 0 {
        let videos = count(line.videos, "video", "videos");
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
