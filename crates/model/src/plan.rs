//! The question that the spool asks while it stores an arrival ([`Facts`]), and the answer of the rules ([`Plan`]).
//!
//! The spool knows no rules and the rules know no spool: both use the traits of this file.

use std::sync::Arc;

use crate::{
    AlertKind, Content, Device, Envelope, Event, IncidentId, Media, MediaKind, Past, PastQuery,
    Protocol, Timestamp,
};

/// What the rules know of an arrival that is being stored.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The device that sent it.
    pub device: &'a Device,
    /// When its first byte was received: a long upload belongs to the incident in which it began.
    pub began_at: Timestamp,
    /// When its last byte was received.
    pub received_at: Timestamp,
    /// The event that it reports.
    pub event: Event,
    /// The envelope; `None` if Tipoff itself raises the incident, without an arrival.
    pub envelope: Option<&'a Envelope>,
    /// Its content.
    pub content: &'a Content,
    /// Whether the connection broke before its end.
    pub torn: bool,
    /// Whether it contains a complete picture or video that was not alerted before.
    pub whole_picture: bool,
    /// Whether it contains videos and no picture.
    pub video_only: bool,
    /// Whether it is a housekeeping file: a marker, an index, a test file, an empty file.
    pub housekeeping: bool,
    /// Whether alerts of the device are muted now.
    pub muted: bool,
    /// Whether the device has sent it before and it has nothing new.
    pub repeat: bool,
}

impl<'a> Facts<'a> {
    /// What the content of an arrival says: whether it has a whole new picture, only videos, or nothing new. It was received
    /// whole at `at`; all else is empty.
    pub fn of(device: &'a Device, at: Timestamp, content: &'a Content) -> Self {
        let media = &content.media;
        let has = |kind| media.iter().any(|media| media.kind == kind);
        Self {
            device,
            began_at: at,
            received_at: at,
            event: Event::default(),
            envelope: None,
            content,
            torn: false,
            whole_picture: media.iter().any(|it| it.whole && !it.repeat && it.is_shot()),
            video_only: has(MediaKind::Video) && !has(MediaKind::Picture),
            housekeeping: false,
            muted: false,
            repeat: media.iter().any(|media| media.repeat)
                && media.iter().all(|media| media.repeat || !media.is_shot()),
        }
    }

    /// Whether it is a page of a scan or its like: an upload of documents only. More pages may follow at once, and nobody
    /// has to see them within a second.
    pub fn is_page(&self) -> bool {
        let is_upload = self.envelope.is_some_and(|it| it.protocol == Protocol::Ftp);
        is_upload
            && self.event == Event::Other
            && !self.content.media.is_empty()
            && self.content.media.iter().all(Media::is_document)
    }
}

/// The device's latest incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenIncident {
    /// Its number.
    pub id: IncidentId,
    /// When its first arrival was received.
    pub began_at: Timestamp,
    /// When its latest arrival was received.
    pub last_arrival_at: Timestamp,
    /// Whether a video has arrived for it.
    pub has_video: bool,
}

/// Which arrivals may share an incident: those of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentClass {
    /// Detections and their pictures and videos.
    Alarm,
    /// Failures of the device itself: grouped with each other, never hidden among alarms.
    Fault,
    /// Mails to read, and tests: each is an incident of its own.
    Alone,
}

impl IncidentClass {
    /// Whether arrivals of this class share incidents.
    pub fn is_shared(self) -> bool {
        self != Self::Alone
    }
}

/// A channel that has a first alert of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifiedChannel {
    /// The channel's configured name.
    pub channel: String,
    /// The name of the route that sent it there.
    pub route: Option<String>,
}

/// A delivery that an arrival makes due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The channel's configured name.
    pub channel: String,
    /// The kind of alert. A summary takes in the arrivals before it is due.
    pub kind: AlertKind,
    /// The earliest time of the first attempt.
    pub due_at: Timestamp,
    /// The name of the route that sends it, which also says how it looks.
    pub route: Option<String>,
    /// Whether a summary stands for all discovered devices at the device's address.
    pub of_address: bool,
}

/// The deliveries of an arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The deliveries that become due.
    pub due: Vec<Due>,
    /// Why nobody is alerted, in words for the owner; `None` if somebody is.
    pub suppressed_reason: Option<String>,
}

impl Plan {
    /// A plan that alerts nobody, for this reason.
    pub fn suppressed(why: impl Into<String>) -> Self {
        Self { due: Vec::new(), suppressed_reason: Some(why.into()) }
    }
}

