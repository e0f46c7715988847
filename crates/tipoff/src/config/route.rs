//! `[[route]]`: who hears of what, when, and how.

use std::time::Duration;

use tipoff_model::{Event, Priority};
use tipoff_rules::{
    AlertStyle, Between, Choice, Conditions, Days, Glob, Has, Pattern, Route, Template,
};
use toml::Spanned;

use super::key::{Form, Key, Without, from_str, nothing};
use super::section::Section;
use super::{checks, units};

const DOC: &str = "\
    Which incidents go to which channels, when, and how they are told there. Without any route every \
    incident goes to every channel; with routes each goes where at least one of them sends it. They \
    are looked at in their order: of several that send to one channel the first says how. All that \
    is given must fit; of a list one. In patterns `*` is anything and `?` any one character; upper \
    and lower case are one.";

/// What a route may name.
pub(super) struct Known<'a> {
    pub(super) devices: &'a [String],
    pub(super) groups: &'a [String],
    pub(super) channels: &'a [String],
    pub(super) modes: &'a [String],
    /// Whether it is known where the sun rises.
    pub(super) place: bool,
}

/// Reads all `[[route]]`.
pub(super) fn read(root: &mut Section<'_>, known: &Known<'_>) -> Vec<Route> {
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

fn one(section: &mut Section<'_>, known: &Known<'_>) -> (Option<Spanned<String>>, Route) {
    let name = section.text(
        "name",
        "at night",
        "What it is called where it is told why something was sent or not. Without it: `route 1`, \
         by its place.",
    );
    let conditions = conditions(section, known);
    let stop = section.flag(
        "stop",
        false,
        "Where it holds, no route behind it is looked at. With `channels = []`: nobody is told.",
    );
    let route = Route {
        name: name.as_ref().map(|name| name.get_ref().clone()).unwrap_or_default(),
        conditions,
        channels: channels(section, known.channels, stop),
        cooldown: duration(
            section,
            "cooldown",
            "2 min",
            "After an incident of a device, its next ones are not told to a channel for so long. \
             They are kept all the same.",
        ),
        per_hour: per_hour(section),
        settle: duration(
            section,
            "settle",
            "10 s",
            "How long further pictures of an incident are waited for, to be sent together. Without \
             it: as in `[incidents]`.",
        ),
        first_only: !section.flag(
            "follow_ups",
            true,
            "Whether what arrives for an incident later is told as well: further pictures, the video.",
        ),
        style: manner(section),
        stop,
    };
    (name, route)
}

fn conditions(section: &mut Section<'_>, known: &Known<'_>) -> Conditions {
    let devices = names(
        section,
        "devices",
        "Front yard",
        "The names of devices. Without it: all, \
        also those without a name here.",
    );
    checks::known(section, "device", &devices, known.devices);
    let groups = names(
        section,
        "groups",
        "outside",
        "Groups of devices: see `groups` in \
        `[[device]]`.",
    );
    checks::known(section, "group", &groups, known.groups);
    let modes = names(section, "modes", "night", "The modes in which it holds: see `[[mode]]`.");
    checks::known(section, "mode", &modes, known.modes);
    Conditions {
        devices: plain(devices),
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
        between: between(section, known.place),
        days: parsed(section, "days", "[\"mon-fri\"]", DAYS, from_str::<Days>)
            .into_iter()
            .reduce(Days::and),
        modes: plain(modes),
    }
}

const EVENTS: &str = "\
    What the device says has happened: `motion`, `person`, `vehicle`, `animal`, `doorbell`, `line`, \
    `zone`, `sound`, `tamper`, `input`, `fault`, `end`, `periodic`, `test`, `silence`, `other`.";
const SUBJECT: &str = "\
    The subject: a pattern of all of it, or `/…/`, a regular expression that is found in it.";
const TEXT: &str = "\
    The text: a pattern of all of it, or `/…/`, a regular expression that is found in it.";
const HAS: &str = "What must be in what arrived: `picture` or `video`.";
const DAYS: &str = "\
    The days of the week, from `mon` to `sun`. Hours that go past midnight belong to the day on which \
    they began.";

fn between(section: &mut Section<'_>, place: bool) -> Option<Between> {
    let key = Key {
        name: "between",
        form: Form::Text,
        without: nothing("22:00-06:00"),
        doc: "The hours of the day in which it holds; they may go past midnight. `sunset-sunrise` is \
              the night, `sunset+0:30-23:00` ends before; that needs `place`. Without it: always.",
    };
    let between = section.parsed(&key, from_str::<Between>)?;
    if between.get_ref().needs_place() && !place {
        section.wrong("between", between.span(), PLACE_MISSING);
    }
    Some(between.into_inner())
}

/// What is said where the sun is asked for.
pub(super) const PLACE_MISSING: &str =
    "where the sun rises must be known: add `place = \"52.52, 13.40\"` at the top of the file";

fn channels(section: &mut Section<'_>, known: &[String], stop: bool) -> Vec<String> {
    let key = Key {
        name: "channels",
        form: Form::List,
        without: nothing("[\"telegram\"]"),
        doc: "The names of channels. Without it: all.",
    };
    if section.is_empty_list("channels") && !stop {
        let reason = "an empty list tells nobody: say `stop = true` too if that is meant, or leave \
                      it out for all";
        section.wrong("channels", section.span_of("channels"), reason);
    }
    let Some(given) = section.list(&key) else {
        return known.to_owned();
    };
    checks::known(section, "channel", &given, known);
    plain(given)
}

fn manner(section: &mut Section<'_>) -> AlertStyle {
    AlertStyle {
        silent: section.flag("silent", false, "Told without a sound, where the service can."),
        priority: choice(section, "priority", nothing("urgent"), PRIORITY, Priority::ALL, |it| {
            it.as_str()
        }),
        media: choice(
            section,
            "media",
            Without::Default("all".to_owned()),
            "Which files of an alert are sent: `all`, the `first` picture, the `best` (the largest), \
             or `none`. All are kept.",
            Choice::ALL,
            |it| it.as_str(),
        )
        .unwrap_or_default(),
        title: template(section, "title", "Alarm: {{ device }} at {{ time }}", TITLE),
        text: template(section, "body", "See {{ link }}", BODY),
    }
}

const PRIORITY: &str = "\
    How urgent: `lowest`, `low`, `normal`, `high`, `urgent`. Without it: as the channel is \
    configured.";
const TITLE: &str = "\
    The first line of an alert, as a template in the language of Jinja, which may name `device`, \
    `event`, `title` (the event in words), `subject`, `text`, `date`, `time`, `pictures`, `videos`, \
    `files` (how many), `follow_up`, `torn`, `link` (to the incident) and `picture` (the address of \
    the first picture; both need `public_url` in `[http]`). Without it: the device and what has happened.";
const BODY: &str = "\
    What stands below the title, as a template with the same names. Without it: what the device \
    wrote.";

fn per_hour(section: &mut Section<'_>) -> Option<u32> {
    let key = Key {
        name: "per_hour",
        form: Form::Count,
        without: nothing("4"),
        doc: "So many incidents of a device are told to a channel in an hour; what is more is kept and \
              told as one count when the hour is over.",
    };
    let given = section.integer(&key)?;
    let count = u32::try_from(*given.get_ref()).ok().filter(|count| *count > 0);
    if count.is_none() {
        section.wrong("per_hour", given.span(), "at least 1 is needed; for none leave it out");
    }
    count
}

fn template(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Option<Template> {
    let key = Key { name, form: Form::Text, without: nothing(example), doc };
    section.parsed(&key, from_str::<Template>).map(Spanned::into_inner)
}

fn choice<T: Copy>(
    section: &mut Section<'_>,
    name: &'static str,
    without: Without,
    doc: &'static str,
    all: &[T],
    name_of: impl Fn(&T) -> &'static str,
) -> Option<T> {
    let key = Key { name, form: Form::Text, without, doc };
    let find = |text: &str| {
        let found = all.iter().copied().find(|it| name_of(it) == text);
        found.ok_or_else(|| one_of(all.iter().map(&name_of)))
    };
    section.parsed(&key, find).map(Spanned::into_inner)
}

fn duration(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Option<Duration> {
    let key = Key { name, form: Form::Duration, without: nothing(example), doc };
    section.parsed(&key, units::duration).map(Spanned::into_inner)
}

/// A list of which each is something more exact.
fn parsed<T>(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let key = Key { name, form: Form::List, without: nothing(example), doc };
    let texts = filled(section, &key);
    let values = texts.iter().filter_map(|text| section.parse(&key, text, &parse));
    values.map(Spanned::into_inner).collect()
}

fn names(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Vec<Spanned<String>> {
    let without = nothing(&format!("[\"{example}\"]"));
    filled(section, &Key { name, form: Form::List, without, doc })
}

/// A list that, if it is given, has something in it.
fn filled(section: &mut Section<'_>, key: &Key) -> Vec<Spanned<String>> {
    if section.is_empty_list(key.name) {
        let reason = "an empty list fits nothing; leave it out for all";
        section.wrong(key.name, section.span_of(key.name), reason);
    }
    section.list(key).unwrap_or_default()
}

fn plain(names: Vec<Spanned<String>>) -> Vec<String> {
    names.into_iter().map(Spanned::into_inner).collect()
}

fn glob(text: &str) -> Result<Glob, String> {
    Ok(Glob::new(text))
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("there is {}", names.collect::<Vec<_>>().join(", "))
}
