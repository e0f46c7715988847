//! Words that do not belong into the tree, and links and paths in the documentation that lead nowhere.

use std::path::Path;

use crate::changelog;
use crate::tree::File;

/// Words, and why they are not wanted. Split, so that this file does not find itself.
const UNWANTED: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "finish it, or tell of it in docs/known-issues.md"),
    (concat!("FIX", "ME"), "finish it, or tell of it in docs/known-issues.md"),
    (concat!("todo", "!("), "finish it"),
    (concat!("unimpl", "emented!("), "finish it"),
    (concat!("#[ig", "nore"), "a test runs or goes"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("sleep(Duration::from_", "secs(1)).await; // wait"), "wait for a condition"),
];

/// The folders whose files documents name by their whole path.
const OUR_FOLDERS: &[&str] = &["crates/", "docs/", "fuzz/", "packaging/", "xtask/", ".github/"];

/// What is wrong with words and links.
pub(crate) fn check(root: &Path, files: &[File]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path != "Cargo.lock") {
        for (number, line) in (1..).zip(file.text.lines()) {
            for (word, reason) in UNWANTED {
                if line.contains(word) {
                    faults.push(format!("{}:{number}: {word:?}: {reason}", file.path));
                }
            }
            if line.ends_with([' ', '\t']) && is_ours(&file.path) {
                faults.push(format!("{}:{number}: white space at the end", file.path));
            }
        }
        if file.path.ends_with(".md") {
            faults.extend(dead_links(root, file));
            faults.extend(dead_paths(root, file));
        }
    }
    faults
}

/// Written by hand and free to be changed; samples of mails and dialogues are as they came.
fn is_ours(path: &str) -> bool {
    [".rs", ".md", ".toml", ".sh", ".sql"].iter().any(|ending| path.ends_with(ending))
        && !path.contains("/bad_configs/")
}

fn dead_links(root: &Path, file: &File) -> Vec<String> {
    let path = root.join(&file.path);
    // Fragments are moved into the changelog, which is in the root.
    let is_fragment = changelog::is_fragment(&file.path);
    let folder = if is_fragment { root } else { path.parent().unwrap_or(root) };
    let mut faults = Vec::new();
    for link in file.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let target = link.split('#').next().unwrap_or_default();
        let is_elsewhere = target.is_empty() || target.contains("://") || target.contains(' ');
        if !is_elsewhere && !folder.join(target).exists() {
            faults.push(format!("{}: the link to {target} leads nowhere", file.path));
        }
    }
    faults
}

/// Paths in backquotes that name nothing. A word in capitals is a place for a name, and the made-up service
/// of CONTRIBUTING.md is compiled elsewhere. The changelog names what was there at its time.
fn dead_paths(root: &Path, file: &File) -> Vec<String> {
    let is_path = |word: &&str| {
        let is_ours = OUR_FOLDERS.iter().any(|folder| word.starts_with(folder));
        let is_made_up =
            word.contains("pigeon") || word.contains(|it: char| it.is_ascii_uppercase());
        is_ours && !is_made_up && !word.contains(['*', ' ', '{', ':', '#', '…'])
    };
    if file.path == "CHANGELOG.md" {
        return Vec::new();
    }
    let words = file.text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let dead = words.filter(is_path).filter(|word| !root.join(word).exists());
    dead.map(|word| format!("{}: there is no {word}", file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwanted_words_white_space_dead_links_and_paths_are_found() {
        let files = [
            File {
                path: "a.rs".to_owned(),
                text: format!("// {}: later\nlet a = 1; \n", UNWANTED[0].0),
            },
            File {
                path: "a.md".to_owned(),
                text: "[one](nowhere.md) [two](https://example.org) `crates/a.rs` `crates/NAME.rs`"
                    .to_owned(),
            },
        ];
        assert_eq!(check(Path::new("/nonexistent"), &files).len(), 4);
    }
}