/// Decides, inside the transaction that stores an arrival, which incident it belongs to and which channels are alerted.
pub trait Planner: Send + Sync {
    /// Whether it is kept without telling anybody. Such arrivals have incidents of their own, so
    /// that what is sent by the clock keeps no alarm's incident open.
    fn is_silent(&self, facts: &Facts<'_>) -> bool;

    /// The class of the incident that it joins or opens.
    fn class(&self, facts: &Facts<'_>) -> IncidentClass;

    /// Whether the arrival joins `latest`, the device's latest incident that is as silent and of the
    /// same class. Not asked for [`IncidentClass::Alone`].
    fn joins(&self, facts: &Facts<'_>, latest: &OpenIncident) -> bool;

    /// Whether a channel archives arrivals instead of alerting somebody.
    fn is_archive(&self, channel: &str) -> bool {
        let _ = channel;
        false
    }

    /// The queries of the past that the plan needs, in the mode that somebody chose last. The spool runs them before it
    /// asks for the plan. A channel without a query has no past in the plan.
    fn past_needed(
        &self,
        facts: &Facts<'_>,
        notified: &[NotifiedChannel],
        chosen_mode: Option<&(String, Timestamp)>,
    ) -> Vec<PastQuery> {
        let _ = (facts, notified, chosen_mode);
        Vec::new()
    }

    /// Which channels are alerted: those in `notified`, which have a first alert of the incident, with
    /// [`AlertKind::FollowUp`]; others, to which the incident is new, with [`AlertKind::First`].
    fn plan(&self, facts: &Facts<'_>, notified: &[NotifiedChannel], past: &Past) -> Plan;
}

/// Hands out the rules in force. The spool takes them once for each arrival, so that one arrival is never
/// judged by two rule sets.
pub trait RuleSource: Send + Sync {
    /// The rules in force at this moment; they do not change afterwards.
    fn current(&self) -> Arc<dyn Planner>;
}

/// Rules that are never exchanged.
impl<P: Planner + Clone + 'static> RuleSource for P {
    fn current(&self) -> Arc<dyn Planner> {
        Arc::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpenIncident;
    use crate::testing::{envelope, media};

    #[test]
    fn the_media_say_what_an_arrival_brings() {
        use MediaKind::{File, Picture, Video};
        let of = |kind, whole, repeat| Media { whole, repeat, ..media(kind) };
        let picture = |whole, repeat| of(Picture, whole, repeat);
        let video = |repeat| of(Video, true, repeat);
        // The media; whether there is a whole new picture, only video, nothing new.
        for (media, expected) in [
            (vec![], (false, false, false)),
            (vec![picture(true, false)], (true, false, false)),
            (vec![picture(false, false)], (false, false, false)),
            (vec![picture(true, true)], (false, false, true)),
            (vec![picture(true, true), picture(true, false)], (true, false, false)),
            (vec![picture(true, true), of(File, true, false)], (false, false, true)),
            (vec![of(File, true, false)], (false, false, false)),
            (vec![video(false)], (true, true, false)),
            (vec![video(true), picture(true, false)], (true, false, false)),
        ] {
            let content = Content { media, ..Content::default() };
            let device = Device::default();
            let facts = Facts::of(&device, Timestamp::default(), &content);
            let found = (facts.whole_picture, facts.video_only, facts.repeat);
            assert_eq!(found, expected, "{:?}", content.media);
        }
    }

    #[test]
    fn a_page_is_an_upload_of_documents_that_tells_no_event() {
        let (device, ftp, smtp) =
            (Device::default(), envelope(Protocol::Ftp), envelope(Protocol::Smtp));
        let tiff = Media { content_type: "image/tiff".to_owned(), ..media(MediaKind::Picture) };
        let of = |media: Vec<Media>| Content { media, ..Content::default() };
        let pages = of(vec![tiff.clone(), media(MediaKind::File)]);
        let with_picture = of(vec![tiff, media(MediaKind::Picture)]);
        let nothing = of(Vec::new());
        for (envelope, content, event, expected) in [
            (Some(&ftp), &pages, Event::Other, true),
            (Some(&smtp), &pages, Event::Other, false),
            (None, &pages, Event::Other, false),
            (Some(&ftp), &pages, Event::Motion, false),
            (Some(&ftp), &with_picture, Event::Other, false),
            (Some(&ftp), &nothing, Event::Other, false),
        ] {
            let at = Timestamp::default();
            let facts = Facts { envelope, event, ..Facts::of(&device, at, content) };
            assert_eq!(facts.is_page(), expected, "{facts:?}");
        }
    }

    /// Rules that say as little as they may.
    struct Least;

    impl Planner for Least {
        fn is_silent(&self, _facts: &Facts<'_>) -> bool {
            false
        }

        fn class(&self, _facts: &Facts<'_>) -> IncidentClass {
            IncidentClass::Alarm
        }

        fn joins(&self, _facts: &Facts<'_>, _latest: &OpenIncident) -> bool {
            false
        }

        fn plan(&self, _: &Facts<'_>, _: &[NotifiedChannel], _: &Past) -> Plan {
            Plan::suppressed("nobody asked")
        }
    }

    #[test]
    fn without_more_said_no_past_is_needed_and_no_channel_is_an_archive() {
        let (device, content) = (Device::default(), Content::default());
        let facts = Facts::of(&device, Timestamp::default(), &content);
        assert!(Least.past_needed(&facts, &[], None).is_empty());
        assert!(!Least.is_archive("me"));
    }

    #[test]
    fn a_plan_that_tells_nobody_has_a_reason() {
        let (device, content) = (Device::default(), Content::default());
        let plan =
            Least.plan(&Facts::of(&device, Timestamp::default(), &content), &[], &Past::default());
        assert_eq!(
            (plan.due, plan.suppressed_reason.as_deref()),
            (Vec::new(), Some("nobody asked"))
        );
    }
}
