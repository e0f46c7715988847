//! Fields of a mail's header (RFC 5322), written in ASCII. No value, whoever chose it, can end its own field and
//! begin another one.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use lettre::Address;
use tipoff_model::Timestamp;

use crate::words;

/// Size limit of an encoded word's text, in bytes. The whole word has at most 75 (RFC 2047, section 2), of which
/// `=?utf-8?B?` and `?=` are 12, and base64 makes 4 of 3.
const WORD_BYTES_MAX: usize = 45;
/// Length of a line that needs no folding, in bytes (RFC 5322, section 2.1.1).
const LINE_BYTES_MAX: usize = 78;
/// Length limit of a file's name, in bytes: encoded it has three times as many, which fit a line of 998.
const NAME_BYTES_MAX: usize = 240;

/// A sender or recipient.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    /// The display name; may be empty.
    name: String,
    pub(super) address: Address,
}

impl Mailbox {
    /// Reads `me@example.org` or `Me <me@example.org>`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, address) = match text.trim().strip_suffix('>') {
            Some(text) => text.split_once('<')?,
            None => ("", text.trim()),
        };
        // Other letters need SMTPUTF8 (RFC 6531), which few servers support.
        let plain = address.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte));
        let address = address.parse().ok().filter(|_| plain)?;
        let name = name.trim().trim_matches('"').trim().to_owned();
        Some(Self { name, address })
    }

    /// The mailbox as a field has it.
    fn text(&self) -> String {
        let atoms = |byte: u8| byte.is_ascii_alphanumeric() || b" -_".contains(&byte);
        match self.name.as_str() {
            "" => self.address.to_string(),
            name if name.bytes().all(atoms) => format!("{name} <{}>", self.address),
            name => format!("{}\r\n <{}>", encoded(name), self.address),
        }
    }
}

/// A field of one mailbox or more.
pub(super) fn mailboxes(name: &str, mailboxes: &[Mailbox]) -> String {
    let texts: Vec<String> = mailboxes.iter().map(Mailbox::text).collect();
    format!("{name}: {}\r\n", texts.join(",\r\n "))
}

/// A field of free text, which may come from a device. Encoded if it is not short ASCII.
pub(super) fn words(name: &str, value: &str) -> String {
    let value = words::excerpt(&words::clean(value), usize::MAX);
    let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !value.contains("=?")
        && name.len() + ": ".len() + value.len() <= LINE_BYTES_MAX;
    let value = if is_plain { value } else { encoded(&value) };
    format!("{name}: {value}\r\n")
}

/// Encoded words in base64 (RFC 2047), one a line. None ends within a character.
fn encoded(text: &str) -> String {
    let mut encoded: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        if word.len() + character.len_utf8() > WORD_BYTES_MAX {
            encoded.push(std::mem::take(&mut word));
        }
        word.push(character);
    }
    encoded.push(word);
    let word = |word: &String| format!("=?utf-8?B?{}?=", words::base64(word));
    encoded.iter().map(word).collect::<Vec<_>>().join("\r\n ")
}

/// A date (RFC 5322, section 3.3) in this machine's time zone.
pub(super) fn date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let at = jiff::ZonedDateTime::new(at, TimeZone::system());
    // Fails for years with more than four digits.
    jiff::fmt::rfc2822::to_string(&at)
        .unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 +0000".to_owned())
}

/// Whether a part is shown or attached, and its file name (RFC 2183). Letters outside ASCII are encoded (RFC
/// 2231).
pub(super) fn disposition(how: &str, name: &str) -> String {
    let name: String = words::clean(name)
        .chars()
        .map(
            |character| if matches!(character, '\n' | '\t' | '/' | '\\') { '_' } else { character },
        )
        .collect();
    let name = words::end_of_name(&name, NAME_BYTES_MAX);
    let is_plain = |byte: u8| matches!(byte, b' ' | b'!' | b'#'..=b'~');
    if name.bytes().all(is_plain) {
        return format!("Content-Disposition: {how};\r\n filename=\"{name}\"\r\n");
    }
    let mut field = format!("Content-Disposition: {how};\r\n filename*=utf-8''");
    for byte in name.bytes() {
        // Fewer characters than RFC 2231, section 7, allows unencoded.
        let _ = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'_' => {
                field.write_char(char::from(byte))
            }
            byte => write!(field, "%{byte:02X}"),
        };
    }
    field.push_str("\r\n");
    field
}

