//! Telegram as it is meant to go, against a strict stand-in.

mod common;

use std::time::Duration;

use common::{Story, channel, delivered, encoded, faults, jpeg, send, send_all, send_with, text};
use serde_json::json;
use tipoff_channels::telegram::{Chat, Setup};
use tipoff_channels::{Channel, Pace, Value};
use tipoff_model::{Clip, MediaKind};
use tipoff_testkit::telegram::{
    CHANNEL, CHAT, GROUP, SUPERGROUP, SentClip, TOKEN, TOPIC, Telegram,
};

fn telegram(server: &Telegram, chat: &str, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values =
        vec![("api", text(&server.url())), ("token", text(TOKEN)), ("chat", text(chat))];
    values.extend_from_slice(more);
    channel("telegram", &values)
}

#[tokio::test]
async fn a_text_arrives_with_its_title_and_whatever_characters_it_has() {
    let server = Telegram::start().await.unwrap();
    let story = Story::new().text("<b>1 & 2</b> > \"3\" 😀");
    let reference = delivered(&send(&*telegram(&server, CHAT, &[]), story).await).unwrap();
    let [sent] = server.log().all().try_into().unwrap();
    assert_eq!(sent.method, "sendMessage");
    assert_eq!(sent.text, "👀 Front yard · Motion\n<b>1 & 2</b> > \"3\" 😀");
    assert!(sent.html.starts_with("<b>👀 Front yard · Motion</b>\n"));
    assert_eq!(reference, format!("{CHAT} {}", sent.id));
    assert_eq!((sent.reply_to, sent.topic, sent.silent), (None, None, false));
}

#[tokio::test]
async fn every_kind_of_file_goes_by_its_method() {
    let server = Telegram::start().await.unwrap();
    let bytes = b"%PDF".to_vec();
    for (name, content_type, kind, method, shown) in [
        ("c.mp4", "video/mp4", MediaKind::Video, "sendVideo", "video"),
        ("a.gif", "image/gif", MediaKind::Animation, "sendAnimation", "animation"),
        ("d \"ü\".pdf", "application/pdf", MediaKind::File, "sendDocument", "document"),
    ] {
        let story = Story::new().text("hello").file(name, content_type, kind, bytes.clone());
        delivered(&send(&*telegram(&server, CHAT, &[]), story).await);
        let sent = server.log().all().pop().unwrap();
        assert_eq!((sent.method.as_str(), sent.files[0].kind.as_str()), (method, shown));
        assert_eq!(sent.files[0].bytes, bytes);
        assert_eq!(sent.files[0].content_type, content_type);
        assert_eq!(sent.files[0].name.replace("%22", "\""), name);
        assert_eq!(sent.text, "👀 Front yard · Motion\nhello");
    }
    delivered(&send(&*telegram(&server, CHAT, &[]), Story::new().picture("p.jpg")).await);
    assert_eq!(server.log().all().pop().unwrap().files[0].kind, "photo");
    assert!(server.errors().is_empty());
}

#[tokio::test]
async fn a_video_comes_with_its_length_its_sides_and_a_thumbnail() {
    let server = Telegram::start().await.unwrap();
    let story = || {
        let story = Story::new().file("c.mp4", "video/mp4", MediaKind::Video, b"mp4".to_vec());
        let mut story = story.file("t.jpg", "image/jpeg", MediaKind::Picture, jpeg(320, 180));
        let poster = story.alert.media.pop().map(Box::new);
        let duration = Duration::from_millis(10_200);
        let clip = Clip { width_px: 1280, height_px: 720, duration, poster };
        story.alert.media[0].clip = Some(clip);
        story
    };
    let expected = SentClip { duration_s: 11, width_px: 1280, height_px: 720, thumbnail: true };
    delivered(&send(&*telegram(&server, CHAT, &[]), story()).await);
    let sent = server.log().all().pop().unwrap();
    assert_eq!((sent.method.as_str(), sent.files.len()), ("sendVideo", 1));
    assert_eq!(sent.files[0].clip, Some(expected.clone()));
    delivered(&send(&*telegram(&server, CHAT, &[]), story().picture("p.jpg")).await);
    let sent = server.log().all().pop().unwrap();
    assert_eq!((sent.method.as_str(), sent.files.len()), ("sendMediaGroup", 2));
    assert_eq!((sent.files[0].clip.as_ref(), &sent.files[1].clip), (Some(&expected), &None));
    assert!(server.errors().is_empty());
}

