//! Files that are put into a mail come out of it, however they are encoded.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should say so"
)]

mod common;

use proptest::prelude::*;
use tipoff_model::{Encoding, MediaKind};

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[derive(Clone, Debug)]
struct Part {
    bytes: Vec<u8>,
    encoding: Encoding,
    /// Where base64 is folded; nowhere, if zero.
    fold: usize,
    padded: bool,
}

fn base64(part: &Part) -> Vec<u8> {
    let mut letters = Vec::new();
    for group in part.bytes.chunks(3) {
        let bits = group
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0, |bits, &byte| bits << 8 | u32::from(byte));
        let count = group.len() + 1;
        letters.extend((0..count).map(|at| LETTERS[(bits >> (18 - 6 * at) & 0x3f) as usize]));
        if part.padded {
            letters.extend(std::iter::repeat_n(b'=', 4 - count));
        }
    }
    if part.fold == 0 {
        return letters;
    }
    letters.chunks(part.fold).collect::<Vec<_>>().join(b"\r\n".as_slice())
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for (at, &byte) in bytes.iter().enumerate() {
        if at % 20 == 19 {
            text.extend(b"=\r\n");
        }
        match byte {
            b'!'..=b'<' | b'>'..=b'~' => text.push(byte),
            _ => text.extend(format!("={byte:02X}").bytes()),
        }
    }
    text
}

fn mail(parts: &[Part], line_end: &str) -> Vec<u8> {
    let mut mail = format!("Subject: s{line_end}Content-Type: multipart/mixed; boundary=\"=_b0undary\"{line_end}{line_end}").into_bytes();
    for part in parts {
        let (name, body) = match part.encoding {
            Encoding::Base64 => ("base64", base64(part)),
            Encoding::QuotedPrintable => ("quoted-printable", quoted_printable(&part.bytes)),
            _ => ("binary", part.bytes.clone()),
        };
        let header = format!(
            "--=_b0undary{line_end}Content-Type: image/jpeg; name=x.jpg{line_end}Content-Transfer-Encoding: {name}{line_end}{line_end}"
        );
        mail.extend(header.bytes());
        mail.extend(body);
        mail.extend(line_end.bytes());
    }
    mail.extend(b"--=_b0undary--\r\n");
    mail
}

fn part() -> impl Strategy<Value = Part> {
    let encoding = prop_oneof![
        Just(Encoding::Base64),
        Just(Encoding::QuotedPrintable),
        Just(Encoding::Identity)
    ];
    let bytes = proptest::collection::vec(any::<u8>(), 1..600).prop_map(|mut bytes| {
        bytes.splice(0..0, *b"\xFF\xD8\xFF\xE0");
        bytes
    });
    (bytes, encoding, prop_oneof![Just(0), Just(76), Just(64)], any::<bool>())
        .prop_map(|(bytes, encoding, fold, padded)| Part { bytes, encoding, fold, padded })
}

