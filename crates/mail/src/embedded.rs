//! Files that stand in the midst of plain text: base64 without a MIME header, which sketches and
//! scripts write, and uuencode. What is left is the text. Keeps that up to a limit, and no file.

use tipoff_model::Encoding;
use tipoff_model::transfer::Decoder;

use crate::collect::MEDIA_MAX;
use crate::label::LABEL_CHARS_MAX;
use crate::meter::Meter;
use crate::words;
use tipoff_model::file_type::{HEAD_BYTES, by_content};

/// The beginning of a line that tells what the line is; more than a line of base64 or uuencode.
const LINE_HEAD_BYTES: usize = 192;

/// Fewer letters in a line may be a word.
const BASE64_BYTES_MIN: usize = 16;

/// As many letters are decoded to tell what begins.
const HEAD_LETTERS: usize = 64;

/// Base64 in longer lines is not folded: a line that follows is not part of it.
const FOLDED_BYTES_MAX: u64 = 1000;

/// Lines of one part that begin a file; of more it is not known whether they do.
const OPENED_MAX: usize = 2 * MEDIA_MAX;

/// A part of plain text while it streams by.
#[derive(Debug)]
pub(crate) struct TextScan {
    at: u64,
    /// Bytes that were not given, without what took their place.
    skipped: u64,
    text: Vec<u8>,
    text_bytes: u64,
    text_bytes_max: usize,
    line: LinePart,
    file: Option<OpenFile>,
    files: Vec<EmbeddedFile>,
    /// Lines that began a file.
    opened: usize,
    missed: bool,
}

#[derive(Debug)]
enum LinePart {
    /// Not enough of it to tell what it is.
    Head(Vec<u8>),
    /// The rest goes where the head went.
    Rest,
}

#[derive(Debug)]
struct OpenFile {
    meter: Meter,
    name: Option<String>,
    /// The line that opened it, which is text after all where nothing follows.
    lead: Vec<u8>,
    /// With their line ends.
    first_line_bytes: Option<u64>,
    line_bytes: u64,
    /// No base64 follows the line.
    last_line: bool,
}

/// A file that was found.
#[derive(Debug)]
pub(crate) struct EmbeddedFile {
    pub(crate) meter: Meter,
    pub(crate) name: Option<String>,
    pub(crate) whole: bool,
}

/// All that was found.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// Up to the limit.
    pub(crate) text: Vec<u8>,
    /// All of it.
    pub(crate) text_bytes: u64,
    pub(crate) files: Vec<EmbeddedFile>,
    /// There were more files than are told.
    pub(crate) missed: bool,
    /// Where the part ended.
    pub(crate) end: u64,
}

impl TextScan {
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

    /// Bytes of memory that it holds.
    pub(crate) fn held_bytes(&self) -> usize {
        let open = self.file.as_ref().map_or(0, |file| file.meter.held_bytes());
        let files =
            self.files.iter().map(|file| size_of::<EmbeddedFile>() + file.meter.held_bytes());
        self.text.capacity() + open + files.sum::<usize>()
    }

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

    /// How many of the first bytes are whole lines in which no file begins, where none is open: looked at more
    /// quickly than one by one.
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

    fn count_opened(&mut self) {
        self.opened += 1;
        self.missed |= !self.may_open();
    }

    /// Whether another file may be looked for.
    fn may_open(&self) -> bool {
        self.opened < OPENED_MAX
    }

    /// Bytes that were not given stand here, in a line that is text; `by`, which is no longer, takes
    /// their place.
    pub(crate) fn replace(&mut self, skipped: u64, by: &[u8]) {
        self.skipped += skipped.saturating_sub(by.len() as u64);
        self.push(by);
    }

    /// Where the next line stands in the stream.
    fn place(&self) -> u64 {
        self.at + self.skipped
    }

    /// The part ended; `torn`: because the connection broke.
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

    /// A line's head is there: to a file that goes on or begins, or to the text.
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

    fn give(&mut self, piece: &[u8]) {
        self.at += piece.len() as u64;
        if let Some(file) = &mut self.file {
            file.push(piece);
            return;
        }
        self.text(piece);
    }

    fn text(&mut self, piece: &[u8]) {
        self.text_bytes += piece.len() as u64;
        let room = self.text_bytes_max.saturating_sub(self.text.len());
        self.text.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }

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

    /// The line before is complete: were it the last, it would be the shorter one.
    fn begin_line(&mut self) {
        self.first_line_bytes.get_or_insert(self.line_bytes);
        self.line_bytes = 0;
    }

    fn is_end(&self, head: &[u8]) -> bool {
        self.meter.encoding == Encoding::Uuencode && head.trim_ascii_end() == b"end"
    }

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

fn is_base64(head: &[u8]) -> bool {
    let letters = head.trim_ascii_end();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    !letters.is_empty() && letters.iter().all(is_letter)
}

fn is_base64_of_a_file(head: &[u8]) -> bool {
    head.len() >= BASE64_BYTES_MIN && is_base64(head) && by_content(&base64_head(head)).is_some()
}

/// What the first letters say.
pub(crate) fn base64_head(letters: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    let mut decoder = Decoder::new(Encoding::Base64);
    decoder.push(letters.get(..HEAD_LETTERS).unwrap_or(letters), &mut head);
    decoder.finish(&mut head);
    head
}

/// `begin 644 name`
fn uuencode_begin(head: &[u8]) -> Option<String> {
    let line = head.strip_prefix(b"begin ")?.strip_suffix(b"\n")?.trim_ascii_end();
    let digits = line.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let name = line.get(digits..)?.strip_prefix(b" ")?;
    ((3..=4).contains(&digits) && !name.is_empty() && name.len() <= LABEL_CHARS_MAX)
        .then(|| words::decode(name, None))
}

/// A length, and no more letters than it takes (and a checksum): fewer, where spaces went lost.
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
