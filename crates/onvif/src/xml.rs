//! XML of cameras as a tree, namespace-blind and bounded. It knows no ONVIF.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Size of a document in bytes that is read; the rest is ignored.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// Elements of a document that are read; the rest is ignored. The profiles of a recorder with 64 cameras have 15,000.
const ELEMENTS_MAX: usize = 16_384;
/// Depth of elements; a deeper document is malformed.
const DEPTH_MAX: usize = 32;
/// Attributes of an element that are read.
const ATTRIBUTES_MAX: usize = 32;
/// Bytes of a text, a name or a value that are read.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// A document is no XML, or too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed XML")]
pub(crate) struct Malformed;

/// An element with its text and its children.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// The name as written, with its prefix.
    pub(crate) name: String,
    /// Names as written, and values.
    attributes: Vec<(String, String)>,
    text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The root of a document. A document that is cut off after its root began is read as far as it came.
    pub(crate) fn parse(document: &[u8]) -> Result<Self, Malformed> {
        let text = String::from_utf8_lossy(document.get(..DOCUMENT_BYTES_MAX).unwrap_or(document));
        let mut reader = Reader::from_str(&text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        config.check_end_names = false;
        let mut open: Vec<Self> = vec![Self::default()];
        let mut elements = 0;
        while elements < ELEMENTS_MAX {
            match reader.read_event().map_err(|_| Malformed)? {
                Event::Start(start) => {
                    elements += 1;
                    if open.len() > DEPTH_MAX {
                        return Err(Malformed);
                    }
                    open.push(Self::of(&start));
                }
                Event::Empty(start) => {
                    elements += 1;
                    add(&mut open, Self::of(&start));
                }
                Event::End(_) => close(&mut open),
                Event::Text(text) => append(&mut open, &text.decode().map_err(|_| Malformed)?),
                Event::CData(text) => append(&mut open, &text.decode().map_err(|_| Malformed)?),
                Event::GeneralRef(name) => {
                    append(&mut open, &resolved(&name.decode().map_err(|_| Malformed)?));
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::DocType(_) | Event::PI(_) => {}
            }
        }
        while open.len() > 1 {
            close(&mut open);
        }
        let document = open.pop().unwrap_or_default();
        document.children.into_iter().next().ok_or(Malformed)
    }

    fn of(start: &BytesStart<'_>) -> Self {
        let attributes = start.html_attributes().flatten().take(ATTRIBUTES_MAX).map(|attribute| {
            let name = String::from_utf8_lossy(attribute.key.as_ref());
            let value = String::from_utf8_lossy(&attribute.value);
            (cut(&name).to_owned(), cut(&unescaped(&value)).to_owned())
        });
        let attributes = attributes.collect();
        let name = cut(&String::from_utf8_lossy(start.name().as_ref())).to_owned();
        Self { name, attributes, ..Self::default() }
    }

    /// The name without its prefix.
    pub(crate) fn local_name(&self) -> &str {
        local(&self.name)
    }

    /// The text without white space around it.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The value of an attribute by its name without a prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(it, _)| local(it) == name).map(|(_, value)| value.as_str())
    }

    /// The namespace that this element declares for a prefix; an empty prefix stands for the default.
    pub(crate) fn namespace_of(&self, prefix: &str) -> Option<&str> {
        let is_it = |name: &str| match name.strip_prefix("xmlns") {
            Some("") => prefix.is_empty(),
            Some(rest) => rest.strip_prefix(':') == Some(prefix),
            None => false,
        };
        self.attributes.iter().find(|(name, _)| is_it(name)).map(|(_, value)| value.as_str())
    }

    /// The first child of this local name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.local_name() == name)
    }

    /// The children of this local name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.local_name() == name)
    }

    /// The descendant at this path of local names, the first of each.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The text at this path, if there is any.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(Self::text).filter(|text| !text.is_empty())
    }

    /// This element and all below it, in order.
    pub(crate) fn descendants(&self) -> impl Iterator<Item = &Self> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let element = waiting.pop()?;
            waiting.extend(element.children.iter().rev());
            Some(element)
        })
    }

    /// The first element of this local name, here or below.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        self.descendants().find(|element| element.local_name() == name)
    }

    /// The elements from this one to the first of this local name; empty if there is none.
    pub(crate) fn path_to(&self, name: &str) -> Vec<&Self> {
        if self.local_name() == name {
            return vec![self];
        }
        for child in &self.children {
            let mut path = child.path_to(name);
            if !path.is_empty() {
                path.insert(0, self);
                return path;
            }
        }
        Vec::new()
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn add(open: &mut [Element], element: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

/// Closes the innermost open element; the document itself stays open.
fn close(open: &mut Vec<Element>) {
    if open.len() > 1
        && let Some(element) = open.pop()
    {
        add(open, element);
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        let room = TEXT_BYTES_MAX.saturating_sub(element.text.len());
        element.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}

/// What a reference stands for. One that is unknown stands for itself: a document type defines none here.
fn resolved(name: &str) -> Cow<'static, str> {
    let number = name.strip_prefix('#').and_then(|digits| {
        let hexadecimal = digits.strip_prefix(['x', 'X']);
        hexadecimal.map_or_else(|| digits.parse().ok(), |it| u32::from_str_radix(it, 16).ok())
    });
    match name {
        "amp" => "&".into(),
        "lt" => "<".into(),
        "gt" => ">".into(),
        "quot" => "\"".into(),
        "apos" => "'".into(),
        _ => match number.and_then(char::from_u32) {
            Some(letter) => letter.to_string().into(),
            None => format!("&{name};").into(),
        },
    }
}

/// A value with its references resolved.
fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        rest = match after.split_once(';') {
            Some((name, behind)) if name.len() <= 10 => {
                text.push_str(&resolved(name));
                behind
            }
            _ => {
                text.push('&');
                after
            }
        };
    }
    text.push_str(rest);
    text
}

