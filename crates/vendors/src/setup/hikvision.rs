//! Hikvision and its OEMs, by ISAPI: an entry of `httpHosts`, and "Notify Surveillance Center" of the events, without which
//! nothing is sent. Sources: hikvision_next (`isapi.py` and the fixtures of thirteen models) for what is read, and for
//! `httpHosts`; the vendor's own web page for the linkage `center`. `POST …/test` is known of the vendor's document only.

mod documents;

use std::collections::VecDeque;
use std::net::IpAddr;

use self::documents::{
    HostTarget, TRIGGERS, Trigger, XML, event_of, is_id, notifies_center, plan_trigger, put,
    status, with,
};
use super::xml::{Edits, Node, Xml};
use super::{
    CHANGES_MAX, CameraIdentity, CameraSetup, FindAnswer, Planned, SetupAnswer, SetupChange,
    SetupEntry, SetupFault, SetupGoal, SetupPlan, SetupRequest, Write, words,
};

pub(super) const ENTRY: SetupEntry = SetupEntry {
    name: "Hikvision",
    probe: DEVICE_INFO,
    recognises: is_hikvision,
    realms: &["IP Camera(", "IP Dome(", "DS-", "Embedded Net DVR", "HIKVISION"],
    tells_password: false,
    begin: |goal, _| Box::new(Hikvision::new(goal)),
};

const DEVICE_INFO: &str = "/ISAPI/System/deviceInfo";
const HOSTS: &str = "/ISAPI/Event/notification/httpHosts";

/// What is asked for one by one where the list of events is missing.
const USUAL_TRIGGERS: [&str; 5] =
    ["VMD-1", "linedetection-1", "fielddetection-1", "regionEntrance-1", "regionExiting-1"];

/// Another server answers 404 or 200; a camera without a password (not activated) answers 403.
fn is_hikvision(answer: &FindAnswer<'_>) -> bool {
    let is_refusal = answer.body.contains("<ResponseStatus") && answer.body.contains("statusCode");
    is_refusal || answer.body.contains("<DeviceInfo")
}

/// What is read next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Identity,
    Hosts,
    Triggers,
    /// One event after the other.
    Each,
    Done,
}

struct Hikvision {
    goal: SetupGoal,
    step: Step,
    identity: CameraIdentity,
    /// The document with the alarm servers.
    hosts: String,
    triggers: Vec<Trigger>,
    /// Identifiers of events that are still to be read.
    unread: VecDeque<String>,
    /// Events beyond the limit.
    more: usize,
}

impl Hikvision {
    fn new(goal: SetupGoal) -> Self {
        Self {
            goal,
            step: Step::Identity,
            identity: CameraIdentity::default(),
            hosts: String::new(),
            triggers: Vec::new(),
            unread: VecDeque::new(),
            more: 0,
        }
    }

    fn read_identity(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        if answer.status == 403 && answer.body.contains("ResponseStatus") {
            let said = status(answer).err().unwrap_or_default();
            return Err(SetupFault::camera(format!(
                "This user may not read the camera's settings ({said})."
            )));
        }
        let xml = Xml::parse(answer.body).filter(|_| answer.status == 200);
        let Some((xml, root)) = xml.and_then(|xml| xml.root("DeviceInfo").map(|root| (xml, root)))
        else {
            return Err(SetupFault::OtherVendor);
        };
        let text = |name: &str| words(&xml.text(root, name));
        self.identity = CameraIdentity {
            vendor: ENTRY.name,
            model: text("model"),
            name: text("deviceName"),
            firmware: text("firmwareVersion"),
        };
        Ok(())
    }

    fn read_hosts(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        let xml = Xml::parse(answer.body).filter(|_| answer.status == 200);
        if xml.is_none_or(|xml| xml.root("HttpHostNotificationList").is_none()) {
            let why = "This model has no alarm server that can be set. Use its mail or FTP page, or ask it for its events.";
            return Err(SetupFault::camera(why));
        }
        answer.body.clone_into(&mut self.hosts);
        Ok(())
    }

