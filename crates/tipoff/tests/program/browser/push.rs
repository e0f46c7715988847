//! Notifications on the settings page and in the worker. A headless browser has no push service, so the page's subscription is
//! that of a stand-in, and the worker gets its message by the debugger.

use serde_json::{Value, json};
use tipoff_testkit::push_service::{PushService, Subscription};
use tokio::runtime::Runtime;

use super::driver::{Browser, Screen};
use super::{page, set_up};
use crate::harness::{Home, Server, wait_for};

const OPEN: &str = "[http]\nlisten = \"127.0.0.1:0\"\npush_networks = [\"127.0.0.1\"]\n";

/// Subscribes the browser at a stand-in, whatever the page asks for; keeps over reloads whether it is.
fn subscribing(subscription: &Subscription) -> String {
    let Subscription { endpoint, p256dh, auth } = subscription;
    let made = json!({ "endpoint": endpoint, "keys": { "p256dh": p256dh, "auth": auth } });
    format!(
        "const made = {made};
         const subscription = {{ endpoint: made.endpoint, toJSON: () => made,
           unsubscribe: async () => localStorage.removeItem('subscribed') }};
         PushManager.prototype.subscribe = async (options) => {{
           localStorage.setItem('subscribed', options.applicationServerKey);
           return subscription;
         }};
         PushManager.prototype.getSubscription = async () => localStorage.getItem('subscribed') ? subscription : null;
         Notification.requestPermission = async () => 'granted';
         Object.defineProperty(Notification, 'permission', {{ get: () => localStorage.getItem('permission') ?? 'default' }});
         if (localStorage.getItem('insecure')) Object.defineProperty(window, 'isSecureContext', {{ value: false }});"
    )
}

fn shows(browser: &Browser, state: &str) {
    browser.until(state, &format!("document.getElementById('push')?.dataset.shown === '{state}'"));
}

fn settings(server: &Server, browser: &Browser, before: &str) {
    browser.run(before);
    browser.go(&page(server, "/settings"));
}

#[test]
fn a_person_turns_notifications_on_chooses_and_turns_them_off() {
    let runtime = Runtime::new().unwrap();
    let service = runtime.block_on(PushService::start()).unwrap();
    let home = Home::new(OPEN);
    let server = home.start();
    let browser = Browser::open(Screen::Phone);
    set_up(&server, &browser);
    let key = browser
        .run_async("fetch('api/v1/push').then((it) => it.json()).then((it) => done(it.key))");
    let key = key.as_str().unwrap().to_owned();
    browser.run_first(&subscribing(&service.subscribe(&key).unwrap()));
    settings(&server, &browser, "localStorage.setItem('insecure', '1')");
    shows(&browser, "insecure");
    browser.reads("https://");
    settings(
        &server,
        &browser,
        "localStorage.clear(); localStorage.setItem('permission', 'denied')",
    );
    shows(&browser, "denied");
    settings(&server, &browser, "localStorage.clear()");
    shows(&browser, "off");
    browser.click("#push-on");
    shows(&browser, "on");
    assert_eq!(browser.run("return localStorage.getItem('subscribed')"), json!(key));
    assert_eq!(service.log().len(), 1, "a test was sent");
    browser.until("its line", "document.querySelector('[data-this]:not([hidden])')");
    browser.run("document.querySelector('#push details').open = true");
    browser.run("document.getElementById('push').scrollIntoView()");
    browser.picture("settings-push");
    browser.run("document.querySelector('#push option[value=person]').selected = true");
    browser.click("#push details button");
    browser.until("what was saved", "document.querySelector('#push details output').textContent");
    let wanted = |browser: &Browser| {
        browser.run_async(
            "fetch('api/v1/push').then((it) => it.json()).then((it) => done(it.browsers))",
        )
    };
    assert_eq!(wanted(&browser)[0]["events"], json!(["person"]));
    browser.click("#push-test");
    browser.until("the test", "document.getElementById('push-said').textContent");
    assert_eq!(service.log().len(), 2);
    browser.click("#push-off");
    shows(&browser, "off");
    assert_eq!(wanted(&browser), json!([]));
    assert_eq!(browser.errors(), [""; 0]);
    server.stop();
}

/// The notifications that the worker shows.
fn shown(browser: &Browser) -> Value {
    browser.run_async(
        "navigator.serviceWorker.ready.then((it) => it.getNotifications()).then((all) => done(all.map((it) =>
           ({ title: it.title, body: it.body, tag: it.tag, silent: it.silent, image: it.image ?? null, data: it.data,
              actions: it.actions.map((it) => it.title) }))))",
    )
}

#[test]
fn the_worker_shows_an_alert_and_replaces_it_by_its_follow_up() {
    let home = Home::new("");
    let server = home.start();
    let browser = Browser::open(Screen::Desktop);
    set_up(&server, &browser);
    let origin = page(&server, "");
    browser.debug(
        "Browser.grantPermissions",
        json!({ "origin": origin, "permissions": ["notifications"] }),
    );
    browser.debug("ServiceWorker.enable", json!({}));
    let ready = "navigator.serviceWorker.ready.then((it) => done(Boolean(it.active)))";
    assert_eq!(browser.run_async(ready), json!(true));
    let deliver = |payload: &Value| {
        let data = json!({ "origin": origin, "registrationId": "0", "data": payload.to_string() });
        browser.debug("ServiceWorker.deliverPushMessage", data);
    };
    deliver(&json!({
        "title": "Front yard · Person", "body": "Somebody", "tag": "incident-3", "url": "incidents/3",
        "image": "media/1/0/9-abc/1.jpg", "silent": false, "is_follow_up": false, "at": 1_767_225_600_120_i64,
        "actions": [{ "title": "1 h", "url": "act/abc" }],
    }));
    let first = wait_for("a notification", || Some(shown(&browser)).filter(|it| it[0].is_object()));
    assert_eq!(
        (&first[0]["title"], &first[0]["body"]),
        (&json!("Front yard · Person"), &json!("Somebody"))
    );
    assert_eq!(first[0]["actions"], json!(["1 h"]));
    assert_eq!(first[0]["data"]["url"], "incidents/3");
    assert_eq!(first[0]["image"], format!("{origin}/media/1/0/9-abc/1.jpg"));
    deliver(&json!({
        "title": "2 more pictures", "body": "", "tag": "incident-3", "url": "incidents/3", "silent": true,
        "is_follow_up": true, "at": 1_767_225_605_120_i64,
    }));
    let replaced = wait_for("the follow-up", || {
        Some(shown(&browser)).filter(|it| it[0]["body"] != "Somebody")
    });
    assert_eq!(replaced.as_array().unwrap().len(), 1, "{replaced}");
    assert_eq!(
        (&replaced[0]["title"], &replaced[0]["body"]),
        (&json!("Front yard · Person"), &json!("Somebody\n2 more pictures"))
    );
    assert_eq!((&replaced[0]["silent"], &replaced[0]["image"]), (&json!(true), &first[0]["image"]));
    server.stop();
}
