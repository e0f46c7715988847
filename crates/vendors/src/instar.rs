//! INSTAR: the alarm server of its HD, Full HD and 2K+ cameras calls an address with `active=N`, the number of what
//! has fired,
//! and `object`, bits of what the camera recognised (INSTAR's wiki, Alarmserver). 2K+ firmware sends `trigger`
//! instead, and
//! publishes `cameras/ID/status/alarm/triggered` over MQTT.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Event, Value};

use crate::alarm::codes::alarm;
use crate::alarm::{AlarmView, text_of};
use crate::guide::{ALARM, BASE, FTP, Guide, MAIL, SetupPage, SetupValue, fill, set};
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "INSTAR",
    alarm: read,
    pictures: &["/tmpfs/snap.jpg?usr={user}&pwd={password}"],
    guide: GUIDE,
    ..WITHOUT_MAILS
};

/// Bits of `object`, the most important first.
const OBJECTS: &[(u32, Event)] = &[(1, Event::Person), (2, Event::Vehicle), (4, Event::Animal)];
/// The number of an alarm that somebody has triggered by hand.
const MANUAL: u32 = 99;

/// By the number in the query or a form, or by the topic.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarms = called(view).map(|alarm| vec![alarm]).or_else(|| published(view))?;
    Some(AlarmReading { alarms, ..AlarmReading::default() })
}

fn called(view: &AlarmView<'_>) -> Option<Alarm> {
    let number = |name: &str| view.parameter(name).and_then(|it| it.parse::<u32>().ok());
    // Others write `active=1` too, beside words of their own.
    if ["event", "title", "text", "message", "state"].iter().any(|it| view.parameter(it).is_some())
    {
        return None;
    }
    let (fired, event) = match (number("active"), number("trigger")) {
        (Some(area @ 1..=4), _) => (format!("Area {area}"), Some(Event::Motion)),
        (Some(5), _) => ("Input or PIR".to_owned(), Some(Event::Input)),
        (Some(6), _) => ("Sound".to_owned(), Some(Event::Sound)),
        (Some(area @ 7..=10), _) => (format!("Area {} and PIR", area - 6), Some(Event::Motion)),
        (Some(MANUAL), _) => ("Manual alarm".to_owned(), None),
        (None, Some(trigger)) => (format!("Trigger {trigger}"), Some(Event::Motion)),
        _ => return None,
    };
    let bits = number("object").unwrap_or(0);
    let object = OBJECTS.iter().find(|(bit, _)| bits & bit != 0).map(|(_, event)| *event);
    let text = if event.is_some() { fired.clone() } else { String::new() };
    Some(Alarm { text, ..alarm(&fired, object.or(event), AlarmPhase::Pulse) })
}

/// `{"val": "1"}` below the topic of the alarm. `0` is its rest, and other states are no news.
fn published(view: &AlarmView<'_>) -> Option<Vec<Alarm>> {
    let topic = view.request.path.trim_start_matches('/');
    if !topic.starts_with("cameras/") || !topic.contains("/status/") {
        return None;
    }
    let values = view.objects().filter_map(|object: &Value| text_of(object, &["val"]));
    let value = values.chain(view.texts()).next()?;
    let is_alarm = view.path_ends("/status/alarm/triggered") && !["", "0"].contains(&value);
    let alarm = alarm(&format!("Trigger {value}"), Some(Event::Motion), AlarmPhase::Pulse);
    Some(is_alarm.then_some(alarm).into_iter().collect())
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(MAIL),
    ftp: Some(FTP),
    alarm: Some(SetupPage {
        fields: &[
            fill("Server", SetupValue::Server),
            fill("Port", SetupValue::Port),
            fill("Path", SetupValue::AlarmPath),
            set("SSL", "off"),
            set("Query", "with active and object, as the camera appends them"),
        ],
        notes: &["The page is called Alarm Server. The camera sends no picture with it."],
        ..ALARM
    }),
    notes: &[
        "2K+ cameras publish over MQTT, too: the broker in [[mqtt]], and the topic cameras/ID/status/alarm/triggered in mqtt of the device.",
    ],
    ..BASE
};
