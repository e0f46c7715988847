//! What a mail server must see to: the form of commands (RFC 5321, section 4.1), sizes (RFC 1870), and
//! what a mail is (RFC 5322, sections 2 and 3.6). An error is the reply.

use std::collections::HashMap;

/// RFC 5321, section 4.5.3.1.4.
const COMMAND_BYTES_MAX: usize = 512;
/// RFC 5321, section 4.5.3.1.6, with its line end.
const LINE_BYTES_MAX: usize = 1000;
/// Fields that a mail has at most once (RFC 5322, section 3.6).
const ONCE: &[&str] = &[
    "cc",
    "content-type",
    "date",
    "from",
    "in-reply-to",
    "message-id",
    "mime-version",
    "references",
    "reply-to",
    "sender",
    "subject",
    "to",
];

/// A command without its line end.
pub(super) fn command_line(line: &[u8]) -> Result<String, &'static str> {
    let bare = line.strip_suffix(b"\r\n").ok_or("a line without CRLF")?;
    let is_plain = bare.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_plain || line.len() > COMMAND_BYTES_MAX {
        return Err("a line that is no command");
    }
    Ok(String::from_utf8_lossy(bare).into_owned())
}

/// A domain or an address in brackets.
pub(super) fn is_name(name: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.[]:".contains(&byte);
    !name.is_empty() && name.bytes().all(of_name)
}

/// Whether this is AUTH PLAIN with its first response (RFC 4616).
pub(super) fn is_plain_login(argument: &str, user: &str, password: &str) -> bool {
    let expected = base64(format!("\0{user}\0{password}").as_bytes());
    argument == format!("PLAIN {expected}")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 4];
        for (place, byte) in group.iter_mut().skip(1).zip(chunk) {
            *place = *byte;
        }
        let number = u32::from_be_bytes(group);
        for digit in 0..4 {
            let index = usize::try_from(number >> (18 - 6 * digit) & 63).unwrap_or_default();
            let character = DIGITS.get(index).copied().unwrap_or_default();
            text.push(if digit > chunk.len() { '=' } else { char::from(character) });
        }
    }
    text
}

/// `FROM:<a@b> PARAMETER …`.
pub(super) fn path(argument: &str, word: &str) -> Result<(String, Vec<String>), &'static str> {
    const WRONG: &str = "501 5.1.7 no address";
    let rest = argument.strip_prefix(word).and_then(|rest| rest.strip_prefix('<')).ok_or(WRONG)?;
    let (address, rest) = rest.split_once('>').ok_or(WRONG)?;
    let (local, domain) = address.rsplit_once('@').ok_or(WRONG)?;
    if local.is_empty() || !is_name(domain) || local.contains(['<', ' ', '@']) {
        return Err(WRONG);
    }
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err(WRONG);
    }
    Ok((address.to_owned(), rest.split(' ').skip(1).map(str::to_owned).collect()))
}

/// Of MAIL: only those that were offered.
pub(super) fn parameters(
    parameters: &[String],
    size_max: Option<usize>,
    eight_bit: bool,
) -> Result<(), &'static str> {
    for parameter in parameters {
        match (parameter.split_once('='), size_max) {
            (Some(("SIZE", size)), Some(max)) => match size.parse::<usize>() {
                Ok(size) if max > 0 && size > max => return Err("552 5.3.4 too large"),
                Ok(_) => {}
                Err(_) => return Err("501 5.5.4 no size"),
            },
            (Some(("BODY", "8BITMIME" | "7BIT")), _) if eight_bit => {}
            _ => return Err("555 5.5.4 no such parameter"),
        }
    }
    Ok(())
}

/// A whole mail as it came, without stuffed dots.
pub(super) fn content(
    content: &[u8],
    parameters: &[String],
    size_max: Option<usize>,
) -> Result<(), &'static str> {
    let eight_bit = parameters.iter().any(|parameter| parameter == "BODY=8BITMIME");
    if size_max.is_some_and(|max| max > 0 && content.len() > max) {
        return Err("552 5.3.4 too large");
    }
    let declared = parameters.iter().find_map(|parameter| parameter.strip_prefix("SIZE="));
    let declared = declared.and_then(|size| size.parse::<usize>().ok());
    // The line end of the last line is the way's.
    if declared.is_some_and(|size| content.len() > size + "\r\n".len()) {
        return Err("552 5.3.4 larger than announced");
    }
    if !eight_bit && !content.is_ascii() {
        return Err("554 5.6.3 eight bits without 8BITMIME");
    }
    if content.contains(&0) {
        return Err("554 5.6.0 a NUL");
    }
    let text = String::from_utf8_lossy(content);
    if text.replace("\r\n", "").contains(['\r', '\n']) {
        return Err("554 5.6.0 half a line end");
    }
    if content.split(|&byte| byte == b'\n').any(|line| line.len() >= LINE_BYTES_MAX) {
        return Err("554 5.6.0 a line that is too long");
    }
    header(&text)
}

fn header(text: &str) -> Result<(), &'static str> {
    let (header, _) = text.split_once("\r\n\r\n").ok_or("554 5.6.0 no header")?;
    let mut counts: HashMap<String, usize> = HashMap::new();
    for line in header.split("\r\n") {
        if line.starts_with([' ', '\t']) && !counts.is_empty() {
            continue;
        }
        let (name, _) = line.split_once(':').ok_or("554 5.6.0 no field")?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("554 5.6.0 no field");
        }
        *counts.entry(name.to_ascii_lowercase()).or_default() += 1;
    }
    if !header.is_ascii() {
        return Err("554 5.6.0 a header that is not ASCII");
    }
    if ONCE.iter().any(|&name| counts.get(name).is_some_and(|&count| count > 1)) {
        return Err("554 5.6.0 a field twice");
    }
    match counts.contains_key("date") && counts.contains_key("from") {
        true => Ok(()),
        false => Err("554 5.6.0 no Date or From"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_read() {
        assert_eq!(base64(b"\0a\0bc"), "AGEAYmM=");
        assert!(is_plain_login("PLAIN AGEAYg==", "a", "b"));
        assert!(!is_plain_login("PLAIN AGEAYmM=", "a", "b"));
    }

    #[test]
    fn mails_are_looked_at() {
        let check = |mail: &str| content(mail.as_bytes(), &[], Some(1000));
        assert_eq!(check("Date: x\r\nFrom: y\r\n z\r\n\r\nbody\r\n"), Ok(()));
        for wrong in [
            "Date: x\r\n\r\n",
            "Date: x\nFrom: y\r\n\r\n",
            "Date: x\r\nFrom: y\r\nFrom: z\r\n\r\n",
            "Date: x\r\nFrom: y\r\nz\r\n\r\n",
            "Date: x\r\nFrom: y\r\n\r\n\0",
            "Date: x\r\nFrom: y\r\n\r\n\u{fc}",
        ] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }
}
