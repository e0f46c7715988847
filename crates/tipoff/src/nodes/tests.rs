//! Nodes on the spool of a test. They beat when the test says so, or by their task.

use std::time::Duration;

use super::*;
use crate::runtime::shutdown;
use crate::runtime::telemetry::Metrics;
use crate::testing::TestServer;

fn channel(name: &str) -> LeaseKey {
    LeaseKey { kind: LeaseKind::Channel, name: name.to_owned() }
}

async fn beat(leases: &Leases, second: u64) {
    let shared = leases.0.as_ref().unwrap();
    shared.beat(Instant::now(), Duration::from_secs(second)).await;
}

#[tokio::test]
async fn the_embedded_engine_has_one_node_that_holds_everything() {
    let server = TestServer::new("");
    let leases = Leases::of(&server.spool, "a", &Clock::system());
    assert_eq!(leases.hold(&channel("hook")), Hold::Whole);
    assert!(leases.changes().is_none() && leases.figures().is_none());
    leases.leave().await;
    assert!(leases.hold(&channel("hook")).may_start());
}

#[tokio::test]
async fn a_node_that_cannot_renew_stops_in_time() {
    let server = TestServer::new("");
    let leases = Leases::shared(&server.spool, "a", &Clock::system());
    leases.want_channels([channel("hook")]);
    assert_eq!(leases.hold(&channel("hook")), Hold::Elsewhere, "before the first beat");
    beat(&leases, 1).await;
    tokio::time::pause();
    assert!(matches!(leases.hold(&channel("hook")), Hold::Held(_)));
    assert!(leases.figures().is_some_and(|figures| figures.is_member && figures.channels == 1));
    tokio::time::advance(Duration::from_secs(4)).await;
    assert!(leases.hold(&channel("hook")).may_start());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(leases.hold(&channel("hook")), Hold::Elsewhere);
    assert!(leases.figures().is_some_and(|figures| !figures.is_member && figures.channels == 0));
}

#[tokio::test]
async fn what_is_given_up_or_lost_is_not_held_again_before_the_next_beat() {
    let server = TestServer::new("");
    let (a, b) = (
        Leases::shared(&server.spool, "a", &Clock::system()),
        Leases::shared(&server.spool, "b", &Clock::system()),
    );
    let all = ["hook", "phone"].map(channel);
    a.want_channels(all.clone());
    b.want_channels(all);
    beat(&a, 1).await;
    beat(&b, 1).await;
    beat(&a, 2).await;
    let Hold::Leaving(lease) = a.hold(&channel("phone")) else { panic!("it is too much") };
    assert_eq!(a.excess(), [channel("phone")]);
    a.give_up(&channel("phone"));
    assert_eq!(a.hold(&channel("phone")), Hold::Elsewhere);
    beat(&a, 3).await;
    beat(&b, 3).await;
    let Hold::Held(of_b) = b.hold(&channel("phone")) else { panic!("it is free") };
    a.lost(&lease);
    b.lost(&lease);
    assert!(b.hold(&channel("phone")).may_start(), "another's loss is not its own");
    b.lost(&of_b);
    assert!(!b.hold(&channel("phone")).may_start());
    a.leave().await;
    beat(&a, 4).await;
    assert!(!a.hold(&channel("hook")).may_start(), "who left does not come back");
    beat(&b, 4).await;
    assert!(b.hold(&channel("hook")).may_start());
}

#[tokio::test]
async fn a_task_runs_on_one_node_and_moves_when_that_one_leaves() {
    let server = TestServer::new("");
    let (trigger, shutdown) = shutdown::channel();
    let supervisor = Supervisor::new(shutdown.clone(), Arc::new(Metrics::new()));
    let running = watch::Sender::new((0, 0));
    let nodes = [
        Leases::shared(&server.spool, "a", &Clock::system()),
        Leases::shared(&server.spool, "b", &Clock::system()),
    ];
    let of = |place: usize| {
        let (leases, shutdown, running) = (nodes[place].clone(), shutdown.clone(), running.clone());
        let change = move |by: i32| {
            running.send_modify(|it| if place == 0 { it.0 += by } else { it.1 += by });
        };
        async move {
            let work = || async {
                struct Ends<F: Fn(i32)>(F);
                impl<F: Fn(i32)> Drop for Ends<F> {
                    fn drop(&mut self) {
                        (self.0)(-1);
                    }
                }
                change(1);
                let _ends = Ends(&change);
                std::future::pending().await
            };
            leases.while_held("reports", shutdown, work).await;
        }
    };
    let tasks = [tokio::spawn(of(0)), tokio::spawn(of(1))];
    nodes[0].start(&supervisor);
    let mut seen = running.subscribe();
    let wait = Duration::from_secs(30);
    tokio::time::timeout(wait, seen.wait_for(|it| *it == (1, 0))).await.unwrap().unwrap();
    nodes[1].start(&supervisor);
    nodes[0].leave().await;
    tokio::time::timeout(wait, seen.wait_for(|it| *it == (0, 1))).await.unwrap().unwrap();
    trigger.enter(crate::runtime::shutdown::Phase::Over);
    for task in tasks {
        tokio::time::timeout(wait, task).await.unwrap().unwrap();
    }
}
