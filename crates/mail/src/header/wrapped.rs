//! Rules by which header lines that firmware broke without a blank at the start of the next line differ from text.
//! Pure functions on names and lines; `strange` applies them.

use super::NAME_BYTES_MAX;

/// Names of fields that hardly occur in text, in lower case.
const STRONG: &[&[u8]] = &[
    b"content-disposition",
    b"content-id",
    b"content-transfer-encoding",
    b"content-type",
    b"message-id",
    b"mime-version",
    b"received",
    b"return-path",
    b"x-mailer",
    b"x-priority",
];

/// Names of fields that count only if the header does not have them yet. `Date` is missing: texts contain dates.
const WEAK: &[&[u8]] = &[b"cc", b"from", b"reply-to", b"sender", b"subject", b"to"];

/// First words of the lines of a `Received` field (RFC 5321, section 4.4), in lower case.
const RECEIVED_WORDS: &[&[u8]] = &[b"by", b"for", b"from", b"id", b"via", b"with"];

/// Fields with addresses or message IDs: each of their lines contains an `@`.
const ADDRESS_FIELDS: &[&[u8]] =
    &[b"bcc", b"cc", b"from", b"in-reply-to", b"references", b"reply-to", b"sender", b"to"];

/// Whether a field of this name, in lower case, proves that the lines above it are a header.
pub(crate) fn is_strong(name: &[u8]) -> bool {
    STRONG.contains(&name)
}

/// Whether a field of this name, in lower case, proves it if it is the first of its name.
pub(crate) fn is_weak(name: &[u8]) -> bool {
    WEAK.contains(&name)
}

/// Whether a line is similar to the rest of the field that begins with `above`, which is in lower case.
pub(crate) fn is_like(above: &[u8], line: &[u8]) -> bool {
    let name = above.split(|&byte| byte == b':').next().unwrap_or_default().trim_ascii();
    let lower = line.trim_ascii().to_ascii_lowercase();
    let word = lower.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
    match name {
        b"received" => RECEIVED_WORDS.contains(&word) || lower.starts_with(b"("),
        name => ADDRESS_FIELDS.contains(&name) && line.contains(&b'@'),
    }
}

/// The name before the colon at the end of `line`, in lower case, if a field may have it.
pub(crate) fn field_name(line: &[u8]) -> Option<Vec<u8>> {
    let name = line.strip_suffix(b":")?.trim_ascii_end();
    let may_be = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.iter().all(u8::is_ascii_graphic)
        && !is_number(name);
    may_be.then(|| name.to_ascii_lowercase())
}

/// Whether a name consists of digits, as the hour of a time does.
pub(crate) fn is_number(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    !name.is_empty() && name.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_look_like_the_field_above_or_not() {
        for (above, line, expected) in [
            ("to: a@x,", "b@x", true),
            ("to: a@x", "Motion in the hall", false),
            ("received: from a", "by b with SMTP", true),
            ("received: from a", "byte", false),
            ("subject: a", "b@x", false),
        ] {
            assert_eq!(is_like(above.as_bytes(), line.as_bytes()), expected, "{above}, {line}");
        }
        assert_eq!(field_name(b"X-A :"), Some(b"x-a".to_vec()));
        assert_eq!((field_name(b"12:"), field_name(b"a b:"), field_name(b":")), (None, None, None));
    }
}
