//! From the spool to the services: a task for each channel, so that none waits for another.
//!
//! Nothing is kept here that a restart would lose: what is due is read from the spool.

mod attempt;
mod backoff;
mod desks;
mod expiry;
mod failing;
mod files;
mod home_control;
mod kept;
mod late;
mod orders;
mod pace;
mod pictures;
mod places;
mod repeats;
mod schedule;
mod status;
#[cfg(test)]
mod tests;
mod trial;
mod under_way;
#[cfg(test)]
mod vendor_alerts;
mod videos;

use std::sync::Arc;

use jiff::ZonedDateTime;
use tipoff_model::{AlertKind, AlertMedia, MediaKind};
use tipoff_spool::{DueDelivery, Spool};

use crate::actions::Actions;
use crate::modes::Modes;
use crate::runtime::clock::Clock;
use crate::runtime::events::EventBus;
use crate::runtime::links::Links;
use crate::runtime::telemetry::Metrics;
pub(crate) use desks::Dispatch;
pub(crate) use late::LateSounds;
pub(crate) use pictures::Pictures;
pub(crate) use status::{ChannelState, ChannelStatus};
pub(crate) use trial::send_test;
pub(crate) use videos::Videos;

/// What all channels share.
pub(crate) struct Common {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) links: Links,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) videos: Videos,
    pub(crate) pictures: Pictures,
    pub(crate) events: EventBus,
    pub(crate) modes: Modes,
    pub(crate) clock: Clock,
    pub(crate) actions: Actions,
    pub(crate) late_sounds: LateSounds,
}

impl Common {
    /// Adds what the spool does not know: links to the files, and how the route wants it told.
    fn dress(&self, due: &mut DueDelivery) {
        self.links.fill_in(&mut due.alert);
        let rules = self.modes.rules.now();
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
            tracing::warn!(route, %error, "A template failed; the alert has its usual words.");
        }
        // A sound for what is new; what belongs to it, and what is counted, comes silently.
        alert.manner.silent |= alert.kind != AlertKind::First;
        if alert.kind == AlertKind::Report {
            alert.media = first_and_last(std::mem::take(&mut alert.media));
        }
        if alert.kind == AlertKind::Summary {
            alert.manner.title = None;
            alert.manner.text = Some(counted(alert.held, &time, alert.link.as_deref()));
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

/// What a report shows: of the first arrival the first picture, of the last the last.
fn first_and_last(media: Vec<AlertMedia>) -> Vec<AlertMedia> {
    let mut pictures = media.into_iter().filter(|it| it.media.kind == MediaKind::Picture);
    let first = pictures.next();
    first.into_iter().chain(pictures.next_back()).collect()
}

/// What a summary says.
fn counted(held: u64, since: &ZonedDateTime, link: Option<&str>) -> String {
    let link = link.map(|link| format!("\n{link}")).unwrap_or_default();
    let time = since.strftime("%H:%M");
    format!("{held} more since {time}. They are kept, and not told one by one.{link}")
}
