//! The made-up service of CONTRIBUTING.md.

use std::collections::BTreeMap;
use std::path::Path;

use tipoff_model::Verdict;

use super::*;
use alert::alert;

#[path = "../tests/common/alert.rs"]
mod alert;

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

struct NoFiles;

impl Files for NoFiles {
    fn open(&self, _media: &AlertMedia) -> std::io::Result<Box<dyn Read + Send>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}
