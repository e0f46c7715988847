//! Finds files in plain text: base64 without a MIME header, which sketches and scripts write, and uuencode. It
//! keeps the rest as text up to a limit, and of each file only its measures.

use tipoff_model::Encoding;

use crate::collect::MEDIA_MAX;
use crate::words;
use tipoff_model::file_type::{HEAD_BYTES, by_content};
use tipoff_model::label::LABEL_CHARS_MAX;
use tipoff_model::meter::Meter;
use tipoff_model::transfer::decoded;

/// Bytes of a line by which its kind is decided: more than a folded line of base64 or uuencode.
const LINE_HEAD_BYTES: usize = 192;

/// Fewest letters of base64 that begin a file. Fewer may be a word.
const BASE64_BYTES_MIN: usize = 16;

/// Letters that are decoded to recognise the file type.
const HEAD_LETTERS: usize = 64;

/// Longest folded line in bytes. Base64 in a longer line is not folded, so the next line is not part of it.
const FOLDED_BYTES_MAX: u64 = 1000;

/// Number of lines in one part that may begin a file. Later lines stay text, and the mail is unclear.
const OPENED_MAX: usize = 2 * MEDIA_MAX;

/// A part of plain text while it streams by.
#[derive(Debug)]
pub(crate) struct TextScan {
    /// Offset of the next byte, without `skipped`.
    at: u64,
    /// Bytes of the mail that a page left out before it gave its text, less those that replaced them.
    skipped: u64,
    /// The text, up to `text_bytes_max`.
    text: Vec<u8>,
    /// Size of the whole text in bytes.
    text_bytes: u64,
    text_bytes_max: usize,
    line: LinePart,
    /// The file in progress.
    file: Option<OpenFile>,
    /// The files that have ended.
    files: Vec<EmbeddedFile>,
    /// Number of lines that began a file.
    opened: usize,
    /// Whether there may be more files than were found.
    missed: bool,
}

/// Where in a line the stream is.
#[derive(Debug)]
enum LinePart {
    /// The bytes so far: too few to decide what the line is.
    Head(Vec<u8>),
    /// Behind the head. The rest belongs to the file or text that the head belongs to.
    Rest,
}

/// A file whose lines are still arriving.
#[derive(Debug)]
struct OpenFile {
    meter: Meter,
    name: Option<String>,
    /// The `begin` line of uuencode. It becomes text if no data follows it.
    lead: Vec<u8>,
    /// Size of its first line with its line end, in bytes: the others are as long.
    first_line_bytes: Option<u64>,
    /// Size of the current line so far.
    line_bytes: u64,
    /// Whether the line has padding (`=`), so that no base64 follows.
    last_line: bool,
}

/// A file that was found.
#[derive(Debug)]
pub(crate) struct EmbeddedFile {
    pub(crate) meter: Meter,
    /// The name of a `begin` line; base64 has none.
    pub(crate) name: Option<String>,
    /// Whether all of it has arrived.
    pub(crate) whole: bool,
}

/// The text and the files of a part.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// The text, up to the limit.
    pub(crate) text: Vec<u8>,
    /// Size of the whole text in bytes.
    pub(crate) text_bytes: u64,
    pub(crate) files: Vec<EmbeddedFile>,
    /// Whether the part may contain more files than `files`.
    pub(crate) missed: bool,
    /// Offset behind the last byte of the part.
    pub(crate) end: u64,
}

impl TextScan {
    /// A part at offset `at`, of which so many bytes of text are kept.
    pub(crate) fn new(at: u64, text_bytes_max: usize) -> Self {
        Self {
            at,
            skipped: 0,
            text: Vec::new(),
            text_bytes: 0,
            text_bytes_max,
            line: LinePart::Head(Vec::new()),
            file: None,
            files: Vec::new(),
            opened: 0,
            missed: false,
        }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let open = self.file.as_ref().map_or(0, |file| file.meter.held_bytes());
        let files =
            self.files.iter().map(|file| size_of::<EmbeddedFile>() + file.meter.held_bytes());
        self.text.capacity() + open + files.sum::<usize>()
    }

