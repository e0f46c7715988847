//! The strip of a period: a row for each device, a column for each hour, and a chip for each event.

use std::collections::BTreeMap;
use std::time::Duration;

use tipoff_model::{DeviceId, Event};
use tipoff_spool::{HourCount, HourCounts};

use super::super::super::labels;
use super::super::super::reader_clock::ReaderClock;
use super::super::super::reader_language::text;
use super::super::super::review_query::{ReviewView, rank};

/// Devices that have a row: those with the most important events, then with the most incidents.
const ROWS_MAX: usize = 30;
/// Hours of the longest period: a night on which clocks go back.
const HOURS_MAX: u32 = 26;

/// A link that narrows what is shown, or widens it again.
pub(super) struct Chip {
    pub(super) text: String,
    /// The event's sign and the class of its colour.
    pub(super) sign: Option<&'static str>,
    pub(super) count: Option<u64>,
    pub(super) link: String,
    pub(super) is_chosen: bool,
}

/// The counts of a period.
pub(super) struct Strip {
    pub(super) hours: Vec<HourHead>,
    pub(super) rows: Vec<Row>,
    /// Number of devices without a row.
    pub(super) rest: usize,
    pub(super) events: Vec<Chip>,
    /// The hour and the device that were chosen, with links that widen again.
    pub(super) chosen: Vec<Chip>,
    /// Number of incidents.
    pub(super) total: u64,
    /// Whether there are more than were counted.
    pub(super) is_cut: bool,
}

/// The head of a column.
pub(super) struct HourHead {
    /// Counted from the beginning of the period.
    number: u32,
    /// `21`
    pub(super) hour: String,
    /// `21:00`
    pub(super) time: String,
}

/// A device.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) is_chosen: bool,
    pub(super) total: u64,
    /// One for each hour. `None` if nothing began.
    pub(super) cells: Vec<Option<Cell>>,
}

/// The incidents of a device in an hour.
pub(super) struct Cell {
    /// The most important event.
    pub(super) sign: &'static str,
    pub(super) count: u64,
    pub(super) has_unseen: bool,
    /// `2 Person, 14 Motion`
    pub(super) says: String,
    pub(super) link: String,
    pub(super) is_chosen: bool,
}

impl Strip {
    pub(super) fn new(view: &ReviewView, counts: &HourCounts, clock: &ReaderClock) -> Self {
        let hours = hours(view, &counts.counts, clock);
        let mut of_device: BTreeMap<DeviceId, Vec<&HourCount>> = BTreeMap::new();
        for count in &counts.counts {
            of_device.entry(count.device).or_default().push(count);
        }
        let mut devices: Vec<Vec<&HourCount>> = of_device.into_values().collect();
        devices.sort_by_key(|counts| {
            let most = counts.iter().map(|it| rank(it.event)).max();
            std::cmp::Reverse((most, sum(counts)))
        });
        let rest = devices.len().saturating_sub(ROWS_MAX);
        devices.truncate(ROWS_MAX);
        Self {
            rows: devices.iter().filter_map(|counts| row(view, counts, &hours)).collect(),
            rest,
            events: events(view, &counts.counts),
            chosen: chosen(view, &counts.counts, &hours),
            total: counts.counts.iter().map(|it| it.count).sum(),
            is_cut: counts.is_cut,
            hours,
        }
    }
}

fn sum(counts: &[&HourCount]) -> u64 {
    counts.iter().map(|it| it.count).sum()
}

/// The hours from the first to the last with an incident: a small screen has no room for empty ones.
fn hours(view: &ReviewView, counts: &[HourCount], clock: &ReaderClock) -> Vec<HourHead> {
    let numbers = || counts.iter().map(|count| count.hour);
    let Some((first, last)) = numbers().min().zip(numbers().max()) else { return Vec::new() };
    let head = |number: u32| {
        let time = clock.minute(view.bounds.0.after(Duration::from_secs(3600) * number));
        HourHead { number, hour: time.split(':').next().unwrap_or_default().to_owned(), time }
    };
    (first..=last.min(first.saturating_add(HOURS_MAX))).map(head).collect()
}

fn row(view: &ReviewView, counts: &[&HourCount], hours: &[HourHead]) -> Option<Row> {
    let first = counts.first()?;
    let device = first.device;
    let is_chosen = view.device == Some(device);
    let cells = hours.iter().map(|head| {
        let of_hour: Vec<&HourCount> =
            counts.iter().copied().filter(|it| it.hour == head.number).collect();
        cell(view, &of_hour)
    });
    Some(Row {
        name: first.name.clone(),
        link: view.link(|view| view.device = (!is_chosen).then_some(device)),
        is_chosen,
        total: sum(counts),
        cells: cells.collect(),
    })
}

fn cell(view: &ReviewView, counts: &[&HourCount]) -> Option<Cell> {
    let most = counts.iter().max_by_key(|it| rank(it.event))?;
    let (hour, device) = (most.hour, most.device);
    let is_chosen = view.hour == Some(hour) && view.device == Some(device);
    let mut sorted = counts.to_vec();
    sorted.sort_by_key(|it| std::cmp::Reverse(rank(it.event)));
    let says: Vec<String> =
        sorted.iter().map(|it| format!("{} {}", it.count, labels::event(it.event))).collect();
    let choice = (!is_chosen).then_some((hour, device)).unzip();
    Some(Cell {
        sign: labels::sign(most.event),
        count: sum(counts),
        has_unseen: counts.iter().any(|it| it.unseen > 0),
        says: says.join(", "),
        link: view.link(|view| (view.hour, view.device) = choice),
        is_chosen,
    })
}

/// The events of the period, the most important first.
fn events(view: &ReviewView, counts: &[HourCount]) -> Vec<Chip> {
    let mut events: Vec<Event> = counts.iter().map(|it| it.event).collect();
    events.sort_by_key(|event| std::cmp::Reverse(rank(*event)));
    events.dedup();
    let chip = |event: Event| {
        let of_event = counts.iter().filter(|it| it.event == event);
        let is_chosen = view.event == Some(event);
        Chip {
            text: labels::event(event),
            sign: Some(labels::sign(event)),
            count: Some(of_event.map(|it| it.count).sum()),
            link: view.link(|view| view.event = (!is_chosen).then_some(event)),
            is_chosen,
        }
    };
    events.into_iter().map(chip).collect()
}

/// The hour and the device that were chosen.
fn chosen(view: &ReviewView, counts: &[HourCount], hours: &[HourHead]) -> Vec<Chip> {
    let chip = |text: String, link| Chip { text, sign: None, count: None, link, is_chosen: true };
    let mut chips = Vec::new();
    if let Some(hour) = view.hour {
        let head = hours.iter().find(|head| head.number == hour);
        let label = match head {
            Some(head) => text("review-from-hour").words("time", &head.time),
            None => text("review-one-hour"),
        };
        chips.push(chip(label.to_string(), view.link(|view| view.hour = None)));
    }
    if let Some(device) = view.device {
        let name = counts.iter().find(|it| it.device == device).map(|it| it.name.clone());
        let name = name
            .unwrap_or_else(|| text("review-device-number").words("number", device).to_string());
        chips.push(chip(name, view.link(|view| view.device = None)));
    }
    chips
}
