//! Hanwha (Wisenet, formerly Samsung): the lines of `eventstatus.cgi` (SUNAPI), `Channel.0.MotionDetection=True`.
//! The first answer
//! is the state of everything, later ones are changes. Newest models push the same words by event rules.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, Camera, DocumentForm, Event, Value};

use crate::alarm::AlarmView;
use crate::alarm::codes::{alarm, guessed, is_any, state};
use crate::guide::{BASE, Guide};
use crate::upload::is_number;
use crate::{Vendor, WITHOUT_MAILS};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Hanwha",
    alarm: read,
    pictures: &["/stw-cgi/video.cgi?msubmenu=snapshot&action=view&Channel={index}"],
    guide: GUIDE,
    ..WITHOUT_MAILS
};

/// Names of states by their last word.
const CODES: &[(&str, Event)] = &[
    ("Appearing", Event::Zone),
    ("AudioAnalytics", Event::Sound),
    ("AudioDetection", Event::Sound),
    ("DefocusDetection", Event::Tamper),
    ("Disappearing", Event::Zone),
    ("Entering", Event::Zone),
    ("Exiting", Event::Zone),
    ("FaceDetection", Event::Person),
    ("FogDetection", Event::Tamper),
    ("Intrusion", Event::Zone),
    ("Loitering", Event::Zone),
    ("MotionDetection", Event::Motion),
    ("NetworkDisconnect", Event::Fault),
    ("Passing", Event::Line),
    ("SDFail", Event::Fault),
    ("SDFull", Event::Fault),
    ("Tampering", Event::Tamper),
    ("TamperingDetection", Event::Tamper),
    ("VideoLoss", Event::Fault),
];
/// Parts of names that are details of a state, or no news.
const DETAILS: &[&str] =
    &["AlarmOutput", "DayNight", "DefinedAreaID", "Level", "LineID", "Relay", "RegionID"];

/// By lines with a channel's state, or an alarm input beside them.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let roots = view.roots(&[DocumentForm::Pairs]);
    let lines = roots.flat_map(|root| match root {
        Value::Fields(fields) => fields.as_slice(),
        _ => &[],
    });
    let lines: Vec<(&str, &str)> =
        lines.filter_map(|(name, value)| Some((name.as_str(), value.text()?))).collect();
    let is_line = |(name, text): &(&str, &str)| state_of(name).is_some() && is_state(text);
    if !lines.iter().any(is_line) {
        return None;
    }
    let mut alarms: Vec<Alarm> = lines.into_iter().filter_map(line).collect();
    // Of the whole state, what is on is news.
    alarms.sort_by_key(|alarm| alarm.phase == AlarmPhase::Stop);
    Some(AlarmReading { alarms, ..AlarmReading::default() })
}

fn is_state(text: &str) -> bool {
    is_any(&["true", "false"], text)
}

/// The channel and the steps of a name: `Channel.0.VideoAnalytics.Entering`, `AlarmInput.1`.
fn state_of(name: &str) -> Option<(Option<u32>, Vec<&str>)> {
    let mut steps = name.split('.');
    match (steps.next()?, steps.next()?) {
        ("Channel", number) => Some((Some(number.parse().ok()?), steps.collect())),
        ("AlarmInput", number) if is_number(number) => Some((None, vec!["AlarmInput", number])),
        ("SystemEvent", state) => Some((None, vec![state])),
        _ => None,
    }
}

/// The alarm of a line; `None` for details, and for values that are no states.
fn line((name, text): (&str, &str)) -> Option<Alarm> {
    let (channel, steps) = state_of(name)?;
    let is_on = state(text).filter(|_| is_state(text))?;
    if steps.is_empty() || steps.iter().any(|step| is_any(DETAILS, step)) {
        return None;
    }
    let listed = |step: &&str| crate::alarm::codes::listed(CODES, step);
    let event = match steps.as_slice() {
        ["AlarmInput", _] => Some(Event::Input),
        steps => steps.iter().rev().find_map(listed).or_else(|| guessed(&steps.join("."))),
    };
    let phase = if is_on { AlarmPhase::Start } else { AlarmPhase::Stop };
    let number = channel.filter(|it| *it > 0).and_then(|it| it.checked_add(1));
    let camera = number.map(|it| Camera { number: Some(it.to_string()), name: None });
    let text = match steps.as_slice() {
        ["AlarmInput", number] => format!("Input {number}"),
        _ => String::new(),
    };
    Some(Alarm { camera, text, ..alarm(&steps.join("."), event, phase) })
}

pub(crate) const GUIDE: Guide = Guide { also: &["Samsung Techwin", "Wisenet"], ..BASE };
