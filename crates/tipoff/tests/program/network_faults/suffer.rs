//! Lets a fault happen and ends it, and measures how long channels stand still.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::time::{Duration, Instant};

use tipoff_testkit::network::Host;

use super::cameras::Cameras;
use super::fault::{DELAY, Fault, LOSS_PERCENT};
use super::scene::{CHANNELS, Node, Scene};
use crate::harness::wait_for;

// The three limits are for a machine that runs little else ([`on_this_machine`]).
/// The channels of a node that is dead or cut off go on at others within this time (docs/nodes.md).
const TAKEN_OVER_MAX: Duration = Duration::from_secs(10);
/// All channels deliver again so long after the end of what kept them from it.
const BACK_MAX: Duration = Duration::from_secs(30);
/// The same after a promotion, also if the old primary says nothing any more.
const PROMOTED_MAX: Duration = Duration::from_secs(20);
/// Between two looks into the database.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the primary is alone before a standby is promoted.
const LONELY: Duration = Duration::from_secs(1);

/// A fault, from its beginning to the end of its cause, which is returned: the promotion if the primary failed.
pub fn suffer(fault: &Fault, scene: &Scene, cameras: &Cameras) -> Instant {
    match fault {
        Fault::Dead(node) => dead_node(&scene.nodes[*node], scene, cameras),
        Fault::Restart(node) => {
            scene.nodes[*node].program.kill();
            scene.nodes[*node].program.start_again();
        }
        Fault::Primary => {
            scene.cluster.kill_primary().unwrap();
            return promote(scene, cameras);
        }
        Fault::LonelyPrimary => return lonely_primary(scene, cameras),
        Fault::Bucket(pause) => {
            scene.bucket.kill();
            std::thread::sleep(*pause);
            scene.bucket.start().unwrap();
        }
        Fault::NoPrimary(node, pause) => {
            let node = &scene.nodes[*node];
            let primary = &scene.databases[scene.cluster.primary()];
            without_node(node, scene, *pause, || {
                cut(&node.host, primary, scene, || std::thread::sleep(*pause));
            });
        }
        Fault::Cut(one, other, pause) => cut(one, other, scene, || std::thread::sleep(*pause)),
        Fault::OneWay(from, to, pause) => {
            scene.network.cut(from, to).unwrap();
            std::thread::sleep(*pause);
            scene.network.heal(from, to).unwrap();
        }
        Fault::Unplugged(host, pause) => {
            let unplug = || {
                host.unplug().unwrap();
                std::thread::sleep(*pause);
                host.plug().unwrap();
            };
            match scene.nodes.iter().find(|node| node.host.name() == host.name()) {
                Some(node) => without_node(node, scene, *pause, unplug),
                None => unplug(),
            }
        }
        Fault::Slow(host, pause) => {
            host.slow_down(DELAY, LOSS_PERCENT).unwrap();
            std::thread::sleep(*pause);
            host.speed_up().unwrap();
        }
    }
    Instant::now()
}

/// Waits until every channel has delivered something that was acknowledged after the end of a fault, and until both
/// standbys take part again.
pub fn wait_until_well(end: Instant, scene: &Scene, cameras: &Cameras) -> Instant {
    let well = wait_for_channels(end, scene, cameras);
    assert!(
        well - end < on_this_machine(BACK_MAX),
        "channels went on {:?} after the end",
        well - end
    );
    scene.cluster.wait_for_standbys(2).unwrap();
    well
}

/// How long the channel that delivered nothing for the longest time did so.
pub fn standstill(from: Instant, to: Instant, scene: &Scene) -> Duration {
    let mut last = BTreeMap::from(CHANNELS.map(|channel| (channel.to_owned(), from)));
    let mut longest = Duration::ZERO;
    for receipt in scene.receipts.since(from).into_iter().filter(|receipt| receipt.at < to) {
        if let Some(before) = last.insert(receipt.channel, receipt.at) {
            longest = longest.max(receipt.at - before);
        }
    }
    last.into_values().map(|last| to - last).fold(longest, Duration::max)
}

/// A limit, longer where more than two tasks share each processor (the load of the last minute).
fn on_this_machine(limit: Duration) -> Duration {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: f64 = load.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get) as f64;
    limit.mul_f64((load / processors / 2.0).max(1.0))
}

