//! Edits of the configuration file while the server runs.

use std::process::Command;

use crate::harness::{Client, Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::{Hook, Manner};

const QUIET: &str = "[incidents]\nquiet = \"0 s\"\n";

/// The configuration of a channel of this name.
fn channel(hook: &Hook, name: &str) -> String {
    hook.channel().replace("\"hook\"", &format!("{name:?}"))
}

fn motion(server: &Server, from: &str) {
    let reply = send(server.smtp[0], from, &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

fn devices(hook: &Hook) -> Vec<String> {
    let alerts = hook.alerts();
    alerts.iter().map(|alert| alert["device"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the log has these words so many times.
fn logged(server: &Server, words: &str, count: usize) -> String {
    wait_for(&format!("{words:?} in the log"), || {
        Some(server.log()).filter(|log| log.matches(words).count() >= count)
    })
}

fn hang_up(server: &Server) {
    let sent = Command::new("kill").args(["-HUP", &server.pid().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Changes the file and has it read at once; what was logged of it.
fn change(home: &Home, server: &Server, configuration: &str) -> String {
    let before = server.log().len();
    home.configure(configuration);
    hang_up(server);
    wait_for("the change in the log", || {
        let log = server.log().get(before..).unwrap_or_default().to_owned();
        Some(log).filter(|log| log.contains("The changed configuration is in use"))
    })
}

#[test]
fn a_new_device_is_known_and_open_sessions_continue() {
    let hook = Hook::start();
    let home = Home::new(&format!("{QUIET}{}", hook.channel()));
    let server = home.start();
    let mail = mail("Motion", &[PICTURE]);
    let mut open = Client::connect(server.smtp[0]);
    open.begin("yard@example.com");
    open.send(&mail[..500]);
    motion(&server, "yard@example.com");

    // Not asked for: it is seen that the file has changed.
    home.configure(&format!(
        "{QUIET}{}[[device]]\nname = \"Yard\"\nmatch = {{ from = \"yard@*\" }}\n",
        hook.channel(),
    ));
    let log = logged(&server, "The changed configuration is in use", 1);
    assert!(log.contains("changed=\"[[device]]\""), "{log}");
    motion(&server, "yard@example.com");
    hook.wait_for(2);
    open.send(&mail[500..]);
    let reply = open.say(".");
    assert!(reply.starts_with("250"), "{reply}");
    hook.wait_for(3);
    assert_eq!(devices(&hook), ["yard", "Yard", "Yard"]);
    server.stop();
}

#[test]
fn a_session_keeps_the_limits_that_it_began_with() {
    let home = Home::new("");
    let server = home.start();
    let size = |client: &mut Client| {
        client.send(b"EHLO camera\r\n");
        let lines = client.until("250 ");
        lines.lines().find_map(|line| line.split_once("SIZE ")).unwrap().1.to_owned()
    };
    let mut open = Client::connect(server.smtp[0]);
    assert_eq!(size(&mut open), "50000000");
    let log = change(&home, &server, "smtp.max_message = \"1 MB\"\nftp.max_connections = 1\n");
    assert!(log.contains("[smtp], [ftp]"), "{log}");
    assert_eq!(size(&mut open), "50000000");
    assert_eq!(size(&mut Client::connect(server.smtp[0])), "1000000");
    let _only = Client::connect(server.ftp[0]);
    assert!(Client::silent(server.ftp[0]).hear().starts_with("421"));
    server.stop();
}

#[test]
fn adding_changing_and_removing_a_channel_leaves_others_alone() {
    let (kept, changed, gone, new) = (Hook::start(), Hook::start(), Hook::start(), Hook::start());
    let home = Home::new(&format!(
        "{QUIET}{}{}{}",
        channel(&kept, "kept"),
        channel(&changed, "changed"),
        channel(&gone, "gone"),
    ));
    kept.behave(Manner::Silent);
    gone.behave(Manner::HangUp);
    let server = home.start();
    motion(&server, "camera@example.com");
    kept.wait_for_requests(1);
    gone.wait_for_requests(1);
    changed.wait_for(1);

    let without = format!(
        "{QUIET}{}{}{}",
        channel(&kept, "kept"),
        channel(&new, "changed"),
        channel(&new, "new"),
    );
    let log = change(&home, &server, &without);
    for words in [
        "channel \\\"changed\\\",",
        "channel \\\"new\\\" is new",
        "channel \\\"gone\\\" is removed",
    ] {
        assert!(log.contains(words), "{words} is not in {log}");
    }
    assert!(!log.contains("kept"), "{log}");
    gone.behave(Manner::Fine);
    motion(&server, "camera@example.com");
    // The one that was changed and the one that is new.
    new.wait_for(2);
    kept.wait_for_requests(2);
    assert_eq!(kept.requests().len(), 2, "what was under way is not begun again");
    assert_eq!((changed.alerts().len(), gone.alerts().len()), (1, 0));

    // What waits for a channel that is gone goes on when it comes back.
    assert_eq!(home.incident(1)["deliveries"][2]["state"], "pending");
    change(&home, &server, &format!("{without}{}", channel(&gone, "gone")));
    assert_eq!(gone.wait_for(1)[0]["incident"], 1);
    server.stop();
}

#[test]
fn a_channel_removed_and_added_again_attempts_nothing_twice() {
    let hook = Hook::start();
    let with = format!("{QUIET}{}timeout = \"3 s\"\n", hook.channel());
    let home = Home::new(&with);
    hook.behave(Manner::Silent);
    let server = home.start();
    motion(&server, "camera@example.com");
    hook.wait_for_requests(1);
    change(&home, &server, QUIET);
    let other = with.replace("3 s", "2 s");
    change(&home, &server, &other);
    motion(&server, "camera@example.com");
    let requests = hook.wait_for_requests(2);
    let keys: Vec<_> =
        requests.iter().map(|request| request.header("idempotency-key").unwrap()).collect();
    assert_ne!(keys[0], keys[1], "the first is still under way");
    hook.behave(Manner::Fine);
    assert_eq!(hook.wait_for(2).len(), 2);
    server.stop();
}

#[test]
fn a_faulty_edit_changes_nothing_and_the_next_valid_one_is_used() {
    let hook = Hook::start();
    let home = Home::new(&format!("{QUIET}{}", hook.channel()));
    let good = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    let server = home.start();
    home.configure(&format!("{QUIET}nonsense = 1\n{}secret = 5\n", hook.channel()));
    let log = logged(&server, "everything stays as it was", 1);
    let text = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    for (key, fault) in [("nonsense", "unknown key"), ("secret", "")] {
        let line = 1 + text.lines().position(|line| line.starts_with(key)).unwrap();
        assert!(log.contains(&format!("line {line}: {fault}")), "{key}: {log}");
    }
    motion(&server, "camera@example.com");
    hook.wait_for(1);

    // A file that is gone is no other fault.
    std::fs::remove_file(home.file("tipoff.toml")).unwrap();
    let log = logged(&server, "everything stays as it was", 2);
    assert!(log.contains("cannot be opened"), "{log}");
    motion(&server, "camera@example.com");
    hook.wait_for(2);

    // Saved as editors do that write a new file and rename it.
    let other = home.put("other.toml", format!("retention.keep = \"1 day\"\n{good}").as_bytes());
    std::fs::rename(other, home.file("tipoff.toml")).unwrap();
    let log = logged(&server, "The changed configuration is in use", 1);
    assert!(log.contains("[retention]"), "{log}");
    motion(&server, "camera@example.com");
    hook.wait_for(3);
    server.stop();
}

#[test]
fn secrets_in_files_are_read_again_upon_sighup() {
    let home = Home::new(
        "[access]\nrequire_login = true\nuser = \"front\"\npassword = { file = \"password\" }\n",
    );
    home.put("password", b"one");
    let server = home.start();
    let log_in = |plain: &str| {
        let mut client = Client::connect(server.smtp[0]);
        client.must("EHLO camera", "250");
        client.say(&format!("AUTH PLAIN {plain}"))
    };
    // \0front\0one, \0front\0two
    let (one, two) = ("AGZyb250AG9uZQ==", "AGZyb250AHR3bw==");
    assert!(log_in(one).starts_with("235"));
    home.put("password", b"two");
    hang_up(&server);
    let log = logged(&server, "The changed configuration is in use", 1);
    assert!(log.contains("changed=\"[access]\""), "{log}");
    assert!(log_in(two).starts_with("235"));
    assert!(log_in(one).starts_with("535"));
    // Asked for again: nothing is different.
    hang_up(&server);
    logged(&server, "no change takes effect now", 1);
    server.stop();
}

#[test]
fn edited_routes_apply_from_the_next_arrival_on() {
    let (one, two) = (Hook::start(), Hook::start());
    let channels = format!("{QUIET}{}{}", channel(&one, "one"), channel(&two, "two"));
    let route = |to: &str| format!("{channels}[[route]]\nchannels = [{to:?}]\n");
    let home = Home::new(&route("one"));
    let server = home.start();
    motion(&server, "camera@example.com");
    one.wait_for(1);
    let log = change(&home, &server, &route("two"));
    assert!(log.contains("changed=\"[[route]]\""), "{log}");
    motion(&server, "camera@example.com");
    two.wait_for(1);
    server.stop();
    assert_eq!((one.alerts().len(), two.alerts().len()), (1, 1));
}

#[test]
fn settings_that_need_a_restart_are_logged_and_others_take_effect() {
    let home = Home::new("");
    let server = home.start();
    let log = change(
        &home,
        &server,
        "[smtp]\nlisten = [\"127.0.0.1:1\"]\nhost_name = \"other.lan\"\n\
         [http]\nlisten = \"off\"\n",
    );
    assert!(log.contains("changed=\"[smtp]\""), "{log}");
    let log = logged(&server, "need a restart", 1);
    assert!(log.contains("settings=\"[smtp] listen, [http]\""), "{log}");
    assert!(Client::silent(server.smtp[0]).hear().contains("other.lan"));
    assert_eq!(server.get("/healthz"), "ok\n");
    server.stop();
}
