//! The body of one request: decoded, read while it streams by, and put together with its query.

use tipoff_model::{AlarmRequest, Document, DocumentForm};

use crate::body_decoder::{BodyDecoder, BodyTooLarge};
use crate::charset::cut;
use crate::form::Form;
use crate::found::Found;
use crate::part::Part;
use crate::part_head::PartHead;

/// Bytes of the query of an address that are read.
const QUERY_BYTES_MAX: usize = 16 * 1024;

/// What the head of a request says.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a str,
    /// The path without the part that is the device's secret, decoded.
    pub path: &'a str,
    /// The query of the address, still with its escapes.
    pub query: Option<&'a str>,
    /// The field `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The field `Content-Encoding`.
    pub content_encoding: Option<&'a str>,
    /// The field `Content-Disposition`.
    pub content_disposition: Option<&'a str>,
}

/// Reads a body while it streams by. Every split of the stream gives the same request.
#[derive(Debug)]
pub struct BodyParser {
    decoder: BodyDecoder,
    part: Part,
    found: Found,
    method: String,
    path: String,
    /// Decoded bytes that were read.
    read_bytes: u64,
}

impl BodyParser {
    /// A parser at the begin of a body.
    pub fn new(head: &RequestHead<'_>) -> Self {
        let mut found = Found::default();
        if let Some(query) = head.query.filter(|query| !query.is_empty()) {
            let root = Form::query(cut(query, QUERY_BYTES_MAX), &mut found);
            found.documents.push(Document { form: DocumentForm::Query, name: String::new(), root });
        }
        Self {
            decoder: BodyDecoder::new(head.content_encoding),
            part: Part::new(PartHead::of_request(head.content_type, head.content_disposition), 0),
            found,
            method: head.method.to_ascii_uppercase(),
            path: head.path.to_owned(),
            read_bytes: 0,
        }
    }

    /// Memory that it uses, in bytes.
    pub fn held_bytes(&self) -> usize {
        self.decoder.held_bytes() + self.part.held_bytes() + self.found.held_bytes()
    }

    /// Takes some of the next bytes and returns how many: at least one, so that the rest is pushed again. Appends the
    /// decoded bytes to `decoded`, at most 130 KB (one encoding) or so at a time; these are what is stored, and what
    /// the ranges of media count.
    ///
    /// # Errors
    ///
    /// If the body is too large. The parser must not be used again.
    pub fn push(&mut self, raw: &[u8], decoded: &mut Vec<u8>) -> Result<usize, BodyTooLarge> {
        let before = decoded.len();
        let taken = self.decoder.push(raw, decoded);
        self.read(decoded, before);
        taken
    }

    /// Reads what was decoded.
    fn read(&mut self, decoded: &[u8], before: usize) {
        let new = decoded.get(before..).unwrap_or_default();
        self.part.push(self.read_bytes, new, &mut self.found);
        self.read_bytes += new.len() as u64;
    }

    /// Ends the body; `torn` says that the connection broke in it. Appends the last decoded bytes.
    pub fn finish(mut self, torn: bool, decoded: &mut Vec<u8>) -> AlarmRequest {
        let before = decoded.len();
        let is_decoded = self.decoder.finish(decoded);
        self.read(decoded, before);
        let torn = torn || !is_decoded;
        self.part.finish(torn, true, &mut self.found);
        AlarmRequest {
            method: self.method,
            path: self.path,
            documents: self.found.documents,
            media: self.found.media,
            has_body: self.decoder.has_begun(),
            torn,
        }
    }
}
