//! Which files of an arrival a device has sent before. They are stored, and not alerted again. An engine finds files of
//! the same digest, this decides which of them count. Pure.

use std::collections::HashSet;

use tipoff_model::{AlertMedia, Content, IncidentId, MediaKind};

use crate::{DedupPolicy, Digest, NewArrival};

/// Number of devices with torn arrivals that are remembered. Beyond it every device counts as one.
const TORN_DEVICES_MAX: usize = 10_000;

/// A file that the device has sent before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownFile {
    /// The incident that has it.
    pub(crate) incident: IncidentId,
    /// Whether it came in an arrival that was not acknowledged.
    pub(crate) torn: bool,
}

impl KnownFile {
    fn is_repeat(&self, policy: DedupPolicy) -> bool {
        self.torn || policy == DedupPolicy::Always
    }
}

/// Marks the media that are repeats. `known` holds for each of them the file of the same digest, if there is
/// one. Returns the incident of the last repeat.
pub(crate) fn mark(
    content: &mut Content,
    known: &[Option<KnownFile>],
    policy: DedupPolicy,
) -> Option<IncidentId> {
    let mut seen_in = None;
    for (media, known) in content.media.iter_mut().zip(known) {
        let repeat = known.filter(|file| file.is_repeat(policy));
        media.repeat = repeat.is_some();
        seen_in = repeat.map(|file| file.incident).or(seen_in);
    }
    seen_in
}

/// Whether a device may send the files of an arrival again: it got no acknowledgement, or it is known to send
/// everything twice.
pub(crate) fn may_be_sent_again(arrival: &NewArrival) -> bool {
    arrival.unacknowledged || arrival.again == DedupPolicy::Always
}

/// The digests by which files are recognised if they are sent again: those of whole files.
pub(crate) fn digests_to_keep<'a>(
    content: &'a Content,
    digests: &'a [Option<Digest>],
) -> impl Iterator<Item = &'a Digest> {
    let files = content.media.iter().zip(digests);
    files.filter(|(media, _)| media.whole).filter_map(|(_, digest)| digest.as_ref())
}

/// Whether a file may be one that came before by another protocol: many devices mail a picture and upload it
/// too. It is the same file if the bytes are the same.
pub(crate) fn may_repeat(
    (file, by_mail): (&AlertMedia, bool),
    (earlier, earlier_by_mail): (&AlertMedia, bool),
) -> bool {
    earlier.media.kind != MediaKind::File
        && file.media.kind == earlier.media.kind
        && file.media.size == earlier.media.size
        && file.place.arrival > earlier.place.arrival
        && by_mail != earlier_by_mail
}

/// The keys of devices that left something torn, and may send it again.
#[derive(Debug, Default)]
pub(crate) struct TornDevices(HashSet<String>);

impl TornDevices {
    pub(crate) fn new(keys: HashSet<String>) -> Self {
        Self(keys)
    }

    /// Adds a device. Beyond the limit every device may be one of them.
    pub(crate) fn insert(&mut self, key: String) {
        if self.0.len() < TORN_DEVICES_MAX {
            self.0.insert(key);
        }
    }

    /// Whether the device is one of them, or may be.
    pub(crate) fn may_have(&self, key: &str) -> bool {
        self.0.contains(key) || self.0.len() >= TORN_DEVICES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::samples;
    use tipoff_model::{ArrivalId, BlobName, Media, MediaPlace};

    fn known(incident: i64, torn: bool) -> Option<KnownFile> {
        Some(KnownFile { incident: IncidentId(incident), torn })
    }

    fn pictures(count: usize) -> Content {
        Content { media: vec![samples::media(MediaKind::Picture); count], ..Content::default() }
    }

    #[test]
    fn files_of_torn_arrivals_are_repeats_and_by_policy_all() {
        let files = [known(1, false), known(2, true), None, known(3, true), known(4, false)];
        let repeats = |policy| {
            let mut content = pictures(6);
            // Left over from an earlier reading of an upload that has grown.
            content.media[2].repeat = true;
            let incident = mark(&mut content, &files, policy);
            let repeats: Vec<bool> = content.media.iter().map(|media| media.repeat).collect();
            (repeats, incident)
        };
        let (torn, incident) = repeats(DedupPolicy::AfterTorn);
        assert_eq!(torn, [false, true, false, true, false, false]);
        assert_eq!(incident, Some(IncidentId(3)));
        let (all, incident) = repeats(DedupPolicy::Always);
        assert_eq!(all, [true, true, false, true, true, false]);
        assert_eq!(incident, Some(IncidentId(4)));
        assert_eq!(mark(&mut pictures(1), &[], DedupPolicy::Always), None);
    }

    #[test]
    fn files_may_be_sent_again_if_nobody_acknowledged_them_or_the_device_repeats() {
        let arrival = samples::arrival();
        assert!(!may_be_sent_again(&arrival));
        assert!(may_be_sent_again(&NewArrival { unacknowledged: true, ..arrival.clone() }));
        assert!(may_be_sent_again(&NewArrival { again: DedupPolicy::Always, ..arrival }));
    }

    #[test]
    fn only_whole_files_are_remembered() {
        let mut content = pictures(4);
        content.media[1].whole = false;
        let digests = [Some([1; 32]), Some([2; 32]), None];
        let kept: Vec<&Digest> = digests_to_keep(&content, &digests).collect();
        assert_eq!(kept, [&[1; 32]]);
    }

    #[test]
    fn a_file_may_repeat_an_earlier_one_of_its_kind_and_size_by_another_protocol() {
        let file = |arrival: i64, kind, size| AlertMedia {
            media: Media { size, ..samples::media(kind) },
            place: MediaPlace { arrival: ArrivalId(arrival), index: Some(0) },
            blob: BlobName(String::new()),
            url: None,
            clip: None,
        };
        use MediaKind::{File, Picture, Video};
        let mailed = (&file(1, Picture, 9), true);
        assert!(may_repeat((&file(2, Picture, 9), false), mailed));
        assert!(!may_repeat((&file(2, Picture, 9), true), mailed), "by the same protocol");
        assert!(!may_repeat((&file(2, Picture, 8), false), mailed));
        assert!(!may_repeat((&file(2, Video, 9), false), mailed));
        assert!(!may_repeat((&file(1, Picture, 9), false), mailed), "of the same arrival");
        assert!(!may_repeat((&file(2, File, 9), false), (&file(1, File, 9), true)));
    }

    #[test]
    fn beyond_the_limit_every_device_may_have_torn_something() {
        let mut torn = TornDevices::new(HashSet::from(["yard".to_owned()]));
        torn.insert("gate".to_owned());
        assert!(torn.may_have("yard") && torn.may_have("gate") && !torn.may_have("door"));
        (0..TORN_DEVICES_MAX + 5).for_each(|number| torn.insert(number.to_string()));
        assert!(torn.may_have("door"));
        assert_eq!(torn.0.len(), TORN_DEVICES_MAX);
    }
}
