//! Source files that no `mod` declares: the compiler does not see them, so nothing else finds a forgotten line.

use crate::tree::File;

/// Tests of the whole program: one test binary of many files. Other tests have helpers that several binaries include.
const PROGRAM_TESTS: &str = "crates/tipoff/tests/program/";

/// What is not compiled.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let is_module = |path: &str| path.contains("/src/") || path.starts_with(PROGRAM_TESTS);
    let sources = files.iter().filter(|it| it.path.ends_with(".rs") && is_module(&it.path));
    let orphans = sources.filter(|file| !is_root(&file.path) && !is_declared(&file.path, files));
    orphans.map(|file| format!("{}: no `mod` declares this file", file.path)).collect()
}

/// Whether Cargo finds this file by its name.
fn is_root(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    matches!(name, "main.rs" | "lib.rs") || path.contains("/src/bin/")
}

/// Whether the file of the module above has `mod name;`.
fn is_declared(path: &str, files: &[File]) -> bool {
    let module = path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs")).unwrap_or(path);
    let Some((folder, name)) = module.rsplit_once('/') else {
        return false;
    };
    let parents = ["main.rs", "lib.rs", "mod.rs"].map(|file| format!("{folder}/{file}"));
    let is_parent =
        |it: &str| parents.iter().any(|parent| parent == it) || it == format!("{folder}.rs");
    let line = format!("mod {name};");
    let declares = |text: &str| text.lines().any(|it| it.trim().ends_with(&line));
    files.iter().any(|file| is_parent(&file.path) && declares(&file.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_without_its_line_is_a_fault() {
        let root = file("crates/a/src/main.rs", "mod b;\npub(crate) mod d;\n");
        let declared = [
            file("crates/a/src/b.rs", "mod c;\n"),
            file("crates/a/src/b/c.rs", ""),
            file("crates/a/src/d/mod.rs", ""),
            file("crates/a/tests/e.rs", ""),
        ];
        let orphan = file("crates/a/src/d/f.rs", "");
        let files: Vec<File> = [root].into_iter().chain(declared).chain([orphan]).collect();
        assert_eq!(check(&files), ["crates/a/src/d/f.rs: no `mod` declares this file"]);
    }
}
