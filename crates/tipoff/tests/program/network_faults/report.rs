//! What came of the faults: nothing is lost, and only what was under way at a fault is delivered again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::cameras::Cameras;
use super::fault::Fault;
use super::scene::{CHANNELS, Scene};
use super::suffer;
use crate::harness::wait_for;

/// Deliveries of a channel that are under way at the same time (`SlotLimits` of dispatch).
const UNDER_WAY_MAX: usize = 24;
/// How long before a fault an alert may have arrived whose delivery the fault kept from being recorded.
const RECORDED_WITHIN: Duration = Duration::from_secs(2);

/// A fault that has ended.
struct Past {
    text: String,
    kind: &'static str,
    began: Instant,
    /// When all channels delivered again and all machines were back.
    ended: Instant,
    /// From the end of its cause until all channels delivered again.
    well_after: Duration,
    standstill: Duration,
    /// Deliveries under way at this fault that came again.
    again: usize,
}

#[derive(Default)]
pub struct Report(Vec<Past>);

impl Report {
    /// Lets a fault happen and waits until all is well.
    pub fn suffer(&mut self, fault: &Fault, scene: &Scene, cameras: &Cameras) {
        eprintln!("{fault:?} after {} acknowledgements", cameras.acknowledged().len());
        let began = Instant::now();
        let end = suffer::suffer(fault, scene, cameras);
        let well = suffer::wait_until_well(end, scene, cameras);
        let (well_after, standstill) = (well - end, suffer::standstill(began, well, scene));
        eprintln!(
            "    channels stood still for {standstill:.1?}; well {well_after:.1?} after its end"
        );
        let (text, kind, ended) = (format!("{fault:?}"), fault.kind(), Instant::now());
        self.0.push(Past { text, kind, began, ended, well_after, standstill, again: 0 });
    }

    /// Waits for all that was acknowledged, and checks and prints the result.
    pub fn conclude(mut self, scene: &Scene, cameras: &Cameras) {
        let acknowledged = cameras.acknowledged();
        wait_for("all that was acknowledged, on every channel", || {
            std::thread::sleep(Duration::from_millis(200));
            let delivered = scene.receipts.names();
            let is_there = |name: &String| {
                CHANNELS.iter().all(|it| delivered.contains(&(name.clone(), (*it).to_owned())))
            };
            acknowledged.keys().all(is_there).then_some(())
        });
        let pending = "SELECT count(*) FROM delivery WHERE state <> 'delivered'";
        wait_for("the end of all deliveries", || {
            std::thread::sleep(Duration::from_millis(200));
            (scene.cluster.run(pending).unwrap() == "0").then_some(())
        });
        for ((_, channel), receipts) in scene.receipts.by_incident() {
            let [first, .., _] = &receipts[..] else { continue };
            let under_way =
                |past: &&mut Past| (past.began - RECORDED_WITHIN..past.ended).contains(&first.at);
            // The last of several: the one before it had ended.
            let past = self.0.iter_mut().rfind(under_way);
            let (name, ago) = (&first.name, first.at.elapsed());
            let past = past.unwrap_or_else(|| {
                panic!("{name} on {channel} again without a fault, first {ago:.1?} ago")
            });
            past.again += receipts.len() - 1;
        }
        for past in &self.0 {
            let max = UNDER_WAY_MAX * CHANNELS.len();
            assert!(past.again <= max, "{} delivered again by {}", past.again, past.text);
        }
        self.print(acknowledged.len());
    }

    fn print(&self, acknowledged: usize) {
        let again: usize = self.0.iter().map(|past| past.again).sum();
        eprintln!(
            "{acknowledged} acknowledged, 0 lost, {} deliveries, {again} more again, {} faults:",
            acknowledged * CHANNELS.len(),
            self.0.len()
        );
        let mut kinds: BTreeMap<&str, Vec<&Past>> = BTreeMap::new();
        for past in &self.0 {
            kinds.entry(past.kind).or_default().push(past);
        }
        for (kind, faults) in kinds {
            let again: usize = faults.iter().map(|past| past.again).sum();
            let still = faults.iter().map(|past| past.standstill).max().unwrap_or_default();
            let well = faults.iter().map(|past| past.well_after).max().unwrap_or_default();
            eprintln!(
                "  {kind}: {}, {again} again; longest: a channel stood still for {still:.1?}, \
                 well {well:.1?} after the end",
                faults.len(),
            );
        }
    }
}
