//! A picture for every alarm that comes without one: it is fetched from the camera, and is in the alert.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tipoff_testkit::camera::{Camera, Onvif, Options, PICTURE, PictureFault, Vendor};
use tipoff_testkit::rtsp::{RtspLogin, RtspServer};
use tokio::runtime::Runtime;

use crate::alarms::{JSON, XML, push};
use crate::api::{curl, make_token};
use crate::harness::{Home, Server, mail, send, wait_for};
use crate::hook::{Hook, files};

const PASSWORD: &str = "Pass-word 1";

/// A camera, a program that knows it, and where its alerts go.
struct Scene {
    camera: Camera,
    hook: Hook,
    home: Home,
    server: Server,
    token: String,
    _runtime: Runtime,
}

/// `device` is what the configuration says of the camera besides its name; `URL` stands for its address.
fn scene(options: Options, device: &str, more: &str) -> Scene {
    let runtime = Runtime::new().unwrap();
    let camera = runtime.block_on(Camera::start(options)).unwrap();
    let hook = Hook::start();
    let device = device.replace("URL", &camera.url());
    let home = Home::new(&format!(
        "{}\n[[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"s3cret-word\"\n{device}\n{more}",
        hook.channel()
    ));
    let server = home.start();
    let token = make_token(&home, &["tester"]);
    Scene { camera, hook, home, server, token, _runtime: runtime }
}

fn snapshot(password: &str) -> String {
    format!("snapshot = {{ url = \"URL\", user = \"admin\", password = \"{password}\" }}")
}

fn person() -> Vec<u8> {
    json!({"event": "person"}).to_string().into_bytes()
}

impl Scene {
    fn alarm(&self, content_type: &str, body: &[u8]) {
        let answer = push(self.server.http, "POST /h/s3cret-word", &[content_type], body);
        assert_eq!(answer.0, 200);
    }

    fn first_alert(&self) -> Value {
        self.hook.wait_for(1).remove(0)
    }

    fn page(&self, path: &str) -> String {
        self.asked(path, &[]).1
    }

    /// Takes a picture by the API.
    fn take_picture(&self) -> (String, Value) {
        let (status, body) = self.asked("/api/v1/devices/1/snapshot", &["-X", "POST"]);
        (status, serde_json::from_str(&body).unwrap())
    }

