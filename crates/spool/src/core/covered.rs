//! What a delivery brings, gathered from the arrivals that it covers. Pure.

use std::collections::HashSet;

use tipoff_model::{
    AlertMedia, ArrivalId, BlobName, Content, Encoding, Event, Media, MediaKind, MediaPlace,
    Protocol, Timestamp,
};

use super::alert::Words;
use super::repeated_files;

/// An arrival that a delivery covers, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct CoveredArrival {
    /// Its number.
    pub(crate) id: ArrivalId,
    pub(crate) received_at: Timestamp,
    /// Whether the connection broke before its end.
    pub(crate) torn: bool,
    /// The name of its event.
    pub(crate) event: String,
    pub(crate) blob: BlobName,
    /// Size of the blob in bytes.
    pub(crate) bytes: u64,
    pub(crate) content: Content,
    /// The name of the protocol by which it came.
    pub(crate) protocol: String,
}

/// An arrival of the incident whose files may be those of a later one.
#[derive(Clone, Debug)]
pub(crate) struct EarlierArrival {
    /// Its number.
    pub(crate) id: ArrivalId,
    pub(crate) blob: BlobName,
    pub(crate) media: Vec<Media>,
    /// The name of the protocol by which it came.
    pub(crate) protocol: String,
}

/// What the arrivals of a delivery bring. Empty for a notice, which no arrival opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Covered {
    /// The words of each arrival, in the order of receipt.
    pub(crate) words: Vec<Words>,
    /// When the first arrival was received.
    pub(crate) received_at: Option<Timestamp>,
    /// As in [`tipoff_model::Alert::media`].
    pub(crate) media: Vec<AlertMedia>,
    /// As in [`tipoff_model::Alert::raw`].
    pub(crate) raw: Vec<AlertMedia>,
    /// As in [`tipoff_model::Alert::mails`].
    pub(crate) mails: Vec<AlertMedia>,
    /// Whether one of them is torn.
    pub(crate) torn: bool,
    /// The arrivals that are mails.
    pub(crate) by_mail: HashSet<ArrivalId>,
    /// The first arrival and the latest one. `None`: there are none.
    pub(crate) span: Option<(ArrivalId, ArrivalId)>,
}

impl Covered {
    /// Gathers the arrivals of a delivery, which are in the order of receipt.
    pub(crate) fn gather(arrivals: Vec<CoveredArrival>) -> Self {
        let mut covered = Self::default();
        arrivals.into_iter().for_each(|arrival| covered.add(arrival));
        covered
    }

    fn add(&mut self, arrival: CoveredArrival) {
        let CoveredArrival { id, content, blob, .. } = arrival;
        self.span = Some((self.span.map_or(id, |(first, _)| first), id));
        self.torn |= arrival.torn;
        self.received_at.get_or_insert(arrival.received_at);
        let whole = raw_message(id, blob.clone(), arrival.bytes);
        if content.unclear {
            self.raw.push(whole.clone());
        }
        if is_mail(&arrival.protocol) {
            self.by_mail.insert(id);
            self.mails.push(whole);
        }
        let files = stored(id, &blob, content.media);
        self.media.extend(files.filter(|it| !it.media.repeat && !it.media.decoration));
        self.words.push(Words {
            event: Event::from_name(&arrival.event).unwrap_or_default(),
            subject: content.subject,
            text: content.text,
            details: content.details,
        });
    }

    /// What a report shows: its pictures are of other incidents, whose words it does not repeat.
    pub(crate) fn of_report(self) -> Self {
        Self { media: self.media, span: self.span, ..Self::default() }
    }

    /// Pairs of a file of these arrivals and an earlier one that it may repeat ([`repeated_files::may_repeat`]).
    pub(crate) fn maybe_repeated(
        &self,
        earlier: Vec<EarlierArrival>,
    ) -> Vec<(MediaPlace, AlertMedia)> {
        let mut pairs = Vec::new();
        for EarlierArrival { id, blob, media, protocol } in earlier {
            let by_mail = is_mail(&protocol);
            for before in stored(id, &blob, media) {
                let repeats = self.media.iter().filter(|it| {
                    let is_by_mail = self.by_mail.contains(&it.place.arrival);
                    repeated_files::may_repeat((*it, is_by_mail), (&before, by_mail))
                });
                pairs.extend(repeats.map(|it| (it.place, before.clone())));
            }
        }
        pairs
    }
}

fn is_mail(protocol: &str) -> bool {
    protocol == Protocol::Smtp.as_str()
}

/// The files of an arrival and where they are stored.
fn stored(
    arrival: ArrivalId,
    blob: &BlobName,
    media: Vec<Media>,
) -> impl Iterator<Item = AlertMedia> {
    (0_u32..).zip(media).map(move |(index, media)| {
        let place = MediaPlace { arrival, index: Some(index) };
        AlertMedia { media, place, blob: blob.clone(), url: None, clip: None }
    })
}

