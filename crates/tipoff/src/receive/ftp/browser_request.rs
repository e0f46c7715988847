//! Whether the bytes of a data connection are a browser's request: a web page can make a browser connect to any port,
//! and its request must not be stored as an upload. Pure.

/// The request line must end within so many bytes.
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
pub(super) enum FirstBytes {
    /// Too few to decide.
    Unknown,
    /// A browser's request.
    Browser,
    /// Anything else.
    File,
}

/// Classifies the first bytes of an upload, after decryption where it has TLS.
pub(super) fn begins(head: &[u8], is_tls: bool) -> FirstBytes {
    match tls(head) {
        FirstBytes::File => request(head),
        _ if is_tls => FirstBytes::File,
        tls => tls,
    }
}

fn tls(head: &[u8]) -> FirstBytes {
    let record = [0x16, 0x03];
    match head.get(RECORD_BYTES) {
        Some(kind) if head.starts_with(&record) && *kind == CLIENT_HELLO => FirstBytes::Browser,
        Some(_) => FirstBytes::File,
        None if head.starts_with(&record) || record.starts_with(head) => FirstBytes::Unknown,
        None => FirstBytes::File,
    }
}

/// RFC 9112, section 3: `POST /upload HTTP/1.1`.
fn request(head: &[u8]) -> FirstBytes {
    let of_method = |method: &&[u8]| match head.strip_prefix(*method) {
        Some([]) => true,
        Some(rest) => rest.starts_with(b" "),
        None => method.starts_with(head),
    };
    if !METHODS.iter().any(of_method) {
        return FirstBytes::File;
    }
    let line = head.iter().position(|byte| *byte == b'\n').and_then(|end| head.get(..end));
    match line {
        None if head.len() < REQUEST_LINE_BYTES_MAX => FirstBytes::Unknown,
        None => FirstBytes::File,
        Some(line) => {
            let version = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next();
            match version.is_some_and(|version| version.starts_with(b"HTTP/")) {
                true => FirstBytes::Browser,
                false => FirstBytes::File,
            }
        }
    }
}

/// The first bytes of an upload, until it is known whether a browser sent them.
pub(super) struct Head {
    is_tls: bool,
    /// `None` once they are known to be a file's.
    held: Option<Vec<u8>>,
}

impl Head {
    pub(super) fn new(is_tls: bool) -> Self {
        Self { is_tls, held: Some(Vec::new()) }
    }

    /// Takes the next bytes, and passes them to `push` when they are a file's. Whether they are a browser's request.
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
            FirstBytes::Browser => return true,
            FirstBytes::Unknown if held.is_empty() => held.extend_from_slice(bytes),
            FirstBytes::Unknown => {}
            FirstBytes::File => match self.take() {
                held if held.is_empty() => push(bytes),
                held => push(&held),
            },
        }
        false
    }

    /// The bytes that are still held, when nothing more comes.
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
            (b"POST / HTTP/1.1\r\nHost: x\r\n".as_slice(), false, FirstBytes::Browser),
            (b"POST / HTTP/1.1\r\nHost: x\r\n", true, FirstBytes::Browser),
            (b"GET /a%20b HTTP/1.0\n", false, FirstBytes::Browser),
            (&hello, false, FirstBytes::Browser),
            (&hello, true, FirstBytes::File),
            (b"\xFF\xD8\xFF\xE0", false, FirstBytes::File),
            (b"\0\0\0\x18ftyp", false, FirstBytes::File),
            (b"GET well soon\n", false, FirstBytes::File),
            (b"GETTING", false, FirstBytes::File),
            (b"PUTTY", false, FirstBytes::File),
            (&long, false, FirstBytes::File),
        ] {
            assert_eq!(begins(bytes, is_tls), expected, "{bytes:?}");
            let decided = (1..=bytes.len()).map(|end| begins(&bytes[..end], is_tls));
            let decided = decided.clone().find(|it| *it != FirstBytes::Unknown);
            assert_eq!(decided, Some(expected), "{bytes:?}");
        }
        assert_eq!(begins(b"POS", false), FirstBytes::Unknown);
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
