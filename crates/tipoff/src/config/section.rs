//! A section of the configuration, read key by key: the keys that are asked for are the keys that exist.
//!
//! Each key is written once, where it is read, with its default and its meaning; the reference is derived from that. A
//! key in the file that nobody asked for is a fault: it is mistyped, or belongs to another section.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::book::SectionKind;
use super::fault::Fault;
use super::key::Key;
use super::mask::Span;
use super::reading::Reading;
use super::suggest::nearest;

/// A table that is being read.
pub(super) struct Section<'r> {
    pub(super) reading: &'r Reading<'r>,
    /// The name of the section: `smtp`, `device.match`; empty for the top level.
    place: &'static str,
    kind: SectionKind,
    table: &'r DeTable<'r>,
    /// The place of the section, for faults of missing keys.
    pub(super) span: Span,
    /// The keys that were asked for.
    taken: Vec<&'static str>,
}

impl<'r> Section<'r> {
    /// The whole file.
    pub(super) fn root(reading: &'r Reading<'r>, table: &'r DeTable<'r>) -> Self {
        let taken = Vec::new();
        Self { reading, place: "", kind: SectionKind::Root, table, span: 0..0, taken }
    }

    /// Takes a key's value, if it is given. The key is known from now on.
    pub(super) fn take(&mut self, key: &Key) -> Option<&'r Spanned<DeValue<'r>>> {
        self.taken.push(key.name);
        self.reading.describe(|book| book.key(self.place, key));
        self.table.get(key.name)
    }

    /// Reads the section that follows `[name]` or is inside of `name = { }`. An absent section is read as an empty one,
    /// so that its defaults apply. A section inside of a section has the path as its name, such as `spool.s3`.
    pub(super) fn table<T>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        read: impl FnOnce(&mut Section<'r>) -> T,
    ) -> T {
        let key = name.rsplit('.').next().unwrap_or(name);
        self.taken.push(key);
        let given = self.table.get(key).and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some((table, value.span())),
            _ => {
                let title = format!("`{name}` is a section: write `[{name}]` and its keys below");
                self.fault(Fault::at(value.span(), title));
                None
            }
        });
        let (table, span) = given.unwrap_or((&self.reading.empty, 0..0));
        self.child(name, SectionKind::Table, doc, table, span).read(read)
    }

    /// Reads every section that follows `[[name]]`. One for which `read` returns `None` is left out; its fault is
    /// noted.
    pub(super) fn tables<T>(
        &mut self,
        name: &'static str,
        doc: &'static str,
        mut read: impl FnMut(&mut Section<'r>) -> Option<T>,
    ) -> Vec<T> {
        self.taken.push(name);
        if self.reading.describes() {
            self.child(name, SectionKind::List, doc, &self.reading.empty, 0..0).read(&mut read);
        }
        let Some(value) = self.table.get(name) else {
            return Vec::new();
        };
        let again = format!("there can be several: write `[[{name}]]` above each");
        let DeValue::Array(items) = value.get_ref() else {
            self.fault(Fault::at(value.span(), again));
            return Vec::new();
        };
        let read_one = |item: &'r Spanned<DeValue<'r>>| {
            let DeValue::Table(table) = item.get_ref() else {
                self.fault(Fault::at(item.span(), again.clone()));
                return None;
            };
            self.child(name, SectionKind::List, doc, table, item.span()).read(&mut read)
        };
        items.iter().filter_map(read_one).collect()
    }

    /// Reads an inline table that is the value of a key; `None` if there is none.
    pub(super) fn inline<T>(
        &self,
        place: &'static str,
        doc: &'static str,
        value: Option<&'r Spanned<DeValue<'r>>>,
        read: impl FnOnce(&mut Section<'r>) -> T,
    ) -> Option<T> {
        let (table, span) = match value.map(|value| (value.get_ref(), value.span())) {
            Some((DeValue::Table(table), span)) => (table, span),
            None if self.reading.describes() => (&self.reading.empty, 0..0),
            _ => return None,
        };
        Some(self.child(place, SectionKind::Inline, doc, table, span).read(read))
    }

    /// Accepts all keys that are not asked for: what they mean is not known.
    pub(super) fn ignore_others(&mut self) {
        self.table = &self.reading.empty;
    }

    /// Notes that a value is invalid, and why.
    pub(super) fn wrong(&self, name: &str, span: Span, reason: impl Into<String>) {
        self.fault(Fault::at(span, format!("invalid `{name}`")).label(reason).of(name));
    }

    /// Notes that a key must be given.
    pub(super) fn missing(&self, name: &str, sample: &str) {
        let title = format!("`{name}` is missing in {}", self.kind.header(self.place));
        let fault = Fault::at(self.span.clone(), title).label(format!("add {name} = {sample}"));
        self.fault(fault.of(name));
    }

    /// Notes a fault.
    pub(super) fn fault(&self, fault: Fault) {
        self.reading.fault(fault);
    }

    /// Whether a key is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.get(name).is_some()
    }

    /// Whether a key is given as `[]`.
    pub(super) fn is_empty_list(&self, name: &str) -> bool {
        let items = self.table.get(name).and_then(|value| value.get_ref().as_array());
        items.is_some_and(|items| items.is_empty())
    }

    /// Whether a key's value, or one in its list, is `{ env = … }` or `{ file = … }`.
    pub(super) fn refers(&self, name: &str) -> bool {
        let is_table = |value: &Spanned<DeValue<'_>>| matches!(value.get_ref(), DeValue::Table(_));
        self.table.get(name).is_some_and(|value| match value.get_ref() {
            DeValue::Array(items) => items.iter().any(is_table),
            _ => is_table(value),
        })
    }

    /// The place of a key, or of the section if the key is not given.
    pub(super) fn span_of(&self, name: &str) -> Span {
        self.table.get(name).map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// A section inside of this one; `table` is empty if it is not given.
    fn child(
        &self,
        name: &'static str,
        kind: SectionKind,
        doc: &'static str,
        table: &'r DeTable<'r>,
        span: Span,
    ) -> Section<'r> {
        self.reading.describe(|book| book.section(name, kind, doc));
        Section { reading: self.reading, place: name, kind, table, span, taken: Vec::new() }
    }

    /// Reads a section to its end: then its unknown keys are known.
    fn read<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let value = read(&mut self);
        self.finish();
        value
    }

    /// Notes every key that nobody asked for, with a known key that was probably meant, or the section that has the
    /// key.
    pub(super) fn finish(self) {
        let others = self.table.iter().filter(|(key, _)| !self.taken.contains(&&**key.get_ref()));
        for (key, _) in others {
            let word = key.get_ref().as_ref();
            let title = format!("unknown key `{word}` {}", self.kind.within(self.place));
            let fault = Fault::at(key.span(), title).of(word);
            let known = self.taken.iter().copied();
            let all = || format!("known here: {}", self.taken.join(", "));
            self.fault(match (nearest(word, known), self.reading.sections_with(word)) {
                (Some(meant), _) => fault.label(format!("did you mean `{meant}`?")),
                // Channels have keys of many names: it may not be what was meant.
                (None, Some(header)) if header.contains("[[channel]]") => {
                    fault.label(format!("it is a key of {header}")).help(all())
                }
                (None, Some(header)) => fault.label(format!("it is a key of {header}")),
                (None, None) => fault.label("no such key").help(all()),
            });
        }
    }
}
