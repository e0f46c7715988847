//! Axis: its owner chooses the subject, the text and the file names by templates (VAPIX, event and action services).
//! So only the default file name is recognised: `image%y-%m-%d_%H-%M-%S-%f_#s.jpg`, which becomes
//! `image26-10-05_14-03-20-41_1.jpg`. It contains no event.
//!
//! Alarms come as `GET URL?Message=TEXT` of an action rule, or as the payload of MQTT events (developer.axis.com,
//! MQTT event
//! bridge):
//! `{"topic": "axis:CameraApplicationPlatform/ObjectAnalytics/…", "serial", "message": {"data": {"active": "1"}}}`.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, DocumentForm, Event, Value};

use crate::alarm::codes::identity;
use crate::alarm::{AlarmView, onvif, text_of};
use crate::details::{MailFacts, MailForm};
use crate::guide::{BASE, Guide, SetupPage, SetupValue, choose, fill, page, set};
use crate::upload::is_digits;
use crate::{MailView, UploadedFile, Vendor, VendorReading, words};

pub(crate) const VENDOR: Vendor = Vendor {
    name: "Axis",
    recognises: |mail| mail.file_names().any(is_default),
    read,
    form: MailForm::NONE,
    upload,
    alarm,
    pictures: &["/axis-cgi/jpg/image.cgi?camera={channel}", "/axis-cgi/jpg/image.cgi"],
    guide: GUIDE,
};

/// The subject is the owner's words for the event.
fn read<'a>(mail: &MailView<'a>) -> VendorReading<'a> {
    let event = words::subject(mail.subject).unwrap_or_default();
    VendorReading { known: MailFacts { event, ..MailFacts::default() }, ..VendorReading::default() }
}

fn upload(upload: &UploadedFile<'_>) -> Option<Event> {
    is_default(upload.stem()).then_some(Event::Other)
}

/// Whether a name is the default one: date, then time with hundredths, `image26-10-05_14-03-20-41_1`.
fn is_default(name: &str) -> bool {
    let mut words = name.strip_prefix("image").unwrap_or_default().split('_');
    let (date, time) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let of_pairs = |text: &str| text.split('-').all(|pair| is_digits(pair, 2));
    date.len() == 8 && of_pairs(date) && time.len() == 11 && of_pairs(time)
}

/// The prefixes of topics in MQTT payloads.
const TOPICS: &[&str] = &["axis:", "onvif:", "tns1:", "tnsaxis:"];
/// The parameter of an action rule, in the vendor's spelling.
const MESSAGE: &str = "Message";

/// An MQTT payload, or the message of an action rule.
fn alarm(view: &AlarmView<'_>) -> Option<AlarmReading> {
    let alarms = view.objects().find_map(published).or_else(|| ruled(view))?;
    Some(AlarmReading { alarms, ..AlarmReading::default() })
}

/// The event of an MQTT payload, by the rules of ONVIF topics. It may be no news.
fn published(object: &Value) -> Option<Vec<Alarm>> {
    let topic = text_of(object, &["topic"])?;
    let message = object.field("message").filter(|message| message.text().is_none())?;
    if !TOPICS.iter().any(|prefix| topic.starts_with(prefix)) {
        return None;
    }
    let items = message.field("data").map(onvif::object_items).unwrap_or_default();
    let serial = text_of(object, &["serial"]);
    let alarm = onvif::topic_alarm(topic, &items, message).map(|alarm| Alarm {
        // The serial number is the hardware address.
        identity: identity(serial, serial),
        ..alarm
    });
    Some(alarm.into_iter().collect())
}

/// `GET URL?Message=Motion%20detected&source=door`. The owner writes the message, so it is the title.
fn ruled(view: &AlarmView<'_>) -> Option<Vec<Alarm>> {
    let is_message = |root: &Value| match root {
        Value::Fields(fields) => fields.iter().any(|(name, _)| name == MESSAGE),
        _ => false,
    };
    if !view.roots(&[DocumentForm::Query]).any(is_message) {
        return None;
    }
    let message = view.parameter(MESSAGE)?;
    let event = words::subject(message).unwrap_or_default();
    let phase = if event == Event::End { AlarmPhase::Stop } else { AlarmPhase::Pulse };
    let (kind, subject) = (message.to_lowercase(), message.to_owned());
    Some(vec![Alarm { kind, event, phase, subject, ..Alarm::default() }])
}

pub(crate) const GUIDE: Guide = Guide {
    mail: Some(SetupPage {
        notes: &["Validating the certificate fails: ours is signed by nobody else."],
        ..page(
            "System > Events > Recipients > Add a recipient: Email",
            &[
                fill("Send email to", SetupValue::Recipient),
                fill("Send email from", SetupValue::Sender),
                fill("Username", SetupValue::User),
                fill("Password", SetupValue::Password),
                fill("Email server (SMTP)", SetupValue::Server),
                fill("Port", SetupValue::Port),
                choose("Encryption", "None"),
                set("Validate server certificate", "off"),
                set("POP authentication", "off"),
            ],
        )
    }),
    ftp: Some(SetupPage {
        notes: &["With a temporary file name nothing is told of before it is whole."],
        ..page(
            "System > Events > Recipients > Add a recipient: FTP",
            &[
                fill("Host", SetupValue::Server),
                fill("Port", SetupValue::Port),
                choose("Folder", "/"),
                fill("Username", SetupValue::User),
                fill("Password", SetupValue::Password),
                set("Use temporary file name", "on"),
                set("Use passive FTP", "on"),
            ],
        )
    }),
    alarm: Some(SetupPage {
        notes: &[
            "Then a rule with the action Send notification through HTTP, and your words for the event as the message; or Send images through HTTP.",
        ],
        ..page(
            "System > Events > Recipients > Add a recipient: HTTP",
            &[fill("URL", SetupValue::AlarmUrl), set("Username, Password", "empty")],
        )
    }),
    notes: &[
        "A recipient does nothing alone: add a rule that sends images to it, or a video clip.",
        "Older cameras have the page under Events > Recipients, and Test beside it.",
        "Or by MQTT: the broker in System > MQTT and in [[mqtt]], and the topic in mqtt of the device.",
    ],
    ..BASE
};
