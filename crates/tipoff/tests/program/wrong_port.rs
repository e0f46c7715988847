//! Devices that come to the port of another protocol, over real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::camera::{connect_from, upload};
use crate::ftp_uploads::arrivals;
use crate::harness::{Client, Home, PATIENCE, PICTURE, Server, mail, require, send, wait_for};

/// The only kept session that fits.
fn session(home: &Home, fits: impl Fn(&Value) -> bool) -> Value {
    wait_for("the session", || {
        let list = home.json(&["sessions", "--limit", "1000", "--json"]);
        list.as_array().unwrap().iter().find(|line| fits(line)).cloned()
    })
}

fn hint(session: &Value) -> &str {
    session["hint"].as_str().unwrap_or_else(|| panic!("{session}"))
}

/// What a web client hears.
fn ask(socket: &mut TcpStream, request: &str) -> String {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn mail_at_the_ftp_port_is_received_and_the_right_port_named() {
    let home = Home::new("");
    let server = home.start();
    let reply = send(server.ftp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250 2.0.0 Stored"), "{reply}");
    let delivered = session(&home, |line| line["outcome"] == "delivered");
    assert_eq!(delivered["protocol"], "smtp");
    let (wrong, right) = (server.ftp[0].port(), server.port());
    for words in
        [format!("port {wrong}, which is the port for uploads"), format!("port to {right}")]
    {
        assert!(hint(&delivered).contains(&words), "{delivered}");
    }
    // Commands may come byte by byte, and all at once.
    let mut slow = Client::connect(server.ftp[0]);
    for byte in b"helo camera\r\n" {
        slow.send(&[*byte]);
    }
    assert!(slow.hear().starts_with("250 "));
    let mut hasty = Client::silent(server.ftp[0]);
    hasty.send(b"EHLO camera\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<me@b.c>\r\nQUIT\r\n");
    for code in ["220", "250", "250", "250", "221"] {
        let reply = hasty.hear();
        assert!(reply.starts_with(code), "{reply}");
    }
    // STARTTLS, by a client that insists on it.
    let output = Command::new(require("curl"))
        .args(["--silent", "--insecure", "--ssl-reqd", "--mail-from", "tls@example.com"])
        .args(["--mail-rcpt", "me@example.com", "--upload-file"])
        .arg(home.put("mail.eml", &mail("Motion", &[PICTURE])))
        .arg(format!("smtp://127.0.0.1:{wrong}/camera"))
        .output()
        .unwrap();
    crate::harness::succeeded(&output);
    // The port still takes uploads, also of commands whose beginnings are those of mail's.
    upload(server.ftp[0], "yard", "/1.jpg", PICTURE);
    let mut camera = Client::connect(server.ftp[0]);
    camera.must("HELP", "214");
    server.stop();
    assert_eq!(home.incidents().len(), 3);
}

#[test]
fn an_upload_at_the_mail_port_is_received_and_the_right_port_named() {
    let home = Home::new("");
    let server = home.start();
    upload(server.smtp[0], "yard", "/1.jpg", PICTURE);
    assert_eq!(arrivals(&home).len(), 1);
    let delivered = session(&home, |line| line["outcome"] == "delivered");
    assert_eq!((&delivered["protocol"], &delivered["login"]), (&"ftp".into(), &"yard".into()));
    let right = format!("Set the port to {} in the device", server.ftp[0].port());
    assert!(hint(&delivered).contains(&right), "{delivered}");
    // Encrypted, which begins with a command that mail has too.
    let output = Command::new(require("curl"))
        .args(["--silent", "--insecure", "--ssl-reqd", "--user", "tls:secret", "--upload-file"])
        .arg(home.put("x.jpg", &crate::ftp_uploads::picture(2)))
        .arg(format!("ftp://127.0.0.1:{}/x.jpg", server.port()))
        .output()
        .unwrap();
    crate::harness::succeeded(&output);
    // The port still takes mail.
    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    server.stop();
}

#[test]
fn the_wrong_port_opens_nothing_that_the_right_one_does_not() {
    let home = Home::new(
        "[access]\nrequire_login = true\nuser = \"all\"\npassword = \"all12345\"\n\
         [smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_connections_per_address = 1\n",
    );
    let server = home.start();
    let mut stranger = Client::connect(server.ftp[0]);
    stranger.must("EHLO camera", "250");
    stranger.must("MAIL FROM:<camera@example.com>", "530");
    let plain = |password: &str| BASE64.encode(format!("\0all\0{password}"));
    stranger.must(&format!("AUTH PLAIN {}", plain("wrong")), "535");
    // It is one of the connections that mail may have from its address.
    assert!(Client::silent(server.smtp[0]).hear().starts_with("421 4.7.0"));
    let mut second = Client::connect(server.ftp[0]);
    assert!(second.say("EHLO camera").starts_with("421"));
    stranger.must(&format!("AUTH PLAIN {}", plain("all12345")), "235");
    drop(stranger);
    let mut ftp = wait_for("the place of the one before", || {
        let mut client = Client::silent(server.smtp[0]);
        client.hear().starts_with("220").then_some(client)
    });
    ftp.must("USER all", "331");
    ftp.must("PASS wrong", "530");
    server.stop();
    let failed = session(&home, |line| line["outcome"] == "turned_away" && line["hint"] != "");
    assert!(hint(&failed).contains("max_connections_per_address"), "{failed}");
}

#[test]
fn a_receiver_that_is_switched_off_serves_nobody_at_other_ports() {
    let home = Home::new("[ftp]\nlisten = []\n");
    let server = home.start();
    let mut camera = Client::connect(server.smtp[0]);
    camera.must("USER yard", "421");
    assert_eq!(camera.hear(), "");
    let refused = session(&home, |line| line["outcome"] == "failed");
    for words in ["uploads by FTP to port", "switch FTP on"] {
        assert!(hint(&refused).contains(words), "{refused}");
    }
    server.stop();
}

#[test]
fn a_web_request_at_another_port_is_sent_to_the_right_one() {
    let home = Home::new("");
    let server = home.start();
    let right = server.http.port();
    let request = |from: &str, at: SocketAddr| {
        let host = format!("Host: 127.0.0.1:{}", at.port());
        let request = format!("POST /h/s3cret-word HTTP/1.1\r\n{host}\r\n\r\nUSER a\r\nEHLO a\r\n");
        ask(&mut connect_from(from, at), &request)
    };
    for (from, at) in [("127.0.0.11", server.smtp[0]), ("127.0.0.12", server.ftp[0])] {
        // The second one is asked while the address is known, and again answered.
        for _ in 0..2 {
            let answer = request(from, at);
            let location = format!("Location: http://127.0.0.1:{right}/h/s3cret-word\r\n");
            assert!(answer.starts_with("HTTP/1.1 307 ") && answer.contains(&location), "{answer}");
            assert!(answer.ends_with(&format!("alarms are at port {right}.\n")), "{answer}");
        }
        let named = session(&home, |line| line["peer"] == from);
        assert!(
            hint(&named).contains(&format!("Set the port to {right} in the device")),
            "{named}"
        );
        let shown = home.run(&["sessions", "show", &named["session"].to_string()]);
        assert!(!shown.contains("s3cret-word"), "{shown}");
    }
    // An address that spoke plain text before is greeted at once, and then refused.
    let mut plain = Client::over(connect_from("127.0.0.13", server.smtp[0]));
    plain.must("QUIT", "221");
    let answer = request("127.0.0.13", server.smtp[0]);
    assert!(answer.starts_with("220 ") && answer.contains("554 5.7.0"), "{answer}");
    let named = session(&home, |line| line["peer"] == "127.0.0.13" && line["outcome"] == "failed");
    assert!(hint(&named).contains("sends a web request"), "{named}");
    server.stop();
    assert!(home.incidents().is_empty());
}

/// Says nothing until the server hangs up.
fn waits_for_a_greeting(server: &Server, from: &str) {
    let mut socket = connect_from(from, server.http);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(socket.read(&mut [0]).unwrap(), 0);
}

#[test]
fn mail_and_ftp_at_the_http_port_are_named() {
    let home = Home::new("");
    let server = home.start();
    for (from, line, words) in [
        ("127.0.0.21", "EHLO camera\r\n", "It sends mail to port"),
        ("127.0.0.22", "USER yard\r\n", "It uploads by FTP to port"),
        ("127.0.0.25", "QUIT\r\n", "waited for a greeting"),
        (
            "127.0.0.26",
            "POST /alarm?x=s3cret-word HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "begins with `/h`",
        ),
    ] {
        ask(&mut connect_from(from, server.http), line);
        let named = session(&home, |line| line["peer"] == from);
        assert!(hint(&named).contains(words), "{named}");
    }
    // What is no push of a device, or a browser's, is not reported.
    for (from, more) in [("127.0.0.27", "Cookie: a=b\r\n"), ("127.0.0.28", "Origin: http://x\r\n")]
    {
        let request = format!("POST /alarm HTTP/1.1\r\nHost: x\r\n{more}Connection: close\r\n\r\n");
        ask(&mut connect_from(from, server.http), &request);
    }
    let health = "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    ask(&mut connect_from("127.0.0.28", server.http), health);
    // A browser leaves connections silent, too.
    let mut browser = connect_from("127.0.0.23", server.http);
    let healthy = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(ask(&mut browser, healthy).starts_with("HTTP/1.1 200"));
    std::thread::scope(|scope| {
        for from in ["127.0.0.23", "127.0.0.24"] {
            let server = &server;
            scope.spawn(move || waits_for_a_greeting(server, from));
        }
    });
    let named = session(&home, |line| line["peer"] == "127.0.0.24");
    let right = format!("{} for mail (SMTP), {} for uploads", server.port(), server.ftp[0].port());
    assert!(hint(&named).contains(&right), "{named}");
    server.stop();
    let list = home.json(&["sessions", "--json"]);
    let are_of = |peer: &str| list.as_array().unwrap().iter().any(|line| line["peer"] == peer);
    assert!(!["127.0.0.23", "127.0.0.27", "127.0.0.28"].into_iter().any(are_of), "{list}");
}
