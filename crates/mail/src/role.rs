//! Decides by the header of a part whether it is text to read or a file. Its bytes may overrule that in
//! [`crate::leaf`].

use tipoff_model::file_type::by_name;

use crate::fields::Fields;

/// Types of text for programs. In a multipart they are files, with or without a name.
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

/// File names, in lower case and up to the first dot, that mailers give to the text of a mail.
const NAMES_OF_WORDS: &[&str] =
    &["body", "content", "mail", "message", "msg", "noname", "part", "text", "untitled"];

/// What a part is by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartRole {
    /// Text of the mail.
    Text,
    /// A file of text, whose beginning is shown if the mail has no other text.
    TextFile,
    /// Any other file.
    File,
}

/// The container of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartPlace {
    /// It is the whole mail.
    Alone,
    /// A `multipart/alternative`, whose parts say the same.
    Alternatives,
    /// Any other multipart.
    Parts,
}

impl PartRole {
    /// The role of a part by its header and its place. Delivery reports are text, although RFC 3464 means them for
    /// programs: people want to know why a mail came back.
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

/// Whether it is named as the text of a mail, perhaps with a number: `Body1.txt`.
fn has_name_of_words(fields: &Fields) -> bool {
    let name = fields.name.as_deref().unwrap_or_default().to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    NAMES_OF_WORDS.contains(&stem.trim_end_matches(|c: char| c.is_ascii_digit()))
}

/// Whether its name has the extension of a text file.
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
