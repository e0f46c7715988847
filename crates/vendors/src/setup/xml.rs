//! XML that is changed in place: the values of known elements are replaced in what the camera gave, and everything else
//! stays byte by byte, because cameras refuse documents that lack what they have written themselves.

use std::ops::Range;

/// Elements of a document.
const ELEMENTS_MAX: usize = 50_000;
/// Elements inside each other.
const DEPTH_MAX: usize = 24;

/// A document and where its elements are.
pub(super) struct Xml<'a> {
    text: &'a str,
    elements: Vec<Element>,
}

/// An element of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(usize);

struct Element {
    /// The name without its prefix.
    name: String,
    whole: Range<usize>,
    /// Between the tags; empty and at the end for `<a/>`.
    content: Range<usize>,
    /// `<a/>`
    is_empty_tag: bool,
    parent: Option<usize>,
}

impl<'a> Xml<'a> {
    /// Reads a document. `None` if it is no well-formed XML, is too large, or has a document type.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut elements: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(found) = text.get(at..)?.find('<') {
            let start = at + found;
            let rest = text.get(start..)?;
            if let Some(skipped) = skipped(rest)? {
                at = start + skipped;
                continue;
            }
            let end = start + tag_end(rest)?;
            let tag = text.get(start + 1..end - 1)?;
            at = end;
            if let Some(name) = tag.strip_prefix('/') {
                let element = elements.get_mut(open.pop()?)?;
                if element.name != local(name.trim_end()) {
                    return None;
                }
                element.content.end = start;
                element.whole.end = end;
                continue;
            }
            let is_empty_tag = tag.ends_with('/');
            let name = tag.split([' ', '\t', '\r', '\n', '/']).next()?;
            let is_second_root = open.is_empty() && !elements.is_empty();
            if is_second_root || elements.len() >= ELEMENTS_MAX || open.len() >= DEPTH_MAX {
                return None;
            }
            elements.push(Element {
                name: local(name).to_owned(),
                whole: start..end,
                content: end..end,
                is_empty_tag,
                parent: open.last().copied(),
            });
            if !is_empty_tag {
                open.push(elements.len() - 1);
            }
        }
        (open.is_empty() && !elements.is_empty()).then_some(Self { text, elements })
    }

    /// The root, if it has this name.
    pub(super) fn root(&self, name: &str) -> Option<Node> {
        self.elements.first().filter(|root| root.name == name).map(|_| Node(0))
    }

    /// All elements of this name, at any depth.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = Node> {
        let elements = self.elements.iter().enumerate();
        elements.filter(move |(_, it)| it.name == name).map(|(at, _)| Node(at))
    }

    /// The first child of this name.
    pub(super) fn child(&self, parent: Node, name: &str) -> Option<Node> {
        let fits = |it: &Element| it.parent == Some(parent.0) && it.name == name;
        self.elements.iter().position(fits).map(Node)
    }

    /// The text of a child without surrounding white space; empty if there is no such child.
    pub(super) fn text(&self, parent: Node, name: &str) -> String {
        let content = self.child(parent, name).map(|child| self.content(child));
        unescaped(content.unwrap_or_default().trim())
    }

    /// The element as it stands.
    pub(super) fn whole(&self, node: Node) -> &'a str {
        let range = self.elements.get(node.0).map(|it| it.whole.clone());
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    fn content(&self, node: Node) -> &'a str {
        let range = self.elements.get(node.0).map(|it| it.content.clone());
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    /// Whether an element contains another one.
    pub(super) fn contains(&self, outer: Node, inner: Node) -> bool {
        let range = |node: Node| self.elements.get(node.0).map(|it| it.whole.clone());
        range(outer)
            .zip(range(inner))
            .is_some_and(|(outer, inner)| outer.start <= inner.start && inner.end <= outer.end)
    }

    /// The name space that an element's tag declares.
    pub(super) fn declares_namespace(&self, node: Node) -> bool {
        self.tag(node).contains("xmlns")
    }

    /// The attributes of an element, as they stand.
    pub(super) fn attributes(&self, node: Node) -> &'a str {
        let tag = self.tag(node).trim_start_matches('<').trim_end_matches(['>', '/']);
        tag.split_once([' ', '\t', '\r', '\n']).map_or("", |(_, attributes)| attributes.trim())
    }

    fn tag(&self, node: Node) -> &'a str {
        let whole = self.whole(node);
        tag_end(whole).and_then(|end| whole.get(..end)).unwrap_or_default()
    }
}

/// Changes of a document, which are made all at once.
pub(super) struct Edits<'x, 'a> {
    xml: &'x Xml<'a>,
    changes: Vec<(Range<usize>, String)>,
}

impl<'x, 'a> Edits<'x, 'a> {
    pub(super) fn new(xml: &'x Xml<'a>) -> Self {
        Self { xml, changes: Vec::new() }
    }

    /// Sets the value of a child. One that is missing is added before the child `before`, or at the end.
    pub(super) fn set(&mut self, parent: Node, name: &str, value: &str, before: &str) {
        let value = escaped(value);
        let element = |node: Node| self.xml.elements.get(node.0);
        let change = match self.xml.child(parent, name).and_then(element) {
            Some(child) if child.is_empty_tag => (child.whole.clone(), tagged(name, &value)),
            Some(child) => (child.content.clone(), value),
            None => {
                let next = self.xml.child(parent, before).and_then(element);
                let end = element(parent).map_or(0, |it| it.content.end);
                let at = next.map_or(end, |next| next.whole.start);
                (at..at, tagged(name, &value))
            }
        };
        self.changes.push(change);
    }

