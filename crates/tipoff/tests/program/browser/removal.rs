//! What is removed disappears from open pages, a device is deleted by its form, and pictures are zoomed where one points.

use serde_json::{Value, json};

use super::driver::{Browser, Screen};
use super::{PASSWORD, axe_faults, motion, page, set_up};
use crate::harness::Home;
use crate::users::Person;

const ESCAPE: char = '\u{E00C}';

/// The scale of the picture in a box, and the place in the middle of the box, as parts of the picture.
fn view(browser: &Browser, css: &str) -> Vec<f64> {
    let seen = browser.run(&format!(
        "const box = document.querySelector('{css}'), image = box.querySelector('img');
         const it = image.getBoundingClientRect(), frame = box.getBoundingClientRect();
         return [it.width / image.offsetWidth, (frame.x + frame.width / 2 - it.x) / it.width,
                 (frame.y + frame.height / 2 - it.y) / it.height]"
    ));
    seen.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect()
}

/// Events of a pointer on a box, at parts of its width and height.
fn point(browser: &Browser, css: &str, steps: &str) {
    browser.run(&format!(
        "const box = document.querySelector('{css}'), frame = box.getBoundingClientRect();
         const at = (x, y, more) => ({{ clientX: frame.x + x * frame.width, clientY: frame.y + y * frame.height,
             bubbles: true, cancelable: true, isPrimary: true, ...more }});
         const pointer = (kind, x, y, more = {{}}) =>
             box.dispatchEvent(new PointerEvent('pointer' + kind, at(x, y, {{ pointerId: 1, ...more }})));
         const click = (x, y) => box.dispatchEvent(new PointerEvent('click', at(x, y, {{ detail: 1 }})));
         const wheel = (x, y, deltaY) => box.dispatchEvent(new WheelEvent('wheel', at(x, y, {{ deltaY }})));
         {steps}; return 0"
    ));
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 0.02
}

/// The picture of an incident's page.
fn a_click_zooms_there(browser: &Browser) {
    let frame = ".reel figure .frame";
    browser.until("the picture", "document.querySelector('.reel img').naturalWidth > 0");
    point(browser, frame, "pointer('down', 0, 0); pointer('up', 0, 0); click(0, 0)");
    let seen = view(browser, frame);
    assert!(near(seen[0], 2.5) && near(seen[1], 0.2) && near(seen[2], 0.2), "{seen:?}");
    point(
        browser,
        frame,
        "pointer('down', .5, .5); pointer('move', .25, .5); pointer('up', .25, .5); click(.25, .5)",
    );
    let dragged = view(browser, frame);
    assert!(near(dragged[0], 2.5) && near(dragged[1], 0.3), "{dragged:?}");
    point(browser, frame, "wheel(.5, .5, -100)");
    let closer = view(browser, frame);
    assert!(closer[0] > 2.8 && near(closer[1], dragged[1]), "{closer:?}");
    assert_eq!(axe_faults(browser), json!([]));
    browser.press(ESCAPE);
    assert!(near(view(browser, frame)[0], 1.0), "Escape shows all of it");
    browser.press('z');
    assert!(near(view(browser, frame)[0], 2.5));
    browser.press('z');
    point(browser, frame, "wheel(.5, .5, -100)");
    assert!(near(view(browser, frame)[0], 1.0), "the wheel scrolls the page");
}

/// The large picture of the review: a swipe moves it while it is zoomed, and goes on while it is not.
fn two_fingers_zoom_and_do_not_swipe(browser: &Browser) {
    let frame = "#viewer .large";
    browser.click(".look a.shot");
    browser
        .until("the large picture", "document.querySelector('#viewer[open] img').naturalWidth > 0");
    let place = || browser.run("return document.querySelector('#viewer-place').innerText");
    let first = place();
    point(
        browser,
        frame,
        "pointer('down', .4, .5); pointer('down', .6, .5, { pointerId: 2, isPrimary: false });
         pointer('move', .2, .5); pointer('move', .8, .5, { pointerId: 2, isPrimary: false });
         pointer('up', .2, .5); pointer('up', .8, .5, { pointerId: 2, isPrimary: false })",
    );
    let seen = view(browser, frame);
    assert!(seen[0] > 2.0 && near(seen[1], 0.5), "{seen:?}");
    let swipe = "pointer('down', .7, .5); pointer('move', .3, .5); pointer('up', .3, .5)";
    point(browser, frame, swipe);
    assert_eq!(place(), first, "it moved the picture");
    browser.picture("review-viewer-zoomed");
    assert_eq!(axe_faults(browser), json!([]));
    browser.press(ESCAPE);
    assert!(near(view(browser, frame)[0], 1.0));
    assert_eq!(browser.run("return document.querySelector('#viewer').open"), json!(true));
    point(browser, frame, swipe);
    browser.until(
        "the next one",
        &format!("document.querySelector('#viewer-place').innerText !== {first}"),
    );
}

#[test]
fn what_is_removed_disappears_from_open_pages() {
    let home = Home::new("[incidents]\nquiet = \"0 s\"\n");
    let server = home.start();
    for _ in 0..4 {
        motion(&server, "yard@example.com", "Motion");
    }
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    let owner = Person::log_in(&server, "owner", PASSWORD);
    let remove = |id: u32| {
        assert_eq!(owner.status("POST /api/v1/incidents/remove", json!({"ids": [id]})), 200);
    };
    browser.until("the cards", "document.querySelectorAll('.card').length === 4");
    browser.run("window.stillHere = true; return 0");
    remove(1);
    browser.until("three", "document.querySelectorAll('.card').length === 3 && window.stillHere");

    browser.go(&page(&server, "/incidents/2"));
    browser.until("the page", "document.querySelector('#live.on')");
    a_click_zooms_there(&browser);
    remove(2);
    browser.reads("This incident was deleted.");
    browser.picture("incident-removed");
    assert_eq!(axe_faults(&browser), json!([]));

    browser.go(&page(&server, "/review?show=all"));
    if browser.run("return document.querySelectorAll('.look').length") == json!(0) {
        browser.click(".period a[rel=next]");
    }
    browser.until(
        "the pictures",
        "document.querySelectorAll('.look').length === 2 && document.querySelector('#live.on')",
    );
    two_fingers_zoom_and_do_not_swipe(&browser);
    remove(3);
    browser.until("one", "document.querySelectorAll('.look').length === 1 && !document.querySelector('#viewer').open");

    browser.go(&page(&server, "/devices/1"));
    browser.until("the page", "document.querySelector('#live.on')");
    assert_eq!(axe_faults(&browser), json!([]));
    browser.picture_whole("device-removal");
    browser.click("input[name=incidents][value='1']");
    browser.write("[data-removal] input[name=name]", "gate");
    browser.click("[data-removal] button");
    browser.reads("this is not the name of the device");
    browser.run("document.querySelector('[data-removal] input[name=name]').value = ''; return 0");
    browser.write("[data-removal] input[name=name]", "yard");
    browser.click("[data-removal] button");
    browser.until("the list", "location.pathname === '/devices'");
    browser.reads("No device has sent anything yet.");
    assert_eq!(owner.json("GET /api/v1/incidents")["incidents"], Value::Array(Vec::new()));
    let errors = browser.errors();
    // The refusal of the wrong name; and the page of the device may have been read again before the list was opened.
    let is_expected = |it: &String| it.contains("409") || it.contains("devices/1 - Failed");
    assert!(errors.iter().all(is_expected), "{errors:?}");
    server.stop();
}
