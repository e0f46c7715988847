//! XML as cameras read it: a tree without namespaces, or an error.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element, its name without a prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Its text without surrounding white space; that of children is not part of it.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The root element of a document.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().trim_text(true);
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => open.push(Self::of(&start)?),
                Event::Empty(start) => {
                    let element = Self::of(&start)?;
                    open.last_mut().ok_or("no parent")?.children.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().ok_or("an end without a start")?;
                    open.last_mut().ok_or("an end without a start")?.children.push(element);
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|error| error.to_string())?;
                    open.last_mut().ok_or("no parent")?.text.push_str(&text);
                }
                Event::GeneralRef(name) => {
                    let letter = reference(&name.decode().map_err(|error| error.to_string())?)?;
                    open.last_mut().ok_or("no parent")?.text.push(letter);
                }
                Event::DocType(_) => return Err("a document type is refused".to_owned()),
                Event::Eof => break,
                Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        let [document] = open.as_mut_slice() else { return Err("an element has no end".into()) };
        match (document.children.pop(), document.children.is_empty(), document.text.is_empty()) {
            (Some(root), true, true) => Ok(root),
            _ => Err("not one root element".to_owned()),
        }
    }

    fn of(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            let value = String::from_utf8_lossy(&attribute.value).into_owned();
            attributes.push((name, value));
        }
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        Ok(Self { name, attributes, ..Self::default() })
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element as XML, without prefixes and attributes.
    pub(super) fn xml(&self) -> String {
        let content: String = self.children.iter().map(Self::xml).collect();
        format!("<{0}>{1}{content}</{0}>", self.name, escaped(&self.text))
    }
}

fn reference(name: &str) -> Result<char, String> {
    let number = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    });
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => number.and_then(char::from_u32).ok_or(format!("&{name}; is unknown")),
    }
}

/// A text as it stands inside of XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
