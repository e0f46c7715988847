//! Collects what is found in a body, and spends its budget: text, values, media and parts are bounded for the whole body.

use std::ops::Range;

use tipoff_model::file_type::{by_content, by_name, by_type, kind_of};
use tipoff_model::label::{default_label, label};
use tipoff_model::meter::Meter;
use tipoff_model::{Document, DocumentForm, Encoding, Media, Value};

/// Bytes of all texts and names of a body. What follows is left out.
pub(crate) const TEXTS_BYTES_MAX: usize = 128 * 1024;

/// Number of values in all documents of a body, but their roots. What follows is left out.
pub(crate) const VALUES_MAX: usize = 2_000 - 2 * DOCUMENTS_MAX;

/// Number of documents of a body. What follows is left out.
pub(crate) const DOCUMENTS_MAX: usize = 64;

/// Number of media of a body: the first ones.
pub(crate) const MEDIA_MAX: usize = 32;

/// Bytes of a name in a document. A longer one is cut.
pub(crate) const NAME_BYTES_MAX: usize = 200;

/// Bytes of a text in a document. A longer one is cut, unless it is a file in base64.
pub(crate) const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Memory of a value with its name, but their letters: vectors have room for twice as many.
const VALUE_BYTES: usize = 2 * size_of::<(String, Value)>();

/// What is found in a body so far.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) documents: Vec<Document>,
    pub(crate) media: Vec<Media>,
    /// Fields of a multipart form, which become one document.
    form: Vec<(String, Value)>,
    text_bytes_left: usize,
    values_left: usize,
}

impl Default for Found {
    fn default() -> Self {
        Self {
            documents: Vec::new(),
            media: Vec::new(),
            form: Vec::new(),
            text_bytes_left: TEXTS_BYTES_MAX,
            values_left: VALUES_MAX,
        }
    }
}

/// A file in a body.
pub(crate) struct FoundFile<'a> {
    /// The name that the device gave it; empty without one.
    pub(crate) name: &'a str,
    /// The declared content type; empty without one.
    pub(crate) content_type: &'a str,
    /// The decoded beginning.
    pub(crate) head: &'a [u8],
    pub(crate) range: Range<u64>,
    pub(crate) encoding: Encoding,
    pub(crate) size: u64,
    pub(crate) whole: bool,
}

impl Found {
    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.media.is_empty() && self.form.is_empty()
    }

    /// Memory that it uses, in bytes.
    pub(crate) fn held_bytes(&self) -> usize {
        let values = (VALUES_MAX - self.values_left) * VALUE_BYTES;
        let media = self.media.len() * (size_of::<Media>() + 2 * NAME_BYTES_MAX);
        values + media + TEXTS_BYTES_MAX - self.text_bytes_left
    }

    /// Spends a value with its texts; `false` if it has no room.
    pub(crate) fn spend(&mut self, text_bytes: usize) -> bool {
        let (Some(values), Some(bytes)) =
            (self.values_left.checked_sub(1), self.text_bytes_left.checked_sub(text_bytes))
        else {
            return false;
        };
        (self.values_left, self.text_bytes_left) = (values, bytes);
        true
    }

    /// Adds a document.
    pub(crate) fn add_document(&mut self, form: DocumentForm, name: &str, root: Value) {
        if self.documents.len() < DOCUMENTS_MAX {
            self.documents.push(Document { form, name: name.to_owned(), root });
        }
    }

    /// Adds the field of a multipart form.
    pub(crate) fn add_field(&mut self, name: &str, text: String) {
        if self.spend(name.len() + text.len()) {
            self.form.push((name.to_owned(), Value::Text(text)));
        }
    }

    /// Makes one document of the fields of a multipart form.
    pub(crate) fn finish_form(&mut self) {
        let fields = std::mem::take(&mut self.form);
        if !fields.is_empty() {
            self.add_document(DocumentForm::Form, "", Value::Fields(fields));
        }
    }

    /// Adds a file that was measured.
    pub(crate) fn add_measured(
        &mut self,
        meter: Meter,
        encoding: Encoding,
        name: &str,
        content_type: &str,
        whole: bool,
    ) -> Option<usize> {
        let (range, size) = (meter.start..meter.end, meter.size());
        let head = meter.into_head();
        self.add_file(FoundFile { name, content_type, head: &head, range, encoding, size, whole })
    }

    /// Adds a file and returns its index; `None` if it is empty or one too many.
    pub(crate) fn add_file(&mut self, file: FoundFile<'_>) -> Option<usize> {
        if self.media.len() == MEDIA_MAX || file.range.is_empty() || file.size == 0 {
            return None;
        }
        let declared = Some(file.content_type).filter(|it| is_telling(it));
        let file_type = by_content(file.head)
            .or_else(|| by_type(declared?))
            .or_else(|| if declared.is_some() { None } else { by_name(file.name) });
        let (content_type, kind) = match (file_type, declared) {
            (Some(file_type), _) => (file_type.content_type.to_owned(), file_type.kind),
            (None, Some(declared)) => (declared.to_owned(), kind_of(declared)),
            (None, None) => ("application/octet-stream".to_owned(), kind_of("")),
        };
        let name = label(file.name, file_type).unwrap_or_else(|| {
            let number = 1 + self.media.iter().filter(|media| media.kind == kind).count();
            default_label(kind, file_type, number)
        });
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
        Some(self.media.len() - 1)
    }
}

/// Whether a declared type says more than that it is some file or field.
fn is_telling(content_type: &str) -> bool {
    !content_type.is_empty()
        && content_type.len() <= NAME_BYTES_MAX
        && content_type.contains('/')
        && !content_type.starts_with("multipart/")
        && !matches!(content_type, "application/octet-stream" | "application/x-www-form-urlencoded")
}
