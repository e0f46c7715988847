//! Mattermost: what is posted, pictures by link, and every kind of answer.
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
use tipoff_model::{Alert, AlertKind, MediaKind, Priority, Scope};
use tipoff_testkit::mattermost::{Mattermost, PATH};
use tipoff_testkit::standin::Behaviour;

const REPAIR: Option<Duration> = Some(Duration::from_secs(300));

fn mattermost(server: &Mattermost, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("url", text(&server.url()))];
    values.extend_from_slice(more);
    channel("mattermost", &values)
}

async fn posts(more: &[(&str, Value)], story: Story) -> Vec<serde_json::Value> {
    let server = Mattermost::start().await.unwrap();
    for outcome in send_all(&*mattermost(&server, more), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

#[tokio::test]
async fn pictures_are_shown_by_their_link_beside_the_words() {
    let story = Story::new()
        .text("a_b @all <!channel> http://h/a_b@all")
        .picture("1.jpg")
        .picture("2_.jpg")
        .zeros("a.mp4", "video/mp4", MediaKind::Video, 5)
        .change(|alert| {
            alert.link = Some("http://tip/incident/3".to_owned());
            for (number, file) in (1..).zip(&mut alert.media) {
                file.url = Some(format!("http://tip/{number}"));
            }
        });
    let more = [
        ("username", text("Cameras")),
        ("icon", text("https://h/i.png")),
        ("channel", text("cameras")),
    ];
    let picture = |name: &str, url: &str| json!({ "fallback": name, "title": name, "title_link": url, "image_url": url });
    let expected = json!({
        "text": "**[👀 Front yard · Motion](http://tip/incident/3)**\n\
                 a\\_b @\u{200b}all \\<\\!channel\\> http://h/a_b%40all\n\n\
                 a.mp4 (5 bytes): Mattermost takes no files: open http://tip/3",
        "attachments": [picture("1.jpg", "http://tip/1"), picture("2\\_.jpg", "http://tip/2")],
        "username": "Cameras", "icon_url": "https://h/i.png", "channel": "cameras",
    });
    assert_eq!(posts(&more, story).await, [expected]);
}

#[tokio::test]
async fn follow_ups_are_silent_and_urgent_alerts_are_marked() {
    type Change = fn(&mut Alert);
    let urgent = json!({ "priority": "urgent" });
    let important = json!({ "priority": "important" });
    let (none, silent) = (serde_json::Value::Null, json!(true));
    let cases: [(Change, &serde_json::Value, &serde_json::Value); 6] = [
        (|_| {}, &none, &none),
        (|it| it.kind = AlertKind::FollowUp, &silent, &none),
        (|it| it.manner.silent = true, &silent, &none),
        (|it| it.manner.priority = Some(Priority::Urgent), &none, &urgent),
        (|it| it.manner.priority = Some(Priority::High), &none, &important),
        (|it| it.manner.priority = Some(Priority::Low), &none, &none),
    ];
    for (change, silent, priority) in cases {
        let post = posts(&[], Story::new().change(change)).await.remove(0);
        assert_eq!((&post["silent"], &post["priority"]), (silent, priority));
    }
}

#[tokio::test]
async fn a_server_without_priorities_gets_the_alert() {
    let server = Mattermost::start().await.unwrap();
    server.know_no_priorities();
    let story = Story::new().change(|it| it.manner.priority = Some(Priority::Urgent));
    delivered(&send(&*mattermost(&server, &[]), story).await);
    assert_eq!(server.log().all()[0]["priority"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_rejected_name_or_icon_costs_no_alert() {
    let server = Mattermost::start().await.unwrap();
    let more = [("username", text("Cameras")), ("icon", text("https://h/i.png"))];
    let odd = r#"{"id":"model.post.is_valid.props.app_error","message":"odd"}"#;
    server.script().next([Behaviour::answer(400, odd)]);
    let outcome = send(&*mattermost(&server, &more), Story::new().text("Somebody")).await;
    let post = server.log().all().remove(0);
    assert!(post["username"].is_null() && post["icon_url"].is_null(), "{post}");
    let repair = common::repair_of(&outcome);
    assert!(repair.contains("`icon`, `username`") && repair.contains("odd"), "{repair}");
}

/// The stand-in refuses what would be cut in two.
#[tokio::test]
async fn every_message_fits_the_limits() {
    for letter in ["x", "*", "@", "字", "😀"] {
        let long = posts(&[], Story::new().text(&letter.repeat(20_000))).await;
        let text = long[0]["text"].as_str().unwrap();
        assert!(text.ends_with('…'), "{text}");
        let whole = long[1]["text"].as_str().unwrap();
        assert!(whole.contains("\nmessage.txt (") && whole.ends_with("kept in Tipoff"), "{whole}");
    }
    let many = (0..13).fold(Story::new(), |story, number| story.picture(&format!("{number}.jpg")));
    let many = many.change(|alert| {
        alert.media.iter_mut().for_each(|file| file.url = Some("http://tip/1".to_owned()));
    });
    let counts: Vec<_> = posts(&[], many)
        .await
        .iter()
        .map(|it| it["attachments"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [10, 3]);
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Mattermost::start().await.unwrap();
    let channel = mattermost(&server, &[]);
    let fault = |id: &str| format!(r#"{{"id":"{id}.app_error","message":"no"}}"#);
    let hook = |id: &str| fault(&format!("web.incoming_webhook.{id}"));
    for (status, body, after, told) in [
        (400, hook("invalid"), REPAIR, "`url`"),
        (501, hook("disabled"), REPAIR, "enabled"),
        (404, hook("channel"), REPAIR, "`channel`"),
        (403, hook("channel_locked"), REPAIR, "`channel`"),
        (403, hook("permissions"), REPAIR, "`channel`"),
        (400, hook("user"), REPAIR, "`channel`"),
        (404, "404 page not found".to_owned(), REPAIR, "`url`"),
        (301, String::new(), REPAIR, "`url`"),
        (200, "<html>".to_owned(), REPAIR, "`url`"),
        (429, "limit exceeded".to_owned(), None, "asks to wait"),
        (500, fault("api.post.create_webhook_post.creating"), None, "(500): no"),
        (502, "bad gateway".to_owned(), None, "(502)"),
    ] {
        server.script().next([Behaviour::answer(status, &body)]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, pause), (Scope::Channel, after), "{status} {body}");
        assert!(error.contains(told), "{error}");
    }
    let body =
        r#"{"id":"web.incoming_webhook.text.app_error","message":"k3yk3yk3yk3yk3yk3yk3yk3yk3"}"#;
    server.script().next([Behaviour::answer(400, body)]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "Mattermost answered 400: [hidden]");
    let lost = [("url", text(&format!("{}{PATH}", nowhere())))];
    let (_, _, error) = retried(&send(&*common::channel("mattermost", &lost), Story::new()).await);
    assert!(error.contains("cannot be reached") && !error.contains("k3yk3y"), "{error}");
    let other = mattermost(&server, &[("channel", text("nowhere"))]);
    let (_, _, error) = retried(&send(&*other, Story::new()).await);
    assert!(error.contains("Couldn't find the channel"), "{error}");
    assert!(server.log().is_empty());
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |key, value: &str| {
        let mut values = vec![("url", text("https://chat.example.org/hooks/KEY"))];
        values.retain(|(other, _)| *other != key);
        values.push((key, text(value)));
        faults("mattermost", &values)
    };
    assert!(with("url", "http://nas/chat/hooks/KEY").is_empty());
    for url in
        ["", "chat.example.org", "https://chat.example.org/hooks/", "https://chat.example.org"]
    {
        assert_eq!(with("url", url), ["url"], "{url}");
    }
    assert_eq!(with("username", " "), ["username"]);
    assert_eq!(with("channel", ""), ["channel"]);
    assert_eq!(with("icon", "camera.png"), ["icon"]);
    let all = [("url", text("x")), ("icon", text("x")), ("channel", text(""))];
    assert_eq!(faults("mattermost", &all), ["url", "channel", "icon"]);
}

#[tokio::test]
async fn a_first_alert_has_links_that_act() {
    let all = posts(&[], Story::new().text("Somebody").buttons()).await;
    let links = [
        ("🔇 15 min", 1),
        ("🔇 1 h", 2),
        ("🔇 Until morning", 3),
        ("🏠 \\[a\\](b), \"c\"; @\u{200b}all \\<d\\> \\*e\\*", 4),
        ("👎 Not interesting", 5),
    ];
    let links =
        links.map(|(label, number)| format!("[{label}]({TIP}/act/T0KEN{number}.s1gnature)"));
    let title = format!("**[👀 Front yard · Motion]({TIP}/incidents/3)**");
    assert_eq!(all[0]["text"], format!("{title}\nSomebody\n{}", links.join(" · ")));
    let off = posts(&[("buttons", Value::Flag(false))], Story::new().buttons()).await;
    assert_eq!(off[0]["text"], title);
}

/// The stand-in refuses what is too long.
#[tokio::test]
async fn links_have_room_below_the_longest_text() {
    for letter in ["x", "@", "😀"] {
        let story = Story::new().text(&letter.repeat(20_000)).buttons();
        let text = posts(&[], story).await[0]["text"].to_string();
        assert!(text.contains("T0KEN1") && text.contains("T0KEN5"), "{text}");
    }
}
