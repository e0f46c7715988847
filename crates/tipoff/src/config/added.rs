//! What was added in the dashboard: a document of `[[channel]]`, `[[route]]`, `[[schedule]]` and `[[mode]]`, kept in the spool,
//! that is read like the file.
//!
//! The file goes before it: an added channel with the name of one in the file is inactive, added routes are behind those of
//! the file, and added modes are inactive if the file has any. The document is written by who may use the dashboard, and the
//! file by who may log in to this machine. So it takes no values from variables and files of this machine, runs no programs,
//! and writes to no folders. A faulty document never stops the program: the file alone is used then.

use std::path::Path;

use tipoff_rules::{Mode, Route, Schedule};
use toml::de::DeTable;

use super::book::Book;
use super::channel::{self, ChannelConfig, Channels};
use super::fault::{Fault, Faults};
use super::reading::{NamedChannel, Reading};
use super::route::{self, KnownNames};
use super::section::Section;
use super::text::syntax_faults;
use super::{ConfigFault, checks, mask, rules, schedule};

/// Limit of the document in bytes: more than a hundred channels.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 200_000;
/// Limit of the channels: each has a task and its own queue.
pub(crate) const CHANNELS_MAX: usize = 100;
/// Limit of the routes: each is evaluated for each arrival.
pub(crate) const ROUTES_MAX: usize = 100;
/// Limit of the schedules, which are evaluated for each arrival too: one of many devices.
pub(crate) const SCHEDULES_MAX: usize = 1000;
/// Limit of the home modes: each is a button.
pub(crate) const MODES_MAX: usize = 20;

/// Where the document comes from, for its faults.
const PLACE: &str = "what was added in the dashboard";

/// What the document is checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileFacts {
    /// The names of the channels in the file.
    pub(crate) channels: Vec<String>,
    /// The names of its devices.
    pub(crate) devices: Vec<String>,
    /// The groups of its devices.
    pub(crate) groups: Vec<String>,
    /// The names of its home modes.
    pub(crate) modes: Vec<String>,
    /// The names of its routes, in their order.
    pub(crate) routes: Vec<String>,
    /// The channels that its routes and reports name: none of them may be removed.
    pub(crate) named: Vec<NamedChannel>,
    /// Whether it has a `place`, which sunrise and sunset need.
    pub(crate) has_place: bool,
    /// `public_url` of `[http]`.
    pub(crate) public_url: Option<String>,
}

impl FileFacts {
    /// The numbers of the lines that name a channel.
    pub(crate) fn lines_naming(&self, channel: &str) -> Vec<String> {
        let naming = self.named.iter().filter(|named| named.channel == channel);
        naming.map(|named| named.line.to_string()).collect()
    }
}

/// Whether a name that the document refers to may be one that the file has no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// An unknown name is a fault.
    MustExist,
    /// An unknown name matches nothing. An edit of the file must not put what was added out of force.
    MayBeGone,
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

/// The sections of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct AddedParts {
    pub(crate) channels: Vec<ChannelConfig>,
    pub(crate) routes: Vec<Route>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) modes: Vec<Mode>,
}

impl Additions {
    /// Reads the document; `None` if it is not known. Returns also what is in force of it.
    pub(super) fn read(
        document: Option<&str>,
        file: FileFacts,
        describe: fn() -> Book,
    ) -> (Self, AddedParts) {
        let document = document.unwrap_or_default();
        let (mut parts, fault) = match check(document, &file, Names::MayBeGone, describe) {
            Ok(parts) => (parts, None),
            Err(faults) => (AddedParts::default(), Some(ConfigFault::of(&faults))),
        };
        let is_active = |channel: &ChannelConfig| !file.channels.contains(&channel.name);
        let added = |channel: &ChannelConfig| AddedChannel {
            name: channel.name.clone(),
            kind: channel.kind,
            is_active: is_active(channel),
            is_routed: true,
        };
        let all = parts.channels.iter().map(added).collect();
        parts.channels.retain(is_active);
        if !file.modes.is_empty() {
            parts.modes.clear();
        }
        (Self { channels: all, fault, file }, parts)
    }

    /// An added route with a name that no route of the file has: alerts refer to their route by its name.
    pub(super) fn renamed(&self, mut route: Route) -> Route {
        while self.file.routes.contains(&route.name) {
            route.name.push_str(" (added)");
        }
        route
    }

    /// Notes which channels the routes name.
    pub(super) fn note_routes(&mut self, routes: &[Route]) {
        for channel in &mut self.channels {
            let names = |route: &Route| route.channels.contains(&channel.name);
            channel.is_routed = routes.is_empty() || routes.iter().any(names);
        }
    }
}

