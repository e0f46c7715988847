//! What the audit log stores of an entry, when it counts an entry at the newest one, and which entries it removes.
//! Nobody may fill the disk with entries, nor push out what others did. Pure.

use std::cmp::Reverse;
use std::time::Duration;

use tipoff_model::Timestamp;

use crate::{Actor, AuditEntry};

/// Number of entries that are kept. Up to [`TRIM_EVERY`] more are stored before the oldest are removed.
pub(crate) const ENTRIES_MAX: u32 = 20_000;
/// Number of entries that age alone never removes: a clock that is wrong by years must not empty the log.
pub(crate) const ENTRIES_MIN: u32 = 1_000;
/// Age at which entries are removed, except for the newest [`ENTRIES_MIN`].
const AGE_MAX: Duration = Duration::from_secs(2 * 366 * 24 * 3600);
/// Length of each text of an entry, in characters. Longer ones are cut.
const TEXT_CHARS_MAX: usize = 200;
/// Time within which an entry that equals the newest one is counted at that one.
const SAME_WITHIN: Duration = Duration::from_secs(60);
/// Number of entries after which the log is trimmed, and that one trimming step removes at most.
const TRIM_EVERY: i64 = 64;

/// An entry as it is stored: without control characters in its texts, each at its greatest length, and counted at
/// least once.
pub(crate) fn to_stored(entry: AuditEntry) -> AuditEntry {
    AuditEntry {
        actor: Actor::of(entry.actor.kind(), to_short(entry.actor.name())),
        object: to_short(&entry.object),
        detail: to_short(&entry.detail),
        count: entry.count.max(1),
        ..entry
    }
}

fn to_short(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(TEXT_CHARS_MAX).collect()
}

/// Whether an entry is only counted at the newest one: the same actor did the same from the same address within a
/// minute. Both are as [`to_stored`] makes them. A newest entry from the future does not count: the clock was wrong.
pub(crate) fn repeats(newest: &AuditEntry, entry: &AuditEntry) -> bool {
    let is_recent = newest.at <= entry.at && newest.at >= entry.at.before(SAME_WITHIN);
    let same = AuditEntry { id: newest.id, at: newest.at, count: newest.count, ..entry.clone() };
    is_recent && *newest == same
}

/// Whether the log is trimmed after the entry of this number was stored.
pub(crate) fn is_trimmed_after(id: i64) -> bool {
    id % TRIM_EVERY == 0
}

/// Entries before this time are removed, except for the newest [`ENTRIES_MIN`].
pub(crate) fn kept_since(now: Timestamp) -> Timestamp {
    now.before(AGE_MAX)
}

/// Number of entries that the next trimming step removes. `None` if there are not too many.
pub(crate) fn trim_step(entries: i64) -> Option<i64> {
    let over = entries - i64::from(ENTRIES_MAX);
    (over > 0).then_some(over.min(TRIM_EVERY))
}

/// The entries of one actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ActorEntries {
    /// Kind of the actor, as it is stored.
    pub(crate) kind: String,
    /// Name of the actor.
    pub(crate) name: String,
    /// Number of its entries.
    pub(crate) entries: i64,
    /// Number of its oldest entry.
    pub(crate) oldest: i64,
}

/// The actor that loses its oldest entries: the one with the most; among equals, the one with the oldest entry.
pub(crate) fn greediest(actors: Vec<ActorEntries>) -> Option<ActorEntries> {
    actors.into_iter().max_by_key(|actor| (actor.entries, Reverse(actor.oldest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn entry() -> AuditEntry {
        AuditEntry {
            id: 0,
            at: NOW,
            actor: Actor::User("anna".to_owned()),
            address: Some("10.0.0.1".to_owned()),
            what: "token.create".to_owned(),
            object: "backup".to_owned(),
            detail: "read only".to_owned(),
            count: 1,
        }
    }

    #[test]
    fn texts_are_cut_and_cleared_of_control_characters() {
        let long = "ä\u{1b}".repeat(TEXT_CHARS_MAX + 1);
        let stored = to_stored(AuditEntry {
            actor: Actor::Stranger(long.clone()),
            object: long.clone(),
            detail: long,
            count: 0,
            ..entry()
        });
        let cut = "ä".repeat(TEXT_CHARS_MAX);
        assert_eq!(stored.actor, Actor::Stranger(cut.clone()));
        assert_eq!((stored.object, stored.detail, stored.count), (cut.clone(), cut, 1));
        assert_eq!(to_stored(entry()), entry());
    }

    #[test]
    fn the_same_within_a_minute_is_counted_at_the_newest_entry() {
        let newest = |at| AuditEntry { id: 7, at: Timestamp(at), count: 3, ..entry() };
        assert!(repeats(&newest(NOW.0), &entry()));
        assert!(repeats(&newest(NOW.0 - 60_000), &entry()));
        assert!(!repeats(&newest(NOW.0 - 60_001), &entry()));
        assert!(!repeats(&newest(NOW.0 + 1), &entry()), "from the future");
    }

    #[test]
    fn an_entry_that_differs_is_stored() {
        let other = "other".to_owned();
        for differs in [
            AuditEntry { actor: Actor::User(other.clone()), ..entry() },
            AuditEntry { actor: Actor::Token("anna".to_owned()), ..entry() },
            AuditEntry { address: None, ..entry() },
            AuditEntry { what: other.clone(), ..entry() },
            AuditEntry { object: other.clone(), ..entry() },
            AuditEntry { detail: other.clone(), ..entry() },
        ] {
            assert!(!repeats(&entry(), &differs), "{differs:?}");
        }
    }

    #[test]
    fn the_log_is_trimmed_in_steps() {
        let max = i64::from(ENTRIES_MAX);
        assert!(is_trimmed_after(128) && !is_trimmed_after(129));
        assert_eq!([trim_step(max), trim_step(max + 1)], [None, Some(1)]);
        assert_eq!(trim_step(max + 65), Some(64));
        let two_years = Timestamp(2 * 366 * 24 * 3_600_000);
        assert_eq!(kept_since(two_years), Timestamp(0));
    }

    #[test]
    fn the_actor_with_the_most_entries_loses_its_oldest() {
        let actor = |name: &str, entries, oldest| ActorEntries {
            kind: "user".to_owned(),
            name: name.to_owned(),
            entries,
            oldest,
        };
        let actors = vec![actor("anna", 5, 9), actor("bert", 5, 2), actor("carl", 4, 1)];
        assert_eq!(greediest(actors), Some(actor("bert", 5, 2)));
        assert_eq!(greediest(Vec::new()), None);
    }
}
