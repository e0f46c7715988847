//! What is known of each camera that is asked, for its page, the API and the metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tipoff_model::Timestamp;

use crate::config::PullKind;
use crate::runtime::lock::lock;

/// The state of a camera that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PullState {
    /// The first answer is awaited.
    Connecting,
    /// It gives its events.
    Connected,
    /// It does not, for this reason; it is asked again then.
    Failing {
        /// Why, in words for its owner.
        reason: String,
        /// When it is asked again.
        next_at: Timestamp,
    },
    /// It is asked no more until its settings change, for this reason.
    Stopped(String),
    /// Another node asks it.
    Elsewhere,
}

impl PullState {
    /// The name of the state in metrics and in the API.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Failing { .. } => "failing",
            Self::Stopped(_) => "stopped",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// The names of all states.
    pub(crate) const NAMES: [&'static str; 5] =
        ["connecting", "connected", "failing", "stopped", "elsewhere"];

    /// Why it gives no events.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Failing { reason, .. } | Self::Stopped(reason) => Some(reason),
            Self::Connecting | Self::Connected | Self::Elsewhere => None,
        }
    }
}

/// What is known of a camera that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PullStatus {
    /// How it is asked: as configured, or as found.
    pub(crate) kind: PullKind,
    /// Its address, without a login.
    pub(crate) camera: String,
    /// Its state …
    pub(crate) state: PullState,
    /// … and since when.
    pub(crate) since: Timestamp,
    /// When its latest bytes came.
    pub(crate) last_sign_at: Option<Timestamp>,
}

/// The states of all cameras that are asked, by the name of the device. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct PullBoard(Arc<Mutex<BTreeMap<String, StatusCell>>>);

/// The state of one camera. Cheap to clone.
#[derive(Clone)]
pub(super) struct StatusCell(Arc<Mutex<PullStatus>>);

impl PullBoard {
    /// The state of the device of this name. `None` if it is not asked.
    pub(crate) fn of(&self, device: &str) -> Option<PullStatus> {
        lock(&self.0).get(device).map(StatusCell::read)
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> Vec<(String, PullStatus)> {
        let board = lock(&self.0);
        board.iter().map(|(device, cell)| (device.clone(), cell.read())).collect()
    }

    /// How many there are in each state.
    pub(crate) fn counts(&self) -> Vec<(&'static str, u64)> {
        let board = lock(&self.0);
        let in_state =
            |name| board.values().filter(|it| lock(&it.0).state.as_str() == name).count();
        PullState::NAMES.into_iter().map(|name| (name, in_state(name) as u64)).collect()
    }

    /// Begins the state of a device, in place of an earlier one.
    pub(super) fn begin(
        &self,
        device: &str,
        kind: PullKind,
        camera: &str,
        now: Timestamp,
    ) -> StatusCell {
        let status = PullStatus {
            kind,
            camera: camera.to_owned(),
            state: PullState::Connecting,
            since: now,
            last_sign_at: None,
        };
        let cell = StatusCell(Arc::new(Mutex::new(status)));
        lock(&self.0).insert(device.to_owned(), cell.clone());
        cell
    }

    /// Forgets devices that are not asked any more.
    pub(super) fn retain(&self, is_asked: impl Fn(&str) -> bool) {
        lock(&self.0).retain(|device, _| is_asked(device));
    }
}

impl StatusCell {
    fn read(&self) -> PullStatus {
        lock(&self.0).clone()
    }

    /// Its state is this one now. Returns whether another kind of state was before it.
    pub(super) fn set(&self, state: PullState, now: Timestamp) -> bool {
        let mut status = lock(&self.0);
        let is_other = status.state.as_str() != state.as_str();
        if is_other {
            status.since = now;
        }
        status.state = state;
        is_other
    }

    /// How it is asked.
    pub(super) fn kind(&self) -> PullKind {
        lock(&self.0).kind
    }

    /// It is asked in this way.
    pub(super) fn found(&self, kind: PullKind) {
        lock(&self.0).kind = kind;
    }

    /// Bytes came.
    pub(super) fn sign_of_life(&self, now: Timestamp) {
        lock(&self.0).last_sign_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_keeps_its_beginning_while_it_lasts() {
        let (board, at) = (PullBoard::default(), Timestamp::from_ms);
        let cell = board.begin("Yard", PullKind::Auto, "http://cam", at(1));
        let failing =
            |reason: &str| PullState::Failing { reason: reason.to_owned(), next_at: at(9) };
        assert!(cell.set(failing("a"), at(2)));
        assert!(!cell.set(failing("b"), at(3)));
        let status = board.of("Yard").unwrap();
        assert_eq!((status.since, status.state.reason()), (at(2), Some("b")));
        assert!(board.counts().contains(&("failing", 1)));
        board.retain(|device| device != "Yard");
        assert_eq!(board.of("Yard"), None);
    }
}
