//! Whether a file that is being received may go on growing. Pure.
//!
//! Bytes under way cannot be evicted, so they are bounded by a budget, of which strangers together have half. A
//! sender may have a multiple of what is left for others (dynamic thresholds: Choudhury and Hahne, "Dynamic queue
//! length thresholds", 1998): one alone three quarters, two three sevenths each, and there is always room for one
//! more.

/// Under way of one sender, in bytes, whatever others have: mails and pictures never wait for a budget.
pub(crate) const SURE_BYTES: u64 = 4 * 1024 * 1024;
/// A sender may have so many times as much as is left.
const FACTOR: u64 = 3;
/// Strangers together have one part in so many of the budget.
const STRANGERS_PART: u64 = 2;

/// What is under way, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnderWay {
    /// Of all senders.
    pub(crate) all: u64,
    /// Of strangers.
    pub(crate) strangers: u64,
    /// Of this sender.
    pub(crate) own: u64,
    /// Whether it is a known device.
    pub(crate) known: bool,
}

/// Whether the sender may have `more` bytes under way, of a budget of so many.
pub(crate) fn may_grow(budget: u64, under_way: UnderWay, more: u64) -> bool {
    let UnderWay { all, strangers, own, known } = under_way;
    let (budget, others) = if known { (budget, all) } else { (budget / STRANGERS_PART, strangers) };
    let left = budget.saturating_sub(others.saturating_add(more));
    let own = own.saturating_add(more);
    // The sure part has an end as well: a thousand addresses are no reason to fill the disk.
    own <= left.saturating_mul(FACTOR) || own <= SURE_BYTES && others < budget.saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1024 * 1024;

    /// Each sender takes turns to grow by a megabyte until none may; what each has.
    fn filled(budget: u64, known: &[bool]) -> Vec<u64> {
        let mut own = vec![0; known.len()];
        loop {
            let all: u64 = own.iter().sum();
            let strangers =
                own.iter().zip(known).filter(|(_, known)| !**known).map(|it| it.0).sum();
            let may = |it: usize| {
                may_grow(budget, UnderWay { all, strangers, own: own[it], known: known[it] }, MB)
            };
            let next = (0..known.len()).filter(|it| may(*it)).min_by_key(|it| own[*it]);
            let Some(next) = next else { return own };
            own[next] += MB;
        }
    }

    #[test]
    fn one_alone_may_have_most_and_leaves_room_for_the_next() {
        assert_eq!(filled(1_000 * MB, &[false]), [375 * MB]);
        assert_eq!(filled(1_000 * MB, &[true]), [750 * MB]);
        let two = filled(1_000 * MB, &[false, false]);
        assert!(two.iter().all(|it| (213 * MB..=215 * MB).contains(it)), "{two:?}");
    }

    #[test]
    fn strangers_do_not_keep_a_known_device_out() {
        let strangers: u64 = filled(1_000 * MB, &[false; 50]).iter().sum();
        assert!(strangers <= 500 * MB, "{strangers}");
        let known = UnderWay { all: strangers, strangers, own: 350 * MB, known: true };
        assert!(may_grow(1_000 * MB, known, MB));
    }

    #[test]
    fn mails_are_sure_of_their_room_and_all_together_are_bounded() {
        let full = UnderWay { all: 500 * MB, strangers: 500 * MB, own: 0, known: false };
        assert!(may_grow(1_000 * MB, full, 4 * MB) && !may_grow(1_000 * MB, full, 5 * MB));
        let twice = UnderWay { strangers: 1_000 * MB, ..full };
        assert!(!may_grow(1_000 * MB, twice, MB));
        let many = filled(100 * MB, &[false; 400]);
        assert!(many.iter().sum::<u64>() <= 101 * MB);
    }
}
