//! The header of a body or a part: what it declares of its content.

use encoding_rs::Encoding as Charset;
use tipoff_model::{Encoding, percent_decoded};

use crate::charset::{self, cut, decode};
use crate::found::NAME_BYTES_MAX;

/// Bytes of a boundary (RFC 2046 allows 70).
pub(crate) const BOUNDARY_BYTES_MAX: usize = 128;

/// What is declared of a content.
#[derive(Clone, Debug)]
pub(crate) struct PartHead {
    /// The content type without parameters, in lower case; empty without one.
    pub(crate) content_type: String,
    /// The boundary of a multipart.
    pub(crate) boundary: Option<Vec<u8>>,
    pub(crate) charset: Option<&'static Charset>,
    /// The transfer encoding (RFC 2045, section 6).
    pub(crate) encoding: Encoding,
    /// Bytes of the content, where it says so. Some devices count wrong.
    pub(crate) length: Option<u64>,
    /// The name of the form's field; empty without one.
    pub(crate) name: String,
    /// The name of the file; empty without one.
    pub(crate) file_name: String,
}

impl Default for PartHead {
    fn default() -> Self {
        Self {
            content_type: String::new(),
            boundary: None,
            charset: None,
            encoding: Encoding::Identity,
            length: None,
            name: String::new(),
            file_name: String::new(),
        }
    }
}

impl PartHead {
    /// The head of a body by the fields of its request.
    pub(crate) fn of_request(content_type: Option<&str>, disposition: Option<&str>) -> Self {
        let mut head = Self::default();
        head.field(b"content-type", content_type.unwrap_or_default().as_bytes());
        head.field(b"content-disposition", disposition.unwrap_or_default().as_bytes());
        head
    }

    /// Reads the lines of a header.
    pub(crate) fn of_lines(lines: &[u8]) -> Self {
        let mut head = Self::default();
        for line in lines.split(|&byte| byte == b'\n') {
            if let Some(colon) = memchr::memchr(b':', line) {
                let (name, value) = line.split_at(colon);
                let value = value.get(1..).unwrap_or_default();
                head.field(&name.trim_ascii().to_ascii_lowercase(), value.trim_ascii());
            }
        }
        head
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        let value = decode(value, None);
        let short = |text: String| cut(text.trim(), NAME_BYTES_MAX).to_owned();
        match name {
            b"content-type" => {
                let (content_type, parameters) = split(&value);
                self.content_type = short(content_type.to_ascii_lowercase());
                for (name, value) in parameters {
                    match name.as_str() {
                        "boundary" => self.boundary = boundary(&value),
                        "charset" => self.charset = charset::declared(&value),
                        "name" => self.file_name = short(value),
                        _ => {}
                    }
                }
            }
            b"content-length" => self.length = value.trim().parse().ok(),
            b"content-disposition" => {
                for (name, value) in split(&value).1 {
                    match name.as_str() {
                        "name" => self.name = short(value),
                        "filename" => self.file_name = short(value),
                        "filename*" => {
                            let value = value.rsplit('\'').next().unwrap_or_default();
                            self.file_name =
                                short(decode(&percent_decoded(value.as_bytes()), None));
                        }
                        _ => {}
                    }
                }
            }
            b"content-transfer-encoding" => {
                self.encoding = match value.trim().to_ascii_lowercase().as_str() {
                    "base64" => Encoding::Base64,
                    "quoted-printable" => Encoding::QuotedPrintable,
                    _ => Encoding::Identity,
                };
            }
            _ => {}
        }
    }

    /// Whether it declares parts.
    pub(crate) fn is_multipart(&self) -> bool {
        self.content_type.starts_with("multipart/")
    }

    /// The best name for a file.
    pub(crate) fn label(&self) -> &str {
        if self.file_name.is_empty() { &self.name } else { &self.file_name }
    }
}

/// A boundary that can be used: not empty, not too long.
fn boundary(value: &str) -> Option<Vec<u8>> {
    let boundary = value.trim().as_bytes();
    (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()).then(|| boundary.to_vec())
}

/// A value, and its parameters with names in lower case. Quotes may be missing.
fn split(value: &str) -> (&str, Vec<(String, String)>) {
    let (first, mut rest) = value.split_once(';').unwrap_or((value, ""));
    let mut parameters = Vec::new();
    while let Some((name, value)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ';', '\t']).to_ascii_lowercase();
        let value = value.trim_start();
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => {
                let (value, behind) = quoted.split_once('"').unwrap_or((quoted, ""));
                (value, behind.split_once(';').map_or("", |(_, behind)| behind))
            }
            None => value.split_once(';').unwrap_or((value, "")),
        };
        parameters.push((name, value.trim().to_owned()));
        rest = behind;
    }
    (first.trim(), parameters)
}
