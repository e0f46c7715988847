//! Errors that newcomers meet: each says what happened, where, and what to do. Faults in the configuration file have
//! their fixtures in `tests/bad_configs`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::harness::Home;

/// What the program says when it fails with this exit code.
fn said(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
    let mut errors = text.lines().filter(|line| line.starts_with("tipoff: "));
    assert!(!errors.any(|line| line.contains("os error")), "it says what that means: {text}");
}

/// The program with another configuration file.
fn with_config(home: &Home, path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tipoff"));
    command.arg("--config").arg(path).arg("check").current_dir(home.file(""));
    command
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let home = Home::new("");
    let text = said(&mut with_config(&home, &home.file("tipof.toml")), 2);
    assert_says(&text, &["tipof.toml: cannot be opened: there is no such file", "`tipoff init`"]);
    fs::create_dir(home.file("etc")).unwrap();
    let text = said(&mut with_config(&home, &home.file("etc")), 2);
    assert_says(&text, &["etc: is a folder", "etc/tipoff.toml"]);
    let path = home.put("windows.toml", b"[smtp]\nhost_name = \x93tipoff\x94\n");
    let text = said(&mut with_config(&home, &path), 2);
    assert_says(&text, &["windows.toml: is not UTF-8 text in line 2", "save it as UTF-8"]);
}

#[test]
fn byte_order_marks_tabs_and_windows_line_ends_are_no_faults() {
    let home = Home::new("");
    let text = "\u{feff}[smtp]\r\n\tidle\t=\t\"5 s\"\r\n";
    let output = with_config(&home, &home.put("t.toml", text.as_bytes())).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_data_folder_that_cannot_be_used() {
    let home = Home::new("");
    let run = |folder: &Path| {
        let mut command = home.command(&["run", "--data-dir", folder.to_str().unwrap()]);
        said(&mut command, 1)
    };
    let file = home.put("file", b"");
    assert_says(&run(&file), &[file.to_str().unwrap(), "it is a file", "set `data_dir`"]);
    assert_says(&run(&file.join("x")), &["file/x cannot be used", "it is a file, or in one"]);
    // A cause that has no words of ours is quoted, with the folder and what to do.
    let text = run(Path::new("/proc/self/fdinfo"));
    assert!(text.contains("the data folder /proc/self/fdinfo cannot be used: "), "{text}");
    assert!(text.contains("set another `data_dir`"), "{text}");

    let used = home.file("newer");
    fs::create_dir(&used).unwrap();
    let python = format!(
        "import sqlite3; c = sqlite3.connect('{}'); c.execute('PRAGMA user_version = 999'); c.commit()",
        used.join("spool.db").display(),
    );
    assert!(Command::new("python3").args(["-c", &python]).status().unwrap().success());
    assert_says(&run(&used), &[used.to_str().unwrap(), "a newer Tipoff has used it", "data_dir"]);

    let broken = home.file("broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("spool.db"), "no database ".repeat(100)).unwrap();
    assert_says(&run(&broken), &["broken/spool.db: file is not a database", "backup"]);
}

/// Other users than root may not do everything: this one has no rights.
fn as_nobody(command: &Command) -> Command {
    let mut nobody = Command::new("setpriv");
    nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    nobody.arg(command.get_program()).args(command.get_args()).current_dir("/");
    nobody
}

#[test]
fn a_user_who_may_not() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    let home = Home::new("");
    let everybody = "smtp.listen = \"127.0.0.1:25\"\nftp.listen = []\nhttp.listen = \"off\"\n";
    let path = home.put("open.toml", everybody.as_bytes());
    let command = |words: &[&str], data: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tipoff"));
        command.arg("--config").arg(&path).args(words).arg("--data-dir").arg(data);
        as_nobody(&command)
    };
    // The temporary folder is for its owner only.
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(home.file(""), open.clone()).unwrap();
    fs::set_permissions(&path, open).unwrap();
    let data = home.file("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(data.join("spool.db"), "").unwrap();
    for words in [&["run"][..], &["incidents", "list"]] {
        let text = said(&mut command(words, &data), 1);
        assert_says(&text, &["data cannot be used: this user may not use it", "sudo -u tipoff"]);
    }
    let own = home.file("own");
    fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(65534), Some(65534)).unwrap();
    let text = said(&mut command(&["run"], &own), 1);
    assert_says(&text, &["127.0.0.1:25", "ports below 1024", "CAP_NET_BIND_SERVICE"]);
    let secret = home.put("secret.toml", b"");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let text = said(&mut as_nobody(&with_config(&home, &secret)), 2);
    assert_says(&text, &["secret.toml: cannot be opened: this user may not read it"]);
}

