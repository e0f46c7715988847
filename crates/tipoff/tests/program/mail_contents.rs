//! What a mail holds reaches the sink: words outside its parts, pictures in its page, files of text,
//! and not its logo.

use serde_json::Value;

use crate::harness::{Home, send};
use crate::hook::{Hook, files};

/// A mail of `crates/mail/tests/mails`.
macro_rules! mail {
    ($name:literal) => {
        include_bytes!(concat!("../../../mail/tests/mails/", $name, ".eml")).as_slice()
    };
}

fn names(alert: &Value) -> Vec<&str> {
    alert["media"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

/// The alerts of these mails, each from a device of its own.
fn alerts_of(mails: &[&[u8]]) -> (Home, Vec<Value>) {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    let mut alerts = Vec::new();
    for (number, mail) in mails.iter().enumerate() {
        let reply = send(server.smtp[0], &format!("device{number}@example.com"), mail);
        assert!(reply.starts_with("250"), "{reply}");
        alerts = hook.wait_for(number + 1);
    }
    server.stop();
    (home, alerts)
}

#[test]
fn words_outside_the_parts_and_repeated_words_are_alerted_once() {
    let (_home, alerts) = alerts_of(&[
        mail!("text-before-the-parts"),
        mail!("truenas-plain-and-html-side-by-side"),
        mail!("html-with-stub"),
    ]);
    for alert in &alerts[..2] {
        let text = alert["text"].as_str().unwrap();
        assert_eq!(text.matches("Pool tank state is DEGRADED").count(), 1, "{text}");
        assert!(!text.contains("MIME") && alert["event"] == "fault", "{alert}");
    }
    assert_eq!(alerts[2]["text"], "Disk 3 failed\n• Slot: 3\n• Serial: WD-1");
}

#[test]
fn pictures_in_the_page_of_a_mail_are_sent_however_it_is_encoded() {
    let (_home, alerts) = alerts_of(&[
        mail!("page-with-data"),
        mail!("page-with-data-in-base64"),
        mail!("page-with-data-in-quoted-printable"),
        mail!("camera-picture-in-page"),
    ]);
    for alert in &alerts {
        assert!(alert["text"].as_str().unwrap().contains("Motion at the gate"), "{alert}");
        assert!(files(alert)[0].starts_with(b"\xFF\xD8") && files(alert)[0].ends_with(b"\xFF\xD9"));
    }
    assert_eq!(names(&alerts[3]), ["picture-2.jpg", "picture-3.png"]);
}

#[test]
fn a_logo_is_listed_and_not_sent() {
    let (home, alerts) = alerts_of(&[mail!("nas-logo-in-page"), mail!("file-of-text-alone")]);
    assert_eq!(names(&alerts[0]), [""; 0]);
    assert_eq!(alerts[0]["text"], "Disk 3 failed.");
    let arrival = &home.incident(1)["arrivals"][0];
    let listed = arrival["content"]["media"].as_array().unwrap();
    assert_eq!(listed.len(), 4);
    assert!(listed.iter().all(|it| it["decoration"] == true && it["kind"] == "file"), "{arrival}");
    assert_eq!(names(&alerts[1]), ["event.log"]);
    assert_eq!(alerts[1]["text"], "10:12 Disk 3 failed");
}
