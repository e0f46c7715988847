//! Collects texts and files of all parts of a mail, and builds its content: which text an alert shows, what each file
//! is called, which pictures are decoration. It bounds the number of files and the size of all texts.

use std::borrow::Cow;
use std::ops::Range;

use tipoff_model::{Content, Encoding, Media, MediaKind};

use crate::decoration::{PagePicture, Shown, is_decoration};
use crate::pixels::pixels;
use crate::same_words::{Text, without_repeats};
use crate::shown::{DATA, DATA_DRAWN};
use tipoff_model::file_type::{by_content, by_name, by_type, kind_of};
use tipoff_model::label::{default_label, label};

/// Number of files of a mail. More files are in the raw mail only, which is then sent along.
pub(crate) const MEDIA_MAX: usize = 200;

/// Text of all parts, before it is decoded to UTF-8. A longer text is also a file.
pub(crate) const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Bytes of text that are read in all parts together, before markup is removed: reading a byte of an HTML page takes
/// much longer than skipping one.
const READ_BYTES_MAX: usize = 4 * TEXT_BYTES_MAX;

/// The text of a part counts as at least this many bytes, which bounds the number of very short parts too.
const PIECE_BYTES_MIN: usize = 64;

/// Bytes behind the last part that are ignored. More may hide something, and the mail is unclear.
pub(crate) const HIDDEN_BYTES_MAX: u64 = 1000;

/// Characters of a text file that are shown if the mail has no other text.
const FILE_CHARS_SHOWN: usize = 4000;

/// A longer subject is cut.
pub(crate) const SUBJECT_CHARS_MAX: usize = 1000;

/// Where text is that belongs to no part (RFC 2046, section 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    /// Before the first part.
    Preamble,
    /// Behind the last part.
    Epilogue,
}

/// A file of a mail.
#[derive(Debug)]
pub(crate) struct FoundFile<'a> {
    /// File name by the device.
    pub(crate) name: Option<String>,
    /// Declared content type.
    pub(crate) content_type: Option<String>,
    /// Its first bytes, decoded.
    pub(crate) head: &'a [u8],
    /// Byte range of the encoded file in the mail.
    pub(crate) range: Range<u64>,
    pub(crate) encoding: Encoding,
    /// Decoded size in bytes.
    pub(crate) size: u64,
    /// Whether all of it has arrived.
    pub(crate) whole: bool,
    /// Names by which an HTML page refers to it.
    pub(crate) page_names: Vec<String>,
    /// Whether a page may show it without a name of it that is known.
    pub(crate) is_of_page: bool,
}

/// A picture that a page may show, and that may be decoration.
#[derive(Debug)]
struct OfPage {
    /// Index among the files.
    index: usize,
    /// Its file name, and the names by which a page refers to it.
    names: Vec<String>,
    /// Width and height; `None` if its first bytes do not contain them.
    pixels: Option<(u32, u32)>,
    /// Whether it belongs to a page; any other picture is decoration only if a page shows it by name.
    is_of_page: bool,
}

/// Memory of a short text in bytes, with the allocator's share.
const SHORT_TEXT_BYTES: usize = 32;

/// The texts and files that were found so far.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    subject: Option<String>,
    /// Texts of parts, in order.
    texts: Vec<Text>,
    /// Size of `texts`, each counted as at least [`PIECE_BYTES_MIN`].
    text_bytes: usize,
    /// Bytes that were read as text, with markup.
    read_bytes: usize,
    /// Texts before the first part of a multipart.
    preambles: Vec<String>,
    /// Texts behind the last part of a multipart.
    epilogues: Vec<String>,
    /// Size of both, counted as `text_bytes` is.
    outside_bytes: usize,
    /// Text of the first text file.
    text_of_file: Option<String>,
    /// Files, in order.
    media: Vec<Media>,
    /// The pictures among them that may be decoration.
    of_page: Vec<OfPage>,
    /// Whether the mail has an HTML page.
    has_page: bool,
    /// Pictures that its pages show, at most [`MEDIA_MAX`].
    shown: Vec<Shown>,
    /// Memory of all texts and names in bytes.
    letters: usize,
    /// Whether something may be missing, so that the raw mail has to be sent along.
    pub(crate) unclear: bool,
}

