//! What each action changes, and what it answers.

use std::time::SystemTime;

use tipoff_model::{Alert, AlertKind, Effect, Event};
use tipoff_spool::DeviceFilter;

use super::*;
use crate::testing::{MOTION, TestServer};

const MODES: &str = "[[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\n\
    [[channel]]\ntype = \"webhook\"\nname = \"me\"\nurl = \"http://127.0.0.1:9/\"\n";

async fn scene() -> (TestServer, Actions) {
    let server = TestServer::new(MODES);
    server.mail("yard@example.com", MOTION).await;
    let actions =
        server.actions(Links::at(Some("http://tipoff.lan"), [7; 32], std::time::Duration::MAX));
    (server, actions)
}

async fn device(server: &TestServer) -> DeviceLine {
    server.spool.devices(&DeviceFilter::default(), 1).await.unwrap().remove(0)
}

async fn alert(server: &TestServer) -> Alert {
    let now = Timestamp::from(SystemTime::now());
    server.spool.due("me", now, 1, &[]).await.unwrap().deliveries.remove(0).alert
}

#[tokio::test]
async fn a_device_is_muted_and_unmuted_again() {
    let (server, actions) = scene().await;
    let target = MuteTarget::Device(device(&server).await.id);
    let mute = Action::Mute { target, lasts: MuteFor::Minutes(15) };
    let before = Timestamp::from(SystemTime::now());
    let done = actions.act(&mute, "Ann", "me").await.unwrap();
    let until = device(&server).await.muted_until.unwrap();
    let lasts = until.since(before);
    assert!((899..930).contains(&lasts.as_secs()), "{lasts:?}");
    assert!(done.text.contains(" is muted until "), "{}", done.text);
    let [(undo, label)] = done.next.try_into().unwrap();
    assert_eq!((&undo, label.as_str()), (&Action::Unmute { target }, "Unmute"));
    let done = actions.act(&undo, "Ann", "me").await.unwrap();
    assert_eq!((device(&server).await.muted_until, done.next.len()), (None, 3));
    let missing = Action::Unmute { target: MuteTarget::Device(DeviceId(99)) };
    assert!(matches!(actions.act(&missing, "", "me").await, Err(ActionError::NoDevice)));
}

#[tokio::test]
async fn everything_is_muted_and_the_status_says_so() {
    let (server, actions) = scene().await;
    let target = MuteTarget::Everything;
    let mute = Action::Mute { target, lasts: MuteFor::Morning };
    actions.act(&mute, "", "me").await.unwrap();
    let now = Timestamp::from(SystemTime::now());
    assert!(server.spool.muted_until().await.unwrap().unwrap() > now);
    let status = actions.status().await.unwrap();
    assert!(status.contains("Mode: home (of home, away)"), "{status}");
    assert!(status.contains("Everything is muted until 07:00"), "{status}");
    assert!(status.contains("1 device; last: "), "{status}");
    assert!(status.contains("1 alert is waiting"), "{status}");
    actions.act(&Action::Unmute { target }, "", "me").await.unwrap();
    assert!(!actions.status().await.unwrap().contains("muted"));
}

#[tokio::test]
async fn a_mode_is_set_and_the_way_back_is_offered() {
    let (_stand, actions) = scene().await;
    let set = |mode: &str| Action::SetMode { mode: mode.to_owned() };
    let done = actions.act(&set("away"), "Ann", "me").await.unwrap();
    assert_eq!(done.text, "The mode is away.");
    assert_eq!(done.next, [(set("home"), "Back to home".to_owned())]);
    let again = actions.act(&set("away"), "Ann", "me").await.unwrap();
    assert_eq!(again.next, [], "the same press came twice");
    let error = actions.act(&set("nowhere"), "Ann", "me").await.unwrap_err();
    assert_eq!(error.to_string(), "There is no such mode any more: home, away.");
}

#[tokio::test]
async fn an_incident_is_dismissed_with_who_asked_and_restored() {
    let (server, actions) = scene().await;
    let incident = alert(&server).await.incident;
    let done = actions.act(&Action::NotInteresting { incident }, "Ann\n", "me").await.unwrap();
    let line = server.spool.incident(incident).await.unwrap().line;
    assert_eq!(line.dismissed.unwrap().by, "Ann (me)");
    let [(undo, _)] = done.next.try_into().unwrap();
    actions.act(&undo, "", "me").await.unwrap();
    assert_eq!(server.spool.incident(incident).await.unwrap().line.dismissed, None);
    let missing = Action::NotInteresting { incident: IncidentId(99) };
    assert!(matches!(actions.act(&missing, "", "me").await, Err(ActionError::NoIncident)));
}

#[tokio::test]
async fn first_alerts_have_buttons_and_nothing_else_has() {
    let (server, actions) = scene().await;
    let mut alert = alert(&server).await;
    alert.link = Some("http://tipoff.lan/incidents/1".to_owned());
    let buttons = actions.buttons(&alert, "me").await;
    let labels: Vec<&str> = buttons.iter().map(|button| button.label.as_str()).collect();
    let expected = [
        "🔇 15 min",
        "🔇 1 h",
        "🔇 Until morning",
        "🏠 away",
        "👎 Not interesting",
        "🔒 Keep",
        "Open",
    ];
    assert_eq!(labels, expected);
    for button in &buttons {
        let Effect::Act { action, link } = &button.effect else { continue };
        let token = link.as_deref().unwrap().strip_prefix("http://tipoff.lan/act/").unwrap();
        let grant = actions.links.action_of(token, Timestamp::from(SystemTime::now())).unwrap();
        assert_eq!((&grant.action, grant.channel.as_str()), (action, "me"));
    }
    alert.event = Event::Test;
    assert!(actions.buttons(&alert, "me").await.is_empty());
    alert.event = Event::Motion;
    for kind in [AlertKind::FollowUp, AlertKind::Summary, AlertKind::Report] {
        alert.kind = kind;
        assert!(actions.buttons(&alert, "me").await.is_empty(), "{kind:?}");
    }
}

#[tokio::test]
async fn the_latest_incidents_and_the_devices_are_listed() {
    let (server, actions) = scene().await;
    let name = device(&server).await.name;
    let last = actions.last(5).await.unwrap();
    assert!(last.ends_with(&format!(" 👀 {name} · Motion")), "{last}");
    assert_eq!(actions.devices().await.unwrap(), format!("{name}, just now"));
    server.mail("yard@example.com", MOTION).await;
    assert_eq!(actions.last(1).await.unwrap().lines().count(), 1);
}

#[test]
fn the_morning_is_the_next_seven_o_clock_in_the_zone_of_the_configuration() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let clock = LocalClock { zone, place: None };
    let morning = |text: &str| {
        let now: jiff::Timestamp = text.parse().unwrap();
        let morning = next_morning(&clock, Timestamp::from_ms(now.as_millisecond()));
        jiff::Timestamp::from_millisecond(morning.as_ms()).unwrap().to_string()
    };
    assert_eq!(morning("2026-01-10T01:00:00Z"), "2026-01-10T06:00:00Z");
    assert_eq!(morning("2026-01-10T06:00:00Z"), "2026-01-11T06:00:00Z");
    assert_eq!(morning("2026-03-28T23:00:00Z"), "2026-03-29T05:00:00Z", "summer time begins");
}

#[test]
fn labels_fit_on_a_button() {
    assert_eq!(buttons::short(&"a".repeat(40)), "a".repeat(40));
    let cut = buttons::short(&"ä".repeat(41));
    assert_eq!((cut.chars().count(), cut.ends_with('…')), (40, true));
}
