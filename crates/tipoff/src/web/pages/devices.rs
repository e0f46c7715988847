//! The devices: the list, and the page of one device.
//!
//! Names, mutes, inactivity alerts and merges are changed by the API (`api/devices.rs`). What the configuration file says of
//! a device takes precedence, so the page only offers what the file leaves open.

use std::time::Duration;

use askama::Template;
use askama::filters::Safe;
use axum::extract::State;
use serde::Deserialize;
use tipoff_model::{DeviceId, MediaPlace, Timestamp, percent_encoded};
use tipoff_rules::{Between, Schedule};
use tipoff_spool::{DeviceDetail, DeviceFilter, DeviceLine, DeviceUsage, IncidentFilter};

use super::super::AppState;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::api::devices::{DAYS, find};
use super::super::api::snapshots::picture_device;
use super::super::bar_chart::{Bar, bars, listed};
use super::super::device_changes::{is_removed, no_device, origin, require_removable};
use super::super::device_schedule::DeviceSchedule;
use super::super::extract::{Path, Query};
use super::super::incident_query::blank;
use super::super::incident_types::thumbnail_url;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::page_parts::Choice;
use super::super::problem::Problem;
use super::super::pulled_devices::{PullWords, failing_words, pull_words};
use super::super::reader_clock::{ReaderClock, span};
use super::super::reader_language::text;
use super::routing::days;
use super::timeline::{Card, card};

/// Devices on a page of the list.
const PAGE: u32 = 100;
/// Incidents that the page of a device shows.
const LATEST: u32 = 6;
/// Devices that the form for merging offers.
const OTHERS_MAX: u32 = 500;

#[derive(Template)]
#[template(path = "devices.html")]
struct DevicesPage {
    layout: Layout,
    /// The text of the search field.
    text: String,
    devices: Vec<DeviceRow>,
    /// Devices that are asked for their events and give none.
    failing: Vec<PullWords>,
    /// Address of the next page. `None` on the last one.
    older: Option<String>,
}

/// A device in the list.
struct DeviceRow {
    id: i64,
    name: String,
    /// Address of the thumbnail of its latest picture. `None` if there is none.
    thumbnail: Option<String>,
    /// The vendor, if known, and how the device became known.
    about: String,
    /// When it sent something last, such as `5 min ago`.
    last: String,
    /// Number of incidents since midnight in the reader's zone.
    today: String,
    spark: Spark,
    muted: bool,
    /// Whether it has sent nothing for longer than its inactivity alert allows.
    inactive: bool,
}

/// Incidents by day, as bars.
pub(in super::super) struct Spark {
    pub(in super::super) bars: Vec<Bar>,
    /// The counts in words, for screen readers.
    pub(in super::super) words: String,
}

/// Height of the drawing.
const SPARK_HEIGHT: u64 = 32;

impl Spark {
    fn of(counts: &[u64]) -> Self {
        Self {
            bars: bars(counts, SPARK_HEIGHT),
            words: text("device-incidents-by-day")
                .count(DAYS.unsigned_abs())
                .words("list", listed(counts))
                .to_string(),
        }
    }
}

/// Which devices are shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct DeviceListQuery {
    #[serde(deserialize_with = "blank")]
    text: Option<String>,
    #[serde(deserialize_with = "blank")]
    offset: Option<u32>,
}

/// One page of the list.
pub(in super::super) async fn list(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    Query(query): Query<DeviceListQuery>,
) -> Page {
    let (text, offset) = (query.text.unwrap_or_default(), query.offset.unwrap_or(0));
    let filter = DeviceFilter { text: text.clone(), offset };
    let failing = if offset == 0 { failing_words(&state, &text, &clock) } else { Vec::new() };
    let (lines, next) = find(&state, &filter, PAGE, &clock).await?;
    let ids: Vec<DeviceId> = lines.iter().map(|(line, _)| line.id).collect();
    let pictures = state.spool.latest_pictures(&ids).await?;
    let rows = lines.iter().zip(pictures);
    page(&DevicesPage {
        layout,
        devices: rows.map(|((line, days), picture)| row(line, days, picture, &clock)).collect(),
        failing,
        older: next.map(|next| format!("devices?text={}&offset={next}", percent_encoded(&text))),
        text,
    })
}

