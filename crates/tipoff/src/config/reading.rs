//! One reading of a configuration: where its strings come from (the file, a variable, another file), what was found
//! wrong, and which values are secrets.
//!
//! Knows no section and no key. Everything is collected behind a shared reference, so that sections can be read while
//! their parent is borrowed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tipoff_model::plain_error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::book::Book;
use super::fault::Fault;
use super::key::{Key, ValueForm};
use super::mask::Span;
use super::suggest::nearest;

/// Limit of a file with one value, in bytes: a larger one is a mistake.
const FILE_BYTES_MAX: u64 = 65_536;

/// Looks up an environment variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the command line says. Empty lists say nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// `--data-dir`.
    pub(crate) data_dir: Option<PathBuf>,
    /// `--smtp-listen`.
    pub(crate) smtp_listen: Vec<String>,
    /// `--ftp-listen`.
    pub(crate) ftp_listen: Vec<String>,
    /// `--http-listen`.
    pub(crate) http_listen: Vec<String>,
}

/// Which files hold secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecretFiles {
    /// Whether the configuration file itself contains one.
    pub(crate) in_configuration: bool,
    /// The files that it takes values from.
    pub(crate) named: Vec<PathBuf>,
}

/// A channel that the file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedChannel {
    /// The channel's name.
    pub(crate) channel: String,
    /// The number of the line that names it.
    pub(crate) line: usize,
}

/// What all sections of one reading share.
pub(super) struct Reading<'a> {
    /// The folder of the file: paths in it are relative to this.
    folder: PathBuf,
    environment: Environment<'a>,
    /// What the command line says in place of the file.
    overrides: Overrides,
    faults: RefCell<Vec<Fault>>,
    /// Places of values that are no secrets.
    shown: RefCell<Vec<Span>>,
    secrets: RefCell<SecretFiles>,
    /// Variables whose values are never shown.
    secret_variables: RefCell<BTreeSet<String>>,
    warnings: RefCell<Vec<String>>,
    /// The channels that are named, each at its place.
    channels: RefCell<Vec<Spanned<String>>>,
    /// Records every key that is asked for; `Some` only while the reference is being made.
    book: Option<RefCell<Book>>,
    /// Describes every key there is; called only for the fault of a key that is unknown in its section.
    describe_all: fn() -> Book,
    /// Whether the text was added in the dashboard, and not written by who may log in to this machine.
    is_added: bool,
    /// The table that a section is read from if it is not given.
    pub(super) empty: DeTable<'a>,
}

impl<'a> Reading<'a> {
    /// A reading of a file in `folder`.
    pub(super) fn new(
        folder: PathBuf,
        environment: Environment<'a>,
        describe_all: fn() -> Book,
    ) -> Self {
        Self {
            folder,
            environment,
            overrides: Overrides::default(),
            faults: RefCell::default(),
            shown: RefCell::default(),
            secrets: RefCell::default(),
            secret_variables: RefCell::default(),
            warnings: RefCell::default(),
            channels: RefCell::default(),
            book: None,
            describe_all,
            is_added: false,
            empty: DeTable::new(),
        }
    }

    /// The same with what the command line says in place of the file.
    pub(super) fn with(self, overrides: Option<&Overrides>) -> Self {
        Self { overrides: overrides.cloned().unwrap_or_default(), ..self }
    }

    /// A reading of what was added in the dashboard: it refers to nothing of this machine.
    pub(super) fn of_added(describe_all: fn() -> Book) -> Self {
        Self { is_added: true, ..Self::new(PathBuf::new(), &|_| None, describe_all) }
    }

    /// Whether what is read was added in the dashboard.
    pub(super) fn is_added(&self) -> bool {
        self.is_added
    }

    /// A reading of nothing, to learn which keys there are.
    pub(super) fn describing() -> Self {
        let book = Some(RefCell::new(Book::default()));
        Self { book, ..Self::new(PathBuf::new(), &|_| None, Book::default) }
    }

