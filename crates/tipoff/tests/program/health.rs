//! `tipoff health`, as the health check of a container runs it.

use std::process::Output;

use serde_json::Value;

use crate::harness::{Home, wait_for};

fn ask(home: &Home, arguments: &[&str]) -> Output {
    home.command(&[&["health"], arguments].concat()).output().unwrap()
}

/// What it prints when it is healthy. The port answers a moment after the start.
fn healthy(home: &Home) -> String {
    let output = wait_for("health", || {
        let output = ask(home, &[]);
        output.status.success().then_some(output)
    });
    String::from_utf8(output.stdout).unwrap()
}

/// Why it is not healthy.
fn reason(home: &Home) -> String {
    let output = ask(home, &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// With the port that a server has.
fn configure(home: &Home, listen: &str, rest: &str) {
    home.configure(&format!("[http]\nlisten = \"{listen}\"\n{rest}"));
}

#[test]
fn a_ready_server_is_healthy_also_by_tls_and_without_the_secrets_of_its_configuration() {
    let home = Home::new("[http]\nlisten = \"https://127.0.0.1:0\"\n");
    let server = home.start();
    let port = server.http;
    let secret = "proxy_secret = { env = \"NOBODY_SETS_THIS\" }\ntrusted_proxies = [\"10.0.0.1\"]\n\
                  [access]\nuser = \"all\"\npassword = { file = \"nowhere\" }\n";
    configure(&home, &format!("https://{port}"), secret);
    assert_eq!(healthy(&home), "ready\n");
    let said: Value = serde_json::from_slice(&ask(&home, &["--json"]).stdout).unwrap();
    assert_eq!(said["ready"], true);
    // An edit with a fault changes nothing for the running program.
    configure(&home, &port.to_string(), "[[channel]\n");
    assert!(ask(&home, &[]).status.success());
    server.stop();
    configure(&home, &port.to_string(), "");
    assert!(reason(&home).contains("nothing listens"), "{}", reason(&home));
}

#[test]
fn a_server_that_cannot_store_is_not_healthy() {
    let home = Home::new("[retention]\nmin_free = \"1000000 GB\"\n");
    let server = home.start();
    configure(&home, &server.http.to_string(), "");
    wait_for("the answer", || reason(&home).contains("not ready").then_some(()));
    let output = ask(&home, &["--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!output.status.success() && said["ready"] == false, "{said}");
    // A mail server, to which it is asked by mistake.
    configure(&home, &server.smtp[0].to_string(), "");
    assert!(reason(&home).contains("is no Tipoff"), "{}", reason(&home));
    configure(&home, "off", "");
    assert!(reason(&home).contains("is off"), "{}", reason(&home));
    server.stop();
}

#[test]
fn a_server_that_expects_balancers_from_this_machine_is_asked_as_by_one() {
    let balancers = "proxy_protocol = [\"127.0.0.0/8\"]\n";
    let home = Home::new(&format!("[http]\nlisten = \"127.0.0.1:0\"\n{balancers}"));
    let server = home.start();
    configure(&home, &server.http.to_string(), balancers);
    healthy(&home);
    server.stop();
}
