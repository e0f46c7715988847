//! The layout is a star: a room knows the nouns and no other room; the pure rooms know no
//! runtime, socket or file; only the spool knows engines and only the channels know HTTP clients.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Rooms that do no I/O.
const PURE: &[&str] = &[
    "tipoff-model",
    "tipoff-language",
    "tipoff-smtp",
    "tipoff-ftp",
    "tipoff-mail",
    "tipoff-alarm",
    "tipoff-onvif",
    "tipoff-vendors",
    "tipoff-rules",
];
/// What a pure room must not depend on.
const IO: &[&str] = &["tokio", "tokio-util", "reqwest", "rusqlite", "rustix", "axum", "rustls"];
/// Crates that only these rooms may know.
const OWNED: &[(&str, &str)] = &[
    ("axum", "tipoff"),
    ("lettre", "tipoff-channels"),
    ("reqwest", "tipoff-channels"),
    ("rumqttc-v4-next", "tipoff-channels"),
    ("rumqttc-v4-next", "tipoff-mqtt"),
    ("rusqlite", "tipoff-spool"),
];
/// Crates that may know several rooms: the program itself, and what is never shipped.
const CENTRES: &[&str] = &["tipoff", "tipoff-testkit", "tipoff-bench", "xtask"];

/// What every room may know: the nouns, the texts that people read, and the way to start programs.
const SHARED: &[&str] = &["tipoff-model", "tipoff-confine", "tipoff-language"];

/// What breaks the star.
pub(crate) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    Ok(faults(&metadata(root)?))
}

/// What cargo says of the workspace.
pub(crate) fn metadata(root: &Path) -> anyhow::Result<Value> {
    let output = Command::new("cargo")
        .current_dir(root)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()?;
    anyhow::ensure!(output.status.success(), "cargo metadata failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn faults(metadata: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, dependency) in dependencies(metadata) {
        if let Some(fault) = fault(name, dependency) {
            faults.push(format!("{name} depends on {dependency}: {fault}"));
        }
    }
    faults
}

/// Each package with each dependency that is not for tests alone.
pub(crate) fn dependencies(metadata: &Value) -> impl Iterator<Item = (&str, &str)> {
    items(metadata, "packages").flat_map(|package| {
        let shipped = items(package, "dependencies").filter(|it| text(it, "kind") != "dev");
        shipped.map(move |it| (text(package, "name"), text(it, "name")))
    })
}

fn fault(package: &str, dependency: &str) -> Option<&'static str> {
    let is_room = |name: &str| name.starts_with("tipoff-") && !SHARED.contains(&name);
    let is_centre = CENTRES.contains(&package);
    if package == "tipoff-model" && dependency.starts_with("tipoff") {
        return Some("the nouns know nobody");
    }
    if package == "tipoff" && ["tipoff-testkit", "tipoff-bench"].contains(&dependency) {
        return Some("what is never shipped is not part of the program");
    }
    if !is_centre && is_room(dependency) {
        return Some("a room knows no other room");
    }
    if PURE.contains(&package) && IO.contains(&dependency) {
        return Some("this room does no I/O");
    }
    let mut owners =
        OWNED.iter().filter(|(owned, _)| *owned == dependency).map(|(_, owner)| owner).peekable();
    owners.peek()?;
    let unshipped = is_centre && package != "tipoff";
    // object_store has no feature of its own for the TLS of its client, so its user names it.
    let is_of_objects = (package, dependency) == ("tipoff-spool", "reqwest");
    (!owners.any(|owner| *owner == package) && !unshipped && !is_of_objects)
        .then_some("only other rooms may")
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_the_star_is_found() {
        for (package, dependency) in [
            ("tipoff-model", "tipoff-smtp"),
            ("tipoff-smtp", "tipoff-mail"),
            ("tipoff-smtp", "tokio"),
            ("tipoff-video", "reqwest"),
            ("tipoff", "rusqlite"),
            ("tipoff", "tipoff-testkit"),
        ] {
            assert!(fault(package, dependency).is_some(), "{package} -> {dependency}");
        }
    }

    #[test]
    fn what_belongs_is_let_be() {
        for (package, dependency) in [
            ("tipoff-smtp", "tipoff-model"),
            ("tipoff-spool", "rusqlite"),
            ("tipoff-channels", "reqwest"),
            ("tipoff", "tipoff-spool"),
            ("tipoff-testkit", "axum"),
            ("tipoff-rules", "jiff"),
        ] {
            assert_eq!(fault(package, dependency), None, "{package} -> {dependency}");
        }
    }
}
