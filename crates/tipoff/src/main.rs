//! Tipoff: pretends to be the mail server that a camera insists on, and puts its pictures on your
//! phone.
//!
//! `cli` reads the command line; `cli/run.rs` starts the server: configuration, spool, receivers,
//! channels, HTTP port, in this order. Each module below is one room of the program
//! (ARCHITECTURE.md); `xtask` checks which may use which.

// First, because its macros are for all that follow.
#[macro_use]
mod runtime;

mod actions;
mod age_guard;
mod audit;
mod cameras;
mod cli;
mod config;
mod disk;
mod dispatch;
mod maintenance;
mod media;
mod modes;
mod net;
mod nodes;
mod open_files;
mod other_nodes;
mod programs;
mod push_channels;
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

// Templates name it by its path from here.
use web::reader_language::text;

fn main() -> ExitCode {
    // As a launcher, this program confines itself and becomes ffmpeg or a program of a channel. It
    // is started for each of them, so this comes first and reads no configuration.
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == tipoff_confine::SUBCOMMAND) {
        return tipoff_confine::main(words);
    }
    // Before anything is written.
    programs::write_privately();
    cli::main()
}
