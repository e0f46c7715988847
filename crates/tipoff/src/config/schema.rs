//! The JSON Schema of the configuration (draft 2020-12), for editors that complete and check the file.
//!
//! Derived from the keys that the sections read, as the reference is, so it knows exactly the existing keys. It cannot
//! know what only a check of the whole file finds: `tipoff check` decides.

use serde_json::{Map, Value, json};

use super::book::{Book, Chapter, SectionKind};
use super::key::{Key, ValueForm, Without};
use super::load;

/// The schema of the whole file.
pub(crate) fn schema() -> Value {
    let book = load::describe();
    let mut root = Map::new();
    for chapter in &book.0 {
        match chapter.kind {
            SectionKind::Root => root.extend(properties(&book, chapter)),
            SectionKind::Table if !chapter.place.contains('.') => {
                root.insert(chapter.place.to_owned(), section(&book, chapter));
            }
            SectionKind::List => {
                let item = if chapter.place == "channel" {
                    channels(&book, chapter)
                } else {
                    section(&book, chapter)
                };
                let list = json!({ "type": "array", "description": chapter.doc, "items": item });
                root.insert(chapter.place.to_owned(), list);
            }
            // Inside of others.
            SectionKind::Table | SectionKind::Inline | SectionKind::Channel => {}
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of Tipoff",
        "type": "object",
        "additionalProperties": false,
        "properties": root,
        "$defs": definitions(),
    })
}

/// The forms of values. Any string may come from a variable or a file, and is then not known to an editor.
fn definitions() -> Value {
    let elsewhere = json!({ "$ref": "#/$defs/elsewhere" });
    json!({
        "elsewhere": {
            "description": "A string from the environment or from a file.",
            "type": "object",
            "additionalProperties": false,
            "properties": { "env": { "type": "string" }, "file": { "type": "string" } },
            "minProperties": 1,
            "maxProperties": 1,
        },
        "text": { "anyOf": [{ "type": "string" }, elsewhere] },
        "name": { "anyOf": [{ "type": ["string", "integer"] }, elsewhere] },
        // With a number and a unit; the reader knows more units than an editor needs to.
        "quantity": { "anyOf": [{ "type": "string", "pattern": "[0-9]" }, elsewhere] },
    })
}

/// A section with its keys, and the sections inside of it.
fn section(book: &Book, chapter: &Chapter) -> Value {
    let mut keys = properties(book, chapter);
    let inside = format!("{}.", chapter.place);
    for child in book.0.iter().filter(|child| child.kind == SectionKind::Table) {
        if let Some(name) = child.place.strip_prefix(&inside) {
            keys.insert(name.to_owned(), section(book, child));
        }
    }
    object(chapter.doc, keys, required(&chapter.keys))
}

/// A `[[channel]]`: its type decides which keys it has.
fn channels(book: &Book, common: &Chapter) -> Value {
    let of_type = |chapter: &Chapter| {
        let mut keys = properties(book, common);
        keys.extend(properties(book, chapter));
        keys.insert("type".to_owned(), json!({ "const": chapter.place }));
        let mut needed = required(&chapter.keys);
        needed.push("type");
        object(chapter.doc, keys, needed)
    };
    let types = book.0.iter().filter(|chapter| chapter.kind == SectionKind::Channel);
    let mut types: Vec<Value> = types.map(of_type).collect();
    types.push(json!({
        "description": "A type that a variable or a file names.",
        "type": "object",
        "properties": { "type": { "$ref": "#/$defs/elsewhere" } },
        "required": ["type"],
    }));
    json!({ "oneOf": types })
}

/// A table that has these keys and no others.
fn object(doc: &str, keys: Map<String, Value>, required: Vec<&str>) -> Value {
    json!({
        "type": "object",
        "description": doc,
        "additionalProperties": false,
        "properties": keys,
        "required": required,
    })
}

fn required(keys: &[Key]) -> Vec<&'static str> {
    let needed = keys.iter().filter(|key| matches!(key.without, Without::Required(_)));
    needed.map(|key| key.name).collect()
}

/// The keys of a chapter, each with what it may be.
fn properties(book: &Book, chapter: &Chapter) -> Map<String, Value> {
    let describe = |key: &Key| (key.name.to_owned(), described(key, form(book, chapter, key)));
    chapter.keys.iter().map(describe).collect()
}

/// Adds what an editor shows: the meaning of a key, and its default or an example.
fn described(key: &Key, mut schema: Map<String, Value>) -> Value {
    schema.insert("description".to_owned(), key.doc.into());
    if let Some(sample) = sample(key) {
        match key.without {
            Without::Default(_) => schema.insert("default".to_owned(), sample),
            Without::Nothing(_) | Without::Required(_) => {
                schema.insert("examples".to_owned(), json!([sample]))
            }
        };
    }
    Value::Object(schema)
}

/// The default or example of a key. It is written as in the file.
fn sample(key: &Key) -> Option<Value> {
    let written = format!("sample = {}", key.sample());
    let table: toml::Table = toml::from_str(&written).ok()?;
    serde_json::to_value(table.get("sample")?).ok()
}

/// The values that a key may have.
fn form(book: &Book, chapter: &Chapter, key: &Key) -> Map<String, Value> {
    let named = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    // One string alone need not be in brackets.
    let list = |item: Value| json!({ "anyOf": [item, { "type": "array", "items": item }] });
    let place = format!("{}.{}", chapter.place, key.name);
    let inline = book.0.iter().find(|it| it.kind == SectionKind::Inline && it.place == place);
    let inline = inline.map(|chapter| section(book, chapter));
    let schema = match (key.form, inline) {
        (ValueForm::List, Some(table)) => list(json!({ "anyOf": [named("text"), table] })),
        (_, Some(table)) => table,
        (ValueForm::Text | ValueForm::Secret | ValueForm::Url | ValueForm::Path, None) => {
            named("text")
        }
        (ValueForm::Duration | ValueForm::Size, None) => named("quantity"),
        (ValueForm::Name, None) => named("name"),
        (ValueForm::Count, None) => json!({ "type": "integer" }),
        (ValueForm::Flag, None) => json!({ "type": "boolean" }),
        (ValueForm::List | ValueForm::Arguments, None) => list(named("text")),
        (ValueForm::Names, None) => list(named("name")),
        (ValueForm::Table, None) => {
            json!({ "type": "object", "additionalProperties": named("text") })
        }
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_and_example_is_in_the_schema() {
        for chapter in &load::describe().0 {
            for key in &chapter.keys {
                assert!(
                    sample(key).is_some(),
                    "{} of {}: {}",
                    key.name,
                    chapter.place,
                    key.sample()
                );
            }
        }
    }

    #[test]
    fn every_key_and_section_is_in_the_schema() {
        let schema = schema();
        let at = |pointer: &str| schema.pointer(pointer).is_some();
        for chapter in &load::describe().0 {
            let path = chapter.place.replace('.', "/properties/");
            let place = match chapter.kind {
                SectionKind::Root => String::new(),
                SectionKind::List => format!("/properties/{path}/items"),
                // Found by the type, below.
                SectionKind::Channel | SectionKind::Inline => continue,
                SectionKind::Table => format!("/properties/{path}"),
            };
            for key in chapter.keys.iter().filter(|_| chapter.place != "channel") {
                assert!(at(&format!("{place}/properties/{}", key.name)), "{place} {}", key.name);
            }
        }
        let types = schema.pointer("/properties/channel/items/oneOf").and_then(Value::as_array);
        assert_eq!(types.unwrap().len(), tipoff_channels::CHANNELS.len() + 1);
    }
}
