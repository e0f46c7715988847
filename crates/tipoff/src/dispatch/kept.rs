//! What was made for one channel and may serve another, or the next attempt: the latest few.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Something that is made once; none: nothing could be made.
pub(super) type Slot<V> = Arc<OnceCell<Option<Arc<V>>>>;

/// The latest that were asked for.
pub(super) struct Kept<K, V> {
    max: usize,
    slots: Mutex<Slots<K, V>>,
}

struct Slots<K, V> {
    by_key: HashMap<K, (u64, Slot<V>)>,
    turn: u64,
}

impl<K: Copy + Eq + Hash, V> Kept<K, V> {
    /// Keeps so many.
    pub(super) fn new(max: usize) -> Self {
        Self { max, slots: Mutex::new(Slots { by_key: HashMap::new(), turn: 0 }) }
    }

    /// The place of this one. Who comes second waits there for the first; one who is dropped leaves
    /// the work to the next.
    pub(super) fn slot(&self, key: K) -> Slot<V> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
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
    fn the_one_that_was_asked_for_longest_ago_goes() {
        let kept: Kept<u32, ()> = Kept::new(2);
        let (one, two) = (kept.slot(1), kept.slot(2));
        assert!(Arc::ptr_eq(&one, &kept.slot(1)));
        kept.slot(3);
        assert!(Arc::ptr_eq(&one, &kept.slot(1)));
        assert!(!Arc::ptr_eq(&two, &kept.slot(2)));
    }
}
