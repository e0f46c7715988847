//! What can be configured: the reference for the book, and an example of everything.
//!
//! Both are derived from the keys that the sections read, so they list exactly the existing keys. A test compares them
//! with the files in `docs/`.

use std::fmt::Write;

use super::book::SectionKind;
use super::key::{Key, ValueForm, Without};
use super::load;

/// The book's page of the configuration, in Markdown.
pub(crate) fn reference() -> String {
    let mut page = PREFACE.to_owned();
    for chapter in load::describe().0 {
        let level = if matches!(chapter.kind, SectionKind::Inline | SectionKind::Channel) {
            "###"
        } else {
            "##"
        };
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

/// A row of the table. `|` would end a cell of Markdown, and is escaped.
fn row(key: &Key) -> String {
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    let example = || format!(", such as {}", code(&key.sample()));
    let (value, without) = match &key.without {
        Without::Default(_) => (key.form.noun().to_owned(), code(&key.sample())),
        Without::Nothing(_) => (key.form.noun().to_owned() + &example(), String::new()),
        Without::Required(_) => (key.form.noun().to_owned() + &example(), "required".to_owned()),
    };
    let secret = if key.form == ValueForm::Secret { ", secret" } else { "" };
    format!("| `{}` | {value}{secret} | {without} | {} |\n", key.name, key.doc.replace('|', "\\|"))
}

/// A configuration with every key there is, all of them commented out: `# ` begins a comment, and `#` without a blank
/// begins a line that takes effect when the `#` is removed.
pub(crate) fn example() -> String {
    let mut text = EXAMPLE_PREFACE.to_owned();
    for chapter in load::describe().0 {
        let place = chapter.place;
        if chapter.kind == SectionKind::Inline {
            continue;
        }
        text.push('\n');
        if chapter.kind != SectionKind::Root {
            comment(&mut text, chapter.doc);
        }
        // The keys that all channels have stand in each of them.
        match chapter.kind {
            SectionKind::Table => text += &format!("[{place}]\n"),
            SectionKind::List if place != "channel" => text += &format!("#[[{place}]]\n"),
            SectionKind::List => continue,
            SectionKind::Channel => {
                text += &format!("#[[channel]]\n#name = \"{place}\"\n#type = \"{place}\"\n");
            }
            SectionKind::Root | SectionKind::Inline => {}
        }
        for key in &chapter.keys {
            comment(&mut text, key.doc);
            text += &format!("#{} = {}\n", key.name, key.sample());
        }
    }
    text
}

/// Appends prose as a comment, wrapped at 100 characters.
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

Tipoff runs without any configuration: it receives mail on port 2525 and uploads on port 2121 from the local network,
shows a dashboard on port 8080, recognises every device by itself and stores what arrives. The configuration file defines
where alerts go, and all other settings.

The file is the one that `--config` names, else `$TIPOFF_CONFIG`, else `./tipoff.toml`, else
`/etc/tipoff/tipoff.toml`. It is in [TOML](https://toml.io); every section and key is optional.
`tipoff check` lists all its faults, each with its line. Edits take effect while Tipoff
runs ([which, and when](operations.md#changing-the-configuration-while-it-runs)).

An editor can complete and check the file. `tipoff schema > tipoff.schema.json` writes its JSON Schema; with
`#:schema ./tipoff.schema.json` as the first line of the file, [Taplo](https://taplo.tamasfe.dev) and the
extensions of editors that use it (in VS Code: Even Better TOML) find it. `tipoff check` also finds what depends on several keys.

- Any string may be taken from elsewhere: `token = { env = \"NAME\" }` from the environment,
  `password = { file = \"PATH\" }` from a file, without its last line end.
- Paths are relative to the folder of the configuration.
- Durations are written like `\"20 s\"`, `\"5 min\"`, `\"1 h 30 min\"`, `\"30 days\"`.
- Sizes are written like `\"200 kB\"`, `\"50 MB\"`, `\"20 GB\"` (powers of ten) or `\"1 GiB\"`
  (powers of two).
- A list of one string may be written without its brackets.

In the environment:

| variable | meaning |
| --- | --- |
| `TIPOFF_CONFIG` | The path of the configuration. |
| `TIPOFF_DATA_DIR` | Overrides the file's `data_dir`; `--data-dir` overrides both. |
| `TIPOFF_SMTP_LISTEN`, `TIPOFF_FTP_LISTEN`, `TIPOFF_HTTP_LISTEN` | Override `listen` of `[smtp]`, `[ftp]` and `[http]`: \
one or, but for HTTP, several addresses with commas between them; `off` closes the ports of FTP and HTTP. \
`tipoff run --smtp-listen ADDRESS` (also `--ftp-listen`, `--http-listen`) overrides both. |
| `TIPOFF_PUBLIC_ADDRESS` | Overrides the file's `public_address`. |
| `TIPOFF_TELEGRAM_TOKEN`, `TIPOFF_TELEGRAM_CHAT` | Define a channel if none is configured. |
| `TIPOFF_TELEGRAM_API` | Another Bot API server for that channel. |
";

const EXAMPLE_PREFACE: &str = "\
# Tipoff's configuration: everything that can be set, with its default or an example. Every key is
# optional. To set one, remove the # before it and the # before its [[section]].
#
# Any string may be { env = \"NAME\" } or { file = \"PATH\" }. `tipoff check` lists all faults.
";