    /// A reading of another text with the same folder and environment, such as the channel that variables define. Its
    /// faults are its own.
    pub(super) fn aside(&self) -> Reading<'_> {
        Reading::new(self.folder.clone(), self.environment, self.describe_all)
    }

    /// Whether this is a reading of nothing, which only describes keys.
    pub(super) fn describes(&self) -> bool {
        self.book.is_some()
    }

    /// Writes into the book, if there is one.
    pub(super) fn describe(&self, write: impl FnOnce(&mut Book)) {
        if let Some(book) = &self.book {
            write(&mut book.borrow_mut());
        }
    }

    /// What was described.
    pub(super) fn into_book(self) -> Book {
        self.book.map(RefCell::into_inner).unwrap_or_default()
    }

    /// The headings of the sections that have a key.
    pub(super) fn sections_with(&self, key: &str) -> Option<String> {
        (self.describe_all)().sections_with(key)
    }

    /// Notes a fault.
    pub(super) fn fault(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// Notes that what stands at `span` is no secret.
    pub(super) fn show(&self, span: Span) {
        self.shown.borrow_mut().push(span);
    }

    /// Notes a setting that is valid, and perhaps not intended.
    pub(super) fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Notes that these channels are named.
    pub(super) fn note_channels(&self, names: &[Spanned<String>]) {
        self.channels.borrow_mut().extend_from_slice(names);
    }

    /// The channels that are named in `source`, of what has been read so far.
    pub(super) fn named_channels(&self, source: &str) -> Vec<NamedChannel> {
        let line = |at: usize| 1 + source.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let named = |name: &Spanned<String>| NamedChannel {
            channel: name.get_ref().clone(),
            line: line(name.span().start),
        };
        self.channels.borrow().iter().map(named).collect()
    }

    /// The warnings, and the variables that hold secrets, of what has been read so far.
    pub(super) fn exposures(&self) -> (Vec<String>, BTreeSet<String>) {
        (self.warnings.borrow().clone(), self.secret_variables.borrow().clone())
    }

    /// The files that hold secrets, of what has been read so far.
    pub(super) fn secret_files(&self) -> SecretFiles {
        self.secrets.borrow().clone()
    }

    /// All faults, and the places of values that are no secrets.
    pub(super) fn into_faults(self) -> (Vec<Fault>, Vec<Span>) {
        (self.faults.into_inner(), self.shown.into_inner())
    }

    /// A variable of the environment; empty is unset.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    /// What the command line says in place of the file.
    pub(super) fn overrides(&self) -> &Overrides {
        &self.overrides
    }

    /// Resolves a path of the file: relative to the file's folder.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Notes that `value` is not of the key's form. The fault shows the kind of the value, never the value.
    pub(super) fn mismatch(&self, value: &Spanned<DeValue<'_>>, key: &Key) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or a time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let title = format!("`{}` must be {}", key.name, key.form.noun());
        let label = match key.form {
            ValueForm::Flag => format!("this is {found}; write true or false, without quotes"),
            _ => format!("this is {found}; write it like {}", key.sample()),
        };
        self.fault(Fault::at(value.span(), title).label(label).of(key.name));
    }

    /// The string that `value` is or refers to; `None` after a fault. Also records whether it is a secret: by the key's
    /// form, or as the password in a URL.
    pub(super) fn text(&self, value: &Spanned<DeValue<'_>>, key: &Key) -> Option<Spanned<String>> {
        if !key.form.hides(value.get_ref().as_str().unwrap_or_default()) {
            self.show(value.span());
        }
        let text = match value.get_ref() {
            DeValue::String(text) => {
                let is_secret = key.form == ValueForm::Secret
                    || key.form == ValueForm::Url
                        && text.split_once("://").is_some_and(has_password);
                self.secrets.borrow_mut().in_configuration |= is_secret;
                text.clone().into_owned()
            }
            DeValue::Table(_) if self.is_added => {
                let title =
                    format!("`{}` cannot be taken from a variable or a file here", key.name);
                let fault = Fault::at(value.span(), title).label("write the value itself");
                self.fault(
                    fault
                        .of(key.name)
                        .help("only the configuration file refers to variables and files"),
                );
                return None;
            }
            DeValue::Table(table) => {
                let text = self.referred(table, value.span())?;
                if let Some(DeValue::String(name)) = table.get("env").map(Spanned::get_ref)
                    && key.form.hides(&text)
                {
                    self.secret_variables.borrow_mut().insert(name.clone().into_owned());
                }
                text
            }
            _ => {
                self.mismatch(value, key);
                return None;
            }
        };
        Some(Spanned::new(value.span(), text))
    }

    /// Reads a value from a file of its own, and records the file: `doctor` and the start warn if others can read it.
    fn read_secret(&self, path: &Path) -> std::io::Result<String> {
        self.secrets.borrow_mut().named.push(path.to_owned());
        read_short(path)
    }

    /// The fault of a variable without a value.
    fn without_variable(&self, name: &str, span: Span) -> Fault {
        let is_empty = (self.environment)(name).is_some();
        let state = if is_empty { "empty" } else { "not set" };
        Fault::at(span, format!("the environment variable `{name}` is {state}"))
            .label("set it where Tipoff is started, or write the value here")
    }

    /// The value of `{ env = "NAME" }` or `{ file = "PATH" }`.
    fn referred(&self, table: &DeTable<'_>, span: Span) -> Option<String> {
        let form = "a value from elsewhere is `{ env = \"NAME\" }` or `{ file = \"PATH\" }`";
        let mut entries = table.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            self.fault(Fault::at(span, form).label("this table has not exactly one key"));
            return None;
        };
        let word = key.get_ref().as_ref();
        if !matches!(word, "env" | "file") {
            let meant = nearest(word, ["env", "file"]);
            let label = meant.map_or("neither".to_owned(), |it| format!("did you mean `{it}`?"));
            self.fault(Fault::at(key.span(), form).label(label));
            return None;
        }
        let DeValue::String(name) = value.get_ref() else {
            self.fault(Fault::at(value.span(), form).label("a string is needed here"));
            return None;
        };
        self.show(value.span());
        let found = match word {
            "env" => self.variable(name).ok_or_else(|| self.without_variable(name, value.span())),
            _ => self.read_secret(&self.path(name)).map_err(|error| {
                let title = format!("the file `{name}` cannot be read: {}", plain_error(&error));
                Fault::at(value.span(), title).label(unreadable(name, &self.path(name), &error))
            }),
        };
        found.map_err(|fault| self.fault(fault)).ok()
    }
}

