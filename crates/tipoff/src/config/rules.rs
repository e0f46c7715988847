//! `[incidents]` and `[[route]]`: what belongs together, and who hears of it.

use std::time::Duration;

use jiff::tz::TimeZone;
use tipoff_rules::{Between, Grouping, Route};
use toml::Spanned;

use super::checks;
use super::key::{Form, Key, from_str, nothing};
use super::section::Section;
use super::units;

/// An incident that never ends would never be told of again.
const LONGEST_MAX: Duration = Duration::from_secs(86_400);
/// Pictures that wait longer than this are no news.
const SETTLE_MAX: Duration = Duration::from_secs(600);

/// What the reference says of `[incidents]`.
pub(super) const INCIDENTS: &str = "What belongs together: an incident is told of at once and \
    followed by what else belongs to it.";

/// Reads `[incidents]`: what belongs together, and whether what is sent by the clock is alerted.
pub(super) fn incidents(section: &mut Section<'_>) -> (Grouping, bool) {
    let grouping = grouping(section);
    let periodic = section.flag(
        "periodic",
        false,
        "Whether what devices send by the clock, not because anything happened, is alerted. It is \
         kept in any case.",
    );
    (grouping, periodic)
}

fn grouping(section: &mut Section<'_>) -> Grouping {
    Grouping {
        quiet: section.duration(
            "quiet",
            "20 s",
            ..=LONGEST_MAX,
            "What a device sends at most this long after its last belongs to the same incident, \
             and follows its first alert instead of making one of its own. `\"0 s\"` makes \
             everything an incident of its own.",
        ),
        longest: section.duration(
            "longest",
            "5 min",
            ..=LONGEST_MAX,
            "An incident takes up nothing more this long after it began, so that a camera that \
             never stops is told of again.",
        ),
        video: section.duration(
            "video",
            "2 min",
            ..=LONGEST_MAX,
            "Cameras send the recording when what it shows is over: the first video belongs to the \
             incident whose last picture or text came at most this long before its upload began.",
        ),
        settle: section.duration(
            "settle",
            "2 s",
            ..=SETTLE_MAX,
            "How long further pictures of an incident are waited for, to be sent together. The \
             first is never waited with.",
        ),
    }
}

/// Reads `time_zone`.
pub(super) fn zone(root: &mut Section<'_>) -> TimeZone {
    let key = Key {
        name: "time_zone",
        form: Form::Text,
        without: nothing("Europe/Berlin"),
        doc: "The time zone of routes, by its name in the IANA \
             database. Without it: the machine's.",
    };
    let given = root.parsed(&key, |name| {
        TimeZone::get(name).map_err(|_| "no time zone of this name is known".to_owned())
    });
    given.map_or_else(TimeZone::system, Spanned::into_inner)
}

const DOC: &str = "\
    Which devices' incidents go to which channels, and when. Without any route every incident \
    goes to every channel; with routes each goes where at least one of them sends it.";

/// Reads all `[[route]]`.
pub(super) fn routes(
    root: &mut Section<'_>,
    devices: &[String],
    channels: &[String],
) -> Vec<Route> {
    root.tables("route", DOC, |section| Some(route(section, devices, channels)))
}

fn route(section: &mut Section<'_>, devices: &[String], channels: &[String]) -> Route {
    let from = names(
        section,
        "devices",
        "[\"Front yard\"]",
        "The names of devices. Without it: all, also those without a name here.",
    );
    checks::known(section, "device", &from, devices);
    let to =
        names(section, "channels", "[\"telegram\"]", "The names of channels. Without it: all.");
    checks::known(section, "channel", &to, channels);
    let between = Key {
        name: "between",
        form: Form::Text,
        without: nothing("22:00-06:00"),
        doc: "The hours of the day in which it holds; they may go past midnight. Without it: \
             always.",
    };
    let between = section.parsed(&between, from_str::<Between>).map(Spanned::into_inner);
    let cooldown = Key {
        name: "cooldown",
        form: Form::Duration,
        without: nothing("2 min"),
        doc: "After an incident of a device, its next ones are not told to a channel for so long. \
             They are kept all the same.",
    };
    let cooldown = section.parsed(&cooldown, units::duration).map(Spanned::into_inner);
    let plain = |names: Vec<Spanned<String>>| names.into_iter().map(Spanned::into_inner).collect();
    Route { devices: plain(from), channels: plain(to), between, cooldown }
}

fn names(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Vec<Spanned<String>> {
    let key = Key { name, form: Form::List, without: nothing(example), doc };
    if section.is_empty_list(name) {
        section.wrong(
            name,
            section.span_of(name),
            "an empty list fits nothing; leave it out for all",
        );
    }
    section.list(&key).unwrap_or_default()
}
