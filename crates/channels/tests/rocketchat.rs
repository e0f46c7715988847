//! Rocket.Chat: what is sent, pictures by link, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{
    Story, TIP, channel, delivered, faults, nowhere, refused, retried, send, send_all, text,
};
use serde_json::json;
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, Scope};
use tipoff_testkit::rocketchat::{PATH, RocketChat};
use tipoff_testkit::standin::Behaviour;

const REPAIR: Option<Duration> = Some(Duration::from_secs(300));

fn rocketchat(server: &RocketChat, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("url", text(&server.url()))];
    values.extend_from_slice(more);
    channel("rocketchat", &values)
}

async fn messages(more: &[(&str, Value)], story: Story) -> Vec<serde_json::Value> {
    let server = RocketChat::start().await.unwrap();
    for outcome in send_all(&*rocketchat(&server, more), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

#[tokio::test]
async fn pictures_are_shown_by_their_link_beside_the_words() {
    let story =
        Story::new().text("@all ![x](http://h/x) http://h/@all").picture("1.jpg").picture("2.jpg");
    let story = story.change(|alert| {
        alert.link = Some("http://tip/incident/3".to_owned());
        alert.media[0].url = Some("http://tip/1".to_owned());
    });
    let more = [
        ("username", text("Cameras")),
        ("icon", text("https://h/i.png")),
        ("channel", text("#cameras")),
    ];
    let all = messages(&more, story).await;
    let words = all[0]["text"].as_str().unwrap();
    let begin = "*[👀 Front yard · Motion](http://tip/incident/3)*\n\
                 @\u{200b}all ![x]\u{200b}(http://h/x) http://h/%40all\n\n2.jpg (";
    assert!(words.starts_with(begin), "{words}");
    assert!(words.ends_with("Rocket.Chat takes no files: it is kept in Tipoff"), "{words}");
    let expected = json!({
        "text": words,
        "attachments": [
            { "title": "1.jpg", "title_link": "http://tip/1", "image_url": "http://tip/1" },
        ],
        "parseUrls": false,
        "alias": "Cameras", "avatar": "https://h/i.png", "channel": "#cameras",
    });
    assert_eq!(all, [expected]);
}

#[tokio::test]
async fn a_follow_up_is_a_separate_message() {
    let story = Story::new().text("End").change(|it| {
        it.kind = AlertKind::FollowUp;
        it.reply_to = Some("1".to_owned());
    });
    let expected = json!({ "text": "*Front yard · More*\nEnd", "parseUrls": false });
    assert_eq!(messages(&[], story).await, [expected]);
}

/// Of a user without the permission `message-impersonate`.
#[tokio::test]
async fn a_rejected_name_or_icon_costs_no_alert() {
    let server = RocketChat::start().await.unwrap();
    let more = [("username", text("Cameras")), ("icon", text("https://h/i.png"))];
    let refused = r#"{"success":false,"error":"Not enough permission"}"#;
    server.script().next([Behaviour::answer(400, refused)]);
    let outcome = send(&*rocketchat(&server, &more), Story::new()).await;
    let message = server.log().all().remove(0);
    assert!(message["alias"].is_null() && message["avatar"].is_null(), "{message}");
    assert!(common::repair_of(&outcome).contains("`icon`, `username`"));
}

/// The stand-in refuses what is too long.
#[tokio::test]
async fn every_message_fits_the_limits() {
    for letter in ["x", "@", "]", "字", "😀"] {
        let long = messages(&[], Story::new().text(&letter.repeat(20_000))).await;
        let text = long[0]["text"].as_str().unwrap();
        assert!(text.trim_end_matches('\u{200b}').ends_with('…'), "{text}");
        assert!(long[1]["text"].as_str().unwrap().contains("\nmessage.txt ("), "{long:?}");
    }
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = RocketChat::start().await.unwrap();
    let channel = rocketchat(&server, &[]);
    let fault = |error: &str| format!(r#"{{"success":false,"error":"{error}"}}"#);
    let (whole, one) = (Scope::Channel, Scope::Message);
    for (status, body, scope, after, told) in [
        (400, fault("Invalid integration id or token provided."), whole, REPAIR, "`url`"),
        (401, fault("Invalid integration id or token provided."), whole, REPAIR, "`url`"),
        (400, fault("invalid-channel"), whole, REPAIR, "`channel`"),
        (400, fault("error-not-allowed"), whole, REPAIR, "`channel`"),
        (
            400,
            fault("overriding destination channel is disabled for this integration"),
            whole,
            REPAIR,
            "`channel`",
        ),
        (400, fault("error-message-size-exceeded"), one, REPAIR, "Maximum Allowed Characters"),
        (503, fault("Service Unavailable"), whole, REPAIR, "enable"),
        (503, "upstream".to_owned(), whole, None, "(503)"),
        (429, fault("Error, too many requests. [error-too-many-requests]"), whole, None, "wait"),
        (302, String::new(), whole, REPAIR, "`url`"),
        (200, fault("odd"), whole, REPAIR, "odd"),
    ] {
        server.script().next([Behaviour::answer(status, &body)]);
        let (seen, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((seen, pause), (scope, after), "{status} {body}");
        assert!(error.contains(told), "{error}");
    }
    server.script().next([Behaviour::answer(400, &fault("9343289d1c33464bb15e"))]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "Rocket.Chat answered 400: [hidden]");
    let lost = [("url", text(&format!("{}{PATH}", nowhere())))];
    let (_, _, error) = retried(&send(&*common::channel("rocketchat", &lost), Story::new()).await);
    assert!(error.contains("cannot be reached") && !error.contains("9343289d"), "{error}");
    for (path, told) in [("/hooks/a/b", "Invalid integration"), ("/chat/hooks/a/b", "DOCTYPE")] {
        let url = server.url().replace(PATH, path);
        let other = common::channel("rocketchat", &[("url", text(&url))]);
        let (_, pause, error) = retried(&send(&*other, Story::new()).await);
        assert!(pause == REPAIR && error.contains(told), "{error}");
    }
    assert!(server.log().is_empty());
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with =
        |url: &str, icon: &str| faults("rocketchat", &[("url", text(url)), ("icon", text(icon))]);
    assert!(with("https://chat.example.org/hooks/ID/TOKEN", "http://h/i.png").is_empty());
    assert!(with("https://chat.example.org/hooks/ID/USER/TOKEN", "http://h/i.png").is_empty());
    assert_eq!(with("https://chat.example.org/hooks/ID", "i.png"), ["url", "icon"]);
    assert_eq!(with("", "http://h/i.png"), ["url"]);
}

#[tokio::test]
async fn a_first_alert_has_links_that_act() {
    let all = messages(&[], Story::new().text("Somebody").buttons()).await;
    let links = [
        ("🔇 15 min", 1),
        ("🔇 1 h", 2),
        ("🔇 Until morning", 3),
        ("🏠 [a]\u{200b}(b), \"c\"; @\u{200b}all <\u{200b}d> *e*", 4),
        ("👎 Not interesting", 5),
    ];
    let links =
        links.map(|(label, number)| format!("[{label}]({TIP}/act/T0KEN{number}.s1gnature)"));
    let title = format!("*[👀 Front yard · Motion]({TIP}/incidents/3)*");
    assert_eq!(all[0]["text"], format!("{title}\nSomebody\n{}", links.join(" · ")));
    let off = messages(&[("buttons", Value::Flag(false))], Story::new().buttons()).await;
    assert_eq!(off[0]["text"], title);
}

/// The stand-in refuses what is too long.
#[tokio::test]
async fn links_have_room_below_the_longest_text() {
    for letter in ["x", "@", "😀"] {
        let story = Story::new().text(&letter.repeat(20_000)).buttons();
        let text = messages(&[], story).await[0]["text"].to_string();
        assert!(text.contains("T0KEN1") && text.contains("T0KEN5"), "{text}");
    }
}
