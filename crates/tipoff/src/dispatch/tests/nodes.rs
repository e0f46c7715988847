//! Two nodes on one spool: each channel is delivered by one of them.

use super::*;

/// Another node on the spool of the scene, with a notifier of its own.
async fn node(scene: &Scene, name: &str) -> (ChannelSupervisor, Leases) {
    let leases = Leases::shared(&scene.server.spool, name, &Clock::system());
    let common = common(&scene.server, Arc::new(Metrics::new())).await;
    let common = DispatchContext { leases: leases.clone(), ..common };
    let channels = &config(&all(&scene.hook)).channels;
    let notifier = Default::default();
    let node = ChannelSupervisor::start(channels, Vec::new(), common, &notifier, &scene.supervisor);
    leases.start(&scene.supervisor);
    (node, leases)
}

fn all(hook: &Webhook) -> String {
    ["one", "three", "two"].map(|name| channel(hook, name)).concat()
}

fn held(leases: &Leases) -> u64 {
    leases.figures().unwrap().channels
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_is_sent_once_and_a_node_that_leaves_is_followed() {
    let mut scene = Scene::new(&["hook"]).await;
    let channels = config(&all(&scene.hook));
    scene.server.rules.apply(channels.rules.clone());
    let (_first, a) = node(&scene, "a").await;
    let (_second, b) = node(&scene, "b").await;
    let spread = async {
        while held(&a).min(held(&b)) == 0 || held(&a) + held(&b) < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, spread).await.unwrap();
    for mails in 1..=2 {
        scene.mail().await;
        for _ in 0..3 {
            next_delivery(&mut scene).await;
        }
        assert_eq!(scene.hook.log().len(), mails * 3, "each channel has sent it once");
        if mails == 1 {
            a.leave().await;
        }
    }
    assert_eq!((held(&a), held(&b)), (0, 3));
    scene.end().await;
}

/// The next delivery of any channel, which has to succeed.
async fn next_delivery(scene: &mut Scene) {
    loop {
        let news = tokio::time::timeout(PATIENCE, scene.listener.recv()).await;
        if let LiveEvent::Delivery { state, .. } = news.unwrap().unwrap() {
            return assert_eq!(state, DeliveryState::Delivered);
        }
    }
}
