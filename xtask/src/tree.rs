//! The files of the project: what git tracks or would track.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the project.
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

/// The folder that holds the workspace.
pub(crate) fn root() -> Option<PathBuf> {
    let mut folder = std::env::current_dir().ok()?;
    while !folder.join("Cargo.lock").exists() {
        if !folder.pop() {
            return None;
        }
    }
    Some(folder)
}

/// Every text file that git tracks or would track.
pub(crate) fn files(root: &Path) -> anyhow::Result<Vec<File>> {
    let list = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output()?;
    anyhow::ensure!(list.status.success(), "git does not list the files");
    let paths = String::from_utf8(list.stdout)?;
    let mut files = Vec::new();
    for path in paths.split('\0').filter(|path| !path.is_empty()) {
        // What is not text, or was just removed, is nothing to check.
        if let Ok(text) = std::fs::read_to_string(root.join(path)) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}
