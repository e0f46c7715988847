//! Three nodes behind HAProxy, PostgreSQL with two quorum standbys, and an S3 server, each on a machine of its own
//! (network namespaces). Nodes and the primary are killed, and connections between any two are cut or slow, while
//! cameras send.
//!
//! A few kinds of faults come once, in an order that depends on a seed. With `TIPOFF_TEST_SOAK`, faults come for ten
//! minutes, or for the seconds of `TIPOFF_FAULTS_S`. `TIPOFF_TEST_SEED` repeats the faults of an earlier run.

mod cameras;
mod fault;
mod receipts;
mod report;
mod scene;
mod suffer;

use std::time::{Duration, Instant, SystemTime};

use self::cameras::Cameras;
use self::fault::Fault;
use self::report::Report;
use self::scene::Scene;
use crate::faults::Dice;

/// How long faults come with `TIPOFF_TEST_SOAK`.
const SOAK: Duration = Duration::from_secs(600);
/// Acknowledged mails and uploads before the first fault and after the last.
const QUIET: usize = 15;

/// How long faults come after the few.
fn extent() -> Duration {
    let given = std::env::var("TIPOFF_FAULTS_S").ok().map(|count| count.parse().unwrap());
    let soak = std::env::var_os("TIPOFF_TEST_SOAK").map(|_| SOAK);
    given.map(Duration::from_secs).or(soak).unwrap_or_default()
}

fn seed() -> u64 {
    let given = std::env::var("TIPOFF_TEST_SEED").ok().map(|seed| seed.parse().unwrap());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    given.unwrap_or(now.as_secs())
}

#[test]
fn nothing_acknowledged_is_lost_whatever_happens_to_machines_and_links() {
    let Some(scene) = Scene::start() else { return };
    let (seed, extent) = (seed(), extent());
    let made_by = if scene.network.has_netem() { "netem" } else { "the test, without netem" };
    eprintln!("TIPOFF_TEST_SEED={seed}; slow links are made by {made_by}");
    let (mut dice, began) = (Dice::new(seed), Instant::now());
    let mut few = Fault::one_of_each(&scene, &mut dice).into_iter();
    let (cameras, mut report) = (Cameras::default(), Report::default());
    std::thread::scope(|scope| {
        let (cameras, scene) = (&cameras, &scene);
        let senders: Vec<_> = (0..Cameras::COUNT)
            .map(|camera| {
                let send = move || cameras.send(camera, scene.balancer.address());
                scope.spawn(move || scene.cameras.run(send).unwrap())
            })
            .collect();
        // They stop also if a fault fails.
        let _stop = Stop(cameras);
        cameras.wait_for(QUIET, "mails before the first fault");
        while let Some(fault) =
            few.next().or_else(|| (began.elapsed() < extent).then(|| Fault::any(scene, &mut dice)))
        {
            report.suffer(&fault, scene, cameras);
            assert!(senders.iter().all(|sender| !sender.is_finished()), "a camera has failed");
        }
        cameras.wait_for(QUIET, "mails after the last fault");
    });
    report.conclude(&scene, &cameras);
}

/// Ends the cameras when it is dropped.
struct Stop<'a>(&'a Cameras);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
