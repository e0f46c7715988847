//! The short form of ntfy's action buttons, `kind, label, address, key=value`, read as the server reads it
//! (server/actions.go). So a mistake is found when the configuration is read, and not at the first alert. Pure.

/// The kinds of buttons. Only newer servers know `copy`.
const KINDS: [&str; 4] = ["broadcast", "copy", "http", "view"];
/// The keys of a part, besides headers and extras.
const KEYS: [&str; 8] = ["action", "body", "clear", "intent", "label", "method", "url", "value"];
/// The values of `clear`.
const FLAGS: [&str; 6] = ["0", "1", "false", "no", "true", "yes"];

/// A button as the server reads it.
#[derive(Default)]
struct Action {
    kind: String,
    label: String,
    url: String,
    method: String,
    body: String,
    value: String,
}

/// Checks one button. The error completes a sentence that begins with the button's text.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut action = Action::default();
    let mut rest = text;
    for place in 0.. {
        let (key, value, behind) = part(rest)?;
        action.set(place, key, value)?;
        match behind {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    action.check()
}

impl Action {
    /// Sets the value of a part. The first three parts need no key: their place says what they are.
    fn set(&mut self, place: usize, key: &str, value: String) -> Result<(), String> {
        let third = match self.kind.as_str() {
            "view" | "http" => Some("url"),
            "copy" => Some("value"),
            _ => None,
        };
        let key = match (key, place) {
            ("", 0) => "action",
            ("", 1) => "label",
            ("", 2) => third.unwrap_or_default(),
            (key, _) => key,
        };
        if key.is_empty() {
            return Err(format!("has {value:?} where something like method=PUT belongs"));
        }
        let is_free = |prefix| key.strip_prefix(prefix).is_some_and(|name: &str| !name.is_empty());
        if is_free("headers.") || is_free("extras.") {
            return Ok(());
        }
        let key = key.to_lowercase();
        if !KEYS.contains(&key.as_str()) {
            return Err(format!("has {key}=, which ntfy does not know"));
        }
        match key.as_str() {
            "action" => self.kind = value.to_lowercase(),
            "label" => self.label = value,
            "url" => self.url = value,
            "method" => self.method = value.to_uppercase(),
            "body" => self.body = value,
            "value" => self.value = value,
            "clear" if !FLAGS.contains(&value.to_lowercase().as_str()) => {
                return Err("has a clear= that is neither true nor false".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the button has everything that its kind needs.
    fn check(&self) -> Result<(), String> {
        let Self { kind, label, url, method, body, value } = self;
        let fault = |why: &str| Err(why.to_owned());
        match kind.as_str() {
            kind if !KINDS.contains(&kind) => fault("begins with no kind of button"),
            _ if label.is_empty() => fault("has no words to stand on the button"),
            "view" | "http" if url.is_empty() => fault("has no address"),
            "copy" if value.is_empty() => fault("has nothing to copy"),
            "http" if ["GET", "HEAD"].contains(&method.as_str()) && !body.is_empty() => {
                fault("has a body, which a GET cannot have")
            }
            _ => Ok(()),
        }
    }
}

/// Splits off the first part of a text: its key, or the empty string; its value without quotation marks; and the rest
/// after the comma.
fn part(text: &str) -> Result<(&str, String, Option<&str>), String> {
    let text = text.trim_start();
    let (key, text) = key(text);
    let Some(quote) = text.chars().next().filter(|it| matches!(it, '"' | '\'')) else {
        return Ok(match text.split_once(',') {
            Some((value, behind)) => (key, value.trim().to_owned(), Some(behind)),
            None => (key, text.trim().to_owned(), None),
        });
    };
    let quoted = text.get(1..).unwrap_or_default();
    let mut before = quote;
    let end = quoted.char_indices().find(|(_, it)| {
        let ends = *it == quote && before != '\\';
        before = *it;
        ends
    });
    let Some((end, _)) = end else {
        return Err("has a quotation mark that is not closed".to_owned());
    };
    let (value, behind) = quoted.split_at(end);
    let value = value.replace(&format!("\\{quote}"), &quote.to_string());
    let behind = behind.get(1..).unwrap_or_default().trim_start();
    match behind.strip_prefix(',') {
        Some(behind) => Ok((key, value, Some(behind))),
        None if behind.is_empty() => Ok((key, value, None)),
        None => Err("has text between a quotation mark and the next comma".to_owned()),
    }
}

/// Letters, digits, hyphens, dots and underscores before an equals sign, or nothing; and the rest.
fn key(text: &str) -> (&str, &str) {
    let is_of_key = |it: char| it.is_ascii_alphanumeric() || "-._".contains(it);
    let end = text.find(|it| !is_of_key(it)).unwrap_or(text.len());
    let (key, rest) = text.split_at(end);
    match rest.trim_start().strip_prefix('=') {
        Some(rest) if !key.is_empty() => (key, rest.trim_start()),
        _ => ("", text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check;

    #[test]
    fn what_the_server_would_refuse_is_told() {
        for good in [
            "view, Look, {link}",
            "view, Look, url={link}, clear=true",
            "action=view, label=Look, url=http://nas.lan/",
            "VIEW, Look, http://nas.lan/",
            "http, Light & bell, http://nas.lan/light?a=1&b=2",
            "http, \"Light, \\\"bell\\\"\", http://nas.lan/, method=PUT, headers.A-b=c, body='{\"on\": 1}'",
            "broadcast, Take a picture",
            "broadcast, Take, extras.cmd=pic, intent=io.heckel.x",
            "copy, Code, 1234",
            "copy, Code, value=1234",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "broadcast",
            "broadcast,",
            "broadcast, , clear=true",
            "broadcast, Take, picture",
            "view, Look",
            "view, , http://nas.lan/",
            "view, Look, ",
            "look, Look, http://nas.lan/",
            "",
            ",,",
            "view, Look, http://nas.lan/, soon",
            "view, Look, http://nas.lan/, colour=red",
            "view, Look, http://nas.lan/, clear=perhaps",
            "view, \"Look, http://nas.lan/",
            "view, \"Look\" now, http://nas.lan/",
            "http, Light, http://nas.lan/, method=get, body=x",
            "copy, Code",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}|[a-z,=\"'\\\\ ]{0,30}") {
            let _ = check(&text);
        }
    }
}
