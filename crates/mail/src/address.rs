//! Finds base64 in the addresses of a page while it streams by: `<img src="data:image/jpeg;base64,…">`
//! (RFC 2397). Says where it begins and ends, and keeps nothing of it.

use tipoff_model::transfer::may_be_data;

/// What stands directly before the data.
const MARK: &[u8] = b";base64,";

/// The scheme.
const SCHEME: &[u8] = b"data:";

/// What stands before the data, from the quote on, is no longer.
const LEAD_BYTES_MAX: usize = 160;

/// What comes next in a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// So many bytes of the page; then data of this declared type begins.
    Begin(usize, String),
    /// So many bytes of data, and then its end.
    End(usize),
    /// All of these bytes are of the page, or of the data.
    Nothing,
}

/// Looks for data.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// Bytes of [`MARK`] that have been seen.
    matched: usize,
    /// The last bytes of the page.
    lead: Vec<u8>,
    /// In data: whether it stands in quotes, in which blanks do not end it.
    data: Option<Quoted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quoted(bool);

impl Finder {
    /// Whether data goes on.
    pub(crate) fn is_in_data(&self) -> bool {
        self.data.is_some()
    }

    /// Looks at the next bytes. Those behind what was found are to be given again.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Found {
        if let Some(quoted) = self.data {
            let ends = |&byte: &u8| !may_be_data(byte) || byte.is_ascii_whitespace() && !quoted.0;
            return match bytes.iter().position(ends) {
                Some(end) => {
                    self.data = None;
                    Found::End(end)
                }
                None => Found::Nothing,
            };
        }
        match self.behind_mark(bytes) {
            Some(end) => {
                self.remember(bytes.get(..end).unwrap_or_default());
                match self.declared() {
                    Some((content_type, quoted)) => {
                        self.data = Some(quoted);
                        self.lead.clear();
                        Found::Begin(end, content_type)
                    }
                    None => self.next_behind(bytes, end),
                }
            }
            None => {
                self.remember(bytes);
                Found::Nothing
            }
        }
    }

    /// Goes on behind a mark of nothing.
    fn next_behind(&mut self, bytes: &[u8], end: usize) -> Found {
        match self.next(bytes.get(end..).unwrap_or_default()) {
            Found::Begin(at, content_type) => Found::Begin(end + at, content_type),
            found => found,
        }
    }

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

    fn remember(&mut self, bytes: &[u8]) {
        let newest = bytes.len().saturating_sub(LEAD_BYTES_MAX);
        self.lead.extend_from_slice(bytes.get(newest..).unwrap_or_default());
        let too_many = self.lead.len().saturating_sub(LEAD_BYTES_MAX);
        self.lead.drain(..too_many);
    }

    /// The type that the address declares, and whether it is in quotes; nothing, if it is none.
    fn declared(&self) -> Option<(String, Quoted)> {
        let lead = self.lead.strip_suffix(MARK).map(<[u8]>::to_vec).or_else(|| {
            let lead = self.lead.get(..self.lead.len().checked_sub(MARK.len())?)?;
            Some(lead.to_vec())
        })?;
        let lower = lead.to_ascii_lowercase();
        let at = memchr::memmem::rfind(&lower, SCHEME)?;
        let declared = lower.get(at + SCHEME.len()..)?;
        let is_of_type = |byte: &u8| byte.is_ascii_alphanumeric() || b"/+.-;=_".contains(byte);
        if !declared.iter().all(is_of_type) {
            return None;
        }
        let content_type = declared.split(|&byte| byte == b';').next().unwrap_or_default();
        let before = at.checked_sub(1).and_then(|before| lower.get(before));
        let quoted = Quoted(matches!(before, Some(b'"' | b'\'')));
        Some((String::from_utf8_lossy(content_type).into_owned(), quoted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each data of a page with its type.
    fn found(page: &[u8], step: usize) -> Vec<(String, String)> {
        let (mut finder, mut all, mut data) = (Finder::default(), Vec::new(), Vec::new());
        for mut bytes in page.chunks(step) {
            while !bytes.is_empty() {
                let was_in_data = finder.is_in_data();
                let taken = match finder.next(bytes) {
                    Found::Begin(taken, content_type) => {
                        all.push((content_type, String::new()));
                        data.clear();
                        taken
                    }
                    Found::End(taken) => {
                        data.extend(&bytes[..taken]);
                        all.last_mut().unwrap().1 = String::from_utf8(data.clone()).unwrap();
                        taken
                    }
                    Found::Nothing => {
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
