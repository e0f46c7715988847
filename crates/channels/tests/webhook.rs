//! Webhooks: the form on the wire, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{
    Story, channel, delivered, faults, jpeg, nowhere, refused, retried, send, stored, text,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, MediaKind, Scope};
use tipoff_testkit::homeassistant::render_trigger;
use tipoff_testkit::standin::Behaviour;
use tipoff_testkit::webhook::{Call, Webhook};

fn webhook(url: &str, more: &[(&str, Value)]) -> Box<dyn Channel> {
    let mut values = vec![("url", text(url))];
    values.extend_from_slice(more);
    channel("webhook", &values)
}

async fn call(more: &[(&str, Value)], story: Story) -> Call {
    let server = Webhook::start().await.unwrap();
    delivered(&send(&*webhook(&server.url(), more), story).await);
    server.log().all().remove(0)
}

fn body(call: &Call) -> serde_json::Value {
    serde_json::from_slice(&call.body).unwrap()
}

#[tokio::test]
async fn an_alert_is_the_documented_json() {
    let story = Story::new().text("line 1\nline \"2\" 😀\u{1}").picture("p.jpg").change(|alert| {
        alert.kind = AlertKind::FollowUp;
        alert.subject = "Motion".to_owned();
    });
    let call = call(&[], story).await;
    let picture = jpeg(64, 48);
    assert_eq!(
        body(&call),
        json!({
            "incident": 3,
            "kind": "followup",
            "device": "Front yard",
            "event": "motion",
            "subject": "Motion",
            "text": "line 1\nline \"2\" 😀\u{1}",
            "received_at": "2026-01-01T00:00:00.120Z",
            "media": [{
                "name": "p.jpg",
                "content_type": "image/jpeg",
                "size": picture.len(),
                "data": STANDARD.encode(&picture),
            }],
        })
    );
    assert_eq!(call.method, "POST");
    for (name, value) in [
        ("content-type", "application/json"),
        ("idempotency-key", "key-7"),
        ("user-agent", concat!("Tipoff/", env!("CARGO_PKG_VERSION"))),
        ("content-length", &call.body.len().to_string()),
    ] {
        assert_eq!(call.headers.get(name).map(String::as_str), Some(value));
    }
}

#[tokio::test]
async fn the_link_to_the_incident_is_included() {
    let link = "https://tip.example/incidents/3";
    let story = Story::new().change(|alert| alert.link = Some(link.to_owned()));
    assert_eq!(body(&call(&[], story).await)["link"], link);
}

#[tokio::test]
async fn every_length_is_encoded_and_raw_mails_come_last() {
    let mut story = Story::new();
    for length in 0..5 {
        story = story.file("f", "x/y", MediaKind::File, vec![b'x'; length]);
    }
    // Beyond what is put together in memory, it goes piece by piece.
    let noise: Vec<u8> = (0..400_000_u32).map(|number| number.to_le_bytes()[1] ^ 0x5a).collect();
    story = story.file("noise", "x/y", MediaKind::File, noise.clone()).change(|alert| {
        alert.raw.push(stored("mail.eml", "message/rfc822", MediaKind::File, 3, "zeros"));
        alert.torn = true;
    });
    let call = call(&[], story).await;
    let body = body(&call);
    let data: Vec<Vec<u8>> = body["media"]
        .as_array()
        .unwrap()
        .iter()
        .map(|media| STANDARD.decode(media["data"].as_str().unwrap()).unwrap())
        .collect();
    let lengths: Vec<usize> = data.iter().map(Vec::len).collect();
    assert_eq!(lengths, [0, 1, 2, 3, 4, 400_000, 3]);
    assert_eq!(data[5], noise);
    assert_eq!(body["media"][6]["name"], "mail.eml");
    assert!(body["text"].as_str().unwrap().contains("broke before the end"));
    assert_eq!(call.headers["content-length"], call.body.len().to_string());
}

#[tokio::test]
async fn files_are_named_by_their_address_where_they_have_one() {
    let story = Story::new().picture("1.jpg").picture("2.jpg").change(|alert| {
        alert.media[0].url = Some("http://tip/1".to_owned());
    });
    let body = body(&call(&[("media", text("url"))], story).await);
    assert_eq!(body["media"][0]["url"], "http://tip/1");
    assert!(body["media"][0].get("data").is_none());
    assert!(body["media"][1]["data"].is_string());
}

#[tokio::test]
async fn a_form_has_the_same_json_and_the_files_beside_it() {
    let story = Story::new().picture("1.jpg").file("2.pdf", "x/y", MediaKind::File, b"pdf".into());
    let call = call(&[("format", text("multipart"))], story).await;
    let content_type = &call.headers["content-type"];
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let parts: Vec<(String, Vec<u8>)> = parts(&call.body, boundary);
    assert_eq!(parts.len(), 3);
    assert!(parts[0].0.contains("name=\"alert\"\r\nContent-Type: application/json"));
    let alert: serde_json::Value = serde_json::from_slice(&parts[0].1).unwrap();
    assert_eq!(alert["media"][1], json!({ "name": "2.pdf", "content_type": "x/y", "size": 3 }));
    assert!(parts[1].0.contains("name=\"media\"; filename=\"1.jpg\"\r\nContent-Type: image/jpeg"));
    assert_eq!(parts[1].1, jpeg(64, 48));
    assert_eq!(parts[2].1, b"pdf");
}

