//! The buttons below a message (InlineKeyboardMarkup): those of an alert, and the note that replaces a pressed
//! one. The message itself contains all of it, so that presses also work after a restart. Pure.

use std::net::IpAddr;

use reqwest::Url;
use serde_json::{Value, json};
use tipoff_model::{Action, Button, Effect};

use crate::Done;
use crate::words;

/// Number of buttons in a row: more are unreadable on a phone.
const ROW_MAX: usize = 3;
/// Length limit of the note in place of a pressed button, in UTF-16 units. It names the person.
const LABEL_UTF16_MAX: usize = 60;
/// Number of buttons of a message that are read. Tipoff's messages have fewer.
const BUTTONS_MAX: usize = 30;
/// Prefix of the callback data of a note: a button that carries out nothing.
const NOTE: &str = "=";

/// The kinds of buttons, in their order in a keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ButtonKind {
    Mute,
    Mode,
    Incident,
    Lock,
    Open,
}

impl ButtonKind {
    /// The kind of the button of an action.
    const fn of(action: &Action) -> Self {
        match action {
            Action::Mute { .. } | Action::Unmute { .. } => Self::Mute,
            Action::SetMode { .. } => Self::Mode,
            Action::NotInteresting { .. } | Action::Interesting { .. } => Self::Incident,
            Action::Lock { .. } | Action::Unlock { .. } => Self::Lock,
        }
    }

    /// The callback data of a note of this kind.
    const fn note(self) -> &'static str {
        match self {
            Self::Mute => "=mute",
            Self::Mode => "=mode",
            Self::Incident => "=incident",
            Self::Lock => "=lock",
            Self::Open => "=open",
        }
    }

    /// The kind of a note, by its callback data.
    fn of_note(data: &str) -> Option<Self> {
        let kinds = [Self::Mute, Self::Mode, Self::Incident, Self::Lock];
        kinds.into_iter().find(|kind| kind.note() == data)
    }
}

/// A button in Telegram's form.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InlineButton {
    kind: ButtonKind,
    /// Whether it is a note, which has a row of its own.
    note: bool,
    json: Value,
}

impl InlineButton {
    /// A button that carries out an action. `None` if the action is too long for callback data (64 bytes).
    fn act(action: &Action, label: &str) -> Option<Self> {
        let json = json!({ "text": label, "callback_data": action.encode()? });
        Some(Self { kind: ButtonKind::of(action), note: false, json })
    }

    /// A note: a button that shows a text and carries out nothing.
    fn note(kind: ButtonKind, label: &str) -> Self {
        let json = json!({ "text": label, "callback_data": kind.note() });
        Self { kind, note: true, json }
    }

    /// A button that opens an address. `None` if Telegram would refuse the address.
    fn open(label: &str, url: &str) -> Option<Self> {
        let json = json!({ "text": label, "url": url });
        is_linkable(url).then_some(Self { kind: ButtonKind::Open, note: false, json })
    }

    /// Reads a button of one of Tipoff's messages.
    fn read(json: &Value) -> Option<Self> {
        let text = |key| json.get(key).and_then(Value::as_str);
        let label = text("text")?;
        if let Some(url) = text("url") {
            return Self::open(label, url);
        }
        let data = text("callback_data")?;
        match ButtonKind::of_note(data) {
            Some(kind) => Some(Self::note(kind, label)),
            None => Self::act(&Action::decode(data)?, label),
        }
    }
}

/// The keyboard below an alert. `None` if there is no button that Telegram accepts. `presses` says whether
/// presses reach Tipoff: without that, only buttons that open an address are of use.
pub(super) fn of_alert(buttons: &[Button], presses: bool) -> Option<Value> {
    let key = |button: &Button| match &button.effect {
        Effect::Act { action, .. } if presses => InlineButton::act(action, &button.label),
        Effect::Act { .. } => None,
        Effect::Open { url } => InlineButton::open(&button.label, url),
    };
    markup(buttons.iter().filter_map(key).collect())
}

/// The keyboard below the answer to a command.
pub(super) fn of_done(done: &Done) -> Option<Value> {
    markup(
        done.next.iter().filter_map(|(action, label)| InlineButton::act(action, label)).collect(),
    )
}

/// The keyboard of a message after `action` was carried out. A note says what was done and who asked for it, and
/// buttons offer the next actions; both replace the buttons of the same kind. All others stay.
pub(super) fn after(
    before: Option<&Value>,
    action: &Action,
    done: &Done,
    person: &str,
) -> Option<Value> {
    let kind = ButtonKind::of(action);
    let label = match person {
        "" => done.label.clone(),
        person => format!("{} · {person}", done.label),
    };
    let mut keys = vec![InlineButton::note(kind, &words::cut(&label, LABEL_UTF16_MAX))];
    keys.extend(done.next.iter().filter_map(|(action, label)| InlineButton::act(action, label)));
    keys.extend(keys_of(before).into_iter().filter(|key| key.kind != kind));
    markup(keys)
}

/// The text of a note that was pressed. `None` if `data` is not that of a note.
pub(super) fn note<'a>(keyboard: Option<&'a Value>, data: &str) -> Option<&'a str> {
    data.strip_prefix(NOTE)?;
    let found = buttons_of(keyboard).find(|it| it.get("callback_data") == Some(&json!(data)));
    found.and_then(|it| it.get("text")?.as_str()).or(Some(""))
}

/// The buttons of a keyboard that Tipoff knows.
fn keys_of(keyboard: Option<&Value>) -> Vec<InlineButton> {
    buttons_of(keyboard).take(BUTTONS_MAX).filter_map(InlineButton::read).collect()
}

