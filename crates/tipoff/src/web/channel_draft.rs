//! A channel as a form sends it: checked, and combined with the stored secrets that it keeps.
//!
//! A stored secret is never sent back to the form. The form names those that stay, and another service, a changed address or
//! other encryption loses them: else whoever gets into the dashboard could send them to a server of his own, or to the same one
//! in clear text.

use std::fmt;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use tipoff_channels::{Entry, Setting};
use toml::Table;
use utoipa::ToSchema;

use super::problem::{FieldFault, Problem};
use super::reader_language::text;
use crate::config::added::{FileFacts, Names};
use crate::config::{ChannelConfig, Config, Faults, added_document};
use crate::receive::is_deceptive;

/// Maximum length of a name, in characters.
const NAME_CHARS_MAX: usize = 60;

/// A channel and its settings.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelDraft {
    /// Its name, which no other channel has.
    #[schema(min_length = 1, max_length = 60)]
    pub(super) name: String,
    /// The service, such as `telegram`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// How long an alert is retried, such as `24 h`.
    #[serde(default)]
    expire: Option<String>,
    /// The settings of the service, as in the configuration file. Durations are strings such as `10 s`.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// Secrets of the stored channel that stay as they are.
    #[serde(default)]
    keep: Vec<String>,
    /// The version of the added channels that was read. A change needs it, and is refused if they have another version by now.
    #[serde(default)]
    pub(super) version: Option<u64>,
}

/// A draft without faults.
pub(super) struct Draft {
    /// As the document has it.
    pub(super) table: Table,
    /// The channel, ready to send.
    pub(super) channel: ChannelConfig,
}

impl ChannelDraft {
    /// Checks the draft. `stored` is the channel that it replaces.
    pub(super) fn check(self, file: &FileFacts, stored: Option<&Table>) -> Result<Draft, Problem> {
        let name = self.name.trim();
        check_name(name)?;
        let expire = self.expire.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let mut table = added_document::channel((name, &self.kind), expire, &self.settings);
        if let (Some(stored), Some(entry)) = (stored, tipoff_channels::entry(&self.kind)) {
            keep(entry, &self.keep, stored, &mut table)?;
        }
        let alone = added_document::alone(&table);
        let parts = Config::check_added(&alone, file, Names::MayBeGone)
            .map_err(|faults| refused(of_faults(&faults)))?;
        let channel = parts.channels.into_iter().next();
        let channel =
            channel.ok_or_else(|| refused(vec![fault("", text("problem-channel-nothing"))]))?;
        Ok(Draft { table, channel })
    }
}

/// A 422 if a name is empty, too long or deceptive, or no part of an address.
pub(super) fn check_name(name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    let is_path = [".", ".."].contains(&name);
    if length == 0 || length > NAME_CHARS_MAX || is_deceptive(name) || is_path {
        return Err(refused(vec![fault("name", name_form())]));
    }
    Ok(())
}

/// Copies the kept secrets of the stored channel.
fn keep(entry: &Entry, kept: &[String], stored: &Table, table: &mut Table) -> Result<(), Problem> {
    let declared = |key: &&String| entry.settings.iter().find(|it| it.key == **key);
    let missing = |key: &&String| !table.contains_key(*key);
    let kept: Vec<&Setting> = kept.iter().filter(missing).filter_map(|it| declared(&it)).collect();
    let kept: Vec<&Setting> = kept.into_iter().filter(|it| stored.contains_key(it.key)).collect();
    let moved = entry.settings.iter().find(|setting| {
        let is_kept = kept.iter().any(|it| it.key == setting.key);
        setting.exposes_secrets() && !is_kept && stored.get(setting.key) != table.get(setting.key)
    });
    let is_another = stored.get("type").and_then(toml::Value::as_str) != Some(entry.kind);
    let moved = if is_another { Some("type") } else { moved.map(|setting| setting.key) };
    if let Some(moved) = moved
        && !kept.is_empty()
    {
        let message = text("problem-channel-moved").words("key", moved).to_string();
        return Err(refused(kept.iter().map(|it| fault(it.key, &message)).collect()));
    }
    for setting in kept {
        if let Some(value) = stored.get(setting.key) {
            table.insert(setting.key.to_owned(), value.clone());
        }
    }
    Ok(())
}

