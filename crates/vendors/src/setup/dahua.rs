//! Dahua and its OEMs, by the HTTP API (version 3.26, section 4.13): `EventHttpUpload` and, where it is there,
//! `PictureHttpUpload`. Not all models have them; `getConfig` tells. The keys are those of two published programs that set
//! them, and of the document. Only keys are written that the camera has itself.

use super::{
    CameraIdentity, CameraSetup, FindAnswer, Planned, SetupAnswer, SetupChange, SetupEntry,
    SetupFault, SetupGoal, SetupPlan, SetupRequest, Write, it_answers, words,
};

pub(super) const ENTRY: SetupEntry = SetupEntry {
    name: "Dahua",
    probe: DEVICE_TYPE,
    recognises: |answer: &FindAnswer<'_>| answer.status == 200 && answer.body.starts_with("type="),
    realms: &["Login to "],
    tells_password: false,
    begin: |goal, _| Box::new(Dahua::new(goal)),
};

const DEVICE_TYPE: &str = "/cgi-bin/magicBox.cgi?action=getDeviceType";
const SYSTEM_INFO: &str = "/cgi-bin/magicBox.cgi?action=getSystemInfo";
const CONFIG: &str = "/cgi-bin/configManager.cgi?action=";
/// The settings: of alarms, and of their pictures.
const SETTINGS: [&str; 2] = ["EventHttpUpload", "PictureHttpUpload"];
/// Servers and events of a setting that are read.
const ENTRIES_MAX: usize = 64;
/// Lines of an answer that are read.
const LINES_MAX: usize = 2_000;
/// The events that are alarms (version 3.26 of the API, and rroller's list).
const EVENTS: [&str; 6] = [
    "VideoMotion",
    "SmartMotionHuman",
    "SmartMotionVehicle",
    "CrossLineDetection",
    "CrossRegionDetection",
    "AlarmLocal",
];

struct Dahua {
    goal: SetupGoal,
    identity: CameraIdentity,
    /// What is read next: the identity, then each setting.
    step: usize,
    /// The keys of each setting with their values; empty if the camera does not have it.
    settings: [Vec<(String, String)>; 2],
}

impl Dahua {
    fn new(goal: SetupGoal) -> Self {
        let settings = <[Vec<_>; 2]>::default();
        Self { goal, identity: CameraIdentity::default(), step: 0, settings }
    }

    /// The changes of one setting: they are written together, all or none.
    fn plan_setting(&self, name: &str, values: &[(String, String)]) -> Result<Planned, SetupFault> {
        let value = |key: &str| values.iter().find(|(known, _)| known == key).map(|(_, it)| &**it);
        let place = self.place(name, values)?;
        let server = |key: &str| format!("UploadServerList[{place}].{key}");
        let port = self.goal.port.to_string();
        let wanted = [
            ("Enable".to_owned(), "true"),
            (server("Address"), &self.goal.host),
            (server("Port"), &port),
            (server("HttpsEnable"), "false"),
            (server("Uploadpath"), &self.goal.path),
            (server("AuthEnable"), "false"),
        ];
        let differs = |(key, wanted): &(String, &str)| {
            value(key).is_some_and(|it| !it.eq_ignore_ascii_case(wanted))
        };
        let mut changed: Vec<(String, &str)> = wanted.into_iter().filter(differs).collect();
        let mut planned = Planned::default();
        if !changed.is_empty() {
            let is_on = value("Enable").is_some_and(|it| it.eq_ignore_ascii_case("true"));
            let address = value(&server("Address")).unwrap_or_default();
            let port = value(&server("Port")).unwrap_or_default();
            let from = match is_on {
                true => format!("http://{address}:{port}"),
                false => "off".to_owned(),
            };
            let what = format!("{name}: server {place}", place = place + 1);
            let from = words(&from).unwrap_or_default();
            planned.plan.changes.push(SetupChange { what, from, to: self.goal.shown() });
        }
        let events: Vec<&str> =
            (0..ENTRIES_MAX).map_while(|at| value(&server(&format!("EventType[{at}]")))).collect();
        let is_sent = |event: &&str| events.iter().any(|it| it.eq_ignore_ascii_case(event));
        let missing: Vec<&str> = EVENTS.into_iter().filter(|it| !is_sent(it)).collect();
        if !missing.is_empty() && !is_sent(&"All") {
            let places = (events.len()..).map(|at| server(&format!("EventType[{at}]")));
            let to = events.iter().chain(&missing).copied().collect::<Vec<_>>().join(", ");
            changed.extend(places.zip(missing));
            let from = words(&events.join(", ")).unwrap_or_else(|| "none".to_owned());
            planned.plan.changes.push(SetupChange { what: format!("{name}: events"), from, to });
        }
        if !changed.is_empty() {
            let pair = |(key, value): (String, &str)| format!("&{name}.{key}={}", encoded(value));
            let pairs: String = changed.into_iter().map(pair).collect();
            let request = SetupRequest::get(format!("{CONFIG}setConfig{pairs}"));
            planned.writes.push(Write { request, otherwise: None });
        }
        Ok(planned)
    }

