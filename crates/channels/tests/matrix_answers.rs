//! Matrix: every kind of answer, from a stand-in, and what its settings must be.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{Story, channel, delivered, faults, nowhere, refused, retried, send, send_with, text};
use tipoff_channels::{Channel, Value};
use tipoff_model::{MediaKind, Scope};
use tipoff_testkit::matrix::{Matrix, ROOM, TOKEN};
use tipoff_testkit::standin::Behaviour;

fn matrix(server: &str) -> Box<dyn Channel> {
    let values = [("server", text(server)), ("room", text(ROOM)), ("token", text(TOKEN))];
    channel("matrix", &values)
}

fn known() -> [(String, String); 1] {
    [("room".to_owned(), format!("{ROOM} {ROOM}"))]
}

#[tokio::test]
async fn a_lost_answer_repeats_nothing_and_what_was_joined_is_not_joined_again() {
    let server = Matrix::start().await.unwrap();
    let channel = matrix(&server.url());
    let story = || Story::new().picture("p.jpg");
    let normal = || Behaviour::Normal;
    server.script().next([normal(), normal(), normal(), Behaviour::Lost]);
    let outcome = send(&*channel, story()).await;
    let (scope, after, _) = retried(&outcome);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert_eq!(outcome.remember, known(), "although it failed");
    let again = send_with(&*channel, story(), &known()).await;
    assert_eq!(delivered(&again), Some(format!("{ROOM} $1")));
    assert_eq!(server.events().len(), 1);
    let look = "GET client/v3/rooms/!room:example.org/state";
    let put = "PUT client/v3/rooms/!room:example.org/send";
    let join = "POST client/v3/join/!room:example.org";
    let upload = "POST media/v3/upload";
    assert_eq!(server.requests().all(), [join, look, upload, put, look, upload, put]);
}

/// Not every server minds a thread whose beginning is in another room, where nobody would see it.
#[tokio::test]
async fn only_an_alert_in_the_same_room_is_followed() {
    let server = Matrix::start().await.unwrap();
    for (reference, followed) in [(&format!("{ROOM} $1"), true), (&"!other:x $1".into(), false)] {
        let story = Story::new().change(|it| {
            it.idempotency_key.clone_from(reference);
            it.reply_to = Some(reference.clone());
        });
        delivered(&send(&*matrix(&server.url()), story).await);
        let content = server.events().all().pop().unwrap();
        assert_eq!(content["m.relates_to"]["event_id"] == "$1", followed, "{content}");
    }
}