    fn asked(&self, path: &str, extra: &[&str]) -> (String, String) {
        let bearer = format!("Authorization: Bearer {}", self.token);
        let (status, body) = curl(&self.server, path, &[&["-H", &*bearer], extra].concat());
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

#[test]
fn an_alarm_without_a_picture_gets_one_of_the_camera() {
    let scene = scene(Options::of(Vendor::Hikvision), &snapshot(PASSWORD), "");
    scene.alarm(JSON, &person());
    let alert = scene.first_alert();
    assert_eq!((&alert["device"], &alert["event"]), (&json!("Yard"), &json!("person")));
    assert_eq!(files(&alert), [PICTURE]);
    assert_eq!(scene.camera.faults(), [""; 0]);
    let incident = scene.home.incident(alert["incident"].as_i64().unwrap());
    assert_eq!(incident["arrivals"].as_array().unwrap().len(), 2, "alarm and picture");
    // The next is fetched at once: address and login are known.
    let before = scene.camera.requests().len();
    scene.alarm(JSON, json!({"event": "vehicle"}).to_string().as_bytes());
    wait_for("the second picture", || (scene.camera.requests().len() > before).then_some(()));
    assert_eq!(scene.camera.requests().len(), before + 1);
    assert!(!scene.server.log().contains(PASSWORD));
    scene.server.stop();
}

#[test]
fn each_vendor_is_asked_where_its_pictures_are() {
    for (vendor, fault) in [
        (Vendor::Dahua, PictureFault::None),
        (Vendor::Plain, PictureFault::None),
        (Vendor::Hikvision, PictureFault::OnlyByProxy),
        (Vendor::Hikvision, PictureFault::DeviceErrorTwice),
    ] {
        let options = Options { picture_fault: fault, ..Options::of(vendor) };
        let scene = scene(options, &snapshot(PASSWORD), "");
        scene.alarm(JSON, &person());
        assert_eq!(files(&scene.first_alert()), [PICTURE], "{vendor:?} {fault:?}");
        scene.server.stop();
    }
}

#[test]
fn an_onvif_camera_is_asked_for_the_address_of_its_picture() {
    // Its clock is wrong, and its answers name a host that cannot be reached.
    let onvif = Onvif {
        clock_ahead_s: 86_400,
        named_host: Some("0.0.0.0".to_owned()),
        lacks_capabilities: true,
        ..Onvif::default()
    };
    let scene = scene(Options { onvif: Some(onvif), ..Options::onvif() }, &snapshot(PASSWORD), "");
    scene.alarm(JSON, &person());
    assert_eq!(files(&scene.first_alert()), [PICTURE]);
    assert_eq!(scene.camera.failures(), 0);
    let asked = |requests: usize| scene.camera.requests().len() - requests;
    let before = asked(0);
    scene.alarm(JSON, json!({"event": "vehicle"}).to_string().as_bytes());
    wait_for("the second picture", || (asked(before) > 0).then_some(()));
    assert_eq!(asked(before), 1, "the address is remembered");
    scene.server.stop();
}

#[test]
fn a_mail_without_a_picture_gets_one_too_and_quiet_does_not_part_them() {
    let zero = "[incidents]\nquiet = \"0 s\"\n";
    let device = format!("match = {{ from = \"cam@example.com\" }}\n{}", snapshot(PASSWORD));
    let runtime = Runtime::new().unwrap();
    let camera = runtime.block_on(Camera::start(Options::of(Vendor::Dahua))).unwrap();
    let hook = Hook::start();
    let home = Home::new(&format!(
        "{}\n[[device]]\nname = \"Gate\"\n{}\n{zero}",
        hook.channel(),
        device.replace("URL", &camera.url())
    ));
    let server = home.start();
    send(server.smtp[0], "cam@example.com", &mail("Motion Detected", &[]));
    let alert = hook.wait_for(1).remove(0);
    assert_eq!((&alert["device"], &alert["event"]), (&json!("Gate"), &json!("motion")));
    assert_eq!(files(&alert), [PICTURE]);
    assert_eq!(home.incidents().len(), 1);
    server.stop();
}

#[test]
fn a_slow_picture_follows_its_alert() {
    let options = Options { delay: Duration::from_millis(2_500), ..Options::of(Vendor::Hikvision) };
    let device = format!("{}\nsnapshot_wait = \"300 ms\"", snapshot(PASSWORD));
    let device = device.replace("URL", "URL/snap.jpg");
    let scene = scene(options, &device, "");
    scene.alarm(JSON, &person());
    let alerts = scene.hook.wait_for(2);
    assert_eq!((&alerts[0]["kind"], files(&alerts[0]).len()), (&json!("first"), 0));
    assert_eq!(
        (&alerts[1]["kind"], files(&alerts[1])),
        (&json!("followup"), vec![PICTURE.to_vec()])
    );
    assert_eq!(alerts[0]["incident"], alerts[1]["incident"]);
    scene.server.stop();
}

#[test]
fn a_series_becomes_an_album() {
    let device = format!("{}\nsnapshots = 3\nevery = \"300 ms\"", snapshot(PASSWORD));
    let scene = scene(Options::of(Vendor::Hikvision), &device, "");
    scene.alarm(JSON, &person());
    let alerts = scene.hook.wait_for(2);
    assert_eq!((files(&alerts[0]).len(), files(&alerts[1]).len()), (1, 2));
    scene.server.stop();
}

#[test]
fn a_wrong_password_is_tried_once_and_the_page_says_it() {
    let scene = scene(Options::of(Vendor::Hikvision), &snapshot("wrong-word"), "");
    for event in ["person", "vehicle", "animal"] {
        scene.alarm(JSON, json!({"event": event}).to_string().as_bytes());
        scene.hook.wait_for(1);
    }
    assert_eq!(scene.camera.failures(), 1);
    let page = wait_for("the device's page", || {
        let page = scene.page("/devices/1");
        page.contains("No picture").then_some(page)
    });
    assert!(page.contains("refuses the password of the user"), "{page}");
    assert!(!page.contains("wrong-word") && !scene.server.log().contains("wrong-word"));
    scene.server.stop();
}

#[test]
fn the_picture_that_an_alarm_names_is_fetched_with_the_cameras_login() {
    let scene = scene(Options::of(Vendor::Hikvision), &snapshot(PASSWORD), "");
    let xml = format!(
        "<EventNotificationAlert version=\"2.0\"><channelID>1</channelID><eventType>fielddetection</eventType>\
         <eventState>active</eventState><detectionPictureTransType>url</detectionPictureTransType>\
         <bkgUrl>{}/snap.jpg</bkgUrl></EventNotificationAlert>",
        scene.camera.url()
    );
    scene.alarm(XML, xml.as_bytes());
    let alert = scene.first_alert();
    assert_eq!((&alert["event"], files(&alert)), (&json!("zone"), vec![PICTURE.to_vec()]));
    assert!(scene.camera.requests().iter().all(|it| it.path() == "/snap.jpg"));
    scene.server.stop();
}

#[test]
fn what_an_alarm_names_is_no_command_to_the_camera() {
    let scene = scene(Options::of(Vendor::Dahua), &snapshot(PASSWORD), "");
    let command = format!("{}/cgi-bin/magicBox.cgi?action=reboot", scene.camera.url());
    scene.alarm(JSON, json!({"event": "person", "image": command}).to_string().as_bytes());
    assert_eq!(files(&scene.first_alert()), [PICTURE], "its own picture");
    for request in scene.camera.requests() {
        let is_command = request.path().contains("magicBox");
        assert!(!is_command || request.header("authorization").is_none(), "{request:?}");
    }
    scene.server.stop();
}

#[test]
fn a_picture_is_taken_when_somebody_asks() {
    let scene = scene(Options::of(Vendor::Dahua), &snapshot(PASSWORD), "");
    scene.alarm(JSON, &person());
    scene.first_alert();
    let (status, answer) = scene.take_picture();
    assert_eq!(status, "200", "{answer}");
    let incident = scene.home.incident(answer["id"].as_i64().unwrap());
    assert_eq!(incident["device"], "Yard");
    scene.camera.set_down(true);
    let (status, answer) = scene.take_picture();
    assert_eq!(status, "424", "{answer}");
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.contains("cannot be reached") || detail.contains("broke"), "{answer}");
    scene.server.stop();
}

/// Half a minute as a camera with sound sends it.
fn make_film(path: &Path) {
    let words = "-loglevel error -f lavfi -i testsrc=s=320x240:r=15:d=30 -f lavfi -i sine=r=8000:d=30 \
        -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 15 -bf 0 -c:a pcm_alaw -f mov";
    let made = Command::new("ffmpeg").args(words.split_whitespace()).arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_live_stream_gives_a_picture_and_a_clip() {
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film.mov");
    make_film(&film);
    let stream = RtspServer::start(&film, "admin", PASSWORD, RtspLogin::Digest).unwrap();
    let hook = Hook::start();
    let home = Home::new(&format!(
        "{}\n[[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"s3cret-word\"\n\
         snapshot = {{ url = \"{}\", user = \"admin\", password = \"{PASSWORD}\" }}\nclip = \"2 s\"\n\
         snapshot_wait = \"20 s\"\n",
        hook.channel(),
        stream.url()
    ));
    let server = home.start();
    let answer = push(server.http, "POST /h/s3cret-word", &[JSON], &person());
    assert_eq!(answer.0, 200);
    let alerts = hook.wait_for(2);
    let picture = files(&alerts[0]).remove(0);
    assert!(picture.starts_with(&[0xFF, 0xD8, 0xFF]), "a JPEG");
    assert_eq!(
        (&alerts[1]["kind"], &alerts[1]["media"][0]["content_type"]),
        (&json!("followup"), &json!("video/mp4"))
    );
    assert_eq!(alerts[0]["incident"], alerts[1]["incident"]);
    assert!(!server.log().contains(PASSWORD));
    server.stop();
}

/// Where alerts go, with the moment at which each had come whole.
struct TimedHook {
    address: SocketAddr,
    alerts: mpsc::Receiver<(Instant, Vec<u8>)>,
}

impl TimedHook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (alerts_tx, alerts) = mpsc::channel();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let (socket, alerts_tx) = (socket.unwrap(), alerts_tx.clone());
                std::thread::spawn(move || while answer(&socket, &alerts_tx).is_some() {});
            }
        });
        Self { address, alerts }
    }
}

