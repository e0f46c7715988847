//! Which summary takes in what is suppressed because it is too much. Pure.

use tipoff_model::{ArrivalId, ChannelPast, Due, Event, Gathering, RecentQuery, Timestamp};

/// A summary of a device or of its address on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The delivery's number.
    pub(crate) id: i64,
    /// The event of the incident that began it.
    pub(crate) event: Event,
    /// The route whose limit was reached. `None`: the guard against floods began it.
    pub(crate) route: Option<String>,
    /// Whether it stands for all discovered devices at the address.
    pub(crate) of_address: bool,
    /// When it was begun.
    pub(crate) created_at: Timestamp,
    /// Until when it takes in what comes.
    pub(crate) gathers_until: Timestamp,
    /// Number of arrivals that it stands for.
    pub(crate) held: u32,
    /// How many of these belong to incidents that the channel was alerted of.
    pub(crate) held_follow_ups: u32,
    /// Whether no attempt was made to send it.
    pub(crate) is_untried: bool,
}

/// Fills in the summaries that gather, or did since `query.since`, for an arrival with this event. `summaries` are
/// in the order of their numbers.
pub(crate) fn note_gathering(
    past: &mut ChannelPast,
    summaries: &[Summary],
    query: RecentQuery,
    event: Event,
    now: Timestamp,
) {
    let latest = |of_address, counts: fn(&Summary) -> bool, held: fn(&Summary) -> u32| {
        let fits = |it: &&Summary| {
            it.of_address == of_address
                && (of_address || it.route.is_none() && it.event == event)
                && it.gathers_until > query.since
                && !it.created_at.is_ahead_of(now)
                && counts(it)
        };
        let latest = summaries.iter().rev().find(fits);
        latest.map(|it| Gathering { due_at: it.gathers_until, held: held(it) })
    };
    past.alerts.gathering = latest(
        false,
        |it| it.held_follow_ups < it.held.max(1),
        |it| it.held.saturating_sub(it.held_follow_ups),
    );
    past.follow_ups.gathering = latest(false, |it| it.held_follow_ups > 0, |it| it.held_follow_ups);
    past.firsts_of_address.gathering = latest(true, |_| true, |it| it.held);
}

/// The summary that takes in one more arrival of an incident with this event. Once it is due it may be being
/// sent: then `None`, and a new one begins.
pub(crate) fn joinable(
    summaries: &[Summary],
    due: &Due,
    event: Event,
    now: Timestamp,
) -> Option<i64> {
    let fits = |it: &&Summary| {
        it.is_untried
            && it.gathers_until > now
            && !it.created_at.is_ahead_of(now)
            && it.route == due.route
            && it.of_address == due.of_address
            && (due.of_address || it.event == event)
    };
    summaries.iter().rev().find(fits).map(|it| it.id)
}

/// The arrivals that a summary does not show any more when a later one comes: it shows the first and the latest.
pub(crate) fn no_longer_shown(shown: &[ArrivalId]) -> Vec<ArrivalId> {
    let first = shown.iter().min();
    shown.iter().filter(|it| Some(*it) != first).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::contract::NOW;
    use tipoff_model::AlertKind;

    const MINUTE: Duration = Duration::from_secs(60);

    fn summary(id: i64, held: u32, held_follow_ups: u32) -> Summary {
        Summary {
            id,
            event: Event::Motion,
            route: None,
            of_address: false,
            created_at: NOW,
            gathers_until: NOW.after(MINUTE),
            held,
            held_follow_ups,
            is_untried: true,
        }
    }

    fn past(summaries: &[Summary]) -> [Option<u32>; 3] {
        let query = RecentQuery {
            since: NOW.before(MINUTE),
            of_address: true,
            counts_while_gathering: false,
        };
        let mut past = ChannelPast::default();
        note_gathering(&mut past, summaries, query, Event::Motion, NOW);
        [past.alerts, past.follow_ups, past.firsts_of_address]
            .map(|it| it.gathering.map(|it| it.held))
    }

    #[test]
    fn the_latest_summary_gathers_and_follow_ups_count_apart() {
        assert_eq!(past(&[]), [None, None, None]);
        assert_eq!(past(&[summary(1, 3, 0)]), [Some(3), None, None]);
        assert_eq!(past(&[summary(1, 3, 3)]), [None, Some(3), None]);
        assert_eq!(past(&[summary(1, 5, 2)]), [Some(3), Some(2), None]);
        assert_eq!(past(&[summary(1, 9, 0), summary(2, 4, 4)]), [Some(9), Some(4), None]);
        assert_eq!(past(&[summary(1, 9, 0), summary(2, 4, 0)]), [Some(4), None, None]);
        let of_address = Summary { of_address: true, event: Event::Fault, ..summary(1, 7, 2) };
        assert_eq!(past(&[of_address]), [None, None, Some(7)]);
    }

    #[test]
    fn a_summary_of_a_route_or_another_event_or_that_is_over_does_not_gather() {
        let one = summary(1, 3, 1);
        let second = Duration::from_secs(1);
        let over = NOW.before(MINUTE);
        assert_eq!(past(&[Summary { route: Some("a".to_owned()), ..one.clone() }]), [None; 3]);
        assert_eq!(past(&[Summary { event: Event::Person, ..one.clone() }]), [None; 3]);
        assert_eq!(past(&[Summary { gathers_until: over, ..one.clone() }]), [None; 3]);
        let just = Summary { gathers_until: over.after(second), ..one.clone() };
        assert_eq!(past(&[just]), [Some(2), Some(1), None]);
        let ahead = NOW.after(Duration::from_secs(3600));
        assert_eq!(past(&[Summary { created_at: ahead, ..one }]), [None; 3], "the clock was ahead");
    }

    #[test]
    fn an_arrival_joins_the_latest_summary_that_was_not_tried() {
        let due = Due {
            channel: "phone".to_owned(),
            kind: AlertKind::Summary,
            due_at: NOW.after(MINUTE),
            route: None,
            of_address: false,
        };
        let joins = |all: &[Summary], due: &Due| joinable(all, due, Event::Motion, NOW);
        let one = summary(1, 3, 1);
        assert_eq!(joins(&[], &due), None);
        assert_eq!(joins(&[one.clone(), summary(2, 1, 0)], &due), Some(2));
        let ahead = NOW.after(Duration::from_secs(3600));
        for other in [
            Summary { is_untried: false, ..one.clone() },
            Summary { gathers_until: NOW, ..one.clone() },
            Summary { created_at: ahead, ..one.clone() },
            Summary { route: Some("a".to_owned()), ..one.clone() },
            Summary { of_address: true, ..one.clone() },
            Summary { event: Event::Person, ..one.clone() },
        ] {
            assert_eq!(joins(&[one.clone(), other.clone()], &due), Some(1), "{other:?}");
        }
        let of_address = Due { of_address: true, ..due };
        let other_event = Summary { of_address: true, event: Event::Fault, ..one.clone() };
        assert_eq!(joins(&[one, other_event], &of_address), Some(1));
        let other = Summary { id: 2, of_address: true, event: Event::Fault, ..summary(1, 1, 0) };
        assert_eq!(joins(&[other], &of_address), Some(2));
    }

    #[test]
    fn a_summary_shows_the_first_and_the_latest() {
        assert_eq!(no_longer_shown(&[]), []);
        assert_eq!(no_longer_shown(&[ArrivalId(4)]), []);
        assert_eq!(no_longer_shown(&[ArrivalId(9), ArrivalId(4)]), [ArrivalId(9)]);
    }
}
