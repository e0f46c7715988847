//! Whether a mail is one that the device sends again, because it was not told that it is stored. Pure.

use std::time::Duration;

use tipoff_model::{Content, IncidentId, Timestamp};

use crate::NewArrival;

/// A torn mail is remembered for this long.
pub(crate) const TORN_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Number of a device's mails that a new one is compared with, the newest first; and number of its latest
/// incidents that hold them.
pub(crate) const COMPARED_MAX: u32 = 20;

/// Why no alert of a torn mail is sent.
pub(crate) const WITHDRAWN: &str = "the device sent this mail again";

/// Letters and digits at the end of a torn text that are not compared: half a letter, half an escape
/// sequence of quoted-printable or half a tag may be there.
const CUT_CHARS: usize = 8;

/// The mails of a device that an arrival is compared with.
#[derive(Debug, Default)]
pub(crate) struct EarlierMails {
    /// The incident of the mail of the same bytes ([`NewArrival::same_as`]), if it is of this device.
    pub(crate) same: Option<IncidentId>,
    /// Whole mails that came while a torn one was received, the newest first.
    pub(crate) whole: Vec<(IncidentId, Content)>,
    /// Torn mails whose alerts are not due yet, the newest first.
    pub(crate) waiting: Vec<WaitingMail>,
}

/// A torn mail whose alert is not due yet.
#[derive(Debug)]
pub(crate) struct WaitingMail {
    pub(crate) incident: IncidentId,
    pub(crate) content: Content,
    pub(crate) due_at: Timestamp,
}

/// What an arrival is to the mails before it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resent {
    /// The incident that has this mail already: it is not alerted again.
    pub(crate) repeats: Option<IncidentId>,
    /// When the alert of a torn mail was due that this one continues.
    pub(crate) due_at: Option<Timestamp>,
    /// Incidents of torn mails that this one replaces: their alerts are not sent.
    pub(crate) replaces: Vec<IncidentId>,
}

impl Resent {
    fn repeats(incident: IncidentId) -> Self {
        Self { repeats: Some(incident), ..Self::default() }
    }
}

/// Whether [`EarlierMails::whole`] is needed: a connection that a wireless link lost ends minutes after the
/// device has sent the mail again by another.
pub(crate) fn needs_whole_mails(arrival: &NewArrival) -> bool {
    is_mail(arrival) && arrival.torn
}

/// Whether [`EarlierMails::waiting`] is needed.
pub(crate) fn needs_waiting_mails(arrival: &NewArrival) -> bool {
    is_mail(arrival)
}

/// Compares an arrival with the mails of its device.
pub(crate) fn compare(arrival: &NewArrival, earlier: &EarlierMails) -> Resent {
    if let Some(incident) = earlier.same {
        return Resent::repeats(incident);
    }
    let whole = || earlier.whole.iter().find(|(_, content)| continues(&arrival.content, content));
    if needs_whole_mails(arrival)
        && let Some((incident, _)) = whole()
    {
        return Resent::repeats(*incident);
    }
    let mut resent = Resent::default();
    for waiting in earlier.waiting.iter().filter(|_| is_mail(arrival)) {
        if continues(&waiting.content, &arrival.content) && !is_same(&waiting.content, arrival) {
            resent.replaces.push(waiting.incident);
            let due_at = resent.due_at.unwrap_or(waiting.due_at);
            resent.due_at = Some(due_at.min(waiting.due_at));
        } else if is_torn_mail(arrival) && continues(&arrival.content, &waiting.content) {
            return Resent::repeats(waiting.incident);
        }
    }
    resent
}

fn is_mail(arrival: &NewArrival) -> bool {
    arrival.envelope.path.is_none()
}

/// Whether it is a torn mail without pictures: its alert waits in case the device sends it again.
pub(crate) fn is_torn_mail(arrival: &NewArrival) -> bool {
    arrival.torn && is_mail(arrival) && !arrival.content.has_shots()
}

/// Whether both were torn at the same place, or near it.
fn is_same(waiting: &Content, arrival: &NewArrival) -> bool {
    is_torn_mail(arrival)
        && waiting.subject == arrival.content.subject
        && waiting.text == arrival.content.text
        && waiting.media.len() == arrival.content.media.len()
}

