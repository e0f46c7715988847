//! The channels: how they stand, what waits, a test, rest.

use askama::Template;
use axum::extract::State;
use tipoff_spool::ChannelFigures;

use super::super::AppState;
use super::super::api::channels::{standing, word};
use super::super::clock::{Clock, span};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use crate::dispatch::{ChannelState, ChannelStatus};
use crate::runtime::percent::encode;

#[derive(Template)]
#[template(path = "channels.html")]
struct ChannelsPage {
    layout: Layout,
    channels: Vec<Row>,
}

struct Row {
    name: String,
    /// The name as it stands in an address.
    part: String,
    kind: &'static str,
    state: &'static str,
    look: &'static str,
    paused: bool,
    failing: Option<String>,
    waiting: String,
    today: String,
    latency: String,
    repair: Option<String>,
    last_error: Option<String>,
}

pub(super) async fn list(State(state): State<AppState>, layout: Layout, clock: Clock) -> Page {
    let standing = standing(&state, clock.today()).await?;
    let channels = standing.iter().map(|(status, figures)| row(status, figures, &clock));
    page(&ChannelsPage { layout, channels: channels.collect() })
}

fn row(status: &ChannelStatus, figures: &ChannelFigures, clock: &Clock) -> Row {
    let state = word(status);
    let failing = match &status.state {
        ChannelState::Failing { since, error, next_try, .. } => Some(format!(
            "{error}. Failing since {}; next attempt at {}.",
            clock.second(*since),
            clock.second(*next_try),
        )),
        ChannelState::Fine => None,
    };
    let since = figures.waiting_since.filter(|_| figures.pending > 0);
    Row {
        name: status.name.clone(),
        part: encode(&status.name),
        kind: status.kind,
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
