//! A system without root certificates, such as an empty folder with a static program.

use crate::harness::Home;
use crate::hook::Hook;

#[test]
fn without_root_certificates_http_works_and_https_names_the_missing_package() {
    let hook = Hook::start();
    let channel = |name: &str, url: &str| {
        format!("[[channel]]\nname = {name:?}\ntype = \"webhook\"\nurl = {url:?}\n")
    };
    let home = Home::new(
        &(channel("local", &hook.url()) + &channel("remote", "https://127.0.0.1:9/alerts")),
    );
    let mut test = home.command(&["channels", "test"]);
    test.env("SSL_CERT_FILE", home.file("none")).env("SSL_CERT_DIR", home.file("none"));
    let output = test.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(hook.requests().len(), 1, "{said}");
    assert!(said.contains("Install ca-certificates"), "{said}");
    assert!(!output.status.success(), "{said}");
}
