//! Other programs get what they need and nothing else: no secret, no file of others, no network.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::harness::{Home, PICTURE, mail, send, wait_for};

fn exec(script: &str) -> String {
    format!("[[channel]]\ntype = \"exec\"\ncommand = [\"/bin/sh\", \"-c\", {script:?}]\n")
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_program_gets_no_secret_of_tipoff() {
    let home = Home::new("");
    let out = home.file("out");
    home.configure(&format!(
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = {{ env = \"HOOK_URL\" }}\n{}",
        exec(&format!(
            "env > {0}.new; cat /proc/$PPID/environ >> {0}.new; umask > {0}.umask; mv {0}.new {0}",
            out.display()
        )),
    ));
    let mut command = home.command(&["run"]);
    for (name, value) in [
        ("HOOK_URL", "http://127.0.0.1:9/secret-of-hook"),
        ("DATABASE_URL", "postgres://secret-of-database"),
        ("AWS_SECRET_ACCESS_KEY", "secret-of-cloud"),
        ("TIPOFF_SEND_PASSWORD", "secret-of-camera"),
        ("LC_TIME", "de_DE.UTF-8"),
    ] {
        command.env(name, value);
    }
    let server = crate::harness::Server::start(command);
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    let seen = wait_for("the program", || fs::read(&out).ok());
    let seen = String::from_utf8_lossy(&seen);
    assert!(
        seen.contains("TIPOFF_SUBJECT=Motion") && seen.contains("LC_TIME=de_DE.UTF-8"),
        "{seen}"
    );
    // Root reads the environment of every process.
    let own = seen.split('\0').next().unwrap_or_default();
    let own = own.split("PWD=").next().unwrap_or(own);
    let all = if rustix::process::getuid().is_root() { own } else { &*seen };
    assert!(!all.contains("secret"), "{all}");
    // Its own files are made as its owner's are, not as Tipoff's.
    let umask = fs::read_to_string(out.with_extension("umask")).unwrap();
    let ours = Command::new("/bin/sh").args(["-c", "umask"]).output().unwrap();
    assert_eq!(umask.as_bytes(), ours.stdout);
}

#[test]
fn files_left_by_a_killed_program_are_removed_at_the_next_start() {
    let home = Home::new("");
    let begun = home.file("begun");
    home.configure(&exec(&format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600",
        begun.display()
    )));
    let server = home.start();
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    let pid = wait_for("the program", || fs::read_to_string(&begun).ok());
    let folder = home.data_dir().join("exec");
    let left = || fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(left(), 1);
    server.kill_now();
    let stat = format!("/proc/{}/stat", pid.trim());
    wait_for("the end of the program", || {
        fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")).then_some(())
    });
    assert_eq!(left(), 1);
    home.configure("");
    let server = home.start();
    assert_eq!(left(), 0);
    server.stop();
}

fn until_gone(pid: &str) {
    let stat = format!("/proc/{}/stat", pid.trim());
    wait_for("the end of the process", || {
        fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")).then_some(())
    });
}

/// How Tipoff, a channel or a program may end while the program waits for what it has started.
#[test]
fn processes_of_a_killed_program_end_with_it() {
    let end = |how: &str| {
        let home = Home::new("");
        let begun = home.file("begun");
        let timeout = if how == "time" { "timeout = \"1 s\"\n" } else { "" };
        // The shell has two children, one of them in the background.
        let script = format!(
            "sleep 600 & (sleep 601; true) & echo $$ $! > {0}.new; mv {0}.new {0}; wait",
            begun.display()
        );
        home.configure(&(exec(&script) + timeout));
        let server = home.start();
        send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
        let pids = wait_for("the program", || fs::read_to_string(&begun).ok());
        let (own, child) = pids.trim().split_once(' ').unwrap();
        match how {
            "time" => {}
            "program" => {
                assert!(Command::new("kill").args(["-9", own]).status().unwrap().success());
            }
            "Tipoff" => server.kill_now(),
            _ => server.terminate(),
        }
        until_gone(own);
        until_gone(child);
        drop(server);
    };
    for how in ["time", "program", "Tipoff", "shutdown"] {
        end(how);
    }
}

#[test]
fn a_program_has_no_capability_unless_its_channel_keeps_them() {
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let line = |text: &str, key: &str| {
        text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned()
    };
    for (setting, effective) in [
        ("", "CapEff:\t0000000000000000".to_owned()),
        ("capabilities = true\n", line(&own, "CapEff")),
    ] {
        let home = Home::new("");
        let out = home.file("out");
        let script = format!("cat /proc/self/status > {0}.new; mv {0}.new {0}", out.display());
        home.configure(&(exec(&script) + setting));
        let server = home.start();
        send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
        let status = wait_for("the program", || fs::read_to_string(&out).ok());
        assert_eq!(line(&status, "CapEff"), effective);
        server.stop();
    }
}

#[test]
fn passing_a_secret_to_a_program_causes_a_warning() {
    let home = Home::new(&format!(
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = {{ env = \"HOOK_URL\" }}\n{}\
         environment = [\"HOOK_URL\"]\n",
        exec("true"),
    ));
    let command = |words: &[&str]| {
        let mut command = home.command(words);
        command.env("HOOK_URL", "http://127.0.0.1:9/hidden");
        command
    };
    let warning = "`environment` passes `HOOK_URL`";
    for words in ["check", "doctor"] {
        let output = command(&[words]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(warning) && !said.contains("hidden"), "{said}");
    }
    let server = crate::harness::Server::start(command(&["run"]));
    let log = server.log();
    assert!(log.contains(warning) && !log.contains("hidden"), "{log}");
    server.stop();
}

/// It stands for ffmpeg and ffprobe that bytes of a device have taken over.
const HOSTILE: &str = r#"#!/usr/bin/python3
import os, socket, sys
if "-version" in sys.argv:
    print("ffmpeg version 9.9 of a stranger")
    sys.exit()
done = []
def attempt(name, do):
    try:
        do()
        done.append(name)
    except OSError:
        pass
source = [word for word in sys.argv if word.startswith("file:")][0][5:]
data = os.path.dirname(os.path.dirname(os.path.dirname(source)))
attempt("source", lambda: open(source).close())
attempt("passwords", lambda: open("/etc/passwd").close())
attempt("database", lambda: open(data + "/spool.db").close())
attempt("key", lambda: open(data + "/link.key").close())
attempt("listing", lambda: os.listdir(data))
attempt("write", lambda: open(data + "/written", "w").close())
attempt("write-here", lambda: open("written", "w").close())
attempt("rights", lambda: os.chmod(data, 0o777))
attempt("network", lambda: socket.create_connection(("127.0.0.1", 9)))
attempt("fork", lambda: os.fork() or os._exit(0))
print("did:", *done, file=sys.stderr)
sys.exit(1)
"#;

#[test]
fn a_hijacked_video_tool_reaches_nothing() {
    let home =
        Home::new("[[channel]]\ntype = \"ntfy\"\ntopic = \"x\"\nserver = \"http://127.0.0.1:9\"\n");
    let programs = home.file("programs");
    fs::create_dir(&programs).unwrap();
    for name in ["ffmpeg", "ffprobe"] {
        script(&programs.join(name), HOSTILE);
    }
    // Landlock is asked for by the doctor.
    let path = format!("{}:/usr/bin:/bin", programs.display());
    let doctor = home.command(&["doctor"]).env("PATH", &path).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains("9.9, with ffprobe; confined"), "{said}");
    if said.contains("only in part") {
        return;
    }
    let mut command = home.command(&["--log-level", "debug", "run"]);
    command.env("PATH", &path);
    let server = crate::harness::Server::start(command);
    let video = [b"RIFF\xff\x00\x00\x00AVI LIST".as_slice(), &[0; 300]].concat();
    let mail = String::from_utf8(mail("Motion", &[&video])).unwrap();
    let mail = mail.replace("image/jpeg", "video/x-msvideo").replace("1.jpg", "1.avi");
    send(server.smtp[0], "camera@example.com", mail.as_bytes());
    let line = wait_for("what it did", || {
        server.log().lines().find(|line| line.contains("did:")).map(str::to_owned)
    });
    assert!(line.contains("did: source"), "{line}");
    for other in ["passwords", "database", "key", "listing", "write", "rights", "network", "fork"] {
        assert!(!line.contains(other), "{line}");
    }
    assert!(!home.data_dir().join("written").exists());
}
