//! How alerts are cut into messages: nothing is lost, no limit is passed.

mod common;

use std::collections::BTreeMap;

use common::{Story, stored};
use proptest::prelude::*;
use tipoff_channels::{
    Abilities, Attachment, Limits, Message, PictureLimits, Role, Source, TEXT_FILE_NAME, messages,
};
use tipoff_model::{Alert, Event, MediaKind};

static LIMITS: Limits = Limits {
    service: "Pigeon",
    text_utf16_max: 400,
    caption_utf16_max: 100,
    album_files_max: 3,
    documents_max: 3,
    album_bytes_max: 3000,
    picture: PictureLimits {
        types: &["image/jpeg"],
        bytes_max: 1000,
        sides_px_max: 100,
        ratio_max: 2,
    },
    video_types: &["video/mp4"],
    animations: true,
    file_bytes_max: 2000,
    replies: true,
};

fn plan(alert: &Alert) -> Vec<Message> {
    messages(alert, &Abilities::Messages(&LIMITS))
}

fn roles(messages: &[Message]) -> Vec<Vec<Role>> {
    messages.iter().map(|message| message.files.iter().map(|file| file.role).collect()).collect()
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

fn picture(story: Story, name: &str, size: u64) -> Story {
    story.zeros(name, "image/jpeg", MediaKind::Picture, size)
}

#[test]
fn a_text_is_one_message_and_the_whole_alert_is_one_too() {
    let story = Story::new().text("Somebody is there.").change(|alert| {
        alert.subject = "Motion detected".to_owned();
    });
    let [message] = plan(&story.alert).try_into().unwrap();
    assert_eq!(message.title, "👀 Front yard · Motion");
    assert_eq!(message.text, "Motion detected\nSomebody is there.");
    assert_eq!(messages(&story.alert, &Abilities::AcceptsAlert), [Message::default()]);
}

#[test]
fn titles_say_what_happened_with_the_available_words() {
    for (event, subject, title, text) in [
        (Event::Other, "Toner low", "📩 Front yard · Toner low", ""),
        (Event::Other, "", "📩 Front yard · Alert", ""),
        (Event::Person, "", "🚶 Front yard · Person", ""),
        (Event::Person, "Line 1\r\nfeed", "🚶 Front yard · Person", "Line 1 feed"),
    ] {
        let story = Story::new().change(|alert| {
            alert.event = event;
            alert.subject = subject.to_owned();
        });
        let first = plan(&story.alert).remove(0);
        assert_eq!((first.title.as_str(), first.text.as_str()), (title, text));
    }
}

#[test]
fn pictures_and_videos_become_albums_with_the_text_at_the_first() {
    let mut story = Story::new().text("hello");
    for index in 0..4 {
        story = picture(story, &format!("{index}.jpg"), 10);
    }
    story = story
        .zeros("v.mp4", "video/mp4", MediaKind::Video, 10)
        .zeros("a.gif", "image/gif", MediaKind::Animation, 10)
        .zeros("d.pdf", "application/pdf", MediaKind::File, 10)
        .change(|alert| {
            alert.raw.push(stored("mail.eml", "message/rfc822", MediaKind::File, 10, "zeros"));
        });
    let planned = plan(&story.alert);
    use Role::{Animation, Document, Picture, Video};
    assert_eq!(
        roles(&planned),
        [
            vec![Picture, Picture, Picture],
            vec![Picture, Video],
            vec![Animation],
            vec![Document, Document]
        ]
    );
    assert_eq!(planned[0].text, "hello");
    assert!(planned[1..].iter().all(|message| message.title.is_empty() && message.text.is_empty()));
}

#[test]
fn a_scan_is_one_message_and_its_log_comes_last() {
    let scan = || {
        let mut story = Story::new().zeros("job.log", "text/plain", MediaKind::File, 10).zeros(
            "JOB.XML",
            "application/octet-stream",
            MediaKind::File,
            10,
        );
        for page in 1..=3 {
            let name = format!("scan-{page}.pdf");
            story = story.zeros(&name, "application/pdf", MediaKind::File, 10);
        }
        story.zeros("scan-4.tif", "image/tiff", MediaKind::Picture, 10)
    };
    let names = |limits: &'static Limits, story: &Story| -> Vec<Vec<String>> {
        let planned = messages(&story.alert, &Abilities::Messages(limits));
        let names =
            |message: &Message| message.files.iter().map(|it| it.name().to_owned()).collect();
        planned.iter().map(names).collect()
    };
    static TEN: Limits = Limits { documents_max: 10, ..LIMITS };
    static TWO: Limits = Limits { documents_max: 2, ..LIMITS };
    let pages = ["scan-1.pdf", "scan-2.pdf", "scan-3.pdf", "scan-4.tif"];
    let logs = ["job.log", "JOB.XML"];
    let all = [&pages[..], &logs].concat();
    assert_eq!(names(&TEN, &scan()).concat(), all);
    assert_eq!(names(&TWO, &scan()), [&pages[..2], &pages[2..], &logs]);
    // With a picture, words that are too long, and the mail as it came.
    let more = || {
        picture(scan(), "1.jpg", 10).text(&"y".repeat(101)).change(|alert| {
            let mut raw = stored("mail.eml", "message/rfc822", MediaKind::File, 10, "zeros");
            raw.place.index = None;
            alert.raw.push(raw);
        })
    };
    let rest = [&all[..], &[TEXT_FILE_NAME, "mail.eml"]].concat();
    assert_eq!(names(&TEN, &more()), [vec!["1.jpg"], rest]);
}

