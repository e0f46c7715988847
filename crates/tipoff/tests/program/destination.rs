//! Destinations that are down, slow, busy or broken: nothing is lost, nobody else waits.

use std::time::Duration;

use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};
use crate::hook::{Hook, Manner, files};

fn scene(hook: &Hook) -> (Home, Server) {
    let home = Home::new(&format!("[incidents]\nquiet = \"0 s\"\n{}", hook.channel()));
    let server = home.start();
    (home, server)
}

fn motion(server: &Server) {
    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

#[test]
fn an_alert_arrives_after_any_failure_ends() {
    for manner in [
        Manner::Status("500 Internal Server Error"),
        Manner::Status("503 Service Unavailable"),
        Manner::Garbage,
        Manner::HangUp,
    ] {
        let hook = Hook::start();
        hook.behave(manner);
        let (home, server) = scene(&hook);
        motion(&server);
        hook.wait_for_requests(1);
        hook.behave(Manner::Fine);
        let alerts = hook.wait_for(1);
        assert_eq!(files(&alerts[0]), [PICTURE]);
        let keys: Vec<_> = hook
            .requests()
            .iter()
            .map(|request| request.header("idempotency-key").unwrap().to_owned())
            .collect();
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]), "{keys:?}");
        wait_for("the noted attempts", || {
            let incident = home.incident(1);
            let attempts = incident["deliveries"][0]["attempts"].as_array().unwrap().clone();
            (attempts.len() >= 2 && attempts[0]["error"].is_string()).then_some(())
        });
        server.stop();
    }
}

#[test]
fn a_busy_destination_is_retried_after_its_retry_after() {
    let hook = Hook::start();
    hook.behave(Manner::Status("429 Too Many Requests\r\nRetry-After: 2"));
    let (_home, server) = scene(&hook);
    motion(&server);
    hook.wait_for_requests(1);
    let refused_at = std::time::Instant::now();
    hook.behave(Manner::Fine);
    hook.wait_for(1);
    assert!(refused_at.elapsed() >= Duration::from_millis(1500));
    assert_eq!(hook.requests().len(), 2);
    server.stop();
}

#[test]
fn a_destination_that_never_answers_times_out_and_is_retried() {
    let (silent, alive) = (Hook::start(), Hook::start());
    silent.behave(Manner::Silent);
    let home = Home::new(&format!(
        "{}timeout = \"1 s\"\n{}",
        silent.channel().replace("\"hook\"", "\"silent\""),
        alive.channel(),
    ));
    let server = home.start();
    motion(&server);
    alive.wait_for(1);
    assert!(silent.alerts().is_empty());
    silent.wait_for_requests(1);
    silent.behave(Manner::Fine);
    assert_eq!(files(&silent.wait_for(1)[0]), [PICTURE]);
    server.stop();
}

#[test]
fn pending_deliveries_survive_a_restart() {
    let hook = Hook::start();
    hook.behave(Manner::HangUp);
    let (home, server) = scene(&hook);
    for _ in 0..5 {
        motion(&server);
    }
    hook.wait_for_requests(1);
    server.stop();
    hook.behave(Manner::Fine);
    let server = home.start();
    assert_eq!(hook.wait_for(5).len(), 5);
    server.stop();
}

#[test]
fn a_dead_channel_delays_no_other_and_is_logged_once() {
    let (dead, alive) = (Hook::start(), Hook::start());
    dead.behave(Manner::HangUp);
    let home = Home::new(&format!(
        "[incidents]\nquiet = \"0 s\"\n{}{}",
        dead.channel().replace("\"hook\"", "\"dead\""),
        alive.channel(),
    ));
    let server = home.start();
    for _ in 0..20 {
        motion(&server);
    }
    alive.wait_for(20);
    dead.wait_for_requests(2);
    let log = server.log();
    assert_eq!(log.matches("The channel fails").count(), 1, "{log}");
    server.stop();
}

#[test]
fn a_refused_alert_is_retried_only_on_request() {
    let hook = Hook::start();
    hook.behave(Manner::Status("400 Bad Request"));
    let (home, server) = scene(&hook);
    motion(&server);
    wait_for("the refusal", || (home.incidents()[0]["deliveries"]["refused"] == 1).then_some(()));
    hook.behave(Manner::Fine);
    assert_eq!(hook.requests().len(), 1);
    home.run(&["incidents", "retry", "1"]);
    hook.wait_for(1);
    server.stop();
}

#[test]
fn pictures_that_follow_come_as_one_follow_up() {
    let hook = Hook::start();
    let home = Home::new(&format!("[incidents]\nsettle = \"1 s\"\n{}", hook.channel()));
    let server = home.start();
    for _ in 0..4 {
        motion(&server);
    }
    let alerts = hook.wait_for(2);
    assert_eq!((&alerts[0]["kind"], files(&alerts[0]).len()), (&"first".into(), 1));
    assert_eq!((&alerts[1]["kind"], files(&alerts[1]).len()), (&"followup".into(), 3));
    assert_eq!(alerts[0]["incident"], alerts[1]["incident"]);
    server.stop();
    assert_eq!(hook.requests().len(), 2);
}

#[test]
fn a_program_gets_the_alert_and_its_files() {
    let home = Home::new("");
    let out = home.file("out");
    std::fs::create_dir(&out).unwrap();
    let script = "cat > \"$0/alert.json\"; cp \"$TIPOFF_MEDIA\" \"$0/picture\"; \
                  env > \"$0/environment\"; touch \"$0/done\"";
    home.configure(&format!(
        "[[channel]]\nname = \"siren\"\ntype = \"exec\"\n\
         command = [\"/bin/sh\", \"-c\", {script:?}, {:?}]\n",
        out.to_str().unwrap(),
    ));
    let mut command = home.command(&["run"]);
    command.env("TIPOFF_SEND_PASSWORD", "s3cret-word");
    let server = Server::start(command);
    motion(&server);
    wait_for("the program's end", || out.join("done").exists().then_some(()));
    assert_eq!(std::fs::read(out.join("picture")).unwrap(), PICTURE);
    let alert: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("alert.json")).unwrap()).unwrap();
    assert_eq!(alert["subject"], "Motion");
    let environment = std::fs::read_to_string(out.join("environment")).unwrap();
    assert!(environment.contains("TIPOFF_SUBJECT=Motion\n"), "{environment}");
    let path = alert["media"][0]["path"].as_str().unwrap();
    wait_for("the private folder's removal", || {
        (!std::path::Path::new(path).exists()).then_some(())
    });
    server.stop();
}

#[test]
fn routes_decide_which_channels_are_notified() {
    let (day, never) = (Hook::start(), Hook::start());
    let home = Home::new(&format!(
        "{}{}[[device]]\nname = \"Yard\"\nmatch = {{ from = \"yard@*\" }}\n\
         [[route]]\ndevices = [\"Yard\"]\nchannels = [\"never\"]\n\
         [[route]]\nchannels = [\"hook\"]\nbetween = \"00:00-24:00\"\n",
        day.channel(),
        never.channel().replace("\"hook\"", "\"never\""),
    ));
    let server = home.start();
    send(server.smtp[0], "street@example.com", &mail("Street", &[PICTURE]));
    send(server.smtp[0], "yard@example.com", &mail("Yard", &[PICTURE]));
    assert_eq!(day.wait_for(2).len(), 2);
    let alerts = never.wait_for(1);
    assert_eq!(alerts[0]["device"], "Yard");
    server.stop();
    assert_eq!(never.alerts().len(), 1);
}
