//! Links and tokens in the wrong hands: what they open, when they end, and where they must not stand.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::api::{curl, make_token};
use crate::harness::{Home, PATIENCE, PICTURE, Server, mail, send, succeeded, wait_for};
use crate::hook::Hook;

const PASSWORD: &str = "correct-horse";
/// Long after all of this.
const LATER_S: u64 = 32_503_680_000;

/// A browser that is logged in.
pub struct Person {
    cookie: String,
    proof: String,
}

impl Person {
    /// Sets the password by a link, and logs in.
    pub fn set_up(server: &Server) -> Self {
        let link = server.setup_link();
        let (_, key) = link.split_once("key=").unwrap();
        let head = post_form(server, "/setup", &format!("key={key}&password={PASSWORD}"));
        assert!(head.starts_with("HTTP/1.1 303"), "{head}");
        Self::of(server, &head)
    }

    /// Logs in.
    pub fn log_in(server: &Server) -> Self {
        let head = post_form(server, "/login", &format!("password={PASSWORD}"));
        Self::of(server, &head)
    }

    fn of(server: &Server, head: &str) -> Self {
        let set = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = format!("Cookie: {}", set.split(';').next().unwrap());
        let (status, page) = curl(server, "/overview", &["-H", &cookie]);
        assert_eq!(status, "200");
        let page = String::from_utf8(page).unwrap();
        let (_, rest) = page.split_once("name=\"csrf\" content=\"").unwrap();
        let proof = format!("X-CSRF-Token: {}", rest.split('"').next().unwrap());
        Self { cookie, proof }
    }

