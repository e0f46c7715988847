//! Adding a channel: pick a service, fill the form that its settings describe, test, keep. The same form edits a channel that
//! was added here. The script sends it to the API (`api/added_channels.rs`).

use askama::Template;
use askama::filters::Safe;
use axum::extract::State;
use serde::Deserialize;
use tipoff_model::percent_encoded;
use toml::{Table, Value};

use super::super::AppState;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::channel_fields::{
    ChannelType, SettingType, channel_type, channel_types, is_hidden, label,
};
use super::super::extract::Query;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::problem::Problem;
use super::super::reader_language::{sentence, text, with_code};

#[derive(Template)]
#[template(path = "channel_types.html")]
struct TypesPage {
    layout: Layout,
    types: Vec<TypeRow>,
}

/// A service in the list.
struct TypeRow {
    kind: &'static str,
    name: &'static str,
    summary: Safe<String>,
    can_be_added: bool,
}

#[derive(Template)]
#[template(path = "channel_form.html")]
struct FormPage {
    layout: Layout,
    kind: &'static str,
    /// The name of the service.
    service: &'static str,
    summary: Safe<String>,
    /// The name that is stored or proposed.
    name: String,
    expire: String,
    /// Of a channel that is edited: its name, percent-encoded.
    part: Option<String>,
    /// The version of the added channels that an edit replaces.
    version: u64,
    /// The required settings, and those that most people need.
    main: Vec<FieldRow>,
    /// The others.
    more: Vec<FieldRow>,
    /// Whether the page finds the chat of a Telegram bot.
    finds_chat: bool,
}

/// A field of the form.
struct FieldRow {
    key: &'static str,
    /// The key in words.
    label: String,
    doc: Safe<String>,
    /// Where its value is found.
    place: Option<Safe<String>>,
    shape: &'static str,
    /// `area`, `password`, `choice` or `line`.
    input: &'static str,
    required: bool,
    placeholder: String,
    /// The stored value, if it may be shown.
    value: String,
    /// Whether a value is stored that must not be shown.
    is_kept: bool,
}

/// Which form is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct AddQuery {
    /// The service; all are listed without it.
    #[serde(rename = "type")]
    kind: String,
    /// The name of an added channel, to edit it.
    edit: Option<String>,
}

/// The list of services, the form for one of them, or the form of a channel that was added here.
pub(in super::super) async fn add(
    State(state): State<AppState>,
    layout: Layout,
    Query(query): Query<AddQuery>,
) -> Page {
    if let Some(name) = query.edit {
        return edit(state, layout, name).await;
    }
    if query.kind.is_empty() {
        let row = |ChannelType { kind, name, summary, can_be_added, .. }: ChannelType| TypeRow {
            kind,
            name,
            summary: with_code(summary),
            can_be_added,
        };
        return page(&TypesPage { layout, types: channel_types().map(row).collect() });
    }
    let entry = tipoff_channels::entry(&query.kind).filter(|entry| entry.can_be_added());
    let entry = entry.ok_or_else(|| Problem::not_found("problem-no-service"))?;
    let stored = StoredDocument::read(&state).await?;
    let is_free = |name: &String| stored.check_name(name, &file_facts(&state)).is_ok();
    let numbered = (2..).map(|number| format!("{} {number}", entry.kind));
    let name = std::iter::once(entry.kind.to_owned()).chain(numbered).take(1000).find(is_free);
    let form = form(layout, channel_type(entry), &Table::new());
    page(&FormPage { name: name.unwrap_or_default(), ..form })
}

/// The form of a channel that was added here.
async fn edit(state: AppState, layout: Layout, name: String) -> Page {
    let missing = || Problem::not_found("problem-no-added-channel");
    let stored = StoredDocument::read(&state).await?;
    let channel = stored.document.channel(&name).ok_or_else(missing)?;
    let kind = channel.get("type").and_then(Value::as_str).unwrap_or_default();
    let entry = tipoff_channels::entry(kind).ok_or_else(missing)?;
    let form = form(layout, channel_type(entry), channel);
    let part = Some(percent_encoded(&name));
    page(&FormPage { name, part, version: stored.version, ..form })
}

/// The form with the values of a stored channel, or of none.
fn form(layout: Layout, described: ChannelType, stored: &Table) -> FormPage {
    let ChannelType { kind, name: service, summary, settings, .. } = described;
    let here = settings.into_iter().filter(|setting| setting.shape != "machine");
    let (main, more): (Vec<SettingType>, Vec<SettingType>) =
        here.partition(|setting| setting.required || setting.place.is_some());
    let rows = |settings: Vec<SettingType>| {
        settings.into_iter().map(|setting| row(kind, setting, stored)).collect()
    };
    FormPage {
        layout,
        kind,
        service,
        summary: with_code(summary),
        name: String::new(),
        expire: stored.get("expire").and_then(Value::as_str).unwrap_or_default().to_owned(),
        part: None,
        version: 0,
        main: rows(main),
        more: rows(more),
        finds_chat: kind == "telegram",
    }
}

fn row(kind: &str, setting: SettingType, stored: &Table) -> FieldRow {
    let SettingType { key, shape, required, doc, place, example } = setting;
    let value = stored.get(key);
    let is_kept = value.is_some_and(|value| is_hidden(kind, key, value));
    let sample = example_text(shape, example);
    FieldRow {
        key,
        label: sentence(&label(key)).to_owned(),
        doc: with_code(doc),
        place: place.map(with_code),
        shape,
        input: match shape {
            "secret" => "password",
            "flag" => "choice",
            "list" | "names" | "table" => "area",
            // A certificate is pasted with its lines.
            "text" if example.starts_with("{ file") => "area",
            _ => "line",
        },
        required,
        placeholder: match is_kept {
            true => text("channel-kept").to_string(),
            false => sample,
        },
        value: value.filter(|_| !is_kept).map(value_text).unwrap_or_default(),
        is_kept,
    }
}

/// An example as it is typed into the form; empty for one that only a file can have.
fn example_text(shape: &str, example: &str) -> String {
    if example.starts_with("{ env") || example.starts_with("{ file") || shape == "flag" {
        return String::new();
    }
    let table = format!("it = {example}").parse::<Table>();
    table.ok().as_ref().and_then(|table| table.get("it")).map(value_text).unwrap_or_default()
}

/// A value as it is typed into the form: a list has an item a line, a table `name: value`.
fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(value_text).collect::<Vec<_>>().join("\n"),
        Value::Table(entries) => {
            let line = |(name, value): (&String, &Value)| format!("{name}: {}", value_text(value));
            entries.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}