    /// The list has the events with their linkage, but not all that a document of one event may have.
    fn read_triggers(&mut self, answer: &SetupAnswer<'_>) {
        self.triggers.clear();
        self.unread.clear();
        let xml = Xml::parse(answer.body).filter(|_| answer.status == 200);
        let Some(xml) = xml else {
            self.unread.extend(USUAL_TRIGGERS.map(str::to_owned));
            return;
        };
        for trigger in xml.all("EventTrigger") {
            let id = xml.text(trigger, "id");
            let Some(event) = event_of(&xml, trigger).filter(|_| is_id(&id)) else { continue };
            match notifies_center(&xml, trigger) {
                _ if self.triggers.len() + self.unread.len() >= CHANGES_MAX => self.more += 1,
                true => self.triggers.push(Trigger { id, event, xml: None }),
                false => self.unread.push_back(id),
            }
        }
    }

    fn read_trigger(&mut self, answer: &SetupAnswer<'_>) {
        let Some(id) = self.unread.pop_front() else { return };
        let xml = Xml::parse(answer.body).filter(|_| answer.status == 200);
        let Some(xml) = xml else { return };
        let root = xml.root("EventTrigger").filter(|root| xml.text(*root, "id") == id);
        let event = root.and_then(|root| Some((root, event_of(&xml, root)?)));
        if let Some((root, event)) = event {
            let is_set = notifies_center(&xml, root);
            let document = (!is_set).then(|| answer.body.to_owned());
            self.triggers.push(Trigger { id, event, xml: document });
        }
    }

    /// The entry that is Tipoff's already, else one that nobody uses.
    fn host(&self, xml: &Xml<'_>) -> Result<Node, SetupFault> {
        let hosts: Vec<Node> = xml.all("HttpHostNotification").collect();
        let target = |node: &&Node| self.is_ours(&HostTarget::of(xml, **node));
        let free = |node: &&Node| HostTarget::of(xml, **node).is_free();
        let found = hosts.iter().find(target).or_else(|| hosts.iter().find(free));
        found.copied().filter(|node| is_id(&xml.text(*node, "id"))).ok_or_else(|| {
            let used: Vec<String> =
                hosts.iter().map(|node| HostTarget::of(xml, *node).server()).collect();
            let used = used.join(", ");
            SetupFault::camera(format!(
                "All alarm servers of the camera are in use ({used}), and Tipoff takes nobody's place. Remove one on the \
                 camera's page, under Alarm Server."
            ))
        })
    }

    fn is_ours(&self, target: &HostTarget) -> bool {
        target.host == self.goal.host && target.port == self.goal.port.to_string()
    }

    /// The change of the alarm server; `None` if it is set already.
    fn plan_host(
        &self,
        xml: &Xml<'_>,
        node: Node,
    ) -> Result<Option<(SetupChange, Write)>, SetupFault> {
        let id = xml.text(node, "id");
        let before = HostTarget::of(xml, node);
        let is_number = self.goal.host.parse::<IpAddr>().is_ok();
        let (form, address, other) = match is_number {
            true => ("ipaddress", "ipAddress", "hostName"),
            false => ("hostname", "hostName", "ipAddress"),
        };
        let port = self.goal.port.to_string();
        let wanted = [
            ("url", self.goal.path.as_str()),
            ("protocolType", "HTTP"),
            ("parameterFormatType", "XML"),
            ("addressingFormatType", form),
            (address, &self.goal.host),
            ("portNo", &port),
            ("httpAuthenticationMethod", "none"),
        ];
        if wanted.iter().all(|(name, value)| xml.text(node, name) == *value) {
            return Ok(None);
        }
        let mut edits = Edits::new(xml);
        for (name, value) in wanted {
            edits.set(node, name, value, "portNo");
        }
        edits.remove(node, other);
        let unreadable =
            || SetupFault::camera("The camera's list of alarm servers cannot be read.");
        let entry = edits.whole(node).ok_or_else(unreadable)?;
        let root = xml.root("HttpHostNotificationList").ok_or_else(unreadable)?;
        let list = with(&xml.whole(root).replacen(xml.whole(node), &entry, 1));
        let entry = match xml.declares_namespace(node) {
            true => with(&entry),
            // The entry has its name space from the list.
            false => with(&entry.replacen(
                "<HttpHostNotification",
                &format!("<HttpHostNotification {}", xml.attributes(root)),
                1,
            )),
        };
        let server = before.server();
        let from = match before.is_free() {
            true => "not used".to_owned(),
            false if self.is_ours(&before) => format!("{server}, another path or form"),
            false => server,
        };
        let change =
            SetupChange { what: format!("Alarm server {id}"), from, to: self.goal.shown() };
        // Some models know only the list. It is written only if that cannot lose the passwords of others, which are not read.
        let is_alone = xml.all("HttpHostNotification").all(|other| {
            other == node || matches!(&*xml.text(other, "httpAuthenticationMethod"), "none" | "")
        });
        let otherwise = is_alone.then(|| put(HOSTS, list));
        Ok(Some((change, Write { request: put(&format!("{HOSTS}/{id}"), entry), otherwise })))
    }