#[test]
fn an_album_is_no_larger_than_it_may_be() {
    let story = picture(picture(Story::new(), "1.jpg", 1000), "2.jpg", 1000);
    let two = story.zeros("v.mp4", "video/mp4", MediaKind::Video, 1000);
    assert_eq!(plan(&two.alert).len(), 1);
    let three = two.change(|alert| alert.media[2].media.size += 1);
    assert_eq!(roles(&plan(&three.alert)), [vec![Role::Picture; 2], vec![Role::Video]]);
}

#[test]
fn a_picture_that_cannot_be_shown_is_sent_as_a_document() {
    let kind = |kind: MediaKind, content_type: &str, size: u64, whole: bool| {
        let story = Story::new()
            .zeros("f", content_type, kind, size)
            .change(|alert| alert.media[0].media.whole = whole);
        plan(&story.alert)[0].files[0].role
    };
    assert_eq!(kind(MediaKind::Picture, "image/jpeg", 1000, true), Role::Picture);
    assert_eq!(kind(MediaKind::Picture, "image/jpeg", 1001, true), Role::Document);
    assert_eq!(kind(MediaKind::Picture, "image/jpeg", 10, false), Role::Document);
    assert_eq!(kind(MediaKind::Picture, "image/tiff", 10, true), Role::Document);
    assert_eq!(kind(MediaKind::Video, "video/mp4", 10, true), Role::Video);
    assert_eq!(kind(MediaKind::Video, "video/x-msvideo", 10, true), Role::Document);
    assert_eq!(kind(MediaKind::Animation, "image/gif", 10, true), Role::Animation);
}

#[test]
fn a_file_that_is_too_big_becomes_words_that_say_where_it_is() {
    let fits = Story::new().zeros("clip.mp4", "video/mp4", MediaKind::Video, 2000);
    assert_eq!(plan(&fits.alert)[0].files.len(), 1);
    let big = fits.change(|alert| alert.media[0].media.size = 2001);
    let [message] = plan(&big.alert).try_into().unwrap();
    assert!(message.files.is_empty());
    assert_eq!(
        message.text,
        "clip.mp4 (2 KB): too big for Pigeon (limit 2 KB): it is kept in Tipoff"
    );
    let with_url = big.change(|alert| alert.media[0].url = Some("http://tip/1".to_owned()));
    assert!(plan(&with_url.alert)[0].text.ends_with(": open http://tip/1"));
    let empty = with_url.change(|alert| alert.media[0].media.size = 0);
    assert_eq!(plan(&empty.alert)[0].text, "clip.mp4: an empty file");
}

