//! Channels that are added in the dashboard: tested, kept over a restart, behind those of the file, and without their secrets
//! anywhere but in the spool.

use std::process::Command;

use serde_json::{Value, json};
use tipoff_testkit::telegram::{CHAT, Options, TOKEN};

use crate::harness::{Home, PICTURE, Server, mail, send, succeeded, wait_for};
use crate::hook::Hook;
use crate::telegram::Phone;
use crate::users::{OWNER, Person, with_password};

const QUIET: &str = "[incidents]\nquiet = \"0 s\"\n";
/// A secret of a webhook, and one that is typed into a field that must not have it.
const SECRET: &str = "hunter2-of-the-hook";

fn started(home: &Home) -> Server {
    let server = home.start();
    with_password(home, &["password"], OWNER);
    server
}

fn motion(server: &Server, subject: &str) {
    let reply = send(server.smtp[0], "yard@example.com", &mail(subject, &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

/// The settings of a webhook, as the form sends them.
fn webhook(name: &str, hook: &Hook, secret: Option<&str>) -> Value {
    let settings = json!({ "url": hook.url(), "secret": secret });
    json!({ "name": name, "type": "webhook", "settings": settings })
}

fn parsed(person: &Person<'_>, what: &str, body: &Value) -> Value {
    let answer = person.ask(what, body);
    assert!((200..300).contains(&answer.status), "{what}: {} {}", answer.status, answer.body);
    serde_json::from_str(&answer.body).unwrap_or_default()
}

fn fields(person: &Person<'_>, what: &str, body: &Value, status: u16) -> Vec<String> {
    let answer = person.ask(what, body);
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    let faults = told["faults"].as_array().cloned().unwrap_or_default();
    faults.iter().map(|fault| fault["field"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_telegram_bot_is_set_up_tested_and_kept_and_its_token_is_shown_nowhere() {
    let phone = Phone::new(Options::default());
    let home = Home::new(QUIET);
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    let api = phone.telegram.url();
    let bot = json!({ "token": TOKEN, "api": api });
    let named = parsed(&owner, "POST /api/v1/telegram/bot", &bot);
    assert!(named["link"].as_str().unwrap().starts_with("https://t.me/"), "{named}");
    assert!(named["qr"].as_str().unwrap().starts_with("data:image/svg+xml"), "{named}");
    phone.telegram.write(CHAT, "hello", "Ann");
    let found = parsed(&owner, "POST /api/v1/telegram/chat", &bot);
    assert_eq!(found["chat"], CHAT);
    let draft = json!({ "name": "me", "type": "telegram",
        "settings": { "token": TOKEN, "chat": found["chat"], "api": api } });
    let tested = parsed(&owner, "POST /api/v1/channel-tests", &draft);
    assert_eq!(tested["said"], "the test arrived");
    assert_eq!(phone.wait_for(1)[0].files.len(), 1, "a picture");
    assert_eq!(owner.json("GET /api/v1/channels"), json!([]), "nothing is stored yet");
    parsed(&owner, "POST /api/v1/channels", &draft);
    motion(&server, "Motion in the yard");
    assert!(phone.wait_for(2)[1].text.contains("Motion in the yard"));

    let stored = owner.json("GET /api/v1/channels/me/settings");
    assert_eq!((&stored["hidden"], &stored["settings"]["chat"]), (&json!(["token"]), &json!(CHAT)));
    let kept = json!({ "name": "me", "type": "telegram", "keep": ["token"],
        "settings": { "chat": CHAT, "api": api, "silent": true } });
    parsed(&owner, "POST /api/v1/channel-tests", &kept);
    let change = "PUT /api/v1/channels/me/settings";
    assert_eq!(fields(&owner, change, &kept, 422), ["version"]);
    let mut versioned = kept;
    versioned["version"] = stored["version"].clone();
    assert_eq!(owner.status(change, versioned.clone()), 204);
    assert_eq!(owner.status(change, versioned), 409, "the version is another one now");
    let elsewhere = json!({ "name": "me", "type": "telegram", "keep": ["token"],
        "settings": { "chat": CHAT, "api": "http://127.0.0.1:9" } });
    for what in ["POST /api/v1/channel-tests", change] {
        assert_eq!(fields(&owner, what, &elsewhere, 422), ["token"], "it is not sent elsewhere");
    }
    server.stop();

    let server = home.start();
    let owner = Person::log_in(&server, "owner", OWNER);
    motion(&server, "Motion at night");
    let sent = phone.wait_for(4);
    assert!(sent[3].text.contains("Motion at night") && sent[3].silent, "{:?}", sent[3]);
    let mut shown =
        vec![server.log(), home.run(&["audit", "--json"]), home.run(&["doctor", "--json"])];
    for page in ["/channels", "/channels/add?edit=me", "/audit", "/api/v1/channels/me/settings"] {
        shown.push(owner.ask(&format!("GET {page}"), &Value::Null).body);
    }
    let secret = TOKEN.split(':').nth(1).unwrap();
    for text in &shown {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(shown[2].contains("me (telegram)"), "{}", shown[2]);
    for file in std::fs::read_dir(home.data_dir()).unwrap() {
        let path = file.unwrap().path();
        let is_spool = path.file_name().unwrap().to_string_lossy().starts_with("spool.db");
        if path.is_file() && !is_spool {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(secret), "{}", path.display());
        }
    }
    assert!(home.run(&["channels", "test", "me"]).contains("the test arrived"));
    server.stop();
}

#[test]
fn an_added_channel_is_behind_the_file_and_survives_its_edits() {
    let (added, of_file) = (Hook::start(), Hook::start());
    let home = Home::new(QUIET);
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    let draft = webhook("hook", &added, Some(SECRET));
    parsed(&owner, "POST /api/v1/channels", &draft);
    motion(&server, "one");
    added.wait_for_requests(1);
    assert_eq!(fields(&owner, "POST /api/v1/channels", &draft, 409), ["name"]);
    let second = webhook("second", &added, None);
    parsed(&owner, "POST /api/v1/channels", &second);

    // The file gets a channel of the same name, which is used from then on; the other one stays in use.
    home.configure(&format!("{QUIET}{}", of_file.channel()));
    wait_for("the inactive channel", || {
        server.log().contains("the one that was added is inactive").then_some(())
    });
    let page = || owner.ask("GET /channels", &Value::Null).body;
    assert!(page().contains("The configuration file has a channel of this name"), "{}", page());
    motion(&server, "two");
    of_file.wait_for_requests(1);
    added.wait_for_requests(2);
    assert_eq!(added.requests().len(), 2, "`second` alone");
    let third = webhook("hook", &added, None);
    assert_eq!(fields(&owner, "POST /api/v1/channels", &third, 409), ["name"]);
    assert!(home.run(&["doctor", "--json"]).contains("the file has channels of the same name"));

    // A fault of the file changes nothing; a channel can still be added and removed.
    home.configure("[[channel]]\ntype = \"telegrm\"\n");
    wait_for("the fault", || {
        server.log().contains("cannot be used; everything stays").then_some(())
    });
    parsed(&owner, "POST /api/v1/channels", &webhook("third", &added, None));
    let names = |owner: &Person<'_>| -> Vec<String> {
        let channels = owner.json("GET /api/v1/channels");
        let names = channels.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    assert_eq!(names(&owner), ["hook", "second", "third"]);
    assert!(page().contains("unknown channel type"), "the fault stays on the page");
    for name in ["hook", "third"] {
        assert_eq!(owner.status(&format!("POST /api/v1/channels/{name}/remove"), json!({})), 204);
    }
    assert_eq!(owner.status("POST /api/v1/channels/hook/remove", json!({})), 404, "of the file");
    home.configure(QUIET);
    wait_for("the file without a channel", || (names(&owner) == ["second"]).then_some(()));
    let audit = home.run(&["audit", "--json"]);
    assert!(audit.contains("channel.add") && audit.contains("channel.remove"), "{audit}");
    assert!(!audit.contains(SECRET) && !server.log().contains(SECRET));
    server.stop();
}

#[test]
fn what_is_of_this_machine_cannot_be_added() {
    let home = Home::new("");
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    let exec = json!({ "name": "x", "type": "exec", "settings": { "command": ["/bin/true"] } });
    let folder = json!({ "name": "x", "type": "archive", "settings": { "folder": "/tmp" } });
    let from = |reference: Value| json!({ "name": "x", "type": "webhook", "settings": { "url": "http://a", "secret": reference } });
    for what in ["POST /api/v1/channels", "POST /api/v1/channel-tests"] {
        assert!(fields(&owner, what, &exec, 422).contains(&"type".to_owned()));
        assert_eq!(fields(&owner, what, &folder, 422), ["folder"]);
        assert_eq!(fields(&owner, what, &from(json!({ "env": "HOME" })), 422), ["secret"]);
        assert_eq!(
            fields(&owner, what, &from(json!({ "file": "/etc/hostname" })), 422),
            ["secret"]
        );
    }
    assert_eq!(owner.ask("GET /channels/add?type=exec", &Value::Null).status, 404);
    assert!(
        owner.ask("GET /channels/add", &Value::Null).body.contains("Only in the configuration")
    );
    for kind in owner.json("GET /api/v1/channel-types").as_array().unwrap() {
        let (name, can) = (kind["type"].as_str().unwrap(), &kind["can_be_added"]);
        let form = owner.ask(&format!("GET /channels/add?type={name}"), &Value::Null);
        assert_eq!(form.status == 200, *can == true, "{name}");
        assert!(!form.body.contains('`'), "code is marked: {}", form.body);
        for setting in kind["settings"].as_array().unwrap() {
            let key = format!("data-key=\"{}\"", setting["key"].as_str().unwrap());
            let has_field = *can == true && setting["shape"] != "machine";
            assert_eq!(form.body.contains(&key), has_field, "{name}: {key}");
        }
    }
    assert_eq!(owner.json("GET /api/v1/channels"), json!([]));
    server.stop();
}

#[test]
fn a_broken_document_is_left_out_and_shown_and_the_file_is_used() {
    let hook = Hook::start();
    let home = Home::new(&format!("{QUIET}{}", hook.channel()));
    let server = started(&home);
    server.stop();
    let document = "9 [[channel]]\nname = \"old\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9\"\n\
                    secret = \"hunter2\"\nretired = 1\n";
    let script = "import sqlite3, sys\n\
        c = sqlite3.connect(sys.argv[1])\n\
        c.execute(\"INSERT INTO meta VALUES ('added_configuration', ?)\", (sys.argv[2],))\n\
        c.commit()";
    let written = Command::new("python3")
        .args(["-c", script])
        .arg(home.data_dir().join("spool.db"))
        .arg(document)
        .output()
        .unwrap();
    succeeded(&written);
    let server = home.start();
    let log = wait_for("the fault in the log", || {
        Some(server.log()).filter(|log| log.contains("added in the dashboard cannot be used"))
    });
    assert!(log.contains("retired") && !log.contains("hunter2"), "{log}");
    motion(&server, "one");
    hook.wait_for_requests(1);
    let owner = Person::log_in(&server, "owner", OWNER);
    let page = owner.ask("GET /channels", &Value::Null).body;
    assert!(page.contains("have a fault") && page.contains("retired"), "{page}");
    assert!(!page.contains("hunter2"), "{page}");
    let doctor = home.command(&["doctor", "--json"]).output().unwrap();
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("retired") && !doctor.contains("hunter2"), "{doctor}");
    assert_eq!(owner.status("POST /api/v1/channels/old/remove", json!({})), 204);
    parsed(&owner, "POST /api/v1/channels", &webhook("new", &hook, None));
    motion(&server, "two");
    hook.wait_for_requests(3);
    server.stop();
}

#[test]
fn added_channels_are_exported_without_secrets_and_imported_as_a_whole() {
    let hook = Hook::start();
    let home = Home::new(QUIET);
    let server = started(&home);
    let owner = Person::log_in(&server, "owner", OWNER);
    parsed(&owner, "POST /api/v1/channels", &webhook("one", &hook, Some(SECRET)));
    let told = owner.json("GET /api/v1/added-channels");
    assert_eq!(told["variables"], json!(["TIPOFF_ONE_SECRET"]));
    let toml = told["toml"].as_str().unwrap();
    let page = owner.ask("GET /channels/transfer", &Value::Null).body;
    assert!(!toml.contains(SECRET) && !page.contains(SECRET), "{toml}");
    assert!(page.contains("TIPOFF_ONE_SECRET"), "{page}");
    let import = |text: &str| owner.ask("POST /api/v1/added-channels", &json!({ "toml": text }));
    // A name that is taken, and a variable, are refused.
    assert_eq!(import(&toml.replace("{ env = \"TIPOFF_ONE_SECRET\" }", "\"x\"")).status, 409);
    let renamed = toml.replace("\"one\"", "\"two\"");
    let refused = import(&renamed);
    assert!(
        refused.status == 422 && refused.body.contains("variable or a file"),
        "{}",
        refused.body
    );
    let whole = renamed.replace("{ env = \"TIPOFF_ONE_SECRET\" }", &format!("{SECRET:?}"));
    assert!(whole.contains(SECRET), "{whole}");
    let broken = import(&format!("{whole}\n[[channel]]\ntype = \"ntfy\"\n"));
    assert!(broken.status == 422 && broken.body.contains("topic"), "{}", broken.body);
    assert!(!broken.body.contains(SECRET), "{}", broken.body);
    assert_eq!(owner.json("GET /api/v1/channels").as_array().unwrap().len(), 1, "none of them");
    assert_eq!(import("").status, 422);
    let imported = import(&whole);
    assert_eq!(imported.status, 201, "{}", imported.body);
    motion(&server, "one");
    hook.wait_for_requests(2);
    let signed = hook.requests().iter().all(|it| it.header("x-hub-signature-256").is_some());
    assert!(signed, "with the secret");
    assert!(!server.log().contains(SECRET));
    server.stop();
}