proptest! {
    #[test]
    fn a_built_mail_is_read_back_unchanged(
        parts in proptest::collection::vec(part(), 1..5),
        line_end in prop_oneof![Just("\r\n"), Just("\n")],
        lengths in proptest::collection::vec(1..500_usize, 1..10),
    ) {
        let mail = mail(&parts, line_end);
        let content = common::parse(common::pieces(&mail, &lengths), false);
        prop_assert!(!content.unclear);
        prop_assert_eq!(content.media.len(), parts.len());
        for (media, part) in content.media.iter().zip(&parts) {
            prop_assert_eq!(media.encoding, part.encoding);
            // A line end before LF is one of the two bytes CR and LF: nobody can tell otherwise.
            let mut found = common::decoded(media, &mail);
            if part.encoding == Encoding::Identity && line_end == "\n" && part.bytes.ends_with(b"\r") {
                found.push(b'\r');
            }
            prop_assert_eq!(&found, &part.bytes);
        }
    }

    /// Pictures in the addresses of a page come out, however the page is encoded.
    #[test]
    fn pictures_in_an_html_page_are_found(
        parts in proptest::collection::vec(part(), 1..5),
        how in prop_oneof![Just(""), Just("base64"), Just("quoted-printable")],
        before in "[ a-z;:,]{0,9000}",
        lengths in proptest::collection::vec(1..5000_usize, 1..10),
    ) {
        let mut page = format!("<p>{before}</p>").into_bytes();
        for (number, part) in parts.iter().enumerate() {
            let letters = base64(&Part { fold: 0, ..part.clone() });
            page.extend(format!("<img alt=x{number} src=\"data:image/jpeg;base64,").bytes());
            page.extend(letters);
            page.extend(b"\"> word ");
        }
        let whole = Part { bytes: page.clone(), encoding: Encoding::Base64, fold: 76, padded: true };
        let body = match how {
            "base64" => base64(&whole),
            "quoted-printable" => quoted_printable(&page),
            _ => page,
        };
        let mut mail = format!("Content-Type: text/html\r\nContent-Transfer-Encoding: {how}\r\n\r\n").into_bytes();
        mail.extend(body);
        let content = common::parse(common::pieces(&mail, &lengths), false);
        prop_assert_eq!(&common::parse([mail.as_slice()], false), &content);
        prop_assert!(!content.unclear);
        prop_assert_eq!(content.media.len(), parts.len());
        prop_assert!(content.text.ends_with("word") && !content.text.contains("base64"));
        for (media, part) in content.media.iter().zip(&parts) {
            prop_assert_eq!(&common::decoded(media, &mail), &part.bytes);
            prop_assert!(media.whole && media.kind == MediaKind::Picture);
        }
    }

    /// A connection that breaks anywhere: files before it are whole, and nothing is made up.
    #[test]
    fn a_torn_mail_contains_all_received_bytes(
        parts in proptest::collection::vec(part(), 1..4),
        at in any::<prop::sample::Index>(),
    ) {
        let mail = mail(&parts, "\r\n");
        let came = &mail[..at.index(mail.len())];
        common::check(came, true);
        let content = common::parse([came], true);
        for (media, part) in content.media.iter().zip(&parts) {
            let found = common::decoded(media, came);
            // Half an escape of quoted-printable stands for itself.
            let sure = found.len().saturating_sub(2).min(part.bytes.len());
            prop_assert_eq!(&found[..sure], &part.bytes[..sure]);
            let boundary_end = media.range.end as usize + "\r\n--=_b0undary--".len();
            let came_whole = boundary_end <= came.len();
            prop_assert!(media.whole || !came_whole);
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600), torn in any::<bool>()) {
        common::check(&bytes, torn);
    }

    #[test]
    fn anything_like_a_mail_is_read(
        lines in proptest::collection::vec(prop_oneof![
            Just("Content-Type: multipart/mixed; boundary=b\r\n"),
            Just("Content-Type: multipart/alternative; boundary=\"bb\"\n"),
            Just("Content-Type: message/rfc822\r\n"),
            Just("Content-Type: image/jpeg\r"),
            Just("Content-Transfer-Encoding: base64\r\n"),
            Just("Content-Transfer-Encoding: uuencode\r\n"),
            Just("Content-Transfer-Encoding: quoted-printable\n"),
            Just("\r\n"), Just("\n"), Just("\r"), Just("--b\r\n"), Just("--bb\n"), Just("--b--\r\n"),
            Just("--bb--"), Just("--x\r\n"), Just("-"), Just("/9j/4AAQSkZJRgABAQAAAQAB\r\n"),
            Just("begin 644 x\n"), Just("#0V%T\n"), Just("end\n"), Just("text=20\r\n"), Just("<p>x"),
            Just("Content-Type: text/html\r\n"), Just("<img src=\"data:image/jpeg;base64,"),
            Just("PGltZyBzcmM9ImRhdGE6aW1hZ2UvanBlZztiYXNlNjQsLzlqLzRBQVFTa1pKUmc9PSI+\r\n"),
            Just("\">"), Just("=\r\n"), Just("=2C"),
        ], 0..40),
        torn in any::<bool>(),
    ) {
        common::check(lines.concat().as_bytes(), torn);
    }
}
