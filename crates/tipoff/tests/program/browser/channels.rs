//! A channel is added in a browser: on a phone in dark, on a desk in light, without a fault that axe-core finds.

use serde_json::json;
use tipoff_testkit::telegram::{CHAT, Options, TOKEN};

use super::driver::{Browser, Screen};
use super::{axe_faults, page, set_up};
use crate::harness::Home;
use crate::telegram::Phone;

fn look(browser: &Browser, name: &str, screen: Screen) {
    browser.picture(&format!("channel-{name}-{screen:?}"));
    let faults = axe_faults(browser);
    assert_eq!(faults, json!([]), "{name} {screen:?}: {faults:#}");
    let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert!(browser.run(wide).as_i64().unwrap() <= 0, "{name} {screen:?}: wider than its screen");
}

#[test]
fn a_telegram_bot_is_added_from_the_empty_timeline() {
    for (screen, scheme) in [(Screen::Phone, "dark"), (Screen::Desktop, "light")] {
        let phone = Phone::new(Options::default());
        let home = Home::new("");
        let server = home.start();
        let browser = Browser::open(screen);
        set_up(&server, &browser);
        browser.prefer(scheme);
        browser.click("#nothing a[href$='channels/add']");
        browser.until("the services", "document.querySelectorAll('.service').length > 10");
        browser.prefer(scheme);
        look(&browser, "types", screen);
        browser.click("a[href$='channels/add?type=telegram']");
        browser.until("the form", "document.querySelector('#find-chat')");
        browser.prefer(scheme);
        browser.click("#more summary");
        browser.write("#set-api", &phone.telegram.url());
        // Faults are at their fields.
        browser.click("#keep");
        browser.until("the fault", "!document.querySelector('#fault-token').hidden");
        look(&browser, "faults", screen);
        browser.write("#set-token", TOKEN);
        browser.click("#find-chat");
        browser.reads("Write to your bot now");
        browser.until(
            "the link",
            "document.querySelector('#bot-link').href.startsWith('https://t.me/')",
        );
        browser.until("the code", "document.querySelector('#bot-qr').naturalWidth > 0");
        look(&browser, "telegram", screen);
        phone.telegram.write(CHAT, "hello", "Ann");
        browser.reads("Found the chat");
        browser
            .until("the chat", &format!("document.querySelector('#set-chat').value === '{CHAT}'"));
        browser.click("#try");
        browser.reads("Test delivered");
        assert_eq!(phone.wait_for(1)[0].files.len(), 1);
        browser.click("#keep");
        browser.until("the channels", "location.pathname === '/channels'");
        browser.reads("Telegram");
        browser.prefer(scheme);
        look(&browser, "kept", screen);

        browser.click("a[href*='channels/add?edit=']");
        browser.until("the form", "document.querySelector('#remove')");
        browser.prefer(scheme);
        browser.until(
            "the placeholder",
            "document.querySelector('#set-token').placeholder.startsWith('kept')",
        );
        look(&browser, "edit", screen);
        browser.click("#more summary");
        browser.run("document.querySelector('#set-silent').value = 'true'");
        browser.click("#keep");
        browser.until("the channels", "location.pathname === '/channels'");
        browser.go(&page(&server, "/channels/add?type=webhook"));
        browser.write("#set-url", "nowhere");
        browser.click("#try");
        browser.until("the fault", "!document.querySelector('#fault-url').hidden");
        browser.prefer(scheme);
        look(&browser, "webhook", screen);
        let is_refusal = |error: &String| error.contains("422");
        assert!(browser.errors().iter().all(is_refusal), "{:?}", browser.errors());
    }
}
