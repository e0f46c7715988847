//! The log: for people or machines, on standard error. Whatever becomes of it, writing a line never
//! blocks, never fails and never panics; lines that cannot be written are dropped and counted.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::time::Duration;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::runtime::escape::{Colors, escape};
use crate::runtime::line_queue::LineQueue;

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The one queue before standard error.
static QUEUE: OnceLock<LineQueue> = OnceLock::new();

/// What is not logged unless `level` names it. The TLS library warns in each handshake of oddities that
/// do no harm, such as an IP address in SNI (RFC 6066, section 3, forbids it; many cameras send it). What
/// makes a handshake fail is an error that Tipoff logs itself.
const QUIET: &str = "rustls=error";

/// Begins logging to standard error. `level` is a filter such as `info` or `tipoff=debug`.
pub(crate) fn start(form: LogForm, level: &str) -> anyhow::Result<()> {
    let filter = filter(level)?;
    let queue = LineQueue::start(io::stderr(), |lines| {
        tracing::warn!(lines, "Log lines were dropped, because the log could not be written.");
    })?;
    let _ = QUEUE.set(queue);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| LogLines)
        // They would go to standard error by a macro that panics.
        .log_internal_errors(false);
    match form {
        LogForm::Text => builder.with_target(false).with_ansi(colors() == Colors::Kept).init(),
        LogForm::Json => builder.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// The filter of a level: of directives for the same target the last one holds.
fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    match level.trim() {
        // It would be the name of a part of the program, of which all is logged, and nothing of the others.
        level if !level.split(',').all(is_directive) => {
            anyhow::bail!("there are error, warn, info, debug, trace and off")
        }
        // Both log nothing at all.
        "off" | "" => Ok(EnvFilter::try_new(level)?),
        _ => Ok(EnvFilter::try_new(format!("{QUIET},{level}"))?),
    }
}

/// Whether this is a level, or the level of a part of the program.
fn is_directive(text: &str) -> bool {
    text.contains(['=', '[']) || text.trim().parse::<LevelFilter>().is_ok() || text.is_empty()
}

/// Whether people look at the log.
fn colors() -> Colors {
    if io::stderr().is_terminal() { Colors::Kept } else { Colors::None }
}

/// Writes whole lines among those of the log, without anything that a terminal would obey.
pub(crate) fn write(lines: &str) {
    write_raw(escape(lines, Colors::None).as_bytes());
}

/// The same for lines that have colours, where people look at them.
pub(crate) fn write_colored(lines: &str) {
    write_raw(escape(lines, colors()).as_bytes());
}

fn write_raw(lines: &[u8]) {
    match QUEUE.get() {
        Some(queue) => queue.push(lines),
        // Before the log begins there is nothing but the command line to complain about.
        None => drop(io::stderr().write_all(lines)),
    }
}

/// How many lines were dropped so far.
pub(crate) fn dropped() -> u64 {
    QUEUE.get().map_or(0, LineQueue::dropped)
}

/// Waits until all is written, at most for `time`.
pub(crate) fn flush(time: Duration) {
    if let Some(queue) = QUEUE.get() {
        queue.flush(time);
    }
}

/// What the log is written to: each call is one line.
struct LogLines;

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The formatter has written out what fields hold, but for directions and C1.
        write_colored(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Instead of the standard hook, which writes to standard error by itself.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or("a panic without words");
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or_default();
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => {
            tracing::error!(at, why, thread, %backtrace, "There is a fault in Tipoff: please report it.");
        }
        _ => tracing::error!(at, why, thread, "There is a fault in Tipoff: please report it."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tls_library_warns_only_who_asks_for_it() {
        for (level, shown) in [
            ("info", "rustls=error,info"),
            ("rustls=debug", "rustls=debug"),
            ("tipoff=debug,rustls=warn", "tipoff=debug,rustls=warn"),
            ("off", "off"),
            ("", ""),
        ] {
            assert_eq!(filter(level).unwrap().to_string(), shown, "{level}");
        }
        assert!(filter("a=b=c").is_err());
    }
}
