//! XMEye (Xiongmai): the alarm server of its recorders and cameras. JSON comes behind a binary head over TCP,
//! command 1508 (a capture of
//! toxuin/alarmserver):
//! `{"Address": "0x0A01A8C0", "Channel": 0, "Event": "HumanDetect", "SerialID", "Status": "Start", "Type": "Alarm"}`.

use tipoff_model::{Alarm, AlarmReading, Event, Value};

use crate::alarm::codes::{alarm, guessed, identity, is_any, listed, phase};
use crate::alarm::{AlarmView, text_of};
use crate::camera::RecorderChannel;
use crate::{Vendor, WITHOUT_MAILS, guide};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "XMEye",
    alarm: read,
    pictures: &["/webcapture.jpg?command=snap&channel={channel}", "/snap.jpg"],
    guide: guide::xmeye::GUIDE,
    ..WITHOUT_MAILS
};

/// Values of `Event`.
const CODES: &[(&str, Event)] = &[
    ("AppEventHumanDetectAlarm", Event::Person),
    ("BlindDetect", Event::Tamper),
    ("FaceDetect", Event::Person),
    ("HumanDetect", Event::Person),
    ("LocalAlarm", Event::Input),
    ("LossDetect", Event::Fault),
    ("LowSpace", Event::Fault),
    ("MotionDetect", Event::Motion),
    ("NetAbort", Event::Fault),
    ("NetIPConflict", Event::Fault),
    ("StorageFailure", Event::Fault),
    ("StorageNotExist", Event::Fault),
    ("VideoAnalyze", Event::Zone),
    ("VideoBlind", Event::Tamper),
    ("VideoLoss", Event::Fault),
    ("VideoMotion", Event::Motion),
];

/// By its serial number together with an event and a status.
fn read(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarms: Vec<Alarm> = view.objects().filter_map(said).collect();
    (!alarms.is_empty()).then_some(AlarmReading { alarms, ..AlarmReading::default() })
}

fn said(object: &Value) -> Option<Alarm> {
    let serial = text_of(object, &["SerialID"])?;
    let word = text_of(object, &["Event"])?;
    // The log has failed logins and dead disks, which have no end.
    let is_log = text_of(object, &["Type"]).is_some_and(|it| is_any(&["Log"], it));
    let status = text_of(object, &["Status"]).filter(|_| !is_log);
    let phase = status.and_then(phase).unwrap_or_default();
    let event = listed(CODES, word).or_else(|| guessed(word)).or(is_log.then_some(Event::Fault));
    let subject = if is_log { word.to_owned() } else { String::new() };
    let number = text_of(object, &["Channel"]).and_then(|it| it.parse::<u32>().ok());
    let number = number.and_then(|it| it.checked_add(1)).map(|it| it.to_string());
    let channel =
        RecorderChannel { number: number.as_deref(), name: None, of_recorder: false }.camera();
    let alarm = alarm(word, event, phase);
    let subject = if subject.is_empty() { alarm.subject.clone() } else { subject };
    Some(Alarm {
        subject,
        camera: channel.filter(|_| !is_log && event != Some(Event::Input)),
        identity: identity(None, Some(serial)),
        ..alarm
    })
}
