//! Stored is alerted: every subject, event, picture and device name reaches the sink, once.

use serde_json::Value;

use crate::camera::upload;
use crate::ftp_uploads::picture;
use crate::harness::{Home, PICTURE, Server, mail, send};
use crate::hook::{Hook, Manner, files};

fn scene() -> (Hook, Home, Server) {
    let hook = Hook::start();
    let home = Home::new(&hook.channel());
    let server = home.start();
    (hook, home, server)
}

fn words_of(alert: &Value) -> String {
    format!("{}\n{}", alert["subject"].as_str().unwrap(), alert["text"].as_str().unwrap())
}

/// Mails these, and waits until each subject has come.
fn told(subjects: &[&str], pictures: &[&[u8]]) -> Vec<Value> {
    let (hook, _home, server) = scene();
    for subject in subjects {
        let reply = send(server.smtp[0], "box@example.com", &mail(subject, pictures));
        assert!(reply.starts_with("250"), "{reply}");
    }
    let alerts = wait_for_words(&hook, subjects);
    server.stop();
    let all: Vec<String> = alerts.iter().map(words_of).collect();
    for subject in subjects {
        let times = all.iter().filter(|words| words.contains(subject)).count();
        assert_eq!(times, 1, "{subject}: {all:?}");
    }
    alerts
}

fn wait_for_words(hook: &Hook, subjects: &[&str]) -> Vec<Value> {
    crate::harness::wait_for("every subject", || {
        let all: String = hook.alerts().iter().map(words_of).collect();
        subjects.iter().all(|subject| all.contains(subject)).then(|| hook.alerts())
    })
}

#[test]
fn a_recorders_cameras_are_alerted_separately_with_their_names() {
    let alerts = told(
        &[
            "Motion Detected from Driveway",
            "Motion Detected from Garden",
            "Person Detected from Back door",
            "Vehicle Detected from Garage",
        ],
        &[],
    );
    let mut seen: Vec<_> = alerts
        .iter()
        .map(|it| (it["device"].as_str().unwrap(), it["event"].as_str().unwrap()))
        .collect();
    seen.sort_unstable();
    assert_eq!(
        seen,
        [
            ("Back door", "person"),
            ("Driveway", "motion"),
            ("Garage", "vehicle"),
            ("Garden", "motion")
        ]
    );
    assert!(alerts.iter().all(|it| it["kind"] == "first"), "{alerts:?}");
}

#[test]
fn grouping_loses_no_event_of_a_camera() {
    let subjects = ["Motion at Yard", "Person at Yard", "Vehicle at Yard", "Animal at Yard"];
    let alerts = told(&subjects, &[PICTURE]);
    assert!(alerts.len() < subjects.len(), "they are gathered: {alerts:?}");
    assert!(alerts.iter().any(|it| it["event"] == "person"), "{alerts:?}");
    assert_eq!(alerts.iter().flat_map(files).count(), subjects.len());
}

#[test]
fn mails_of_a_server_are_each_an_alert() {
    let subjects = [
        "Cron <root@nas> backup",
        "SECURITY information for nas",
        "Cron <root@nas> rotate",
        "apticron: 3 packages",
        "Cron <root@nas> trim",
    ];
    let alerts = told(&subjects, &[]);
    assert_eq!(alerts.len(), 5);
    assert!(alerts.iter().all(|it| it["kind"] == "first"), "{alerts:?}");
}

#[test]
fn a_fault_is_not_hidden_by_motion() {
    let alerts = told(&["Motion detected", "HDD Error"], &[]);
    let fault = alerts.iter().find(|it| it["subject"] == "HDD Error").unwrap();
    assert_eq!((&fault["event"], &fault["kind"]), (&"fault".into(), &"first".into()));
}

#[test]
fn uploads_followed_by_a_mail_lose_nothing() {
    let (hook, _home, server) = scene();
    for number in 0..3 {
        upload(server.ftp[0], "box", &format!("{number}.jpg"), &picture(number));
    }
    let reply = send(server.smtp[0], "box@example.com", &mail("Alarm at the gate", &[]));
    assert!(reply.starts_with("250"), "{reply}");
    wait_for_words(&hook, &["Alarm at the gate"]);
    let alerts = crate::harness::wait_for("every picture", || {
        let alerts = hook.alerts();
        (alerts.iter().flat_map(files).count() >= 3).then_some(alerts)
    });
    assert_eq!(alerts.iter().flat_map(files).count(), 3, "and each once");
    server.stop();
}

#[test]
fn alerts_that_waited_for_a_destination_keep_their_words() {
    let hook = Hook::start();
    hook.behave(Manner::HangUp);
    let home = Home::new(&hook.channel());
    let server = home.start();
    let subjects: Vec<String> =
        (0..25).map(|number| format!("Motion, sector {number:02}")).collect();
    for subject in &subjects {
        send(server.smtp[0], "box@example.com", &mail(subject, &[]));
    }
    hook.behave(Manner::Fine);
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    wait_for_words(&hook, &subjects);
    server.stop();
}

#[test]
fn a_picture_by_mail_and_by_ftp_is_sent_once() {
    let (hook, home, server) = scene();
    let reply = send(server.smtp[0], "cam1@example.com", &mail("Motion", &[PICTURE]));
    assert!(reply.starts_with("250"), "{reply}");
    hook.wait_for(1);
    upload(server.ftp[0], "cam1", "other.jpg", &picture(7));
    upload(server.ftp[0], "cam1", "same.jpg", PICTURE);
    crate::harness::wait_for("the end of all deliveries", || {
        let incident = home.incident(1);
        let deliveries = incident["deliveries"].as_array().unwrap().clone();
        (incident["arrivals"].as_array().unwrap().len() == 3
            && deliveries.len() >= 2
            && deliveries.iter().all(|it| it["state"] == "delivered"))
        .then_some(())
    });
    let sent: Vec<Vec<u8>> = hook.alerts().iter().flat_map(files).collect();
    assert_eq!(sent.iter().filter(|file| *file == PICTURE).count(), 1, "once");
    assert!(sent.contains(&picture(7)), "another picture is sent");
    server.stop();
}
