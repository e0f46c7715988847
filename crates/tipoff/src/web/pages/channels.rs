//! The channels: state, waiting deliveries, test, pause.
//!
//! The supervisor of `dispatch` knows the state of a channel, the spool counts its deliveries. Buttons call the API
//! (`api/channels.rs`), which also combines the two.

use askama::Template;
use askama::filters::Safe;
use axum::extract::State;
use tipoff_spool::ChannelFigures;

use tipoff_model::percent_encoded;

use super::super::AppState;
use super::super::api::channels::{state_word, with_figures};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::problem::Problem;
use super::super::reader_clock::{ReaderClock, span};
use super::super::reader_language::{sentence, text};
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
    reason: String,
}

/// A channel, as the page shows it.
struct ChannelRow {
    name: String,
    /// The name, percent-encoded.
    part: String,
    /// The name of the service.
    service: &'static str,
    /// Whether it was added here.
    is_added: bool,
    /// Whether it was added here and no route names it, so that it gets no alerts.
    is_unused: bool,
    /// Whether it works, fails or is paused, in words.
    state: String,
    /// The class of the state's mark.
    look: &'static str,
    paused: bool,
    /// Why it fails, since when, and when it is tried again.
    failing: Option<Safe<String>>,
    /// Number of pending deliveries, and since when the oldest of them waits.
    waiting: String,
    /// Deliveries since midnight in the reader's zone, with those that ended without success.
    today: String,
    /// Median time and 95th percentile from arrival to delivery.
    latency: String,
    /// What is missing in the configuration if alerts are delivered without a part.
    repair: Option<Safe<String>>,
    /// The latest error and when it happened, also of a channel that works again.
    last_error: Option<Safe<String>>,
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
        false => text("layout-fault-owners").to_string(),
    });
    let inactive = inactive(&state, &added).await?;
    page(&ChannelsPage { layout, channels, inactive, fault })
}

/// The added channels that are not in use: all of them, if one has a fault.
async fn inactive(state: &AppState, added: &Additions) -> Result<Vec<InactiveRow>, Problem> {
    let row = |name: &str, reason: &str| InactiveRow {
        name: name.to_owned(),
        part: percent_encoded(name),
        reason: reason.to_owned(),
    };
    if added.fault.is_some() {
        let document = state.spool.added_configuration().await?.document;
        let Ok(document) = AddedDocument::parse(&document) else {
            return Ok(Vec::new());
        };
        let names = document.channels().filter_map(name_of);
        let reason = text("channel-one-has-fault").to_string();
        return Ok(names.map(|name| row(name, &reason)).collect());
    }
    let reason = text("channel-shadowed").to_string();
    let shadowed = added.channels.iter().filter(|it| !it.is_active);
    Ok(shadowed.map(|it| row(&it.name, &reason)).collect())
}

/// A channel in words. Times are in the reader's zone.
fn row(status: &ChannelStatus, figures: &ChannelFigures, clock: &ReaderClock) -> ChannelRow {
    let state = state_word(status);
    let failing = match &status.state {
        ChannelState::Failing { since, error, next_try, .. } => Some(
            text("channel-failing")
                .words("error", error)
                .words("since", clock.second(*since))
                .words("next", clock.second(*next_try))
                .html(),
        ),
        ChannelState::Fine => None,
    };
    let since = figures.waiting_since.filter(|_| figures.pending > 0);
    ChannelRow {
        name: status.name.clone(),
        part: percent_encoded(&status.name),
        service: tipoff_channels::entry(status.kind).map_or(status.kind, |it| sentence(it.name)),
        is_added: false,
        is_unused: false,
        state: match state {
            "fine" => text("channel-state-fine"),
            "paused" => text("channel-state-paused"),
            _ => text("channel-state-failing"),
        }
        .to_string(),
        look: match state {
            "fine" => "ok",
            "paused" => "wait",
            _ => "bad",
        },
        paused: status.paused,
        failing,
        waiting: match since {
            Some(since) => text("channel-waiting-since")
                .words("number", figures.pending)
                .words("time", clock.ago(since))
                .to_string(),
            None => figures.pending.to_string(),
        },
        today: match figures.failed {
            0 => figures.delivered.to_string(),
            failed => text("channel-today-failed")
                .words("number", figures.delivered)
                .words("failed", failed)
                .to_string(),
        },
        latency: match figures.latency {
            None => text("channel-latency-unknown"),
            Some((half, most)) => {
                text("channel-latency-figures").words("half", span(half)).words("most", span(most))
            }
        }
        .to_string(),
        repair: status
            .repair
            .as_ref()
            .map(|repair| text("channel-repair").words("repair", repair).html()),
        last_error: figures.last_error.as_ref().map(|(at, error)| {
            text("channel-error-at").words("time", clock.ago(*at)).words("error", error).html()
        }),
    }
}
