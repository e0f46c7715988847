//! Who is alerted of what: all routes as sentences, and the form of one that was added here. The script sends changes to the
//! API (`api/added_routes.rs`).

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use askama::filters::Safe;
use axum::extract::State;
use serde::Deserialize;
use tipoff_model::{Event, Priority, Timestamp};
use tipoff_rules::{Between, Days, Route, TELLS_NOBODY, suppressed_by};
use tipoff_spool::RouteCounts;
use toml::{Table, Value};

use super::super::AppState;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::added_routes::{devices, facts_with, missing_names, strings};
use super::super::extract::Query;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::page_parts::Choice;
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::text;
use super::super::route_sentences::{SentenceWords, event_words, priority_words, sentence};
use crate::config::added::FileFacts;
use crate::config::added_document::{ROUTE, name_of};

/// The time for which the decisions of a route are counted.
const DAY: Duration = Duration::from_secs(24 * 3600);

#[derive(Template)]
#[template(path = "routes.html")]
struct RoutesPage {
    layout: Layout,
    /// The version of what was added here.
    version: u64,
    /// The routes of the file, which are evaluated first.
    of_file: Vec<RouteRow>,
    /// Those that were added here.
    added: Vec<RouteRow>,
    /// Whether an incident that no route matches is alerted nowhere.
    rest_is_silent: bool,
    /// The fault of what was added here, if it has one.
    fault: Option<String>,
}

/// A route in the list.
struct RouteRow {
    name: String,
    /// `None` while what was added here has a fault.
    sentence: Option<Safe<String>>,
    /// Of how many incidents it alerted somebody, or nobody, in the last day.
    decided: String,
    /// Names that the route refers to and nothing has any more.
    missing: String,
    /// Whether a route before it is for everything.
    is_unreached: bool,
    /// Whether it can be moved up or down.
    moves: (bool, bool),
}

/// All routes, in the order in which they are evaluated.
pub(in super::super) async fn list(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
) -> Page {
    let stored = StoredDocument::read(&state).await?;
    let (rules, lines) = (state.modes.rules.now(), devices(&state).await?);
    let counts = state.spool.route_counts(clock.now().before(DAY), TELLS_NOBODY).await?;
    let decisions = Decisions::new(&counts);
    let (file, fault) = {
        let configuration = state.configuration.borrow();
        (configuration.added.file.clone(), configuration.added.fault.clone())
    };
    let facts = facts_with(&stored.document, file.clone());
    let names: HashMap<&str, &str> =
        lines.iter().map(|line| (line.key.as_str(), line.name.as_str())).collect();
    let tables: Vec<&Table> = stored.document.sections(ROUTE).collect();
    let of_file = file.routes.len();
    let count = rules.routes.len();
    let mut is_over = false;
    let rows = rules.routes.iter().enumerate().map(|(index, route)| {
        let words = SentenceWords {
            devices: &names,
            channels: &rules.channels,
            is_behind: index > 0,
            is_before: index + 1 < count,
        };
        let table = index.checked_sub(of_file).and_then(|at| tables.get(at));
        let missing = table.map(|table| missing_names(table, &facts, &lines)).unwrap_or_default();
        let row = RouteRow {
            name: route.name.clone(),
            sentence: Some(sentence(route, &words)),
            decided: decisions.in_words(route, &clock),
            missing: missing.join(", "),
            is_unreached: is_over,
            moves: (index > of_file, index >= of_file && index + 1 < count),
        };
        is_over |= route.stop && route.conditions.is_empty();
        row
    });
    let mut rows: Vec<RouteRow> = rows.collect();
    let mut added = rows.split_off(of_file.min(rows.len()));
    if fault.is_some() {
        added = tables.iter().map(|table| without_sentence(table)).collect();
    }
    let catches_all = rules.routes.iter().any(|route| route.conditions.is_empty());
    page(&RoutesPage {
        rest_is_silent: count > 0 && !catches_all,
        fault: fault.map(|fault| match layout.is_owner {
            true => fault.text,
            false => text("layout-fault-owners").to_string(),
        }),
        layout,
        version: stored.version,
        of_file: rows,
        added,
    })
}

/// How many incidents the routes decided in the last day, by their names.
struct Decisions<'a> {
    alerted: HashMap<&'a str, u64>,
    suppressed: HashMap<&'a str, u64>,
    /// See [`RouteCounts::cut_at`].
    cut_at: Option<Timestamp>,
}

impl<'a> Decisions<'a> {
    fn new(counts: &'a RouteCounts) -> Self {
        let mut decisions =
            Self { alerted: HashMap::new(), suppressed: HashMap::new(), cut_at: counts.cut_at };
        for (route, count) in &counts.alerted {
            *decisions.alerted.entry(route).or_default() += count;
        }
        for (reasons, count) in &counts.suppressed {
            for route in suppressed_by(reasons) {
                *decisions.suppressed.entry(route).or_default() += count;
            }
        }
        decisions
    }

    /// Of how many incidents a route alerted somebody. One that alerts nobody: how many it suppressed.
    fn in_words(&self, route: &Route, clock: &ReaderClock) -> String {
        let alerts = !route.channels.is_empty() || !route.stop;
        let counts = if alerts { &self.alerted } else { &self.suppressed };
        let key = match (alerts, self.cut_at) {
            (true, None) => "routing-alerted",
            (true, Some(_)) => "routing-alerted-since",
            (false, None) => "routing-suppressed",
            (false, Some(_)) => "routing-suppressed-since",
        };
        let since = self.cut_at.map(|at| clock.minute(at)).unwrap_or_default();
        let count = counts.get(route.name.as_str()).copied().unwrap_or_default();
        text(key).words("time", since).count(count).to_string()
    }
}