/// Whether `again` begins with all that came of `torn`. White space and
/// punctuation do not count: where the text was cut, they are decoded in another way.
pub(crate) fn continues(torn: &Content, again: &Content) -> bool {
    has_files(again, torn) && has_words(again, torn)
}

/// Each file is there again: one that is whole as large, and one that was cut at least as large.
fn has_files(again: &Content, torn: &Content) -> bool {
    let mut files = again.media.iter();
    torn.media.iter().all(|came| {
        files.next().is_some_and(|it| {
            it.name == came.name && (it.size == came.size || !came.whole && it.size > came.size)
        })
    })
}

fn has_words(again: &Content, torn: &Content) -> bool {
    if torn.text.is_empty() {
        return !torn.subject.is_empty() && begins_with(&again.subject, &torn.subject);
    }
    torn.subject == again.subject && begins_with(&again.text, &torn.text)
}

fn begins_with(text: &str, beginning: &str) -> bool {
    let beginning: Vec<char> = letters(beginning).collect();
    let certain = beginning.len().saturating_sub(CUT_CHARS).max(1);
    let mut text = letters(text);
    beginning.iter().take(certain).all(|letter| text.next() == Some(*letter))
}

fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|it| it.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::samples;
    use tipoff_model::{Encoding, Media, MediaKind};

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    fn mail(subject: &str, text: &str) -> Content {
        Content { subject: subject.to_owned(), text: text.to_owned(), ..Content::default() }
    }

    fn whole(content: Content) -> NewArrival {
        NewArrival { content, ..samples::arrival() }
    }

    fn torn(content: Content) -> NewArrival {
        NewArrival { torn: true, ..whole(content) }
    }

    fn waiting(incident: i64, content: Content, seconds: u64) -> WaitingMail {
        let due_at = NOW.after(Duration::from_secs(seconds));
        WaitingMail { incident: IncidentId(incident), content, due_at }
    }

    #[test]
    fn the_same_bytes_are_the_same_mail() {
        let earlier = EarlierMails { same: Some(IncidentId(7)), ..EarlierMails::default() };
        let resent = compare(&whole(mail("Door", "Open")), &earlier);
        assert_eq!(resent, Resent::repeats(IncidentId(7)));
        assert_eq!(
            compare(&whole(mail("Door", "Open")), &EarlierMails::default()),
            Resent::default()
        );
    }

    #[test]
    fn a_torn_mail_that_came_whole_meanwhile_is_a_repeat() {
        let earlier = EarlierMails {
            whole: vec![
                (IncidentId(2), mail("Window", "Open since 12:00")),
                (IncidentId(1), mail("Door", "Open since 12:00, side entrance")),
            ],
            ..EarlierMails::default()
        };
        let cut = mail("Door", "Open since 12:00, si");
        assert_eq!(compare(&torn(cut.clone()), &earlier), Resent::repeats(IncidentId(1)));
        assert_eq!(compare(&whole(cut.clone()), &earlier), Resent::default(), "a shorter new mail");
        assert_eq!(compare(&torn(mail("Gate", "")), &earlier), Resent::default());
        let upload = samples::upload(torn(cut));
        assert!(!needs_whole_mails(&upload) && !needs_waiting_mails(&upload));
        assert_eq!(compare(&upload, &earlier), Resent::default());
    }

    #[test]
    fn a_whole_mail_replaces_the_torn_ones_that_it_continues() {
        let earlier = EarlierMails {
            waiting: vec![
                waiting(3, mail("Door", "Open since 12:00, s"), 40),
                waiting(2, mail("Door", "Open si"), 20),
                waiting(1, mail("Window", "Open"), 10),
            ],
            ..EarlierMails::default()
        };
        let arrival = whole(mail("Door", "Open since 12:00, side entrance"));
        assert!(needs_waiting_mails(&arrival) && !needs_whole_mails(&arrival));
        let resent = compare(&arrival, &earlier);
        assert_eq!(resent.replaces, [IncidentId(3), IncidentId(2)]);
        assert_eq!(resent.due_at, Some(NOW.after(Duration::from_secs(20))), "the earliest");
        assert_eq!(resent.repeats, None);
        let upload = samples::upload(arrival);
        assert_eq!(compare(&upload, &earlier), Resent::default(), "an upload is no mail");
    }

    #[test]
    fn a_torn_mail_that_is_torn_again_is_alerted_once() {
        let earlier = |text: &str| EarlierMails {
            waiting: vec![waiting(4, mail("Door", text), 9)],
            ..EarlierMails::default()
        };
        let again = torn(mail("Door", "Open since 12:00"));
        let same = compare(&again, &earlier("Open since 12:00"));
        assert_eq!(same, Resent::repeats(IncidentId(4)), "at the same place");
        let shorter = compare(&again, &earlier("Open since 12:00, side entrance"));
        assert_eq!(shorter, Resent::repeats(IncidentId(4)));
        let longer = compare(&again, &earlier("Open sinc"));
        assert_eq!(longer.replaces, [IncidentId(4)], "it has more than the one before");
        let other = torn(mail("Window", "Open since 12:00"));
        assert_eq!(compare(&other, &earlier("Open since 12:00")), Resent::default());
    }

    #[test]
    fn one_that_differs_only_in_what_is_not_compared_is_no_same_one() {
        let scan = Media { size: 5, ..samples::media(MediaKind::File) };
        let with_file = Content { media: vec![scan], ..mail("Door", "Open since 12:00") };
        let earlier = EarlierMails {
            waiting: vec![waiting(4, mail("Door", "Open since 12:00"), 9)],
            ..EarlierMails::default()
        };
        assert_eq!(compare(&torn(with_file), &earlier).replaces, [IncidentId(4)]);
        let changed_end = torn(mail("Door", "Open since 13:59"));
        assert_eq!(compare(&changed_end, &earlier).replaces, [IncidentId(4)]);
        let whole = whole(mail("Door", "Open since 12:00"));
        assert_eq!(compare(&whole, &earlier).replaces, [IncidentId(4)]);
    }

    #[test]
    fn only_torn_mails_without_pictures_wait() {
        let text = || mail("Door", "Open");
        assert!(is_torn_mail(&torn(text())));
        assert!(!is_torn_mail(&whole(text())));
        assert!(!is_torn_mail(&samples::upload(torn(text()))));
        let picture = samples::media(MediaKind::Picture);
        assert!(!is_torn_mail(&torn(Content { media: vec![picture], ..text() })));
    }

    #[test]
    fn a_torn_text_is_continued_by_a_longer_one() {
        let whole = mail("UPS on battery", "Battery at 90 %.\nRuntime left: 12 minutes.\n");
        for (torn, continued) in [
            (mail("UPS on battery", "Battery at 90 %.\nRunt"), true),
            (mail("UPS on battery", "Battery at 90 %.\nRuntime left: 12 minutes.\n"), true),
            (mail("UPS on battery", "Battery at 90 =C"), true),
            (mail("UPS on battery", ""), true),
            (mail("UPS on bat", ""), true),
            (mail("UPS on line power", ""), false),
            (mail("UPS on line", "Battery at 90 %.\n"), false),
            (mail("UPS on battery", "Battery at 35 %, runtime left: 4 minutes."), false),
            (mail("", "Battery at 90 %"), false),
        ] {
            assert_eq!(continues(&torn, &whole), continued, "{torn:?}");
        }
    }

    #[test]
    fn a_torn_scan_is_continued_by_one_with_its_file() {
        let scan = |name: &str, size: u64, whole: bool| {
            let file = Media {
                name: name.to_owned(),
                content_type: "application/pdf".to_owned(),
                kind: MediaKind::File,
                range: 0..size,
                encoding: Encoding::Base64,
                size,
                whole,
                repeat: false,
                decoration: false,
            };
            Content { media: vec![file], ..mail("Scan", "Scan from the copier") }
        };
        let cut = scan("1.pdf", 300, false);
        assert!(continues(&cut, &scan("1.pdf", 9000, true)));
        assert!(!continues(&cut, &scan("2.pdf", 9000, true)));
        assert!(!continues(&cut, &scan("1.pdf", 200, true)));
        assert!(!continues(&cut, &mail("Scan", "Scan from the copier")));
        let whole = scan("1.pdf", 300, true);
        assert!(continues(&whole, &whole));
        assert!(!continues(&whole, &scan("1.pdf", 9000, true)), "that is another file");
    }
}
