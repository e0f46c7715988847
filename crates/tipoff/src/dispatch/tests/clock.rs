//! Alerts while the wall clock is wrong, and while it is set. Mails are received by the clock of this
//! machine; dispatch has one that the test sets.

use super::*;
use crate::maintenance::Maintenance;
use crate::runtime::clock::tests::{DAY, HOUR, Hands};

fn now() -> Timestamp {
    SystemTime::now().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_without_power_the_first_failure_expires_nothing() {
    let (_, clock) = Hands::ticking_at(now().after(25 * HOUR));
    let mut scene = Scene::by(&["hook"], clock).await;
    scene.mail().await;
    scene.hook.script().next([Behaviour::Down, Behaviour::answer(503, "")]);
    assert!(scene.dispatch.set_paused("hook", false));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Pending);
    assert_eq!(scene.delivery("hook").await, DeliveryState::Pending);
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_expires_nothing() {
    let (hands, clock) = Hands::ticking_at(now());
    let mut scene = Scene::by(&[], clock).await;
    scene.hook.script().next([Behaviour::answer(503, ""), Behaviour::answer(503, "")]);
    hands.pass(2 * HOUR);
    scene.mail().await;
    assert_eq!(scene.delivery("hook").await, DeliveryState::Pending);
    hands.set(now().after(40 * DAY));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Pending);
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_waits_for_no_clock_that_is_behind_at_the_start() {
    let (_, clock) = Hands::ticking_at(now().before(HOUR));
    let mut scene = Scene::by(&[], clock.clone()).await;
    scene.mail().await;
    let due = scene.server.spool.due("hook", clock.now(), 9, &[]).await.unwrap();
    assert!(due.deliveries.is_empty() && due.next_due_at.is_some(), "it is due in an hour");
    let maintenance = Maintenance::of(&scene.server, clock);
    let watch = tokio::spawn(maintenance.watch_clock(scene.supervisor.shutdown()));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    scene.end().await;
    watch.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_waits_for_no_clock_that_is_set_back() {
    let (hands, clock) = Hands::ticking_at(now());
    let mut scene = Scene::by(&["hook"], clock.clone()).await;
    let maintenance = Maintenance::of(&scene.server, clock);
    let watch = tokio::spawn(maintenance.watch_clock(scene.supervisor.shutdown()));
    scene.mail().await;
    hands.set(now().before(HOUR));
    // The mail was received a moment after the clock of dispatch was read.
    hands.pass(Duration::from_secs(60));
    assert!(scene.dispatch.set_paused("hook", false));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    scene.end().await;
    watch.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_pause_of_a_day_the_first_failure_expires_nothing() {
    let (hands, clock) = Hands::ticking_at(now());
    let mut scene = Scene::by(&["hook"], clock).await;
    scene.mail().await;
    hands.pass(30 * HOUR);
    scene.hook.script().next([Behaviour::answer(503, "")]);
    assert!(scene.dispatch.set_paused("hook", false));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Pending);
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_makes_no_alert_late() {
    let (hands, clock) = Hands::ticking_at(now());
    let mut scene = Scene::by(&["hook"], clock).await;
    scene.mail().await;
    hands.set(now().after(40 * DAY));
    assert!(scene.dispatch.set_paused("hook", false));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    let call = scene.hook.log().all().remove(0);
    let alert: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(alert.get("late").filter(|late| !late.is_null()), None, "{alert}");
    scene.end().await;
}
