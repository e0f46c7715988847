//! Channels that were added in the dashboard: a document of `[[channel]]`, kept in the spool, that is read like the file.
//!
//! The file goes before it: an added channel with the name of one in the file is inactive. The document is written by who
//! may use the dashboard, and the file by who may log in to this machine. So it takes no values from variables and files of
//! this machine, runs no programs, and writes to no folders. A faulty document never stops the program: the file alone is
//! used then.

use std::path::Path;

use tipoff_rules::Route;
use toml::de::DeTable;

use super::book::Book;
use super::channel::{self, ChannelConfig, Channels};
use super::fault::{Fault, Faults};
use super::reading::Reading;
use super::section::Section;
use super::text::syntax_faults;
use super::{ConfigFault, checks, mask};

/// Limit of the document in bytes: more than a hundred channels.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 200_000;
/// Limit of the channels: each has a task and its own queue.
pub(crate) const CHANNELS_MAX: usize = 100;

/// Where the document comes from, for its faults.
const PLACE: &str = "the channels added in the dashboard";

/// What the document is checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileFacts {
    /// The names of the channels in the file.
    pub(crate) channels: Vec<String>,
    /// `public_url` of `[http]`.
    pub(crate) public_url: Option<String>,
}

/// What became of the document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Additions {
    /// Its channels, in its order. Empty if it has a fault.
    pub(crate) channels: Vec<AddedChannel>,
    /// Why none of it is in force.
    pub(crate) fault: Option<ConfigFault>,
    /// What it was checked against.
    pub(crate) file: FileFacts,
}

/// A channel of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddedChannel {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// False if the file has a channel with this name.
    pub(crate) is_active: bool,
    /// False if there are routes and none names it: then it gets no alerts.
    pub(crate) is_routed: bool,
}

impl Additions {
    /// Reads the document. Returns also the channels that are in force.
    pub(super) fn read(
        document: &str,
        file: FileFacts,
        describe: fn() -> Book,
    ) -> (Self, Vec<ChannelConfig>) {
        let (channels, fault) = match check(document, &file, describe) {
            Ok(channels) => (channels, None),
            Err(faults) => (Vec::new(), Some(ConfigFault::of(&faults))),
        };
        let is_active = |channel: &ChannelConfig| !file.channels.contains(&channel.name);
        let added = |channel: &ChannelConfig| AddedChannel {
            name: channel.name.clone(),
            kind: channel.kind,
            is_active: is_active(channel),
            is_routed: true,
        };
        let all = channels.iter().map(added).collect();
        let active = channels.into_iter().filter(is_active).collect();
        (Self { channels: all, fault, file }, active)
    }

    /// The names of the file's channels, and of those in force.
    pub(super) fn behind(&self, names: &[String]) -> Vec<String> {
        let active = self.channels.iter().filter(|channel| channel.is_active);
        names.iter().chain(active.map(|channel| &channel.name)).cloned().collect()
    }

    /// Notes which channels the routes name.
    pub(super) fn note_routes(&mut self, routes: &[Route]) {
        for channel in &mut self.channels {
            let names = |route: &Route| route.channels.contains(&channel.name);
            channel.is_routed = routes.is_empty() || routes.iter().any(names);
        }
    }
}

