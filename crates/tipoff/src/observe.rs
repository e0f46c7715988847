//! What the program tells of itself in numbers.
//!
//! No secret and no picture ever passes here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tipoff_model::Protocol;
use tipoff_spool::{AttemptRecord, SpoolStats};

use crate::log;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ArrivalLabels {
    receiver: &'static str,
    torn: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReceiverLabels {
    receiver: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChannelLabels {
    channel: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    channel: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    task: String,
}

/// Seconds in which things should happen, and in which they do when something is wrong.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// A histogram for each receiver or channel.
type Histograms<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    arrivals: Family<ArrivalLabels, Counter>,
    store_seconds: Histograms<ReceiverLabels>,
    sessions: Counter,
    sessions_open: Gauge,
    attempts: Family<AttemptLabels, Counter>,
    attempt_seconds: Histograms<ChannelLabels>,
    alert_seconds: Histograms<ChannelLabels>,
    pending: Family<ChannelLabels, Gauge>,
    blob_bytes: Gauge<u64, AtomicU64>,
    transcripts_dropped: Counter,
    log_lines_dropped: Counter,
    task_restarts: Family<TaskLabels, Counter>,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tipoff"),
            arrivals: Family::default(),
            store_seconds: Family::new_with_constructor(seconds),
            sessions: Counter::default(),
            sessions_open: Gauge::default(),
            attempts: Family::default(),
            attempt_seconds: Family::new_with_constructor(seconds),
            alert_seconds: Family::new_with_constructor(seconds),
            pending: Family::default(),
            transcripts_dropped: Counter::default(),
            log_lines_dropped: Counter::default(),
            task_restarts: Family::default(),
            blob_bytes: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "arrivals",
            "Things received whole, or torn by a broken connection, and stored",
            self.arrivals.clone(),
        );
        registry.register_with_unit(
            "store",
            "From the last byte of an arrival until it was durable",
            Unit::Seconds,
            self.store_seconds.clone(),
        );
        registry.register("sessions", "Conversations begun", self.sessions.clone());
        registry.register("sessions_open", "Conversations under way", self.sessions_open.clone());
        registry.register(
            "attempts",
            "Attempts at a delivery, by the state that they left it in",
            self.attempts.clone(),
        );
        registry.register_with_unit(
            "attempt",
            "How long an attempt at a delivery took",
            Unit::Seconds,
            self.attempt_seconds.clone(),
        );
        registry.register_with_unit(
            "alert",
            "From an incident's first arrival until the service had its first alert",
            Unit::Seconds,
            self.alert_seconds.clone(),
        );
        registry.register(
            "transcripts_dropped",
            "Transcripts of sessions that were not kept because too many ended at once",
            self.transcripts_dropped.clone(),
        );
        registry.register(
            "log_lines_dropped",
            "Lines of the log that could not be written",
            self.log_lines_dropped.clone(),
        );
        registry.register(
            "task_restarts",
            "Restarts of tasks that ended unexpectedly, by task",
            self.task_restarts.clone(),
        );
        registry.register("deliveries_pending", "Deliveries to be attempted", self.pending.clone());
        registry.register_with_unit(
            "blobs",
            "Size of all that is stored",
            Unit::Bytes,
            self.blob_bytes.clone(),
        );
    }

    /// A conversation has begun.
    pub(crate) fn session_began(&self) {
        self.sessions.inc();
        self.sessions_open.inc();
    }

    /// A conversation has ended.
    pub(crate) fn session_ended(&self) {
        self.sessions_open.dec();
    }

    /// So many transcripts are given up.
    pub(crate) fn transcripts_dropped(&self, count: u64) {
        self.transcripts_dropped.inc_by(count);
    }

    /// A task has ended unexpectedly.
    pub(crate) fn task_restarted(&self, task: &str) {
        self.task_restarts.get_or_create(&TaskLabels { task: task.to_owned() }).inc();
    }

    /// An arrival is stored, so long after its last byte.
    pub(crate) fn arrival(&self, protocol: Protocol, torn: bool, took: Duration) {
        let receiver = protocol.as_str();
        let labels = ArrivalLabels { receiver, torn: if torn { "true" } else { "false" } };
        self.arrivals.get_or_create(&labels).inc();
        if !torn {
            let labels = ReceiverLabels { receiver };
            self.store_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        }
    }

    /// An attempt at a delivery has ended.
    pub(crate) fn attempt(&self, channel: &str, record: &AttemptRecord) {
        let channel = channel.to_owned();
        let labels = AttemptLabels { channel: channel.clone(), state: record.state.as_str() };
        self.attempts.get_or_create(&labels).inc();
        let took = record.ended_at.since(record.at);
        self.attempt_seconds.get_or_create(&ChannelLabels { channel }).observe(took.as_secs_f64());
    }

    /// An incident's first alert is delivered, so long after its first arrival.
    pub(crate) fn alerted(&self, channel: &str, took: Duration) {
        let labels = ChannelLabels { channel: channel.to_owned() };
        self.alert_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// The metrics in the OpenMetrics text format, with what the spool says now.
    pub(crate) fn render(&self, stats: &SpoolStats) -> Result<String, std::fmt::Error> {
        self.blob_bytes.set(stats.blob_bytes);
        if stats.writer_restarts > 0 {
            let labels = TaskLabels { task: "spool writer".to_owned() };
            let restarts = self.task_restarts.get_or_create(&labels);
            restarts.inner().store(stats.writer_restarts, Ordering::Relaxed);
        }
        self.log_lines_dropped.inner().store(log::dropped(), Ordering::Relaxed);
        self.pending.clear();
        for (channel, count) in &stats.pending {
            let labels = ChannelLabels { channel: channel.clone() };
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.pending.get_or_create(&labels).set(count);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tipoff_model::{ArrivalId, DeliveryId, DeliveryState, Timestamp};

    use super::*;

    /// Every name of ours in a text, without what OpenMetrics adds to it.
    fn names(text: &str) -> BTreeSet<&str> {
        let is_of_name = |it: char| it.is_ascii_lowercase() || it == '_';
        let words = text.split(|it| !is_of_name(it)).filter(|it| it.starts_with("tipoff_"));
        let suffixes = ["_total", "_bucket", "_sum", "_count"];
        let bare = |word| {
            suffixes
                .iter()
                .fold(word, |word: &str, suffix| word.strip_suffix(suffix).unwrap_or(word))
        };
        words.map(bare).collect()
    }

    #[test]
    fn what_is_documented_and_drawn_is_what_is_told() {
        let metrics = Metrics::new();
        metrics.arrival(Protocol::Smtp, false, Duration::ZERO);
        metrics.alerted("phone", Duration::ZERO);
        metrics.task_restarted("channel phone");
        let now = Timestamp::from_ms(0);
        metrics.attempt(
            "phone",
            &AttemptRecord {
                delivery: DeliveryId(1),
                covers: ArrivalId(1),
                at: now,
                ended_at: now,
                state: DeliveryState::Delivered,
                due_at: now,
                progress: 1,
                reference: None,
                error: None,
                remember: Vec::new(),
            },
        );
        let pending = [("phone".to_owned(), 1)].into_iter().collect();
        let told = metrics.render(&SpoolStats { pending, ..SpoolStats::default() }).unwrap();
        let told = names(&told);
        assert!(told.len() >= 9, "{told:?}");
        for file in ["operations.md", "grafana.json"] {
            let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(names(&text), told, "{file}");
        }
    }
}