/// A device in words.
fn row(
    line: &DeviceLine,
    days: &[u64],
    picture: Option<MediaPlace>,
    clock: &ReaderClock,
) -> DeviceRow {
    DeviceRow {
        thumbnail: picture.map(thumbnail_url),
        id: line.id.0,
        name: line.name.clone(),
        about: about(line),
        last: line.last_at.map_or_else(|| text("device-never").to_string(), |at| clock.ago(at)),
        today: text("device-incidents-today").count(days.last().copied().unwrap_or(0)).to_string(),
        spark: Spark::of(days),
        muted: line.muted_until.is_some_and(|until| until > clock.now()),
        inactive: is_inactive(line, clock.now()),
    }
}

/// The vendor, and how the device is known.
fn about(line: &DeviceLine) -> String {
    let known = match (&line.recorder, origin(line)) {
        (Some(recorder), _) => text("device-channel-of").words("recorder", recorder),
        (None, "discovered") => text("device-discovered"),
        (None, "dashboard") => text("device-added-here"),
        _ => text("device-configured"),
    };
    match &line.vendor {
        Some(vendor) => {
            text("device-of-vendor").words("vendor", vendor).words("known", known).to_string()
        }
        None => known.to_string(),
    }
}

/// Whether the device has sent nothing for longer than the time that is set for it.
pub(in super::super) fn is_inactive(line: &DeviceLine, now: Timestamp) -> bool {
    match (line.last_at, line.silent_after) {
        (Some(last), Some(after)) => now.since(last) > after,
        _ => false,
    }
}

#[derive(Template)]
#[template(path = "device.html")]
struct DevicePage {
    layout: Layout,
    id: i64,
    name: String,
    about: String,
    /// Whether the configuration file names it: the file also sets its name.
    configured: bool,
    /// Its login, if it was added in the dashboard.
    user: Option<String>,
    last: String,
    spark: Spark,
    /// Until when its alerts are muted. `None` once that time has passed.
    muted_until: Option<String>,
    inactive: bool,
    /// How it is asked for its events. `None` if it sends them.
    pull: Option<PullWords>,
    /// Times for the inactivity alert.
    inactivity_choices: Vec<Choice>,
    /// When it is alerted, for owners.
    schedule: ScheduleForm,
    /// Addresses at which it was seen, with protocol and time.
    sightings: Vec<String>,
    /// Names of the devices that were merged into it.
    merged: Vec<String>,
    /// Devices that it can be merged into.
    others: Vec<Choice>,
    /// Its latest incidents, also suppressed ones.
    cards: Vec<Card>,
    /// What its removal is about.
    removal: RemovalForm,
    /// Whether a picture can be fetched from it.
    has_pictures: bool,
    /// Why the last picture could not be fetched, and when.
    picture_fault: Option<(String, String)>,
}

/// The form that removes a device.
struct RemovalForm {
    /// Why it cannot be removed here.
    refused: Option<Safe<String>>,
    usage: DeviceUsage,
    /// Whether it was removed already, and only its incidents are left.
    is_removed: bool,
}

impl RemovalForm {
    async fn read(state: &AppState, line: &DeviceLine) -> Result<Self, Problem> {
        let usage = state.spool.device_usage(line.id).await?;
        let refused = match require_removable(&state.directory, line) {
            Err(_) => Some(text("night-device-in-file").html()),
            Ok(()) if usage.channels > 0 => {
                Some(Safe(text("night-recorder").count(usage.channels).to_string()))
            }
            Ok(()) => None,
        };
        let is_removed = refused.is_none() && is_removed(line);
        Ok(Self { refused, usage, is_removed })
    }
}

