//! Time zones on a system that has none, such as an empty root with a static program.

use std::process::Command;

use crate::harness::{Home, succeeded};

#[test]
fn a_time_zone_is_known_without_those_of_the_system() {
    let home = Home::new("time_zone = \"Europe/Berlin\"\n");
    let check = home.command(&["check"]);
    let mut hidden = Command::new("unshare");
    hidden.args(["--mount", "--propagation", "private", "sh", "-ec"]);
    let script =
        "mount -t tmpfs none /usr/share/zoneinfo; ! test -e /usr/share/zoneinfo/UTC; exec \"$@\"";
    hidden.args([script, "sh"]).arg(check.get_program()).args(check.get_args());
    let output = hidden.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("unshare:") || said.contains("mount:") {
        return eprintln!("skipped: no mount namespaces: {said}");
    }
    succeeded(&output);
}
