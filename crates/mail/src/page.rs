//! Reads a page of HTML while it streams by: its text without the pictures in its addresses, and the byte range of
//! each picture in the mail. In the text a number stands for each picture. A page that is itself encoded is decoded
//! block by block, and the place of a decoded byte is searched for in the encoded bytes.

use tipoff_model::Encoding;
use tipoff_model::file_type::by_content;
use tipoff_model::transfer::Decoder;

use crate::address::{DataFinder, DataStep};
use crate::collect::MEDIA_MAX;
use crate::embedded::{Scanned, TextScan};
use crate::pixels::PIXELS_HEAD_BYTES;
use tipoff_model::meter::Meter;

/// Encoded bytes that are decoded at once. The place of a decoded byte is searched for in two such blocks.
const BLOCK_BYTES: usize = 4096;

/// Encoded bytes that are decoded at once during that search.
const PIECE_BYTES: usize = 128;

/// Number of addresses with data that are examined in one page, also those that are no pictures. The limit bounds
/// time: each place in an encoded page costs a search.
const LOOKED_FOR_MAX: usize = 2 * MEDIA_MAX;

/// A page while it streams by.
#[derive(Debug)]
pub(crate) struct PageScan {
    /// Offset of the page in the mail.
    start: u64,
    /// Offset of the next byte in the mail.
    at: u64,
    finder: DataFinder,
    /// Collects the text, and files that are in it outside of addresses.
    text: TextScan,
    /// The picture in progress.
    open: Option<PageFile>,
    /// The pictures that have ended.
    files: Vec<PageFile>,
    /// Number of addresses that may still be examined.
    left: usize,
    /// Whether the page may contain more pictures than `files`.
    missed: bool,
    /// Whether the last data was media, and whether it is in `files`.
    last: (bool, bool),
    /// `None` if the page is not encoded.
    encoded: Option<Encoded>,
}

/// The decoding of a page.
#[derive(Debug)]
struct Encoded {
    encoding: Encoding,
    decoder: Decoder,
    /// Encoded bytes of the current block.
    block: Vec<u8>,
    /// Encoded bytes of the block before it.
    before: Vec<u8>,
    /// The decoder at the start of the block before.
    before_decoder: Decoder,
    /// Number of decoded bytes of the block before.
    before_decoded: usize,
    /// Number of decoded bytes of all blocks.
    size: u64,
}

/// A picture in an address of the page.
#[derive(Debug)]
pub(crate) struct PageFile {
    pub(crate) meter: Meter,
    /// The content type that the address declares; it may be empty.
    pub(crate) content_type: String,
    /// Its number in the text of the page: its offset in the mail, so that no two are equal.
    pub(crate) number: u64,
    /// Whether all of it has arrived.
    pub(crate) whole: bool,
}

/// The text and the pictures of a page.
#[derive(Debug)]
pub(crate) struct ScannedPage {
    /// The text, and the files in it outside of addresses.
    pub(crate) scanned: Scanned,
    /// The pictures in addresses, in order.
    pub(crate) files: Vec<PageFile>,
    /// Whether the page may contain more pictures: too many, or one whose data is escaped.
    pub(crate) missed: bool,
    /// Decoded size of the page in bytes.
    pub(crate) size: u64,
}

impl PageScan {
    pub(crate) fn new(encoding: Encoding, at: u64, text_bytes_max: usize) -> Self {
        let decoder = Decoder::new(encoding);
        let encoded = (encoding != Encoding::Identity).then(|| Encoded {
            encoding,
            decoder: decoder.clone(),
            block: Vec::new(),
            before: Vec::new(),
            before_decoder: decoder,
            before_decoded: 0,
            size: 0,
        });
        Self {
            start: at,
            at,
            finder: DataFinder::default(),
            text: TextScan::new(at, text_bytes_max),
            open: None,
            files: Vec::new(),
            left: LOOKED_FOR_MAX,
            missed: false,
            last: (false, false),
            encoded,
        }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let files = self.files.iter().chain(&self.open);
        let files = files
            .map(|file| size_of::<PageFile>() + file.content_type.len() + file.meter.held_bytes());
        let encoded = self.encoded.as_ref().map_or(0, |it| it.block.len() + it.before.len());
        self.text.held_bytes() + files.sum::<usize>() + encoded
    }

