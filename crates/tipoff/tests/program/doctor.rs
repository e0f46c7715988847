//! `tipoff doctor`: what is wrong is found and told, what is fine is left as it is.

use std::net::{SocketAddr, TcpListener};
use std::process::Output;

use serde_json::Value;

use crate::harness::{Home, PICTURE, Server, mail, send};

/// The sections that listen at these addresses.
fn listening(smtp: &[String], ftp: SocketAddr, http: SocketAddr) -> String {
    format!("[smtp]\nlisten = {smtp:?}\n[ftp]\nlisten = [\"{ftp}\"]\n[http]\nlisten = \"{http}\"\n",)
}

/// What it says as JSON, and whether it exits with success.
fn ask(home: &Home) -> (Value, bool) {
    let output = home.command(&["doctor", "--json"]).output().unwrap();
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (said, output.status.success())
}

/// The findings about one thing: mark and what was found.
fn about<'a>(said: &'a Value, about: &str) -> Vec<(&'a str, &'a str)> {
    let checks = said["checks"].as_array().unwrap().iter();
    let of_it = checks.filter(|check| check["about"] == about);
    of_it.map(|it| (it["mark"].as_str().unwrap(), it["found"].as_str().unwrap())).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The server's own ports as those that it is asked about.
fn configured_as_it_runs(home: &Home, server: &Server) {
    let smtp = [server.smtp[0].to_string(), format!("smtps://{}", server.smtp[1])];
    home.configure(&listening(&smtp, server.ftp[0], server.http));
}

#[test]
fn on_a_fresh_machine_no_fault_is_found_and_no_file_is_made() {
    let home = Home::new("");
    let temporary = home.file("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let output = home.command(&["doctor"]).env("TMPDIR", &temporary).output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("will be made at the first start"), "{said}");
    assert!(said.contains("-> add a channel in the dashboard"), "{said}");
    assert!(said.contains("Nothing is wrong;"), "{said}");
    assert!(!home.data_dir().exists());
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_running_server_is_recognised_at_all_its_ports_and_keeps_running() {
    let ports = ["127.0.0.1:0".to_owned(), "smtps://127.0.0.1:0".to_owned()];
    let any = "127.0.0.1:0".parse().unwrap();
    let home = Home::new(&listening(&ports, any, any));
    let server = home.start();
    configured_as_it_runs(&home, &server);
    let (said, fine) = ask(&home);
    assert!(fine && said["works"] == true, "{said:#}");
    assert!(about(&said, "data folder")[0].1.contains("a Tipoff runs on it"), "{said:#}");
    assert!(about(&said, "certificate")[0].1.ends_with("valid until 2049-12-31"), "{said:#}");
    for (protocol, count) in [("SMTP port", 2), ("FTP port", 1), ("HTTP port", 1)] {
        let found = about(&said, protocol);
        assert_eq!(found.len(), count);
        for (mark, found) in found {
            assert_eq!(mark, "fine");
            assert!(found.ends_with("is answered by the running Tipoff"), "{said:#}");
        }
    }
    // The one with another data folder is told from it.
    let folder = home.file("other");
    let output = home.command(&["doctor", "--data-dir"]).arg(&folder).output().unwrap();
    assert!(text(&output).contains("by a Tipoff with another data folder"), "{}", text(&output));

    let reply = send(server.smtp[0], "camera@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    server.stop();
    let (said, fine) = ask(&home);
    assert!(fine, "{said:#}");
    assert!(about(&said, "data folder")[0].1.contains("no Tipoff runs on it"), "{said:#}");
    assert!(about(&said, "SMTP port")[0].1.ends_with("is free"), "{said:#}");
}

#[test]
fn all_faults_are_reported_at_once_and_exit_with_1() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = holder.local_addr().unwrap();
    let home = Home::new(&format!(
        "[smtp]\nlisten = [\"{held}\", \"192.0.2.1:2525\"]\n\
         certificate = {{ chain = \"chain.pem\", key = \"key.pem\" }}\n\
         [ftp]\nlisten = [\"127.0.0.1:0\"]\npassive_ports = \"{0}-{0}\"\n\
         [retention]\nmin_free = \"1000000 TB\"\n",
        held.port(),
    ));
    home.put("chain.pem", b"no certificate");
    home.put("data", b"no folder");
    // Never accepted and never answered: it is not waited for without end.
    let (said, fine) = ask(&home);
    assert!(!fine && said["works"] == false, "{said:#}");
    for (thing, word) in [
        ("data folder", "cannot be used"),
        ("disk", "less than [retention] min_free"),
        ("SMTP port", "held by another program"),
        ("FTP data ports", "none of"),
        ("certificate", "cannot read"),
    ] {
        let (mark, found) = about(&said, thing)[0];
        assert_eq!(mark, "wrong", "{said:#}");
        assert!(found.contains(word), "{said:#}");
    }
    assert!(about(&said, "SMTP port")[1].1.contains("not an address of this machine"), "{said:#}");
    assert_eq!(about(&said, "clock")[0].0, "fine");
    for check in said["checks"].as_array().unwrap() {
        assert_eq!(check["mark"] == "fine", check["advice"].is_null(), "{check}");
    }
    assert_eq!(home.command(&["doctor"]).output().unwrap().status.code(), Some(1));
}

#[test]
fn a_missing_ffmpeg_is_reported_with_its_consequences() {
    let home = Home::new("");
    let output = home.command(&["doctor"]).env("PATH", home.file("empty")).output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("apt install ffmpeg"), "{said}");
    home.configure("[video]\nconvert = false\n");
    let output = home.command(&["doctor"]).env("PATH", home.file("empty")).output().unwrap();
    assert!(!text(&output).contains("apt install"), "{}", text(&output));
}

#[test]
fn secrets_are_not_printed() {
    let home = Home::new(
        "[access]\nuser = \"camera\"\npassword = \"hunter2-secret\"\n\
         [[channel]]\ntype = \"telegram\"\nchat = 123456\n\
         token = \"110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw\"\n\
         [[channel]]\ntype = \"webhook\"\nurl = \"https://example.com/path-secret\"\n",
    );
    for arguments in [&["doctor"][..], &["doctor", "--json"], &["doctor", "--log-level", "trace"]] {
        let output = home.command(arguments).output().unwrap();
        let said = text(&output) + &String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("telegram (telegram), webhook (webhook)"), "{said}");
        for secret in ["secret", "AAHdq", "123456"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn a_wrong_configuration_is_reported_as_by_check() {
    let home = Home::new("[smtp]\nlisten = [\"127.0.0.1:0\"]\nidle = 5\n");
    let output = home.command(&["doctor"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("idle"));
}
