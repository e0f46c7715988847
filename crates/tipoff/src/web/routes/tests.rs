//! The tables of routes against the files and against each other.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::openapi;
use super::super::route_types::{Audit, operations};
use super::{CALLS, FORMS, PAGES};

/// The names of the files in a folder of `web`, without `mod`.
fn files(folder: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web").join(folder);
    let names = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|it| it != "mod")
        .collect()
}

#[test]
fn every_file_of_a_page_or_a_call_has_its_route() {
    let sources = [include_str!("../routes.rs"), include_str!("../mod.rs")].concat();
    for folder in ["pages", "api"] {
        for file in files(folder) {
            let path = format!("{folder}::{file}::");
            assert!(sources.contains(&path), "{folder}/{file}.rs has no line in web/routes.rs");
        }
    }
}

#[test]
fn no_path_is_listed_twice() {
    let pages = PAGES.iter().map(|page| page.path);
    let paths: Vec<&str> = pages.chain(FORMS.iter().map(|form| form.path)).collect();
    assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len(), "{paths:?}");
}

/// Calls that have no entry of the audit log, for the reason that their lines give.
const EXCUSED: [(&str, &str); 8] = [
    ("POST", "/api/v1/cameras/search"),
    ("POST", "/api/v1/devices/{id}/camera/plan"),
    ("POST", "/api/v1/devices/{id}/snapshot"),
    ("POST", "/api/v1/review/seen"),
    ("POST", "/api/v1/telegram/bot"),
    ("POST", "/api/v1/telegram/chat"),
    ("POST", "/api/v1/totp"),
    ("PUT", "/api/v1/incidents/marks"),
];

/// `Reads` for what changes something would leave it without an entry of the audit log.
#[test]
fn a_call_reads_if_and_only_if_its_method_is_get() {
    let mut document = openapi::document();
    let mut found = 0;
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let extensions = operation.extensions.as_ref().unwrap();
            let writes = !extensions["x-audit"].as_array().unwrap().is_empty();
            let is_excused = EXCUSED.contains(&(method.as_str(), path.as_str()));
            assert_eq!(writes || is_excused, method != "GET", "{method} {path}");
            found += 1;
        }
    }
    assert_eq!(found, CALLS.len());
    let excused = CALLS.iter().filter(|call| matches!(call.audit, Audit::NoEntry(_)));
    assert_eq!(excused.count(), EXCUSED.len(), "see `NoEntry` in web/routes.rs");
}
