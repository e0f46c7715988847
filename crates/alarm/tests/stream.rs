//! Streams of devices that are asked for their events: one message for each event, in any pieces.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use tipoff_alarm::{StreamMessage, StreamParser};
use tipoff_model::Value;

const JPEG: &[u8] = b"\xFF\xD8\xFF\xDB\0\r\n--\r\n\xFF\xD9";

fn read(content_type: &str, stream: &[u8], step: usize) -> Vec<StreamMessage> {
    let mut parser = StreamParser::new(Some(content_type));
    let mut messages = Vec::new();
    push(&mut parser, stream, step, &mut messages);
    parser.finish(true, &mut messages);
    messages
}

fn push(parser: &mut StreamParser, stream: &[u8], step: usize, messages: &mut Vec<StreamMessage>) {
    for mut piece in stream.chunks(step) {
        while !piece.is_empty() {
            let taken = parser.push(piece, messages);
            assert!(taken > 0 && taken <= piece.len());
            piece = &piece[taken..];
        }
    }
}

/// A word of each message, and how its pictures end.
fn told(messages: &[StreamMessage], stream: &[u8]) -> Vec<(String, Vec<Vec<u8>>)> {
    let media = |message: &StreamMessage| {
        let range = message.range.start as usize..message.range.end as usize;
        let blob = &stream[range];
        let bytes =
            |range: &std::ops::Range<u64>| blob[range.start as usize..range.end as usize].to_vec();
        message.request.media.iter().map(|media| bytes(&media.range)).collect()
    };
    let word = |message: &StreamMessage| {
        let root = message.request.documents.first().map(|document| &document.root);
        root.and_then(|root| root.find_text("eventType").or(root.find_text("Code")).or(root.text()))
            .unwrap_or_default()
            .to_owned()
    };
    messages.iter().map(|message| (word(message), media(message))).collect()
}

#[track_caller]
fn check(content_type: &str, stream: &[u8], expected: &[(&str, usize)]) {
    let whole = read(content_type, stream, usize::MAX);
    let found = told(&whole, stream);
    let words: Vec<_> = found.iter().map(|(word, media)| (word.as_str(), media.len())).collect();
    assert_eq!(words, expected);
    assert!(found.iter().flat_map(|(_, media)| media).all(|media| media == JPEG));
    for step in [1, 2, 3, 10, 100] {
        assert_eq!(read(content_type, stream, step), whole, "by {step}");
    }
}

fn xml(kind: &str) -> String {
    format!("<EventNotificationAlert><eventType>{kind}</eventType></EventNotificationAlert>")
}

#[test]
fn a_picture_belongs_to_the_event_before_it() {
    let part = |kind: &str| {
        format!(
            "--boundary\r\nContent-Type: application/xml\r\nContent-Length: 5\r\n\r\n{}\r\n",
            xml(kind)
        )
    };
    let picture = [
        b"--boundary\r\nContent-Disposition: form-data\r\nContent-Type: image/jpeg\r\n\r\n",
        JPEG,
        b"\r\n",
    ]
    .concat();
    let stream = [
        part("videoloss").as_bytes(),
        part("VMD").as_bytes(),
        &picture,
        &picture,
        part("linedetection").as_bytes(),
        &picture,
    ]
    .concat();
    // The header declares one boundary, and the body has another.
    for declared in
        ["multipart/mixed; boundary=boundary", "multipart/mixed; boundary=MIME_boundary"]
    {
        check(declared, &stream, &[("videoloss", 0), ("VMD", 2), ("linedetection", 1)]);
    }
}

#[test]
fn boundaries_with_a_blank_and_heads_in_the_middle_are_read() {
    let stream = "-- myboundary\r\nContent-Type: text/plain\r\nContent-Length:37\r\n\
        Code=VideoMotion;action=Start;index=0\r\n\r\n\
        -- myboundary\r\nContent-Type: text/plain\r\n\r\nHeartbeat\r\n\
        HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=myboundary\r\n\r\n\
        --myboundary\r\nHTTP/1.0 200 OK\r\nServer: x\r\n\r\n\
        --myboundary\r\nContent-Type: text/plain\r\n\r\nCode=AlarmLocal;action=Pulse;index=0;data={\n  \"a\" : 1\n}\n";
    check(
        "multipart/x-mixed-replace; boundary=myboundary",
        stream.as_bytes(),
        &[("VideoMotion", 0), ("Heartbeat", 0), ("AlarmLocal", 0)],
    );
}

