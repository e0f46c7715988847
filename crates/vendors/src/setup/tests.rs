//! Whole sessions with answers as cameras give them. What a camera stores is a map from its paths to its documents.

use std::collections::BTreeMap;

use super::*;

const NS: &str = "version=\"2.0\" xmlns=\"http://www.hikvision.com/ver20/XMLSchema\"";
const HOSTS: &str = "/ISAPI/Event/notification/httpHosts";

fn goal() -> SetupGoal {
    SetupGoal { host: "192.168.1.10".into(), port: 8080, path: "/h/s3cret-word".into() }
}

fn session(vendor: &str) -> SetupSession {
    let login = SetupLogin { user: "admin".into(), password: "pass".into() };
    SetupSession::begin(vendor, goal(), login).unwrap()
}

fn host(id: u32, ip: &str, url: &str) -> String {
    format!(
        "<HttpHostNotification {NS}><id>{id}</id><url>{url}</url><protocolType>HTTP</protocolType>\
         <parameterFormatType>XML</parameterFormatType><addressingFormatType>ipaddress</addressingFormatType>\
         <ipAddress>{ip}</ipAddress><portNo>80</portNo><userName></userName>\
         <httpAuthenticationMethod>none</httpAuthenticationMethod><odd a=\"1\"/></HttpHostNotification>"
    )
}

fn trigger(id: &str, kind: &str, methods: &[&str]) -> String {
    let list: String = methods
        .iter()
        .map(|it| {
            format!(
                "<EventTriggerNotification><id>{it}</id><notificationMethod>{it}</notificationMethod>\
                 </EventTriggerNotification>"
            )
        })
        .collect();
    format!(
        "<EventTrigger {NS}><id>{id}</id><eventType>{kind}</eventType>\
         <EventTriggerNotificationList>{list}</EventTriggerNotificationList></EventTrigger>"
    )
}

/// A camera that stores what is put, as ISAPI does.
struct Isapi {
    hosts: BTreeMap<String, String>,
    triggers: BTreeMap<String, String>,
    log: Vec<SetupRequest>,
    /// Paths that it answers with 403.
    refuses: Vec<&'static str>,
    ignores_writes: bool,
}

impl Isapi {
    fn new(hosts: &[String], triggers: &[String]) -> Self {
        let id = |xml: &String| xml.split(['<', '>']).nth(4).unwrap().to_owned();
        let keyed = |all: &[String]| all.iter().map(|xml| (id(xml), xml.clone())).collect();
        let (hosts, triggers) = (keyed(hosts), keyed(triggers));
        Self { hosts, triggers, log: Vec::new(), refuses: Vec::new(), ignores_writes: false }
    }

    fn ask(&mut self, request: &SetupRequest) -> (u16, String) {
        self.log.push(request.clone());
        let ok = "<ResponseStatus><statusCode>1</statusCode><statusString>OK</statusString></ResponseStatus>";
        let refused = "<ResponseStatus><statusCode>4</statusCode><statusString>Invalid Operation</statusString>\
            <subStatusCode>methodNotAllowed</subStatusCode></ResponseStatus>";
        let path = request.target.as_str();
        if self.refuses.contains(&path) {
            return (403, refused.to_owned());
        }
        let triggers = "/ISAPI/Event/triggers";
        let (store, root) = match path.starts_with(triggers) {
            true => (&mut self.triggers, triggers),
            false => (&mut self.hosts, HOSTS),
        };
        let list = |name: &str, store: &BTreeMap<String, String>| {
            let all: String = store.values().cloned().collect();
            (200, format!("<?xml version=\"1.0\"?>\n<{name} {NS}>{all}</{name}>"))
        };
        match (request.method, path.strip_prefix(root).map(|rest| rest.trim_start_matches('/'))) {
            ("GET", _) if path == "/ISAPI/System/deviceInfo" => (
                200,
                format!(
                    "<DeviceInfo {NS}><deviceName>Yard\n1</deviceName><model>DS-2CD</model></DeviceInfo>"
                ),
            ),
            ("GET", Some("")) if root == HOSTS => list("HttpHostNotificationList", store),
            ("GET", Some("")) => list("EventTriggerList", store),
            ("GET", Some(id)) => store.get(id).map_or((404, String::new()), |it| (200, it.clone())),
            ("PUT", Some(id)) if store.contains_key(id) => {
                if !self.ignores_writes {
                    let body = request.body.split_once('\n').unwrap().1;
                    store.insert(id.to_owned(), body.to_owned());
                }
                (200, ok.to_owned())
            }
            ("POST", Some(_)) => {
                (200, "<HttpHostTestResult><errorDescription/></HttpHostTestResult>".to_owned())
            }
            _ => (403, refused.to_owned()),
        }
    }

