//! Cameras that are asked by ONVIF: pulled where they have PullPoint, else subscribed to.

use std::time::Duration;

use serde_json::json;
use tipoff_testkit::camera::{Notification, Onvif, Options, Scheme};

use crate::harness::wait_for;
use crate::pull::{PASSWORD, Reader, Standin, scene};

const MOTION: &str = "tns1:RuleEngine/CellMotionDetector/Motion";

fn options(onvif: Onvif) -> Options {
    Options { onvif: Some(onvif), ..Options::default() }
}

impl Standin {
    /// Gives a notification to all subscriptions, also to those that are pushed.
    fn notify(&self, notification: &Notification) {
        let _runtime = self.runtime.enter();
        self.camera.notify(notification);
    }

    fn wait_for_subscriptions(&self, count: usize) {
        wait_for("the subscriptions", || (self.camera.subscriptions() == count).then_some(()));
    }
}

#[test]
fn events_of_a_camera_with_a_wrong_clock_are_alerted_and_its_place_is_given_back() {
    let onvif = Onvif {
        clock_ahead_s: -7 * 3600,
        named_host: Some("0.0.0.0".to_owned()),
        ..Onvif::default()
    };
    let standin = Standin::start(options(onvif));
    let (hook, home, server) = scene(&standin.device("Yard", "auto", PASSWORD));
    standin.wait_for_subscriptions(1);
    standin.camera.notify(&Notification { operation: "Initialized", ..Notification::motion(true) });
    standin.camera.notify(&Notification::motion(true));
    standin.camera.notify(&Notification::motion(false));
    let line = "tns1:RuleEngine/LineDetector/Crossed";
    standin.camera.notify(&Notification::changed(line, "ObjectId", "7"));
    let alerts = hook.wait_for(2);
    let mut events: Vec<_> = alerts.iter().map(|it| it["event"].as_str().unwrap()).collect();
    // Each waits for its own picture.
    events.sort_unstable();
    assert_eq!(events, ["line", "motion"]);
    assert!(alerts[0]["device"].as_str().unwrap().starts_with("Yard"), "{alerts:?}");
    let reader = Reader::new(&home, &server);
    assert!(reader.get("/metrics").contains("tipoff_cameras{state=\"connected\"} 1\n"));
    assert_eq!(hook.alerts().len(), 2, "the state at the subscription is no alarm");
    assert_eq!(standin.camera.failures(), 0);
    server.stop();
    assert_eq!(standin.camera.subscriptions(), 0);
}

#[test]
fn a_subscription_that_is_lost_is_made_again_and_old_events_are_not_alerted() {
    let standin = Standin::start(options(Onvif::default()));
    let (hook, home, server) = scene(&standin.device("Yard", "onvif", PASSWORD));
    standin.wait_for_subscriptions(1);
    let age = Duration::from_secs(3600);
    let old = Notification { age, ..Notification::motion(true) };
    standin.camera.set_notification_backlog(vec![old]);
    standin.camera.forget_subscriptions();
    standin.wait_for_subscriptions(1);
    let late = wait_for("the late incident", || home.incidents().first().cloned());
    let number = late["id"].as_i64().or(late["incident"].as_i64()).unwrap();
    let incident = home.incident(number).to_string();
    assert!(incident.contains("the device sent it long after it happened"), "{incident}");
    standin.camera.notify(&Notification::motion(true));
    assert_eq!(hook.wait_for(1)[0]["event"], "motion");
    // The whole camera starts anew.
    standin.camera.set_down(true);
    Reader::new(&home, &server).wait_for_failure("failing");
    standin.camera.forget_subscriptions();
    standin.camera.set_notification_backlog(Vec::new());
    standin.camera.set_down(false);
    standin.wait_for_subscriptions(1);
    let sound = "tns1:AudioAnalytics/Audio/DetectedSound";
    standin.camera.notify(&Notification::changed(sound, "isSoundDetected", "true"));
    assert_eq!(hook.wait_for(2)[1]["event"], "sound");
    server.stop();
}

#[test]
fn a_wrong_onvif_password_is_tried_once() {
    let standin = Standin::start(options(Onvif::default()));
    let (_hook, home, server) = scene(&standin.device("Yard", "onvif", "wrong"));
    let failure = Reader::new(&home, &server).wait_for_failure("stopped");
    let error = failure["error"].as_str().unwrap();
    assert!(error.contains("refuses the password of the user \"admin\""), "{error}");
    assert_eq!((standin.camera.failures(), standin.camera.subscriptions()), (1, 0));
    server.stop();
}

#[test]
fn a_camera_without_pull_point_is_subscribed_to_and_pushes() {
    let onvif = Onvif { lacks_pull_point: true, ..Onvif::default() };
    let standin = Standin::start(Options { schemes: vec![Scheme::Basic], ..options(onvif) });
    let own = "user = \"yard\"\npassword = \"s3cret word\"\n";
    let device = format!("{}{own}", standin.device("Yard", "onvif", PASSWORD));
    let (hook, home, server) = scene(&device);
    standin.wait_for_subscriptions(1);
    standin.notify(&Notification::changed(MOTION, "IsMotion", "true"));
    let alert = hook.wait_for(1).remove(0);
    assert_eq!(alert["event"], json!("motion"));
    let incident = home.incident(alert["incident"].as_i64().unwrap());
    assert_eq!(incident["arrivals"][0]["envelope"]["login"], "yard");
    assert!(!server.log().contains("s3cret"));
    server.stop();
    assert_eq!(standin.camera.subscriptions(), 0);
}
