//! The oldest supported Rust: `rust-version` in Cargo.toml, and whatever else names it.

use crate::tree::File;

/// Where `rust-version` is set, for all crates.
const MANIFEST: &str = "Cargo.toml";
/// Files besides the crates' that name the version, and how.
const NAMED: &[(&str, &str)] = &[
    ("README.md", "[Rust](https://rustup.rs) VERSION "),
    ("docs/compatibility.md", " Rust is VERSION:"),
];

/// What does not name the version that is set.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let text_of = |path| files.iter().find(|file| file.path == path).map_or("", |file| &file.text);
    let setting =
        |line: &'_ str| Some(line.strip_prefix("rust-version = \"")?.strip_suffix('"')?.to_owned());
    let Some(version) = text_of(MANIFEST).lines().find_map(setting) else {
        return vec![format!("{MANIFEST}: rust-version is missing in [workspace.package]")];
    };
    let crates = files.iter().filter(|file| is_crate(&file.path));
    let own = crates.filter(|file| !file.text.contains("\nrust-version.workspace = true\n"));
    let own = own.map(|file| format!("{}: write rust-version.workspace = true", file.path));
    let stale = NAMED.iter().filter_map(|(path, form)| {
        let words = form.replace("VERSION", &version);
        (!text_of(path).contains(&words)).then(|| format!("{path}: write {words:?}"))
    });
    own.chain(stale).collect()
}

/// Whether this is the manifest of a crate in the workspace.
fn is_crate(path: &str) -> bool {
    path.ends_with("/Cargo.toml") && !path.starts_with("fuzz/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(manifest: &str, of_crate: &str, version: &str) -> usize {
        let file = |path: &str, text: String| File { path: path.to_owned(), text };
        let named = |(path, form): &(&str, &str)| file(path, form.replace("VERSION", version));
        let mut files: Vec<File> = NAMED.iter().map(named).collect();
        files.push(file(MANIFEST, manifest.to_owned()));
        files.push(file("crates/a/Cargo.toml", of_crate.to_owned()));
        check(&files).len()
    }

    #[test]
    fn every_place_names_the_version_that_is_set() {
        let (set, shared) =
            ("[workspace.package]\nrust-version = \"1.95\"\n", "\nrust-version.workspace = true\n");
        assert_eq!(faults(set, shared, "1.95"), 0);
        assert_eq!(faults(set, shared, "1.96"), NAMED.len());
        assert_eq!(faults(set, "\nrust-version = \"1.95\"\n", "1.95"), 1);
        assert_eq!(faults("", shared, "1.95"), 1);
    }
}
