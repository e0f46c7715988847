//! The HTTP port by TLS, and behind proxies.

use std::process::Command;

use crate::harness::{Home, Server, require, succeeded};

/// What curl was answered: the head, and what follows it.
fn curl(arguments: &[&str]) -> (String, String) {
    let output = Command::new(require("curl"))
        .args(["-s", "-k", "-i", "-m", "20"])
        .args(arguments)
        .output()
        .unwrap();
    succeeded(&output);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.to_ascii_lowercase(), body.to_owned())
}

/// Sets the password by a link; what the browser is given to keep.
fn set_password(server: &Server, scheme: &str, extra: &[&str]) -> String {
    let link = server.setup_link();
    let (_, key) = link.split_once("key=").unwrap();
    let form = format!("key={key}&password=correct-horse");
    let url = format!("{scheme}://{}/setup", server.http);
    let (head, _) = curl(&[&["--data", &form, &url], extra].concat());
    assert!(head.starts_with("http/1.1 303"), "{head}");
    head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().to_owned()
}

#[test]
fn a_tls_port_answers_nothing_without_tls() {
    let home = Home::new("[http]\nlisten = \"https://127.0.0.1:0\"\n");
    let server = home.start();
    assert!(server.dashboard.starts_with("https://127.0.0.1:"), "{}", server.dashboard);
    let plain = format!("http://{}", server.http);
    let by_tls = format!("https://{}", server.http);
    for path in ["/login", "/metrics", "/api/v1/incidents?text=x"] {
        let (head, body) = curl(&[&format!("{plain}{path}")]);
        assert!(head.starts_with("http/1.1 307"), "{head}");
        assert!(head.contains(&format!("location: {by_tls}{path}\r\n")), "{head}");
        assert_eq!(body, "");
    }
    let (head, body) = curl(&[&format!("{plain}/healthz")]);
    assert!(head.starts_with("http/1.1 200"), "programs that watch know no certificates: {head}");
    assert_eq!(body, "ok\n");
    let cookie = set_password(&server, "https", &[]);
    assert!(cookie.starts_with("__host-tipoff=") && cookie.ends_with("; secure"), "{cookie}");
    let (head, _) = curl(&[&format!("{by_tls}/login")]);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    server.stop();
}

#[test]
fn tls_works_on_any_port_and_its_login_is_invalid_without_tls() {
    let home = Home::new("");
    let server = home.start();
    let cookie = set_password(&server, "https", &[]);
    let (name, _) = cookie.split_once(';').unwrap();
    let name = name.replace("__host-", "__Host-");
    let plain_name = name.replace("__Host-", "");
    let page = |scheme: &str, cookie: &str| {
        let url = format!("{scheme}://{}/devices", server.http);
        curl(&["-H", &format!("Cookie: {cookie}"), &url]).0
    };
    assert!(page("https", &name).starts_with("http/1.1 200"));
    assert!(page("http", &name).starts_with("http/1.1 303"));
    assert!(page("https", &plain_name).starts_with("http/1.1 303"));
    server.stop();
}

const SECRET: &str = "correct-horse-battery";

#[test]
fn a_user_named_by_a_trusted_proxy_is_logged_in() {
    let proof = format!("X-Tipoff-Proxy-Secret: {SECRET}");
    let as_anna = ["-H", "Remote-User: anna", "-H", &proof];
    for (proxy, status) in [("127.0.0.1", "200"), ("192.0.2.1", "303")] {
        let home = Home::new(&format!(
            "[http]\nlisten = \"127.0.0.1:0\"\ntrusted_proxies = [\"{proxy}\"]\n\
             proxy_user_header = \"Remote-User\"\nproxy_secret = \"{SECRET}\"\n",
        ));
        let server = home.start();
        let url = format!("http://{}/settings", server.http);
        let (head, body) = curl(&[&as_anna[..], &[&url]].concat());
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{proxy}: {head}");
        let (head, _) = curl(&[&url]);
        assert!(head.starts_with("http/1.1 303"), "nobody is named: {head}");
        if status == "200" {
            changes_need_the_pages_proof(&server, &body);
            let extra = ["-H", "X-Forwarded-Proto: https", "-H", &proof];
            let secure = set_password(&server, "http", &extra);
            assert!(secure.ends_with("; secure"), "{secure}");
        }
        server.stop();
    }
}

fn changes_need_the_pages_proof(server: &Server, page: &str) {
    assert!(!page.contains("id=\"logout\""), "they leave where they have come in");
    let (_, rest) = page.split_once("name=\"csrf\" content=\"").unwrap();
    let (proof, _) = rest.split_once('"').unwrap();
    let url = format!("http://{}/api/v1/tokens", server.http);
    let ask = |proof: &str, user: &str| {
        let (proof, user) = (format!("X-CSRF-Token: {proof}"), format!("Remote-User: {user}"));
        let body = "{\"name\":\"x\",\"may_change\":false}";
        let secret = format!("X-Tipoff-Proxy-Secret: {SECRET}");
        curl(&["-H", &proof, "-H", &user, "-H", &secret, "--json", body, &url]).0
    };
    assert!(ask(proof, "anna").starts_with("http/1.1 201"));
    assert!(ask("", "anna").starts_with("http/1.1 403"));
    assert!(ask(proof, "bert").starts_with("http/1.1 403"));
}

/// One guesses behind a proxy, and only one has to wait.
#[test]
fn guesses_through_a_trusted_proxy_count_for_the_forwarded_address() {
    let home = Home::new("[http]\nlisten = \"127.0.0.1:0\"\ntrusted_proxies = \"127.0.0.1\"\n");
    let server = home.start();
    set_password(&server, "http", &[]);
    let guess = |address: &str| {
        let header = format!("X-Forwarded-For: {address}");
        let url = format!("http://{}/login", server.http);
        curl(&["-H", &header, "--data", "password=wrong-horse", &url]).0
    };
    let refused = (0..20).any(|_| guess("203.0.113.7").starts_with("http/1.1 429"));
    assert!(refused, "who guesses waits");
    assert!(guess("203.0.113.8").starts_with("http/1.1 403"), "others do not");
    server.stop();
}