impl Collector {
    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.letters
            + self.texts.capacity() * size_of::<Text>()
            + (self.preambles.capacity() + self.epilogues.capacity()) * size_of::<String>()
            + self.media.capacity() * size_of::<Media>()
            + self.of_page.capacity() * size_of::<OfPage>()
            + self.shown.capacity() * size_of::<Shown>()
    }

    /// Counts the memory of texts, each with at least what the allocator takes for it.
    fn count_letters<'a>(&mut self, texts: impl IntoIterator<Item = &'a String>) {
        let bytes = |text: &String| text.capacity().max(SHORT_TEXT_BYTES);
        self.letters += texts.into_iter().map(bytes).sum::<usize>();
    }

    /// Bytes of text in parts that are still accepted.
    pub(crate) fn text_bytes_left(&self) -> usize {
        let read = READ_BYTES_MAX.saturating_sub(self.read_bytes);
        TEXT_BYTES_MAX.saturating_sub(self.text_bytes).min(read)
    }

    /// Bytes of text outside of parts that are still accepted.
    pub(crate) fn outside_bytes_left(&self) -> usize {
        let read = READ_BYTES_MAX.saturating_sub(self.read_bytes);
        TEXT_BYTES_MAX.saturating_sub(self.outside_bytes).min(read)
    }

    /// Counts bytes that are read as text, before markup is removed.
    pub(crate) fn count_read(&mut self, bytes: usize) {
        self.read_bytes += bytes;
    }

    /// Whether no text file was found yet, so that the next one may be shown.
    pub(crate) fn wants_text_of_file(&self) -> bool {
        self.text_of_file.is_none()
    }

    /// Adds the subject of the mail, or of a mail inside it: an inner subject is text if the outer mail has a subject.
    pub(crate) fn add_subject(&mut self, subject: &str) {
        let subject: String = subject.chars().take(SUBJECT_CHARS_MAX).collect();
        if subject.is_empty() {
            return;
        }
        if self.subject.is_none() {
            self.subject = Some(subject);
        } else {
            self.add_text(Text { group: None, is_html: false, text: subject });
        }
    }

    /// Adds the text of a part. Texts over the limit are dropped: their parts are files as well.
    pub(crate) fn add_text(&mut self, text: Text) {
        let bytes = text.text.len().max(PIECE_BYTES_MIN);
        let text = Text { text: tidy(&text.text), ..text };
        if !text.text.is_empty() && self.text_bytes < TEXT_BYTES_MAX {
            self.text_bytes += bytes;
            self.count_letters([&text.text]);
            self.texts.push(text);
        }
    }

    /// Adds text outside of the parts. It is used only if no part has text.
    pub(crate) fn add_outside(&mut self, outside: Outside, text: &str) {
        let text = tidy(text);
        if !text.is_empty() && self.outside_bytes < TEXT_BYTES_MAX {
            self.outside_bytes += text.len().max(PIECE_BYTES_MIN);
            self.count_letters([&text]);
            match outside {
                Outside::Preamble => self.preambles.push(text),
                Outside::Epilogue => self.epilogues.push(text),
            }
        }
    }

    /// Adds the text of a file. It is used only if there is no other text: a NAS mails its log so.
    pub(crate) fn add_text_of_file(&mut self, text: &str) {
        if self.text_of_file.is_none() {
            let text = beginning(&tidy(text));
            self.count_letters([&text]);
            self.text_of_file = Some(text).filter(|text| !text.is_empty());
        }
    }

    /// Adds a file. Its type is decided by its bytes, then by its declared type, then by its name; a declared
    /// `application/octet-stream` counts as none. An empty file is dropped.
    pub(crate) fn add_file(&mut self, file: FoundFile<'_>) {
        if self.media.len() == MEDIA_MAX {
            self.unclear = true;
            return;
        }
        if file.range.is_empty() || file.size == 0 {
            return;
        }
        let declared = file.content_type.filter(|it| it != "application/octet-stream");
        let file_type = by_content(file.head)
            .or_else(|| by_type(declared.as_deref()?))
            .or_else(|| if declared.is_some() { None } else { by_name(file.name.as_deref()?) });
        let (content_type, kind) = match (file_type, declared) {
            (Some(file_type), _) => (file_type.content_type.to_owned(), file_type.kind),
            (None, Some(declared)) => (declared.clone(), kind_of(&declared)),
            (None, None) => ("application/octet-stream".to_owned(), kind_of("")),
        };
        let given = file.name.and_then(|name| label(&name, file_type));
        if matches!(kind, MediaKind::Picture | MediaKind::Animation) {
            let mut names = file.page_names;
            names.extend(given.as_deref().map(str::to_lowercase));
            let (pixels, is_of_page) = (pixels(file.head), file.is_of_page);
            self.letters += names.capacity() * size_of::<String>();
            self.count_letters(&names);
            self.of_page.push(OfPage { index: self.media.len(), names, pixels, is_of_page });
        }
        let name = given.unwrap_or_else(|| {
            let number = 1 + self.media.iter().filter(|media| media.kind == kind).count();
            default_label(kind, file_type, number)
        });
        self.count_letters([&name, &content_type]);
        self.media.push(Media {
            name,
            content_type,
            kind,
            range: file.range,
            encoding: file.encoding,
            size: file.size,
            whole: file.whole,
            repeat: false,
            decoration: false,
        });
    }

    /// Adds the pictures that an HTML page shows.
    pub(crate) fn add_page(&mut self, pictures: Vec<Shown>) {
        self.has_page = true;
        let room = MEDIA_MAX.saturating_sub(self.shown.len());
        let before = self.shown.len();
        self.shown.extend(pictures.into_iter().take(room));
        let new = self.shown.iter().skip(before).flat_map(|shown| [&shown.source, &shown.words]);
        self.letters += new.map(|text| text.capacity().max(SHORT_TEXT_BYTES)).sum::<usize>();
    }

    /// Whether a page has a picture in a `data:` address that was not found.
    fn misses_data(&self) -> bool {
        let is_known =
            |source: &String| self.of_page.iter().any(|picture| picture.names.contains(source));
        self.shown
            .iter()
            .map(|shown| &shown.source)
            .any(|source| source.starts_with(DATA) && source != DATA_DRAWN && !is_known(source))
    }

    /// Marks pictures that only decorate an HTML page, in a mail with text.
    fn mark_decoration(&mut self) {
        let is_only = self.of_page.len() == 1;
        for picture in &self.of_page {
            let Some(media) = self.media.get_mut(picture.index) else {
                continue;
            };
            let is_it = |shown: &&Shown| picture.names.contains(&shown.source);
            let shown = self.shown.iter().find(is_it);
            let found = PagePicture {
                content_type: &media.content_type,
                names: &picture.names,
                pixels: picture.pixels,
                shown,
                is_only,
            };
            if (shown.is_some() || picture.is_of_page && self.has_page) && is_decoration(&found) {
                media.decoration = true;
                media.kind = MediaKind::File;
            }
        }
    }

    /// The content of the mail. Its text is that of its parts; without any, that before the parts, then that behind
    /// them, then the beginning of a text file. Without text no picture is decoration: it may be the alert.
    pub(crate) fn into_content(mut self) -> Content {
        let mut texts = without_repeats(std::mem::take(&mut self.texts));
        let is_hidden = |text: &String| {
            let blank = text.bytes().filter(u8::is_ascii_whitespace).count();
            (text.len() - blank) as u64 > HIDDEN_BYTES_MAX
        };
        let epilogue_hides = self.epilogues.iter().any(is_hidden);
        let mut unclear = self.unclear || self.misses_data();
        if !texts.is_empty() {
            unclear |= epilogue_hides;
        } else if !self.preambles.is_empty() {
            unclear |= epilogue_hides;
            texts.append(&mut self.preambles);
        } else if !self.epilogues.is_empty() {
            texts.append(&mut self.epilogues);
        } else {
            texts.extend(self.text_of_file.take());
        }
        if !texts.is_empty() {
            self.mark_decoration();
        }
        Content {
            subject: self.subject.unwrap_or_default(),
            text: texts.join("\n\n"),
            media: self.media,
            unclear,
            details: None,
            camera: None,
            late: false,
        }
    }
}