    /// Answers until there is no request.
    fn run(&mut self, session: &mut SetupSession) -> Result<(), SetupFault> {
        while let Some(request) = session.next_request()? {
            let (status, body) = self.ask(&request);
            session.answer(&SetupAnswer { status, body: &body })?;
            assert!(self.log.len() < 300, "it does not end");
        }
        Ok(())
    }

    fn writes(&self) -> Vec<&str> {
        let writes = self.log.iter().filter(|it| it.method == "PUT");
        writes.map(|it| it.target.as_str()).collect()
    }
}

fn what(session: &SetupSession) -> Vec<String> {
    let change = |it: &SetupChange| format!("{}: {} -> {}", it.what, it.from, it.to);
    session.plan().changes.iter().map(change).collect()
}

#[test]
fn hikvision_gets_a_free_alarm_server_and_the_surveillance_center() {
    let taken = host(1, "1.0.0.159", "/api/others");
    let triggers = [
        trigger("VMD-1", "VMD", &["record"]),
        trigger("diskfull", "diskfull", &[]),
        trigger("linedetection-1", "linedetection", &["center"]),
        trigger("fielddetection-1", "fieldDetection", &[]),
    ];
    let mut camera = Isapi::new(&[taken.clone(), host(2, "0.0.0.0", "/")], &triggers);
    let mut session = session("Hikvision");
    camera.run(&mut session).unwrap();
    assert_eq!(session.identity().name.as_deref(), Some("Yard 1"));
    assert_eq!(
        what(&session),
        [
            "Alarm server 2: not used -> http://192.168.1.10:8080/h/…",
            "Notify Surveillance Center at motion (VMD-1): off -> on",
            "Notify Surveillance Center at intrusion (fielddetection-1): off -> on",
        ]
    );
    assert!(session.plan().notes[0].contains("1.0.0.159:80"), "{:?}", session.plan().notes);
    assert_eq!(camera.writes(), [""; 0], "nothing is written before it is shown");
    session.write();
    camera.run(&mut session).unwrap();
    assert_eq!(*session.outcome(), SetupOutcome { faults: vec![], test: Some(Ok(())) });
    assert_eq!(camera.hosts["1"], taken, "others are not touched");
    let expected = host(2, "192.168.1.10", "/h/s3cret-word").replace(">80<", ">8080<");
    assert_eq!(camera.hosts["2"], expected, "what is not known stays");
    assert!(camera.triggers["VMD-1"].contains("<notificationMethod>record<"));
    assert!(camera.triggers["VMD-1"].contains("<notificationMethod>center<"));
    assert_eq!(camera.triggers["diskfull"], triggers[1]);
    let test = camera.log.last().unwrap();
    assert_eq!(test.target, format!("{HOSTS}/2/test"));
    // A second time there is nothing to do but the test.
    let mut again = self::session("Hikvision");
    camera.run(&mut again).unwrap();
    assert_eq!(what(&again), [""; 0]);
}

#[test]
fn hikvision_without_a_free_alarm_server_is_left_alone() {
    let mut camera = Isapi::new(&[host(1, "1.0.0.159", "/a"), host(2, "1.0.0.160", "/b")], &[]);
    let fault = camera.run(&mut session("Hikvision")).unwrap_err();
    let SetupFault::Camera(why) = fault else { panic!("{fault:?}") };
    assert!(why.contains("1.0.0.159:80, 1.0.0.160:80"), "{why}");
    assert_eq!(camera.writes(), [""; 0]);
}

