//! Tipoff sets a camera up by the camera's own API: what it would change is shown, written, read back and tested.

use serde_json::{Value, json};
use tipoff_testkit::camera::{Camera, Options, PICTURE, Vendor};
use tokio::runtime::Runtime;

use crate::alarms::push;
use crate::harness::{Home, Server, wait_for};
use crate::hook::{Hook, files};
use crate::users::{OWNER, Person, with_password};

pub const CAMERA_PASSWORD: &str = "Pass-word 1";
const HOSTS: &str = "/ISAPI/Event/notification/httpHosts";
const VMD: &str = "/ISAPI/Event/triggers/VMD-1";

/// A camera, and a program in which a device was added for it.
struct Scene {
    camera: Camera,
    home: Home,
    server: Server,
    added: Value,
    _runtime: Runtime,
}

fn scene(options: Options) -> Scene {
    scene_with(options, "")
}

fn scene_with(options: Options, configuration: &str) -> Scene {
    let runtime = Runtime::new().unwrap();
    let camera = runtime.block_on(Camera::start(options)).unwrap();
    let home = Home::new(configuration);
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    let owner = Person::log_in(&server, "owner", OWNER);
    let added = owner.ask("POST /api/v1/devices", &json!({"name": "Yard"}));
    let added = serde_json::from_str(&added.body).unwrap();
    Scene { camera, home, server, added, _runtime: runtime }
}

