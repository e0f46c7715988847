//! Certificates, and connections that begin otherwise than the port was meant for.

use std::process::Command;
use std::time::Instant;

use crate::harness::{Client, Home, PICTURE, Server, mail, require, send, wait_for};

fn certificate_seen(server: &Server) -> String {
    let output = Command::new(require("openssl"))
        .args(["s_client", "-starttls", "smtp", "-showcerts", "-connect"])
        .arg(format!("127.0.0.1:{}", server.port()))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let begin = text.find("-----BEGIN CERTIFICATE-----").unwrap_or_else(|| panic!("{text}"));
    let end = text.find("-----END CERTIFICATE-----").unwrap();
    text[begin..end].to_owned()
}

fn make_certificate(home: &Home, name: &str) {
    let output = Command::new(require("openssl"))
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj"])
        .arg(format!("/CN={name}"))
        .arg("-keyout")
        .arg(home.file("key.pem"))
        .arg("-out")
        .arg(home.file("chain.pem"))
        .output()
        .unwrap();
    crate::harness::succeeded(&output);
}

#[test]
fn the_certificate_is_made_once_and_kept() {
    let home = Home::new("");
    let server = home.start();
    let first = certificate_seen(&server);
    server.stop();
    let server = home.start();
    assert_eq!(certificate_seen(&server), first);
    server.stop();
}

#[test]
fn the_owners_certificate_is_used() {
    let home = Home::new(
        "[smtp]\ncertificate = { chain = \"chain.pem\", key = \"key.pem\" }\nlisten = [\"127.0.0.1:0\"]\n",
    );
    make_certificate(&home, "one.example.com");
    let server = home.start();
    let own = || std::fs::read_to_string(home.file("chain.pem")).unwrap();
    assert!(own().contains(&certificate_seen(&server)));
    // And a renewed one without a new start.
    make_certificate(&home, "two.example.com");
    wait_for("the renewed certificate", || {
        own().contains(&certificate_seen(&server)).then_some(())
    });
    // One that cannot be used changes nothing.
    let before = certificate_seen(&server);
    home.put("key.pem", b"no key");
    assert_eq!(certificate_seen(&server), before);
    wait_for("the word about it", || {
        server.log().contains("cannot be used; the old one stays").then_some(())
    });
    server.stop();
}

#[test]
fn a_certificate_added_later_is_used_and_a_bad_one_changes_nothing() {
    let home = Home::new("");
    let server = home.start();
    let made = certificate_seen(&server);
    let named = "[smtp]\nlisten = [\"127.0.0.1:0\"]\n\
                 certificate = { chain = \"chain.pem\", key = \"key.pem\" }\n";
    home.put("chain.pem", b"no certificate");
    home.configure(&format!("{named}max_message = \"1 MB\"\n"));
    wait_for("the word about it", || {
        server.log().contains("everything stays as it was").then_some(())
    });
    assert_eq!(certificate_seen(&server), made);
    let mut client = Client::connect(server.smtp[0]);
    client.send(b"EHLO camera\r\n");
    assert!(client.until("250 ").contains("SIZE 50000000"));

    make_certificate(&home, "one.example.com");
    home.configure(named);
    wait_for("the named certificate", || (certificate_seen(&server) != made).then_some(()));
    let own = std::fs::read_to_string(home.file("chain.pem")).unwrap();
    assert!(own.contains(&certificate_seen(&server)));
    server.stop();
}

#[test]
fn a_plain_client_works_on_the_tls_port() {
    let home = Home::new("[smtp]\nlisten = [\"smtps://127.0.0.1:0\"]\n");
    let server = home.start();
    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    server.stop();
}

#[test]
fn a_new_address_is_greeted_soon_and_a_known_one_at_once() {
    let home = Home::new("");
    let server = home.start();
    let began = Instant::now();
    drop(Client::connect(server.smtp[0]));
    assert!(began.elapsed().as_millis() < 5_000);
    // The fastest of a few: the machine may be busy.
    let fastest = (0..20)
        .map(|_| {
            let began = Instant::now();
            drop(Client::connect(server.smtp[0]));
            began.elapsed().as_millis()
        })
        .min();
    assert!(fastest < Some(100), "{fastest:?} ms");
    server.stop();
}

#[test]
fn a_change_from_plain_to_tls_succeeds_at_the_second_try() {
    let home = Home::new("");
    let server = home.start();
    drop(Client::connect(server.smtp[0]));
    let try_tls = || {
        let output = Command::new(require("curl"))
            .args(["--silent", "--insecure", "--max-time", "30", "--mail-from", "a@example.com"])
            .args(["--mail-rcpt", "me@example.com", "--upload-file"])
            .arg(home.put("mail.eml", &mail("Motion", &[PICTURE])))
            .arg(format!("smtps://127.0.0.1:{}/camera", server.port()))
            .output()
            .unwrap();
        output.status.success()
    };
    assert!(!try_tls());
    wait_for("the second try", || try_tls().then_some(()));
    assert_eq!(home.incidents().len(), 1);
    server.stop();
}