#[test]
fn hikvisions_alarm_server_that_is_tipoffs_gets_the_new_path() {
    let ours = host(1, "192.168.1.10", "/h/old").replace(">80<", ">8080<");
    let mut camera = Isapi::new(&[host(2, "0.0.0.0", "/"), ours], &[]);
    let mut session = session("Hikvision");
    camera.run(&mut session).unwrap();
    let changes = what(&session);
    assert!(
        changes[0].starts_with("Alarm server 1: 192.168.1.10:8080, another path"),
        "{changes:?}"
    );
    assert!(!changes[0].contains("old") && !changes[0].contains("s3cret"), "no password is shown");
    session.write();
    camera.run(&mut session).unwrap();
    assert!(camera.hosts["1"].contains("<url>/h/s3cret-word</url>"));
}

#[test]
fn a_hikvision_that_ignores_a_change_is_named() {
    let triggers = [trigger("VMD-1", "VMD", &[])];
    let mut camera = Isapi::new(&[host(1, "0.0.0.0", "/")], &triggers);
    camera.ignores_writes = true;
    let mut session = session("Hikvision");
    camera.run(&mut session).unwrap();
    session.write();
    camera.run(&mut session).unwrap();
    let SetupOutcome { faults, test } = session.outcome();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("the camera still has \"not used\""), "{faults:?}");
    assert_eq!(*test, None, "a test would fail");
}

#[test]
fn a_refused_change_is_tried_with_the_list_and_then_named() {
    let mut camera = Isapi::new(&[host(1, "0.0.0.0", "/")], &[trigger("VMD-1", "VMD", &[])]);
    camera.refuses = vec!["/ISAPI/Event/notification/httpHosts/1"];
    let mut session = session("Hikvision");
    camera.run(&mut session).unwrap();
    session.write();
    camera.run(&mut session).unwrap();
    assert_eq!(camera.writes()[..2], [&*format!("{HOSTS}/1"), HOSTS]);
    let faults = &session.outcome().faults;
    assert!(faults[0].contains("Invalid Operation, methodNotAllowed"), "{faults:?}");
    // The list would lose the password of another entry.
    let with_login = host(2, "1.0.0.159", "/a").replace(">none<", ">basic<");
    let mut camera = Isapi::new(&[host(1, "0.0.0.0", "/"), with_login], &[]);
    camera.refuses = vec!["/ISAPI/Event/notification/httpHosts/1"];
    let mut session = self::session("Hikvision");
    camera.run(&mut session).unwrap();
    session.write();
    camera.run(&mut session).unwrap();
    assert_eq!(camera.writes(), [format!("{HOSTS}/1")]);
}

#[test]
fn a_hikvision_without_a_list_of_events_is_asked_for_the_usual_ones() {
    let triggers = [trigger("VMD-1", "VMD", &[])];
    let mut camera = Isapi::new(&[host(1, "0.0.0.0", "/")], &triggers);
    camera.refuses = vec!["/ISAPI/Event/triggers"];
    let mut session = session("Hikvision");
    camera.run(&mut session).unwrap();
    assert_eq!(what(&session).len(), 2);
}

