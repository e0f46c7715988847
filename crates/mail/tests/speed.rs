//! Mails that are made to keep the parser busy: none takes it much longer than others of its size.
//!
//! `cargo test -p tipoff-mail --profile quick --test speed -- --nocapture` prints the figures of BENCHMARKS.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that goes wrong should say so")]

use rustix::time::{ClockId, clock_gettime};
use tipoff_mail::Parser;

/// Size of each mail in bytes.
const BYTES: usize = if cfg!(debug_assertions) { 1 << 16 } else { 4 << 20 };
/// One read of the receiver.
const CHUNK_BYTES: usize = 64 * 1024;
/// The least speed in MB/s. What is asked of an optimised build is twice as much: the machine may be busy. Without
/// optimisation the slowest reads 1 MB/s on a machine at rest.
const SPEED_MIN: f64 = if cfg!(debug_assertions) { 0.1 } else { 100.0 };

const TEXT: &str = "Subject: x\n\nsome text to begin with, so that the part is what it says it is, and it is long enough for that to be known at once by all\n";
const PARTS: &str = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsome text\n";
const DEEP: &str = "Content-Type: multipart/mixed; boundary=aaaaaaaaaa1\n\n--aaaaaaaaaa1\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa2\n\n--aaaaaaaaaa2\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa3\n\n--aaaaaaaaaa3\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa4\n\n--aaaaaaaaaa4\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa5\n\n--aaaaaaaaaa5\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa6\n\n--aaaaaaaaaa6\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa7\n\n--aaaaaaaaaa7\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa8\n\n--aaaaaaaaaa8\nContent-Type: multipart/mixed; boundary=aaaaaaaaaa9\n\n--aaaaaaaaaa9\n\ntext\n";
/// Nine multiparts in each other, whose boundaries have one length.
const DEEP_SHORT: &str = "Content-Type: multipart/mixed; boundary=aa1\n\n--aa1\nContent-Type: multipart/mixed; boundary=ab2\n\n--ab2\nContent-Type: multipart/mixed; boundary=ac3\n\n--ac3\nContent-Type: multipart/mixed; boundary=ad4\n\n--ad4\nContent-Type: multipart/mixed; boundary=ae5\n\n--ae5\nContent-Type: multipart/mixed; boundary=a-6\n\n--a-6\nContent-Type: multipart/mixed; boundary=ag7\n\n--ag7\nContent-Type: multipart/mixed; boundary=ah8\n\n--ah8\nContent-Type: multipart/mixed; boundary=--9\n\n----9\n\ntext\n";
const HTML: &str = "Content-Type: text/html\n\n<html><body>";
const HTML_QP: &str =
    "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<html><body>";
const HTML_BASE64: &str =
    "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGh0bWw+PGJvZHk+\n";
const FILE_BASE64: &str =
    "Content-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n/9j/4AAQSkZJRgABAQAA\n";
const FILE_QP: &str = "Content-Type: image/jpeg\nContent-Transfer-Encoding: quoted-printable\n\n";
const FILE_UU: &str = "Content-Type: image/jpeg\nContent-Transfer-Encoding: uuencode\n\n";
const TEXT_BASE64: &str = "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n";
const JPEG_LINE: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgG\n";

