//! The text of the configuration as it may be shown: without secrets and without comments.
//!
//! A value is hidden unless its reader has declared it to be no secret, so a secret behind a mistyped key is hidden as
//! well. Faults use places of the original text: [`Masked::place`] translates them.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// A range of bytes in the text.
pub(super) type Span = Range<usize>;

/// The text in place of a hidden value.
const STARS: &str = "***";

/// A text in which some ranges were replaced.
#[derive(Debug, Default)]
pub(crate) struct Masked {
    text: String,
    /// In order, without overlaps.
    moves: Vec<Move>,
}

/// One replacement. Places before it are unchanged by it; places behind it move.
#[derive(Debug)]
struct Move {
    /// The place of the hidden text in the original.
    was: Span,
    /// The place of the text that is shown instead.
    shown: Span,
    /// The place, in the text to show, of what follows it.
    resumes: usize,
}

impl Masked {
    /// The text to show.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of the line in which `span` begins; the first is 1.
    pub(super) fn line(&self, span: &Span) -> usize {
        let before = self.text.get(..self.place(span).start).unwrap_or_default();
        1 + before.matches('\n').count()
    }

    /// The place in the text to show that corresponds to `span` of the original. A place inside of a hidden value
    /// becomes the whole replacement. The result is always on the boundaries of characters.
    pub(super) fn place(&self, span: &Span) -> Span {
        let start = match self.before(span.start) {
            Some(last) if span.start < last.was.end => last.shown.start,
            last => self.moved(span.start, last),
        };
        let end = match self.before(span.end) {
            Some(last) if span.end == last.was.start => last.shown.start,
            Some(last) if span.end <= last.was.end => last.shown.end,
            last => self.moved(span.end, last),
        };
        let start = self.text.floor_char_boundary(start);
        start..self.text.ceil_char_boundary(end.max(start))
    }

    /// The last replacement that begins at or before an offset of the original.
    fn before(&self, offset: usize) -> Option<&Move> {
        let count = self.moves.partition_point(|it| it.was.start <= offset);
        self.moves.get(count.checked_sub(1)?)
    }

    /// The offset in the text to show of an original offset behind the replacement `last`.
    fn moved(&self, offset: usize, last: Option<&Move>) -> usize {
        let now = last.map_or(offset, |last| last.resumes + offset.saturating_sub(last.was.end));
        now.min(self.text.len())
    }

    /// Replaces each of the `hidden` places by its text. A place that overlaps one before it is skipped.
    fn new(source: &str, mut hidden: Vec<(Span, &str)>) -> Self {
        hidden.sort_by_key(|(span, _)| span.start);
        let mut masked = Self::default();
        let mut copied = 0;
        for (was, instead) in hidden {
            let (Some(kept), Some(gone)) = (source.get(copied..was.start), source.get(was.clone()))
            else {
                continue;
            };
            masked.text.push_str(kept);
            let start = masked.text.len();
            masked.text.push_str(instead);
            let shown = start..masked.text.len();
            // Lines keep their numbers.
            masked.text.extend(gone.chars().filter(|&character| character == '\n'));
            copied = was.end;
            masked.moves.push(Move { was, shown, resumes: masked.text.len() });
        }
        masked.text.push_str(source.get(copied..).unwrap_or_default());
        masked
    }
}

/// Hides comments and all values that are not inside of a place in `shown`. Comments go because people put old
/// passwords there.
pub(super) fn values(source: &str, root: &DeTable<'_>, shown: Vec<Span>) -> Masked {
    let shown = disjoint(shown);
    let mut leaves = Leaves::default();
    leaves.of_table(root);
    leaves.values.sort_by_key(|span| span.start);
    let mut hidden: Vec<(Span, &str)> = leaves
        .values
        .iter()
        .filter(|leaf| !covered(leaf, &shown))
        .map(|leaf| (leaf.clone(), STARS))
        .collect();
    let mut solid = leaves.keys;
    solid.append(&mut leaves.values);
    hidden.extend(comments(source, solid));
    Masked::new(source, hidden)
}

/// The spans in order, without those that are inside of another one.
fn disjoint(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|inner, outer| inner.end <= outer.end);
    spans
}

/// Whether a value is inside of one of the `shown` spans, which are disjoint and in order.
fn covered(leaf: &Span, shown: &[Span]) -> bool {
    let count = shown.partition_point(|span| span.start <= leaf.start);
    count.checked_sub(1).and_then(|at| shown.get(at)).is_some_and(|span| leaf.end <= span.end)
}

