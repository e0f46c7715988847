//! The settings of the services, described for forms and programs. Derived from `tipoff_channels::CHANNELS`: a service needs
//! no line here.

use serde::Serialize;
use tipoff_channels::{CHANNELS, Entry, Setting, Shape};
use toml::{Table, Value};
use utoipa::ToSchema;

use super::reader_language::sentence;

/// A service that alerts can be sent to.
#[derive(Serialize, ToSchema)]
pub(super) struct ChannelType {
    /// The value of `type`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The name of the service, for people.
    pub(super) name: &'static str,
    /// Description in one sentence.
    pub(super) summary: &'static str,
    /// Whether a channel of this type can be added in the dashboard. If not, it is configured in the file: it runs programs of
    /// the machine.
    pub(super) can_be_added: bool,
    /// Its settings, those first that most people need, in the order in which a form asks for them.
    pub(super) settings: Vec<SettingType>,
}

/// A setting of a service.
#[derive(Serialize, ToSchema)]
pub(super) struct SettingType {
    /// Its key.
    pub(super) key: &'static str,
    /// `text`, `secret`, `name` (a string or a whole number), `integer`, `flag`, `duration` (such as `10 s`), `list` (of
    /// strings), `names` (a list of strings or whole numbers), `table` (of strings), or `machine`: only in the file.
    pub(super) shape: &'static str,
    /// Whether the channel needs it.
    pub(super) required: bool,
    /// Meaning, unit and default.
    pub(super) doc: &'static str,
    /// Where its value is found. Null if its meaning says enough.
    pub(super) place: Option<&'static str>,
    /// An example as in the configuration file.
    pub(super) example: &'static str,
}

/// All services in the reader's language, in alphabetical order.
pub(super) fn channel_types() -> impl Iterator<Item = ChannelType> {
    CHANNELS.iter().map(channel_type)
}

/// A service and its settings.
pub(super) fn channel_type(entry: &'static Entry) -> ChannelType {
    let place = |setting: &Setting| {
        let hint = entry.find.iter().find(|hint| hint.key == setting.key);
        hint.map(|hint| sentence(hint.place))
    };
    let setting = |setting: &'static Setting| SettingType {
        key: setting.key,
        shape: shape_word(setting.shape),
        required: setting.required,
        doc: sentence(setting.doc),
        place: place(setting),
        example: setting.example,
    };
    let mut settings: Vec<SettingType> = entry.settings.iter().map(setting).collect();
    // A sort is stable: those without a hint stay in alphabetical order, behind the others.
    let position = |key: &str| entry.find.iter().position(|hint| hint.key == key);
    settings.sort_by_key(|it| position(it.key).unwrap_or(usize::MAX));
    let can_be_added = entry.can_be_added();
    let (name, summary) = (sentence(entry.name), sentence(entry.summary));
    ChannelType { kind: entry.kind, name, summary, can_be_added, settings }
}

/// A key in English words: `allowed_chats` is "Allowed chats".
pub(super) fn label(key: &str) -> String {
    if ["api", "ca", "tls", "url"].contains(&key) {
        return key.to_ascii_uppercase();
    }
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn shape_word(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "text",
        Shape::Secret => "secret",
        Shape::Name => "name",
        Shape::Integer => "integer",
        Shape::Flag => "flag",
        Shape::Duration => "duration",
        Shape::List => "list",
        Shape::Names => "names",
        Shape::Table => "table",
        Shape::Folder | Shape::Command | Shape::Variables => "machine",
    }
}

/// Whether a stored value must not be sent to a browser.
pub(super) fn is_hidden(kind: &str, key: &str, value: &Value) -> bool {
    let entry = tipoff_channels::entry(kind);
    let setting = entry.and_then(|entry| entry.settings.iter().find(|it| it.key == key));
    // What no version of the service declares could be anything.
    setting.is_none_or(|setting| setting.hides(value.as_str().unwrap_or_default()))
}

/// The settings of a stored channel, without `name`, `type` and `expire`, and whether each must not be shown.
pub(super) fn stored_settings(channel: &Table) -> impl Iterator<Item = (&str, &Value, bool)> {
    let kind = channel.get("type").and_then(Value::as_str).unwrap_or_default();
    let own = channel.iter().filter(|(key, _)| !["name", "type", "expire"].contains(&key.as_str()));
    own.map(move |(key, value)| (key.as_str(), value, is_hidden(kind, key, value)))
}

/// The names of services that are words. Products and protocols have one name in every language.
#[cfg(test)]
const TRANSLATED_NAMES: [&str; 3] = ["Archive", "Mail", "Program"];

/// The names, sentences and labels that pages show of services, in English.
#[cfg(test)]
pub(super) fn sentences() -> impl Iterator<Item = String> {
    CHANNELS.iter().flat_map(|entry| {
        let docs = entry.settings.iter().map(|it| it.doc.to_owned());
        let places = entry.find.iter().map(|it| it.place.to_owned());
        let can_be_added = entry.can_be_added();
        let is_shown = move |it: &&Setting| can_be_added && !it.shape.is_of_this_machine();
        let shown = entry.settings.iter().filter(is_shown);
        // `URL` and its like are the same in every language.
        let labels = shown.map(|it| label(it.key)).filter(|it| *it != it.to_uppercase());
        let name = TRANSLATED_NAMES.contains(&entry.name).then(|| entry.name.to_owned());
        docs.chain(places).chain(labels).chain(name).chain([entry.summary.to_owned()])
    })
}
