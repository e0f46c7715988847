//! Collects the lines of a header until its end: a blank line, or a line that can be no field if the blank line
//! is missing. [`crate::fields`] reads the lines afterwards. It repairs what firmware breaks: fields that are folded
//! without a blank, line ends of CR alone, a byte order mark. It never keeps more than its limit.

mod strange;
mod wrapped;

use std::mem::take;

use self::wrapped::is_number;

/// Bytes of a header that are kept. The rest is dropped, and the mail is unclear.
pub(crate) const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Longest name of a field in bytes. A line without a colon until then is no field.
pub(crate) const NAME_BYTES_MAX: usize = 128;

/// Parameters of `Content-Type` and `Content-Disposition` (RFC 2045, 2046, 2183), in lower case.
#[rustfmt::skip]
const PARAMETERS: &[&[u8]] = &[
    b"boundary", b"charset", b"creation-date", b"delsp", b"filename", b"format", b"method",
    b"micalg", b"modification-date", b"name", b"protocol", b"report-type", b"size", b"start",
    b"type",
];

/// Bytes of lines that are no fields but may continue the field above. They do so if certain fields follow.
const STRANGE_BYTES_MAX: usize = 8 * 1024;

/// Number of such lines that are not similar to the field above.
const STRANGE_LINES_MAX: usize = 4;

/// The byte order mark of UTF-8 (RFC 3629, section 6).
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// CRs in a row that may belong to one line end.
const RETURNS_MAX: usize = 16;

/// How the line ends of a header are written, by the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnds {
    /// LF, or any number of CR and LF.
    Feed,
    /// CR alone.
    Return,
}

/// What the current line is, as far as it has arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LinePlace {
    /// Perhaps a field: inside of its name.
    #[default]
    Name,
    /// Perhaps a field: in white space behind its name.
    Space,
    /// A field, or the continuation of one.
    Field,
}

/// The state of a header after a byte.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderStep {
    /// The header continues.
    More,
    /// The header has ended. These bytes were given to it and belong to the body.
    Ended(Vec<u8>),
}

/// A header while it streams by.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// The complete lines, each ended by `\n`.
    block: Vec<u8>,
    /// The current line.
    line: Vec<u8>,
    /// What the current line is.
    place: LinePlace,
    /// Number of CRs since the last other byte.
    returns: usize,
    /// `None` before the first line end.
    line_ends: Option<LineEnds>,
    /// Whether bytes over the limit were dropped.
    cut: bool,
    /// Offset of the last field in the block.
    above: Option<usize>,
    /// Lines that are no fields and the beginning of the next one, while they may continue the field above.
    strange: Option<Vec<u8>>,
}

impl Header {
    /// The lines, each ended by `\n`, and whether bytes were dropped.
    pub(crate) fn into_block(self) -> (Vec<u8>, bool) {
        (self.block, self.cut)
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let strange = self.strange.as_ref().map_or(0, Vec::capacity);
        self.block.capacity() + self.line.capacity() + strange
    }

