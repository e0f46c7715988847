//! The addresses and parameters of MAIL and RCPT, read as loosely as cameras write them.
//! Addresses are labels here: nothing is ever sent to one, so none is judged.

use crate::text;

/// The address at the beginning of `text`, and what follows it. Understands `<a@b>`, `a@b`,
/// `Camera <a@b>`, a name without `@` (ESP32 sketches write `<ESP-CAM_MJPEG>`), quoted local parts,
/// address literals and source routes, which are dropped (RFC 5321, appendix C).
pub(crate) fn split(text: &[u8]) -> (String, &[u8]) {
    let text = text.trim_ascii();
    let (path, rest) = match bracketed(text) {
        Some(found) => found,
        None => {
            let end = unquoted(text, |_, byte| byte.is_ascii_whitespace()).unwrap_or(text.len());
            text.split_at_checked(end).unwrap_or_default()
        }
    };
    (text::label(without_route(path.trim_ascii())), rest)
}

/// The value of `SIZE=` (RFC 1870); every other parameter is ignored, known or not.
pub(crate) fn size(parameters: &[u8]) -> Option<u64> {
    parameters.split(u8::is_ascii_whitespace).find_map(|parameter| {
        let (key, value) = parameter.split_at_checked(b"SIZE=".len())?;
        key.eq_ignore_ascii_case(b"SIZE=").then(|| number(value))?
    })
}

/// A decimal number. One that does not fit 64 bits is read as the largest.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The text in angle brackets, and the text behind them.
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // `AUTH=<>` among the parameters opens no address.
    let opens =
        |before: Option<u8>| before.is_none_or(|byte| byte == b'"' || byte.is_ascii_whitespace());
    let open = unquoted(text, |before, byte| byte == b'<' && opens(before))?;
    let (_, path) = text.split_at_checked(open + 1)?;
    let close = unquoted(path, |_, byte| byte == b'>')
        .or_else(|| memchr::memchr(b'>', path))
        .or_else(|| path.iter().position(u8::is_ascii_whitespace));
    let Some((path, rest)) = close.and_then(|close| path.split_at_checked(close)) else {
        return Some((path, &[]));
    };
    Some((path, rest.get(1..).unwrap_or_default()))
}

/// Offset of the first byte outside double quotes that `wanted` accepts. `wanted` gets the byte before it, too.
fn unquoted(text: &[u8], wanted: impl Fn(Option<u8>, u8) -> bool) -> Option<usize> {
    let (mut quoted, mut escaped, mut before) = (false, false, None);
    text.iter().position(|&byte| {
        let found = !quoted && wanted(before, byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        before = Some(byte);
        found
    })
}

/// `@one,@two:user@host` without its route. The hosts may be literals with colons in them.
fn without_route(path: &[u8]) -> &[u8] {
    let mut rest = path;
    while let Some(host) = rest.strip_prefix(b"@") {
        let literal = host.starts_with(b"[").then(|| memchr::memchr(b']', host)).flatten();
        let tail = host.get(literal.unwrap_or(0)..).unwrap_or_default();
        match memchr::memchr2(b',', b':', tail).and_then(|at| tail.get(at..)) {
            Some([b',', next @ ..]) => rest = next,
            Some([b':', mailbox @ ..]) => return mailbox,
            _ => return path,
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_cameras_write_them() {
        for (text, address, rest) in [
            ("<cam1@gw.local>", "cam1@gw.local", ""),
            (" <cam1@gw.local> SIZE=5", "cam1@gw.local", " SIZE=5"),
            ("cam1@gw.local", "cam1@gw.local", ""),
            ("cam1@gw.local SIZE=5 AUTH=<>", "cam1@gw.local", " SIZE=5 AUTH=<>"),
            ("<ESP-CAM_MJPEG>  ", "ESP-CAM_MJPEG", ""),
            ("<>", "", ""),
            ("", "", ""),
            ("< a@b >", "a@b", ""),
            ("<a@[192.168.1.5]>", "a@[192.168.1.5]", ""),
            ("<a@[IPv6:fe80::1]>", "a@[IPv6:fe80::1]", ""),
            ("<@relay,@[IPv6:fe80::1]:a@b>", "a@b", ""),
            ("<@relay:a@b>", "a@b", ""),
            ("<@relay>", "@relay", ""),
            ("<\"front > \\\" door\"@b> X=1", "\"front > \\\" door\"@b", " X=1"),
            ("\"Front <1>\" <a@b>", "a@b", ""),
            ("Front yard <a@b>", "a@b", ""),
            ("<\"a@b>", "\"a@b", ""),
            // Outside of quotes a backslash is a letter.
            ("a\\\"b <c@d>", "a\\\"b <c@d>", ""),
            ("<a@b SIZE=5", "a@b", "SIZE=5"),
            ("<a@b", "a@b", ""),
            ("<türe@b>", "türe@b", ""),
            ("<a\u{1b}\0@b>", "a@b", ""),
        ] {
            let (found, behind) = split(text.as_bytes());
            assert_eq!((found.as_str(), behind), (address, rest.as_bytes()), "{text}");
        }
        assert_eq!(split(b"<\xfc@b>").0, "ü@b");
    }

    #[test]
    fn size_is_found_among_parameters() {
        for (parameters, expected) in [
            ("", None),
            ("SIZE=5", Some(5)),
            (" BODY=8BITMIME size=0012  SMTPUTF8", Some(12)),
            ("SIZE=99999999999999999999999", Some(u64::MAX)),
            ("SIZE=", None),
            ("SIZE=+5", None),
            ("SIZE=five", None),
            ("XSIZE=5", None),
        ] {
            assert_eq!(size(parameters.as_bytes()), expected, "{parameters}");
        }
    }
}
