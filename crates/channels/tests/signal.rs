//! Signal: what is posted to signal-cli-rest-api, what its limits make of it, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::time::Duration;

use common::{Story, channel, delivered, encoded, faults, jpeg, nowhere, retried, send, send_all};
use common::{stored, text};
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, MediaKind, Outcome, Scope};
use tipoff_testkit::signal::{NUMBER, Sent, Signal, TIMESTAMP};
use tipoff_testkit::standin::Behaviour;

const MB: u64 = 1 << 20;

fn list(recipients: &[&str]) -> Value {
    Value::List(recipients.iter().map(|&it| it.to_owned()).collect())
}

fn signal(server: &str) -> Box<dyn Channel> {
    let recipients = list(&["+491517654321"]);
    let values = [("server", text(server)), ("number", text(NUMBER)), ("recipients", recipients)];
    channel("signal", &values)
}

async fn sent(story: Story) -> Vec<Sent> {
    let server = Signal::start().await.unwrap();
    for outcome in send_all(&*signal(&server.url()), story).await {
        delivered(&outcome);
    }
    server.log().all()
}

#[tokio::test]
async fn pictures_of_an_alert_are_one_message() {
    let gif = encoded(30, 20, image::ImageFormat::Gif);
    let story = Story::new()
        .text("*a* ~b~ `c` ||d|| \\*e | f\\")
        .picture("1.jpg")
        .picture("2.jpg")
        .file("c.mp4", "video/mp4", MediaKind::Video, b"mp4".to_vec())
        .file("a.gif", "image/gif", MediaKind::Animation, gif.clone());
    let of =
        |kind: &str, name: &str, bytes: &[u8]| (kind.to_owned(), name.to_owned(), bytes.to_vec());
    let to = vec!["+491517654321".to_owned()];
    let first = Sent {
        recipients: to.clone(),
        text: "👀 Front yard · Motion\n*a* ~b~ `c` ||d|| \\*e | f\\".to_owned(),
        bold: vec!["👀 Front yard · Motion".to_owned()],
        files: vec![
            of("image/jpeg", "1.jpg", &jpeg(64, 48)),
            of("image/jpeg", "2.jpg", &jpeg(64, 48)),
            of("video/mp4", "c.mp4", b"mp4"),
        ],
        quote: None,
    };
    let files = vec![of("image/gif", "a.gif", &gif)];
    assert_eq!(sent(story).await, [first, Sent { recipients: to, files, ..Sent::default() }]);
}

#[tokio::test]
async fn a_title_with_markup_is_shown_as_it_is() {
    for title in ["*", "a*", "**a**", "a\\", "~|", "`x`", "\\*"] {
        let story = Story::new().text("*").change(|it| it.manner.title = Some(title.to_owned()));
        let [sent] = sent(story).await.try_into().unwrap();
        assert_eq!((sent.text, sent.bold.len()), (format!("{title}\n*"), 0));
    }
}

#[tokio::test]
async fn a_follow_up_quotes_the_first_alert() {
    let server = Signal::start().await.unwrap();
    let channel = signal(&server.url());
    let reference = delivered(&send(&*channel, Story::new()).await).unwrap();
    assert_eq!(reference, format!("{} 👀 Front yard · Motion", TIMESTAMP + 1));
    let follow_up = |reference: &str| {
        let reference = Some(reference.to_owned());
        let story = Story::new().picture("p.jpg");
        story.change(|it| (it.kind, it.reply_to) = (AlertKind::FollowUp, reference))
    };
    delivered(&send(&*channel, follow_up(&reference)).await);
    delivered(&send(&*channel, follow_up("of another time")).await);
    let all = server.log().all();
    let quote = (TIMESTAMP + 1, NUMBER.to_owned(), "👀 Front yard · Motion".to_owned());
    assert_eq!((&all[1].quote, &all[2].quote), (&Some(quote), &None));
}

