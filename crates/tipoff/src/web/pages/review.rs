//! The review: a night or a day at a glance. A strip counts its incidents by hour, device and event; below it are the
//! pictures, the most important event first.
//!
//! The page reads without a script. With one, `review.js` opens pictures large, moves by swipes and keys, and marks what was
//! looked at. `data-live` parts and new pictures appear as on other pages.

mod calendar;
mod strip;

use askama::Template;
use axum::extract::State;
use tipoff_model::IncidentId;
use tipoff_spool::{IncidentLine, Mark, Reader};

use super::super::access::Principal;
use super::super::extract::Query;
use super::super::incident_types::{file_url, thumbnail_url};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::{Text, text};
use super::super::review_query::{ReviewQuery, ReviewView, Show};
use super::super::{AppState, labels};
use crate::runtime::utc::utc;
use calendar::Calendar;
use strip::{Chip, Strip};

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    layout: Layout,
    /// `Night of Thursday, 26 November`
    period: String,
    earlier: Option<String>,
    later: Option<String>,
    calendar: Calendar,
    strip: Strip,
    /// Unseen, all, starred.
    shows: Vec<Chip>,
    /// By importance, by time.
    orders: Vec<Chip>,
    cards: Vec<ReviewCard>,
    /// Address of the next page.
    more: Option<String>,
    /// Number of unseen incidents in what is shown.
    unseen: u64,
    /// Whether the reader has marks of their own.
    has_marks: bool,
    /// The request of "mark all as seen": the period in RFC 3339, and what it is narrowed to.
    from: String,
    until: String,
    device: Option<i64>,
    event: Option<&'static str>,
    /// The newest incident when the page was made.
    up_to: i64,
}

/// An incident with a large picture.
struct ReviewCard {
    id: i64,
    title: String,
    /// The event's sign and the class of its colour.
    sign: &'static str,
    device: String,
    time: String,
    began_at: String,
    /// Address of the incident's page, which goes on to the next one of the review.
    link: String,
    thumbnail: Option<String>,
    /// The picture as it was received. `None` for a video.
    full: Option<String>,
    /// `3 pictures, 1 video (0:12)`
    counted: String,
    /// Whether its cover is a video.
    is_video: bool,
    is_locked: bool,
    is_seen: bool,
    is_starred: bool,
}

/// The review of a night or a day.
pub(in super::super) async fn review(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    principal: Principal,
    Query(query): Query<ReviewQuery>,
) -> Page {
    let mut view = query.view(&clock)?;
    let reader = principal.reader();
    let counts = state.spool.hour_counts(reader.clone(), view.period()).await?;
    let of_view = || counts.counts.iter().filter(|count| view.has(count));
    let total: u64 = of_view().map(|count| count.count).sum();
    let unseen: u64 = of_view().map(|count| count.unseen).sum();
    // Links keep what was asked for, not what it became.
    let asked = view.clone();
    if view.show.is_none() {
        view.show = Some(if unseen > 0 && reader.is_some() { Show::Unseen } else { Show::All });
    }
    let known = (!counts.is_cut).then_some(&*counts.counts);
    let (lines, has_more) = view.read(&*state.spool, reader.as_ref(), known).await?;
    let marks = marks(&state, reader.clone(), &lines).await?;
    let more = lines
        .last()
        .filter(|_| has_more)
        .map(|last| view.link(|next| next.after = Some((last.event, last.id))));
    let narrowed = view.narrowed();
    page(&ReviewPage {
        layout,
        period: view.period.label(),
        earlier: view.period.before().map(|period| other_period(&asked, period)),
        later: view.period.after(&clock).map(|period| other_period(&asked, period)),
        calendar: Calendar::read(&state, &asked, &clock).await?,
        strip: Strip::new(&asked, &counts, &clock),
        shows: shows(&view, reader.is_some(), unseen, total),
        orders: orders(&view),
        cards: cards(&view, &lines, &marks, &clock),
        more,
        unseen,
        has_marks: reader.is_some(),
        from: utc(narrowed.from),
        until: utc(narrowed.until),
        device: narrowed.device.map(|device| device.0),
        event: narrowed.event.map(|event| event.as_str()),
        up_to: newest(&state).await?,
    })
}

/// A link to another night or day, with the same choice of what is shown.
fn other_period(view: &ReviewView, period: super::super::review_period::ReviewPeriod) -> String {
    view.link(|view| {
        view.period = period;
        view.hour = None;
    })
}

/// The newest incident.
async fn newest(state: &AppState) -> Result<i64, Problem> {
    Ok(state.spool.newest().await?.incident.0)
}

/// The reader's marks on these incidents.
pub(in super::super) async fn marks(
    state: &AppState,
    reader: Option<Reader>,
    lines: &[IncidentLine],
) -> Result<Vec<(IncidentId, Mark)>, Problem> {
    let Some(reader) = reader else { return Ok(Vec::new()) };
    let ids = lines.iter().map(|line| line.id).collect();
    Ok(state.spool.marks(reader, ids).await?)
}

/// The mark of an incident among these.
pub(in super::super) fn mark_of(marks: &[(IncidentId, Mark)], id: IncidentId) -> Mark {
    let mark = marks.iter().find(|(incident, _)| *incident == id);
    mark.map(|(_, mark)| *mark).unwrap_or_default()
}

fn shows(view: &ReviewView, has_marks: bool, unseen: u64, total: u64) -> Vec<Chip> {
    if !has_marks {
        return Vec::new();
    }
    let chip = |show, label: Text<'_>, count| Chip {
        text: label.to_string(),
        sign: None,
        count,
        link: view.link(|view| view.show = Some(show)),
        is_chosen: view.show == Some(show),
    };
    vec![
        chip(Show::Unseen, text("review-unseen"), Some(unseen)),
        chip(Show::All, text("review-all"), Some(total)),
        chip(Show::Starred, text("review-starred"), None),
    ]
}

fn orders(view: &ReviewView) -> Vec<Chip> {
    let chip = |is_by_time: bool, label: Text<'_>| Chip {
        text: label.to_string(),
        sign: None,
        count: None,
        link: view.link(|view| view.is_by_time = is_by_time),
        is_chosen: view.is_by_time == is_by_time,
    };
    let (importance, time) = (text("review-most-important-first"), text("review-newest-first"));
    vec![chip(false, importance), chip(true, time)]
}

fn cards(
    view: &ReviewView,
    lines: &[IncidentLine],
    marks: &[(IncidentId, Mark)],
    clock: &ReaderClock,
) -> Vec<ReviewCard> {
    let context = view.link(|view| view.after = None).replacen("review?", "?in=review&", 1);
    let card = |line: &IncidentLine| {
        let Mark { is_seen, is_starred } = mark_of(marks, line.id);
        let picture = line.cover.filter(|cover| !cover.video);
        ReviewCard {
            id: line.id.0,
            title: labels::title(line.event, &line.subject),
            sign: labels::sign(line.event),
            device: line.device.clone(),
            time: clock.minute(line.began_at),
            began_at: utc(line.began_at),
            link: format!("incidents/{}{context}", line.id),
            thumbnail: line.cover.map(|cover| thumbnail_url(cover.place)),
            full: picture.map(|cover| file_url(cover.place)),
            counted: labels::counted(line),
            is_video: line.cover.is_some_and(|cover| cover.video),
            is_locked: line.locked.is_some(),
            is_seen,
            is_starred,
        }
    };
    lines.iter().map(card).collect()
}
