//! How incidents that fit a filter are found without reading all of them. Pure.
//!
//! Each part of a filter that an index knows is a source: it lists the numbers of the incidents that may fit, in order.
//! A round asks every source for its next numbers. The source that gets furthest with them is the most selective one
//! here, and its incidents alone are compared with the whole filter. So a rare word is found among a million
//! incidents, and so are the few incidents of a device among a million with a common word.

use tipoff_model::IncidentId;

use crate::IncidentFilter;

/// How many words are looked for at once.
const WORDS_MAX: usize = 8;
/// Devices with a word in their name that are listed one by one. A word in more names is so common that incidents with
/// it are found without an index.
pub(crate) const DEVICES_MAX: usize = 64;
/// Numbers that a source lists in the first round, and those that one statement compares with the filter.
pub(crate) const LISTED_MIN: usize = 64;
/// Numbers that a source lists in the last rounds. Each round asks for twice as many as the one before.
const LISTED_MAX: usize = 4096;

/// Which incidents a list begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The highest number first.
    NewestFirst,
    /// The lowest number first.
    OldestFirst,
}

impl Order {
    /// As SQL has it.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::NewestFirst => "DESC",
            Self::OldestFirst => "ASC",
        }
    }
}

/// The next numbers of incidents that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Only numbers above this one.
    pub above: i64,
    /// Only numbers below this one.
    pub below: i64,
    /// Their order.
    pub order: Order,
    /// How many at most.
    pub max: usize,
}

impl Wanted {
    /// What a filter wants. `began`: the first and the last incident of its hours, where it names a time.
    pub(crate) fn of(filter: &IncidentFilter, began: Option<(i64, i64)>) -> Self {
        let only = filter.only.map(|IncidentId(id)| (id, id));
        let ranges = [only, began].into_iter().flatten();
        let (first, last) = ranges.fold((1, i64::MAX - 1), |(first, last), range| {
            (first.max(range.0), last.min(range.1))
        });
        let (after, before) = (filter.after.map(|it| it.0), filter.before.map(|it| it.0));
        Self {
            above: first.saturating_sub(1).max(after.unwrap_or(0)),
            below: last.saturating_add(1).min(before.unwrap_or(i64::MAX)),
            order: if after.is_some() { Order::OldestFirst } else { Order::NewestFirst },
            max: LISTED_MIN,
        }
    }

    /// What is wanted before this number, in their order.
    pub(crate) fn up_to(self, id: i64) -> Self {
        match self.order {
            Order::NewestFirst => Self { above: self.above.max(id), ..self },
            Order::OldestFirst => Self { below: self.below.min(id), ..self },
        }
    }

    /// Whether no number is wanted.
    pub(crate) fn is_nothing(self) -> bool {
        self.below.saturating_sub(self.above) <= 1
    }

    /// What is wanted behind this number, in the next round.
    pub(crate) fn behind(self, id: i64) -> Self {
        let max = (self.max * 2).min(LISTED_MAX);
        match self.order {
            Order::NewestFirst => Self { below: id, max, ..self },
            Order::OldestFirst => Self { above: id, max, ..self },
        }
    }

    /// The first of these numbers, each once and in order.
    pub(crate) fn first_of(self, mut ids: Vec<i64>) -> Vec<i64> {
        ids.retain(|id| self.above < *id && *id < self.below);
        ids.sort_unstable();
        if self.order == Order::NewestFirst {
            ids.reverse();
        }
        ids.dedup();
        ids.truncate(self.max);
        ids
    }

    /// Of the lists that the sources returned, the one that gets furthest, and whether nothing follows it: a list
    /// with fewer numbers than were wanted is all that its source has.
    pub(crate) fn furthest(self, lists: Vec<Vec<i64>>) -> Option<(Vec<i64>, bool)> {
        let distance = |ids: &[i64]| match (ids.last(), self.order) {
            (Some(id), Order::NewestFirst) => self.below.saturating_sub(*id),
            (Some(id), Order::OldestFirst) => id.saturating_sub(self.above),
            (None, _) => 0,
        };
        let furthest = lists.into_iter().max_by_key(|ids| match ids.len() < self.max {
            true => (true, i64::try_from(self.max - ids.len()).unwrap_or(i64::MAX)),
            false => (false, distance(ids)),
        })?;
        let is_last = furthest.len() < self.max;
        Some((furthest, is_last))
    }
}

/// Whether a search looks at a limited number of incidents: for unseen ones, of which there may be none among a million. The
/// other parts of a filter that leave out most incidents have an index of their own.
pub(crate) fn is_bounded(filter: &IncidentFilter) -> bool {
    let is_selective = filter.starred_by.is_some()
        || filter.locked
        || filter.channel.is_some()
        || filter.state.is_some()
        || !words(&filter.text).is_empty();
    filter.unseen_by.is_some() && !is_selective
}

