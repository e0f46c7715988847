//! `[incidents]`, `[[mode]]`, `time_zone`, `place`: grouping, the limit of alerts, and what the conditions of routes
//! refer to. `tipoff_rules` applies them.

use std::time::Duration;
use tipoff_model::Language;

use jiff::tz::TimeZone;
use tipoff_rules::{Days, Grouping, Mode, Place, Point, RateGuard};
use toml::Spanned;

use super::checks;
use super::key::{Key, ValueForm, from_str, nothing};
use super::route::PLACE_MISSING;
use super::section::Section;
use super::suggest::nearest;

/// Limit of the times of grouping: an incident that takes arrivals for longer is never alerted anew.
const LONGEST_MAX: Duration = Duration::from_secs(86_400);
/// Limit of `settle`: a longer wait makes an alert useless.
const SETTLE_MAX: Duration = Duration::from_secs(600);

/// What the reference says of `[incidents]`.
pub(super) const INCIDENTS: &str = "Grouping: an incident is alerted at once, and its later \
                                    arrivals follow.";

/// Reads `[incidents]`: the grouping, the limit of alerts, and whether files that devices send on a timer are alerted.
pub(super) fn incidents(section: &mut Section<'_>) -> (Grouping, RateGuard, bool) {
    let grouping = grouping(section);
    let periodic = section.flag(
        "periodic",
        false,
        "Whether files that devices send on a timer, without an event, are alerted. They are \
         stored in any case.",
    );
    let alerts_max = section.count(
        "flood",
        RateGuard::default().alerts_max,
        0..=10_000,
        "The largest number of incidents of one device and kind of event that are alerted on a \
         channel within ten minutes. Further ones are stored, and summarised every ten minutes \
         with the first and latest picture, until the device sends less. An incident counts once; \
         of follow-ups, four times as many albums and videos are sent. The limit is also four \
         times as high for mails without a known event and without a picture, and for all \
         discovered devices at one address together. 0: no limit.",
    );
    (grouping, RateGuard { alerts_max }, periodic)
}

/// Reads the times by which arrivals join an incident. The defaults are those of the design: a first picture is alerted
/// at once, and more pictures follow as one album.
fn grouping(section: &mut Section<'_>) -> Grouping {
    Grouping {
        quiet: section.duration(
            "quiet",
            "20 s",
            ..=LONGEST_MAX,
            "An arrival at most this long after the device's last one joins the same incident, and \
             follows its first alert. `\"0 s\"` makes every arrival an incident of its own.",
        ),
        longest: section.duration(
            "longest",
            "5 min",
            ..=LONGEST_MAX,
            "An incident takes no further arrivals this long after it began, so that a camera that \
             never stops is alerted again.",
        ),
        video: section.duration(
            "video",
            "2 min",
            ..=LONGEST_MAX,
            "Cameras send a recording after it ends. The first video joins the incident whose last \
             picture or text arrived at most this long before the upload began.",
        ),
        settle: section.duration(
            "settle",
            "2 s",
            ..=SETTLE_MAX,
            "How long Tipoff waits for further pictures of an incident, to send them together. The \
             first one is sent at once.",
        ),
    }
}

/// Reads `time_zone`. An unknown name is a fault, and the machine's zone takes its place.
pub(super) fn zone(root: &mut Section<'_>) -> TimeZone {
    let key = Key {
        name: "time_zone",
        form: ValueForm::Text,
        without: nothing("Europe/Berlin"),
        doc: "The time zone of routes, as a name of the IANA database. Without it: the machine's.",
    };
    let given = root.parsed(&key, |name| TimeZone::get(name).map_err(|_| unknown_zone(name)));
    given.map_or_else(TimeZone::system, Spanned::into_inner)
}

/// Reads `language`. Without it: English.
pub(super) fn language(root: &mut Section<'_>) -> Language {
    let key = Key {
        name: "language",
        form: ValueForm::Text,
        without: nothing("de"),
        doc: "The language of alerts, of their buttons and of reports: de, en, es, fr, nl or zh. Without it: English. What \
              devices and services say stays as it is.",
    };
    let given = root.parsed(&key, |code| {
        Language::from_code(code).ok_or_else(|| {
            let codes: Vec<&str> = Language::ALL.iter().map(|it| it.as_str()).collect();
            format!("expected one of: {}", codes.join(", "))
        })
    });
    given.map_or_else(Language::default, Spanned::into_inner)
}

