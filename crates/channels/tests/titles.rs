//! The first line of an alert: what happened, where, and when if it is late.

mod common;

use std::time::Duration;

use common::Story;
use tipoff_channels::{Abilities, Limits, Message, PictureLimits, messages};
use tipoff_model::{Alert, AlertKind, Clip, Event, MediaKind};

static LIMITS: Limits = Limits {
    service: "Pigeon",
    text_utf16_max: 4000,
    caption_utf16_max: 1000,
    album_files_max: 10,
    documents_max: 10,
    album_bytes_max: 1 << 20,
    picture: PictureLimits {
        types: &["image/jpeg"],
        bytes_max: 1 << 20,
        sides_px_max: 10_000,
        ratio_max: 20,
    },
    video_types: &["video/mp4"],
    animations: true,
    file_bytes_max: 1 << 20,
    replies: true,
};

fn first_message(alert: &Alert) -> Message {
    messages(alert, &Abilities::Messages(&LIMITS)).remove(0)
}

fn title(story: Story) -> String {
    first_message(&story.alert).title
}

fn pictures(count: usize) -> Story {
    (0..count).fold(Story::new(), |story, index| {
        story.zeros(&format!("{index}.jpg"), "image/jpeg", MediaKind::Picture, 10)
    })
}

fn video(story: Story) -> Story {
    let mut story = story.zeros("v.mp4", "video/mp4", MediaKind::Video, 10);
    let duration = Duration::from_millis(7_600);
    let clip = Clip { width_px: 640, height_px: 360, duration, poster: None };
    story.alert.media.iter_mut().for_each(|file| file.clip = Some(clip.clone()));
    story
}

fn follow_up(story: Story) -> Story {
    story.change(|alert| alert.kind = AlertKind::FollowUp)
}

fn reply(story: Story) -> Story {
    follow_up(story).change(|alert| alert.reply_to = Some("5".to_owned()))
}

#[test]
fn a_title_names_every_event_that_matters() {
    let story = |events: &[Event]| Story::new().change(|alert| alert.events = events.to_vec());
    assert_eq!(title(story(&[Event::Person])), "🚶 Front yard · Person");
    let several = [Event::Person, Event::Vehicle, Event::Fault];
    assert_eq!(title(story(&several)), "🚶 Front yard · Person, vehicle, fault");
}

#[test]
fn a_follow_up_is_titled_by_its_content() {
    for (story, expected) in [
        (pictures(1), "1 more picture"),
        (pictures(4), "4 more pictures"),
        (video(pictures(0)), "Video, 0:08"),
        (video(pictures(2)), "2 more pictures, video 0:08"),
        (Story::new().zeros("a.pdf", "application/pdf", MediaKind::File, 9), "1 more file"),
        (Story::new().text("All quiet"), "More"),
    ] {
        assert_eq!(title(reply(story)), expected);
    }
    let same = reply(Story::new()).change(|alert| alert.details = Some(String::new()));
    assert_eq!(title(same), "Motion again");
    assert_eq!(title(follow_up(pictures(4))), "Front yard · 4 more pictures", "it is no reply");
    let person = reply(pictures(1)).change(|alert| alert.events = vec![Event::Person]);
    assert_eq!(title(person), "🚶 Person");
}

#[test]
fn files_without_words_name_the_first_alert() {
    let unknown = |story: Story| story.change(|alert| alert.event = Event::Other);
    assert_eq!(title(unknown(pictures(1))), "📷 Front yard · Picture");
    assert_eq!(title(unknown(pictures(3))), "📷 Front yard · 3 pictures");
    assert_eq!(title(unknown(video(pictures(0)))), "📷 Front yard · Video, 0:08");
}

#[test]
fn a_late_alert_says_when_it_happened() {
    let late = |alert: &mut Alert| alert.late = Some("03:12, 4 h late".to_owned());
    assert_eq!(title(pictures(1).change(late)), "👀 Front yard · Motion · 03:12, 4 h late");
    assert_eq!(title(reply(pictures(2)).change(late)), "2 more pictures · 03:12, 4 h late");
    let own = |alert: &mut Alert| {
        late(alert);
        alert.manner.title = Some("Gate".to_owned());
    };
    assert_eq!(title(pictures(1).change(own)), "Gate · 03:12, 4 h late");
}

#[test]
fn details_replace_subject_and_text() {
    let known = Story::new().text("S/N: DS-1\nEVENT TYPE: Motion").change(|alert| {
        alert.subject = "Embedded Net DVR: Motion Detected On Channel A1".to_owned();
        alert.details = Some("Plate: AB 12".to_owned());
    });
    assert_eq!(first_message(&known.alert).text, "Plate: AB 12");
}

#[test]
fn details_do_not_repeat_the_subject_in_the_title() {
    let story = |details: &str| {
        let story = Story::new().change(|alert| {
            alert.event = Event::Other;
            alert.subject = "Package Detected from Front door".to_owned();
            alert.details = Some(details.to_owned());
        });
        first_message(&story.alert).text
    };
    assert_eq!(story("Package detected\nAt the mat"), "At the mat");
    assert_eq!(story("Parcel"), "Parcel");
    assert_eq!(story("package detected"), "");
}

#[test]
fn omitted_words_are_counted_with_a_link() {
    let more = |link: Option<&str>| {
        let story = Story::new().text("one").change(|alert| {
            alert.more = 12;
            alert.link = link.map(str::to_owned);
        });
        first_message(&story.alert).text
    };
    assert_eq!(more(Some("http://tip/incidents/3")), "one\n\nand 12 more: http://tip/incidents/3");
    assert_eq!(more(None), "one\n\nand 12 more, kept in Tipoff");
}

#[test]
fn a_test_says_what_was_missing() {
    let test = |story: Story| story.change(|alert| alert.event = Event::Test);
    let without = first_message(&test(Story::new()).alert);
    assert_eq!(without.title, "✅ Front yard works");
    assert!(without.text.contains("switch attachments on"), "{}", without.text);
    let with = first_message(&test(pictures(1)).alert);
    assert_eq!(with.text, "The test arrived with a picture.");
}
