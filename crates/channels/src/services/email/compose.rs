//! A new mail about an alert: its words as text and as HTML, its pictures within the HTML, its other files
//! attached (RFC 2045 to 2047, 2387). All of it is ASCII in short lines, which every server accepts. What a
//! device sent cannot add a field, a part or markup.

use tipoff_model::{Alert, Priority};

use super::header::{self, Mailbox};
use crate::body::{BASE64_LINE_BYTES, Body, Piece};
use crate::buttons::Link;
use crate::multipart::boundary;
use crate::{Attachment, Message, Role, Source, words};

/// Header field of mails that Tipoff sends. It prevents mail loops.
pub(super) const MARK: &str = "X-Tipoff-Alert";
/// Longer lines of text are encoded, well before the 998 bytes of RFC 5322, section 2.1.1.
const LINE_BYTES_MAX: usize = 900;

/// A mail to be written.
pub(super) struct NewMail<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) to: &'a [Mailbox],
    /// The Message-ID, without brackets.
    pub(super) id: &'a str,
    pub(super) subject: &'a str,
    /// The Message-ID of the mail that this one follows.
    pub(super) follows: Option<&'a str>,
    pub(super) alert: &'a Alert,
    /// Links that carry out actions, below the link to the incident.
    pub(super) links: &'a [Link<'a>],
    pub(super) message: &'a Message,
}

/// The mail's bytes, without the line break at the end, which belongs to SMTP's DATA.
pub(super) fn compose(letter: &NewMail<'_>) -> Body {
    let MimePart { head, body } = content(letter);
    let mut pieces = vec![Piece::Bytes(format!("{}{head}\r\n", fields(letter)).into_bytes())];
    pieces.extend(body);
    Body::new(String::new(), pieces)
}

/// The header, up to the fields of the first part.
fn fields(letter: &NewMail<'_>) -> String {
    let NewMail { from, to, id, subject, follows, alert, .. } = letter;
    let mut fields = format!("Date: {}\r\n", header::date(alert.received_at));
    fields += &header::mailboxes("From", std::slice::from_ref(from));
    fields += &header::mailboxes("To", to);
    fields += &header::words("Subject", subject);
    fields += &format!("Message-ID: <{id}>\r\n");
    if let Some(first) = follows {
        fields += &format!("In-Reply-To: <{first}>\r\nReferences: <{first}>\r\n");
    }
    fields += &marks(alert);
    // Not standardised. Mail programs read one or the other.
    if let Some((number, word)) = importance(letter.message, alert) {
        fields += &format!("X-Priority: {number}\r\nImportance: {word}\r\n");
    }
    fields + "MIME-Version: 1.0\r\n"
}

/// The fields that keep programs from answering (RFC 3834, section 5), and Tipoff from sending the mail on.
pub(super) fn marks(alert: &Alert) -> String {
    format!("Auto-Submitted: auto-generated\r\n{MARK}: {}\r\n", key(alert))
}

/// The alert's idempotency key, made of letters, digits and hyphens.
pub(super) fn key(alert: &Alert) -> String {
    let harmless =
        |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
    alert.idempotency_key.chars().take(100).map(harmless).collect()
}

/// The importance of a mail as a number and a word. If an alert has several mails, only the first is urgent.
fn importance(message: &Message, alert: &Alert) -> Option<(u8, &'static str)> {
    let priority = match alert.manner.priority {
        Some(Priority::Lowest) => Priority::Lowest,
        _ if alert.is_silent() => Priority::Low,
        Some(Priority::High | Priority::Urgent) if message.is_rest => Priority::Normal,
        priority => priority?,
    };
    Some(match priority {
        Priority::Lowest => (5, "low"),
        Priority::Low => (4, "low"),
        Priority::Normal => (3, "normal"),
        Priority::High => (2, "high"),
        Priority::Urgent => (1, "high"),
    })
}

/// A part of a mail: its fields and its content.
struct MimePart {
    head: String,
    body: Vec<Piece>,
}

/// The parts of the mail, nested as Thunderbird nests them. A program that cannot show HTML shows the text, with
/// the pictures beside it.
fn content(letter: &NewMail<'_>) -> MimePart {
    let shown: Vec<&Attachment> =
        letter.message.files.iter().filter(|file| file.role == Role::Picture).collect();
    let attached = letter.message.files.iter().filter(|file| file.role != Role::Picture);
    let page = text_part("html", &html(letter, &shown));
    let mut related = vec![page];
    related.extend(shown.iter().enumerate().map(|(number, file)| {
        let id = format!("Content-ID: <{}>\r\n", picture_id(letter, number));
        file_part("inline", file, &id)
    }));
    let related = multi("related; type=\"text/html\"", related);
    let alternative = multi("alternative", vec![text_part("plain", &text(letter)), related]);
    let mut mixed = vec![alternative];
    mixed.extend(attached.map(|file| file_part("attachment", file, "")));
    multi("mixed", mixed)
}

/// The Content-ID of a picture, which the HTML refers to (RFC 2392).
fn picture_id(letter: &NewMail<'_>, number: usize) -> String {
    format!("picture-{}.{}", number + 1, letter.id)
}

