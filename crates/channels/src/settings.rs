//! The settings that a service declares, and their values once they are read. The configuration reader, its error
//! messages and the reference are derived from the declarations.

use std::collections::BTreeMap;
use std::time::Duration;

/// The form of a setting's value in the configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Any string.
    Text,
    /// A string that must never be shown.
    Secret,
    /// A number or a string: kept as a string (`chat = -100123` and `chat = "@yard"`).
    Name,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Flag,
    /// `"10 s"`, `"2 min"`.
    Duration,
    /// A list of strings.
    List,
    /// The whole path of a folder of this machine, which files are written to.
    Folder,
    /// A program and its arguments. Every user of the machine can see them.
    Command,
    /// Names of environment variables of Tipoff that a program gets.
    Variables,
    /// A list of numbers or strings: kept as strings.
    Names,
    /// A table of strings, such as headers; the values may be secrets.
    Table,
}

impl Shape {
    /// Whether such a value starts a program of this machine, or writes files to it. Only who may log in to the machine may
    /// set it, in the configuration file.
    pub fn is_of_this_machine(self) -> bool {
        matches!(self, Self::Command | Self::Variables | Self::Folder)
    }
}

/// The keys of settings that say how a connection is encrypted, and which certificates are trusted.
const PROTECTIONS: [&str; 3] = ["ca", "tls", "trust"];

/// One setting of a service.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key in `[[channel]]`.
    pub key: &'static str,
    /// The form of its value.
    pub shape: Shape,
    /// Whether the channel needs it.
    pub required: bool,
    /// Meaning, unit and default, in a sentence or two for the reference.
    pub doc: &'static str,
    /// An example value, as it is written in TOML.
    pub example: &'static str,
}

impl Setting {
    /// Whether its value names the server that alerts, and secrets, are sent to.
    pub fn is_address(&self) -> bool {
        self.shape == Shape::Text && self.example.contains("://")
    }

    /// Whether a change of its value may give the secrets of a channel to somebody else: to another server, or to whoever
    /// is on the path to the same one, where less is encrypted or another certificate is trusted.
    pub fn exposes_secrets(&self) -> bool {
        self.is_address() || PROTECTIONS.contains(&self.key)
    }

    /// Whether this value must not be shown: it is a secret, a table, whose values may be secrets, or an address with a
    /// password or a query in it, such as `?token=…`.
    pub fn hides(&self, value: &str) -> bool {
        let in_address =
            || value.split_once("://").is_some_and(|(_, rest)| rest.contains(['@', '?']));
        matches!(self.shape, Shape::Secret | Shape::Table) || in_address()
    }
}

/// Where the value of a setting is found.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    /// The setting's key.
    pub key: &'static str,
    /// A sentence with the menus of the service, from its documentation.
    pub place: &'static str,
}

/// Default time limit for an answer.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(30);

/// The setting for it, of services that read [`Settings::answer_time`].
pub(crate) const TIMEOUT: Setting = Setting {
    key: "timeout",
    shape: Shape::Duration,
    required: false,
    doc: "How long an answer may take, besides 8 s for each MB that is sent. Without it: 30 s.",
    example: "\"10 s\"",
};

/// The same, of services to which no files are sent.
pub(crate) const TIMEOUT_OF_WORDS: Setting =
    Setting { doc: "How long an answer may take. Without it: 30 s.", ..TIMEOUT };

/// A value that was read by its [`Shape`].
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Shape::Text`], [`Shape::Folder`], [`Shape::Secret`] and [`Shape::Name`].
    Text(String),
    /// Of [`Shape::Integer`].
    Integer(i64),
    /// Of [`Shape::Flag`].
    Flag(bool),
    /// Of [`Shape::Duration`].
    Duration(Duration),
    /// Of [`Shape::List`], [`Shape::Command`], [`Shape::Variables`] and [`Shape::Names`].
    List(Vec<String>),
    /// Of [`Shape::Table`].
    Table(BTreeMap<String, String>),
}

/// The settings of one configured channel: those that were given, each of its declared shape.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, Value>);

impl Settings {
    /// Sets `key`. The caller has checked the value against the entry's [`Setting`].
    pub fn set(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    /// A string. `None` if it is not set.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number. `None` if it is not set.
    pub fn integer(&self, key: &str) -> Option<i64> {
        match self.0.get(key) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// Whether a flag is set to true.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Value::Flag(true)))
    }

    /// A flag, or `without` if it is not set.
    pub fn flag_or(&self, key: &str, without: bool) -> bool {
        match self.0.get(key) {
            Some(Value::Flag(flag)) => *flag,
            _ => without,
        }
    }

    /// A duration. `None` if it is not set.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        match self.0.get(key) {
            Some(Value::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    /// How long an answer may take: see [`TIMEOUT`].
    pub(crate) fn answer_time(&self) -> Duration {
        self.answer_time_or(ANSWER_TIME)
    }

    /// How long an answer may take, with another default than [`TIMEOUT`] has.
    pub(crate) fn answer_time_or(&self, default: Duration) -> Duration {
        self.duration(TIMEOUT.key).unwrap_or(default)
    }

    /// A list. Empty if it is not set.
    pub fn list(&self, key: &str) -> &[String] {
        match self.0.get(key) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    /// The entries of a table. Empty if it is not set.
    pub fn table(&self, key: &str) -> impl Iterator<Item = (&str, &str)> {
        let table = match self.0.get(key) {
            Some(Value::Table(table)) => Some(table),
            _ => None,
        };
        table.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// A fault in a setting. It is shown at the setting's line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault {
    /// The setting's key.
    pub key: &'static str,
    /// What is wrong and what would be right, without the secret itself.
    pub message: String,
}