/// A content type without parameters. Types that must not be encoded (RFC 2046, section 5.2.1: messages), and
/// what is no type at all, become a plain file.
pub(super) fn content_type(given: &str) -> &str {
    let bare = given.split(';').next().unwrap_or_default().trim();
    let token = |text: &str| {
        let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-+._".contains(&byte);
        (1..=60).contains(&text.len()) && text.bytes().all(of_token)
    };
    match bare.split_once('/') {
        Some((kind, subtype))
            if token(kind) && token(subtype) && !["message", "multipart"].contains(&kind) =>
        {
            bare
        }
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_read_and_written() {
        for (given, written) in [
            ("a@example.org", "To: a@example.org\r\n"),
            ("Front yard <a@b.example>", "To: Front yard <a@b.example>\r\n"),
            ("\"Me\" <a@b.example>", "To: Me <a@b.example>\r\n"),
            ("Süd <a@b.example>", "To: =?utf-8?B?U8O8ZA==?=\r\n <a@b.example>\r\n"),
            ("x\r\nBcc: y <a@b.example>", "To: =?utf-8?B?eA0KQmNjOiB5?=\r\n <a@b.example>\r\n"),
            ("cam@[192.168.1.5]", "To: cam@[192.168.1.5]\r\n"),
        ] {
            let mailbox = Mailbox::parse(given).map(|it| mailboxes("To", &[it]));
            assert_eq!(mailbox.as_deref(), Some(written));
        }
        for wrong in
            ["", "a", "a@", "@b", "a b@c.example", "<a@b.example", "ü@example.org", "a@b\r\nc"]
        {
            assert!(Mailbox::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn words_stay_in_their_field() {
        assert_eq!(words("Subject", "Yard: Motion"), "Subject: Yard: Motion\r\n");
        assert_eq!(words("Subject", "a\r\nBcc: x@y"), "Subject: a Bcc: x@y\r\n");
        assert_eq!(
            words("Subject", "=?utf-8?Q?x?="),
            "Subject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n"
        );
        let long = words("Subject", &"Wärme 😀 ".repeat(100));
        assert!(long.split("\r\n").all(|line| line.len() <= LINE_BYTES_MAX + 12), "{long}");
        assert!(long.is_ascii() && long.ends_with("?=\r\n"));
    }

    #[test]
    fn names_of_files_stay_in_their_quotes() {
        let plain = disposition("inline", "snap 1.jpg");
        assert_eq!(plain, "Content-Disposition: inline;\r\n filename=\"snap 1.jpg\"\r\n");
        let odd = disposition("attachment", "ü\"\r\nX: y/../a.jpg");
        assert_eq!(
            odd,
            "Content-Disposition: attachment;\r\n filename*=utf-8''%C3%BC%22_X%3A%20y_.._a.jpg\r\n"
        );
        let long = disposition("attachment", &format!("{}.jpg", "字".repeat(300)));
        assert!(long.split("\r\n").all(|line| line.len() < 998) && long.ends_with(".jpg\r\n"));
    }

    #[test]
    fn types_are_types() {
        for (given, taken) in [
            ("image/jpeg", "image/jpeg"),
            ("text/plain; charset=gbk", "text/plain"),
            ("message/rfc822", "application/octet-stream"),
            ("multipart/mixed; boundary=x", "application/octet-stream"),
            ("image/jpeg\r\nX: y", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(content_type(given), taken, "{given:?}");
        }
    }
}