/// The fault of a time zone, with the one that was probably meant: people write the city alone.
fn unknown_zone(name: &str) -> String {
    let mut known: Vec<String> = jiff::tz::db().available().map(|it| it.to_string()).collect();
    known.sort_by_key(|it| (it.len(), it.clone()));
    let city = |zone: &str| zone.rsplit('/').next().unwrap_or_default().to_lowercase();
    let wanted = name.trim().replace(' ', "_").to_lowercase();
    let of_city = |wanted: &str| known.iter().find(|zone| city(zone) == wanted);
    let cities: Vec<String> = known.iter().map(|zone| city(zone)).collect();
    let meant = of_city(&wanted)
        .map(String::as_str)
        .or_else(|| nearest(&wanted, known.iter().map(String::as_str)))
        .or_else(|| Some(of_city(nearest(&wanted, cities.iter().map(String::as_str))?)?.as_str()));
    match meant {
        Some(meant) => format!("no time zone of this name is known; did you mean \"{meant}\"?"),
        None => "no time zone of this name is known; write it like \"Europe/Berlin\"".to_owned(),
    }
}

/// Reads `place`, from which the times of sunrise and sunset are calculated.
pub(super) fn place(root: &mut Section<'_>) -> Option<Place> {
    let key = Key {
        name: "place",
        form: ValueForm::Text,
        without: nothing("52.52, 13.40"),
        doc: "The place for the times of sunrise and sunset in routes and modes, and for the \
              nights of the review: latitude and longitude in degrees, south and west negative.",
    };
    root.parsed(&key, from_str::<Place>).map(Spanned::into_inner)
}

const MODES: &str = "A home mode, such as home, away or night, for conditions of routes. One mode \
                     is active at a time: the last one that somebody chose (dashboard, API, MQTT) \
                     or that began at its time; before that, the first one.";

/// Reads all `[[mode]]`. The first is the mode until another one is chosen or begins. `place` says whether `place` is
/// set.
pub(super) fn modes(root: &mut Section<'_>, place: bool) -> Vec<Mode> {
    let read = root.tables("mode", MODES, |section| mode(section, place));
    checks::unique(root.reading, read.iter().map(|(name, _)| name), str::to_owned, |name| {
        format!("two modes are called \"{name}\"")
    });
    read.into_iter().map(|(_, mode)| mode).collect()
}

/// Reads one mode; `None` if it has no name.
fn mode(section: &mut Section<'_>, place: bool) -> Option<(Spanned<String>, Mode)> {
    let name = section.required("name", "night", "The mode's name in routes and for people.");
    let key = Key {
        name: "at",
        form: ValueForm::List,
        without: nothing("[\"22:30\"]"),
        doc: "The mode begins by itself at these times of day: `22:30`, `sunset`, `sunrise-0:30`. \
              Without it: only when somebody chooses it.",
    };
    let texts = section.list(&key).unwrap_or_default();
    let at = texts.iter().filter_map(|text| section.parse(&key, text, from_str::<Point>));
    let at: Vec<Spanned<Point>> = at.collect();
    for point in at.iter().filter(|point| point.get_ref().needs_place() && !place) {
        section.wrong("at", point.span(), PLACE_MISSING);
    }
    let days = days(section, "The mode begins by itself on these days only.");
    let name = name?;
    let at = at.into_iter().map(Spanned::into_inner).collect();
    let mode = Mode { name: name.get_ref().clone(), at, days };
    Some((name, mode))
}

/// Reads `days` of something that happens at a time of day; `None` for every day.
pub(super) fn days(section: &mut Section<'_>, doc: &'static str) -> Option<Days> {
    let key = Key { name: "days", form: ValueForm::List, without: nothing("[\"mon-fri\"]"), doc };
    let texts = section.list(&key).unwrap_or_default();
    let days = texts.iter().filter_map(|text| section.parse(&key, text, from_str::<Days>));
    days.map(Spanned::into_inner).reduce(Days::and)
}
