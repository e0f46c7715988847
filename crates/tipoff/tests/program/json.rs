//! `--json` of the command line against the API, over the same spool: docs/compatibility.md covers both.

use serde_json::Value;

use crate::api::{curl, make_token};
use crate::camera::upload;
use crate::harness::{Client, Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::{Hook, Manner};
use crate::users::{OWNER, VIEWER, with_password};

/// That `ours` has these keys and no others, each with the value that the API has at the pointer. Without a pointer,
/// the API has no such value.
fn assert_same(ours: &Value, api: &Value, keys: &[(&str, Option<&str>)]) {
    let mut wanted: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    wanted.sort_unstable();
    let found: Vec<&String> = ours.as_object().unwrap().keys().collect();
    assert_eq!(found, wanted);
    for (key, pointer) in keys.iter().filter_map(|(key, pointer)| Some((*key, (*pointer)?))) {
        assert_eq!(Some(&ours[key]), api.pointer(pointer), "{key} is not {pointer} in {api:#}");
    }
}

const INCIDENT: &[(&str, Option<&str>)] = &[
    ("arrivals", None),
    ("began_at", Some("/began_at")),
    ("deliveries", None),
    ("device", Some("/device/name")),
    ("dismissed_by", Some("/dismissed_by")),
    ("event", Some("/event")),
    ("incident", Some("/id")),
    ("last_arrival_at", Some("/last_arrival_at")),
    ("locked_by", Some("/locked_by")),
    ("note", Some("/note")),
    ("subject", Some("/subject")),
    ("untold", Some("/untold")),
];

const ARRIVAL: &[(&str, Option<&str>)] = &[
    ("arrival", Some("/id")),
    ("blob", None),
    ("content", None),
    ("envelope", None),
    ("received_at", Some("/received_at")),
    ("size", Some("/size")),
    ("torn", Some("/torn")),
];

const DELIVERY: &[(&str, Option<&str>)] = &[
    ("attempts", Some("/attempts")),
    ("channel", Some("/channel")),
    ("created_at", Some("/created_at")),
    ("delivery", Some("/id")),
    ("due_at", None),
    ("kind", Some("/kind")),
    ("state", Some("/state")),
];

const SESSION: &[(&str, Option<&str>)] = &[
    ("arrivals", Some("/arrivals")),
    ("began_at", Some("/began_at")),
    ("device", None),
    ("ended_at", Some("/ended_at")),
    ("failed", None),
    ("hint", Some("/hint")),
    ("login", Some("/login")),
    ("outcome", Some("/outcome")),
    ("peer", Some("/peer")),
    ("protocol", Some("/protocol")),
    ("session", Some("/id")),
    ("tls", Some("/tls")),
];

/// A server with a locked incident, a delivered and a refused alert, a torn mail, sessions that went well and badly, users
/// and tokens.
struct Scene {
    home: Home,
    server: Server,
    bearer: String,
}

impl Scene {
    fn new() -> Self {
        let hook = Hook::start();
        let home = Home::new(&hook.channel());
        let server = home.start();
        send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
        hook.wait_for_requests(1);
        hook.behave(Manner::Status("400 Bad Request"));
        upload(server.ftp[0], "gate", "/1.jpg", &crate::ftp_uploads::picture(1));
        hook.wait_for_requests(2);
        let mut client = Client::connect(server.smtp[0]);
        client.must("EHLO camera", "250");
        client.send(b"MAIL FROM:<broken@example.com>\r\nRCPT TO:<me@example.com>\r\nDATA\r\nSub");
        drop(client);
        with_password(&home, &["password"], OWNER);
        with_password(&home, &["users", "add", "bert"], VIEWER);
        make_token(&home, &["feed", "--feed"]);
        let bearer = format!("Authorization: Bearer {}", make_token(&home, &["tester"]));
        let scene = Self { home, server, bearer };
        wait_for("the end of the sessions and of the first incident's attempts", || {
            let first = scene.home.incident(1);
            let mut deliveries = first["deliveries"].as_array().unwrap().iter();
            let sessions = scene.home.json(&["sessions", "--json"]);
            let ended = sessions.as_array().unwrap().len() == 3;
            (ended && deliveries.all(|it| it["state"] != "pending")).then_some(())
        });
        scene.home.run(&["incidents", "lock", "1"]);
        scene
    }

    fn api(&self, path: &str) -> Value {
        let (status, body) = curl(&self.server, path, &["-H", &self.bearer]);
        assert_eq!(status, "200", "{path}");
        serde_json::from_slice(&body).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Vec<Value> {
        self.home.json(arguments).as_array().unwrap().clone()
    }
}

#[test]
fn json_of_the_command_line_has_the_values_of_the_api() {
    let scene = Scene::new();
    incidents(&scene);
    sessions(&scene);
    accounts(&scene);
    scene.server.stop();
}

fn incidents(scene: &Scene) {
    let ours = scene.home.incidents();
    let api = scene.api("/api/v1/incidents?silent=true")["incidents"].clone();
    assert_eq!((ours.len(), api.as_array().unwrap().len()), (2, 2));
    for (ours, api) in ours.iter().zip(api.as_array().unwrap()) {
        assert_same(ours, api, INCIDENT);
        assert_eq!(ours["arrivals"], api["arrivals"]);
        for outcome in api["outcomes"].as_array().unwrap() {
            let state = outcome["state"].as_str().unwrap();
            assert_eq!(ours["deliveries"][state], outcome["count"], "{ours:#}");
        }
        let full = scene.api(&format!("/api/v1/incidents/{}", api["id"]));
        let shown = scene.home.incident(ours["incident"].as_i64().unwrap());
        assert_same(&shown, &full["incident"], INCIDENT);
        let pairs = |key: &str| {
            let lists = (shown[key].as_array().unwrap().clone(), full[key].as_array().unwrap());
            assert_eq!(lists.0.len(), lists.1.len());
            lists.0.into_iter().zip(lists.1.clone())
        };
        for (ours, api) in pairs("arrivals") {
            assert_same(&ours, &api, ARRIVAL);
            for key in ["protocol", "peer", "login", "greeting", "sender", "recipients"] {
                assert_eq!(ours["envelope"][key], api[key], "{key}");
            }
            assert_eq!(ours["envelope"]["tls"], api["encrypted"]);
            assert_eq!(ours["content"]["subject"], api["subject"]);
        }
        for (ours, api) in pairs("deliveries") {
            assert_same(&ours, &api, DELIVERY);
            assert!(ours["due_at"].is_string());
            let is_pending = api["state"] == "pending";
            assert_eq!(
                api["due_at"],
                if is_pending { ours["due_at"].clone() } else { Value::Null }
            );
        }
    }
}

fn sessions(scene: &Scene) {
    let ours = scene.json(&["sessions", "--json"]);
    let api = scene.api("/api/v1/sessions");
    for (ours, api) in ours.iter().zip(api.as_array().unwrap()) {
        assert_same(ours, api, SESSION);
        let device = api["device"].get("name").unwrap_or(&Value::Null);
        assert_eq!(&ours["device"], device);
        let failed = !matches!(api["outcome"].as_str().unwrap(), "delivered" | "nothing" | "open");
        assert_eq!(ours["failed"], failed, "{ours:#}");
        let number = ours["session"].to_string();
        let shown = scene.home.json(&["sessions", "show", &number, "--json"]);
        let full = scene.api(&format!("/api/v1/sessions/{number}"));
        assert_eq!(shown["lines"], full["lines"]);
        let with_lines = [SESSION, &[("lines", None)]].concat();
        assert_same(&shown, &full["session"], &with_lines);
    }
    let outcomes: Vec<_> = ours.iter().map(|it| it["outcome"].as_str().unwrap()).collect();
    assert!(outcomes.contains(&"torn") && outcomes.contains(&"delivered"), "{outcomes:?}");
}

/// Tokens, users and the audit log. Times of tokens and entries have no fraction of a second here.
fn accounts(scene: &Scene) {
    let to_the_second = |ours: &Value, api: &Value| {
        let (ours, api) = (ours.as_str().unwrap(), api.as_str().unwrap());
        assert!(api.starts_with(ours.trim_end_matches('Z')), "{ours} is not {api}");
    };
    let ours = scene.json(&["token", "--list", "--json"]);
    let api = scene.api("/api/v1/tokens");
    assert_eq!((ours.len(), api.as_array().unwrap().len()), (2, 2));
    for (ours, api) in ours.iter().zip(api.as_array().unwrap()) {
        let same = ["id", "made_by", "name", "scope"];
        let pointers = same.map(|key| (key, format!("/{key}")));
        let keys = pointers.iter().map(|(key, pointer)| (*key, Some(pointer.as_str())));
        let keys: Vec<_> = keys.chain([("created_at", None), ("used_at", None)]).collect();
        assert_same(ours, api, &keys);
        to_the_second(&ours["created_at"], &api["created_at"]);
    }
    assert_eq!(scene.json(&["users", "--json"]), *scene.api("/api/v1/users").as_array().unwrap());
    let api = scene.api("/api/v1/audit?limit=500")["entries"].clone();
    let ours = scene.json(&["audit", "--limit", "500", "--json"]);
    assert_eq!(ours.len(), api.as_array().unwrap().len());
    for (mut ours, mut api) in ours.into_iter().zip(api.as_array().unwrap().clone()) {
        to_the_second(&ours["at"].take(), &api["at"].take());
        assert_eq!(ours, api);
    }
}
