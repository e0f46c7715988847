//! The review in a browser: what matters of a night with many incidents is found at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::driver::{Browser, Screen};
use super::{PASSWORD, axe_faults, enter, motion, page, set_up};
use crate::harness::Home;

/// Incidents, of which one is a person.
const INCIDENTS: u32 = 300;
const DEVICES: u32 = 8;

/// The number on a chip, such as `Unseen 300`.
fn chip(browser: &Browser, name: &str) -> Value {
    browser.run(&format!(
        "const chip = [...document.querySelectorAll('#shows .chip')].find(it => it.innerText.startsWith('{name}'));
         return Number(chip.querySelector('strong').innerText)"
    ))
}

fn first_card(browser: &Browser) -> String {
    let text = browser.run("return document.querySelector('.look').innerText");
    text.as_str().unwrap().to_owned()
}

/// Goes to the night or day in which incidents arrive now: two of the gestures at most.
fn open_review(browser: &Browser) {
    browser.click(".tabs a[href$='review']");
    browser.until("the review", "document.querySelector('#looks')");
    if browser.run("return document.querySelectorAll('.look').length") == json!(0) {
        browser.click(".period a[rel=next]");
        browser.until("pictures", "document.querySelectorAll('.look').length > 0");
    }
}

#[test]
fn the_one_that_matters_of_300_incidents_is_found_in_3_gestures() {
    let home = Home::new("[incidents]\nquiet = \"0 s\"\n");
    let server = home.start();
    for number in 0..INCIDENTS {
        let subject = if number == 137 { "Person at the gate" } else { "Motion" };
        motion(&server, &format!("cam{}@example.com", number % DEVICES), subject);
    }
    let first = Browser::open(Screen::Phone);
    set_up(&server, &first);
    let begun = Instant::now();
    open_review(&first);
    assert!(first_card(&first).contains("Person"), "{}", first_card(&first));
    first.click(".look a.shot");
    first
        .until("the large picture", "document.querySelector('#viewer[open] img').naturalWidth > 0");
    first.reads("Person");
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    first.picture("review-viewer-phone");
    assert_eq!(axe_faults(&first), json!([]));
    first.until(
        "the mark",
        "performance.getEntriesByType('resource').some(it => it.name.endsWith('marks') && it.responseEnd)",
    );
    drop(first);

    let browser = Browser::open(Screen::Desktop);
    browser.go(&page(&server, "/login"));
    enter(&browser, PASSWORD);
    browser.until("the timeline", "location.pathname === '/'");
    open_review(&browser);
    assert_eq!(chip(&browser, "Unseen"), json!(INCIDENTS - 1), "the person was looked at");
    assert!(!first_card(&browser).contains("Person"), "{}", first_card(&browser));
    assert_eq!(chip(&browser, "All"), json!(INCIDENTS));
    back_leads_to_the_place(&browser);
    keys_move_and_mark(&browser);
    what_is_new_appears(&browser, &server);
    a_cell_narrows(&browser);
    several_are_removed(&browser);
    assert_eq!(browser.errors(), Vec::<String>::new());
    server.stop();
}

/// An incident of the second part of the list, which is loaded as one scrolls.
fn back_leads_to_the_place(browser: &Browser) {
    let last = "[...document.querySelectorAll('#timeline .card a')].at(-1)";
    browser.click(".tabs a[href='./']");
    browser.until("the first part", "document.querySelectorAll('#timeline .card').length > 20");
    let first = browser.run("return document.querySelectorAll('#timeline .card').length");
    browser.run("scrollTo(0, document.body.scrollHeight)");
    browser
        .until("more", &format!("document.querySelectorAll('#timeline .card').length > {first}"));
    let opened =
        browser.run(&format!("const it = {last}; it.click(); return it.getAttribute('href')"));
    browser.until("the incident", "document.documentElement.dataset.incident");
    let marked = "it.name.endsWith('marks') && it.responseEnd";
    let marked = format!("performance.getEntriesByType('resource').some(it => {marked})");
    browser.until("its mark", &marked);
    browser.run("history.back()");
    browser.until("its card", &format!("document.activeElement.getAttribute('href') === {opened}"));
    open_review(browser);
}

fn keys_move_and_mark(browser: &Browser) {
    let count =
        |css: &str| browser.run(&format!("return document.querySelectorAll('{css}').length"));
    let shown = browser.run("return document.querySelectorAll('.look')[1].id");
    browser.press('j');
    browser.press(' ');
    browser.until("the mark", "document.querySelectorAll('.look.seen').length === 1");
    let focused = browser.run("return document.activeElement.closest('.look').id");
    assert_eq!(focused, shown, "space goes on to the next one");
    browser.press('s');
    browser.until("the star", "document.querySelectorAll('.look.starred').length === 1");
    browser.run("document.activeElement.click()");
    browser.until("the large view", "document.querySelector('#viewer').open");
    browser.press('j');
    browser.press('k');
    browser.press(' ');
    browser.press('\u{E00C}');
    browser.until("the grid", "!document.querySelector('#viewer').open");
    assert_eq!(count(".look.seen"), json!(3), "what was shown large is seen");
    assert_eq!(count(".look.starred"), json!(1), "space goes on, whatever had the focus");
    browser.until(
        "the spool's answer",
        "!performance.getEntriesByType('resource').some(it => it.name.endsWith('marks') && !it.responseEnd)",
    );
    browser.run("location.reload()");
    browser.until("what is left", "document.querySelectorAll('.look').length > 0 && document.querySelectorAll('.look.seen').length === 0");
    assert_eq!(
        chip(browser, "Unseen"),
        json!(INCIDENTS - 5),
        "with the one that was opened before"
    );
}

fn what_is_new_appears(browser: &Browser, server: &crate::harness::Server) {
    browser.run("window.stillHere = true");
    motion(server, "door@example.com", "Person at the door");
    browser
        .until("the new one first", "document.querySelector('.look').innerText.includes('door')");
    browser.until("its count", "document.querySelector('#strip').innerText.includes('door')");
    assert_eq!(browser.run("return window.stillHere"), json!(true), "it was loaded again");
}

fn a_cell_narrows(browser: &Browser) {
    browser.picture("review-Desktop-300");
    browser.click(".hours tbody tr:first-child .cell");
    browser.until(
        "one of the persons",
        "document.querySelectorAll('.look').length > 0 && location.search.includes('device=')",
    );
    let all = "[...document.querySelectorAll('.look .who')].every(it => it.innerText === document.querySelector('.hours tbody a').innerText)";
    browser.until("one device", all);
}

fn several_are_removed(browser: &Browser) {
    let address = browser.run("return document.querySelector('.chip[aria-current]') && location.pathname + '?show=all&' + location.search.slice(1).replace(/&?(device|hour)=[0-9]+/g, '')");
    browser.run(&format!("location.assign({address})"));
    browser.until("all", "document.querySelectorAll('.look').length > 20");
    let before = chip(browser, "All").as_u64().unwrap();
    browser.click("#choose");
    browser.click(".look:nth-child(3) a");
    browser.click(".look:nth-child(4) a");
    browser.reads("Selected: 2");
    assert_eq!(axe_faults(browser), json!([]));
    browser.picture("review-Desktop-choosing");
    browser.run("window.confirm = () => true; return 0");
    browser.click("#chosen [data-do=remove]");
    browser.reads("Deleted: 2.");
    browser.run("location.reload()");
    browser.until(
        "the rest",
        "document.querySelector('#shows')?.isConnected && document.querySelector('#chosen').hidden",
    );
    assert_eq!(chip(browser, "All").as_u64().unwrap(), before - 2);
}