#[test]
fn a_picture_without_an_event_is_a_message() {
    let stream = [b"--b\r\n\r\n", JPEG, b"\r\n--b\r\n\r\n"].concat();
    check("multipart/mixed; boundary=b", &stream, &[("", 1)]);
}

#[test]
fn blank_lines_behind_a_content_are_no_part_of_it_where_its_length_is_known() {
    let picture = |length: usize, behind: &[u8]| {
        let head = format!("--b\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), JPEG, behind].concat()
    };
    let event = format!("--b\r\nContent-Type: application/xml\r\n\r\n{}\r\n", xml("VMD"));
    for (length, behind) in [(JPEG.len(), "\r\n\r\n"), (JPEG.len(), "\n\r\n"), (3, "\r\n")] {
        let stream = [event.as_bytes(), &picture(length, behind.as_bytes()), b"--b\r\n"].concat();
        check("multipart/mixed; boundary=b", &stream, &[("VMD", 1)]);
        // Also if nothing follows.
        let end = stream.len() - b"--b\r\n".len();
        let mut parser = StreamParser::new(Some("multipart/mixed; boundary=b"));
        let mut messages = Vec::new();
        push(&mut parser, &stream[..end], 5, &mut messages);
        parser.flush(&mut messages);
        let found = told(&messages, &stream);
        assert_eq!(found[0].1.len(), 1, "{length}");
        assert!(length == 3 || found[0].1[0] == JPEG);
    }
}

#[test]
fn an_event_alone_is_given_when_nothing_follows() {
    let mut parser = StreamParser::new(Some("multipart/mixed; boundary=b"));
    let mut messages = Vec::new();
    push(&mut parser, b"--b\r\n\r\nCode=A;action=Start;data={\n", 7, &mut messages);
    parser.flush(&mut messages);
    assert_eq!(messages.len(), 0, "in the middle of its data");
    assert!(parser.is_pending());
    assert!(parser.needed_from() <= 7);
    push(&mut parser, b"\"a\": 1 }\r\n", 7, &mut messages);
    parser.flush(&mut messages);
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0].request.documents[0].root.at(&["data", "a"]),
        Some(&Value::Text("1".to_owned()))
    );
    assert!(!parser.is_pending() && !messages[0].request.torn);
    parser.flush(&mut messages);
    push(&mut parser, b"--b\r\n\r\nCode=B;action=Start\r\n--b\r\n", 7, &mut messages);
    assert_eq!(messages.len(), 1);
    parser.flush(&mut messages);
    assert_eq!(messages.len(), 2);
}

#[test]
fn an_event_waits_for_the_picture_on_its_way() {
    let mut parser = StreamParser::new(Some("multipart/mixed; boundary=b"));
    let mut messages = Vec::new();
    let event = xml("VMD");
    push(
        &mut parser,
        format!("--b\n\n{event}\n--b\nContent-Type: image/jpeg\n\n").as_bytes(),
        9,
        &mut messages,
    );
    let (first, rest) = JPEG.split_at(6);
    push(&mut parser, first, 9, &mut messages);
    parser.flush(&mut messages);
    assert_eq!(messages.len(), 0, "half a picture");
    push(&mut parser, rest, 9, &mut messages);
    parser.flush(&mut messages);
    assert_eq!(messages.len(), 1);
    let [media] = messages[0].request.media.as_slice() else {
        panic!("one picture");
    };
    assert!(media.whole);
    assert_eq!(media.size, JPEG.len() as u64);
}

#[test]
fn a_picture_that_breaks_off_is_torn() {
    let stream = [b"--b\n\n<a>1</a>\n--b\n\n", &JPEG[..9]].concat();
    let messages = read("multipart/mixed; boundary=b", &stream, 5);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].request.torn && !messages[0].request.media[0].whole);
}

#[test]
fn few_messages_come_at_once() {
    let stream = "--b\n\na\n".repeat(10_000);
    let mut parser = StreamParser::new(Some("multipart/mixed; boundary=b"));
    let (mut rest, mut all) = (stream.as_bytes(), 0);
    while !rest.is_empty() {
        let mut messages = Vec::new();
        let taken = parser.push(rest, &mut messages);
        rest = &rest[taken..];
        assert!(messages.len() < 120, "{}", messages.len());
        all += messages.len();
    }
    assert_eq!(all, 9_998);
}
