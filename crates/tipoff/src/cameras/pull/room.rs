//! Memory for the messages that cameras have begun: little for each of thousands, and one room for those that need more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What each stream has for itself, in bytes.
const OWN_BYTES: usize = 256 * 1024;
/// What all streams have together for larger messages.
const SHARED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest message: an event with the pictures behind it.
const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The room that all streams share. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageRoom(Arc<AtomicUsize>);

impl MessageRoom {
    /// The room of one stream.
    pub(super) fn share(&self) -> RoomShare {
        RoomShare { room: self.clone(), taken: 0 }
    }
}

/// The room of one stream. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct RoomShare {
    room: MessageRoom,
    /// Bytes of the shared room.
    taken: usize,
}

impl RoomShare {
    /// Whether so many bytes may be kept. What is not needed any more is given back.
    pub(super) fn fits(&mut self, bytes: usize) -> bool {
        let wanted = bytes.saturating_sub(OWN_BYTES);
        let shared = &self.room.0;
        if wanted <= self.taken {
            shared.fetch_sub(self.taken - wanted, Ordering::Relaxed);
            self.taken = wanted;
            return bytes <= MESSAGE_BYTES_MAX;
        }
        let more = wanted - self.taken;
        let has_room = shared.fetch_add(more, Ordering::Relaxed) + more <= SHARED_BYTES_MAX;
        if !has_room || bytes > MESSAGE_BYTES_MAX {
            shared.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.taken = wanted;
        true
    }
}

impl Drop for RoomShare {
    fn drop(&mut self) {
        self.room.0.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_own_room_and_a_part_of_the_shared_one() {
        let room = MessageRoom::default();
        let mut share = room.share();
        assert!(share.fits(OWN_BYTES));
        assert_eq!(room.0.load(Ordering::Relaxed), 0);
        assert!(share.fits(MESSAGE_BYTES_MAX));
        assert_eq!(room.0.load(Ordering::Relaxed), MESSAGE_BYTES_MAX - OWN_BYTES);
        assert!(!share.fits(MESSAGE_BYTES_MAX + 1));
        assert!(share.fits(0));
        assert_eq!(room.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn all_streams_share_one_room() {
        let room = MessageRoom::default();
        let mut shares: Vec<_> = (0..9).map(|_| room.share()).collect();
        let fitting = shares.iter_mut().filter_map(|it| it.fits(MESSAGE_BYTES_MAX).then_some(()));
        assert_eq!(fitting.count(), SHARED_BYTES_MAX / (MESSAGE_BYTES_MAX - OWN_BYTES));
        assert!(shares[8].fits(OWN_BYTES), "its own room is there in any case");
        drop(shares);
        assert_eq!(room.0.load(Ordering::Relaxed), 0);
    }
}