impl Scene {
    fn call(&self, action: &str, password: &str, more: Value) -> (u16, Value) {
        let address = self.camera.address().to_string();
        let mut body = json!({"address": address, "user": "admin", "password": password});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let owner = Person::log_in(&self.server, "owner", OWNER);
        let call = format!("POST /api/v1/devices/{}/camera/{action}", self.added["id"]);
        let answer = owner.ask(&call, &body);
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    fn plan(&self) -> Value {
        let (status, plan) = self.call("plan", CAMERA_PASSWORD, json!({}));
        assert_eq!(status, 200, "{plan}");
        plan
    }

    fn write(&self, plan: &Value) -> (u16, Value) {
        self.call("write", CAMERA_PASSWORD, json!({"plan": plan["plan"]}))
    }

    fn path(&self) -> String {
        format!("/h/{}", self.added["password"].as_str().unwrap())
    }

    /// Requests that change something.
    fn writes(&self) -> Vec<String> {
        let is_write = |target: &str| target.contains("setConfig");
        let requests = self.camera.requests().into_iter();
        let writes = requests.filter(|it| it.method == "PUT" || is_write(&it.target));
        writes.filter(|it| it.status != 401).map(|it| it.target).collect()
    }
}

#[test]
fn a_hikvision_is_shown_written_read_back_and_its_test_arrives() {
    let scene = scene(Options::of(Vendor::Hikvision));
    let others = scene.camera.setting(&format!("{HOSTS}/1")).unwrap();
    let others = others.replace("0.0.0.0", "10.0.0.9").replace(">/<", ">/others<");
    scene.camera.set_setting(&format!("{HOSTS}/1"), &others);
    let plan = scene.plan();
    assert_eq!((&plan["vendor"], &plan["model"]), (&json!("Hikvision"), &json!("DS-2CD2386G2-IU")));
    assert!(plan["picture"].as_str().unwrap().starts_with("data:image/jpeg;base64,"));
    let whats: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|it| it["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["Alarm server 2", "Notify Surveillance Center at motion (VMD-1)"]);
    assert!(!plan.to_string().contains(&scene.path()), "no password is shown");
    assert!(plan["notes"][0].as_str().unwrap().contains("10.0.0.9:80"), "{plan}");
    assert_eq!(scene.writes(), [""; 0], "nothing is written before it was shown");

    let (status, result) = scene.write(&plan);
    assert_eq!(status, 200, "{result}");
    assert_eq!((&result["taken"], &result["test"]), (&json!(true), &json!("reached")), "{result}");
    assert_eq!(scene.writes(), [format!("{HOSTS}/2"), VMD.to_owned()]);
    assert_eq!(scene.camera.setting(&format!("{HOSTS}/1")).unwrap(), others, "not Tipoff's");
    let host = scene.camera.setting(&format!("{HOSTS}/2")).unwrap();
    assert!(host.contains(&format!("<url>{}</url>", scene.path())), "{host}");
    assert!(host.contains(&format!("<portNo>{}</portNo>", scene.server.http.port())), "{host}");
    assert!(scene.camera.setting(VMD).unwrap().contains("<notificationMethod>center<"));
    // The camera's test arrived as the device.
    let incident = wait_for("the test", || scene.home.incidents().pop());
    assert_eq!((&incident["device"], &incident["event"]), (&json!("Yard"), &json!("test")));
    assert!(scene.plan()["changes"].as_array().unwrap().is_empty(), "everything is set");
    assert_eq!(scene.camera.faults(), [""; 0]);
    assert_eq!(scene.camera.failures(), 0);
    let audit = scene.home.json(&["audit", "--json"]).to_string();
    assert!(audit.contains("Hikvision DS-2CD2386G2-IU: 2 settings"), "{audit}");
    for secret in [CAMERA_PASSWORD, &scene.path()] {
        assert!(!scene.server.log().contains(secret) && !audit.contains(secret));
    }
    scene.server.stop();
}

#[test]
fn a_dahua_gets_its_uploads_and_its_alarm_arrives() {
    let scene = scene(Options::of(Vendor::Dahua));
    let plan = scene.plan();
    assert_eq!(plan["model"], "IPC-HDW2431T-AS-S2");
    let (status, result) = scene.write(&plan);
    assert_eq!((status, &result["taken"], &result["test"]), (200, &json!(true), &json!("none")));
    for name in ["EventHttpUpload", "PictureHttpUpload"] {
        let value = |key: &str| scene.camera.setting(&format!("{name}.{key}")).unwrap();
        assert_eq!(value("Enable"), "true");
        assert_eq!(value("UploadServerList[0].Uploadpath"), scene.path());
        assert_eq!(value("UploadServerList[0].Port"), scene.server.http.port().to_string());
    }
    let path = scene.camera.setting("EventHttpUpload.UploadServerList[0].Uploadpath").unwrap();
    let body = b"Code=CrossLineDetection;action=Start;index=0;data={}";
    push(scene.server.http, &format!("POST {path}"), &["Content-Type: text/plain"], body);
    let incident = wait_for("the alarm", || scene.home.incidents().pop());
    assert_eq!((&incident["device"], &incident["event"]), (&json!("Yard"), &json!("line")));
    assert_eq!(scene.camera.faults(), [""; 0]);
    scene.server.stop();
}

#[test]
fn a_reolink_gets_its_webhook_and_its_test_arrives() {
    let scene = scene(Options::of(Vendor::Reolink));
    let plan = scene.plan();
    assert_eq!((&plan["vendor"], &plan["model"]), (&json!("Reolink"), &json!("RLC-810A")));
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan}");
    let (status, result) = scene.write(&plan);
    assert_eq!((status, &result["taken"], &result["test"]), (200, &json!(true), &json!("reached")));
    assert!(scene.camera.setting("WebHook").unwrap().contains(&scene.path()));
    let incident = wait_for("the test", || scene.home.incidents().pop());
    assert_eq!(incident["device"], "Yard");
    assert_eq!(scene.camera.failures(), 0);
    scene.server.stop();
}

#[test]
fn a_login_that_is_kept_gets_a_picture_for_an_alarm_until_it_is_forgotten() {
    let hook = Hook::start();
    let scene = scene_with(Options::of(Vendor::Dahua), &hook.channel());
    let alarm = |code: &str| {
        let body = format!("Code={code};action=Start;index=0;data={{}}");
        let line = format!("POST {}", scene.path());
        push(scene.server.http, &line, &["Content-Type: text/plain"], body.as_bytes());
    };
    let plan = scene.plan();
    let more = json!({"plan": plan["plan"], "keep_login": true});
    assert_eq!(scene.call("write", CAMERA_PASSWORD, more).0, 200);
    alarm("CrossLineDetection");
    assert_eq!(files(&hook.wait_for(1)[0]), [PICTURE]);
    let owner = Person::log_in(&scene.server, "owner", OWNER);
    let id = &scene.added["id"];
    for page in [format!("GET /devices/{id}"), format!("GET /devices/{id}/camera/setup")] {
        let page = owner.ask(&page, &Value::Null);
        assert_eq!(page.status, 200);
        assert!(!page.body.contains(CAMERA_PASSWORD), "it is never shown");
    }
    let device = owner.ask(&format!("GET /api/v1/devices/{id}"), &Value::Null).body;
    let audit = scene.home.json(&["audit", "--json"]).to_string();
    assert!(audit.contains("its login is kept"), "{audit}");
    for text in [device, audit, scene.server.log()] {
        assert!(!text.contains(CAMERA_PASSWORD), "{text}");
    }
    let forget = owner.ask(&format!("POST /api/v1/devices/{id}/camera/forget"), &json!({}));
    assert_eq!(forget.status, 204, "{}", forget.body);
    let snapshot = owner.ask(&format!("POST /api/v1/devices/{id}/snapshot"), &json!({}));
    assert_eq!(snapshot.status, 409, "{}", snapshot.body);
    scene.server.stop();
}

#[test]
fn cameras_in_the_network_are_looked_for_once_in_a_few_seconds() {
    let scene = scene(Options::of(Vendor::Plain));
    let owner = Person::log_in(&scene.server, "owner", OWNER);
    let first = owner.ask("POST /api/v1/cameras/search", &json!({}));
    // A machine without a network lets no datagrams out.
    assert!([200, 503].contains(&first.status), "{}", first.body);
    let second = owner.ask("POST /api/v1/cameras/search", &json!({}));
    assert_eq!(second.status, 409, "{}", second.body);
    scene.server.stop();
}

#[test]
fn a_wrong_password_is_tried_once_when_a_camera_is_set_up() {
    for vendor in [Vendor::Hikvision, Vendor::Dahua, Vendor::Reolink] {
        let scene = scene(Options::of(vendor));
        let (status, problem) = scene.call("plan", "wrong-word", json!({}));
        assert_eq!(status, 424, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("refuses the") && !detail.contains("wrong-word"), "{detail}");
        assert_eq!(scene.camera.failures(), 1);
        assert!(!scene.server.log().contains("wrong-word"));
        scene.server.stop();
    }
}

#[test]
fn a_camera_that_ignores_a_change_is_named() {
    let options = Options { ignores_settings: true, ..Options::of(Vendor::Hikvision) };
    let scene = scene(options);
    let (status, result) = scene.write(&scene.plan());
    assert_eq!((status, &result["taken"]), (200, &json!(false)), "{result}");
    assert_eq!(result["test"], "none", "a test would fail");
    let fault = result["faults"][0].as_str().unwrap();
    assert!(fault.starts_with("Alarm server 1: the camera still has \"not used\""), "{fault}");
    scene.server.stop();
}

#[test]
fn only_what_was_shown_is_written() {
    let scene = scene(Options::of(Vendor::Hikvision));
    let plan = scene.plan();
    let others =
        scene.camera.setting(&format!("{HOSTS}/1")).unwrap().replace("0.0.0.0", "10.0.0.9");
    scene.camera.set_setting(&format!("{HOSTS}/1"), &others);
    let (status, problem) = scene.write(&plan);
    assert_eq!(status, 409, "{problem}");
    assert_eq!(scene.writes(), [""; 0]);
    scene.server.stop();
}

#[test]
fn only_cameras_are_asked() {
    let scene = scene(Options::of(Vendor::Plain));
    let owner = Person::log_in(&scene.server, "owner", OWNER);
    let call = format!("POST /api/v1/devices/{}/camera/plan", scene.added["id"]);
    let own = scene.server.http.to_string();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (address, status, words) in [
        ("file:///etc/passwd", 400, "type the camera's address"),
        ("ftp://127.0.0.1/", 400, "http"),
        (&*own, 400, "Tipoff itself"),
        (&*scene.server.smtp[0].to_string(), 400, "Tipoff itself"),
        (&*closed.to_string(), 424, "cannot be reached"),
        (&*scene.camera.url(), 424, "no camera that Tipoff can set up"),
    ] {
        let body = json!({"address": address, "user": "admin", "password": CAMERA_PASSWORD});
        let answer = owner.ask(&call, &body);
        assert_eq!(answer.status, status, "{address}: {}", answer.body);
        assert!(answer.body.contains(words), "{address}: {}", answer.body);
    }
    // A device of another kind has no address of its own for alarms.
    let body = json!({"address": "127.0.0.1", "user": "admin", "password": "x"});
    assert_eq!(owner.ask("POST /api/v1/devices/99/camera/plan", &body).status, 404);
    scene.server.stop();
}
