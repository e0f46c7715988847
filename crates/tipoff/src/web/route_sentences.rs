//! Routes as sentences, with the words that matter marked. Each is HTML: everything that is not a text of ours is escaped.

use std::collections::HashMap;

use askama::filters::Safe;
use tipoff_model::{Event, Priority};
use tipoff_rules::{Days, Has, Route};

use super::reader_clock::span;
use super::reader_language::{text, texts};

/// The words that a sentence needs beside the route.
pub(super) struct SentenceWords<'a> {
    /// The names of devices by their keys.
    pub(super) devices: &'a HashMap<&'a str, &'a str>,
    /// The names of all channels.
    pub(super) channels: &'a [String],
    /// Whether a route is before it.
    pub(super) is_behind: bool,
    /// Whether a route is behind it.
    pub(super) is_before: bool,
}

/// The sentence of a route.
pub(super) fn sentence(route: &Route, words: &SentenceWords<'_>) -> Safe<String> {
    let notes = notes(route, words);
    let mut parts = vec![subject(route, words)];
    parts.extend(circumstances(route));
    let mut all = format!("{}: {}", parts.join(", "), notified(route, words));
    if !notes.is_empty() {
        all.push_str(&format!(" ({})", notes.join("; ")));
    }
    Safe(all)
}

/// Which devices report what.
fn subject(route: &Route, words: &SentenceWords<'_>) -> String {
    let conditions = &route.conditions;
    let named = |key: &String| match words.devices.get(key.as_str()) {
        Some(name) => (*name).to_owned(),
        None => text("routing-removed-device").to_string(),
    };
    let keys = conditions.device_keys.iter().map(named);
    let devices: Vec<String> = conditions.devices.iter().cloned().chain(keys).collect();
    let events: Vec<String> = conditions.events.iter().map(|event| event_words(*event)).collect();
    let key = match (devices.is_empty(), events.is_empty()) {
        _ if conditions.is_empty() && words.is_behind => "routing-everything-else",
        _ if conditions.is_empty() => "routing-everything",
        (true, true) => "routing-if-any",
        (false, true) => "routing-if-device",
        (true, false) => "routing-if-event",
        (false, false) => "routing-if-both",
    };
    let subject = text(key).words("devices", either(&devices));
    subject.words("events", either(&events)).html().0
}

/// The name of an event inside of a sentence.
pub(super) fn event_words(event: Event) -> String {
    texts().event_inside(event).unwrap_or_else(|| text("routing-other-event").to_string())
}

