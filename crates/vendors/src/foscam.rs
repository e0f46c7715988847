//! Foscam: the picture's name tells, `MDAlarm_20180914-111429.jpg` for motion, `HMDAlarm_…` for a
//! person, `Schedule_…` for the clock.

use tipoff_model::Event;

use crate::{Mail, Vendor};

pub(crate) const VENDOR: Vendor = Vendor { name: "Foscam", recognises, event };

fn recognises(mail: &Mail<'_>) -> bool {
    event(mail).is_some()
}

fn event(mail: &Mail<'_>) -> Option<Event> {
    mail.file_names().find_map(|name| {
        let (kind, _) = name.split_once('_')?;
        match kind.to_ascii_lowercase().as_str() {
            "hmdalarm" => Some(Event::Person),
            "mdalarm" => Some(Event::Motion),
            "schedule" => Some(Event::Periodic),
            _ => None,
        }
    })
}
