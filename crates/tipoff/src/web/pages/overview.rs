//! The overview: what needs attention, arrivals by hour, delivery times, disk, configuration.
//!
//! It is the page to open when no alert arrives. It only counts and words what the spool, the channels' supervisor, the disk
//! check and the reload of the configuration report; each sentence under "needs attention" names one cause.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use tipoff_channels::size;
use tipoff_model::Timestamp;
use tipoff_spool::Figures;

use super::super::AppState;
use super::super::api::channels::{state_word, with_figures};
use super::super::api::home_state::{self, HomeState};
use super::super::bar_chart::{Bar, bars, listed};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::reader_clock::{ReaderClock, span};
use crate::disk;

/// Hours that the chart shows, the present one included.
const HOURS: u64 = 48;
const HOUR: Duration = Duration::from_secs(3600);
/// Height of the chart, in units of its drawing.
const HEIGHT: u64 = 100;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
    /// Sentences about what needs attention; empty if all is well.
    wants: Vec<String>,
    /// The current home mode. `None` if no modes are configured.
    mode: Option<String>,
    /// All modes, one button each.
    modes: Vec<String>,
    /// Until when all alerts are muted.
    muted_until: Option<String>,
    /// Arrivals of each hour.
    bars: Vec<Bar>,
    /// The same in words, for screen readers.
    bars_say: String,
    /// Arrivals of the present hour.
    last_hour: u64,
    /// Arrivals of the last 24 hours.
    last_day: u64,
    /// Size of all stored files.
    stored: String,
    /// Free space, and how much of it is required.
    disk: String,
    /// Day of the oldest incident that is still stored.
    oldest: String,
    /// Each channel with its median time from arrival to delivery.
    channels: Vec<(String, String)>,
    /// Path of the configuration file, and when it was read.
    configuration: String,
}

/// Collects all of it at each request.
pub(in super::super) async fn overview(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
) -> Page {
    let now = clock.now();
    let since = now.before(HOUR * u32::try_from(HOURS - 1).unwrap_or(0));
    let figures = state.spool.figures(since, clock.today()).await?;
    let stats = state.spool.stats().await?;
    let disk_state = state.disk.standing().await?;
    let counts = by_hour(&figures, since);
    let channels = with_figures(&state, clock.today()).await?;
    let mut wants = Vec::new();
    if channels.is_empty() {
        wants.push("No channel is configured: alerts are only shown here.".to_owned());
    }
    for (status, _) in channels.iter().filter(|(status, _)| state_word(status) != "fine") {
        wants.push(format!("The channel {} is {}.", status.name, state_word(status)));
    }
    for (status, _) in &channels {
        let repair = status.repair.as_ref();
        wants.extend(repair.map(|repair| format!("Alerts of {} are {repair}.", status.name)));
    }
    for (status, figures) in channels.iter().filter(|(_, figures)| figures.failed > 0) {
        let failed = figures.failed;
        wants.push(format!("{}: {failed} alerts were refused or expired today.", status.name));
    }
    for device in state.spool.inactive_devices(now, false).await? {
        wants.push(format!("{} is inactive.", device.name));
    }
    if disk_state.is_filled_by_others() {
        let (free, kept) = (disk::size(disk_state.free), disk::size(disk_state.min_free));
        wants.push(format!(
            "The disk is full: {free} free, {kept} required. The oldest incidents are removed; free some space."
        ));
    }
    let HomeState { mode, modes, .. } = home_state::read(&state, now).await?;
    let muted_until = state.spool.muted_until().await?.filter(|until| *until > now);
    let configuration = state.configuration.borrow().clone();
    for key in &configuration.needs_restart {
        wants.push(format!("{key} was changed in the file and takes effect after a restart."));
    }
    page(&OverviewPage {
        layout,
        wants,
        mode,
        modes,
        muted_until: muted_until.map(|until| clock.full(until)),
        bars: bars(&counts, HEIGHT),
        bars_say: format!("arrivals of the last {HOURS} hours: {}", listed(&counts)),
        last_hour: counts.last().copied().unwrap_or(0),
        last_day: counts.iter().rev().take(24).sum(),
        stored: size(stats.blob_bytes),
        disk: disk_state.in_words(),
        oldest: figures.oldest.map_or_else(|| "nothing yet".to_owned(), |at| clock.day(at)),
        channels: channels
            .iter()
            .map(|(status, figures)| {
                let latency = figures.latency;
                let median = latency.map_or_else(|| "unknown".to_owned(), |(half, _)| span(half));
                (status.name.clone(), median)
            })
            .collect(),
        configuration: match &configuration.path {
            Some(path) => {
                format!("{}, read {}", path.display(), clock.ago(configuration.loaded_at))
            }
            None => "none; the defaults apply".to_owned(),
        },
    })
}

/// Arrivals of each hour up to this one.
fn by_hour(figures: &Figures, since: Timestamp) -> Vec<u64> {
    let first = since.as_ms().div_euclid(3_600_000);
    let mut counts = vec![0; usize::try_from(HOURS).unwrap_or(0)];
    for hour in &figures.hours {
        let index = usize::try_from(hour.at.as_ms().div_euclid(3_600_000) - first);
        if let Some(count) = index.ok().and_then(|index| counts.get_mut(index)) {
            *count = hour.arrivals;
        }
    }
    counts
}
