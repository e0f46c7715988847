//! What operations cost: processors, and what a database counts.

use anyhow::Result;

/// Sums since a start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    /// Processor time of this program.
    pub(super) own_ms: f64,
    /// Processor time of the database's server.
    pub(super) database_ms: f64,
    /// Bytes of its log.
    pub(super) wal_bytes: u64,
    /// Transactions that changed something.
    pub(super) transactions: u64,
    pub(super) round_trips: u64,
}

/// Reads the counters of a server. `None`: there is no server.
pub(super) type Server<'a> = Option<&'a (dyn Fn() -> Result<Counters> + Sync)>;

impl Counters {
    /// As they are now.
    ///
    /// # Errors
    /// Those of the server.
    pub(super) fn now(server: Server<'_>) -> Result<Self> {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let own_ms = time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6;
        let counters = server.map_or(Ok(Self::default()), |server| server())?;
        Ok(Self { own_ms, ..counters })
    }

    /// What one of so many operations used since `before`.
    pub(super) fn each(&self, before: &Self, count: f64) -> Cost {
        let part = |now: u64, before: u64| now.saturating_sub(before) as f64 / count;
        Cost {
            own_ms: (self.own_ms - before.own_ms) / count,
            database_ms: (self.database_ms - before.database_ms) / count,
            wal_bytes: part(self.wal_bytes, before.wal_bytes),
            transactions: part(self.transactions, before.transactions),
            round_trips: part(self.round_trips, before.round_trips),
        }
    }
}

/// What one operation costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    own_ms: f64,
    database_ms: f64,
    wal_bytes: f64,
    transactions: f64,
    round_trips: f64,
}

impl Cost {
    /// As a table shows it.
    pub(super) fn text(&self, has_server: bool) -> String {
        let own = format!("processor {:.2} ms", self.own_ms);
        match has_server {
            false => own,
            true => format!(
                "{own}, of the database {:.2} ms, {:.1} round trips, {:.2} transactions, log {:.1} KB",
                self.database_ms,
                self.round_trips,
                self.transactions,
                self.wal_bytes / 1e3
            ),
        }
    }
}