    /// Takes the next bytes of the part.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let plain = self.plain_lines(bytes);
            if plain > 0 {
                let (lines, rest) = bytes.split_at(plain);
                self.at += plain as u64;
                self.text(lines);
                bytes = rest;
                continue;
            }
            let line_end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
            let room = match &self.line {
                LinePart::Head(head) => LINE_HEAD_BYTES.saturating_sub(head.len()),
                LinePart::Rest => line_end,
            };
            let (piece, rest) = bytes.split_at(line_end.min(room));
            self.piece(piece);
            bytes = rest;
        }
    }

    /// Length of the whole lines at the start of `bytes` in which no file begins; 0 while a file is open. This is
    /// much faster than one line at a time.
    fn plain_lines(&self, bytes: &[u8]) -> usize {
        let at_line_start = matches!(&self.line, LinePart::Head(head) if head.is_empty());
        if !at_line_start || self.file.is_some() {
            return 0;
        }
        let mut lines = 0;
        while let Some(&first) = bytes.get(lines) {
            if first == b'\n' {
                lines += 1;
                continue;
            }
            let line = bytes.get(lines..).unwrap_or_default();
            let head = line.get(..BASE64_BYTES_MIN - 1).unwrap_or(line);
            let short = head.iter().position(|&byte| byte == b'\n');
            let may_open = self.may_open()
                && (line.starts_with(b"b") && (short.is_none() || line.starts_with(b"begin "))
                    || short.is_none() && is_base64(head));
            if may_open {
                break;
            }
            match short.or_else(|| memchr::memchr(b'\n', line)) {
                Some(end) => lines += end + 1,
                None => break,
            }
        }
        lines
    }

    /// Counts a line that begins a file. At the limit the mail is unclear from then on.
    fn count_opened(&mut self) {
        self.opened += 1;
        self.missed |= !self.may_open();
    }

    /// Whether another file is looked for.
    fn may_open(&self) -> bool {
        self.opened < OPENED_MAX
    }

    /// Puts `by` in the place of `skipped` bytes of the mail that are not text. `by` is not longer than they are.
    pub(crate) fn replace(&mut self, skipped: u64, by: &[u8]) {
        self.skipped += skipped.saturating_sub(by.len() as u64);
        self.push(by);
    }

    /// Offset of the next line in the mail.
    fn place(&self) -> u64 {
        self.at + self.skipped
    }

    /// Ends the part; `torn` says that the connection broke in it.
    pub(crate) fn finish(mut self, torn: bool) -> Scanned {
        if let LinePart::Head(head) = std::mem::replace(&mut self.line, LinePart::Rest)
            && !head.is_empty()
        {
            self.settle(&head);
        }
        let whole = |meter: &Meter| !torn || meter.is_complete();
        self.close_file(whole);
        let end = self.place();
        let Self { text, text_bytes, files, missed, .. } = self;
        Scanned { text, text_bytes, files, missed, end }
    }

    /// Takes a piece of one line, at most up to its end.
    fn piece(&mut self, piece: &[u8]) {
        let line_ended = piece.ends_with(b"\n");
        match &mut self.line {
            LinePart::Rest => {
                self.give(piece);
                if line_ended {
                    self.line = LinePart::Head(Vec::new());
                }
            }
            LinePart::Head(head) if head.is_empty() && line_ended => self.settle(piece),
            LinePart::Head(head) => {
                head.extend_from_slice(piece);
                if line_ended || head.len() >= LINE_HEAD_BYTES {
                    let head = std::mem::take(head);
                    self.line =
                        if line_ended { LinePart::Head(Vec::new()) } else { LinePart::Rest };
                    self.settle(&head);
                }
            }
        }
    }

    /// Decides what a line is by its head, and gives the head to the file that continues or begins, or to the text.
    fn settle(&mut self, head: &[u8]) {
        if let Some(file) = &self.file {
            if file.is_end(head) {
                self.at += head.len() as u64;
                self.close_file(|_| true);
                return;
            }
            if !file.goes_on(head) {
                self.close_file(|_| true);
            }
        }
        if let Some(file) = &mut self.file {
            file.begin_line();
        } else if !self.may_open() {
            // It stays text.
        } else if let Some(name) = uuencode_begin(head) {
            self.count_opened();
            self.at += head.len() as u64;
            let mut file = OpenFile::new(Encoding::Uuencode, self.place());
            file.name = Some(name);
            file.lead = head.to_vec();
            self.file = Some(file);
            return;
        } else if is_base64_of_a_file(head) {
            self.count_opened();
            self.file = Some(OpenFile::new(Encoding::Base64, self.place()));
        }
        self.give(head);
    }

    /// Gives bytes to the open file, or to the text.
    fn give(&mut self, piece: &[u8]) {
        self.at += piece.len() as u64;
        if let Some(file) = &mut self.file {
            file.push(piece);
            return;
        }
        self.text(piece);
    }

    /// Counts text and keeps it up to the limit.
    fn text(&mut self, piece: &[u8]) {
        self.text_bytes += piece.len() as u64;
        let room = self.text_bytes_max.saturating_sub(self.text.len());
        self.text.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }

    /// Ends the open file. A file without data was no file: its `begin` line is text.
    fn close_file(&mut self, whole: impl FnOnce(&Meter) -> bool) {
        let Some(OpenFile { meter, name, lead, .. }) = self.file.take() else {
            return;
        };
        if meter.size() == 0 {
            self.text(&lead);
        } else if self.files.len() < MEDIA_MAX {
            let whole = whole(&meter);
            self.files.push(EmbeddedFile { meter, name, whole });
        } else {
            self.missed = true;
        }
    }
}

