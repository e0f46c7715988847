//! Stores the messages of a camera's stream.

use std::time::Duration;

use tipoff_model::AlarmRequest;
use tokio::time::sleep;

use super::backlog::{Age, Backlog, ClockLead, LATE_MAX, happened_at};
use super::leave::Leave;
use super::status::StatusCell;
use super::stream::MessageSink;
use crate::receive::alarm::AskedSession;
use crate::runtime::clock::Clock;

/// How often a message is tried that cannot be stored, as long as the disk is full. Nothing else of the camera is read
/// meanwhile.
const STORE_TRIES: u32 = 10;
/// The pause between two tries.
const STORE_PAUSE: Duration = Duration::from_secs(3);

/// Stores the messages of one connection.
pub(super) struct SessionSink<'a> {
    pub(super) device: &'a str,
    pub(super) session: AskedSession,
    pub(super) backlog: Backlog,
    /// The camera's clock, as live events show it.
    pub(super) shown: Option<ClockLead>,
    pub(super) status: &'a StatusCell,
    pub(super) clock: &'a Clock,
    pub(super) leave: Leave,
}

impl MessageSink for SessionSink<'_> {
    async fn turn(&mut self) {
        self.session.turn().await;
    }

    fn pause(&mut self) {
        self.session.pause();
    }

    fn sign_of_life(&mut self) {
        self.status.sign_of_life(self.clock.now());
    }

    async fn message(&mut self, bytes: &[u8], request: AlarmRequest) {
        let (happened, now) = (happened_at(&request), self.clock.now());
        self.shown = self.backlog.shown(happened, now).or(self.shown);
        let is_late = match self.backlog.judge(happened, now) {
            Age::Current => None,
            Age::Late => Some(true),
            Age::TooMany => return,
        };
        // Boxed: thousands of streams wait, and few store.
        Box::pin(self.store(bytes, request, is_late)).await;
    }
}

impl SessionSink<'_> {
    /// Stores a message. The camera does not send it again, so it is tried for a while.
    pub(super) async fn store(
        &mut self,
        bytes: &[u8],
        request: AlarmRequest,
        is_late: Option<bool>,
    ) {
        for attempt in 1..=STORE_TRIES {
            let Err(error) = self.session.store(bytes, request.clone(), is_late).await else {
                return;
            };
            let device = self.device;
            let is_last = attempt == STORE_TRIES;
            if is_last {
                tracing::error!(device, %error, "An alarm of a camera could not be stored; it is lost.");
                self.session.note(&format!("An alarm could not be stored: {error}."));
                return;
            }
            if attempt == 1 {
                tracing::warn!(device, %error, "An alarm of a camera could not be stored; trying again.");
            }
            tokio::select! {
                () = sleep(STORE_PAUSE) => {}
                _ = self.leave.requested() => {
                    tracing::error!(device, "An alarm of a camera could not be stored before the end; it is lost.");
                    return;
                }
            }
        }
    }

    /// Notes how the connection ended.
    pub(super) fn ended(&self, words: &str) {
        let left_out = self.backlog.left_out();
        if left_out > 0 {
            let device = self.device;
            tracing::warn!(
                device,
                left_out,
                "A camera sent more late events after its reconnect than are stored."
            );
            self.session.note(&format!(
                "{left_out} late events were not stored: a connection brings at most {LATE_MAX}."
            ));
        }
        self.session.note(words);
    }
}
