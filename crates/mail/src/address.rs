//! Finds base64 in the addresses of a page while it streams by: `<img src="data:image/jpeg;base64,…">`
//! (RFC 2397). Node-RED flows embed pictures so. It says where data begins and ends and keeps
//! none of it; [`crate::page`] measures it.

use tipoff_model::transfer::may_be_data;

use crate::collect::MEDIA_MAX;
use crate::entities::push_resolved;
use tipoff_model::meter::keep_last;

/// The text directly before the data, compared without case.
const MARK: &[u8] = b";base64,";

/// The scheme of the address.
const SCHEME: &[u8] = b"data:";

/// Longest harmless text behind data, in bytes: a few escaped line ends and paddings. More is escaped data.
const TAIL_BYTES_MAX: usize = 64;

/// Number of marks in one page that are examined, also those without data.
const MARKS_MAX: usize = 4 * MEDIA_MAX;

/// Escaped, these may follow data that is complete: its padding, line ends, and quotes.
const TAIL_ENDS: [&str; 14] =
    ["%3d", "%0d", "%0a", "%20", "\\r", "\\n", "\\\"", "\\'", "=", "\r", "\n", "\"", "'", " "];

/// Bytes kept of the text before the data: from the quote to the mark an address is never longer.
const LEAD_BYTES_MAX: usize = 160;

/// What the next bytes of a page are. Each number counts bytes from the start of the given ones.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DataStep {
    /// Bytes of the page, then the beginning of data of this declared content type.
    Begin(usize, String),
    /// Bytes of data, then its end or a byte that is no base64.
    End(usize),
    /// Bytes behind data that are no base64, up to the end of the address, and whether they are harmless: then
    /// the data is complete without them.
    Tail(usize, bool),
    /// All given bytes belong to what the last ones belonged to.
    Nothing,
}

/// Looks for data in pieces of any length.
#[derive(Debug, Default)]
pub(crate) struct DataFinder {
    /// Number of bytes of [`MARK`] that have matched.
    matched: usize,
    /// The last bytes of the page, at most [`LEAD_BYTES_MAX`].
    lead: Vec<u8>,
    /// `Some` inside data.
    data: Option<Quoted>,
    /// Number of marks that were found.
    marks: usize,
    /// `Some` behind data, up to the end of the address: its first bytes.
    tail: Option<Vec<u8>>,
}

/// Whether data is in quotes, where white space does not end it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quoted(bool);

impl DataFinder {
    /// Whether the next byte may be data.
    pub(crate) fn is_in_data(&self) -> bool {
        self.data.is_some()
    }

    /// Examines the next bytes. The caller gives the bytes behind what was found again.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> DataStep {
        if self.tail.is_some() {
            return self.in_tail(bytes);
        }
        if let Some(quoted) = self.data {
            let ends = |&byte: &u8| !may_be_data(byte) || byte.is_ascii_whitespace() && !quoted.0;
            return match bytes.iter().position(ends) {
                Some(end) => {
                    self.data = None;
                    if !bytes.get(end).is_some_and(|&byte| ends_address(byte)) {
                        self.tail = Some(Vec::new());
                    }
                    DataStep::End(end)
                }
                None => DataStep::Nothing,
            };
        }
        let mut from = 0;
        while !self.has_given_up() {
            let rest = bytes.get(from..).unwrap_or_default();
            let Some(end) = self.behind_mark(rest) else {
                keep_last(&mut self.lead, rest, LEAD_BYTES_MAX);
                return DataStep::Nothing;
            };
            keep_last(&mut self.lead, rest.get(..end).unwrap_or_default(), LEAD_BYTES_MAX);
            from += end;
            self.marks += 1;
            // A mark in plain text has no scheme before it.
            if let Some((content_type, quoted)) = self.declared() {
                self.data = Some(quoted);
                self.lead.clear();
                return DataStep::Begin(from, content_type);
            }
        }
        DataStep::Nothing
    }

    /// Whether the page has more marks than [`MARKS_MAX`]: no further data is looked for.
    pub(crate) fn has_given_up(&self) -> bool {
        self.marks >= MARKS_MAX
    }

    /// Whether the stream is behind data, before the end of its address.
    pub(crate) fn is_in_tail(&self) -> bool {
        self.tail.is_some()
    }

    /// Collects the text behind data up to the end of the address. A line end does not end it: pages fold data.
    fn in_tail(&mut self, bytes: &[u8]) -> DataStep {
        let is_end = |&byte: &u8| ends_address(byte) && byte != b'\r' && byte != b'\n';
        let end = bytes.iter().position(is_end);
        if let Some(tail) = &mut self.tail {
            let room = (TAIL_BYTES_MAX + 1).saturating_sub(tail.len());
            let piece = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
            tail.extend_from_slice(piece.get(..room).unwrap_or(piece));
        }
        match end {
            Some(end) => {
                let tail = self.tail.take().unwrap_or_default();
                DataStep::Tail(end, is_harmless(&tail))
            }
            None => DataStep::Nothing,
        }
    }

    /// The offset behind the next [`MARK`], which may have begun in an earlier piece.
    fn behind_mark(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            if self.matched == 0 {
                at += memchr::memchr(b';', bytes.get(at..)?)?;
            }
            let byte = bytes.get(at)?;
            at += 1;
            let expected = MARK.get(self.matched)?;
            self.matched = match byte.to_ascii_lowercase() == *expected {
                true => self.matched + 1,
                false => usize::from(*byte == b';'),
            };
            if self.matched == MARK.len() {
                self.matched = 0;
                return Some(at);
            }
        }
    }

    /// The content type that the address declares, empty if it declares none, and whether the address is in quotes.
    /// `None` if the mark belongs to no `data:` address.
    fn declared(&self) -> Option<(String, Quoted)> {
        if !may_have_scheme(&self.lead) {
            return None;
        }
        let lead = self.lead.strip_suffix(MARK).map(<[u8]>::to_vec).or_else(|| {
            let lead = self.lead.get(..self.lead.len().checked_sub(MARK.len())?)?;
            Some(lead.to_vec())
        })?;
        // Templates escape what is in an address: `data:image&#x2F;jpeg`.
        let mut resolved = String::new();
        push_resolved(&String::from_utf8_lossy(&lead), &mut resolved);
        let lower = resolved.to_ascii_lowercase().replace("%2f", "/").into_bytes();
        let at = memchr::memmem::rfind(&lower, SCHEME)?;
        let declared = lower.get(at + SCHEME.len()..)?;
        let is_of_type = |byte: &u8| byte.is_ascii_alphanumeric() || b"/+.-;=_".contains(byte);
        if !declared.iter().all(is_of_type) {
            return None;
        }
        let content_type = declared.split(|&byte| byte == b';').next().unwrap_or_default();
        let before = lower.get(..at).unwrap_or_default().trim_ascii_end().last();
        let quoted = Quoted(matches!(before, Some(b'"' | b'\'' | b'(')));
        Some((String::from_utf8_lossy(content_type).into_owned(), quoted))
    }
}