#[tokio::test]
async fn many_files_become_albums() {
    let server = Telegram::start().await.unwrap();
    let mut story = Story::new().text("hello");
    for index in 0..11 {
        story = story.picture(&format!("{index}.jpg"));
    }
    for name in ["a.pdf", "b.pdf"] {
        story = story.file(name, "application/pdf", MediaKind::File, b"%PDF".to_vec());
    }
    let outcomes = send_all(&*telegram(&server, CHAT, &[]), story).await;
    outcomes.iter().for_each(|outcome| drop(delivered(outcome)));
    let sent = server.log().all();
    let methods: Vec<&str> = sent.iter().map(|sent| sent.method.as_str()).collect();
    assert_eq!(methods, ["sendMediaGroup", "sendPhoto", "sendMediaGroup"]);
    let names: Vec<String> =
        sent.iter().flat_map(|sent| sent.files.iter().map(|file| file.name.clone())).collect();
    let mut expected: Vec<String> = (0..11).map(|index| format!("{index}.jpg")).collect();
    expected.extend(["a.pdf".to_owned(), "b.pdf".to_owned()]);
    assert_eq!(names, expected);
    assert_eq!(sent[0].text, "👀 Front yard · Motion\nhello");
    assert_eq!(delivered(&outcomes[0]), Some(format!("{CHAT} {}", sent[0].id)));
}

#[tokio::test]
async fn texts_at_the_limits_are_taken_and_longer_ones_go_along_as_a_file() {
    let server = Telegram::start().await.unwrap();
    let telegram = telegram(&server, CHAT, &[]);
    let title = "👀 Front yard · Motion\n".encode_utf16().count();
    for (length, with_picture, messages) in [
        (4096 - title, false, 1),
        (4096 - title + 1, false, 2),
        (1024 - title, true, 1),
        (1024 - title + 1, true, 2),
    ] {
        let before = server.log().len();
        let story = Story::new().text(&"&".repeat(length));
        let story = if with_picture { story.picture("p.jpg") } else { story };
        for outcome in send_all(&*telegram, story).await {
            delivered(&outcome);
        }
        let sent = &server.log().all()[before..];
        assert_eq!(sent.len(), messages, "{length}");
        if let [_, file] = sent {
            let whole = String::from_utf8(file.files[0].bytes.clone()).unwrap();
            assert_eq!(file.files[0].name, "message.txt");
            assert_eq!(whole, format!("👀 Front yard · Motion\n{}\n", "&".repeat(length)));
        }
    }
    assert!(server.errors().is_empty());
}

#[tokio::test]
async fn pictures_that_telegram_cannot_show_go_as_documents_at_once() {
    let server = Telegram::start().await.unwrap();
    let png = image::ImageFormat::Png;
    for (width, height, kind) in [
        (9_900, 100, "document"),
        (2_000, 100, "photo"),
        (2_001, 100, "document"),
        (9_500, 500, "photo"),
        (9_500, 501, "document"),
    ] {
        let bytes = encoded(width, height, png);
        let story = Story::new().file("p.png", "image/png", MediaKind::Picture, bytes);
        delivered(&send(&*telegram(&server, CHAT, &[]), story).await);
        assert_eq!(server.log().all().pop().unwrap().files[0].kind, kind, "{width} x {height}");
    }
    // Nothing was tried that had to fail.
    assert!(server.errors().is_empty(), "{:?}", server.errors().all());
}

#[tokio::test]
async fn a_follow_up_answers_the_first_alert_in_the_same_chat_only() {
    let server = Telegram::start().await.unwrap();
    let first = send(&*telegram(&server, CHAT, &[]), Story::new()).await;
    let reference = delivered(&first);
    let follow_up = || {
        let reference = reference.clone();
        Story::new().picture("2.jpg").change(|alert| alert.reply_to = reference)
    };
    delivered(&send(&*telegram(&server, CHAT, &[]), follow_up()).await);
    delivered(&send(&*telegram(&server, GROUP, &[]), follow_up()).await);
    let [first, second, elsewhere] = server.log().all().try_into().unwrap();
    assert_eq!(second.reply_to, Some(first.id));
    assert_eq!(elsewhere.reply_to, None);
    // The first alert was deleted meanwhile: it arrives all the same.
    let gone = Story::new().change(|alert| alert.reply_to = Some(format!("{CHAT} 1")));
    delivered(&send(&*telegram(&server, CHAT, &[]), gone).await);
}