    /// What they are answered.
    pub fn ask(&self, server: &Server, method: &str, path: &str, body: &Value) -> (String, Value) {
        let body = body.to_string();
        let mut extra = vec!["-X", method, "-H", &self.cookie, "-H", &self.proof];
        if method != "GET" {
            extra.extend(["-H", "Content-Type: application/json", "-d", &body]);
        }
        let (status, body) = curl(server, path, &extra);
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    pub fn page(&self, server: &Server, path: &str) -> (String, String) {
        let (status, body) = curl(server, path, &["-H", &self.cookie]);
        (status, String::from_utf8(body).unwrap())
    }
}

/// Sends a form as a browser does that knows nothing; the head of the answer.
fn post_form(server: &Server, path: &str, form: &str) -> String {
    let url = format!("http://{}{path}", server.http);
    let output =
        Command::new("curl").args(["-s", "-i", "-m", "20", "--data", form, &url]).output().unwrap();
    succeeded(&output);
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    text.split("\n\n").next().unwrap().to_owned()
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

fn scene() -> (Hook, Home, Server) {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    let reply = send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    hook.wait_for_requests(1);
    (hook, home, server)
}

/// A signature as links have it, made with the key of this home.
pub fn sign(home: &Home, text: &str) -> String {
    let key = std::fs::read(home.data_dir().join("link.key")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(text.as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_token_that_changes_things_is_refused_in_an_address() {
    let (_hook, home, server) = scene();
    let change = make_token(&home, &["changer"]);
    let read = make_token(&home, &["reader", "--read"]);
    let feed = make_token(&home, &["feeder", "--feed"]);
    let feed_of = |token: &str| curl(&server, &format!("/feed/{token}/incidents.atom"), &[]);
    let (status, why) = feed_of(&change);
    assert_eq!(status, "403");
    assert!(String::from_utf8(why).unwrap().contains("--feed"), "it says what to do");
    assert_eq!(feed_of(&read).0, "200");
    assert_eq!(feed_of(&feed).0, "200");

    // A token for the feed opens the feed, and nothing else.
    let feed = bearer(&feed);
    for path in ["/", "/incidents/1", "/api", "/api/v1/incidents", "/api/v1/events", "/settings"] {
        let (status, body) = curl(&server, path, &["-H", &feed]);
        assert_eq!(status, "403", "{path}");
        assert!(!String::from_utf8_lossy(&body).contains("yard"), "{path}");
    }
    let retry = ["-X", "POST", "-H", &feed, "-H", "Content-Type: application/json", "-d", "{}"];
    assert_eq!(curl(&server, "/api/v1/incidents/1/retry", &retry).0, "403");

    // Wherever else in an address a token stands, it is refused, also beside a good one in a header.
    let good = bearer(&read);
    for path in [
        format!("/api/v1/incidents?token={change}"),
        format!("/api/v1/incidents?access_token={read}"),
        format!("/?token={change}"),
        format!("/login?next=/&t={change}"),
        format!("/incidents/{change}"),
        format!("/media/{change}/0/0/0"),
        format!("/feed/x/incidents.atom?token={change}"),
    ] {
        for extra in [&[][..], &["-H", &good]] {
            let (status, why) = curl(&server, &path, extra);
            assert_eq!(status, "400", "{path}");
            assert!(String::from_utf8(why).unwrap().contains("Authorization: Bearer"), "{path}");
        }
    }
    assert_eq!(curl(&server, "/api/v1/incidents?text=tip_top", &["-H", &good]).0, "200");
    let exposed = home.json(&["audit", "--what", "token.expose", "--json"]);
    assert_eq!(exposed[0]["object"], "changer");
    server.stop();
}

/// Pages, of which each `{}` stands for a number.
const PAGES: &[&str] = &[
    "/",
    "/devices",
    "/devices/{}",
    "/devices/{}/setup",
    "/devices/add",
    "/incidents/1",
    "/sessions",
    "/sessions/{}",
    "/channels",
    "/overview",
    "/settings",
    "/shares",
    "/audit",
    "/metrics",
    "/readyz",
];

/// A session in which a device says its password, and a mail.
fn speak_of_it(server: &Server) {
    let mut client = crate::harness::Client::connect(server.smtp[0]);
    client.must("EHLO camera", "250");
    client.say("AUTH LOGIN");
    client.say("eWFyZA==");
    client.say("aHVudGVyMi1kZXZpY2U=");
    client.say("QUIT");
    let reply = send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
}

/// Every page and every answer that a token which only reads can get.
#[test]
fn a_token_that_only_reads_sees_no_password() {
    let hook = Hook::start();
    let secrets = ["hunter2-device", "hunter2-channel", "hunter2-shared"];
    let home = Home::new(&format!(
        "{}secret = \"hunter2-channel\"\n\
         [access]\nuser = \"all\"\npassword = \"hunter2-shared\"\n\
         [[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"hunter2-device\"\n",
        hook.channel()
    ));
    let server = home.start();
    let person = Person::set_up(&server);
    let (status, added) =
        person.ask(&server, "POST", "/api/v1/devices", &json!({ "name": "Gate" }));
    assert_eq!(status, "201", "{added}");
    let given = added["password"].as_str().unwrap().to_owned();
    let setup = format!("/devices/{}/setup", added["id"]);
    assert!(person.page(&server, &setup).1.contains(&given), "an owner has to type it in");
    speak_of_it(&server);
    hook.wait_for_requests(1);
    let file = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    let broken = file.replace("user = \"yard\"", "user = yard");
    std::fs::write(home.file("tipoff.toml"), broken).unwrap();
    wait_for("the fault", || {
        person.page(&server, "/overview").1.contains("has a fault").then_some(())
    });

    let token = bearer(&make_token_of(&person, &server, "read"));
    let (_, document) = curl(&server, "/api", &["-H", &token]);
    let document: Value = serde_json::from_slice(&document).unwrap();
    let mut paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    paths.retain(|path| path != "/api/v1/events");
    paths.extend(PAGES.iter().map(|page| (*page).to_owned()));
    let mut seen = 0;
    for path in paths {
        for number in ["1", "2"] {
            let part = |part: &str| match part.starts_with('{') {
                true => number.to_owned(),
                false => part.to_owned(),
            };
            let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
            let (status, body) = curl(&server, &path, &["-H", &token]);
            let body = String::from_utf8_lossy(&body);
            for secret in secrets.iter().chain([&given.as_str(), &"aHVudGVyMi1kZXZpY2U="]) {
                assert!(!body.contains(secret), "{path}: {secret}");
            }
            seen += usize::from(status == "200");
        }
    }
    assert!(seen > 20, "{seen}");
    for path in [&setup[..], "/audit", "/shares", "/api/v1/audit", "/api/v1/shares"] {
        assert_eq!(curl(&server, path, &["-H", &token]).0, "403", "{path}");
    }
    server.stop();
}

fn make_token_of(person: &Person, server: &Server, scope: &str) -> String {
    let wanted = json!({ "name": format!("a {scope} token"), "scope": scope });
    let (status, made) = person.ask(server, "POST", "/api/v1/tokens", &wanted);
    assert_eq!(status, "201", "{made}");
    made["token"].as_str().unwrap().to_owned()
}

#[test]
fn tokens_are_listed_and_revoked_one_by_one() {
    let (_hook, home, server) = scene();
    let person = Person::set_up(&server);
    let kept = make_token(&home, &["kept", "--read"]);
    let first = make_token(&home, &["first", "--read"]);
    let second = make_token_of(&person, &server, "change");
    let asks = |token: &str| curl(&server, "/api/v1/incidents", &["-H", &bearer(token)]).0;
    assert_eq!(asks(&first), "200");
    let list = home.json(&["token", "--list", "--json"]);
    let of = |name: &str| {
        let found = list.as_array().unwrap().iter().find(|token| token["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {list}")).clone()
    };
    assert_eq!((&of("kept")["scope"], &of("kept")["used_at"]), (&json!("read"), &Value::Null));
    assert!(of("first")["used_at"].is_string(), "{list}");
    assert_eq!(of("a change token")["scope"], "change");
    let text = list.to_string() + &home.run(&["token", "--list"]);
    for token in [&kept, &first, &second] {
        assert!(!text.contains(token.as_str()));
    }
    home.run(&["token", "--revoke", &of("first")["id"].to_string()]);
    assert_eq!(
        (asks(&first), asks(&second), asks(&kept)),
        ("401".into(), "200".into(), "200".into())
    );
    let path = format!("/api/v1/tokens/{}", of("a change token")["id"]);
    assert_eq!(person.ask(&server, "DELETE", &path, &json!({})).0, "204");
    assert_eq!((asks(&second), asks(&kept)), ("401".into(), "200".into()));
    let output = home.command(&["token", "--revoke", "99"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    server.stop();
}

#[test]
fn shared_links_are_listed_counted_and_revoked_one_by_one() {
    let (_hook, home, server) = scene();
    let person = Person::set_up(&server);
    let make = |lasts_s: u64| {
        let wanted = json!({ "lasts_s": lasts_s });
        let (status, made) = person.ask(&server, "POST", "/api/v1/incidents/1/share", &wanted);
        assert_eq!(status, "200", "{made}");
        let url = made["url"].as_str().unwrap().to_owned();
        (made["id"].as_i64().unwrap(), url[url.find("/share/").unwrap()..].to_owned())
    };
    let ((first_id, first), (second_id, second), (_, short)) = (make(600), make(600), make(1));
    let opens = |path: &str| curl(&server, path, &[]).0;
    for _ in 0..3 {
        assert_eq!(opens(&first), "200");
    }
    assert_eq!(opens(&format!("{first}/1/0")), "200", "its picture");
    wait_for("the expiry", || (opens(&short) == "404").then_some(()));
    let (_, list) = person.ask(&server, "GET", "/api/v1/shares", &Value::Null);
    let list = list.as_array().unwrap();
    let ids: Vec<_> = list.iter().map(|link| link["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [second_id, first_id], "what has expired is not listed");
    assert_eq!((&list[1]["opened"], &list[0]["opened"]), (&json!(3), &json!(0)));
    assert_eq!((&list[1]["incident"], &list[1]["made_by"]), (&json!(1), &json!("owner")));
    let proof = first.rsplit('/').next().unwrap();
    let text = format!("{list:?}{}", person.page(&server, "/shares").1);
    assert!(!text.contains(proof), "a list gives nobody the link");

    let path = format!("/api/v1/shares/{first_id}");
    assert_eq!(person.ask(&server, "DELETE", &path, &json!({})).0, "204");
    assert_eq!(person.ask(&server, "DELETE", &path, &json!({})).0, "404");
    for path in [first.clone(), format!("{first}/1/0"), format!("{first}/1/0/rendition")] {
        assert_eq!(opens(&path), "404", "{path}");
    }
    assert_eq!(opens(&second), "200");
    // Signed as earlier versions did, which nobody can revoke; and with a number that is another's.
    let old = sign(&home, &format!("share/1/{LATER_S}"));
    let number = sign(&home, &format!("share/{second_id}/2/{LATER_S}"));
    for forged in [
        format!("/share/1/{LATER_S}/{old}"),
        format!("/share/2/{LATER_S}/{second_id}-{number}"),
        second.replace(&format!("{second_id}-"), &format!("{first_id}-")),
        format!("/share/1/{LATER_S}/{second_id}-"),
    ] {
        assert_eq!(opens(&forged), "404", "{forged}");
    }
    server.stop();
}

#[test]
fn a_link_to_a_file_opens_that_file_until_it_expires() {
    let (_hook, home, server) = scene();
    let token = make_token(&home, &["feeder", "--feed"]);
    let (_, feed) = curl(&server, &format!("/feed/{token}/incidents.atom"), &[]);
    let feed = String::from_utf8(feed).unwrap();
    let at = feed.find("/media/").unwrap();
    let path = feed[at..].split('"').next().unwrap();
    assert_eq!(curl(&server, path, &[]), ("200".to_owned(), PICTURE.to_vec()));
    let parts: Vec<&str> = path.split('/').collect();
    let (expires, signature) = parts[4].split_once('-').unwrap();
    let now_s = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let lasts_days = (expires.parse::<u64>().unwrap() - now_s) / 86_400;
    assert!((30..=31).contains(&lasts_days), "{lasts_days}");
    let signed = |text: String| sign(&home, &text);
    for (proof, status) in [
        (format!("{}-{}", 1, signed("media/1/0/1".to_owned())), "410"),
        (format!("{LATER_S}-{signature}"), "403"),
        (format!("{LATER_S}-{}", signed("media/1/0".to_owned())), "403"),
        (signed("media/1/0".to_owned()), "403"),
        (signature.to_owned(), "403"),
        (format!("{expires}-"), "403"),
        (format!("-{expires}-{signature}"), "403"),
        (format!("{LATER_S}-{}", signed(format!("media/1/0/{LATER_S}"))), "200"),
    ] {
        assert_eq!(curl(&server, &format!("/media/1/0/{proof}/1.jpg"), &[]).0, status, "{proof}");
    }
    let other = format!("/media/1/raw/{}/1.eml", parts[4]);
    assert_eq!(curl(&server, &other, &[]).0, "403", "another file of the same arrival");
    server.stop();
    // Nobody need keep a link open for as long as everybody else.
    let config = std::fs::read_to_string(home.file("tipoff.toml")).unwrap();
    let config = config.replace("http.listen", "http.media_links = \"2 h\"\nhttp.listen");
    std::fs::write(home.file("tipoff.toml"), config).unwrap();
    let server = home.start();
    let (_, feed) = curl(&server, &format!("/feed/{token}/incidents.atom"), &[]);
    let feed = String::from_utf8(feed).unwrap();
    let expires = feed[feed.find("/media/1/0/").unwrap() + 11..].split('-').next().unwrap();
    let lasts_h = (expires.parse::<u64>().unwrap() - now_s) / 3600;
    assert!((2..=3).contains(&lasts_h), "{lasts_h}");
    server.stop();
}

/// An open event stream.
struct Events(TcpStream);

impl Events {
    fn open(server: &Server, header: &str) -> Self {
        let mut socket = TcpStream::connect(server.http).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = server.http;
        let rest = "Connection: close\r\n\r\n";
        write!(socket, "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\n{header}\r\n{rest}")
            .unwrap();
        let mut head = [0; 15];
        socket.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        Self(socket)
    }

    /// Whether it is open, once everything that came of it is read.
    fn is_open(&mut self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let mut bytes = [0; 4096];
        loop {
            match self.0.read(&mut bytes) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    }

    fn ends(mut self, why: &str) {
        wait_for(why, || (!self.is_open()).then_some(()));
    }
}

#[test]
fn an_event_stream_ends_with_the_login_or_token_that_opened_it() {
    let (_hook, home, server) = scene();
    let person = Person::set_up(&server);
    let (one, other) = (Person::log_in(&server), Person::log_in(&server));
    let token = make_token(&home, &["watcher", "--read"]);
    let by_token = Events::open(&server, &bearer(&token));
    let mut by_other_token = Events::open(&server, &bearer(&make_token(&home, &["w2", "--read"])));
    let by_login = Events::open(&server, &one.cookie);
    let by_other_login = Events::open(&server, &other.cookie);
    let id = home.json(&["token", "--list", "--json"])[0]["id"].clone();
    assert_eq!(person.ask(&server, "DELETE", &format!("/api/v1/tokens/{id}"), &json!({})).0, "204");
    by_token.ends("the end of a revoked token's stream");
    assert_eq!(one.ask(&server, "POST", "/logout", &json!({})).0, "204");
    by_login.ends("the end at a logout");
    assert!(by_other_token.is_open(), "others go on");
    // Beside the server, by the command.
    set_password_by_command(&home);
    by_other_login.ends("the end at another password");
    assert!(by_other_token.is_open(), "others go on");
    assert_eq!(other.page(&server, "/overview").0, "303");

    // The role.
    let person = Person::log_in(&server);
    let anna = json!({ "name": "anna", "role": "owner", "password": "battery staple" });
    let (status, added) = person.ask(&server, "POST", "/api/v1/users", &anna);
    assert_eq!(status, "201", "{added}");
    let head = post_form(&server, "/login", "name=anna&password=battery+staple");
    let anna = Person::of(&server, &head);
    let as_owner = Events::open(&server, &anna.cookie);
    let path = format!("/api/v1/users/{}", added["id"]);
    assert_eq!(person.ask(&server, "PATCH", &path, &json!({ "role": "viewer" })).0, "204");
    as_owner.ends("the end with the role");
    let as_viewer = Events::open(&server, &anna.cookie);
    assert_eq!(person.ask(&server, "DELETE", &path, &json!({})).0, "204");
    as_viewer.ends("the end with the user");
    server.stop();
}

fn set_password_by_command(home: &Home) {
    let mut command = home.command(&["password"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_password_link_is_not_logged_and_works_once_within_an_hour() {
    let home = Home::new("");
    let out = home.file("out.log");
    let mut command = home.command(&["run", "--log-level", "trace"]);
    let server = Server::start_logging_to(
        {
            command.env("TIPOFF_TEST", "1");
            command
        },
        std::fs::File::create(&out).unwrap().into(),
    );
    assert!(!server.dashboard.contains("key="), "{}", server.dashboard);
    let (_, page) = curl(&server, "/login", &[]);
    assert!(String::from_utf8(page).unwrap().contains("tipoff password --link"));
    let key = |link: &str| link.split_once("key=").unwrap().1.to_owned();
    let (earlier, latest) = (key(&server.setup_link()), key(&server.setup_link()));
    let opens = |key: &str| {
        let (status, page) = curl(&server, &format!("/setup?key={key}"), &[]);
        status == "200" && String::from_utf8(page).unwrap().contains("name=\"key\"")
    };
    assert!(!opens(&earlier) && opens(&latest) && !opens("") && !opens(&"0".repeat(64)));
    let set = |key: &str, password: &str| {
        post_form(&server, "/setup", &format!("key={key}&password={password}"))
    };
    assert!(set(&latest, "short").starts_with("HTTP/1.1 400"), "the link stays good");
    // An hour later.
    let age = |by_ms: i64| {
        let script = "import sqlite3, sys\n\
            c = sqlite3.connect(sys.argv[1])\n\
            key, at = c.execute(\"SELECT value FROM meta WHERE key = 'setup-key'\").fetchone()[0].split('/')\n\
            c.execute(\"UPDATE meta SET value = ? WHERE key = 'setup-key'\", (f'{key}/{int(at) + int(sys.argv[2])}',))\n\
            c.commit()";
        let output = Command::new("python3")
            .args(["-c", script])
            .arg(home.data_dir().join("spool.db"))
            .arg(by_ms.to_string())
            .output()
            .unwrap();
        succeeded(&output);
    };
    age(-3_600_000);
    assert!(!opens(&latest));
    assert!(set(&latest, PASSWORD).starts_with("HTTP/1.1 403"));
    age(3_600_000 + 7_200_000);
    assert!(!opens(&latest), "a clock that is set back makes it last no longer");
    age(-7_200_000);
    assert!(opens(&latest));
    // Many at once: one of them sets it.
    let answers: Vec<String> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|number| {
                let (set, latest) = (&set, &latest);
                scope.spawn(move || set(latest, &format!("{PASSWORD}{number}")))
            })
            .collect();
        tries.into_iter().map(|tried| tried.join().unwrap()).collect()
    });
    let set_by = answers.iter().filter(|head| head.starts_with("HTTP/1.1 303")).count();
    let made = answers.iter().filter(|head| head.contains("set-cookie")).count();
    assert_eq!((set_by, made), (1, 1), "{answers:?}");
    assert!(!opens(&latest));
    server.stop();
    let log = std::fs::read_to_string(out).unwrap();
    assert!(!log.contains(&latest) && !log.contains(&earlier), "{log}");
}

/// A terminal shows it; a terminal in a container, whose engine keeps what is shown, does not.
#[test]
fn a_terminal_shows_the_link_that_sets_the_password() {
    let script = "import os, pty, sys\n\
        pid, fd = pty.fork()\n\
        if pid == 0:\n    os.execv(sys.argv[1], sys.argv[1:])\n\
        text = b''\n\
        while b'Try it' not in text:\n    text += os.read(fd, 4096)\n\
        os.kill(pid, 15)\n\
        print(text.decode())";
    for (container, shown) in [(None, true), (Some("podman"), false)] {
        if ["/.dockerenv", "/run/.containerenv"].iter().any(|it| std::path::Path::new(it).exists())
            && shown
        {
            continue;
        }
        let home = Home::new("");
        let run = home.command(&["run"]);
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(run.get_program()).args(run.get_args());
        match container {
            Some(kind) => command.env("container", kind),
            None => command.env_remove("container").env_remove("KUBERNETES_SERVICE_HOST"),
        };
        let output = command.output().unwrap();
        succeeded(&output);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.contains("/setup?key="), shown, "{container:?}: {text}");
    }
}

#[test]
fn a_login_redirects_only_to_our_own_pages() {
    let home = Home::new("");
    let server = home.start();
    Person::set_up(&server);
    let goes_to = |next: &str| {
        let head = post_form(&server, "/login", &format!("password={PASSWORD}&next={next}"));
        assert!(head.starts_with("HTTP/1.1 303"), "{head}");
        head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned()
    };
    for (next, expected) in [
        ("/incidents/1", "/incidents/1"),
        ("%2Fdevices%3Ftext%3Dfront%2520yard", "/devices?text=front%20yard"),
        ("/%2509/evil.example", "/"),
        ("/%09/evil.example", "/"),
        ("/%0A/evil.example", "/"),
        ("/%5Cevil.example", "/"),
        ("/%255Cevil.example", "/"),
        ("%2F%2Fevil.example", "/"),
        ("//evil.example", "/"),
        ("/.//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/@evil.example", "/"),
        ("%20//evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        assert_eq!(goes_to(next), expected, "{next}");
    }
    // The way to the login keeps the address, as one value.
    let mut socket = TcpStream::connect(server.http).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let host = server.http;
    write!(socket, "GET //evil.example HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let location = answer.lines().find(|line| line.to_lowercase().starts_with("location:"));
    assert!(location.is_none_or(|it| it.contains("/login?next=")), "{answer}");
    server.stop();
}
