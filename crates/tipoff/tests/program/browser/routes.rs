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

#[test]
fn the_first_route_is_added_changed_moved_and_removed() {
    for (screen, scheme) in [(Screen::Phone, "dark"), (Screen::Desktop, "light")] {
        let (me, siren) = (Hook::start(), Hook::start());
        let channel =
            |hook: &Hook, name: &str| hook.channel().replace("\"hook\"", &format!("{name:?}"));
        let home = Home::new(&(channel(&me, "me") + &channel(&siren, "siren")));
        let server = home.start();
        assert!(send(server.smtp[0], "yard@a", &mail("Motion", &[PICTURE])).starts_with("250"));
        siren.wait_for_requests(1);
        let browser = Browser::open(screen);
        set_up(&server, &browser);

        browser.go(&page(&server, "/modes"));
        browser.until("the form", "document.querySelector('#add-mode')");
        for (index, name) in ["home", "away"].iter().enumerate() {
            press(&browser, "#add-mode");
            let row = format!("#mode-list fieldset:nth-child({})", index + 1);
            browser.run(&format!("document.querySelector('{row} [data-name]').value = '{name}'"));
        }
        browser.run(
            "document.querySelector('#mode-list fieldset:nth-child(2) [data-at]').value = '25:00'",
        );
        press(&browser, "#save-modes");
        browser.until("the fault", "document.querySelector('#mode-list fieldset:nth-child(2) [data-fault]').checkVisibility()");
        browser.prefer(scheme);
        look(&browser, "modes", screen);
        browser.run("document.querySelector('#mode-list fieldset:nth-child(2) [data-at]').value = '09:00, 13:00'");
        press(&browser, "#save-modes");
        browser.reads("Saved.");

        browser.go(&page(&server, "/channels/routes"));
        browser.reads("Everything: notify all channels");
        browser.prefer(scheme);
        look(&browser, "none", screen);
        press(&browser, "a[href$='routes/edit']");
        browser.until("the form", "document.querySelector('#route')");
        for chosen in [
            "[data-list=device_keys]",
            "[data-list=events][value=person]",
            "[data-list=modes][value=away]",
            "[name=whom][value=these]",
            "[data-flag=silent]",
        ] {
            press(&browser, chosen);
        }
        browser.write("#start", "22:00");
        browser.write("#end", "6");
        browser.prefer(scheme);
        press(&browser, "#save");
        browser.until(
            "the fault",
            "document.querySelector('[data-fault=channels]').checkVisibility()",
        );
        press(&browser, "[data-list=channels][value=me]");
        press(&browser, "#save");
        browser
            .until("the fault", "document.querySelector('[data-fault=between]').checkVisibility()");
        look(&browser, "form", screen);
        browser.run("document.querySelector('#end').value = '06:00'");
        press(&browser, "#save");
        browser.until("the list", "document.querySelectorAll('ol.routes > li').length === 2");
        browser.reads(
            "If yard reports person, between 22:00 and 06:00, in mode away: notify me (silently)",
        );
        browser.reads("Everything else: notify all channels");
        browser.prefer(scheme);
        look(&browser, "list", screen);

        // The last one is changed to nobody, and moved up.
        press(&browser, "#edit1");
        browser.until("the form", "document.querySelector('[name=whom][value=all]:checked')");
        press(&browser, "[name=whom][value=nobody]");
        press(&browser, "#save");
        browser.reads("Everything else: notify nobody");
        press(&browser, "#up1");
        browser.reads("Never reached");
        browser.run("window.confirm = () => true");
        press(&browser, "#remove0");
        browser.until("one route", "document.querySelectorAll('ol.routes > li').length === 1");
        browser.reads("Everything else: notify nobody");

        browser.go(&page(&server, "/devices/1"));
        browser.until("the form", "document.querySelector('#schedule')");
        press(&browser, "#schedule [value=hours]");
        browser.run("for (const [id, at] of [['start', '22:00'], ['end', '06:00']]) document.getElementById(id).value = at");
        browser.prefer(scheme);
        look(&browser, "device", screen);
        press(&browser, "#save-schedule");
        browser.reads("Saved.");
        let is_refusal = |error: &String| error.contains("422");
        assert!(browser.errors().iter().all(is_refusal), "{:?}", browser.errors());
    }
}
