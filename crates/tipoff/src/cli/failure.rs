//! How a subcommand ends without success: for people on standard error, with `--json` as one object on standard output.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};

use serde::Serialize;
use tipoff_model::plain_error;

use super::json::print_json;
use super::{FAILED, USAGE};
use crate::config::{FaultDetail, Faults};
use crate::runtime::log;

/// Why a subcommand ended without success.
pub(super) enum Failure {
    /// Exit code 1, with what went wrong.
    Failed(anyhow::Error),
    /// Exit code 1; all has been said.
    Told,
    /// Exit code 2, with what is wrong with the command line.
    Usage(String),
    /// Exit code 2, with the faults of the configuration.
    Configuration(Box<Faults>),
}

/// An option or argument that is not understood, where an error is passed on as [`anyhow::Error`]: it ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadUsage(pub(super) String);

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// The one form of all errors.
#[derive(Serialize)]
struct ErrorJson<'a> {
    error: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    /// `failed` (exit code 1), `usage` or `configuration` (exit code 2).
    kind: &'static str,
    /// The failure in words.
    message: String,
    /// The file with the faults; null if there is none.
    path: Option<&'a str>,
    /// Every fault of the configuration, in the order of its lines. Empty for other errors.
    faults: Vec<FaultDetail>,
}

impl<'a> Details<'a> {
    fn new(kind: &'static str, message: String) -> Self {
        Self { kind, message, path: None, faults: Vec::new() }
    }

    fn of_faults(faults: &'a Faults) -> Self {
        let (path, faults_list) = (faults.path(), faults.details());
        let kind = "configuration";
        Self { kind, message: faults.count_in_words(), path, faults: faults_list }
    }
}

impl Failure {
    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Failed(error) if error.is::<BadUsage>() => USAGE,
            Self::Failed(_) | Self::Told => FAILED,
            Self::Usage(_) | Self::Configuration(_) => USAGE,
        }
    }

    /// Prints it.
    pub(super) fn print(&self, as_json: bool) {
        if as_json {
            return self.print_json();
        }
        match self {
            Self::Told => {}
            Self::Failed(error) => eprintln!("tipoff: {}", in_words(error)),
            Self::Usage(error) => eprintln!("tipoff: {error}"),
            Self::Configuration(faults) => {
                log::write_colored(&faults.render(io::stderr().is_terminal()));
            }
        }
    }

    fn print_json(&self) {
        let error = match self {
            Self::Told => return,
            Self::Failed(error) => {
                let kind = if error.is::<BadUsage>() { "usage" } else { "failed" };
                Details::new(kind, in_words(error))
            }
            Self::Usage(error) => Details::new("usage", error.clone()),
            Self::Configuration(faults) => Details::of_faults(faults),
        };
        // What is printed here is text and numbers: it always has a form in JSON.
        let _ = print_json(&ErrorJson { error });
    }
}

/// The error with its causes, in plain words.
fn in_words(error: &anyhow::Error) -> String {
    plain_error(format!("{error:#}"))
}

/// Whether the caller reads JSON, also where the rest of the command line is not understood.
pub(super) fn wants_json<T: AsRef<OsStr>>(arguments: impl IntoIterator<Item = T>) -> bool {
    let mut words = arguments.into_iter();
    let is_json = |word: T| word.as_ref() == "--json";
    words.by_ref().take_while(|word| word.as_ref() != "--").any(is_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_wanted_by_the_option_alone() {
        assert!(wants_json(["incidents", "list", "--json"]));
        assert!(!wants_json(["incidents", "list"]));
        assert!(!wants_json(["token", "--", "--json"]));
    }
}
