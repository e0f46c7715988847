//! Dahua and those who build on it (Amcrest, EmpireTech, EZIP, IC Realtime, IMOU, Lorex, Q-See).
//!
//! The text is base64 with one field a line:
//!
//! ```text
//! Alarm Event: Motion Detection
//! Alarm Input Channel: 1
//! Alarm Start Time(D/M/Y H:M:S): 23/12/2021 10:27:46
//! Alarm Device Name: IPC06
//! ```
//!
//! EZIP writes `Motion Detection Start` and `… Stop`, other cameras `… end`. Recorders write `Alarm Input Channel
//! No.: 2` and `Alarm Input Channel Name: …` instead, and `Time (D/M/Y …)` with a space. The subject is the
//! owner's. Names of pictures contain a letter in brackets: `47[M][0@0][0].jpg`.

mod alarm;

use tipoff_model::{Camera, Event};

use crate::camera::{RecorderChannel, is_of_factory};
use crate::details::{MailFacts, MailForm, SubjectNews};
use crate::guide;
use crate::upload::{is_digits, is_number};
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Dahua",
    recognises,
    read,
    form: FORM,
    upload,
    alarm: alarm::read,
    pictures: &[
        "/cgi-bin/snapshot.cgi?channel={channel}",
        "/cgi-bin/snapshot.cgi?channel={index}",
        "/cgi-bin/snapshot.cgi",
    ],
    guide: guide::dahua::GUIDE,
};

const FORM: MailForm = MailForm {
    keys: &[
        "alarm event",
        "alarm type",
        "alarm input channel*",
        "alarm channel*",
        "channel name",
        "channel no*",
        "channel",
        "alarm start time*",
        "alarm stop time*",
        "alarm end time*",
        "alarm time*",
        "event time*",
        "time*",
        "alarm device name",
        "device name",
        "ip address*",
    ],
    sentences: &[],
    free: false,
};

/// Keys that only Dahua writes beside `Alarm Event`, in lower case. Reolink has that key too.
const KEYS: &[&str] = &[
    "alarm start time",
    "alarm stop time",
    "alarm end time",
    "time (d/m/y",
    "time(d/m/y",
    "alarm input channel",
];

/// By its fields, or by the letter in the name of a picture if the text has none.
fn recognises(mail: &MailView<'_>) -> bool {
    let by_text = mail.field("Alarm Event").is_some()
        && mail.field("Alarm Camera Name").is_none()
        && KEYS.iter().any(|key| mail.says(key));
    by_text || mail.file_names().any(|name| letter(name).is_some())
}

/// A mail with a stop time and no start time is an end. Local alarms and faults of the recorder belong to no camera,
/// although their mails have a channel.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let value = mail.filled("Alarm Event").or_else(|| mail.filled("Alarm Type"));
    let has_only_stopped =
        mail.filled_by("alarm start time").is_none() && mail.filled_by("alarm stop time").is_some();
    let event = match value {
        Some(_) if has_only_stopped => Event::End,
        Some(value) => event(value).unwrap_or_default(),
        None => mail.file_names().find_map(letter).unwrap_or_default(),
    };
    let device = mail.filled("Alarm Device Name").or_else(|| mail.filled("Device Name"));
    let name = mail.filled("Alarm Input Channel Name").or_else(|| mail.filled("Channel Name"));
    let number =
        ["Alarm Input Channel No.", "Alarm Input Channel No", "Alarm Input Channel", "Channel No."];
    let number = number.into_iter().find_map(|key| mail.filled(key));
    let is_of_channel = value.is_none_or(is_of_channel);
    let camera = if is_of_channel { camera(device, name, number) } else { None };
    // The "channel" of a local alarm is the number of the input. The name that the owner gave it is news.
    let extra = name.filter(|_| !is_of_channel && event == Event::Input);
    let names = device.into_iter().chain(name.filter(|_| extra.is_none())).collect();
    let known = MailFacts { event, value, names, extra, subject: SubjectNews::Whole };
    VendorReading { known, camera, details: None }
}

