//! Which delivery takes an arrival in: one of its own, or one that waits already. A burst becomes an album, not a
//! queue. Pure.

use std::time::Duration;

use tipoff_model::{AlertKind, Content, Due, Facts, Media, Timestamp};

use super::delivery::holds_back;

/// Number of arrivals that one delivery takes in: a device that does not stop makes many alerts of bounded size, not
/// one without bounds.
pub(crate) const ARRIVALS_PER_DELIVERY_MAX: u32 = 50;
/// How long the first alert of a scan waits for its pages altogether.
const PAGES_WAIT_MAX: Duration = Duration::from_secs(60);

/// A pending delivery of an incident on a channel: its first alert, or a follow-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PendingDelivery {
    /// Its number.
    pub(crate) id: i64,
    pub(crate) kind: AlertKind,
    pub(crate) created_at: Timestamp,
    pub(crate) due_at: Timestamp,
    /// Whether no attempt was made to send it.
    pub(crate) is_untried: bool,
    /// Whether it waits for a video that is transcoded.
    pub(crate) video: bool,
    /// Number of arrivals that it covers.
    pub(crate) arrivals: u32,
    /// Whether it covers the arrival that is placed: an upload that has grown.
    pub(crate) has_arrival: bool,
    /// Whether all files that it covers may be pages of a scan ([`is_scan`]). Needed only of one that
    /// [`PendingDelivery::may_gather_pages`].
    pub(crate) is_scan: bool,
}

/// What decides where an arrival is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Whether it is a video, which may have to be transcoded first.
    pub(crate) video: bool,
    /// Whether it is a page of a scan ([`Facts::is_page`]).
    pub(crate) page: bool,
    /// Whether it has only words.
    pub(crate) words_only: bool,
    /// When it was received.
    pub(crate) now: Timestamp,
}

impl Placed {
    pub(crate) fn of(facts: &Facts<'_>) -> Self {
        Self {
            video: facts.video_only,
            page: facts.is_page(),
            words_only: facts.content.media.is_empty(),
            now: facts.received_at,
        }
    }
}

/// Where an arrival is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// In a delivery of its own.
    New,
    /// In a delivery that waits, which is then due at `due_at` (`None`: as before).
    Into { delivery: i64, due_at: Option<Timestamp> },
}

/// Places an arrival for `due`; `pending` are in the order of their numbers. Summaries: see `summary.rs`.
pub(crate) fn place(due: &Due, arrival: Placed, pending: &[PendingDelivery]) -> Placement {
    if due.kind != AlertKind::FollowUp {
        return Placement::New;
    }
    gathering_first(due, arrival, pending)
        .or_else(|| waiting_follow_up(arrival, pending))
        .unwrap_or(Placement::New)
}

impl PendingDelivery {
    fn has_room(&self) -> bool {
        self.is_untried && self.arrivals < ARRIVALS_PER_DELIVERY_MAX
    }

    /// Whether it is a first alert that takes in pages if it is that of a scan. A clock that was set back may show a
    /// time before it was made: then it may have begun.
    pub(crate) fn may_gather_pages(&self, now: Timestamp) -> bool {
        self.kind == AlertKind::First
            && self.has_room()
            && self.due_at > now
            && self.created_at <= now
            && !self.video
    }
}

/// Whether all files of these arrivals may be pages of a scan. So it is where there are none, as of an alarm that waits for
/// its picture.
pub(crate) fn is_scan(arrivals: &[Content]) -> bool {
    arrivals.iter().flat_map(|content| &content.media).all(Media::is_document)
}

/// The first alert of a scan that waits for further pages, or of an alarm that waits for its picture. It waits longer for
/// the page after this one, as before if there are only more words, and no longer where a picture comes.
fn gathering_first(due: &Due, arrival: Placed, pending: &[PendingDelivery]) -> Option<Placement> {
    let gathers = |it: &&PendingDelivery| it.is_scan && it.may_gather_pages(arrival.now);
    let first = pending.iter().rev().find(gathers).filter(|_| !arrival.video)?;
    let due_at = match arrival {
        Placed { page: true, .. } => Some(due.due_at.min(first.created_at.after(PAGES_WAIT_MAX))),
        Placed { words_only: true, .. } => None,
        Placed { now, .. } => Some(now),
    };
    Some(Placement::Into { delivery: first.id, due_at })
}