/// Reads the document: all of its channels, also those that the file makes inactive. `describe` is called for an unknown key.
///
/// # Errors
/// All faults of the document. They show no secret.
pub(super) fn check(
    document: &str,
    file: &FileFacts,
    describe: fn() -> Book,
) -> Result<Vec<ChannelConfig>, Faults> {
    let path = Path::new(PLACE);
    if document.len() > DOCUMENT_BYTES_MAX {
        let title = format!("all added channels take more than {DOCUMENT_BYTES_MAX} bytes");
        return Err(Faults::one(path.to_owned(), Fault::new(title)));
    }
    let (root, errors) = DeTable::parse_recoverable(document);
    if !errors.is_empty() {
        let faults = syntax_faults(document, &errors);
        return Err(Faults::new(Some(path), mask::all(document), faults));
    }
    let reading = Reading::of_added(describe);
    let mut section = Section::root(&reading, root.get_ref());
    let Channels { configs, names, hooked } = channel::tables(&mut section);
    section.finish();
    checks::hooks(&reading, &hooked, file.public_url.as_deref());
    if names.len() > CHANNELS_MAX {
        reading.fault(Fault::new(format!("there are more than {CHANNELS_MAX} added channels")));
    }
    let (faults, shown) = reading.into_faults();
    if faults.is_empty() {
        return Ok(configs);
    }
    Err(Faults::new(Some(path), mask::values(document, root.get_ref(), shown), faults))
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigText};

    const HOOK: &str = "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://a\"\n";

    fn config(file: &str, added: &str) -> Config {
        let text = ConfigText { path: None, text: file.to_owned() };
        let environment = |name: &str| match name {
            "TIPOFF_TELEGRAM_TOKEN" => Some("1:abc".to_owned()),
            "TIPOFF_TELEGRAM_CHAT" => Some("1".to_owned()),
            _ => None,
        };
        Config::of(&text, added, None, &environment).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn names(config: &Config) -> Vec<&str> {
        config.channels.iter().map(|channel| channel.name.as_str()).collect()
    }

    fn added(name: &str) -> String {
        HOOK.replace("\"hook\"", &format!("{name:?}"))
    }

    #[test]
    fn added_channels_stand_behind_those_of_the_file_and_of_the_environment() {
        let both = added("one") + &added("two");
        assert_eq!(names(&config(HOOK, &both)), ["hook", "one", "two"]);
        assert_eq!(names(&config("", &both)), ["telegram", "one", "two"]);
        let shadowed = config(&added("two"), &both);
        assert_eq!(names(&shadowed), ["two", "one"]);
        let state: Vec<_> = shadowed.added.channels.iter().map(|it| it.is_active).collect();
        assert_eq!(state, [true, false]);
        assert_eq!(shadowed.rules.channels, ["two", "one"]);
    }

    #[test]
    fn a_route_or_a_report_without_channels_names_added_ones_too() {
        let file = format!("{HOOK}[[route]]\n[[report]]\nat = \"20:00\"\n");
        let open = config(&file, &added("one"));
        assert_eq!(open.rules.routes[0].channels, ["hook", "one"]);
        assert_eq!(open.rules.reports[0].channels, ["hook", "one"]);
        assert!(open.added.channels[0].is_routed);
        let named = format!("{HOOK}[[route]]\nchannels = [\"hook\"]\n");
        assert!(!config(&named, &added("one")).added.channels[0].is_routed);
        assert!(config(HOOK, &added("one")).added.channels[0].is_routed);
    }

    #[test]
    fn a_document_with_a_fault_leaves_the_file_alone() {
        let secret = "secret = \"hunter2\"\n";
        for (document, expected) in [
            (added("one") + secret + "retired = 1\n", "unknown key `retired`"),
            (added("one") + &added("one"), "two channels are called"),
            (added("one") + secret + "[smtp]\nhost_name = \"x\"\n", "unknown key `smtp`"),
            (added("one") + "secret = { env = \"HOME\" }\n", "variable or a file"),
            (added("one") + "headers = { A = { file = \"/etc/passwd\" } }\n", "variable or a file"),
            (format!("{}secret = hunter2\n", added("one")), "not valid TOML"),
            ("[[channel]]\ntype = \"exec\"\ncommand = [\"/bin/sh\"]\n".to_owned(), "dashboard"),
            ("[[channel]]\ntype = \"archive\"\nfolder = \"/tmp\"\n".to_owned(), "`folder`"),
            ("#".repeat(super::DOCUMENT_BYTES_MAX + 1), "bytes"),
            (
                (0..=super::CHANNELS_MAX).map(|number| added(&number.to_string())).collect(),
                "more than",
            ),
        ] {
            let read = config(HOOK, &document);
            assert_eq!(names(&read), ["hook"], "{document:.200}");
            assert!(read.added.channels.is_empty());
            let fault = read.added.fault.expect("a fault");
            assert!(fault.text.contains(expected), "{expected}: {}", fault.text);
            assert!(!(fault.text + &fault.summary).contains("hunter2"), "{expected}");
        }
        let most: String =
            (0..super::CHANNELS_MAX).map(|number| added(&number.to_string())).collect();
        assert_eq!(names(&config(HOOK, &most)).len(), 1 + super::CHANNELS_MAX);
    }
}
