//! Base64 in the address of a picture (`data:image/jpeg;base64,…`, RFC 2397), in a page that is itself
//! encoded: decoded twice. The range begins shortly before the comma in front of the data, because
//! encoded bytes have no place of their own, and what can not stand in such data ends it.

use super::base64::Base64;
use super::quoted_printable::QuotedPrintable;

/// How much of the page is decoded at once.
const STEP_BYTES: usize = 4096;

/// Decodes.
#[derive(Clone, Debug)]
pub(super) struct Nested {
    page: PageDecoder,
    place: DataPlace,
    data: Base64,
    scratch: Vec<u8>,
}

#[derive(Clone, Debug)]
enum PageDecoder {
    Base64(Base64),
    QuotedPrintable(QuotedPrintable),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DataPlace {
    BeforeComma,
    InData,
    Behind,
}

impl Nested {
    pub(super) fn in_base64() -> Self {
        Self::new(PageDecoder::Base64(Base64::default()))
    }

    pub(super) fn in_quoted_printable() -> Self {
        Self::new(PageDecoder::QuotedPrintable(QuotedPrintable::default()))
    }

    fn new(page: PageDecoder) -> Self {
        let (place, data) = (DataPlace::BeforeComma, Base64::default());
        Self { page, place, data, scratch: Vec::new() }
    }

    pub(super) fn push(&mut self, input: &[u8], output: &mut Vec<u8>) {
        for piece in input.chunks(STEP_BYTES) {
            self.scratch.clear();
            match &mut self.page {
                PageDecoder::Base64(page) => page.push(piece, &mut self.scratch),
                PageDecoder::QuotedPrintable(page) => page.push(piece, &mut self.scratch),
            }
            self.data(output);
        }
    }

    pub(super) fn finish(&mut self, output: &mut Vec<u8>) {
        self.scratch.clear();
        match &mut self.page {
            PageDecoder::Base64(page) => page.finish(&mut self.scratch),
            PageDecoder::QuotedPrintable(page) => page.finish(&mut self.scratch),
        }
        self.data(output);
        self.data.finish(output);
    }

    fn data(&mut self, output: &mut Vec<u8>) {
        let mut page = self.scratch.as_slice();
        if self.place == DataPlace::BeforeComma
            && let Some(comma) = memchr::memchr(b',', page)
        {
            page = page.get(comma + 1..).unwrap_or_default();
            self.place = DataPlace::InData;
        }
        if self.place != DataPlace::InData {
            return;
        }
        let end = page.iter().position(|&byte| !may_be_data(byte));
        self.data.push(page.get(..end.unwrap_or(page.len())).unwrap_or_default(), output);
        if end.is_some() {
            self.place = DataPlace::Behind;
        }
    }
}

/// Whether base64 in an address may hold it: letters, padding, and the line ends and blanks by which
/// pages fold it.
pub fn may_be_data(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=\r\n \t".contains(&byte)
}
