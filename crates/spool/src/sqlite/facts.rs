//! What the rules are told of an arrival.

use tipoff_model::{Content, Device, Event, Facts, MediaKind, Timestamp};

use crate::NewArrival;

/// All of an arrival that is to be stored.
pub(super) fn facts_of(arrival: &NewArrival) -> Facts<'_> {
    Facts {
        device: &arrival.device,
        began_at: arrival.began_at,
        received_at: arrival.received_at,
        event: arrival.event,
        torn: arrival.torn,
        artefact: arrival.artefact,
        envelope: Some(&arrival.envelope),
        ..facts_of_content(&arrival.device, &arrival.content)
    }
}

/// What the content alone tells.
pub(super) fn facts_of_content<'a>(device: &'a Device, content: &'a Content) -> Facts<'a> {
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
        artefact: false,
        muted: false,
        repeat: media.iter().any(|media| media.repeat)
            && media.iter().all(|media| media.repeat || !media.is_shot()),
    }
}
