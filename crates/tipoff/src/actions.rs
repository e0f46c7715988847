//! Actions that people request from a message: mute, set the mode, mark or lock an incident.
//!
//! One place for Telegram's buttons and commands and for the action links of other services; the dashboard uses the API. An
//! action is durable and in the audit log when its method returns. The texts go back to the person in the chat, so they are
//! sentences. `buttons.rs` chooses the buttons of an alert, `overview.rs` answers commands that only read.

mod buttons;
mod overview;

use self::buttons::short;
use crate::runtime::local_time::{day_and_minute, minute};
use std::sync::Arc;
use std::time::Duration;
use tipoff_language::Texts;

use jiff::civil::Time;
use jiff::{ToSpan, ZonedDateTime};
use tipoff_channels::Done;
use tipoff_model::{Action, DeviceId, IncidentId, MuteFor, MuteTarget, Timestamp};
use tipoff_rules::Clock as LocalClock;
use tipoff_spool::{Actor, DeviceChange, DeviceLine, Locks, Spool, SpoolError};

use crate::audit::{self, AuditAction};
use crate::modes::{Modes, NotChosen};
use crate::runtime::clock::Clock;
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::links::Links;
use crate::runtime::notifier::ChannelNotifier;

/// When "until morning" ends, in the zone of the configuration.
const MORNING: Time = Time::constant(7, 0, 0, 0);
/// Maximum length of the name of a person, in characters. Services report it, and people choose it.
const PERSON_CHARS_MAX: usize = 60;

/// What actions are carried out with.
#[derive(Clone)]
pub(crate) struct Actions {
    /// Stores what an action changes.
    pub(crate) spool: Arc<dyn Spool>,
    /// The program's clock.
    pub(crate) clock: Clock,
    pub(crate) modes: Modes,
    /// Live pages and channels are notified of each change.
    pub(crate) events: EventBus,
    /// Wakes the channels whose deliveries become due again.
    pub(crate) notifier: ChannelNotifier,
    /// Signs the links below alerts.
    pub(crate) links: Links,
}

/// Why an action was not performed, in a sentence for the person who requested it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    /// The device was removed or merged into another.
    #[error("There is no such device any more. The dashboard shows all devices.")]
    NoDevice,
    /// Retention has removed the incident.
    #[error("This incident is no longer stored.")]
    NoIncident,
    /// Locked incidents use all the space that they may use.
    #[error("Nothing was changed: {0}.")]
    LocksFull(Locks),
    /// The configuration has changed since the button was made.
    #[error("There is no such mode any more: {0}.")]
    NoMode(String),
    /// It could not be stored.
    #[error("Nothing was changed because it could not be stored. Try again in a moment.")]
    Spool(SpoolError),
}

impl From<SpoolError> for ActionError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::NoIncident(_) => Self::NoIncident,
            SpoolError::LocksFull(locks) => Self::LocksFull(locks),
            error => {
                tracing::error!(%error, "An action could not be stored.");
                Self::Spool(error)
            }
        }
    }
}

impl From<NotChosen> for ActionError {
    fn from(error: NotChosen) -> Self {
        match error {
            NotChosen::Unknown(all) => Self::NoMode(all),
            NotChosen::Spool(error) => error.into(),
        }
    }
}

impl Actions {
    /// Performs an action for `person`, as the service names them, on `channel`. An empty name means that the service did not report one.
    pub(crate) async fn act(
        &self,
        action: &Action,
        person: &str,
        channel: &str,
    ) -> Result<Done, ActionError> {
        let by = by(person, channel);
        self.act_as(action, Actor::Person(by.clone()), by).await
    }

    /// Performs the action of a link that was sent to `channel`. Whoever has the link may use it.
    pub(crate) async fn act_by_link(
        &self,
        action: &Action,
        channel: &str,
    ) -> Result<Done, ActionError> {
        self.act_as(action, Actor::Link(channel.to_owned()), by("", channel)).await
    }

