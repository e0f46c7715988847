//! The base of all modules: time, tasks and their end, events, log and terminal, fair queues. Uses none of the modules above.

// First, because its macros are for all that follow.
#[macro_use]
pub(crate) mod terminal;

pub(crate) mod blocking;
pub(crate) mod clock;
pub(crate) mod escape;
pub(crate) mod events;
pub(crate) mod fair_queue;
pub(crate) mod hex;
mod line_queue;
pub(crate) mod links;
pub(crate) mod live_rules;
pub(crate) mod local_time;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod millis;
pub(crate) mod notifier;
pub(crate) mod per_minute;
pub(crate) mod private;
pub(crate) mod reload_requests;
pub(crate) mod shutdown;
pub(crate) mod supervise;
pub(crate) mod telemetry;
pub(crate) mod utc;
