//! What a parser keeps of hostile bodies, and how long they take.
//!
//! `cargo test -p tipoff-alarm --profile quick --test memory -- --nocapture` prints the figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, reason = "figures for people")]

use std::hint::black_box;

use rustix::time::{ClockId, clock_gettime};
use tipoff_alarm::{BodyParser, RequestHead};

/// Size of a body in bytes.
const BYTES: usize = if cfg!(debug_assertions) { 1 << 18 } else { 8 << 20 };

/// Most bytes that a parser says it holds: texts, values, a text of 8 KB in each of three levels.
const HELD_BYTES_MAX: usize = 450 * 1024;

/// The least speed in MB/s, also on a busy machine. Without optimisation the slowest reads 1 MB/s.
const SPEED_MIN: f64 = if cfg!(debug_assertions) { 0.1 } else { 20.0 };

/// How a body begins, and what then comes again and again.
const BODIES: &[(&str, &str)] = &[
    ("", "some words\n"),
    ("\u{FF}\0", "\n"),
    ("[", "["),
    ("", "{\"a\":"),
    ("[", "1,"),
    ("[", "\"\","),
    ("[", "{},"),
    ("[", "\"a\\n\","),
    ("[\"", "\\u0041"),
    ("[\"", "\\\""),
    ("[\"", "a"),
    ("{\"", "a"),
    ("[\"/9j/4AAQSkZJRgABAQAA", "AAAAAAAA"),
    ("[\"/9j/4AAQSkZJRgABAQAA", "\\/AAAAAA"),
    ("[\"/9j/4AAQSkZJRgABAQAA", "AAAA\\n"),
    ("[", "\"/9j/4AAQSkZJRgABAQAA\","),
    ("[\"{\\\"a\\\":\\\"", "a"),
    ("[\"[\\\"[", "1,"),
    ("[", "a "),
    ("", "[1]"),
    ("", "\"{"),
    ("<a>", "<a>"),
    ("<a>", "<a/>"),
    ("<a>", "<a b='c'/>"),
    ("<a>", "x<b>"),
    ("<a>", "</b>"),
    ("<a>", "&amp;"),
    ("<a>", "&"),
    ("<a>", "a "),
    ("<a ", "b='c' "),
    ("<a ", "="),
    ("<a>", "<"),
    ("<a><![CDATA[", "]"),
    ("<a><!--", "-"),
    ("<!DOCTYPE a [", "<!ENTITY a 'b'>"),
    ("<a>/9j/4AAQSkZJRgABAQAA", "AAAAAAA\n"),
    ("a=b", "&a=b"),
    ("a=b&c=", "%20"),
    ("a=b&c=", "+"),
    ("a=b&", "&"),
    ("a=b\n", "a=b\n"),
    ("Code=a;", "b={};"),
    ("Code=a;data=", "{"),
    ("--b\n\n\u{FF}\0", "\n"),
    ("--b\n\nx\n", "--b\n"),
    ("--b\n\nx\n", "--b\n\nx\n"),
    ("--b\n\nx\n", "--c\n"),
    ("--b\n\nx\n", "--b"),
    ("--b\n", "A: b\n"),
    ("--b\n", "A: b\n "),
    ("--b\n\n", "--b\nContent-Type: multipart/mixed\n\n"),
    ("--b\nContent-Type: image/jpeg\n\n\u{FF}\u{D8}", "\r\n-"),
];

fn seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// MB/s of the processor's time with its end, and the most bytes held.
fn measure(body: &[u8]) -> (f64, usize) {
    let began = seconds();
    let mut parser = BodyParser::new(&RequestHead::default());
    let mut decoded = Vec::new();
    let mut held = 0;
    for mut piece in body.chunks(16 * 1024) {
        while !piece.is_empty() {
            decoded.clear();
            let taken = parser.push(piece, &mut decoded).unwrap();
            piece = &piece[taken..];
        }
        held = held.max(parser.held_bytes());
    }
    black_box(parser.finish(false, &mut decoded));
    (body.len() as f64 / 1e6 / (seconds() - began), held)
}

fn base64(bytes: usize) -> String {
    format!("/9j/{}", "2wBDAAgG".repeat(bytes / 8))
}

#[test]
fn no_body_takes_much_memory_or_time() {
    let mut bodies: Vec<(String, Vec<u8>)> = BODIES
        .iter()
        .map(|(begin, again)| {
            // Bytes of pictures, not letters.
            let bytes = |text: &str| text.chars().map(|it| it as u8).collect::<Vec<_>>();
            let body = [bytes(begin), bytes(again).repeat(BYTES / again.len())].concat();
            (format!("{begin:?} {again:?}"), body)
        })
        .collect();
    bodies.push((
        "2 MB of base64 in JSON".to_owned(),
        format!("{{\"event\":\"motion\",\"picture\":\"{}\"}}", base64(BYTES.min(2 << 20)))
            .into_bytes(),
    ));
    let picture: Vec<u8> =
        (0..60_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let head = b"--boundary\r\nContent-Type: application/xml\r\n\r\n<a>1</a>\r\n--boundary\r\nContent-Type: image/jpeg\r\n\r\n\xFF\xD8\xFF";
    bodies.push((
        "60 KB of JPEG in a multipart".to_owned(),
        [head.as_slice(), &picture, b"\r\n--boundary--\r\n"].concat(),
    ));
    let mut rows: Vec<_> = bodies
        .iter()
        .map(|(name, body)| {
            let (speed, held) = (0..3)
                .map(|_| measure(body))
                .fold((0.0, 0), |best, run| (f64::max(best.0, run.0), best.1.max(run.1)));
            (speed, held, name)
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (speed, held, name) in &rows {
        println!("{speed:9.1} MB/s {held:8} bytes held  {name}");
    }
    for (speed, held, name) in rows {
        assert!(held <= HELD_BYTES_MAX, "{name}: {held} bytes");
        assert!(speed >= SPEED_MIN, "{name}: {speed} MB/s");
    }
}