/// Reads the document: all of it, also what the file makes inactive. `describe` is called for an unknown key.
///
/// # Errors
/// All faults of the document. They show no secret.
pub(super) fn check(
    document: &str,
    file: &FileFacts,
    names: Names,
    describe: fn() -> Book,
) -> Result<AddedParts, Faults> {
    let path = Path::new(PLACE);
    if document.len() > DOCUMENT_BYTES_MAX {
        let title = format!("{PLACE} takes more than {DOCUMENT_BYTES_MAX} bytes");
        return Err(Faults::one(path.to_owned(), Fault::new(title)));
    }
    let (root, errors) = DeTable::parse_recoverable(document);
    if !errors.is_empty() {
        let faults = syntax_faults(document, &errors);
        return Err(Faults::new(Some(path), mask::all(document), faults));
    }
    let reading = Reading::of_added(describe);
    let parts = read(Section::root(&reading, root.get_ref()), file, names);
    let (faults, shown) = reading.into_faults();
    if faults.is_empty() {
        return Ok(parts);
    }
    Err(Faults::new(Some(path), mask::values(document, root.get_ref(), shown), faults))
}

/// Reads all sections.
fn read(mut root: Section<'_>, file: &FileFacts, names: Names) -> AddedParts {
    let reading = root.reading;
    let Channels { configs: channels, names: own, hooked } = channel::tables(&mut root);
    checks::hooks(reading, &hooked, file.public_url.as_deref());
    let is_strict = names == Names::MustExist;
    let modes = rules::modes(&mut root, file.has_place || !is_strict);
    let mode_names: Vec<String> = modes.iter().map(|mode| mode.name.clone()).collect();
    let others = own.iter().filter(|name| !file.channels.contains(name));
    let targets: Vec<String> = file.channels.iter().chain(others).cloned().collect();
    let known = KnownNames {
        devices: &file.devices,
        groups: &file.groups,
        channels: &targets,
        may_be_added: false,
        targets: &targets,
        modes: if file.modes.is_empty() { &mode_names } else { &file.modes },
        place: file.has_place,
        is_strict,
    };
    let routes = route::read(&mut root, &known);
    let schedules = schedule::read(&mut root, &known);
    root.finish();
    for (count, limit, what) in [
        (own.len(), CHANNELS_MAX, "channels"),
        (routes.len(), ROUTES_MAX, "routes"),
        (schedules.len(), SCHEDULES_MAX, "schedules"),
        (modes.len(), MODES_MAX, "modes"),
    ] {
        if count > limit {
            reading.fault(Fault::new(format!("there are more than {limit} added {what}")));
        }
    }
    AddedParts { channels, routes, schedules, modes }
}

#[cfg(test)]
mod tests {
    use crate::config::reading::NamedChannel;
    use crate::config::{Config, ConfigText, Faults};

    const HOOK: &str = "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://a\"\n";

    fn config(file: &str, added: &str) -> Config {
        checked(file, Some(added)).unwrap_or_else(|faults| panic!("{faults}"))
    }