/// How a mail begins, and what then comes again and again.
const MAILS: &[(&str, &str)] = &[
    (
        "Subject: x\n\n",
        "An honest line of text, as long as they mostly are in mails of people.\r\n",
    ),
    (FILE_BASE64, "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRo\r\n"),
    // Line ends.
    ("", "\n"),
    (TEXT, "\n"),
    (TEXT, "\r\n"),
    (TEXT, "\r"),
    (TEXT, "\r\r\n"),
    (TEXT, "\n\r"),
    (TEXT, "a\n"),
    (TEXT, "a\r\n"),
    (TEXT, "\0\n"),
    (TEXT, "\u{e4}\n"),
    (TEXT, " \t"),
    (PARTS, "\n"),
    (PARTS, "\r\n"),
    (PARTS, "\r"),
    (PARTS, "a\n"),
    // Lines like boundaries.
    (TEXT, "-\n"),
    (TEXT, "--\n"),
    (TEXT, "--x\n"),
    (TEXT, "\n--"),
    (TEXT, "\r\n--\r\n"),
    (TEXT, "-"),
    ("", "--x\n"),
    ("", "--x\ncontent"),
    (PARTS, "-\n"),
    (PARTS, "--\n"),
    (PARTS, "\n--"),
    (PARTS, "\r--"),
    (PARTS, "\r\n--\r\n"),
    (PARTS, "--c\n"),
    (PARTS, "--bb\n"),
    (PARTS, "--b-\n"),
    (PARTS, "a--b\n"),
    (PARTS, "\n--b "),
    (DEEP, "--aaaaaaaaaa\n"),
    (DEEP, "--aaaaaaaaaa10\n"),
    (DEEP, "--a\n"),
    (DEEP, "--aaaaaaaaaa0\n"),
    (DEEP, "--aaaaaaaaaa0--\n"),
    (DEEP, "\r\n--aaaaaaaaaa0\r\n"),
    (DEEP, "--aaaaaaaaaa0 \n"),
    (DEEP, "--aaaaaaaaa\n"),
    (DEEP, "\n"),
    (DEEP, "\r\n"),
    (DEEP, "-\n"),
    (DEEP, "--\n"),
    (DEEP, "---\n"),
    (DEEP, "-----\n"),
    (DEEP_SHORT, "--aa2\n"),
    (DEEP_SHORT, "--ag8\n"),
    (DEEP_SHORT, "--a-7\n"),
    (DEEP_SHORT, "--ah9--\n"),
    (DEEP_SHORT, "--ah9-\n"),
    (DEEP_SHORT, "----8\n"),
    (DEEP_SHORT, "----\n"),
    (DEEP_SHORT, "-----\n"),
    (DEEP_SHORT, "------\n"),
    (DEEP_SHORT, "---\n"),
    (DEEP_SHORT, "--\n"),
    (DEEP_SHORT, "--ab \n"),
    (DEEP_SHORT, "--ab2 x\n"),
    (DEEP_SHORT, "\r--ag8"),
    (DEEP_SHORT, "\n\n--"),
    (DEEP_SHORT, "\n"),
    ("Content-Type: multipart/mixed\n\n", "--x\n"),
    ("Content-Type: multipart/mixed\n\n", "--x\nContent\n"),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "--x\nContent-\n"),
    // Parts.
    (PARTS, "--b"),
    (PARTS, "--b\r"),
    (PARTS, "--b\n"),
    (PARTS, "--b\n\n"),
    (PARTS, "--b\r\n\r\n"),
    (PARTS, "--b\n\nx\n"),
    (PARTS, "--b\nA:\n\nx\n"),
    (PARTS, "--b\nContent-Type: text/html\n\n<p>x\n"),
    (PARTS, "--b\nContent-Type: image/jpeg\n\nx\n"),
    (PARTS, "--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n"),
    (PARTS, "--b\nContent-Type: message/rfc822\n\n"),
    (PARTS, "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n"),
    (PARTS, "--b\nContent-Type: multipart/alternative; boundary=c\n\n"),
    (PARTS, "--b\nx\n"),
    (PARTS, "--b--\n"),
    (PARTS, "--b\nContent-Type: text/plain\nx\nx\nx\nx\nx\n"),
    (PARTS, "--b\nContent-Type: text/plain; charset=\"gb18030\"\n\n\u{e4}\n"),
    (DEEP, "--aaaaaaaaaa9\n\nx\n"),
    // Headers.
    ("", "A:\n"),
    ("", "A:\r\n"),
    ("A: x\n", " \n"),
    ("A: x\n", "\t\r\n"),
    ("A: x\n", " a\n"),
    ("A", "\r"),
    ("A: x", "\r"),
    ("A: x\n", "a"),
    ("A: x\n", "=?"),
    ("A: x\n", "a\n"),
    ("A: x\n", "a:\n"),
    ("A: x\n", "a-\n"),
    ("", "Subject: =?utf-8?q?=41?=\n"),
    ("Subject:", " =?utf-8?q?=41?="),
    ("Subject:", " =?utf-8?b?QQ==?=\n"),
    ("Subject:", "=?"),
    ("Subject:", "=?a?q?"),
    ("Subject:", "=?utf-8?q?\n "),
    ("Subject:", "\u{e4}"),
    ("", "Subject: x\n"),
    ("", "Content-Type: text/plain\n"),
    ("Content-Type: text/plain", "; name=x"),
    ("Content-Type: text/plain", "; name*0*=x"),
    ("Content-Type: text/plain", ";\n name*1*=x"),
    ("Content-Type: text/plain", ";\nname=x"),
    ("Content-Type: text/plain", ";"),
    ("Content-Type: text/plain; name=\"", "\\\""),
    ("Content-Type: text/plain; name=\"", "\""),
    ("Content-Type: text/plain; x=", "("),
    ("Content-Type: text/plain\n", "x=y\n"),
    ("Content-Type: text/plain\n", "x=\n"),
    ("Content-Type: multipart/mixed;\n", "boundary=x;\n"),
    // Encodings.
    (FILE_BASE64, "A\n"),
    (FILE_BASE64, "A\r\n"),
    (FILE_BASE64, "="),
    (FILE_BASE64, "=A"),
    (FILE_BASE64, "\n"),
    (FILE_BASE64, "A "),
    (FILE_BASE64, "\u{e4}"),
    (TEXT_BASE64, "QQ==\n"),
    (TEXT_BASE64, "Q\n"),
    (FILE_QP, "=\n"),
    (FILE_QP, "=\r\n"),
    (FILE_QP, "=3D"),
    (FILE_QP, "="),
    (FILE_QP, " \n"),
    (FILE_QP, " "),
    (FILE_QP, "=4"),
    (FILE_QP, "\n"),
    (FILE_QP, "\r"),
    (FILE_QP, "a "),
    (FILE_UU, "begin 644 a\n"),
    (FILE_UU, "#\n"),
    (FILE_UU, "#AAAA\n"),
    (FILE_UU, "\n"),
    (FILE_UU, "a"),
    // Files in text.
    (TEXT, "begin 644 a\n"),
    (TEXT, "begin 644 a\n#AAAA\n"),
    (TEXT, "begin 644 a\n#AAAA\nend\n"),
    (TEXT, "#AAAA\n"),
    (TEXT, "end\n"),
    (TEXT, JPEG_LINE),
    (TEXT, "/9j/4AAQSkZJRgABAQAA\nx\n"),
    (TEXT, "iVBORw0KGgoAAAANSUhEUgAAAAEA\n\n"),
    (TEXT, "AAAAAAAAAAAAAAAA\n"),
    (TEXT, "AAAAAAAAAAAAAAAA=\n"),
    // Pages.
    (HTML, "<"),
    (HTML, ">"),
    (HTML, "<p>"),
    (HTML, "<p>x\n"),
    (HTML, "</p>"),
    (HTML, "<a "),
    (HTML, "<a b=\""),
    (HTML, "<a href=x>y</a>"),
    (HTML, "<img src=x>"),
    (HTML, "<img src=\"x\" width=1 height=1>"),
    (HTML, "<!--"),
    (HTML, "<!---->"),
    (HTML, "<style>"),
    (HTML, "<style>a{display:none}</style>"),
    (HTML, "<div style=\"display:none\">"),
    (HTML, "<table><tr><td>"),
    (HTML, "<script>"),
    (HTML, "&"),
    (HTML, "&amp;"),
    (HTML, "&#x"),
    (HTML, "&#64;"),
    (HTML, "\n"),
    (HTML, "\r\n"),
    (HTML, " \n"),
    (HTML, "data:"),
    (HTML, "data:a"),
    (HTML, "data:;base64,"),
    (HTML, "data:image/png;base64,"),
    (HTML, "data:image/png;base64,AAAA"),
    (HTML, "<img src=\"data:image/png;base64,iVBORw0KGgo=\">"),
    (HTML, "<img src=data:image/png;base64,A%3D>"),
    (HTML, "<img src=data:image/png;base64,AAAA AAAA>"),
    (HTML, ";base64,"),
    (HTML, "data: ;base64,"),
    (HTML, ";"),
    (HTML, ";b"),
    (HTML, "data:image/png;base64,A!"),
    (HTML, "data:image/png;base64,AAAA%"),
    (HTML_BASE64, "O2Jhc2U2NCws"),
    (HTML_BASE64, "ZGF0YTppbWFnZS9wbmc7YmFzZTY0LEEh"),
    (
        PARTS,
        "--b\nA: x\nx\n::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::::\n",
    ),
    (PARTS, "--b\nA: x\nx\nTo:\nx\nTo:\n\n"),
    ("Received: x\n", "by x\n"),
    ("To: x\n", "@\n"),
    ("To: x\n", "@:"),
    ("To: x\n", "@-"),
    (HTML, "url(data:,"),
    (HTML, "d"),
    (HTML, "da"),
    (HTML, "D\n"),
    (HTML_QP, "=\n"),
    (HTML_QP, "=3D"),
    (HTML_QP, "<p>"),
    (HTML_QP, "d"),
    (HTML_QP, "data:image/png;base64,AAAA"),
    (HTML_QP, "<img src=3D\"data:image/png;base64,iVBORw0KGgo=3D\">"),
    (HTML_BASE64, "QQ\n"),
    (HTML_BASE64, "A\n"),
    (HTML_BASE64, "PGltZyBzcmM9ImRhdGE6aW1hZ2UvcG5nO2Jhc2U2NCxBQUFBIj4K"),
    // Notices, words, sentences.
    (TEXT, "This is a multi-part message in MIME format. "),
    (TEXT, "mime. "),
    (TEXT, ". "),
    (TEXT, "! ! "),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "mime. "),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "mime"),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "mime\n"),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "mime.\n\n"),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "This is MIME\n"),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "this \n"),
    ("Content-Type: multipart/mixed; boundary=b\n\n", "a\u{3002}"),
];

