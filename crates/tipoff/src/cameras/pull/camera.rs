//! A camera that is asked: its settings, what was learnt of it, and its state.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tipoff_camera::CameraClient;
use tokio::sync::Semaphore;

use super::backlog::{self, Backlog, ClockLead};
use super::room::MessageRoom;
use super::status::{PullState, StatusCell};
use crate::config::{PullConfig, PullKind};
use crate::receive::alarm::AlarmReceiver;
use crate::runtime::clock::Clock;
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::lock::lock;
use crate::runtime::telemetry::Metrics;

/// What all cameras share that are asked.
#[derive(Clone)]
pub(super) struct PullContext {
    pub(super) alarms: AlarmReceiver,
    pub(super) clock: Clock,
    pub(super) events: EventBus,
    pub(super) metrics: Arc<Metrics>,
    /// Permits for connections that are being made.
    pub(super) connects: Arc<Semaphore>,
    pub(super) room: MessageRoom,
    /// The port to which cameras push. `None` if it is switched off.
    pub(super) http_port: Option<u16>,
}

/// A camera that is asked.
pub(super) struct PulledCamera {
    pub(super) context: PullContext,
    /// The name of the device.
    pub(super) name: String,
    pub(super) config: PullConfig,
    /// The password by which it is known when it pushes.
    pub(super) push_password: Option<String>,
    pub(super) client: Arc<CameraClient>,
    pub(super) status: StatusCell,
    /// Locked by whoever asks this camera: never two connections at once, also while settings change.
    pub(super) seat: Arc<tokio::sync::Mutex<()>>,
    pub(super) memory: Mutex<Memory>,
}

/// What was learnt of a camera since its settings changed.
#[derive(Default)]
pub(super) struct Memory {
    /// What `auto` has found.
    pub(super) kind: Option<PullKind>,
    /// Whether the login was proven.
    pub(super) is_proven: bool,
    /// Whether it was connected before.
    pub(super) was_connected: bool,
    /// Its clock, as live events show it.
    pub(super) shown: Option<ClockLead>,
}

impl PulledCamera {
    /// Judges the events of a connection that is made now.
    pub(super) fn backlog(&self, date: Option<&str>) -> Backlog {
        let now = self.context.clock.now();
        let said = date.and_then(backlog::date).map(|camera| ClockLead::of(camera, now));
        let mut memory = lock(&self.memory);
        let was_connected = std::mem::replace(&mut memory.was_connected, true);
        Backlog::new(now, said, memory.shown, was_connected)
    }

    /// It gives its events.
    pub(super) fn connected(&self) {
        let kind = self.status.kind().as_str();
        tracing::info!(
            device = self.name,
            camera = %self.client.address(),
            kind,
            "The camera gives its events."
        );
        self.set(PullState::Connected);
    }

    /// It gives no events, and is asked again after a pause.
    pub(super) fn failing(&self, reason: String, pause: Duration) {
        self.context.metrics.camera_failed();
        let next_at = self.context.clock.now().after(pause);
        let device = &self.name;
        match self.set(PullState::Failing { reason: reason.clone(), next_at }) {
            true => tracing::warn!(
                device,
                reason,
                ?pause,
                "A camera gives no events; it is asked again."
            ),
            false => tracing::debug!(
                device,
                reason,
                ?pause,
                "A camera gives no events; it is asked again."
            ),
        }
    }

    /// Nothing is asked any more until the settings change.
    pub(super) async fn stopped(&self, reason: String, refused: Option<String>) {
        self.context.metrics.camera_failed();
        if !self.set(PullState::Stopped(reason.clone())) {
            return;
        }
        let device = &self.name;
        tracing::error!(device, reason, "A camera gives no events, and is not asked again.");
        if let Some(user) = refused
            && let Some(peer) = self.peer().await
        {
            let is_tls = self.client.address().is_tls;
            self.context.alarms.begin_asked(device, peer, is_tls).refused(&user, &reason);
        }
    }

    /// The address of the camera's host.
    async fn peer(&self) -> Option<IpAddr> {
        let address = self.client.address();
        let host = address.host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, address.port)).await.ok()?;
        found.map(|address| address.ip()).next()
    }

    /// Returns whether another kind of state was before it.
    pub(super) fn set(&self, state: PullState) -> bool {
        let is_other = self.status.set(state, self.context.clock.now());
        if is_other {
            self.context.events.publish(LiveEvent::Device);
        }
        is_other
    }
}