    /// Performs an action, and writes an entry of the audit log if it changed something. `by` is the person in the timeline and the log.
    async fn act_as(&self, action: &Action, actor: Actor, by: String) -> Result<Done, ActionError> {
        let now = self.clock.now();
        let done = match action {
            Action::Mute { target, lasts } => self.mute(*target, *lasts, now).await.map(changed),
            Action::Unmute { target } => self.unmute(*target, now).await.map(changed),
            Action::SetMode { mode } => self.set_mode(mode, now).await.map(changed),
            Action::NotInteresting { incident } => {
                self.dismiss(*incident, &by, now).await.map(changed)
            }
            Action::Interesting { incident } => self.restore(*incident, now).await.map(changed),
            Action::Lock { incident } => self.lock(*incident, &by, now).await,
            Action::Unlock { incident } => self.unlock(*incident).await,
        };
        match &done {
            Ok((done, has_changed)) => {
                tracing::info!(by, ?action, result = done.text, "An action was carried out.");
                if *has_changed {
                    let (what, object) = noted(action);
                    audit::note(&*self.spool, audit::entry(now, actor, what, object, &*done.text))
                        .await;
                }
            }
            Err(error) => {
                tracing::warn!(by, ?action, %error, "An action could not be carried out.")
            }
        }
        done.map(|(done, _)| done)
    }

    /// Mutes a device or everything. "Until morning" ends at 07:00 in the zone of the configuration.
    async fn mute(
        &self,
        target: MuteTarget,
        lasts: MuteFor,
        now: Timestamp,
    ) -> Result<Done, ActionError> {
        let (clock, texts) = (self.local_clock(), self.texts());
        let until = match lasts {
            MuteFor::Minutes(minutes) => now.after(Duration::from_secs(u64::from(minutes) * 60)),
            MuteFor::Morning => next_morning(&clock, now),
        };
        let what = match target {
            MuteTarget::Everything => {
                self.spool.mute_until(until, now).await?;
                self.events.publish(LiveEvent::HomeState);
                texts.text("action-everything")
            }
            MuteTarget::Device(id) => {
                self.change(id, DeviceChange::MutedUntil(Some(until))).await?.name
            }
        };
        let time = time_of(&clock, until, now, texts);
        let time = ("time", (&time).into());
        Ok(Done {
            text: texts.with("action-muted", &[("what", (&what).into()), time]),
            label: short(&format!("🔇 {}", texts.with("action-muted-label", &[time]))),
            next: vec![(Action::Unmute { target }, texts.text("action-unmute"))],
        })
    }

    /// Ends a mute. It succeeds also if nothing was muted.
    async fn unmute(&self, target: MuteTarget, now: Timestamp) -> Result<Done, ActionError> {
        let texts = self.texts();
        let what = match target {
            MuteTarget::Everything => {
                self.spool.mute_until(now, now).await?;
                self.events.publish(LiveEvent::HomeState);
                texts.text("action-everything")
            }
            MuteTarget::Device(id) => self.change(id, DeviceChange::MutedUntil(None)).await?.name,
        };
        let text = texts.with("action-not-muted", &[("what", (&what).into())]);
        let label = format!("🔔 {}", texts.text("action-not-muted-label"));
        Ok(Done { text, label, next: buttons::mutes(target, texts) })
    }

    /// Changes a device; an error if it was removed or merged since the message was sent.
    async fn change(&self, id: DeviceId, change: DeviceChange) -> Result<DeviceLine, ActionError> {
        let device = self.spool.device(id).await?.ok_or(ActionError::NoDevice)?;
        if !self.spool.change_device(id, change).await? {
            return Err(ActionError::NoDevice);
        }
        self.events.publish(LiveEvent::Device);
        Ok(device.line)
    }

    /// Sets the home mode, and offers the previous one.
    async fn set_mode(&self, mode: &str, now: Timestamp) -> Result<Done, ActionError> {
        let before = self.modes.current(now).await?.filter(|before| before != mode);
        self.modes.choose(mode.to_owned()).await?;
        let texts = self.texts();
        let back = |before: String| {
            let label = short(&texts.with("action-mode-back", &[("mode", (&before).into())]));
            let action = Action::SetMode { mode: before };
            action.encode().is_some().then_some((action, label))
        };
        Ok(Done {
            text: texts.with("action-mode", &[("mode", mode.into())]),
            label: short(&format!("🏠 {mode}")),
            next: before.and_then(back).into_iter().collect(),
        })
    }

    /// Ends the alerts of an incident: none are sent for it from now on.
    async fn dismiss(
        &self,
        incident: IncidentId,
        by: &str,
        now: Timestamp,
    ) -> Result<Done, ActionError> {
        let texts = self.texts();
        self.spool.dismiss(incident, by.to_owned(), now).await?;
        self.events.publish(LiveEvent::Arrival { incident, opened: false });
        Ok(Done {
            text: texts.text("action-dismissed"),
            label: format!("👎 {}", texts.text("button-dismiss")),
            next: vec![(Action::Interesting { incident }, texts.text("action-restore"))],
        })
    }

