//! The text of what was added for a configuration file. Secrets are never in it: each is a reference to a variable, which the
//! text names.

use serde::Serialize;
use toml::{Table, Value};
use utoipa::ToSchema;

use super::channel_fields::stored_settings;
use crate::config::added_document::{AddedDocument, MODE, ROUTE, SCHEDULE, name_of};

/// Added channels as text.
#[derive(Serialize, ToSchema)]
pub(super) struct Exported {
    /// Sections `[[channel]]`, `[[mode]]`, `[[route]]` and `[[schedule]]`, as in a configuration file.
    pub(super) toml: String,
    /// The variables that the text refers to, in place of the secrets.
    pub(super) variables: Vec<String>,
}

/// All of the document.
pub(super) fn exported(document: &AddedDocument) -> Exported {
    let mut all = Exported { toml: String::new(), variables: Vec::new() };
    for channel in document.channels() {
        all.heading("channel");
        all.channel(channel);
    }
    for name in [MODE, ROUTE, SCHEDULE] {
        for section in document.sections(name) {
            all.heading(name);
            let (first, others): (Vec<_>, Vec<_>) = section.iter().partition(|it| it.0 == "name");
            first.into_iter().chain(others).for_each(|(key, value)| all.line(key, value));
        }
    }
    all
}

impl Exported {
    fn heading(&mut self, name: &str) {
        if !self.toml.is_empty() {
            self.toml.push('\n');
        }
        self.toml.push_str(&format!("[[{name}]]\n"));
    }

    fn channel(&mut self, channel: &Table) {
        for key in ["name", "type", "expire"] {
            if let Some(value) = channel.get(key) {
                self.line(key, value);
            }
        }
        let name = name_of(channel).unwrap_or_default();
        for (key, value, is_hidden) in stored_settings(channel) {
            match is_hidden {
                true => {
                    let reference = self.reference(&format!("{name} {key}"), value);
                    self.line(key, &reference);
                }
                false => self.line(key, value),
            }
        }
    }

    fn line(&mut self, key: &str, value: &Value) {
        let is_bare = |it: char| it.is_ascii_alphanumeric() || "_-".contains(it);
        let key = match !key.is_empty() && key.chars().all(is_bare) {
            true => key.to_owned(),
            false => Value::from(key).to_string(),
        };
        self.toml.push_str(&format!("{key} = {value}\n"));
    }

    /// A variable in place of a secret; of a table, one for each value.
    fn reference(&mut self, words: &str, value: &Value) -> Value {
        if let Value::Table(entries) = value {
            let entry = |(key, value): (&String, &Value)| {
                (key.clone(), self.reference(&format!("{words} {key}"), value))
            };
            return Value::Table(entries.iter().map(entry).collect());
        }
        let letter =
            |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' };
        let wanted = format!("TIPOFF_{}", words.chars().map(letter).collect::<String>());
        // Names in other scripts become the same.
        let numbered = (2_u32..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let name = names.find(|name| !self.variables.contains(name)).unwrap_or_default();
        self.variables.push(name.clone());
        Value::Table(Table::from_iter([("env".to_owned(), Value::String(name))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_export_is_a_valid_file_without_a_secret() {
        let document = "[[channel]]\nname = \"me\"\ntype = \"gotify\"\nserver = \"http://a\"\ntoken = \"hunter2\"\n\
            priority = 4\n[[channel]]\nname = \"前门\"\ntype = \"webhook\"\nurl = \"http://u:hunter2@a\"\n\
            headers = { Authorization = \"hunter2\" }\nexpire = \"1 h\"\n[[channel]]\nname = \"大门\"\n\
            type = \"webhook\"\nurl = \"http://u:hunter2@b\"\nbody = \"\"\"a\n\\\"b\"\"\"\n";
        let Exported { toml, variables } = exported(&AddedDocument::parse(document).unwrap());
        assert!(!toml.contains("hunter2"), "{toml}");
        assert_eq!(
            variables,
            [
                "TIPOFF_ME_TOKEN",
                "TIPOFF____HEADERS_AUTHORIZATION",
                "TIPOFF____URL",
                "TIPOFF____URL_2"
            ]
        );
        let parse = |text: &str, environment: &dyn Fn(&str) -> Option<String>| {
            Config::parse(None, text, None, environment).unwrap_or_else(|faults| panic!("{faults}"))
        };
        let environment = |name: &str| match name {
            "TIPOFF____URL" => Some("http://u:hunter2@a".to_owned()),
            "TIPOFF____URL_2" => Some("http://u:hunter2@b".to_owned()),
            name => variables.contains(&name.to_owned()).then(|| "hunter2".to_owned()),
        };
        assert_eq!(parse(&toml, &environment).channels, parse(document, &|_| None).channels);
    }

    #[test]
    fn an_export_has_the_routes_schedules_and_modes() {
        let document = "[[channel]]\nname = \"me\"\ntype = \"webhook\"\nurl = \"http://a\"\n\
            [[route]]\nname = \"a\"\ndevice_keys = [\"added/gate\"]\nmodes = \"away\"\nchannels = [\"me\"]\nstop = true\n\
            title = \"\"\"{{ device }}\n\"x\"\"\"\"\n[[route]]\nname = \"b\"\n\
            [[schedule]]\ndevice_keys = [\"added/gate\"]\nbetween = \"22:00-06:00\"\n\
            [[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\nat = [\"09:00\"]\n";
        let Exported { toml, .. } = exported(&AddedDocument::parse(document).unwrap());
        let rules = |text: &str| crate::testing::config(text).rules;
        assert_eq!(rules(&toml), rules(document), "{toml}");
    }
}
