//! What becomes of an upload after it is stored: the device appends to it, or gives it another name. Also which
//! trees are remembered whose devices make no folders. Pure.

use std::cmp::Reverse;
use std::collections::HashMap;

use tipoff_model::{AlertKind, Content, Device, Due, Envelope, Event, Facts, Timestamp};

use super::delivery::{Delivery, is_untried};
use crate::Growth;

/// Number of trees of which it is remembered that their devices make no folders.
pub(crate) const EXPECTS_FOLDERS_MAX: usize = 10_000;
/// So many more are remembered before the least needed are forgotten, which reads all of them.
const EXPECTS_FOLDERS_MORE: usize = 500;
/// What the names of trees of proven devices begin with; those of others are `peer/ADDRESS/…` and the like.
const PROVEN: &str = "user/";

/// A new name of an upload.
#[derive(Clone, Debug)]
pub(crate) struct NewName {
    /// The path by which the device knows it.
    pub(crate) path: String,
    /// The name that people see.
    pub(crate) name: String,
    /// What happened, by the new name.
    pub(crate) event: Event,
    pub(crate) now: Timestamp,
}

impl NewName {
    /// Gives the name to what is stored.
    pub(crate) fn apply(&self, envelope: &mut Envelope, content: &mut Content) {
        envelope.path = Some(self.path.clone());
        for media in &mut content.media {
            media.name.clone_from(&self.name);
        }
    }

    /// The facts of the renamed upload, as if it arrived now. `torn` and `muted` are of the upload and of its device.
    pub(crate) fn facts<'a>(
        &self,
        device: &'a Device,
        envelope: &'a Envelope,
        content: &'a Content,
        (torn, muted): (bool, bool),
    ) -> Facts<'a> {
        Facts {
            event: self.event,
            torn,
            muted,
            envelope: Some(envelope),
            ..Facts::of(device, self.now, content)
        }
    }
}

/// The facts of an upload that has grown.
pub(crate) fn facts_of_growth<'a>(
    growth: &'a Growth,
    device: &'a Device,
    envelope: &'a Envelope,
    muted: bool,
) -> Facts<'a> {
    Facts {
        began_at: growth.began_at,
        event: growth.event,
        torn: growth.torn,
        housekeeping: growth.housekeeping,
        envelope: Some(envelope),
        muted,
        ..Facts::of(device, growth.received_at, &growth.content)
    }
}

/// How an alert of a changed upload is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// By deliveries that wait and cover the upload: they bring all of it, at these times.
    Waiting(Vec<(i64, Timestamp)>),
    /// By a delivery that has to be placed.
    Placed,
    /// Not at all.
    No,
}

/// How the alert `due` of an upload that has grown is sent; `covering` are the channel's deliveries that cover it. One
/// that cannot have begun waits until the upload is ready again. Where the clock was set back, a delivery that seems
/// to be due later may have begun: then what was appended needs another one.
pub(crate) fn grown(
    due: &Due,
    covering: &[Delivery],
    ready_at: Timestamp,
    now: Timestamp,
) -> Sending {
    let cannot_have_begun =
        |it: &&Delivery| it.is_waiting() && it.due_at > now && !it.created_at.is_ahead_of(now);
    let moved = |it: &Delivery| match it.kind {
        AlertKind::First => (it.id, ready_at.max(now)),
        _ => (it.id, due.due_at),
    };
    match covering.iter().filter(cannot_have_begun).map(moved).collect::<Vec<_>>() {
        waiting if waiting.is_empty() => Sending::Placed,
        waiting => Sending::Waiting(waiting),
    }
}

/// How the alert `due` of a renamed upload is sent; `covering` are the channel's deliveries that cover it. What waited
/// for the name waits no longer than any other: the first alert until `now`, or for the further pages of a scan, and
/// a follow-up for what it gathers. A channel that was not alerted under the old name may be under the new one.
pub(crate) fn renamed(due: &Due, covering: &[Delivery], facts: &Facts<'_>) -> Sending {
    let first_at = if facts.is_page() { due.due_at } else { facts.received_at };
    let moved = |it: &Delivery| match it.kind {
        AlertKind::First => (it.id, it.due_at.min(first_at)),
        _ => (it.id, it.due_at.min(due.due_at)),
    };
    let waits = |it: &&Delivery| it.is_waiting() && is_untried(it.state, it.attempts);
    match covering.iter().filter(waits).map(moved).collect::<Vec<_>>() {
        waiting if !waiting.is_empty() => Sending::Waiting(waiting),
        _ if due.kind == AlertKind::First => Sending::Placed,
        _ => Sending::No,
    }
}

