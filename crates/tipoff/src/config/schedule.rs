//! `[[schedule]]`: the hours in which devices are alerted.
//!
//! Reads and checks the sections; `tipoff_rules::Schedule` decides.

use tipoff_rules::{Conditions, Schedule};

use super::route::{self, KnownNames};
use super::section::Section;

const DOC: &str = "When some devices are alerted. At other times their incidents are stored, and no channel gets a first \
                   alert, whatever the routes say. If several schedules name a device, one of them must permit the alert. \
                   A device without a schedule is alerted at all times. The page of a device sets the same.";
const BETWEEN: &str = "The hours of the day in which the devices are alerted, as in `[[route]]`. Without it: all day.";

/// Reads all `[[schedule]]`.
pub(super) fn read(root: &mut Section<'_>, known: &KnownNames<'_>) -> Vec<Schedule> {
    root.tables("schedule", DOC, |section| Some(one(section, known)))
}

fn one(section: &mut Section<'_>, known: &KnownNames<'_>) -> Schedule {
    let (devices, device_keys) = known.devices(section);
    let between = route::between(section, known.place || !known.is_strict, BETWEEN);
    let days = route::days(section);
    let never = section.flag("never", false, "Whether the devices are never alerted.");
    let has_hours = between.is_some() || days.is_some();
    if never && has_hours {
        let reason = "a schedule with hours cannot be `never`: leave one of them out";
        section.wrong("never", section.span_of("never"), reason);
    }
    if !never && !has_hours && !section.reading.describes() {
        section.missing("between", "\"22:00-06:00\"");
    }
    let conditions = Conditions { devices, device_keys, between, days, ..Conditions::default() };
    Schedule { conditions, never }
}
