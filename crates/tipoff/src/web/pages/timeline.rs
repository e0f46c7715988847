//! The timeline: incidents as a grid of pictures by day, newest first.

use askama::Template;
use axum::extract::State;
use tipoff_model::{DeliveryState, Event};
use tipoff_spool::{DeviceFilter, Dismissal, IncidentLine, Lock};

use super::super::api_types::thumbnail_url;
use super::super::clock::{Clock, length};
use super::super::extract::Query;
use super::super::incident_query::IncidentQuery;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::problem::Problem;
use super::super::{AppState, labels};
use super::{Choice, Mark};
use crate::runtime::utc::utc;

/// Devices that the filter offers.
const DEVICES_MAX: u32 = 500;

#[derive(Template)]
#[template(path = "timeline.html")]
struct Timeline {
    layout: Layout,
    query: IncidentQuery,
    devices: Vec<Choice>,
    events: Vec<Choice>,
    channels: Vec<Choice>,
    states: Vec<Choice>,
    days: Vec<Day>,
    /// Where the page goes on.
    older: Option<String>,
}

struct Day {
    /// `2026-11-24`
    date: String,
    label: String,
    cards: Vec<Card>,
}

pub(super) struct Card {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) device: String,
    pub(super) day: String,
    pub(super) time: String,
    pub(super) began_at: String,
    pub(super) thumbnail: Option<String>,
    pub(super) badge: String,
    pub(super) spoken: String,
    pub(super) marks: Vec<Mark>,
}

pub(super) async fn timeline(
    State(state): State<AppState>,
    layout: Layout,
    clock: Clock,
    Query(query): Query<IncidentQuery>,
) -> Page {
    let (filter, limit) = (query.filter(&clock)?, query.limit()?);
    let mut lines = state.spool.incidents(&filter, limit + 1).await?;
    let older = (lines.len() > limit as usize).then(|| {
        lines.truncate(limit as usize);
        let address = query.to_address();
        let separator = if address.is_empty() { "" } else { "&" };
        let last = lines.last().map(|line| line.id.0).unwrap_or_default();
        format!("/?{address}{separator}before={last}")
    });
    page(&Timeline {
        layout,
        devices: devices(&state, query.device).await?,
        events: events(query.event.as_deref()),
        channels: state
            .channel_names()
            .into_iter()
            .map(|name| choice(&name, &name, query.channel.as_deref()))
            .collect(),
        states: states(query.state.as_deref()),
        days: days(&lines, &clock),
        older,
        query,
    })
}

fn choice(value: &str, text: &str, chosen: Option<&str>) -> Choice {
    Choice { value: value.to_owned(), text: text.to_owned(), chosen: chosen == Some(value) }
}

async fn devices(state: &AppState, chosen: Option<i64>) -> Result<Vec<Choice>, Problem> {
    let lines = state.spool.devices(&DeviceFilter::default(), DEVICES_MAX).await?;
    let chosen = chosen.map(|id| id.to_string());
    let mut choices: Vec<Choice> = lines
        .iter()
        .map(|line| choice(&line.id.to_string(), &line.name, chosen.as_deref()))
        .collect();
    choices.sort_by_key(|choice| choice.text.to_lowercase());
    Ok(choices)
}

fn events(chosen: Option<&str>) -> Vec<Choice> {
    let event =
        |event: &Event| choice(event.as_str(), event.title().unwrap_or("Not recognised"), chosen);
    Event::ALL.iter().map(event).collect()
}

fn states(chosen: Option<&str>) -> Vec<Choice> {
    let state = |state: &DeliveryState| choice(state.as_str(), labels::state(*state), chosen);
    DeliveryState::ALL.iter().map(state).collect()
}

fn days(lines: &[IncidentLine], clock: &Clock) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for line in lines {
        let date = clock.date(line.began_at);
        if days.last().is_none_or(|day| day.date != date) {
            let label = clock.day(line.began_at);
            days.push(Day { date, label, cards: Vec::new() });
        }
        if let Some(day) = days.last_mut() {
            day.cards.push(card(line, clock));
        }
    }
    days
}

pub(super) fn card(line: &IncidentLine, clock: &Clock) -> Card {
    Card {
        id: line.id.0,
        title: labels::title(line.event, &line.subject),
        device: line.device.clone(),
        day: clock.day(line.began_at),
        time: clock.minute(line.began_at),
        began_at: utc(line.began_at),
        thumbnail: line.cover.map(|cover| thumbnail_url(cover.place)),
        badge: badge(line),
        spoken: labels::counted(line),
        marks: marks(line),
    }
}

/// What stands on the picture: how many there are, and how long the video is.
fn badge(line: &IncidentLine) -> String {
    let mut parts = Vec::new();
    if line.pictures > 1 {
        parts.push(format!("{} ▣", line.pictures));
    }
    if line.videos > 0 {
        let known = !line.video_length.is_zero();
        parts.push(if known {
            format!("▶ {}", length(line.video_length))
        } else {
            "▶".to_owned()
        });
    }
    parts.join("  ")
}

/// Where it went, and what is special about it.
fn marks(line: &IncidentLine) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let said =
        |text: &str, says: &str| Mark { text: text.to_owned(), look: "", says: says.to_owned() };
    if line.silent {
        marks.push(said("suppressed", "stored, not alerted"));
    }
    match &line.suppressed_reason {
        _ if line.silent => {}
        Some(why) if line.muted => marks.push(said("muted", why)),
        Some(why) => marks.push(said("suppressed", why)),
        None => {}
    }
    if let Some(Dismissal { by, .. }) = &line.dismissed {
        marks.push(said("not interesting", &format!("no more alerts are sent: {by}")));
    }
    if let Some(Lock { by, .. }) = &line.locked {
        marks.push(said("locked", &format!("kept until it is unlocked: {by}")));
    }
    let mut channels: Vec<&str> = Vec::new();
    for (channel, ..) in &line.deliveries {
        if !channels.contains(&channel.as_str()) {
            channels.push(channel);
        }
    }
    for channel in channels {
        let of_channel = line.deliveries.iter().filter(|(name, ..)| name == channel);
        if let Some(state) = labels::worst(of_channel.map(|(_, state, _)| *state)) {
            let (look, says) = (labels::look(state), labels::state(state).to_owned());
            marks.push(Mark { text: channel.to_owned(), look, says });
        }
    }
    marks
}
