//! Routes, hours of devices and home modes that are added in the dashboard: used for the next alert, kept over a restart and over
//! edits of the file, and no rename ends them.

use serde_json::{Value, json};

use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::Hook;
use crate::users::{OWNER, Person, with_password};

const QUIET: &str = "[incidents]\nquiet = \"0 s\"\n";

fn started(home: &Home) -> Server {
    let server = home.start();
    with_password(home, &["password"], OWNER);
    server
}

fn add_channel(owner: &Person<'_>, name: &str, hook: &Hook) {
    let draft = json!({ "name": name, "type": "webhook", "settings": { "url": hook.url() } });
    let answer = owner.ask("POST /api/v1/channels", &draft);
    assert_eq!(answer.status, 201, "{}", answer.body);
}

/// Replaces the added routes; the stored ones.
fn replace(owner: &Person<'_>, routes: &Value) -> Value {
    let version = owner.json("GET /api/v1/routes")["version"].clone();
    let body = json!({ "version": version, "routes": routes });
    let answer = owner.ask("PUT /api/v1/routes", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str::<Value>(&answer.body).unwrap()["routes"].clone()
}

fn motion(server: &Server, sender: &str, subject: &str) {
    let reply = send(server.smtp[0], &format!("{sender}@example.com"), &mail(subject, &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

/// The devices that a channel was notified of, in their order.
fn notified(hook: &Hook, count: usize) -> Vec<String> {
    hook.wait_for_requests(count);
    let device = |alert: Value| alert["device"].as_str().unwrap().to_owned();
    hook.requests().iter().map(|request| device(request.json())).collect()
}

fn device(owner: &Person<'_>, name: &str) -> Value {
    let devices = owner.json("GET /api/v1/devices")["devices"].clone();
    let found = devices.as_array().unwrap().iter().find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {devices}")).clone()
}

/// Why the incident with this subject was suppressed.
fn reason(owner: &Person<'_>, subject: &str) -> String {
    let page = owner.json("GET /api/v1/incidents?silent=true");
    let found = page["incidents"].as_array().unwrap().iter().find(|it| it["subject"] == subject);
    let found = found.unwrap_or_else(|| panic!("{subject}: {page:#}"));
    found["untold"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_added_route_is_used_for_the_next_alert_and_outlasts_a_rename_and_a_restart() {
    let (me, siren) = (Hook::start(), Hook::start());
    let home = Home::new(QUIET);
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    add_channel(&owner, "me", &me);
    add_channel(&owner, "siren", &siren);
    motion(&server, "yard", "one");
    assert_eq!((notified(&me, 1).len(), notified(&siren, 1).len()), (1, 1));
    let yard = device(&owner, "yard");

    // The first route brings one for everything else, so that other devices are alerted as before.
    let only_me = json!([{ "device_keys": [yard["key"]], "channels": ["me"], "stop": true }]);
    let stored = replace(&owner, &only_me);
    assert_eq!(stored[0]["name"], "dashboard route 1");
    assert_eq!(stored[1], json!({ "name": "everything else", "stop": true }));
    motion(&server, "yard", "two");
    motion(&server, "gate", "three");
    assert_eq!(notified(&me, 3).len(), 3);
    assert_eq!(notified(&siren, 2), ["yard", "gate"]);

    let change = format!("PATCH /api/v1/devices/{}", yard["id"]);
    assert_eq!(owner.status(&change, json!({ "name": "Garden" })), 200);
    motion(&server, "yard", "four");
    assert_eq!(notified(&me, 4)[3], "Garden");
    let page = owner.ask("GET /channels/routes", &Value::Null).body;
    assert!(page.contains("<strong>Garden</strong>"), "{page}");

    home.configure(&format!("{QUIET}flood = 70\n"));
    wait_for("the edit", || server.log().contains("changed configuration is in use").then_some(()));
    motion(&server, "yard", "five");
    notified(&me, 5);
    server.stop();
    let server = home.start();
    let owner = Person::log_in(&server, "owner", OWNER);
    motion(&server, "yard", "six");
    motion(&server, "gate", "seven");
    notified(&me, 7);
    assert_eq!(notified(&siren, 3), ["yard", "gate", "gate"], "never of the renamed device");

    let refused = owner.ask("POST /api/v1/channels/me/remove", &json!({}));
    assert!(
        refused.status == 409 && refused.body.contains("dashboard route 1"),
        "{}",
        refused.body
    );
    let replaced = |version: &Value, routes: Value| {
        owner.ask("PUT /api/v1/routes", &json!({ "version": version, "routes": routes }))
    };
    assert_eq!(replaced(&json!(0), json!([])).status, 409, "another version");
    let version = owner.json("GET /api/v1/routes")["version"].clone();
    let refused = replaced(&version, json!([{ "between": "22" }, { "channels": ["you"] }]));
    assert_eq!(refused.status, 422);
    for field in ["0.between", "1.channels"] {
        assert!(refused.body.contains(field), "{}", refused.body);
    }

    // A device that is merged into another one takes its routes along.
    let gate = device(&owner, "gate");
    let merge = format!("POST /api/v1/devices/{}/merge", yard["id"]);
    assert_eq!(owner.status(&merge, json!({ "into": gate["id"] })), 200);
    motion(&server, "gate", "eight");
    motion(&server, "door", "nine");
    notified(&me, 9);
    assert_eq!(notified(&siren, 4), ["yard", "gate", "gate", "door"]);
    let checked = home.run(&["check"]);
    assert!(checked.contains("2 routes, 2 of them added in the dashboard"), "{checked}");
    assert!(checked.contains("channel me (webhook, added in the dashboard)"), "{checked}");
    server.stop();
}

#[test]
fn routes_of_the_file_are_first_and_what_it_lost_is_shown() {
    let hook = Hook::start();
    let door = "[[device]]\nname = \"Door\"\nmatch = { from = \"door@*\" }\n";
    let of_file =
        "[[route]]\nname = \"of the file\"\nsubject = \"*person*\"\nchannels = []\nstop = true\n";
    let home = Home::new(&format!("{QUIET}{door}{of_file}"));
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    add_channel(&owner, "me", &hook);
    let stored =
        replace(&owner, &json!([{ "devices": ["Door"], "channels": ["me"], "stop": true }]));
    assert_eq!(stored.as_array().unwrap().len(), 1, "the file has routes already");
    motion(&server, "door", "A person at the door");
    motion(&server, "door", "Motion");
    assert_eq!(notified(&hook, 1), ["Door"]);
    assert!(reason(&owner, "A person at the door").contains("of the file: tells nobody"));
    let page = || owner.ask("GET /channels/routes", &Value::Null).body;
    assert!(page().contains("from the configuration file"), "{}", page());
    let exported = owner.json("GET /api/v1/added-channels")["toml"].as_str().unwrap().to_owned();
    assert!(exported.contains("[[route]]\nname = \"dashboard route 1\""), "{exported}");

    // The file loses the device: the rest stays in use, and the page shows what is missing.
    home.configure(&format!("{QUIET}{of_file}"));
    wait_for("the note", || page().contains("Not there any more: Door").then_some(()));
    assert_eq!(owner.json("GET /api/v1/channels")[0]["name"], "me");
    replace(&owner, &json!([{ "name": "all" }]));
    let toml = "[[route]]\nname = \"night\"\nbetween = \"22:00-06:00\"\n";
    let import = |toml: &str| owner.status("POST /api/v1/added-channels", json!({ "toml": toml }));
    assert_eq!(import("[[route]]\nchannels = [\"you\"]\n"), 422);
    assert_eq!(import(toml), 201);
    let list = owner.json("GET /api/v1/routes");
    let names: Vec<&Value> =
        list["routes"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["night", "all"], "a route for everything stays the last one");
    assert_eq!(list["of_file"], json!(["of the file"]));
    server.stop();
}

#[test]
fn the_hours_of_a_device_and_the_home_modes_are_set_in_the_page() {
    let hook = Hook::start();
    let home = Home::new(QUIET);
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    add_channel(&owner, "me", &hook);
    motion(&server, "yard", "one");
    hook.wait_for_requests(1);
    let yard = device(&owner, "yard");
    let schedule = format!("/api/v1/devices/{}/schedule", yard["id"]);
    let set = |body: Value| owner.status(&format!("PUT {schedule}"), body);
    assert_eq!(set(json!({ "never": true })), 204);
    motion(&server, "yard", "two");
    motion(&server, "gate", "three");
    assert_eq!(notified(&hook, 2)[1], "gate");
    assert_eq!(reason(&owner, "two"), "this device's schedule: never alerted");
    assert_eq!(set(json!({ "between": "22" })), 422);
    assert_eq!(set(json!({ "between": "00:00-24:00", "days": ["mon-sun"] })), 204);
    assert_eq!(owner.json(&format!("GET {schedule}"))["between"], "00:00-24:00");
    let page = owner.ask(&format!("GET /devices/{}", yard["id"]), &Value::Null).body;
    assert!(page.contains("value=\"hours\" checked"), "{page}");
    motion(&server, "yard", "four");
    assert_eq!(notified(&hook, 3)[2], "yard");

    let modes = |modes: Value| {
        let version = owner.json("GET /api/v1/modes")["version"].clone();
        owner.ask("PUT /api/v1/modes", &json!({ "version": version, "modes": modes }))
    };
    let refused = modes(json!([{ "name": "home" }, { "name": "away", "at": ["25:00"] }]));
    assert!(refused.status == 422 && refused.body.contains("1.at"), "{}", refused.body);
    let away = json!({ "name": "away", "at": ["09:00"], "days": ["mon"] });
    assert_eq!(modes(json!([{ "name": "home" }, away])).status, 200);
    let choose = |mode: &str| owner.status("PATCH /api/v1/house", json!({ "mode": mode }));
    assert_eq!(choose("away"), 200);
    replace(&owner, &json!([{ "modes": ["away"], "channels": [], "stop": true }]));
    motion(&server, "gate", "five");
    assert_eq!(choose("home"), 200);
    motion(&server, "door", "six");
    assert_eq!(notified(&hook, 4)[3], "door");
    assert!(reason(&owner, "five").contains("dashboard route 1: tells nobody"));
    let refused = modes(json!([{ "name": "home" }]));
    assert!(
        refused.status == 409 && refused.body.contains("dashboard route 1"),
        "{}",
        refused.body
    );

    home.configure(&format!("{QUIET}[[mode]]\nname = \"night\"\n"));
    wait_for("the mode of the file", || {
        let page = owner.ask("GET /modes", &Value::Null).body;
        page.contains("The configuration file sets the modes").then_some(())
    });
    assert_eq!(modes(json!([])).status, 409);
    server.stop();
}

/// Routes that name many devices by their keys are more than a few fields.
#[test]
fn a_list_of_routes_may_be_as_large_as_what_is_stored() {
    let home = Home::new("");
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    let words = |length: usize| "x".repeat(length);
    let large: Vec<Value> = (0..50).map(|it| json!({ "subject": words(2_000 + it) })).collect();
    assert_eq!(replace(&owner, &json!(large)).as_array().unwrap().len(), 51);
    let body = json!({ "version": 2, "routes": [{ "subject": words(500_000) }] });
    let answer = owner.ask("PUT /api/v1/routes", &body);
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(answer.body.contains("too large: at most 400 KB"), "{}", answer.body);
    server.stop();
}

#[test]
fn the_page_says_of_how_many_incidents_each_route_alerted_or_suppressed() {
    let me = Hook::start();
    let home = Home::new(QUIET);
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    add_channel(&owner, "me", &me);
    let quiet = json!({ "name": "quiet", "subject": ["*wind*"], "channels": [], "stop": true });
    replace(&owner, &json!([quiet, { "name": "loud", "channels": ["me"], "stop": true }]));
    for subject in ["wind", "a person", "more wind"] {
        motion(&server, "yard", subject);
    }
    notified(&me, 1);
    let page = owner.ask("GET /channels/routes", &Value::Null).body;
    for words in [
        "quiet · 2 incidents suppressed in the last 24 hours",
        "loud · 1 incident alerted in the last 24 hours",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    server.stop();
}
