//! A destination that is back: what waited for it comes within seconds, whatever happened meanwhile.

use std::time::{Duration, Instant};

use crate::harness::{Home, Server, mail, send, wait_for};
use crate::hook::{Hook, Manner, channel_at, files};

/// Alerts that wait.
const WAITING: usize = 200;
/// Restarts while they wait.
const RESTARTS: usize = 3;

fn motion(server: &Server) {
    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[b"\xff\xd8\xff\xd9"]));
    assert!(reply.starts_with("250"), "{reply}");
}

fn failed(server: &Server) {
    wait_for("the failure in the log", || server.log().contains("The channel fails").then_some(()));
}

/// The attempts that were made, of all deliveries.
fn attempts(server: &Server) -> u64 {
    let metrics = server.get("/metrics");
    let line = metrics.lines().find(|line| line.starts_with("tipoff_attempts_total{"));
    line.and_then(|line| line.split(' ').next_back()?.parse().ok()).unwrap_or_default()
}

#[test]
fn pending_alerts_arrive_within_seconds_of_the_return() {
    let address = Hook::nobody();
    let home =
        Home::new(&format!("[incidents]\nquiet = \"0 s\"\nflood = 0\n{}", channel_at(address)));
    let mut server = home.start();
    for _ in 0..WAITING {
        motion(&server);
    }
    for _ in 0..RESTARTS {
        failed(&server);
        server.stop();
        server = home.start();
    }
    // Sixteen at once fail together, and then one after the other.
    wait_for("more attempts", || (attempts(&server) >= 18).then_some(()));
    let hook = Hook::start_at(address);
    let back = Instant::now();
    hook.wait_for(1);
    let first = back.elapsed();
    let alerts = hook.wait_for(WAITING);
    let all = back.elapsed();
    assert!(first < Duration::from_secs(30) && all < Duration::from_secs(45), "{first:?} {all:?}");
    let mut incidents: Vec<_> = alerts.iter().map(|it| it["incident"].as_i64()).collect();
    incidents.sort_unstable();
    incidents.dedup();
    assert_eq!((incidents.len(), alerts.len()), (WAITING, WAITING), "each once");
    assert!(server.log().contains("The channel works again"));
    server.stop();
}

#[test]
fn hanging_connections_delay_no_alert_after_the_return() {
    let hook = Hook::start();
    hook.behave(Manner::Silent);
    let home = Home::new(&format!(
        "[incidents]\nquiet = \"0 s\"\nflood = 0\n{}",
        hook.channel() + TIMEOUT
    ));
    let server = home.start();
    for _ in 0..40 {
        motion(&server);
    }
    hook.wait_for_requests(16);
    failed(&server);
    hook.behave(Manner::Fine);
    let back = Instant::now();
    // Others hang meanwhile, but not those that begin now.
    hook.wait_for(24);
    assert!(back.elapsed() < Duration::from_secs(30), "{:?}", back.elapsed());
    let alerts = hook.wait_for(40);
    assert!(alerts.iter().all(|alert| files(alert).len() == 1));
    server.stop();
}

/// Of an answer.
const TIMEOUT: &str = "timeout = \"4 s\"\n";

#[test]
fn after_a_restart_a_failed_delivery_is_retried_at_once() {
    let home = Home::new("");
    let (go, tried) = (home.file("go"), home.file("tried"));
    let script = "echo x >> \"$1\"; test -e \"$0\"";
    home.configure(&format!(
        "[[channel]]\nname = \"siren\"\ntype = \"exec\"\n\
         command = [\"/bin/sh\", \"-c\", {script:?}, {:?}, {:?}]\n",
        go.to_str().unwrap(),
        tried.to_str().unwrap(),
    ));
    let server = home.start();
    motion(&server);
    let times = || std::fs::read_to_string(&tried).map_or(0, |text| text.lines().count());
    // After the fifth failure the pause is 12 s at least.
    wait_for("five attempts", || (times() >= 5).then_some(()));
    wait_for("the noted attempt", || {
        let attempts = home.incident(1)["deliveries"][0]["attempts"].as_array().unwrap().len();
        (attempts >= 5).then_some(())
    });
    server.stop();
    std::fs::write(&go, "").unwrap();
    let before = times();
    let server = home.start();
    let began = Instant::now();
    wait_for("the delivery", || {
        (home.incident(1)["deliveries"][0]["state"] == "delivered").then_some(())
    });
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(times(), before + 1);
    server.stop();
}