fn parts(body: &[u8], boundary: &str) -> Vec<(String, Vec<u8>)> {
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|w| w == what);
    let delimiter = format!("--{boundary}");
    let mut rest = &body[delimiter.len() + 2..];
    let mut parts = Vec::new();
    while let Some(end) = find(rest, format!("\r\n{delimiter}").as_bytes()) {
        let (part, behind) = rest.split_at(end);
        let head = find(part, b"\r\n\r\n").unwrap();
        parts.push((String::from_utf8(part[..head].to_vec()).unwrap(), part[head + 4..].to_vec()));
        rest = &behind[delimiter.len() + 4..];
    }
    parts
}

#[tokio::test]
async fn a_signature_is_that_of_the_body_small_or_large() {
    for bytes in [b"small".to_vec(), vec![b'l'; 600_000]] {
        for format in ["json", "multipart"] {
            let story = Story::new().file("f", "x/y", MediaKind::File, bytes.clone());
            let more = [("secret", text("k3y")), ("format", text(format))];
            let call = call(&more, story).await;
            let mut sum = Hmac::<Sha256>::new_from_slice(b"k3y").unwrap();
            sum.update(&call.body);
            let sum = sum.finalize().into_bytes();
            let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(call.headers["x-hub-signature-256"], format!("sha256={hex}"));
        }
    }
}

#[tokio::test]
async fn headers_and_logins_are_sent() {
    let server = Webhook::start().await.unwrap();
    let table = BTreeMap::from([("X-Token".to_owned(), "t0ken".to_owned())]);
    let url = server.url().replace("http://", "http://me:pass@");
    delivered(&send(&*webhook(&url, &[("headers", Value::Table(table))]), Story::new()).await);
    let call = server.log().all().remove(0);
    assert_eq!(call.headers["x-token"], "t0ken");
    assert_eq!(call.headers["authorization"], format!("Basic {}", STANDARD.encode("me:pass")));
}

#[tokio::test]
async fn answers_are_classified_by_their_status() {
    let server = Webhook::start().await.unwrap();
    let webhook = webhook(&server.url(), &[]);
    let verdict = async |status: u16, headers: &[(&str, &str)]| {
        server.script().next([Behaviour::Answer {
            status,
            headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            body: "the reason".to_owned(),
        }]);
        send(&*webhook, Story::new()).await
    };
    for status in [200, 201, 202, 204, 299] {
        delivered(&verdict(status, &[]).await);
    }
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        let (scope, after, error) = retried(&verdict(status, &[]).await);
        assert_eq!((scope, after), (Scope::Channel, None));
        assert_eq!(error, format!("the server answered {status}: the reason"));
        let asked = retried(&verdict(status, &[("Retry-After", "7")]).await).1;
        assert_eq!(asked, Some(Duration::from_secs(7)));
    }
    let past = ("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT");
    assert_eq!(retried(&verdict(503, &[past]).await).1, Some(Duration::ZERO));
    for status in [301, 302, 307, 308, 401, 403, 404] {
        let (scope, after, error) =
            retried(&verdict(status, &[("Location", "http://127.0.0.1:1/elsewhere")]).await);
        assert_eq!((scope, after), (Scope::Channel, Some(Duration::from_secs(300))));
        assert!(error.contains("`url`"), "{error}");
    }
    for status in [405, 406, 411, 414, 415, 431] {
        let (scope, after, error) = retried(&verdict(status, &[]).await);
        assert_eq!((scope, after), (Scope::Channel, Some(Duration::from_secs(300))));
        assert!(error.contains("`method`"), "{error}");
    }
    for status in [400, 410, 413, 422, 499] {
        let error = refused(&verdict(status, &[]).await);
        assert_eq!(error, format!("the server answered {status}: the reason"));
    }
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn files_that_are_too_large_for_a_server_are_named() {
    for format in ["json", "multipart"] {
        let server = Webhook::start().await.unwrap();
        let webhook = webhook(&server.url(), &[("format", text(format))]);
        server.script().next([Behaviour::answer(413, "too large")]);
        let story = Story::new().picture("1.jpg").picture("2.jpg").change(|alert| {
            alert.media[0].url = Some("http://tip/1.jpg".to_owned());
        });
        let outcome = send(&*webhook, story).await;
        let repair = common::repair_of(&outcome);
        assert!(repair.contains("413: too large") && repair.contains("`media`"), "{repair}");
        let calls = server.log().all();
        let alert: serde_json::Value = serde_json::from_slice(&calls[0].body).unwrap();
        assert_eq!(alert["media"][0]["url"], "http://tip/1.jpg");
        assert_eq!(alert["media"][1]["name"], "2.jpg");
        assert!(alert["media"][1]["data"].is_null(), "{alert}");
    }
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_with_the_same_key() {
    let server = Webhook::start().await.unwrap();
    let more = [("timeout", Value::Duration(Duration::from_secs(1)))];
    let webhook = webhook(&server.url(), &more);
    server.script().next([
        Behaviour::Lost,
        Behaviour::Down,
        Behaviour::Slow(Duration::from_secs(3600)),
    ]);
    for _ in 0..3 {
        let (scope, after, _) = retried(&send(&*webhook, Story::new()).await);
        assert_eq!((scope, after), (Scope::Unreachable, None));
    }
    delivered(&send(&*webhook, Story::new()).await);
    let calls = server.log().all();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.headers["idempotency-key"] == "key-7"));
}