/// The page of one device.
pub(in super::super) async fn one(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    Path(id): Path<i64>,
) -> Page {
    let detail = state.spool.device(DeviceId(id)).await?;
    let DeviceDetail { line, sightings, merged } = detail.ok_or_else(no_device)?;
    let activity = state.spool.activity(&[line.id], &clock.last_days(DAYS)).await?;
    let filter =
        IncidentFilter { device: Some(line.id), silent: true, ..IncidentFilter::default() };
    let latest = state.spool.incidents(&filter, LATEST).await?;
    let seen = sightings.iter().map(|it| {
        text("device-seen-at")
            .words("place", it.place)
            .words("protocol", it.protocol.as_str().to_uppercase())
            .words("time", clock.ago(it.last_at))
            .to_string()
    });
    let (device, _) = picture_device(&line);
    let fault = state.pictures.state(&line.key).and_then(|state| Some((state.fault?, state.at)));
    page(&DevicePage {
        layout,
        id,
        has_pictures: state.directory.resolver().picture_source(&device).is_some(),
        picture_fault: fault.map(|(fault, at)| (fault, clock.ago(at))),
        about: about(&line),
        configured: origin(&line) == "configuration",
        last: line.last_at.map_or_else(|| text("device-never").to_string(), |at| clock.ago(at)),
        spark: Spark::of(activity.first().map(Vec::as_slice).unwrap_or_default()),
        muted_until: line
            .muted_until
            .filter(|until| *until > clock.now())
            .map(|until| clock.full(until)),
        inactive: is_inactive(&line, clock.now()),
        pull: pull_words(&state, &line, &clock),
        inactivity_choices: inactivity_choices(line.silent_after),
        schedule: schedule_form(&state, &line).await?,
        sightings: seen.collect(),
        merged,
        others: others(&state, line.id).await?,
        removal: RemovalForm::read(&state, &line).await?,
        cards: latest.iter().map(|line| card(line, &clock)).collect(),
        user: line.user,
        name: line.name,
    })
}

/// The form for when a device is alerted.
struct ScheduleForm {
    /// `always`, `hours` or `never`.
    when: &'static str,
    start: String,
    end: String,
    days: Vec<Choice>,
    /// Whether the configuration file has a schedule for it, too.
    is_in_file: bool,
}

async fn schedule_form(state: &AppState, line: &DeviceLine) -> Result<ScheduleForm, Problem> {
    let stored = StoredDocument::read(state).await.ok();
    let own = stored
        .map(|it| DeviceSchedule::of(&it.document, line, &file_facts(state)))
        .unwrap_or_default();
    let between = own.between.as_deref().and_then(|it| it.parse::<Between>().ok());
    let points = between.map(|between| between.points());
    let names_it = |it: &&Schedule| {
        let conditions = &it.conditions;
        conditions.devices.contains(&line.name) || conditions.device_keys.contains(&line.key)
    };
    let count = state.modes.rules.now().schedules.iter().filter(names_it).count();
    Ok(ScheduleForm {
        when: match own.never {
            true => "never",
            false if own.is_always() => "always",
            false => "hours",
        },
        start: points.map(|it| it.0.to_string()).unwrap_or_default(),
        end: points.map(|it| it.1.to_string()).unwrap_or_default(),
        days: days(&own.days.iter().map(String::as_str).collect::<Vec<_>>()),
        is_in_file: count > usize::from(!own.is_always()),
    })
}

/// The times after which an inactivity alert can be sent; the time that is set is among them.
fn inactivity_choices(set: Option<Duration>) -> Vec<Choice> {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let mut offered: Vec<Duration> = [1, 6, 12, 24, 72, 168].map(hours).to_vec();
    offered.extend(set.filter(|set| !offered.contains(set)));
    offered.sort_unstable();
    let choice = |after: Duration| Choice {
        value: after.as_secs().to_string(),
        text: span(after),
        chosen: set == Some(after),
    };
    let never = Choice {
        value: "0".to_owned(),
        text: text("device-never").to_string(),
        chosen: set.is_none(),
    };
    [never].into_iter().chain(offered.into_iter().map(choice)).collect()
}

/// The devices that this one can be merged into.
async fn others(state: &AppState, id: DeviceId) -> Result<Vec<Choice>, Problem> {
    let lines = state.spool.devices(&DeviceFilter::default(), OTHERS_MAX).await?;
    let mut others: Vec<Choice> = lines
        .into_iter()
        .filter(|line| line.id != id)
        .map(|line| Choice { value: line.id.to_string(), text: line.name, chosen: false })
        .collect();
    others.sort_by_key(|choice| choice.text.to_lowercase());
    Ok(others)
}
