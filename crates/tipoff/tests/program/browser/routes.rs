//! Routes, the hours of a device and home modes are set in a browser: on a phone in dark, on a desk in light, without a fault that
//! axe-core finds.

use serde_json::json;

use super::driver::{Browser, Screen};
use super::{axe_faults, page, set_up};
use crate::harness::{Home, PICTURE, mail, send};
use crate::hook::Hook;

fn look(browser: &Browser, name: &str, screen: Screen) {
    browser.picture_whole(&format!("routes-{name}-{screen:?}"));
    let faults = axe_faults(browser);
    assert_eq!(faults, json!([]), "{name} {screen:?}: {faults:#}");
    let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert!(browser.run(wide).as_i64().unwrap() <= 0, "{name} {screen:?}: wider than its screen");
}

/// Presses what may be outside of the screen.
fn press(browser: &Browser, what: &str) {
    browser.run(&format!("document.querySelector(`{what}`).click()"));
}

/// Two home modes are added; a time that is none is marked.
fn add_modes(browser: &Browser, (screen, scheme): (Screen, &str), address: &str) {
    const LAST: &str = "#mode-list fieldset:nth-child(2)";
    browser.go(address);
    browser.until("the form", "document.querySelector('#add-mode')");
    for (index, name) in ["home", "away"].iter().enumerate() {
        press(browser, "#add-mode");
        let row = format!("#mode-list fieldset:nth-child({})", index + 1);
        browser.run(&format!("document.querySelector('{row} [data-name]').value = '{name}'"));
    }
    let begin = |at: &str| {
        browser.run(&format!("document.querySelector('{LAST} [data-at]').value = '{at}'"));
        press(browser, "#save-modes");
    };
    begin("25:00");
    let fault = format!("document.querySelector('{LAST} [data-fault]').checkVisibility()");
    browser.until("the fault", &fault);
    browser.prefer(scheme);
    look(browser, "modes", screen);
    begin("09:00, 13:00");
    browser.reads("Saved.");
}

/// The first route is added; faults are at their fields.
fn add_route(browser: &Browser, (screen, scheme): (Screen, &str)) {
    press(browser, "a[href$='routes/edit']");
    browser.until("the form", "document.querySelector('#route')");
    for chosen in [
        "[data-list=device_keys]",
        "[data-list=events][value=person]",
        "[data-list=modes][value=away]",
        "[name=whom][value=these]",
        "[data-flag=silent]",
    ] {
        press(browser, chosen);
    }
    browser.write("#start", "22:00");
    browser.write("#end", "6");
    browser.prefer(scheme);
    press(browser, "#save");
    browser.until("the fault", "document.querySelector('[data-fault=channels]').checkVisibility()");
    press(browser, "[data-list=channels][value=me]");
    press(browser, "#save");
    browser.until("the fault", "document.querySelector('[data-fault=between]').checkVisibility()");
    look(browser, "form", screen);
    browser.run("document.querySelector('#end').value = '06:00'");
    press(browser, "#save");
    browser.until("the list", "document.querySelectorAll('ol.routes > li').length === 2");
    browser.reads(
        "If yard reports person, between 22:00 and 06:00, in mode away: notify me (silently)",
    );
    browser.reads("Everything else: notify all channels");
    browser.prefer(scheme);
    look(browser, "list", screen);
}

/// The last route is changed to nobody and moved up, and the other one is removed.
fn change_routes(browser: &Browser) {
    press(browser, "#edit1");
    browser.until("the form", "document.querySelector('[name=whom][value=all]:checked')");
    press(browser, "[name=whom][value=nobody]");
    press(browser, "#save");
    browser.reads("Everything else: notify nobody");
    press(browser, "#up1");
    browser.reads("Never reached");
    browser.run("window.confirm = () => true");
    press(browser, "#remove1");
    browser.until("one route", "document.querySelectorAll('ol.routes > li').length === 1");
    browser.reads("Everything: notify nobody");
}

#[test]
fn the_first_route_is_added_changed_moved_and_removed() {
    for (screen, scheme) in [(Screen::Phone, "dark"), (Screen::Desktop, "light")] {
        let (me, siren) = (Hook::start(), Hook::start());
        let channel =
            |hook: &Hook, name: &str| hook.channel().replace("\"hook\"", &format!("{name:?}"));
        let home = Home::new(&(channel(&me, "me") + &channel(&siren, "siren")));
        let server = home.start();
        let reply = send(server.smtp[0], "yard@example.com", &mail("Motion", &[PICTURE]));
        assert!(reply.starts_with("250"), "{reply}");
        siren.wait_for_requests(1);
        let browser = Browser::open(screen);
        set_up(&server, &browser);
        add_modes(&browser, (screen, scheme), &page(&server, "/modes"));

        browser.go(&page(&server, "/channels/routes"));
        browser.reads("Everything: notify all channels");
        browser.prefer(scheme);
        look(&browser, "none", screen);
        add_route(&browser, (screen, scheme));
        change_routes(&browser);

        browser.go(&page(&server, "/devices/1"));
        browser.until("the form", "document.querySelector('#schedule')");
        press(&browser, "#schedule [value=hours]");
        let hours = "for (const [id, at] of [['start', '22:00'], ['end', '06:00']]) document.getElementById(id).value = at";
        browser.run(hours);
        browser.prefer(scheme);
        look(&browser, "device", screen);
        press(&browser, "#save-schedule");
        browser.reads("Saved.");
        browser.go(&page(&server, "/channels/transfer"));
        browser.write("#toml", "[[channel]]\nname = 'x'\ntype = 'ntfy'\ntopc = 'y'\n");
        browser.click("form.wide button");
        browser.until(
            "faults in lines",
            "document.querySelector('form.wide output').innerText.split('\\n').length > 8",
        );
        let is_refusal = |error: &String| error.contains("422");
        assert!(browser.errors().iter().all(is_refusal), "{:?}", browser.errors());
    }
}