#[test]
fn a_port_that_another_program_has_is_named_with_the_program() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let own = format!("(process {}) has this port", std::process::id());
    for (section, setting) in [("smtp", "`listen`"), ("ftp", "`listen`"), ("http", "[http]")] {
        let home = Home::new("");
        let mut command = home.command(&["run", &format!("--{section}-listen={address}")]);
        let text = said(&mut command, 1);
        assert_says(&text, &[&format!("cannot listen on {address}: "), &own, setting]);
    }
    let home = Home::new("");
    let text = said(&mut home.command(&["run", "--smtp-listen=192.0.2.1:2525"]), 1);
    assert_says(&text, &["192.0.2.1:2525", "this machine has no such address", "0.0.0.0"]);
}

#[test]
fn a_second_tipoff_and_one_that_never_ran() {
    let home = Home::new("");
    for words in [
        &["incidents", "list"][..],
        &["password", "--link"],
        &["devices", "list"],
        &["compact"],
        &["spool", "restored"],
    ] {
        let text = said(&mut home.command(words), 1);
        let folder = format!("nothing is stored in the data folder {}", home.data_dir().display());
        assert_says(&text, &[&folder, "`tipoff run` makes it", "--data-dir"]);
    }
    let server = home.start();
    let text = said(&mut home.command(&["run"]), 1);
    assert_says(&text, &["another Tipoff is already running", home.data_dir().to_str().unwrap()]);
    server.stop();
}