impl OpenFile {
    fn new(encoding: Encoding, at: u64) -> Self {
        Self {
            meter: Meter::new(encoding, at, HEAD_BYTES),
            name: None,
            lead: Vec::new(),
            first_line_bytes: None,
            line_bytes: 0,
            last_line: false,
        }
    }

    fn push(&mut self, piece: &[u8]) {
        self.line_bytes += piece.len() as u64;
        self.last_line |= memchr::memchr(b'=', piece).is_some();
        self.meter.push(piece);
    }

    /// Begins another line. The line before is complete: a shorter one would have ended the file.
    fn begin_line(&mut self) {
        self.first_line_bytes.get_or_insert(self.line_bytes);
        self.line_bytes = 0;
    }

    /// Whether a line is the `end` of uuencode.
    fn is_end(&self, head: &[u8]) -> bool {
        self.meter.encoding == Encoding::Uuencode && head.trim_ascii_end() == b"end"
    }

    /// Whether a line continues the file. Base64 continues in lines of equal length, up to a shorter one or padding;
    /// a shorter line behind the file's own end mark is a word of text.
    fn goes_on(&self, head: &[u8]) -> bool {
        if self.meter.encoding == Encoding::Uuencode {
            return is_uuencode_line(head);
        }
        let first_line_bytes = self.first_line_bytes.unwrap_or(self.line_bytes);
        let is_short = (head.len() as u64) < first_line_bytes.min(LINE_HEAD_BYTES as u64);
        !self.last_line
            && self.line_bytes == first_line_bytes
            && first_line_bytes <= FOLDED_BYTES_MAX
            && is_base64(head)
            && !(is_short && self.meter.is_complete())
    }
}

/// Whether a line contains letters of base64 only.
fn is_base64(head: &[u8]) -> bool {
    let letters = head.trim_ascii_end();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    !letters.is_empty() && letters.iter().all(is_letter)
}

/// Whether a line of base64 begins a file of a known type.
fn is_base64_of_a_file(head: &[u8]) -> bool {
    head.len() >= BASE64_BYTES_MIN && is_base64(head) && by_content(&base64_head(head)).is_some()
}

/// The first bytes of base64, decoded.
pub(crate) fn base64_head(letters: &[u8]) -> Vec<u8> {
    decoded(Encoding::Base64, letters.get(..HEAD_LETTERS).unwrap_or(letters))
}

/// The name in `begin 644 name`; `None` for any other line.
fn uuencode_begin(head: &[u8]) -> Option<String> {
    let line = head.strip_prefix(b"begin ")?.strip_suffix(b"\n")?.trim_ascii_end();
    let digits = line.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let name = line.get(digits..)?.strip_prefix(b" ")?;
    ((3..=4).contains(&digits) && !name.is_empty() && name.len() <= LABEL_CHARS_MAX)
        .then(|| words::decode(name, None))
}

