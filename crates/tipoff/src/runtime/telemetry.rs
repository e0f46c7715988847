//! The metrics of the program, in the formats of Prometheus. Their names are part of the contract with users
//! (docs/compatibility.md).
//!
//! A label never contains a secret or a text that a device chose (invariant 9): receivers, channels, tasks and states only.

mod attempts;
mod exposition_format;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tipoff_model::{Protocol, Timestamp};
use tipoff_spool::{AttemptRecord, Connections, SpoolStats};

use crate::runtime::lock::lock;
use crate::runtime::log;

use attempts::Attempts;
pub(crate) use exposition_format::Format;

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
struct LeaseLabels {
    kind: &'static str,
}

/// The state of cameras that are asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CameraLabels {
    state: &'static str,
}

/// The state of connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    task: String,
}

/// Buckets of durations, in seconds: fine where things should happen, coarse up to what happens when something is wrong.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// A histogram for each receiver or channel.
type Histograms<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// All metrics. The rooms count into the fields; [`Metrics::render`] adds what the spool knows.
pub(crate) struct Metrics {
    registry: Registry,
    arrivals: Family<ArrivalLabels, Counter>,
    /// From the last byte of an arrival until it is durable.
    store_seconds: Histograms<ReceiverLabels>,
    sessions: Counter,
    sessions_open: Gauge,
    attempts: Attempts,
    attempt_seconds: Histograms<ChannelLabels>,
    /// From the first arrival of an incident until the service took its first alert.
    alert_seconds: Histograms<ChannelLabels>,
    /// Of the spool, as of the last rendering.
    pending: Family<ChannelLabels, Gauge>,
    /// The same.
    blob_bytes: Gauge<u64, AtomicU64>,
    /// Of this node, where several share the spool; otherwise without series.
    leases: Family<LeaseLabels, Gauge>,
    /// The same.
    nodes: Family<Vec<(String, String)>, Gauge>,
    /// The same.
    connections: Family<ConnectionLabels, Gauge>,
    /// Of the spool, as of the last rendering.
    lag_seconds: Family<ChannelLabels, Gauge>,
    /// Of the cameras that are asked for their events, as of the last rendering.
    cameras: Family<CameraLabels, Gauge>,
    camera_failures: Counter,
    transcripts_dropped: Counter,
    log_lines_dropped: Counter,
    task_restarts: Family<TaskLabels, Counter>,
    /// The channels that are configured, or were.
    channels: Mutex<BTreeSet<String>>,
}

