//! Cameras that must be asked for their events: each event is alerted, connections are made again, and a password that is
//! refused is tried once.

use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};
use tipoff_testkit::camera::{Camera, Options, PICTURE, Part, Vendor};
use tipoff_testkit::postgres;
use tokio::runtime::Runtime;

use crate::api::{curl, make_token};
use crate::harness::{Home, Server, wait_for};
use crate::hook::{Hook, files};

const QUIET: &str = "[incidents]\nquiet = \"0 s\"\n";

/// A camera with its runtime.
pub struct Standin {
    pub runtime: Runtime,
    pub camera: Camera,
}

impl Standin {
    pub fn start(options: Options) -> Self {
        let runtime = Runtime::new().unwrap();
        let camera = runtime.block_on(Camera::start(options)).unwrap();
        Self { runtime, camera }
    }

    /// The configuration of a device that is asked so.
    pub fn device(&self, name: &str, kind: &str, password: &str) -> String {
        device(name, kind, &self.camera.url(), password)
    }

    fn wait_for_stream(&self) {
        assert!(self.runtime.block_on(self.camera.wait_for_streams(1)), "no stream");
    }

    /// Breaks all connections, and waits for a new stream.
    fn reconnect(&self) {
        let opened = self.camera.opened_streams();
        self.camera.break_connections();
        wait_for("another stream", || {
            let is_again = self.camera.opened_streams() > opened && self.camera.open_streams() == 1;
            is_again.then_some(())
        });
    }
}

fn device(name: &str, kind: &str, url: &str, password: &str) -> String {
    format!(
        "[[device]]\nname = {name:?}\npull = {{ kind = {kind:?}, url = {url:?}, user = \"admin\", password = \
         {password:?} }}\n"
    )
}

pub const PASSWORD: &str = "Pass-word 1";

pub fn scene(devices: &str) -> (Hook, Home, Server) {
    let hook = Hook::start();
    let home = Home::new(&format!("{QUIET}{}{devices}", hook.channel()));
    let server = home.start();
    (hook, home, server)
}

/// Asks the API and the pages.
pub struct Reader<'a> {
    server: &'a Server,
    bearer: String,
}

impl<'a> Reader<'a> {
    pub fn new(home: &Home, server: &'a Server) -> Self {
        let token = make_token(home, &["reader", "--read"]);
        Self { server, bearer: format!("Authorization: Bearer {token}") }
    }

    pub fn get(&self, path: &str) -> String {
        let (status, body) = curl(self.server, path, &["-H", &self.bearer]);
        assert_eq!(status, "200", "{path}");
        String::from_utf8(body).unwrap()
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).unwrap()
    }

    /// What the API says of a device that has sent something.
    fn pull_of(&self, name: &str) -> Value {
        let list = self.json("/api/v1/devices");
        let devices = list["devices"].as_array().unwrap();
        devices.iter().find(|it| it["name"] == name).map_or(Value::Null, |it| it["pull"].clone())
    }

    /// The devices that give no events.
    fn without_events(&self) -> Vec<Value> {
        self.json("/api/v1/devices")["without_events"].as_array().unwrap().clone()
    }

    pub fn wait_for_failure(&self, state: &str) -> Value {
        wait_for("the failure", || {
            self.without_events().into_iter().find(|it| it["state"] == state)
        })
    }
}

/// Changes the configuration and has it read at once.
fn change(home: &Home, server: &Server, configuration: &str) {
    let before = server.log().len();
    home.configure(configuration);
    let sent = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status().unwrap();
    assert!(sent.success());
    wait_for("the change in the log", || {
        let log = server.log().get(before..).unwrap_or_default().to_owned();
        log.contains("The changed configuration is in use").then_some(())
    });
}