#[test]
fn a_recorder_has_its_one_entry_changed_in_its_name_space() {
    let entry = "<HttpHostNotification><id>1</id><url>/</url><protocolType>HTTPS</protocolType>\
        <parameterFormatType>JSON</parameterFormatType><addressingFormatType>hostname</addressingFormatType>\
        <hostName></hostName><portNo>80</portNo><httpAuthenticationMethod>none</httpAuthenticationMethod>\
        <Extensions xmlns=\"urn:x\"><intervalBetweenEvents>0</intervalBetweenEvents></Extensions></HttpHostNotification>";
    let mut session = session("Hikvision");
    let mut camera = Isapi::new(&[], &[]);
    camera.hosts.insert("1".into(), entry.into());
    camera.run(&mut session).unwrap();
    session.write();
    camera.run(&mut session).unwrap();
    let stored = &camera.hosts["1"];
    assert!(
        stored.starts_with(&format!("<HttpHostNotification {NS}><id>1</id><url>/h/s3cret-word<")),
        "{stored}"
    );
    assert!(stored.contains("<ipAddress>192.168.1.10</ipAddress><portNo>8080<"), "{stored}");
    assert!(
        !stored.contains("hostName") && stored.contains("intervalBetweenEvents>0<"),
        "{stored}"
    );
    assert_eq!(session.outcome().faults, [""; 0]);
}

#[test]
fn hostile_answers_of_hikvision_are_bounded() {
    let many: Vec<String> = (0..500).map(|it| trigger(&format!("VMD-{it}"), "VMD", &[])).collect();
    let mut camera = Isapi::new(&[host(1, "0.0.0.0", "/")], &many);
    camera.triggers.insert("../../x".into(), trigger("../../x", "VMD", &[]));
    let mut session = session("Hikvision");
    camera.run(&mut session).unwrap();
    assert_eq!(session.plan().changes.len(), CHANGES_MAX + 1);
    assert!(
        session.plan().notes.iter().any(|it| it.contains("437 more") || it.contains("436 more"))
    );
    assert!(camera.log.iter().all(|it| !it.target.contains("..")));
    for body in ["", "<a/>", "<DeviceInfo>", "{}"] {
        let mut session = self::session("Hikvision");
        session.next_request().unwrap();
        let answer = session.answer(&SetupAnswer { status: 200, body });
        assert_eq!(answer, Err(SetupFault::OtherVendor), "{body}");
    }
}

/// A camera with Dahua's settings.
struct Cgi {
    values: BTreeMap<String, String>,
    log: Vec<SetupRequest>,
}

impl Cgi {
    fn new(names: &[&str], address: &str, is_on: bool) -> Self {
        let mut values = BTreeMap::new();
        for name in names {
            for (key, value) in [
                ("Enable", if is_on { "true" } else { "false" }),
                ("UploadServerList[0].Address", address),
                ("UploadServerList[0].Port", "80"),
                ("UploadServerList[0].Uploadpath", "/"),
                ("UploadServerList[0].EventType[0]", "VideoMotion"),
            ] {
                values.insert(format!("{name}.{key}"), value.to_owned());
            }
        }
        Self { values, log: Vec::new() }
    }

    fn run(&mut self, session: &mut SetupSession) -> Result<(), SetupFault> {
        while let Some(request) = session.next_request()? {
            self.log.push(request.clone());
            let query = request.target.split_once('?').unwrap().1;
            let (status, body) = if request.target.contains("getSystemInfo") {
                (200, "deviceType=IPC-HDW2431T\r\nserialNumber=7A01\r\n".to_owned())
            } else if let Some(name) = query.strip_prefix("action=getConfig&name=") {
                let fits = |key: &&String| key.starts_with(&format!("{name}."));
                let keys = self.values.keys().filter(fits);
                let lines = keys.map(|key| format!("table.{key}={}\r\n", self.values[key]));
                let lines: String = lines.collect();
                if lines.is_empty() {
                    (400, "Error\r\nBad Request!\r\n".into())
                } else {
                    (200, lines)
                }
            } else {
                for pair in query.split('&').skip(1) {
                    let (key, value) = pair.split_once('=').unwrap();
                    self.values.insert(key.to_owned(), value.to_owned());
                }
                (200, "OK\r\n".to_owned())
            };
            session.answer(&SetupAnswer { status, body: &body })?;
        }
        Ok(())
    }
}

