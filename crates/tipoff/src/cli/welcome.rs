//! `tipoff` without a subcommand: what there is on this machine, and the two commands that help next.
//!
//! Looks, and changes nothing. A spool is opened only beside a running Tipoff, because opening that of an earlier
//! version converts it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use super::{Common, Failure, block_on, doctor, own_url, password};
use crate::config::Config;

/// How long the database may take to say whether there is a password.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// What there is.
struct Facts {
    configuration: Configuration,
    /// The data folder; `None` if the configuration has faults.
    data_dir: Option<PathBuf>,
    /// Whether a Tipoff runs on the data folder; `None` if this user may not know.
    runs: Option<bool>,
    /// Whether the dashboard has a password; `None` if that is not known.
    has_password: Option<bool>,
    /// The address of the dashboard; `None` if it is switched off.
    dashboard: Option<String>,
}

enum Configuration {
    /// The number of faults, and the file.
    Faulty(String),
    /// There is no file.
    Missing,
    /// The file, and the number of its channels.
    Valid(PathBuf, usize),
}

/// Prints what there is and what to do next, on standard error: the caller asked for nothing.
pub(super) fn print(common: &Common) {
    let facts = look(common);
    let mut text = format!(
        "Tipoff {} receives the alerts of cameras and delivers them to phones.\n\n",
        env!("CARGO_PKG_VERSION"),
    );
    for (name, found) in facts.found() {
        text.push_str(&format!("  {name:<14} {found}\n"));
    }
    text.push_str("\nNext:\n");
    let option = common.config.as_ref().map(|path| format!(" --config {}", path.display()));
    for (command, what) in facts.next() {
        let command = format!("tipoff {command}{}", option.as_deref().unwrap_or_default());
        text.push_str(&format!("  {command:<24} {what}\n"));
    }
    text.push_str("\n`tipoff --help` lists all commands.");
    eprintln!("{text}");
}

fn look(common: &Common) -> Facts {
    match common.load() {
        Ok(config) => {
            let runs = doctor::is_running(&config.data_dir);
            let channels = config.channels.len();
            Facts {
                configuration: match &config.path {
                    Some(path) => Configuration::Valid(path.clone(), channels),
                    None if channels == 0 => Configuration::Missing,
                    None => Configuration::Valid(PathBuf::from("the environment"), channels),
                },
                has_password: (runs == Some(true)).then(|| has_password(&config)).flatten(),
                dashboard: own_url::now(&config),
                data_dir: Some(config.data_dir),
                runs,
            }
        }
        Err(failure) => Facts {
            configuration: Configuration::Faulty(match failure {
                Failure::Configuration(faults) => faults.count_in_words(),
                _ => "it cannot be read".to_owned(),
            }),
            data_dir: None,
            runs: None,
            has_password: None,
            dashboard: None,
        },
    }
}

/// Asks the spool of a running Tipoff.
fn has_password(config: &Config) -> Option<bool> {
    let asked = async {
        let spool = password::open(config).await.ok()?;
        Some(!spool.users().await.ok()?.is_empty())
    };
    block_on(async { timeout(ANSWER_MAX, asked).await.ok().flatten() }).ok().flatten()
}

impl Facts {
    /// Each thing with what was found.
    fn found(&self) -> Vec<(&'static str, String)> {
        let mut found = vec![(
            "configuration",
            match &self.configuration {
                Configuration::Faulty(count) => count.clone(),
                Configuration::Missing => "no file yet: the defaults apply".to_owned(),
                Configuration::Valid(path, 0) => format!("{}, no channel yet", path.display()),
                Configuration::Valid(path, 1) => format!("{}, 1 channel", path.display()),
                Configuration::Valid(path, count) => {
                    format!("{}, {count} channels", path.display())
                }
            },
        )];
        if let Some(data_dir) = &self.data_dir {
            let folder = data_dir.display();
            let server = match self.runs {
                Some(true) => format!("runs with the data folder {folder}"),
                Some(false) => format!("does not run with the data folder {folder}"),
                None => format!("not known: this user may not look into {folder}"),
            };
            found.push(("server", server));
        }
        if let (Some(true), Some(url)) = (self.runs, &self.dashboard) {
            let without = if self.has_password == Some(false) { ", no password yet" } else { "" };
            found.push(("dashboard", format!("{url}/{without}")));
        }
        found
    }

    /// The two commands that help next, each with what it does.
    fn next(&self) -> [(&'static str, &'static str); 2] {
        let init = ("init", "asks where alerts go, and tests it");
        let run = ("run", "receives from cameras, until it is stopped");
        let send = ("send", "sends a test picture, as a camera does");
        let doctor = ("doctor", "checks ports, disk, certificate and channels");
        let link = ("password --link", "prints a link that sets the dashboard's password");
        let list = ("incidents list", "lists what arrived");
        let has_channel = matches!(self.configuration, Configuration::Valid(_, 1..));
        match (&self.configuration, self.runs) {
            (Configuration::Faulty(_), _) => [
                ("check", "shows each fault of the configuration at its line"),
                ("check --example", "prints a file with everything that can be set"),
            ],
            (_, Some(true)) if !has_channel => {
                [init, if self.has_password == Some(false) { link } else { send }]
            }
            (_, Some(true)) if self.has_password == Some(false) => [link, send],
            (_, Some(true)) => [send, list],
            (_, None) => [doctor, list],
            (_, Some(false)) if has_channel => [run, doctor],
            (_, Some(false)) => [init, run],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(
        configuration: Configuration,
        runs: Option<bool>,
        has_password: Option<bool>,
    ) -> Vec<&'static str> {
        let facts = Facts { configuration, data_dir: None, runs, has_password, dashboard: None };
        facts.next().iter().map(|(command, _)| *command).collect()
    }

    #[test]
    fn the_next_two_commands_depend_on_what_there_is() {
        let valid = |channels| Configuration::Valid("t.toml".into(), channels);
        let faulty = || Configuration::Faulty("1 fault in t.toml".to_owned());
        assert_eq!(next(Configuration::Missing, Some(false), None), ["init", "run"]);
        assert_eq!(next(faulty(), None, None), ["check", "check --example"]);
        assert_eq!(next(valid(0), Some(false), None), ["init", "run"]);
        assert_eq!(next(valid(2), Some(false), None), ["run", "doctor"]);
        assert_eq!(next(valid(2), Some(true), Some(false)), ["password --link", "send"]);
        assert_eq!(next(valid(2), Some(true), Some(true)), ["send", "incidents list"]);
        assert_eq!(next(valid(0), Some(true), Some(false)), ["init", "password --link"]);
        assert_eq!(next(valid(2), None, None), ["doctor", "incidents list"]);
    }
}
