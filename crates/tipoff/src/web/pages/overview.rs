//! The overview: arrivals by hour, delivery times, what needs attention.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use tipoff_channels::size;
use tipoff_model::Timestamp;
use tipoff_spool::Figures;

use super::super::AppState;
use super::super::api::channels::{standing, word};
use super::super::api::home_state::{self, House};
use super::super::clock::{Clock, span};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::bar_chart::{Bar, bars, listed};
use crate::disk;

/// Hours that are shown.
const HOURS: u64 = 48;
const HOUR: Duration = Duration::from_secs(3600);
const HEIGHT: u64 = 100;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
    wants: Vec<String>,
    mode: Option<String>,
    modes: Vec<String>,
    muted_until: Option<String>,
    bars: Vec<Bar>,
    bars_say: String,
    last_hour: u64,
    last_day: u64,
    stored: String,
    disk: String,
    oldest: String,
    channels: Vec<(String, String)>,
    configuration: String,
}

pub(super) async fn overview(State(state): State<AppState>, layout: Layout, clock: Clock) -> Page {
    let now = clock.now();
    let since = now.before(HOUR * u32::try_from(HOURS - 1).unwrap_or(0));
    let figures = state.spool.figures(since, clock.today()).await?;
    let stats = state.spool.stats().await?;
    let standing_disk = state.disk.standing().await?;
    let counts = by_hour(&figures, since);
    let standing = standing(&state, clock.today()).await?;
    let mut wants = Vec::new();
    if standing.is_empty() {
        wants.push("No channel is configured: alerts are only shown here.".to_owned());
    }
    for (status, _) in standing.iter().filter(|(status, _)| word(status) != "fine") {
        wants.push(format!("The channel {} is {}.", status.name, word(status)));
    }
    for (status, _) in &standing {
        let repair = status.repair.as_ref();
        wants.extend(repair.map(|repair| format!("Alerts of {} are {repair}.", status.name)));
    }
    for (status, figures) in standing.iter().filter(|(_, figures)| figures.failed > 0) {
        let failed = figures.failed;
        wants.push(format!("{}: {failed} alerts were refused or expired today.", status.name));
    }
    for device in state.spool.inactive_devices(now, false).await? {
        wants.push(format!("{} is inactive.", device.name));
    }
    if standing_disk.is_filled_by_others() {
        let (free, kept) = (disk::size(standing_disk.free), disk::size(standing_disk.min_free));
        wants.push(format!(
            "The disk is full: {free} free, {kept} required. The oldest incidents are removed; free some space."
        ));
    }
    let House { mode, modes, .. } = home_state::standing(&state, now).await?;
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
        disk: standing_disk.in_words(),
        oldest: figures.oldest.map_or_else(|| "nothing yet".to_owned(), |at| clock.day(at)),
        channels: standing
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
