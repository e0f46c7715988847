//! The message for a browser's service worker: words, links, and how the notification behaves. Small: a push service takes
//! 4 KB. Links are relative to the worker, because a browser may reach this server by another address than `public_url`.

use serde::Serialize;
use tipoff_model::{Alert, AlertKind, AlertMedia, MediaKind};

use super::encryption::PLAINTEXT_BYTES_MAX;
use crate::abilities::PICTURE_TYPES;
use crate::buttons::{self, Link};
use crate::wording::{Wording, texts};
use crate::{Message, sound};

/// Length limit of title and text together, in UTF-16 units: systems show about 200.
const WORDS_UTF16_MAX: usize = 600;
/// Browsers show at most two buttons.
const BUTTONS_MAX: usize = 2;
/// The longest link in bytes; a longer one is left out.
const LINK_BYTES_MAX: usize = 800;

/// A notification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Payload {
    pub(super) title: String,
    pub(super) body: String,
    /// The same for all alerts of an incident: a later notification replaces the earlier one.
    pub(super) tag: String,
    /// The page that a click opens.
    pub(super) url: String,
    /// The picture. Its link is signed and works without a login for a limited time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<String>,
    /// Whether there is neither sound nor vibration.
    pub(super) silent: bool,
    /// Whether it follows an earlier notification of the same tag.
    pub(super) is_follow_up: bool,
    /// When the alert was received, in milliseconds since 1970.
    pub(super) at: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) actions: Vec<Button>,
}

/// A button of a notification: opens a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Button {
    pub(super) title: String,
    pub(super) url: String,
}

/// The bytes of an alert's notification, at most `bytes_max`: what does not fit is left out, the buttons first and words last.
pub(super) fn bytes(alert: &Alert, bytes_max: usize) -> Vec<u8> {
    let bytes_max = bytes_max.min(PLAINTEXT_BYTES_MAX);
    let mut words_max = WORDS_UTF16_MAX;
    let mut payload = payload(alert, words_max);
    loop {
        let bytes = serde_json::to_vec(&payload).unwrap_or_default();
        if bytes.len() <= bytes_max || words_max == 0 {
            return bytes;
        }
        if payload.actions.pop().is_none() && payload.image.take().is_none() {
            words_max /= 2;
            (payload.title, payload.body) = words(alert, words_max);
        }
    }
}

fn payload(alert: &Alert, words_max: usize) -> Payload {
    let (title, body) = words(alert, words_max);
    let message = Message { title: title.clone(), ..Message::default() };
    // The page opens by a click on the notification itself.
    let links = buttons::action_links(&message, alert);
    let button = |link: Link<'_>| {
        Some(Button { title: link.label.to_owned(), url: relative(alert, link.url)? })
    };
    let is_of_incident = alert.incident.0 != 0;
    Payload {
        tag: format!("incident-{}", alert.incident),
        url: if is_of_incident { incident_path(alert) } else { String::new() },
        image: picture(alert),
        silent: sound::is_silent(&message, alert),
        is_follow_up: alert.kind == AlertKind::FollowUp,
        at: alert.received_at.as_ms(),
        actions: buttons::best(links, BUTTONS_MAX).into_iter().filter_map(button).collect(),
        title,
        body,
    }
}

/// Title and text.
fn words(alert: &Alert, words_max: usize) -> (String, String) {
    let torn = if alert.torn { texts(alert).text("alert-torn") } else { String::new() };
    Wording::of(alert, false, torn).fit(words_max).0
}

fn incident_path(alert: &Alert) -> String {
    format!("incidents/{}", alert.incident)
}

/// The link to the first picture that browsers show.
fn picture(alert: &Alert) -> Option<String> {
    let is_shown = |media: &&AlertMedia| {
        media.media.kind == MediaKind::Picture
            && PICTURE_TYPES.contains(&media.media.content_type.as_str())
    };
    relative(alert, alert.media.iter().find(is_shown)?.url.as_deref()?)
}

/// A link of ours, relative to the public address. `None` if it leads elsewhere or is too long.
fn relative(alert: &Alert, link: &str) -> Option<String> {
    let base = alert.link.as_deref()?.strip_suffix(&incident_path(alert))?;
    let path = link.strip_prefix(base)?;
    (path.len() <= LINK_BYTES_MAX).then(|| path.to_owned())
}