/// Whether so many trees are remembered that some are forgotten.
pub(crate) fn are_too_many(trees: usize) -> bool {
    trees > EXPECTS_FOLDERS_MAX + EXPECTS_FOLDERS_MORE
}

/// The trees to be forgotten so that `stay` are left, of those with the times when they were last noted. Trees of
/// unproven devices go before those of proven ones, and of each address the latest stay longest: made-up users push
/// out only each other.
pub(crate) fn least_needed(mut trees: Vec<(String, Timestamp)>, stay: usize) -> Vec<String> {
    trees.sort_unstable_by_key(|(_, at)| Reverse(*at));
    let mut of_address: HashMap<String, u32> = HashMap::new();
    let mut ranked: Vec<(bool, u32, Reverse<Timestamp>, String)> = Vec::new();
    for (tree, at) in trees {
        let (_, path) = tree.split_once('/').unwrap_or(("", &tree));
        let (address, _) = path.split_once('/').unwrap_or((path, ""));
        let number = of_address.entry(address.to_owned()).or_default();
        *number += 1;
        ranked.push((!tree.starts_with(PROVEN), *number, Reverse(at), tree));
    }
    ranked.sort_unstable();
    ranked.into_iter().skip(stay).map(|(.., tree)| tree).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tipoff_model::BlobName;

    use super::*;
    use crate::StoredBlob;
    use crate::contract::{NOW, envelope};
    use crate::core::samples;
    use tipoff_model::{DeliveryState, MediaKind, Protocol};

    fn seconds(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    fn due(kind: AlertKind) -> Due {
        let channel = "phone".to_owned();
        Due { channel, kind, due_at: seconds(15), route: None, of_address: false }
    }

    fn waiting(id: i64, kind: AlertKind) -> Delivery {
        Delivery {
            id,
            channel: "phone".to_owned(),
            kind,
            state: DeliveryState::Pending,
            created_at: NOW,
            due_at: seconds(9),
            ended_at: None,
            attempts: 0,
            progress: 0,
            reference: None,
        }
    }

    fn after_growth(covering: &[Delivery]) -> Sending {
        grown(&due(AlertKind::FollowUp), covering, seconds(12), NOW)
    }

    #[test]
    fn what_waits_brings_all_of_an_upload_that_grows() {
        let (first, follow_up) = (waiting(1, AlertKind::First), waiting(2, AlertKind::FollowUp));
        let moved = Sending::Waiting(vec![(1, seconds(12)), (2, seconds(15))]);
        assert_eq!(after_growth(&[first.clone(), follow_up]), moved);
        let before = grown(&due(AlertKind::First), std::slice::from_ref(&first), Timestamp(0), NOW);
        assert_eq!(before, Sending::Waiting(vec![(1, NOW)]), "not before it is received");
        let failed = Delivery { attempts: 3, ..first };
        assert_eq!(after_growth(&[failed]), Sending::Waiting(vec![(1, seconds(12))]));
    }

    #[test]
    fn what_may_have_begun_does_not_bring_what_was_appended() {
        let first = || waiting(1, AlertKind::First);
        let ahead = NOW.after(Duration::from_secs(3600));
        assert_eq!(after_growth(&[]), Sending::Placed);
        for other in [
            Delivery { state: DeliveryState::Delivered, ..first() },
            Delivery { due_at: NOW, ..first() },
            Delivery { created_at: ahead, due_at: ahead, ..first() },
            waiting(1, AlertKind::Summary),
            waiting(1, AlertKind::Report),
        ] {
            assert_eq!(after_growth(std::slice::from_ref(&other)), Sending::Placed, "{other:?}");
            let moved = Sending::Waiting(vec![(2, seconds(15))]);
            assert_eq!(after_growth(&[other, waiting(2, AlertKind::FollowUp)]), moved);
        }
    }

    /// How a picture or a page is sent after it has another name.
    fn after_renaming(kind: AlertKind, covering: &[Delivery], is_page: bool) -> Sending {
        let media = if is_page { MediaKind::File } else { MediaKind::Picture };
        let content = Content { media: vec![samples::media(media)], ..Content::default() };
        let envelope = Envelope { protocol: Protocol::Ftp, ..envelope() };
        let (path, name, now) = ("/1".to_owned(), "1".to_owned(), seconds(3));
        let renamed_to = NewName { path, name, event: Event::Other, now };
        let device = Device::default();
        renamed(
            &due(kind),
            covering,
            &renamed_to.facts(&device, &envelope, &content, (false, false)),
        )
    }

    #[test]
    fn a_name_ends_the_wait_for_it() {
        let both = [waiting(1, AlertKind::First), waiting(2, AlertKind::FollowUp)];
        let moved = Sending::Waiting(vec![(1, seconds(3)), (2, seconds(9))]);
        assert_eq!(after_renaming(AlertKind::FollowUp, &both, false), moved);
        let long = |it: &Delivery| Delivery { due_at: seconds(99), ..it.clone() };
        let moved = Sending::Waiting(vec![(1, seconds(3)), (2, seconds(15))]);
        assert_eq!(after_renaming(AlertKind::FollowUp, &both.each_ref().map(long), false), moved);
        let moved = Sending::Waiting(vec![(1, seconds(15))]);
        assert_eq!(
            after_renaming(AlertKind::First, &[long(&both[0])], true),
            moved,
            "pages gather"
        );
    }

    #[test]
    fn a_channel_that_was_not_alerted_under_the_old_name_is_under_the_new_one() {
        let first = || waiting(1, AlertKind::First);
        for other in [
            vec![],
            vec![Delivery { attempts: 1, ..first() }],
            vec![Delivery { state: DeliveryState::Delivered, ..first() }],
            vec![waiting(1, AlertKind::Summary)],
        ] {
            let sent = |kind| after_renaming(kind, &other, false);
            assert_eq!(sent(AlertKind::First), Sending::Placed, "{other:?}");
            for kind in [AlertKind::FollowUp, AlertKind::Summary] {
                assert_eq!(sent(kind), Sending::No, "{other:?}");
            }
        }
    }

    #[test]
    fn a_new_name_is_that_of_the_path_and_of_every_file() {
        let (path, name) = ("/person.jpg".to_owned(), "person.jpg".to_owned());
        let renamed_to = NewName { path, name, event: Event::Person, now: seconds(3) };
        let media = vec![samples::media(MediaKind::Picture); 2];
        let (mut envelope, mut content) = (envelope(), Content { media, ..Content::default() });
        renamed_to.apply(&mut envelope, &mut content);
        assert_eq!(envelope.path.as_deref(), Some("/person.jpg"));
        assert!(content.media.iter().all(|it| it.name == "person.jpg"));
        let device = Device::default();
        let facts = renamed_to.facts(&device, &envelope, &content, (false, false));
        assert_eq!((facts.event, facts.received_at), (Event::Person, seconds(3)));
        assert_eq!(facts.began_at, seconds(3));
        assert!(facts.whole_picture && facts.envelope.is_some());
    }

    #[test]
    fn the_facts_of_an_upload_that_has_grown_are_those_of_all_of_it() {
        let growth = Growth {
            arrival: tipoff_model::ArrivalId(1),
            content: Content::default(),
            event: Event::Person,
            housekeeping: true,
            blob: StoredBlob { name: BlobName("a".to_owned()), size: 9 },
            began_at: seconds(1),
            received_at: seconds(2),
            ready_at: seconds(3),
            torn: true,
            digests: Vec::new(),
        };
        let (device, envelope) = (Device::default(), envelope());
        let facts = facts_of_growth(&growth, &device, &envelope, true);
        assert_eq!((facts.began_at, facts.received_at), (seconds(1), seconds(2)));
        assert_eq!((facts.event, facts.torn, facts.housekeeping), (Event::Person, true, true));
        assert!(facts.muted && facts.envelope.is_some());
        assert!(!facts_of_growth(&growth, &device, &envelope, false).muted);
    }

    #[test]
    fn made_up_users_push_out_only_each_other() {
        let mut trees = vec![
            ("user/yard".to_owned(), Timestamp(0)),
            ("peer/10.0.0.1/yard".to_owned(), Timestamp(0)),
        ];
        trees.extend((0..50).map(|it| (format!("peer/10.0.0.2/{it}"), Timestamp(it))));
        let forgotten = least_needed(trees.clone(), 10);
        assert_eq!(forgotten.len(), 42);
        let made_up = |it: i64| format!("peer/10.0.0.2/{it}");
        let expected: Vec<String> = (0..42).rev().map(made_up).collect();
        assert_eq!(forgotten, expected);
        assert_eq!(least_needed(trees.clone(), 1).len(), 51);
        assert!(!least_needed(trees.clone(), 1).contains(&"user/yard".to_owned()), "it is proven");
        assert!(least_needed(trees, 52).is_empty());
        let flat = vec![("a".to_owned(), Timestamp(1)), ("b".to_owned(), Timestamp(2))];
        assert_eq!(least_needed(flat, 1), ["a"]);
    }

    #[test]
    fn trees_are_forgotten_only_if_there_are_a_few_more_than_stay() {
        assert!(!are_too_many(EXPECTS_FOLDERS_MAX + 500));
        assert!(are_too_many(EXPECTS_FOLDERS_MAX + 501));
    }
}
