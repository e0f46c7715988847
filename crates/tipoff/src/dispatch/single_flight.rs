//! Results that are computed once, however many ask for them at once. The latest few stay for another channel or for
//! the next attempt.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use crate::runtime::lock::lock;
use tokio::sync::OnceCell;

/// A result that is computed once; `None` inside if nothing could be made.
pub(super) type Slot<V> = Arc<OnceCell<Option<Arc<V>>>>;

/// The results that were asked for last.
pub(super) struct SingleFlight<K, V> {
    max: usize,
    slots: Mutex<Slots<K, V>>,
}

struct Slots<K, V> {
    /// Each slot with the turn in which it was last asked for.
    by_key: HashMap<K, (u64, Slot<V>)>,
    /// Counts up with each question.
    turn: u64,
}

impl<K: Copy + Eq + Hash, V> SingleFlight<K, V> {
    /// Remembers up to `max` results.
    pub(super) fn new(max: usize) -> Self {
        Self { max, slots: Mutex::new(Slots { by_key: HashMap::new(), turn: 0 }) }
    }

    /// The slot of `key`. Whoever comes second waits there for the first. If the first is dropped, the next one
    /// does the work.
    pub(super) fn slot(&self, key: K) -> Slot<V> {
        let mut slots = lock(&self.slots);
        slots.turn += 1;
        let turn = slots.turn;
        if let Some((last, slot)) = slots.by_key.get_mut(&key) {
            *last = turn;
            return Arc::clone(slot);
        }
        if slots.by_key.len() >= self.max {
            let oldest =
                slots.by_key.iter().min_by_key(|(_, (turn, _))| *turn).map(|(key, _)| *key);
            oldest.and_then(|key| slots.by_key.remove(&key));
        }
        let slot = Slot::default();
        slots.by_key.insert(key, (turn, Arc::clone(&slot)));
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_result_is_removed() {
        let results: SingleFlight<u32, ()> = SingleFlight::new(2);
        let (one, two) = (results.slot(1), results.slot(2));
        assert!(Arc::ptr_eq(&one, &results.slot(1)));
        results.slot(3);
        assert!(Arc::ptr_eq(&one, &results.slot(1)));
        assert!(!Arc::ptr_eq(&two, &results.slot(2)));
    }
}
