//! `tipoff init`: the dialogue, with answers that are wrong at first.

use std::io::Write;
use std::process::{Child, Output, Stdio};

use serde_json::json;
use tipoff_testkit::telegram::{CHAT, Options, TOKEN};

use crate::harness::{Home, succeeded, wait_for};
use crate::hook::{Hook, Manner};
use crate::telegram::Phone;

/// Runs `init` with these lines as its input, which ends after them.
fn start(home: &Home, arguments: &[&str], lines: &[&str]) -> Child {
    let mut child = home
        .command(&[&["init"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = lines.join("\n") + "\n";
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child
}

fn init(home: &Home, arguments: &[&str], lines: &[&str]) -> Output {
    start(home, arguments, lines).wait_with_output().unwrap()
}

/// Where the hook listens.
fn url(hook: &Hook) -> String {
    format!("http://{}/in", hook.address)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_wrong_answer_is_asked_again_with_the_reason() {
    let hook = Hook::start();
    let home = Home::new("");
    std::fs::remove_file(home.file("tipoff.toml")).unwrap();
    hook.behave(Manner::Status("403 Forbidden"));
    let quoted = format!("“{}”", url(&hook));
    let lines = ["webhok", "webhook", "", "nonsense", &quoted, "retries", ""];
    let output = init(&home, &[], &lines);
    let said = text(&output.stdout);
    assert!(said.contains("did you mean webhook?"), "{said}");
    assert!(said.contains("  it is required\n"), "{said}");
    assert!(said.contains("  `url` must be"), "{said}");
    assert!(said.contains("there is no setting \"retries\""), "{said}");
    assert!(said.contains("The test did not arrive: ") && said.contains("403"), "{said}");
    // The input has ended there.
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "tipoff: nothing is written: the input ended\n");
    assert!(!home.file("tipoff.toml").exists());

    hook.behave(Manner::Fine);
    succeeded(&init(&home, &["webhook"], &[&quoted, "timeout", "soon", "20 s", ""]));
    let file = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    assert!(file.contains("type = \"webhook\"") && file.contains(&url(&hook)), "{file}");
    home.run(&["check"]);
}

#[test]
fn a_file_that_exists_keeps_all_that_it_has() {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    let before = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    let output = init(&home, &["webhook"], &[&url(&hook), ""]);
    succeeded(&output);
    let said = text(&output.stdout);
    assert!(said.contains("a channel is added to it"), "{said}");
    assert!(said.contains("The running Tipoff loads it"), "{said}");
    let after = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    assert!(after.starts_with(&before) && after.contains("name = \"webhook\""), "{after}");
    wait_for("the reload", || server.log().contains("onfiguration").then_some(()));
    server.stop();

    // One with a fault is not touched.
    home.put("tipoff.toml", b"[smtp]\nidel = 1\n");
    let output = init(&home, &["webhook"], &[&url(&hook), ""]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean `idle`?"));
    assert_eq!(std::fs::read(home.file("tipoff.toml")).unwrap(), b"[smtp]\nidel = 1\n");
    succeeded(&init(&home, &["webhook", "--force"], &[&url(&hook), ""]));
    home.run(&["check"]);
}

#[test]
fn a_wrong_token_is_asked_again() {
    let phone = Phone::new(Options::default());
    let home = Home::new("");
    std::fs::remove_file(home.file("tipoff.toml")).unwrap();
    let api = phone.telegram.url();
    let child = start(&home, &["--api", &api], &["my token", "", TOKEN]);
    phone.telegram.update(json!({ "message": {
        "message_id": 1,
        "date": 1_700_000_000,
        "chat": { "id": CHAT.parse::<i64>().unwrap(), "type": "private", "first_name": "Ann" },
        "text": "hello",
    }}));
    let output = child.wait_with_output().unwrap();
    succeeded(&output);
    let said = text(&output.stdout);
    assert!(said.contains("is not a bot's token"), "{said}");
    assert!(!said.contains(TOKEN) && said.contains("Found the chat \"Ann\""), "{said}");
    home.run(&["check"]);
}

/// What is typed and what services say is not translated.
#[test]
fn the_dialogue_is_in_the_language_of_the_environment() {
    let hook = Hook::start();
    let home = Home::new("");
    std::fs::remove_file(home.file("tipoff.toml")).unwrap();
    let mut command = home.command(&["init", "webhook"]);
    command.env("LC_ALL", "de_DE.UTF-8").stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = format!("\n{}\n\n", url(&hook));
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    succeeded(&output);
    let said = text(&output.stdout);
    for part in [
        "webhook: Ein beliebiger HTTP-Server: ",
        "Beispiel: ",
        "  die Angabe ist nötig\n",
        "Das Testbild ist gesendet.\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.ends_with("\nAls Nächstes: tipoff run\n"), "{said}");
    let written = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    assert!(written.contains("\n\nlanguage = \"de\"\n\n[[channel]]\n"), "{written}");

    let output = home.command(&[]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    let said = text(&output.stderr);
    let place = said.lines().find_map(|line| line.strip_prefix("  服务器"));
    // The name takes six of fourteen columns.
    assert!(place.is_some_and(|rest| rest.starts_with("         未运行")), "{said}");
    let output = home.command(&["check"]).env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    assert!(text(&output.stdout).is_ascii(), "other commands are English");
}

/// A terminal shows neither what is typed nor the token, and shows again afterwards.
#[test]
fn a_terminal_does_not_show_a_secret() {
    let home = Home::new("");
    std::fs::remove_file(home.file("tipoff.toml")).unwrap();
    let program =
        format!("{} init telegram --api http://127.0.0.1:1", env!("CARGO_BIN_EXE_tipoff"));
    // Waits for the question, types, and ends the input.
    let script = format!(
        "import pty, os, sys\n\
         pid, fd = pty.fork()\n\
         if pid == 0:\n    os.execvp('sh', ['sh', '-c', {program:?} + '; stty -a'])\n\
         seen, mark = b'', 0\n\
         def until(word):\n    global seen, mark\n    while word not in seen[mark:]:\n        seen += os.read(fd, 4096)\n    \
         mark = seen.index(word, mark) + len(word)\n\
         until(b'(not shown)'); os.write(fd, b'hunter2-secret\\n')\n\
         until(b'characters)'); until(b'(not shown)'); os.write(fd, b'\\x04')\n\
         until(b'min = '); until(b'extproc')\n\
         assert b'hunter2' not in seen, seen\n\
         assert b' echo ' in seen and b' icanon ' in seen, seen\n\
         print('fine')\n",
    );
    let output = std::process::Command::new("python3")
        .args(["-c", &script])
        .current_dir(home.file(""))
        .output()
        .unwrap();
    succeeded(&output);
}
