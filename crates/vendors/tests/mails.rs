//! Every mail in `tests/mails` is read as it is written down beside it. A mail is its subject, the names
//! of its files (`file: …`), an empty line and its text.
//!
//! `UPDATE_EXPECT=1 cargo test -p tipoff-vendors` writes down what is read now: look at the difference
//! before it is kept.

#![allow(clippy::unwrap_used, reason = "a test that goes wrong should say so")]

use std::fs;
use std::path::{Path, PathBuf};

use tipoff_model::{Content, Encoding, Media, MediaKind};
use tipoff_vendors::{MailReading, read};

fn mails() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut mails: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    mails.sort();
    assert!(mails.len() > 25);
    mails
}

fn content(mail: &str) -> Content {
    let (head, text) = mail.split_once("\n\n").unwrap();
    let (subject, files) = head.split_once('\n').unwrap_or((head, ""));
    let names = files.lines().map(|line| line.strip_prefix("file: ").unwrap());
    let media = |name: &str| Media {
        name: name.to_owned(),
        content_type: "image/jpeg".to_owned(),
        kind: MediaKind::Picture,
        range: 0..1,
        encoding: Encoding::Identity,
        size: 1,
        whole: true,
        repeat: false,
        decoration: false,
    };
    Content {
        subject: subject.to_owned(),
        text: text.to_owned(),
        media: names.map(media).collect(),
        ..Content::default()
    }
}

fn written(reading: &MailReading) -> String {
    let camera = reading.camera.clone().map(|camera| {
        let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        format!("{} | {}", part(camera.number), part(camera.name))
    });
    let details = match reading.details.as_deref() {
        None => "-\n".to_owned(),
        Some("") => "\n".to_owned(),
        Some(text) => text.lines().map(|line| format!("\n  {line}")).collect::<String>() + "\n",
    };
    format!(
        "vendor: {}\nevent: {}\ncamera: {}\ndetails: {details}",
        reading.vendor.unwrap_or("-"),
        reading.event,
        camera.as_deref().unwrap_or("-"),
    )
}

#[test]
fn mails_are_read_as_recorded() {
    for path in mails() {
        let mail = fs::read_to_string(&path).unwrap();
        let found = written(&read(&content(&mail)));
        let expected_path = path.with_extension("reading");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected_path, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}
