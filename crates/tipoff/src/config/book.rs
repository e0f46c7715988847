//! Every section and key that one reading asked for, with its documentation: the material of the reference, the example
//! file and the message "it is a key of …".
//!
//! Knows no section: it is filled while the sections are read, so it lists no more and no less than there is.

use super::key::Key;

/// What a section looks like in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    /// The top level.
    Root,
    /// `[name]`
    Table,
    /// `[[name]]`
    List,
    /// `name = { … }`, the place being `section.name`
    Inline,
    /// A type of `[[channel]]`.
    Channel,
}

impl SectionKind {
    /// How it is headed.
    pub(super) fn header(self, place: &str) -> String {
        match self {
            Self::Root => "the top level".to_owned(),
            Self::Table => format!("`[{place}]`"),
            Self::List => format!("`[[{place}]]`"),
            Self::Inline => {
                let name = place.rsplit('.').next().unwrap_or_default();
                format!("`{name} = {{ … }}`")
            }
            Self::Channel => format!("`[[channel]]` with `type = \"{place}\"`"),
        }
    }

    /// Where something is that is in it.
    pub(super) fn within(self, place: &str) -> String {
        let preposition = if self == Self::Root { "at" } else { "in" };
        format!("{preposition} {}", self.header(place))
    }
}

/// A section and its keys.
#[derive(Debug)]
pub(super) struct Chapter {
    pub(super) place: &'static str,
    pub(super) kind: SectionKind,
    pub(super) doc: &'static str,
    pub(super) keys: Vec<Key>,
}

/// The heading of channels of several types.
const CHANNELS_OF_TYPES: &str = "`[[channel]]` of another `type`";

/// Everything that was asked for in one reading.
#[derive(Debug)]
pub(super) struct Book(pub(super) Vec<Chapter>);

impl Default for Book {
    fn default() -> Self {
        let doc = "At the top of the file, above the first section.";
        Self(vec![Chapter { place: "", kind: SectionKind::Root, doc, keys: Vec::new() }])
    }
}

impl Book {
    /// Begins a section.
    pub(super) fn section(&mut self, place: &'static str, kind: SectionKind, doc: &'static str) {
        self.0.push(Chapter { place, kind, doc, keys: Vec::new() });
    }

    /// Adds a key to a section that was begun.
    pub(super) fn key(&mut self, place: &str, key: &Key) {
        if let Some(chapter) = self.0.iter_mut().rfind(|chapter| chapter.place == place) {
            chapter.keys.push(key.clone());
        }
    }

    /// The headings of the sections that have a key, such as "`[smtp]` or `[ftp]`". Tables inside of a line are named only
    /// if no section has it, and channels of several types once.
    pub(super) fn sections_with(&self, key: &str) -> Option<String> {
        let has_key = |chapter: &&Chapter| chapter.keys.iter().any(|known| known.name == key);
        let (inline, sections): (Vec<&Chapter>, Vec<&Chapter>) =
            self.0.iter().filter(has_key).partition(|it| it.kind == SectionKind::Inline);
        let named = if sections.is_empty() { inline } else { sections };
        let is_channel = |it: &&Chapter| it.kind == SectionKind::Channel;
        let types = named.iter().filter(|it| is_channel(it)).count();
        let alone = named.iter().filter(|it| types < 2 || !is_channel(it));
        let mut headers: Vec<String> = alone.map(|it| it.kind.header(it.place)).collect();
        if types > 1 {
            headers.push(CHANNELS_OF_TYPES.to_owned());
        }
        (!headers.is_empty()).then(|| headers.join(" or "))
    }
}
