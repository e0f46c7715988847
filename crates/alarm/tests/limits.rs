//! What is bounded, and what hostile bodies come to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use proptest::prelude::*;
use tipoff_alarm::{BODY_BYTES_MAX, BodyTooLarge, RequestHead};
use tipoff_model::{AlarmRequest, Value};

fn read(body: &[u8]) -> AlarmRequest {
    let (request, decoded) = common::parse(&RequestHead::default(), body, 4096, false).unwrap();
    common::check(&request, &decoded);
    request
}

fn deflated(encoding: &str, body: &[u8]) -> Result<(AlarmRequest, Vec<u8>), BodyTooLarge> {
    let head = RequestHead { content_encoding: Some(encoding), ..RequestHead::default() };
    common::parse(&head, body, 4096, false)
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let limit = usize::try_from(BODY_BYTES_MAX).unwrap();
    let mut body = vec![b'x'; limit];
    let head = RequestHead::default();
    assert!(common::parse(&head, &body, 65_536, false).is_ok());
    body.push(b'x');
    assert_eq!(common::parse(&head, &body, 65_536, false), Err(BodyTooLarge));
}

#[test]
fn a_deflate_bomb_is_refused_early() {
    let zeros = vec![0; 64 * 1024 * 1024];
    let bomb = deflate(&zeros);
    let mut parser = tipoff_alarm::BodyParser::new(&RequestHead {
        content_encoding: Some("deflate"),
        ..RequestHead::default()
    });
    let (mut rest, mut decoded_bytes) = (bomb.as_slice(), 0);
    loop {
        let mut decoded = Vec::new();
        match parser.push(rest, &mut decoded) {
            Ok(taken) => rest = &rest[taken..],
            Err(BodyTooLarge) => break,
        }
        assert!(!rest.is_empty(), "all of the bomb was read: {decoded_bytes} of {}", bomb.len());
        assert!(decoded.len() <= 200_000, "{} at once", decoded.len());
        decoded_bytes += decoded.len();
    }
    assert!(decoded_bytes < 2 * 1024 * 1024, "{decoded_bytes}");
    assert_eq!(deflated("gzip, gzip", &gzip(&gzip(&zeros))), Err(BodyTooLarge));
}

#[test]
fn large_bodies_that_are_no_bombs_are_decoded() {
    let numbers: String = (0..300_000).map(|number| format!("{number},")).collect();
    let json = format!("{{\"list\":[{numbers}]}}");
    let (request, decoded) = deflated("gzip", &gzip(json.as_bytes())).unwrap();
    assert_eq!(decoded, json.as_bytes());
    assert!(!request.torn);
    common::check(&request, &decoded);
}

#[test]
fn values_are_bounded() {
    let list = format!("[{}]", "1,".repeat(10_000));
    let Value::List(values) = &read(list.as_bytes()).documents[0].root else {
        panic!("a list");
    };
    assert!((1_800..=2_000).contains(&values.len()), "{}", values.len());
    read(format!("[{}]", "{},".repeat(10_000)).as_bytes());
    read("[1]".repeat(10_000).as_bytes());
    read("a=b&".repeat(10_000).as_bytes());
    read("a=b\n".repeat(10_000).as_bytes());
    read("<a/>".repeat(10_000).as_bytes());
    read(format!("<a>{}</a>", "<b/>".repeat(10_000)).as_bytes());
    read(format!("<a {}/>", "b='c' ".repeat(10_000)).as_bytes());
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("<a>", "</a>")] {
        let deep = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(read(deep(31).as_bytes()).documents[0].root.leaves().len(), 1, "{open}");
        let too_deep = read(deep(33).as_bytes());
        let leaves = too_deep.documents[0].root.leaves();
        assert!(leaves.iter().all(|(_, text)| text.is_empty()), "{open}");
        read(open.repeat(200_000).as_bytes());
        // What is behind the depth is read again.
        if open == "[" {
            let behind = format!("[{},2]", deep(100));
            assert_eq!(read(behind.as_bytes()).documents[0].root.leaves().len(), 1);
        }
    }
    let mut nested = "{\"a\":1}".to_owned();
    for _ in 0..6 {
        let escaped = nested.replace('\\', "\\\\").replace('"', "\\\"");
        nested = format!("{{\"a\":\"{escaped}\"}}");
    }
    assert!(read(nested.as_bytes()).documents[0].root.find_text("a").unwrap().starts_with('{'));
}

#[test]
fn texts_and_names_are_cut() {
    let word = "ä ".repeat(10_000);
    let request = read(format!("{{\"{word}\":\"{word}\"}}").as_bytes());
    let Value::Fields(fields) = &request.documents[0].root else {
        panic!("fields");
    };
    let (name, Value::Text(text)) = &fields[0] else {
        panic!("a text");
    };
    assert_eq!((name.len(), text.len()), (200, 8 * 1024));
    let many = format!("[{}]", format!("\"{}\",", "x".repeat(8000)).repeat(100));
    read(many.as_bytes());
}

