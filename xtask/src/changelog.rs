//! Fragments of the changelog: one file in `changelog.d` for each change, `name.kind.md`.
//!
//! Branches that each add a file do not conflict; a release assembles all of them under its version.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

use crate::adr::is_date;
use crate::tree::{self, File};

/// Where the fragments are.
const FOLDER: &str = "changelog.d/";
/// What says how to write one.
const README: &str = "changelog.d/README.md";
/// The file that they are assembled into.
const CHANGELOG: &str = "CHANGELOG.md";
/// The heading under which changes were collected before there were fragments.
const UNRELEASED: &str = "## Unreleased\n";
/// The kinds, in the order of the changelog: the end of a file's name, and the heading.
const KINDS: &[(&str, &str)] =
    &[("breaking", "Breaking"), ("added", "Added"), ("changed", "Changed"), ("fixed", "Fixed")];
/// As long as the lines of the changelog.
const LINE_CHARS_MAX: usize = 120;

/// What is wrong with the form of fragments.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let reasons = fragments(files).flat_map(|file| {
        let reasons = name_fault(&file.path).into_iter().chain(text_faults(&file.text));
        reasons.map(|reason| format!("{}: {reason}", file.path))
    });
    reasons.collect()
}

/// `changelog`: prints what the next version would say. `changelog VERSION DATE`: writes it, and removes
/// the fragments.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let files = tree::files(root)?;
    let faults = check(&files);
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    match arguments {
        [] => print!("{}", section("next version", "no date", &files)),
        [version, date] => {
            ensure!(is_date(date), "the date is written like 2026-11-23");
            let text_of = |path| fs::read_to_string(root.join(path)).context(path);
            let manifest = text_of("Cargo.toml")?;
            ensure!(
                manifest.contains(&format!("\nversion = \"{version}\"\n")),
                "Cargo.toml has another version than {version}"
            );
            let old = text_of(CHANGELOG)?;
            ensure!(
                !old.contains(&format!("\n## {version} ")),
                "{CHANGELOG} has {version} already"
            );
            fs::write(root.join(CHANGELOG), insert(&old, &section(version, date, &files)))?;
            for file in fragments(&files) {
                fs::remove_file(root.join(&file.path)).with_context(|| file.path.clone())?;
            }
        }
        _ => bail!("usage: cargo run -p xtask -- changelog [VERSION DATE]"),
    }
    Ok(())
}

/// Whether this is the path of a fragment.
pub(crate) fn is_fragment(path: &str) -> bool {
    path.starts_with(FOLDER) && path != README
}

fn fragments(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| is_fragment(&file.path))
}

/// The kind that a file's name says.
fn kind(path: &str) -> Option<&str> {
    let name = path.strip_prefix(FOLDER)?.strip_suffix(".md")?;
    let (name, kind) = name.split_once('.')?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = !name.is_empty() && name.bytes().all(is_plain);
    (is_name && KINDS.iter().any(|(known, _)| *known == kind)).then_some(kind)
}

fn name_fault(path: &str) -> Option<String> {
    let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let message = || format!("the name is what-changes.KIND.md, KIND one of {}", kinds.join(", "));
    kind(path).is_none().then(message)
}

fn text_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut unless = |holds: bool, reason: &str| {
        if !holds {
            faults.push(reason.to_owned());
        }
    };
    unless(text.ends_with(".\n"), "the last line ends with a full stop and a line end");
    unless(!text.starts_with(['-', '#', '*', ' ', '\n']), "the text begins with a word");
    unless(!text.contains("\n\n"), "it is one paragraph");
    let is_short = |line: &str| line.chars().count() <= LINE_CHARS_MAX;
    unless(text.lines().all(is_short), "a line has up to 120 characters");
    faults
}

/// What the changelog says of a version.
fn section(version: &str, date: &str, files: &[File]) -> String {
    let mut section = format!("## {version} ({date})\n");
    for (ending, heading) in KINDS {
        let mut items = fragments(files).filter(|file| kind(&file.path) == Some(ending)).peekable();
        if items.peek().is_some() {
            section += &format!("\n### {heading}\n\n");
        }
        for file in items {
            section += &format!("- {}\n", file.text.trim_end().replace('\n', "\n  "));
        }
    }
    section
}

/// The changelog with a version above the others. What was collected before there were fragments belongs
/// to the first version.
fn insert(old: &str, section: &str) -> String {
    if old.contains(UNRELEASED) {
        return old.replacen(UNRELEASED, &format!("{section}\n### Earlier changes\n"), 1);
    }
    match old.split_once("\n## ") {
        Some((head, versions)) => format!("{head}\n{section}\n## {versions}"),
        None => format!("{}\n\n{section}", old.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { path: format!("{FOLDER}{name}"), text: text.to_owned() }
    }

    #[test]
    fn a_fragment_out_of_form_has_a_fault() {
        for (name, text, count) in [
            ("one.added.md", "A page.\n", 0),
            ("one-2.breaking.md", "A page\n[of its own](docs/alerts.md).\n", 0),
            ("README.md", "# Fragments\n", 0),
            ("one.new.md", "A page.\n", 1),
            ("one.md", "A page.\n", 1),
            ("One.added.md", "A page.\n", 1),
            (".added.md", "A page.\n", 1),
            ("a/one.added.md", "A page.\n", 1),
            ("one.added.txt", "A page.\n", 1),
            ("one.added.md", "- A page.\n", 1),
            ("one.added.md", "A page", 1),
            ("one.added.md", "A page.\n\nAnother.\n", 1),
            ("one.added.md", "", 1),
        ] {
            assert_eq!(check(&[file(name, text)]).len(), count, "{name} {text:?}");
        }
        let line = |chars| file("one.fixed.md", &format!("{}.\n", "é".repeat(chars - 1)));
        assert_eq!(check(&[line(LINE_CHARS_MAX)]).len(), 0);
        assert_eq!(check(&[line(LINE_CHARS_MAX + 1)]).len(), 1);
    }

    #[test]
    fn fragments_are_assembled_by_kind_and_name() {
        let files = [
            file("README.md", "# Fragments\n"),
            file("b.fixed.md", "B.\n"),
            file("c.added.md", "C\nc.\n"),
            file("d.added.md", "D.\n"),
        ];
        let expected =
            "## 1.2.3 (2026-11-27)\n\n### Added\n\n- C\n  c.\n- D.\n\n### Fixed\n\n- B.\n";
        assert_eq!(section("1.2.3", "2026-11-27", &files), expected);
    }

    #[test]
    fn a_version_stands_above_the_others() {
        let new = "## 2.0.0 (b)\n\n### Added\n\n- B.\n";
        let old = "# Changelog\n\n## 1.0.0 (a)\n\n- A.\n";
        let expected = "# Changelog\n\n## 2.0.0 (b)\n\n### Added\n\n- B.\n\n## 1.0.0 (a)\n\n- A.\n";
        assert_eq!(insert(old, new), expected);
        assert_eq!(insert("# Changelog\n", new), format!("# Changelog\n\n{new}"));
    }

    #[test]
    fn what_was_collected_before_belongs_to_the_first_version() {
        let new = "## 0.1.0 (b)\n\n### Added\n\n- B.\n";
        let old = "# Changelog\n\n## Unreleased\n\n- A.\n";
        let expected = format!("# Changelog\n\n{new}\n### Earlier changes\n\n- A.\n");
        assert_eq!(insert(old, new), expected);
    }
}
