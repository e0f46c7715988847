//! The audit log: who did what, without secrets, for good.

use serde_json::{Value, json};

use crate::api::{curl, make_token};
use crate::harness::{Home, PICTURE, mail, send, wait_for};
use crate::hook::Hook;
use crate::hostile_links::Person;

fn log(home: &Home) -> Vec<Value> {
    home.json(&["audit", "--limit", "1000", "--json"]).as_array().unwrap().clone()
}

/// What, by whom (a kind, and part of the name), and to what.
const NOTED: &[(&str, &str, &str, &str)] = &[
    ("device.add", "user", "owner", "Hall"),
    ("device.change", "user", "owner", "device 1"),
    ("device.password", "user", "owner", "Hall"),
    ("device.revoke_login", "user", "owner", "Hall"),
    ("device.merge", "user", "owner", "device 2"),
    ("channel.test", "user", "owner", "hook"),
    ("channel.pause", "user", "owner", "hook"),
    ("channel.resume", "user", "owner", "hook"),
    ("channel.pause", "token", "script", "hook"),
    ("house.mode", "user", "owner", "away"),
    ("house.mute", "user", "owner", "everything"),
    ("incident.retry", "user", "owner", "incident 1"),
    ("incident.retry", "command line", "", "incident 1"),
    ("incident.lock", "user", "owner", "incident 1"),
    ("incident.unlock", "user", "owner", "incident 1"),
    ("share.create", "user", "owner", "incident 1"),
    ("share.revoke", "user", "owner", "incident 1"),
    ("token.create", "user", "owner", "script"),
    ("token.revoke", "user", "owner", "script"),
    ("token.create", "command line", "", "from the shell"),
    ("user.add", "user", "owner", "bert"),
    ("user.remove", "user", "owner", "bert"),
    ("setup_link.create", "command line", "", ""),
    ("channel.test", "command line", "", "hook"),
    ("login.begin", "user", "owner", "dashboard"),
    ("password.set", "user", "owner", "owner"),
];

#[test]
fn every_change_is_in_the_audit_log_with_its_actor() {
    let hook = Hook::start();
    let rules = "[[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\n";
    let home = Home::new(&format!("{}{rules}", hook.channel()));
    let server = home.start();
    for sender in ["yard@example.com", "gate@example.com"] {
        assert!(send(server.smtp[0], sender, &mail("Motion", &[PICTURE])).starts_with("250"));
    }
    hook.wait_for_requests(2);
    let person = Person::set_up(&server);
    let mut secrets = Vec::new();
    let mut ask = |method: &str, path: &str, body: Value| {
        let (status, answer) = person.ask(&server, method, path, &body);
        assert!(status.starts_with('2'), "{method} {path}: {status} {answer}");
        for key in ["token", "password", "url"] {
            secrets.extend(answer[key].as_str().map(str::to_owned));
        }
        answer
    };
    let added = ask("POST", "/api/v1/devices", json!({ "name": "Hall" }));
    let id = added["id"].as_i64().unwrap();
    ask("PATCH", "/api/v1/devices/1", json!({ "name": "Yard", "muted_for_s": 3600 }));
    ask("POST", &format!("/api/v1/devices/{id}/password"), json!({}));
    ask("DELETE", &format!("/api/v1/devices/{id}/password"), json!({}));
    ask("POST", "/api/v1/devices/2/merge", json!({ "into": 1 }));
    ask("POST", "/api/v1/channels/hook/test", json!({}));
    ask("PUT", "/api/v1/channels/hook/paused", json!({ "paused": true }));
    ask("PUT", "/api/v1/channels/hook/paused", json!({ "paused": false }));
    ask("PATCH", "/api/v1/house", json!({ "mode": "away", "muted_for_s": 60 }));
    ask("POST", "/api/v1/incidents/1/retry", json!({}));
    ask("POST", "/api/v1/incidents/1/lock", json!({}));
    ask("DELETE", "/api/v1/incidents/1/lock", json!({}));
    let share = ask("POST", "/api/v1/incidents/1/share", json!({ "lasts_s": 60 }));
    ask("DELETE", &format!("/api/v1/shares/{}", share["id"]), json!({}));
    let token = ask("POST", "/api/v1/tokens", json!({ "name": "script", "scope": "change" }));
    let bearer = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());
    let json_type = "Content-Type: application/json";
    let pause = ["-X", "PUT", "-H", &bearer, "-H", json_type, "-d", "{\"paused\":true}"];
    assert_eq!(curl(&server, "/api/v1/channels/hook/paused", &pause).0, "204");
    ask("DELETE", &format!("/api/v1/tokens/{}", token["id"]), json!({}));
    let viewer = json!({ "name": "bert", "role": "viewer", "password": "battery staple" });
    let user = ask("POST", "/api/v1/users", viewer);
    ask("DELETE", &format!("/api/v1/users/{}", user["id"]), json!({}));
    home.run(&["incidents", "retry", "1"]);
    home.run(&["channels", "test", "hook"]);
    make_token(&home, &["from the shell", "--read"]);
    let change = json!({ "old": "correct-horse", "new": "battery staple" });
    ask("PUT", "/api/v1/password", change);

    let entries = log(&home);
    for (what, kind, actor, object) in NOTED {
        let is_it = |it: &&Value| {
            it["what"] == *what
                && it["actor_kind"] == *kind
                && it["actor"].as_str().unwrap().contains(actor)
                && it["object"].as_str().unwrap().contains(object)
        };
        assert!(entries.iter().any(|it| is_it(&it)), "{what} by {kind} {actor}: {entries:#?}");
    }
    let from = entries.iter().find(|it| it["what"] == "device.add").unwrap();
    assert_eq!(from["address"], "127.0.0.1");
    let text = json!(entries).to_string();
    assert!(secrets.len() >= 4, "{secrets:?}");
    for secret in secrets.iter().map(String::as_str).chain(["battery staple", "correct-horse"]) {
        assert!(!text.contains(secret), "{secret}");
    }
    server.stop();
}