/// A part of different words as text and as a page, which are compared.
fn alternatives() -> Vec<u8> {
    let words = |step: usize| -> String {
        (0..30_000).map(|number| format!("{} ", (number * step) % 7919)).collect()
    };
    format!(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n{}\n--b\nContent-Type: text/html\n\n<p>{}\n--b--\n",
        words(1),
        words(3)
    )
    .into_bytes()
}

/// Text in all parts, which may say the same.
fn many_texts() -> Vec<u8> {
    let parts: String = (0..BYTES / 80)
        .map(|number| {
            let kind = if number % 2 == 0 { "plain" } else { "html" };
            format!("--b\nContent-Type: text/{kind}\n\nword{number} and another of it {number}\n")
        })
        .collect();
    format!("Content-Type: multipart/mixed; boundary=b\n\n{parts}").into_bytes()
}

fn seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// MB/s while it streams by, and seconds at its end; of the processor's time, because others use it too.
fn measure(mail: &[u8]) -> (f64, f64) {
    let began = seconds();
    let mut parser = Parser::new();
    mail.chunks(CHUNK_BYTES).for_each(|chunk| parser.push(chunk));
    let pushed = seconds();
    std::hint::black_box(parser.finish());
    let finished = seconds();
    (mail.len() as f64 / 1e6 / (pushed - began), finished - pushed)
}

