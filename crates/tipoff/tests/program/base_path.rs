//! The dashboard below a path of a reverse proxy: which headers name it, and what follows from it.

use crate::harness::{Home, Server};
use crate::hostile_browser::{Answer, ask};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
/// As Home Assistant writes it.
const INGRESS: &str = "/api/hassio_ingress/aB3-_xYz";

/// The base that the login page names, through a proxy with these headers.
fn base(server: &Server, headers: &[&str]) -> (String, Answer) {
    let answer = ask(server, "GET /login", &[&["Host: localhost"], headers].concat(), "");
    let (_, rest) = answer.body.split_once("<base href=\"").unwrap_or_default();
    (rest.split('"').next().unwrap().to_owned(), answer)
}

fn home(trusted: &str, more: &str) -> Home {
    Home::new(&format!(
        "[http]\nlisten = \"127.0.0.1:0\"\ntrusted_proxies = [\"{trusted}\"]\n{more}"
    ))
}

/// A login with these headers; the answer has the cookie.
fn log_in(server: &Server, path: &str, headers: &[&str], next: &str) -> Answer {
    let form = format!("password=correct-horse&next={next}");
    let headers = [&["Host: localhost", FORM], headers].concat();
    ask(server, &format!("POST {path}"), &headers, &form)
}

fn set_password(server: &Server) {
    let link = server.setup_link();
    let (_, key) = link.split_once("key=").unwrap();
    let form = format!("key={key}&password=correct-horse");
    assert_eq!(ask(server, "POST /setup", &["Host: localhost", FORM], &form).status, 303);
}

#[test]
fn only_a_trusted_proxy_names_the_base_path() {
    let prefix = "X-Forwarded-Prefix: /cams/";
    let ingress = format!("X-Ingress-Path: {INGRESS}");
    for trusted in ["127.0.0.1", "192.0.2.1"] {
        let is_trusted = trusted == "127.0.0.1";
        let home = home(trusted, "");
        let server = home.start();
        for (header, expected) in [(prefix, "/cams/"), (&ingress, &format!("{INGRESS}/"))] {
            let (base, answer) = base(&server, &[header]);
            let (expected, framed) =
                if is_trusted { (expected, header == ingress) } else { ("/", false) };
            assert_eq!(base, expected, "{trusted} {header}");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("base-uri 'self'"), "{policy}");
            let ancestors =
                if framed { "frame-ancestors 'self'" } else { "frame-ancestors 'none'" };
            assert!(policy.ends_with(ancestors), "{trusted} {header}: {policy}");
            let options = if framed { "SAMEORIGIN" } else { "DENY" };
            assert_eq!(answer.header("x-frame-options"), options, "{trusted} {header}");
        }
        server.stop();
    }
    // The address alone does not prove a proxy if there is a secret.
    let home = home("127.0.0.1", "proxy_secret = \"0123456789abcdef\"\n");
    let server = home.start();
    let secret = "X-Tipoff-Proxy-Secret: 0123456789abcdef";
    assert_eq!(base(&server, &[&ingress]).0, "/");
    assert_eq!(base(&server, &[&ingress, secret]).0, format!("{INGRESS}/"));
    server.stop();
}

#[test]
fn a_base_path_that_is_not_plain_is_ignored() {
    let home = home("127.0.0.1", "");
    let server = home.start();
    let long = format!("/{}", "x".repeat(200));
    for value in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\"><script>",
        "/a/../b",
        "/a, /b",
        "/%2f",
        "cams",
        &long,
    ] {
        for name in ["X-Forwarded-Prefix", "X-Ingress-Path"] {
            let (base, answer) = base(&server, &[&format!("{name}: {value}")]);
            assert_eq!(base, "/", "{name}: {value}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{name}: {value}");
        }
    }
    let twice = ["X-Forwarded-Prefix: /cams", "X-Forwarded-Prefix: /cams"];
    assert_eq!(base(&server, &twice).0, "/", "somebody besides the proxy added one");
    server.stop();
}

