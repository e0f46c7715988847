//! Pushover: what is sent, what becomes of what it does not take, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::collections::HashMap;
use std::time::Duration;

use common::{
    Story, channel, delivered, faults, refused, repair_of, retried, send, send_all, text,
};
use tipoff_channels::{Channel, Value};
use tipoff_model::{Alert, AlertKind, MediaKind, Priority, Scope};
use tipoff_testkit::pushover::{DEVICE, Notified, Pushover, TOKEN, USER};
use tipoff_testkit::standin::Behaviour;

fn pushover(server: &Pushover, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values =
        vec![("api", text(&server.url())), ("token", text(TOKEN)), ("user", text(USER))];
    values.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
    values.extend_from_slice(more);
    channel("pushover", &values)
}

async fn notified(more: &[(&str, Value)], story: Story) -> Vec<Notified> {
    let server = Pushover::start().await.unwrap();
    for outcome in send_all(&*pushover(&server, more), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

fn parameters(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_picture_comes_with_its_words() {
    let more = [
        ("device", Value::List(vec![DEVICE.to_owned()])),
        ("sound", text("siren")),
        ("priority", Value::Integer(1)),
    ];
    let story = Story::new().text("ein Mensch & ein Hund 😀").picture("Hof 1.jpg").picture("2.jpg");
    let all = notified(&more, story).await;
    let common = [("device", DEVICE), ("sound", "siren"), ("timestamp", "1767225600")];
    let first = [
        ("title", "👀 Front yard · Motion"),
        ("message", "ein Mensch & ein Hund 😀"),
        ("priority", "1"),
    ];
    assert_eq!(all[0].parameters, parameters(&[&first[..], &common].concat()));
    let (name, kind, _) = all[0].picture.as_ref().unwrap();
    assert_eq!((name.as_str(), kind.as_str()), ("Hof 1.jpg", "image/jpeg"));
    let more = [("message", "2.jpg"), ("priority", "-1")];
    assert_eq!(all[1].parameters, parameters(&[&more[..], &common].concat()));
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn the_incident_is_below_the_words() {
    let link = "https://tip.example/incidents/3";
    let with = async |link: &str| {
        let story = Story::new().change(|it| it.link = Some(link.to_owned()));
        notified(&[], story).await[0].parameters.get("url").cloned()
    };
    assert_eq!(with(link).await.as_deref(), Some(link));
    assert_eq!(
        with(&format!("{link}?{}", "x".repeat(512))).await,
        None,
        "Pushover would refuse it"
    );
}

#[tokio::test]
async fn the_priority_comes_from_the_route_or_the_channel() {
    let emergency =
        [("priority", Value::Integer(2)), ("retry", Value::Duration(Duration::from_secs(45)))];
    type Change = fn(&mut Alert);
    let as_it_is: Change = |_| {};
    let follow_up: Change = |alert| alert.kind = AlertKind::FollowUp;
    let silent: Change = |alert| alert.manner.silent = true;
    let urgent: Change = |alert| alert.manner.priority = Some(Priority::Urgent);
    let lowest: Change = |alert| alert.manner.priority = Some(Priority::Lowest);
    for (more, change, expected) in [
        (&[][..], as_it_is, ("0", None)),
        (&emergency[..], as_it_is, ("2", Some(("45", "1800")))),
        (&emergency[..], follow_up, ("-1", None)),
        (&emergency[..], silent, ("-1", None)),
        (&emergency[..], lowest, ("-2", None)),
        (&[][..], urgent, ("2", Some(("60", "1800")))),
    ] {
        let all = notified(more, Story::new().change(change)).await;
        let get = |name: &str| all[0].parameters.get(name).map(String::as_str);
        assert_eq!((get("priority").unwrap(), get("retry").zip(get("expire"))), expected);
    }
}

#[tokio::test]
async fn a_file_that_is_no_picture_becomes_a_link() {
    let story = Story::new()
        .text("Somebody")
        .zeros("a.mp4", "video/mp4", MediaKind::Video, 3000)
        .change(|alert| alert.media[0].url = Some("http://x/a.mp4".to_owned()));
    let all = notified(&[], story).await;
    let message = &all[0].parameters["message"];
    assert!(
        message.starts_with("Somebody\n\na.mp4 (3 KB): Pushover takes pictures only"),
        "{message}"
    );
    assert!(message.ends_with("open http://x/a.mp4") && all[0].picture.is_none(), "{message}");
}

#[tokio::test]
async fn long_texts_fit_the_limit_in_any_script() {
    for letter in ["x", "ж", "😀"] {
        let all = notified(&[], Story::new().text(&letter.repeat(5_000)).picture("1.jpg")).await;
        assert!(all[0].parameters["message"].ends_with('…'), "{letter}");
        assert!(all[0].picture.is_some());
    }
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Pushover::start().await.unwrap();
    let channel = pushover(&server, &[]);
    let repair = Some(Duration::from_secs(300));
    for (status, body, after, told) in [
        (301, "", repair, "`api`"),
        (404, "", repair, "`api`"),
        (200, "<HTML>", repair, "no Pushover"),
        (
            400,
            r#"{"token":"invalid","errors":["application token is invalid"]}"#,
            repair,
            "`token`",
        ),
        (400, r#"{"user":"invalid","errors":["user is disabled"]}"#, repair, "user is disabled"),
        (429, r#"{"errors":["application is over its limit"]}"#, repair, "over its limit"),
        (500, "", None, "(500)"),
        (502, "<html>Bad Gateway", None, "Bad Gateway"),
    ] {
        server.script().next([Behaviour::answer(status, body)]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, pause), (Scope::Channel, after), "{status}");
        assert!(error.contains(told), "{error}");
    }
    let body = format!(r#"{{"message":"invalid","errors":["{TOKEN} says nothing"]}}"#);
    server.script().next([Behaviour::answer(400, &body)]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "Pushover answered 400: [hidden] says nothing");
    for (setting, told) in [("token", "`token`"), ("user", "`user`")] {
        let other = [(setting, text(&"x".repeat(30)))];
        let (_, _, error) = retried(&send(&*pushover(&server, &other), Story::new()).await);
        assert!(error.contains(told), "{error}");
    }
    // A picture that is not taken leaves its words.
    server.script().next([Behaviour::answer(413, "")]);
    delivered(&send(&*channel, Story::new().text("Somebody").picture("1.jpg")).await);
    let message = server.log().all().last().unwrap().parameters["message"].clone();
    assert!(message.contains("1.jpg") && message.contains("too big for Pushover"), "{message}");
}

#[tokio::test]
async fn a_rejected_setting_costs_no_alert() {
    let server = Pushover::start().await.unwrap();
    let list = |name: &str| Value::List(vec![name.to_owned()]);
    let more =
        [("device", list("old-phone")), ("sound", text("siren")), ("priority", Value::Integer(2))];
    // The stand-in knows no such device.
    let outcome = send(&*pushover(&server, &more), Story::new().picture("1.jpg")).await;
    let told = server.log().all().pop().unwrap();
    assert_eq!(told.parameters.get("device"), None);
    assert_eq!(told.parameters["sound"], "siren");
    assert!(told.parameters["priority"] == "2" && told.picture.is_some(), "all else is there");
    let repair = repair_of(&outcome);
    assert!(repair.contains("`device`") && repair.contains("not valid for user"), "{repair}");
    let more = [("sound", text("siren")), ("priority", Value::Integer(2))];
    let channel = pushover(&server, &more);
    for (body, sound, priority) in [
        (r#"{"sound":"invalid","errors":["sound is unknown"],"status":0}"#, false, "2"),
        (r#"{"retry":"invalid","errors":["retry is too short"],"status":0}"#, true, "0"),
        (r#"{"errors":["odd"],"status":0}"#, false, "0"),
    ] {
        server.script().next([Behaviour::answer(400, body)]);
        let outcome = send(&*channel, Story::new().picture("1.jpg")).await;
        let told = server.log().all().pop().unwrap();
        assert_eq!(told.parameters.contains_key("sound"), sound, "{body}");
        assert!(told.parameters["priority"] == priority && told.picture.is_some(), "{body}");
        assert!(!repair_of(&outcome).is_empty());
    }
}

#[tokio::test]
async fn an_alert_rings_once_even_if_its_files_fail() {
    let emergency = [("priority", Value::Integer(2))];
    let pictures = || Story::new().picture("1.jpg").picture("2.jpg").picture("3.jpg");
    let priorities = |all: Vec<Notified>| -> Vec<String> {
        all.into_iter().map(|it| it.parameters["priority"].clone()).collect()
    };
    assert_eq!(priorities(notified(&emergency, pictures()).await), ["2", "-1", "-1"]);
    // Pictures that are too large for Pushover, and files that are no pictures, become words.
    let server = Pushover::start().await.unwrap();
    let too_large = Behaviour::answer(413, "<html>");
    let refuse = [too_large, Behaviour::Normal];
    server.script().next((0..3).flat_map(|_| refuse.clone()));
    for outcome in send_all(&*pushover(&server, &emergency), pictures()).await {
        delivered(&outcome);
    }
    assert_eq!(priorities(server.log().all()), ["2", "-1", "-1"]);
    let clips = ["a.mp4", "b.mp4"]
        .into_iter()
        .fold(Story::new(), |story, name| story.zeros(name, "video/mp4", MediaKind::Video, 3000));
    assert_eq!(priorities(notified(&emergency, clips).await), ["2", "-1"]);
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |more: &[(&'static str, Value)]| {
        let mut values = vec![("token", text(TOKEN)), ("user", text(USER))];
        values.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
        values.extend_from_slice(more);
        faults("pushover", &values)
    };
    let seconds = |seconds| Value::Duration(Duration::from_secs(seconds));
    assert!(with(&[]).is_empty());
    assert_eq!(with(&[("token", text("short"))]), ["token"]);
    assert_eq!(with(&[("user", text("me@example.org"))]), ["user"]);
    assert_eq!(with(&[("api", text("pushover.net"))]), ["api"]);
    assert_eq!(with(&[("priority", Value::Integer(3))]), ["priority"]);
    assert_eq!(with(&[("retry", seconds(29))]), ["retry"]);
    for device in ["", "my phone", &"x".repeat(26)] {
        let device = Value::List(vec!["phone".to_owned(), device.to_owned()]);
        assert_eq!(with(&[("device", device)]), ["device"]);
    }
    assert_eq!(with(&[("sound", text("the siren"))]), ["sound"]);
    assert_eq!(with(&[("retry_for", seconds(10_801))]), ["retry_for"]);
}
