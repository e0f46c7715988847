//! The buttons below a first alert.
//!
//! Services without room for all of them take the first of a kind, so the most useful ones come first. Each button has an
//! action for services that report presses, and a signed link for the others.

use std::time::Duration;

use tipoff_language::Texts;
use tipoff_model::{
    Action, Alert, AlertKind, BUTTON_CHARS_MAX, Button, Effect, Event, IncidentId, MuteFor,
    MuteTarget, Timestamp,
};

use super::Actions;

/// How long an action link is valid: a day, since whoever has the message may use it.
const LINK_LASTS: Duration = Duration::from_secs(24 * 60 * 60);
/// Maximum number of modes that are offered.
const MODES_MAX: usize = 3;

impl Actions {
    /// The buttons of this alert on `channel`: mutes from short to long, then modes, then the incident, then its page. None
    /// below a follow-up, a summary or a report, and none if a person pressed the device's test button.
    pub(crate) async fn buttons(&self, alert: &Alert, channel: &str) -> Vec<Button> {
        if alert.kind != AlertKind::First || alert.event == Event::Test {
            return Vec::new();
        }
        let now = self.clock.now();
        let texts = Texts::of(alert.language);
        let mut wanted = mutes(MuteTarget::Device(alert.device_id), texts);
        for mode in self.other_modes(now).await {
            let label = short(&format!("🏠 {mode}"));
            wanted.push((Action::SetMode { mode }, label));
        }
        wanted.push(dismiss(alert.incident, texts));
        wanted.push(lock(alert.incident, texts));
        let expires_at = now.after(LINK_LASTS);
        let act = |(action, label): (Action, String)| {
            let link = self.links.action(&action, channel, expires_at);
            action.encode()?;
            Some(Button { label, effect: Effect::Act { action, link } })
        };
        let open = alert
            .link
            .clone()
            .map(|url| Button { label: texts.text("button-open"), effect: Effect::Open { url } });
        wanted.into_iter().filter_map(act).chain(open).collect()
    }

    /// The modes besides the current one.
    async fn other_modes(&self, now: Timestamp) -> Vec<String> {
        let mut modes = self.modes.all();
        if modes.len() < 2 {
            return Vec::new();
        }
        match self.modes.current(now).await {
            Ok(current) => modes.retain(|mode| Some(mode) != current.as_ref()),
            Err(error) => tracing::warn!(%error, "The mode could not be read for an alert."),
        }
        modes.truncate(MODES_MAX);
        modes
    }
}

/// The buttons that mute, from short to long.
pub(super) fn mutes(target: MuteTarget, texts: Texts) -> Vec<(Action, String)> {
    let mute =
        |lasts, label: String| (Action::Mute { target, lasts }, short(&format!("🔇 {label}")));
    vec![
        mute(MuteFor::Minutes(15), texts.count("button-mute-minutes", 15)),
        mute(MuteFor::Minutes(60), texts.count("button-mute-hours", 1)),
        mute(MuteFor::Morning, texts.text("button-mute-morning")),
    ]
}

/// The button that ends the alerts of an incident.
pub(super) fn dismiss(incident: IncidentId, texts: Texts) -> (Action, String) {
    (Action::NotInteresting { incident }, format!("👎 {}", texts.text("button-dismiss")))
}

/// The button that keeps an incident.
pub(super) fn lock(incident: IncidentId, texts: Texts) -> (Action, String) {
    (Action::Lock { incident }, format!("🔒 {}", texts.text("button-lock")))
}

/// A label that fits on a button.
pub(super) fn short(label: &str) -> String {
    match label.char_indices().nth(BUTTON_CHARS_MAX - 1) {
        Some((end, _)) if label.chars().count() > BUTTON_CHARS_MAX => {
            format!("{}…", label.get(..end).unwrap_or_default())
        }
        _ => label.to_owned(),
    }
}
