//! Devices that cannot use the certificate with an elliptic curve, and devices that are too old for TLS 1.2.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{Home, PICTURE, Server, mail, require, succeeded, wait_for};

const PORTS: &str = "[smtp]\nlisten = [\"127.0.0.1:0\", \"smtps://127.0.0.1:0\"]\n\
                     [ftp]\nlisten = [\"127.0.0.1:0\", \"ftps://127.0.0.1:0\"]\n";
const RSA_ONLY: [&str; 5] = ["-k", "--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"];

/// A home with a mail and a picture to send.
fn home(configuration: &str) -> Home {
    let home = Home::new(configuration);
    home.put("mail.eml", &mail("Motion", &[PICTURE]));
    home.put("x.jpg", PICTURE);
    home
}

fn curl(home: &Home, arguments: &[&str], options: &[&str]) -> Output {
    let mut command = Command::new(require("curl"));
    command.current_dir(home.file("")).args(["-sS", "-m", "60"]).args(options).args(arguments);
    command.output().unwrap()
}

/// Mails with STARTTLS and with TLS, uploads with AUTH TLS and with TLS, asks the HTTP port.
fn sends_everything(home: &Home, server: &Server, options: &[&str]) {
    let mail = ["--mail-from", "a@example.com", "--mail-rcpt", "b@example.com", "-T", "mail.eml"];
    let urls = [
        format!("smtp://{}/camera", server.smtp[0]),
        format!("smtps://{}/camera", server.smtp[1]),
        format!("ftp://cam:x@{}/a/x.jpg", server.ftp[0]),
        format!("ftps://cam:x@{}/b/x.jpg", server.ftp[1]),
        format!("https://{}/healthz", server.http),
    ];
    for url in &urls {
        let (arguments, more): (&[&str], &[&str]) = match url.split(':').next().unwrap() {
            "smtp" | "smtps" => (&mail, &["--ssl-reqd"]),
            "ftp" | "ftps" => (&["-T", "x.jpg", "--ftp-create-dirs"], &["--ssl-reqd"]),
            _ => (&[], &[]),
        };
        succeeded(&curl(home, &[arguments, more, &[url.as_str()]].concat(), options));
    }
}

/// How the kept sessions were encrypted.
fn encryptions(home: &Home) -> Vec<String> {
    let list = home.json(&["sessions", "--limit", "1000", "--json"]);
    let list = list.as_array().unwrap().iter();
    list.filter_map(|session| session["tls"].as_str().map(str::to_owned)).collect()
}

fn rsa_files(home: &Home) -> [PathBuf; 2] {
    ["rsa-key.pem", "rsa-certificate.pem"].map(|name| home.data_dir().join("tls").join(name))
}

