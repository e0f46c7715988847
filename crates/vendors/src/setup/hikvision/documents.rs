//! Documents of ISAPI: alarm servers, events with what they trigger, and answers.

use crate::setup::xml::{Edits, Node, Xml};
use crate::setup::{SetupAnswer, SetupChange, SetupRequest, Write, it_answers, words};

/// The folder of the events.
pub(super) const TRIGGERS: &str = "/ISAPI/Event/triggers";
/// `Content-Type` of all requests.
pub(super) const XML: Option<&str> = Some("application/xml");
/// Characters of an identifier that becomes a part of a path.
const ID_CHARS_MAX: usize = 48;

/// The events that are alarms, by their type in small letters, with the words of the camera's page. Faults of disks and
/// networks are not among them, and neither is `videoloss`, which some cameras send as a sign of life.
const EVENTS: &[(&str, &str)] = &[
    ("vmd", "motion"),
    ("pir", "the PIR sensor"),
    ("linedetection", "line crossing"),
    ("fielddetection", "intrusion"),
    ("regionentrance", "entering a region"),
    ("regionexiting", "leaving a region"),
    ("tamperdetection", "tampering"),
    ("shelteralarm", "tampering"),
    ("io", "the alarm input"),
];

/// An event that is an alarm.
pub(super) struct Trigger {
    pub(super) id: String,
    pub(super) event: &'static str,
    /// Its document; `None` if it notifies the surveillance center already.
    pub(super) xml: Option<String>,
}

/// Where an entry sends to.
pub(super) struct HostTarget {
    pub(super) host: String,
    pub(super) port: String,
}

impl HostTarget {
    pub(super) fn of(xml: &Xml<'_>, node: Node) -> Self {
        let address = xml.text(node, "ipAddress");
        let name = xml.text(node, "hostName");
        let by_name = xml.text(node, "addressingFormatType") == "hostname";
        let host = if by_name || address.is_empty() { name } else { address };
        Self { host, port: xml.text(node, "portNo") }
    }

    /// What is switched off sends to `0.0.0.0` (hikvision_next).
    pub(super) fn is_free(&self) -> bool {
        ["", "0.0.0.0", "::"].contains(&&*self.host)
    }

    pub(super) fn server(&self) -> String {
        words(&format!("{}:{}", self.host, self.port)).unwrap_or_default()
    }
}

/// The change of an event; `None` if it is set already.
pub(super) fn plan_trigger(trigger: &Trigger) -> Option<(SetupChange, Write)> {
    const CENTER: &str = "<EventTriggerNotification><id>center</id><notificationMethod>center</notificationMethod>\
        <notificationRecurrence>beginning</notificationRecurrence></EventTriggerNotification>";
    const LIST: &str = "EventTriggerNotificationList";
    let xml = Xml::parse(trigger.xml.as_deref()?)?;
    let root = xml.root("EventTrigger")?;
    let whole = format!("<{LIST}>{CENTER}</{LIST}>");
    let mut edits = Edits::new(&xml);
    match xml.child(root, LIST) {
        Some(list) => edits.append(list, CENTER, &whole),
        None => edits.append(root, &whole, ""),
    }
    let Trigger { id, event, .. } = trigger;
    let change = SetupChange {
        what: format!("Notify Surveillance Center at {event} ({id})"),
        from: "off".to_owned(),
        to: "on".to_owned(),
    };
    let request = put(&format!("{TRIGGERS}/{}", trigger.id), with(&edits.whole(root)?));
    Some((change, Write { request, otherwise: None }))
}

/// The words for the event of a trigger; `None` if it is no alarm.
pub(super) fn event_of(xml: &Xml<'_>, trigger: Node) -> Option<&'static str> {
    let kind = xml.text(trigger, "eventType").to_lowercase();
    EVENTS.iter().find(|(name, _)| *name == kind).map(|(_, event)| *event)
}

pub(super) fn notifies_center(xml: &Xml<'_>, trigger: Node) -> bool {
    xml.all("EventTriggerNotification").any(|it| {
        xml.contains(trigger, it)
            && xml.text(it, "notificationMethod").eq_ignore_ascii_case("center")
    })
}

/// Whether a text may be a part of a path.
pub(super) fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(fits)
}

/// `ResponseStatus` of ISAPI: 1 is OK, 7 that it takes effect after a restart.
pub(super) fn status(answer: &SetupAnswer<'_>) -> Result<(), String> {
    let xml = Xml::parse(answer.body);
    let text = |name: &str| {
        let xml = xml.as_ref()?;
        words(&xml.text(xml.root("ResponseStatus")?, name))
    };
    let is_ok = text("statusCode").is_none_or(|code| ["1", "7"].contains(&&*code));
    if answer.status == 200 && is_ok {
        return Ok(());
    }
    let said = [text("statusString"), text("subStatusCode")];
    let said = said.into_iter().flatten().collect::<Vec<_>>().join(", ");
    Err(if said.is_empty() { it_answers(answer) } else { said })
}

pub(super) fn put(target: &str, body: String) -> SetupRequest {
    SetupRequest { method: "PUT", target: target.to_owned(), content_type: XML, body }
}

/// An element as a document.
pub(super) fn with(element: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{element}")
}
