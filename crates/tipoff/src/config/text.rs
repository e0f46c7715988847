//! The text of the configuration file: found, and read as UTF-8. `load.rs` reads what it means.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::fault::{Fault, Faults};
use super::reading::Environment;

/// Limit of the file in bytes. A configuration of ten thousand devices has a tenth of this.
const FILE_BYTES_MAX: u64 = 10_000_000;
/// The file of a service that was installed by a package.
pub(crate) const SYSTEM_FILE: &str = "/etc/tipoff/tipoff.toml";
/// The file in the current folder, for somebody who tries Tipoff.
pub(crate) const LOCAL_FILE: &str = "tipoff.toml";

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
        let text = read_file(&path).map_err(|(reason, help)| {
            let fault = Fault::new(format!("{}: {reason}", path.display()));
            Faults::one(path.clone(), fault.help(help))
        })?;
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

/// The text of the file. The error continues the sentence "PATH: …", and says what to do.
fn read_file(path: &Path) -> Result<String, (String, String)> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let reason = format!("is larger than {FILE_BYTES_MAX} bytes");
        return Err((reason, "name the configuration file".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + good.filter(|&&byte| byte == b'\n').count();
        let help = "save it as UTF-8: editors on Windows may use another encoding, also for quotes";
        (format!("is not UTF-8 text in line {line}"), help.to_owned())
    })
}

/// Why the file cannot be read, and what to do.
fn unreadable(path: &Path, error: &io::Error) -> (String, String) {
    let (reason, help) = match error.kind() {
        ErrorKind::NotFound => (
            "cannot be opened: there is no such file".to_owned(),
            "check the path in --config or $TIPOFF_CONFIG; `tipoff init` writes a file".to_owned(),
        ),
        ErrorKind::PermissionDenied => (
            "cannot be opened: this user may not read it".to_owned(),
            "run this as root or as the user that Tipoff runs as, as in `sudo -u tipoff tipoff …`"
                .to_owned(),
        ),
        ErrorKind::IsADirectory => (
            "is a folder".to_owned(),
            format!("name the file in it, such as {}", path.join(LOCAL_FILE).display()),
        ),
        _ => (format!("cannot be read: {error}"), "name another file with --config".to_owned()),
    };
    (reason, help)
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
        let text = source.lines().nth(line).unwrap_or_default();
        let fault = Fault::at(span, "this is not valid TOML").label(error.message());
        faults.push(if text.contains(CURLY_QUOTES) {
            fault.help("the quotes are curly ones, as text processors make them; write straight ones: key = \"value\"")
        } else if has_bare_value(text) {
            fault.help("a string needs quotes: key = \"value\"")
        } else {
            fault
        });
    }
    faults
}

/// Quotes of text processors, which TOML does not know.
const CURLY_QUOTES: [char; 7] = ['“', '”', '„', '‟', '‘', '’', '‚'];

/// Whether a line sets something that looks like a string without quotes.
fn has_bare_value(line: &str) -> bool {
    let value = line.split_once('=').map(|(_, value)| value.trim_start());
    value.is_some_and(|value| !value.is_empty() && !value.starts_with(['"', '\'', '[', '{', '#']))
}
