//! Any bytes are read as the stream of a device: the same in any pieces, with ranges inside of the stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tipoff_alarm::{StreamMessage, StreamParser, framed};

fuzz_target!(|input: &[u8]| {
    let Some((&how, stream)) = input.split_first() else {
        return;
    };
    let (torn, step) = (how & 1 == 1, usize::from(how >> 1) + 1);
    let messages = parse(stream, usize::MAX, torn, false);
    assert_eq!(parse(stream, step, torn, false), messages);
    let mut end = 0;
    for StreamMessage { range, request } in messages.iter().chain(&[]) {
        assert!(end <= range.start && range.start <= range.end);
        end = range.end;
        assert!(end <= stream.len() as u64);
        for media in &request.media {
            assert!(media.range.end <= end - range.start);
        }
    }
    // Where nothing came for a while.
    parse(stream, step, torn, true);
    if let framed::Frame::Message(range) = framed::frame(stream) {
        assert!(range.end <= stream.len());
    }
});

fn parse(stream: &[u8], step: usize, torn: bool, flushes: bool) -> Vec<StreamMessage> {
    let mut parser = StreamParser::new(Some("multipart/mixed; boundary=b"));
    let mut messages = Vec::new();
    for mut piece in stream.chunks(step) {
        while !piece.is_empty() {
            let taken = parser.push(piece, &mut messages);
            piece = &piece[taken..];
        }
        let before = parser.needed_from();
        if flushes {
            parser.flush(&mut messages);
        }
        assert!(parser.needed_from() >= before);
    }
    parser.finish(torn, &mut messages);
    messages
}
