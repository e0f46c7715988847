//! XML as cameras read it: a tree with namespaces, or an error.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// An element, its name without a prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    /// Empty if it has none.
    pub(super) namespace: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Its text without surrounding white space; that of children is not part of it.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// The root element of a document.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().trim_text(true);
        let mut open = vec![Self::default()];
        loop {
            let (namespace, event) =
                reader.read_resolved_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => open.push(Self::of(&start, &namespace)?),
                Event::Empty(start) => {
                    let element = Self::of(&start, &namespace)?;
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

    fn of(start: &BytesStart<'_>, namespace: &ResolveResult<'_>) -> Result<Self, String> {
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => String::from_utf8_lossy(namespace.as_ref()).into(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err("a prefix is not declared".to_owned()),
        };
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            let value = String::from_utf8_lossy(&attribute.value).into_owned();
            attributes.push((name, value));
        }
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        Ok(Self { name, namespace, attributes, ..Self::default() })
    }

    /// The first child of this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The descendant at this path, the first of each name.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The text at this path.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|element| element.text.as_str())
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
