//! A household's day in Telegram: 43 messages of which only first alerts make a sound, without a line
//! of boilerplate, and every mail is there.

use std::fs;
use std::path::{Path, PathBuf};

use tipoff_testkit::telegram::{CHAT, Options};

use crate::harness::{Home, PICTURE, mail, send, wait_for};
use crate::telegram::Phone;

/// Parts of lines that vendors write into every mail.
const BOILERPLATE: &[&str] = &[
    "automatically generated",
    "S/N",
    "Serial",
    "EVENT TIME",
    "EVENT TYPE",
    "Alarm Start Time",
    "Alarm Device Name",
    "Alarm Input Channel",
    "IP Address",
    "AlarmType",
    "Channel Name [",
    "Alert from your NVR",
    "*** Event snapshots",
];

/// Mails of one camera in a row: the first alert and a follow-up each.
const FOLLOW_UPS: usize = 4;

fn vendor_mails() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vendors/tests/mails");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut mails: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    mails.sort();
    mails
}

/// Subject and text of a vendor's mail, as it is sent.
fn as_sent(path: &Path) -> Vec<u8> {
    let mail = fs::read_to_string(path).unwrap();
    let (head, text) = mail.split_once("\n\n").unwrap();
    let subject = head.lines().next().unwrap();
    let head = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n";
    format!("Subject: {subject}\n{head}\n{text}\n").replace('\n', "\r\n").into_bytes()
}

#[test]
fn only_first_alerts_make_a_sound_and_none_has_boilerplate() {
    let phone = Phone::new(Options::default());
    let home = Home::new(&phone.channel(CHAT, "[incidents]\nsettle = \"0 s\"\n"));
    let server = home.start();
    let vendors = vendor_mails();
    for (number, path) in vendors.iter().enumerate() {
        let reply = send(server.smtp[0], &format!("c{number}@example.com"), &as_sent(path));
        assert!(reply.starts_with("250"), "{reply}");
    }
    // Cameras whose incidents go on: a picture, and another one.
    let count = vendors.len();
    for camera in 0..FOLLOW_UPS {
        let from = format!("yard{camera}@example.com");
        send(server.smtp[0], &from, &mail("Motion in the yard", &[PICTURE]));
        wait_for("the first alert", || {
            let name = format!("yard{camera} · Motion");
            phone.telegram.log().all().iter().any(|it| it.text.contains(&name)).then_some(())
        });
        send(server.smtp[0], &from, &mail("Motion in the yard", &[PICTURE]));
    }
    let sent = phone.wait_for(count + 2 * FOLLOW_UPS);
    server.stop();
    assert_eq!(sent.len(), count + 2 * FOLLOW_UPS, "each is sent once");
    for message in &sent {
        assert_eq!(message.silent, message.reply_to.is_some(), "{}", message.text);
        for words in BOILERPLATE {
            assert!(!message.text.contains(words), "{words}: {}", message.text);
        }
    }
    let replies = sent.iter().filter(|message| message.text == "1 more picture").count();
    assert_eq!(replies, FOLLOW_UPS);
    assert!(phone.telegram.errors().is_empty());
}
