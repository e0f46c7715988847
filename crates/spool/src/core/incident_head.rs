//! Which incident an arrival joins, and what it makes of the incident. Pure.

use tipoff_model::{Event, Facts, IncidentId, OpenIncident, Planner, Timestamp};

/// The incident that an arrival joins: that in which the device has sent the same before, else its latest one of
/// the same class, if the rules say so. `None`: it opens one.
pub(crate) fn joined(
    planner: &dyn Planner,
    facts: &Facts<'_>,
    seen_in: Option<IncidentId>,
    latest: Option<OpenIncident>,
) -> Option<IncidentId> {
    let of_repeat = seen_in.filter(|_| facts.repeat);
    of_repeat.or_else(|| latest.filter(|latest| planner.joins(facts, latest)).map(|it| it.id))
}

/// What an incident is called, and what arrived for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IncidentHead {
    /// The most important event of its arrivals.
    pub(crate) event: Event,
    /// The subject of the arrival that brought the event, else the first one.
    pub(crate) subject: String,
    /// When its latest arrival was received.
    pub(crate) last_arrival_at: Timestamp,
    /// Whether a video arrived for it.
    pub(crate) has_video: bool,
}

impl IncidentHead {
    /// The incident that this arrival opens.
    pub(crate) fn opened_by(facts: &Facts<'_>) -> Self {
        Self {
            event: facts.event,
            subject: facts.content.subject.clone(),
            last_arrival_at: facts.received_at,
            has_video: facts.video_only,
        }
    }

    /// The incident after this arrival: the most important event names it, with its subject. An arrival
    /// without a subject takes none away.
    #[must_use]
    pub(crate) fn with(self, facts: &Facts<'_>) -> Self {
        let is_more_important = facts.event.importance() > self.event.importance();
        let subject = &facts.content.subject;
        let names = !subject.is_empty() && (self.subject.is_empty() || is_more_important);
        Self {
            event: self.event.or_more_important(facts.event),
            subject: if names { subject.clone() } else { self.subject },
            last_arrival_at: self.last_arrival_at.max(facts.received_at),
            has_video: self.has_video || facts.video_only,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::contract::{NOW, Plain};
    use tipoff_model::{Content, Device};

    #[test]
    fn a_repeat_joins_what_it_repeats_and_all_else_the_latest_incident() {
        let (device, content) = (Device::default(), Content::default());
        let (first, latest) = (IncidentId(1), IncidentId(7));
        let open =
            OpenIncident { id: latest, began_at: NOW, last_arrival_at: NOW, has_video: false };
        let over = OpenIncident { last_arrival_at: NOW.before(Duration::from_secs(60)), ..open };
        // Whether it repeats, where it was seen, the latest incident; the one that it joins.
        for (repeat, seen_in, latest, expected) in [
            (false, None, None, None),
            (false, None, Some(open), Some(latest)),
            (false, None, Some(over), None),
            (false, Some(first), Some(open), Some(latest)),
            (false, Some(first), None, None),
            (true, Some(first), Some(open), Some(first)),
            (true, Some(first), None, Some(first)),
            (true, None, Some(open), Some(latest)),
        ] {
            let facts = Facts { repeat, ..Facts::of(&device, NOW, &content) };
            assert_eq!(joined(&Plain, &facts, seen_in, latest), expected, "{seen_in:?}");
        }
    }

    fn head(event: Event, subject: &str) -> IncidentHead {
        let subject = subject.to_owned();
        IncidentHead { event, subject, last_arrival_at: NOW, has_video: false }
    }

    #[test]
    fn the_most_important_event_names_the_incident_with_its_subject() {
        let device = Device::default();
        for (before, event, subject, expected) in [
            (head(Event::Motion, "a"), Event::Person, "b", head(Event::Person, "b")),
            (head(Event::Person, "a"), Event::Motion, "b", head(Event::Person, "a")),
            (head(Event::Motion, "a"), Event::Motion, "b", head(Event::Motion, "a")),
            (head(Event::Motion, ""), Event::Motion, "b", head(Event::Motion, "b")),
            (head(Event::Motion, "a"), Event::Person, "", head(Event::Person, "a")),
        ] {
            let content = Content { subject: subject.to_owned(), ..Content::default() };
            let facts = Facts { event, ..Facts::of(&device, NOW, &content) };
            assert_eq!(before.with(&facts), expected);
        }
    }

    #[test]
    fn an_incident_ends_with_its_latest_arrival_and_remembers_a_video() {
        let (device, content) = (Device::default(), Content::default());
        let facts = |received_at, video_only| Facts {
            video_only,
            ..Facts::of(&device, received_at, &content)
        };
        let second = Duration::from_secs(1);
        let after = head(Event::Other, "").with(&facts(NOW.after(second), true));
        assert_eq!((after.last_arrival_at, after.has_video), (NOW.after(second), true));
        let after = after.with(&facts(NOW, false));
        assert_eq!((after.last_arrival_at, after.has_video), (NOW.after(second), true));
    }
}
