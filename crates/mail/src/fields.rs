//! Reads the header fields of a mail or a part (RFC 5322, RFC 2045, RFC 2183, RFC 2231), leniently: a value that
//! makes no sense is ignored. [`crate::header`] has collected the lines; [`crate::role`] decides what the part is.

use tipoff_model::{Encoding, percent_decoded};

use crate::{charset, shown, words};

/// Number of parameters of a field that are read.
const PARAMETERS_MAX: usize = 64;

/// Number of pieces of a continued parameter that are read (`filename*0`, `filename*1`; RFC 2231, section 3).
const PIECES_MAX: usize = 64;

/// Number of `Subject` fields of one header that are read until one is not empty.
const SUBJECTS_MAX: usize = 8;

/// Number of names by which a page may refer to one part.
const PAGE_NAMES_MAX: usize = 4;

/// Longest content type in bytes (RFC 6838, section 4.2). A longer one is ignored.
const TYPE_BYTES_MAX: usize = 127;

/// Fields by which a block of lines is recognised as a header, in lower case.
#[rustfmt::skip]
const KNOWN: &[&str] = &[
    "subject", "from", "to", "cc", "bcc", "date", "message-id", "mime-version", "received",
    "return-path", "reply-to", "sender", "delivered-to", "user-agent", "importance", "priority",
    "in-reply-to", "references", "auto-submitted", "organization", "errors-to", "dkim-signature",
    "authentication-results",
];

/// How such fields begin, in lower case.
const KNOWN_PREFIXES: &[&str] = &["x-", "content-", "list-", "arc-", "resent-", "thread-"];

/// The values of a header that matter here.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Decoded, on one line.
    pub(crate) subject: Option<String>,
    /// `type/subtype` in lower case.
    pub(crate) content_type: Option<String>,
    /// The `boundary` parameter, unchanged.
    pub(crate) boundary: Option<Vec<u8>>,
    /// The `charset` parameter, as declared: a hint for [`charset::decode`].
    pub(crate) charset: Option<String>,
    /// The file name by the device, decoded. It may contain a path: [`tipoff_model::label`] makes it safe.
    pub(crate) name: Option<String>,
    /// Whether the disposition is `attachment`.
    pub(crate) attachment: bool,
    /// Names by which a page refers to it, in lower case: `cid:…` or a file name (RFC 2392, RFC 2557).
    pub(crate) page_names: Vec<String>,
    /// The declared encoding; `None` if the part is not encoded or declares nothing.
    pub(crate) encoding: Option<Encoding>,
    /// Whether an unknown encoding was declared: the mail is then unclear.
    pub(crate) strange_encoding: bool,
    /// The Message-ID without white space around it; `None` if it is empty.
    pub(crate) message_id: Option<Vec<u8>>,
    /// Whether at least one field is a known header field.
    pub(crate) known: bool,
    /// The lines of all other fields. They may be text whose blank line is missing.
    pub(crate) unknown: Vec<u8>,
}

impl Fields {
    /// Memory that they use, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let texts = [&self.subject, &self.content_type, &self.charset, &self.name];
        let texts = texts.into_iter().flatten().chain(&self.page_names).map(String::capacity);
        let bytes = [&self.boundary, &self.message_id].into_iter().flatten().map(Vec::capacity);
        texts.chain(bytes).sum::<usize>() + self.unknown.capacity()
    }
}

/// Reads a block of header lines, each ended by `\n`.
pub(crate) fn parse(block: &[u8]) -> Fields {
    let mut fields = Fields::default();
    let mut subjects = Vec::new();
    let mut disposition = FieldValue::default();
    let mut content_type = FieldValue::default();
    for field in unfolded(block) {
        let colon = memchr::memchr(b':', &field).unwrap_or(field.len());
        let (name, value) = field.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        let name = String::from_utf8_lossy(name);
        let name = name.trim_start_matches('\u{FEFF}').trim().to_ascii_lowercase();
        if !is_known(&name) {
            fields.unknown.extend_from_slice(&field);
            fields.unknown.push(b'\n');
            continue;
        }
        fields.known = true;
        match name.as_str() {
            "subject" if subjects.len() < SUBJECTS_MAX => subjects.push(value.to_vec()),
            "content-type" => content_type.or_better(FieldValue::parse(value)),
            "content-disposition" => disposition.or_better(FieldValue::parse(value)),
            "content-id" | "content-location" => fields.take_page_name(&name, value),
            "content-transfer-encoding" => fields.take_encoding(value),
            "message-id" if fields.message_id.is_none() => {
                let id = value.trim_ascii();
                fields.message_id = (!id.is_empty() && id != b"<>").then(|| id.to_vec());
            }
            _ => {}
        }
    }
    fields.take_content_type(&content_type, &disposition);
    let charset = charset::of_header(fields.charset.as_deref());
    let mut subjects = subjects.iter().map(|raw| words::decode(raw, charset));
    fields.subject = subjects.find(|subject| !subject.is_empty());
    fields
}

