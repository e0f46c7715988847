//! Whether a mail is a torn one, sent again. Pure.

use tipoff_model::Content;

/// Letters and digits at the end of a torn text that are not compared: half a letter, half an escape
/// sequence of quoted-printable or half a tag may stand there.
const CUT_CHARS: usize = 8;

/// Whether `again` begins with all that came of `torn`, a mail without pictures. White space and
/// punctuation do not count: where the text was cut, they are decoded in another way.
pub(crate) fn continues(torn: &Content, again: &Content) -> bool {
    has_files(again, torn) && has_words(again, torn)
}

/// A file that was cut is there again, at least as large.
fn has_files(again: &Content, torn: &Content) -> bool {
    let mut files = again.media.iter();
    torn.media
        .iter()
        .all(|cut| files.next().is_some_and(|it| it.name == cut.name && it.size >= cut.size))
}

fn has_words(again: &Content, torn: &Content) -> bool {
    if torn.text.is_empty() {
        return !torn.subject.is_empty() && begins_with(&again.subject, &torn.subject);
    }
    torn.subject == again.subject && begins_with(&again.text, &torn.text)
}

fn begins_with(text: &str, beginning: &str) -> bool {
    let beginning: Vec<char> = letters(beginning).collect();
    let certain = beginning.len().saturating_sub(CUT_CHARS).max(1);
    let mut text = letters(text);
    beginning.iter().take(certain).all(|letter| text.next() == Some(*letter))
}

fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|it| it.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipoff_model::{Encoding, Media, MediaKind};

    fn mail(subject: &str, text: &str) -> Content {
        Content { subject: subject.to_owned(), text: text.to_owned(), ..Content::default() }
    }

    #[test]
    fn a_torn_text_is_continued_by_a_longer_one() {
        let whole = mail("UPS on battery", "Battery at 90 %.\nRuntime left: 12 minutes.\n");
        for (torn, continued) in [
            (mail("UPS on battery", "Battery at 90 %.\nRunt"), true),
            (mail("UPS on battery", "Battery at 90 %.\nRuntime left: 12 minutes.\n"), true),
            (mail("UPS on battery", "Battery at 90 =C"), true),
            (mail("UPS on battery", ""), true),
            (mail("UPS on bat", ""), true),
            (mail("UPS on line power", ""), false),
            (mail("UPS on line", "Battery at 90 %.\n"), false),
            (mail("UPS on battery", "Battery at 35 %, runtime left: 4 minutes."), false),
            (mail("", "Battery at 90 %"), false),
        ] {
            assert_eq!(continues(&torn, &whole), continued, "{torn:?}");
        }
    }

    #[test]
    fn a_torn_scan_is_continued_by_one_with_its_file() {
        let scan = |name: &str, size: u64| {
            let file = Media {
                name: name.to_owned(),
                content_type: "application/pdf".to_owned(),
                kind: MediaKind::File,
                range: 0..size,
                encoding: Encoding::Base64,
                size,
                whole: true,
                repeat: false,
                decoration: false,
            };
            Content { media: vec![file], ..mail("Scan", "Scan from the copier") }
        };
        assert!(continues(&scan("1.pdf", 300), &scan("1.pdf", 9000)));
        assert!(!continues(&scan("1.pdf", 300), &scan("2.pdf", 9000)));
        assert!(!continues(&scan("1.pdf", 300), &scan("1.pdf", 200)));
        assert!(!continues(&scan("1.pdf", 300), &mail("Scan", "Scan from the copier")));
    }
}
