//! Routes, modes and templates in the whole program, and what the command line says of them.

use serde_json::{Value, json};

use crate::api::{curl, make_token};
use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::{Hook, files};

/// One mail of this subject.
fn arrive(server: &Server, from: &str, subject: &str) {
    let reply = send(server.smtp[0], from, &mail(subject, &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

/// Changes the house by the API.
fn change(server: &Server, token: &str, change: &Value) -> Value {
    let bearer = format!("Authorization: Bearer {token}");
    let extra = ["-X", "PATCH", "-H", &bearer, "-H", "Content-Type: application/json", "-d"];
    let (status, body) =
        curl(server, "/api/v1/house", &[&extra[..], &[&change.to_string()]].concat());
    assert_eq!(status, "200", "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// The latest incident, once it is stored.
fn untold(home: &Home, count: usize) -> String {
    let incidents = wait_for("the incident", || {
        let incidents = home.incidents();
        (incidents.len() == count).then_some(incidents)
    });
    incidents[0]["untold"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_route_sets_the_alert_and_the_suppression_reason() {
    let hook = Hook::start();
    let home = Home::new(&format!(
        "{}[incidents]\nquiet = \"0 s\"\n[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://tip.example\"\n\
         [[device]]\nname = \"Printer\"\nmatch = {{ from = \"printer@*\" }}\ngroups = [\"office\"]\n\
         [[route]]\nname = \"office\"\ngroups = [\"office\"]\nchannels = []\nstop = true\n\
         [[route]]\nname = \"people\"\nsubject = \"/person/\"\nmedia = \"none\"\nsilent = true\n\
         priority = \"urgent\"\ntitle = \"{{{{ device }}}} sees somebody\"\nbody = \"{{{{ link }}}}\"\n\
         [[route]]\nname = \"rest\"\nhas = \"picture\"\nfrom = \"yard@*\"\n",
        hook.channel()
    ));
    let server = home.start();
    arrive(&server, "yard@example.com", "Person detected");
    arrive(&server, "printer@example.com", "Person at the printer");
    arrive(&server, "yard@example.com", "Motion");
    arrive(&server, "street@example.com", "Motion");
    let alerts = hook.wait_for(2);
    let person = alerts.iter().find(|it| it["subject"] == "Person detected").unwrap();
    assert_eq!(person["title"], "yard sees somebody");
    let link = person["message"].as_str().unwrap();
    assert_eq!(link, format!("https://tip.example/incidents/{}", person["incident"]));
    assert_eq!((&person["silent"], &person["priority"]), (&json!(true), &json!("urgent")));
    assert!(files(person).is_empty());
    let motion = alerts.iter().find(|it| it["subject"] == "Motion").unwrap();
    assert_eq!(files(motion).len(), 1);
    assert!(motion.get("title").is_none() && motion.get("silent").is_none());
    let why = untold(&home, 4);
    assert_eq!(
        why,
        "office: not for a group of this device; people: the subject does not fit; \
         rest: the sender does not fit"
    );
    assert_eq!(home.incidents()[2]["untold"], "office: tells nobody");
    server.stop();
    assert_eq!(hook.alerts().len(), 2);
}

#[test]
fn the_mode_and_the_mute_apply_at_once_and_after_a_restart() {
    let hook = Hook::start();
    let home = Home::new(&format!(
        "{}[incidents]\nquiet = \"0 s\"\n[[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\n\
         [[route]]\nname = \"alarm\"\nmodes = [\"away\"]\n",
        hook.channel()
    ));
    let server = home.start();
    let token = make_token(&home, &["tester"]);
    arrive(&server, "yard@example.com", "at home");
    assert_eq!(untold(&home, 1), "alarm: not in mode \"home\"");
    let house = change(&server, &token, &json!({ "mode": "away" }));
    assert_eq!(house, json!({ "mode": "away", "modes": ["home", "away"], "muted_until": null }));
    server.stop();
    let server = home.start();
    arrive(&server, "yard@example.com", "away");
    assert_eq!(hook.wait_for(1)[0]["subject"], "away");
    let house = change(&server, &token, &json!({ "muted_for_s": 3600 }));
    assert!(house["muted_until"].is_string(), "{house}");
    arrive(&server, "yard@example.com", "muted");
    assert_eq!(untold(&home, 3), "muted");
    change(&server, &token, &json!({ "muted_for_s": 0 }));
    arrive(&server, "yard@example.com", "heard");
    assert_eq!(hook.wait_for(2)[1]["subject"], "heard");
    let told = home.run(&["check", "--explain"]);
    assert!(told.contains("in mode \"away\"") && told.contains("  alarm: tells hook\n"), "{told}");
    let told = home.run(&["check", "--explain", "--mode", "home"]);
    assert!(told.contains("  alarm: not in mode \"home\"\n"), "{told}");
    server.stop();
}

#[test]
fn route_test_explains_what_would_happen_to_a_mail() {
    let home = Home::new(
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n\
         [[device]]\nname = \"Yard\"\nmatch = { from = \"cam1@*\" }\n\
         [[route]]\nname = \"night\"\nbetween = \"22:00-06:00\"\n\
         [[route]]\nname = \"people\"\nevents = [\"person\"]\n",
    );
    let path = home.put("motion.eml", &mail("Motion Detection", &[PICTURE]));
    let path = path.to_str().unwrap();
    let test = |more: &[&str]| {
        home.run(&[&["route", "test", path, "--from", "cam1@house"], more].concat())
    };
    let told = test(&["--at", "2026-11-24T23:00"]);
    for line in [
        "device  Yard",
        "event   motion",
        "at Tuesday 2026-11-24 23:00:",
        "  night: tells hook",
        "  people: not for \"motion\"",
        "-> hook, by night",
    ] {
        assert!(told.lines().any(|it| it == line), "{line} in {told}");
    }
    let told = test(&["--at", "12:00"]);
    assert!(told.contains("-> nobody: night: 22:00-06:00 only, it was 12:00; people: "), "{told}");
    let told = home.run(&["check", "--explain", "--at", "12:00"]);
    assert!(told.contains("any other device\n  night: 22:00-06:00 only"), "{told}");
    assert!(told.contains("  people: tells hook, if event person\n"), "{told}");
}

#[test]
fn an_alert_flood_is_summarised_and_all_of_it_is_stored() {
    let hook = Hook::start();
    let home = Home::new(&format!("{}[incidents]\nquiet = \"0 s\"\nflood = 3\n", hook.channel()));
    let server = home.start();
    for number in 1..=6 {
        arrive(&server, "yard@example.com", &format!("Motion {number}"));
    }
    arrive(&server, "door@example.com", "Motion elsewhere");
    // Incidents are told side by side.
    assert!(hook.wait_for(4).iter().any(|it| it["device"] == "door"));
    assert_eq!(untold(&home, 7), "");
    let held = home.incident(4);
    assert_eq!(held["deliveries"][0]["kind"], "summary");
    assert_eq!(held["deliveries"][0]["state"], "pending");
    let why = &home.incidents()[1]["untold"];
    assert_eq!(why, "too many alerts of this device: told as a count every ten minutes");
    server.stop();
    assert_eq!(hook.alerts().len(), 4);
}

#[test]
fn endless_pictures_do_not_suppress_the_next_incident() {
    let hook = Hook::start();
    // Each picture goes out by itself, and an incident takes more of them than may be sent.
    let home = Home::new(&format!(
        "{}[incidents]\nquiet = \"1 min\"\nlongest = \"4 s\"\nsettle = \"0 s\"\nflood = 2\n",
        hook.channel()
    ));
    let server = home.start();
    let of_second = |alerts: &[Value]| {
        alerts.iter().find(|it| it["incident"] != alerts[0]["incident"]).cloned()
    };
    let second = wait_for("the second incident", || {
        arrive(&server, "yard@example.com", "Motion");
        of_second(&hook.alerts())
    });
    assert_eq!(second["kind"], "first", "{second}");
    let first = home.incident(1);
    let kinds = first["deliveries"].as_array().unwrap().iter().map(|it| &it["kind"]);
    assert_eq!(kinds.clone().filter(|kind| *kind == "followup").count(), 8);
    assert_eq!(kinds.filter(|kind| *kind == "summary").count(), 1, "the rest is a count");
    server.stop();
}

#[test]
fn replay_runs_a_day_with_other_rules_and_sends_nothing() {
    let hook = Hook::start();
    let before = format!("{}[incidents]\nquiet = \"0 s\"\n", hook.channel());
    let home = Home::new(&before);
    let server = home.start();
    for number in 1..=3 {
        arrive(&server, "yard@example.com", &format!("Motion {number}"));
    }
    arrive(&server, "hall@example.com", "Person detected");
    hook.wait_for(4);
    server.stop();
    let replay = |more: &[&str]| {
        let told = home.run(&[&["route", "replay", "--json"], more].concat());
        serde_json::from_str::<Value>(&told).unwrap()
    };
    let as_it_was = replay(&[]);
    let told = |told: &Value| {
        let all = told.as_array().unwrap().iter();
        all.map(|it| it["told"].as_object().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!(told(&as_it_was), [1, 1, 1, 1]);
    assert_eq!(
        as_it_was[3]["told"],
        json!({ "hook": { "first": 1, "followup": 0, "summary": 0 } })
    );

    // Under another name, at another length, and held back.
    home.configure(&format!(
        "{}[[device]]\nname = \"Yard\"\nmatch = {{ from = \"yard@*\" }}\n\
         [[route]]\nname = \"yard\"\ndevices = [\"Yard\"]\ncooldown = \"1 h\"\n\
         [incidents]\nsettle = \"0 s\"\n",
        hook.channel()
    ));
    let changed = replay(&[]);
    assert_eq!(told(&changed), [1, 0], "what comes within 20 s is one incident now");
    assert_eq!((&changed[0]["device"], &changed[0]["incident"]), (&json!("Yard"), &json!(1)));
    // What follows is not waited for, so each is told by itself.
    assert_eq!(changed[0]["told"]["hook"], json!({ "first": 1, "followup": 2, "summary": 0 }));
    assert_eq!(changed[1]["untold"], "yard: not for this device");
    assert_eq!(told(&replay(&["--device", "yard"])), [1]);
    assert_eq!(told(&replay(&["--day", "2020-02-29"])), Vec::<usize>::new());
    let words = home.run(&["route", "replay"]);
    assert!(
        words.contains("2 incidents, of 1 nobody is told\nnow: hook: 1 alert, 2 follow-ups\n"),
        "{words}"
    );
    assert!(words.ends_with("it was: hook: 4 alerts\n"), "{words}");
    assert_eq!(hook.alerts().len(), 4, "nothing is sent");
}
