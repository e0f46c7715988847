//! The first test of a camera, failing in every way that the page names: one page in one browser, one failure after the other.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use base64::Engine as _;
use serde_json::json;

use super::driver::{Browser, Screen};
use super::{add_device, axe_faults, page, set_up};
use crate::camera::{Camera, connect_from, reset};
use crate::harness::{Client, Home, PICTURE, Server, mail, require, wait_for};
use crate::hook::Hook;

/// The page, the server, and the login of the device that is added.
struct Scene<'a> {
    home: &'a Home,
    server: &'a Server,
    browser: &'a Browser,
    user: String,
    password: String,
}

impl Scene<'_> {
    /// The page names what to change.
    fn names(&self, failure: &str, words: &[&str]) {
        let shown = "document.querySelector('#finding')?.innerText";
        for words in words {
            self.browser.until(words, &format!("{shown}?.includes({})", json!(words)));
        }
        self.browser.run("document.querySelector('#finding').scrollIntoView({ block: 'center' })");
        self.browser.picture(&format!("first-test-{failure}"));
    }

    fn works(&self) -> bool {
        self.browser.run("return Boolean(document.querySelector('#works'))") == json!(true)
    }

    fn mail_client(&self, from: &str, at: SocketAddr) -> Client {
        let mut client = Client::over(connect_from(from, at));
        client.must("EHLO camera", "250");
        client
    }

    /// Logs in as the device and sends a mail.
    fn mails(&self, from: &str, at: SocketAddr, password: &str, pictures: &[&[u8]]) {
        let mut client = self.mail_client(from, at);
        let plain = format!("\0{}\0{password}", self.user);
        let plain = base64::prelude::BASE64_STANDARD.encode(plain);
        client.must(&format!("AUTH PLAIN {plain}"), "235");
        finish(client, pictures);
    }

    fn ftp(&self, from: &str, at: SocketAddr) -> Camera {
        Camera::from(from, at, &self.user, &self.password)
    }
}

fn finish(mut client: Client, pictures: &[&[u8]]) {
    client.must("MAIL FROM:<camera@example.com>", "250");
    client.must("RCPT TO:<me@example.com>", "250");
    client.must("DATA", "354");
    client.send(&mail("Test", pictures));
    assert!(client.say(".").starts_with("250"));
    client.must("QUIT", "221");
}

/// The values of the table that are typed into the camera.
fn typed(browser: &Browser, label: &str) -> String {
    let value = browser.run(&format!(
        "return [...document.querySelectorAll('tbody tr')].find(row =>
            row.querySelector('th').innerText.toLowerCase().includes({}))
            .querySelector('code').innerText",
        json!(label)
    ));
    value.as_str().unwrap().to_owned()
}

/// A first visit with the page that waits; the scene with the device's login.
fn waiting<'a>(home: &'a Home, server: &'a Server, browser: &'a Browser) -> Scene<'a> {
    set_up(server, browser);
    add_device(server, browser, "Front yard");
    browser.until("the live page", "document.querySelector('#live.on')");
    let (user, password) = (typed(browser, "user"), typed(browser, "password"));
    Scene { home, server, browser, user, password }
}

#[test]
fn each_first_test_that_fails_is_named_with_what_to_change() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    let scene = waiting(&home, &server, &browser);
    nothing_comes(&scene);
    ports_and_greetings(&scene);
    logins(&scene);
    data_connections(&scene);
    arrivals_that_are_no_success(&scene);
    assert!(!scene.works());
    looks_right(&scene, "waits");
    successes_with_advice(&scene);
    looks_right(&scene, "works");
    assert_eq!(browser.errors(), Vec::<String>::new());
}

/// The checklist is there from the beginning; its link is for a phone without a login.
fn nothing_comes(scene: &Scene<'_>) {
    let browser = scene.browser;
    let state = "return [document.querySelector('#checklist').open,
        Number(document.querySelector('#again').dataset.again)]";
    let state = browser.run(state);
    assert_eq!(state[0], json!(false));
    assert!((1..=61).contains(&state[1].as_u64().unwrap()), "{state}");
    browser.click("#checklist summary");
    browser.until("the code", "document.querySelector('#checklist .qr').naturalWidth > 0");
    looks_right(scene, "checklist");
    let page = browser.address();
    let link = browser.run("return document.querySelector('#checklist a').href");
    let link = link.as_str().unwrap();
    assert!(link.ends_with(&format!(":{}/reach", scene.server.http.port())), "{link}");
    browser.go(link);
    browser.reads("This phone reaches Tipoff");
    browser.reads("127.0.0.1");
    looks_right(scene, "reach");
    let (status, _) = crate::api::curl(scene.server, "/reach", &[]);
    assert_eq!(status, "200", "without a login");
    browser.go(&page);
    browser.until("the live page", "document.querySelector('#live.on')");
}