    /// The server of the list that is Tipoff's already, else one that nobody uses.
    fn place(&self, name: &str, values: &[(String, String)]) -> Result<usize, SetupFault> {
        let value = |key: &str| values.iter().find(|(known, _)| known == key).map(|(_, it)| &**it);
        let key = |at: usize, key: &str| format!("UploadServerList[{at}].{key}");
        let server = |at: usize| Some((value(&key(at, "Address"))?, value(&key(at, "Port"))?));
        let servers: Vec<(&str, &str)> = (0..ENTRIES_MAX).map_while(server).collect();
        let port = self.goal.port.to_string();
        let is_ours = |it: &(&str, &str)| *it == (&*self.goal.host, &*port);
        let is_free = |it: &(&str, &str)| ["", "0.0.0.0"].contains(&it.0);
        let is_off = value("Enable").is_none_or(|it| !it.eq_ignore_ascii_case("true"));
        let found = servers.iter().position(is_ours).or_else(|| servers.iter().position(is_free));
        // A setting that is off has no users: its first server is an example of the factory.
        let found = found.or_else(|| Some(0).filter(|_| is_off && !servers.is_empty()));
        found.ok_or_else(|| {
            let used: Vec<String> =
                servers.iter().map(|(host, port)| format!("{host}:{port}")).collect();
            let used = words(&used.join(", ")).unwrap_or_else(|| "none is listed".to_owned());
            SetupFault::camera(format!(
                "{name} of the camera is in use ({used}), and Tipoff takes nobody's place. Switch it off there first."
            ))
        })
    }
}

impl CameraSetup for Dahua {
    fn look(&mut self) -> Option<SetupRequest> {
        match self.step.checked_sub(1) {
            None => Some(SetupRequest::get(SYSTEM_INFO)),
            Some(at) => {
                let name = SETTINGS.get(at)?;
                Some(SetupRequest::get(format!("{CONFIG}getConfig&name={name}")))
            }
        }
    }

    fn looked(&mut self, answer: &SetupAnswer<'_>) -> Result<(), SetupFault> {
        match self.step.checked_sub(1) {
            None => {
                let values = lines(answer, "");
                let text = |key: &str| {
                    let found = values.iter().find(|(known, _)| known == key);
                    found.and_then(|(_, value)| words(value))
                };
                if answer.status != 200 || text("deviceType").or(text("serialNumber")).is_none() {
                    return Err(SetupFault::OtherVendor);
                }
                // Some firmware has a number as the type, and the model as `updateSerial`.
                let is_number = |it: &String| it.bytes().all(|byte| byte.is_ascii_digit());
                let model = text("deviceType").filter(|it| !is_number(it));
                let model = model.or_else(|| text("updateSerial"));
                let (name, firmware) = (None, None);
                self.identity = CameraIdentity { vendor: ENTRY.name, model, name, firmware };
            }
            Some(at) => {
                let prefix = SETTINGS.get(at).map_or(String::new(), |it| format!("table.{it}."));
                if let Some(setting) = self.settings.get_mut(at) {
                    *setting = lines(answer, &prefix);
                }
            }
        }
        self.step += 1;
        Ok(())
    }

    fn look_again(&mut self) {
        self.step = 1;
    }

    fn identity(&self) -> &CameraIdentity {
        &self.identity
    }

    fn plan(&self) -> Result<Planned, SetupFault> {
        let [events, pictures] = &self.settings;
        if events.is_empty() {
            let why = "This model has no EventHttpUpload: it does not push its alarms. Use its mail or FTP page, or ask it \
                       for its events (`pull` in the configuration).";
            return Err(SetupFault::camera(why));
        }
        let mut planned = Planned::default();
        let mut notes = Vec::new();
        for (name, values) in SETTINGS.into_iter().zip([events, pictures]) {
            if values.is_empty() {
                notes.push(format!("This model has no {name}: its alarms come without pictures."));
                continue;
            }
            match self.plan_setting(name, values) {
                Ok(setting) => {
                    planned.plan.changes.extend(setting.plan.changes);
                    planned.writes.extend(setting.writes);
                }
                // Alarms without pictures are better than none.
                Err(SetupFault::Camera(why)) if name != SETTINGS[0] => notes.push(why),
                Err(fault) => return Err(fault),
            }
        }
        notes.push(
            "Detection itself stays as it is. The camera has no test: move something in front of it.".to_owned(),
        );
        planned.plan = SetupPlan { notes, ..planned.plan };
        Ok(planned)
    }

    fn written(&self, answer: &SetupAnswer<'_>) -> Result<(), String> {
        if answer.status == 200 && answer.body.trim_start().starts_with("OK") {
            return Ok(());
        }
        Err(words(answer.body).unwrap_or_else(|| it_answers(answer)))
    }

    fn test(&self) -> Option<SetupRequest> {
        None
    }

    fn tested(&self, _: &SetupAnswer<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// The lines `key=value` whose keys begin so, without the beginning. None if the answer is an error.
fn lines(answer: &SetupAnswer<'_>, prefix: &str) -> Vec<(String, String)> {
    let lines = answer.body.lines().take(LINES_MAX).filter(|_| answer.status == 200);
    let pairs = lines.filter_map(|line| line.trim().strip_prefix(prefix)?.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// A value in a query (RFC 3986, section 3.4). The slash stays: some firmware does not decode it.
fn encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