    /// How the page is encoded.
    pub(crate) fn encoding(&self) -> Encoding {
        self.encoded.as_ref().map_or(Encoding::Identity, |encoded| encoded.encoding)
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        let Some(mut encoded) = self.encoded.take() else {
            return self.plain(bytes);
        };
        while !bytes.is_empty() {
            let room = BLOCK_BYTES.saturating_sub(encoded.block.len()).min(bytes.len());
            let (piece, rest) = bytes.split_at(room);
            encoded.block.extend_from_slice(piece);
            bytes = rest;
            if encoded.block.len() == BLOCK_BYTES {
                self.block(&mut encoded, false);
            }
        }
        self.encoded = Some(encoded);
    }

    /// The part ended; `torn`: because the connection broke.
    pub(crate) fn finish(mut self, torn: bool) -> ScannedPage {
        let mut size = None;
        if let Some(mut encoded) = self.encoded.take() {
            self.block(&mut encoded, true);
            size = Some(encoded.size);
        }
        if self.finder.is_in_tail() {
            self.tail(false);
        }
        self.close(|meter| !torn || meter.is_complete());
        let mut scanned = self.text.finish(torn);
        if size.is_some() {
            // An offset in the decoded page is no offset in the mail.
            self.missed |= !scanned.files.is_empty();
            scanned.files.clear();
        }
        scanned.end = self.at;
        let size = size.unwrap_or(self.at - self.start);
        ScannedPage { scanned, files: self.files, missed: self.missed, size }
    }

    /// Reads bytes of a page that is not encoded.
    fn plain(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let in_data = self.finder.is_in_data();
            let in_tail = self.finder.is_in_tail();
            let found = self.look(bytes);
            let taken = match &found {
                DataStep::Begin(taken, _) | DataStep::End(taken) | DataStep::Tail(taken, _) => {
                    *taken
                }
                DataStep::Nothing => bytes.len(),
            };
            let (piece, rest) = bytes.split_at(taken);
            self.at += taken as u64;
            match &mut self.open {
                Some(file) if in_data => file.meter.push(piece),
                _ if in_tail => self.text.replace(taken as u64, b""),
                _ => self.text.push(piece),
            }
            match found {
                DataStep::Begin(_, content_type) => {
                    self.open(Encoding::Base64, self.at, content_type)
                }
                DataStep::End(_) => self.close(|_| true),
                DataStep::Tail(_, is_harmless) => self.tail(is_harmless),
                DataStep::Nothing => {}
            }
            bytes = rest;
        }
    }

    /// Decodes and reads a block of an encoded page.
    fn block(&mut self, encoded: &mut Encoded, is_last: bool) {
        let decoder_then = encoded.decoder.clone();
        let mut decoded = Vec::new();
        encoded.decoder.push(&encoded.block, &mut decoded);
        if is_last {
            encoded.decoder.finish(&mut decoded);
        }
        encoded.size += decoded.len() as u64;
        let block_start = self.at;
        self.at += encoded.block.len() as u64;
        // Offset in the block where the picture in progress continues, and of the decoded bytes that are done.
        let mut from = 0;
        let mut done = 0;
        while let Some(rest) = decoded.get(done..).filter(|rest| !rest.is_empty()) {
            let is_text = !self.finder.is_in_data() && !self.finder.is_in_tail();
            let found = self.look(rest);
            let taken = match &found {
                DataStep::Begin(taken, _) | DataStep::End(taken) | DataStep::Tail(taken, _) => {
                    *taken
                }
                DataStep::Nothing => rest.len(),
            };
            if let Some(piece) = rest.get(..taken)
                && is_text
            {
                self.text.push(piece);
            }
            done += taken;
            match found {
                DataStep::Begin(_, content_type) => {
                    let comma = encoded.place(done.saturating_sub(1)).0;
                    let back = encoded.before.len();
                    let start = (block_start + comma as u64).saturating_sub(back as u64);
                    self.open(encoded.nested(), start, content_type);
                    if let Some(file) = &mut self.open {
                        file.meter.push(encoded.before.get(comma..).unwrap_or_default());
                    }
                    from = comma.saturating_sub(back);
                }
                DataStep::End(_) => {
                    let end = encoded.place(done).1.saturating_sub(encoded.before.len());
                    if let Some(file) = &mut self.open {
                        file.meter.push(encoded.block.get(from..end).unwrap_or_default());
                    }
                    from = end.max(from);
                    self.close(|_| true);
                }
                DataStep::Tail(_, is_harmless) => self.tail(is_harmless),
                DataStep::Nothing => {}
            }
        }
        if let Some(file) = &mut self.open {
            file.meter.push(encoded.block.get(from..).unwrap_or_default());
        }
        encoded.before_decoder = decoder_then;
        encoded.before_decoded = decoded.len();
        encoded.before = std::mem::take(&mut encoded.block);
    }

    /// Asks the finder, and counts addresses with data.
    fn look(&mut self, bytes: &[u8]) -> DataStep {
        if self.left == 0 && !self.finder.is_in_data() && !self.finder.is_in_tail() {
            return DataStep::Nothing;
        }
        let found = self.finder.next(bytes);
        if matches!(found, DataStep::Begin(..)) {
            self.left -= 1;
            self.missed |= self.left == 0;
        }
        self.missed |= self.finder.has_given_up();
        found
    }

    /// Begins a picture at an offset in the mail.
    fn open(&mut self, encoding: Encoding, start: u64, content_type: String) {
        let meter = Meter::new(encoding, start, PIXELS_HEAD_BYTES);
        self.open = Some(PageFile { meter, content_type, number: start, whole: true });
    }

    /// Handles text behind data. If it is not harmless it belongs to the data, whose range cannot be decoded: the
    /// picture is dropped again, and the mail is unclear.
    fn tail(&mut self, is_harmless: bool) {
        let (is_media, is_file) = std::mem::take(&mut self.last);
        if is_harmless {
            return;
        }
        self.missed |= is_media;
        if is_file {
            self.files.pop();
        }
    }

    /// Ends the picture in progress and puts its number into the text. Data that is no media is dropped.
    fn close(&mut self, whole: impl FnOnce(&Meter) -> bool) {
        let Some(mut file) = self.open.take() else {
            return;
        };
        let skipped = file.meter.end - file.meter.start;
        let number = file.number.to_string();
        let has_room = number.len() as u64 <= skipped;
        self.text.replace(skipped, if has_room { number.as_bytes() } else { b"" });
        let is_media = ["image/", "video/"].iter().any(|it| file.content_type.starts_with(it))
            || by_content(&file.meter.clone().into_head()).is_some();
        self.last = (is_media, false);
        if !is_media || file.meter.size() == 0 {
            return;
        }
        if self.files.len() == MEDIA_MAX {
            self.missed = true;
            return;
        }
        file.whole = whole(&file.meter);
        self.files.push(file);
        self.last = (true, true);
    }
}

