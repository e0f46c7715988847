//! Gotify: what is sent, pictures by link, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{
    Story, channel, delivered, faults, refused, repair_of, retried, send, send_all, text,
};
use serde_json::json;
use tipoff_channels::{Channel, Value};
use tipoff_model::{Alert, AlertKind, Priority, Scope};
use tipoff_testkit::gotify::{Gotify, TOKEN};
use tipoff_testkit::standin::Behaviour;

fn gotify(server: &Gotify, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("server", text(&server.url())), ("token", text(TOKEN))];
    values.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
    values.extend_from_slice(more);
    channel("gotify", &values)
}

async fn messages(more: &[(&str, Value)], story: Story) -> Vec<serde_json::Value> {
    let server = Gotify::start().await.unwrap();
    for outcome in send_all(&*gotify(&server, more), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

#[tokio::test]
async fn a_picture_is_shown_by_its_link() {
    let story =
        Story::new().text("*ein* Mensch").picture("1.jpg").picture("2.jpg").change(|alert| {
            for (number, file) in (1..).zip(&mut alert.media) {
                file.url = Some(format!("http://tip/{number}.jpg"));
            }
        });
    let all = messages(&[], story).await;
    let shown = |picture: &str| {
        json!({
            "client::display": { "contentType": "text/plain" },
            "client::notification": { "bigImageUrl": picture, "click": { "url": picture } },
        })
    };
    let first = json!({
        "title": "👀 Front yard · Motion", "message": "*ein* Mensch", "priority": 5,
        "extras": shown("http://tip/1.jpg"),
    });
    let second = json!({
        "title": "Front yard", "message": "2.jpg", "priority": 3, "extras": shown("http://tip/2.jpg"),
    });
    assert_eq!(all, [first, second]);
}

#[tokio::test]
async fn a_tap_leads_to_the_incident() {
    let link = "https://tip.example/incidents/3";
    let all = messages(&[], Story::new().change(|it| it.link = Some(link.to_owned()))).await;
    let notification = json!({ "click": { "url": link } });
    assert_eq!(all[0]["extras"]["client::notification"], notification);
}

#[tokio::test]
async fn without_a_link_the_file_is_named() {
    let all = messages(&[], Story::new().text("Somebody").picture("1.jpg")).await;
    let message = all[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Somebody\n\n1.jpg (") && message.contains("takes no files"),
        "{message}"
    );
    assert_eq!(all[0]["extras"], json!({ "client::display": { "contentType": "text/plain" } }));
}

#[tokio::test]
async fn the_priority_comes_from_the_route_or_the_channel() {
    type Change = fn(&mut Alert);
    let changes: [(Change, i64); 4] = [
        (|_| {}, 8),
        (|alert| alert.kind = AlertKind::Summary, 3),
        (|alert| alert.manner.silent = true, 3),
        (|alert| alert.manner.priority = Some(Priority::Urgent), 10),
    ];
    for (change, expected) in changes {
        let all = messages(&[("priority", Value::Integer(8))], Story::new().change(change)).await;
        assert_eq!(all[0]["priority"], expected);
        assert_eq!(all[0]["message"], "👀 Front yard · Motion");
    }
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Gotify::start().await.unwrap();
    let channel = gotify(&server, &[]);
    let repair = Some(Duration::from_secs(300));
    for (status, body, after, told) in [
        (301, "", repair, "`server`"),
        (404, "", repair, "`server`"),
        (200, "\n<!DOCTYPE html><title>Router</title>", repair, "no Gotify server"),
        (429, "slowly", None, "slowly"),
        (503, r#"{"errorDescription":"locked"}"#, None, "(503): locked"),
    ] {
        server.script().next([Behaviour::answer(status, body)]);
        let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
        assert_eq!((scope, pause), (Scope::Channel, after), "{status}");
        assert!(error.contains(told), "{error}");
    }
    server.script().next([Behaviour::answer(400, &format!("{TOKEN} is odd"))]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "Gotify answered 400: [hidden] is odd");
    let other = gotify(&server, &[("token", text("other"))]);
    let (_, after, error) = retried(&send(&*other, Story::new()).await);
    assert!(
        after == repair && error.contains("valid access token") && error.contains("`token`"),
        "{error}"
    );
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn a_server_without_tls_is_named_as_such() {
    let server = Gotify::start().await.unwrap();
    let address = server.url().replace("http://", "https://");
    let channel = gotify(&server, &[("server", text(&address))]);
    let (scope, _, error) = retried(&send(&*channel, Story::new()).await);
    assert_eq!(scope, Scope::Unreachable);
    assert!(error.contains("write http:// in place of https://"), "{error}");
}

#[tokio::test]
async fn a_rejected_setting_costs_no_alert() {
    let server = Gotify::start().await.unwrap();
    let channel = gotify(&server, &[("priority", Value::Integer(8))]);
    server.script().next([Behaviour::answer(400, r#"{"errorDescription":"odd"}"#)]);
    let story = Story::new().change(|it| it.link = Some("https://tip.example/3".to_owned()));
    let outcome = send(&*channel, story).await;
    let message = server.log().all().remove(0);
    assert_eq!(message["priority"], 5);
    assert_eq!(message["extras"], json!({ "client::display": { "contentType": "text/plain" } }));
    let repair = repair_of(&outcome);
    assert!(repair.contains("`priority`, `public_url`") && repair.contains("odd"), "{repair}");
}

#[tokio::test]
async fn an_alert_rings_once_even_if_its_files_fail() {
    let story = Story::new().picture("1.jpg").picture("2.jpg").picture("3.jpg");
    let all = messages(&[("priority", Value::Integer(10))], story).await;
    let priorities: Vec<_> = all.iter().map(|it| it["priority"].as_i64().unwrap()).collect();
    assert_eq!(priorities, [10, 3, 3]);
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let with = |server: &str, token: &str, priority| {
        faults(
            "gotify",
            &[
                ("server", text(server)),
                ("token", text(token)),
                ("priority", Value::Integer(priority)),
            ],
        )
    };
    assert!(with("http://nas:80/gotify/", "x", 0).is_empty());
    assert_eq!(with("nas", "x", 5), ["server"]);
    assert_eq!(with("http://nas", "", 5), ["token"]);
    assert_eq!(with("http://nas", "x", 11), ["priority"]);
}
