//! `[[report]]`: what each device sent in a day, delivered at a time of day.
//!
//! Reads and checks the sections; `crate::reports` sends the reports.

use tipoff_rules::{Point, Report};
use toml::Spanned;

use super::checks;
use super::key::{Key, ValueForm, Without, from_str, nothing};
use super::route::{KnownNames, PLACE_MISSING};
use super::rules::days;
use super::section::Section;

const DOC: &str = "A summary of what each device sent since the report before: the number of \
                   incidents of each kind, the first and the last picture. Each device that sent \
                   something gets a silent notification. Routes do not apply.";

/// Reads all `[[report]]`. A report without a name gets one from its position: the spool remembers by name which
/// reports were sent.
pub(super) fn read(root: &mut Section<'_>, known: &KnownNames<'_>) -> Vec<Report> {
    let mut names = Vec::new();
    let mut reports = root.tables("report", DOC, |section| {
        let (name, report) = one(section, known);
        names.extend(name);
        report
    });
    checks::unique(root.reading, names.iter(), str::to_owned, |name| {
        format!("two reports are called \"{name}\"")
    });
    for (number, report) in (1..).zip(&mut reports) {
        if report.name.is_empty() {
            report.name = format!("report {number}");
        }
    }
    reports
}

/// Reads one report. The name is returned on its own, so that it is checked even if the report has a fault.
fn one(
    section: &mut Section<'_>,
    known: &KnownNames<'_>,
) -> (Option<Spanned<String>>, Option<Report>) {
    let name = section.text(
        "name",
        "evening",
        "The report's name. Without it: `report 1`, by its position. A report with a new name may \
         be sent again on the same day.",
    );
    let key = Key {
        name: "at",
        form: ValueForm::Text,
        without: Without::Required("20:00".to_owned()),
        doc: "The time of the report: `20:00`, `sunset`, `sunrise-0:30`. If Tipoff was not running \
              then, the report is sent up to twelve hours later.",
    };
    if !section.has("at") {
        section.missing("at", &key.sample());
    }
    let at = section.parsed(&key, from_str::<Point>);
    if let Some(point) = at.as_ref().filter(|it| it.get_ref().needs_place() && !known.place) {
        section.wrong("at", point.span(), PLACE_MISSING);
    }
    let days = days(
        section,
        "The report is sent on these days only; it covers the time since the \
                       previous one of them.",
    );
    let devices = known_names(
        section,
        "device",
        (
            "devices",
            "[\"Front yard\"]",
            "The names of devices. Without it, and without `groups`: all.",
        ),
        known.devices,
    );
    let groups = known_names(
        section,
        "group",
        ("groups", "[\"outside\"]", "Groups of devices: see `groups` in `[[device]]`."),
        known.groups,
    );
    let channels =
        named(section, "channels", "[\"telegram\"]", "The names of channels. Without it: all.");
    let channels = channels.map(|given| known.channels(section, given).0);
    let report = at.map(|at| Report {
        name: name.as_ref().map(|name| name.get_ref().clone()).unwrap_or_default(),
        at: at.into_inner(),
        days,
        devices: devices.unwrap_or_default(),
        groups: groups.unwrap_or_default(),
        channels: channels.unwrap_or_else(|| known.targets.to_owned()),
    });
    (name, report)
}

/// Reads a list of names that must be `known`; `None` if it is not given.
fn known_names(
    section: &mut Section<'_>,
    what: &str,
    (name, example, doc): (&'static str, &str, &'static str),
    known: &[String],
) -> Option<Vec<String>> {
    let given = named(section, name, example, doc)?;
    checks::known(section, what, &given, known);
    Some(given.into_iter().map(Spanned::into_inner).collect())
}

/// Reads a list of names; `None` if it is not given. An empty list is a fault: it would never send anything, and is
/// probably meant as "all".
fn named(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Option<Vec<Spanned<String>>> {
    if section.is_empty_list(name) {
        let reason = "an empty list names nothing; leave it out for all";
        section.wrong(name, section.span_of(name), reason);
    }
    section.list(&Key { name, form: ValueForm::List, without: nothing(example), doc })
}
