//! What the tests of mail share: a strict reader of mails that is not ours.

#![allow(dead_code, unreachable_pub, reason = "every test of mail uses a part of it")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

/// A mail as Python's library reads it: its fields, and the tree of its parts. A defect of any kind
/// fails the test.
pub fn read(mail: &[u8]) -> Json {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/email/read.py");
    let mut child = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("./test.sh installs python3");
    child.stdin.take().unwrap().write_all(mail).unwrap();
    let output = child.wait_with_output().unwrap();
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!told.to_string().contains("Defect"), "{told}");
    told
}

/// The one value of a field.
pub fn field(mail: &Json, name: &str) -> String {
    let values = mail["fields"][name].as_array().unwrap_or_else(|| panic!("no {name}: {mail}"));
    assert_eq!(values.len(), 1, "{name}");
    values[0].as_str().unwrap().to_owned()
}

/// The parts of a mail as an outline: `mixed(alternative(plain, html), x.bin)`.
pub fn outline(part: &Json) -> String {
    let kind = part["type"].as_str().unwrap();
    match part["parts"].as_array() {
        Some(parts) => {
            let parts: Vec<_> = parts.iter().map(outline).collect();
            format!("{}({})", kind.trim_start_matches("multipart/"), parts.join(", "))
        }
        None => match part["name"].as_str() {
            Some(name) => format!("{} {name}", part["disposition"].as_str().unwrap()),
            None => kind.trim_start_matches("text/").to_owned(),
        },
    }
}

/// The text of the first part of this type.
pub fn text(part: &Json, kind: &str) -> String {
    fn find<'a>(part: &'a Json, kind: &str) -> Option<&'a str> {
        match part["parts"].as_array() {
            Some(parts) => parts.iter().find_map(|part| find(part, kind)),
            None => part["text"].as_str().filter(|_| part["type"] == kind),
        }
    }
    find(part, kind).unwrap().to_owned()
}
