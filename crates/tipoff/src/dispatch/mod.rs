//! Delivers what is due in the spool to the services: one worker a channel, so that no channel waits for another.
//!
//! `supervisor.rs` starts and stops the workers; `worker.rs` decides which delivery starts; `attempt.rs` makes one
//! attempt. Pure decisions have files of their own: `slots.rs` (how many at once), `backoff.rs` and `outage.rs` (when a
//! service that fails is tried again), `expiry.rs`, `late.rs`, `pace.rs`. Which channels an incident goes to is decided
//! by the rules, when an arrival is stored.
//!
//! Keeps no state that a restart would lose: what must last is in the spool (docs/spool.md, A4).

mod attempt;
mod backoff;
mod command;
mod duplicates;
mod ended_channel;
mod expiry;
mod files;
mod home_control;
mod in_flight;
mod late;
mod outage;
mod pace;
mod picture_resizer;
mod single_flight;
mod slots;
mod status;
mod supervisor;
mod test_alert;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vendor_alerts;
mod video_converter;
mod worker;

use std::sync::Arc;
use tipoff_language::Texts;

use jiff::ZonedDateTime;
use tipoff_model::{Alert, AlertKind, AlertMedia, MediaKind};
use tipoff_spool::{DueDelivery, Spool};

use crate::actions::Actions;
use crate::modes::Modes;
use crate::nodes::Leases;
use crate::runtime::clock::Clock;
use crate::runtime::events::EventBus;
use crate::runtime::links::Links;
use crate::runtime::reload_requests::ReloadRequests;
use crate::runtime::telemetry::Metrics;
pub(crate) use attempt::empty_attempt;
pub(crate) use late::LateSounds;
pub(crate) use picture_resizer::PictureResizer;
pub(crate) use status::{ChannelState, ChannelStatus};
pub(crate) use supervisor::ChannelSupervisor;
pub(crate) use test_alert::send_test;
pub(crate) use video_converter::VideoConverter;

/// What the workers of all channels share.
pub(crate) struct DispatchContext {
    pub(crate) spool: Arc<dyn Spool>,
    /// Which channels this node has.
    pub(crate) leases: Leases,
    /// Makes the links in alerts.
    pub(crate) links: Links,
    pub(crate) metrics: Arc<Metrics>,
    /// Converts videos, once for all channels with the same limit.
    pub(crate) videos: VideoConverter,
    /// Resizes pictures, in the same way.
    pub(crate) pictures: PictureResizer,
    /// Where attempts and the status of channels are published.
    pub(crate) events: EventBus,
    /// The modes, and the rules as they are now.
    pub(crate) modes: Modes,
    pub(crate) clock: Clock,
    /// What buttons of alerts do.
    pub(crate) actions: Actions,
    /// Tells who reads the configuration that a channel was removed.
    pub(crate) reload_requests: ReloadRequests,
    /// Which late alerts made a sound.
    pub(crate) late_sounds: LateSounds,
}

impl DispatchContext {
    /// Completes an alert that the spool has read: links to its files, and the title, text, sound and files that
    /// its route and its kind ask for.
    fn render_alert(&self, due: &mut DueDelivery) {
        self.links.fill_in(&mut due.alert, self.clock.now());
        let rules = self.modes.rules.now();
        due.alert.language = rules.language;
        let route = due.route.as_deref().and_then(|name| rules.route(name));
        let time = rules.clock.local(due.alert.received_at);
        let Some(time) = time else {
            return;
        };
        let alert = &mut due.alert;
        if let Some(route) = route
            && let Err(error) = route.style.dress(alert, &time)
        {
            let route = route.name.as_str();
            tracing::warn!(route, %error, "A template failed; the alert has its default text.");
        }
        // Only the first alert of an incident makes a sound.
        alert.manner.silent |= alert.kind != AlertKind::First;
        if alert.kind == AlertKind::Report {
            alert.media = first_and_last(std::mem::take(&mut alert.media));
        }
        if alert.kind == AlertKind::Summary {
            alert.manner.title = None;
            alert.manner.text = Some(summary_text(alert, &time));
        }
    }

    /// Marks an alert that is late at the moment of an attempt on `channel`.
    fn mark_late(&self, channel: &str, due: &mut DueDelivery) {
        let (of, alert) = ((channel, due.share.is_known()), &mut due.alert);
        let clock = &self.modes.rules.now().clock;
        // A clock that was set makes no alert late.
        let now = alert.received_at.after(self.clock.proven_age(alert.received_at).duration());
        if let (Some(received), Some(now)) = (clock.local(alert.received_at), clock.local(now)) {
            self.late_sounds.mark(of, alert, &received, &now);
        }
    }
}

/// The pictures of a report: the first one of the first arrival, and the last one of the last.
fn first_and_last(media: Vec<AlertMedia>) -> Vec<AlertMedia> {
    let mut pictures = media.into_iter().filter(|it| it.media.kind == MediaKind::Picture);
    let first = pictures.next();
    first.into_iter().chain(pictures.next_back()).collect()
}

/// The text of a summary of suppressed alerts, of which the first came at `since`.
fn summary_text(alert: &Alert, since: &ZonedDateTime) -> String {
    let time = since.strftime("%H:%M").to_string();
    let count = ("count", alert.held.into());
    let text = Texts::of(alert.language).with("alert-summary", &[count, ("time", (&time).into())]);
    match &alert.link {
        Some(link) => format!("{text}\n{link}"),
        None => text,
    }
}
