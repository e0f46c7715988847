//! The channels: state, waiting deliveries, test, pause.
//!
//! The supervisor of `dispatch` knows the state of a channel, the spool counts its deliveries. Buttons call the API
//! (`api/channels.rs`), which also combines the two.

use askama::Template;
use axum::extract::State;
use tipoff_spool::ChannelFigures;

use tipoff_model::percent_encoded;

use super::super::AppState;
use super::super::api::channels::{state_word, with_figures};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::problem::Problem;
use super::super::reader_clock::{ReaderClock, span};
use crate::config::added::{AddedChannel, Additions};
use crate::config::added_document::{AddedDocument, name_of};
use crate::dispatch::{ChannelState, ChannelStatus};

#[derive(Template)]
#[template(path = "channels.html")]
struct ChannelsPage {
    layout: Layout,
    channels: Vec<ChannelRow>,
    /// Added channels that are not in use, and why.
    inactive: Vec<InactiveRow>,
    /// The fault of the added channels, if they have one.
    fault: Option<String>,
}

/// A channel that was added here and is not in use.
struct InactiveRow {
    name: String,
    part: String,
    /// Why it is not in use.
    reason: &'static str,
}

/// A channel, as the page shows it.
struct ChannelRow {
    name: String,
    /// The name, percent-encoded.
    part: String,
    /// The service, such as `telegram`.
    kind: &'static str,
    /// Whether it was added here.
    is_added: bool,
    /// Whether it was added here and no route names it, so that it gets no alerts.
    is_unused: bool,
    /// `fine`, `failing` or `paused`.
    state: &'static str,
    /// The class of the state's mark.
    look: &'static str,
    paused: bool,
    /// Why it fails, since when, and when it is tried again.
    failing: Option<String>,
    /// Number of pending deliveries, and since when the oldest of them waits.
    waiting: String,
    /// Deliveries since midnight in the reader's zone, with those that ended without success.
    today: String,
    /// Median time and 95th percentile from arrival to delivery.
    latency: String,
    /// What is missing in the configuration if alerts are delivered without a part.
    repair: Option<String>,
    /// The latest error and when it happened, also of a channel that works again.
    last_error: Option<String>,
}

/// All channels of the configuration, in its order.
pub(in super::super) async fn list(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
) -> Page {
    let channels = with_figures(&state, clock.today()).await?;
    let added = state.configuration.borrow().added.clone();
    let rows = channels.iter().map(|(status, figures)| {
        let is = |it: &&AddedChannel| it.is_active && it.name == status.name;
        let of_added = added.channels.iter().find(is);
        let is_added = layout.is_owner && of_added.is_some();
        let is_unused = of_added.is_some_and(|it| !it.is_routed);
        ChannelRow { is_added, is_unused, ..row(status, figures, &clock) }
    });
    let channels = rows.collect();
    let fault = added.fault.as_ref().map(|fault| match layout.is_owner {
        true => fault.text.clone(),
        false => "Only owners see the details.".to_owned(),
    });
    let inactive = inactive(&state, &added).await?;
    page(&ChannelsPage { layout, channels, inactive, fault })
}

/// The added channels that are not in use: all of them, if one has a fault.
async fn inactive(state: &AppState, added: &Additions) -> Result<Vec<InactiveRow>, Problem> {
    let row = |name: &str, reason| InactiveRow {
        name: name.to_owned(),
        part: percent_encoded(name),
        reason,
    };
    if added.fault.is_some() {
        let document = state.spool.added_configuration().await?.document;
        let Ok(document) = AddedDocument::parse(&document) else {
            return Ok(Vec::new());
        };
        let names = document.channels().filter_map(name_of);
        return Ok(names.map(|name| row(name, "One of the added channels has a fault.")).collect());
    }
    let reason = "The configuration file has a channel of this name, which is used instead.";
    let shadowed = added.channels.iter().filter(|it| !it.is_active);
    Ok(shadowed.map(|it| row(&it.name, reason)).collect())
}

/// A channel in words. Times are in the reader's zone.
fn row(status: &ChannelStatus, figures: &ChannelFigures, clock: &ReaderClock) -> ChannelRow {
    let state = state_word(status);
    let failing = match &status.state {
        ChannelState::Failing { since, error, next_try, .. } => Some(format!(
            "{error}. Failing since {}; next attempt at {}.",
            clock.second(*since),
            clock.second(*next_try),
        )),
        ChannelState::Fine => None,
    };
    let since = figures.waiting_since.filter(|_| figures.pending > 0);
    ChannelRow {
        name: status.name.clone(),
        part: percent_encoded(&status.name),
        kind: status.kind,
        is_added: false,
        is_unused: false,
        state,
        look: match state {
            "fine" => "ok",
            "paused" => "wait",
            _ => "bad",
        },
        paused: status.paused,
        failing,
        waiting: match since {
            Some(since) => format!("{}, since {}", figures.pending, clock.ago(since)),
            None => figures.pending.to_string(),
        },
        today: match figures.failed {
            0 => figures.delivered.to_string(),
            failed => format!("{}, {failed} refused or expired", figures.delivered),
        },
        latency: figures.latency.map_or_else(
            || "unknown".to_owned(),
            |(half, most)| format!("{} (95th percentile: {})", span(half), span(most)),
        ),
        repair: status.repair.as_ref().map(|repair| format!("Alerts are {repair}.")),
        last_error: figures
            .last_error
            .as_ref()
            .map(|(at, error)| format!("{}: {error}", clock.ago(*at))),
    }
}