/// The other conditions.
fn circumstances(route: &Route) -> Vec<String> {
    fn listed<T: ToString>(items: &[T]) -> String {
        either(&items.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
    let it = &route.conditions;
    let has = |has: &Has| match has {
        Has::Picture => text("routing-has-picture").to_string(),
        Has::Video => text("routing-has-video").to_string(),
    };
    let before = [
        ("routing-group", listed(&it.groups)),
        ("routing-subject", listed(&it.subject)),
        ("routing-text", listed(&it.text)),
        ("routing-from", listed(&it.from)),
        ("routing-to", listed(&it.to)),
        ("routing-has", either(&it.has.iter().map(has).collect::<Vec<_>>())),
    ];
    let hours = it.between.map(|between| {
        let (start, end) = between.points();
        text("routing-between").words("start", start).words("end", end).html().0
    });
    let days = it.days.map(|days| day_names(days).join(", ")).unwrap_or_default();
    let behind = [("routing-on-days", days), ("routing-in-mode", listed(&it.modes))];
    let written = |(key, words): &(&'static str, String)| {
        (!words.is_empty()).then(|| text(key).words("words", words).html().0)
    };
    let before = before.iter().filter_map(written).collect::<Vec<_>>();
    before.into_iter().chain(hours).chain(behind.iter().filter_map(written)).collect()
}

/// The days, short, in the reader's language.
pub(super) fn day_names(days: Days) -> Vec<String> {
    let all = (1..).zip(Days::ALL).filter(|(_, day)| days.contains(*day));
    all.map(|(number, _)| text(&format!("weekday-short-{number}")).to_string()).collect()
}

/// Who is notified.
fn notified(route: &Route, words: &SentenceWords<'_>) -> String {
    let is_all = !words.channels.is_empty()
        && words.channels.iter().all(|channel| route.channels.contains(channel));
    let key = match is_all {
        _ if route.channels.is_empty() => "routing-nobody",
        true => "routing-all",
        false => "routing-notify",
    };
    text(key).words("channels", route.channels.join(", ")).html().0
}

/// How the alerts differ from others, and whether the next route is evaluated too. None of them has words of others.
fn notes(route: &Route, words: &SentenceWords<'_>) -> Vec<String> {
    let style = &route.style;
    let flag = |key: &'static str, is_set: bool| is_set.then(|| text(key).to_string());
    let priority = style.priority.map(|priority| {
        let priority = priority_words(priority);
        text("routing-note-priority").words("priority", priority).to_string()
    });
    let cooldown = route
        .cooldown
        .map(|time| text("routing-note-cooldown").words("time", span(time)).to_string());
    let per_hour =
        route.per_hour.map(|count| text("routing-note-per-hour").count(count).to_string());
    let notes = [
        flag("routing-note-silent", style.silent),
        priority,
        cooldown,
        per_hour,
        flag("routing-note-first-only", route.first_only),
        flag("routing-note-continue", !route.stop && words.is_before),
    ];
    notes.into_iter().flatten().collect()
}

/// A priority in the reader's language.
pub(super) fn priority_words(priority: Priority) -> String {
    let key = match priority {
        Priority::Lowest => "routing-priority-lowest",
        Priority::Low => "routing-priority-low",
        Priority::Normal => "routing-priority-normal",
        Priority::High => "routing-priority-high",
        Priority::Urgent => "routing-priority-urgent",
    };
    text(key).to_string()
}

/// `a, b or c`
fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => {
            text("routing-or").words("first", first.join(", ")).words("last", last).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::config;

    fn sentences(source: &str) -> Vec<String> {
        let rules = config(source).rules;
        let devices = HashMap::from([("added/gate", "Gate <1>")]);
        let last = rules.routes.len() - 1;
        let all = rules.routes.iter().enumerate().map(|(index, route)| {
            let words = SentenceWords {
                devices: &devices,
                channels: &rules.channels,
                is_behind: index > 0,
                is_before: index < last,
            };
            sentence(route, &words).0
        });
        all.collect()
    }

    #[test]
    fn a_route_is_a_sentence_in_which_foreign_words_are_escaped() {
        let hook = |name: &str| {
            format!("[[channel]]\nname = \"{name}\"\ntype = \"webhook\"\nurl = \"http://a\"\n")
        };
        let source = hook("me")
            + &hook("siren")
            + "[[device]]\nname = \"Front yard\"\nmatch = { from = \"a@b\" }\ngroups = [\"out\"]\n\
               [[mode]]\nname = \"away\"\n\
               [[route]]\ndevices = [\"Front yard\"]\nevents = [\"person\"]\nbetween = \"22:00-06:00\"\n\
               modes = [\"away\"]\nchannels = [\"me\"]\nsilent = true\nstop = true\n\
               [[route]]\ndevice_keys = [\"added/gate\", \"added/gone\"]\ndays = [\"sat\", \"sun\"]\ncooldown = \"2 min\"\n\
               per_hour = 4\npriority = \"urgent\"\nfollow_ups = false\n\
               [[route]]\nevents = [\"vehicle\", \"other\"]\nsubject = \"<b>*\"\nchannels = []\nstop = true\n\
               [[route]]\ngroups = [\"out\"]\nhas = \"picture\"\nstop = true\n\
               [[route]]\n";
        assert_eq!(
            sentences(&source),
            [
                "If <strong>Front yard</strong> reports <strong>person</strong>, between <strong>22:00</strong> and \
                 <strong>06:00</strong>, in mode <strong>away</strong>: notify <strong>me</strong> (silently)",
                "If <strong>Gate &#60;1&#62; or a removed device</strong> reports something, on <strong>Sa, Su</strong>: notify \
                 <strong>all channels</strong> (priority urgent; at most every 2 min; at most 4 an hour; without follow-ups; then \
                 the next route too)",
                "If any device reports <strong>vehicle or an unknown event</strong>, with the subject \
                 <strong>&#60;b&#62;*</strong>: notify <strong>nobody</strong>",
                "If any device reports something, in the group <strong>out</strong>, with a <strong>picture</strong>: \
                 notify <strong>all channels</strong>",
                "<strong>Everything else</strong>: notify <strong>all channels</strong>",
            ]
        );
    }
}
