//! Any bytes are read as a mail: the same in any pieces, and all that is told of them is true.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tipoff_mail::Parser;
use tipoff_model::Content;
use tipoff_model::transfer::Decoder;

fuzz_target!(|input: &[u8]| {
    // The first byte says where the mail is cut and how it ends.
    let Some((&how, mail)) = input.split_first() else {
        return;
    };
    let (torn, step) = (how & 1 == 1, usize::from(how >> 1) + 1);
    let content = parse([mail], torn);
    assert_eq!(parse(mail.chunks(step), torn), content);
    let mut end = 0;
    for media in &content.media {
        assert!(end <= media.range.start && media.range.start < media.range.end);
        end = media.range.end;
        assert!(end <= mail.len() as u64);
        let mut decoder = Decoder::new(media.encoding);
        let mut bytes = Vec::new();
        decoder.push(&mail[media.range.start as usize..end as usize], &mut bytes);
        decoder.finish(&mut bytes);
        assert_eq!(bytes.len() as u64, media.size);
        assert!(!media.name.is_empty() && media.name.chars().count() <= 120);
        assert!(!media.name.contains(|c: char| c.is_control() || c == '/' || c == '\\'));
    }
    assert!(!content.subject.contains(char::is_control));
});

fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, torn: bool) -> Content {
    let mut parser = Parser::new();
    for piece in pieces {
        parser.push(piece);
    }
    if torn { parser.torn() } else { parser.finish() }
}
