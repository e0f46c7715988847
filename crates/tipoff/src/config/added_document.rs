//! Edits of the document that was added in the dashboard: one channel is added, replaced or removed, or all sections of
//! another kind are replaced; the rest stays as it is. Reads no meaning: `added.rs` checks the result before it is stored.

use serde_json::{Map, Value as Json};
use toml::{Table, Value};

/// The document as tables. Holds secrets.
pub(crate) struct AddedDocument(Table);

const CHANNEL: &str = "channel";
/// The name of the sections with routes.
pub(crate) const ROUTE: &str = "route";
/// The name of the sections with the hours of devices.
pub(crate) const SCHEDULE: &str = "schedule";
/// The name of the sections with home modes.
pub(crate) const MODE: &str = "mode";

impl AddedDocument {
    /// Parses a stored document.
    ///
    /// # Errors
    /// It is not TOML; the text of the error may contain a secret, so it is not returned.
    pub(crate) fn parse(document: &str) -> Result<Self, NoDocument> {
        document.parse().map(Self).map_err(|_| NoDocument)
    }

    /// Whether it has no section.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All channels, in their order.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &Table> {
        self.sections(CHANNEL)
    }

    /// All sections of a name, such as [`ROUTE`], in their order.
    pub(crate) fn sections(&self, name: &str) -> impl Iterator<Item = &Table> {
        let sections = self.0.get(name).and_then(Value::as_array);
        sections.into_iter().flatten().filter_map(Value::as_table)
    }

    /// Replaces all sections of a name.
    pub(crate) fn replace_sections(&mut self, name: &str, sections: Vec<Table>) {
        match sections.is_empty() {
            true => drop(self.0.remove(name)),
            false => {
                let sections = sections.into_iter().map(Value::Table).collect();
                self.0.insert(name.to_owned(), Value::Array(sections));
            }
        }
    }

    /// The channel with this name.
    pub(crate) fn channel(&self, name: &str) -> Option<&Table> {
        self.channels().find(|channel| name_of(channel) == Some(name))
    }

    /// Adds a channel behind the others.
    pub(crate) fn add(&mut self, channel: Table) {
        match self.0.get_mut(CHANNEL).and_then(Value::as_array_mut) {
            Some(channels) => channels.push(channel.into()),
            None => drop(self.0.insert(CHANNEL.to_owned(), Value::Array(vec![channel.into()]))),
        }
    }

    /// Replaces the channel with this name, in its place.
    pub(crate) fn replace(&mut self, name: &str, channel: Table) {
        let channels = self.0.get_mut(CHANNEL).and_then(Value::as_array_mut);
        let mut channels = channels.into_iter().flatten().filter_map(Value::as_table_mut);
        if let Some(old) = channels.find(|old| name_of(old) == Some(name)) {
            *old = channel;
        }
    }

    /// Removes the channel with this name.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(channels) = self.0.get_mut(CHANNEL).and_then(Value::as_array_mut) {
            channels.retain(|it| it.as_table().and_then(name_of) != Some(name));
        }
    }
}

/// A document that is not TOML.
#[derive(Debug)]
pub(crate) struct NoDocument;

/// The document as it is stored.
impl std::fmt::Display for AddedDocument {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// The name of a channel: its type, where it has none.
pub(crate) fn name_of(channel: &Table) -> Option<&str> {
    channel.get("name").or_else(|| channel.get("type")).and_then(Value::as_str)
}

/// A document with one channel, to check it alone.
pub(crate) fn alone(channel: &Table) -> String {
    alone_as(CHANNEL, channel)
}

/// A document with one section of a name, to check it alone.
pub(crate) fn alone_as(name: &str, section: &Table) -> String {
    let mut document = AddedDocument(Table::new());
    document.replace_sections(name, vec![section.clone()]);
    document.to_string()
}

/// The table of a section. Keys that are null are left out.
pub(crate) fn section(keys: &Map<String, Json>) -> Table {
    keys.iter().filter_map(|(key, value)| Some((key.clone(), toml_of(value)?))).collect()
}

/// The table of a channel. Settings that are null are left out.
pub(crate) fn channel(
    (name, kind): (&str, &str),
    expire: Option<&str>,
    settings: &Map<String, Json>,
) -> Table {
    let mut table = section(settings);
    table.insert("name".to_owned(), name.into());
    table.insert("type".to_owned(), kind.into());
    if let Some(expire) = expire {
        table.insert("expire".to_owned(), expire.into());
    }
    table
}

/// A value as TOML has it. `None` for null.
fn toml_of(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().filter_map(toml_of).collect()),
        Json::Object(entries) => Value::Table(
            entries.iter().filter_map(|(key, it)| Some((key.clone(), toml_of(it)?))).collect(),
        ),
    })
}

/// A value as JSON has it.
pub(crate) fn json_of(value: &Value) -> Json {
    match value {
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::String(text.clone()),
        Value::Datetime(time) => Json::String(time.to_string()),
        Value::Array(items) => items.iter().map(json_of).collect(),
        Value::Table(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), json_of(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;
    use crate::config::added::{FileFacts, Names};

    fn hook(name: &str, settings: Json) -> Table {
        let Json::Object(settings) = settings else { panic!("an object") };
        channel((name, "webhook"), Some("1 h"), &settings)
    }

    #[test]
    fn an_edit_changes_one_channel_and_keeps_the_others() {
        let mut document = AddedDocument::parse("").unwrap();
        let strange = "a\"b'c\\\n[[channel]]\n#é€𝄞";
        document.add(hook("one", json!({ "url": "http://a/1", "body": strange })));
        let headers = json!({ "X-\"Odd\" key": strange });
        document.add(hook("two", json!({ "url": "http://a/2", "headers": headers, "x": null })));
        let mut document = AddedDocument::parse(&document.to_string()).unwrap();
        let one = document.channel("one").unwrap().clone();
        assert_eq!(one["body"].as_str(), Some(strange));
        document.replace("two", hook("two", json!({ "url": "http://b/2" })));
        let mut document = AddedDocument::parse(&document.to_string()).unwrap();
        assert_eq!(document.channel("one"), Some(&one));
        assert_eq!(json_of(&document.channel("two").unwrap()["url"]), json!("http://b/2"));
        assert!(document.channel("two").unwrap().get("headers").is_none());
        let text = document.to_string();
        let checked = Config::check_added(&text, &FileFacts::default(), Names::MustExist);
        assert_eq!(checked.unwrap().channels.len(), 2);
        document.remove("one");
        let names: Vec<_> = document.channels().filter_map(name_of).collect();
        assert_eq!(names, ["two"]);
    }
}
