//! The API against its own description: whatever is asked, nothing that is not described is answered,
//! and never an error of the server's.

use std::path::Path;
use std::process::Command;

use crate::camera::upload;
use crate::harness::{Home, PICTURE, Server, mail, send, succeeded, wait_for};
use crate::hook::{Hook, Manner};
use crate::pages::pages;

fn scene(hook: &Hook) -> (Home, Server, String) {
    let home = Home::new(&hook.channel());
    let server = home.start();
    let reply = send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    upload(server.ftp[0], "gate", "/1.jpg", &crate::ftp_uploads::picture(1));
    hook.wait_for_requests(1);
    let token = make_token(&home, &["tester"]);
    (home, server, token)
}

/// A new token, as the command prints it.
pub fn make_token(home: &Home, arguments: &[&str]) -> String {
    let printed = home.run(&[&["token"], arguments].concat());
    printed.split_whitespace().find(|word| word.starts_with("tip_")).unwrap().to_owned()
}

pub fn curl(server: &Server, path: &str, extra: &[&str]) -> (String, Vec<u8>) {
    let url = format!("http://{}{path}", server.http);
    let mut command = Command::new("curl");
    let output =
        command.args(["-s", "-m", "20", "-w", "\n%{http_code}", &url]).args(extra).output();
    let mut bytes = output.unwrap().stdout;
    let at = bytes.iter().rposition(|byte| *byte == b'\n').unwrap();
    let status = String::from_utf8(bytes.split_off(at)[1..].to_vec()).unwrap();
    (status, bytes)
}

#[test]
fn schemathesis_finds_no_fault() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/schemathesis");
    assert!(program.exists(), "schemathesis is not installed: ./test.sh installs it");
    let hook = Hook::start();
    hook.behave(Manner::Status("400 Bad Request"));
    let (home, server, token) = scene(&hook);
    let bearer = format!("Authorization: Bearer {token}");
    let (status, document) = curl(&server, "/api", &["-H", &bearer]);
    assert_eq!(status, "200");
    let document = home.put("openapi.json", &document);
    let output = Command::new(program)
        .current_dir(home.file(""))
        .arg("run")
        .arg(document)
        .args(["--url", &format!("http://{}", server.http), "-H", &bearer])
        .args(["--checks", "not_a_server_error,status_code_conformance"])
        .args(["--checks", "content_type_conformance,response_schema_conformance"])
        // One never ends, the others would end what it asks with.
        .args(["--exclude-path", "/api/v1/events", "--exclude-path", "/api/v1/password"])
        .args(["--exclude-path", "/api/v1/tokens/{id}"])
        .args(["--exclude-path", "/api/v1/users/{id}"])
        .args(["--max-examples", "20", "--request-timeout", "20", "--no-color"])
        .output()
        .unwrap();
    succeeded(&output);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    // The token gets everywhere but to what only people in person do: accounts, browsers, removals.
    let accounts = "16 operations returned only 401/403";
    let is_kept_out = told.replace(accounts, "").contains("only 401");
    assert!(told.contains("passed") && told.contains(accounts) && !is_kept_out, "{told}");
}

/// Every path that the description has, every page and every file, asked by nobody in particular.
#[test]
fn strangers_read_nothing() {
    let hook = Hook::start();
    let (home, server, token) = scene(&hook);
    let bearer = format!("Authorization: Bearer {token}");
    let (_, document) = curl(&server, "/api", &["-H", &bearer]);
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        for method in methods.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let json = ["-X", &method, "-H", "Content-Type: application/json", "-d", "{}"];
            let plain = ["-X", &method];
            let extra: &[&str] = if method == "GET" { &plain } else { &json };
            let (status, body) = curl(&server, &path, extra);
            assert_eq!(status, "401", "{method} {path}");
            assert!(!String::from_utf8_lossy(&body).contains("yard"), "{path}");
            asked += 1;
        }
    }
    assert!(asked >= 20, "{asked}");
    let pages = pages(1).map(|(page, _)| page);
    for page in pages.chain(["/api", "/api/v1/nothing"].map(str::to_owned)) {
        let (status, body) = curl(&server, &page, &[]);
        assert!(["303", "401", "404"].contains(&status.as_str()), "{page}: {status}");
        assert!(!String::from_utf8_lossy(&body).contains("yard"), "{page}");
    }
    // A forged link, a forged token, and a token that may only look.
    for forged in ["/share/1/99999999999/00", "/media/1/0/00/1.jpg"] {
        let (status, _) = curl(&server, forged, &[]);
        assert!(["403", "404"].contains(&status.as_str()), "{forged}: {status}");
    }
    let forged = format!("Authorization: Bearer tip_{}", "0".repeat(64));
    assert_eq!(curl(&server, "/api/v1/incidents", &["-H", &forged]).0, "401");
    let reader = format!("Authorization: Bearer {}", make_token(&home, &["reader", "--read"]));
    assert_eq!(curl(&server, "/api/v1/incidents", &["-H", &reader]).0, "200");
    let retry = ["-X", "POST", "-H", &reader, "-H", "Content-Type: application/json", "-d", "{}"];
    assert_eq!(curl(&server, "/api/v1/incidents/1/retry", &retry).0, "403");
}

