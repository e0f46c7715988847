//! The launcher alone, for the tests: in the program it is a subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    tipoff_confine::main(std::env::args_os().skip(1))
}
