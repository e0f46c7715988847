//! Every limit, at it and one beyond.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should say so"
)]

mod common;

use tipoff_model::{Content, MediaKind};

const DEPTH_MAX: usize = 10;
const MEDIA_MAX: usize = 200;
const TEXT_BYTES_MAX: usize = 64 * 1024;
const HEADER_BYTES_MAX: usize = 64 * 1024;
const HEADERS_BYTES_MAX: usize = 256 * 1024;
const BOUNDARY_BYTES_MAX: usize = 200;
/// Lines of one part that may begin a file.
const OPENED_MAX: usize = 400;
const EPILOGUE_BYTES_MAX: usize = 1000;

fn parse(mail: &str) -> Content {
    common::check(mail.as_bytes(), false);
    common::parse([mail.as_bytes()], false)
}

#[test]
fn depth() {
    for (depth, unclear) in [(DEPTH_MAX, false), (DEPTH_MAX + 1, true)] {
        let mut mail = String::new();
        for level in 0..depth {
            mail += &format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
        }
        let content = parse(&format!("{mail}\nMotion\n"));
        assert_eq!(content.unclear, unclear, "{depth}");
        assert_eq!(content.text == "Motion", !unclear);
    }
    for (depth, unclear) in [(DEPTH_MAX, false), (DEPTH_MAX + 1, true)] {
        let mail = "Content-Type: message/rfc822\n\n".repeat(depth);
        assert_eq!(parse(&format!("{mail}\nMotion\n")).unclear, unclear, "{depth}");
    }
}

#[test]
fn files() {
    for (files, unclear) in [(MEDIA_MAX, false), (MEDIA_MAX + 1, true)] {
        let parts = "--b\nContent-Type: image/jpeg\n\nx\n".repeat(files);
        let content = parse(&format!("Content-Type: multipart/mixed; boundary=b\n\n{parts}"));
        assert_eq!((content.media.len(), content.unclear), (MEDIA_MAX, unclear));
        let blocks = "/9j/4AAQSkZJRgABAQAA\n\n".repeat(files);
        let content = parse(&format!("\n{blocks}"));
        assert_eq!((content.media.len(), content.unclear), (MEDIA_MAX, unclear));
    }
}

#[test]
fn text() {
    for (bytes, files) in [(TEXT_BYTES_MAX, 0), (TEXT_BYTES_MAX + 1, 1)] {
        for header in ["", "Content-Transfer-Encoding: quoted-printable\n"] {
            let content = parse(&format!("Subject: long\n{header}\n{}", "x".repeat(bytes)));
            assert_eq!(content.text.len(), TEXT_BYTES_MAX);
            assert_eq!(content.media.len(), files, "{header}");
            for media in content.media {
                assert_eq!((media.name.as_str(), media.size), ("message.txt", bytes as u64));
                assert_eq!(media.kind, MediaKind::File);
            }
        }
    }
    let html = format!("Content-Type: text/html\n\n<p>{}", "x".repeat(TEXT_BYTES_MAX));
    assert_eq!(parse(&html).media[0].name, "message.html");
    // Many parts share the limit; none is lost.
    let part = format!("--b\n\n{}\n", "x y ".repeat(10_000));
    let content =
        parse(&format!("Content-Type: multipart/mixed; boundary=b\n\n{}", part.repeat(3)));
    assert!(content.text.len() <= TEXT_BYTES_MAX && content.media.len() == 2);
}

#[test]
fn header() {
    for (bytes, unclear) in [(HEADER_BYTES_MAX, false), (HEADER_BYTES_MAX + 1, true)] {
        let line = format!("X-Long: {}\n", "x".repeat(bytes - 9));
        assert_eq!(line.len(), bytes);
        let content = parse(&format!("{line}\nMotion\n"));
        assert_eq!((content.text.as_str(), content.unclear), ("Motion", unclear));
    }
}

#[test]
fn boundary() {
    for (bytes, text) in [(BOUNDARY_BYTES_MAX, "Motion"), (BOUNDARY_BYTES_MAX + 1, "--b")] {
        let boundary = "b".repeat(bytes);
        let content = parse(&format!(
            "Content-Type: multipart/mixed; boundary={boundary}\n\n--{boundary}\n\nMotion\n--{boundary}--\n"
        ));
        assert!(content.text.starts_with(text));
        assert_eq!(content.unclear, bytes > BOUNDARY_BYTES_MAX);
    }
}

#[test]
fn epilogue() {
    for (bytes, unclear) in [(EPILOGUE_BYTES_MAX, false), (EPILOGUE_BYTES_MAX + 1, true)] {
        let content = parse(&format!(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nMotion\n--b--\n{}",
            "x".repeat(bytes)
        ));
        assert_eq!(content.unclear, unclear);
    }
}

#[test]
fn lines_that_begin_a_file() {
    for (lines, unclear) in [(OPENED_MAX - 1, false), (OPENED_MAX, true)] {
        let content = parse(&format!("Subject: s\n\n{}", "begin 644 x\n".repeat(lines)));
        assert_eq!((content.media.len(), content.unclear), (0, unclear), "{lines}");
    }
}

#[test]
fn headers_of_all_parts() {
    let line = |bytes: usize| format!("X-Long: {}\n", "x".repeat(bytes - 9));
    let head = "Content-Type: multipart/mixed; boundary=b\n\n";
    for (more, unclear) in [(0, false), (1, true)] {
        let full = HEADERS_BYTES_MAX - head.len() + more;
        // Blank lines count, but the last one may be beyond the limit.
        let parts: String = [60_000, 60_000, 60_000, 60_000, full - 240_004]
            .map(|bytes| format!("--b\n{}\nMotion\n", line(bytes)))
            .concat();
        assert_eq!(parse(&format!("{head}{parts}")).unclear, unclear, "{more}");
    }
}
