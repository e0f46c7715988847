//! Reads a part without parts while it streams by: text, a page, or a file. Its header proposes, its bytes decide.
//! At its end it gives texts and files to [`crate::collect`].

use tipoff_model::Encoding;

use crate::charset;
use crate::collect::{Collector, FoundFile, HIDDEN_BYTES_MAX, Outside};
use crate::embedded::{EmbeddedFile, TextScan, base64_head};
use crate::fields::Fields;
use crate::html::{self, Rendered};
use crate::outside::without_notices;
use crate::page::{PageFile, PageScan, ScannedPage};
use crate::pixels::PIXELS_HEAD_BYTES;
use crate::role::PartRole;
use crate::same_words::Text;
use crate::shown;
use crate::tags::{is_page, may_begin_page};
use tipoff_model::file_type::{HEAD_BYTES, by_content};
use tipoff_model::meter::Meter;
use tipoff_model::transfer::decoded;

/// Encoded bytes by which the real encoding of a part is decided.
const OPENING_BYTES: usize = 128;

/// A part while it streams by.
#[derive(Debug)]
pub(crate) struct Leaf {
    fields: Fields,
    role: PartRole,
    /// Whether it is in a `multipart/related`, beside the page that may show it.
    is_related: bool,
    /// Number of the innermost `multipart/alternative` that contains it.
    group: Option<usize>,
    /// Offset of its content in the mail.
    start: u64,
    text_bytes_max: usize,
    /// Whether it is outside of parts, where notices for old mail programs are.
    is_outside: bool,
    content: LeafContent,
}

/// The reader of its content.
#[derive(Debug)]
enum LeafContent {
    /// The first bytes, too few to decide.
    Opening(Vec<u8>),
    /// Text that is not encoded and may contain files.
    Plain(TextScan),
    /// HTML that may have pictures in its addresses.
    Page(Box<PageScan>),
    /// A file, or encoded text.
    Measured(Meter),
}

impl Leaf {
    /// A part whose content begins at offset `start`, of whose text `text_bytes_max` bytes are kept.
    pub(crate) fn new(
        fields: Fields,
        role: PartRole,
        group: Option<usize>,
        start: u64,
        text_bytes_max: usize,
    ) -> Self {
        let content = LeafContent::Opening(Vec::new());
        Self {
            fields,
            role,
            is_related: false,
            group,
            start,
            text_bytes_max,
            is_outside: false,
            content,
        }
    }

    /// The same, outside of the parts of a multipart.
    pub(crate) fn into_outside(self) -> Self {
        Self { is_outside: true, ..self }
    }

    /// The same, in a `multipart/related` or not.
    pub(crate) fn related(self, is_related: bool) -> Self {
        Self { is_related, ..self }
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let content = match &self.content {
            LeafContent::Opening(opening) => opening.capacity(),
            LeafContent::Plain(scan) => scan.held_bytes(),
            LeafContent::Page(scan) => size_of::<PageScan>() + scan.held_bytes(),
            LeafContent::Measured(meter) => meter.held_bytes(),
        };
        self.fields.held_bytes() + content
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        match &mut self.content {
            LeafContent::Plain(scan) => scan.push(bytes),
            LeafContent::Page(scan) => scan.push(bytes),
            LeafContent::Measured(meter) => meter.push(bytes),
            LeafContent::Opening(opening) => {
                let room = OPENING_BYTES.saturating_sub(opening.len()).min(bytes.len());
                let (first, rest) = bytes.split_at(room);
                opening.extend_from_slice(first);
                if opening.len() == OPENING_BYTES {
                    self.open();
                    self.push(rest);
                }
            }
        }
    }

    /// Whether its header declares neither type nor encoding.
    pub(crate) fn is_undeclared(&self) -> bool {
        self.role == PartRole::Text
            && self.fields.content_type.is_none()
            && self.fields.encoding.is_none()
    }

    /// Ends the part; `torn` says that the connection broke in it.
    pub(crate) fn finish(mut self, torn: bool, found: &mut Collector) {
        self.open();
        match std::mem::replace(&mut self.content, LeafContent::Opening(Vec::new())) {
            LeafContent::Plain(scan) => {
                let scanned = scan.finish(torn);
                let size = scanned.end - self.start;
                let page = ScannedPage { scanned, files: Vec::new(), missed: false, size };
                self.finish_text(page, Encoding::Identity, torn, found);
            }
            LeafContent::Page(scan) => {
                let encoding = scan.encoding();
                self.finish_text(scan.finish(torn), encoding, torn, found);
            }
            LeafContent::Measured(meter) => self.finish_measured(meter, torn, found),
            LeafContent::Opening(_) => {}
        }
    }

