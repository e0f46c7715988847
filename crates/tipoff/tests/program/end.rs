//! How the program ends (SIGTERM), and what it says of itself while it runs.

use crate::harness::{Client, Home, PICTURE, mail, send, wait_for};
use crate::hook::{Hook, Manner};

#[test]
fn at_shutdown_a_mail_in_data_finishes_and_no_new_one_begins() {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    let address = server.smtp[0];
    let mail = mail("Motion", &[PICTURE]);
    let mut busy = Client::connect(address);
    busy.begin("camera@example.com");
    busy.send(&mail[..500]);
    let mut idle = Client::connect(address);
    idle.must("EHLO camera", "250");
    server.terminate();
    assert!(idle.hear().starts_with("421"), "who is idle is told");
    wait_for("the closed door", || std::net::TcpStream::connect(address).err());
    busy.send(&mail[500..]);
    let reply = busy.say(".");
    assert!(reply.starts_with("250"), "{reply}");
    assert!(server.wait());
    assert_eq!(home.incidents().len(), 1);
    // What was acknowledged last is delivered, at the latest after the next start.
    let server = home.start();
    hook.wait_for(1);
    server.stop();
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let home = Home::new("");
    let server = home.start();
    let output = home.command(&["run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("already running"), "{error}");
    server.stop();
}

#[test]
fn health_and_metrics_show_the_state() {
    let hook = Hook::start();
    hook.behave(Manner::HangUp);
    let home = Home::new(&hook.channel());
    let server = home.start();
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert_eq!(server.get("/healthz"), "ok\n");
    let metrics = wait_for("the failed attempt in the metrics", || {
        let metrics = server.get("/metrics");
        metrics
            .contains("tipoff_attempts_total{channel=\"hook\",state=\"pending\"}")
            .then_some(metrics)
    });
    for line in [
        "tipoff_arrivals_total{receiver=\"smtp\",torn=\"false\"} 1",
        "tipoff_deliveries_pending{channel=\"hook\"} 1",
        "tipoff_store_seconds_count{receiver=\"smtp\"} 1",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line} is not in\n{metrics}");
    }
    hook.behave(Manner::Fine);
    wait_for("the alert in the metrics", || {
        let metrics = server.get("/metrics");
        let line = "tipoff_alert_seconds_count{channel=\"hook\"} 1";
        metrics.lines().any(|it| it == line).then_some(())
    });
    server.stop();
}

#[test]
fn the_log_is_json_on_request_and_contains_no_secret() {
    let home =
        Home::new("[access]\nuser = \"front\"\npassword = \"s3cret-word\"\nrequire_login = true\n");
    let mut command = home.command(&["run", "--log", "json", "--log-level", "debug"]);
    command.env("RUST_BACKTRACE", "0");
    let server = crate::harness::Server::start(command);
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.must("MAIL FROM:<camera@example.com>", "530");
    client.must("AUTH LOGIN", "334");
    client.must("ZnJvbnQ=", "334");
    client.must("d3JvbmctczNjcmV0", "535");
    // \0front\0s3cret-word
    client.must("AUTH PLAIN AGZyb250AHMzY3JldC13b3Jk", "235");
    client.must("MAIL FROM:<camera@example.com>", "250");
    client.must("QUIT", "221");
    wait_for("the conversation in the log", || server.log().contains("QUIT").then_some(()));
    let log = server.log();
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line)
            .unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    for secret in ["s3cret-word", "AGZyb250AHMzY3JldC13b3Jk", "d3JvbmctczNjcmV0", "wrong-s3cret"] {
        assert!(!log.contains(secret), "{secret} is in\n{log}");
    }
    server.stop();
}

/// Whatever else is looked for at the start, cameras come first.
#[test]
fn a_slow_program_delays_no_device() {
    use std::os::unix::fs::PermissionsExt;
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    std::fs::create_dir(home.file("bin")).unwrap();
    let go = home.file("go");
    let script = format!(
        "#!/bin/sh\nwhile [ ! -e {} ]; do /bin/sleep 0.05; done\necho ffmpeg version 9.9\n",
        go.display(),
    );
    for program in ["bin/ffmpeg", "bin/ffprobe"] {
        let path = home.put(program, script.as_bytes());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = home.command(&["run"]);
    command.env("PATH", home.file("bin"));
    let server = crate::harness::Server::start(command);
    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    assert!(!server.log().contains("ffmpeg"), "it is still asked: {}", server.log());
    std::fs::write(go, "").unwrap();
    hook.wait_for(1);
    assert!(server.log().contains("ffmpeg=\"9.9\""), "{}", server.log());
    server.stop();
}