/// Values that the common words do not know or read as another event, in lower case: from the menus Event and
/// Abnormality of NVR4208 and similar recorders.
const VALUES: &[(&str, Event)] = &[
    ("audio input abnormal", Event::Fault),
    ("call", Event::Doorbell),
    ("call no answer", Event::Doorbell),
    ("cross warning zone", Event::Zone),
    ("doorbell", Event::Doorbell),
    ("fast-moving", Event::Zone),
    ("input abnormal", Event::Fault),
    ("intensity change", Event::Sound),
    ("login error", Event::Fault),
    ("non-motor vehicle", Event::Vehicle),
    ("object detect", Event::Zone),
    ("object detection", Event::Zone),
    ("parking", Event::Zone),
    ("people gathering", Event::Zone),
    ("crowd gathering estimation", Event::Zone),
];

/// The event of an `Alarm Event` value.
fn event(value: &str) -> Option<Event> {
    let lower = value.trim().to_lowercase();
    let listed = VALUES.iter().find(|(listed, _)| *listed == lower).map(|(_, event)| *event);
    listed.or_else(|| words::field(value))
}

/// Whether an event belongs to a camera, and not to an input of the recorder or to the recorder itself.
fn is_of_channel(value: &str) -> bool {
    let value = value.to_lowercase();
    let of_input = ["local alarm", "external alarm", "alarm local", "alarmlocal", "alarm box"];
    let of_recorder = [
        "hdd", "disk", "storage", "space", "net ", "network", "conflict", "illegal", "fan",
        "power", "raid", "login", "account", "lock",
    ];
    !of_input.iter().any(|it| value.starts_with(it))
        && !of_recorder.iter().any(|it| value.contains(it))
}

/// The camera by the rule of [`mod@crate::camera`].
fn camera(device: Option<&str>, name: Option<&str>, number: Option<&str>) -> Option<Camera> {
    let device = device.unwrap_or_default().to_lowercase();
    let is_recorder =
        ["nvr", "dvr", "xvr", "hcvr", "recorder"].iter().any(|it| device.contains(it));
    // Only recorders write the name of a channel, but "IPC" is the factory name of cameras as well.
    let of_recorder = is_recorder || name.is_some_and(|name| !is_of_factory(name));
    // Old firmware writes a name into the field of the number.
    let is_name = |it: &str| it.bytes().all(|it| !it.is_ascii_digit());
    let number_is_name = name.is_none() && number.is_some_and(is_name);
    let (number, name) = if number_is_name { (None, number) } else { (number, name) };
    RecorderChannel { number, name, of_recorder }.camera()
}

/// The event by the letter of `14.03.20[M][0@0][0].jpg`: M motion, R recorded by schedule, A alarm input, I
/// intelligent (line, zone).
fn letter(name: &str) -> Option<Event> {
    let (time, rest) = name.split_once('[')?;
    let (letter, marks) = rest.split_once("][")?;
    // A scheduled picture is not alerted. So the name has to be exact: a time, and a place on a disk with an `@`.
    let is_exact = || {
        let is_time = time.bytes().all(|it| it.is_ascii_digit() || it == b'.' || it == b'-');
        let place = marks.split_once("][").map(|(place, _)| place);
        !time.is_empty() && is_time && place.is_some_and(|place| place.contains('@'))
    };
    match letter {
        "M" => Some(Event::Motion),
        "R" => is_exact().then_some(Event::Periodic),
        "A" => Some(Event::Input),
        "I" => Some(Event::Zone),
        _ => None,
    }
}

/// `…/001/jpg/14/03/20[M][0@0][0].jpg` and `…/001/dav/21/21.04.49-21.05.14[M][0@0][0].mp4`, also of XMEye recorders.
/// Newer firmware writes a channel and two times without an event:
/// `N843A8_ch3_main_20260830214636_20260830214641.dav`.
fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    letter(upload.name()).or_else(|| {
        let mut words = upload.stem().rsplit('_');
        let (end, start) = (words.next()?, words.next()?);
        let (stream, channel) = (words.next()?, words.next()?);
        let is_stream = stream == "main" || stream.starts_with("sub");
        let is_channel = channel.strip_prefix("ch").is_some_and(is_number);
        let is_newer = is_stream && is_channel && is_digits(start, 14) && is_digits(end, 14);
        is_newer.then_some(Event::Other)
    })
}
