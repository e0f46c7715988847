//! A device's own mail, as it is sent on. It is checked first: servers refuse a mail with NUL, bare CR, long lines
//! or a broken header. Then it is written with CRLF at every line end, and otherwise unchanged.

use std::io::{self, Read, Write};

use tipoff_model::AlertMedia;

use super::compose::MARK;
use crate::Files;
use crate::body::{BodyError, copy};

/// Length limit of a line, without its end (RFC 5322, section 2.1.1; RFC 5321, section 4.5.3.1.6).
const LINE_BYTES_MAX: usize = 998;
/// How much of a mail is searched for Tipoff's own mark, in bytes.
const HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Size limit of a mail that is sent on, in bytes: it is read into memory.
pub(super) const BYTES_MAX: u64 = 50 << 20;

/// What a mail needs to be sent on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OriginalFacts {
    /// Its length in SMTP, without the dots that SMTP adds (RFC 5321, section 4.5.2).
    pub(super) len: u64,
    /// Whether it has bytes outside ASCII, so that the server must support 8BITMIME (RFC 6152).
    pub(super) eight_bit: bool,
    /// Whether it has the field Date, which is required (RFC 5322, section 3.6).
    pub(super) date: bool,
    /// Whether it has the field From, which is required.
    pub(super) from: bool,
    /// Whether it has the field Auto-Submitted.
    pub(super) auto_submitted: bool,
}

/// Whether Tipoff sent this mail itself. Blocks.
pub(super) fn is_own(stored: &AlertMedia, files: &dyn Files) -> io::Result<bool> {
    let mut scan = Scan::default();
    let mut head = Vec::new();
    files.open(stored)?.take(HEAD_BYTES_MAX).read_to_end(&mut head)?;
    scan.write_all(&head)?;
    Ok(scan.own)
}

/// What a mail needs to be sent on. `None` if servers may refuse it as it is. Blocks.
pub(super) fn look(
    stored: &AlertMedia,
    files: &dyn Files,
) -> Result<Option<OriginalFacts>, BodyError> {
    if stored.media.size > BYTES_MAX {
        return Ok(None);
    }
    let mut scan = Scan::default();
    copy(stored, files, &mut scan)?;
    Ok(scan.end())
}

/// Appends the mail to `out`, without the line break at its end, which belongs to SMTP's DATA. Blocks.
pub(super) fn append(
    stored: &AlertMedia,
    files: &dyn Files,
    out: Vec<u8>,
) -> Result<Vec<u8>, BodyError> {
    let mut lines = CrlfWriter { out };
    copy(stored, files, &mut lines)?;
    let mut out = lines.out;
    if out.ends_with(b"\r\n") {
        out.truncate(out.len().saturating_sub("\r\n".len()));
    }
    Ok(out)
}

/// Checks a mail that is written to it.
struct Scan {
    fit: OriginalFacts,
    /// Whether the mail has Tipoff's own mark.
    own: bool,
    /// Whether the mail is valid so far.
    sound: bool,
    in_header: bool,
    /// Number of header fields so far.
    fields: usize,
    /// The current line, if it is in the header.
    line: Vec<u8>,
    /// Length of the current line, in bytes.
    column: usize,
    /// Whether the last byte was a CR, which only an LF may follow.
    after_cr: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            fit: OriginalFacts::default(),
            own: false,
            sound: true,
            in_header: true,
            fields: 0,
            line: Vec::new(),
            column: 0,
            after_cr: false,
        }
    }
}

impl Scan {
    /// Checks the next byte.
    fn byte(&mut self, byte: u8) {
        match byte {
            b'\n' => return self.end_line(),
            // A CR belongs to a line's end and nowhere else (RFC 5321, section 2.3.8).
            _ if self.after_cr => self.sound = false,
            _ => {}
        }
        self.after_cr = byte == b'\r';
        if self.after_cr {
            return;
        }
        self.column = self.column.saturating_add(1);
        self.fit.eight_bit |= !byte.is_ascii();
        let odd = byte == 0 || (self.in_header && !byte.is_ascii());
        if odd || self.column > LINE_BYTES_MAX {
            self.sound = false;
        } else if self.in_header {
            self.line.push(byte);
        }
    }