    /// Whether no field was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.block.is_empty()
    }

    /// Takes the next bytes, up to the end of the header. Returns their number and the state after the last one.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> (usize, HeaderStep) {
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            let run = self.run(bytes.get(taken..).unwrap_or_default());
            if run > 0 {
                taken += run;
                continue;
            }
            taken += 1;
            if let HeaderStep::Ended(body) = self.byte(byte) {
                return (taken, HeaderStep::Ended(body));
            }
        }
        (taken, HeaderStep::More)
    }

    /// Takes the rest of a field's line at once, and returns its length.
    fn run(&mut self, bytes: &[u8]) -> usize {
        if self.place != LinePlace::Field || self.returns > 0 || self.strange.is_some() {
            return 0;
        }
        let run = memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
        let room = HEADER_BYTES_MAX.saturating_sub(self.line.len());
        self.cut |= run > room;
        self.line.extend_from_slice(bytes.get(..run.min(room)).unwrap_or_default());
        run
    }

    /// Takes the next byte.
    fn byte(&mut self, byte: u8) -> HeaderStep {
        if self.strange.is_some() {
            return self.strange(byte);
        }
        match self.step(byte) {
            HeaderStep::Ended(body) if self.may_go_on(&body) => {
                self.strange = Some(Vec::new());
                self.place = LinePlace::Name;
                let mut bytes = body.into_iter();
                while let Some(byte) = bytes.next() {
                    if let HeaderStep::Ended(mut body) = self.strange(byte) {
                        body.extend(bytes);
                        return HeaderStep::Ended(body);
                    }
                }
                HeaderStep::More
            }
            step => step,
        }
    }

    /// Whether it holds lines that are text if no more bytes follow.
    pub(crate) fn holds_text(&self) -> bool {
        self.strange.is_some()
    }

    /// Takes a byte of a line or a line end.
    fn step(&mut self, byte: u8) -> HeaderStep {
        match byte {
            b'\n' => {
                self.line_ends.get_or_insert(LineEnds::Feed);
                if self.returns == 0 {
                    return self.end_line(b"\n");
                }
                let mut line_end = vec![b'\r'; take(&mut self.returns)];
                line_end.push(b'\n');
                self.end_line(&line_end)
            }
            b'\r' => {
                self.returns += 1;
                if self.returns == RETURNS_MAX { self.lone_returns(None) } else { HeaderStep::More }
            }
            _ if self.returns > 0 => self.lone_returns(Some(byte)),
            _ => self.text(byte),
        }
    }

    /// Ends the header with the mail. Returns the last bytes that are no field and so belong to the body.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        if let Some(strange) = self.strange.take() {
            return strange;
        }
        let line_end = vec![b'\r'; take(&mut self.returns)];
        match self.end_line(&line_end) {
            HeaderStep::More => Vec::new(),
            HeaderStep::Ended(body) => body,
        }
    }

    /// Takes a byte of a line. The arms are in order: earlier ones recognise what firmware breaks.
    fn text(&mut self, byte: u8) -> HeaderStep {
        let is_first = self.block.is_empty();
        self.place = match (self.place, byte) {
            (LinePlace::Field, _) => {
                if self.line.len() < HEADER_BYTES_MAX {
                    self.line.push(byte);
                } else {
                    self.cut = true;
                }
                return HeaderStep::More;
            }
            // White space at the start of a line continues the field above (RFC 5322, section 2.2.3).
            (LinePlace::Name, b' ' | b'\t') if self.line.is_empty() && !is_first => {
                LinePlace::Field
            }
            // The envelope line of mailbox files: "From x Mon Jan  1 …".
            (LinePlace::Name, b' ') if is_first && self.line == b"From" => LinePlace::Field,
            (LinePlace::Name | LinePlace::Space, b'=' | b';') if self.goes_on(byte) => {
                let between: &[u8] =
                    if byte == b'=' && !self.ends_with(b";") { b" ;" } else { b" " };
                self.line.splice(0..0, between.iter().copied());
                LinePlace::Field
            }
            (LinePlace::Name, b'?') if self.line == b"=" && !is_first => {
                self.line.insert(0, b' ');
                LinePlace::Field
            }
            (LinePlace::Name, _) if self.line.is_empty() && self.lacks_a_value() => {
                self.line.push(b' ');
                LinePlace::Field
            }
            // The byte order mark of an editor before the first field.
            (LinePlace::Name, byte)
                if is_first
                    && BYTE_ORDER_MARK
                        .strip_prefix(self.line.as_slice())
                        .and_then(<[u8]>::first)
                        == Some(&byte) =>
            {
                LinePlace::Name
            }
            // A time, "12:00:01": text, or the rest of the field above.
            (LinePlace::Name | LinePlace::Space, b':') if !is_first && is_number(&self.line) => {
                return self.no_field(&[byte]);
            }
            (LinePlace::Name | LinePlace::Space, b':') if !self.line.is_empty() => LinePlace::Field,
            (LinePlace::Name | LinePlace::Space, b' ' | b'\t') if !self.line.is_empty() => {
                LinePlace::Space
            }
            // Probably a boundary: no field of a camera begins with two dashes.
            (LinePlace::Name, b'-') if self.line == b"-" => return self.no_field(&[byte]),
            (LinePlace::Name, byte)
                if byte.is_ascii_graphic() && self.line.len() < NAME_BYTES_MAX =>
            {
                LinePlace::Name
            }
            _ => return self.no_field(&[byte]),
        };
        self.line.push(byte);
        HeaderStep::More
    }

    /// Whether the line, up to `byte`, is a parameter of the field above that firmware has folded without a blank
    /// at its start: `boundary="x"`.
    fn goes_on(&self, byte: u8) -> bool {
        let is_of_content = || self.field_above().is_some_and(|it| it.starts_with(b"content-"));
        if byte == b';' {
            return self.line.is_empty() && is_of_content();
        }
        let name = self.line.trim_ascii_end();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_*.".contains(byte);
        if name.is_empty() || !name.iter().all(is_name) {
            return false;
        }
        let name = name.to_ascii_lowercase();
        let name = name.split(|&byte| byte == b'*').next().unwrap_or_default();
        match is_of_content() {
            true => PARAMETERS.contains(&name) || name.starts_with(b"x-"),
            false => self.ends_with(b";"),
        }
    }

    /// Whether the last line ends with a parameter whose value is on the next line.
    fn lacks_a_value(&self) -> bool {
        self.ends_with(b"=")
            && !self.ends_with(b"?=")
            && self.field_above().is_some_and(|it| it.starts_with(b"content-"))
    }

    /// Whether the last complete line ends with these bytes, apart from white space.
    fn ends_with(&self, end: &[u8]) -> bool {
        self.block.trim_ascii_end().ends_with(end)
    }

    /// The beginning of the last field, in lower case.
    fn field_above(&self) -> Option<Vec<u8>> {
        let field = self.block.get(self.above?..)?;
        let field = field.get(..=NAME_BYTES_MAX).unwrap_or(field);
        let field = field.split(|&byte| byte == b'\n').next()?.trim_ascii_end();
        Some(field.get(..NAME_BYTES_MAX).unwrap_or(field).to_ascii_lowercase())
    }

    /// Ends the header at the current line, because it can be no field.
    fn no_field(&mut self, behind: &[u8]) -> HeaderStep {
        let mut body = take(&mut self.line);
        body.extend_from_slice(behind);
        HeaderStep::Ended(body)
    }

    /// Ends the current line: keeps a field, and ends the header at a blank line or at a line that is no field.
    fn end_line(&mut self, line_end: &[u8]) -> HeaderStep {
        if self.line.is_empty() {
            return HeaderStep::Ended(Vec::new());
        }
        if take(&mut self.place) != LinePlace::Field {
            return self.no_field(line_end);
        }
        let room = HEADER_BYTES_MAX.saturating_sub(self.block.len() + 1);
        if self.line.len() > room {
            self.cut = true;
            self.line.truncate(room);
        }
        if !self.line.is_empty() {
            if !matches!(self.line.first(), Some(b' ' | b'\t')) {
                self.above = Some(self.block.len());
            }
            self.block.append(&mut self.line);
            self.block.push(b'\n');
            // Most lines are short, so the memory of a long one is given back.
            self.line.shrink_to(NAME_BYTES_MAX);
        }
        HeaderStep::More
    }

    /// Takes CRs without an LF, and the byte behind them. Each is a line end if the first line ended with a CR alone.
    fn lone_returns(&mut self, behind: Option<u8>) -> HeaderStep {
        let mut returns = vec![b'\r'; take(&mut self.returns)];
        if *self.line_ends.get_or_insert(LineEnds::Return) == LineEnds::Feed {
            if self.place != LinePlace::Field {
                returns.extend(behind);
                return self.no_field(&returns);
            }
            // A stray CR in a field is white space.
            self.text(b' ');
        } else {
            while let Some(line_end) = returns.pop() {
                if let HeaderStep::Ended(mut body) = self.end_line(&[line_end]) {
                    body.append(&mut returns);
                    body.extend(behind);
                    return HeaderStep::Ended(body);
                }
            }
        }
        behind.map_or(HeaderStep::More, |byte| self.text(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines kept, and what was left over as body.
    fn read(input: &[u8]) -> (String, String) {
        let mut header = Header::default();
        let mut body = None;
        for (at, &byte) in input.iter().enumerate() {
            if let HeaderStep::Ended(mut again) = header.byte(byte) {
                again.extend_from_slice(&input[at + 1..]);
                body = Some(again);
                break;
            }
        }
        let body = body.unwrap_or_else(|| header.finish());
        let (block, _) = header.into_block();
        (String::from_utf8(block).unwrap(), String::from_utf8(body).unwrap())
    }

    #[test]
    fn a_header_ends_where_its_fields_end() {
        for (input, block, body) in [
            ("A: 1\r\nB: 2\r\n\r\nbody\r\n", "A: 1\nB: 2\n", "body\r\n"),
            ("A: 1\nB: 2\n\nbody\n", "A: 1\nB: 2\n", "body\n"),
            ("A: 1\rB: 2\r\rbody\r", "A: 1\nB: 2\n", "body\r"),
            ("A: 1\r\r\nB: 2\r\r\n\r\r\nbody", "A: 1\nB: 2\n", "body"),
            ("A: 1\n folded\n\tmore\n\nbody", "A: 1\n folded\n\tmore\n", "body"),
            ("A: 1\nno blank line\nB: 2\n", "A: 1\n", "no blank line\nB: 2\n"),
            ("A: 1\nmotion\n", "A: 1\n", "motion\n"),
            ("A : 1\n\n", "A : 1\n", ""),
            ("A: 1", "A: 1\n", ""),
            ("A: 1\nSubj", "A: 1\n", "Subj"),
            ("A: 1\n--b\n", "A: 1\n", "--b\n"),
            ("From x Mon\nA: 1\n\nb", "From x Mon\nA: 1\n", "b"),
            ("\nbody", "", "body"),
            (" body", "", " body"),
            (": x", "", ": x"),
            ("A: 1\nB: 2\rstray\n\nb", "A: 1\nB: 2 stray\n", "b"),
            ("A: 1\nB\rx: 2\n", "A: 1\n", "B\rx: 2\n"),
            ("A: 1\r\r\r\rbody", "A: 1\n", "\r\rbody"),
            (
                "Content-Type: a/b;\nboundary=\"x:y\"\nSubject: s\n\nb",
                "Content-Type: a/b;\n boundary=\"x:y\"\nSubject: s\n",
                "b",
            ),
            (
                "Content-Type: a/b\r\nCharset = x\r\nname*0=y\r\nB: 2\r\n\r\nb",
                "Content-Type: a/b\n ;Charset = x\n ;name*0=y\nB: 2\n",
                "b",
            ),
            ("Content-Type: a/b\n; name=y\nB: 2\n\n", "Content-Type: a/b\n ; name=y\nB: 2\n", ""),
            (
                "Content-Type: a/b; name=\n\"y\"\nB: 2\n\n",
                "Content-Type: a/b; name=\n \"y\"\nB: 2\n",
                "",
            ),
            (
                "Content-Type: a/b; boundary=\n----=_x\nB: 2\n\n",
                "Content-Type: a/b; boundary=\n ----=_x\nB: 2\n",
                "",
            ),
            ("Subject: =?utf-8?B?YQ==?=\n\"x\"\n", "Subject: =?utf-8?B?YQ==?=\n", "\"x\"\n"),
            ("\u{FEFF}A: 1\n\nb", "\u{FEFF}A: 1\n", "b"),
            ("\u{FEFF}text\n", "", "\u{FEFF}text\n"),
            (
                "Subject: =?utf-8?B?YQ==?=\n=?utf-8?B?Yg==?=\nB: 2\n\n",
                "Subject: =?utf-8?B?YQ==?=\n =?utf-8?B?Yg==?=\nB: 2\n",
                "",
            ),
            ("Content-Type: a/b;\nTemp=35\n", "Content-Type: a/b;\n", "Temp=35\n"),
            ("D: v=1;\nb=x\nB: 2\n", "D: v=1;\n b=x\nB: 2\n", ""),
            ("Subject: a\nb c\nFrom: x\n\nt", "Subject: a\n b c\nFrom: x\n", "t"),
            ("From: a\r\nb c\r\nMime-Version: 1\r\n\r\nt", "From: a\n b c\nMime-Version: 1\n", "t"),
            ("From: a\nb c\nFrom: x\n\nt", "From: a\n", "b c\nFrom: x\n\nt"),
            ("A: 1\nmotion\nDate: x\n", "A: 1\n", "motion\nDate: x\n"),
            ("A: 1\nmotion\n\nTo: x\n", "A: 1\n", "motion\n\nTo: x\n"),
            ("A: 1\nmotion\nTo", "A: 1\n", "motion\nTo"),
            ("A: 1\nmotion", "A: 1\n", "motion"),
            ("Content-Type: a/b\nTemp=35\n", "Content-Type: a/b\n", "Temp=35\n"),
            ("Subject: a\nname=x\n", "Subject: a\n", "name=x\n"),
            ("name=x\nSubject: a\n", "", "name=x\nSubject: a\n"),
            ("Subject: a\n;x\n", "Subject: a\n", ";x\n"),
        ] {
            assert_eq!(read(input.as_bytes()), (block.to_owned(), body.to_owned()), "{input:?}");
        }
    }

    #[test]
    fn lines_without_a_blank_go_on_where_fields_follow() {
        for (input, block, body) in [
            (
                "To: a@x,\nb@x,\nc@x\nSubject: s\nFrom: y\n\nt",
                "To: a@x,\n b@x,\n c@x\nSubject: s\nFrom: y\n",
                "t",
            ),
            (
                "Received: from a (1)\nby b\nfor <c@x>; Mon, 1 Jan 10:00:00\nDate: d\nSubject: s\n\nt",
                "Received: from a (1)\n by b\n for <c@x>; Mon, 1 Jan 10:00:00\nDate: d\nSubject: s\n",
                "t",
            ),
            (
                "Subject: a\n12:00:01 hall\nFrom: y\n\nt",
                "Subject: a\n 12:00:01 hall\nFrom: y\n",
                "t",
            ),
            ("Subject: a\nb c\nd e\nFrom: y\n\nt", "Subject: a\n b c\n d e\nFrom: y\n", "t"),
            ("Subject: a\n12:00:01 hall\n", "Subject: a\n", "12:00:01 hall\n"),
            ("Subject: a\nb c\nd e\n--b\nFrom: y\n", "Subject: a\n", "b c\nd e\n--b\nFrom: y\n"),
            ("Subject: a\nb c\nCamera: 1\nFrom: y\n", "Subject: a\n", "b c\nCamera: 1\nFrom: y\n"),
            (
                "Subject: a\nb b\nc c\nd d\ne e\nf f\nFrom: y\n",
                "Subject: a\n",
                "b b\nc c\nd d\ne e\nf f\nFrom: y\n",
            ),
        ] {
            assert_eq!(read(input.as_bytes()), (block.to_owned(), body.to_owned()), "{input:?}");
        }
    }

    #[test]
    fn any_number_of_addresses_may_stand_on_lines_of_their_own() {
        let lines = "c@example.org,\n".repeat(100);
        let (block, body) = read(format!("To: a@x,\n{lines}d@x\nSubject: s\n\nt").as_bytes());
        assert!(block.ends_with("\n c@example.org,\n d@x\nSubject: s\n"), "{block}");
        assert_eq!(body, "t");
    }

    #[test]
    fn a_header_is_kept_up_to_its_limit() {
        for (bytes, is_cut) in [(HEADER_BYTES_MAX - 1, false), (HEADER_BYTES_MAX, true)] {
            let mut header = Header::default();
            for byte in format!("A: {}\n", "x".repeat(bytes - 3)).bytes() {
                assert_eq!(header.byte(byte), HeaderStep::More);
            }
            let (block, cut) = header.into_block();
            assert_eq!((block.len(), cut), (HEADER_BYTES_MAX, is_cut));
        }
        let mut header = Header::default();
        for byte in "A: 1\n".repeat(HEADER_BYTES_MAX).bytes() {
            assert_eq!(header.byte(byte), HeaderStep::More);
        }
        let (block, cut) = header.into_block();
        assert!(cut && block.len() <= HEADER_BYTES_MAX);
    }

    #[test]
    fn a_name_is_a_name_up_to_its_limit() {
        let name = "x".repeat(NAME_BYTES_MAX);
        assert_eq!(read(format!("{name}: 1\n").as_bytes()).1, "");
        let longer = format!("x{name}: 1\n");
        assert_eq!(read(longer.as_bytes()), (String::new(), longer.clone()));
    }
}
