//! Printing that neither panics nor blocks a running server. The macros take the place of the standard
//! ones in this crate: those panic when the reader of a pipe has gone or the disk is full.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use crate::runtime::escape::{Colors, escape};
use crate::runtime::line_queue::LineQueue;
use crate::runtime::lock::lock;
use crate::runtime::log;

/// Like the standard macro, but an error is kept for [`failure`].
macro_rules! print {
    ($($argument:tt)*) => { $crate::runtime::terminal::print(format_args!($($argument)*)) };
}

/// The same with the end of a line.
macro_rules! println {
    () => { $crate::runtime::terminal::print(format_args!("\n")) };
    ($($argument:tt)*) => {
        $crate::runtime::terminal::print(format_args!("{}\n", format_args!($($argument)*)))
    };
}

/// Like the standard macro, but in order with the log, and without an error.
macro_rules! eprintln {
    ($($argument:tt)*) => {
        $crate::runtime::log::write(&format!("{}\n", format_args!($($argument)*)))
    };
}

/// How long the end of the program waits for its last lines.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// How standard output is written. A server does not wait for somebody to read what it prints at its start.
enum Output {
    /// At once, by the thread that prints.
    Direct,
    /// By a thread of its own.
    Background(LineQueue),
    /// The last lines are being written; the receiver gets a message when they are.
    Ending(Receiver<()>),
}

static OUTPUT: Mutex<Output> = Mutex::new(Output::Direct);
/// Why something could not be printed.
static FAILURE: OnceLock<String> = OnceLock::new();

/// From now on what is printed to standard output blocks nothing; what cannot be written is dropped.
pub(crate) fn print_in_background() {
    if let Ok(queue) = LineQueue::start(io::stdout(), |_| {}) {
        *output() = Output::Background(queue);
    }
}

/// Nothing more is printed in the background: its thread ends when all is written.
pub(crate) fn end_background() {
    let mut output = output();
    if let Output::Background(queue) = &*output {
        *output = Output::Ending(queue.end());
    }
}

fn output() -> MutexGuard<'static, Output> {
    lock(&OUTPUT)
}

/// Prints to standard output, without anything that a terminal would obey.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let text = text.to_string();
    let text = escape(&text, Colors::None);
    if let Output::Background(queue) = &*output() {
        return queue.push(text.as_bytes());
    }
    keep_failure(io::stdout().write_all(text.as_bytes()));
}

/// Prints these bytes of our own to standard output.
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
    match &*output() {
        Output::Direct => {}
        Output::Background(queue) => {
            queue.flush(FLUSH_TIME);
        }
        Output::Ending(done_rx) => {
            let _ = done_rx.recv_timeout(FLUSH_TIME);
        }
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
