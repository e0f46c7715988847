//! The list of services is whole, in order and documented.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tipoff_channels::{CHANNELS, Entry, entry};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn kinds() -> BTreeSet<String> {
    CHANNELS.iter().map(|entry| entry.kind.to_owned()).collect()
}

#[test]
fn every_file_of_a_service_is_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/services");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let missing: Vec<_> = files.symmetric_difference(&kinds()).cloned().collect();
    assert!(
        missing.is_empty(),
        "{missing:?}: give each file of crates/channels/src/services/ its `mod` line and its line in \
         CHANNELS, both in crates/channels/src/services.rs"
    );
}

#[test]
fn every_service_has_its_row_in_the_documentation() {
    let index = fs::read_to_string(format!("{ROOT}/docs/channels.md")).unwrap();
    for Entry { kind, name, .. } in CHANNELS {
        let link = format!("| [{name}](channels/{kind}.md) |");
        assert!(index.contains(&link), "docs/channels.md: add the row `{link} … |`");
    }
}

#[test]
fn the_readme_says_how_many_services_there_are() {
    let readme = fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let count = format!("[{}](docs/channels.md)", CHANNELS.len());
    assert!(readme.contains(&count), "README.md: the row `services` has to say {count}");
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
