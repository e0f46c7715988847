//! The timeline: incidents as a grid of pictures by day, the newest first.
//!
//! The filter is [`IncidentQuery`], the same as the API's. A card is also what the script fetches for a single incident
//! (`only`) when an event announces it, so a live page and a fresh one show the same markup.

use askama::Template;
use axum::extract::State;
use tipoff_model::{DeliveryState, Event};
use tipoff_spool::{DeviceFilter, Dismissal, IncidentLine, Lock};

use super::super::access::Principal;
use super::super::extract::Query;
use super::super::incident_query::{IncidentPage, IncidentQuery};
use super::super::incident_types::thumbnail_url;
use super::super::last_night::LastNight;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::page_parts::{Choice, Mark};
use super::super::problem::Problem;
use super::super::reader_clock::{ReaderClock, length};
use super::super::reader_language::{Text, text};
use super::super::suppressed_reason::suppressed_reason;
use super::super::{AppState, labels};
use super::review::{mark_of, marks as marks_of_reader};
use crate::runtime::utc::utc;

/// Devices that the filter offers.
const DEVICES_MAX: u32 = 500;

#[derive(Template)]
#[template(path = "timeline.html")]
struct TimelinePage {
    layout: Layout,
    /// The filter, so that the form shows it again.
    query: IncidentQuery,
    /// Choices of the filter.
    devices: Vec<Choice>,
    events: Vec<Choice>,
    channels: Vec<Choice>,
    states: Vec<Choice>,
    /// Unseen, starred, locked.
    shows: Vec<Choice>,
    /// The link to the review, on the first page without a filter.
    last_night: Option<LastNight>,
    days: Vec<Day>,
    /// Address of the next page.
    older: Option<String>,
    /// How far back unseen incidents were looked for, if not in all.
    searched_since: Option<String>,
    /// Whether alerts are sent to nobody: there is no channel yet.
    lacks_channel: bool,
}

/// The incidents that began on one day of the reader's zone.
struct Day {
    /// `2026-11-24`
    date: String,
    /// `Today`, `Yesterday`, or the date in words.
    label: String,
    cards: Vec<Card>,
}

/// An incident in the grid.
pub(in super::super) struct Card {
    pub(in super::super) id: i64,
    /// What follows the number in the address of its page: the filter of the list.
    pub(in super::super) context: String,
    /// Whether the reader has not seen it. Lists without marks have none.
    pub(in super::super) is_unseen: bool,
    /// What happened: the event, or the first subject.
    pub(in super::super) title: String,
    pub(in super::super) device: String,
    /// The day's label, under which the script places a card that is new.
    pub(in super::super) day: String,
    /// `14:05`
    pub(in super::super) time: String,
    /// The same in RFC 3339, for the `time` element.
    pub(in super::super) began_at: String,
    /// Address of the cover's thumbnail. `None` if there is no picture or video.
    pub(in super::super) thumbnail: Option<String>,
    /// Number of pictures and length of the video, drawn on the thumbnail.
    pub(in super::super) badge: String,
    /// The badge in words, for screen readers.
    pub(in super::super) spoken: String,
    /// Channels and states below the thumbnail.
    pub(in super::super) marks: Vec<Mark>,
}

/// One page of the timeline, and the address of the next one.
pub(in super::super) async fn timeline(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    principal: Principal,
    Query(query): Query<IncidentQuery>,
) -> Page {
    let reader = principal.reader();
    let IncidentPage { lines, before, searched_since } =
        query.read(&*state.spool, &clock, reader.as_ref()).await?;
    let last_night = match query.is_whole_and_new() {
        true => LastNight::read(&state, &clock, reader.clone()).await?,
        false => None,
    };
    let has_marks = reader.is_some();
    let marks = marks_of_reader(&state, reader, &lines).await?;
    let context = match query.to_address() {
        address if address.is_empty() => address,
        address => format!("?{address}"),
    };
    let listed = |line: &IncidentLine| Card {
        context: context.clone(),
        is_unseen: has_marks && !mark_of(&marks, line.id).is_seen,
        ..card(line, &clock)
    };
    let older = before.map(|before| {
        let address = query.to_address();
        let separator = if address.is_empty() { "" } else { "&" };
        format!("./?{address}{separator}before={before}")
    });
    page(&TimelinePage {
        layout,
        devices: devices(&state, query.device).await?,
        events: events(query.event.as_deref()),
        channels: state
            .channel_names()
            .into_iter()
            .map(|name| choice(&name, &name, query.channel.as_deref()))
            .collect(),
        states: states(query.state.as_deref()),
        shows: shows(query.show.as_deref(), has_marks),
        last_night,
        days: days(&lines, &clock, listed),
        older,
        searched_since: searched_since.map(|at| clock.full(at)),
        lacks_channel: state.channel_names().is_empty(),
        query,
    })
}