/// A text as it stands in XML. Letters that XML cannot have are left out (XML 1.0, section 2.2).
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // Written as themselves, parsers make spaces of them.
            '\t' | '\n' | '\r' => escaped.push_str(&format!("&#{};", u32::from(letter))),
            '\u{fffe}' | '\u{ffff}' | '\0'..' ' => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(levels: usize) -> String {
        "<a>".repeat(levels) + &"</a>".repeat(levels)
    }

    #[test]
    fn prefixes_references_and_sloppy_documents_are_read() {
        let text = "\u{feff}<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e \"y\">]>\
            <s:A x:b='1 &amp; &#x32;' c><b>Hof & Garten &lt;&#33;&e;</b><b><![CDATA[<2>]]></b></s:A> after";
        let root = Element::parse(text.as_bytes()).unwrap();
        assert_eq!((root.local_name(), root.attribute("b")), ("A", Some("1 & 2")));
        let texts: Vec<&str> = root.all("b").map(Element::text).collect();
        assert_eq!(texts, ["Hof & Garten <!&e;", "<2>"]);
    }

    #[test]
    fn a_document_that_is_cut_off_is_read_as_far_as_it_came() {
        let root = Element::parse(b"<a><b>1</b><c>2").unwrap();
        assert_eq!((root.text_at(&["b"]), root.text_at(&["c"])), (Some("1"), Some("2")));
        for none in ["", "text", "</a>", "<!-- -->"] {
            assert_eq!(Element::parse(none.as_bytes()), Err(Malformed), "{none}");
        }
    }

    #[test]
    fn depth_elements_and_texts_are_bounded() {
        assert!(Element::parse(depth(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(Element::parse(depth(DEPTH_MAX + 1).as_bytes()), Err(Malformed));
        let many = format!("<a>{}", "<b/>".repeat(ELEMENTS_MAX + 5));
        let root = Element::parse(many.as_bytes()).unwrap();
        assert_eq!(root.children.len(), ELEMENTS_MAX - 1);
        let long = format!("<a>{}</a>", "ä".repeat(TEXT_BYTES_MAX));
        assert_eq!(Element::parse(long.as_bytes()).unwrap().text().len(), TEXT_BYTES_MAX);
    }

    proptest::proptest! {
        #[test]
        fn what_is_escaped_is_read_as_it_was(text in "[^\0-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{0,60}") {
            let text = text.trim();
            let document = format!("<a b=\"{0}\">{0}</a>", escaped(text));
            let root = Element::parse(document.as_bytes()).unwrap();
            proptest::prop_assert_eq!(root.text(), text);
            proptest::prop_assert_eq!(root.attribute("b"), Some(text));
        }

        #[test]
        fn any_bytes_are_read_or_malformed(bytes in proptest::collection::vec(0..=255_u8, 0..200)) {
            let _ = Element::parse(&bytes);
        }

        #[test]
        fn any_tags_are_read_or_malformed(text in "[<>/a-c:&;='\"! \\[\\]?-]{0,80}") {
            let _ = Element::parse(text.as_bytes());
        }
    }
}