/// The best of three: noise only ever slows down.
fn best(mail: &[u8]) -> (f64, f64) {
    let runs: Vec<(f64, f64)> = (0..3).map(|_| measure(mail)).collect();
    let speed = runs.iter().map(|run| run.0).fold(0.0, f64::max);
    let end = runs.iter().map(|run| run.1).fold(f64::INFINITY, f64::min);
    (speed, end)
}

#[test]
fn no_mail_takes_the_parser_much_longer_than_others() {
    let repeated = |(begins, again): &(&str, &str)| {
        let mut mail = begins.as_bytes().to_vec();
        let count = BYTES / again.len();
        mail.extend(again.as_bytes().repeat(count));
        (
            format!(
                "{:?} {again:?}",
                begins.get(begins.len().saturating_sub(40)..).unwrap_or(begins)
            ),
            mail,
        )
    };
    let mut mails: Vec<(String, Vec<u8>)> = MAILS.iter().map(repeated).collect();
    mails.push(("alternatives".to_owned(), alternatives()));
    mails.push(("many texts".to_owned(), many_texts()));
    let mut rows: Vec<(f64, f64, String)> = mails
        .into_iter()
        .map(|(name, mail)| {
            let (speed, end) = best(&mail);
            (speed, end, name)
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (speed, end, name) in &rows {
        println!("{speed:8.1} MB/s  {:8.2} ms at the end  {name}", end * 1e3);
    }
    let slow: Vec<_> = rows.iter().filter(|row| row.0 < SPEED_MIN).collect();
    assert!(slow.is_empty(), "{slow:#?}");
}