    /// Ends content outside of parts. Files in it count; its text counts only if no part has text.
    pub(crate) fn finish_outside(mut self, outside: Outside, torn: bool, found: &mut Collector) {
        self.open();
        let (scanned, files, missed) =
            match std::mem::replace(&mut self.content, LeafContent::Opening(Vec::new())) {
                LeafContent::Plain(scan) => (scan.finish(torn), Vec::new(), false),
                LeafContent::Page(scan) => {
                    let ScannedPage { scanned, files, missed, .. } = scan.finish(torn);
                    (scanned, files, missed)
                }
                LeafContent::Measured(meter) => {
                    found.unclear |= meter.size() > HIDDEN_BYTES_MAX;
                    return;
                }
                LeafContent::Opening(_) => return,
            };
        let is_binary = self.is_binary(&scanned.text);
        let is_cut = scanned.text_bytes > scanned.text.len() as u64;
        found.unclear |= scanned.missed || missed || is_cut || is_binary;
        add_found(scanned.files, files, None, found);
        if !is_binary {
            found.count_read(scanned.text.len());
            found.add_outside(outside, &self.text(&scanned.text, self.is_html(&scanned.text)));
        }
    }

    /// Chooses the reader by the first bytes.
    fn open(&mut self) {
        let LeafContent::Opening(opening) = &mut self.content else {
            return;
        };
        let opening = std::mem::take(opening);
        let is_text = self.role == PartRole::Text;
        let declared = self.fields.encoding.unwrap_or(Encoding::Identity);
        let encoding = real_encoding(declared, is_text, &opening);
        let is_page =
            is_text && self.may_be_page(encoding, &opening) && encoding != Encoding::Uuencode;
        if is_page && by_content(&decoded(encoding, &opening)).is_none() {
            let mut scan = PageScan::new(encoding, self.start, self.text_bytes_max);
            scan.push(&opening);
            self.content = LeafContent::Page(Box::new(scan));
            return;
        }
        // The range of an uuencoded file contains its data lines only; they are found as in plain text.
        let plain = encoding == Encoding::Uuencode
            || encoding == Encoding::Identity && is_text && by_content(&opening).is_none();
        if plain {
            let mut scan = TextScan::new(self.start, self.text_bytes_max);
            scan.push(&opening);
            self.content = LeafContent::Plain(scan);
        } else {
            let head_bytes = match self.role {
                PartRole::Text | PartRole::TextFile => self.text_bytes_max,
                PartRole::File if self.is_of_page() => PIXELS_HEAD_BYTES,
                PartRole::File => HEAD_BYTES,
            };
            let mut meter = Meter::new(encoding, self.start, head_bytes);
            meter.push(&opening);
            self.content = LeafContent::Measured(meter);
        }
    }

    fn finish_text(self, page: ScannedPage, encoding: Encoding, torn: bool, found: &mut Collector) {
        let ScannedPage { scanned, files, missed, size } = page;
        let is_cut = scanned.text_bytes > scanned.text.len() as u64;
        let is_binary = self.is_binary(&scanned.text);
        found.unclear |= scanned.missed | missed;
        if !scanned.files.is_empty() || !files.is_empty() {
            // A file of this range would contain both text and files.
            found.unclear |= is_cut || is_binary;
            add_found(scanned.files, files, self.fields.name.as_deref(), found);
        } else if is_cut || is_binary {
            found.add_file(FoundFile {
                name: self.file_name(&scanned.text, is_binary),
                content_type: self.fields.content_type.clone(),
                head: &scanned.text,
                range: self.start..scanned.end,
                encoding,
                size,
                whole: !torn,
                page_names: Vec::new(),
                is_of_page: false,
            });
        }
        if !is_binary {
            self.add_text(&scanned.text, found);
        }
    }

    fn finish_measured(self, meter: Meter, torn: bool, found: &mut Collector) {
        let size = meter.size();
        if size == 0 {
            return;
        }
        let whole = !torn || meter.is_complete();
        let (encoding, range) = (meter.encoding, meter.start..meter.end);
        let head = meter.into_head();
        let is_readable = by_content(&head).is_none() && !self.is_binary(&head);
        let is_text = self.role == PartRole::Text && is_readable;
        if !is_text || size > head.len() as u64 {
            found.add_file(FoundFile {
                name: self.file_name(&head, !is_text),
                content_type: self.fields.content_type.clone(),
                head: &head,
                range,
                encoding,
                size,
                whole,
                page_names: self.fields.page_names.clone(),
                is_of_page: self.is_of_page() && !self.fields.attachment,
            });
        }
        if is_text {
            self.add_text(&head, found);
        } else if self.role == PartRole::TextFile && is_readable && found.wants_text_of_file() {
            found.count_read(head.len());
            found.add_text_of_file(&self.text(&head, self.is_html(&head)));
        }
    }

