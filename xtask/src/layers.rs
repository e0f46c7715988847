//! Layers: a crate, and a room of the program, knows only what stands below it. Modules form no cycle.
//!
//! How arrows between modules are counted is said in `modules.rs`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::modules::{self, Arrows};
use crate::star;
use crate::tree::File;

/// The shipped crates, lowest layer first; crates of one layer do not know each other.
const CRATES: &[&[&str]] = &[
    &["model", "confine"],
    &["language"],
    &["smtp", "ftp", "mail", "alarm", "onvif", "vendors", "rules"],
    &["video", "channels", "camera", "mqtt", "spool"],
    &["tipoff"],
];

/// The rooms of `crates/tipoff`, lowest layer first; rooms of one layer do not know each other.
const ROOMS: &[&[&str]] = &[
    &["runtime", "programs"],
    &["nodes"],
    &["audit", "config", "media", "modes", "reports"],
    &["actions", "age_guard", "disk", "net", "open_files", "push_channels"],
    &["dispatch", "maintenance", "readiness", "receive"],
    &["cameras", "service_manager"],
    &["services"],
    &["reload", "web"],
    &["other_nodes"],
    &["cli"],
];

/// Cycles that are left: crate, folder, members. The list only shrinks: a cycle that is new, larger, smaller
/// or gone is a fault.
const LEFT: &[(&str, &str, &str)] = &[];

/// What breaks the layers of crates and rooms, and which modules form a cycle.
pub(crate) fn check(root: &Path, files: &[File]) -> anyhow::Result<Vec<String>> {
    let mut faults = crates(&star::metadata(root)?);
    let mut left: BTreeSet<_> = LEFT.iter().copied().collect();
    for name in CRATES.iter().copied().flatten() {
        for (folder, arrows) in modules::graph(files, &format!("crates/{name}/src/")) {
            let folder = folder.join("::");
            if *name == "tipoff" && folder.is_empty() {
                faults.extend(upwards(&arrows, ROOMS));
            }
            for cycle in modules::cycles(&arrows) {
                let members = cycle.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
                let one = left.iter().copied().find(|it| *it == (*name, &*folder, &*members));
                if one.is_none_or(|one| !left.remove(&one)) {
                    faults.push(fault(name, &folder, &cycle, &arrows));
                }
            }
        }
    }
    for (name, folder, members) in left {
        faults.push(format!(
            "xtask/src/layers.rs: {name} {folder}: no cycle of {members} any more, remove it"
        ));
    }
    Ok(faults)
}

/// Crates that depend on one that is not below them.
fn crates(metadata: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (package, dependency) in star::dependencies(metadata) {
        let short = |name: &str| name.strip_prefix("tipoff-").unwrap_or(name).to_owned();
        let (from, to) = (short(package), short(dependency));
        // What is no crate of ours, or is never shipped, has no layer.
        if let (Some(from), Some(to)) = (layer(CRATES, &from), layer(CRATES, &to))
            && to >= from
            && dependency.starts_with("tipoff")
        {
            faults.push(format!("{package} depends on {dependency}, which is not below it"));
        }
        if package.starts_with("tipoff-") && layer(CRATES, &short(package)).is_none() {
            let is_tool = ["tipoff-testkit", "tipoff-bench"].contains(&package);
            if !is_tool {
                faults.push(format!("{package} has no layer in xtask/src/layers.rs"));
            }
        }
    }
    faults
}

/// Arrows that do not go down.
fn upwards(arrows: &Arrows, layers: &[&[&str]]) -> Vec<String> {
    let mut faults = Vec::new();
    for ((from, to), files) in arrows {
        let files = files.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        match (layer(layers, from), layer(layers, to)) {
            (Some(above), Some(below)) if below < above => {}
            (Some(_), Some(_)) => {
                faults.push(format!("{files}: {from} uses {to}, which is not below it"))
            }
            (None, _) => {
                faults.push(format!("{files}: {from} has no layer in xtask/src/layers.rs"))
            }
            (_, None) => faults.push(format!("{files}: {to} has no layer in xtask/src/layers.rs")),
        }
    }
    faults
}

fn layer(layers: &[&[&str]], name: &str) -> Option<usize> {
    layers.iter().position(|layer| layer.contains(&name))
}

/// The cycle's arrows, and the files that hold them.
fn fault(name: &str, folder: &str, cycle: &BTreeSet<String>, arrows: &Arrows) -> String {
    let mut fault = format!("{name} {folder}: modules form a cycle:");
    for ((from, to), files) in arrows {
        if cycle.contains(from) && cycle.contains(to) {
            let files = files.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            fault.push_str(&format!("\n    {from} -> {to} ({files})"));
        }
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(package: &str, dependency: &str) -> Value {
        serde_json::json!({"packages": [{"name": package, "dependencies": [{"name": dependency}]}]})
    }

    #[test]
    fn a_crate_knows_only_what_is_below_it() {
        for (package, dependency) in [
            ("tipoff-model", "tipoff-smtp"),
            ("tipoff-smtp", "tipoff-mail"),
            ("tipoff-rules", "tipoff-spool"),
            ("tipoff-spool", "tipoff"),
            ("tipoff-new", "tipoff-model"),
        ] {
            assert_eq!(crates(&metadata(package, dependency)).len(), 1, "{package} {dependency}");
        }
        for (package, dependency) in
            [("tipoff-smtp", "tipoff-model"), ("tipoff", "tipoff-spool"), ("tipoff-rules", "jiff")]
        {
            assert!(crates(&metadata(package, dependency)).is_empty(), "{package} {dependency}");
        }
    }

    #[test]
    fn an_arrow_upwards_names_its_file() {
        let arrow = |from: &str, to: &str| {
            let file = BTreeSet::from([format!("crates/tipoff/src/{from}.rs")]);
            upwards(&Arrows::from([((from.to_owned(), to.to_owned()), file)]), ROOMS)
        };
        assert!(arrow("web", "receive").is_empty());
        let up = "crates/tipoff/src/receive.rs: receive uses web, which is not below it";
        assert_eq!(arrow("receive", "web"), [up]);
        assert_eq!(arrow("receive", "dispatch").len(), 1, "one layer");
        assert_eq!(arrow("receive", "unheard_of").len(), 1);
    }

    #[test]
    fn a_cycle_is_told_with_its_arrows_and_files() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [file("src/a.rs", "use crate::b;"), file("src/b.rs", "use super::a;")];
        let graph = modules::graph(&files, "src/");
        let (folder, arrows) = graph.first_key_value().unwrap();
        let cycle = modules::cycles(arrows).into_iter().next().unwrap();
        let told = fault("made", &folder.join("::"), &cycle, arrows);
        assert!(told.ends_with("\n    a -> b (src/a.rs)\n    b -> a (src/b.rs)"), "{told}");
    }
}