/// Takes one request and answers it; `None` if none comes any more.
fn answer(mut socket: &TcpStream, alerts: &mpsc::Sender<(Instant, Vec<u8>)>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).ok()?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.trim().parse().ok()?];
    socket.read_exact(&mut body).ok()?;
    alerts.send((Instant::now(), body)).ok()?;
    socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK").ok()
}

/// Also shows how long it takes from the last byte of an alarm to the finished request of its webhook.
#[test]
fn a_camera_that_takes_its_time_is_in_every_alert() {
    const ALARMS: usize = 21;
    let runtime = Runtime::new().unwrap();
    let options = Options { delay: Duration::from_millis(100), ..Options::of(Vendor::Hikvision) };
    let camera = runtime.block_on(Camera::start(options)).unwrap();
    camera.set_picture([&[0xFF, 0xD8, 0xFF, 0xE0][..], &[7; 60_000]].concat());
    let hook = TimedHook::start();
    let home = Home::new(&format!(
        "{}\n[[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"s3cret-word\"\n{}\n\
         [incidents]\nquiet = \"0 s\"\n",
        crate::hook::channel_at(hook.address),
        snapshot(PASSWORD).replace("URL", &format!("{}/snap.jpg", camera.url()))
    ));
    let server = home.start();
    let mut times = Vec::new();
    for number in 0..ALARMS {
        let body = json!({"event": "person", "title": format!("Person {number}")}).to_string();
        let mut socket = TcpStream::connect(server.http).unwrap();
        let head = format!(
            "POST /h/s3cret-word HTTP/1.1\r\nHost: x\r\n{JSON}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap();
        let began = Instant::now();
        socket.write_all(body.as_bytes()).unwrap();
        let (at, alert) = hook.alerts.recv_timeout(Duration::from_secs(20)).unwrap();
        let alert: Value = serde_json::from_slice(&alert).unwrap();
        assert_eq!(files(&alert).len(), 1, "alarm {number} has its picture");
        times.push(at - began);
    }
    // The first asks without a login, and connects.
    times.remove(0);
    times.sort_unstable();
    let ms = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1000.0;
    println!("alarm to alert with a picture: median {:.1} ms, 95 % {:.1} ms", ms(50), ms(95));
    server.stop();
}