/// Several parts as one. A single part stays as it is.
fn multi(kind: &str, mut parts: Vec<MimePart>) -> MimePart {
    if parts.len() == 1
        && let Some(part) = parts.pop()
    {
        return part;
    }
    let boundary = boundary();
    let head = format!("Content-Type: multipart/{kind};\r\n boundary=\"{boundary}\"\r\n");
    let mut body = Vec::new();
    for part in parts {
        let begin = format!("--{boundary}\r\n{}\r\n", part.head);
        body.push(Piece::Bytes(begin.into_bytes()));
        body.extend(part.body);
        body.push(Piece::Bytes(b"\r\n".to_vec()));
    }
    body.push(Piece::Bytes(format!("--{boundary}--").into_bytes()));
    MimePart { head, body }
}

/// A text as it is if it is ASCII in short lines, else in base64.
fn text_part(subtype: &str, text: &str) -> MimePart {
    let is_plain = text.is_ascii() && text.lines().all(|line| line.len() <= LINE_BYTES_MAX);
    let (encoding, body) = match is_plain {
        true => ("7bit", text.replace('\n', "\r\n")),
        false => ("base64", in_lines(&words::base64(&text.replace('\n', "\r\n")))),
    };
    let head = format!(
        "Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    );
    MimePart { head, body: vec![Piece::Bytes(body.into_bytes())] }
}

/// Base64 in lines of [`BASE64_LINE_BYTES`].
fn in_lines(base64: &str) -> String {
    let mut lines = String::with_capacity(base64.len() + base64.len() / 38);
    for (index, character) in base64.chars().enumerate() {
        if index > 0 && index % BASE64_LINE_BYTES == 0 {
            lines.push_str("\r\n");
        }
        lines.push(character);
    }
    lines
}

/// A file as a part: shown within the mail or attached, as `how` says.
fn file_part(how: &str, file: &Attachment, more: &str) -> MimePart {
    match &file.source {
        Source::Stored(stored) => {
            let head = format!(
                "Content-Type: {}\r\nContent-Transfer-Encoding: base64\r\n{more}{}",
                header::content_type(&stored.media.content_type),
                header::disposition(how, file.name()),
            );
            MimePart { head, body: vec![Piece::Base64Lines(stored.clone())] }
        }
        Source::Text(text) => {
            let MimePart { head, body } = text_part("plain", text);
            MimePart { head: head + &header::disposition(how, file.name()), body }
        }
    }
}

/// Title and text of the mail. A mail without words names its files.
fn said<'a>(letter: &'a NewMail<'_>) -> (&'a str, String) {
    let Message { title, text, files, .. } = letter.message;
    if title.is_empty() && text.is_empty() {
        let names: Vec<String> = files.iter().map(|file| words::clean(file.name())).collect();
        return ("", names.join("\n"));
    }
    (title, text.clone())
}

/// The mail as plain text.
fn text(letter: &NewMail<'_>) -> String {
    let (title, text) = said(letter);
    // Below the text: first the incident, then what can be done.
    let link = letter.alert.link.as_deref().map(words::clean).unwrap_or_default();
    let links = letter.links.iter();
    let links = links.map(|it| format!("{}: {}", words::clean(it.label), words::clean(it.url)));
    let links = links.collect::<Vec<_>>().join("\n");
    let parts = [title, &text, &link, &links];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// The mail as HTML, without style sheets or scripts: mail programs remove them.
fn html(letter: &NewMail<'_>, shown: &[&Attachment]) -> String {
    let (title, text) = said(letter);
    let mut html = "<!DOCTYPE html>\n<html><body>\n".to_owned();
    if !title.is_empty() {
        html += &format!("<p><strong>{}</strong></p>\n", escaped(title));
    }
    if !text.is_empty() {
        html += &format!("<p>{}</p>\n", escaped(&text));
    }
    for (number, file) in shown.iter().enumerate() {
        html += &format!(
            "<p><img src=\"cid:{}\" alt=\"{}\" style=\"max-width:100%\"></p>\n",
            picture_id(letter, number),
            escaped(file.name()),
        );
    }
    if let Some(link) = &letter.alert.link {
        html += &format!("<p><a href=\"{}\">Open it in Tipoff</a></p>\n", escaped(link));
    }
    if !letter.links.is_empty() {
        let links = letter.links.iter();
        let links =
            links.map(|it| format!("<a href=\"{}\">{}</a>", escaped(it.url), escaped(it.label)));
        html += &format!("<p>{}</p>\n", links.collect::<Vec<_>>().join(" &#183;\n"));
    }
    html + "</body></html>"
}

/// Text as HTML in ASCII: other characters become references.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in words::clean(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("<br>\n"),
            ' '..='~' | '\t' => escaped.push(character),
            other => escaped.push_str(&format!("&#{};", u32::from(other))),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_shown_as_it_was_written() {
        assert_eq!(escaped("<b> \"a\" & ü\n"), "&lt;b&gt; &quot;a&quot; &amp; &#252;<br>\n");
    }

    #[test]
    fn lines_of_base64_are_short() {
        let lines = in_lines(&"x".repeat(BASE64_LINE_BYTES * 2));
        assert_eq!(lines, format!("{0}\r\n{0}", "x".repeat(BASE64_LINE_BYTES)));
    }
}
