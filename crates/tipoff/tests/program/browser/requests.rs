//! Requests of a page that fail: the page says why, in the reader's language.

use super::driver::{Browser, Screen};
use super::{page, set_up};
use crate::harness::Home;

#[test]
fn a_request_that_fails_says_why_in_the_readers_language() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    let read_german = "document.cookie = 'language=de; path=/'";
    browser.run(read_german);
    browser.go(&page(&server, "/settings"));
    let create_token = || {
        browser.write("form[data-api='POST api/v1/tokens'] input[name=name]", "script");
        browser.click("#make_token");
    };
    browser.forget();
    browser.run(read_german);
    create_token();
    browser.reads("Melden Sie sich an, oder senden Sie ein Token");
    // The answer is a redirect to the page of the login.
    browser.click("#logout");
    browser.reads("Ihre Anmeldung ist abgelaufen.");
    drop(server);
    create_token();
    browser.reads("Tipoff ist nicht erreichbar.");
}