#[test]
fn dahua_gets_its_uploads() {
    let mut camera = Cgi::new(&["EventHttpUpload", "PictureHttpUpload"], "192.168.0.108", false);
    let mut session = session("Dahua");
    camera.run(&mut session).unwrap();
    assert_eq!(session.identity().model.as_deref(), Some("IPC-HDW2431T"));
    let changes = what(&session);
    assert_eq!(changes.len(), 4, "{changes:?}");
    assert_eq!(changes[0], "EventHttpUpload: server 1: off -> http://192.168.1.10:8080/h/…");
    assert!(
        changes[1]
            .starts_with("EventHttpUpload: events: VideoMotion -> VideoMotion, SmartMotionHuman")
    );
    assert!(!changes.join("").contains("s3cret"));
    session.write();
    camera.run(&mut session).unwrap();
    assert_eq!(*session.outcome(), SetupOutcome::default());
    assert_eq!(camera.values["EventHttpUpload.UploadServerList[0].Uploadpath"], "/h/s3cret-word");
    assert_eq!(camera.values["PictureHttpUpload.Enable"], "true");
    assert!(
        !camera.values.contains_key("EventHttpUpload.UploadServerList[0].AuthEnable"),
        "a key that it has not"
    );
}

#[test]
fn dahuas_upload_that_others_use_is_left_alone() {
    let mut camera = Cgi::new(&["EventHttpUpload"], "10.0.0.9", true);
    let SetupFault::Camera(why) = camera.run(&mut session("Dahua")).unwrap_err() else { panic!() };
    assert!(why.contains("10.0.0.9:80"), "{why}");
    // Only its pictures go elsewhere: the alarms are set up, and the page says it.
    let mut camera = Cgi::new(&["EventHttpUpload", "PictureHttpUpload"], "10.0.0.9", true);
    camera.values.insert("EventHttpUpload.Enable".into(), "false".into());
    let mut session = session("Dahua");
    camera.run(&mut session).unwrap();
    assert_eq!(what(&session).len(), 2);
    assert!(session.plan().notes[0].contains("PictureHttpUpload of the camera is in use"));
}

#[test]
fn a_dahua_without_uploads_is_not_set_up() {
    let mut camera = Cgi::new(&["PictureHttpUpload"], "", false);
    let SetupFault::Camera(why) = camera.run(&mut session("Dahua")).unwrap_err() else { panic!() };
    assert!(why.contains("does not push"), "{why}");
}

/// A camera with Reolink's commands; its first webhook is somebody else's.
struct Api {
    hooks: serde_json::Value,
    has_webhook: bool,
    log: Vec<SetupRequest>,
}

impl Api {
    fn new() -> Self {
        let hooks = serde_json::json!([
            {"index": 0, "indexEnable": 1, "hookUrl": "http://10.0.0.9/x", "bCustom": 0, "hookBody": ""},
            {"index": 1, "indexEnable": -1, "hookUrl": "", "bCustom": 0, "hookBody": ""},
        ]);
        Self { hooks, has_webhook: true, log: Vec::new() }
    }

    fn run(&mut self, session: &mut SetupSession) -> Result<(), SetupFault> {
        while let Some(request) = session.next_request()? {
            self.log.push(request.clone());
            let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
            let (command, param) = (body[0]["cmd"].as_str().unwrap().to_owned(), &body[0]["param"]);
            assert!(request.target.contains(&format!("cmd={command}")), "{}", request.target);
            let value = match &*command {
                "Login" if param["User"]["password"] == "pass" => {
                    serde_json::json!({"Token": {"name": "abc123", "leaseTime": 3600}})
                }
                "Login" => {
                    let body = r#"[{"cmd":"Login","code":1,"error":{"detail":"login failed","rspCode":-7}}]"#;
                    session.answer(&SetupAnswer { status: 200, body })?;
                    continue;
                }
                _ if !request.target.ends_with("&token=abc123") => panic!("{}", request.target),
                "GetDevInfo" => {
                    serde_json::json!({"DevInfo": {"model": "RLC-810A", "channelNum": 1}})
                }
                "GetAbility" => {
                    let ver = i32::from(self.has_webhook);
                    serde_json::json!({"Ability": {"abilityChn": [{"supportWebhook": {"ver": ver}}]}})
                }
                "GetWebHook" => serde_json::json!({"WebHook": self.hooks}),
                "SetWebHook" => {
                    let hook = &param["WebHook"];
                    self.hooks[hook["index"].as_u64().unwrap() as usize] = hook.clone();
                    serde_json::json!({"rspCode": 200})
                }
                _ => serde_json::json!({"rspCode": 200}),
            };
            let body = serde_json::json!([{"cmd": command, "code": 0, "value": value}]).to_string();
            session.answer(&SetupAnswer { status: 200, body: &body })?;
        }
        Ok(())
    }
}

