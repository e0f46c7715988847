//! The made-up service of CONTRIBUTING.md.

use std::collections::BTreeMap;
use std::path::Path;

use tipoff_model::Verdict;

use super::*;
use alert::alert;

#[path = "../tests/common/alert.rs"]
pub(crate) mod alert;

/// What CONTRIBUTING.md shows is what is compiled here.
#[test]
fn the_made_up_service_is_the_one_in_the_walk_through() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let shown = text.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(shown, Some(include_str!("../tests/made_up/pigeon.rs")));
}

#[tokio::test]
async fn the_made_up_service_works() {
    let server = tipoff_testkit::webhook::Webhook::start().await.unwrap();
    let mut settings = Settings::default();
    settings.set("loft", Value::Text(server.url()));
    settings.set("ring", Value::Text("DV-1".to_owned()));
    let Ok(channel) = (services::pigeon::ENTRY.build)(&settings) else {
        panic!("the settings are good");
    };
    let message =
        Message { title: "Yard".to_owned(), text: "Motion".to_owned(), ..Message::default() };
    let (alert, files) = (alert(), Arc::new(NoFiles) as Arc<dyn Files>);
    let programs = Programs {
        launcher: tipoff_confine::Launcher::this_program(),
        folder: std::env::temp_dir(),
        umask: 0o22,
    };
    let context = Context { files: &files, memory: &[], alert: &alert, programs: &programs };
    let outcome = channel.send(&message, &context).await;
    assert!(matches!(outcome.verdict, Verdict::Delivered(_)), "{outcome:?}");
    let call = server.log().all().remove(0);
    assert_eq!(call.body, b"Yard\nMotion");
    assert_eq!(call.headers.get("x-ring"), Some(&"DV-1".to_owned()));
    settings.set("loft", Value::Text("loft".to_owned()));
    let faults: BTreeMap<_, _> = (services::pigeon::ENTRY.build)(&settings)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|it| (it.key, it.message))
        .collect();
    assert!(faults.contains_key("loft"), "{faults:?}");
}

#[test]
fn every_required_setting_says_where_its_value_is_found() {
    for entry in CHANNELS.iter().chain([&services::pigeon::ENTRY]) {
        let kind = entry.kind;
        for setting in entry.settings.iter().filter(|setting| setting.required) {
            let hints = entry.find.iter().filter(|hint| hint.key == setting.key);
            assert_eq!(hints.count(), 1, "{kind}: `{}` needs one hint in `find`", setting.key);
        }
        for hint in entry.find {
            assert!(entry.settings.iter().any(|it| it.key == hint.key), "{kind}: {}", hint.key);
            assert_eq!(entry.find.iter().filter(|it| it.key == hint.key).count(), 1, "{kind}");
            assert!(hint.place.ends_with('.'), "{kind}: {:?} is no sentence", hint.place);
        }
    }
}

#[test]
fn what_runs_programs_or_names_a_folder_is_of_this_machine() {
    let refused = CHANNELS.iter().filter(|entry| !entry.can_be_added());
    assert_eq!(refused.map(|entry| entry.kind).collect::<Vec<_>>(), ["exec"]);
    let folders = CHANNELS.iter().flat_map(|entry| entry.settings);
    let folders = folders.filter(|it| it.key == "folder" || it.example.starts_with("\"/"));
    assert!(folders.clone().count() > 0);
    for setting in folders.filter(|it| it.shape != Shape::Command) {
        assert_eq!(setting.shape, Shape::Folder, "{}", setting.key);
    }
}

#[test]
fn the_server_of_a_service_is_an_address() {
    for (kind, key) in [
        ("archive", "endpoint"),
        ("email", "server"),
        ("mqtt", "server"),
        ("slack", "api"),
        ("telegram", "api"),
        ("webhook", "url"),
    ] {
        let entry = entry(kind).unwrap();
        let setting = entry.settings.iter().find(|it| it.key == key).unwrap();
        assert!(setting.is_address(), "{kind}: {key}");
    }
}

#[test]
fn what_weakens_the_encryption_exposes_secrets() {
    let names_protection =
        |it: &&Setting| ["ertificate", "STARTTLS"].iter().any(|word| it.doc.contains(word));
    let settings = CHANNELS.iter().flat_map(|entry| entry.settings).filter(names_protection);
    assert!(settings.clone().count() >= 3);
    for setting in settings {
        assert!(setting.exposes_secrets(), "{}: list it in `PROTECTIONS`", setting.key);
    }
}

#[test]
fn a_password_or_a_query_in_an_address_is_hidden() {
    let setting = |key| entry("webhook").unwrap().settings.iter().find(|it| it.key == key).unwrap();
    for (key, value, is_hidden) in [
        ("url", "https://example.org/alert", false),
        ("url", "https://example.org/alert?token=hunter2", true),
        ("url", "https://me:hunter2@example.org/", true),
        ("body", "what? @me", false),
    ] {
        assert_eq!(setting(key).hides(value), is_hidden, "{value}");
    }
}

struct NoFiles;

impl Files for NoFiles {
    fn open(&self, _media: &AlertMedia) -> std::io::Result<Box<dyn Read + Send>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}
