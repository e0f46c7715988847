//! What devices say is text on a terminal: no subcommand prints what a terminal would obey.

use std::process::Output;

use crate::harness::{Home, PICTURE, mail, send, wait_for};

/// Sets the title, clears, turns the direction of text around, and the same by C1.
const HOSTILE: &str =
    "A\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}gpj.exe\u{2066}\u{200f}\u{8}\rB";

fn obeyed(output: &Output) -> Vec<char> {
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let is_obeyed = |c: &char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(is_obeyed).collect()
}

#[test]
fn text_from_devices_is_escaped_on_a_terminal() {
    let name = serde_json::to_string(&HOSTILE.replace(|c: char| c.is_control(), "")).unwrap();
    let home = Home::new(&format!(
        "[[device]]\nname = {name}\nuser = \"x\"\npassword = \"y\"\n[[channel]]\nname = {name}\n\
         type = \"exec\"\ncommand = [\"/bin/sh\", \"-c\", \"printf '\\\\033[2J'; exit 1\"]\n",
    ));
    let server = home.start();
    let sender = format!("{}@example.com", HOSTILE.replace('\r', ""));
    send(server.smtp[0], &sender, &mail(HOSTILE, &[PICTURE]));
    send(server.smtp[0], "camera@example.com", &mail(HOSTILE, &[PICTURE]));
    let base64 = "=?utf-8?B?G109O293bmVkBxtbMkrCmzMxbeKAri5ncGrigaYK4oCP?=";
    send(server.smtp[0], "camera@example.com", &mail(base64, &[PICTURE]));
    wait_for("a session", || home.run(&["sessions"]).contains("stored").then_some(()));
    wait_for("an attempt", || {
        let number = home.incidents().first()?["incident"].to_string();
        home.run(&["incidents", "show", &number]).contains("exit code").then_some(())
    });
    let mut commands: Vec<Vec<String>> = [
        "incidents list",
        "incidents list --json",
        "sessions",
        "sessions --json",
        "doctor",
        "doctor --json",
        "check",
        "check --explain",
        "channels test",
        "incidents show 99999",
    ]
    .iter()
    .map(|words| words.split(' ').map(str::to_owned).collect())
    .collect();
    for incident in home.incidents() {
        for json in [None, Some("--json")] {
            let number = incident["incident"].to_string();
            let words = ["incidents", "show", &number].into_iter().chain(json);
            commands.push(words.map(str::to_owned).collect());
        }
    }
    for session in home.json(&["sessions", "--json"]).as_array().unwrap() {
        let number = session["session"].to_string();
        commands.push(["sessions", "show", &number].map(str::to_owned).to_vec());
    }
    for words in &commands {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = home.command(&words).output().unwrap();
        assert_eq!(obeyed(&output), Vec::<char>::new(), "{words:?}: {output:?}");
        if words.contains(&"--json") {
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        }
    }
    let log = server.log();
    assert!(!log.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200f}']), "{log}");
    // It is there, written out.
    let list = home.run(&["incidents", "list"]);
    assert!(list.contains("\\u202e"), "{list}");
    server.stop();
}
