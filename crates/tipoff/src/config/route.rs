//! `[[route]]`: which incidents are alerted on which channels, when, and how.
//!
//! Reads and checks the sections into `tipoff_rules::Route`; which route matches an incident is decided there. Of each
//! list one entry must match, so an empty list is a fault: it would match nothing.

use std::time::Duration;

use tipoff_model::{Event, Priority};
use tipoff_rules::{
    AlertStyle, Between, Choice, Conditions, Days, Glob, Has, Pattern, Route, Template,
};
use toml::Spanned;

use super::key::{Key, ValueForm, Without, from_str, nothing};
use super::section::Section;
use super::{checks, units};

const DOC: &str = "Which incidents go to which channels, when, and with which text. Without a \
                   route every incident goes to every channel. With routes, an incident goes to \
                   the channels that at least one matching route names. Routes are checked in \
                   their order: if several name one channel, the first sets the text, files and \
                   priority. All conditions of a route must match; of a list, one entry. In \
                   patterns `*` matches anything and `?` one character; case is ignored.";

/// The names that routes and reports may use. Any other name is a fault: it is mistyped, or the section that defines it
/// was removed, and the route would never match.
pub(super) struct KnownNames<'a> {
    /// Configured devices. A discovered device has no name that stays.
    pub(super) devices: &'a [String],
    /// Groups of configured devices.
    pub(super) groups: &'a [String],
    /// Channels, including those of the file that could not be built, and those that were added.
    pub(super) channels: &'a [String],
    /// Whether there may be others: what was added has not been read yet, or has a fault. One of these is left out.
    pub(super) may_be_added: bool,
    /// All channels.
    pub(super) targets: &'a [String],
    /// Home modes.
    pub(super) modes: &'a [String],
    /// Whether `place` is set, which sunrise and sunset need.
    pub(super) place: bool,
    /// Whether an unknown name is a fault. If not, it matches nothing, and an unknown channel is left out.
    pub(super) is_strict: bool,
}

impl KnownNames<'_> {
    /// Notes each of `names` that is not among the `known` ones.
    fn check(
        &self,
        section: &Section<'_>,
        what: &str,
        names: &[Spanned<String>],
        known: &[String],
    ) {
        if self.is_strict {
            checks::known(section, what, names, known);
        }
    }

    /// The channels of a list, and whether all that it names are gone.
    pub(super) fn channels(
        &self,
        section: &Section<'_>,
        given: Vec<Spanned<String>>,
    ) -> (Vec<String>, bool) {
        section.reading.note_channels(&given);
        let is_strict = self.is_strict && !self.may_be_added;
        if is_strict {
            checks::known(section, "channel", &given, self.channels);
        }
        let mut channels = plain(given);
        let named = channels.len();
        channels.retain(|channel| is_strict || self.channels.contains(channel));
        let are_gone = named > 0 && channels.is_empty();
        (channels, are_gone)
    }

    /// The devices that a section names, by their names and their keys.
    pub(super) fn devices(&self, section: &mut Section<'_>) -> (Vec<String>, Vec<String>) {
        let devices = names(section, "devices", "Front yard", DEVICES);
        self.check(section, "device", &devices, self.devices);
        let key = names(section, "device_keys", "added/gate", DEVICE_KEYS);
        (plain(devices), plain(key))
    }
}

const DEVICES: &str =
    "The names of devices. Without it: all, including those that are not configured.";
const DEVICE_KEYS: &str = "Further devices, by the keys that `tipoff devices list --json` shows: those that were added in \
                           the dashboard or discovered. A key outlasts renames.";

/// Reads all `[[route]]`, in the order in which they are checked. A route without a name gets one from its position,
/// for explanations why an alert was sent.
pub(super) fn read(root: &mut Section<'_>, known: &KnownNames<'_>) -> Vec<Route> {
    let mut names = Vec::new();
    let mut routes = root.tables("route", DOC, |section| {
        let (name, route) = one(section, known);
        names.extend(name);
        Some(route)
    });
    checks::unique(root.reading, names.iter(), str::to_owned, |name| {
        format!("two routes are called \"{name}\"")
    });
    for (number, route) in (1..).zip(&mut routes) {
        if route.name.is_empty() {
            route.name = format!("route {number}");
        }
    }
    routes
}

