//! One tag of XML: its name and attributes without their namespaces.

use encoding_rs::Encoding as Charset;

use crate::charset::{cut, decode};
use crate::found::{NAME_BYTES_MAX, TEXT_BYTES_MAX};

/// Number of attributes of an element. What follows is left out.
const ATTRIBUTES_MAX: usize = 32;

/// What is between `<` and `>`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// `<?xml …?>`.
    Declaration { charset: Option<String> },
    /// The begin of an element, or a whole one.
    Begin { name: String, attributes: Vec<(String, String)>, is_empty: bool },
    /// The end of an element.
    End { name: String },
    /// Anything else.
    Other,
}

/// Reads a tag without its angle brackets.
pub(super) fn parse(bytes: &[u8], charset: Option<&'static Charset>) -> Tag {
    let text = decode(bytes, charset);
    if let Some(declaration) = text.strip_prefix('?') {
        let Some(declaration) = declaration.strip_prefix("xml") else {
            return Tag::Other;
        };
        let mut attributes = attributes(declaration.trim_end_matches('?')).into_iter();
        let charset = attributes.find(|(name, _)| name == "encoding").map(|(_, value)| value);
        return Tag::Declaration { charset };
    }
    if text.starts_with('!') {
        return Tag::Other;
    }
    if let Some(name) = text.strip_prefix('/') {
        return Tag::End { name: local(name.trim()).to_owned() };
    }
    let (text, is_empty) = match text.trim_end().strip_suffix('/') {
        Some(text) => (text, true),
        None => (text.as_str(), false),
    };
    let end = text.find(|c: char| c.is_whitespace()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    Tag::Begin { name: local(name).to_owned(), attributes: attributes(rest), is_empty }
}

/// The name without its namespace, cut at its limit.
fn local(name: &str) -> &str {
    cut(name.rsplit_once(':').map_or(name, |(_, local)| local), NAME_BYTES_MAX)
}

/// The attributes but those that name namespaces. Quotes may be missing.
fn attributes(mut text: &str) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    while let Some((name, rest)) = text.split_once('=') {
        let rest = rest.trim_start();
        let (value, behind) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let value = rest.get(1..).unwrap_or_default();
                value.split_once(quote).unwrap_or((value, ""))
            }
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        text = behind;
        let name = name.split_whitespace().next_back().unwrap_or_default();
        let is_namespace = name == "xmlns" || name.starts_with("xmlns:");
        if !is_namespace && !name.is_empty() && attributes.len() < ATTRIBUTES_MAX {
            let value = cut(value, TEXT_BYTES_MAX);
            attributes.push((local(name).to_owned(), resolved(value).trim().to_owned()));
        }
    }
    attributes
}

/// A text without entities. What is none stands for itself.
fn resolved(mut text: &str) -> String {
    let mut output = String::new();
    while let Some((before, behind)) = text.split_once('&') {
        output.push_str(before);
        let known = behind
            .split_once(';')
            .and_then(|(name, behind)| Some((entity(name.as_bytes())?, behind)));
        match known {
            Some((character, behind)) => {
                output.push(character);
                text = behind;
            }
            None => {
                output.push('&');
                text = behind;
            }
        }
    }
    output.push_str(text);
    output
}

/// The character of an entity: the five of XML (section 4.6), or a number. `None` if it is not known.
pub(super) fn entity(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    })
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let code = u32::from_str_radix(str::from_utf8(digits).ok()?, radix).ok()?;
    char::from_u32(code).filter(|&character| character != '\0')
}
