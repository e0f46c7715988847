//! Transcripts of sessions: every line, no secret, and why something did not arrive.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::camera::{Camera, reset};
use crate::harness::{Client, Home, PICTURE, mail, require, send, wait_for};

/// The only kept session that fits.
fn session(home: &Home, fits: impl Fn(&Value) -> bool) -> Value {
    let line = wait_for("the session", || {
        let list = home.json(&["sessions", "--limit", "1000", "--json"]);
        list.as_array().unwrap().iter().find(|line| fits(line)).cloned()
    });
    home.json(&["sessions", "show", &line["session"].to_string(), "--json"])
}

fn by(outcome: &'static str) -> impl Fn(&Value) -> bool {
    move |line| line["outcome"] == outcome
}

/// What was said: `> ` by the device, `< ` by us, `* ` besides.
fn said(session: &Value) -> Vec<String> {
    let lines = session["lines"].as_array().unwrap();
    assert!(lines.is_sorted_by_key(|line| line["at_ms"].as_u64()));
    lines
        .iter()
        .map(|line| {
            let mark = match line["speaker"].as_str().unwrap() {
                "device" => '>',
                "us" => '<',
                _ => '*',
            };
            format!("{mark} {}", line["text"].as_str().unwrap())
        })
        .collect()
}

/// That what was said begins so, line by line, in this order and without any between.
fn assert_said(session: &Value, expected: &[&str]) {
    let said = said(session);
    let fits = said.len() == expected.len()
        && said.iter().zip(expected).all(|(line, beginning)| line.starts_with(beginning));
    assert!(fits, "{said:#?}\nis not\n{expected:#?}");
}

/// No file of the server holds any of these.
fn assert_nowhere(folder: &Path, secrets: &[String]) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_nowhere(&path, secrets);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}