    /// Ends a line. An empty line ends the header; a line that begins with a space continues the field before
    /// (RFC 5322, section 2.2.3).
    fn end_line(&mut self) {
        self.after_cr = false;
        let bytes = self.column.saturating_add("\r\n".len());
        self.fit.len = self.fit.len.saturating_add(bytes as u64);
        let column = std::mem::take(&mut self.column);
        if !self.in_header {
            return;
        }
        let line = std::mem::take(&mut self.line);
        match line.first() {
            _ if column == 0 => self.in_header = false,
            Some(b' ' | b'\t') => self.sound &= self.fields > 0,
            _ => self.field(&line),
        }
    }

    /// Reads the first line of a header field.
    fn field(&mut self, line: &[u8]) {
        self.fields = self.fields.saturating_add(1);
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        self.sound &= is_name && name.len() < line.len();
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        self.fit.date |= is("Date");
        self.fit.from |= is("From");
        self.fit.auto_submitted |= is("Auto-Submitted");
        self.own |= is(MARK);
    }

    /// Ends the mail. `None` if it is not valid.
    fn end(mut self) -> Option<OriginalFacts> {
        if self.column > 0 || self.after_cr {
            self.sound &= !self.after_cr;
            self.end_line();
        }
        (self.sound && self.fields > 0).then_some(self.fit)
    }
}

impl Write for Scan {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        bytes.iter().for_each(|&byte| self.byte(byte));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends every line that is written to it with CRLF (RFC 5321, section 2.3.8).
struct CrlfWriter {
    out: Vec<u8>,
}

impl Write for CrlfWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            if byte == b'\n' && self.out.last() != Some(&b'\r') {
                self.out.push(b'\r');
            }
            self.out.push(byte);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(bytes: &[u8]) -> (Option<OriginalFacts>, bool) {
        let mut scan = Scan::default();
        scan.write_all(bytes).unwrap();
        let own = scan.own;
        (scan.end(), own)
    }

    fn lines(bytes: &[u8]) -> Vec<u8> {
        let mut lines = CrlfWriter { out: Vec::new() };
        lines.write_all(bytes).unwrap();
        lines.out
    }

    #[test]
    fn mails_that_can_be_sent_on_are_told() {
        let long = |count: usize| format!("A: b\n\n{}\n", "x".repeat(count)).into_bytes();
        for (mail, fits) in [
            (b"From: a@b\nDate: x\n\nhello\n".as_slice(), true),
            (b"From: a@b\r\nSubject: x\r\n y\r\n\r\nhello", true),
            (b"From: a@b\n", true),
            (b"A: b\n\n\xff\xfe\n", true),
            (&long(998), true),
            (&long(999), false),
            (b"A: b\n\na\0b\n", false),
            (b"A: b\n\na\rb\n", false),
            (b"A: b\n\na\r", false),
            (b"Subject: \xc4\xe3\n\nhello\n", false),
            (b"From camera Mon\nA: b\n\nx\n", false),
            (b" A: b\n\nx\n", false),
            (b": b\n\nx\n", false),
            (b"hello\n\nx\n", false),
            (b"\nhello\n", false),
            (b"", false),
        ] {
            assert_eq!(scan(mail).0.is_some(), fits, "{:?}", String::from_utf8_lossy(mail));
        }
    }

    #[test]
    fn what_a_mail_has_is_told() {
        let (fit, own) = scan(b"FROM: a@b\nx-tipoff-alert: key\n\nDate: x\n\xff");
        let expected =
            OriginalFacts { len: 46, eight_bit: true, from: true, ..OriginalFacts::default() };
        assert_eq!((fit.unwrap(), own), (expected, true));
        assert!(!scan(b"A: b\n\nX-Tipoff-Alert: key\n").1, "only in the header");
    }

    #[test]
    fn lines_end_as_smtp_wants_them() {
        assert_eq!(lines(b"a\nb\r\n\n\r\n.\n"), b"a\r\nb\r\n\r\n\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn whatever_fits_is_valid_on_the_wire(mail in "[ -~\r\n\\x00ü:]{0,60}") {
            if let Some(fit) = scan(mail.as_bytes()).0 {
                let wire = lines(mail.as_bytes());
                let ended = if wire.ends_with(b"\r\n") { 0 } else { 2 };
                prop_assert_eq!(fit.len, wire.len() as u64 + ended);
                let text = String::from_utf8(wire).unwrap();
                let bare = text.replace("\r\n", "");
                prop_assert!(!bare.contains(['\r', '\n', '\0']), "{:?}", text);
            }
        }
    }
}
