//! Every mail in tests/mails is read as it was written down beside it, whole, byte by byte and in
//! random pieces. `torn-…` are those whose connection broke.
//!
//! `TIPOFF_BLESS=1 cargo test -p tipoff-mail` writes down what is read now: look at the
//! difference before it is kept.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should say so"
)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tipoff_model::{Content, MediaKind};

/// As much of a file as is written out.
const SHOWN_BYTES: usize = 16;

fn mails() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let mut mails: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .map(|path| (path.to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect();
    mails.sort();
    assert!(mails.len() > 50);
    mails
}

fn is_torn(path: &str) -> bool {
    Path::new(path).file_name().unwrap().to_str().unwrap().starts_with("torn-")
}

fn described(content: &Content, mail: &[u8]) -> String {
    let mut text = format!("subject: {}\nunclear: {}\n", content.subject, content.unclear);
    for line in content.text.lines() {
        writeln!(text, "text: {line}").unwrap();
    }
    for media in &content.media {
        let bytes = common::decoded(media, mail);
        let kind = match media.kind {
            MediaKind::Picture => "picture",
            MediaKind::Animation => "animation",
            MediaKind::Video => "video",
            MediaKind::File => "file",
        };
        writeln!(
            text,
            "media: {} | {} | {kind} | {:?} | {:?} | {} bytes | {} | {}… {:016x}",
            media.name,
            media.content_type,
            media.encoding,
            media.range,
            media.size,
            match (media.whole, media.decoration) {
                (_, true) => "decoration",
                (true, false) => "whole",
                (false, false) => "not whole",
            },
            bytes[..bytes.len().min(SHOWN_BYTES)].escape_ascii(),
            fnv1a(&bytes),
        )
        .unwrap();
    }
    text
}

/// Tells that bytes are the same ones; FNV-1a.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn mails_are_read_as_recorded() {
    for (path, mail) in mails() {
        let content = common::parse([mail.as_slice()], is_torn(&path));
        let found = described(&content, &mail);
        let expected_path = Path::new(&path).with_extension("expected");
        if std::env::var_os("TIPOFF_BLESS").is_some() {
            fs::write(&expected_path, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        assert_eq!(found, expected, "{path}");
        let by_bytes = common::parse(mail.chunks(1), is_torn(&path));
        assert_eq!(by_bytes, content, "{path}, byte by byte");
    }
}

#[test]
fn mails_are_read_the_same_in_any_pieces() {
    let mut runner = TestRunner::default();
    for (path, mail) in mails() {
        let content = common::parse([mail.as_slice()], is_torn(&path));
        runner
            .run(&proptest::collection::vec(1..200_usize, 1..20), |lengths| {
                let pieces = common::pieces(&mail, &lengths);
                prop_assert_eq!(&common::parse(pieces, is_torn(&path)), &content, "{}", path);
                Ok(())
            })
            .unwrap();
    }
}

/// However a mail is damaged, nothing panics, and what is told of it is true.
#[test]
fn damaged_mails_are_read() {
    let mails = mails();
    let edits =
        proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..8);
    let strategy = (0..mails.len(), edits, any::<bool>());
    TestRunner::default()
        .run(&strategy, |(number, edits, torn)| {
            let mut mail = mails[number].1.clone();
            for (at, edit, byte) in edits {
                let at = at.index(mail.len() + 1);
                match edit {
                    0 => mail.truncate(at),
                    1 => mail.insert(at, byte),
                    2 => drop(mail.drain(at..(at + 20).min(mail.len()))),
                    _ => mail.splice(at..at, b"\r\n--b".iter().copied()).for_each(drop),
                }
            }
            common::check(&mail, torn);
            Ok(())
        })
        .unwrap();
}