/// Apps show the first document of a message only.
#[tokio::test]
async fn documents_come_one_by_one() {
    let pdf = |story: Story, name: &str| {
        story.file(name, "application/pdf", MediaKind::File, b"%PDF".to_vec())
    };
    let story = pdf(pdf(Story::new().text(&"x".repeat(5000)), "a.pdf"), "b.pdf");
    let all = sent(story).await;
    let names: Vec<Vec<_>> =
        all.iter().map(|it| it.files.iter().map(|file| file.1.as_str()).collect()).collect();
    assert_eq!(names, [["message.txt"], ["a.pdf"], ["b.pdf"]]);
    assert!(all[0].text.ends_with('…') && all[1].text.is_empty() && all[2].text.is_empty());
    assert_eq!(all[0].files[0].2.len(), "👀 Front yard · Motion\n\n".len() + 5000);
}

/// The server makes files of these names, and apps see by the extension what they are.
#[tokio::test]
async fn file_names_are_safe_and_have_the_right_extension() {
    let picture = ("image/jpeg", MediaKind::Picture);
    let pdf = ("application/pdf", MediaKind::File);
    let long = "字".repeat(300);
    let cut = format!("{}.jpg", "字".repeat(60));
    for (name, (kind, media), expected, kind_sent) in [
        ("snapshot", picture, "snapshot.jpg", "image/jpeg"),
        ("a.JPG", picture, "a.jpg", "image/jpeg"),
        ("a.jpeg", picture, "a.jpg", "image/jpeg"),
        ("a.b.dat", picture, "a.b.dat.jpg", "image/jpeg"),
        ("../../etc/x;y,z\"base64,.jpg", picture, "_.._etc_x_y_z_base64_.jpg", "image/jpeg"),
        (&long, picture, &cut, "image/jpeg"),
        ("..", picture, "file.jpg", "image/jpeg"),
        ("", pdf, "file.bin", "application/pdf"),
        ("Plan.PDF", pdf, "Plan.PDF", "application/pdf"),
        ("a.txt", ("text/plain; charset=x", MediaKind::File), "a.txt", "text/plain"),
        ("a.x", ("a\"b,/\r\n", MediaKind::File), "a.x", "application/octet-stream"),
    ] {
        let [sent] =
            sent(Story::new().file(name, kind, media, b"1".to_vec())).await.try_into().unwrap();
        let (kind, name, _) = &sent.files[0];
        assert_eq!((kind.as_str(), name.as_str()), (kind_sent, expected));
    }
}

#[tokio::test]
async fn every_message_fits_the_limits() {
    let many = (0..35).fold(Story::new(), |story, number| story.picture(&format!("{number}.jpg")));
    let counts: Vec<_> = sent(many).await.iter().map(|it| it.files.len()).collect();
    assert_eq!(counts, [32, 3]);
    let huge = Story::new().zeros("a.mp4", "video/mp4", MediaKind::Video, 95 * MB + 1).zeros(
        "b.mp4",
        "video/mp4",
        MediaKind::Video,
        5 * MB,
    );
    let [huge] = sent(huge).await.try_into().unwrap();
    assert!(huge.text.contains("too big for Signal (limit 95 MB)"), "{huge:?}");
    assert_eq!(huge.files[0].2.len() as u64, 5 * MB);
}