    fn notes(&self, xml: &Xml<'_>, node: Node) -> Vec<String> {
        let mut notes = Vec::new();
        for other in xml.all("HttpHostNotification").filter(|other| *other != node) {
            let target = HostTarget::of(xml, other);
            if !target.is_free() {
                let id = words(&xml.text(other, "id")).unwrap_or_default();
                let server = target.server();
                notes.push(format!("Alarm server {id} ({server}) stays as it is."));
            }
        }
        if self.triggers.is_empty() {
            notes.push(
                "The camera lists no events: tick \"Notify Surveillance Center\" at each event on its own page."
                    .to_owned(),
            );
        }
        if self.more > 0 {
            let more = self.more;
            notes.push(format!(
                "{more} more events stay as they are: tick \"Notify Surveillance Center\" at them on the camera's page."
            ));
        }
        notes.push(
            "Detection itself, its areas and its arming schedule stay as they are: without them there is no alarm."
                .to_owned(),
        );
        notes
    }
}

impl CameraSetup for Hikvision {
    fn look(&mut self) -> Option<SetupRequest> {
        if self.step == Step::Each && self.unread.is_empty() {
            self.step = Step::Done;
        }
        Some(SetupRequest::get(match self.step {
            Step::Identity => DEVICE_INFO.to_owned(),
            Step::Hosts => HOSTS.to_owned(),
            Step::Triggers => TRIGGERS.to_owned(),
            Step::Each => format!("{TRIGGERS}/{}", self.unread.front()?),
            Step::Done => return None,
        }))
    }

    fn looked(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        self.step = match self.step {
            Step::Identity => {
                self.read_identity(answer)?;
                Step::Hosts
            }
            Step::Hosts => {
                self.read_hosts(answer)?;
                Step::Triggers
            }
            Step::Triggers => {
                self.read_triggers(answer);
                Step::Each
            }
            Step::Each => {
                self.read_trigger(answer);
                Step::Each
            }
            Step::Done => Step::Done,
        };
        Ok(())
    }

    fn look_again(&mut self) {
        (self.step, self.more) = (Step::Hosts, 0);
    }

    fn identity(&self) -> &CameraIdentity {
        &self.identity
    }

    fn plan(&self) -> Result<Planned, SetupFault> {
        let unreadable =
            || SetupFault::camera("The camera's list of alarm servers cannot be read.");
        let xml = Xml::parse(&self.hosts).ok_or_else(unreadable)?;
        let node = self.host(&xml)?;
        let mut planned = Planned::default();
        let host = self.plan_host(&xml, node)?;
        let triggers = self.triggers.iter().filter_map(plan_trigger);
        for (change, write) in host.into_iter().chain(triggers) {
            planned.plan.changes.push(change);
            planned.writes.push(write);
        }
        let notes = self.notes(&xml, node);
        planned.plan = SetupPlan { notes, ..planned.plan };
        Ok(planned)
    }

    fn written(&self, answer: &SetupAnswer<'_>) -> Result<(), String> {
        status(answer)
    }

    /// The body is the stored entry: some models test what is in the request, and others what they have stored.
    fn test(&self) -> Option<SetupRequest> {
        let xml = Xml::parse(&self.hosts)?;
        let node = self.host(&xml).ok()?;
        let target = format!("{HOSTS}/{}/test", xml.text(node, "id"));
        let body = with(xml.whole(node));
        Some(SetupRequest { method: "POST", target, content_type: XML, body })
    }

    fn tested(&self, answer: &SetupAnswer<'_>) -> Result<(), String> {
        let xml = Xml::parse(answer.body);
        let result = xml.as_ref().and_then(|xml| {
            let root = xml.root("HttpHostTestResult")?;
            Some(xml.text(root, "errorDescription"))
        });
        match result.as_deref().map(|it| (it, words(it))) {
            Some((it, Some(said))) if !["ok", "success"].contains(&&*it.to_lowercase()) => {
                Err(said)
            }
            Some(_) if answer.status == 200 => Ok(()),
            _ => status(answer),
        }
    }
}
