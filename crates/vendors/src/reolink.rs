//! Reolink.
//!
//! Older texts have `Alarm Event: Person Detected` beside `Alarm Camera Name: …`; newer subjects
//! are `Person Detected from Driveway at 14:30:00`. The camera's name stands behind "from", and
//! people call their cameras Doorbell and Carport: only what stands before it is read.

use tipoff_model::Event;

use crate::{Mail, Vendor, words};

pub(crate) const VENDOR: Vendor = Vendor { name: "Reolink", recognises, event };

/// What the test button sends.
const TEST: &str = "successfully set up and tested the e-mail alert";

fn recognises(mail: &Mail<'_>) -> bool {
    mail.field("Alarm Camera Name").is_some() || mail.says(TEST) || before_from(mail).is_some()
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    if mail.says(TEST) {
        return Some(Event::Test);
    }
    let by_field = mail.field("Alarm Event").and_then(words::event);
    by_field.or_else(|| before_from(mail).and_then(words::event))
}

/// `Person Detected` of `Person Detected from Driveway`.
fn before_from<'a>(mail: &Mail<'a>) -> Option<&'a str> {
    let (before, _) = mail.subject.split_once(" from ")?;
    let last = before.split_whitespace().next_back()?;
    ["Detected", "Detection", "Visitor", "rang", "Ringing"].contains(&last).then_some(before)
}
