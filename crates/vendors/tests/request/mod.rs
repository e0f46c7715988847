//! Requests as they are written in fixtures: a line with the method and the path, then one line a document or medium.
//!
//! ```text
//! POST /
//! json: {"event": "person", "picture": "file:0"}
//! media: yard.jpg 2000
//! ```
//!
//! A JSON text `file:0` stands for a file; a JSON text that is JSON is a document of its own, as the parser reads it.

use tipoff_model::{AlarmRequest, Document, DocumentForm, Encoding, Media, MediaKind, Value};

pub(crate) fn request(text: &str) -> AlarmRequest {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let (torn, path) = match path.strip_suffix(" torn") {
        Some(path) => (true, path),
        None => (false, path),
    };
    let mut request = AlarmRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        torn,
        ..AlarmRequest::default()
    };
    for line in lines {
        let (kind, content) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        let (kind, name) = kind.split_once(' ').unwrap_or((kind, ""));
        request.has_body |= kind != "query";
        let form = match kind {
            "media" => {
                request.media.push(media(content));
                continue;
            }
            "query" => DocumentForm::Query,
            "form" => DocumentForm::Form,
            "json" => DocumentForm::Json,
            "xml" => DocumentForm::Xml,
            "pairs" => DocumentForm::Pairs,
            "text" => DocumentForm::Text,
            other => panic!("{other}"),
        };
        let root = match form {
            DocumentForm::Query | DocumentForm::Form => pairs(content, '&'),
            DocumentForm::Json => json(
                &serde_json::from_str(content).unwrap_or_else(|error| panic!("{error}: {content}")),
            ),
            DocumentForm::Xml => xml(content),
            DocumentForm::Pairs => pairs(content, ';'),
            DocumentForm::Text => Value::Text(content.replace("\\n", "\n")),
        };
        request.documents.push(Document { form, name: name.to_owned(), root });
    }
    request
}

pub(crate) fn media(content: &str) -> Media {
    let (name, size) = content.rsplit_once(' ').unwrap();
    let size = size.parse().unwrap();
    let is_picture = !name.contains('.') || name.ends_with(".jpg");
    Media {
        name: name.to_owned(),
        content_type: if is_picture { "image/jpeg" } else { "application/octet-stream" }.to_owned(),
        kind: if is_picture { MediaKind::Picture } else { MediaKind::File },
        range: 0..size,
        encoding: Encoding::Identity,
        size,
        whole: true,
        repeat: false,
        decoration: false,
    }
}

fn json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Array(values) => Value::List(values.iter().map(json).collect()),
        serde_json::Value::Object(fields) => {
            Value::Fields(fields.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
        serde_json::Value::String(text) => text_or_json(text),
        serde_json::Value::Null => Value::Text(String::new()),
        other => Value::Text(other.to_string()),
    }
}

fn text_or_json(text: &str) -> Value {
    if let Some(index) = text.strip_prefix("file:") {
        return Value::File(index.parse().unwrap());
    }
    match serde_json::from_str(text) {
        Ok(value @ serde_json::Value::Object(_)) => json(&value),
        _ => Value::Text(text.to_owned()),
    }
}

fn pairs(content: &str, divider: char) -> Value {
    let mut rest = content;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
        // An object ends the line.
        let end = if value.starts_with('{') { None } else { value.find(divider) };
        let (value, next) = value.split_at(end.unwrap_or(value.len()));
        fields.push((name.to_owned(), text_or_json(value)));
        rest = next.trim_start_matches(divider);
    }
    Value::Fields(fields)
}

/// Elements, attributes and texts; no entities, comments or namespaces.
fn xml(content: &str) -> Value {
    let mut rest = content;
    let mut roots = Vec::new();
    while rest.trim_start().starts_with('<') {
        roots.push(element(&mut rest));
    }
    Value::Fields(roots)
}

fn element(rest: &mut &str) -> (String, Value) {
    let (tag, after) = rest.trim_start()[1..].split_once('>').unwrap();
    *rest = after;
    let mut is_open = !tag.ends_with('/');
    let mut words = tag.trim_end_matches('/').splitn(2, ' ');
    let name = local(words.next().unwrap());
    let mut attributes = words.next().unwrap_or_default();
    let mut fields = Vec::new();
    while let Some((key, value)) = attributes.trim().split_once("=\"") {
        let (value, next) = value.split_once('"').unwrap();
        fields.push((local(key), Value::Text(value.to_owned())));
        attributes = next;
    }
    let mut text = String::new();
    while is_open {
        let (before, after) = rest.split_once('<').unwrap();
        text += before.trim();
        if let Some(end) = after.strip_prefix('/') {
            *rest = end.split_once('>').unwrap().1;
            is_open = false;
        } else {
            *rest = &rest[before.len()..];
            fields.push(element(rest));
        }
    }
    if fields.is_empty() {
        return (name, Value::Text(text));
    }
    if !text.is_empty() {
        fields.push((String::new(), Value::Text(text)));
    }
    (name, Value::Fields(fields))
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap().to_owned()
}