#[tokio::test]
async fn a_stored_file_that_cannot_be_read_concerns_its_message_only() {
    let server = Webhook::start().await.unwrap();
    for size in [10_000, 1_000_000] {
        let story = Story::new().picture("p.jpg").change(|alert| alert.media[0].media.size = size);
        let (scope, _, error) = retried(&send(&*webhook(&server.url(), &[]), story).await);
        assert_eq!(scope, Scope::Message);
        assert!(error.contains("p.jpg cannot be read"), "{error}");
    }
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let server = Webhook::start().await.unwrap();
    let secrets = ["passw0rd", "p4thS3cret", "qu3ryS3cret", "h3aderS3cret", "hm4cS3cret"];
    let said = secrets.join(" ");
    for status in [300, 400, 401, 500] {
        server.script().next([Behaviour::answer(status, &said)]);
    }
    server.script().next([Behaviour::Down]);
    let table = BTreeMap::from([("Authorization".to_owned(), "h3aderS3cret".to_owned())]);
    let more = [("secret", text("hm4cS3cret")), ("headers", Value::Table(table))];
    let address = |base: &str| {
        let base = base.replace("http://", "http://user:passw0rd@").replace("/hook", "");
        format!("{base}/p4thS3cret?token=qu3ryS3cret")
    };
    let mut errors = Vec::new();
    for _ in 0..5 {
        let webhook = webhook(&address(&server.url()), &more);
        errors.push(format!("{:?}", send(&*webhook, Story::new()).await));
    }
    let webhook = webhook(&address(&nowhere()), &more);
    errors.push(format!("{:?}", send(&*webhook, Story::new()).await));
    for error in errors {
        assert!(error.contains("error:"), "{error}");
        for secret in secrets {
            assert!(!error.contains(secret), "{error}");
        }
    }
}

#[test]
fn all_faults_of_the_settings_are_reported() {
    assert_eq!(faults("webhook", &[]), ["url"]);
    let table = [("Content-Length", "1"), ("a b", "1"), ("x", "a\nb"), ("y", "fine")];
    let table = table.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let wrong = [
        ("url", text("file:///etc/passwd")),
        ("format", text("xml")),
        ("media", text("none")),
        ("headers", Value::Table(BTreeMap::from(table))),
    ];
    assert_eq!(
        faults("webhook", &wrong),
        ["url", "headers", "headers", "headers", "format", "media"]
    );
}

#[tokio::test]
async fn connections_are_reused() {
    let server = Webhook::start().await.unwrap();
    let webhook = webhook(&server.url(), &[]);
    for _ in 0..200 {
        delivered(&send(&*webhook, Story::new()).await);
    }
    assert_eq!(server.connections(), 1);
}

/// The automation in the book, with an alert without a picture, with one that has no address, and with one that has.
#[tokio::test]
async fn the_automation_in_the_book_accepts_an_alert_without_pictures() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/channels/webhook.md");
    let book = std::fs::read_to_string(path).unwrap();
    let automation = book.split("```yaml").nth(1).unwrap().split("```").next().unwrap();
    let template = |key: &str| {
        let line = automation.lines().find(|line| line.trim().starts_with(&format!("{key}: \"")));
        let (_, value) = line.unwrap().split_once(": \"").unwrap();
        value.strip_suffix('"').unwrap().to_owned()
    };
    let with = |url: Option<&str>| {
        Story::new().picture("1.jpg").change(|it| it.media[0].url = url.map(str::to_owned))
    };
    for (story, picture, data) in [
        (Story::new(), "", "{}"),
        (with(None), "", "{}"),
        (with(Some("http://tip/1.jpg")), "http://tip/1.jpg", "{\"image\": \"http://tip/1.jpg\"}"),
    ] {
        let server = Webhook::start().await.unwrap();
        delivered(&send(&*webhook(&server.url(), &[("media", text("url"))]), story).await);
        let json = serde_json::from_slice(&server.log().all()[0].body).unwrap();
        let render = |key: &str| render_trigger(&template(key), &json, picture).unwrap();
        assert_eq!(render("picture"), picture);
        assert_eq!(
            (render("title").as_str(), render("message").as_str()),
            ("Front yard", "motion")
        );
        assert_eq!(render("data").replace('\'', "\""), data);
    }
}
