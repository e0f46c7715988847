//! Discord: what is posted, what its limits make of it, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{
    MODE_LABEL, Story, TIP, channel, delivered, faults, jpeg, nowhere, refused, repair_of, retried,
    send, send_all, text,
};
use serde_json::json;
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, Effect, MediaKind, Scope};
use tipoff_testkit::discord::{Discord, PATH, Posted, THREAD};
use tipoff_testkit::standin::Behaviour;

fn discord(server: &Discord, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("url", text(&server.url()))];
    values.extend_from_slice(more);
    channel("discord", &values)
}

async fn posted(more: &[(&str, Value)], story: Story) -> Vec<Posted> {
    let server = Discord::start().await.unwrap();
    for outcome in send_all(&*discord(&server, more), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

#[tokio::test]
async fn pictures_of_an_alert_are_one_message() {
    let story = Story::new().text("a_b *@everyone*").picture("1.jpg").picture("2.jpg");
    let more = [("username", text("Cameras")), ("thread", text(THREAD))];
    let size = jpeg(64, 48).len();
    let expected = Posted {
        content: "**👀 Front yard · Motion**".to_owned(),
        description: "a\\_b \\*@everyone\\*".to_owned(),
        files: vec![("1.jpg".to_owned(), size), ("2.jpg".to_owned(), size)],
        silent: false,
        username: "Cameras".to_owned(),
        thread: THREAD.to_owned(),
        buttons: Vec::new(),
    };
    assert_eq!(posted(&more, story).await, [expected]);
}

#[tokio::test]
async fn follow_ups_are_silent_notifications() {
    let follow_up = Story::new().picture("2.jpg").change(|it| it.kind = AlertKind::FollowUp);
    assert!(posted(&[], follow_up).await[0].silent);
    assert!(posted(&[("silent", Value::Flag(true))], Story::new()).await[0].silent);
    let eleven =
        (0..11).fold(Story::new(), |story, number| story.picture(&format!("{number}.jpg")));
    let silent: Vec<bool> = posted(&[], eleven).await.iter().map(|it| it.silent).collect();
    assert_eq!(silent, [false, true], "the second message of an alert");
    let plain = posted(&[], Story::new()).await;
    assert_eq!((plain[0].silent, plain[0].description.as_str()), (false, ""));
}

#[tokio::test]
async fn a_first_alert_has_buttons_that_open_links() {
    let story = || (0..11).fold(Story::new().buttons(), |it, n| it.picture(&format!("{n}.jpg")));
    let all = posted(&[], story()).await;
    let link = |label: &str, end: &str| (label.to_owned(), format!("{TIP}/{end}"));
    let expected = [
        vec![
            link("🔇 15 min", "act/T0KEN1.s1gnature"),
            link("🔇 1 h", "act/T0KEN2.s1gnature"),
            link("🔇 Until morning", "act/T0KEN3.s1gnature"),
            link(MODE_LABEL, "act/T0KEN4.s1gnature"),
            link("👎 Not interesting", "act/T0KEN5.s1gnature"),
        ],
        vec![link("Open", "incidents/3")],
    ];
    assert_eq!(all[0].buttons, expected);
    assert!(all[1].buttons.is_empty(), "the second message of an alert");
    assert!(posted(&[("buttons", Value::Flag(false))], story()).await[0].buttons.is_empty());
}

#[tokio::test]
async fn an_alert_with_rejected_buttons_is_sent_without_them() {
    let server = Discord::start().await.unwrap();
    let invalid = json!({ "code": 50035, "message": "Invalid Form Body" }).to_string();
    server.script().next([Behaviour::answer(400, &invalid)]);
    let story = Story::new().picture("1.jpg").buttons();
    delivered(&send(&*discord(&server, &[]), story).await);
    let all = server.log().all();
    assert_eq!((all.len(), all[0].buttons.len(), all[0].files.len()), (1, 0, 1));
    // An address that is too long for a button is none.
    let story = Story::new().buttons().change(|alert| {
        alert.buttons[5].effect = Effect::Open { url: format!("{TIP}/{}", "x".repeat(512)) };
    });
    delivered(&send(&*discord(&server, &[]), story).await);
    let labels: usize = server.log().all()[1].buttons.iter().map(Vec::len).sum();
    assert_eq!(labels, 5);
}

/// The stand-in refuses what is over a limit of Discord's.
#[tokio::test]
async fn every_message_fits_the_limits() {
    for letter in ["x", "*", "字", "😀"] {
        let long = posted(&[], Story::new().text(&letter.repeat(20_000)).picture("1.jpg")).await;
        assert!(long[0].description.ends_with('…'));
        let files: Vec<_> = long.iter().flat_map(|it| &it.files).map(|it| &it.0).collect();
        assert_eq!(files, ["1.jpg", "message.txt"], "the whole text is there");
    }
    let many = (0..23).fold(Story::new(), |story, number| story.picture(&format!("{number}.jpg")));
    let counts: Vec<_> = posted(&[], many).await.iter().map(|it| it.files.len()).collect();
    assert_eq!(counts, [10, 10, 3]);
    let large = (0..3).fold(Story::new(), |story, number| {
        story.zeros(&format!("{number}.mp4"), "video/mp4", MediaKind::Video, 9 << 20)
    });
    let counts: Vec<_> = posted(&[], large).await.iter().map(|it| it.files.len()).collect();
    assert_eq!(counts, [2, 1]);
    let huge = Story::new().zeros("a.mp4", "video/mp4", MediaKind::Video, (10 << 20) + 1);
    let huge = posted(&[], huge).await;
    assert!(huge[0].description.contains("too big for Discord (limit 10 MB)"), "{huge:?}");
}

#[tokio::test]
async fn the_text_of_rejected_files_is_delivered() {
    for (status, code, why) in [
        (413, 40005, "too big for this Discord channel"),
        (400, 50035, "not taken by Discord (no)"),
    ] {
        let server = Discord::start().await.unwrap();
        let body = format!(r#"{{"code":{code},"message":"no"}}"#);
        server.script().next([Behaviour::answer(status, &body)]);
        let story = Story::new().text("Somebody").picture("1.jpg");
        delivered(&send(&*discord(&server, &[]), story).await);
        let all = server.log().all();
        assert!(all[0].description.starts_with("Somebody"), "{all:?}");
        assert!(all[0].description.contains(why) && all[0].files.is_empty(), "{all:?}");
    }
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Discord::start().await.unwrap();
    let channel = discord(&server, &[]);
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    let wait = r#"{"message":"You are being rate limited.","retry_after":1.5,"global":false}"#;
    let never = r#"{"message":"You are being rate limited.","retry_after":-1e300}"#;
    for (status, body, after, told) in [
        (404, r#"{"code":10015,"message":"Unknown Webhook"}"#, seconds(300.0), "`url`"),
        (401, r#"{"code":50027,"message":"Invalid Webhook Token"}"#, seconds(300.0), "Invalid"),
        (429, wait, seconds(1.5), "rate limited"),
        (429, never, seconds(0.0), "rate limited"),
        (429, "<html>1015", None, "1015"),
        (503, "upstream", None, "(503)"),
    ] {
        server.script().next([Behaviour::answer(status, body)]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, pause), (Scope::Channel, after), "{status}");
        assert!(error.contains(told), "{error}");
    }
    server.script().next([Behaviour::answer(400, r#"{"code":50006,"message":"t0ken-t0ken"}"#)]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "Discord answered 400: [hidden]");
    server.script().next([Behaviour::Down]);
    retried(&send(&*channel, Story::new()).await);
    assert!(server.log().is_empty());
    let lost = [("url", text(&format!("{}{PATH}", nowhere())))];
    let (_, _, error) = retried(&send(&*common::channel("discord", &lost), Story::new()).await);
    assert!(error.contains("cannot be reached") && !error.contains("t0ken"), "{error}");
}

#[tokio::test]
async fn a_rejected_setting_costs_no_alert() {
    let server = Discord::start().await.unwrap();
    let more = [("thread", text("1")), ("username", text("Cameras"))];
    let outcome = send(&*discord(&server, &more), Story::new().picture("1.jpg").buttons()).await;
    let posted = server.log().all().pop().unwrap();
    assert_eq!((posted.thread.as_str(), posted.username.as_str()), ("", "Cameras"));
    assert_eq!((posted.files.len(), posted.buttons.len()), (1, 2), "all else is there");
    let repair = repair_of(&outcome);
    assert!(repair.contains("`thread`") && repair.contains("Unknown Channel"), "{repair}");
    // A thread that is archived, of a webhook that is known.
    let archived = r#"{"code":50083,"message":"Thread is archived"}"#;
    server.script().next([Behaviour::answer(400, archived)]);
    let there = discord(&server, &[("thread", text(THREAD))]);
    assert!(repair_of(&send(&*there, Story::new()).await).contains("`thread`"));
    // A name that is forbidden by a rule of tomorrow.
    let named = json!({ "username": { "_errors": [{ "message": "no" }] } });
    let invalid = json!({ "code": 50035, "message": "Invalid Form Body", "errors": named });
    server.script().next([Behaviour::answer(400, &invalid.to_string())]);
    let outcome =
        send(&*discord(&server, &more[1..]), Story::new().picture("1.jpg").buttons()).await;
    let posted = server.log().all().pop().unwrap();
    assert_eq!((posted.username.as_str(), posted.files.len()), ("", 1));
    assert!(repair_of(&outcome).contains("`username`") && posted.buttons.len() == 2);
}

#[tokio::test]
async fn in_a_forum_each_alert_is_a_thread() {
    let server = Discord::start().await.unwrap();
    let forum = r#"{"code":220001,"message":"Webhooks posted to forum channels must have a thread_name or thread_id"}"#;
    server.script().next([Behaviour::answer(400, forum)]);
    delivered(&send(&*discord(&server, &[]), Story::new().picture("1.jpg")).await);
    let posted = server.log().all().remove(0);
    assert_eq!((posted.thread.as_str(), posted.files.len()), ("👀 Front yard · Motion", 1));
}

#[tokio::test]
async fn an_alert_rings_once_even_if_its_files_fail() {
    let server = Discord::start().await.unwrap();
    let refused = r#"{"code":50035,"message":"no"}"#;
    let eleven =
        (0..11).fold(Story::new(), |story, number| story.picture(&format!("{number}.jpg")));
    let refuse = [Behaviour::answer(400, refused), Behaviour::Normal];
    server.script().next(refuse.iter().cloned().chain(refuse.iter().cloned()));
    for outcome in send_all(&*discord(&server, &[]), eleven).await {
        delivered(&outcome);
    }
    let silent: Vec<bool> = server.log().all().iter().map(|it| it.silent).collect();
    assert_eq!(silent, [false, true]);
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let good = "https://discord.com/api/webhooks/1/x";
    let with = |key, value: Value| {
        let mut values = vec![("url", text(good))];
        values.retain(|(other, _)| *other != key);
        values.push((key, value));
        faults("discord", &values)
    };
    assert!(with("silent", Value::Flag(true)).is_empty());
    for url in ["", "discord.com", "https://discord.com/api/webhooks/1", "https://x/webhooks/a/b"] {
        assert_eq!(with("url", text(url)), ["url"], "{url}");
    }
    assert_eq!(with("thread", text("yard")), ["thread"]);
    assert_eq!(with("username", text(&"x".repeat(81))), ["username"]);
    assert_eq!(with("username", text("Discord cameras")), ["username"]);
}

#[test]
fn all_channels_of_a_webhook_share_its_pace() {
    let values = [("url", text("https://discord.com/api/webhooks/1/secret"))];
    let paces = channel("discord", &values).paces(&[]);
    assert_eq!(paces.len(), 2);
    assert!(paces.iter().all(|pace| pace.key == "discord:1"), "and no secret is in its key");
}