#[tokio::test]
async fn the_text_of_rejected_files_is_delivered() {
    let server = Matrix::start().await.unwrap();
    let channel = matrix(&server.url());
    let of = |status, errcode: &str| {
        Behaviour::answer(status, &format!(r#"{{"errcode":"{errcode}","error":"no"}}"#))
    };
    let normal = || Behaviour::Normal;
    for (behaviours, why) in [
        (vec![normal(), of(413, "M_TOO_LARGE")], "too big for this Matrix server"),
        (vec![normal(), Behaviour::answer(413, "<html>nginx")], "too big for this Matrix server"),
        (vec![normal(), of(403, "M_FORBIDDEN")], "not taken by this Matrix server (no)"),
        (vec![normal(), of(403, "M_USER_LIMIT_EXCEEDED")], "not taken by this Matrix server (no)"),
        (vec![normal(), normal(), of(400, "M_BAD_JSON")], "not taken by Matrix (no)"),
    ] {
        server.script().next(behaviours);
        let story = Story::new().text("Somebody").picture("p.jpg").change(|it| {
            it.idempotency_key = format!("key {}", server.requests().len());
        });
        delivered(&send_with(&*channel, story, &known()).await);
        let content = server.events().all().pop().unwrap();
        let body = content["body"].as_str().unwrap();
        assert_eq!(content["msgtype"], "m.text");
        assert!(body.starts_with("👀 Front yard · Motion\nSomebody\n\np.jpg ("), "{body}");
        assert!(body.contains(why), "{body}");
    }
}

#[tokio::test]
async fn a_server_without_a_known_limit_is_tried() {
    let server = Matrix::start().await.unwrap();
    let story = Story::new().zeros("c.mp4", "video/mp4", MediaKind::Video, (4 << 20) + 1);
    delivered(&send_with(&*matrix(&server.url()), story, &known()).await);
    assert_eq!(server.requests().all()[1], "GET client/v1/media/config");
    assert_eq!(server.events().all()[0]["url"], "mxc://example.org/4194305");
}

#[tokio::test]
async fn every_answer_is_classified() {
    let server = Matrix::start().await.unwrap();
    let channel = matrix(&server.url());
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    let told = |errcode: &str| format!(r#"{{"errcode":"{errcode}","error":"{TOKEN} says"}}"#);
    let wait = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many","retry_after_ms":1500}"#;
    for (status, body, after, words) in [
        (401, told("M_UNKNOWN_TOKEN"), seconds(300.0), "log in again, and set `token`"),
        (401, "<html>".to_owned(), seconds(300.0), "set `token`"),
        (401, told("M_USER_LOCKED"), seconds(300.0), "does not let this user in"),
        (403, told("M_RESOURCE_LIMIT_EXCEEDED"), seconds(300.0), "ask who runs it"),
        (429, wait.to_owned(), seconds(1.5), "asks to wait: Too Many"),
        (429, "<html>".to_owned(), None, "asks to wait"),
        (404, told("M_UNRECOGNIZED"), seconds(300.0), "check `server`"),
        (404, "<html>Not found".to_owned(), seconds(300.0), "check `server`"),
        (301, String::new(), seconds(300.0), "check `server`"),
        (200, "<html>".to_owned(), seconds(300.0), "check `server`"),
        (200, "{}".to_owned(), seconds(300.0), "check `server`"),
        (500, told("M_UNKNOWN"), None, "a fault of its own (500)"),
        (502, "<html>".to_owned(), None, "a fault of its own (502)"),
    ] {
        // Met while joining, and while writing.
        for before in [0, 2] {
            server.script().next(vec![Behaviour::Normal; before]);
            server.script().next([Behaviour::answer(status, &body)]);
            let (scope, pause, error) = retried(&send(&*channel, Story::new()).await);
            assert_eq!((scope, pause), (Scope::Channel, after), "{status} {body}");
            assert!(error.contains(words) && !error.contains(TOKEN), "{error}");
        }
    }
    let headers = vec![("retry-after".to_owned(), "7".to_owned())];
    let slow = Behaviour::Answer { status: 429, headers, body: wait.to_owned() };
    server.script().next([slow]);
    assert_eq!(retried(&send(&*channel, Story::new()).await).1, seconds(7.0));
    assert!(server.events().is_empty());

    server.script().next([Behaviour::Normal, Behaviour::Normal]);
    server.script().next([Behaviour::answer(400, &told("M_BAD_JSON"))]);
    let error = refused(&send(&*channel, Story::new()).await);
    assert_eq!(error, "not taken by Matrix ([hidden] says)");
    server.script().next([Behaviour::Down]);
    retried(&send(&*channel, Story::new()).await);
    let (_, _, error) = retried(&send(&*matrix(&nowhere()), Story::new()).await);
    assert!(error.contains("cannot be reached"), "{error}");
}

#[tokio::test]
async fn repeated_refusals_end_the_retries() {
    let server = Matrix::start().await.unwrap();
    let shut = Behaviour::answer(403, r#"{"errcode":"M_FORBIDDEN","error":"no"}"#);
    let normal = || Behaviour::Normal;
    // Looked at, joined, looked at: then somebody has to do something.
    server.script().next([shut.clone(), normal(), shut]);
    let (_, after, error) =
        retried(&send_with(&*matrix(&server.url()), Story::new(), &known()).await);
    assert_eq!(after, Some(Duration::from_secs(300)));
    assert!(error.starts_with("may not look into this room (no): invite"), "{error}");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn names_and_types_that_a_camera_made_up_go_nowhere_else() {
    let server = Matrix::start().await.unwrap();
    let channel = matrix(&format!("{}/", server.url()));
    let name = format!("../a?b#c&d\"{}.bin", "x".repeat(300));
    let story = Story::new().file(&name, "x\r\ny: z", MediaKind::File, b"1".to_vec());
    delivered(&send(&*channel, story).await);
    let content = server.events().all().pop().unwrap();
    assert_eq!(content["filename"].as_str().unwrap().chars().count(), 200);
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let good = [
        ("room", text("#yard:example.org")),
        ("server", text("https://example.org")),
        ("token", text("syt_x")),
    ];
    let with = |key, value: Value| {
        let mut values = good.to_vec();
        values.retain(|(other, _)| *other != key);
        values.push((key, value));
        faults("matrix", &values)
    };
    assert!(with("replies", Value::Flag(true)).is_empty());
    for room in ["", "yard", "#yard", "@me:example.org"] {
        assert_eq!(with("room", text(room)), ["room"], "{room}");
    }
    for server in ["", "example.org", "ftp://example.org"] {
        assert_eq!(with("server", text(server)), ["server"], "{server}");
    }
    for token in ["", " ", "a b", "a\nb"] {
        assert_eq!(with("token", text(token)), ["token"], "{token:?}");
    }
    // Files end in a line break.
    assert!(with("token", text("syt_x\n")).is_empty());
}
