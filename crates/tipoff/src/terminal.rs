//! Printing that neither panics nor blocks a running server. The macros take the place of the standard
//! ones in this crate: those panic when the reader of a pipe has gone or the disk is full.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;
use std::time::Duration;

use crate::line_queue::LineQueue;
use crate::log;

/// Like the standard macro, but an error is kept for [`failure`].
macro_rules! print {
    ($($argument:tt)*) => { $crate::terminal::print(format_args!($($argument)*)) };
}

/// The same with the end of a line.
macro_rules! println {
    () => { $crate::terminal::print(format_args!("\n")) };
    ($($argument:tt)*) => {
        $crate::terminal::print(format_args!("{}\n", format_args!($($argument)*)))
    };
}

/// Like the standard macro, but in order with the log, and without an error.
macro_rules! eprint {
    ($($argument:tt)*) => { $crate::log::write(format!($($argument)*).as_bytes()) };
}

/// The same with the end of a line.
macro_rules! eprintln {
    ($($argument:tt)*) => {
        $crate::log::write(format!("{}\n", format_args!($($argument)*)).as_bytes())
    };
}

/// How long the end of the program waits for its last lines.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// What a server prints goes by this: it waits for nobody to read it.
static OUTPUT: OnceLock<LineQueue> = OnceLock::new();
/// Why something could not be printed.
static FAILURE: OnceLock<String> = OnceLock::new();

/// From now on what is printed to standard output blocks nothing; what cannot be written is dropped.
pub(crate) fn print_in_background() {
    if let Ok(queue) = LineQueue::start(io::stdout(), |_| {}) {
        let _ = OUTPUT.set(queue);
    }
}

/// Prints to standard output.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    if let Some(queue) = OUTPUT.get() {
        return queue.push(text.to_string().as_bytes());
    }
    keep_failure(io::stdout().write_fmt(text));
}

/// Prints these bytes to standard output.
pub(crate) fn print_bytes(bytes: &[u8]) {
    keep_failure(io::stdout().write_all(bytes));
}

/// Why something could not be printed, other than that its reader has had enough (`| head`).
pub(crate) fn failure() -> Option<&'static str> {
    keep_failure(io::stdout().flush());
    FAILURE.get().map(String::as_str)
}

/// Waits until all is printed and logged, for a second each at most.
pub(crate) fn flush() {
    if let Some(queue) = OUTPUT.get() {
        queue.flush(FLUSH_TIME);
    }
    log::flush(FLUSH_TIME);
}

fn keep_failure(printed: io::Result<()>) {
    if let Err(error) = printed
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = FAILURE.set(error.to_string());
    }
}
