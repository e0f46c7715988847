//! The alarms that devices push over HTTP, or give to those who ask.

use crate::{Camera, Document, Event, Media};

/// A request of a device, as far as it was understood without knowing the vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmRequest {
    /// The method, in capitals; empty if it did not come by HTTP.
    pub method: String,
    /// The path without the part that is the device's secret, decoded; `/` if nothing else is in it. For MQTT the topic.
    pub path: String,
    /// What it says: the query first, then the body or its parts in their order.
    pub documents: Vec<Document>,
    /// The pictures, videos and other files in the body.
    pub media: Vec<Media>,
    /// Whether it has a body.
    pub has_body: bool,
    /// Whether the connection broke before the end of the body.
    pub torn: bool,
}

/// How an alarm relates to others of the same device, camera and kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AlarmPhase {
    /// Something begins, and a stop or silence ends it. Devices may repeat it every second.
    Start,
    /// What began has ended.
    Stop,
    /// Something has happened that has no end.
    #[default]
    Pulse,
    /// Something that began goes on. Where no start came, it is the first news of it.
    Repeat,
    /// Belongs to an alarm that came before, as the picture that follows it.
    Addition,
}

/// One alarm of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarm {
    /// The device's own word for what happened, by which start, repeat and stop belong together; lower case.
    pub kind: String,
    /// What happened.
    pub event: Event,
    /// Whether it begins, goes on or ends.
    pub phase: AlarmPhase,
    /// The channel of a recorder; `None` if it is about the device itself.
    pub camera: Option<Camera>,
    /// Title for people where the device gives one; empty: the event names it.
    pub subject: String,
    /// More words for people: plate, zone, face. Empty without any.
    pub text: String,
    /// The media of this alarm, by their index in the request, the best picture first.
    pub media: Vec<usize>,
    /// Address of a picture that the device offers instead of sending it.
    pub picture: Option<String>,
    /// The device's key for what belongs to one detection, by which an addition finds its alarm.
    pub detection: Option<String>,
    /// Whether it is sent again long after it happened: stored, not urgent.
    pub late: bool,
    /// What the device says of itself.
    pub identity: Identity,
}

/// What a device says of itself. Nothing of it is proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The hardware address: twelve hexadecimal digits in lower case.
    pub mac: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The name that its owner gave it.
    pub name: Option<String>,
}

/// The answer that a device expects. The status is always 200.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AlarmReply {
    /// No body.
    #[default]
    Empty,
    /// A text.
    Text(&'static str),
    /// JSON.
    Json(&'static str),
}

/// What a request says by the rules of its vendor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmReading {
    /// The vendor of the device; `None` if it is not known.
    pub vendor: Option<&'static str>,
    /// The alarms in it; empty for a sign of life or a message that says nothing to people.
    pub alarms: Vec<Alarm>,
    /// What the device is answered.
    pub reply: AlarmReply,
}
