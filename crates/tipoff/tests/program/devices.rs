//! `tipoff devices` beside a running server.

use base64::Engine as _;

use crate::harness::{Client, Home, PICTURE, mail, send, wait_for};
use crate::hook::Hook;

#[test]
fn devices_are_listed_named_and_muted_beside_a_running_server() {
    let hook = Hook::start();
    let file = "[incidents]\nquiet = \"0 s\"\n[[device]]\nname = \"Gate\"\nmatch = { from = \"gate@*\" }\n";
    let home = Home::new(&format!("{}{file}", hook.channel()));
    let server = home.start();
    for sender in ["yard@example.com", "gate@example.com"] {
        send(server.smtp[0], sender, &mail("Motion", &[PICTURE]));
    }
    hook.wait_for_requests(2);
    let list = home.json(&["devices", "list", "--json"]);
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&"Gate") && names.contains(&"yard"), "{names:?}");

    home.run(&["devices", "rename", "YARD", "Back yard"]);
    assert!(
        home.run(&["devices", "mute", "Back yard", "--for", "30 min"]).contains("is muted until")
    );
    let shown = home.json(&["devices", "show", "Back yard", "--json"]);
    assert!(
        shown["muted_until"].is_string() && shown["seen"][0]["protocol"] == "smtp",
        "{shown:#}"
    );
    // Its next incident has the new name, and no alert.
    send(server.smtp[0], "yard@example.com", &mail("Again", &[PICTURE]));
    let newest = home.incidents()[0].clone();
    assert_eq!(
        (newest["device"].as_str(), newest["untold"].is_string()),
        (Some("Back yard"), true)
    );
    assert!(home.run(&["devices", "unmute", "Back yard"]).contains("is not muted"));
    send(server.smtp[0], "yard@example.com", &mail("Later", &[PICTURE]));
    hook.wait_for_requests(3);
    let audit = home.run(&["audit", "--what", "device"]);
    assert!(audit.contains("name: Back yard") && audit.contains("mute: for 30 min"), "{audit}");
    server.stop();
}

#[test]
fn what_is_refused_says_why() {
    let home = Home::new("[[device]]\nname = \"Gate\"\nmatch = { from = \"gate@*\" }\n");
    let server = home.start();
    send(server.smtp[0], "gate@example.com", &mail("Motion", &[]));
    for (words, code, part) in [
        (["rename", "Gate", "Door"], 1, "the configuration file sets the name"),
        (["rename", "Gat", "Door"], 1, "there is no device \"Gat\"; near are \"Gate\""),
        (["rename", "99", "Door"], 1, "there is no device \"99\""),
        (["mute", "Gate", "--for=soon"], 2, "--for: write it like"),
        (["mute", "Gate", "--for=400 days"], 2, "--for: at most 366 days"),
    ] {
        let output = home.command(&[&["devices"], &words[..]].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(part), "{words:?}: {error}");
    }
    server.stop();
}

#[test]
fn a_device_that_is_added_can_log_in_at_the_running_server() {
    let home = Home::new(
        "[access]\nrequire_login = true\nuser = \"all\"\npassword = \"hunter2hunter2\"\n",
    );
    let server = home.start();
    let added = home.json(&["devices", "add", "Front yard", "--json"]);
    let (user, password) = (added["user"].as_str().unwrap(), added["password"].as_str().unwrap());
    assert_eq!(user, "frontyard");
    wait_for("the server to take it up", || {
        server.log().contains("added are known. count=1").then_some(())
    });
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    let login = base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{password}"));
    client.must(&format!("AUTH PLAIN {login}"), "235");
    let second = home.run(&["devices", "add", "Front-yard"]);
    assert!(second.contains("  user      frontyard2\n"), "{second}");
    let refused = home.command(&["devices", "add", "front yard"]).output().unwrap();
    let refused = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.contains("another device is called front yard"), "{refused}");
    server.stop();
}
