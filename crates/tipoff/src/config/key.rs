//! A key of the configuration and its entry in the reference: name, form, default or example, and meaning.
//!
//! Sections make a [`Key`] where they read it, so that no key exists without documentation. Reads nothing itself.

use std::fmt::Display;
use std::str::FromStr;

/// What a key's value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueForm {
    Text,
    Secret,
    /// A text that may be a URL, and so hold a password or a token.
    Url,
    Name,
    Count,
    Flag,
    Duration,
    Size,
    Path,
    List,
    /// A list of [`ValueForm::Name`].
    Names,
    /// A list that may hold a password or a token.
    Arguments,
    Table,
}

impl ValueForm {
    /// What a value of this form is called in the reference and in faults.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Text | Self::Secret | Self::Url => "a string",
            Self::Name => "a string or a whole number",
            Self::Count => "a whole number",
            Self::Flag => "true or false",
            Self::Duration => "a duration",
            Self::Size => "a size",
            Self::Path => "a path",
            Self::List | Self::Arguments => "a list of strings",
            Self::Names => "a list of strings or whole numbers",
            Self::Table => "a table",
        }
    }

    /// Whether a text of this form is hidden in reports of faults. A table may contain secrets, as one of headers does.
    pub(super) fn hides(self, text: &str) -> bool {
        match self {
            Self::Secret | Self::Arguments | Self::Table => true,
            Self::Url => text.contains("://"),
            _ => false,
        }
    }

    /// Whether the example of such a key is written in quotes.
    fn is_quoted(self) -> bool {
        matches!(self, Self::Text | Self::Secret | Self::Duration | Self::Size | Self::Path)
    }
}

/// The meaning of a key that is not given. Each text is written as in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// The key has this default.
    Default(String),
    /// The key has no default, or one that its documentation describes; this is an example.
    Nothing(String),
    /// The key must be given; this is an example.
    Required(String),
}

/// A key and what the reference says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) form: ValueForm,
    pub(super) without: Without,
    pub(super) doc: &'static str,
}

impl Key {
    /// A value as it is written in the file.
    pub(super) fn sample(&self) -> String {
        let (Without::Default(text) | Without::Nothing(text) | Without::Required(text)) =
            &self.without;
        let bare = text.starts_with(['"', '{']) || !self.form.is_quoted();
        if bare { text.clone() } else { format!("\"{text}\"") }
    }
}

/// For a key without a default.
pub(super) fn nothing(example: &str) -> Without {
    Without::Nothing(example.to_owned())
}

/// The default of a list, as it would be written.
pub(super) fn list_of(items: &[&str]) -> Without {
    let quoted: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
    Without::Default(format!("[{}]", quoted.join(", ")))
}

/// [`FromStr`] in the form that keys are parsed with.
pub(super) fn from_str<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