/// Hides all that may be a value in a text that could not be understood: all but keys and headers.
pub(super) fn all(source: &str) -> Masked {
    let mut hidden = Vec::new();
    let mut start = 0;
    let mut in_string = false;
    for line in source.split_inclusive('\n') {
        let content = line.trim_end();
        let tail = if in_string { 0 } else { key_or_header(content) };
        if tail < content.len() {
            hidden.push((start + tail..start + content.len(), STARS));
        }
        let quotes = line.matches("\"\"\"").count() + line.matches("'''").count();
        in_string ^= quotes % 2 == 1;
        start += line.len();
    }
    Masked::new(source, hidden)
}

/// The length of what may be shown of a line: `key = `, `[section]`.
fn key_or_header(line: &str) -> usize {
    let key = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
    let word = line.trim_start();
    let name = word.trim_start_matches('[');
    let rest = name.trim_start_matches(key).trim_start_matches(']').trim_start();
    let rest = match rest.strip_prefix('=') {
        Some(value) => value.trim_start(),
        None if name.len() < word.len() => rest,
        None => word,
    };
    line.len() - rest.len()
}

/// The places of all keys, and of all values that are neither tables nor lists.
#[derive(Default)]
struct Leaves {
    keys: Vec<Span>,
    values: Vec<Span>,
}

impl Leaves {
    fn of_table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            self.keys.push(key.span());
            self.of_value(value.get_ref(), value.span());
        }
    }

    fn of_value(&mut self, value: &DeValue<'_>, span: Span) {
        match value {
            DeValue::Table(table) => self.of_table(table),
            DeValue::Array(items) => {
                for item in items {
                    self.of_value(item.get_ref(), item.span());
                }
            }
            _ => self.values.push(span),
        }
    }
}

/// A `#` that is in no key and no value begins a comment.
fn comments(source: &str, mut solid: Vec<Span>) -> Vec<(Span, &'static str)> {
    solid.sort_by_key(|span| span.start);
    let end = source.len();
    solid.push(end..end);
    let mut found = Vec::new();
    let mut from = 0;
    for span in solid {
        while let Some((before, _)) =
            source.get(from..span.start).and_then(|gap| gap.split_once('#'))
        {
            let at = from + before.trim_end_matches([' ', '\t']).len();
            let line = source.get(at..).unwrap_or_default();
            from = at + line.find('\n').unwrap_or(line.len());
            found.push((at..from, ""));
        }
        from = from.max(span.end);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(source: &str, shown: &[&str]) -> Masked {
        let root = DeTable::parse(source).unwrap();
        let shown: Vec<Span> = shown
            .iter()
            .map(|text| {
                let start = source.find(text).unwrap();
                start..start + text.len()
            })
            .collect();
        values(source, root.get_ref(), shown)
    }

    #[test]
    fn values_are_hidden_unless_shown_and_comments_always() {
        let source = "a = \"x#1\" # one\nb = [1, { c = 'ä' }] # two\n'd#' = true\n";
        assert_eq!(
            masked(source, &["\"x#1\"", "true"]).text(),
            "a = \"x#1\"\nb = [***, { c = *** }]\n'd#' = true\n",
        );
    }

    #[test]
    fn places_follow_and_lines_keep_their_numbers() {
        let source = "a = \"\"\"one\ntwo\"\"\"\nbcd = 1\n";
        let masked = masked(source, &[]);
        assert_eq!(masked.text(), "a = ***\n\nbcd = ***\n");
        let key = source.find("bcd").unwrap();
        assert_eq!(&masked.text()[masked.place(&(key..key + 3))], "bcd");
        assert_eq!((masked.line(&(0..1)), masked.line(&(key..key + 3))), (1, 3));
        assert_eq!(&masked.text()[masked.place(&(4..8))], "***");
        assert_eq!(&masked.text()[masked.place(&(0..source.len()))], masked.text());
    }

    #[test]
    fn of_a_broken_text_only_keys_and_headers_are_shown() {
        for (line, shown) in [
            ("[[channel]]", "[[channel]]"),
            ("[smtp", "[smtp"),
            ("[smtp] x", "[smtp] ***"),
            ("token = 12:ab", "token = ***"),
            ("  tok.en=12:ab # x", "  tok.en=***"),
            ("listen \"x\"", "***"),
            ("secret", "***"),
            ("x = \"y\nz\"", "x = ***\n***"),
            ("x = \"\"\"\na=\n[b]\n\"\"\"\nc = 1\n", "x = ***\n***\n***\n***\nc = ***\n"),
            ("x = '''\na=''' x\n", "x = ***\n***\n"),
        ] {
            assert_eq!(all(line).text(), shown);
        }
    }
}