impl Fields {
    /// Reads `Content-Transfer-Encoding` (RFC 2045, section 6), also quoted and with a comment behind it.
    fn take_encoding(&mut self, value: &[u8]) {
        let word = String::from_utf8_lossy(value).to_ascii_lowercase();
        let word = word.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == ';');
        match word.split([' ', ';', '(']).next().unwrap_or_default() {
            "base64" => self.encoding = Some(Encoding::Base64),
            "quoted-printable" => self.encoding = Some(Encoding::QuotedPrintable),
            "x-uuencode" | "uuencode" | "x-uue" => self.encoding = Some(Encoding::Uuencode),
            "7bit" | "8bit" | "binary" | "7-bit" | "8-bit" | "none" | "" => {}
            _ => self.strange_encoding = true,
        }
    }

    /// Reads `Content-ID` or `Content-Location`.
    fn take_page_name(&mut self, field: &str, value: &[u8]) {
        let value = words::decode(value, None);
        let value = value.trim().trim_matches(['<', '>', '"']);
        if !value.is_empty() && self.page_names.len() < PAGE_NAMES_MAX {
            let scheme = if field == "content-id" { "cid:" } else { "" };
            self.page_names.push(shown::source(&format!("{scheme}{value}")));
        }
    }

    /// Takes the parameters of `Content-Type` and `Content-Disposition`. A `filename` is preferred to a `name`
    /// (RFC 2183, section 2.3).
    fn take_content_type(&mut self, content_type: &FieldValue, disposition: &FieldValue) {
        let essence = content_type.word.as_str();
        if essence.len() <= TYPE_BYTES_MAX && is_type(essence) {
            self.content_type = Some(essence.to_owned());
        }
        self.boundary = content_type.parameter("boundary").map(|(bytes, _)| bytes);
        self.charset = content_type
            .parameter("charset")
            .and_then(|(bytes, _)| String::from_utf8(bytes).ok())
            .map(|label| label.trim().to_owned());
        self.attachment = disposition.word == "attachment";
        self.name = disposition.text("filename").or_else(|| content_type.text("name"));
    }
}

/// Whether a field, in lower case, is a header field.
fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || KNOWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a text has the form `type/subtype` (RFC 6838, section 4.2).
fn is_type(essence: &str) -> bool {
    let is_token = |token: &str| {
        !token.is_empty()
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    essence.split_once('/').is_some_and(|(main, sub)| is_token(main) && is_token(sub))
}

/// The fields, each on one line: a line that begins with white space continues the one above (RFC 5322,
/// section 2.2.3).
fn unfolded(block: &[u8]) -> Vec<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in block.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match fields.last_mut() {
            Some(field) if matches!(line.first(), Some(b' ' | b'\t')) => {
                field.extend_from_slice(line);
            }
            _ => fields.push(line.to_vec()),
        }
    }
    fields
}

/// A word and its parameters: `attachment; filename="x.jpg"`.
#[derive(Debug, Default)]
struct FieldValue {
    /// In lower case, without white space.
    word: String,
    /// Keys in lower case, values without quotes.
    parameters: Vec<(String, Vec<u8>)>,
}

impl FieldValue {
    /// Reads the value of a field.
    fn parse(value: &[u8]) -> Self {
        let mut pieces = split_outside_quotes(value).into_iter();
        let word = pieces.next().unwrap_or_default();
        let word = String::from_utf8_lossy(word).to_ascii_lowercase();
        let parameters = pieces
            .take(PARAMETERS_MAX)
            .filter_map(|piece| {
                let equals = memchr::memchr(b'=', piece)?;
                let (key, value) = piece.split_at(equals);
                let key = String::from_utf8_lossy(key).trim().to_ascii_lowercase();
                Some((key, unquoted(value.get(1..)?)))
            })
            .collect();
        Self { word: word.split_whitespace().collect(), parameters }
    }

    /// Merges a field that is written twice. The first value that is not empty is kept, but a `multipart/…` with
    /// a boundary is preferred: without it the mail cannot be taken apart.
    fn or_better(&mut self, other: Self) {
        let has_parts = |it: &Self| {
            it.word.starts_with("multipart/") && it.get("boundary").is_some_and(|it| !it.is_empty())
        };
        if self.word.is_empty() || has_parts(&other) && !has_parts(self) {
            let before = std::mem::replace(self, other);
            self.parameters.extend(before.parameters);
        } else {
            self.parameters.extend(other.parameters);
        }
        self.parameters.truncate(PARAMETERS_MAX);
    }