#[test]
fn media_and_parts_are_bounded() {
    let many = format!("[{}]", "\"/9j/4AAQSkZJRgABAQAA\",".repeat(100));
    assert_eq!(read(many.as_bytes()).media.len(), 32);
    let parts = "--b\r\n\r\n{\"a\":1}\r\n".repeat(100);
    let documents = read(parts.as_bytes()).documents;
    assert_eq!(documents.len(), 64);
    read("--b\n\n\n".repeat(100_000).as_bytes());
    read("--b\n".repeat(100_000).as_bytes());
    read("--b\nContent-Type: multipart/mixed; boundary=b\n\n".repeat(1_000).as_bytes());
}

#[test]
fn multiparts_are_read_three_deep() {
    let deep = |depth: usize| {
        let head = |level| format!("--b{level}\nContent-Type: multipart/mixed\n\n");
        let heads: String = (1..depth).map(head).collect();
        format!("{heads}--b{depth}\n\n{{\"a\":1}}\n")
    };
    assert_eq!(read(deep(3).as_bytes()).documents[0].root.find_text("a"), Some("1"));
    assert_eq!(read(deep(4).as_bytes()).documents[0].root.find_text("a"), None);
}

/// Bytes that documents are made of.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..6),
        proptest::sample::select(
            [
                "{",
                "}",
                "[",
                "]",
                "\"",
                "\\",
                "\\u",
                "\\n",
                ":",
                ",",
                "<",
                ">",
                "</a>",
                "<a>",
                "<a b='",
                "&",
                "&amp;",
                "&#13;",
                ";",
                "=",
                "%",
                "%2B",
                "+",
                "--b",
                "\r\n",
                "\n",
                "<![CDATA[",
                "]]>",
                "<!--",
                "-->",
                "/9j/4AAQSkZJRgABAQAA",
                "data:image/png;base64,",
                "iVBORw0KGgoAAAANSUhEUg==",
                "Content-Type: text/xml\n",
                "Code=x;data={",
                "payload=",
                "\"{\\\"a\\\":",
                "HTTP/1.1 200 OK\r\n",
                "\u{e4}",
                " ",
                "\0",
            ]
            .map(|piece| piece.as_bytes().to_vec())
            .to_vec(),
        ),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn any_split_of_any_body_gives_the_same(
        body in pieces(),
        begin in proptest::sample::select(vec!["", "{\"a\":\"", "<a>", "a=b&c=", "--b\n\n", "Code=a;data={"]),
        step in 1..40_usize,
        torn: bool,
        encoding in proptest::sample::select(vec![None, Some("deflate")]),
    ) {
        let body = [begin.as_bytes(), &body].concat();
        let head = RequestHead { content_encoding: encoding, ..RequestHead::default() };
        let whole = common::parse(&head, &body, usize::MAX, torn).unwrap();
        common::check(&whole.0, &whole.1);
        let pieces = common::parse(&head, &body, step, torn).unwrap();
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn encoded_bodies_come_back(body in pieces(), step in 1..40_usize) {
        let expected = common::parse(&RequestHead::default(), &body, usize::MAX, false).unwrap();
        for (encoding, encoded) in [("gzip", gzip(&body)), ("deflate", deflate(&body))] {
            let head = RequestHead { content_encoding: Some(encoding), ..RequestHead::default() };
            let found = common::parse(&head, &encoded, step, false).unwrap();
            prop_assert_eq!(&found.1, &expected.1);
            prop_assert_eq!(&found.0.documents, &expected.0.documents);
            prop_assert_eq!(&found.0.media, &expected.0.media);
        }
    }
}

/// Escapes and base64 in UTF-16, whose decoded bytes have no place in the body.
#[test]
fn utf_16_is_read_in_any_pieces() {
    let lines = "Zeile\u{4e00}\\n\\/\\u00fc".repeat(200);
    let text = format!("{{\"name\":\"T\u{fc}r\\nHof\\u00fc\\/\",\"text\":\"{lines}\"}}");
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let head = RequestHead { content_type: Some("application/json"), ..RequestHead::default() };
    let whole = common::parse(&head, &wide, wide.len(), false).unwrap();
    assert!(whole.0.documents[0].root.leaves().iter().any(|(_, it)| *it == "T\u{fc}r\nHof\u{fc}/"));
    for step in 1..80 {
        assert_eq!(common::parse(&head, &wide, step, false).unwrap(), whole, "{step}");
    }
}