/// The spool's own task, which it restarts itself.
const SPOOL_WRITER: &str = "spool writer";

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tipoff"),
            arrivals: Family::default(),
            store_seconds: Family::new_with_constructor(seconds),
            sessions: Counter::default(),
            sessions_open: Gauge::default(),
            attempts: Attempts::default(),
            attempt_seconds: Family::new_with_constructor(seconds),
            alert_seconds: Family::new_with_constructor(seconds),
            pending: Family::default(),
            leases: Family::default(),
            nodes: Family::default(),
            connections: Family::default(),
            lag_seconds: Family::default(),
            cameras: Family::default(),
            camera_failures: Counter::default(),
            transcripts_dropped: Counter::default(),
            log_lines_dropped: Counter::default(),
            task_restarts: Family::default(),
            blob_bytes: Gauge::default(),
            channels: Mutex::default(),
        };
        metrics.register();
        metrics.begin_at_zero();
        metrics
    }

    /// Creates every series that is known at the start: the rate of a series that appears with its first event would miss that
    /// event.
    fn begin_at_zero(&self) {
        for protocol in Protocol::ALL {
            let receiver = protocol.as_str();
            for torn in ["false", "true"] {
                drop(self.arrivals.get_or_create(&ArrivalLabels { receiver, torn }));
            }
            drop(self.store_seconds.get_or_create(&ReceiverLabels { receiver }));
        }
        self.name_task(SPOOL_WRITER);
    }

    /// Creates the series of a channel.
    pub(crate) fn name_channel(&self, channel: &str) {
        self.attempts.name(channel);
        let labels = ChannelLabels { channel: channel.to_owned() };
        drop(self.attempt_seconds.get_or_create(&labels));
        drop(self.alert_seconds.get_or_create(&labels));
        lock(&self.channels).insert(labels.channel);
    }

    /// Creates the series of a task.
    pub(crate) fn name_task(&self, task: &str) {
        drop(self.task_restarts.get_or_create(&TaskLabels { task: task.to_owned() }));
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "arrivals",
            "Arrivals stored, whole or torn by a broken connection, by receiver",
            self.arrivals.clone(),
        );
        registry.register_with_unit(
            "store",
            "Time from the last byte of an arrival until it is on stable storage, by receiver",
            Unit::Seconds,
            self.store_seconds.clone(),
        );
        registry.register("sessions", "Sessions begun", self.sessions.clone());
        registry.register("sessions_open", "Sessions under way", self.sessions_open.clone());
        registry.register_collector(Box::new(self.attempts.clone()));
        registry.register_with_unit(
            "attempt",
            "Duration of a delivery attempt, by channel",
            Unit::Seconds,
            self.attempt_seconds.clone(),
        );
        registry.register_with_unit(
            "alert",
            "Time from the first arrival of an incident until the service took its first alert, by channel",
            Unit::Seconds,
            self.alert_seconds.clone(),
        );
        registry.register(
            "transcripts_dropped",
            "Session transcripts dropped because too many sessions ended at once",
            self.transcripts_dropped.clone(),
        );
        registry.register(
            "log_lines_dropped",
            "Log lines dropped because the log could not be written",
            self.log_lines_dropped.clone(),
        );
        registry.register(
            "task_restarts",
            "Restarts of tasks that ended unexpectedly, by task",
            self.task_restarts.clone(),
        );
        registry.register_with_unit(
            "lag",
            "Time since the oldest delivery that waits was due, by channel",
            Unit::Seconds,
            self.lag_seconds.clone(),
        );
        registry.register(
            "deliveries_pending",
            "Deliveries waiting to be attempted, by channel",
            self.pending.clone(),
        );
        registry.register_with_unit(
            "blobs",
            "Size of all stored mails and files",
            Unit::Bytes,
            self.blob_bytes.clone(),
        );
        self.register_of_cameras();
        self.register_of_node();
    }

    /// Registers what concerns cameras that are asked for their events.
    fn register_of_cameras(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "cameras",
            "Cameras that are asked for their events, by state (connected, connecting, failing, stopped, elsewhere)",
            self.cameras.clone(),
        );
        registry.register(
            "camera_failures",
            "Failed or broken connections to cameras that are asked for their events",
            self.camera_failures.clone(),
        );
    }

    /// Registers what only one of several nodes has.
    fn register_of_node(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "leases",
            "Leases that this node holds, by kind (channel or task)",
            self.leases.clone(),
        );
        registry.register("nodes", "Living nodes, as this one sees them", self.nodes.clone());
        registry.register(
            "database_connections",
            "Connections to the database, by state (busy, idle), and jobs that wait for one (waiting)",
            self.connections.clone(),
        );
    }

    /// Counts a session that begins.
    pub(crate) fn session_began(&self) {
        self.sessions.inc();
        self.sessions_open.inc();
    }

    /// Counts a session that ends.
    pub(crate) fn session_ended(&self) {
        self.sessions_open.dec();
    }

    /// Counts transcripts that are not stored.
    pub(crate) fn transcripts_dropped(&self, count: u64) {
        self.transcripts_dropped.inc_by(count);
    }

    /// Counts a task that ended unexpectedly and is started again.
    pub(crate) fn task_restarted(&self, task: &str) {
        self.task_restarts.get_or_create(&TaskLabels { task: task.to_owned() }).inc();
    }

    /// Counts a stored arrival, and the time since its last byte. Of a torn one the time says nothing.
    pub(crate) fn arrival(&self, protocol: Protocol, torn: bool, took: Duration) {
        let receiver = protocol.as_str();
        let labels = ArrivalLabels { receiver, torn: if torn { "true" } else { "false" } };
        self.arrivals.get_or_create(&labels).inc();
        if !torn {
            let labels = ReceiverLabels { receiver };
            self.store_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        }
    }

    /// Counts an attempt that has ended.
    pub(crate) fn attempt(&self, channel: &str, record: &AttemptRecord) {
        let channel = channel.to_owned();
        self.attempts.count(&channel, record.state);
        let took = record.ended_at.since(record.at);
        self.attempt_seconds.get_or_create(&ChannelLabels { channel }).observe(took.as_secs_f64());
    }

    /// Counts the first alert of an incident, and the time since its first arrival.
    pub(crate) fn alerted(&self, channel: &str, took: Duration) {
        let labels = ChannelLabels { channel: channel.to_owned() };
        self.alert_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts a connection to a camera that failed or broke.
    pub(crate) fn camera_failed(&self) {
        self.camera_failures.inc();
    }

    /// How many of the cameras that are asked are in each state.
    pub(crate) fn cameras(&self, counts: &[(&'static str, u64)]) {
        for (state, count) in counts {
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.cameras.get_or_create(&CameraLabels { state }).set(count);
        }
    }

    /// What this node holds, and how many nodes there are.
    pub(crate) fn node(&self, channels: u64, tasks: u64, nodes: u64) {
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for (kind, count) in [("channel", channels), ("task", tasks)] {
            self.leases.get_or_create(&LeaseLabels { kind }).set(gauge(count));
        }
        self.nodes.get_or_create(&Vec::new()).set(gauge(nodes));
    }

    /// The connections of this node to the database.
    pub(crate) fn connections(&self, connections: Connections) {
        let Connections { busy, idle, waiting } = connections;
        for (state, count) in [("busy", busy), ("idle", idle), ("waiting", waiting)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.connections.get_or_create(&ConnectionLabels { state }).set(count);
        }
    }

    /// How far each channel is behind at `now`. One without waiting deliveries is not.
    pub(crate) fn lag(&self, due_since: &[(String, Timestamp)], now: Timestamp) {
        self.lag_seconds.clear();
        for channel in lock(&self.channels).iter() {
            let since = due_since.iter().find(|(name, _)| name == channel);
            let lag = since.map_or(0, |(_, due_at)| now.since(*due_at).as_secs());
            let labels = ChannelLabels { channel: channel.clone() };
            self.lag_seconds.get_or_create(&labels).set(i64::try_from(lag).unwrap_or(i64::MAX));
        }
    }

    /// The metrics in this format, with the spool's numbers of now. A channel that was removed keeps its series, so that its
    /// counters do not vanish.
    pub(crate) fn render(
        &self,
        stats: &SpoolStats,
        format: Format,
    ) -> Result<String, std::fmt::Error> {
        self.blob_bytes.set(stats.blob_bytes);
        if stats.writer_restarts > 0 {
            let labels = TaskLabels { task: SPOOL_WRITER.to_owned() };
            let restarts = self.task_restarts.get_or_create(&labels);
            restarts.inner().store(stats.writer_restarts, Ordering::Relaxed);
        }
        self.log_lines_dropped.inner().store(log::dropped(), Ordering::Relaxed);
        self.pending.clear();
        for channel in lock(&self.channels).iter() {
            drop(self.pending.get_or_create(&ChannelLabels { channel: channel.clone() }));
        }
        for (channel, count) in &stats.pending {
            let labels = ChannelLabels { channel: channel.clone() };
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            self.pending.get_or_create(&labels).set(count);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(match format {
            Format::OpenMetrics => text,
            Format::Text => exposition_format::text(&text),
        })
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::{ArrivalId, DeliveryId, DeliveryState};

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
                lease: None,
            },
        );
        metrics.node(1, 1, 1);
        metrics.cameras(&[("connected", 1)]);
        metrics.name_channel("phone");
        metrics.connections(Connections { busy: 1, idle: 1, waiting: 0 });
        metrics.lag(&[], now);
        let pending = [("phone".to_owned(), 1)].into_iter().collect();
        let stats = SpoolStats { pending, ..SpoolStats::default() };
        let told = metrics.render(&stats, Format::OpenMetrics).unwrap();
        let told = names(&told);
        assert!(told.len() >= 9, "{told:?}");
        for file in ["operations.md", "grafana.json"] {
            let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(names(&text), told, "{file}");
        }
    }

    #[test]
    fn everything_is_there_from_the_start_in_both_formats() {
        let metrics = Metrics::new();
        metrics.name_channel("phone");
        metrics.name_task("channel phone");
        for format in [Format::OpenMetrics, Format::Text] {
            let told = metrics.render(&SpoolStats::default(), format).unwrap();
            for sample in [
                r#"tipoff_arrivals_total{receiver="ftp",torn="true"} 0"#,
                r#"tipoff_attempts_total{channel="phone",state="refused"} 0"#,
                r#"tipoff_attempts_total{channel="phone",state="delivered"} 0"#,
                r#"tipoff_attempt_seconds_count{channel="phone"} 0"#,
                r#"tipoff_alert_seconds_count{channel="phone"} 0"#,
                r#"tipoff_store_seconds_count{receiver="smtp"} 0"#,
                r#"tipoff_deliveries_pending{channel="phone"} 0"#,
                r#"tipoff_task_restarts_total{task="channel phone"} 0"#,
                "tipoff_sessions_total 0",
                "tipoff_log_lines_dropped_total 0",
            ] {
                assert!(told.lines().any(|line| line == sample), "{sample} is not in\n{told}");
            }
            // What a sample is called, its help and its type are called as well.
            let is_text = format == Format::Text;
            let name = if is_text { "tipoff_arrivals_total" } else { "tipoff_arrivals" };
            assert!(told.contains(&format!("# TYPE {name} counter\n")), "{told}");
            assert!(told.contains(&format!("# HELP {name} Arrivals stored")), "{told}");
            assert!(told.contains("# TYPE tipoff_store_seconds histogram\n"), "{told}");
            assert_eq!(told.contains("# EOF"), !is_text);
            assert_eq!(told.contains("# UNIT"), !is_text);
        }
    }
}