/// A route that is not in use, because what was added here has a fault.
fn without_sentence(table: &Table) -> RouteRow {
    RouteRow {
        name: name_of(table).unwrap_or_default().to_owned(),
        sentence: None,
        decided: String::new(),
        missing: String::new(),
        is_unreached: false,
        moves: (false, false),
    }
}

#[derive(Template)]
#[template(path = "route_form.html")]
struct FormPage {
    layout: Layout,
    version: u64,
    /// The place of the route that is edited. `None` for a new one.
    position: Option<usize>,
    devices: Vec<DeviceBox>,
    groups: Vec<Choice>,
    events: Vec<Choice>,
    start: String,
    end: String,
    days: Vec<Choice>,
    modes: Vec<Choice>,
    /// `all`, `these` or `nobody`.
    whom: &'static str,
    channels: Vec<Choice>,
    silent: bool,
    priorities: Vec<Choice>,
    cooldown: String,
    per_hour: String,
    follow_ups: bool,
    /// Whether the routes behind it are evaluated, too.
    continues: bool,
    name: String,
}

/// A device that can be chosen.
struct DeviceBox {
    /// The key of the route that names it: `devices` for one of the file, else `device_keys`.
    key: &'static str,
    choice: Choice,
}

/// Which form is asked for.
#[derive(Deserialize)]
pub(in super::super) struct EditQuery {
    /// The place of an added route, from 0. Without it: a new one.
    position: Option<usize>,
}

/// The form of a route.
pub(in super::super) async fn edit(
    State(state): State<AppState>,
    layout: Layout,
    Query(EditQuery { position }): Query<EditQuery>,
) -> Page {
    let stored = StoredDocument::read(&state).await?;
    let lines = devices(&state).await?;
    let facts = facts_with(&stored.document, file_facts(&state));
    // One that is new ends the search, as a reader of the list expects.
    let new = Table::from_iter([("stop".to_owned(), Value::from(true))]);
    let route = match position {
        None => &new,
        Some(at) => {
            let route = stored.document.sections(ROUTE).nth(at);
            route.ok_or_else(|| Problem::not_found("problem-no-route"))?
        }
    };
    let of_file = facts.devices.iter().map(|name| ("devices", name.as_str(), name.as_str()));
    let others = lines.iter().filter(|line| !facts.devices.contains(&line.key));
    let others = others.map(|line| ("device_keys", line.key.as_str(), line.name.as_str()));
    let boxes = of_file.chain(others).map(|(key, value, name)| DeviceBox {
        key,
        choice: choice(value, name.to_owned(), strings(route, key).contains(&value)),
    });
    let devices = boxes.collect();
    page(&FormPage { devices, ..form(layout, (stored.version, position), route, &facts) })
}

/// The form with the values of a route, without the devices.
fn form(
    layout: Layout,
    (version, position): (u64, Option<usize>),
    route: &Table,
    facts: &FileFacts,
) -> FormPage {
    let words = |key: &str| match route.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Integer(number)) => number.to_string(),
        _ => String::new(),
    };
    let flag = |key: &str, default| route.get(key).and_then(Value::as_bool).unwrap_or(default);
    let between = words("between").parse::<Between>().ok().map(|between| between.points());
    let point = |it: Option<tipoff_rules::Point>| it.map(|it| it.to_string()).unwrap_or_default();
    let chosen_channels = strings(route, "channels");
    FormPage {
        layout,
        version,
        position,
        devices: Vec::new(),
        groups: named(&facts.groups, &strings(route, "groups")),
        events: events(&strings(route, "events")),
        start: point(between.map(|(start, _)| start)),
        end: point(between.map(|(_, end)| end)),
        days: days(&strings(route, "days")),
        modes: named(&facts.modes, &strings(route, "modes")),
        whom: match route.contains_key("channels") {
            false => "all",
            true if chosen_channels.is_empty() => "nobody",
            true => "these",
        },
        channels: named(&facts.channels, &chosen_channels),
        silent: flag("silent", false),
        priorities: priorities(&words("priority")),
        cooldown: words("cooldown"),
        per_hour: words("per_hour"),
        follow_ups: flag("follow_ups", true),
        continues: !flag("stop", false),
        name: words("name"),
    }
}

fn choice(value: &str, text: String, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), text, chosen }
}

/// A choice for each name, once.
fn named(names: &[String], chosen: &[&str]) -> Vec<Choice> {
    let mut names: Vec<&String> = names.iter().collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|it| choice(it, it.clone(), chosen.contains(&it.as_str()))).collect()
}

/// All events, the known ones in their order.
fn events(chosen: &[&str]) -> Vec<Choice> {
    let choice = |event: &Event| {
        choice(event.as_str(), event_words(*event), chosen.contains(&event.as_str()))
    };
    Event::ALL.iter().map(choice).collect()
}

/// The days of the week.
pub(in super::super) fn days(chosen: &[&str]) -> Vec<Choice> {
    let days = chosen.iter().filter_map(|days| days.parse::<Days>().ok()).reduce(Days::and);
    let day = |(number, (name, day))| {
        let is_chosen = days.is_some_and(|days| days.contains(day));
        choice(name, text(&format!("weekday-short-{number}")).to_string(), is_chosen)
    };
    (1..).zip(Days::NAMES.into_iter().zip(Days::ALL)).map(day).collect()
}

fn priorities(set: &str) -> Vec<Choice> {
    let unset = choice("", text("routing-as-channel").to_string(), set.is_empty());
    let all = Priority::ALL.iter();
    let all = all.map(|it| choice(it.as_str(), priority_words(*it), it.as_str() == set));
    std::iter::once(unset).chain(all).collect()
}