/// Reads one route; its name is also returned with its place, if it has one.
fn one(section: &mut Section<'_>, known: &KnownNames<'_>) -> (Option<Spanned<String>>, Route) {
    let name = section.text(
        "name",
        "at night",
        "The route's name in explanations why an alert was sent or not. Without it: `route 1`, by \
         its position.",
    );
    let conditions = conditions(section, known);
    let stop = section.flag(
        "stop",
        false,
        "If the route matches, no later route is checked. With `channels = []`: no channel gets an \
         alert.",
    );
    let (channels, are_gone) = channels(section, known, stop);
    let route = Route {
        name: name.as_ref().map(|name| name.get_ref().clone()).unwrap_or_default(),
        conditions,
        channels,
        cooldown: duration(
            section,
            "cooldown",
            "2 min",
            "After an incident of a device, its next ones are not alerted on the channel for this \
             time. They are stored.",
        ),
        per_hour: per_hour(section),
        settle: duration(
            section,
            "settle",
            "10 s",
            "How long Tipoff waits for further pictures of an incident, to send them together. \
             Without it: as in `[incidents]`.",
        ),
        first_only: !section.flag(
            "follow_ups",
            true,
            "Whether later arrivals of an incident are alerted: further pictures, the video.",
        ),
        style: manner(section),
        // Without its channels it ends nothing: else nobody would get the alerts.
        stop: stop && !are_gone,
    };
    (name, route)
}

/// Reads the conditions of a route. One that is not given matches everything.
fn conditions(section: &mut Section<'_>, known: &KnownNames<'_>) -> Conditions {
    let (devices, device_keys) = known.devices(section);
    let groups = names(
        section,
        "groups",
        "outside",
        "Groups of devices: see `groups` in \
        `[[device]]`.",
    );
    known.check(section, "group", &groups, known.groups);
    let modes = names(
        section,
        "modes",
        "night",
        "The home modes in which the route matches: see \
                                                  `[[mode]]`.",
    );
    known.check(section, "mode", &modes, known.modes);
    Conditions {
        devices,
        device_keys,
        groups: plain(groups),
        events: parsed(section, "events", "[\"person\", \"vehicle\"]", EVENTS, |name| {
            Event::from_name(name).ok_or_else(|| one_of(Event::ALL.iter().map(|it| it.as_str())))
        }),
        subject: parsed(section, "subject", "\"*person*\"", SUBJECT, from_str::<Pattern>),
        text: parsed(section, "text", "\"/line [12]/\"", TEXT, from_str::<Pattern>),
        from: parsed(section, "from", "\"cam1@*\"", "The sender of the mail.", glob),
        to: parsed(section, "to", "\"front@*\"", "A recipient of the mail.", glob),
        has: parsed(section, "has", "[\"picture\", \"video\"]", HAS, |name| {
            let all = [Has::Picture, Has::Video];
            let found = all.into_iter().find(|has| has.as_str() == name);
            found.ok_or_else(|| one_of(all.iter().map(|has| has.as_str())))
        }),
        between: between(section, known.place || !known.is_strict, BETWEEN),
        days: days(section),
        modes: plain(modes),
    }
}

const EVENTS: &str = "The event that the device reported: `motion`, `person`, `vehicle`, `animal`, \
                      `doorbell`, `line`, `zone`, `sound`, `tamper`, `fire`, `input`, `fault`, \
                      `end`, `periodic`, `test`, `silence`, `other`.";
const SUBJECT: &str = "The subject: a pattern for the whole subject, or `/…/`, a regular \
                       expression for a part of it.";
const TEXT: &str = "The text: a pattern for the whole text, or `/…/`, a regular expression for a \
                    part of it.";
const HAS: &str = "The media that the arrival must contain: `picture` or `video`.";
const DAYS: &str = "The days of the week, from `mon` to `sun`. Hours that cross midnight belong to \
                    the day on which they begin.";

const BETWEEN: &str = "The hours of the day in which the route matches; they may cross midnight. \
                       `sunset-sunrise` is the night; `sunset+0:30-23:00` begins half an hour after sunset; \
                       both need `place`. Without it: always.";

/// Reads `days`.
pub(super) fn days(section: &mut Section<'_>) -> Option<Days> {
    let days = parsed(section, "days", "[\"mon-fri\"]", DAYS, from_str::<Days>);
    days.into_iter().reduce(Days::and)
}

/// Reads `between`; `place` says whether sunrise and sunset can be calculated.
pub(super) fn between(
    section: &mut Section<'_>,
    place: bool,
    doc: &'static str,
) -> Option<Between> {
    let key = Key { name: "between", form: ValueForm::Text, without: nothing("22:00-06:00"), doc };
    let between = section.parsed(&key, from_str::<Between>)?;
    if between.get_ref().needs_place() && !place {
        section.wrong("between", between.span(), PLACE_MISSING);
    }
    Some(between.into_inner())
}

/// The fault of sunrise or sunset without `place`.
pub(super) const PLACE_MISSING: &str =
    "sunrise and sunset need a place: add `place = \"52.52, 13.40\"` at the top of the file";

/// Reads `channels`, and whether all that it names are gone. Without it, a route names all channels; with `stop`, an empty
/// list is the way to suppress alerts.
fn channels(section: &mut Section<'_>, known: &KnownNames<'_>, stop: bool) -> (Vec<String>, bool) {
    let key = Key {
        name: "channels",
        form: ValueForm::List,
        without: nothing("[\"telegram\"]"),
        doc: "The names of channels. Without it: all.",
    };
    if section.is_empty_list("channels") && !stop {
        let reason = "an empty list sends no alert: add `stop = true` if that is meant, or leave \
                      it out for all";
        section.wrong("channels", section.span_of("channels"), reason);
    }
    let Some(given) = section.list(&key) else {
        return (known.targets.to_owned(), false);
    };
    known.channels(section, given)
}