#[tokio::test]
async fn the_text_of_rejected_files_is_delivered() {
    for (status, error, why) in [
        (413, "Request Entity Too Large", "too big for signal-cli-rest-api"),
        (
            400,
            "Failed to send message: /tmp/x: [413] (AttachmentInvalidException)",
            "too big for Signal",
        ),
        (400, "no space left on device", "not taken by Signal (no space left on device)"),
    ] {
        let server = Signal::start().await.unwrap();
        let body = format!(r#"{{"error":"{error}"}}"#);
        server.script().next([Behaviour::answer(status, &body)]);
        let story = Story::new().text("Somebody").picture("1.jpg");
        delivered(&send(&*signal(&server.url()), story).await);
        let [sent] = server.log().all().try_into().unwrap();
        assert!(sent.text.starts_with("👀 Front yard · Motion\nSomebody\n"), "{sent:?}");
        assert!(sent.text.contains(why) && sent.files.is_empty(), "{sent:?}");
    }
}

async fn answered(status: u16, body: &str, story: Story) -> Outcome {
    let server = Signal::start().await.unwrap();
    server.script().next([Behaviour::answer(status, body)]);
    let outcome = send(&*signal(&server.url()), story).await;
    assert!(server.log().is_empty(), "{status} {body}");
    outcome
}

/// What signal-cli writes with `--output json` of recipients none of whom got a message, and the server passes on.
fn results(types: &[&str]) -> String {
    let results: Vec<_> = types
        .iter()
        .map(|kind| serde_json::json!({ "recipientAddress": { "number": "+49" }, "type": kind }))
        .collect();
    let written = serde_json::json!({ "timestamp": 1_767_225_600_007_i64, "results": results });
    format!("{written}\nFailed to send message\n")
}

#[tokio::test]
async fn reports_about_recipients_are_understood_in_every_mode() {
    let repaired_in = Some(Duration::from_secs(300));
    for (words, scope, after, told) in [
        // Where it is started for each message, it writes JSON.
        (results(&["UNREGISTERED_FAILURE"]), Scope::Channel, repaired_in, "check `recipients`"),
        (results(&["IDENTITY_FAILURE"]), Scope::Channel, repaired_in, "/trust/"),
        (results(&["RATE_LIMIT_FAILURE"]), Scope::Channel, repaired_in, "/rate-limit-challenge"),
        (results(&["NETWORK_FAILURE"]), Scope::Unreachable, None, "cannot be reached"),
        (
            results(&["UNREGISTERED_FAILURE", "NETWORK_FAILURE"]),
            Scope::Unreachable,
            None,
            "cannot be reached",
        ),
        (results(&["INVALID_PRE_KEY_FAILURE"]), Scope::Channel, None, "check `recipients`"),
        // Where it runs as a daemon, this is all.
        ("Failed to send message".to_owned(), Scope::Channel, None, "check `recipients`"),
        ("Failed to send message\n".to_owned(), Scope::Channel, None, "check `recipients`"),
    ] {
        let body = serde_json::json!({ "error": words }).to_string();
        for story in [Story::new(), Story::new().picture("p.jpg")] {
            let (found, pause, error) = retried(&answered(400, &body, story).await);
            assert_eq!((found, pause), (scope, after), "{words}");
            assert!(error.contains(told), "{error}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_classified() {
    let repaired_in = Some(Duration::from_secs(300));
    let told = |words: &str| serde_json::json!({ "error": words }).to_string();
    let captcha = "Failed to send (some) messages:\n+49: CAPTCHA proof required for sending to \
                   \"+49\", available options \"CAPTCHA\" with challenge token \"5-9\"";
    let rationed = r#"{"error":"Failed to send message due to rate limiting. Use the attached
        challenge tokens","challenge_tokens":[""],"account":"+49"}"#
        .replace('\n', " ");
    let untrusted = "Failed to send (some) messages:\n+49: Untrusted Identity for \"+49\"";
    let unregistered = "Failed to send (some) messages:\n+49: Unregistered user \"+49\"";
    for (status, body, after, words) in [
        (429, rationed, repaired_in, "/rate-limit-challenge"),
        (400, told(captcha), repaired_in, "/rate-limit-challenge"),
        (400, told(untrusted), repaired_in, "/trust/"),
        (
            400,
            told("Unable to complete request due to untrusted recipient keys"),
            repaired_in,
            "/trust/",
        ),
        (400, told(unregistered), repaired_in, "Unregistered user \"+49\"): check `recipients`"),
        (
            400,
            told("User +49 is not registered.\n"),
            repaired_in,
            "check `recipients` and `number`",
        ),
        (400, told("Specified account does not exist"), repaired_in, "register or link `number`"),
        (400, told("Group not found: abc"), repaired_in, "GET /v1/groups/NUMBER"),
        (
            400,
            told("Failed to send message: Network failure for \"+49\""),
            None,
            "cannot be reached",
        ),
        (400, told("process killed as timeout reached"), None, "cannot be reached"),
        (401, "no".to_owned(), repaired_in, "set user and password in `server`"),
        (
            404,
            "404 page not found".to_owned(),
            repaired_in,
            "(404, 404 page not found): check `server`",
        ),
        (301, String::new(), repaired_in, "check `server`"),
        (200, "<html>".to_owned(), repaired_in, "check `server`"),
        (502, "<html>".to_owned(), None, "(502)"),
    ] {
        // A file makes no difference: it is not the reason.
        for story in [Story::new(), Story::new().picture("p.jpg")] {
            let (scope, pause, error) = retried(&answered(status, &body, story).await);
            let reached = words != "cannot be reached";
            let expected = if reached { Scope::Channel } else { Scope::Unreachable };
            assert_eq!((scope, pause), (expected, after), "{status} {body}");
            assert!(error.contains(words), "{error}");
        }
    }
    let unknown = answered(400, &told("Sent to the moon"), Story::new()).await;
    let expected = (Scope::Message, None, "not taken by Signal: Sent to the moon".to_owned());
    assert_eq!(retried(&unknown), expected);
}

#[tokio::test]
async fn older_answers_and_partial_failures_are_understood() {
    for body in [
        r#"{"timestamp":"1767225600007"}"#,
        r#"[{"timestamp":1767225600007}]"#,
        r#"[{"timestamp":"1767225600007","errors":{"recipients":[{"reason":"IDENTITY_FAILURE"}]}}]"#,
    ] {
        let outcome = answered(201, body, Story::new()).await;
        let reference = delivered(&outcome).unwrap();
        assert_eq!(reference, "1767225600007 👀 Front yard · Motion", "{body}");
    }
}

#[tokio::test]
async fn an_unreachable_server_is_reported_without_its_password() {
    let server = Signal::start().await.unwrap();
    server.script().next([Behaviour::Down]);
    retried(&send(&*signal(&server.url()), Story::new()).await);
    let guarded = nowhere().replace("http://", "http://me:passphrase@");
    let (_, after, error) = retried(&send(&*signal(&guarded), Story::new()).await);
    assert!(after.is_none() && error.contains("cannot be reached"), "{error}");
    assert!(!error.contains("passphrase"), "{error}");
    let body = r#"{"error":"passphrase is wrong"}"#;
    server.script().next([Behaviour::answer(401, body)]);
    let guarded = server.url().replace("http://", "http://me:passphrase@");
    assert!(
        retried(&send(&*signal(&guarded), Story::new()).await).2.contains("([hidden] is wrong)")
    );
    // A file that cannot be read is no fault of the server.
    let mut story = Story::new();
    story.alert.media.push(stored("p.jpg", "image/jpeg", MediaKind::Picture, MB, "gone"));
    assert_eq!(retried(&send(&*signal(&server.url()), story).await).0, Scope::Message);
}

#[test]
fn an_impossible_setting_is_a_fault_at_its_key() {
    let good = [
        ("number", text(NUMBER)),
        ("recipients", list(&["+491517654321", "+49"])),
        ("server", text("http://nas:8080/")),
    ];
    let with = |key, value: Value| {
        let mut values = good.to_vec();
        values.retain(|(other, _)| *other != key);
        values.push((key, value));
        faults("signal", &values)
    };
    assert!(with("timeout", Value::Duration(Duration::from_secs(5))).is_empty());
    for number in ["", "0151", "+", "+49 151", "me"] {
        assert_eq!(with("number", text(number)), ["number"], "{number}");
    }
    for server in ["", "nas:8080", "ftp://nas"] {
        assert_eq!(with("server", text(server)), ["server"], "{server}");
    }
    let uuid = "3f2c1a9e-1111-4222-8333-944445555666";
    let fifty = ["+49"; 51];
    for (recipients, right) in [
        (&["+49", "+50"][..], true),
        (&["me.01", "you.02", uuid], true),
        (&["group.abc="], true),
        (&fifty[..50], true),
        (&fifty, false),
        (&[], false),
        (&[" "], false),
        (&["+49x"], false),
        (&["+49", "me.01"], false),
        (&["+49", "group.abc="], false),
        (&["me.01", "group.abc="], false),
        (&["group.abc=", "group.def="], false),
    ] {
        let told = with("recipients", list(recipients));
        assert_eq!(told.is_empty(), right, "{recipients:?}");
    }
}
