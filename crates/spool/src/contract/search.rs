//! Lists of incidents with filters: whatever indexes an engine uses, they find what reading all would find.

use std::sync::Arc;

use tipoff_model::IncidentId;

use super::*;
use crate::core::incident_search::words;
use crate::core::incident_summary::search_text;
use crate::{DeviceChange, Growth, IncidentDetail, IncidentFilter, StoredBlob};

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    a_list_has_what_reading_all_would_find(&*fresh()).await;
    a_device_is_found_by_the_name_that_it_has_now(&*fresh()).await;
    the_metrics_follow_what_is_stored(&*fresh()).await;
}

/// So many that a search takes several rounds.
const STORED: u64 = 240;
/// Seconds between arrivals: most open an incident.
const APART: u64 = 90;

async fn fill(spool: &dyn Spool) {
    for number in 0..STORED {
        let device = ["Yard", "Yard", "Door", "Back gate"][(number % 4) as usize];
        let mut new = arrival(spool, device, seconds(number * APART));
        new.event = if number % 7 == 0 { Event::Person } else { Event::Motion };
        new.housekeeping = number % 11 == 0;
        new.content.subject = match number {
            3 => "Персона 动作们 100% a_b c:\\d 'q' \"x\0y\"".to_owned(),
            _ => format!("Alarm {number} at {}", if number % 5 == 0 { "night" } else { "day" }),
        };
        spool.store(new).await.unwrap();
        if number % 9 == 0 {
            store(spool, device, seconds(number * APART + 5)).await;
        }
    }
    for (number, delivery) in due(spool, "phone", seconds(STORED * APART)).await.iter().enumerate()
    {
        let state = if number % 2 == 0 { DeliveryState::Refused } else { DeliveryState::Delivered };
        spool.record(ended(delivery, state)).await.unwrap();
    }
}

/// Texts that an index may take for something else, or may not know: of one and two characters, of one byte to four, in the
/// middle of words, of several words, and what patterns and statements are made of.
const TEXTS: [&str; 27] = [
    "a",
    "xq",
    "ht",
    "7",
    "g",
    "персона",
    "п",
    "рс",
    "сон",
    "动作们",
    "作们",
    "动",
    "这",
    "larm",
    "night 7",
    "nigh alar",
    "xyzzy alarm",
    "%",
    "100%",
    "_",
    "a_b",
    "\\d",
    "'q'",
    "\"x\0y\"",
    "\"",
    "@",
    "персона 动 100% _b",
];

/// What a filter means, read from everything that is known of an incident.
fn fits(filter: &IncidentFilter, incident: &IncidentDetail) -> bool {
    let IncidentDetail { line, arrivals, deliveries } = incident;
    let has_word = |word: &String| {
        let texts = arrivals.iter().map(|it| search_text(&it.envelope, &it.content));
        texts.chain([line.device.to_lowercase()]).any(|text| text.contains(word))
    };
    let has_outcome = deliveries.iter().any(|it| {
        filter.state.is_none_or(|state| state == it.state)
            && filter.channel.as_ref().is_none_or(|channel| *channel == it.channel)
    });
    filter.before.is_none_or(|before| line.id < before)
        && filter.after.is_none_or(|after| line.id > after)
        && filter.device.is_none_or(|device| line.device_id == device)
        && filter.event.is_none_or(|event| line.event == event)
        && filter.from.is_none_or(|from| line.began_at >= from)
        && filter.until.is_none_or(|until| line.began_at < until)
        && (filter.silent || !line.silent)
        && (filter.state.is_none() && filter.channel.is_none() || has_outcome)
        && words(&filter.text).iter().all(has_word)
}