    /// The first parameter of this key.
    fn get(&self, key: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_slice())
    }

    /// The bytes of a parameter, and the charset that the parameter itself names (RFC 2231, section 4).
    fn parameter(&self, key: &str) -> Option<(Vec<u8>, Option<String>)> {
        if !self.parameters.iter().any(|(name, _)| name.contains('*')) {
            return Some((self.get(key)?.to_vec(), None));
        }
        if let Some(value) = self.get(&format!("{key}*")) {
            let (charset, bytes) = extended(value);
            return Some((bytes, charset));
        }
        self.continued(key).or_else(|| Some((self.get(key)?.to_vec(), None)))
    }

    /// The bytes of a parameter in numbered pieces (RFC 2231, section 3); the first piece names the charset.
    fn continued(&self, key: &str) -> Option<(Vec<u8>, Option<String>)> {
        let mut whole: Option<(Vec<u8>, Option<String>)> = None;
        for number in 0..PIECES_MAX {
            let (bytes, charset) = if let Some(value) = self.get(&format!("{key}*{number}*")) {
                if number == 0 {
                    let (charset, bytes) = extended(value);
                    (bytes, charset)
                } else {
                    (percent_decoded(value), None)
                }
            } else if let Some(value) = self.get(&format!("{key}*{number}")) {
                (value.to_vec(), None)
            } else {
                break;
            };
            let whole = whole.get_or_insert_with(|| (Vec::new(), charset));
            whole.0.extend(bytes);
        }
        whole
    }

    /// A parameter that people read. Encoded words in it are forbidden by RFC 2047, section 5, and usual.
    fn text(&self, key: &str) -> Option<String> {
        let (bytes, charset) = self.parameter(key)?;
        let text = match charset {
            Some(charset) => charset::decode(&bytes, Some(&charset)),
            None => words::decode(&bytes, None),
        };
        (!text.trim().is_empty()).then_some(text)
    }
}

/// `charset'language'text%20escaped`; without the quotes all of it is UTF-8 text.
fn extended(value: &[u8]) -> (Option<String>, Vec<u8>) {
    let mut pieces = value.splitn(3, |&byte| byte == b'\'');
    match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_), Some(text)) => {
            let charset = String::from_utf8_lossy(charset).into_owned();
            (Some(charset), percent_decoded(text))
        }
        _ => (Some("utf-8".to_owned()), percent_decoded(value)),
    }
}

/// The pieces between semicolons that are not in quotes.
fn split_outside_quotes(value: &[u8]) -> Vec<&[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(|&byte| {
            let splits = byte == b';' && !quoted;
            if byte == b'"' && !escaped {
                quoted = !quoted;
            }
            escaped = quoted && byte == b'\\' && !escaped;
            splits
        })
        .collect()
}