/// Nothing that arrived can be deleted by the API: what can be is this, and each is in the log.
#[test]
fn evidence_cannot_be_deleted() {
    let home = Home::new("");
    let server = home.start();
    let token = format!("Authorization: Bearer {}", make_token(&home, &["reader", "--read"]));
    let (_, document) = curl(&server, "/api", &["-H", &token]);
    let document: Value = serde_json::from_slice(&document).unwrap();
    let deletes = |(path, methods): (&String, &Value)| {
        methods.get("delete").is_some().then(|| path.trim_start_matches("/api/v1/").to_owned())
    };
    let mut paths: Vec<String> =
        document["paths"].as_object().unwrap().iter().filter_map(deletes).collect();
    paths.sort();
    let expected = [
        "devices/{id}/password",
        "incidents/{id}/lock",
        "logins",
        "logins/{id}",
        "shares/{id}",
        "tokens/{id}",
        "users/{id}",
        "users/{id}/totp",
    ];
    assert_eq!(paths, expected);
    server.stop();
}

#[test]
fn audit_entries_cannot_be_removed_and_only_owners_see_them() {
    let home = Home::new("");
    let server = home.start();
    let person = Person::set_up(&server);
    let before = log(&home).len();
    for method in ["DELETE", "POST", "PUT", "PATCH"] {
        for path in ["/api/v1/audit", "/api/v1/audit/1", "/audit"] {
            let (status, _) = person.ask(&server, method, path, &json!({}));
            assert!(["404", "405"].contains(&status.as_str()), "{method} {path}: {status}");
        }
    }
    let reader = format!("Authorization: Bearer {}", make_token(&home, &["reader", "--read"]));
    for path in ["/api/v1/audit", "/audit"] {
        assert_eq!(curl(&server, path, &["-H", &reader]).0, "403", "{path}");
        assert_eq!(person.page(&server, path).0, "200", "{path}");
        assert!(["303", "401"].contains(&curl(&server, path, &[]).0.as_str()), "{path}");
    }
    assert_eq!(log(&home).len(), before + 1, "the token");
    // Page by page, and by who and what.
    let (_, first) = person.ask(&server, "GET", "/api/v1/audit?limit=1", &Value::Null);
    assert_eq!(first["entries"][0]["what"], "token.create");
    let path = format!("/api/v1/audit?limit=1&before={}", first["before"]);
    let (_, second) = person.ask(&server, "GET", &path, &Value::Null);
    assert!(second["entries"][0]["id"].as_i64() < first["entries"][0]["id"].as_i64());
    let (_, by_user) = person.ask(&server, "GET", "/api/v1/audit?who=user", &Value::Null);
    let by_user = by_user["entries"].as_array().unwrap();
    assert!(!by_user.is_empty() && by_user.iter().all(|it| it["actor_kind"] == "user"));
    for bad in ["limit=0", "limit=501", "before=x"] {
        let (status, _) = person.ask(&server, "GET", &format!("/api/v1/audit?{bad}"), &Value::Null);
        assert_eq!(status, "400", "{bad}");
    }
    server.stop();
}