    /// Removes a child, if it is there.
    pub(super) fn remove(&mut self, parent: Node, name: &str) {
        let child = self.xml.child(parent, name);
        if let Some(child) = child.and_then(|child| self.xml.elements.get(child.0)) {
            self.changes.push((child.whole.clone(), String::new()));
        }
    }

    /// Adds XML at the end of an element, or replaces the element by `otherwise` if it has no end tag.
    pub(super) fn append(&mut self, node: Node, xml: &str, otherwise: &str) {
        let Some(element) = self.xml.elements.get(node.0) else { return };
        self.changes.push(match element.is_empty_tag {
            true => (element.whole.clone(), otherwise.to_owned()),
            false => (element.content.end..element.content.end, xml.to_owned()),
        });
    }

    /// An element with the changes that are in it.
    pub(super) fn whole(mut self, node: Node) -> Option<String> {
        let range = self.xml.elements.get(node.0)?.whole.clone();
        self.changes.sort_by_key(|(range, _)| range.start);
        let mut text = String::new();
        let mut at = range.start;
        for (place, new) in &self.changes {
            if place.start < at || place.end > range.end {
                continue;
            }
            text.push_str(self.xml.text.get(at..place.start)?);
            text.push_str(new);
            at = place.end;
        }
        text.push_str(self.xml.text.get(at..range.end)?);
        Some(text)
    }
}

/// Length of what is neither an element nor its end: a declaration, a comment, text that is not parsed. The outer `None`: it
/// has no end, or is a document type.
fn skipped(rest: &str) -> Option<Option<usize>> {
    for (begin, end) in [("<?", "?>"), ("<!--", "-->"), ("<![CDATA[", "]]>")] {
        if rest.starts_with(begin) {
            return Some(Some(rest.find(end)? + end.len()));
        }
    }
    if rest.starts_with("<!") { None } else { Some(None) }
}

/// Length of the tag that a text begins with.
fn tag_end(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn tagged(name: &str, value: &str) -> String {
    format!("<{name}>{value}</{name}>")
}

/// Text as the content of an element (XML 1.0, section 2.4).
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescaped(text: &str) -> String {
    let mut plain = text.to_owned();
    for (name, letter) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
    {
        plain = plain.replace(name, letter);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<?xml version=\"1.0\"?>\n<!-- a > b --><L xmlns=\"x>y\">\n <h a='1'><id>1</id><url/>\
        <x:port>80</x:port><odd><id>9</id></odd></h>\n <h><id> 2 </id><url>/a&amp;b</url></h></L>\n";

    #[test]
    fn what_is_not_changed_stays_byte_by_byte() {
        let xml = Xml::parse(TEXT).unwrap();
        let root = xml.root("L").unwrap();
        let first = xml.all("h").next().unwrap();
        let mut edits = Edits::new(&xml);
        edits.set(first, "url", "/h/<&>", "");
        edits.set(first, "port", "8080", "");
        edits.set(first, "ip", "1.2.3.4", "port");
        edits.set(first, "last", "x", "");
        let expected = TEXT
            .replace("<url/>", "<url>/h/&lt;&amp;&gt;</url><ip>1.2.3.4</ip>")
            .replace(">80<", ">8080<")
            .replace("</odd></h>", "</odd><last>x</last></h>");
        let from = expected.find("<L").unwrap();
        assert_eq!(edits.whole(root).unwrap(), expected[from..].trim_end());
    }

    #[test]
    fn elements_are_found_and_read() {
        let xml = Xml::parse(TEXT).unwrap();
        let (root, hosts) = (xml.root("L").unwrap(), xml.all("h").collect::<Vec<_>>());
        assert_eq!(hosts.len(), 2);
        assert!(xml.contains(root, hosts[1]) && !xml.contains(hosts[0], hosts[1]));
        assert_eq!(
            (xml.text(hosts[1], "id"), xml.text(hosts[1], "url")),
            ("2".into(), "/a&b".into())
        );
        assert_eq!(
            (xml.text(hosts[0], "port"), xml.text(hosts[1], "port")),
            ("80".into(), "".into())
        );
        assert!(xml.declares_namespace(root) && !xml.declares_namespace(hosts[0]));
        assert_eq!(xml.attributes(hosts[0]), "a='1'");
        let mut edits = Edits::new(&xml);
        edits.remove(hosts[0], "odd");
        edits.append(hosts[0], "<new/>", "");
        let changed = edits.whole(hosts[0]).unwrap();
        assert!(changed.ends_with("<x:port>80</x:port><new/></h>"), "{changed}");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let deep = "<a>".repeat(DEPTH_MAX + 1) + &"</a>".repeat(DEPTH_MAX + 1);
        for text in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "</a>",
            "<a",
            "<!DOCTYPE a><a/>",
            "<a/><b/>",
            "<!-- <a/>",
            &deep,
        ] {
            assert!(Xml::parse(text).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(</?[ab:]{1,2}[ /]?>|<!--|-->|é|\"|'){0,40}") {
            if let Some(xml) = Xml::parse(&text) {
                for node in xml.all("a") {
                    let mut edits = Edits::new(&xml);
                    edits.set(node, "b", "1", "a");
                    edits.append(node, "<c/>", "<a><c/></a>");
                    let _ = edits.whole(node);
                    let _ = (xml.text(node, "b"), xml.attributes(node));
                }
            }
        }
    }
}
