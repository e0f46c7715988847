//! What cameras answer. Each function takes the HTTP status and the body of an answer. Addresses are repaired to the host
//! of `camera`, the address at which the camera was asked.

use std::time::Duration;

use jiff::civil::DateTime;
use tipoff_model::Timestamp;

use crate::address::repaired;
use crate::fault::{self, Fault};
use crate::request::Reference;
use crate::time::{parse_time, utc};
use crate::xml::{Element, escaped};

/// Profiles that are read.
const PROFILES_MAX: usize = 128;
/// Parameters of a reference that are sent back.
const PARAMETERS_MAX: usize = 4;

/// The clock of a camera.
pub fn system_time(status: u16, answer: &[u8]) -> Result<Timestamp, Fault> {
    let envelope = fault::content(status, answer)?;
    let number = |element: &Element, path: [&str; 2]| element.text_at(&path)?.parse::<i16>().ok();
    let small = |element: &Element, path: [&str; 2]| i8::try_from(number(element, path)?).ok();
    let read = |name: &str| {
        let time = envelope.find(name)?;
        let date = (
            number(time, ["Date", "Year"])?,
            small(time, ["Date", "Month"])?,
            small(time, ["Date", "Day"])?,
        );
        let hour = small(time, ["Time", "Hour"])?;
        let (minute, second) = (small(time, ["Time", "Minute"])?, small(time, ["Time", "Second"])?);
        utc(DateTime::new(date.0, date.1, date.2, hour, minute, second.min(59), 0).ok()?)
    };
    // Some cameras give their local time only.
    read("UTCDateTime").or_else(|| read("LocalDateTime")).ok_or(Fault::Malformed)
}

/// What a camera is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceInformation {
    /// The vendor.
    pub manufacturer: String,
    /// The model.
    pub model: String,
    /// The version of its firmware.
    pub firmware: String,
    /// The serial number.
    pub serial: String,
    /// The hardware, in the vendor's words.
    pub hardware: String,
}

/// Vendor, model, firmware, serial number.
pub fn device_information(status: u16, answer: &[u8]) -> Result<DeviceInformation, Fault> {
    let envelope = fault::content(status, answer)?;
    let found = envelope.find("GetDeviceInformationResponse").ok_or(Fault::Malformed)?;
    let text = |name: &str| found.text_at(&[name]).unwrap_or_default().to_owned();
    Ok(DeviceInformation {
        manufacturer: text("Manufacturer"),
        model: text("Model"),
        firmware: text("FirmwareVersion"),
        serial: text("SerialNumber"),
        hardware: text("HardwareId"),
    })
}

/// The addresses of a camera's services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// Profiles, pictures and streams (version 1).
    pub media: Option<String>,
    /// Events.
    pub events: Option<String>,
}

/// The addresses in an answer to `GetCapabilities`.
pub fn capabilities(status: u16, answer: &[u8], camera: &str) -> Result<Services, Fault> {
    let envelope = fault::content(status, answer)?;
    let found = envelope.find("Capabilities").ok_or(Fault::Malformed)?;
    let address = |name: &str| repaired(found.text_at(&[name, "XAddr"])?, camera);
    Ok(Services { media: address("Media"), events: address("Events") })
}

/// The addresses in an answer to `GetServices`.
pub fn services(status: u16, answer: &[u8], camera: &str) -> Result<Services, Fault> {
    let envelope = fault::content(status, answer)?;
    let found = envelope.find("GetServicesResponse").ok_or(Fault::Malformed)?;
    let address = |part: &str| {
        let is_it =
            |it: &&Element| it.text_at(&["Namespace"]).is_some_and(|name| name.contains(part));
        repaired(found.all("Service").find(is_it)?.text_at(&["XAddr"])?, camera)
    };
    Ok(Services { media: address("/ver10/media/"), events: address("/ver10/events/") })
}

/// A profile of the media service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The token by which it is asked for.
    pub token: String,
    /// Its name.
    pub name: String,
    /// The token of its video source: the channels of a recorder differ in it.
    pub source: Option<String>,
    /// Width and height of its video in pixels.
    pub size: Option<(u32, u32)>,
}