    fn checked(file: &str, added: Option<&str>) -> Result<Config, Faults> {
        let text = ConfigText { path: None, text: file.to_owned() };
        let environment = |name: &str| match name {
            "TIPOFF_TELEGRAM_TOKEN" => Some("1:abc".to_owned()),
            "TIPOFF_TELEGRAM_CHAT" => Some("1".to_owned()),
            _ => None,
        };
        Config::of(&text, added, None, &environment)
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

    const NAMING: &str = "[[route]]\nname = \"night\"\nchannels = [\"one\",\n  \"hook\"]\nstop = true\n\
        [[report]]\nat = \"20:00\"\nchannels = [\"one\"]\n";

    #[test]
    fn the_file_may_name_added_channels() {
        let both = config(&format!("{HOOK}{NAMING}"), &added("one"));
        assert_eq!(both.rules.routes[0].channels, ["one", "hook"]);
        assert!(both.rules.routes[0].stop && both.added.channels[0].is_routed);
        assert_eq!(both.rules.reports[0].channels, ["one"]);
        let named = |channel: &str, line| NamedChannel { channel: channel.to_owned(), line };
        let all = [named("one", 7), named("hook", 8), named("one", 12)];
        assert_eq!(both.added.file.named, all);
    }

    #[test]
    fn a_name_that_no_channel_has_is_a_fault_as_soon_as_all_channels_are_known() {
        let file = format!("{HOOK}{NAMING}");
        for known in [String::new(), added("two")] {
            let faults = checked(&file, Some(&known)).unwrap_err().summary();
            let words: Vec<_> = faults.matches("there is no channel \"one\"").collect();
            assert_eq!(words.len(), 2, "{faults}");
            assert!(faults.contains("line 7: "), "{faults}");
        }
        let faults = checked(&file, Some(&added("ones"))).unwrap_err().summary();
        assert!(faults.contains("did you mean \"ones\"?"), "{faults}");
        let faulty = added("one") + "retired = 1\n";
        for unknown in [None, Some(faulty.as_str())] {
            let read = checked(&file, unknown).unwrap();
            assert_eq!(read.rules.routes[0].channels, ["hook"], "{unknown:?}");
            assert!(read.rules.reports[0].channels.is_empty());
            let alone = checked(&file.replace(",\n  \"hook\"", ""), unknown).unwrap();
            assert!(!alone.rules.routes[0].stop, "without its channels it ends nothing");
        }
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

    fn route_names(config: &Config) -> Vec<&str> {
        config.rules.routes.iter().map(|route| route.name.as_str()).collect()
    }

    #[test]
    fn added_routes_are_behind_those_of_the_file_and_have_names_of_their_own() {
        let route = |name: &str| format!("[[route]]\nname = {name:?}\nstop = true\n");
        let document = added("one") + &route("night") + &route("day") + "[[route]]\n";
        let file = format!("{HOOK}{}", route("night"));
        let both = config(&file, &document);
        assert_eq!(route_names(&both), ["night", "night (added)", "day", "route 3"]);
        assert_eq!(both.rules.routes[2].channels, ["hook", "one"]);
        assert_eq!(both.added.file.routes, ["night"]);
        assert_eq!(route_names(&config("", &document)), ["night", "day", "route 3"]);
    }

    #[test]
    fn a_name_that_the_file_has_no_more_leaves_the_added_routes_in_force() {
        let document = added("one")
            + "[[route]]\nname = \"a\"\ndevices = [\"Gone\"]\nchannels = [\"one\", \"old\"]\nstop = true\n\
               [[route]]\nname = \"b\"\nchannels = [\"old\"]\nstop = true\n\
               [[route]]\nname = \"c\"\nbetween = \"sunset-sunrise\"\nmodes = [\"gone\"]\n\
               [[route]]\nname = \"d\"\nchannels = []\nstop = true\n\
               [[schedule]]\ndevices = [\"Gone\"]\nnever = true\n";
        let read = config(HOOK, &document);
        assert!(read.added.fault.is_none(), "{:?}", read.added.fault);
        let of = |name: &str| read.rules.route(name).unwrap().clone();
        assert_eq!(of("a").channels, ["one"]);
        assert_eq!(of("a").conditions.devices, ["Gone"]);
        assert!(of("a").stop && of("d").stop);
        assert!(!of("b").stop, "without its channels it ends nothing");
        assert_eq!(read.rules.schedules.len(), 1);
        let strict = Config::check_added(&document, &read.added.file, super::Names::MustExist);
        let faults = strict.unwrap_err();
        let keys: Vec<_> =
            faults.by_key().map(|(key, _)| key.unwrap_or_default().to_owned()).collect();
        assert_eq!(keys, ["devices", "channels", "channels", "between", "modes", "devices"]);
    }

    #[test]
    fn added_modes_are_in_force_if_the_file_has_none() {
        let document = "[[mode]]\nname = \"home\"\n[[mode]]\nname = \"away\"\nat = \"09:00\"\n\
                        [[route]]\nmodes = [\"away\"]\n";
        let modes = |config: &Config| -> Vec<String> {
            config.rules.modes.iter().map(|mode| mode.name.clone()).collect()
        };
        assert_eq!(modes(&config("", document)), ["home", "away"]);
        let of_file = config("[[mode]]\nname = \"night\"\n", document);
        assert_eq!(modes(&of_file), ["night"]);
        assert_eq!(of_file.rules.routes[0].conditions.modes, ["away"]);
    }

    #[test]
    fn a_schedule_has_hours_or_is_never() {
        let faults = |schedule: &str| -> Vec<String> {
            let document = format!("[[schedule]]\ndevice_keys = [\"added/gate\"]\n{schedule}");
            match Config::check_added(
                &document,
                &super::FileFacts::default(),
                super::Names::MustExist,
            ) {
                Ok(_) => Vec::new(),
                Err(faults) => {
                    faults.by_key().map(|(key, _)| key.unwrap_or_default().to_owned()).collect()
                }
            }
        };
        for (schedule, expected) in [
            ("never = true\n", ""),
            ("days = [\"sat\", \"sun\"]\n", ""),
            ("between = \"22:00-06:00\"\n", ""),
            ("", "between"),
            ("between = \"22\"\n", "between"),
            ("between = \"sunset-sunrise\"\n", "between"),
            ("never = true\ndays = [\"sat\"]\n", "never"),
        ] {
            let found = faults(schedule);
            assert_eq!(found.first().map_or("", String::as_str), expected, "{schedule}: {found:?}");
        }
    }
}