/// Names of devices, tokens and channels are text, on a page and on a terminal.
#[test]
fn text_from_others_stays_text() {
    let home = Home::new("");
    let server = home.start();
    let person = Person::set_up(&server);
    let hostile = "<script>alert(1)</script>\u{202e}\u{200b}";
    let wanted = json!({ "name": hostile, "scope": "read" });
    assert_eq!(person.ask(&server, "POST", "/api/v1/tokens", &wanted).0, "201");
    let name = json!({ "name": "evil\u{1b}[2J" });
    assert_eq!(person.ask(&server, "POST", "/api/v1/devices", &name).0, "400");
    let (_, page) = person.page(&server, "/audit?who=%3Cb%3E%22");
    assert!(!page.contains("<b>\""), "{page}");
    let (_, page) = person.page(&server, "/audit");
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
    for text in [home.run(&["audit"]), home.run(&["token", "--list"])] {
        assert!(text.contains("<script>alert(1)</script>"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{200b}']), "{text:?}");
    }
    server.stop();
}

#[test]
fn wrong_passwords_are_counted_by_address() {
    let home = Home::new("");
    let server = home.start();
    Person::set_up(&server);
    let url = format!("http://{}/login", server.http);
    for (from, times) in [("127.0.0.7", 4), ("127.0.0.8", 2)] {
        for _ in 0..times {
            let output = std::process::Command::new("curl")
                .args(["-s", "-o", "/dev/null", "--interface", from])
                .args(["--data", "password=wrong", &url])
                .output()
                .unwrap();
            assert!(output.status.success());
        }
    }
    let failures = || {
        let entries = home.json(&["audit", "--what", "login.fail", "--json"]);
        entries.as_array().unwrap().clone()
    };
    let of = |from: &str| {
        let entries = failures();
        let counts = entries.iter().filter(|it| it["actor"] == from).map(|it| it["count"].as_u64());
        counts.map(Option::unwrap).sum::<u64>()
    };
    wait_for("the sums", || (of("127.0.0.7") == 4 && of("127.0.0.8") == 2).then_some(()));
    assert!(failures().len() <= 4, "{:#?}", failures());
    assert!(!json!(failures()).to_string().contains("wrong\""), "not what was tried");
    server.stop();
}

#[test]
fn configuration_edits_and_action_links_are_in_the_audit_log() {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit, Mac};
    let home = Home::new("");
    let server = home.start();
    assert!(
        send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE])).starts_with("250")
    );
    home.configure(
        "[smtp]\nlisten = [\"127.0.0.1:0\"]\n\
         [[device]]\nname = \"Gate\"\nuser = \"gate\"\npassword = \"hunter2-device\"\n",
    );
    let entry = wait_for("the entry", || {
        let entries = home.json(&["audit", "--what", "configuration", "--json"]);
        entries.as_array().unwrap().first().cloned()
    });
    assert_eq!(entry["actor_kind"], "file");
    assert!(entry["actor"].as_str().unwrap().ends_with("tipoff.toml"), "{entry}");
    assert!(entry["detail"].as_str().unwrap().contains("[[device]]"), "{entry}");
    assert!(!entry.to_string().contains("hunter2"));

    let key = std::fs::read(home.data_dir().join("link.key")).unwrap();
    let grant = "32503680000\nn:1\nntfy";
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("act/{grant}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let signature: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let grant = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(grant);
    let path = format!("/act/{grant}.{signature}");
    assert_eq!(curl(&server, &path, &["-X", "POST"]).0, "200");
    let entry = home.json(&["audit", "--what", "incident.dismiss", "--json"])[0].clone();
    assert_eq!((&entry["actor_kind"], &entry["actor"]), (&json!("link"), &json!("ntfy")));
    assert_eq!(entry["object"], "incident 1");
    server.stop();
}
