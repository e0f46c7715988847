//! Alarms that go on: which request is news, and which only repeats what was alerted or ends it.
//!
//! Devices report an event once, with a start and a stop, or every second as long as it lasts, often without a stop. So an
//! alarm of the same device and kind that comes soon after the last one is no news, unless it says something else or
//! brings a picture. This is kept in memory: after a restart the next repeat counts as a start, and joins its incident.

use std::collections::HashMap;
use std::time::Duration;

use tipoff_model::{Alarm, AlarmPhase, Event, IncidentId};
use tokio::time::Instant;

/// A repeat within this time is no news.
const REPEAT_WITHIN: Duration = Duration::from_secs(10);
/// How often the incident is prolonged while its alarm goes on: each time costs a write.
const PROLONG_EVERY: Duration = Duration::from_secs(5);
/// Alarms that are known to go on. Of more, the one that was silent for longest is forgotten.
const OPEN_MAX: usize = 10_000;

/// What an alarm means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AlarmNews {
    /// It is stored.
    New,
    /// It goes on; the incident is to be prolonged if it is given.
    GoesOn(Option<IncidentId>),
    /// It has ended, whether it was known to go on or not.
    Ended,
}

/// The device and its word for what happened.
type AlarmKey = (String, String);

/// The alarms that go on.
#[derive(Debug, Default)]
pub(super) struct OpenAlarms(HashMap<AlarmKey, OpenAlarm>);

#[derive(Debug)]
struct OpenAlarm {
    /// What it says.
    words: (String, String),
    /// When it came last.
    last: Instant,
    /// The incident, once it is stored.
    incident: Option<IncidentId>,
    /// When the incident was prolonged last.
    prolonged: Instant,
}

impl OpenAlarms {
    /// What an alarm of the device with this key means at this time. One that is new counts as open from now on.
    pub(super) fn take(&mut self, device: &str, alarm: &Alarm, now: Instant) -> AlarmNews {
        let key = (device.to_owned(), alarm.kind.clone());
        if alarm.phase == AlarmPhase::Stop {
            self.0.remove(&key);
            return AlarmNews::Ended;
        }
        if alarm.event == Event::Test || alarm.phase == AlarmPhase::Addition {
            return AlarmNews::New;
        }
        let words = (alarm.subject.clone(), alarm.text.clone());
        let has_files = !alarm.media.is_empty() || alarm.picture.is_some();
        if let Some(open) = self.0.get_mut(&key)
            && now.duration_since(open.last) <= REPEAT_WITHIN
        {
            open.last = now;
            if !has_files && open.words == words {
                let is_due = now.duration_since(open.prolonged) >= PROLONG_EVERY;
                if is_due {
                    open.prolonged = now;
                }
                return AlarmNews::GoesOn(open.incident.filter(|_| is_due));
            }
            open.words = words;
            return AlarmNews::New;
        }
        self.make_room(now);
        self.0.insert(key, OpenAlarm { words, last: now, incident: None, prolonged: now });
        AlarmNews::New
    }

    /// An alarm that was new is stored in this incident.
    pub(super) fn stored(&mut self, device: &str, alarm: &Alarm, incident: IncidentId) {
        let key = (device.to_owned(), alarm.kind.clone());
        if let Some(open) = self.0.get_mut(&key) {
            open.incident = Some(incident);
        }
    }

    /// An alarm that was new could not be stored: the device sends it again.
    pub(super) fn not_stored(&mut self, device: &str, alarm: &Alarm) {
        self.0.remove(&(device.to_owned(), alarm.kind.clone()));
    }

    fn make_room(&mut self, now: Instant) {
        if self.0.len() < OPEN_MAX {
            return;
        }
        self.0.retain(|_, open| now.duration_since(open.last) <= REPEAT_WITHIN);
        if self.0.len() >= OPEN_MAX {
            let oldest = self.0.iter().min_by_key(|(_, open)| open.last);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.0.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: &str = "Yard";

    fn alarm(phase: AlarmPhase) -> Alarm {
        Alarm { kind: "vmd".to_owned(), event: Event::Motion, phase, ..Alarm::default() }
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeat_each_second_is_one_alarm_and_prolongs_its_incident() {
        let (mut open, began) = (OpenAlarms::default(), Instant::now());
        let motion = alarm(AlarmPhase::Start);
        assert_eq!(open.take(CAMERA, &motion, began), AlarmNews::New);
        open.stored(CAMERA, &motion, IncidentId(7));
        let news: Vec<_> = (1..=60).map(|at| open.take(CAMERA, &motion, began + s(at))).collect();
        assert!(!news.contains(&AlarmNews::New) && !news.contains(&AlarmNews::Ended));
        let prolonged = news.iter().filter(|it| **it == AlarmNews::GoesOn(Some(IncidentId(7))));
        assert_eq!(prolonged.count(), 12);
        assert_eq!(open.take("Gate", &motion, began + s(60)), AlarmNews::New, "another device");
        assert_eq!(open.take(CAMERA, &motion, began + s(71)), AlarmNews::New, "after a pause");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_an_alarm_and_the_next_start_is_new() {
        let (mut open, now) = (OpenAlarms::default(), Instant::now());
        assert_eq!(open.take(CAMERA, &alarm(AlarmPhase::Stop), now), AlarmNews::Ended);
        assert_eq!(open.take(CAMERA, &alarm(AlarmPhase::Repeat), now), AlarmNews::New);
        assert_eq!(open.take(CAMERA, &alarm(AlarmPhase::Repeat), now), AlarmNews::GoesOn(None));
        assert_eq!(open.take(CAMERA, &alarm(AlarmPhase::Stop), now), AlarmNews::Ended);
        assert_eq!(open.take(CAMERA, &alarm(AlarmPhase::Start), now), AlarmNews::New);
        open.not_stored(CAMERA, &alarm(AlarmPhase::Start));
        assert_eq!(open.take(CAMERA, &alarm(AlarmPhase::Start), now), AlarmNews::New, "again");
    }

    #[tokio::test(start_paused = true)]
    async fn another_word_a_picture_and_a_test_are_news() {
        let (mut open, now) = (OpenAlarms::default(), Instant::now());
        let plate = |text: &str| Alarm { text: text.to_owned(), ..alarm(AlarmPhase::Pulse) };
        assert_eq!(open.take(CAMERA, &plate("AB 1"), now), AlarmNews::New);
        assert_eq!(open.take(CAMERA, &plate("AB 1"), now), AlarmNews::GoesOn(None));
        assert_eq!(open.take(CAMERA, &plate("CD 2"), now), AlarmNews::New);
        let picture = Alarm { media: vec![0], ..plate("CD 2") };
        assert_eq!(open.take(CAMERA, &picture, now), AlarmNews::New);
        let test = Alarm { event: Event::Test, ..plate("CD 2") };
        assert_eq!(open.take(CAMERA, &test, now), AlarmNews::New);
        let addition = Alarm { phase: AlarmPhase::Addition, ..plate("CD 2") };
        assert_eq!(open.take(CAMERA, &addition, now), AlarmNews::New);
    }

    #[tokio::test(start_paused = true)]
    async fn many_devices_do_not_fill_the_memory() {
        let (mut open, now) = (OpenAlarms::default(), Instant::now());
        for number in 0..OPEN_MAX + 10 {
            open.take(&number.to_string(), &alarm(AlarmPhase::Start), now);
        }
        assert_eq!(open.0.len(), OPEN_MAX);
    }
}