#[test]
fn reolink_gets_a_free_webhook_and_tests_it() {
    let mut camera = Api::new();
    let mut session = session("Reolink");
    camera.run(&mut session).unwrap();
    assert_eq!(session.identity().model.as_deref(), Some("RLC-810A"));
    assert_eq!(what(&session), ["Webhook 2: not used -> http://192.168.1.10:8080/h/…"]);
    session.write();
    camera.run(&mut session).unwrap();
    assert_eq!(*session.outcome(), SetupOutcome { faults: vec![], test: Some(Ok(())) });
    assert_eq!(camera.hooks[0]["hookUrl"], "http://10.0.0.9/x", "not Tipoff's");
    assert_eq!(camera.hooks[1]["hookUrl"], "http://192.168.1.10:8080/h/s3cret-word");
    let out = session.leave().unwrap();
    assert!(out.target.contains("cmd=Logout&token=abc123"), "{}", out.target);
    assert_eq!(session.leave(), None);
}

#[test]
fn a_reolink_without_a_free_webhook_or_with_none_is_left_alone() {
    let mut camera = Api::new();
    camera.hooks[1] = camera.hooks[0].clone();
    let SetupFault::Camera(why) = camera.run(&mut session("Reolink")).unwrap_err() else {
        panic!()
    };
    assert!(why.contains("in use"), "{why}");
    let mut camera = Api::new();
    camera.has_webhook = false;
    let SetupFault::Camera(why) = camera.run(&mut session("Reolink")).unwrap_err() else {
        panic!()
    };
    assert!(why.contains("no webhook"), "{why}");
    assert!(camera.log.iter().all(|it| !it.target.contains("cmd=Set")));
}

#[test]
fn a_reolink_that_refuses_the_login_is_asked_once() {
    let login = SetupLogin { user: "admin".into(), password: "wrong".into() };
    let mut session = SetupSession::begin("Reolink", goal(), login).unwrap();
    let mut camera = Api::new();
    assert_eq!(camera.run(&mut session), Err(SetupFault::LoginRefused));
    assert_eq!(camera.log.len(), 1);
    for body in ["", "[]", "{}", "nonsense", &"[".repeat(100_000)] {
        let mut session = self::session("Reolink");
        session.next_request().unwrap();
        let answer = session.answer(&SetupAnswer { status: 200, body });
        assert_eq!(answer, Err(SetupFault::OtherVendor));
    }
}

#[test]
fn a_cameras_words_are_one_short_line() {
    assert_eq!(words("a\r\n\u{1b}[2J b").as_deref(), Some("a [2J b"));
    assert_eq!(words(&"x".repeat(500)).unwrap().len(), WORDS_CHARS_MAX);
    assert_eq!(words(" \n"), None);
}

#[test]
fn every_file_of_a_setup_is_listed_in_order() {
    let names: Vec<String> = SETUPS.iter().map(|entry| entry.name.to_lowercase()).collect();
    assert!(names.is_sorted());
    let known = |name: &str| crate::VENDORS.iter().any(|vendor| vendor.name == name);
    assert!(SETUPS.iter().all(|entry| known(entry.name)));
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/setup")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let shared = ["finder", "session", "tests", "xml"].contains(&&*name);
        assert!(shared || names.contains(&name), "{name}.rs has no line in SETUPS");
    }
}
