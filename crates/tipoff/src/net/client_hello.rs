//! The first message of a TLS client (RFC 5246, section 7.4.1.2; RFC 8446, section 4.1.2), read as far as is needed to decide
//! who can answer it.
//!
//! Checks less than a TLS library, which gets the same bytes afterwards and reports what is wrong with them. Pure: no
//! socket, no library. Memory is bounded by [`READ_BYTES_MAX`].

/// The longest ClientHello that is read, in bytes, without the headers of its records. Browsers with post-quantum
/// keys send 2 KB; old devices 300 bytes at most.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Bytes that are read at most. Records may be as short as one byte (RFC 8446, section 5.1), so headers can take more
/// than the message; such a client is not served by the old versions.
const READ_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX;
/// The longest content of a record (RFC 8446, section 5.1).
const RECORD_BYTES_MAX: usize = 16 * 1024;
/// Size of a record's header.
const RECORD_HEADER_BYTES: usize = 5;
/// Size of a handshake message's header.
const MESSAGE_HEADER_BYTES: usize = 4;
/// The content type of a handshake record.
const HANDSHAKE: u8 = 22;
/// The message type of a ClientHello.
const CLIENT_HELLO: u8 = 1;
/// The major version of SSL 3.0 and of all versions of TLS.
const MAJOR_VERSION: u8 = 3;

/// Extension `supported_groups` (RFC 8422, section 5.1.1).
const SUPPORTED_GROUPS: u16 = 10;
/// Extension `signature_algorithms` (RFC 5246, section 7.4.1.4.1).
const SIGNATURE_ALGORITHMS: u16 = 13;
/// Extension `supported_versions` (RFC 8446, section 4.2.1).
const SUPPORTED_VERSIONS: u16 = 43;

/// What a client offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClientHello {
    /// The newest version before TLS 1.3 that it speaks: 0x0301 is TLS 1.0, 0x0303 is TLS 1.2.
    pub(crate) version: u16,
    /// Its cipher suites.
    pub(crate) suites: Vec<u16>,
    /// All versions that it speaks; `None` if it does not list them, as clients before TLS 1.3.
    pub(crate) versions: Option<Vec<u16>>,
    /// The groups, such as elliptic curves, that it can use; `None` if it does not list them.
    pub(crate) groups: Option<Vec<u16>>,
    /// The signature algorithms that it can verify; `None` if it does not list them, as clients before TLS 1.2.
    pub(crate) signatures: Option<Vec<u16>>,
}

/// How far the reading is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More bytes are needed.
    Incomplete,
    /// The message.
    Complete(ClientHello),
    /// A ClientHello in the format of SSL 2.0 (RFC 5246, appendix E.2), which OpenSSL before 1.0 sends if it may speak any
    /// version.
    Ssl2,
    /// No ClientHello, or one beyond the limits.
    Unreadable,
}

/// Reads a ClientHello from bytes that come in any pieces.
#[derive(Debug, Default)]
pub(crate) struct HelloReader {
    /// All bytes so far.
    bytes: Vec<u8>,
    /// Where the next record begins.
    record_at: usize,
    /// The message so far, without the headers of its records.
    message: Vec<u8>,
}

impl HelloReader {
    /// Takes the next bytes. After anything but [`Progress::Incomplete`] no further ones are of use.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Progress {
        self.bytes.extend_from_slice(bytes);
        self.advance().unwrap_or(Progress::Incomplete)
    }

    /// All bytes that were pushed: what the TLS library has to read.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Reads as many records as are complete; `None` if more bytes are needed.
    fn advance(&mut self) -> Option<Progress> {
        if is_ssl2(self.bytes.get(..5)?) {
            return Some(Progress::Ssl2);
        }
        loop {
            if self.record_at > READ_BYTES_MAX {
                return Some(Progress::Unreadable);
            }
            let rest = self.bytes.get(self.record_at..)?;
            let header = rest.first_chunk::<RECORD_HEADER_BYTES>()?;
            let [content, major, _, high, low] = *header;
            let length = usize::from(u16::from_be_bytes([high, low]));
            let is_record = content == HANDSHAKE
                && major == MAJOR_VERSION
                && (1..=RECORD_BYTES_MAX).contains(&length);
            if !is_record {
                return Some(Progress::Unreadable);
            }
            let fragment = rest.get(RECORD_HEADER_BYTES..RECORD_HEADER_BYTES + length)?;
            self.message.extend_from_slice(fragment);
            self.record_at += RECORD_HEADER_BYTES + length;
            if let Some(progress) = message(&self.message) {
                return Some(progress);
            }
        }
    }
}

/// Whether these first five bytes begin a ClientHello in the format of SSL 2.0 that offers SSL 3.0 or TLS: a length with
/// the highest bit set, the message type, the version.
pub(crate) fn is_ssl2(first: &[u8]) -> bool {
    matches!(first, [length, _, CLIENT_HELLO, MAJOR_VERSION, _, ..] if length & 0x80 != 0)
}

