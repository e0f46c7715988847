//! What can be configured: the reference for the book, and an example of everything.
//!
//! Both are made of what the sections ask for while they are read, so they tell no more and no
//! less than there is.

use std::fmt::Write;

use super::key::{Form, Key, Without};
use super::load;

/// What a section looks like in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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

impl Kind {
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
struct Chapter {
    place: &'static str,
    kind: Kind,
    doc: &'static str,
    keys: Vec<Key>,
}

/// Everything that was asked for in one reading.
#[derive(Debug)]
pub(super) struct Book(Vec<Chapter>);

impl Default for Book {
    fn default() -> Self {
        let doc = "At the top of the file, above the first section.";
        Self(vec![Chapter { place: "", kind: Kind::Root, doc, keys: Vec::new() }])
    }
}

impl Book {
    /// Begins a section.
    pub(super) fn section(&mut self, place: &'static str, kind: Kind, doc: &'static str) {
        self.0.push(Chapter { place, kind, doc, keys: Vec::new() });
    }

    /// Adds a key to a section that was begun.
    pub(super) fn key(&mut self, place: &str, key: &Key) {
        if let Some(chapter) = self.0.iter_mut().rfind(|chapter| chapter.place == place) {
            chapter.keys.push(key.clone());
        }
    }
}

/// The sections that know a key.
pub(super) fn elsewhere(key: &str) -> Option<String> {
    let Book(chapters) = load::describe();
    let headers: Vec<String> = chapters
        .iter()
        .filter(|chapter| chapter.keys.iter().any(|known| known.name == key))
        .map(|chapter| chapter.kind.header(chapter.place))
        .collect();
    (!headers.is_empty()).then(|| headers.join(" or "))
}

/// The book's page of the configuration, in Markdown.
pub(crate) fn reference() -> String {
    let mut page = PREFACE.to_owned();
    for chapter in load::describe().0 {
        let level = if matches!(chapter.kind, Kind::Inline | Kind::Channel) { "###" } else { "##" };
        let title = capitalised(&chapter.kind.header(chapter.place));
        page += &format!("\n{level} {title}\n\n{}\n", chapter.doc);
        if !chapter.keys.is_empty() {
            page += "\n| key | value | without it | meaning |\n| --- | --- | --- | --- |\n";
        }
        for key in &chapter.keys {
            page += &row(key);
        }
    }
    page
}

fn row(key: &Key) -> String {
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    let example = || format!(", such as {}", code(&key.sample()));
    let (value, without) = match &key.without {
        Without::Default(_) => (key.form.noun().to_owned(), code(&key.sample())),
        Without::Nothing(_) => (key.form.noun().to_owned() + &example(), String::new()),
        Without::Required(_) => (key.form.noun().to_owned() + &example(), "required".to_owned()),
    };
    let secret = if key.form == Form::Secret { ", secret" } else { "" };
    format!("| `{}` | {value}{secret} | {without} | {} |\n", key.name, key.doc.replace('|', "\\|"))
}

/// A configuration with every key there is, all of them commented out. `# ` begins a comment, and
/// `#` alone what can be used by removing it.
pub(crate) fn example() -> String {
    let mut text = EXAMPLE_PREFACE.to_owned();
    for chapter in load::describe().0 {
        let place = chapter.place;
        if chapter.kind == Kind::Inline {
            continue;
        }
        text.push('\n');
        if chapter.kind != Kind::Root {
            comment(&mut text, chapter.doc);
        }
        // The keys that all channels have stand in each of them.
        match chapter.kind {
            Kind::Table => text += &format!("[{place}]\n"),
            Kind::List if place != "channel" => text += &format!("#[[{place}]]\n"),
            Kind::List => continue,
            Kind::Channel => {
                text += &format!("#[[channel]]\n#name = \"{place}\"\n#type = \"{place}\"\n");
            }
            Kind::Root | Kind::Inline => {}
        }
        for key in &chapter.keys {
            comment(&mut text, key.doc);
            text += &format!("#{} = {}\n", key.name, key.sample());
        }
    }
    text
}

/// Writes prose as a comment, in lines that are not too long.
fn comment(text: &mut String, prose: &str) {
    const LINE_CHARS_MAX: usize = 100;
    let mut line = "#".to_owned();
    for word in prose.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > LINE_CHARS_MAX {
            let _ = writeln!(text, "{line}");
            line = "#".to_owned();
        }
        line.push(' ');
        line += word;
    }
    let _ = writeln!(text, "{line}");
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

const PREFACE: &str = "# Configuration

Tipoff runs without any configuration: it takes mail on port 2525 and uploads on port 2121 from the local network,
shows a dashboard on port 8080, recognises every device by itself and keeps what arrives. A file tells it where alerts go, and more.

The file is the one that `--config` names, else `$TIPOFF_CONFIG`, else `./tipoff.toml`, else
`/etc/tipoff/tipoff.toml`. It is [TOML](https://toml.io), and every section and key may be left out.
`tipoff check` says all that is wrong with it, each fault at its line. Edits are taken up while it
runs ([which, and when](operations.md#changing-the-configuration-while-it-runs)).

- Any string may be taken from elsewhere: `token = { env = \"NAME\" }` from the environment,
  `password = { file = \"PATH\" }` from a file, of which the last line end is dropped.
- Paths are relative to the folder of the configuration.
- Durations are written like `\"20 s\"`, `\"5 min\"`, `\"1 h 30 min\"`, `\"30 days\"`.
- Sizes are written like `\"200 kB\"`, `\"50 MB\"`, `\"20 GB\"` (powers of ten) or `\"1 GiB\"`
  (powers of two).
- A list of one string may be written without its brackets.

In the environment:

| variable | meaning |
| --- | --- |
| `TIPOFF_CONFIG` | The path of the configuration. |
| `TIPOFF_DATA_DIR` | Goes before the file's `data_dir`, and `--data-dir` before both. |
| `TIPOFF_TELEGRAM_TOKEN`, `TIPOFF_TELEGRAM_CHAT` | Make a channel where none is configured. |
| `TIPOFF_TELEGRAM_API` | Another Bot API server for that channel. |
";

const EXAMPLE_PREFACE: &str = "\
# Tipoff's configuration: everything that can be set, with its default or an example. Every key is
# optional. To set one remove the # before it, and that before the [[section]] it stands in.
#
# Any string may be { env = \"NAME\" } or { file = \"PATH\" }. `tipoff check` says what is wrong.
";
