//! The list of services is whole, in order and documented.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tipoff_channels::{CHANNELS, entry};

/// What is in `src/` besides services.
const COMMON: &[&str] = &[
    "abilities",
    "alert_json",
    "body",
    "buttons",
    "chat_hook",
    "fallback",
    "household",
    "http",
    "lib",
    "multipart",
    "plan",
    "settings",
    "sides",
    "sound",
    "template",
    "tests",
    "wording",
    "words",
];

#[test]
fn every_file_of_a_service_is_in_the_list() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let services: BTreeSet<String> = fs::read_dir(src)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !COMMON.contains(&name.as_str()))
        .collect();
    let listed: BTreeSet<String> = CHANNELS.iter().map(|entry| entry.kind.to_owned()).collect();
    assert_eq!(services, listed);
}

#[test]
fn the_list_is_in_alphabetical_order() {
    assert!(CHANNELS.windows(2).all(|pair| pair[0].kind < pair[1].kind));
}

#[test]
fn settings_are_distinct_in_order_and_documented() {
    for entry in CHANNELS {
        assert!(entry.settings.windows(2).all(|pair| pair[0].key < pair[1].key), "{}", entry.kind);
        for setting in entry.settings {
            let name = format!("{}.{}", entry.kind, setting.key);
            assert!(setting.doc.ends_with('.') && !setting.example.is_empty(), "{name}");
            assert!(setting.required || setting.doc.contains("Without it:"), "{name}");
            assert!(!["name", "type"].contains(&setting.key), "{name} is taken");
        }
    }
}

#[test]
fn entries_are_found_by_their_name() {
    for service in CHANNELS {
        assert_eq!(entry(service.kind).unwrap().kind, service.kind);
    }
    assert!(entry("pigeon").is_none());
}
