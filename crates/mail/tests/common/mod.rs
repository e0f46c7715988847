//! What the tests of whole mails share.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that goes wrong should say so"
)]
#![allow(dead_code)] // Not every test asks for all of it.

use tipoff_mail::Parser;
use tipoff_model::transfer::Decoder;
use tipoff_model::{Content, Media};

/// Reads a mail that comes in these pieces.
pub(crate) fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, torn: bool) -> Content {
    let mut parser = Parser::new();
    for piece in pieces {
        parser.push(piece);
    }
    if torn { parser.torn() } else { parser.finish() }
}

/// The bytes of a file of this mail.
pub(crate) fn decoded(media: &Media, mail: &[u8]) -> Vec<u8> {
    let range = media.range.start as usize..media.range.end as usize;
    let mut decoder = Decoder::new(media.encoding);
    let mut bytes = Vec::new();
    decoder.push(&mail[range], &mut bytes);
    decoder.finish(&mut bytes);
    bytes
}

/// Cut into pieces of these lengths, over and over.
pub(crate) fn pieces<'a>(mail: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = mail;
    for &length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, more) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    pieces
}

/// What holds for every input.
pub(crate) fn check(mail: &[u8], torn: bool) {
    let content = parse([mail], torn);
    assert_eq!(parse(mail.chunks(1), torn), content, "byte by byte");
    assert_eq!(parse(mail.chunks(7), torn), content, "in sevens");
    let mut end = 0;
    for media in &content.media {
        assert!(media.range.start >= end, "{:?} begins before {end}", media.range);
        assert!(media.range.start < media.range.end);
        end = media.range.end;
        assert!(end <= mail.len() as u64, "{:?} of {}", media.range, mail.len());
        assert_eq!(decoded(media, mail).len() as u64, media.size, "{media:?}");
        assert!(!media.name.contains(['/', '\\', '\0', '\n']) && !media.name.is_empty());
    }
    assert!(!content.subject.contains('\n') && !content.text.contains('\r'));
}
