//! The text of the configuration file: found, and read as UTF-8. `load.rs` reads what it means.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::fault::{Fault, Faults};
use super::reading::Environment;

/// Limit of the file in bytes. A configuration of ten thousand devices has a tenth of this.
const FILE_BYTES_MAX: u64 = 10_000_000;
/// The file of a service that was installed by a package.
const SYSTEM_FILE: &str = "/etc/tipoff/tipoff.toml";
/// The file in the current folder, for somebody who tries Tipoff.
const LOCAL_FILE: &str = "tipoff.toml";

/// A file as it was read. May contain secrets.
#[derive(Clone, Default)]
pub(crate) struct ConfigText {
    /// `None` without a file: the defaults apply.
    pub(super) path: Option<PathBuf>,
    /// Its content.
    pub(super) text: String,
}

impl ConfigText {
    /// Reads the file that is named or found. Without a file the text is empty.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(
        cli_path: Option<&Path>,
        environment: Environment<'_>,
    ) -> Result<Self, Faults> {
        let Some(path) = find(cli_path, environment) else {
            return Ok(Self::default());
        };
        let text = read_file(&path)
            .map_err(|reason| Faults::one(path.clone(), format!("{}: {reason}", path.display())))?;
        Ok(Self { path: Some(path), text })
    }
}

/// The path of the configuration: the file that was asked for, whether it exists or not; else the first of the usual
/// places that exists; `None` if none does.
pub(crate) fn find(cli_path: Option<&Path>, environment: Environment<'_>) -> Option<PathBuf> {
    let variable = || environment("TIPOFF_CONFIG").filter(|path| !path.is_empty());
    let places = || [LOCAL_FILE, SYSTEM_FILE].map(PathBuf::from);
    cli_path
        .map(Path::to_owned)
        .or_else(|| variable().map(PathBuf::from))
        .or_else(|| places().into_iter().find(|path| path.exists()))
}

/// The text of the file. The error continues the sentence "PATH: …".
fn read_file(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("is larger than {FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + good.filter(|&&byte| byte == b'\n').count();
        format!("is not UTF-8 text in line {line}: save it as UTF-8")
    })
}

/// The faults of invalid TOML: the first error of each line, because the others on the line are its consequences.
pub(super) fn syntax_faults(source: &str, errors: &[toml::de::Error]) -> Vec<Fault> {
    let mut lines = BTreeSet::new();
    let mut faults = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let before = source.as_bytes().iter().take(span.start);
        let line = before.filter(|&&byte| byte == b'\n').count();
        if !lines.insert(line) {
            continue;
        }
        let bare = source.lines().nth(line).is_some_and(has_bare_value);
        let fault = Fault::at(span, "this is not valid TOML").label(error.message());
        faults.push(match bare {
            true => fault.help("a string needs quotes: key = \"value\""),
            false => fault,
        });
    }
    faults
}

/// Whether a line sets something that looks like a string without quotes.
fn has_bare_value(line: &str) -> bool {
    let value = line.split_once('=').map(|(_, value)| value.trim_start());
    value.is_some_and(|value| !value.is_empty() && !value.starts_with(['"', '\'', '[', '{', '#']))
}