/// Reads the message from the contents of its records; `None` if it is not complete.
fn message(bytes: &[u8]) -> Option<Progress> {
    let [kind, high, middle, low] = *bytes.first_chunk::<MESSAGE_HEADER_BYTES>()?;
    let length = u32::from_be_bytes([0, high, middle, low]) as usize;
    if kind != CLIENT_HELLO || length > MESSAGE_BYTES_MAX {
        return Some(Progress::Unreadable);
    }
    let body = bytes.get(MESSAGE_HEADER_BYTES..MESSAGE_HEADER_BYTES + length)?;
    Some(hello(body).map_or(Progress::Unreadable, Progress::Complete))
}

/// Reads the body of the message; `None` if it is malformed.
fn hello(body: &[u8]) -> Option<ClientHello> {
    let mut fields = Fields(body);
    let version = fields.number()?;
    let _random = fields.take(32)?;
    let _session_id = fields.short_vector()?;
    let suites = numbers(fields.vector()?)?;
    let _compressions = fields.short_vector()?;
    let mut found = ClientHello { version, suites, ..ClientHello::default() };
    if fields.0.is_empty() {
        // Before TLS 1.2 extensions are optional.
        return Some(found);
    }
    let mut extensions = Fields(fields.vector()?);
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let mut content = Fields(extensions.vector()?);
        match kind {
            SUPPORTED_GROUPS => found.groups = Some(numbers(content.vector()?)?),
            SIGNATURE_ALGORITHMS => found.signatures = Some(numbers(content.vector()?)?),
            SUPPORTED_VERSIONS => found.versions = Some(numbers(content.short_vector()?)?),
            _ => {}
        }
    }
    fields.0.is_empty().then_some(found)
}

/// The fields of a message that are not read yet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(field)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(*self.take(2)?.first_chunk()?))
    }

    /// A vector whose length is in the two bytes before it.
    fn vector(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    /// A vector whose length is in the byte before it.
    fn short_vector(&mut self) -> Option<&'a [u8]> {
        let length = *self.take(1)?.first()?;
        self.take(usize::from(length))
    }
}

