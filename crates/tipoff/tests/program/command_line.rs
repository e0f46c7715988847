//! Subcommands, exit codes and what they print.

use tipoff_channels::CHANNELS;

use crate::harness::{Home, PICTURE, mail, send, succeeded};
use crate::hook::{Hook, Manner};

#[test]
fn check_says_all_faults_at_once_with_their_lines_and_exits_with_2() {
    let home = Home::new("[smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_mesage = \"50 MB\"\nidle = 5\n");
    let output = home.command(&["check"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("max_message") && error.contains("idle"), "{error}");
    let output = home.command(&["run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "and run does not start with them");
}

#[test]
fn check_summarises_a_valid_file() {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let said = home.run(&["check"]);
    assert!(
        said.contains("tipoff.toml is fine") && said.contains("channel hook (webhook)"),
        "{said}"
    );
}

#[test]
fn a_wrong_command_line_exits_with_2_and_help_with_0() {
    let home = Home::new("");
    assert_eq!(home.command(&["rum"]).output().unwrap().status.code(), Some(2));
    assert_eq!(home.command(&["--help"]).output().unwrap().status.code(), Some(0));
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    let home = Home::new("");
    assert!(home.run(&["completions", "bash"]).contains("complete "));
    assert!(home.run(&["man"]).contains(".TH tipoff"));
}

#[test]
fn a_failed_channel_test_is_reported_and_exits_with_1() {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    assert!(home.run(&["channels", "test"]).contains("hook (webhook): the test arrived"));
    assert_eq!(hook.alerts()[0]["event"], "test");
    hook.behave(Manner::Status("403 Forbidden"));
    let output = home.command(&["channels", "test", "hook"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("403"));
    let output = home.command(&["channels", "test", "hok"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("there are: hook"));
}

#[test]
fn incidents_are_listed_and_shown_beside_a_running_server() {
    let home = Home::new("");
    let server = home.start();
    send(server.smtp[0], "camera@example.com", &mail("Motion in the yard", &[PICTURE]));
    let list = home.run(&["incidents", "list"]);
    assert!(list.contains("Motion in the yard") && list.contains("camera"), "{list}");
    let shown = home.run(&["incidents", "show", "1"]);
    assert!(shown.contains("1.jpg (image/jpeg, 2498 bytes)"), "{shown}");
    let output = home.command(&["incidents", "show", "99"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    server.stop();
}

#[test]
fn without_any_configuration_it_runs_and_receives() {
    let home = Home::new("");
    // As `tipoff run` on a fresh machine, but for the ports, which another test may have.
    let data = home.file("fresh");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tipoff"));
    let output = command
        .args(["check", "--data-dir"])
        .arg(&data)
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    succeeded(&output);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("receives mail on 0.0.0.0:2525 (plain)"), "{said}");
    assert!(said.contains(data.to_str().unwrap()), "{said}");
}

/// The pages with examples, and those of the channels.
const PAGES: &[&str] = &[
    "README.md",
    "docs/cameras.md",
    "docs/channels.md",
    "docs/dashboard.md",
    "docs/operations.md",
    "docs/rules.md",
];

/// The root of the repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The pages with examples.
pub fn pages() -> Vec<String> {
    let of_channels = CHANNELS.iter().map(|entry| format!("docs/channels/{}.md", entry.kind));
    PAGES.iter().map(|page| (*page).to_owned()).chain(of_channels).collect()
}

/// What stands in a page between a line of three backquotes with this word and the next such line.
pub fn blocks<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let begin = format!("```{word}\n");
    text.split(&begin).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_service_has_its_page_with_an_example() {
    let index = std::fs::read_to_string(format!("{ROOT}/docs/channels.md")).unwrap();
    for entry in CHANNELS {
        let page = format!("channels/{}.md", entry.kind);
        assert!(index.contains(&format!("]({page})")), "docs/channels.md does not name {page}");
        let text = std::fs::read_to_string(format!("{ROOT}/docs/{page}")).unwrap();
        let kind = format!("type = \"{}\"", entry.kind);
        assert!(blocks(&text, "toml").iter().any(|it| it.contains(&kind)), "{page}: no example");
    }
}

#[test]
fn every_configuration_in_the_documentation_is_valid() {
    // What examples take from files: made up, and of the right form.
    let secrets = format!("{ROOT}/crates/tipoff/tests/program/secrets");
    for page in pages() {
        let text = std::fs::read_to_string(format!("{ROOT}/{page}")).unwrap();
        for block in blocks(&text, "toml") {
            let home = Home::new("");
            for secret in std::fs::read_dir(&secrets).unwrap().map(Result::unwrap) {
                let text = std::fs::read(secret.path()).unwrap();
                home.put(secret.file_name().to_str().unwrap(), &text);
            }
            home.put("tipoff.toml", block.as_bytes());
            home.run(&["check"]);
        }
    }
}

#[test]
fn every_command_in_the_documentation_exists() {
    let home = Home::new("");
    for page in pages() {
        let text = std::fs::read_to_string(format!("{ROOT}/{page}")).unwrap();
        for command in text.split("`tipoff ").skip(1).map(|rest| rest.split('`').next().unwrap()) {
            let words = command.split_whitespace();
            let words: Vec<&str> =
                words.take_while(|it| it.starts_with(|c: char| c.is_ascii_lowercase())).collect();
            let output = home.command(&[words.as_slice(), &["--help"]].concat()).output().unwrap();
            assert!(output.status.success(), "{page}: tipoff {command}");
        }
    }
}