/// The profiles, in the camera's order: the main stream of the first channel is the first.
pub fn profiles(status: u16, answer: &[u8]) -> Result<Vec<Profile>, Fault> {
    let envelope = fault::content(status, answer)?;
    let found = envelope.find("GetProfilesResponse").ok_or(Fault::Malformed)?;
    let profile = |it: &Element| {
        let resolution = it.at(&["VideoEncoderConfiguration", "Resolution"]);
        let pixels = |name: &str| resolution?.text_at(&[name])?.parse().ok();
        Some(Profile {
            token: it.attribute("token").filter(|token| !token.is_empty())?.to_owned(),
            name: it.text_at(&["Name"]).unwrap_or_default().to_owned(),
            source: it.text_at(&["VideoSourceConfiguration", "SourceToken"]).map(str::to_owned),
            size: pixels("Width").zip(pixels("Height")),
        })
    };
    Ok(found.all("Profiles").filter_map(profile).take(PROFILES_MAX).collect())
}

/// The address in an answer to `GetSnapshotUri` or `GetStreamUri`.
pub fn uri(status: u16, answer: &[u8], camera: &str) -> Result<String, Fault> {
    let envelope = fault::content(status, answer)?;
    let found = envelope.find("MediaUri").and_then(|it| it.text_at(&["Uri"]));
    found.and_then(|uri| repaired(uri, camera)).ok_or(Fault::Malformed)
}

/// A subscription that a camera granted, or went on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// Where its events are pulled, and where it is renewed. `None` in an answer to `Renew`.
    pub reference: Option<Reference>,
    /// How long it goes on from now; `None` if the camera does not say.
    pub duration: Option<Duration>,
}

/// What an answer to `CreatePullPointSubscription`, `Subscribe` or `Renew` grants.
pub fn granted(status: u16, answer: &[u8], camera: &str) -> Result<Granted, Fault> {
    let envelope = fault::content(status, answer)?;
    let time = |name: &str| parse_time(envelope.find(name)?.text());
    let duration = match (time("CurrentTime"), time("TerminationTime")) {
        (Some(now), Some(end)) => Some(end.since(now)),
        _ => None,
    };
    let reference = envelope.find("SubscriptionReference").and_then(|found| {
        let address = repaired(found.text_at(&["Address"])?, camera)?;
        Some(Reference { address, parameters: parameters(&envelope) })
    });
    Ok(Granted { reference, duration })
}

/// The reference parameters of a subscription as headers (WS-Addressing 1.0, SOAP Binding, section 3.4).
fn parameters(envelope: &Element) -> String {
    let path = envelope.path_to("ReferenceParameters");
    let Some(list) = path.last() else { return String::new() };
    let header = |parameter: &Element| {
        let (prefix, name) = parameter.name.split_once(':').unwrap_or(("", &parameter.name));
        let declared = std::iter::once(parameter).chain(path.iter().rev().copied());
        let namespace = declared.filter_map(|element| element.namespace_of(prefix)).next()?;
        let is_name = |it: &str| {
            !it.is_empty() && it.chars().all(|it| it.is_alphanumeric() || "_-.".contains(it))
        };
        (is_name(name) && parameter.children.is_empty()).then(|| {
            format!(
                "<p:{name} xmlns:p=\"{}\" wsa:IsReferenceParameter=\"true\">{}</p:{name}>",
                escaped(namespace),
                escaped(parameter.text())
            )
        })
    };
    list.children.iter().filter_map(header).take(PARAMETERS_MAX).collect()
}

/// What an answer to `PullMessages` has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulled {
    /// Messages in it.
    pub messages: usize,
    /// How old the newest message is by the camera's own clock; `None` if it does not say.
    pub age: Option<Duration>,
    /// How long the subscription goes on; `None` if the camera does not say.
    pub duration: Option<Duration>,
}

/// How many messages an answer to `PullMessages` has, and how old they are. They are not read here.
pub fn pulled(status: u16, answer: &[u8]) -> Result<Pulled, Fault> {
    let envelope = fault::content(status, answer)?;
    let found = envelope.find("PullMessagesResponse").ok_or(Fault::Malformed)?;
    let now = found.text_at(&["CurrentTime"]).and_then(parse_time);
    let end = found.text_at(&["TerminationTime"]).and_then(parse_time);
    let times = found.all("NotificationMessage").map(|message| {
        let inner = message.descendants().find_map(|it| it.attribute("UtcTime"));
        inner.and_then(parse_time)
    });
    // A message without a time may be news.
    let newest = times.map(|time| time.or(now)).max().flatten();
    Ok(Pulled {
        messages: found.all("NotificationMessage").count(),
        age: newest.zip(now).map(|(newest, now)| now.since(newest)),
        duration: end.zip(now).map(|(end, now)| end.since(now)),
    })
}

/// Whether an answer is one at all: to `Unsubscribe` or `SetSynchronizationPoint`.
pub fn done(status: u16, answer: &[u8]) -> Result<(), Fault> {
    fault::content(status, answer).map(drop)
}

#[cfg(test)]
mod tests;
