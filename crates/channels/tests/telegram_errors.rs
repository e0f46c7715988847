//! Telegram as it goes wrong: each error is repaired at once, waited out, or told in plain words.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{Story, channel, delivered, nowhere, refused, retried, send, text};
use tipoff_channels::{Channel, Value};
use tipoff_model::{MediaKind, Outcome, Scope};
use tipoff_testkit::standin::Behaviour;
use tipoff_testkit::telegram::{ApiError, CHAT, GROUP, SUPERGROUP, Sent, TOKEN, Telegram};

const REPAIR_PAUSE: Option<Duration> = Some(Duration::from_secs(300));

fn telegram(server: &Telegram, chat: &str) -> Box<dyn Channel> {
    let values = [("api", text(&server.url())), ("token", text(TOKEN)), ("chat", text(chat))];
    channel("telegram", &values)
}

/// Sends after the server was told how to behave.
async fn meet(behaviours: Vec<Behaviour>, story: Story) -> (Outcome, Vec<Sent>) {
    let server = Telegram::start().await.unwrap();
    server.script().next(behaviours);
    let outcome = send(&*telegram(&server, CHAT), story).await;
    (outcome, server.log().all())
}

fn bad(description: &str) -> Behaviour {
    ApiError::new(400, &format!("Bad Request: {description}")).into()
}

#[tokio::test]
async fn a_flood_is_waited_out_as_long_as_telegram_says() {
    let (outcome, sent) = meet(vec![ApiError::flood(17).into()], Story::new()).await;
    let (scope, after, error) = retried(&outcome);
    assert_eq!((scope, after), (Scope::Channel, Some(Duration::from_secs(17))));
    assert!(error.contains("wait") && sent.is_empty(), "{error}");

    // Within an album it is told in another way.
    let quoted = "failed to send message #1 with the error message \"Too Many Requests: retry \
                  after 8\"";
    let story = Story::new().picture("1.jpg").picture("2.jpg");
    let (outcome, _) = meet(vec![bad(quoted)], story).await;
    assert_eq!(retried(&outcome).1, Some(Duration::from_secs(8)));

    // Nobody can stop a channel for longer than a day.
    let (outcome, _) = meet(vec![ApiError::flood(u64::MAX).into()], Story::new()).await;
    assert_eq!(retried(&outcome).1, Some(Duration::from_secs(86_400)));
}

