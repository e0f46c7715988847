//! Web pages that attack the dashboard from the owner's own browser, and programs that pretend to be the
//! reverse proxy.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::{Home, PATIENCE, Server};

/// An answer on the HTTP port.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = |line: &'_ str| -> bool {
            line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        let lines = self.head.lines().filter(|line| named(line));
        lines.filter_map(|line| line.split_once(": ")).map(|(_, value)| value).collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }
}

/// Asks with exactly these lines.
pub fn ask_raw(server: &Server, request: &str) -> Answer {
    let mut socket = TcpStream::connect(server.http).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).unwrap_or_default().parse().unwrap_or_default();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// Asks with these headers, and none besides those of the connection.
pub fn ask(server: &Server, what: &str, headers: &[&str], body: &str) -> Answer {
    let mut lines = format!("{what} HTTP/1.1\r\nConnection: close\r\n");
    for header in headers {
        lines.push_str(&format!("{header}\r\n"));
    }
    if !body.is_empty() {
        lines.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    ask_raw(server, &format!("{lines}\r\n{body}"))
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const JSON: &str = "Content-Type: application/json";

/// Every route, as far as it matters which part of the program answers.
const ROUTES: &[&str] = &[
    "GET /",
    "GET /login",
    "POST /login",
    "GET /setup?key=x",
    "POST /setup",
    "GET /settings",
    "GET /api",
    "GET /api/v1/incidents",
    "POST /api/v1/tokens",
    "DELETE /api/v1/tokens/1",
    "GET /api/v1/events",
    "GET /metrics",
    "GET /media/1/0/00/1.jpg",
    "GET /share/1/9/00",
    "GET /feed/tip_0/incidents.atom",
    "GET /act/x.y",
    "POST /act/x.y",
    "POST /hooks/me",
    "GET /assets/app.js",
    "GET /sw.js",
    "GET /nothing/like/it",
    "OPTIONS /api/v1/tokens",
];

/// DNS rebinding: a page of the internet lets its own name lead to this machine.
#[test]
fn requests_for_an_unknown_host_name_are_refused() {
    let home = Home::new("[http]\nlisten = \"127.0.0.1:0\"\nhosts = [\"cam.example.org\"]\n");
    let server = home.start();
    let port = server.http.port();
    for route in ROUTES {
        let answer = ask(&server, route, &[&format!("Host: evil.example:{port}")], "");
        assert_eq!(answer.status, 421, "{route}: {}", answer.head);
        assert!(answer.body.contains("hosts"), "{route}: it says what to do: {}", answer.body);
        assert_eq!(answer.all("set-cookie"), [""; 0], "{route}");
        let answer = ask(&server, route, &[&format!("Host: 127.0.0.1:{port}")], "");
        assert_ne!(answer.status, 421, "{route}");
    }
    let api = ask(&server, "GET /api/v1/incidents", &["Host: evil.example"], "");
    assert_eq!(api.header("content-type"), "application/problem+json");

    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let machine = machine.trim().split('.').next().unwrap().to_owned();
    for (host, status) in [
        (format!("[::1]:{port}"), 200),
        ("192.168.1.10:8080".to_owned(), 200),
        ("LocalHost.".to_owned(), 200),
        ("CAM.example.org".to_owned(), 200),
        (format!("{machine}.local:{port}"), 200),
        (machine.clone(), 200),
        (format!("{machine}.evil.example"), 421),
        ("evil.cam.example.org".to_owned(), 421),
        ("cam.example.org.evil.example".to_owned(), 421),
        ("127.0.0.1.nip.io".to_owned(), 421),
        ("localhost.evil.example".to_owned(), 421),
        ("2130706433".to_owned(), 421),
        ("localhost:80@evil.example".to_owned(), 400),
        ("localhost, evil.example".to_owned(), 400),
        (String::new(), 400),
    ] {
        let answer = ask(&server, "GET /login", &[&format!("Host: {host}")], "");
        assert_eq!(answer.status, status, "{host}");
    }
    let two = ["Host: localhost", "Host: evil.example"];
    assert_eq!(ask(&server, "GET /login", &two, "").status, 400);
    assert_eq!(ask(&server, "GET /login", &["Host: localhost", "Host: localhost"], "").status, 400);
    assert_eq!(ask(&server, "GET /login", &[], "").status, 400);
    let absolute = |target: &str, host: &str| {
        let route = format!("GET http://{target}/login");
        ask(&server, &route, &[&format!("Host: {host}")], "").status
    };
    assert_eq!(absolute("evil.example", "localhost"), 400);
    assert_eq!(absolute("localhost", "evil.example"), 400);
    assert_eq!(absolute("evil.example", "evil.example"), 421);
    assert_eq!(absolute("localhost", "localhost"), 200);
    // What a proxy says of the host is not asked for.
    let forwarded =
        ["Host: evil.example", "X-Forwarded-Host: localhost", "Forwarded: host=localhost"];
    assert_eq!(ask(&server, "GET /login", &forwarded, "").status, 421);
    // Programs that watch ask by whatever name they know, and are told nothing of incidents.
    for path in ["GET /healthz", "GET /readyz"] {
        assert_eq!(ask(&server, path, &["Host: pod-7.cluster.example"], "").status, 200);
        assert_eq!(ask_raw(&server, &format!("{path} HTTP/1.0\r\n\r\n")).status, 200);
    }
    assert!(server.log().contains("evil.example"), "{}", server.log());
    let lines = server.log().lines().filter(|line| line.contains("not ours")).count();
    assert_eq!(lines, 1, "once a minute:\n{}", server.log());
    server.stop();
}

/// The example of docs/dashboard.md, as somebody copies it.
fn documented_proxy() -> String {
    let page = std::fs::read_to_string("../../docs/dashboard.md").unwrap();
    let block = page.split("```toml\n").find(|block| block.contains("proxy_secret =")).unwrap();
    let block = block.split("```").next().unwrap();
    assert!(block.contains("proxy_user_header = \"Remote-User\""), "{block}");
    block.replace("127.0.0.1:8080", "127.0.0.1:0")
}

/// A page whose name leads to the machine reaches the port from the proxy's address, with any header.
#[test]
fn only_the_proxy_can_name_a_user() {
    let home = Home::new(&documented_proxy());
    home.put("proxy.secret", b"correct-horse-battery\n");
    let server = home.start();
    let port = server.http.port();
    let as_owner = "Remote-User: owner";
    let proof = "X-Tipoff-Proxy-Secret: correct-horse-battery";
    let settings = |headers: &[&str]| ask(&server, "GET /settings", headers, "").status;
    // As the proxy does it, and as everybody else may try to.
    assert_eq!(settings(&["Host: tipoff.example.org", as_owner, proof]), 200);
    for headers in [
        &[&*format!("Host: evil.example:{port}"), as_owner][..],
        &[&format!("Host: evil.example:{port}"), as_owner, proof],
        &["Host: tipoff.example.org", as_owner],
        &["Host: localhost", as_owner],
        &["Host: 127.0.0.1", as_owner, "X-Tipoff-Proxy-Secret: wrong-horse-battery"],
        &["Host: 127.0.0.1", as_owner, "X-Tipoff-Proxy-Secret: "],
        &["Host: 127.0.0.1", as_owner, proof, proof],
        &["Host: 127.0.0.1", as_owner, as_owner, proof],
        &["Host: 127.0.0.1", "Remote-User: owner, evil", proof],
        &["Host: 127.0.0.1", "Remote-User:", proof],
        &["Host: 127.0.0.1", proof],
    ] {
        assert!([303, 421].contains(&settings(headers)), "{headers:?}");
        let body = "{\"name\":\"x\",\"may_change\":true}";
        let made = ask(&server, "POST /api/v1/tokens", &[headers, &[JSON]].concat(), body);
        assert!([401, 421].contains(&made.status), "{headers:?}: {}", made.head);
    }
    server.stop();
}

#[test]
fn a_proxy_that_anybody_can_imitate_is_a_configuration_fault() {
    let proxy = "[http]\ntrusted_proxies = [\"127.0.0.1\"]\nproxy_user_header = \"Remote-User\"\n";
    for (more, fault) in [
        ("", "`proxy_user_header`"),
        ("proxy_secret = \"short\"\n", "16 characters"),
        ("proxy_secret = \"0123456789abcdef\"\n", ""),
        ("public_url = \"https://tipoff.example.org\"\n", ""),
        ("proxy_secret = \"0123456789abcdef\"\nproxy_role = \"admin\"\n", "owner, viewer"),
    ] {
        let home = Home::new(&format!("{proxy}{more}"));
        let output = home.command(&["check"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), fault.is_empty(), "{more}: {told}");
        assert!(told.contains(fault), "{more}: {told}");
        assert!(!told.contains("0123456789abcdef"), "{told}");
    }
}

/// Sets the password by the link that the start has printed; the cookie.
fn set_password(server: &Server) -> String {
    let link = server.setup_link();
    let (_, key) = link.split_once("key=").unwrap();
    let form = format!("key={key}&password=correct-horse");
    cookie(&ask(server, "POST /setup", &["Host: localhost", FORM], &form))
}

pub fn cookie(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}\n{}", answer.head, answer.body);
    let (pair, rest) = answer.header("set-cookie").split_once("; ").unwrap();
    assert!(rest.contains("HttpOnly") && rest.contains("SameSite=Lax") && rest.contains("Path=/"));
    pair.to_owned()
}

/// What the page's script shows with every change.
pub fn proof(server: &Server, cookie: &str) -> String {
    let page = ask(server, "GET /", &["Host: localhost", &format!("Cookie: {cookie}")], "");
    assert_eq!(page.status, 200, "{}", page.head);
    let (_, rest) = page.body.split_once("name=\"csrf\" content=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn another_site_changes_nothing_and_logs_nobody_in() {
    let home = Home::new("");
    let server = home.start();
    let cookie_line = format!("Cookie: {}", set_password(&server));
    let proof = format!("X-CSRF-Token: {}", proof(&server, &cookie_line[8..]));
    let own = format!("Origin: http://localhost:{}", server.http.port());
    let host = format!("Host: localhost:{}", server.http.port());
    let body = "{\"muted_for_s\":0}";
    let change = |more: &[&str]| {
        ask(&server, "PATCH /api/v1/house", &[&[&*host, &cookie_line, JSON], more].concat(), body)
            .status
    };
    assert_eq!(change(&[&proof]), 200);
    assert_eq!(change(&[&proof, &own]), 200);
    assert_eq!(change(&[&proof, &own, "Sec-Fetch-Site: same-origin"]), 200);
    for more in [
        &[][..],
        &["X-CSRF-Token: 00"],
        &[&proof, "Origin: http://evil.example"],
        &[&proof, "Origin: null"],
        &[&proof, "Origin: http://localhost:1"],
        &[&proof, "Sec-Fetch-Site: cross-site"],
        &[&proof, "Sec-Fetch-Site: same-site"],
        &[&proof, &own, "Sec-Fetch-Site: cross-site"],
    ] {
        assert_eq!(change(more), 403, "{more:?}");
    }
    // Nor does it log anybody in, which would let them work in the attacker's account.
    for (route, form) in
        [("POST /login", "password=correct-horse"), ("POST /setup", "key=x&password=correct-horse")]
    {
        for from in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
            let answer = ask(&server, route, &[&host, FORM, from], form);
            assert_eq!((answer.status, answer.all("set-cookie").len()), (403, 0), "{route} {from}");
        }
    }
    server.stop();
}

#[test]
fn a_login_is_always_a_new_one() {
    let home = Home::new("");
    let server = home.start();
    let first = set_password(&server);
    let enter = |before: &str| {
        let headers = ["Host: localhost", FORM, &*format!("Cookie: {before}")];
        cookie(&ask(&server, "POST /login", &headers, "password=correct-horse"))
    };
    let is_in = |cookie: &str| {
        let headers = ["Host: localhost", &*format!("Cookie: {cookie}")];
        ask(&server, "GET /settings", &headers, "").status == 200
    };
    let planted = "tipoff=0000000000000000000000000000000000000000000000000000000000000000";
    let second = enter(planted);
    assert_ne!(second, planted);
    assert!(!is_in(planted) && is_in(&second) && is_in(&first));
    let third = enter(&second);
    assert!(is_in(&third) && !is_in(&second), "the login that the browser had before is over");
    server.stop();
}

#[test]
fn private_answers_are_neither_cached_nor_framed() {
    let home = Home::new("");
    let server = home.start();
    let cookie = format!("Cookie: {}", set_password(&server));
    for (path, kind) in [
        ("GET /", "text/html; charset=utf-8"),
        ("GET /settings", "text/html; charset=utf-8"),
        ("GET /login", "text/html; charset=utf-8"),
        ("GET /api/v1/incidents", "application/json"),
        ("GET /api/v1/users", "application/json"),
        ("GET /api/v1/logins", "application/json"),
        ("GET /api/v1/incidents/99", "application/problem+json"),
        ("POST /api/v1/users", "application/problem+json"),
    ] {
        let answer = ask(&server, path, &["Host: localhost", &cookie], "");
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    server.stop();
}