/// Cuts both directions while something is done.
fn cut(one: &Host, other: &Host, scene: &Scene, during: impl FnOnce()) {
    scene.network.cut(one, other).unwrap();
    scene.network.cut(other, one).unwrap();
    during();
    scene.network.heal(one, other).unwrap();
    scene.network.heal(other, one).unwrap();
}

/// A node cannot work for this time. If it is long enough, others take over its channels meanwhile.
fn without_node(node: &Node, scene: &Scene, pause: Duration, during: impl FnOnce()) {
    wait_for_a_channel_on(node, scene);
    let began = Instant::now();
    during();
    let still = standstill(began, Instant::now(), scene);
    eprintln!("    channels stood still for {still:.1?} while it lasted");
    let is_long = pause > TAKEN_OVER_MAX;
    assert!(
        !is_long || still < on_this_machine(TAKEN_OVER_MAX),
        "channels stood still for {still:?}"
    );
}

fn wait_for_a_channel_on(node: &Node, scene: &Scene) {
    let held = format!(
        "SELECT count(*) FROM lease JOIN node USING (run) \
         WHERE kind = 'channel' AND node.name = '{}'",
        node.name
    );
    wait_for("a channel on each node", || {
        std::thread::sleep(LOOK_EVERY);
        (scene.cluster.run(&held).unwrap() != "0").then_some(())
    });
}

/// A node dies and does not come back. Others take over its leases and deliver. Then another one takes its place.
fn dead_node(node: &Node, scene: &Scene, cameras: &Cameras) {
    wait_for_a_channel_on(node, scene);
    let runs = format!("SELECT quote_literal(run) FROM node WHERE name = '{}'", node.name);
    let runs = scene.cluster.run(&runs).unwrap().lines().collect::<Vec<_>>().join(", ");
    let began = Instant::now();
    node.program.kill();
    wait_for_channels(began, scene, cameras);
    let still = standstill(began, Instant::now(), scene);
    let left = format!("SELECT count(*) FROM lease WHERE run IN ({runs})");
    wait_for("the leases of a dead node", || {
        std::thread::sleep(LOOK_EVERY);
        (scene.cluster.run(&left).unwrap() == "0").then_some(())
    });
    let moved = began.elapsed();
    eprintln!("    channels went on after {still:.1?}, all leases had moved after {moved:.1?}");
    assert!(still < on_this_machine(TAKEN_OVER_MAX), "channels stood still for {still:?}");
    assert!(moved < on_this_machine(TAKEN_OVER_MAX), "leases moved after {moved:?}");
    node.program.start_again();
}

/// Promotes a standby; when it was. The old primary becomes a standby once channels go on.
fn promote(scene: &Scene, cameras: &Cameras) -> Instant {
    let old = scene.cluster.primary();
    scene.cluster.fail_over().unwrap();
    let promoted = Instant::now();
    let took = wait_for_channels(promoted, scene, cameras) - promoted;
    assert!(took < on_this_machine(PROMOTED_MAX), "channels went on {took:?} after the promotion");
    scene.cluster.kill(old).unwrap();
    scene.databases[old].plug().unwrap();
    // A machine that was just connected may have no route yet.
    wait_for("the old primary as a standby", || scene.cluster.rejoin(old).ok());
    promoted
}

/// A primary that reaches nobody can acknowledge nothing. It is ended before it is connected again, as Patroni does.
fn lonely_primary(scene: &Scene, cameras: &Cameras) -> Instant {
    scene.databases[scene.cluster.primary()].unplug().unwrap();
    std::thread::sleep(LONELY);
    promote(scene, cameras)
}

/// Waits until every channel has delivered something that was acknowledged after this moment; when all had.
fn wait_for_channels(since: Instant, scene: &Scene, cameras: &Cameras) -> Instant {
    wait_for("all channels to go on", || {
        let mut waiting = BTreeSet::from(CHANNELS);
        scene.receipts.since(since).into_iter().find_map(|receipt| {
            if cameras.is_after(&receipt.name, since) {
                waiting.remove(receipt.channel.as_str());
            }
            waiting.is_empty().then_some(receipt.at)
        })
    })
}
