//! Attempts by channel and state, always listed in the same order: channels by name, states in the order of a delivery's life.
//! The library's own families have a random order, which makes the output hard to read and to compare.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use tipoff_model::DeliveryState;

use crate::runtime::lock::lock;

/// The labels of one series.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    channel: String,
    state: &'static str,
}

/// Counts attempts: by the name of the channel, and by the position of the state in [`DeliveryState::ALL`]. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts(Arc<Mutex<BTreeMap<String, BTreeMap<usize, u64>>>>);

impl Attempts {
    /// Creates all counters of a channel, at zero.
    pub(super) fn name(&self, channel: &str) {
        let mut counts = self.lock();
        let of_channel = counts.entry(channel.to_owned()).or_default();
        for place in 0..DeliveryState::ALL.len() {
            of_channel.entry(place).or_default();
        }
    }

    /// Counts an attempt that left its delivery in this state.
    pub(super) fn count(&self, channel: &str, state: DeliveryState) {
        let place = DeliveryState::ALL.iter().position(|it| *it == state).unwrap_or_default();
        let mut counts = self.lock();
        let count = counts.entry(channel.to_owned()).or_default().entry(place).or_default();
        *count = count.saturating_add(1);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<usize, u64>>> {
        lock(&self.0)
    }
}

impl Collector for Attempts {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let help =
            "Delivery attempts, by channel and by the state of the delivery after the attempt.";
        let mut family = encoder.encode_descriptor("attempts", help, None, MetricType::Counter)?;
        for (channel, counts) in &*self.lock() {
            for (state, count) in DeliveryState::ALL
                .iter()
                .enumerate()
                .filter_map(|(place, it)| Some((it, counts.get(&place)?)))
            {
                let labels = Labels { channel: channel.clone(), state: state.as_str() };
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
            }
        }
        Ok(())
    }
}
