//! What the rules are told of an arrival. Pure.

use tipoff_model::{Content, Device, Event, Facts, MediaKind, Timestamp};

use crate::NewArrival;

/// All of an arrival that is to be stored. `is_repeat`: its mail was stored before, whatever its files say.
pub(crate) fn facts_of(arrival: &NewArrival, muted: bool, is_repeat: bool) -> Facts<'_> {
    let of_content = facts_of_content(&arrival.device, &arrival.content);
    Facts {
        device: &arrival.device,
        began_at: arrival.began_at,
        received_at: arrival.received_at,
        event: arrival.event,
        torn: arrival.torn,
        housekeeping: arrival.housekeeping,
        envelope: Some(&arrival.envelope),
        muted,
        repeat: of_content.repeat || is_repeat,
        ..of_content
    }
}

/// What the content of an arrival says: whether it has a whole new picture, only videos, or nothing new. All
/// else is empty.
pub fn facts_of_content<'a>(device: &'a Device, content: &'a Content) -> Facts<'a> {
    let media = &content.media;
    let has = |kind| media.iter().any(|media| media.kind == kind);
    Facts {
        device,
        began_at: Timestamp::default(),
        received_at: Timestamp::default(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use tipoff_model::{Encoding, Media};

    fn media(kind: MediaKind, whole: bool, repeat: bool) -> Media {
        Media {
            name: "1".to_owned(),
            content_type: String::new(),
            kind,
            range: 0..9,
            encoding: Encoding::Identity,
            size: 9,
            whole,
            repeat,
            decoration: false,
        }
    }

    #[test]
    fn the_media_say_what_an_arrival_brings() {
        use MediaKind::{File, Picture, Video};
        let picture = |whole, repeat| media(Picture, whole, repeat);
        let video = |repeat| media(Video, true, repeat);
        // The media; whether there is a whole new picture, only video, nothing new.
        for (media, expected) in [
            (vec![], (false, false, false)),
            (vec![picture(true, false)], (true, false, false)),
            (vec![picture(false, false)], (false, false, false)),
            (vec![picture(true, true)], (false, false, true)),
            (vec![picture(true, true), picture(true, false)], (true, false, false)),
            (vec![picture(true, true), media(File, true, false)], (false, false, true)),
            (vec![media(File, true, false)], (false, false, false)),
            (vec![video(false)], (true, true, false)),
            (vec![video(true), picture(true, false)], (true, false, false)),
        ] {
            let content = Content { media, ..Content::default() };
            let device = Device::default();
            let facts = facts_of_content(&device, &content);
            let found = (facts.whole_picture, facts.video_only, facts.repeat);
            assert_eq!(found, expected, "{:?}", content.media);
        }
    }
}