/// Usual mistakes in forms, as the configuration's reader describes them, each with its text.
const USUAL: &[(&str, &str)] = &[
    ("this is required", "problem-field-required"),
    ("it is negative", "problem-field-negative"),
    (r#"write it like "20 s", "5 min", "2 h" or "30 days""#, "problem-field-duration"),
    (
        r#"write a time of day from "00:00" to "24:00", or "sunset", "sunrise-0:30""#,
        "problem-field-time",
    ),
    (
        r#"write two times of day from 00:00 to 24:00, such as "22:00-06:00" or "sunset-sunrise+0:30""#,
        "problem-field-hours",
    ),
    (
        r#"sunrise and sunset need a place: add `place = "52.52, 13.40"` at the top of the file"#,
        "problem-field-place",
    ),
];

/// Faults of the configuration's reader, at the fields that they are about. Usual ones are in the reader's language.
pub(super) fn of_faults(faults: &Faults) -> Vec<FieldFault> {
    let in_words = |message: String| match USUAL.iter().find(|(usual, _)| *usual == message) {
        Some((_, key)) => text(key).to_string(),
        None => message,
    };
    let at =
        |(key, message): (Option<&str>, String)| fault(key.unwrap_or_default(), in_words(message));
    faults.by_key().map(at).collect()
}

/// What a name must be like.
pub(super) fn name_form() -> String {
    text("problem-channel-name-form").to_string()
}

/// A list is longer than its limit.
pub(super) fn too_many(limit: usize) -> String {
    text("problem-field-many").count(limit).to_string()
}

/// A 422 with one fault of each field: the first that says more than that the field is required.
pub(super) fn refused(faults: Vec<FieldFault>) -> Problem {
    let required = text("problem-field-required").to_string();
    let mut kept: Vec<FieldFault> = Vec::new();
    for fault in faults {
        let is_same = |it: &&mut FieldFault| !fault.field.is_empty() && it.field == fault.field;
        match kept.iter_mut().find(is_same) {
            Some(known) if known.message == required => *known = fault,
            Some(_) => {}
            None => kept.push(fault),
        }
    }
    Problem::of_fields(StatusCode::UNPROCESSABLE_ENTITY, kept)
}

/// The fault of a field.
pub(super) fn fault(field: &str, message: impl fmt::Display) -> FieldFault {
    FieldFault { field: field.to_owned(), message: message.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tipoff_model::Language;

    use super::super::reader_language::tests::read_in;
    use super::*;

    fn checked(draft: Value, stored: Option<&Table>) -> Result<Table, Problem> {
        let draft: ChannelDraft = serde_json::from_value(draft).unwrap();
        Ok(draft.check(&FileFacts::default(), stored)?.table)
    }

    fn fields(result: Result<Table, Problem>) -> Value {
        let problem = serde_json::to_value(result.unwrap_err()).unwrap();
        assert_eq!(problem["status"], 422);
        problem["faults"].as_array().unwrap().iter().map(|it| it["field"].clone()).collect()
    }

    fn gotify(settings: Value, keep: Value) -> Value {
        json!({ "name": "me", "type": "gotify", "settings": settings, "keep": keep })
    }

    #[test]
    fn a_field_has_one_fault_that_says_most() {
        let required = text("problem-field-required");
        let faults = vec![
            fault("at", &required),
            fault("at", "first"),
            fault("", "one"),
            fault("at", "second"),
            fault("", "two"),
        ];
        let problem = serde_json::to_value(refused(faults)).unwrap();
        let messages: Vec<&Value> =
            problem["faults"].as_array().unwrap().iter().map(|it| &it["message"]).collect();
        assert_eq!(messages, ["first", "one", "two"]);
    }

    #[test]
    fn faults_are_at_their_fields() {
        for (settings, expected) in [
            (json!({}), json!(["server", "token"])),
            (json!({ "server": "nowhere", "token": "x" }), json!(["server"])),
            (json!({ "server": "http://a", "token": "x", "priority": "4" }), json!(["priority"])),
            (json!({ "server": "http://a", "token": "x", "prio": 4 }), json!(["prio"])),
            (json!({ "server": "http://a", "token": { "env": "HOME" } }), json!(["token"])),
            (json!({ "server": "http://a", "token": { "file": "/etc/passwd" } }), json!(["token"])),
        ] {
            assert_eq!(
                fields(checked(gotify(settings.clone(), json!([])), None)),
                expected,
                "{settings}"
            );
        }
        let named = |name: &str| json!({ "name": name, "type": "gotify" });
        for name in ["", " ", "..", "a\u{202e}b", &"x".repeat(61)] {
            assert_eq!(fields(checked(named(name), None)), json!(["name"]), "{name:?}");
        }
        let unknown = json!({ "name": "x", "type": "gotfy" });
        assert_eq!(fields(checked(unknown, None)), json!(["type"]));
    }

    #[test]
    fn usual_mistakes_are_named_in_the_readers_language() {
        for (usual, key) in USUAL {
            assert_eq!(text(key).to_string(), *usual);
        }
        let document = "[[route]]\nbetween = \"25:00-26:00\"\ncooldown = \"x\"\n\
                        [[route]]\nbetween = \"sunset-sunrise\"\ncooldown = \"-1 s\"\n\
                        [[mode]]\nname = \"a\"\nat = \"25:00\"\n\
                        [[channel]]\ntype = \"gotify\"\nserver = \"http://a\"\n";
        let strict = Config::check_added(document, &FileFacts::default(), Names::MustExist);
        let faults = strict.unwrap_err();
        let german: Vec<_> = read_in(Language::German, || of_faults(&faults));
        for (usual, key) in USUAL {
            let expected = read_in(Language::German, || text(key).to_string());
            assert!(german.iter().any(|it| it.message == expected), "{usual}: {german:?}");
        }
    }

    #[test]
    fn what_runs_programs_or_writes_folders_is_for_the_file() {
        let exec = json!({ "name": "x", "type": "exec", "settings": { "command": ["/bin/sh"] } });
        assert!(fields(checked(exec, None)).as_array().unwrap().contains(&json!("type")));
        let folder = json!({ "name": "x", "type": "archive", "settings": { "folder": "/tmp" } });
        assert_eq!(fields(checked(folder, None)), json!(["folder"]));
    }

    #[test]
    fn a_kept_secret_stays_unless_the_address_changes() {
        let typed = json!({ "server": "http://a", "token": "hunter2" });
        let stored = checked(gotify(typed, json!([])), None).unwrap();
        let same = gotify(json!({ "server": "http://a", "priority": 4 }), json!(["token"]));
        let table = checked(same, Some(&stored)).unwrap();
        assert_eq!(table["token"].as_str(), Some("hunter2"));
        let elsewhere = gotify(json!({ "server": "http://b" }), json!(["token"]));
        assert_eq!(fields(checked(elsewhere, Some(&stored))), json!(["token"]));
        let other = gotify(json!({ "server": "http://b", "token": "new" }), json!(["token"]));
        assert_eq!(checked(other, Some(&stored)).unwrap()["token"].as_str(), Some("new"));
        let gone = gotify(json!({ "server": "http://a" }), json!([]));
        assert_eq!(fields(checked(gone, Some(&stored))), json!(["token"]));
    }

    #[test]
    fn a_kept_secret_does_not_go_to_another_service_or_by_weaker_encryption() {
        let email = |more: (&str, &str), secret: (&str, Value)| {
            let mut settings = json!({
                "server": "smtp://mail.example.org", "user": "me", "from": "a@b.org", "to": ["c@d.org"],
            });
            settings[more.0] = json!(more.1);
            let mut draft = json!({ "name": "me", "type": "email", "settings": settings });
            match secret {
                ("keep", kept) => draft["keep"] = kept,
                (key, value) => draft["settings"][key] = value,
            }
            draft
        };
        let typed = email(("tls", "required"), ("password", json!("hunter2")));
        let stored = checked(typed, None).unwrap();
        let kept = |more| checked(email(more, ("keep", json!(["password"]))), Some(&stored));
        assert_eq!(kept(("tls", "required")).unwrap()["password"].as_str(), Some("hunter2"));
        assert_eq!(fields(kept(("tls", "never"))), json!(["password"]));
        let pushover = json!({
            "name": "me", "type": "pushover", "settings": { "user": "u" }, "keep": ["token"],
        });
        let gotify = gotify(json!({ "server": "http://a", "token": "hunter2" }), json!([]));
        let gotify = checked(gotify, None).unwrap();
        assert_eq!(fields(checked(pushover, Some(&gotify))), json!(["token"]));
    }
}
