//! Late alerts: they say when they happened, and after an outage only few of them make a sound (invariant 13).
//!
//! Lateness is decided at each attempt, because a delivery that waits gets later. Reports and summaries are never late:
//! they are about the past.

use crate::runtime::local_time::{day_and_minute, minute};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tipoff_language::Texts;

use crate::runtime::lock::lock;
use jiff::ZonedDateTime;
use tipoff_model::{Alert, AlertKind, DeliveryId, Event};

/// An alert older than this says when it was received.
const TIME_AFTER: Duration = Duration::from_secs(30);

/// An alert older than this says how late it is as well.
const DELAY_AFTER: Duration = Duration::from_secs(600);

/// An alert older than this was delayed by an outage, not by the pace of its service.
const OUTAGE_AFTER: Duration = Duration::from_secs(120);

/// After an outage one alert of a channel makes a sound in this time; the others are silent notifications.
const SOUND_EVERY: Duration = Duration::from_secs(600);

/// The last late alert of each channel that made a sound: one of known devices, and one of discovered ones.
#[derive(Default)]
pub(crate) struct LateSounds(Mutex<HashMap<(String, bool), LateSound>>);

/// A late alert that made a sound.
struct LateSound {
    /// A retry of the same delivery makes its sound again.
    delivery: DeliveryId,
    /// See [`Event::importance`].
    importance: u8,
    at: Instant,
}

impl LateSounds {
    /// Whether this late delivery makes a sound: the first one in ten minutes, and one with a more important
    /// event than that.
    fn rings(&self, of: (&str, bool), delivery: DeliveryId, event: Event, now: Instant) -> bool {
        let of = (of.0.to_owned(), of.1);
        let mut sounds = lock(&self.0);
        let importance = event.importance();
        let is_quiet = |last: &LateSound| {
            last.delivery != delivery
                && now.duration_since(last.at) < SOUND_EVERY
                && importance <= last.importance
        };
        if sounds.get(&of).is_some_and(is_quiet) {
            return false;
        }
        sounds.insert(of, LateSound { delivery, importance, at: now });
        true
    }

    /// The delivery failed: another one may make the sound.
    pub(super) fn release(&self, channel: &str, delivery: DeliveryId) {
        let mut sounds = lock(&self.0);
        sounds.retain(|(of, _), sound| of != channel || sound.delivery != delivery);
    }

    /// Marks an alert that is late. `of`: the channel, and whether the device is known; `received` and `now` are
    /// the device's local times.
    pub(super) fn mark(
        &self,
        of: (&str, bool),
        alert: &mut Alert,
        received: &ZonedDateTime,
        now: &ZonedDateTime,
    ) {
        if matches!(alert.kind, AlertKind::Report | AlertKind::Summary) {
            return;
        }
        let age = Duration::try_from(received.duration_until(now)).unwrap_or_default();
        alert.late = lateness(received, now, age, Texts::of(alert.language));
        if age > OUTAGE_AFTER && !alert.manner.silent {
            let now = Instant::now();
            alert.manner.silent = !self.rings(of, alert.delivery, alert.event, now);
        }
    }
}

/// `03:12`, or `03:12, 4 h late`; `None` if it is not late.
fn lateness(
    received: &ZonedDateTime,
    now: &ZonedDateTime,
    age: Duration,
    texts: Texts,
) -> Option<String> {
    if age <= TIME_AFTER {
        return None;
    }
    let time = match received.date() == now.date() {
        true => minute(received),
        false => day_and_minute(received, texts),
    };
    if age <= DELAY_AFTER {
        return Some(time);
    }
    let minutes = age.as_secs() / 60;
    let (key, count) = match minutes {
        0..60 => ("alert-late-minutes", minutes),
        60..2880 => ("alert-late-hours", minutes / 60),
        _ => ("alert-late-days", minutes / 1440),
    };
    Some(texts.with(key, &[("time", (&time).into()), ("count", count.into())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_alert_says_when_and_how_late() {
        let at = |text: &str| text.parse::<ZonedDateTime>().unwrap();
        let received = "2026-11-24T03:12:00[Europe/Berlin]";
        for (now, expected) in [
            ("2026-11-24T03:12:30[Europe/Berlin]", None),
            ("2026-11-24T03:12:31[Europe/Berlin]", Some("03:12")),
            ("2026-11-24T03:22:00[Europe/Berlin]", Some("03:12")),
            ("2026-11-24T03:23:00[Europe/Berlin]", Some("03:12, 11 min late")),
            ("2026-11-24T07:30:00[Europe/Berlin]", Some("03:12, 4 h late")),
            ("2026-11-25T04:00:00[Europe/Berlin]", Some("24 Nov, 03:12, 24 h late")),
            ("2026-11-27T04:00:00[Europe/Berlin]", Some("24 Nov, 03:12, 3 days late")),
            ("2026-11-24T02:00:00[Europe/Berlin]", None),
        ] {
            let (received, now) = (at(received), at(now));
            let age = Duration::try_from(received.duration_until(&now)).unwrap_or_default();
            assert_eq!(
                lateness(&received, &now, age, Texts::default()).as_deref(),
                expected,
                "{now}"
            );
        }
    }

    #[test]
    fn one_late_alert_in_ten_minutes_makes_a_sound() {
        let sounds = LateSounds::default();
        let start = Instant::now();
        let rings = |channel: &str, delivery, event, seconds| {
            let now = start + Duration::from_secs(seconds);
            sounds.rings((channel, true), DeliveryId(delivery), event, now)
        };
        let motion = Event::Motion;
        assert!(rings("me", 9, motion, 0));
        assert!(!rings("me", 8, motion, 1));
        assert!(rings("me", 9, motion, 2), "its next attempt is as loud");
        assert!(rings("you", 7, motion, 3));
        let stranger = sounds.rings(("me", false), DeliveryId(99), motion, start);
        assert!(stranger, "its sound is not that of a known device");
        assert!(!rings("me", 6, motion, 599));
        assert!(rings("me", 5, Event::Person, 600), "it is more important");
        assert!(!rings("me", 4, motion, 601));
        assert!(rings("me", 3, motion, 1200));
        sounds.release("me", DeliveryId(3));
        assert!(rings("me", 2, motion, 1201), "the one before was not delivered");
    }
}