#[test]
fn an_event_of_hikvision_is_alerted_with_the_picture_behind_it() {
    let mut options = Options::of(Vendor::Hikvision);
    options.stream.announced_boundary = "MIME_boundary".to_owned();
    let standin = Standin::start(options);
    let (hook, home, server) = scene(&standin.device("Yard", "hikvision", PASSWORD));
    standin.wait_for_stream();
    standin.camera.push_event(Part::hikvision("videoloss", "inactive"));
    standin.camera.push_event(Part::hikvision("fielddetection", "active"));
    standin.camera.push_event(Part::picture(PICTURE));
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["device"], &alert["event"]), (&json!("Yard"), &json!("zone")));
    assert_eq!(files(&alert), [PICTURE]);
    let incident = home.incident(alert["incident"].as_i64().unwrap());
    let arrival = &incident["arrivals"][0];
    assert_eq!(arrival["torn"], false);
    assert_eq!(arrival["envelope"]["proof"], "proven");
    let reader = Reader::new(&home, &server);
    let pull = reader.pull_of("Yard");
    assert_eq!((&pull["state"], &pull["kind"]), (&json!("connected"), &json!("hikvision")));
    assert!(pull["last_sign_at"].is_string() && pull["error"].is_null(), "{pull}");
    assert!(reader.get("/metrics").contains("tipoff_cameras{state=\"connected\"} 1\n"));
    assert_eq!(standin.camera.faults(), Vec::<String>::new());
    server.stop();
    assert!(standin.runtime.block_on(standin.camera.wait_for_open_connections(0)));
}

#[test]
fn dahuas_stream_with_the_bugs_of_its_firmware_is_read_and_resumes_after_a_break() {
    let mut options = Options::of(Vendor::Dahua);
    options.stream.boundary = " myboundary".to_owned();
    options.stream.has_blank_line = false;
    options.stream.has_length = false;
    options.stream.version = "HTTP/1.0";
    options.stream.is_glued = true;
    let standin = Standin::start(options);
    let (hook, home, server) = scene(&standin.device("Yard", "dahua", PASSWORD));
    standin.wait_for_stream();
    let data = "{\n\"Object\" : { \"ObjectType\" : \"Human\" }\n}";
    let event =
        |code: &str, data: &str| standin.camera.bytes_of(&Part::dahua(code, "Start", 0, data));
    // Cut in the middle of the data.
    let cut = event("CrossLineDetection", data);
    standin.camera.push_bytes(&cut[..cut.len() - 20]);
    standin.reconnect();
    let first = hook.wait_for(1).remove(0);
    assert_eq!(first["event"], "line");
    let incident = home.incident(first["incident"].as_i64().unwrap());
    assert_eq!(incident["arrivals"][0]["torn"], true);
    standin.camera.push_bytes(event("CrossRegionDetection", data));
    let second = hook.wait_for(2).remove(1);
    assert_eq!((&second["device"], &second["event"]), (&json!("Yard"), &json!("person")));
    server.stop();
}

#[test]
fn a_camera_never_has_two_streams_of_ours() {
    let mut options = Options::of(Vendor::Hikvision);
    options.stream.connections_max = Some(1);
    let standin = Standin::start(options);
    let yard = |name: &str| standin.device(name, "hikvision", PASSWORD);
    let (hook, home, server) = scene(&yard("Yard"));
    standin.wait_for_stream();
    standin.reconnect();
    // Its settings change: another kind of the same camera.
    let opened = standin.camera.opened_streams();
    change(
        &home,
        &server,
        &format!("{QUIET}{}{}", hook.channel(), standin.device("Yard", "auto", PASSWORD)),
    );
    wait_for("the stream of the new settings", || {
        (standin.camera.opened_streams() > opened && standin.camera.open_streams() == 1)
            .then_some(())
    });
    standin.camera.push_event(Part::hikvision("VMD", "active"));
    assert_eq!(hook.wait_for(1)[0]["event"], "motion");
    let refused = standin.camera.requests().into_iter().filter(|it| it.status == 503);
    assert_eq!(refused.count(), 0);
    server.stop();
}

