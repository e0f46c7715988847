//! Buttons, commands and action links in the whole program, over its restarts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tipoff_testkit::telegram::{CHAT, Edited, GROUP, Options};

use crate::api::{curl, make_token};
use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::telegram::Phone;

const RULES: &str = "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://tipoff.example.org\"\n\
    [incidents]\nquiet = \"30 s\"\nsettle = \"0 s\"\n\
    [[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\n\
    [[route]]\nchannels = [\"me\"]\n";

struct Scene {
    phone: Phone,
    home: Home,
}

impl Scene {
    fn new() -> Self {
        let phone = Phone::new(Options { flood: true, ..Options::default() });
        let home = Home::new(&phone.channel(CHAT, RULES));
        Self { phone, home }
    }

    /// A camera reports motion.
    fn motion(&self, server: &Server, camera: &str) {
        let sender = format!("{camera}@example.com");
        let reply = send(server.smtp[0], &sender, &mail("Motion", &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
    }

    /// Presses the button that begins so; the edit that confirms it.
    fn press(&self, message: i64, label: &str) -> Edited {
        let telegram = &self.phone.telegram;
        let before = telegram.edits().len();
        let labels = telegram.labels(message).concat();
        let found = labels.iter().find(|it| it.starts_with(label));
        let full = found.unwrap_or_else(|| panic!("no {label:?} among {labels:?}"));
        telegram.press(message, full, "Ann").unwrap();
        wait_for(&format!("the edit after {label}"), || telegram.edits().all().get(before).cloned())
    }

    /// Asks by a command; the answer.
    fn ask(&self, command: &str) -> String {
        let before = self.phone.telegram.log().len();
        self.phone.telegram.write(CHAT, command, "Ann");
        let sent = self.phone.wait_for(before + 1).pop().unwrap();
        sent.text
    }

    /// Nobody complains, and Telegram has nothing left to tell.
    fn is_settled(&self) {
        let telegram = &self.phone.telegram;
        wait_for("the confirmations", || (telegram.unconfirmed() == 0).then_some(()));
        assert!(telegram.errors().is_empty(), "{:?}", telegram.errors().all());
    }
}

#[test]
fn each_button_does_what_it_says_over_a_restart() {
    let scene = Scene::new();
    let server = scene.home.start();
    scene.motion(&server, "door");
    let first = scene.phone.wait_for(1).remove(0);
    let rows = [
        &["🔇 15 min", "🔇 1 h", "🔇 Until morning"][..],
        &["🏠 away"],
        &["👎 Not interesting", "🔒 Keep", "Open"],
    ];
    assert_eq!(scene.phone.telegram.labels(first.id), rows);
    server.stop();
    // Pressed while the program is away.
    scene.phone.telegram.press(first.id, "🏠 away", "Ben").unwrap();
    let server = scene.home.start();
    wait_for("the edit", || scene.phone.telegram.edits().all().pop());
    assert!(scene.ask("/status").contains("Mode: away"));
    assert_eq!(scene.phone.telegram.labels(first.id)[1], ["🏠 away · Ben"]);
    scene.press(first.id, "Back to home");
    assert!(scene.ask("/status").contains("Mode: home"));

    scene.press(first.id, "👎 Not interesting");
    let incident = scene.home.incident(1);
    assert_eq!(incident["dismissed_by"], "Ann (me)");
    let sent = scene.phone.telegram.log().len();
    scene.motion(&server, "door");
    scene.motion(&server, "yard");
    // The second motion at the door belongs to the first: only the one in the yard is alerted.
    let alert = scene.phone.wait_for(sent + 1).pop().unwrap();
    assert!(alert.text.contains("yard"), "{}", alert.text);

    scene.press(alert.id, "🔇 15 min");
    let status = scene.ask("/status");
    assert!(status.contains("🔇 yard") && status.contains("muted until"), "{status}");
    scene.press(alert.id, "Unmute");
    assert!(!scene.ask("/status").contains("muted"));
    assert_eq!(scene.phone.telegram.labels(alert.id)[1], rows[0]);
    scene.is_settled();
    let sent = scene.phone.telegram.log().all();
    let of_the_door = sent.iter().filter(|it| it.text.contains("door") && !it.files.is_empty());
    assert_eq!(of_the_door.count(), 1, "{sent:?}");
    server.stop();
}

#[test]
fn a_muted_device_is_silent_until_it_is_unmuted() {
    let scene = Scene::new();
    scene.home.configure(&scene.phone.channel(CHAT, &RULES.replace("30 s", "0 s")));
    let server = scene.home.start();
    scene.motion(&server, "door");
    let first = scene.phone.wait_for(1).remove(0);
    scene.press(first.id, "🔇 Until morning");
    scene.motion(&server, "door");
    scene.motion(&server, "yard");
    let sent = scene.phone.wait_for(2);
    assert!(sent[1].text.contains("yard"), "{}", sent[1].text);
    scene.press(first.id, "Unmute");
    scene.motion(&server, "door");
    let sent = scene.phone.wait_for(3);
    assert!(sent[2].text.contains("door"), "{}", sent[2].text);
    scene.is_settled();
    server.stop();
}

#[test]
fn strangers_change_nothing_and_get_no_answer() {
    let scene = Scene::new();
    let server = scene.home.start();
    scene.motion(&server, "door");
    let first = scene.phone.wait_for(1).remove(0);
    let chat = json!({ "id": GROUP.parse::<i64>().unwrap(), "type": "group", "title": "Others" });
    for data in ["n:1", "m:1:15", "h:away"] {
        let message = json!({ "message_id": first.id, "date": 1, "chat": chat });
        scene.phone.telegram.forge_press(message, data, "Eve");
    }
    scene.phone.telegram.write(GROUP, "/arm", "Eve");
    scene.phone.telegram.write(GROUP, "/status", "Eve");
    let status = scene.ask("/status");
    assert!(status.contains("Mode: home") && !status.contains("muted"), "{status}");
    assert_eq!(scene.home.incident(1)["dismissed_by"], json!(null));
    scene.is_settled();
    assert_eq!(scene.phone.telegram.log().len(), 2, "the alert and one answer");
    assert!(scene.phone.telegram.answers().is_empty() && scene.phone.telegram.edits().is_empty());
    let log = server.log();
    assert_eq!(log.matches("that is not allowed").count(), 1, "{log}");
    server.stop();
}

#[test]
fn commands_show_and_change_the_home_state() {
    let scene = Scene::new();
    let server = scene.home.start();
    assert_eq!(scene.ask("/last"), "There is no incident yet.");
    assert_eq!(scene.ask("/devices"), "No device has sent anything yet.");
    assert_eq!(scene.ask("/arm"), "The mode is away.");
    assert!(scene.ask("/status").contains("Mode: away"));
    assert_eq!(scene.ask("/disarm"), "The mode is home.");
    assert!(scene.ask("/mute 2 h").starts_with("Everything is muted until "));
    scene.motion(&server, "door");
    wait_for("the incident", || (!scene.home.incidents().is_empty()).then_some(()));
    assert_eq!(scene.ask("/mute off"), "Everything is not muted.");
    assert!(scene.ask("/last 1").contains("· Motion, 1 picture"));
    assert!(scene.ask("/devices").contains("door"));
    assert!(scene.ask("/help").contains("/mute 15 min"));
    scene.is_settled();
    assert!(scene.phone.telegram.log().all().iter().all(|sent| sent.files.is_empty()), "muted");
    server.stop();
}

/// A link as alerts carry it, made with the key of this home.
fn link(home: &Home, action: &str, expires_s: u64) -> String {
    let key = std::fs::read(home.data_dir().join("link.key")).unwrap();
    let grant = format!("{expires_s}\n{action}\nntfy");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("act/{grant}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let signature: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("/act/{}.{signature}", URL_SAFE_NO_PAD.encode(grant))
}

#[test]
fn an_action_link_acts_when_it_is_posted_and_not_when_it_is_opened() {
    let scene = Scene::new();
    let server = scene.home.start();
    scene.motion(&server, "door");
    scene.phone.wait_for(1);
    let dismissed = || scene.home.incident(1)["dismissed_by"].clone();
    let path = link(&scene.home, "n:1", 32_503_680_000);
    let (status, page) = curl(&server, &path, &["-H", "Accept: text/html"]);
    let page = String::from_utf8(page).unwrap();
    assert_eq!(status, "200");
    assert!(page.contains("Send no more alerts of this incident?"), "{page}");
    assert!(page.contains("<form method=\"post\">"), "{page}");
    assert_eq!(dismissed(), json!(null), "a preview opens links too");
    for _ in 0..2 {
        let (status, text) = curl(&server, &path, &["-X", "POST"]);
        assert_eq!(
            (status.as_str(), text.as_slice()),
            ("200", &b"No more alerts of this incident are sent."[..])
        );
    }
    assert_eq!(dismissed(), "somebody (ntfy)");
    let (status, page) = curl(&server, &path, &["-X", "POST", "-H", "Accept: text/html"]);
    assert!(status == "200" && String::from_utf8(page).unwrap().contains("<h1>Done</h1>"));
    let good = link(&scene.home, "i:1", 32_503_680_000);
    for (path, wanted) in [
        (link(&scene.home, "i:1", 1), "404"),
        (link(&scene.home, "x:1", 32_503_680_000), "404"),
        (format!("{good}0"), "404"),
        (link(&scene.home, "n:99", 32_503_680_000), "404"),
        (link(&scene.home, "h:nowhere", 32_503_680_000), "409"),
    ] {
        let (status, _) = curl(&server, &path, &["-X", "POST"]);
        assert_eq!(status, wanted, "{path}");
    }
    assert_eq!(dismissed(), "somebody (ntfy)");
    server.stop();
}

#[test]
fn requests_for_channels_without_a_webhook_are_refused() {
    let scene = Scene::new();
    let server = scene.home.start();
    for path in ["/hooks/me", "/hooks/nobody"] {
        let (status, _) = curl(&server, path, &["-X", "POST", "-d", "{}"]);
        assert_eq!(status, "404", "{path}");
    }
    server.stop();
    let polls = scene.phone.telegram.polls();
    let webhook = RULES.replace("[http]", "updates = \"webhook\"\n[http]");
    scene.home.configure(&scene.phone.channel(CHAT, &webhook));
    let server = scene.home.start();
    let (url, secret) = wait_for("the webhook", || scene.phone.telegram.webhook());
    assert_eq!(url, "https://tipoff.example.org/hooks/me");
    let update = json!({ "update_id": 5, "message": {
        "message_id": 5, "chat": { "id": CHAT.parse::<i64>().unwrap(), "type": "private" },
        "from": { "id": 7, "first_name": "Ann" }, "text": "/arm",
    } })
    .to_string();
    let header = format!("X-Telegram-Bot-Api-Secret-Token: {secret}");
    let (status, _) = curl(&server, "/hooks/me", &["-X", "POST", "-d", &update]);
    assert_eq!(status, "403");
    let (status, _) = curl(&server, "/hooks/me", &["-X", "POST", "-d", &update, "-H", &header]);
    assert_eq!(status, "200");
    assert_eq!(scene.phone.wait_for(1)[0].text, "The mode is away.");
    assert_eq!(scene.phone.telegram.polls(), polls);
    server.stop();
}

#[test]
fn an_alert_that_grows_is_one_message_with_its_buttons() {
    let scene = Scene::new();
    let growing = RULES.replace("[http]", "edit_in_place = true\n[http]");
    scene.home.configure(&scene.phone.channel(CHAT, &growing));
    let server = scene.home.start();
    scene.motion(&server, "door");
    let first = scene.phone.wait_for(1).remove(0);
    scene.press(first.id, "🏠 away");
    scene.motion(&server, "door");
    let edit =
        wait_for("the second picture", || scene.phone.telegram.edits().all().get(1).cloned());
    assert_eq!((edit.method.as_str(), edit.id), ("editMessageMedia", first.id));
    assert!(edit.text.unwrap().ends_with("Latest of 2 pictures"));
    server.stop();
    let server = scene.home.start();
    scene.motion(&server, "door");
    let edit = wait_for("the third picture", || scene.phone.telegram.edits().all().get(2).cloned());
    assert!(edit.text.unwrap().ends_with("Latest of 3 pictures"));
    assert_eq!(scene.phone.telegram.labels(first.id)[1], ["🏠 away · Ann"], "as it was pressed");
    scene.is_settled();
    assert_eq!(scene.phone.telegram.log().len(), 1);
    server.stop();
}

#[test]
fn an_incident_is_locked_in_the_chat_the_api_and_on_the_command_line() {
    let scene = Scene::new();
    let server = scene.home.start();
    let token = make_token(&scene.home, &["tester"]);
    let bearer = format!("Authorization: Bearer {token}");
    let ask = |path: &str, more: &[&str]| {
        let (status, body) = curl(&server, path, &[&["-H", &bearer], more].concat());
        (status, String::from_utf8(body).unwrap())
    };
    scene.motion(&server, "door");
    let first = scene.phone.wait_for(1).remove(0);
    scene.press(first.id, "🔒 Keep");
    for (path, said) in [
        ("/api/v1/incidents/1", "\"locked_by\":\"Ann (me)\""),
        ("/incidents/1", "Locked by Ann (me)"),
        ("/", "kept until it is unlocked"),
    ] {
        let (status, body) = ask(path, &[]);
        assert!(status == "200" && body.contains(said), "{path}: {status} {body}");
    }
    let shown = scene.home.run(&["incidents", "show", "1"]);
    assert!(shown.contains("Locked since "), "{shown}");
    scene.press(first.id, "Unlock");
    assert_eq!(scene.home.incident(1)["locked_by"], serde_json::Value::Null);
    let (status, body) = ask("/api/v1/incidents/1/lock", &["-X", "POST"]);
    assert_eq!((&*status, &*body), ("204", ""));
    let locked = scene.home.incident(1);
    assert_eq!(locked["locked_by"], "tester");
    assert!(scene.home.run(&["incidents", "unlock", "1"]).contains("is not locked"));
    assert_eq!(ask("/api/v1/incidents/99/lock", &["-X", "POST"]).0, "404");
    assert_eq!(ask("/api/v1/incidents/99/lock", &["-X", "DELETE"]).0, "404");
    assert!(scene.home.run(&["incidents", "lock", "1"]).contains("is locked"));
    assert!(scene.home.run(&["incidents", "list"]).contains("(locked) "));
    // What changes nothing is in no log.
    assert_eq!(ask("/api/v1/incidents/1/lock", &["-X", "POST"]).0, "204");
    assert!(scene.home.run(&["incidents", "lock", "1"]).contains("is locked"));
    assert_eq!(ask("/api/v1/incidents/1/lock", &["-X", "DELETE"]).0, "204");
    assert_eq!(ask("/api/v1/incidents/1/lock", &["-X", "DELETE"]).0, "204");
    assert!(scene.home.run(&["incidents", "unlock", "1"]).contains("is not locked"));
    let noted = scene.home.run(&["audit", "--json"]);
    let noted: Vec<serde_json::Value> = serde_json::from_str(&noted).unwrap();
    let of = |what: &str| noted.iter().filter(|it| it["what"] == what).count();
    assert_eq!((of("incident.lock"), of("incident.unlock")), (3, 3), "{noted:#?}");
    server.stop();
}

#[test]
fn the_api_and_the_page_say_who_dismissed_an_incident() {
    let scene = Scene::new();
    let server = scene.home.start();
    let token = make_token(&scene.home, &["tester"]);
    let bearer = format!("Authorization: Bearer {token}");
    scene.motion(&server, "door");
    let first = scene.phone.wait_for(1).remove(0);
    scene.press(first.id, "👎 Not interesting");
    for (path, said) in [
        ("/api/v1/incidents/1", "\"dismissed_by\":\"Ann (me)\""),
        ("/incidents/1", "Ann (me). No more alerts are sent."),
        ("/", "not interesting"),
    ] {
        let (status, body) = curl(&server, path, &["-H", &bearer]);
        let body = String::from_utf8(body).unwrap();
        assert!(status == "200" && body.contains(said), "{path}: {status} {body}");
    }
    let shown = scene.home.run(&["incidents", "show", "1"]);
    assert!(shown.contains("Not interesting since "), "{shown}");
    server.stop();
}
