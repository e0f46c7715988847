//! A channel whose worker panics for ever: the code of its service has a fault.

use std::sync::atomic::{AtomicBool, Ordering};

use tipoff_channels::{Abilities, BoxFuture, Channel, Context, Message, Pace};
use tipoff_model::{Outcome, Receipt, Verdict};

use super::*;
use crate::readiness::{self, Health, Missing};

struct Faulty(Arc<AtomicBool>);

impl Channel for Faulty {
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn paces(&self, _: &[(String, String)]) -> Vec<Pace> {
        assert!(!self.0.load(Ordering::Relaxed), "on purpose");
        Vec::new()
    }

    fn send<'a>(&'a self, _: &'a Message, _: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Verdict::Delivered(Receipt::default()).into() })
    }
}

impl Scene {
    /// Adds channels whose workers panic for as long as it is so.
    fn add_faulty(&self, names: &[&str]) -> Arc<AtomicBool> {
        let is_faulty = Arc::new(AtomicBool::new(true));
        let all = names.iter().map(|name| channel(&self.hook, name)).collect::<String>();
        let mut config = config(&(channel(&self.hook, "hook") + &all));
        for channel in config.channels.iter_mut().filter(|it| it.name != "hook") {
            channel.channel = Arc::new(Faulty(Arc::clone(&is_faulty)));
        }
        self.dispatch.apply(&config.channels);
        is_faulty
    }

    async fn missing(&self) -> Option<Missing> {
        let health = Health::default();
        readiness::missing(&self.supervisor, &self.server.spool, &self.server.disk, &health).await
    }

    async fn until(&self, what: &str, is_so: impl Fn(&ChannelState) -> bool, channel: &str) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !is_so(&self.status(channel).state) {
            assert!(tokio::time::Instant::now() < end, "{what}: {:?}", self.status(channel));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn breaks_again(state: &ChannelState) -> bool {
    matches!(state, ChannelState::Failing { failures: 3.., error, .. }
        if error.starts_with("a fault in Tipoff") && error.ends_with("on purpose"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_panics_for_ever_is_shown_and_is_no_reason_to_start_all_again() {
    let mut scene = Scene::new(&[]).await;
    let is_faulty = scene.add_faulty(&["phone"]);
    scene.mail().await;
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    scene.until("it fails", breaks_again, "phone").await;
    assert_eq!(scene.status("hook").state, ChannelState::Fine);
    let missing = scene.missing().await.unwrap();
    assert_eq!(missing.what, "not running: channel phone");
    assert!(!missing.restart_mends, "the watchdog would end what works");
    scene.mail().await;
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    // It is tried again all the while.
    is_faulty.store(false, Ordering::Relaxed);
    scene.until("it is up", |state| *state == ChannelState::Fine, "phone").await;
    assert_eq!(scene.missing().await, None);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_all_panic_are_a_reason_to_start_again_unless_there_is_only_one() {
    let scene = Scene::new(&[]).await;
    let is_faulty = scene.add_faulty(&["phone", "pager"]);
    scene.mail().await;
    for channel in ["phone", "pager"] {
        scene.until("it fails", breaks_again, channel).await;
    }
    // One of the three still works.
    assert!(!scene.supervisor.needs_restart());
    let mut only = config(&(channel(&scene.hook, "phone") + &channel(&scene.hook, "pager")));
    for channel in &mut only.channels {
        channel.channel = Arc::new(Faulty(Arc::clone(&is_faulty)));
    }
    scene.dispatch.apply(&only.channels);
    let end = tokio::time::Instant::now() + PATIENCE;
    while !scene.supervisor.needs_restart() {
        assert!(tokio::time::Instant::now() < end, "{:?}", scene.supervisor.down());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    only.channels.truncate(1);
    scene.dispatch.apply(&only.channels);
    is_faulty.store(false, Ordering::Relaxed);
    scene.end().await;
}