#[test]
fn a_torn_alert_says_so() {
    let story = picture(Story::new(), "1.jpg", 10).change(|alert| alert.torn = true);
    assert!(plan(&story.alert)[0].text.contains("The connection broke before the end"));
}

#[test]
fn a_text_at_the_limit_is_whole_and_one_beyond_goes_along_as_a_file() {
    let title = utf16("👀 Front yard · Motion\n");
    let full = "😀".repeat((400 - title) / 2) + &"x".repeat((400 - title) % 2);
    let at = Story::new().text(&full);
    let [message] = plan(&at.alert).try_into().unwrap();
    assert_eq!(message.text, full);

    let beyond = Story::new().text(&format!("{full}x"));
    let [message, file] = plan(&beyond.alert).try_into().unwrap();
    assert!(message.files.is_empty() && message.text.ends_with('…'));
    assert!(matches!(&file.files[0].source, Source::Text(text) if text.contains(&full)));
    assert_eq!(file.files[0].name(), TEXT_FILE_NAME);

    let below_picture = picture(Story::new().text(&"y".repeat(101)), "1.jpg", 10);
    let [album, file] = plan(&below_picture.alert).try_into().unwrap();
    assert_eq!(album.files.len(), 1);
    assert!(album.text.ends_with('…'));
    assert_eq!(file.files[0].name(), TEXT_FILE_NAME);
}

#[test]
fn a_title_that_is_too_long_is_cut_and_repeated_in_the_text() {
    let story = Story::new().change(|alert| {
        alert.event = Event::Other;
        alert.subject = "s".repeat(5000);
    });
    let [message, file] = plan(&story.alert).try_into().unwrap();
    assert_eq!(utf16(&message.title), 200);
    assert!(
        matches!(&file.files[0].source, Source::Text(text) if text.contains(&"s".repeat(5000)))
    );
}

#[test]
fn every_message_of_a_follow_up_answers_the_first_alert() {
    let mut story = Story::new().change(|alert| alert.reply_to = Some("1 2".to_owned()));
    for index in 0..4 {
        story = picture(story, &format!("{index}.jpg"), 10);
    }
    let planned = plan(&story.alert);
    assert_eq!(planned.len(), 2);
    assert!(planned.iter().all(|message| message.reply_to.as_deref() == Some("1 2")));
    static SILENT: Limits = Limits { replies: false, ..LIMITS };
    let planned = messages(&story.alert, &Abilities::Messages(&SILENT));
    assert!(planned.iter().all(|message| message.reply_to.is_none()));
}

prop_compose! {
    fn a_file()(
        kind in prop_oneof![
            Just(MediaKind::Picture), Just(MediaKind::Video),
            Just(MediaKind::Animation), Just(MediaKind::File)
        ],
        content_type in prop_oneof![
            Just("image/jpeg"), Just("video/mp4"), Just("image/gif"), Just("x/y")
        ],
        size in prop_oneof![0_u64..5, 990_u64..1010, 1990_u64..2010],
        whole in any::<bool>(),
        url in proptest::option::of("http://[a-z]{1,9}"),
    ) -> (MediaKind, &'static str, u64, bool, Option<String>) {
        (kind, content_type, size, whole, url)
    }
}

prop_compose! {
    fn an_alert()(
        device in ".{0,150}",
        subject in prop_oneof!["", ".{0,40}", "[😀x]{0,300}"],
        text in prop_oneof!["", "(?s).{0,100}", "[😀é\n x]{0,600}"],
        torn in any::<bool>(),
        event in proptest::sample::select(Event::ALL),
        files in proptest::collection::vec(a_file(), 0..12),
        raw in 0_usize..3,
    ) -> Alert {
        Story::new().change(|alert| {
            (alert.device, alert.subject, alert.text) = (device, subject, text);
            (alert.torn, alert.event) = (torn, event);
            for (index, (kind, content_type, size, whole, url)) in files.into_iter().enumerate() {
                let mut file = stored(&format!("m{index}"), content_type, kind, size, "zeros");
                (file.media.whole, file.url) = (whole, url);
                alert.media.push(file);
            }
            for index in 0..raw {
                let name = format!("r{index}");
                alert.raw.push(stored(&name, "message/rfc822", MediaKind::File, 7, "zeros"));
            }
        }).alert
    }
}