#[tokio::test]
async fn topics_channels_and_silent_notifications_are_set() {
    let server = Telegram::start().await.unwrap();
    let more = [("topic", Value::Integer(TOPIC)), ("silent", Value::Flag(true))];
    delivered(&send(&*telegram(&server, SUPERGROUP, &more), Story::new()).await);
    delivered(&send(&*telegram(&server, CHANNEL, &[]), Story::new().picture("1.jpg")).await);
    let [topic, channel] = server.log().all().try_into().unwrap();
    assert_eq!((topic.topic, topic.silent), (Some(TOPIC), true));
    assert_eq!(channel.chat, CHANNEL);
}

#[tokio::test]
async fn a_number_that_was_remembered_counts_for_the_chat_that_is_set() {
    let server = Telegram::start().await.unwrap();
    let telegram = telegram(&server, GROUP, &[]);
    let memory = |configured: &str| [("chat".to_owned(), format!("{configured} {SUPERGROUP}"))];
    delivered(&send_with(&*telegram, Story::new(), &memory(GROUP)).await);
    delivered(&send_with(&*telegram, Story::new(), &memory("-9")).await);
    let chats: Vec<String> = server.log().all().into_iter().map(|sent| sent.chat).collect();
    assert_eq!(chats, [SUPERGROUP, GROUP]);
}

#[test]
fn paces_follow_telegram_and_contain_no_secret() {
    let paces = |chat: &str, memory: &[(String, String)]| {
        channel("telegram", &[("token", text(TOKEN)), ("chat", text(chat))]).paces(memory)
    };
    let pace = |key: &str, count: u32, seconds: u64| Pace {
        key: format!("telegram:110201543{key}"),
        count,
        per: Duration::from_secs(seconds),
    };
    assert_eq!(paces("5", &[]), [pace("", 30, 1), pace(":5", 3, 3)]);
    let group = [pace("", 30, 1), pace(":-5", 3, 3), pace(":-5", 20, 60)];
    assert_eq!(paces("-5", &[]), group);
    assert_eq!(paces("-4", &[("chat".to_owned(), "-4 -5".to_owned())]), group);
    assert_eq!(paces("@yard", &[]).len(), 3);
}

#[test]
fn all_faults_of_the_settings_are_reported_without_the_token() {
    assert_eq!(faults("telegram", &[]), ["chat", "token"]);
    let wrong = [
        ("token", text("s3cret token")),
        ("chat", text("yard")),
        ("api", text("ftp://x")),
        ("topic", Value::Integer(0)),
    ];
    assert_eq!(faults("telegram", &wrong), ["chat", "topic", "token", "api"]);
    let told = format!("{:?}", common::build("telegram", &wrong).err());
    assert!(!told.contains("s3cret"), "{told}");
    let right = [("token", text(&format!(" {TOKEN}\n"))), ("chat", text("1"))];
    assert!(faults("telegram", &right).is_empty());
}

#[tokio::test]
async fn setting_up_finds_the_bot_and_the_chat() {
    let server = Telegram::start().await.unwrap();
    let setup = Setup::new(&server.url(), TOKEN).unwrap();
    assert_eq!(setup.bot().await.unwrap().username, "tip_bot");

    let waiting = setup.wait_for_chat(Duration::from_secs(20));
    let writing = async {
        server.update(json!({ "poll": {} }));
        let chat = json!({ "id": 5, "first_name": "Ann" });
        server.update(json!({ "message": { "chat": chat, "text": "/start" } }));
    };
    let (chat, ()) = tokio::join!(waiting, writing);
    assert_eq!(chat.unwrap(), Chat { id: 5, title: "Ann".to_owned(), topic: None });
    // The one that was found is not found again.
    let error = setup.wait_for_chat(Duration::from_millis(50)).await.unwrap_err();
    assert!(error.contains("nobody wrote"), "{error}");
}

#[tokio::test]
async fn setting_up_reports_what_is_wrong() {
    let server = Telegram::start().await.unwrap();
    let error = Setup::new(&server.url(), "nonsense").err().unwrap();
    assert!(error.contains("token") && !error.contains("nonsense"), "{error}");
    let setup = Setup::new(&server.url(), "1:wr0ngwr0ng").unwrap();
    let error = setup.bot().await.unwrap_err();
    assert!(error.contains("does not know this bot") && !error.contains("wr0ng"), "{error}");
}
