//! Why an incident has no alert, in the reader's language.
//!
//! The spool stores the reason as the English text that the rules wrote (and the API shows it so). A page recognises it by
//! the English texts `suppressed-…`; what it does not recognise, such as a text of another version, stays as it is.

use std::sync::LazyLock;

use tipoff_language::Texts;
use tipoff_model::{Event, Language};
use tipoff_spool::IncidentLine;

use super::reader_language::{text, texts};

/// The English texts of reasons with their keys. Each incident of a page is compared with them, so they are formatted once.
static ENGLISH: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let texts = Texts::of(Language::English).unformatted("suppressed-").into_iter();
    texts.filter(|(key, _)| key != "suppressed-route").collect()
});

/// Why no alert is sent. `None` if alerts are sent.
pub(super) fn suppressed_reason(line: &IncidentLine) -> Option<String> {
    line.suppressed_reason.as_deref().map(translated)
}

/// A stored reason: one of the rules, or the verdicts of routes with `; ` between them.
fn translated(stored: &str) -> String {
    if texts().language() == Language::English {
        return stored.to_owned();
    }
    let verdict = |part: &str| {
        recognised(part).or_else(|| {
            let (route, why) = part.split_once(": ")?;
            let why = recognised(why)?;
            let schedule = ("suppressed-schedule", route);
            let route = match ENGLISH.iter().any(|(key, text)| (&**key, &**text) == schedule) {
                true => text("suppressed-schedule").to_string(),
                false => route.to_owned(),
            };
            Some(text("suppressed-route").words("route", route).words("why", why).to_string())
        })
    };
    let part = |part: &str| verdict(part).unwrap_or_else(|| part.to_owned());
    verdict(stored).unwrap_or_else(|| stored.split("; ").map(part).collect::<Vec<_>>().join("; "))
}

/// One reason in the reader's language. `None` if it is not one of the known English texts. Texts without arguments come
/// first, because an argument fits anything.
fn recognised(stored: &str) -> Option<String> {
    if let Some((key, _)) = ENGLISH.iter().find(|(_, english)| english == stored) {
        return Some(texts().text(key));
    }
    ENGLISH.iter().find_map(|(key, english)| {
        let mut translation = text(key);
        for (name, value) in arguments(english, stored)? {
            translation = match name {
                "event" => translation.words("event", event(value)?),
                "weekday" => translation.words("weekday", weekday(value)?),
                "between" => translation.words("between", value),
                "channel" => translation.words("channel", value),
                "mode" => translation.words("mode", value),
                "seconds" => translation.words("seconds", value),
                "time" => translation.words("time", value),
                _ => return None,
            };
        }
        Some(translation.to_string())
    })
}

/// The arguments of a text that is formatted as this English text. `None` if it is another text.
fn arguments<'a>(english: &'a str, stored: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut parts = english.split("{$");
    let mut rest = stored.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    for part in parts {
        let (name, words) = part.split_once('}')?;
        let end = if words.is_empty() { rest.len() } else { rest.find(words)? };
        let (value, after) = rest.split_at_checked(end)?;
        rest = after.strip_prefix(words)?;
        // It reaches over several reasons, or over the name of a route.
        if value.contains("; ") || value.contains(": ") {
            return None;
        }
        found.push((name, value));
    }
    (rest.is_empty() && !found.is_empty()).then_some(found)
}

fn event(name: &str) -> Option<String> {
    let event = Event::from_name(name)?;
    texts().event(event).or_else(|| Some(text("incident-not-recognised").to_string()))
}

fn weekday(name: &str) -> Option<String> {
    let english = Texts::of(Language::English);
    let number = (1..=7).find(|number| english.weekday(*number).to_lowercase() == name)?;
    Some(texts().weekday(number))
}

#[cfg(test)]
mod tests;
