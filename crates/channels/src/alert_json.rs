//! An alert as JSON, for webhooks, programs and MQTT. The fields are a contract with users. Callers add the files'
//! bytes, paths or addresses.

use serde_json::Value;
use tipoff_model::{Alert, AlertMedia, Timestamp};

use crate::wording;

/// The alert up to its list of media. The entries follow with commas in between, then [`TAIL`].
pub(crate) fn head(alert: &Alert) -> String {
    format!(
        r#"{{"incident":{},"kind":{},"device":{},"event":{},"subject":{},"text":{},"received_at":{},{}"media":["#,
        alert.incident,
        string(alert.kind.as_str()),
        string(&alert.device),
        string(alert.event.as_str()),
        string(&alert.subject),
        string(&text(alert)),
        string(&rfc3339(alert.received_at)),
        extras(alert),
    )
}

/// Fields that only some alerts have, such as the link to the incident, the number of alerts in a summary and the
/// route's wishes. Each is followed by a comma.
fn extras(alert: &Alert) -> String {
    let held = (alert.held > 0).then(|| format!("\"held\":{},", alert.held));
    let manner = &alert.manner;
    let silent = manner.silent.then(|| "\"silent\":true,".to_owned());
    let priority = manner.priority.map(|it| format!(r#""priority":"{}","#, it.as_str()));
    let names: Vec<String> = alert.events.iter().map(|event| string(event.as_str())).collect();
    let events = (names.len() > 1).then(|| format!("\"events\":[{}],", names.join(",")));
    let late = alert.late.as_deref().map(|late| format!("\"late\":{},", string(late)));
    let words = |name: &str, words: &Option<String>| {
        words.as_ref().map(|words| format!(r#""{name}":{},"#, string(words)))
    };
    let title = words("title", &manner.title);
    let message = words("message", &manner.text);
    let link = words("link", &alert.link);
    [events, held, late, link, silent, priority, title, message].into_iter().flatten().collect()
}

/// The end of an alert that [`head`] began.
pub(crate) const TAIL: &str = "]}";

/// An entry of the list, without its closing brace: the caller may add a last field, such as `"path":"…"`.
pub(crate) fn media(stored: &AlertMedia) -> String {
    let media = &stored.media;
    format!(
        r#"{{"name":{},"content_type":{},"size":{}"#,
        string(&media.name),
        string(&media.content_type),
        media.size
    )
}

/// All files of an alert.
pub(crate) fn files(alert: &Alert) -> impl Iterator<Item = &AlertMedia> {
    alert.media.iter().chain(&alert.raw)
}

/// A string in JSON.
pub(crate) fn string(text: &str) -> String {
    Value::from(text).to_string()
}

/// The device's text, and notes about a broken connection and about arrivals that a limit left out.
pub(crate) fn text(alert: &Alert) -> String {
    let torn = if alert.torn { wording::texts(alert).text("alert-torn") } else { String::new() };
    let left_out = wording::left_out(alert);
    let parts = [alert.text.as_str(), &torn, &left_out];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// A time in RFC 3339, in UTC with milliseconds.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_always() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_767_225_600_000, "2026-01-01T00:00:00.000Z"),
            (1_767_225_600_120, "2026-01-01T00:00:00.120Z"),
        ] {
            assert_eq!(rfc3339(Timestamp::from_ms(ms)), text);
        }
        assert_eq!(rfc3339(Timestamp::from_ms(i64::MAX)), "1970-01-01T00:00:00.000Z");
    }
}
