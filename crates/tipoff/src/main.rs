//! Tipoff: pretends to be the mail server that a camera insists on, and puts its pictures on your
//! phone.
//!
//! Configuration, then spool, then receivers, then dispatch: `cli::run` has them in this order.

// First, because its macros are for all that follow.
#[macro_use]
mod runtime;

mod actions;
mod audit;
mod cli;
mod config;
mod disk;
mod dispatch;
mod eviction;
mod maintenance;
mod media;
mod modes;
mod net;
mod open_files;
mod programs;
mod readiness;
mod receive;
mod reload;
mod reports;
mod service_manager;
mod services;
#[cfg(test)]
mod testing;
mod web;

use std::process::ExitCode;

fn main() -> ExitCode {
    // A launcher of other programs does nothing else: it is started for each of them.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == tipoff_confine::SUBCOMMAND) {
        return tipoff_confine::main(words);
    }
    programs::write_privately();
    cli::main()
}
