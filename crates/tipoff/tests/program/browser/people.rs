//! Several people at the dashboard: an owner who adds a viewer and sets up one-time codes, and what each sees.

use serde_json::json;

use super::driver::{Browser, Screen};
use super::{PASSWORD, motion, page, set_up};
use crate::harness::{Home, Server};
use crate::hook::Hook;
use crate::users::code;

/// Types a name and a password into the login page, and sends them.
fn log_in(server: &Server, browser: &Browser, name: &str, password: &str) {
    browser.go(&page(server, "/login"));
    browser.write("input[name=name]", name);
    browser.write("input[name=password]", password);
    browser.click("button.main");
}

fn log_out(server: &Server, browser: &Browser) {
    browser.go(&page(server, "/settings"));
    browser.click("#logout");
    browser.until("the login", "location.pathname === '/login'");
}

#[test]
fn an_owner_adds_a_viewer_who_sees_no_button_that_changes_anything() {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    motion(&server, "yard@example.com", "Motion in the yard");
    hook.wait_for_requests(1);

    browser.go(&page(&server, "/settings"));
    browser.write("#add-user input[name=name]", "Bert");
    browser.write("#add-user input[name=password]", "battery staple");
    browser.click("#add-user button");
    browser.until("the new user", "document.getElementById('users').innerText.includes('Bert')");
    browser.reads("this browser");
    browser.picture("settings-owner");

    browser.write("form[data-fill=code-new] input[name=password]", PASSWORD);
    browser.click("form[data-fill=code-new] button");
    browser.until(
        "the QR code",
        "(it => it.offsetParent && it.complete && it.naturalWidth > 0)(document.querySelector('.qr'))",
    );
    browser.run("document.getElementById('codes').scrollIntoView()");
    browser.picture("settings-codes");
    let secret = browser.run("return document.querySelector('[data-field=secret]').innerText");
    let secret = secret.as_str().unwrap().to_owned();
    browser.write("form[data-fill=code-recovery] input[name=code]", &code(&secret, -1));
    browser.click("form[data-fill=code-recovery] button");
    browser.until("recovery codes", "document.getElementById('code-recovery').offsetParent");
    browser.run("document.getElementById('code-recovery').scrollIntoView()");
    browser.picture("settings-recovery");
    log_out(&server, &browser);

    log_in(&server, &browser, "bert", "battery staple");
    browser.until("the timeline", "document.querySelectorAll('.card').length === 1");
    for (name, path) in [
        ("timeline", "/"),
        ("incident", "/incidents/1"),
        ("devices", "/devices"),
        ("device", "/devices/1"),
        ("channels", "/channels"),
        ("overview", "/overview"),
        ("settings", "/settings"),
    ] {
        browser.go(&page(&server, path));
        browser.until("the page", "document.querySelector('main h1')");
        let shown = "return [...document.querySelectorAll('form[data-api]:not([data-own])')]
            .filter(it => it.offsetParent).length";
        assert_eq!(browser.run(shown), json!(0), "{path}");
        browser.picture(&format!("viewer-{name}"));
    }
    assert_eq!(browser.errors(), Vec::<String>::new());
    browser.go(&page(&server, "/devices/add"));
    browser.reads("Only an owner may do this.");
    browser.picture("viewer-forbidden");
    log_out(&server, &browser);
    browser.picture("login-name");

    log_in(&server, &browser, "owner", PASSWORD);
    browser.until("the code", "document.querySelector('input[name=code]')");
    browser.picture("login-code");
    browser.write("input[name=code]", "000000");
    browser.click("button.main");
    browser.until("a refusal", "document.querySelector('[role=alert]')");
    browser.write("input[name=code]", &code(&secret, 0));
    browser.click("button.main");
    browser.until("the timeline", "location.pathname === '/'");
}

#[test]
fn the_language_of_pages_is_chosen_in_the_settings() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    browser.go(&page(&server, "/settings"));
    let choice = "document.querySelector('select[data-cookie=language]')";
    browser.until("the choice", &format!("{choice}.checkVisibility()"));
    browser.run(&format!(
        "{choice}.value = 'de'; {choice}.dispatchEvent(new Event('change', {{ bubbles: true }}))"
    ));
    browser.until("German", "document.documentElement.lang === 'de'");
    browser.go(&page(&server, "/devices"));
    browser.reads("Geräte");
}

/// What a browser shows of a page whose name leads here is a page that says what to do.
#[test]
fn a_foreign_name_gets_a_page_that_says_what_to_do() {
    let home = Home::new("");
    let server = home.start();
    // Chromium resolves every name below localhost to this machine, as an attacker's name server would.
    let browser = Browser::open(Screen::Phone);
    browser.go(&format!("http://evil.localhost:{}/", server.http.port()));
    browser.reads("hosts");
    browser.picture("foreign-name");
    let asks = "fetch('/api/v1/tokens', {
            method: 'POST',
            headers: { 'Remote-User': 'owner', 'Content-Type': 'application/json' },
            body: '{\"name\":\"x\",\"may_change\":true}',
        }).then(answer => done(answer.status))";
    assert_eq!(browser.run_async(asks), json!(421));
}