/// The first lines of the text of a file. The whole text stays in the file.
fn beginning(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(FILE_CHARS_SHOWN) else {
        return text.to_owned();
    };
    let cut = text.get(..end).unwrap_or(text);
    let lines = cut.rsplit_once('\n').map_or(cut, |(lines, _)| lines);
    format!("{lines}\n…")
}

/// Cleans a text: lines end with `\n` and without white space, control characters are removed, and at most one
/// blank line stands between two others, none before the first and behind the last.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    for line in lines.flat_map(|line| line.split('\r')) {
        let is_control = |c: char| c != '\t' && c.is_control();
        // White space before a control character at the end is at the end without it.
        let line = match line.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')) {
            true => Cow::Borrowed(line),
            false => Cow::Owned(line.replace(is_control, "")),
        };
        tidy.push_str(line.trim_end());
        if !tidy.is_empty() && !tidy.ends_with("\n\n") {
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    // The text stays in memory until the mail ends.
    tidy.shrink_to_fit();
    tidy
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str, is_html: bool, group: Option<usize>) -> Text {
        Text { group, is_html, text: text.to_owned() }
    }

    #[test]
    fn plain_text_is_preferred_among_alternatives() {
        for (texts, expected) in [
            (vec![text("plain", false, Some(1)), text("html", true, Some(1))], "plain"),
            (vec![text(" \r\n", false, Some(1)), text("html", true, Some(1))], "html"),
            (vec![text("a", false, Some(1)), text("b", true, Some(2))], "a\n\nb"),
            (vec![text("a", false, None), text("b", true, None)], "a\n\nb"),
            (vec![text("same", false, None), text("same", true, None)], "same"),
        ] {
            let mut found = Collector::default();
            texts.into_iter().for_each(|text| found.add_text(text));
            assert_eq!(found.into_content().text, expected);
        }
    }

    #[test]
    fn text_is_tidy() {
        assert_eq!(tidy("\r\n\ta \r\nb\0\rc\n\n"), "\ta\nb\nc");
        assert_eq!(tidy("a\n \n\n\nb\n\nc"), "a\n\nb\n\nc");
        assert_eq!(tidy(" \n\t\n"), "");
        assert_eq!(tidy("a\r\r\nb\rc\r"), "a\n\nb\nc");
        assert_eq!(tidy("a \0\n \u{7f}\nb"), "a\n\nb");
        assert_eq!(tidy("T\u{fc}r\u{85}\u{7f}x\r\n"), "T\u{fc}rx");
    }

    /// Text with everything that is tidied.
    const UNTIDY: &str = "[ab\u{e9}\u{4eba}\u{0}\u{b}\u{7f}\u{85}\u{3000}\t\r\n\n ]{0,40}";

    /// Paragraphs of lines, which may be indented.
    fn paragraphs() -> impl Strategy<Value = Vec<Vec<String>>> {
        let line = "[ \\t]{0,2}[a\u{e9}](  ?[b\u{4eba}])?";
        vec(vec(line, 1..4), 0..4)
    }

    fn is_visible(c: char) -> bool {
        !c.is_control() && !c.is_whitespace()
    }

    proptest! {
        #[test]
        fn tidy_text_has_no_needless_white_space(text in UNTIDY) {
            let tidied = tidy(&text);
            prop_assert!(!tidied.contains(|c: char| c.is_control() && c != '\t' && c != '\n'));
            prop_assert!(tidied.split('\n').all(|line| !line.ends_with(char::is_whitespace)));
            prop_assert!(!tidied.starts_with('\n') && !tidied.ends_with('\n'));
            prop_assert!(!tidied.contains("\n\n\n"));
        }

        #[test]
        fn tidy_text_stays_as_it_is(text in UNTIDY) {
            let tidied = tidy(&text);
            prop_assert_eq!(tidy(&tidied), tidied);
        }

        #[test]
        fn nothing_that_is_visible_is_lost(text in UNTIDY) {
            let tidied = tidy(&text);
            let visible = |text: &str| text.chars().filter(|&c| is_visible(c)).collect::<String>();
            prop_assert_eq!(visible(&tidied), visible(&text));
        }

        #[test]
        fn lines_paragraphs_and_indents_stay(paragraphs in paragraphs(), end in "\n|\r|\r\n", blanks in 1..4_usize) {
            let joined = |end: &str, blanks: usize| {
                let lines = paragraphs.iter().map(|lines| lines.join(end));
                lines.collect::<Vec<_>>().join(&end.repeat(blanks + 1))
            };
            prop_assert_eq!(tidy(&joined(&end, blanks)), joined("\n", 1));
        }
    }

    #[test]
    fn of_a_file_the_beginning_is_shown() {
        for (text, expected) in [
            ("ä".repeat(FILE_CHARS_SHOWN), "ä".repeat(FILE_CHARS_SHOWN)),
            (format!("x\n{}", "y".repeat(FILE_CHARS_SHOWN)), "x\n…".to_owned()),
        ] {
            let mut found = Collector::default();
            found.add_text_of_file(&text);
            found.add_text_of_file("another");
            assert_eq!(found.into_content().text, expected);
        }
    }

    #[test]
    fn only_the_first_text_file_with_text_is_wanted() {
        let mut found = Collector::default();
        assert!(found.wants_text_of_file());
        found.add_text_of_file(" \n");
        assert!(found.wants_text_of_file());
        found.add_text_of_file("log");
        assert!(!found.wants_text_of_file());
    }

    #[test]
    fn kept_text_and_read_text_have_limits_of_their_own() {
        let left = |found: &Collector| (found.text_bytes_left(), found.outside_bytes_left());
        let mut found = Collector::default();
        assert_eq!(left(&found), (TEXT_BYTES_MAX, TEXT_BYTES_MAX));
        assert_eq!((TEXT_BYTES_MAX, READ_BYTES_MAX), (65_536, 262_144));
        found.add_text(text(&"a".repeat(1000), false, None));
        found.add_text(text("b", true, None));
        found.add_outside(Outside::Preamble, &"c".repeat(100));
        found.add_outside(Outside::Epilogue, "d");
        let (in_parts, outside) = (1000 + PIECE_BYTES_MIN, 100 + PIECE_BYTES_MIN);
        assert_eq!(left(&found), (TEXT_BYTES_MAX - in_parts, TEXT_BYTES_MAX - outside));
        found.count_read(READ_BYTES_MAX - 10);
        assert_eq!(left(&found), (10, 10), "what was read counts, with markup");
        found.count_read(100);
        assert_eq!(left(&found), (0, 0));
    }

    #[test]
    fn text_outside_of_parts_counts_only_without_other_text() {
        let long = "z".repeat(HIDDEN_BYTES_MAX as usize + 1);
        for (part, preamble, epilogue, expected, unclear) in [
            ("part", "before", "behind", "part", false),
            ("", "before", "behind", "before", false),
            ("", "", "behind", "behind", false),
            ("part", "before", &long, "part", true),
            ("", "before", &long, "before", true),
            ("", "", &long, &long, false),
        ] {
            let mut found = Collector::default();
            found.add_text(text(part, false, None));
            found.add_outside(Outside::Preamble, preamble);
            found.add_outside(Outside::Epilogue, epilogue);
            let content = found.into_content();
            assert_eq!(
                (content.text.as_str(), content.unclear),
                (expected, unclear),
                "{part} {preamble}"
            );
        }
    }

    /// A file of one byte with this beginning.
    fn file(head: &[u8]) -> FoundFile<'_> {
        FoundFile {
            name: None,
            content_type: None,
            head,
            range: 0..1,
            encoding: Encoding::Identity,
            size: 1,
            whole: true,
            page_names: Vec::new(),
            is_of_page: false,
        }
    }

    #[test]
    fn the_memory_of_texts_files_and_pictures_is_counted() {
        let long = "a".repeat(1000);
        let shown = || Shown { source: "cid:1".to_owned(), ..Shown::default() };
        type Step<'a> = (&'a dyn Fn(&mut Collector), usize);
        let steps: [Step<'_>; 7] = [
            (&|it| it.add_text(text(&long, false, None)), 1000 + size_of::<Text>()),
            (&|it| it.add_outside(Outside::Preamble, "c"), SHORT_TEXT_BYTES + size_of::<String>()),
            (&|it| it.add_outside(Outside::Epilogue, &long), 1000 + size_of::<String>()),
            (&|it| it.add_text_of_file(&long), 1000),
            (&|it| it.add_file(file(b"x")), 2 * SHORT_TEXT_BYTES + size_of::<Media>()),
            (
                &|it| it.add_file(FoundFile { page_names: vec![long.clone()], ..file(b"GIF89a") }),
                1000 + size_of::<OfPage>(),
            ),
            (&|it| it.add_page(vec![shown()]), 2 * SHORT_TEXT_BYTES + size_of::<Shown>()),
        ];
        let mut found = Collector::default();
        assert_eq!(found.held_bytes(), 0);
        for (number, (step, bytes)) in steps.into_iter().enumerate() {
            let before = found.held_bytes();
            step(&mut found);
            let more = found.held_bytes() - before;
            // The first element of a vector makes room for four.
            assert!((bytes..=4 * bytes + 4 * SHORT_TEXT_BYTES).contains(&more), "{number}: {more}");
        }
    }

    #[test]
    fn files_are_told_up_to_their_limit() {
        let mut found = Collector::default();
        for number in 0..=MEDIA_MAX as u64 {
            assert!(!found.unclear, "{number}");
            found.add_file(FoundFile { range: number..number + 1, ..file(b"x") });
        }
        let content = found.into_content();
        assert!(content.unclear);
        assert_eq!(content.media.len(), MEDIA_MAX);
        assert_eq!(content.media[MEDIA_MAX - 1].name, "file-200.bin");
    }

    #[test]
    fn subjects_are_cut_at_their_limit() {
        for (chars, expected) in [(SUBJECT_CHARS_MAX, SUBJECT_CHARS_MAX), (1001, 1000)] {
            let mut found = Collector::default();
            found.add_subject(&"ä".repeat(chars));
            assert_eq!(found.into_content().subject.chars().count(), expected);
        }
    }
}
