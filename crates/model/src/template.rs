//! The values of an alert that a template may name. Knows no template language.

use serde::Serialize;

use crate::{Alert, AlertKind, Event, MediaKind};

/// Limit of the steps that one template takes: no loop delays an alert.
pub const TEMPLATE_STEPS_MAX: u64 = 50_000;

/// The values of an alert that a template may name: one name a field, in alphabetical order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplateValues<'a> {
    /// The day of receipt, such as `2026-11-24`.
    pub date: String,
    /// The name of the device.
    pub device: &'a str,
    /// The event as in the configuration, such as `motion`.
    pub event: Event,
    /// Number of files.
    pub files: usize,
    /// Whether an earlier alert of the same incident was sent to this channel.
    pub follow_up: bool,
    /// Address of the incident; empty if the public address is unknown.
    pub link: &'a str,
    /// Address of the first picture; empty if there is none or the public address is unknown.
    pub picture: &'a str,
    /// Number of pictures.
    pub pictures: usize,
    /// The subject that the device wrote.
    pub subject: &'a str,
    /// The text that the device wrote, or the text of the route's own template.
    pub text: &'a str,
    /// The time of receipt, such as `22:05`.
    pub time: String,
    /// The event in words, or the title of the route's own template.
    pub title: &'a str,
    /// Whether the connection broke before the end.
    pub torn: bool,
    /// Number of videos.
    pub videos: usize,
}

impl<'a> TemplateValues<'a> {
    /// The values of `alert`. `date` and `time` are those of its receipt in the reader's time zone.
    pub fn of(alert: &'a Alert, date: String, time: String) -> Self {
        let is_picture = |kind| matches!(kind, MediaKind::Picture | MediaKind::Animation);
        let pictures = || alert.media.iter().filter(|file| is_picture(file.media.kind));
        let videos = alert.media.iter().filter(|file| file.media.kind == MediaKind::Video);
        let manner = &alert.manner;
        Self {
            date,
            device: &alert.device,
            event: alert.event,
            files: alert.media.len(),
            follow_up: alert.kind == AlertKind::FollowUp,
            link: alert.link.as_deref().unwrap_or_default(),
            picture: pictures().find_map(|file| file.url.as_deref()).unwrap_or_default(),
            pictures: pictures().count(),
            subject: &alert.subject,
            text: manner.text.as_deref().unwrap_or(&alert.text),
            time,
            title: manner.title.as_deref().or_else(|| alert.event.title()).unwrap_or("Alert"),
            torn: alert.torn,
            videos: videos.count(),
        }
    }

    /// An example, with which a template is checked when the configuration is read.
    pub fn sample() -> Self {
        Self {
            date: "2026-11-24".to_owned(),
            device: "Front yard",
            event: Event::Motion,
            files: 2,
            follow_up: false,
            link: "http://192.168.1.10:8080/incidents/7",
            picture: "http://192.168.1.10:8080/media/7/1",
            pictures: 1,
            subject: "Motion Detection",
            text: "Channel 1",
            time: "22:05".to_owned(),
            title: "Motion",
            torn: false,
            videos: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{alert, file};

    fn values(alert: &Alert) -> TemplateValues<'_> {
        TemplateValues::of(alert, "2026-11-24".to_owned(), "22:05".to_owned())
    }

    #[test]
    fn files_are_counted_by_kind_and_the_first_picture_with_an_address_is_named() {
        let media = vec![
            file(MediaKind::Video, Some("/v")),
            file(MediaKind::Picture, None),
            file(MediaKind::Animation, Some("/a")),
            file(MediaKind::Picture, Some("/p")),
            file(MediaKind::File, None),
        ];
        let alert = Alert { media, ..alert() };
        let values = values(&alert);
        assert_eq!((values.files, values.pictures, values.videos), (5, 3, 1));
        assert_eq!(values.picture, "/a");
    }

    #[test]
    fn only_a_follow_up_is_called_one() {
        for kind in AlertKind::ALL {
            let alert = Alert { kind: *kind, ..alert() };
            assert_eq!(values(&alert).follow_up, *kind == AlertKind::FollowUp, "{kind:?}");
        }
    }

    #[test]
    fn the_words_of_the_route_come_before_those_of_the_device() {
        let mut alert = alert();
        assert_eq!((values(&alert).title, values(&alert).text), ("Motion", "Something moved."));
        alert.event = Event::Other;
        assert_eq!(values(&alert).title, "Alert");
        alert.manner.title = Some("Look".to_owned());
        alert.manner.text = Some("here".to_owned());
        assert_eq!((values(&alert).title, values(&alert).text), ("Look", "here"));
    }

    #[test]
    fn the_example_has_what_a_template_may_ask_for() {
        let sample = TemplateValues::sample();
        let filled =
            [sample.device, sample.event.as_str(), sample.link, sample.picture, sample.title];
        assert!(filled.iter().all(|value| !value.is_empty()));
        assert_eq!((sample.files, sample.pictures, sample.videos), (2, 1, 1));
    }
}
