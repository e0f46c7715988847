//! Removes Telnet's signals from a line: the control connection is a Telnet connection (RFC 959, section 4.1).
//! Clients send such signals before ABOR. Nothing is negotiated.

use std::borrow::Cow;

/// "Interpret as command" (RFC 854): the byte before a signal.
const IAC: u8 = 0xFF;
/// WILL, WONT, DO and DONT. The byte of an option follows.
const NEGOTIATIONS: std::ops::RangeInclusive<u8> = 0xFB..=0xFE;
/// Signals of one byte. A client sends IP and DM (interrupt, data mark) before ABOR.
const SIGNALS: std::ops::RangeInclusive<u8> = 0xF0..=0xFA;

/// DM, IP and IAC: the bytes that may be left of a signal.
const REMAINS: [u8; 3] = [0xF2, 0xF4, IAC];

/// The line without Telnet's signals. A byte 255 that is data is doubled. One that is neither doubled nor before a
/// signal is taken as data too, because cameras do not follow the rule.
pub(crate) fn strip(line: &[u8]) -> Cow<'_, [u8]> {
    if !line.contains(&IAC) {
        return Cow::Borrowed(without_remains(line));
    }
    let mut clean = Vec::with_capacity(line.len());
    let mut rest = line;
    while let [first, behind @ ..] = rest {
        rest = match (*first, behind) {
            (IAC, [IAC, behind @ ..]) => {
                clean.push(IAC);
                behind
            }
            (IAC, [signal, behind @ ..]) if SIGNALS.contains(signal) => behind,
            (IAC, [negotiation, _, behind @ ..]) if NEGOTIATIONS.contains(negotiation) => behind,
            (byte, behind) => {
                clean.push(byte);
                behind
            }
        };
    }
    Cow::Owned(without_remains(&clean).to_owned())
}

/// Removes the rest of a signal at the beginning of a line: its other byte was urgent data and got lost in a proxy. No
/// command begins with these bytes.
fn without_remains(mut line: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = line
        && REMAINS.contains(first)
    {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn signals_are_taken_out() {
        for (line, clean) in [
            (b"NOOP".as_slice(), b"NOOP".as_slice()),
            (b"\xFF\xF4\xFF\xF2ABOR", b"ABOR"),
            (b"\xFF\xF4\xF2ABOR", b"ABOR"),
            (b"\xF2ABOR", b"ABOR"),
            (b"\xFFABOR", b"ABOR"),
            (b"\xFF\xF4\xFF\xF2", b""),
            (b"\xFF\xFD\x06NOOP", b"NOOP"),
            (b"CWD \xFF\xFF", b"CWD \xFF"),
            (b"CWD \xFFz", b"CWD \xFFz"),
            (b"CWD a\xFF\xF4b", b"CWD ab"),
            (b"CWD \xFF", b"CWD \xFF"),
        ] {
            assert_eq!(strip(line).as_ref(), clean, "{line:?}");
        }
    }
}