/// Reads how the alerts of a route look: sound, priority, files, title and text.
fn manner(section: &mut Section<'_>) -> AlertStyle {
    AlertStyle {
        silent: section.flag(
            "silent",
            false,
            "Alerts are silent notifications, if the service \
                                               supports them.",
        ),
        priority: choice(section, "priority", nothing("urgent"), PRIORITY, Priority::ALL, |it| {
            it.as_str()
        }),
        media: choice(
            section,
            "media",
            Without::Default("all".to_owned()),
            "Which files of an alert are sent: `all`, the `first` picture, the `best` (the \
             largest), or `none`. All are stored.",
            Choice::ALL,
            |it| it.as_str(),
        )
        .unwrap_or_default(),
        title: template(section, "title", "Alarm: {{ device }} at {{ time }}", TITLE),
        text: template(section, "body", "See {{ link }}", BODY),
    }
}

const PRIORITY: &str = "The priority: `lowest`, `low`, `normal`, `high`, `urgent`. Without it: as \
                        the channel is configured.";
const TITLE: &str = "The first line of an alert, as a Jinja template with these names: `device`, \
                     `event`, `title` (the event in words), `subject`, `text`, `date`, `time`, \
                     `pictures`, `videos`, `files` (numbers), `follow_up`, `torn`, `link` (to the \
                     incident) and `picture` (the address of the first picture; both need \
                     `public_url` in `[http]`). Without it: the device and the event.";
const BODY: &str = "The text below the title, as a template with the same names. Without it: the \
                    device's own text.";

/// Reads `per_hour`. Zero is a fault: a route without alerts has `stop` and an empty list of channels.
fn per_hour(section: &mut Section<'_>) -> Option<u32> {
    let key = Key {
        name: "per_hour",
        form: ValueForm::Count,
        without: nothing("4"),
        doc: "The largest number of incidents of a device that are alerted on a channel in an \
              hour. Further ones are stored, and summarised in one message at the end of the hour.",
    };
    let given = section.integer(&key)?;
    let count = u32::try_from(*given.get_ref()).ok().filter(|count| *count > 0);
    if count.is_none() {
        section.wrong("per_hour", given.span(), "at least 1 is needed; for none leave it out");
    }
    count
}

/// Reads a template. Its syntax and its names are checked now, not at the first alert.
fn template(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Option<Template> {
    let key = Key { name, form: ValueForm::Text, without: nothing(example), doc };
    section.parsed(&key, from_str::<Template>).map(Spanned::into_inner)
}

/// Reads one of several words. The fault lists `all` of them.
fn choice<T: Copy>(
    section: &mut Section<'_>,
    name: &'static str,
    without: Without,
    doc: &'static str,
    all: &[T],
    name_of: impl Fn(&T) -> &'static str,
) -> Option<T> {
    let key = Key { name, form: ValueForm::Text, without, doc };
    let find = |text: &str| {
        let found = all.iter().copied().find(|it| name_of(it) == text);
        found.ok_or_else(|| one_of(all.iter().map(&name_of)))
    };
    section.parsed(&key, find).map(Spanned::into_inner)
}

/// Reads a duration without a default; `None` if it is not given.
fn duration(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Option<Duration> {
    let key = Key { name, form: ValueForm::Duration, without: nothing(example), doc };
    section.parsed(&key, units::duration).map(Spanned::into_inner)
}

/// Reads a list whose entries are parsed. An entry that cannot be parsed is a fault at its own place.
fn parsed<T>(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let key = Key { name, form: ValueForm::List, without: nothing(example), doc };
    let texts = filled(section, &key);
    let values = texts.iter().filter_map(|text| section.parse(&key, text, &parse));
    values.map(Spanned::into_inner).collect()
}

/// Reads a list of names.
fn names(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Vec<Spanned<String>> {
    let without = nothing(&format!("[\"{example}\"]"));
    filled(section, &Key { name, form: ValueForm::List, without, doc })
}

/// Reads a list that must not be empty if it is given.
fn filled(section: &mut Section<'_>, key: &Key) -> Vec<Spanned<String>> {
    if section.is_empty_list(key.name) {
        let reason = "an empty list matches nothing; leave it out for all";
        section.wrong(key.name, section.span_of(key.name), reason);
    }
    section.list(key).unwrap_or_default()
}

/// The names without their places.
fn plain(names: Vec<Spanned<String>>) -> Vec<String> {
    names.into_iter().map(Spanned::into_inner).collect()
}

fn glob(text: &str) -> Result<Glob, String> {
    Ok(Glob::new(text))
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("expected one of: {}", names.collect::<Vec<_>>().join(", "))
}