/// What expat, which most feed readers parse with, makes of the feed.
#[test]
fn the_feed_is_read_by_programs_that_cannot_log_in() {
    let hook = Hook::start();
    let (home, server, _) = scene(&hook);
    let hostile = mail("Motion ]]> <b> & \u{1} \u{c} \" é", &[PICTURE]);
    assert!(send(server.smtp[0], "<i>&@example.com", &hostile).starts_with("250"));
    let token = make_token(&home, &["reader", "--read"]);
    let address = format!("/feed/{token}/incidents.atom");
    let (status, feed) = curl(&server, &address, &[]);
    assert_eq!(status, "200");
    let path = home.put("feed.xml", &feed);
    let script = "import sys, xml.etree.ElementTree as tree\n\
        atom = '{http://www.w3.org/2005/Atom}'\n\
        entries = tree.parse(sys.argv[1]).getroot().findall(atom + 'entry')\n\
        for entry in entries:\n    \
        print(entry.find(atom + 'link[@rel=\"enclosure\"]').get('href'))";
    let output = Command::new("python3").args(["-c", script]).arg(path).output().unwrap();
    succeeded(&output);
    let links = String::from_utf8(output.stdout).unwrap();
    let link = links.lines().last().unwrap();
    let path = link.split_once("//").unwrap().1.split_once('/').unwrap().1;
    assert_eq!(curl(&server, &format!("/{path}"), &[]), ("200".to_owned(), PICTURE.to_vec()));
    let none = format!("{address}?text=nothinglikeit");
    assert!(!String::from_utf8(curl(&server, &none, &[]).1).unwrap().contains("<entry>"));
    let forged = format!("/feed/tip_{}/incidents.atom", "0".repeat(64));
    assert_eq!(curl(&server, &forged, &[]).0, "404");
}

#[test]
fn a_full_disk_is_alive_and_not_ready() {
    let home = Home::new("[retention]\nmin_free = \"1 MB\"\n");
    let server = home.start();
    assert_eq!(curl(&server, "/readyz", &[]), ("200".to_owned(), b"ready\n".to_vec()));
    server.stop();
    home.configure("[retention]\nmin_free = \"100000 TB\"\n");
    let server = home.start();
    assert_eq!(curl(&server, "/healthz", &[]).0, "200");
    let (status, why) = curl(&server, "/readyz", &[]);
    assert_eq!(status, "503");
    assert!(why.starts_with(b"the disk is full"));
}

/// A part of a file, in whichever way it is stored, is that part of the whole.
#[test]
fn a_file_is_served_from_any_offset() {
    let hook = Hook::start();
    let (_home, server, token) = scene(&hook);
    let bearer = format!("Authorization: Bearer {token}");
    for file in ["/api/v1/arrivals/1/files/0", "/api/v1/arrivals/2/files/0"] {
        let whole = wait_for("the file", || {
            let (status, whole) = curl(&server, file, &["-H", &bearer]);
            (status == "200").then_some(whole)
        });
        let last = whole.len() - 1;
        for (range, expected) in [
            ("0-0".to_owned(), &whole[..1]),
            ("100-199".to_owned(), &whole[100..200]),
            ("1-".to_owned(), &whole[1..]),
            ("-7".to_owned(), &whole[whole.len() - 7..]),
            (format!("{last}-{}", last + 9), &whole[last..]),
        ] {
            let (status, part) = curl(&server, file, &["-H", &bearer, "-r", &range]);
            assert_eq!((status.as_str(), &*part), ("206", expected), "{file} {range}");
        }
        let beyond = format!("{}-", whole.len());
        assert_eq!(curl(&server, file, &["-H", &bearer, "-r", &beyond]).0, "416");
        let tag = format!(
            "If-None-Match: \"{}-0-{}\"",
            if file.contains("/1/") { 1 } else { 2 },
            whole.len()
        );
        assert_eq!(curl(&server, file, &["-H", &bearer, "-H", &tag]).0, "304");
    }
}

#[test]
fn an_incident_is_downloaded_as_one_file() {
    let hook = Hook::start();
    let (home, server, token) = scene(&hook);
    let bearer = format!("Authorization: Bearer {token}");
    let (status, zip) = curl(&server, "/api/v1/incidents/1/zip", &["-H", &bearer]);
    assert_eq!(status, "200");
    let zip = home.put("incident.zip", &zip);
    // A reader that is not ours.
    let folder = home.file("taken");
    let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
                  z.extractall(sys.argv[2])\nprint('\\n'.join(z.namelist()))";
    let output =
        Command::new("python3").args(["-c", script]).arg(zip).arg(&folder).output().unwrap();
    succeeded(&output);
    let names = String::from_utf8(output.stdout).unwrap();
    let expected = ["incident.json", "1-0-1.jpg", "1.eml", "2-0-1.jpg"];
    assert_eq!(names.lines().collect::<Vec<_>>(), expected);
    assert_eq!(std::fs::read(folder.join("1-0-1.jpg")).unwrap(), PICTURE);
    let mail = std::fs::read(folder.join("1.eml")).unwrap();
    assert!(mail.ends_with(&mail_end()), "as it came");
    let facts = std::fs::read(folder.join("incident.json")).unwrap();
    let facts: serde_json::Value = serde_json::from_slice(&facts).unwrap();
    assert_eq!(facts["arrivals"][0]["sender"], "yard@example.com");
    assert_eq!(curl(&server, "/api/v1/incidents/99/zip", &["-H", &bearer]).0, "404");
    server.stop();
}

fn mail_end() -> Vec<u8> {
    let mail = mail("Motion", &[PICTURE]);
    mail[mail.len() - 500..].to_vec()
}
