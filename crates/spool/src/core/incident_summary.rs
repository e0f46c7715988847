//! What lists of incidents show of an arrival, and by which words it is found. Pure.

use tipoff_model::{Content, Envelope, Media, MediaKind};

/// Length of the part of a text that is searched, in characters.
const TEXT_CHARS_MAX: usize = 500;
/// Length of all words of an arrival that are searched, in characters.
const WORDS_CHARS_MAX: usize = 1000;
/// Number of file names that are searched.
const NAMES_MAX: usize = 10;

/// Numbers of pictures and videos, whole or torn.
pub(crate) fn counts(content: &Content) -> (i64, i64) {
    let count = |fits: fn(&Media) -> bool| {
        i64::try_from(content.media.iter().filter(|media| fits(media)).count()).unwrap_or(i64::MAX)
    };
    (count(is_picture), count(is_video))
}

fn is_picture(media: &Media) -> bool {
    matches!(media.kind, MediaKind::Picture | MediaKind::Animation)
}

fn is_video(media: &Media) -> bool {
    media.kind == MediaKind::Video
}

/// The file that stands for an arrival in a list, and whether it is a video: its first picture, else its first video.
pub(crate) fn cover(media: &[Media]) -> Option<(usize, bool)> {
    let first = |fits: fn(&Media) -> bool| media.iter().position(fits);
    first(is_picture)
        .map(|index| (index, false))
        .or_else(|| first(is_video).map(|index| (index, true)))
}

/// Whether a file becomes the cover of its incident. `before` is whether the present cover is a video; `None`: there
/// is none. A picture shows more than the video that it was taken from; otherwise the first cover stays.
pub(crate) fn replaces_cover(before: Option<bool>, is_video: bool) -> bool {
    before.is_none_or(|was_video| was_video && !is_video)
}

/// The words by which an arrival is found, in lower case: subject, sender, login, path, names of files, text.
pub(crate) fn search_text(envelope: &Envelope, content: &Content) -> String {
    let text: String = content.text.chars().take(TEXT_CHARS_MAX).collect();
    let login = envelope.login.as_deref().unwrap_or_default();
    let path = envelope.path.as_deref().unwrap_or_default();
    let names = content.media.iter().take(NAMES_MAX).map(|media| media.name.as_str());
    let mut parts = vec![content.subject.as_str(), &envelope.sender, login, path];
    parts.extend(names);
    parts.push(&text);
    parts.retain(|part| !part.is_empty());
    parts.join(" ").to_lowercase().chars().take(WORDS_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{envelope, picture};

    fn media(name: &str, kind: MediaKind) -> Media {
        Media { name: name.to_owned(), kind, ..picture() }
    }

    fn content(media: Vec<Media>) -> Content {
        Content {
            subject: "Motion at the GATE".to_owned(),
            text: "Channel 1".to_owned(),
            media,
            ..Content::default()
        }
    }

    #[test]
    fn pictures_and_videos_are_counted_and_the_first_picture_is_the_cover() {
        use MediaKind::{Animation, File, Picture, Video};
        for (kinds, counted, expected) in [
            (vec![], (0, 0), None),
            (vec![File], (0, 0), None),
            (vec![File, Video, Video], (0, 2), Some((1, true))),
            (vec![Video, File, Picture, Animation], (2, 1), Some((2, false))),
            (vec![Animation], (1, 0), Some((0, false))),
        ] {
            let content = content(kinds.iter().map(|kind| media("1", *kind)).collect());
            assert_eq!((counts(&content), cover(&content.media)), (counted, expected), "{kinds:?}");
        }
    }

    #[test]
    fn the_first_cover_stays_but_a_picture_replaces_a_video() {
        for (before, is_video, expected) in [
            (None, false, true),
            (None, true, true),
            (Some(true), false, true),
            (Some(true), true, false),
            (Some(false), false, false),
            (Some(false), true, false),
        ] {
            assert_eq!(replaces_cover(before, is_video), expected);
        }
    }

    #[test]
    fn an_arrival_is_found_by_its_words_in_lower_case_and_within_limits() {
        let names: Vec<Media> =
            (0..12).map(|it| media(&format!("F{it}.JPG"), MediaKind::Picture)).collect();
        let envelope = Envelope {
            sender: "Cam1@home".to_owned(),
            login: Some("Front".to_owned()),
            path: None,
            ..envelope()
        };
        let found = search_text(&envelope, &content(names));
        let expected = "motion at the gate cam1@home front f0.jpg f1.jpg f2.jpg f3.jpg f4.jpg f5.jpg f6.jpg \
                        f7.jpg f8.jpg f9.jpg channel 1";
        assert_eq!(found, expected);
        let long = Content { text: "x".repeat(2000), ..Content::default() };
        let text = search_text(&envelope, &long);
        assert_eq!(text.matches('x').count(), TEXT_CHARS_MAX);
        let long = Content { subject: "y".repeat(2000), ..Content::default() };
        assert_eq!(search_text(&envelope, &long).len(), WORDS_CHARS_MAX);
    }
}