#[test]
fn a_wrong_password_is_tried_once_and_the_page_says_so() {
    for (kind, vendor) in [("hikvision", Vendor::Hikvision), ("auto", Vendor::Dahua)] {
        let standin = Standin::start(Options::of(vendor));
        let wrong = standin.device("Yard", kind, "wrong");
        let (hook, home, server) = scene(&wrong);
        let reader = Reader::new(&home, &server);
        let failure = reader.wait_for_failure("stopped");
        let error = failure["error"].as_str().unwrap();
        let words = "refuses the password of the user \"admin\". Correct it in `pull`";
        assert!(error.contains(words), "{error}");
        let page = reader.get("/devices");
        assert!(
            page.contains("refuses the password of the user") && page.contains("Yard"),
            "{page}"
        );
        let session = wait_for("the session", || {
            let list = home.json(&["sessions", "--json"]);
            list.as_array().unwrap().iter().find(|it| it["outcome"] == "login_refused").cloned()
        });
        assert!(session["hint"].as_str().unwrap().contains("correct `pull`"), "{session}");
        assert!(!server.log().contains("wrong\""), "no password in the log");
        // Another change of the configuration.
        let gate = "[[device]]\nname = \"Gate\"\nuser = \"gate\"\npassword = \"x\"\n";
        change(&home, &server, &format!("{QUIET}{}{wrong}{gate}", hook.channel()));
        assert_eq!(reader.wait_for_failure("stopped")["name"], "Yard");
        assert_eq!((standin.camera.failures(), standin.camera.open_streams()), (1, 0));
        // The right one.
        let right = standin.device("Yard", kind, PASSWORD);
        change(&home, &server, &format!("{QUIET}{}{right}", hook.channel()));
        standin.wait_for_stream();
        wait_for("no failure", || reader.without_events().is_empty().then_some(()));
        assert_eq!(standin.camera.failures(), 1);
        server.stop();
    }
}

#[test]
fn a_camera_that_cannot_be_reached_is_asked_until_it_can() {
    let standin = Standin::start(Options::of(Vendor::Dahua));
    let (hook, home, server) = scene(&standin.device("Yard", "auto", PASSWORD));
    let reader = Reader::new(&home, &server);
    standin.wait_for_stream();
    standin.camera.set_down(true);
    let failure = reader.wait_for_failure("failing");
    assert!(failure["next_at"].is_string(), "{failure}");
    standin.camera.set_down(false);
    wait_for("the stream", || (standin.camera.open_streams() == 1).then_some(()));
    standin.camera.push_event(Part::dahua("VideoMotion", "Start", 0, ""));
    assert_eq!(hook.wait_for(1)[0]["event"], "motion");
    server.stop();
}

#[test]
fn a_reload_adds_and_removes_cameras_and_leaves_the_others_connected() {
    let (yard, gate) = (
        Standin::start(Options::of(Vendor::Dahua)),
        Standin::start(Options::of(Vendor::Hikvision)),
    );
    let (one, other) =
        (yard.device("Yard", "dahua", PASSWORD), gate.device("Gate", "hikvision", PASSWORD));
    let (hook, home, server) = scene(&one);
    yard.wait_for_stream();
    change(&home, &server, &format!("{QUIET}{}{one}{other}", hook.channel()));
    gate.wait_for_stream();
    assert_eq!((yard.camera.open_streams(), yard.camera.opened_streams()), (1, 1));
    change(&home, &server, &format!("{QUIET}{}{other}", hook.channel()));
    assert!(yard.runtime.block_on(yard.camera.wait_for_streams(0)));
    assert_eq!((gate.camera.open_streams(), gate.camera.opened_streams()), (1, 1));
    gate.camera.push_event(Part::hikvision("linedetection", "active"));
    assert_eq!(hook.wait_for(1)[0]["device"], "Gate");
    server.stop();
}

#[test]
fn what_a_camera_sends_again_after_a_reconnect_is_stored_and_not_alerted() {
    let standin = Standin::start(Options::of(Vendor::Hikvision));
    let (hook, home, server) = scene(&standin.device("Yard", "hikvision", PASSWORD));
    standin.wait_for_stream();
    let alert = |time: &str| {
        let xml = format!(
            "<EventNotificationAlert version=\"2.0\">{time}<eventType>VMD</eventType>\
             <eventState>active</eventState></EventNotificationAlert>"
        );
        Part::new("application/xml", xml)
    };
    let old = "<dateTime>2026-01-01T08:00:00+01:00</dateTime>";
    standin.camera.push_event(Part::hikvision("linedetection", "active"));
    hook.wait_for(1);
    standin.camera.set_backlog(vec![alert(old)]);
    standin.reconnect();
    let late = wait_for("the late incident", || {
        Some(home.incidents()).filter(|all| all.len() == 2).map(|mut all| all.remove(0))
    });
    let incident = home.incident(late["id"].as_i64().or(late["incident"].as_i64()).unwrap());
    assert!(
        incident.to_string().contains("the device sent it long after it happened"),
        "{incident}"
    );
    // The same kind now is news.
    standin.camera.push_event(alert(""));
    assert_eq!(hook.wait_for(2)[1]["event"], "motion");
    assert_eq!(home.incidents().len(), 3);
    server.stop();
}