fn ports_and_greetings(scene: &Scene<'_>) {
    let server = scene.server;
    let mut lost = connect_from("127.0.0.31", server.http);
    lost.write_all(b"EHLO camera\r\n").unwrap();
    let right = format!("Set the port to {}", server.port());
    scene.names("mail-to-http", &["sends mail to port", "web pages and alarms", &right]);
    let mut web = connect_from("127.0.0.32", server.smtp[0]);
    web.write_all(b"POST /h/x HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let right = format!("Set the port to {}", server.http.port());
    scene.names("alarm-to-mail", &["sends a web request to port", &right]);
    drop(connect_from("127.0.0.33", server.smtp[0]));
    scene.names("no-command", &["left without a word"]);
    scene.mail_client("127.0.0.34", server.smtp[0]).must("QUIT", "221");
    scene.names("no-mail", &["left without sending a mail", "sender and receiver"]);
    drop(scene.mail_client("127.0.0.35", server.smtp[0]));
    scene.names("hung-up", &["hung up after the greeting", "ehlo = false"]);
    old_tls(connect_from("127.0.0.36", server.smtp[0]));
    scene.names("old-tls", &["too old for today", "legacy_tls = true"]);
    let output = Command::new(require("curl"))
        .args(["--silent", "--max-time", "30", "--ssl-reqd", "--interface", "127.0.0.37"])
        .args(["--mail-from", "a@example.com", "--mail-rcpt", "me@example.com", "--upload-file"])
        .arg(scene.home.put("mail.eml", &mail("Motion", &[PICTURE])))
        .arg(format!("smtp://127.0.0.1:{}/camera", server.port()))
        .output()
        .unwrap();
    assert!(!output.status.success());
    scene.names("certificate", &["does not accept the certificate"]);
}

/// The first words of a client that knows TLS 1.0 and nothing else (RFC 2246, section 7.4.1.2).
fn old_tls(mut socket: TcpStream) {
    let body = [&[3, 1], &[7; 32][..], &[0], &[0, 4, 0, 0x2F, 0, 5], &[1, 0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    let hello = [&[0x16, 3, 1, 0, length + 4, 1, 0, 0, length], &body[..]].concat();
    socket.write_all(&hello).unwrap();
    let _ = std::io::Read::read(&mut socket, &mut [0]);
}

fn logins(scene: &Scene<'_>) {
    let Scene { server, user, .. } = scene;
    scene.mails("127.0.0.41", server.smtp[0], "wrong", &[PICTURE]);
    let wrong = format!("The password of the user \"{user}\" is wrong");
    scene.names("wrong-password", &[&wrong]);
    assert!(!scene.works(), "what came with a wrong password is no success");
    finish(scene.mail_client("127.0.0.42", server.smtp[0]), &[PICTURE]);
    let right = format!("Enter the user {user}");
    scene.names("no-login", &["assigned to camera", "it did not log in", &right]);
    assert!(!scene.works());
    // Where the address is not in `networks`, a login is needed. The device has one.
    scene.home.configure("[access]\nnetworks = [\"10.0.0.0/8\"]\n");
    wait_for("the change", || server.log().contains("onfiguration").then_some(()));
    scene.mail_client("127.0.0.43", server.smtp[0]).must("MAIL FROM:<a@b.c>", "530");
    scene.names("networks", &["127.0.0.43 is not in `networks`", "did not log in"]);
    let mut client = scene.mail_client("127.0.0.44", server.smtp[0]);
    let plain = base64::prelude::BASE64_STANDARD.encode(format!("\0{user}\0wrong"));
    client.must(&format!("AUTH PLAIN {plain}"), "535");
    drop(client);
    scene.names("login-refused", &["the password is wrong", "127.0.0.44 is not in"]);
}

fn data_connections(scene: &Scene<'_>) {
    let ftp = scene.server.ftp[0];
    let mut camera = scene.ftp("127.0.0.51", ftp);
    camera.control.must("QUIT", "221");
    scene.names("no-upload", &["left without uploading a file"]);
    let mut camera = scene.ftp("127.0.0.52", ftp);
    let port = camera.passive_address().port();
    camera.control.must("QUIT", "221");
    scene.names("passive", &[&format!("did not reach port {port}"), "`passive_ports`"]);
    let closed = TcpListener::bind("127.0.0.53:0").unwrap().local_addr().unwrap();
    let [high, low] = closed.port().to_be_bytes();
    let mut camera = scene.ftp("127.0.0.53", ftp);
    camera.control.must(&format!("PORT 127,0,0,53,{high},{low}"), "200");
    let reply = camera.control.say("STOR /1.jpg");
    let reply = if reply.starts_with("150") { camera.control.hear() } else { reply };
    assert!(reply.starts_with("425"), "{reply}");
    drop(camera);
    scene.names("active", &[&format!("nothing answers at its address {closed}"), "passive FTP"]);
}

fn arrivals_that_are_no_success(scene: &Scene<'_>) {
    let ftp = scene.server.ftp[0];
    let mut camera = scene.ftp("127.0.0.61", ftp);
    camera.store("/empty.jpg", b"");
    camera.control.must("QUIT", "221");
    scene.names("empty", &["uploaded an empty file"]);
    assert!(!scene.works());
    let mut camera = scene.ftp("127.0.0.62", ftp);
    let mut data = camera.begin("STOR /torn.jpg");
    data.write_all(&PICTURE[..100]).unwrap();
    reset(data);
    assert!(camera.control.hear().starts_with("426"));
    drop(camera);
    scene.names("torn", &["The connection broke in the middle"]);
    assert!(!scene.works());
}

/// It works, and something is to be changed all the same.
fn successes_with_advice(scene: &Scene<'_>) {
    let Scene { server, browser, password, .. } = scene;
    scene.mails("127.0.0.71", server.smtp[0], password, &[]);
    browser.until("the green", "document.querySelector('#works')");
    scene.names("no-picture", &["The mail has no picture"]);
    scene.mails("127.0.0.71", server.ftp[0], password, &[PICTURE]);
    let right = format!("Set the port to {}", server.port());
    scene.names("mail-to-ftp", &["sends mail to port", "received it all the same", &right]);
    let mut camera = scene.ftp("127.0.0.71", server.smtp[0]);
    camera.store("/right.jpg", &crate::ftp_uploads::picture(1));
    camera.control.must("QUIT", "221");
    let right = format!("Set the port to {}", server.ftp[0].port());
    scene.names("ftp-to-mail", &["uploads by FTP to port", &right]);
    assert!(scene.works());
}

/// On a phone and on a desk, in light and dark: nothing that axe finds, and nothing wider than the screen.
fn looks_right(scene: &Scene<'_>, name: &str) {
    let browser = scene.browser;
    for (width, height) in [(1440, 900), (390, 844)] {
        browser.resize(width, height);
        for scheme in ["dark", "light"] {
            browser.prefer(scheme);
            browser.run(
                "document.querySelector('#checklist[open], #finding')?.scrollIntoView({ block: 'center' })",
            );
            browser.picture(&format!("first-test-{name}-{width}-{scheme}"));
            let faults = axe_faults(browser);
            assert_eq!(faults, json!([]), "{name} {width} {scheme}\n{faults:#}");
        }
        let wide = browser.run(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        assert!(wide.as_i64().unwrap() <= 0, "{name}: {wide} px wider than {width}");
    }
}

/// Browsers have no clipboard for pages without TLS. Notes what is copied.
const PLAIN_HTTP: &str = "
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    document.addEventListener('copy', event => window.copied = event.target.value);
";

#[test]
fn copy_buttons_copy_on_plain_http_and_say_so_only_then() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    browser.run_first(PLAIN_HTTP);
    let scene = waiting(&home, &server, &browser);
    let of_user = format!(".copy[data-copy='{}']", scene.user);
    browser.click(&of_user);
    browser.until(
        "the copy",
        &format!("document.querySelector(\"{of_user}\").innerText === 'copied'"),
    );
    assert_eq!(browser.run("return window.copied"), json!(scene.user));
    browser.run("document.execCommand = () => false");
    let of_password = format!(".copy[data-copy='{}']", scene.password);
    browser.click(&of_password);
    let says = format!("document.querySelector(\"{of_password}\").innerText");
    browser.until("the refusal", &format!("{says} === 'select and copy it'"));
}

#[test]
fn the_result_of_a_test_stays_while_the_page_is_live() {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    browser.go(&page(&server, "/channels"));
    browser.until("the live page", "document.querySelector('#live.on')");
    browser.run("document.getElementById('channels').isFirst = true");
    browser.click("#test-1");
    browser.reads("Test delivered.");
    let replaced = "!document.getElementById('channels').isFirst";
    // What arrives changes the numbers of the channel.
    super::motion(&server, "yard@example.com", "Motion");
    browser.until("another look", replaced);
    browser.until("the count", "/Delivered today\\s+1/.test(document.body.innerText)");
    let said = browser.run("return document.querySelector('#channels output').innerText");
    assert_eq!(said, json!("Test delivered."));
}