/// A follow-up that has room. Pictures do not wait for a video that is transcoded. One that covers the arrival
/// already may be being sent with what the arrival was before it grew, unless another is sent before it.
fn waiting_follow_up(arrival: Placed, pending: &[PendingDelivery]) -> Option<Placement> {
    let is_sent_before = |earlier: &PendingDelivery, it: &PendingDelivery| {
        earlier.id < it.id && holds_back(earlier.kind, earlier.video, arrival.video)
    };
    let waits = |it: &&PendingDelivery| {
        it.kind == AlertKind::FollowUp
            && it.has_room()
            && it.video == arrival.video
            && (!it.has_arrival || pending.iter().any(|earlier| is_sent_before(earlier, it)))
    };
    let follow_up = pending.iter().rev().find(waits)?;
    Some(Placement::Into { delivery: follow_up.id, due_at: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::NOW;
    use crate::core::samples;
    use tipoff_model::MediaKind;

    fn seconds(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    fn due(kind: AlertKind) -> Due {
        let channel = "phone".to_owned();
        Due { channel, kind, due_at: seconds(15), route: None, of_address: false }
    }

    const PICTURE: Placed = Placed { video: false, page: false, words_only: false, now: NOW };
    const PAGE: Placed = Placed { page: true, ..PICTURE };
    const VIDEO: Placed = Placed { video: true, ..PICTURE };

    fn follow_up(id: i64) -> PendingDelivery {
        PendingDelivery {
            id,
            kind: AlertKind::FollowUp,
            created_at: NOW,
            due_at: seconds(5),
            is_untried: true,
            video: false,
            arrivals: 1,
            has_arrival: false,
            is_scan: false,
        }
    }

    fn scan() -> PendingDelivery {
        PendingDelivery { kind: AlertKind::First, is_scan: true, ..follow_up(1) }
    }

    fn placed(arrival: Placed, pending: &[PendingDelivery]) -> Option<(i64, Option<Timestamp>)> {
        match place(&due(AlertKind::FollowUp), arrival, pending) {
            Placement::New => None,
            Placement::Into { delivery, due_at } => Some((delivery, due_at)),
        }
    }

    #[test]
    fn only_follow_ups_join_what_waits() {
        for kind in [AlertKind::First, AlertKind::Report, AlertKind::Summary] {
            assert_eq!(place(&due(kind), PAGE, &[scan(), follow_up(2)]), Placement::New);
        }
        assert_eq!(placed(PICTURE, &[]), None);
    }

    #[test]
    fn the_first_alert_of_a_scan_takes_pages_in_and_waits_for_the_next() {
        assert_eq!(placed(PAGE, &[scan(), follow_up(2)]), Some((1, Some(seconds(15)))));
        assert_eq!(placed(PICTURE, &[scan()]), Some((1, Some(NOW))), "it waits no longer");
        let words = Placed { words_only: true, ..PICTURE };
        assert_eq!(placed(words, &[scan()]), Some((1, None)), "it waits as before");
        assert_eq!(placed(VIDEO, &[scan()]), None);
        let old = PendingDelivery { created_at: NOW.before(Duration::from_secs(50)), ..scan() };
        assert_eq!(placed(PAGE, &[old]), Some((1, Some(seconds(10)))), "a minute at most");
        for other in [
            PendingDelivery { is_untried: false, ..scan() },
            PendingDelivery { arrivals: ARRIVALS_PER_DELIVERY_MAX, ..scan() },
            PendingDelivery { due_at: NOW, ..scan() },
            PendingDelivery { created_at: seconds(1), ..scan() },
            PendingDelivery { video: true, ..scan() },
            PendingDelivery { is_scan: false, ..scan() },
        ] {
            assert_eq!(placed(PAGE, &[other]), None, "{other:?}");
        }
        let nearly = PendingDelivery { arrivals: ARRIVALS_PER_DELIVERY_MAX - 1, ..scan() };
        assert!(placed(PAGE, &[nearly]).is_some());
    }

    #[test]
    fn a_scan_has_documents_only() {
        let content = |kinds: &[MediaKind]| Content {
            media: kinds.iter().map(|kind| samples::media(*kind)).collect(),
            ..Content::default()
        };
        let (page, picture) = (content(&[MediaKind::File]), content(&[MediaKind::Picture]));
        assert!(is_scan(&[]) && is_scan(&[page.clone(), page.clone()]));
        assert!(!is_scan(&[page, picture]));
        assert!(!is_scan(&[content(&[MediaKind::File, MediaKind::Video])]));
    }

    #[test]
    fn the_latest_follow_up_of_the_same_medium_with_room_takes_an_arrival_in() {
        let video = |id| PendingDelivery { video: true, ..follow_up(id) };
        assert_eq!(placed(PICTURE, &[follow_up(1), follow_up(2), video(3)]), Some((2, None)));
        assert_eq!(placed(VIDEO, &[follow_up(1), video(2), follow_up(3)]), Some((2, None)));
        assert_eq!(placed(VIDEO, &[follow_up(1)]), None);
        let full = PendingDelivery { arrivals: ARRIVALS_PER_DELIVERY_MAX, ..follow_up(2) };
        let tried = PendingDelivery { is_untried: false, ..follow_up(3) };
        assert_eq!(placed(PICTURE, &[follow_up(1), full, tried]), Some((1, None)));
        assert_eq!(placed(PICTURE, &[full, tried]), None);
    }

    #[test]
    fn an_upload_that_grew_joins_its_follow_up_only_behind_another() {
        let own = |id| PendingDelivery { has_arrival: true, ..follow_up(id) };
        let own_video = |id| PendingDelivery { video: true, ..own(id) };
        let first = PendingDelivery { kind: AlertKind::First, video: true, ..follow_up(1) };
        let video = PendingDelivery { video: true, is_untried: false, ..follow_up(1) };
        let tried = PendingDelivery { is_untried: false, ..follow_up(1) };
        assert_eq!(placed(PICTURE, &[own(2)]), None, "it may be being sent");
        assert_eq!(placed(PICTURE, &[first, own(2)]), Some((2, None)));
        assert_eq!(placed(PICTURE, &[tried, own(2)]), Some((2, None)));
        assert_eq!(placed(PICTURE, &[video, own(2)]), None, "pictures overtake a video");
        assert_eq!(placed(VIDEO, &[video, own_video(2)]), Some((2, None)));
        assert_eq!(placed(VIDEO, &[tried, own_video(2)]), Some((2, None)));
        let later = PendingDelivery { is_untried: false, ..follow_up(3) };
        assert_eq!(placed(PICTURE, &[own(2), later]), None, "what is behind it is sent later");
    }
}