/// The kind of key of the certificate that a client of TLS 1.2 sees with these options of `openssl s_client`.
fn key_seen(address: SocketAddr, options: &[&str]) -> String {
    let mut command = Command::new(require("openssl"));
    command.args(["s_client", "-starttls", "smtp", "-tls1_2", "-connect"]).arg(address.to_string());
    let output = command.args(options).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let kind = text.lines().find_map(|line| line.strip_prefix("Peer signature type: "));
    kind.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn a_device_that_knows_rsa_only_succeeds_at_its_first_try() {
    let home = home(PORTS);
    let server = home.start();
    sends_everything(&home, &server, &["-k", "--tls-max", "1.2"]);
    assert!(rsa_files(&home).iter().all(|file| !file.exists()), "nobody needed RSA");
    sends_everything(&home, &server, &RSA_ONLY);
    server.stop();
    let encryptions = encryptions(&home);
    let of = |cipher: &str| encryptions.iter().filter(|it| it.ends_with(cipher)).count();
    assert_eq!(of("(TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)"), 4, "{encryptions:?}");
    assert_eq!(encryptions.iter().filter(|it| it.contains("TLS_ECDHE_ECDSA_")).count(), 4);
    // The same certificate after the next start.
    let made = rsa_files(&home).map(|file| std::fs::read(file).unwrap());
    let server = home.start();
    sends_everything(&home, &server, &RSA_ONLY);
    assert_eq!(rsa_files(&home).map(|file| std::fs::read(file).unwrap()), made);
    server.stop();
}

#[test]
fn the_signatures_that_a_device_verifies_decide_as_well() {
    let home = home("");
    let server = home.start();
    assert_eq!(key_seen(server.smtp[0], &[]), "ECDSA");
    assert_eq!(key_seen(server.smtp[0], &["-sigalgs", "RSA+SHA256"]), "RSA");
    // It does not know the curve of the key.
    assert_eq!(key_seen(server.smtp[0], &["-groups", "X25519"]), "RSA-PSS");
    server.stop();
}

#[test]
fn the_owners_rsa_certificate_is_used_beside_the_first_one() {
    let home = home(
        "[smtp]\nlisten = [\"127.0.0.1:0\"]\ncertificate = { chain = \"ec.pem\", key = \"ec.key\" }\n\
         rsa_certificate = { chain = \"rsa.pem\", key = \"rsa.key\" }\n",
    );
    let make = |name: &str, key: &[&str]| {
        let mut command = Command::new(require("openssl"));
        command.current_dir(home.file("")).args(["req", "-x509", "-nodes", "-days", "2"]);
        command.args(key).args(["-subj", &format!("/CN={name}.example.com")]);
        command.args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
        succeeded(&command.output().unwrap());
    };
    make("ec", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    make("rsa", &["-newkey", "rsa:2048"]);
    let server = home.start();
    assert_eq!(key_seen(server.smtp[0], &[]), "ECDSA");
    assert_eq!(key_seen(server.smtp[0], &["-sigalgs", "RSA+SHA256"]), "RSA");
    assert!(rsa_files(&home).iter().all(|file| !file.exists()));
    server.stop();
}

#[test]
fn a_device_that_is_too_old_is_told_what_to_change() {
    let home = home(PORTS);
    let server = home.start();
    for (address, section) in [(server.smtp[1], "[smtp]"), (server.ftp[1], "[ftp]")] {
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(&hello(0x0301)).unwrap();
        client.read_to_end(&mut Vec::new()).unwrap();
        let hint = problem(&home, "nothing newer than TLS 1.1");
        assert!(hint.contains("switch encryption off in the device"), "{hint}");
        let word = match cfg!(feature = "legacy-tls") {
            true => format!("`legacy_tls = true` in `{section}`"),
            false => "built without old encryption".to_owned(),
        };
        wait_for("the hint", || problem_of(&home, &word).then_some(()));
    }
    server.stop();
}

/// A ClientHello of this version, with suites that every OpenSSL has, in one record.
fn hello(version: u16) -> Vec<u8> {
    let version = version.to_be_bytes();
    let body = [&version[..], &[7; 32], &[0, 0, 4, 0, 0x2f, 0, 0x35, 1, 0]].concat();
    let message = [&[1, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
    [&[22, 3, 1, 0, u8::try_from(message.len()).unwrap()][..], &message].concat()
}

fn sessions(home: &Home) -> Vec<Value> {
    home.json(&["sessions", "--json"]).as_array().unwrap().clone()
}

/// Whether a session has a hint with this word.
fn problem_of(home: &Home, word: &str) -> bool {
    sessions(home).iter().any(|it| it["hint"].as_str().is_some_and(|hint| hint.contains(word)))
}

/// The hint of a session with this line in its transcript.
fn problem(home: &Home, word: &str) -> String {
    wait_for(word, || {
        sessions(home).into_iter().find_map(|session| {
            let number = session["session"].to_string();
            let whole = home.run(&["sessions", "show", &number]);
            whole.contains(word).then(|| session["hint"].as_str().unwrap().to_owned())
        })
    })
}

#[cfg(feature = "legacy-tls")]
mod legacy {
    use super::*;

    const ALLOWED: &str = "[smtp]\nlisten = [\"127.0.0.1:0\", \"smtps://127.0.0.1:0\"]\n\
                           legacy_tls = true\n\
                           [ftp]\nlisten = [\"127.0.0.1:0\", \"ftps://127.0.0.1:0\"]\n\
                           legacy_tls = true\n";

    /// Runs the Python client; its output.
    fn device(home: &Home, what: &str, port: u16, version: &str, ciphers: &str) -> Output {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(require("python3"));
        command.current_dir(home.file("")).args(["-W", "ignore::DeprecationWarning"]);
        command.arg(folder.join("tests/program/uploaders/old_tls.py"));
        command.args([what, &port.to_string(), version, ciphers]).output().unwrap()
    }

    #[test]
    fn an_old_device_succeeds_at_its_first_try() {
        let home = home(ALLOWED);
        let server = home.start();
        let ports = [("smtp", server.smtp[0]), ("smtps", server.smtp[1]), ("ftp", server.ftp[0])];
        for (version, ciphers, chosen) in [
            ("TLSv1", "ALL", "TLSv1 "),
            ("TLSv1", "AES128-SHA", "TLSv1 AES128-SHA"),
            ("TLSv1_1", "ALL", "TLSv1.1 "),
            ("TLSv1_2", "AES128-SHA", "TLSv1.2 AES128-SHA"),
            ("TLSv1_2", "DHE-RSA-AES256-SHA", "TLSv1.2 DHE-RSA-AES256-SHA"),
            // These stay with rustls.
            ("TLSv1_2", "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"),
            ("TLSv1_2", "ALL", "TLSv1.2 ECDHE-ECDSA-"),
        ] {
            for (what, address) in ports {
                let output = device(&home, what, address.port(), version, ciphers);
                succeeded(&output);
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(said.starts_with(chosen), "{what} {version} {ciphers}: {said}");
            }
        }
        server.stop();
        let encryptions = encryptions(&home);
        for expected in ["TLS 1.0 (TLS_", "TLS 1.1 (TLS_", "TLS 1.2 (TLS_RSA_WITH_AES_128_CBC_SHA)"]
        {
            assert!(encryptions.iter().any(|it| it.starts_with(expected)), "{encryptions:?}");
        }
    }

    #[test]
    fn openssl_speaks_tls_1_0() {
        let home = home(ALLOWED);
        let server = home.start();
        let mut command = Command::new(require("openssl"));
        command.args(["s_client", "-tls1", "-cipher", "ALL:@SECLEVEL=0", "-crlf", "-quiet"]);
        command.args(["-connect", &server.smtp[1].to_string()]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = b"EHLO camera\nMAIL FROM:<a@example.com>\nRCPT TO:<b@example.com>\nDATA\n\
                      Subject: Motion\n\nSeen.\n.\nQUIT\n";
        child.stdin.as_mut().unwrap().write_all(lines).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("\n221 "), "{text}");
        assert_eq!(home.incidents().len(), 1, "{text}");
        server.stop();
    }

    #[test]
    fn modern_clients_stay_modern_where_old_ones_are_allowed() {
        let home = home(ALLOWED);
        let server = home.start();
        sends_everything(&home, &server, &["-k"]);
        server.stop();
        let encryptions = encryptions(&home);
        assert!(encryptions.iter().all(|it| it.starts_with("TLS 1.3 (TLS13_")), "{encryptions:?}");
    }

    #[test]
    fn the_setting_takes_effect_at_the_next_session() {
        let listen = "[smtp]\nlisten = [\"127.0.0.1:0\"]\n";
        let home = home(listen);
        let server = home.start();
        let tries = || device(&home, "smtp", server.smtp[0].port(), "TLSv1", "ALL");
        assert!(!tries().status.success());
        home.configure(&format!("{listen}legacy_tls = true\n"));
        wait_for("the setting", || tries().status.success().then_some(()));
        home.configure(listen);
        wait_for("the setting", || (!tries().status.success()).then_some(()));
        server.stop();
    }

    #[test]
    fn without_the_end_of_tls_the_content_shows_whether_an_upload_is_complete() {
        let home = home(ALLOWED);
        let server = home.start();
        succeeded(&device(&home, "abrupt", server.ftp[0].port(), "TLSv1", "ALL"));
        let torn = wait_for("both uploads", || {
            let all = crate::ftp_uploads::arrivals(&home);
            let torn: Vec<_> = all.iter().map(|it| it["torn"].as_bool().unwrap()).collect();
            (torn.len() == 2).then_some(torn)
        });
        assert_eq!(torn, [false, true]);
        server.stop();
    }

    #[test]
    fn a_hello_in_the_format_of_ssl_2_is_answered() {
        let home = home(ALLOWED);
        let server = home.start();
        // TLS 1.0; one suite, AES128-SHA; no session; 16 bytes of challenge.
        let hello = [&[0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16, 0, 0, 0x2f][..], &[7; 16]].concat();
        let answered = |mut socket: TcpStream| {
            socket.write_all(&hello).unwrap();
            let mut head = [0; 3];
            socket.read_exact(&mut head).unwrap();
            head
        };
        // A handshake record of TLS 1.0: the ServerHello.
        assert_eq!(answered(TcpStream::connect(server.smtp[1]).unwrap()), [22, 3, 1]);
        assert_eq!(answered(TcpStream::connect(server.ftp[1]).unwrap()), [22, 3, 1]);
        server.stop();
    }

    #[test]
    fn what_openssl_refuses_is_a_problem_of_the_session() {
        let home = home(ALLOWED);
        let server = home.start();
        let mut client = TcpStream::connect(server.smtp[1]).unwrap();
        client.write_all(&hello(0x0300)).unwrap();
        let _ = client.read_to_end(&mut Vec::new());
        let hint = problem(&home, "no version and no cipher that OpenSSL");
        assert!(hint.contains("too old for any encryption"), "{hint}");
        // It hangs up in the middle of the handshake.
        let mut client = TcpStream::connect(server.ftp[1]).unwrap();
        client.write_all(&hello(0x0301)).unwrap();
        client.read_exact(&mut [0; 5]).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        problem(&home, "the device hung up in the middle of the handshake");
        // It asks for another protocol.
        let mut command = Command::new(require("openssl"));
        command.args(["s_client", "-tls1", "-cipher", "ALL:@SECLEVEL=0", "-alpn", "http/1.1"]);
        command.args(["-connect", &server.smtp[1].to_string()]).stdin(Stdio::null());
        assert!(!command.output().unwrap().status.success());
        problem(&home, "it asks for another protocol than this port speaks");
        server.stop();
    }
}