impl Encoded {
    /// The encoding of base64 data inside of the encoded page.
    fn nested(&self) -> Encoding {
        match self.encoding {
            Encoding::QuotedPrintable => Encoding::Base64InQuotedPrintable,
            _ => Encoding::Base64InBase64,
        }
    }

    /// The range of the encoded bytes of one decoded byte of the block, counted from the start of the block before.
    /// It decodes again from there, first in pieces and then byte by byte, because a decoder has no index.
    fn place(&self, decoded: usize) -> (usize, usize) {
        let wanted = self.before_decoded + decoded;
        let mut decoder = self.before_decoder.clone();
        let mut output = Vec::new();
        // The last piece that gave bytes before the wanted one, where each byte is then looked at.
        let mut from = (0, 0, decoder.clone());
        let mut at = 0;
        for piece in self.before.chunks(PIECE_BYTES).chain(self.block.chunks(PIECE_BYTES)) {
            let (bytes, decoder_then) = (output.len(), decoder.clone());
            decoder.push(piece, &mut output);
            if output.len() > wanted {
                break;
            }
            if output.len() > bytes {
                from = (at, bytes, decoder_then);
            }
            at += piece.len();
        }
        let (skipped, bytes, mut decoder) = from;
        output.truncate(bytes);
        let mut start = skipped;
        let bytes = self.before.iter().chain(&self.block).enumerate().skip(skipped);
        for (at, byte) in bytes {
            let bytes = output.len();
            decoder.push(std::slice::from_ref(byte), &mut output);
            if output.len() > wanted {
                return (start, at + 1);
            }
            if output.len() > bytes {
                start = at + 1;
            }
        }
        (start, self.before.len() + self.block.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/";

    fn scan(page: &str, step: usize) -> ScannedPage {
        let mut scan = PageScan::new(Encoding::Identity, 10, 1000);
        page.as_bytes().chunks(step).for_each(|piece| scan.push(piece));
        scan.finish(false)
    }

    #[test]
    fn pictures_are_taken_out_of_the_text() {
        let lines = format!("{DATA}\n{DATA}\n");
        let page = format!(
            "<img src=\"data:image/jpeg;base64,{DATA}\">x<img src=data:font/woff;base64,AAAAAAAA>\n{lines}the end."
        );
        for step in [1, 5, 1000] {
            let ScannedPage { scanned, files, missed, size } = scan(&page, step);
            let text = String::from_utf8(scanned.text).unwrap();
            let start = 10 + "<img src=\"data:image/jpeg;base64,".len() as u64;
            let font =
                start + "\">x<img src=data:font/woff;base64,".len() as u64 + DATA.len() as u64;
            assert_eq!(
                text,
                format!(
                    "<img src=\"data:image/jpeg;base64,{start}\">x<img src=data:font/woff;base64,{font}>\nthe end."
                )
            );
            assert_eq!((files[0].meter.start, files[0].number, files.len()), (start, start, 1));
            let embedded = &scanned.files[0].meter;
            let range = embedded.start as usize - 10..embedded.end as usize - 10;
            assert_eq!(page[range], lines);
            assert_eq!((size, scanned.end), (page.len() as u64, 10 + page.len() as u64));
            assert!(!missed);
        }
    }

    #[test]
    fn the_memory_of_a_page_is_counted() {
        let picture = format!("<img src=\"data:image/jpeg;base64,{DATA}\">");
        for (encoding, bytes, least) in [
            (Encoding::Identity, "a".repeat(500), 500),
            (Encoding::Identity, picture.repeat(20), 20 * size_of::<PageFile>()),
            (Encoding::Base64, "A".repeat(3000), 3000),
            (Encoding::Base64, "A".repeat(BLOCK_BYTES + 2000), BLOCK_BYTES + 2000),
        ] {
            let mut scan = PageScan::new(encoding, 0, 1000);
            scan.push(bytes.as_bytes());
            let held = scan.held_bytes();
            assert!((least..=3 * least + 3000).contains(&held), "{held} for {least}");
        }
    }

    #[test]
    fn pictures_are_looked_for_up_to_a_limit() {
        for (count, missed) in [(LOOKED_FOR_MAX - 1, false), (LOOKED_FOR_MAX + 1, true)] {
            let page = "\"data:font/x;base64,AA\"".repeat(count);
            assert_eq!(scan(&page, 1000).missed, missed);
        }
    }

    #[test]
    fn escaped_letters_are_not_read() {
        let all = DATA.repeat(3);
        for escaped in ["%2B", "%2F", "%0A", "&#43;", "&#x2F;", "&#13;&#10;", "\\n", "-", "_"] {
            let data = format!("{DATA}{escaped}{all}");
            for page in [
                format!("<img src=\"data:image/jpeg;base64,{data}\">x"),
                format!("<img src=\"data:image&#x2F;jpeg;base64,{escaped}{data}\">x"),
                format!("<p style=\"a:url(data:image/jpeg;base64,{data})\">x"),
                format!("<p style=\"a:url(&quot;data:image/jpeg;base64,{data}&quot;)\">x"),
            ] {
                for step in [1, 7, 1000] {
                    let found = scan(&page, step);
                    assert!(found.missed && found.files.is_empty(), "{page}");
                    let text = String::from_utf8(found.scanned.text).unwrap();
                    assert!(text.len() < 80 && text.ends_with(">x"), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_follows_data_may_be_escaped() {
        for end in ["&#x3D;", "%3D%3D", "&#61;&#10;", "&quot;", "\\n", "\r\n", "=", ""] {
            for page in [
                format!("<img src=\"data:image/jpeg;base64,{DATA}{end}\">x"),
                format!("<p style='a:url( data:image/jpeg;base64,{DATA}{end})'>x"),
            ] {
                for step in [1, 7, 1000] {
                    let found = scan(&page, step);
                    assert!(!found.missed, "{page}");
                    assert_eq!(found.files.len(), 1, "{page}");
                    assert_eq!(found.files[0].meter.size(), 21, "{page}");
                }
            }
        }
    }
}