/// The words of a search text, in lower case.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().take(WORDS_MAX).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn newest(max: usize) -> Wanted {
        Wanted { above: 0, below: i64::MAX, order: Order::NewestFirst, max }
    }

    #[test]
    fn a_filter_bounds_the_numbers() {
        let wanted = |filter, began| {
            let Wanted { above, below, order, .. } = Wanted::of(&filter, began);
            (above, below, order == Order::NewestFirst)
        };
        let all = IncidentFilter::default;
        let id = |id| Some(IncidentId(id));
        assert_eq!(wanted(all(), None), (0, i64::MAX, true));
        assert_eq!(wanted(all(), Some((5, 9))), (4, 10, true));
        let page = IncidentFilter { before: id(7), ..all() };
        assert_eq!(wanted(page, Some((5, 9))), (4, 7, true));
        let newer = IncidentFilter { after: id(7), ..all() };
        assert_eq!(wanted(newer, Some((5, 9))), (7, 10, false));
        let one = IncidentFilter { only: id(7), ..all() };
        assert_eq!(wanted(one.clone(), None), (6, 8, true));
        assert!(Wanted::of(&one, Some((8, 9))).is_nothing());
        assert!(Wanted::of(&IncidentFilter { before: id(1), ..all() }, None).is_nothing());
        assert!(!Wanted::of(&one, Some((7, 7))).is_nothing());
    }

    #[test]
    fn a_search_ends_before_the_first_number_that_is_left_out() {
        let range = |wanted: Wanted| (wanted.above, wanted.below);
        assert_eq!(range(newest(2).up_to(7)), (7, i64::MAX));
        assert_eq!(range(Wanted { above: 9, ..newest(2) }.up_to(7)), (9, i64::MAX));
        assert_eq!(range(Wanted { order: Order::OldestFirst, ..newest(2) }.up_to(7)), (0, 7));
    }

    #[test]
    fn a_search_for_unseen_incidents_is_bounded_unless_an_index_knows_more() {
        let reader = crate::Reader::Proxy("anna".to_owned());
        let unseen = IncidentFilter { unseen_by: Some(reader), ..IncidentFilter::default() };
        assert!(is_bounded(&unseen) && !is_bounded(&IncidentFilter::default()));
        let of_event =
            IncidentFilter { event: Some(tipoff_model::Event::Person), ..unseen.clone() };
        assert!(is_bounded(&of_event));
        let text = IncidentFilter { text: "door".to_owned(), ..unseen.clone() };
        let locked = IncidentFilter { locked: true, ..unseen };
        assert!(!is_bounded(&text) && !is_bounded(&locked));
    }

    #[test]
    fn the_source_that_gets_furthest_is_read() {
        let furthest =
            |lists: &[&[i64]]| newest(2).furthest(lists.iter().map(|ids| ids.to_vec()).collect());
        assert_eq!(furthest(&[&[90, 80], &[70, 60]]), Some((vec![70, 60], false)));
        assert_eq!(furthest(&[&[90, 80], &[95]]), Some((vec![95], true)), "all of a source");
        assert_eq!(furthest(&[&[95], &[]]), Some((vec![], true)));
        assert_eq!(furthest(&[]), None);
        let oldest = Wanted { order: Order::OldestFirst, ..newest(1) };
        assert_eq!(oldest.furthest(vec![vec![3], vec![7]]), Some((vec![7], false)));
    }

    #[test]
    fn a_search_has_a_bounded_number_of_words_in_lower_case() {
        assert_eq!(words(" Персона\tat\u{3000}THE "), ["персона", "at", "the"]);
        assert_eq!(words(&"a ".repeat(20)).len(), WORDS_MAX);
    }

    proptest! {
        /// The search finds what reading all would find, whatever the sources list besides.
        #[test]
        fn rounds_over_sources_find_all(
            fits in prop::collection::btree_set(1i64..300, 0..60),
            besides in prop::collection::vec(prop::collection::btree_set(1i64..300, 0..300), 1..4),
            is_newest_first: bool,
            max in 1usize..9,
        ) {
            let order = if is_newest_first { Order::NewestFirst } else { Order::OldestFirst };
            let mut wanted = Wanted { order, max, ..newest(max) };
            let mut found = Vec::new();
            loop {
                let list = |besides: &std::collections::BTreeSet<i64>| {
                    wanted.first_of(besides.union(&fits).copied().collect())
                };
                let Some((ids, is_last)) = wanted.furthest(besides.iter().map(list).collect()) else {
                    break;
                };
                found.extend(ids.iter().copied().filter(|id| fits.contains(id)));
                match ids.last() {
                    Some(id) if !is_last => wanted = wanted.behind(*id),
                    _ => break,
                }
            }
            let mut expected: Vec<i64> = fits.into_iter().collect();
            if is_newest_first {
                expected.reverse();
            }
            prop_assert_eq!(found, expected);
        }
    }
}
