//! The devices that are asked for their events, as pages and the API show them.

use serde::Serialize;
use tipoff_model::DeviceKey;
use tipoff_spool::DeviceLine;
use utoipa::ToSchema;

use super::AppState;
use super::reader_clock::ReaderClock;
use super::reader_language::{Message, message, text};
use crate::cameras::pull::{PullState, PullStatus};
use crate::runtime::utc::utc;

/// Devices without events that are shown.
const SHOWN_MAX: usize = 100;

/// A device that is asked for its events (`pull`).
#[derive(Serialize, ToSchema)]
pub(super) struct PulledDevice {
    /// Its name in the configuration.
    name: String,
    /// How it is asked: `hikvision`, `dahua`, `onvif`, or `auto` as long as that is not known.
    kind: &'static str,
    /// Its address.
    camera: String,
    /// `connected`; `connecting`: the first answer is awaited; `failing`: it is asked again; `stopped`: it is not asked again
    /// until its settings change; `elsewhere`: another node asks it.
    state: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
    /// When its latest bytes came.
    #[schema(format = DateTime)]
    last_sign_at: Option<String>,
    /// Why it gives no events.
    error: Option<String>,
    /// When it is asked again.
    #[schema(format = DateTime)]
    next_at: Option<String>,
}

/// How a device is asked. `None` if it is not.
pub(super) fn pulled(state: &AppState, line: &DeviceLine) -> Option<PulledDevice> {
    let status = status_of(state, line)?;
    Some(of(line.name.clone(), &status))
}

/// The devices that are asked and give no events, by name, whose name contains this text.
pub(super) fn without_events(state: &AppState, text: &str) -> Vec<PulledDevice> {
    let failing = failing(state, text);
    failing.map(|(name, status)| of(name, &status)).take(SHOWN_MAX).collect()
}

fn failing(state: &AppState, text: &str) -> impl Iterator<Item = (String, PullStatus)> + use<> {
    let text = text.to_lowercase();
    let all = state.pulls.all().into_iter();
    all.filter(move |(name, status)| {
        status.state.reason().is_some() && name.to_lowercase().contains(&text)
    })
}

fn status_of(state: &AppState, line: &DeviceLine) -> Option<PullStatus> {
    let key = DeviceKey::parse(&line.key);
    let is_configured = line.recorder.is_none() && matches!(key, DeviceKey::Configured(_));
    state.pulls.of(&line.key).filter(|_| is_configured)
}

fn of(name: String, status: &PullStatus) -> PulledDevice {
    let next_at = match &status.state {
        PullState::Failing { next_at, .. } => Some(utc(*next_at)),
        _ => None,
    };
    PulledDevice {
        name,
        kind: status.kind.as_str(),
        camera: status.camera.clone(),
        state: status.state.as_str(),
        since: utc(status.since),
        last_sign_at: status.last_sign_at.map(utc),
        error: status.state.reason().map(str::to_owned),
        next_at,
    }
}

/// How a device is asked, in words.
pub(super) struct PullWords {
    /// The name of the device.
    pub(super) name: String,
    /// How and where, since when.
    pub(super) about: String,
    /// Why it gives no events.
    pub(super) error: Option<Message>,
    /// When it is asked again.
    pub(super) next: Option<String>,
}

/// How the device of a page is asked. `None` if it is not.
pub(super) fn pull_words(
    state: &AppState,
    line: &DeviceLine,
    clock: &ReaderClock,
) -> Option<PullWords> {
    Some(words(line.name.clone(), &status_of(state, line)?, clock))
}

/// The devices that are asked and give no events, in words.
pub(super) fn failing_words(state: &AppState, text: &str, clock: &ReaderClock) -> Vec<PullWords> {
    let failing = failing(state, text).take(SHOWN_MAX);
    failing.map(|(name, status)| words(name, &status, clock)).collect()
}

fn words(name: String, status: &PullStatus, clock: &ReaderClock) -> PullWords {
    let PullStatus { kind, camera, state, since, last_sign_at } = status;
    let pull = match state {
        PullState::Connecting => text("device-pull-connecting"),
        PullState::Connected => text("device-pull-connected").words("time", clock.ago(*since)),
        PullState::Failing { .. } => text("device-pull-failing").words("time", clock.ago(*since)),
        PullState::Stopped(_) => text("device-pull-stopped").words("time", clock.ago(*since)),
        PullState::Elsewhere => text("device-pull-elsewhere"),
    };
    let pull = pull.words("camera", camera).words("kind", kind.as_str());
    let about = match last_sign_at {
        Some(at) => {
            text("device-pull-sign").words("pull", pull).words("time", clock.ago(*at)).to_string()
        }
        None => pull.to_string(),
    };
    let next = match state {
        PullState::Failing { next_at, .. } => {
            Some(text("device-pull-next").words("time", clock.second(*next_at)).to_string())
        }
        _ => None,
    };
    let error = state.reason().map(|reason| message(reason).with_end());
    PullWords { name, about, error, next }
}