/// A quoted string without its quotes and escapes; any other value unchanged. Only `\"` and `\\` are escapes,
/// because devices write `C:\pictures\1.jpg` unescaped.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    let Some(mut rest) = value.strip_prefix(b"\"") else {
        return value.to_vec();
    };
    let mut text = Vec::with_capacity(rest.len());
    while let Some((&byte, behind)) = rest.split_first() {
        match (byte, behind.first()) {
            (b'"', _) => break,
            (b'\\', Some(&escaped @ (b'"' | b'\\'))) => {
                text.push(escaped);
                rest = behind.get(1..).unwrap_or_default();
            }
            _ => {
                text.push(byte);
                rest = behind;
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(line: &str) -> Option<String> {
        parse(format!("{line}\n").as_bytes()).name
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for (line, expected) in [
            ("Content-Disposition: attachment; filename=\"a b.jpg\"", "a b.jpg"),
            ("content-disposition:attachment;filename=a.jpg", "a.jpg"),
            ("Content-Type: image/jpeg; name=a.jpg;", "a.jpg"),
            ("Content-Type: image/jpeg; name=\"no end.jpg", "no end.jpg"),
            ("Content-Type: image/jpeg; name=\"a;b.jpg\"", "a;b.jpg"),
            ("Content-Type: image/jpeg; name=\"C:\\mnt\\1.jpg\"", "C:\\mnt\\1.jpg"),
            ("Content-Type: image/jpeg; name=\"a\\\\\"; size=1", "a\\"),
            ("Content-Type: image/jpeg; name=\"say \\\"hi\\\"\"", "say \"hi\""),
            ("Content-Type: image/jpeg; name=\"=?gb2312?B?0sa2r9XssuI=?=.jpg\"", "移动侦测.jpg"),
            ("Content-Disposition: inline; filename*=utf-8''T%C3%BCr.jpg", "Tür.jpg"),
            ("Content-Disposition: inline; filename*0=\"a\"; filename*1=\"b.jpg\"", "ab.jpg"),
            (
                "Content-Disposition: inline; filename*0*=gbk''%D2%C6; filename*1*=%B6%AF; filename*2=.jpg",
                "移动.jpg",
            ),
            ("Content-Disposition: inline; filename=x; filename*=utf-8''y", "y"),
            ("Content-Disposition: inline; filename*=100%.jpg", "100%.jpg"),
        ] {
            assert_eq!(name(line).as_deref(), Some(expected), "{line}");
        }
        assert_eq!(name("Content-Type: image/jpeg; name=\"\""), None);
    }

    #[test]
    fn folded_fields_and_strange_values_are_read() {
        let fields = parse(
            b"Subject : two\n  lines\nSubject: second\nContent-type: Multipart/Mixed;\n\
              \tboundary=----=_x;  charset = \"GB2312\" \nContent-Transfer-Encoding: \"Base64\"\n\
              EVENT: motion\n",
        );
        assert_eq!(fields.subject.as_deref(), Some("two lines"));
        assert_eq!(fields.content_type.as_deref(), Some("multipart/mixed"));
        assert_eq!(fields.boundary.as_deref(), Some(b"----=_x".as_slice()));
        assert_eq!(fields.charset.as_deref(), Some("GB2312"));
        assert_eq!(fields.encoding, Some(Encoding::Base64));
        assert!(fields.known && !fields.strange_encoding && !fields.attachment);
        assert_eq!(fields.unknown, b"EVENT: motion\n");
        assert!(parse(b"Content-Transfer-Encoding: x-foo\n").strange_encoding);
        assert_eq!(parse(b"Content-Type: image\n").content_type, None);
    }

    #[test]
    fn of_a_field_written_twice_the_one_that_says_something_counts() {
        for (block, subject, content_type, boundary) in [
            ("Subject:\nSubject: Motion\n", Some("Motion"), None, None),
            ("Subject: \t \nSubject: =?utf-8?B??=\nSubject: a\n", Some("a"), None, None),
            ("Subject: a\nSubject:\n", Some("a"), None, None),
            ("\u{FEFF}Subject: a\n", Some("a"), None, None),
            ("Subject:\n", None, None, None),
            (
                "Content-Type:\nContent-Type: text/html; charset=utf-8\n",
                None,
                Some("text/html"),
                None,
            ),
            (
                "Content-Type: text/plain; charset=x\nContent-Type: multipart/mixed; boundary=b\n",
                None,
                Some("multipart/mixed"),
                Some(b"b".as_slice()),
            ),
            (
                "Content-Type: multipart/mixed; boundary=b\nContent-Type: text/plain\n",
                None,
                Some("multipart/mixed"),
                Some(b"b"),
            ),
            (
                "Content-Type: image/jpeg\nContent-Type: text/plain\n",
                None,
                Some("image/jpeg"),
                None,
            ),
        ] {
            let fields = parse(block.as_bytes());
            assert_eq!(fields.subject.as_deref(), subject, "{block}");
            assert_eq!(fields.content_type.as_deref(), content_type, "{block}");
            assert_eq!(fields.boundary.as_deref(), boundary, "{block}");
        }
        let twice = "Content-Disposition:\nContent-Disposition: attachment; filename=a.jpg\n";
        let fields = parse(twice.as_bytes());
        assert!(fields.attachment && fields.name.as_deref() == Some("a.jpg"));
    }

    #[test]
    fn the_charset_of_the_body_is_the_headers_only_if_it_extends_ascii() {
        for charset in
            ["UTF-16", "utf-16be", "utf-32", "utf-7", "unicode", "no-such", "x-user-defined"]
        {
            for (raw, expected) in [
                (b"Motion at gate".as_slice(), "Motion at gate"),
                (b"T\xFCr", "Tür"),
                ("Tür".as_bytes(), "Tür"),
                (b"\xd2\xc6\xb6\xaf\xd5\xec\xb2\xe2", "移动侦测"),
            ] {
                let mut block = b"Subject: ".to_vec();
                block.extend(raw);
                block.extend(format!("\nContent-Type: text/plain; charset={charset}\n").bytes());
                assert_eq!(parse(&block).subject.as_deref(), Some(expected), "{charset}");
            }
        }
        let big5 = b"Subject: \xb2\xbe\xb0\xca\nContent-Type: text/plain; charset=big5\n";
        assert_eq!(parse(big5).subject.as_deref(), Some("移動"));
    }
}