#[test]
fn a_transcript_has_every_line_of_a_mail_session_but_not_its_content() {
    let home = Home::new("");
    let server = home.start();
    let picture = mail("Motion", &[PICTURE]);
    send(server.smtp[0], "camera@example.com", &picture);
    let session = session(&home, by("delivered"));
    let bytes = picture.len().to_string();
    let (thousands, rest) = bytes.split_at(bytes.len() - 3);
    assert_said(
        &session,
        &[
            "< 220 ",
            "> EHLO camera",
            "< 250-",
            "< 250-STARTTLS",
            "< 250-AUTH=LOGIN PLAIN",
            "< 250-AUTH LOGIN PLAIN CRAM-MD5",
            "< 250-PIPELINING",
            "< 250-8BITMIME",
            "< 250-SMTPUTF8",
            "< 250-CHUNKING",
            "< 250-ENHANCEDSTATUSCODES",
            "< 250 SIZE 50000000",
            "> MAIL FROM:<camera@example.com>",
            "< 250 2.1.0 Sender ok",
            "> RCPT TO:<me@example.com>",
            "< 250 2.1.5 Recipient ok",
            "> DATA",
            "< 354 ",
            &format!("* {thousands},{rest} bytes of a message."),
            "* It is stored as arrival 1 of incident 1.",
            "< 250 2.0.0 Stored as 1",
            "> QUIT",
            "< 221 2.0.0 Bye",
        ],
    );
    assert_eq!((&session["device"], &session["arrivals"]), (&"camera".into(), &json!([1])));
    assert_eq!((&session["hint"], &session["failed"]), (&Value::Null, &json!(false)));
    // By its device it is found, and people can read it.
    let found = home.json(&["sessions", "--device", "camera", "--json"]);
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert!(home.run(&["sessions", "--device", "other"]).contains("no such sessions"));
    assert!(home.run(&["sessions"]).contains("camera"));
    let shown = home.run(&["sessions", "show", &session["session"].to_string()]);
    assert!(shown.contains("ms > MAIL FROM:<camera@example.com>"), "{shown}");
    let missing = home.command(&["sessions", "show", "999"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    // A restart keeps it, and gives its number to nobody else.
    server.stop();
    let server = home.start();
    send(server.smtp[0], "camera@example.com", &picture);
    server.stop();
    let list = home.json(&["sessions", "--json"]);
    let numbers: Vec<_> = list.as_array().unwrap().iter().map(|it| &it["session"]).collect();
    assert_eq!(numbers, [&json!(2), &json!(1)]);
}

#[test]
fn no_password_is_in_any_file() {
    let home = Home::new(
        "[access]\nrequire_login = true\nuser = \"front\"\npassword = \"open-sesame-77\"\n",
    );
    let server = home.start();
    let secret = "open-sesame-77";
    let in_base64 = BASE64.encode(secret);
    let plain = BASE64.encode(format!("\0front\0{secret}"));
    let wrong = BASE64.encode("open-sesame-78");
    let login = |steps: &[(&str, &str)]| {
        let mut client = Client::connect(server.smtp[0]);
        client.must("EHLO camera", "250");
        for (line, code) in steps {
            client.must(line, code);
        }
        client.must("QUIT", "221");
    };
    login(&[(&format!("AUTH PLAIN {plain}"), "235")]);
    login(&[("AUTH PLAIN", "334"), (&plain, "235")]);
    login(&[("AUTH LOGIN", "334"), ("ZnJvbnQ=", "334"), (&in_base64, "235")]);
    login(&[("AUTH LOGIN ZnJvbnQ=", "334"), (&wrong, "535"), (&in_base64, "500")]);
    // One that does not notice that its way to log in is refused.
    login(&[("AUTH NTLM", "504"), ("ZnJvbnQ=", "500"), (&in_base64, "500"), (secret, "500")]);
    // One that means another kind of server.
    login(&[("USER front", "500"), (&format!("PASS {secret}"), "500")]);
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    let challenge = client.say("AUTH CRAM-MD5");
    let digest = digest(&challenge, secret);
    let response = BASE64.encode(format!("front {digest}"));
    client.must(&response, "235");
    client.must("QUIT", "221");

    let mut client = Client::connect(server.ftp[0]);
    client.must(secret, "500");
    client.must("USER front", "331");
    client.must("PASS open-sesame-78", "530");
    client.must("USER front", "331");
    client.must(&format!("pass {secret}"), "230");
    client.must(&format!("ACCT {secret}"), "230");
    client.must(&format!("SITE PSWD {secret} x"), "5");
    client.must("QUIT", "221");
    server.stop();

    let all = home.json(&["sessions", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 8);
    let ftp = session(&home, |line| line["protocol"] == "ftp");
    let lines = said(&ftp);
    for line in ["> ***", "> USER front", "> PASS ***", "> ACCT ***"] {
        assert!(lines.iter().any(|it| it == line), "{lines:#?}");
    }
    let wrong_plain = "open-sesame-78".to_owned();
    let secrets = [secret.to_owned(), in_base64, plain, wrong, wrong_plain, digest, response];
    assert_nowhere(&home.data_dir(), &secrets);
}

/// RFC 2195, section 2.
fn digest(challenge: &str, password: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let challenge = BASE64.decode(challenge.trim_start_matches("334 ")).unwrap();
    let mut mac = Hmac::<md5::Md5>::new_from_slice(password.as_bytes()).unwrap();
    mac.update(&challenge);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_refused_login_is_explained_even_without_a_known_device() {
    let home =
        Home::new("[access]\nrequire_login = true\nuser = \"front\"\npassword = \"s3cret\"\n");
    let server = home.start();
    let refused = |user: &'static str| {
        let mut client = Client::connect(server.smtp[0]);
        client.must("EHLO camera", "250");
        client.must(&format!("AUTH PLAIN {}", BASE64.encode(format!("\0{user}\0no"))), "535");
        drop(client);
        session(&home, move |line| line["login"] == user)
    };
    let unknown = refused("garden");
    assert_eq!((&unknown["outcome"], &unknown["device"]), (&"login_refused".into(), &Value::Null));
    assert_eq!(unknown["peer"], "127.0.0.1");
    let hint = unknown["hint"].as_str().unwrap();
    assert!(
        hint.starts_with("It tried to log in as \"garden\"; no device has this user."),
        "{hint}"
    );
    let lines = said(&unknown);
    assert_eq!(lines.last().unwrap(), "* It hung up.");
    assert!(lines.contains(&"> AUTH PLAIN ***".to_owned()), "{lines:#?}");
    let hint = refused("front")["hint"].clone();
    assert!(hint.as_str().unwrap().contains("the password is wrong"), "{hint}");
    // One that does not even try.
    let mut client = Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.must("MAIL FROM:<camera@example.com>", "530");
    drop(client);
    let hint = session(&home, |line| line["login"].is_null())["hint"].clone();
    assert!(hint.as_str().unwrap().contains("did not log in"), "{hint}");
    server.stop();
    let failed = home.json(&["sessions", "--failed", "--peer", "127.0.0.1", "--json"]);
    assert_eq!(failed.as_array().unwrap().len(), 3);
}

/// The first words of a client that knows TLS 1.0 and nothing else (RFC 2246, section 7.4.1.2).
fn client_hello_of_1999() -> Vec<u8> {
    let body = [&[3, 1], &[7; 32][..], &[0], &[0, 4, 0, 0x2F, 0, 5], &[1, 0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    [&[0x16, 3, 1, 0, length + 4, 1, 0, 0, length], &body[..]].concat()
}

#[test]
fn failed_encryption_says_what_to_change() {
    let home = Home::new("");
    let server = home.start();
    for address in [server.smtp[0], server.ftp[0]] {
        let mut old = TcpStream::connect(address).unwrap();
        old.write_all(&client_hello_of_1999()).unwrap();
        let protocol = if address == server.ftp[0] { "ftp" } else { "smtp" };
        let session = session(&home, move |line| {
            line["outcome"] == "tls_failed" && line["protocol"] == protocol
        });
        assert_said(
            &session,
            &["* It could not be encrypted: the device offers nothing newer than TLS 1.1."],
        );
        let hint = session["hint"].as_str().unwrap();
        assert!(hint.contains("switch encryption off in the device"), "{hint}");
    }
    // One that does not trust the certificate.
    let output = Command::new(require("curl"))
        .args(["--silent", "--max-time", "30", "--ssl-reqd", "--mail-from", "a@example.com"])
        .args(["--mail-rcpt", "me@example.com", "--upload-file"])
        .arg(home.put("mail.eml", &mail("Motion", &[PICTURE])))
        .arg(format!("smtp://127.0.0.1:{}/camera", server.port()))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let refused = session(&home, |line| {
        line["hint"].as_str().is_some_and(|hint| hint.contains("certificate"))
    });
    let lines = said(&refused);
    assert!(lines.contains(&"> STARTTLS".to_owned()), "{lines:#?}");
    server.stop();
}

#[test]
fn an_encrypted_session_names_its_protocol() {
    let home = Home::new("");
    let server = home.start();
    let output = Command::new(require("curl"))
        .args(["--silent", "--insecure", "--ssl-reqd", "--tls-max", "1.2", "--upload-file"])
        .arg(home.put("x.jpg", PICTURE))
        .args(["--user", "yard:secret-word"])
        .arg(format!("ftp://127.0.0.1:{}/x.jpg", server.ftp[0].port()))
        .output()
        .unwrap();
    crate::harness::succeeded(&output);
    server.stop();
    let session = session(&home, by("delivered"));
    assert!(session["tls"].as_str().unwrap().starts_with("TLS 1.2 (TLS_ECDHE_"));
    assert_eq!(session["login"], "yard");
    let lines = said(&session);
    for beginning in [
        "* Encrypted with TLS 1.2 (",
        "* A data connection from 127.0.0.1 to port ",
        "* It is encrypted with TLS 1.2 (",
        "* It is stored as arrival 1 of incident 1.",
        "< 226 ",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(beginning)), "{beginning}: {lines:#?}");
    }
    assert_nowhere(&home.data_dir(), &["secret-word".to_owned()]);
}

#[test]
fn a_torn_mail_is_reported() {
    let home = Home::new("");
    let server = home.start();
    let mut camera = Camera::connect(server.ftp[0], "yard");
    let mut data = camera.begin("STOR /a/x.jpg");
    data.write_all(&PICTURE[..100]).unwrap();
    reset(data);
    assert!(camera.control.hear().starts_with("426"));
    drop(camera);
    let upload = session(&home, |line| line["protocol"] == "ftp");
    assert_eq!((&upload["outcome"], &upload["arrivals"]), (&"torn".into(), &json!([1])));
    let lines = said(&upload);
    let at = lines.iter().position(|line| line == "> STOR /a/x.jpg").unwrap();
    let rest: Vec<_> = lines[at + 1..].iter().map(|line| line.get(..20).unwrap_or(line)).collect();
    assert!(
        rest[0].starts_with("< 150 ") && rest[1].starts_with("* A data connection"),
        "{rest:?}"
    );
    assert!(rest[3].starts_with("* What came of it is"), "{lines:#?}");
    assert!(rest[4].starts_with("< 426 "), "{lines:#?}");
    // A mail that breaks off.
    let mut client = Client::connect(server.smtp[0]);
    client.begin("camera@example.com");
    client.send(&mail("Motion", &[PICTURE])[..600]);
    drop(client);
    let torn = session(&home, |line| line["protocol"] == "smtp");
    assert_eq!((&torn["outcome"], &torn["arrivals"]), (&"torn".into(), &json!([2])));
    let tail: Vec<_> = said(&torn).into_iter().rev().take(3).collect();
    assert!(tail[2] == "* It hung up." && tail[1] == "* 600 bytes of a message.", "{tail:?}");
    assert!(torn["hint"].as_str().unwrap().contains("network of the device"));
    server.stop();
}

#[test]
fn idle_and_refused_sessions_are_reported() {
    let home = Home::new(
        "[smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_connections = 3\nmax_connections_per_address = 1\n",
    );
    let server = home.start();
    let first = Client::connect(server.smtp[0]);
    assert!(Client::silent(server.smtp[0]).hear().starts_with("421 4.7.0"));
    drop(first);
    let away = session(&home, by("turned_away"));
    assert_said(&away, &["< 421 4.7.0 Too many connections from your address, try again later"]);
    assert!(away["hint"].as_str().unwrap().contains("`max_connections_per_address` in `[smtp]`"));
    let silent = session(&home, by("nothing"));
    assert_said(&silent, &["< 220 ", "* It hung up."]);
    server.stop();
}

#[test]
fn an_endless_session_has_a_bounded_transcript() {
    let home = Home::new("");
    let server = home.start();
    let mut client = Client::connect(server.smtp[0]);
    for _ in 0..10_000 {
        client.must("NOOP", "250");
    }
    client.must("QUIT", "221");
    let long = format!("NOOP {}", "a".repeat(1_500));
    let mut client = Client::connect(server.smtp[0]);
    for _ in 0..500 {
        client.must(&long, "250");
    }
    client.must("QUIT", "221");
    server.stop();
    let list = home.json(&["sessions", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 2);
    for line in list.as_array().unwrap() {
        let session = home.json(&["sessions", "show", &line["session"].to_string(), "--json"]);
        let lines = said(&session);
        let bytes: usize = lines.iter().map(String::len).sum();
        assert!(lines.len() <= 400 && bytes <= 34 * 1024, "{} lines, {bytes}", lines.len());
        assert!(lines.iter().any(|line| line.ends_with("lines are left out here.")));
        assert!(lines[0].starts_with("< 220 ") && lines.last().unwrap().starts_with("< 221 "));
    }
}
