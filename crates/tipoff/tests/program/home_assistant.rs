//! The app of Home Assistant: its start script with options, and its files beside each other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::harness::{require, succeeded};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging/home-assistant/tipoff")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

/// Runs the start script with these options in a folder of its own.
fn start(at: &Path, options: &str, arguments: &[&str]) -> Output {
    require("jq");
    std::fs::write(at.join("options.json"), options).unwrap();
    Command::new(folder().join("run"))
        .args(arguments)
        .env("OPTIONS_FILE", at.join("options.json"))
        .env("DATA_FOLDER", at.join("data"))
        .env("CONFIG_FOLDER", at)
        .env("STAY_ROOT", "1")
        .env("TIPOFF", env!("CARGO_BIN_EXE_tipoff"))
        .env_remove("TIPOFF_TELEGRAM_TOKEN")
        .env_remove("TIPOFF_TELEGRAM_CHAT")
        .output()
        .unwrap()
}

#[test]
fn the_start_script_writes_a_configuration_once_and_passes_on_the_options() {
    let home = tempfile::tempdir().unwrap();
    let token = "123456789:AAFabcdefghijklmnopqrstuvwxyz12345678";
    let options = serde_json::json!({
        "public_address": "192.168.1.10", "telegram_token": token, "telegram_chat": "42",
    });
    let options = &options.to_string();
    let output = start(home.path(), options, &["check"]);
    succeeded(&output);
    let file = home.path().join("tipoff.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    for line in [
        "trusted_proxies = [\"172.30.32.2\"]",
        "proxy_alone = true",
        "passive_ports = \"50000-50009\"",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
    assert!(!written.contains(token), "the token is in no file: {written}");
    assert!(home.path().join("data").is_dir());
    let printed = start(home.path(), options, &["check"]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.contains("telegram"), "the options define a channel: {printed}");
    let typed = start(home.path(), options, &["doctor"]);
    let typed = String::from_utf8_lossy(&typed.stdout).into_owned();
    assert!(typed.contains("192.168.1.10"), "the address is known: {typed}");

    for address in ["fd00::10", "[fd00::10]"] {
        let output = start(home.path(), &options.replace("192.168.1.10", address), &["doctor"]);
        let typed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(typed.contains("fd00::10") && !typed.contains("[[fd00"), "{typed}");
    }

    // What a person has changed stays.
    std::fs::write(&file, format!("{written}\n# mine\n")).unwrap();
    succeeded(&start(home.path(), options, &["check"]));
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("# mine\n"));
}

#[test]
fn the_start_script_works_without_any_option() {
    for options in
        ["{}", "{\"public_address\":\"\",\"telegram_token\":\"\",\"telegram_chat\":null}"]
    {
        let home = tempfile::tempdir().unwrap();
        let output = start(home.path(), options, &["check"]);
        succeeded(&output);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("Address of this machine"), "{said}");
        let written = std::fs::read_to_string(home.path().join("tipoff.toml")).unwrap();
        assert!(written.contains("proxy_alone"), "{written}");
    }
}

/// The keys below a key of a YAML file that has two levels.
fn keys(yaml: &str, below: &str) -> BTreeSet<String> {
    let lines = yaml.lines().skip_while(|line| *line != format!("{below}:")).skip(1);
    let lines = lines.take_while(|line| line.starts_with("  "));
    let own = lines.filter(|line| !line.starts_with("   "));
    own.filter_map(|line| line.trim().rsplit_once(':')).map(|(key, _)| key.to_owned()).collect()
}

#[test]
fn the_files_of_the_app_agree() {
    let (config, words) = (text("config.yaml"), text("translations/en.yaml"));
    // The value may contain a colon, the key of a port none.
    let named = |yaml: &str, below: &str| -> BTreeSet<String> {
        keys(yaml, below).iter().map(|key| key.split(':').next().unwrap().to_owned()).collect()
    };
    let options = named(&config, "schema");
    assert_eq!(options.len(), 3);
    assert_eq!(named(&config, "options"), options);
    assert_eq!(named(&words, "configuration"), options);
    for option in &options {
        assert!(text("run").contains(&format!("(option {option})")), "{option}");
    }
    let ports = named(&config, "ports");
    let expected: BTreeSet<String> = [2525, 2121, 8080]
        .into_iter()
        .chain(50000..=50009)
        .map(|port| format!("{port}/tcp"))
        .collect();
    assert_eq!(ports, expected, "as in the configuration that the start script writes");
    assert!(named(&config, "ports_description").is_subset(&ports));
    assert!(named(&words, "network").is_subset(&ports));
    let version = format!("version: \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(config.contains(&version), "{version}");
    for name in ["icon.png", "logo.png"] {
        assert!(std::fs::read(folder().join(name)).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
}
