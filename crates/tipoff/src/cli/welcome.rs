//! `tipoff` without a subcommand: what there is on this machine, and the two commands that help next.
//!
//! Looks, and changes nothing. A spool is opened only beside a running Tipoff, because opening that of an earlier
//! version converts it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;

use super::console_language::{padded, text, texts, with};
use super::{Common, Failure, block_on, doctor, own_url, password};
use crate::config::{Config, Faults};

/// How long the database may take to say whether there is a password.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The state of the installation.
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
    let about = with("init-about", &[("version", &env!("CARGO_PKG_VERSION"))]);
    let mut shown = format!("{about}\n\n");
    for (name, found) in facts.found() {
        shown.push_str(&format!("  {} {found}\n", padded(&name, 14)));
    }
    shown.push_str(&format!("\n{}\n", text("init-next-heading")));
    let option = common.config.as_ref().map(|path| format!(" --config {}", path.display()));
    for (command, what) in facts.next() {
        let command = format!("tipoff {command}{}", option.as_deref().unwrap_or_default());
        shown.push_str(&format!("  {command:<24} {}\n", text(what)));
    }
    eprintln!("{shown}\n{}", text("init-help"));
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
                    None => Configuration::Valid(PathBuf::from(text("init-environment")), channels),
                },
                has_password: (runs == Some(true)).then(|| has_password(&config)).flatten(),
                dashboard: own_url::now(&config),
                data_dir: Some(config.data_dir),
                runs,
            }
        }
        Err(failure) => Facts {
            configuration: Configuration::Faulty(match failure {
                Failure::Configuration(faults) => in_words(&faults),
                _ => text("init-unreadable"),
            }),
            data_dir: None,
            runs: None,
            has_password: None,
            dashboard: None,
        },
    }
}

/// The number of faults. A file that cannot be read has one, which says it all.
fn in_words(faults: &Faults) -> String {
    match faults.details().as_slice() {
        [only] if only.line.is_none() => faults.summary(),
        _ => faults.count_in_words(),
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
    fn found(&self) -> Vec<(String, String)> {
        let mut found = vec![(
            text("init-configuration"),
            match &self.configuration {
                Configuration::Faulty(count) => count.clone(),
                Configuration::Missing => text("init-no-file"),
                Configuration::Valid(path, 0) => {
                    with("init-no-channel", &[("path", &path.display())])
                }
                Configuration::Valid(path, count) => {
                    let path = path.display().to_string();
                    let count = u64::try_from(*count).unwrap_or(u64::MAX);
                    let arguments = [("path", (&path).into()), ("count", count.into())];
                    texts().with("init-channels", &arguments)
                }
            },
        )];
        if let Some(data_dir) = &self.data_dir {
            let folder = data_dir.display();
            let server = match self.runs {
                Some(true) => with("init-runs", &[("folder", &folder)]),
                Some(false) => with("init-runs-not", &[("folder", &folder)]),
                None => with("init-runs-unknown", &[("folder", &folder)]),
            };
            found.push((text("init-server"), server));
        }
        if let (Some(true), Some(url)) = (self.runs, &self.dashboard) {
            let url = format!("{url}/");
            let at = match self.has_password {
                Some(false) => with("init-dashboard-at", &[("url", &url)]),
                _ => url,
            };
            found.push((text("init-dashboard"), at));
        }
        found
    }

    /// The two commands that help next, each with the key of what it does.
    fn next(&self) -> [(&'static str, &'static str); 2] {
        let init = ("init", "init-does-init");
        let run = ("run", "init-does-run");
        let send = ("send", "init-does-send");
        let doctor = ("doctor", "init-does-doctor");
        let link = ("password --link", "init-does-link");
        let list = ("incidents list", "init-does-list");
        let has_channel = matches!(self.configuration, Configuration::Valid(_, 1..));
        match (&self.configuration, self.runs) {
            (Configuration::Faulty(_), _) => {
                [("check", "init-does-check"), ("check --example", "init-does-example")]
            }
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