fn all_text(planned: &[Message]) -> String {
    let files = planned.iter().flat_map(|message| &message.files);
    let in_files = files.filter_map(|file| match &file.source {
        Source::Text(text) => Some(text.as_str()),
        Source::Stored(_) => None,
    });
    planned.iter().map(|message| message.text.as_str()).chain(in_files).collect()
}

fn check_limits(message: &Message) -> Result<(), TestCaseError> {
    let Message { title, text, files, .. } = message;
    let max = if files.is_empty() { LIMITS.text_utf16_max } else { LIMITS.caption_utf16_max };
    prop_assert!(utf16(title) + 1 + utf16(text) <= max);
    prop_assert!(files.len() <= LIMITS.album_files_max);
    prop_assert!(
        files.len() == 1
            || files.iter().map(Attachment::size).sum::<u64>() <= LIMITS.album_bytes_max
    );
    let documents = files.iter().filter(|file| file.role == Role::Document).count();
    prop_assert!(documents == 0 || documents == files.len());
    let moving = files.iter().any(|file| file.role == Role::Animation);
    prop_assert!(!moving || files.len() == 1);
    for file in files {
        prop_assert!((1..=LIMITS.file_bytes_max).contains(&file.size()) || file.stored_text());
    }
    Ok(())
}

trait StoredText {
    fn stored_text(&self) -> bool;
}

impl StoredText for Attachment {
    fn stored_text(&self) -> bool {
        matches!(self.source, Source::Text(_))
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_and_no_limit_is_passed(alert in an_alert()) {
        let planned = plan(&alert);
        prop_assert_eq!(&planned, &plan(&alert));
        prop_assert!(!planned.is_empty() && !planned[0].title.trim().is_empty());
        for message in &planned {
            check_limits(message)?;
        }
        let mut sent = BTreeMap::new();
        for file in planned.iter().flat_map(|message| &message.files) {
            *sent.entry(file.name().to_owned()).or_insert(0) += 1;
        }
        let told = all_text(&planned);
        for stored in alert.media.iter().chain(&alert.raw) {
            let (name, size) = (&stored.media.name, stored.media.size);
            let fits = (1..=LIMITS.file_bytes_max).contains(&size);
            prop_assert_eq!(sent.get(name).copied().unwrap_or(0), i32::from(fits), "{}", name);
            let noted = told.contains(&format!("{name} (")) || told.contains(&format!("{name}: an empty"));
            prop_assert!(fits || noted, "{} in neither", name);
        }
        // The words are all there, in the message or in the file beside it, without the overrides of the direction.
        let shown = alert.text.replace(['\u{202d}', '\u{202e}'], "");
        let mut words = shown.split(|c: char| c.is_whitespace() || c.is_control());
        prop_assert!(words.all(|word| told.contains(word)));
    }
}

#[test]
fn a_device_s_test_is_answered_and_its_words_stay() {
    let answered = "The test has no picture. If the device is a camera, switch attachments on in its \
                    mail settings.";
    for (subject, text, expected) in [
        ("", "", answered.to_owned()),
        ("Camera test", "", format!("{answered}\nCamera test")),
        ("Camera test", "All is well", format!("{answered}\nCamera test\nAll is well")),
    ] {
        let story = Story::new().text(text).change(|alert| {
            alert.event = Event::Test;
            alert.subject = subject.to_owned();
        });
        let planned = messages(&story.alert, &Abilities::Messages(&LIMITS));
        assert_eq!(
            (planned[0].title.as_str(), planned[0].text.as_str()),
            ("✅ Front yard works", expected.as_str())
        );
    }
}
