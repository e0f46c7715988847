//! Programs as channels.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{Story, channel, delivered, faults, jpeg, retried, send};
use tipoff_channels::{Channel, Value};
use tipoff_model::{AlertKind, MediaKind, Scope};

fn exec(command: &[&str], time: Duration) -> Box<dyn Channel> {
    let command = command.iter().map(|&part| part.to_owned()).collect();
    let values = [("command", Value::List(command)), ("timeout", Value::Duration(time))];
    channel("exec", &values)
}

fn shell(script: &str) -> Box<dyn Channel> {
    exec(&["/bin/sh", "-c", script], Duration::from_secs(20))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_program_gets_the_alert_and_its_files_which_are_removed_afterwards() {
    let out = tempfile::tempdir().unwrap();
    let out = out.path();
    let script = format!(
        "cd {} && cat > stdin && env > env && stat -c %a \"$TIPOFF_MEDIA_DIR\" > mode && \
         cp -r \"$TIPOFF_MEDIA_DIR\" media",
        out.display()
    );
    let story = Story::new().text("line 1\nline 2\0").picture("../../p.jpg").file(
        "p.jpg",
        "x/y",
        MediaKind::File,
        b"other".to_vec(),
    );
    delivered(&send(&*shell(&script), story).await);

    let alert: serde_json::Value = serde_json::from_str(&read(&out.join("stdin"))).unwrap();
    assert_eq!((&alert["incident"], &alert["device"]), (&3.into(), &"Front yard".into()));
    assert_eq!(alert["media"][0]["name"], "../../p.jpg");
    let path = alert["media"][0]["path"].as_str().unwrap();
    assert!(!Path::new(path).exists() && !Path::new(path).parent().unwrap().exists());

    assert_eq!(read(&out.join("mode")).trim(), "700");
    assert_eq!(fs::read(out.join("media/001-.._.._p.jpg")).unwrap(), jpeg(64, 48));
    assert_eq!(fs::read(out.join("media/002-p.jpg")).unwrap(), b"other");

    let env = read(&out.join("env"));
    for line in [
        "TIPOFF_INCIDENT=3",
        "TIPOFF_KIND=first",
        "TIPOFF_DEVICE=Front yard",
        "TIPOFF_EVENT=motion",
        "TIPOFF_SUBJECT=",
        "TIPOFF_TEXT=line 1",
        "line 2 ",
        "TIPOFF_RECEIVED_AT=2026-01-01T00:00:00.120Z",
        "TIPOFF_SILENT=false",
        "TIPOFF_IDEMPOTENCY_KEY=key-7",
        &format!("TIPOFF_MEDIA={path}"),
    ] {
        assert!(env.lines().any(|there| there == line), "{line} in {env}");
    }
    assert!(env.contains("PATH="));
}

#[tokio::test]
async fn a_program_gets_the_silent_flag() {
    let shell = shell("test \"$TIPOFF_SILENT\" = true");
    retried(&send(&*shell, Story::new()).await);
    delivered(&send(&*shell, Story::new().change(|it| it.manner.silent = true)).await);
    delivered(&send(&*shell, Story::new().change(|it| it.kind = AlertKind::FollowUp)).await);
}

#[tokio::test]
async fn arguments_are_not_parsed_by_a_shell() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("$(id); *");
    let touch = exec(&["touch", file.to_str().unwrap()], Duration::from_secs(20));
    delivered(&send(&*touch, Story::new()).await);
    assert!(file.exists());
}

#[tokio::test]
async fn a_program_that_fails_is_started_again_later() {
    for (script, words) in [
        ("echo no luck >&2; exit 75", "ended with exit code 75: no luck"),
        ("exit 1", "ended with exit code 1"),
        ("kill -9 $$", "was killed by signal 9"),
    ] {
        let (scope, after, error) = retried(&send(&*shell(script), Story::new()).await);
        assert_eq!((scope, after), (Scope::Message, None));
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_missing_program_is_a_failure_of_the_channel() {
    for program in ["/nonexistent/siren", "/etc/passwd"] {
        let outcome = send(&*exec(&[program], Duration::from_secs(20)), Story::new()).await;
        let (scope, after, error) = retried(&outcome);
        assert_eq!((scope, after), (Scope::Unreachable, None));
        assert!(error.contains(program) && error.contains("`command`"), "{error}");
    }
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_killed_with_all_that_it_started() {
    let out = tempfile::tempdir().unwrap();
    let pid = out.path().join("pid");
    let script = format!("sleep 3600 & echo $! > {} && wait", pid.display());
    let exec = exec(&["/bin/sh", "-c", &script], Duration::from_secs(1));
    let (scope, _, error) = retried(&send(&*exec, Story::new()).await);
    assert_eq!(scope, Scope::Message);
    assert!(error.contains("more than 1 s"), "{error}");
    let child = Path::new("/proc").join(read(&pid).trim()).join("stat");
    // Whoever inherits it may take a moment to bury it.
    let gone = || fs::read_to_string(&child).map_or(true, |stat| stat.contains(") Z "));
    for _ in 0..1000 {
        if gone() {
            return;
        }
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
    assert!(gone(), "the child of a killed program lives");
}

#[tokio::test]
async fn a_cancelled_program_is_killed() {
    let out = tempfile::tempdir().unwrap();
    let pid = out.path().join("pid");
    let script = format!("echo $$ > {0}.new && mv {0}.new {0} && exec sleep 3600", pid.display());
    let exec = shell(&script);
    {
        let sending = send(&*exec, Story::new());
        tokio::pin!(sending);
        let started = async {
            while !pid.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            outcome = &mut sending => panic!("{outcome:?}"),
            () = started => {}
        }
    }
    let stat = Path::new("/proc").join(read(&pid).trim()).join("stat");
    let gone = async {
        while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
}

#[tokio::test]
async fn endless_output_and_unread_input_do_not_hang() {
    let much = "head -c 3000000 /dev/zero | tr '\\0' x; exit 3";
    let story = Story::new().text(&"t".repeat(1_000_000));
    let error = retried(&send(&*shell(much), story).await).2;
    assert!(error.contains("exit code 3") && error.len() < 400, "{error}");
    // What it leaves behind holds its output open, and is left alone.
    delivered(&send(&*shell("sleep 5 & exit 0"), Story::new()).await);
}

#[test]
fn a_command_has_a_program() {
    assert_eq!(faults("exec", &[]), ["command"]);
    assert_eq!(faults("exec", &[("command", Value::List(vec![String::new()]))]), ["command"]);
    // As for a shell, which there is none.
    let line = vec!["/usr/local/bin/siren --loud".to_owned()];
    assert_eq!(faults("exec", &[("command", Value::List(line))]), ["command"]);
}
