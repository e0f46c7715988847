//! A part of HTML while it streams by: its text without the pictures that stand in its addresses, and
//! where those stand in the stream. A page that is itself encoded is decoded for that, block by block.

use tipoff_model::Encoding;
use tipoff_model::sort::by_content;
use tipoff_model::transfer::Decoder;

use crate::address::{Finder, Found};
use crate::collect::MEDIA_MAX;
use crate::embedded::{Scanned, TextScan};
use crate::meter::Meter;
use crate::pixels::PIXELS_HEAD_BYTES;

/// As many encoded bytes are decoded at once. The place of a decoded byte is looked for in two of
/// such blocks.
const BLOCK_BYTES: usize = 4096;

/// Pictures that are looked for in one page, with those that are none: to find the place of each in an
/// encoded page takes a while.
const LOOKED_FOR_MAX: usize = 2 * MEDIA_MAX;

/// A page while it streams by.
#[derive(Debug)]
pub(crate) struct PageScan {
    start: u64,
    at: u64,
    finder: Finder,
    text: TextScan,
    open: Option<PageFile>,
    files: Vec<PageFile>,
    /// Pictures that can still be looked for.
    left: usize,
    missed: bool,
    encoded: Option<Encoded>,
}

/// The decoding of a page.
#[derive(Debug)]
struct Encoded {
    encoding: Encoding,
    decoder: Decoder,
    block: Vec<u8>,
    /// The block before, and the decoder as it was then.
    before: Vec<u8>,
    before_decoder: Decoder,
    before_decoded: usize,
    /// Decoded bytes of all blocks.
    size: u64,
}

/// A picture in an address of the page.
#[derive(Debug)]
pub(crate) struct PageFile {
    pub(crate) meter: Meter,
    /// As declared.
    pub(crate) content_type: String,
    /// Its number in the text that is left of the page.
    pub(crate) number: u64,
    pub(crate) whole: bool,
}

/// All that was found.
#[derive(Debug)]
pub(crate) struct ScannedPage {
    /// The text, and the files that stand in it outside of addresses.
    pub(crate) scanned: Scanned,
    pub(crate) files: Vec<PageFile>,
    /// There were more files than are told, or one is written in a way that is not read.
    pub(crate) missed: bool,
    /// The decoded size of the page.
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
            finder: Finder::default(),
            text: TextScan::new(at, text_bytes_max),
            open: None,
            files: Vec::new(),
            left: LOOKED_FOR_MAX,
            missed: false,
            encoded,
        }
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
        self.close(|meter| !torn || meter.is_complete());
        let mut scanned = self.text.finish(torn);
        if size.is_some() {
            // Places in the decoded page are none in the stream.
            self.missed |= !scanned.files.is_empty();
            scanned.files.clear();
        }
        scanned.end = self.at;
        let size = size.unwrap_or(self.at - self.start);
        ScannedPage { scanned, files: self.files, missed: self.missed, size }
    }

    /// Bytes of a page that is not encoded.
    fn plain(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let in_data = self.finder.is_in_data();
            let found = self.look(bytes);
            let taken = match &found {
                Found::Begin(taken, _) | Found::End(taken) => *taken,
                Found::Nothing => bytes.len(),
            };
            let (piece, rest) = bytes.split_at(taken);
            self.at += taken as u64;
            match &mut self.open {
                Some(file) if in_data => file.meter.push(piece),
                _ => self.text.push(piece),
            }
            match found {
                Found::Begin(_, content_type) => self.open(Encoding::Base64, self.at, content_type),
                Found::End(_) => self.end(rest),
                Found::Nothing => {}
            }
            bytes = rest;
        }
    }

    /// A block of an encoded page is there.
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
        // Where the file under way goes on in the block.
        let mut from = 0;
        let mut done = 0;
        while let Some(rest) = decoded.get(done..).filter(|rest| !rest.is_empty()) {
            let in_data = self.finder.is_in_data();
            let found = self.look(rest);
            let taken = match &found {
                Found::Begin(taken, _) | Found::End(taken) => *taken,
                Found::Nothing => rest.len(),
            };
            let (piece, behind) = rest.split_at(taken);
            if !in_data {
                self.text.push(piece);
            }
            done += taken;
            match found {
                Found::Begin(_, content_type) => {
                    let comma = encoded.place(done.saturating_sub(1)).0;
                    let back = encoded.before.len();
                    let start = (block_start + comma as u64).saturating_sub(back as u64);
                    self.open(encoded.nested(), start, content_type);
                    if let Some(file) = &mut self.open {
                        file.meter.push(encoded.before.get(comma..).unwrap_or_default());
                    }
                    from = comma.saturating_sub(back);
                }
                Found::End(_) => {
                    let end = encoded.place(done).1.saturating_sub(encoded.before.len());
                    if let Some(file) = &mut self.open {
                        file.meter.push(encoded.block.get(from..end).unwrap_or_default());
                    }
                    from = end.max(from);
                    self.end(behind);
                }
                Found::Nothing => {}
            }
        }
        if let Some(file) = &mut self.open {
            file.meter.push(encoded.block.get(from..).unwrap_or_default());
        }
        encoded.before_decoder = decoder_then;
        encoded.before_decoded = decoded.len();
        encoded.before = std::mem::take(&mut encoded.block);
    }

    fn look(&mut self, bytes: &[u8]) -> Found {
        if self.left == 0 && !self.finder.is_in_data() {
            return Found::Nothing;
        }
        let found = self.finder.next(bytes);
        if matches!(found, Found::Begin(..)) {
            self.left -= 1;
            self.missed |= self.left == 0;
        }
        found
    }

    fn open(&mut self, encoding: Encoding, start: u64, content_type: String) {
        let meter = Meter::new(encoding, start, PIXELS_HEAD_BYTES);
        self.open = Some(PageFile { meter, content_type, number: start, whole: true });
    }

    /// Data ended before `behind`.
    fn end(&mut self, behind: &[u8]) {
        // Escaped letters in it are not read.
        self.missed |= behind.starts_with(b"%");
        self.close(|_| true);
    }

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
        if !is_media || file.meter.size() == 0 {
            return;
        }
        if self.files.len() == MEDIA_MAX {
            self.missed = true;
            return;
        }
        file.whole = whole(&file.meter);
        self.files.push(file);
    }
}

impl Encoded {
    /// How data is encoded that is base64 in such a page.
    fn nested(&self) -> Encoding {
        match self.encoding {
            Encoding::QuotedPrintable => Encoding::Base64InQuotedPrintable,
            _ => Encoding::Base64InBase64,
        }
    }

    /// Where the bytes begin and end of which a decoded byte of the block is made, counted from the
    /// beginning of the block before.
    fn place(&self, decoded: usize) -> (usize, usize) {
        let wanted = self.before_decoded + decoded;
        let mut decoder = self.before_decoder.clone();
        let mut output = Vec::new();
        let mut start = 0;
        for (at, byte) in self.before.iter().chain(&self.block).enumerate() {
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
    fn pictures_are_looked_for_up_to_a_limit() {
        for (count, missed) in [(LOOKED_FOR_MAX - 1, false), (LOOKED_FOR_MAX + 1, true)] {
            let page = "\"data:font/x;base64,AA\"".repeat(count);
            assert_eq!(scan(&page, 1000).missed, missed);
        }
    }

    #[test]
    fn escaped_letters_are_not_read() {
        let page = format!("<img src=\"data:image/jpeg;base64,{DATA}%2B{DATA}\">");
        assert!(scan(&page, 7).missed);
    }
}