/// A list of numbers of two bytes; `None` if a byte is left.
fn numbers(bytes: &[u8]) -> Option<Vec<u16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A vector with its length in two bytes.
    fn vector(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap();
        [&length.to_be_bytes(), content].concat()
    }

    fn list(numbers: &[u16]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &vector(content)].concat()
    }

    /// The message of these offers, as a client writes it.
    fn written(hello: &ClientHello) -> Vec<u8> {
        let mut extensions = extension(0, b"\0\x05\0\0\x02me");
        if let Some(groups) = &hello.groups {
            extensions.extend(extension(SUPPORTED_GROUPS, &vector(&list(groups))));
        }
        if let Some(signatures) = &hello.signatures {
            extensions.extend(extension(SIGNATURE_ALGORITHMS, &vector(&list(signatures))));
        }
        if let Some(versions) = &hello.versions {
            let versions = list(versions);
            let length = u8::try_from(versions.len()).unwrap();
            extensions.extend(extension(SUPPORTED_VERSIONS, &[&[length], &versions[..]].concat()));
        }
        let mut body = hello.version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([2, 1, 2]);
        body.extend(vector(&list(&hello.suites)));
        body.extend([1, 0]);
        body.extend(vector(&extensions));
        message_of(&body)
    }

    fn message_of(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[CLIENT_HELLO], &length[1..], body].concat()
    }

    /// A message in records with contents of these sizes, the last of which are as long as they may be.
    fn in_records(message: &[u8], sizes: &[usize]) -> Vec<u8> {
        let (mut rest, mut bytes) = (message, Vec::new());
        let mut sizes = sizes.iter().copied().chain(std::iter::repeat(RECORD_BYTES_MAX));
        while !rest.is_empty() {
            let (content, left) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
            bytes.extend([HANDSHAKE, MAJOR_VERSION, 1]);
            bytes.extend(vector(content));
            rest = left;
        }
        bytes
    }

    /// What is found if the bytes come in these pieces, and after how many pieces it is.
    fn found_in(pieces: &[&[u8]]) -> Progress {
        let mut reader = HelloReader::default();
        for piece in pieces {
            let progress = reader.push(piece);
            if progress != Progress::Incomplete {
                return progress;
            }
        }
        Progress::Incomplete
    }

    fn offers() -> impl Strategy<Value = ClientHello> {
        let numbers = || proptest::collection::vec(any::<u16>(), 0..20);
        let maybe = move || proptest::option::of(numbers());
        (any::<u16>(), numbers(), maybe(), maybe(), maybe()).prop_map(
            |(version, suites, versions, groups, signatures)| ClientHello {
                version,
                suites,
                versions,
                groups,
                signatures,
            },
        )
    }

    proptest! {
        #[test]
        fn every_hello_is_read_as_it_was_written_however_it_is_cut(
            hello in offers(),
            sizes in proptest::collection::vec(prop_oneof![1_usize..6, 1_usize..200], 0..20),
            pieces in 1_usize..80,
        ) {
            let bytes = in_records(&written(&hello), &sizes);
            let cut: Vec<&[u8]> = bytes.chunks(pieces).collect();
            prop_assert_eq!(found_in(&cut), Progress::Complete(hello.clone()));
            let shortened = &bytes[..bytes.len() - 1];
            prop_assert_eq!(found_in(&[shortened]), Progress::Incomplete);
        }

        #[test]
        fn any_bytes_give_one_result_however_they_are_cut(
            hello in offers(),
            sizes in proptest::collection::vec(1_usize..60, 0..9),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            pieces in 1_usize..40,
        ) {
            let mut bytes = in_records(&written(&hello), &sizes);
            for (at, byte) in &changes {
                *at.get_mut(&mut bytes) = *byte;
            }
            let cut: Vec<&[u8]> = bytes.chunks(pieces).collect();
            prop_assert_eq!(found_in(&cut), found_in(&[&bytes]));
        }
    }

    #[test]
    fn what_is_no_client_hello_is_unreadable() {
        let body = |rest: &[u8]| [&[3, 3][..], &[0; 32], rest].concat();
        let in_one = |body: &[u8]| in_records(&message_of(body), &[]);
        for (bytes, why) in [
            (b"EHLO camera\r\n".to_vec(), "SMTP"),
            (vec![HANDSHAKE, 2, 0, 0, 5], "not SSL 3.0 or later"),
            (vec![23, 3, 1, 0, 5], "application data"),
            (vec![HANDSHAKE, 3, 1, 0, 0], "an empty record"),
            (vec![HANDSHAKE, 3, 1, 0x40, 1], "a record that is too long"),
            (in_records(&[2, 0, 0, 0], &[]), "a ServerHello"),
            (in_one(&body(&[])), "nothing behind the random"),
            (in_one(&body(&[0, 0, 1, 9, 1, 0])), "half a cipher suite"),
            (in_one(&body(&[0, 0, 0, 1, 0, 0, 3, 1])), "extensions that are cut off"),
            (in_one(&body(&[0, 0, 0, 1, 0, 0, 0, 9])), "bytes behind the extensions"),
        ] {
            assert_eq!(found_in(&[&bytes]), Progress::Unreadable, "{why}");
        }
    }

    #[test]
    fn a_hello_without_extensions_is_read() {
        let body = [&[3, 1][..], &[0; 32], &[0, 0, 4, 0, 0x2f, 0, 0x35, 1, 0]].concat();
        let hello =
            ClientHello { version: 0x0301, suites: vec![0x2f, 0x35], ..ClientHello::default() };
        assert_eq!(found_in(&[&in_records(&message_of(&body), &[])]), Progress::Complete(hello));
    }

    #[test]
    fn a_hello_in_the_format_of_ssl_2_is_recognised() {
        assert_eq!(found_in(&[&[0x80], &[0x2e, 1, 3], &[1, 0, 0x15]]), Progress::Ssl2);
        assert_eq!(found_in(&[&[0x80, 0x2e, 1, 0, 2]]), Progress::Unreadable, "SSL 2.0 itself");
    }

    #[test]
    fn memory_and_work_are_bounded() {
        let hello = |length: usize| {
            let groups = vec![0; (length - 52) / 2];
            let mut body = written(&ClientHello { groups: Some(groups), ..ClientHello::default() });
            body.truncate(MESSAGE_HEADER_BYTES + length);
            body
        };
        let found = |bytes: &[u8]| found_in(&bytes.chunks(1_000).collect::<Vec<_>>());
        let longest = message_of(&vec![0; MESSAGE_BYTES_MAX]);
        assert_eq!(found(&in_records(&longest, &[])), Progress::Unreadable, "malformed, but read");
        assert_eq!(found(&in_records(&longest, &[])[..16_000]), Progress::Incomplete);
        let too_long = message_of(&vec![0; MESSAGE_BYTES_MAX + 1]);
        let first = RECORD_HEADER_BYTES + RECORD_BYTES_MAX;
        assert_eq!(found(&in_records(&too_long, &[])[..first]), Progress::Unreadable);
        // Records of one byte: six bytes are read for each byte of the message.
        let message = hello(12_000);
        let mut reader = HelloReader::default();
        let tiny = in_records(&message, &vec![1; message.len()]);
        let read = tiny.chunks(100).position(|piece| reader.push(piece) == Progress::Unreadable);
        assert!(read.unwrap() * 100 <= READ_BYTES_MAX + RECORD_BYTES_MAX, "{read:?}");
    }
}