    /// Sends alerts of a dismissed incident again.
    async fn restore(&self, incident: IncidentId, now: Timestamp) -> Result<Done, ActionError> {
        let texts = self.texts();
        let channels = self.spool.restore(incident, now).await?;
        self.notifier.wake(&channels);
        self.events.publish(LiveEvent::Arrival { incident, opened: false });
        Ok(Done {
            text: texts.text("action-restored"),
            label: format!("👍 {}", texts.text("action-restored-label")),
            next: vec![buttons::dismiss(incident, texts)],
        })
    }

    /// Locks an incident, so that retention keeps it. Returns whether it was not locked before.
    async fn lock(
        &self,
        incident: IncidentId,
        by: &str,
        now: Timestamp,
    ) -> Result<(Done, bool), ActionError> {
        let texts = self.texts();
        let has_changed = self.spool.lock(incident, by.to_owned(), now).await?;
        self.events.publish(LiveEvent::Arrival { incident, opened: false });
        let done = Done {
            text: texts.text("action-locked"),
            label: format!("🔒 {}", texts.text("action-locked-label")),
            next: vec![(Action::Unlock { incident }, texts.text("action-unlock"))],
        };
        Ok((done, has_changed))
    }

    /// Unlocks an incident. Returns whether it was locked before.
    async fn unlock(&self, incident: IncidentId) -> Result<(Done, bool), ActionError> {
        let texts = self.texts();
        let has_changed = self.spool.unlock(incident).await?;
        self.events.publish(LiveEvent::Arrival { incident, opened: false });
        let done = Done {
            text: texts.text("action-unlocked"),
            label: format!("🔓 {}", texts.text("action-unlocked-label")),
            next: vec![buttons::lock(incident, texts)],
        };
        Ok((done, has_changed))
    }

    /// The texts in the language of alerts.
    pub(crate) fn texts(&self) -> Texts {
        Texts::of(self.modes.rules.now().language)
    }

    /// Times in the zone of the configuration.
    fn local_clock(&self) -> LocalClock {
        self.modes.rules.now().clock.clone()
    }
}

/// An action that always changes something, and so always writes an entry.
fn changed(done: Done) -> (Done, bool) {
    (done, true)
}

/// The action of the audit log, and the object of its entry.
fn noted(action: &Action) -> (AuditAction, String) {
    let of = |target: &MuteTarget| match target {
        MuteTarget::Everything => (AuditAction::Mute, "everything".to_owned()),
        MuteTarget::Device(id) => (AuditAction::DeviceChange, format!("device {id}")),
    };
    match action {
        Action::Mute { target, .. } | Action::Unmute { target } => of(target),
        Action::SetMode { mode } => (AuditAction::Mode, mode.clone()),
        Action::NotInteresting { incident } => {
            (AuditAction::Dismiss, format!("incident {incident}"))
        }
        Action::Interesting { incident } => (AuditAction::Restore, format!("incident {incident}")),
        Action::Lock { incident } => (AuditAction::Lock, format!("incident {incident}")),
        Action::Unlock { incident } => (AuditAction::Unlock, format!("incident {incident}")),
    }
}

/// The person as the log and the timeline show them: "Ann (me)". Control characters are removed, since services pass on any name.
fn by(person: &str, channel: &str) -> String {
    let person: String =
        person.chars().filter(|it| !it.is_control()).take(PERSON_CHARS_MAX).collect();
    match (person.trim(), channel) {
        ("", channel) => format!("somebody ({channel})"),
        (person, channel) => format!("{person} ({channel})"),
    }
}

/// The next 07:00 after `now`. 24 hours later where the calendar has no such time.
fn next_morning(clock: &LocalClock, now: Timestamp) -> Timestamp {
    let morning = || {
        let local = clock.local(now)?;
        let at = |day: &ZonedDateTime| day.with().time(MORNING).build().ok();
        let today = at(&local)?;
        let morning = if today > local { today } else { at(&local.checked_add(1.day()).ok()?)? };
        Some(Timestamp::from_ms(morning.timestamp().as_millisecond()))
    };
    morning().unwrap_or_else(|| now.after(Duration::from_secs(24 * 60 * 60)))
}

/// `07:00`, or with the day if it is more than 24 hours away.
fn time_of(clock: &LocalClock, at: Timestamp, now: Timestamp, texts: Texts) -> String {
    let within_a_day = at.since(now) < Duration::from_secs(24 * 60 * 60);
    let words = |at: ZonedDateTime| match within_a_day {
        true => minute(&at),
        false => day_and_minute(&at, texts),
    };
    clock.local(at).map(words).unwrap_or_default()
}

#[cfg(test)]
mod tests;
