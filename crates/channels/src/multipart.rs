//! `multipart/form-data` (RFC 7578), as a body of pieces. What a device sent, such as a file's name, cannot end a
//! part or add a header. Knows no service.

use tipoff_model::AlertMedia;

use crate::body::{Body, Piece};
use crate::message_plan::Attachment;

/// A form: fields and files in the order in which they were added.
pub(crate) struct Form {
    /// Separates the parts: see [`boundary`].
    boundary: String,
    pieces: Vec<Piece>,
}

impl Form {
    /// An empty form.
    pub(crate) fn new() -> Self {
        Self { boundary: boundary(), pieces: Vec::new() }
    }

    /// Adds a field.
    pub(crate) fn field(&mut self, name: &str, value: impl Into<String>) {
        self.part(&format!("name=\"{name}\""), None, Piece::Bytes(value.into().into_bytes()));
    }

    /// Adds a field of JSON.
    pub(crate) fn json(&mut self, name: &str, value: String) {
        self.part(
            &format!("name=\"{name}\""),
            Some("application/json"),
            Piece::Bytes(value.into_bytes()),
        );
    }

    /// Adds a stored file.
    pub(crate) fn stored(&mut self, name: &str, stored: &AlertMedia) {
        let piece = Piece::File(stored.clone());
        self.file(name, &stored.media.name, &stored.media.content_type, piece);
    }

    /// Adds a file of a message.
    pub(crate) fn attachment(&mut self, name: &str, attachment: &Attachment) {
        self.file(name, attachment.name(), attachment.content_type(), attachment.piece());
    }

    /// Adds a file. A part without a file name would be a field, so a nameless file is called "file".
    fn file(&mut self, name: &str, file_name: &str, content_type: &str, piece: Piece) {
        let file_name = if file_name.is_empty() { "file" } else { file_name };
        let disposition = format!("name=\"{name}\"; filename=\"{}\"", quoted(file_name));
        self.part(&disposition, Some(header_safe(content_type)), piece);
    }

    /// Adds a part: boundary, headers, an empty line, content (RFC 2046, section 5.1).
    fn part(&mut self, disposition: &str, content_type: Option<&str>, piece: Piece) {
        let content_type =
            content_type.map(|kind| format!("Content-Type: {kind}\r\n")).unwrap_or_default();
        self.text(format!(
            "--{}\r\nContent-Disposition: form-data; {disposition}\r\n{content_type}\r\n",
            self.boundary
        ));
        self.pieces.push(piece);
        self.text("\r\n".to_owned());
    }

    fn text(&mut self, text: String) {
        self.pieces.push(Piece::Bytes(text.into_bytes()));
    }

    /// The finished body.
    pub(crate) fn into_body(mut self) -> Body {
        self.text(format!("--{}--\r\n", self.boundary));
        Body::new(format!("multipart/form-data; boundary={}", self.boundary), self.pieces)
    }
}

/// The separator between parts. It is random, so that no file can end its own part.
pub(crate) fn boundary() -> String {
    let mut random = [0; 16];
    // Without randomness, a boundary that can be guessed is still most likely in no file.
    let _ = getrandom::fill(&mut random);
    format!("tipoff-{:032x}", u128::from_be_bytes(random))
}

/// A file name in quotes, as browsers write it (RFC 7578, section 4.2 leaves it open).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A content type as it may stand in a header: devices declare what they like.
pub(crate) fn header_safe(content_type: &str) -> &str {
    let safe = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if !content_type.is_empty() && content_type.bytes().all(safe) {
        content_type
    } else {
        "application/octet-stream"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_types_cannot_leave_their_place() {
        assert_eq!(quoted("a\"; x=\"\r\nX: y"), "a%22; x=%22%0D%0AX: y");
        assert_eq!(header_safe("text/plain; charset=utf-8"), "text/plain; charset=utf-8");
        assert_eq!(header_safe("image/jpeg\r\nX: y"), "application/octet-stream");
        assert_eq!(header_safe(""), "application/octet-stream");
    }
}
