//! `tipoff route`: tries the routes. One file an action.

mod replay;
mod test_mail;

use clap::Subcommand;

use super::Ending;
use crate::config::Config;
use crate::runtime::clock::Clock;
use replay::ReplayArgs;
use test_mail::TestArgs;

/// What can be done with routes.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Which routes match a mail, and why: nothing is stored or sent
    Test(TestArgs),
    /// What would have been told of a day that is kept, with this configuration: nothing is sent
    Replay(ReplayArgs),
}

/// Does what the action asks for.
pub(super) fn run(action: &Action, config: Config, clock: &Clock) -> Ending {
    match action {
        Action::Test(args) => test_mail::run(args, config, clock.now()),
        Action::Replay(args) => replay::run(args, config, clock.now()),
    }
}
