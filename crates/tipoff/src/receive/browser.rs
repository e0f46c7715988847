//! Whether what comes over a data connection is a browser's: a web page can have one connect to any port of its
//! own machine's choice, and that request is nobody's upload. Pure.

/// A request line is looked for in so many bytes.
const REQUEST_LINE_BYTES_MAX: usize = 8 * 1024;
/// The methods that pages can choose or browsers use themselves.
const METHODS: [&[u8]; 8] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT"];
/// A TLS record with a handshake (RFC 8446, section 5.1): type, version and two bytes of length.
const RECORD_BYTES: usize = 5;
/// The handshake is a ClientHello (section 4).
const CLIENT_HELLO: u8 = 1;

/// What the first bytes of an upload are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// Too few to tell.
    Unknown,
    /// The request of a browser.
    Browser,
    /// Anything else.
    File,
}

/// Looks at the first bytes of an upload, behind its TLS where it has one.
pub(super) fn begins(head: &[u8], is_tls: bool) -> Begins {
    match tls(head) {
        Begins::File => request(head),
        _ if is_tls => Begins::File,
        tls => tls,
    }
}

fn tls(head: &[u8]) -> Begins {
    let record = [0x16, 0x03];
    match head.get(RECORD_BYTES) {
        Some(kind) if head.starts_with(&record) && *kind == CLIENT_HELLO => Begins::Browser,
        Some(_) => Begins::File,
        None if head.starts_with(&record) || record.starts_with(head) => Begins::Unknown,
        None => Begins::File,
    }
}

/// RFC 9112, section 3: `POST /upload HTTP/1.1`.
fn request(head: &[u8]) -> Begins {
    let of_method = |method: &&[u8]| match head.strip_prefix(*method) {
        Some([]) => true,
        Some(rest) => rest.starts_with(b" "),
        None => method.starts_with(head),
    };
    if !METHODS.iter().any(of_method) {
        return Begins::File;
    }
    let line = head.iter().position(|byte| *byte == b'\n').and_then(|end| head.get(..end));
    match line {
        None if head.len() < REQUEST_LINE_BYTES_MAX => Begins::Unknown,
        None => Begins::File,
        Some(line) => {
            let version = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next();
            match version.is_some_and(|version| version.starts_with(b"HTTP/")) {
                true => Begins::Browser,
                false => Begins::File,
            }
        }
    }
}

/// The first bytes of an upload, until it is known whether a browser sent them.
pub(super) struct Head {
    is_tls: bool,
    /// `None`: they were a file's.
    held: Option<Vec<u8>>,
}

impl Head {
    pub(super) fn new(is_tls: bool) -> Self {
        Self { is_tls, held: Some(Vec::new()) }
    }

    /// The next bytes, which go on to `push` when they are a file's. Whether they are a browser's.
    pub(super) fn see(&mut self, bytes: &[u8], push: impl FnOnce(&[u8])) -> bool {
        let Some(held) = &mut self.held else {
            push(bytes);
            return false;
        };
        let found = match held.is_empty() {
            true => begins(bytes, self.is_tls),
            false => {
                held.extend_from_slice(bytes);
                begins(held, self.is_tls)
            }
        };
        match found {
            Begins::Browser => return true,
            Begins::Unknown if held.is_empty() => held.extend_from_slice(bytes),
            Begins::Unknown => {}
            Begins::File => match self.take() {
                held if held.is_empty() => push(bytes),
                held => push(&held),
            },
        }
        false
    }

    /// What is held when nothing more comes.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.held.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_its_first_bytes_however_they_are_cut() {
        let hello = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00];
        let long = [b"GET /".as_slice(), &b"x".repeat(REQUEST_LINE_BYTES_MAX)].concat();
        for (bytes, is_tls, expected) in [
            (b"POST / HTTP/1.1\r\nHost: x\r\n".as_slice(), false, Begins::Browser),
            (b"POST / HTTP/1.1\r\nHost: x\r\n", true, Begins::Browser),
            (b"GET /a%20b HTTP/1.0\n", false, Begins::Browser),
            (&hello, false, Begins::Browser),
            (&hello, true, Begins::File),
            (b"\xFF\xD8\xFF\xE0", false, Begins::File),
            (b"\0\0\0\x18ftyp", false, Begins::File),
            (b"GET well soon\n", false, Begins::File),
            (b"GETTING", false, Begins::File),
            (b"PUTTY", false, Begins::File),
            (&long, false, Begins::File),
        ] {
            assert_eq!(begins(bytes, is_tls), expected, "{bytes:?}");
            let decided = (1..=bytes.len()).map(|end| begins(&bytes[..end], is_tls));
            let decided = decided.clone().find(|it| *it != Begins::Unknown);
            assert_eq!(decided, Some(expected), "{bytes:?}");
        }
        assert_eq!(begins(b"POS", false), Begins::Unknown);
    }

    #[test]
    fn the_first_bytes_of_a_file_come_in_order_and_those_of_a_browser_never() {
        for cut in 1..40 {
            for (bytes, is_foreign) in [
                (b"POST /stored HTTP/1.1\r\nHost: x\r\n\r\nUSER a\r\nSTOR x".as_slice(), true),
                (b"POS this is a text that begins so, and goes on and on", false),
                (b"POST", false),
            ] {
                let (mut head, mut pushed) = (Head::new(false), Vec::new());
                let mut pieces = bytes.chunks(cut);
                let found = pieces.any(|it| head.see(it, |bytes| pushed.extend_from_slice(bytes)));
                assert_eq!(found, is_foreign, "{cut}");
                if !is_foreign {
                    pushed.extend(head.take());
                    assert_eq!(pushed, bytes);
                } else {
                    assert!(pushed.is_empty());
                }
            }
        }
    }
}