#[test]
fn what_came_of_an_event_is_stored_at_the_end() {
    let standin = Standin::start(Options::of(Vendor::Hikvision));
    let (hook, home, server) = scene(&standin.device("Yard", "hikvision", PASSWORD));
    standin.wait_for_stream();
    let mut bytes = standin.camera.bytes_of(&Part::hikvision("VMD", "active"));
    bytes.extend(standin.camera.bytes_of(&Part::hikvision("linedetection", "active")));
    let picture = standin.camera.bytes_of(&Part::picture(PICTURE));
    bytes.extend_from_slice(&picture[..picture.len() / 2]);
    standin.camera.push_bytes(bytes);
    // The event before it is stored, so its beginning has come.
    hook.wait_for(1);
    server.stop();
    let incidents = home.incidents();
    assert_eq!(incidents.len(), 2, "{incidents:?}");
    assert!(incidents[0].to_string().contains("line"), "{incidents:?}");
}

/// An intercom: the login is right, and it gives no events. Returns its address.
fn intercom() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut socket = BufReader::new(socket);
                loop {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        if socket.read(&mut byte).unwrap_or(0) == 0 {
                            return;
                        }
                        head.push(byte[0]);
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let is_in = head.to_lowercase().contains("\nauthorization: digest");
                    let answer = match is_in && head.contains("deviceInfo") {
                        true => "200 OK\r\nContent-Length: 25\r\n\r\n<DeviceInfo></DeviceInfo>",
                        false => {
                            "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"1\", \
                             qop=\"auth\"\r\nContent-Length: 0\r\n\r\n"
                        }
                    };
                    let _ = socket.get_mut().write_all(format!("HTTP/1.1 {answer}").as_bytes());
                }
            });
        }
    });
    format!("http://{address}")
}

#[test]
fn an_intercom_that_refuses_its_events_is_not_said_to_have_another_password() {
    let (_hook, home, server) = scene(&device("Door", "auto", &intercom(), PASSWORD));
    let failure = Reader::new(&home, &server).wait_for_failure("stopped");
    let error = failure["error"].as_str().unwrap();
    assert!(
        error.contains("takes the login of the user \"admin\", but gives it no events"),
        "{error}"
    );
    server.stop();
}

/// Cameras that are connected to a node.
fn connected(server: &Server) -> usize {
    let metrics = server.get("/metrics");
    let of = |line: &str| line.strip_prefix("tipoff_cameras{state=\"connected\"} ")?.parse().ok();
    metrics.lines().find_map(of).unwrap_or(0)
}

#[test]
fn each_camera_is_asked_by_one_of_several_nodes_and_another_one_takes_over() {
    const CAMERAS: usize = 12;
    let runtime = Runtime::new().unwrap();
    let options = Options::of(Vendor::Dahua);
    let camera = runtime.block_on(Camera::start_on(options, "0.0.0.0:0".parse().unwrap())).unwrap();
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    let hook = Hook::start();
    let port = camera.address().port();
    let devices = (1..=CAMERAS).map(|number| {
        let url = format!("http://127.0.0.{number}:{port}");
        device(&format!("Camera {number}"), "dahua", &url, PASSWORD)
    });
    let configuration = format!(
        "[spool]\nengine = \"postgres\"\nurl = {:?}\n{QUIET}{}{}",
        database.url(),
        hook.channel(),
        devices.collect::<String>()
    );
    let homes = [Home::new(&configuration), Home::new(&configuration)];
    let servers = homes.each_ref().map(Home::start);
    wait_for("cameras at both nodes", || {
        let counts = servers.each_ref().map(connected);
        let is_shared = counts.iter().sum::<usize>() == CAMERAS && !counts.contains(&0);
        (is_shared && camera.open_streams() == CAMERAS).then_some(())
    });
    servers[0].kill_now();
    wait_for("all cameras at the other node", || {
        assert!(camera.open_streams() <= CAMERAS);
        (connected(&servers[1]) == CAMERAS && camera.open_streams() == CAMERAS).then_some(())
    });
    camera.push_event(Part::dahua("VideoMotion", "Start", 0, ""));
    let devices: BTreeSet<String> = hook
        .wait_for(CAMERAS)
        .iter()
        .map(|alert| alert["device"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((devices.len(), hook.alerts().len()), (CAMERAS, CAMERAS));
}
