//! Requests in files, read in any pieces, and what is found written as text.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::fmt::Write;

use tipoff_alarm::{BodyParser, BodyTooLarge, RequestHead};
use tipoff_model::transfer::Decoder;
use tipoff_model::{AlarmRequest, Document, Media, Value};

/// A request as it came: its head, its body, and whether the connection broke.
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) torn: bool,
}

impl Recorded {
    /// Reads a request of a file. `X-Torn` in its head says that the connection broke.
    pub(crate) fn of_file(file: &[u8]) -> Self {
        let at = memchr(file, b"\n\n").expect("a blank line behind the head");
        let head = std::str::from_utf8(&file[..at]).expect("a head in UTF-8");
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let (method, target) = first.split_once(' ').unwrap_or((first, "/"));
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let fields: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let torn = fields.iter().any(|(name, _)| name == "x-torn");
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { method, path, query, fields, body: file[at + 2..].to_vec(), torn }
    }

    pub(crate) fn head(&self) -> RequestHead<'_> {
        let field = |name: &str| {
            let found = self.fields.iter().find(|(it, _)| it == name);
            found.map(|(_, value)| value.as_str())
        };
        RequestHead {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            content_type: field("content-type"),
            content_encoding: field("content-encoding"),
            content_disposition: field("content-disposition"),
        }
    }

    /// What is found, and the decoded body.
    pub(crate) fn parse(&self, step: usize) -> Result<(AlarmRequest, Vec<u8>), BodyTooLarge> {
        parse(&self.head(), &self.body, step, self.torn)
    }
}

fn memchr(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// Reads a body in pieces of `step` bytes.
pub(crate) fn parse(
    head: &RequestHead<'_>,
    body: &[u8],
    step: usize,
    torn: bool,
) -> Result<(AlarmRequest, Vec<u8>), BodyTooLarge> {
    let mut parser = BodyParser::new(head);
    let mut decoded = Vec::new();
    for mut piece in body.chunks(step) {
        while !piece.is_empty() {
            let taken = parser.push(piece, &mut decoded)?;
            assert!(taken > 0, "no progress");
            piece = &piece[taken..];
        }
    }
    let request = parser.finish(torn, &mut decoded);
    Ok((request, decoded))
}

/// The decoded bytes of a file in a body.
pub(crate) fn content(media: &Media, body: &[u8]) -> Vec<u8> {
    let range = media.range.start as usize..media.range.end as usize;
    let mut decoder = Decoder::new(media.encoding);
    let mut bytes = Vec::new();
    decoder.push(&body[range], &mut bytes);
    decoder.finish(&mut bytes);
    bytes
}

/// Checks what is true of every request.
pub(crate) fn check(request: &AlarmRequest, body: &[u8]) {
    assert!(request.media.len() <= 32 && request.documents.len() <= 64);
    for media in &request.media {
        assert!(media.range.start < media.range.end && media.range.end <= body.len() as u64);
        assert_eq!(content(media, body).len() as u64, media.size, "{media:?}");
        assert!(!media.name.is_empty() && media.name.chars().count() <= 120);
        assert!(!media.name.contains(|c: char| c.is_control() || c == '/' || c == '\\'));
    }
    let (mut values, mut bytes) = (0, 0);
    for document in &request.documents {
        measure(&document.root, 0, request.media.len(), &mut values, &mut bytes);
    }
    assert!(values <= 2_000 && bytes <= 128 * 1024, "{values} values, {bytes} bytes");
}

fn measure(value: &Value, depth: usize, media: usize, values: &mut usize, bytes: &mut usize) {
    assert!(depth <= 4 * 33 + 2, "too deep");
    *values += 1;
    match value {
        Value::Text(text) => {
            assert!(text.len() <= 8 * 1024);
            *bytes += text.len();
        }
        Value::File(index) => assert!(*index < media),
        Value::List(list) => {
            list.iter().for_each(|it| measure(it, depth + 1, media, values, bytes));
        }
        Value::Fields(fields) => {
            for (name, value) in fields {
                assert!(name.len() <= 200);
                *bytes += name.len();
                measure(value, depth + 1, media, values, bytes);
            }
        }
    }
}

/// What was found, for people to read.
pub(crate) fn render(request: &AlarmRequest, body: &[u8]) -> String {
    let mut text = String::new();
    let AlarmRequest { method, path, has_body, torn, .. } = request;
    writeln!(text, "{method} {path}, body: {has_body}, torn: {torn}").unwrap();
    for Document { form, name, root } in &request.documents {
        writeln!(text, "{form:?} {name:?}").unwrap();
        write_value(&mut text, 1, "", root);
    }
    for media in &request.media {
        let Media { name, content_type, range, encoding, size, whole, .. } = media;
        let content = content(media, body);
        let end = &content[content.len().saturating_sub(2)..];
        writeln!(
            text,
            "{name} {content_type} {range:?} {encoding:?}, {size} bytes, whole: {whole}, ends {end:02x?}"
        )
        .unwrap();
    }
    text
}

fn write_value(text: &mut String, depth: usize, name: &str, value: &Value) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Text(value) => writeln!(text, "{indent}{name}: {value:?}").unwrap(),
        Value::File(index) => writeln!(text, "{indent}{name}: file {index}").unwrap(),
        Value::List(values) => {
            writeln!(text, "{indent}{name}: list").unwrap();
            values.iter().for_each(|value| write_value(text, depth + 1, "-", value));
        }
        Value::Fields(fields) => {
            if depth > 1 || !name.is_empty() {
                writeln!(text, "{indent}{name}:").unwrap();
            }
            let depth = if depth == 1 && name.is_empty() { 1 } else { depth + 1 };
            fields.iter().for_each(|(name, value)| write_value(text, depth, name, value));
        }
    }
}
