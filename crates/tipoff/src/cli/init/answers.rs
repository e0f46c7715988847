//! The answers for a channel: each read by the form of its setting, and written as the configuration file has it.

use std::collections::BTreeMap;

use tipoff_channels::{Setting, Settings, Shape, Value};

use super::super::ask;
use super::super::console_language::{text, texts, with};
use crate::config;

/// Marks around pasted values. Chats and text processors make curly ones.
const QUOTES: [char; 8] = ['"', '\'', '“', '”', '„', '‘', '’', '`'];

/// The settings that were given, in the order of the questions.
#[derive(Default)]
pub(super) struct Answers(Vec<(&'static str, Value)>);

impl Answers {
    /// Sets a value, in place of an earlier one.
    pub(super) fn set(&mut self, key: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// Asks for a setting until the answer has its form. An empty answer removes a setting that is not required.
    pub(super) fn ask(&mut self, setting: &'static Setting) -> anyhow::Result<()> {
        println!();
        println!("{}", texts().sentence(setting.doc));
        println!("{}", with("init-example", &[("example", &setting.example)]));
        loop {
            let question = format!("{}:", setting.key);
            let answer = match setting.shape {
                Shape::Secret => ask::secret(&question)?.trim().to_owned(),
                _ => ask::line(&question)?,
            };
            match (answer.is_empty(), setting.required) {
                (true, true) => println!("  {}", text("init-required")),
                (true, false) => {
                    self.0.retain(|(key, _)| *key != setting.key);
                    return Ok(());
                }
                (false, _) => match read(setting.shape, &answer) {
                    Ok(value) => {
                        self.set(setting.key, value);
                        return Ok(());
                    }
                    Err(reason) => println!("  {reason}"),
                },
            }
        }
    }

    /// As the service reads them.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        self.0.iter().for_each(|(key, value)| settings.set(key, value.clone()));
        settings
    }

    /// As the configuration file has them.
    pub(super) fn as_toml(&self, name: &str, kind: &str) -> String {
        let mut text = format!("[[channel]]\nname = {}\ntype = {}\n", quoted(name), quoted(kind));
        for (key, value) in &self.0 {
            text.push_str(&format!("{key} = {}\n", written(value)));
        }
        text
    }
}

/// Reads an answer. The error says what is expected.
fn read(shape: Shape, answer: &str) -> Result<Value, String> {
    let plain = answer.trim_matches(QUOTES);
    Ok(match shape {
        Shape::Text | Shape::Folder | Shape::Secret | Shape::Name => Value::Text(plain.to_owned()),
        Shape::Integer => Value::Integer(plain.parse().map_err(|_| text("init-whole-number"))?),
        Shape::Flag => match plain.to_lowercase().as_str() {
            "true" | "yes" | "y" => Value::Flag(true),
            "false" | "no" | "n" => Value::Flag(false),
            _ => return Err(text("init-yes-or-no")),
        },
        Shape::Duration => Value::Duration(config::duration(plain)?),
        Shape::List | Shape::Variables | Shape::Names => Value::List(list(answer, ",")?),
        Shape::Command => Value::List(list(answer, " ")?),
        Shape::Table => Value::Table(table(answer)?),
    })
}

/// A list as in the file (`["a", "b"]`), or its items with separators.
fn list(answer: &str, separator: &str) -> Result<Vec<String>, String> {
    if answer.starts_with('[') {
        let wrong = || text("init-list");
        let items = toml_value(answer).and_then(|value| value.try_into::<Vec<String>>().ok());
        return items.ok_or_else(wrong);
    }
    let items = answer.split(separator).map(|item| item.trim().trim_matches(QUOTES).to_owned());
    Ok(items.filter(|item| !item.is_empty()).collect())
}

/// A table as in the file (`{ a = "b" }`), or one name and value.
fn table(answer: &str) -> Result<BTreeMap<String, String>, String> {
    let whole = if answer.starts_with('{') { answer.to_owned() } else { format!("{{ {answer} }}") };
    let table = toml_value(&whole).and_then(|value| value.try_into().ok());
    table.ok_or_else(|| with("init-table", &[("example", &"{ Name = \"value\" }")]))
}

fn toml_value(text: &str) -> Option<toml::Value> {
    let mut table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.remove("value")
}

/// A value as the configuration file has it.
fn written(value: &Value) -> String {
    match value {
        // A chat's number needs no quotes.
        Value::Text(text) => match text.parse::<i64>() {
            Ok(number) if number.to_string() == *text && text.len() < 18 => text.clone(),
            _ => quoted(text),
        },
        Value::Integer(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Duration(duration) => quoted(&format!("{} ms", duration.as_millis())),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| format!("{} = {}", quoted(name), quoted(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A TOML basic string, with escapes: an answer is pasted text and may contain anything.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_the_form_of_their_setting() {
        let text = |text: &str| Value::Text(text.to_owned());
        let items = |items: &[&str]| Value::List(items.iter().map(|it| (*it).to_owned()).collect());
        for (shape, answer, expected) in [
            (Shape::Text, "“https://ntfy.sh”", text("https://ntfy.sh")),
            (Shape::Name, "-100123", text("-100123")),
            (Shape::Integer, "5", Value::Integer(5)),
            (Shape::Flag, "Yes", Value::Flag(true)),
            (Shape::Names, "1, @yard", items(&["1", "@yard"])),
            (Shape::Command, "/bin/siren --loud", items(&["/bin/siren", "--loud"])),
            (Shape::Command, "[\"/bin/a b\", \"c\"]", items(&["/bin/a b", "c"])),
        ] {
            assert!(read(shape, answer) == Ok(expected), "{answer}");
        }
        let table = read(Shape::Table, "{ \"X-A\" = \"1\" }");
        assert!(table == read(Shape::Table, "\"X-A\" = \"1\""));
        for (shape, answer, part) in [
            (Shape::Integer, "five", "whole number"),
            (Shape::Flag, "maybe", "yes or no"),
            (Shape::Duration, "5", "unit is missing"),
            (Shape::Command, "[\"a\"", "as in the example"),
            (Shape::Table, "X: 1", "as in the example"),
        ] {
            assert!(read(shape, answer).err().unwrap().contains(part), "{answer}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_it_was_given() {
        let mut answers = Answers::default();
        answers.set("chat", Value::Text("-100123".to_owned()));
        answers.set("token", Value::Text("a\"b\\c\nd".to_owned()));
        answers.set("user", Value::Text("007".to_owned()));
        answers.set("headers", Value::Table([("X".to_owned(), "y".to_owned())].into()));
        answers.set("chat", Value::Text("-100124".to_owned()));
        let text = answers.as_toml("me", "telegram");
        let table: toml::Table = toml::from_str(&text).unwrap();
        let channel = table["channel"][0].as_table().unwrap();
        assert_eq!(channel["chat"].as_integer(), Some(-100_124));
        assert_eq!(channel["token"].as_str(), Some("a\"b\\c\nd"));
        assert_eq!(channel["user"].as_str(), Some("007"));
        assert_eq!(channel["headers"]["X"].as_str(), Some("y"));
    }
}
