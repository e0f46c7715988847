//! The protocol that the first bytes after a greeting show: all three protocols begin with a word of their own.

use tipoff_model::Protocol;

/// The beginning of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::receive) enum FirstWords {
    /// The protocol of the port, or something that no other protocol begins with.
    Own,
    /// Another protocol.
    Other(Protocol),
    /// Too few bytes to decide.
    Undecided,
}

/// How clients begin. A command that two protocols have is not here (`AUTH`, `NOOP`, `HELP`, `QUIT`), but for `AUTH` with an
/// argument that only FTP has (RFC 4217).
const OPENINGS: [(&[u8], Protocol); 16] = [
    (b"EHLO", Protocol::Smtp),
    (b"HELO", Protocol::Smtp),
    (b"USER ", Protocol::Ftp),
    (b"AUTH TLS", Protocol::Ftp),
    (b"AUTH SSL", Protocol::Ftp),
    (b"FEAT", Protocol::Ftp),
    (b"OPTS ", Protocol::Ftp),
    (b"SYST", Protocol::Ftp),
    (b"CLNT ", Protocol::Ftp),
    (b"HOST ", Protocol::Ftp),
    (b"GET /", Protocol::Http),
    (b"HEAD /", Protocol::Http),
    (b"POST /", Protocol::Http),
    (b"PUT /", Protocol::Http),
    (b"OPTIONS /", Protocol::Http),
    (b"NOTIFY /", Protocol::Http),
];

/// Decides by the first bytes of a connection at a port of `own`.
pub(in crate::receive) fn first_words(own: Protocol, head: &[u8]) -> FirstWords {
    let mut undecided = false;
    for (opening, protocol) in OPENINGS.iter().filter(|(_, protocol)| *protocol != own) {
        match opened(opening, head) {
            Some(true) => return FirstWords::Other(*protocol),
            Some(false) => {}
            None => undecided = true,
        }
    }
    if undecided { FirstWords::Undecided } else { FirstWords::Own }
}

/// Whether the bytes begin with this opening, in any case; `None` if they are too few.
fn opened(opening: &[u8], head: &[u8]) -> Option<bool> {
    let common = opening.len().min(head.len());
    if !head.get(..common)?.eq_ignore_ascii_case(opening.get(..common)?) {
        return Some(false);
    }
    let is_word = opening.last().is_some_and(u8::is_ascii_alphabetic);
    match head.get(opening.len()) {
        _ if head.len() < opening.len() => None,
        // A longer word, such as `FEATHER`, is another one. `AUTH TLS-C` is TLS, too.
        Some(next) => Some(!is_word || !next.is_ascii_alphanumeric()),
        None if is_word => None,
        None => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_is_known_by_its_first_word_however_it_is_cut() {
        use FirstWords::{Other, Own};
        use Protocol::{Ftp, Http, Smtp};
        for (own, head, expected) in [
            (Ftp, "EHLO camera\r\n", Other(Smtp)),
            (Ftp, "ehlo\r\n", Other(Smtp)),
            (Ftp, "HELO [192.168.1.20]\r\n", Other(Smtp)),
            (Ftp, "USER front\r\n", Own),
            (Ftp, "HELP\r\n", Own),
            (Ftp, "EPSV\r\n", Own),
            (Ftp, "AUTH TLS\r\n", Own),
            (Ftp, "EHLOX\r\n", Own),
            (Ftp, "GET / HTTP/1.1\r\n", Other(Http)),
            (Ftp, "\r\n", Own),
            (Smtp, "EHLO camera\r\n", Own),
            (Smtp, "USER front\r\n", Other(Ftp)),
            (Smtp, "user front\r\n", Other(Ftp)),
            (Smtp, "USERS\r\n", Own),
            (Smtp, "AUTH TLS\r\n", Other(Ftp)),
            (Smtp, "AUTH TLS-C\r\n", Other(Ftp)),
            (Smtp, "AUTH LOGIN\r\n", Own),
            (Smtp, "AUTH TLSX\r\n", Own),
            (Smtp, "FEAT\r\n", Other(Ftp)),
            (Smtp, "NOOP\r\n", Own),
            (Smtp, "QUIT\r\n", Own),
            (Smtp, "POST /h/secret HTTP/1.1\r\n", Other(Http)),
            (Smtp, "GET well soon\r\n", Own),
            (Http, "EHLO camera\r\n", Other(Smtp)),
            (Http, "USER front\r\n", Other(Ftp)),
            (Http, "POST /h/secret HTTP/1.1\r\n", Own),
        ] {
            let decided = (1..=head.len())
                .map(|end| first_words(own, &head.as_bytes()[..end]))
                .find(|it| *it != FirstWords::Undecided);
            assert_eq!(decided, Some(expected), "{own:?} {head:?}");
            assert_eq!(first_words(own, head.as_bytes()), expected, "{own:?} {head:?}");
        }
        assert_eq!(first_words(Ftp, b""), FirstWords::Undecided);
    }

    /// The longest opening, and the byte behind it.
    const DECIDED_BYTES: usize = 10;

    #[test]
    fn no_more_bytes_are_held_than_the_longest_opening_has() {
        for (opening, _) in OPENINGS {
            let line = [opening, b" x"].concat();
            for own in [Protocol::Smtp, Protocol::Ftp, Protocol::Http] {
                let head = &line[..line.len().min(DECIDED_BYTES)];
                assert_ne!(first_words(own, head), FirstWords::Undecided, "{opening:?}");
            }
        }
    }
}
