//! Devices that an owner removes: what stays, what is refused, and that they are discovered again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};

use crate::api::make_token;
use crate::harness::{Home, PATIENCE, PICTURE, Server, mail, send};
use crate::users::{OWNER, Person, VIEWER, with_password};

fn motion(server: &Server, from: &str) {
    let reply = send(server.smtp[0], &format!("{from}@example.com"), &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

fn id_of(owner: &Person<'_>, name: &str) -> Option<i64> {
    let devices = owner.json("GET /api/v1/devices");
    let found = devices["devices"].as_array().unwrap().iter().find(|it| it["name"] == name);
    found.map(|it| it["id"].as_i64().unwrap())
}

#[test]
fn an_owner_removes_a_device_and_locked_incidents_stay() {
    let home = Home::new(
        "[incidents]\nquiet = \"0 s\"\n[[device]]\nname = \"Gate\"\nmatch = { from = \"gate@*\" }\n",
    );
    let server = home.start();
    with_password(&home, &["password"], OWNER);
    with_password(&home, &["users", "add", "bert"], VIEWER);
    for from in ["yard", "yard", "yard", "gate"] {
        motion(&server, from);
    }
    let owner = Person::log_in(&server, "owner", OWNER);
    let viewer = Person::log_in(&server, "bert", VIEWER);
    assert_eq!(owner.status("POST /api/v1/incidents/2/lock", json!({})), 204);
    let (yard, gate) = (id_of(&owner, "yard").unwrap(), id_of(&owner, "Gate").unwrap());
    let call = |id: i64| format!("POST /api/v1/devices/{id}/remove");
    let all = json!({"name": "yard", "incidents": true});
    assert_eq!(viewer.status(&call(yard), all.clone()), 403);
    let refused = owner.ask(&call(gate), &json!({"name": "Gate"}));
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("remove its [[device]] there"), "{}", refused.body);
    assert_eq!(owner.status(&call(yard), json!({"name": "gate"})), 409, "another name");
    let page = |id: i64| owner.ask(&format!("GET /devices/{id}"), &Value::Null).body;
    assert!(page(yard).contains("It has 3 incidents") && page(yard).contains("1 locked incident"));
    assert!(page(gate).contains("The configuration file has this device."));

    let answer = owner.ask(&call(yard), &all);
    assert_eq!(answer.body, r#"{"removed":2,"kept":1,"before":null}"#);
    assert_eq!(id_of(&owner, "yard"), None, "it is not listed");
    let left: Vec<u64> =
        home.incidents().iter().map(|it| it["incident"].as_u64().unwrap()).collect();
    assert_eq!(left, [4, 2]);
    assert!(page(yard).contains("This device was deleted"), "{}", page(yard));
    motion(&server, "yard");
    assert_eq!(id_of(&owner, "yard"), Some(yard), "it is discovered again");
    assert!(!page(yard).contains("This device was deleted"));
    let audit = home.run(&["audit", "--what", "device"]);
    assert!(audit.contains("with 2 incidents, 1 kept"), "{audit}");
    server.stop();
}

#[test]
fn a_running_program_publishes_that_the_command_line_removed_a_device() {
    let home = Home::new("");
    let server = home.start();
    motion(&server, "yard");
    let token = make_token(&home, &["script"]);
    let mut events = TcpStream::connect(server.http).unwrap();
    events.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n";
    write!(events, "{request}Authorization: Bearer {token}\r\n\r\n").unwrap();
    let mut lines = BufReader::new(events).lines().map(Result::unwrap);
    let end = Instant::now() + PATIENCE;
    // Comments keep the stream alive, so that no read is too late.
    let mut has = |wanted: &str| {
        lines.by_ref().take_while(|_| Instant::now() < end).any(|line| line == wanted)
    };
    assert!(has(""), "the head of the answer");
    home.run(&["devices", "remove", "yard"]);
    assert!(has("event: device"));
    assert!(has("event: missed"));
    server.stop();
}

#[test]
fn a_token_removes_no_device() {
    let home = Home::new("");
    let server = home.start();
    motion(&server, "yard");
    let token = make_token(&home, &["script"]);
    let output = std::process::Command::new("curl")
        .args([
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            "content-type: application/json",
        ])
        .args(["-H", &format!("authorization: Bearer {token}"), "-d", r#"{"name":"yard"}"#])
        .arg(format!("http://{}/api/v1/devices/1/remove", server.http))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "403");
    server.stop();
}

#[test]
fn the_command_line_removes_a_device_and_its_login() {
    let home = Home::new(
        "[incidents]\nquiet = \"0 s\"\n[[device]]\nname = \"Gate\"\nmatch = { from = \"gate@*\" }\n",
    );
    let server = home.start();
    motion(&server, "gate");
    motion(&server, "yard");
    home.run(&["devices", "add", "Hall"]);
    assert!(home.run(&["devices", "remove", "hall"]).contains("\"Hall\" is removed."));
    assert!(home.run(&["devices", "remove", "yard"]).contains("Its incidents are kept."));
    let list = home.json(&["devices", "list", "--json"]);
    let names: Vec<&Value> = list.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["Gate"]);
    assert_eq!(home.incidents().len(), 2);
    for _ in 0..2 {
        motion(&server, "door");
    }
    with_password(&home, &["password"], OWNER);
    let owner = Person::log_in(&server, "owner", OWNER);
    let thumbnail = home.data_dir().join("thumbs/03");
    std::fs::create_dir_all(&thumbnail).unwrap();
    for name in ["3-0-1.jpg", "259-0-1.jpg"] {
        std::fs::write(thumbnail.join(name), "a picture").unwrap();
    }
    let numbers = || -> Vec<u64> {
        home.incidents().iter().map(|it| it["incident"].as_u64().unwrap()).collect()
    };
    let door = numbers();
    assert_eq!(owner.status(&format!("POST /api/v1/incidents/{}/lock", door[0]), json!({})), 204);
    let removed = home.json(&["devices", "remove", "door", "--incidents", "--json"]);
    let counts = (&removed["incidents_removed"], &removed["incidents_kept"]);
    assert_eq!(counts, (&json!(door.len() - 3), &json!(1)), "{removed}");
    assert!(numbers().contains(&door[0]), "it is locked");
    assert_eq!(numbers().len(), 3);
    assert!(!thumbnail.join("3-0-1.jpg").exists() && thumbnail.join("259-0-1.jpg").exists());
    assert_eq!(id_of(&owner, "door"), None);
    let audit = home.run(&["audit", "--what", "device"]);
    assert!(audit.contains("incidents, 1 kept"), "{audit}");
    let refused = home.command(&["devices", "remove", "Gate"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("the configuration file has this device"), "{error}");
    server.stop();
}