    fn add_text(&self, bytes: &[u8], found: &mut Collector) {
        found.count_read(bytes.len());
        let is_html = self.is_html(bytes);
        let Rendered { text, pictures } = self.rendered(bytes, is_html);
        found.add_text(Text { group: self.group, is_html, text });
        if is_html {
            found.add_page(pictures);
        }
    }

    fn text(&self, bytes: &[u8], is_html: bool) -> String {
        self.rendered(bytes, is_html).text
    }

    fn rendered(&self, bytes: &[u8], is_html: bool) -> Rendered {
        let text = charset::decode(bytes, self.fields.charset.as_deref());
        let Rendered { text, pictures } = match is_html {
            true => html::render(&text),
            false => Rendered { text, pictures: Vec::new() },
        };
        let text = if self.is_outside { without_notices(&text) } else { text };
        Rendered { text, pictures }
    }

    fn is_html(&self, text: &[u8]) -> bool {
        self.is_declared_html()
            .unwrap_or_else(|| is_page(&charset::decode(text, self.fields.charset.as_deref())))
    }

    /// Whether its header declares HTML; `None` if it declares plain text or nothing.
    fn is_declared_html(&self) -> Option<bool> {
        match self.fields.content_type.as_deref() {
            Some("text/html" | "application/xhtml+xml") => Some(true),
            Some("text/plain") | None => None,
            Some(_) => Some(false),
        }
    }

    /// Whether it may be a page with pictures in its addresses, by its first bytes. Text that is not encoded may
    /// become a page later.
    fn may_be_page(&self, encoding: Encoding, opening: &[u8]) -> bool {
        self.is_declared_html().unwrap_or_else(|| {
            encoding == Encoding::Identity
                || may_begin_page(&String::from_utf8_lossy(&decoded(encoding, opening)))
        })
    }

    /// Whether a page may show it (RFC 2387, RFC 2392).
    fn is_of_page(&self) -> bool {
        self.is_related || !self.fields.page_names.is_empty()
    }

    /// Whether text contains zero bytes that its charset does not explain.
    fn is_binary(&self, text: &[u8]) -> bool {
        text.contains(&0) && !charset::is_wide(text, self.fields.charset.as_deref())
    }

    /// The name of a file. Text that is too long for an alert becomes a file without a name of its own.
    fn file_name(&self, text: &[u8], is_file: bool) -> Option<String> {
        let given = self.fields.name.clone();
        let of_text = if self.is_html(text) { "message.html" } else { "message.txt" };
        given.or_else(|| (!is_file).then(|| of_text.to_owned()))
    }
}

/// Adds the files inside of a text in the order of the mail. A file without a name gets the name of the part.
fn add_found(
    embedded: Vec<EmbeddedFile>,
    of_page: Vec<PageFile>,
    name: Option<&str>,
    found: &mut Collector,
) {
    let embedded = embedded.into_iter().map(|file| {
        let name = file.name.or_else(|| name.map(str::to_owned));
        (file.meter, file.whole, name, None, Vec::new())
    });
    let of_page = of_page.into_iter().map(|file| {
        let names = vec![shown::source(&format!("data:,{}", file.number))];
        (file.meter, file.whole, None, Some(file.content_type), names)
    });
    let mut files: Vec<_> = embedded.chain(of_page).collect();
    files.sort_by_key(|(meter, ..)| meter.start);
    for (meter, whole, name, content_type, page_names) in files {
        let (encoding, size, range) = (meter.encoding, meter.size(), meter.start..meter.end);
        found.add_file(FoundFile {
            name,
            content_type,
            head: &meter.into_head(),
            range,
            encoding,
            size,
            whole,
            is_of_page: !page_names.is_empty(),
            page_names,
        });
    }
}

/// The declared encoding, unless the bytes disprove it: some firmware declares base64 and sends the file unencoded,
/// other firmware sends base64 and declares nothing.
fn real_encoding(declared: Encoding, is_text: bool, opening: &[u8]) -> Encoding {
    let is_raw = || {
        by_content(opening).is_some()
            && opening.iter().any(|byte| !byte.is_ascii() || byte.is_ascii_control())
    };
    let is_base64 = || {
        let letters = opening.trim_ascii_start();
        letters.iter().all(|byte| byte.is_ascii_graphic() || b"\r\n".contains(byte))
            && by_content(&base64_head(letters)).is_some()
    };
    match declared {
        Encoding::Base64 | Encoding::QuotedPrintable if is_raw() => Encoding::Identity,
        Encoding::Identity if !is_text && !is_raw() && is_base64() => Encoding::Base64,
        _ => declared,
    }
}
