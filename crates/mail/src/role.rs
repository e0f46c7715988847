//! What a part is by its header: words to read, or a file. Its bytes may still say otherwise.

use tipoff_model::file_type::by_name;

use crate::fields::Fields;

/// Types of text that programs read. In a multipart they are files, with a name or without one.
const DATA_TYPES: &[&str] = &[
    "text/calendar",
    "text/css",
    "text/csv",
    "text/directory",
    "text/javascript",
    "text/json",
    "text/rtf",
    "text/tab-separated-values",
    "text/vcard",
    "text/x-vcard",
    "text/xml",
];

/// Mailers that name everything call the words of a mail so, in lower case and without what follows
/// the first dot.
const NAMES_OF_WORDS: &[&str] =
    &["body", "content", "mail", "message", "msg", "noname", "part", "text", "untitled"];

/// What a part is to be taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartRole {
    /// Words of the mail.
    Text,
    /// A file of text: read if the mail has no other text.
    TextFile,
    /// Any other file.
    File,
}

/// What a part is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartPlace {
    /// It is all of its mail.
    Alone,
    /// Among alternatives that say the same.
    Alternatives,
    /// Among other parts.
    Parts,
}

impl PartRole {
    /// By the header of a part and its place.
    pub(crate) fn of(fields: &Fields, place: PartPlace) -> Self {
        let content_type = fields.content_type.as_deref();
        let is_file = fields.attachment || fields.name.is_some();
        match content_type {
            Some("message/delivery-status" | "message/disposition-notification") => Self::Text,
            Some(it) if it.starts_with("text/") || it == "application/xhtml+xml" => {
                let is_data = DATA_TYPES.contains(&it);
                let are_words = place == PartPlace::Alternatives || has_name_of_words(fields);
                let is_file = is_file && !(are_words && !is_data && !fields.attachment);
                if is_file || is_data && place != PartPlace::Alone {
                    Self::TextFile
                } else {
                    Self::Text
                }
            }
            None if !is_file => Self::Text,
            None | Some("application/octet-stream") if is_text_by_name(fields) => Self::TextFile,
            _ => Self::File,
        }
    }
}

fn has_name_of_words(fields: &Fields) -> bool {
    let name = fields.name.as_deref().unwrap_or_default().to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    NAMES_OF_WORDS.contains(&stem.trim_end_matches(|c: char| c.is_ascii_digit()))
}

fn is_text_by_name(fields: &Fields) -> bool {
    let file_type = fields.name.as_deref().and_then(by_name);
    file_type.is_some_and(|file_type| file_type.content_type.starts_with("text/"))
}

#[cfg(test)]
mod tests {
    use super::PartPlace::*;
    use super::*;
    use crate::fields;

    #[test]
    fn text_with_a_name_is_a_file() {
        for (header, place, expected) in [
            ("", Parts, PartRole::Text),
            ("Content-Type: text/plain; charset=utf-8", Parts, PartRole::Text),
            ("Content-Type: text/html\nContent-Disposition: inline", Parts, PartRole::Text),
            ("Content-Type: text/plain; name=event.log", Parts, PartRole::TextFile),
            ("Content-Type: text/plain; name=event.log", Alone, PartRole::TextFile),
            ("Content-Type: text/plain; name=Body1.txt", Parts, PartRole::Text),
            ("Content-Type: text/csv; name=body.csv", Parts, PartRole::TextFile),
            (
                "Content-Type: text/plain; name=body.txt\nContent-Disposition: attachment",
                Parts,
                PartRole::TextFile,
            ),
            ("Content-Disposition: inline; filename=a.txt", Parts, PartRole::TextFile),
            ("Content-Type: text/html\nContent-Disposition: attachment", Parts, PartRole::TextFile),
            ("Content-Type: text/csv; name=usage.csv", Parts, PartRole::TextFile),
            ("Content-Type: text/calendar; method=REQUEST", Parts, PartRole::TextFile),
            ("Content-Type: text/xml", Parts, PartRole::TextFile),
            ("Content-Type: text/xml", Alone, PartRole::Text),
            ("Content-Type: text/rfc822-headers", Parts, PartRole::Text),
            ("Content-Type: application/octet-stream; name=sys.LOG", Parts, PartRole::TextFile),
            ("Content-Type: application/octet-stream; name=sys.bin", Parts, PartRole::File),
            ("Content-Type: application/octet-stream", Parts, PartRole::File),
            ("Content-Type: image/jpeg; name=a.txt", Parts, PartRole::File),
            ("Content-Type: message/delivery-status; name=a.txt", Parts, PartRole::Text),
            ("Content-Disposition: attachment", Parts, PartRole::File),
            ("Content-Type: text/plain; name=mail.txt", Alternatives, PartRole::Text),
            ("Content-Type: text/html; name=mail.html", Alternatives, PartRole::Text),
            ("Content-Type: text/calendar", Alternatives, PartRole::TextFile),
        ] {
            let fields = fields::parse(format!("{header}\n").as_bytes());
            assert_eq!(PartRole::of(&fields, place), expected, "{header}");
        }
    }
}