/// Whether a line has the form of uuencode: a length, then at most as many letters as it needs and a checksum.
/// Spaces at its end may have been lost, so there may be fewer.
fn is_uuencode_line(head: &[u8]) -> bool {
    let line = head.trim_ascii_end();
    let Some((&length, letters)) = line.split_first() else {
        return false;
    };
    let bytes = usize::from(length.wrapping_sub(b' ') & 0x3F);
    (b' '..=b'`').contains(&length)
        && letters.len() <= bytes.div_ceil(3) * 4 + 2
        && letters.iter().all(|letter| (b' '..=b'`').contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/";

    /// The text, and each file's range, name and whether it is whole.
    fn scan(input: &str, torn: bool) -> (String, Vec<(String, Option<String>, bool)>) {
        let mut whole = TextScan::new(0, 1000);
        whole.push(input.as_bytes());
        let whole = found(whole.finish(torn), input);
        let mut by_bytes = TextScan::new(0, 1000);
        input.as_bytes().chunks(1).for_each(|byte| by_bytes.push(byte));
        assert_eq!(found(by_bytes.finish(torn), input), whole);
        whole
    }

    fn found(scanned: Scanned, input: &str) -> (String, Vec<(String, Option<String>, bool)>) {
        assert_eq!(scanned.end, input.len() as u64);
        let files = scanned.files.into_iter().map(|file| {
            let range = file.meter.start as usize..file.meter.end as usize;
            (input[range].to_owned(), file.name, file.whole)
        });
        (String::from_utf8(scanned.text).unwrap(), files.collect())
    }

    #[test]
    fn base64_in_text_is_a_file() {
        for (input, text, data) in [
            (format!("Motion\n{JPEG}\n"), "Motion\n", format!("{JPEG}\n")),
            (
                format!("{JPEG}\n{JPEG}\n/9k=\nCamera1\n"),
                "Camera1\n",
                format!("{JPEG}\n{JPEG}\n/9k=\n"),
            ),
            (
                format!("{JPEG}\n{JPEG}\nAAAA\nCamera1\n"),
                "Camera1\n",
                format!("{JPEG}\n{JPEG}\nAAAA\n"),
            ),
            (format!("{JPEG}/9k=\nCamera1\n"), "Camera1\n", format!("{JPEG}/9k=\n")),
            (format!("{JPEG}/9kA\nCamera1\n"), "Camera1\n", format!("{JPEG}/9kA\n")),
            (
                format!("{}\nCamera1\n", JPEG.repeat(100)),
                "Camera1\n",
                format!("{}\n", JPEG.repeat(100)),
            ),
        ] {
            let (rest, files) = scan(&input, false);
            assert_eq!((rest.as_str(), files), (text, vec![(data, None, true)]), "{input}");
        }
        for text in ["/9j/ is how it begins\n", "/9j/4AAQSkZJ\n", "ABCDEFGHIJKLMNOPQRST\n"] {
            assert_eq!(scan(text, false), (text.to_owned(), vec![]));
        }
    }

    #[test]
    fn uuencode_in_text_is_a_file() {
        let name = Some("cat.txt".to_owned());
        assert_eq!(
            scan("Motion\nbegin 644 cat.txt\n#0V%T\n`\nend\nBye\n", false),
            ("Motion\nBye\n".to_owned(), vec![("#0V%T\n`\n".to_owned(), name.clone(), true)])
        );
        assert_eq!(scan("begin 644 cat.txt\n#0V%T", true).1, [("#0V%T".to_owned(), name, false)]);
        for text in ["begin 644 the meeting\nat noon, all of you\n", "begin 9 x\n", "begin\n"] {
            assert_eq!(scan(text, false), (text.to_owned(), vec![]));
        }
    }

    #[test]
    fn uuencode_begins_with_a_mode_and_a_name() {
        let longest = "n".repeat(LABEL_CHARS_MAX);
        for (line, expected) in [
            ("begin 644 a b.jpg\r\n", Some("a b.jpg")),
            ("begin 0644 a\n", Some("a")),
            ("begin 64 a\n", None),
            ("begin 00644 a\n", None),
            ("begin 648 a\n", None),
            ("begin 644 \n", None),
            ("begin 644 a", None),
            (&format!("begin 644 {longest}\n"), Some(longest.as_str())),
            (&format!("begin 644 {longest}n\n"), None),
        ] {
            assert_eq!(uuencode_begin(line.as_bytes()).as_deref(), expected, "{line:?}");
        }
    }

    #[test]
    fn a_line_of_uuencode_has_the_letters_that_its_length_takes() {
        for (line, expected) in [
            ("#0V%T\n", true),
            ("#0V%\n", true),
            ("#0V%TXX\n", true),
            ("#0V%TXXX\n", false),
            ("`\n", true),
            ("#0vat\n", false),
            ("a0V%T\n", false),
            ("\n", false),
        ] {
            assert_eq!(is_uuencode_line(line.as_bytes()), expected, "{line:?}");
        }
    }

    #[test]
    fn a_file_of_a_broken_connection_is_whole_if_it_has_its_end() {
        assert!(!scan(&format!("{JPEG}\n{JPEG}"), true).1[0].2);
        assert!(scan(&format!("{JPEG}\n/9k="), true).1[0].2);
    }

    #[test]
    fn text_is_kept_up_to_its_limit() {
        let mut scan = TextScan::new(0, 3);
        scan.push(b"four");
        let scanned = scan.finish(false);
        assert_eq!((scanned.text.as_slice(), scanned.text_bytes), (b"fou".as_slice(), 4));
    }
}