/// What to do about a file with a value that cannot be read. `path` is where it was looked for.
fn unreadable(name: &str, path: &Path, error: &io::Error) -> String {
    match error.kind() {
        _ if has_tilde(name) => TILDE.to_owned(),
        ErrorKind::NotFound => format!("it is looked for at {}", path.display()),
        ErrorKind::PermissionDenied => "let the user that Tipoff runs as read it".to_owned(),
        ErrorKind::InvalidData => "save it as UTF-8 text".to_owned(),
        _ => "name a text file with the value alone".to_owned(),
    }
}

/// Why a path with `~` is not what was meant.
pub(super) const TILDE: &str = "`~` is known to shells only: write the whole path, from / on";

/// Whether a path begins as shells write the home folder.
pub(super) fn has_tilde(path: &str) -> bool {
    path == "~" || path.starts_with("~/")
}

/// Whether the part of a URL behind the scheme contains user information (RFC 3986, section 3.2.1).
fn has_password((_, rest): (&str, &str)) -> bool {
    rest.split('/').next().is_some_and(|server| server.contains('@'))
}

/// The text of a small file, without the line end that editors put behind it.
fn read_short(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_without_its_last_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "se cret\r\n").unwrap();
        assert_eq!(read_short(&path).unwrap(), "se cret");
        fs::write(&path, "x".repeat(FILE_BYTES_MAX as usize)).unwrap();
        assert_eq!(read_short(&path).unwrap().len() as u64, FILE_BYTES_MAX);
        fs::write(&path, "x".repeat(FILE_BYTES_MAX as usize + 1)).unwrap();
        assert!(read_short(&path).unwrap_err().to_string().contains("larger"));
    }
}