/// A quick test for the scheme, before the bytes are copied: its last letter and colon, or an `&`, because
/// templates may escape them.
fn may_have_scheme(lead: &[u8]) -> bool {
    lead.windows(2).any(|pair| matches!(pair, [b'a' | b'A', b':'])) || lead.contains(&b'&')
}

/// Whether a byte ends an address in HTML or CSS.
fn ends_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'<>)".contains(&byte)
}

/// Whether the text behind data contains only what may follow complete data.
fn is_harmless(tail: &[u8]) -> bool {
    if tail.len() > TAIL_BYTES_MAX {
        return false;
    }
    let mut resolved = String::new();
    push_resolved(&String::from_utf8_lossy(tail), &mut resolved);
    let lower = resolved.to_ascii_lowercase();
    let mut rest = lower.as_str();
    while !rest.is_empty() {
        match TAIL_ENDS.iter().find_map(|end| rest.strip_prefix(end)) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each data of a page with its type.
    fn found(page: &[u8], step: usize) -> Vec<(String, String)> {
        let (mut finder, mut all, mut data) = (DataFinder::default(), Vec::new(), Vec::new());
        for mut bytes in page.chunks(step) {
            while !bytes.is_empty() {
                let was_in_data = finder.is_in_data();
                let taken = match finder.next(bytes) {
                    DataStep::Begin(taken, content_type) => {
                        all.push((content_type, String::new()));
                        data.clear();
                        taken
                    }
                    DataStep::End(taken) => {
                        data.extend(&bytes[..taken]);
                        all.last_mut().unwrap().1 = String::from_utf8(data.clone()).unwrap();
                        taken
                    }
                    DataStep::Tail(taken, _) => taken,
                    DataStep::Nothing => {
                        if was_in_data {
                            data.extend(bytes);
                        }
                        bytes.len()
                    }
                };
                bytes = &bytes[taken..];
            }
        }
        all
    }

    #[test]
    fn text_behind_data_is_harmless_up_to_its_limit() {
        assert!(is_harmless("=".repeat(TAIL_BYTES_MAX).as_bytes()));
        assert!(!is_harmless("=".repeat(TAIL_BYTES_MAX + 1).as_bytes()));
        assert!(is_harmless(b"%3D%0d%0A") && !is_harmless(b"=A"));
    }

    #[test]
    fn data_in_addresses_is_found() {
        for (page, expected) in [
            (
                "<img src=\"data:image/jpeg;base64,/9j/AA==\" alt=x>",
                vec![("image/jpeg", "/9j/AA==")],
            ),
            (
                "<img src='DATA:Image/PNG;charset=x;BASE64,iVBO\r\n Rw0K'>",
                vec![("image/png", "iVBO\r\n Rw0K")],
            ),
            ("<img src=data:image/gif;base64,R0lG alt=x>", vec![("image/gif", "R0lG")]),
            ("url(data:image/gif;base64,R0lG)", vec![("image/gif", "R0lG")]),
            ("\"data:;base64,QQ\"\"data:a/b;base64,QUFB%2B\"", vec![("", "QQ"), ("a/b", "QUFB")]),
            ("x;base64,QQ data: x;base64,QQ \"data:a;;base64,QQ\"", vec![("a", "QQ")]),
            ("&quot;;;base64,;base64", vec![]),
            ("\"data:image/svg+xml;utf8,<svg>\"", vec![]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            for step in [1, 3, 7, 1000] {
                assert_eq!(found(page.as_bytes(), step), expected, "{page} by {step}");
            }
        }
    }
}
