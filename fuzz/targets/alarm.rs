//! Any bytes are read as the body of an alarm: the same in any pieces, and all that is told of it is true.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tipoff_alarm::{BodyParser, BodyTooLarge, RequestHead};
use tipoff_model::AlarmRequest;
use tipoff_model::transfer::Decoder;

fuzz_target!(|input: &[u8]| {
    // The first byte says how the body is cut and how it ends, the second what is declared of it.
    let [how, declared, body @ ..] = input else {
        return;
    };
    let (torn, step) = (how & 1 == 1, usize::from(how >> 1) + 1);
    let content_type = match declared & 7 {
        0 => None,
        1 => Some("application/json"),
        2 => Some("multipart/form-data; boundary=boundary"),
        3 => Some("application/x-www-form-urlencoded"),
        4 => Some("text/xml; charset=gb2312"),
        5 => Some("multipart/mixed"),
        6 => Some("image/jpeg"),
        _ => Some("text/plain"),
    };
    let content_encoding = match declared >> 3 & 3 {
        0 | 1 => None,
        2 => Some("deflate"),
        _ => Some("gzip, deflate"),
    };
    let head = RequestHead { content_type, content_encoding, ..RequestHead::default() };
    let whole = parse(&head, [body], torn);
    assert_eq!(parse(&head, body.chunks(step), torn).is_ok(), whole.is_ok());
    let Ok((request, decoded)) = whole else {
        return;
    };
    assert_eq!(parse(&head, body.chunks(step), torn), Ok((request.clone(), decoded.clone())));
    assert!(request.media.len() <= 32 && request.documents.len() <= 64);
    for media in &request.media {
        assert!(media.range.start < media.range.end && media.range.end <= decoded.len() as u64);
        let mut decoder = Decoder::new(media.encoding);
        let mut bytes = Vec::new();
        let range = media.range.start as usize..media.range.end as usize;
        decoder.push(&decoded[range], &mut bytes);
        decoder.finish(&mut bytes);
        assert_eq!(bytes.len() as u64, media.size);
        assert!(!media.name.is_empty() && media.name.chars().count() <= 120);
        assert!(!media.name.contains(|c: char| c.is_control() || c == '/' || c == '\\'));
    }
    let (mut leaves, mut bytes) = (0, 0);
    for document in &request.documents {
        for (_, text) in document.root.leaves() {
            leaves += 1;
            bytes += text.len();
            assert!(text.len() <= 8 * 1024);
        }
    }
    assert!(leaves <= 2_000 && bytes <= 128 * 1024);
});

fn parse<'a>(
    head: &RequestHead<'_>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    torn: bool,
) -> Result<(AlarmRequest, Vec<u8>), BodyTooLarge> {
    let mut parser = BodyParser::new(head);
    let mut decoded = Vec::new();
    for mut piece in pieces {
        while !piece.is_empty() {
            let taken = parser.push(piece, &mut decoded)?;
            piece = &piece[taken..];
        }
    }
    Ok((parser.finish(torn, &mut decoded), decoded))
}
