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
use super::super::api::channels::with_figures;
use super::super::api::home_state::{self, HomeState};
use super::super::bar_chart::{Bar, bars, listed};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::reader_clock::{ReaderClock, span};
use super::super::reader_language::{text, texts};
use crate::disk::{DiskState, size_in};
use crate::dispatch::ChannelState;

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
        wants.push(text("overview-no-channel-yet").to_string());
    }
    for (status, _) in &channels {
        let what = match (&status.state, status.paused) {
            (_, true) => text("overview-wants-paused"),
            (ChannelState::Failing { .. }, false) => text("overview-wants-failing"),
            (ChannelState::Fine, false) => continue,
        };
        wants.push(what.words("name", &status.name).to_string());
    }
    for (status, _) in &channels {
        let repair = status.repair.as_ref();
        wants.extend(repair.map(|repair| {
            let what = text("overview-wants-repair").words("name", &status.name);
            what.words("repair", repair).to_string()
        }));
    }
    for (status, figures) in channels.iter().filter(|(_, figures)| figures.failed > 0) {
        let what = text("overview-wants-failed").words("name", &status.name);
        wants.push(what.count(figures.failed).to_string());
    }
    for device in state.spool.inactive_devices(now, false).await? {
        wants.push(text("overview-wants-inactive").words("name", device.name).to_string());
    }
    if disk_state.is_filled_by_others() {
        let (free, kept) = (size_on_disk(disk_state.free), size_on_disk(disk_state.min_free));
        let what = text("overview-wants-disk").words("free", free).words("kept", kept);
        wants.push(what.to_string());
    }
    let HomeState { mode, modes, .. } = home_state::read(&state, now).await?;
    let muted_until = state.spool.muted_until().await?.filter(|until| *until > now);
    let configuration = state.configuration.borrow().clone();
    for key in &configuration.needs_restart {
        wants.push(text("overview-wants-restart").words("key", key).to_string());
    }
    page(&OverviewPage {
        layout,
        wants,
        mode,
        modes,
        muted_until: muted_until.map(|until| clock.full(until)),
        bars: bars(&counts, HEIGHT),
        bars_say: text("overview-bars").words("list", listed(&counts)).to_string(),
        last_hour: counts.last().copied().unwrap_or(0),
        last_day: counts.iter().rev().take(24).sum(),
        stored: size(stats.blob_bytes),
        disk: disk_use(&disk_state),
        oldest: match figures.oldest {
            None => text("overview-none-stored").to_string(),
            Some(at) => clock.day(at),
        },
        channels: channels
            .iter()
            .map(|(status, figures)| {
                let latency = figures.latency;
                let median = match latency {
                    None => text("overview-unknown").to_string(),
                    Some((half, _)) => span(half),
                };
                (status.name.clone(), median)
            })
            .collect(),
        configuration: match &configuration.path {
            Some(path) => {
                let file = text("overview-configuration-read").words("path", path.display());
                file.words("time", clock.ago(configuration.loaded_at)).to_string()
            }
            None => text("overview-configuration-none").to_string(),
        },
    })
}

/// A size in the reader's language.
fn size_on_disk(bytes: u64) -> String {
    size_in(texts(), bytes)
}

/// How full the disk is.
fn disk_use(disk: &DiskState) -> String {
    let use_of_disk = match disk.usage.locked_incidents {
        0 => text("overview-disk-use"),
        locked => {
            let locked_size = size_on_disk(disk.usage.locked);
            text("overview-disk-use-locked").words("locked", locked_size).count(locked)
        }
    };
    let of_tipoff = use_of_disk.words("used", size_on_disk(disk.used()));
    let of_tipoff = of_tipoff.words("max", size_on_disk(disk.max_size));
    let whole = of_tipoff.words("free", size_on_disk(disk.free));
    whole.words("kept", size_on_disk(disk.min_free)).to_string()
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

#[cfg(test)]
mod tests {
    use tipoff_model::Language;

    use super::super::super::reader_language::tests::read_in;
    use super::*;

    #[test]
    fn the_use_of_the_disk_in_words() {
        let mut disk = DiskState {
            under_way: 3_100_000_000,
            max_size: 20_000_000_000,
            free: 9_000_000_000,
            min_free: 200_000_000,
            ..DiskState::default()
        };
        assert_eq!(disk_use(&disk), "3.1 GB of 20.0 GB; 9.0 GB free, 200 MB kept free");
        (disk.usage.locked, disk.usage.locked_incidents) = (20_000_000, 2);
        let locked = "3.1 GB of 20.0 GB, 20 MB in 2 locked; 9.0 GB free, 200 MB kept free";
        assert_eq!(disk_use(&disk), locked);
        let german = read_in(Language::German, || disk_use(&disk));
        assert!(german.starts_with("3,1 GB von 20,0 GB, 20 MB"), "{german}");
    }
}