/// All buttons of a keyboard, row by row.
fn buttons_of(keyboard: Option<&Value>) -> impl Iterator<Item = &Value> {
    let rows = keyboard.and_then(|it| it.get("inline_keyboard")).and_then(Value::as_array);
    rows.into_iter().flatten().filter_map(Value::as_array).flatten()
}

/// The keyboard, with rows by kind. A note has a row of its own; the link to the incident shares the row of the
/// incident's buttons. `None` without buttons.
fn markup(mut keys: Vec<InlineButton>) -> Option<Value> {
    if keys.is_empty() {
        return None;
    }
    keys.sort_by_key(|key| (key.kind, !key.note));
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut last: Option<(ButtonKind, bool)> = None;
    for InlineButton { kind, note, json } in keys {
        let beside = |before: ButtonKind| {
            before == kind
                || matches!(before, ButtonKind::Incident | ButtonKind::Lock) && kind > before
        };
        match (rows.last_mut(), last) {
            (Some(row), Some((before, false)))
                if !note && beside(before) && row.len() < ROW_MAX =>
            {
                row.push(json);
            }
            _ => rows.push(vec![json]),
        }
        last = Some((kind, note));
    }
    Some(json!({ "inline_keyboard": rows }))
}

/// Whether Telegram accepts the address of a button, and a phone may open it. For a host without a dot, such as
/// `localhost` or `nas`, Telegram answers "Wrong HTTP URL" and refuses the whole message.
fn is_linkable(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']', '.']);
    let address: Option<IpAddr> = host.parse().ok();
    let is_elsewhere = match address {
        Some(address) => !address.is_loopback(),
        None => host.contains('.') && !host.ends_with(".localhost"),
    };
    matches!(url.scheme(), "http" | "https") && is_elsewhere
}

#[cfg(test)]
mod tests {
    use tipoff_model::{DeviceId, IncidentId, MuteFor, MuteTarget};

    use super::*;

    const DEVICE: MuteTarget = MuteTarget::Device(DeviceId(3));

    fn buttons() -> Vec<Button> {
        let act = |label: &str, action| Button {
            label: label.to_owned(),
            effect: Effect::Act { action, link: None },
        };
        let mute = |minutes| Action::Mute { target: DEVICE, lasts: MuteFor::Minutes(minutes) };
        let url = "https://tipoff.example.org/incidents/7".to_owned();
        vec![
            act("15 min", mute(15)),
            act("1 h", mute(60)),
            act("away", Action::SetMode { mode: "away".to_owned() }),
            act("Not interesting", Action::NotInteresting { incident: IncidentId(7) }),
            Button { label: "Open".to_owned(), effect: Effect::Open { url } },
        ]
    }

    fn labels(keyboard: &Value) -> Vec<Vec<String>> {
        let rows = keyboard["inline_keyboard"].as_array().unwrap().iter();
        let label = |key: &Value| key["text"].as_str().unwrap().to_owned();
        rows.map(|row| row.as_array().unwrap().iter().map(label).collect()).collect()
    }

    #[test]
    fn an_alert_has_a_row_for_each_kind() {
        let keyboard = of_alert(&buttons(), true).unwrap();
        let expected = [&["15 min", "1 h"][..], &["away"], &["Not interesting", "Open"]];
        assert_eq!(labels(&keyboard), expected);
        let without_presses = of_alert(&buttons(), false).unwrap();
        assert_eq!(labels(&without_presses), [["Open"]]);
        assert_eq!(of_alert(&[], true), None);
    }

    #[test]
    fn a_press_replaces_the_buttons_of_its_kind_only() {
        let before = of_alert(&buttons(), true).unwrap();
        let action = Action::Mute { target: DEVICE, lasts: MuteFor::Minutes(15) };
        let unmute = Action::Unmute { target: DEVICE };
        let done = Done {
            text: String::new(),
            label: "Until 07:00".to_owned(),
            next: vec![(unmute.clone(), "Unmute".to_owned())],
        };
        let muted = after(Some(&before), &action, &done, "Ann").unwrap();
        let rest = [&["away"][..], &["Not interesting", "Open"]];
        let top = [&["Until 07:00 · Ann"][..], &["Unmute"]];
        assert_eq!(labels(&muted), [&top[..], &rest].concat());
        assert_eq!(note(Some(&muted), "=mute"), Some("Until 07:00 · Ann"));
        assert_eq!(note(Some(&muted), "u:3"), None);
        let done = Done {
            text: String::new(),
            label: "Not muted".to_owned(),
            next: vec![(action, "15 min".to_owned())],
        };
        let unmuted = after(Some(&muted), &unmute, &done, "").unwrap();
        assert_eq!(labels(&unmuted), [&[&["Not muted"][..], &["15 min"]], &rest[..]].concat());
    }

    #[test]
    fn a_message_that_is_too_old_to_be_seen_still_gets_its_answer() {
        let action = Action::Unmute { target: DEVICE };
        let done = Done { text: String::new(), label: "a".repeat(99), next: Vec::new() };
        let keyboard = after(None, &action, &done, "Ann").unwrap();
        let [row] = labels(&keyboard).try_into().unwrap();
        assert_eq!(row[0].encode_utf16().count(), LABEL_UTF16_MAX);
    }

    #[test]
    fn only_addresses_that_telegram_takes_are_linked() {
        for (url, takes) in [
            ("https://tipoff.example.org/incidents/7", true),
            ("http://192.168.1.10:8080/incidents/7", true),
            ("http://localhost:8080/", false),
            ("http://127.0.0.1:8080/", false),
            ("http://nas:8080/", false),
            ("http://nas./", false),
            ("http://[fd00::1]:8080/", true),
            ("http://[::1]:8080/", false),
            ("ftp://tipoff.example.org/", false),
            ("tipoff.example.org", false),
        ] {
            assert_eq!(is_linkable(url), takes, "{url}");
        }
    }
}