async fn a_list_has_what_reading_all_would_find(open: Open<'_>) {
    let spool = open();
    fill(&*spool).await;
    let everything = IncidentFilter { silent: true, ..IncidentFilter::default() };
    let mut all = Vec::new();
    for line in spool.incidents(&everything, 1_000).await.unwrap() {
        all.push(spool.incident(line.id).await.unwrap());
    }
    assert!(all.len() > 200, "{}", all.len());
    let of = |name: &str| all.iter().find(|it| it.line.device == name).unwrap().line.device_id;
    let middle = all[all.len() / 2].line.id;
    let texts =
        ["", "alarm", "night", "yard", "gate alarm", "gate night 7", "xyzzy", "动作", "a", "19"];
    let others = [
        IncidentFilter::default(),
        everything,
        IncidentFilter { before: Some(middle), ..IncidentFilter::default() },
        IncidentFilter { after: Some(middle), ..IncidentFilter::default() },
        IncidentFilter { device: Some(of("Back gate")), ..IncidentFilter::default() },
        IncidentFilter { event: Some(Event::Person), ..IncidentFilter::default() },
        IncidentFilter {
            device: Some(of("Yard")),
            event: Some(Event::Person),
            ..IncidentFilter::default()
        },
        IncidentFilter {
            from: Some(seconds(7_200)),
            until: Some(seconds(10_800)),
            ..IncidentFilter::default()
        },
        IncidentFilter { state: Some(DeliveryState::Refused), ..IncidentFilter::default() },
        IncidentFilter {
            state: Some(DeliveryState::Pending),
            channel: Some("phone".to_owned()),
            ..IncidentFilter::default()
        },
        IncidentFilter { channel: Some("hook".to_owned()), ..IncidentFilter::default() },
    ];
    for filter in others {
        let more = if filter.silent { &TEXTS[..] } else { &[] };
        for text in texts.iter().chain(more) {
            let filter = IncidentFilter { text: (*text).to_owned(), ..filter.clone() };
            let mut expected: Vec<IncidentId> =
                all.iter().filter(|it| fits(&filter, it)).map(|it| it.line.id).collect();
            if filter.after.is_some() {
                expected.reverse();
            }
            for limit in [1_000, 3] {
                expected.truncate(limit as usize);
                let found = spool.incidents(&filter, limit).await.unwrap();
                let found: Vec<IncidentId> = found.iter().map(|line| line.id).collect();
                assert_eq!(found, expected, "{filter:?}");
            }
        }
    }
}

async fn a_device_is_found_by_the_name_that_it_has_now(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    store(&*spool, "door", NOW).await;
    let device = spool.incident(stored.incident).await.unwrap().line.device_id;
    let found = async |text: &str| {
        let filter = IncidentFilter { text: text.to_owned(), ..IncidentFilter::default() };
        let found = spool.incidents(&filter, 10).await.unwrap();
        found.iter().map(|line| line.id).collect::<Vec<_>>()
    };
    for (name, before) in [("Courtyard 12", "xyzzy"), ("Pool", "courtyard")] {
        let name = name.to_owned();
        let text = name.to_lowercase();
        spool.change_device(device, DeviceChange::Name(Some(name))).await.unwrap();
        assert_eq!(found(&text).await, [stored.incident]);
        assert_eq!(found(before).await, []);
    }
}

async fn the_metrics_follow_what_is_stored(open: Open<'_>) {
    let spool = open();
    let bytes = async || spool.stats().await.unwrap().blob_bytes;
    assert_eq!(bytes().await, 0);
    let first = store(&*spool, "yard", NOW).await;
    store(&*spool, "door", NOW).await;
    let each = "a picture".len() as u64;
    assert_eq!(bytes().await, 2 * each);
    let pending = spool.stats().await.unwrap().pending;
    assert_eq!(pending, [("hook".to_owned(), 2), ("phone".to_owned(), 2)]);
    let content = arrival(&*spool, "yard", NOW).content;
    let blob = spool.incident(first.incident).await.unwrap().arrivals.remove(0).blob;
    let growth = Growth {
        arrival: first.arrival,
        content,
        event: Event::Motion,
        housekeeping: false,
        blob: StoredBlob { size: 5_000, ..blob },
        began_at: NOW,
        received_at: NOW,
        ready_at: NOW,
        torn: false,
        digests: Vec::new(),
    };
    spool.grow(growth).await.unwrap();
    assert_eq!(bytes().await, 5_000 + each);
    let keep = RetentionLimits {
        age: Duration::ZERO,
        bytes_max: u64::MAX,
        guard: AgeGuard { counted: Some(spool.newest().await.unwrap()), before_run: None },
    };
    assert_eq!(spool.sweep(keep, seconds(10)).await.unwrap().incidents, 2);
    assert_eq!(bytes().await, 0);
}