/// A choice, chosen if its value is the one in the address.
fn choice(value: &str, text: &str, chosen: Option<&str>) -> Choice {
    Choice { value: value.to_owned(), text: text.to_owned(), chosen: chosen == Some(value) }
}

/// Devices by name; the first 500 that were seen last.
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

/// All kinds of events. What no vendor file recognises is a kind too.
fn events(chosen: Option<&str>) -> Vec<Choice> {
    let event = |event: &Event| choice(event.as_str(), &labels::event(*event), chosen);
    Event::ALL.iter().map(event).collect()
}

/// All states of a delivery.
fn states(chosen: Option<&str>) -> Vec<Choice> {
    let state = |state: &DeliveryState| choice(state.as_str(), &labels::state(*state), chosen);
    DeliveryState::ALL.iter().map(state).collect()
}

/// Marks that people set. Their own ones are for those who have marks.
fn shows(chosen: Option<&str>, has_marks: bool) -> Vec<Choice> {
    let own = [("unseen", text("night-unseen")), ("starred", text("night-starred"))];
    let all = own.into_iter().filter(|_| has_marks).chain([("locked", text("night-locked"))]);
    all.map(|(name, text)| choice(name, &text.to_string(), chosen)).collect()
}

/// Groups incidents by day. They are in the order of the list, so equal days are adjacent.
fn days(
    lines: &[IncidentLine],
    clock: &ReaderClock,
    card: impl Fn(&IncidentLine) -> Card,
) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for line in lines {
        let date = clock.date(line.began_at);
        if days.last().is_none_or(|day| day.date != date) {
            let label = clock.day(line.began_at);
            days.push(Day { date, label, cards: Vec::new() });
        }
        if let Some(day) = days.last_mut() {
            day.cards.push(card(line));
        }
    }
    days
}

/// The card of an incident.
pub(in super::super) fn card(line: &IncidentLine, clock: &ReaderClock) -> Card {
    Card {
        id: line.id.0,
        context: String::new(),
        is_unseen: false,
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

/// The badge on the picture: number of pictures, and length of the video.
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

/// Why no alert was sent, marks that people set, and for each channel that lacks an alert the state that needs attention
/// most. What is delivered is the rule, and is not marked.
fn marks(line: &IncidentLine) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let said = |text: Text<'_>, says: String| Mark { text: text.to_string(), look: "", says };
    if line.silent {
        let says = text("incident-suppressed-means").to_string();
        marks.push(said(text("incident-suppressed"), says));
    }
    match suppressed_reason(line) {
        _ if line.silent => {}
        Some(why) if line.muted => marks.push(said(text("incident-muted"), why)),
        Some(why) => marks.push(said(text("incident-suppressed"), why)),
        None => {}
    }
    if let Some(Dismissal { by, .. }) = &line.dismissed {
        let says = text("incident-not-interesting-by").words("by", by).to_string();
        marks.push(said(text("incident-not-interesting"), says));
    }
    if let Some(Lock { by, .. }) = &line.locked {
        let says = text("incident-locked-by").words("by", by).to_string();
        marks.push(said(text("incident-locked"), says));
    }
    let mut channels: Vec<&str> = Vec::new();
    for (channel, ..) in &line.deliveries {
        if !channels.contains(&channel.as_str()) {
            channels.push(channel);
        }
    }
    for channel in channels {
        let of_channel = line.deliveries.iter().filter(|(name, ..)| name == channel);
        if let Some(state) = labels::worst(of_channel.map(|(_, state, _)| *state))
            && state != DeliveryState::Delivered
        {
            let (look, says) = (labels::look(state), labels::state(state));
            marks.push(Mark { text: channel.to_owned(), look, says });
        }
    }
    marks
}