#[test]
fn cookies_and_redirects_stay_below_the_base_path() {
    let home = home("127.0.0.1", "public_url = \"https://example.org/cams\"\n");
    let server = home.start();
    assert_eq!(server.dashboard, "https://example.org/cams/");
    set_password(&server);
    for (tls, name) in [("http", "tipoff"), ("https", "__Secure-tipoff")] {
        let scheme = format!("X-Forwarded-Proto: {tls}");
        // A proxy that removes the path, and one that passes it on.
        for path in ["/login", "/cams/login"] {
            let answer = log_in(&server, path, &[&scheme], "/devices?text=a");
            assert_eq!(answer.header("location"), "/cams/devices?text=a");
            let cookies = answer.all("set-cookie");
            assert_eq!(cookies.len(), 2);
            for cookie in &cookies {
                assert!(cookie.starts_with(name), "{cookie}");
                assert!(cookie.contains("; Path=/cams"), "{cookie}");
                assert_eq!(cookie.ends_with("; Secure"), tls == "https", "{cookie}");
            }
            let cookie = format!("Cookie: {}", cookies[0].split(';').next().unwrap());
            let read = |path: &str| {
                let headers = ["Host: localhost", &scheme, &cookie];
                ask(&server, &format!("GET {path}"), &headers, "")
            };
            assert_eq!(read("/cams/settings").status, 200);
            assert_eq!(read("/settings").status, 200);
            assert_eq!(read("/camsettings").status, 404);
            let next = read("/cams/login?next=%2Fdevices");
            assert_eq!((next.status, next.header("location")), (303, "/cams/devices"));
        }
    }
    for next in ["//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example"] {
        let next = next.replace('%', "%25");
        assert_eq!(
            log_in(&server, "/cams/login", &[], &next).header("location"),
            "/cams/",
            "{next}"
        );
    }
    let stranger = ask(&server, "GET /cams/incidents/7?a=b", &["Host: localhost"], "");
    assert_eq!(stranger.header("location"), "/cams/login?next=%2Fincidents%2F7%3Fa%3Db");
    server.stop();
}

/// Home Assistant's Supervisor passes on the host name that the browser used, and the user who is logged in there.
#[test]
fn a_proxy_that_is_alone_at_its_address_is_believed_for_every_host_name() {
    let user = "proxy_user_header = \"X-Remote-User-Name\"\n";
    let ingress = format!("X-Ingress-Path: {INGRESS}");
    let headers = ["Host: homeassistant.example:8123", "X-Remote-User-Name: anna", &ingress];
    for (trusted, expected) in [("127.0.0.1", 200), ("192.0.2.1", 421)] {
        let home = home(trusted, &format!("proxy_alone = true\n{user}"));
        let server = home.start();
        let answer = ask(&server, "GET /settings", &headers, "");
        assert_eq!(answer.status, expected, "{}", answer.head);
        let api = ask(&server, "GET /api/v1/users", &headers, "");
        assert_eq!(api.status, expected, "{}", api.head);
        server.stop();
    }
    let home = home("127.0.0.1", "");
    let server = home.start();
    assert_eq!(ask(&server, "GET /login", &headers, "").status, 421);
    server.stop();
}

#[test]
fn devices_send_alarms_to_the_root_only() {
    let home = home(
        "127.0.0.1",
        "public_url = \"https://example.org/cams\"\n\
         [[device]]\nname = \"Yard\"\nuser = \"yard\"\npassword = \"yard-1234\"\n",
    );
    let server = home.start();
    let body = "{\"event\":\"motion\"}";
    let json = "Content-Type: application/json";
    let alarm =
        |path: &str| ask(&server, &format!("POST {path}"), &["Host: localhost", json], body);
    assert_eq!(alarm("/h/yard-1234").status, 200);
    assert_eq!(alarm("/cams/h/yard-1234").status, 404);
    assert_eq!(home.incidents().len(), 1);
    server.stop();
}