#[test]
fn a_full_disk_at_the_start_is_named() {
    if !rustix::process::geteuid().is_root() {
        println!("SKIPPED: only root can mount a small disk");
        return;
    }
    let home = Home::new("");
    let small = home.file("small");
    fs::create_dir(&small).unwrap();
    let mount = |arguments: &[&str]| {
        let status = Command::new("mount").args(arguments).arg(&small).status().unwrap();
        assert!(status.success());
    };
    mount(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"]);
    let full = home.command(&["run", "--data-dir", small.to_str().unwrap()]).output().unwrap();
    mount(&["-o", "remount,ro"]);
    let read_only = home.command(&["run", "--data-dir", small.to_str().unwrap()]).output().unwrap();
    assert!(Command::new("umount").arg(&small).status().unwrap().success());
    let text = |output: std::process::Output| String::from_utf8(output.stderr).unwrap();
    assert_says(&text(full), &["the disk with the spool is full", small.to_str().unwrap()]);
    let read_only = text(read_only);
    assert!(read_only.contains("cannot be used: its disk is mounted read-only"), "{read_only}");
}

#[test]
fn a_server_that_send_does_not_reach() {
    let home = Home::new("");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let text = said(&mut home.command(&["send", "--to", &free]), 1);
    let part = "nothing listens there: start `tipoff run`";
    assert_says(&text, &[&format!("cannot reach {free}: "), part]);
    for to in ["", "127.0.0.1", "127.0.0.1:99999"] {
        let text = said(&mut home.command(&["send", "--to", to]), 2);
        assert_says(&text, &[&format!("--to: {to:?} is no address with a port"), "HOST:PORT"]);
    }
    // As the port of the dashboard: it closes what is no request.
    let closing = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = closing.local_addr().unwrap().to_string();
    let closer = std::thread::spawn(move || drop(closing.accept().unwrap()));
    let text = said(&mut home.command(&["send", "--to", &to]), 1);
    assert_says(&text, &[&to, "does not greet as a server for mail or uploads", "check --to"]);
    closer.join().unwrap();
    let text = said(&mut home.command(&["send", "--picture", "no.jpg"]), 1);
    assert_says(&text, &["cannot read no.jpg: No such file or directory"]);
}

#[test]
fn a_wrong_command_line() {
    let home = Home::new("");
    let text = said(&mut home.command(&["incident", "list"]), 2);
    assert_says(&text, &["unrecognized subcommand 'incident'", "'incidents'"]);
    let text = said(&mut home.command(&["check", "--log-level", "debgu"]), 2);
    assert_says(&text, &["--log-level debgu: there are error, warn, info, debug, trace"]);
    let text = said(&mut home.command(&["check", "--at", "25:00"]), 2);
    assert_says(&text, &["--at: \"25:00\" is no time", "23:00"]);
    let text = said(&mut home.command(&["check", "--mode", "away"]), 2);
    assert_says(&text, &["--mode away: there is no such mode", "no mode is configured"]);
    for (words, part) in [
        (&["incidents", "show", "abc"][..], "write its number, such as 17"),
        (&["sessions", "show", "abc"], "write its number, such as 17"),
        (&["token", "--revoke", "x"], "write its number, such as 17"),
        (&["incidents", "list", "--limit", "all"], "write how many, such as 20"),
        (&["route", "replay", "--day", "yesterday"], "write year, month and day"),
    ] {
        let text = said(&mut home.command(words), 2);
        assert_says(&text, &[part]);
        assert!(!text.contains("invalid digit"), "{text}");
    }
}

#[test]
fn an_unknown_channel_is_found_together_with_the_other_faults() {
    let home = Home::new("[smtp]\nidel = 5\n[[route]]\nchannels = [\"nobody\"]\n");
    let text = said(&mut home.command(&["check"]), 2);
    assert_says(&text, &["unknown key `idel`", "there is no channel \"nobody\"", "2 faults"]);
}

#[test]
fn a_check_before_the_first_start_misses_nothing() {
    let home = Home::new("");
    assert!(!home.run(&["check"]).contains("not read"));
    // What is there is no spool: there may be something that was added.
    fs::create_dir(home.data_dir()).unwrap();
    fs::write(home.data_dir().join("spool.db"), "no database ".repeat(100)).unwrap();
    let text = home.run(&["check"]);
    assert!(text.contains("what was added in the dashboard is not read"), "{text}");
}

#[test]
fn errors_have_one_form_in_json() {
    let home = Home::new("[smtp]\nidel = \"5 s\"\n");
    let json = |words: &[&str], code: i32| {
        let output = home.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert!(output.stderr.is_empty(), "{words:?}: {output:?}");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        said["error"].clone()
    };
    let error = json(&["check", "--json"], 2);
    assert_eq!(error["kind"], "configuration");
    let fault = &error["faults"][0];
    assert_eq!(fault["line"], 5, "{error:#}");
    assert_eq!(fault["label"], "did you mean `idle`?");
    assert!(error["path"].as_str().unwrap().ends_with("tipoff.toml"));
    let error = json(&["incidents", "lst", "--json"], 2);
    assert_eq!((&error["kind"], &error["faults"]), (&"usage".into(), &serde_json::json!([])));
    home.configure("");
    let error = json(&["incidents", "list", "--json"], 1);
    assert_eq!(error["kind"], "failed");
    assert!(error["message"].as_str().unwrap().contains("nothing is stored"), "{error:#}");
    let error = json(&["send", "--to", "127.0.0.1", "--json"], 2);
    assert_eq!(error["kind"], "usage");
    assert!(error["message"].as_str().unwrap().contains("HOST:PORT"), "{error:#}");
}
