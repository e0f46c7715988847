//! Tipoff: pretends to be the mail server that a camera insists on, and puts its pictures on your
//! phone.
//!
//! Configuration, then spool, then receivers, then dispatch: `cli::run` has them in this order.

mod actions;
mod audit;
// First, because its macros are for all that follow.
#[macro_use]
mod terminal;

mod cli;
mod clock;
mod config;
mod disk;
mod dispatch;
mod eviction;
mod house;
mod line_queue;
mod log;
mod login_throttle;
mod modes;
mod network;
mod news;
mod observe;
mod open_files;
mod per_minute;
mod picture;
mod receive;
mod reload;
mod renditions;
mod reports;
mod shutdown;
mod small;
mod supervise;
#[cfg(test)]
mod testing;
mod web;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
