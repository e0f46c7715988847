//! Tipoff sets a camera up, in a browser: on a phone in dark, on a desk in light, without a fault that axe-core finds.

use serde_json::json;
use tipoff_testkit::camera::{Camera, Options, Vendor};
use tokio::runtime::Runtime;

use super::driver::{Browser, Screen};
use super::{add_device, axe_faults, page, set_up};
use crate::camera_setup::CAMERA_PASSWORD;
use crate::harness::Home;

#[test]
fn the_page_turns_green_when_the_cameras_test_arrives() {
    for (screen, scheme) in [(Screen::Phone, "dark"), (Screen::Desktop, "light")] {
        let runtime = Runtime::new().unwrap();
        let camera = runtime.block_on(Camera::start(Options::of(Vendor::Hikvision))).unwrap();
        let home = Home::new("");
        let server = home.start();
        let browser = Browser::open(screen);
        set_up(&server, &browser);
        let device = add_device(&server, &browser, "Front yard");
        browser.go(&page(&server, &format!("/devices/{device}/setup")));
        browser.click(&format!("a[href='devices/{device}/camera/setup']"));
        browser.until("the page", "document.querySelector('#waits')");
        browser.prefer(scheme);
        browser.write("input[name=address]", &camera.address().to_string());
        browser.write("input[name=password]", "wrong-word");
        browser.click("#camera button.main");
        browser.reads("refuses the password of the user");
        browser.write("input[name=password]", CAMERA_PASSWORD);
        browser.click("#camera button.main");
        browser.until("the plan", "document.querySelector('#write').offsetParent");
        browser.reads("Alarm server 1");
        browser.reads("Notify Surveillance Center at motion (VMD-1)");
        browser.until("what it sees", "document.querySelector('#view').naturalWidth > 0");
        browser.picture(&format!("camera-setup-plan-{screen:?}-{scheme}"));
        assert_eq!(axe_faults(&browser), json!([]), "{screen:?}");
        let wide =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert!(browser.run(wide).as_i64().unwrap() <= 0, "{screen:?}: wider than its screen");
        browser.click("#write");
        browser.until("the green", "document.querySelector('#works')");
        browser.reads("Written, read back, and tested.");
        browser.picture(&format!("camera-setup-works-{screen:?}-{scheme}"));
        assert_eq!(axe_faults(&browser), json!([]), "{screen:?}");
        assert_eq!(camera.failures(), 1, "the wrong password was tried once");
    }
}