#[tokio::test]
async fn a_fault_of_the_settings_waits_for_its_repair_and_is_reported() {
    for (error, words) in [
        (ApiError::new(401, "Unauthorized"), "token"),
        (ApiError::new(404, "Not Found"), "token"),
        (ApiError::blocked(), "press Start"),
        (ApiError::new(403, "Forbidden: bot was kicked from the group chat"), "add it"),
        (ApiError::chat_not_found(), "check `chat`"),
        (ApiError::new(400, "Bad Request: PEER_ID_INVALID"), "check `chat`"),
        (ApiError::new(400, "Bad Request: not enough rights to send text messages"), "rights"),
    ] {
        let (outcome, sent) = meet(vec![error.into()], Story::new()).await;
        let (scope, after, error) = retried(&outcome);
        assert_eq!((scope, after), (Scope::Channel, REPAIR_PAUSE), "{error}");
        assert!(error.contains(words) && sent.is_empty(), "{error}");
    }
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_followed_and_remembered() {
    let server = Telegram::start().await.unwrap();
    let number = SUPERGROUP.parse().unwrap();
    server.script().next([ApiError::migrated(number).into()]);
    let story = Story::new().picture("1.jpg");
    let story = story.change(|alert| alert.reply_to = Some(format!("{GROUP} 50")));
    let outcome = send(&*telegram(&server, GROUP), story).await;
    let [sent] = server.log().all().try_into().unwrap();
    assert_eq!((sent.chat.as_str(), sent.files.len(), sent.reply_to), (SUPERGROUP, 1, None));
    assert_eq!(delivered(&outcome), Some(format!("{SUPERGROUP} {}", sent.id)));
    assert_eq!(outcome.remember, [("chat".to_owned(), format!("{GROUP} {SUPERGROUP}"))]);
}

#[tokio::test]
async fn a_group_that_moves_repeatedly_is_followed_a_limited_number_of_times() {
    let server = Telegram::start().await.unwrap();
    server.script().always(ApiError::migrated(-5).into());
    let outcome = send(&*telegram(&server, GROUP), Story::new()).await;
    assert_eq!(retried(&outcome).0, Scope::Message);
}

#[tokio::test]
async fn a_rejected_picture_is_sent_as_a_document_and_a_rejected_document_as_text() {
    for description in
        ["PHOTO_INVALID_DIMENSIONS", "IMAGE_PROCESS_FAILED", "wrong type of the web page content"]
    {
        let story = || Story::new().text("hello").picture("1.jpg").picture("2.jpg");
        let (outcome, sent) = meet(vec![bad(description)], story()).await;
        delivered(&outcome);
        assert!(sent[0].files.iter().all(|file| file.kind == "document"), "{description}");
        assert_eq!((sent[0].files.len(), sent[0].method.as_str()), (2, "sendMediaGroup"));
        assert_eq!(sent[0].text, "👀 Front yard · Motion\nhello");

        let (outcome, sent) = meet(vec![bad(description), bad(description)], story()).await;
        delivered(&outcome);
        assert!(sent[0].files.is_empty());
        assert!(sent[0].text.starts_with("👀 Front yard · Motion\nhello\n\n1.jpg ("));
        assert!(sent[0].text.contains(description) && sent[0].text.contains("2.jpg"));

        let (outcome, sent) = meet(vec![bad(description); 3], story()).await;
        assert!(refused(&outcome).contains(description) && sent.is_empty());
    }
}

#[tokio::test]
async fn a_torn_or_false_picture_still_arrives() {
    let server = Telegram::start().await.unwrap();
    let bytes = b"\xff\xd8\xff\xe0 no picture".to_vec();
    let story = Story::new().file("p.jpg", "image/jpeg", MediaKind::Picture, bytes.clone());
    delivered(&send(&*telegram(&server, CHAT), story).await);
    let [sent] = server.log().all().try_into().unwrap();
    assert_eq!((sent.files[0].kind.as_str(), &sent.files[0].bytes), ("document", &bytes));
}

#[tokio::test]
async fn a_file_that_is_too_large_becomes_a_link() {
    let html = Behaviour::answer(413, "<html>413 Request Entity Too Large</html>");
    for too_big in [html, ApiError::new(413, "Request Entity Too Large").into()] {
        let story = Story::new().picture("p.jpg");
        let story = story.change(|alert| alert.media[0].url = Some("http://tip/p".to_owned()));
        let (outcome, sent) = meet(vec![too_big], story).await;
        delivered(&outcome);
        assert_eq!(sent[0].method, "sendMessage");
        assert!(sent[0].text.contains("too big for Telegram: open http://tip/p"));
    }
}

#[tokio::test]
async fn an_alert_arrives_without_its_topic_or_the_message_that_it_answers() {
    let server = Telegram::start().await.unwrap();
    let values = [
        ("api", text(&server.url())),
        ("token", text(TOKEN)),
        ("chat", text(SUPERGROUP)),
        ("topic", Value::Integer(99)),
    ];
    let outcome = send(&*channel("telegram", &values), Story::new().picture("p.jpg")).await;
    delivered(&outcome);
    assert_eq!(server.log().all()[0].topic, None);
    assert!(common::repair_of(&outcome).contains("`topic`"), "{outcome:?}");
    assert_eq!(server.log().all()[0].files[0].kind, "photo");

    // Of a group whose "General" is closed.
    let (outcome, _) = meet(vec![bad("TOPIC_CLOSED")], Story::new().picture("p.jpg")).await;
    assert!(retried(&outcome).2.contains("reopen it"), "{outcome:?}");
    let entities = "can't parse entities: unsupported start tag";
    let (outcome, sent) = meet(vec![bad(entities)], Story::new().picture("p.jpg")).await;
    delivered(&outcome);
    assert_eq!((sent[0].text.as_str(), sent[0].files.len()), ("👀 Front yard · Motion", 1));

    let story = Story::new().change(|alert| alert.reply_to = Some(format!("{CHAT} 1")));
    let (outcome, sent) = meet(vec![bad("message to be replied not found")], story).await;
    delivered(&outcome);
    assert_eq!(sent.len(), 1);
}

#[tokio::test]
async fn a_failing_service_is_retried() {
    let proxy = Behaviour::Answer {
        status: 503,
        headers: vec![("Retry-After".to_owned(), "9".to_owned())],
        body: "busy".to_owned(),
    };
    for (behaviour, after) in [
        (Behaviour::Down, None),
        (Behaviour::garbage(), None),
        (Behaviour::answer(500, "{\"ok\":false,\"error_code\":500,\"description\":\"x\"}"), None),
        (Behaviour::answer(502, "<html>Bad Gateway</html>"), None),
        (Behaviour::answer(404, "<html>no API here</html>"), None),
        (Behaviour::answer(200, ""), None),
        (proxy, Some(Duration::from_secs(9))),
    ] {
        let (outcome, sent) = meet(vec![behaviour.clone()], Story::new()).await;
        let (scope, asked, error) = retried(&outcome);
        let is_down = matches!(behaviour, Behaviour::Down);
        let expected = if is_down { Scope::Unreachable } else { Scope::Channel };
        assert_eq!((scope, asked), (expected, after), "{behaviour:?}: {error}");
        assert!(sent.is_empty());
    }
}

#[tokio::test]
async fn an_unreachable_service_is_retried() {
    let server = Telegram::start().await.unwrap();
    server.script().next([Behaviour::Slow(Duration::from_secs(3600))]);
    for (api, words) in [(server.url(), "did not answer within 1 s"), (nowhere(), "be reached")] {
        let values = [
            ("api", text(&api)),
            ("token", text(TOKEN)),
            ("chat", text(CHAT)),
            ("timeout", Value::Duration(Duration::from_secs(1))),
        ];
        let (scope, after, error) =
            retried(&send(&*channel("telegram", &values), Story::new()).await);
        assert_eq!((scope, after), (Scope::Unreachable, None));
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_stored_file_that_cannot_be_read_concerns_its_message_only() {
    let story = Story::new().picture("p.jpg").change(|alert| alert.media[0].media.size += 1);
    let (outcome, sent) = meet(Vec::new(), story).await;
    let (scope, _, error) = retried(&outcome);
    assert_eq!(scope, Scope::Message);
    assert!(error.contains("p.jpg cannot be read") && sent.is_empty(), "{error}");
}

#[tokio::test]
async fn no_error_shows_the_token() {
    let key = TOKEN.split_once(':').unwrap().1;
    let server = Telegram::start().await.unwrap();
    server.script().next([
        ApiError::new(400, &format!("Bad Request: /bot{TOKEN}/sendMessage")).into(),
        ApiError::new(403, &format!("Forbidden: {key}")).into(),
        Behaviour::Down,
        Behaviour::answer(500, &format!("<html>/bot{TOKEN}/</html>")),
    ]);
    let mut errors = Vec::new();
    for _ in 0..4 {
        errors.push(format!("{:?}", send(&*telegram(&server, CHAT), Story::new()).await));
    }
    let values = [("api", text(&nowhere())), ("token", text(TOKEN)), ("chat", text(CHAT))];
    errors.push(format!("{:?}", send(&*channel("telegram", &values), Story::new()).await));
    for error in errors {
        assert!(error.contains("error:") && !error.contains(key), "{error}");
    }
}

#[tokio::test]
async fn the_fake_service_enforces_the_pace_on_request() {
    let options = tipoff_testkit::telegram::Options { flood: true, ..Default::default() };
    let server = Telegram::start_with(options).await.unwrap();
    let telegram = telegram(&server, CHAT);
    for _ in 0..3 {
        delivered(&send(&*telegram, Story::new()).await);
    }
    assert_eq!(retried(&send(&*telegram, Story::new()).await).1, Some(Duration::from_secs(3)));
}