/// The stored mail or alarm itself, as a file.
pub(crate) fn raw_message(arrival: ArrivalId, blob: BlobName, bytes: u64) -> AlertMedia {
    // RFC 9112, section 10.1; RFC 5322.
    let (name, content_type) = match blob.0.ends_with(".http") {
        true => (format!("alarm-{arrival}.http"), "message/http"),
        false => (format!("mail-{arrival}.eml"), "message/rfc822"),
    };
    let media = Media {
        name,
        content_type: content_type.to_owned(),
        kind: MediaKind::File,
        range: 0..bytes,
        encoding: Encoding::Identity,
        size: bytes,
        whole: true,
        repeat: false,
        decoration: false,
    };
    AlertMedia { media, place: MediaPlace { arrival, index: None }, blob, url: None, clip: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::samples;

    fn arrival(id: i64, media: Vec<Media>) -> CoveredArrival {
        CoveredArrival {
            id: ArrivalId(id),
            received_at: Timestamp(id * 10),
            torn: false,
            event: "motion".to_owned(),
            blob: BlobName(format!("{id}.eml")),
            bytes: 100,
            content: Content { subject: format!("mail {id}"), media, ..Content::default() },
            protocol: "smtp".to_owned(),
        }
    }

    fn picture() -> Media {
        samples::media(MediaKind::Picture)
    }

    fn places(media: &[AlertMedia]) -> Vec<(i64, Option<u32>)> {
        media.iter().map(|it| (it.place.arrival.0, it.place.index)).collect()
    }

    #[test]
    fn all_arrivals_are_in_it_in_the_order_of_receipt() {
        let covered = Covered::gather(vec![
            arrival(3, vec![picture(), picture()]),
            CoveredArrival { torn: true, ..arrival(5, vec![picture()]) },
        ]);
        assert_eq!(covered.span, Some((ArrivalId(3), ArrivalId(5))));
        assert_eq!((covered.received_at, covered.torn), (Some(Timestamp(30)), true));
        assert_eq!(places(&covered.media), [(3, Some(0)), (3, Some(1)), (5, Some(0))]);
        assert_eq!(covered.media[2].blob, BlobName("5.eml".to_owned()));
        let subjects: Vec<&str> = covered.words.iter().map(|it| it.subject.as_str()).collect();
        assert_eq!((subjects, covered.words[1].event), (vec!["mail 3", "mail 5"], Event::Motion));
        assert!(!Covered::gather(vec![arrival(3, Vec::new())]).torn);
        assert_eq!(Covered::default().span, None);
    }

    #[test]
    fn repeats_and_decoration_are_left_out() {
        let repeat = Media { repeat: true, ..picture() };
        let decoration = Media { decoration: true, ..picture() };
        let covered = Covered::gather(vec![arrival(3, vec![repeat, decoration, picture()])]);
        assert_eq!(places(&covered.media), [(3, Some(2))]);
    }

    #[test]
    fn mails_are_there_as_they_came_and_unclear_arrivals_are_sent_along() {
        let mut unclear = arrival(4, Vec::new());
        unclear.content.unclear = true;
        let upload = CoveredArrival { protocol: "ftp".to_owned(), ..unclear.clone() };
        let upload = CoveredArrival { id: ArrivalId(5), ..upload };
        let covered = Covered::gather(vec![arrival(3, Vec::new()), unclear, upload]);
        assert_eq!(places(&covered.mails), [(3, None), (4, None)]);
        assert_eq!(places(&covered.raw), [(4, None), (5, None)]);
        assert_eq!(covered.by_mail, HashSet::from([ArrivalId(3), ArrivalId(4)]));
        let mail = &covered.mails[0].media;
        assert_eq!(
            (mail.name.as_str(), mail.size, mail.range.clone()),
            ("mail-3.eml", 100, 0..100)
        );
    }

    #[test]
    fn a_report_has_its_pictures_and_no_words() {
        let covered = Covered::gather(vec![arrival(3, vec![picture()])]).of_report();
        assert_eq!((covered.media.len(), covered.span), (1, Some((ArrivalId(3), ArrivalId(3)))));
        assert!(covered.words.is_empty() && covered.mails.is_empty());
        assert_eq!(covered.received_at, None);
    }

    #[test]
    fn a_file_may_repeat_one_that_came_before_by_another_protocol() {
        let earlier = |id, protocol: &str| EarlierArrival {
            id: ArrivalId(id),
            blob: BlobName(format!("{id}.jpg")),
            media: vec![samples::media(MediaKind::Video), picture()],
            protocol: protocol.to_owned(),
        };
        let covered = Covered::gather(vec![arrival(3, vec![picture()])]);
        let all = vec![earlier(4, "ftp"), earlier(2, "ftp"), earlier(1, "smtp")];
        let pairs = covered.maybe_repeated(all);
        assert_eq!(pairs.len(), 1);
        let (place, before) = &pairs[0];
        assert_eq!((place.arrival, place.index), (ArrivalId(3), Some(0)));
        assert_eq!(places(std::slice::from_ref(before)), [(2, Some(1))]);
        assert_eq!(before.blob, BlobName("2.jpg".to_owned()));
    }
}
