//! The configuration as a whole: found, read, checked across its sections.
//!
//! Called at the start, by `check`, and by `reload` after each edit. A file with any fault yields no configuration, so
//! that nothing runs with half of it. Each section's file reads and checks its own keys.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tipoff_rules::{Clock, Mode, Report, Route, Rules, Schedule};
use tipoff_spool::SpoolConfig;
use toml::de::DeTable;

use super::access::Networks;
use super::added::{AddedParts, Additions, FileFacts, Names};
use super::book::Book;
use super::channel::Channels;
use super::fault::Faults;
use super::reading::{Environment, Overrides, Reading, SecretFiles};
use super::route::{self, KnownNames};
use super::section::Section;
use super::text::{ConfigText, syntax_faults};
use super::{
    Access, AlarmListeners, BrokerConfig, ChannelConfig, DeviceConfig, Ftp, Http, PublicAddress,
    Retention, Smtp, SpoolSettings, Video, access, added, alarm, channel, checks, device, exposure,
    ftp, http, mask, mqtt, public_address, report, retention, rules, schedule, smtp, spool, video,
};
use crate::runtime::private;

/// The data folder of a service. It is the home of the user that the package makes.
const SYSTEM_DATA: &str = "/var/lib/tipoff";

/// All that can be configured, each value checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file that it was read from; `None` for the defaults.
    pub(crate) path: Option<PathBuf>,
    /// The folder of all data.
    pub(crate) data_dir: PathBuf,
    /// How devices and browsers reach this machine; `None` for its own address.
    pub(crate) public_address: Option<PublicAddress>,
    /// The SMTP receiver.
    pub(crate) smtp: Smtp,
    /// The FTP receiver.
    pub(crate) ftp: Ftp,
    /// The HTTP port.
    pub(crate) http: Http,
    /// Further listeners for alarms.
    pub(crate) alarm: AlarmListeners,
    /// The brokers that pass on alarms, in the order of the file.
    pub(crate) brokers: Vec<BrokerConfig>,
    /// Who may send.
    pub(crate) access: Access,
    /// The configured devices, in the order of the file: the first that matches an envelope is its device.
    pub(crate) devices: Vec<DeviceConfig>,
    /// The destinations of alerts, in the order of the file, and those that were added in the dashboard.
    pub(crate) channels: Vec<ChannelConfig>,
    /// What was added in the dashboard. Its channels are among `channels`, behind those of the file.
    pub(crate) added: Additions,
    /// Grouping, routes, modes and reports.
    pub(crate) rules: Rules,
    /// Limits of what is stored.
    pub(crate) retention: Retention,
    /// What the spool stands on.
    pub(crate) spool: SpoolSettings,
    /// The conversion of videos.
    pub(crate) video: Video,
    /// The files that contain secrets.
    pub(crate) secrets: SecretFiles,
    /// Settings that are valid, and perhaps not intended; for the log.
    pub(crate) warnings: Vec<String>,
}

impl Config {
    /// Where the spool is.
    pub(crate) fn spool(&self) -> SpoolConfig {
        self.spool.config(&self.data_dir)
    }

    /// The networks of balancers, with the section of each.
    pub(crate) fn balancers(&self) -> [(&'static str, &Networks); 3] {
        [
            ("smtp", &self.smtp.proxy_protocol),
            ("ftp", &self.ftp.proxy_protocol),
            ("http", &self.http.proxy_protocol),
        ]
    }

    /// The name under which brokers keep messages for this installation, whichever of its nodes asks. 22 letters and digits:
    /// every broker accepts 23 (MQTT 3.1.1, section 3.1.3.1).
    pub(crate) fn client_id(&self) -> String {
        let place = self.spool.place(&self.data_dir);
        let digest = blake3::hash(place.as_bytes()).to_hex();
        format!("tipoff{}", digest.get(..16).unwrap_or_default())
    }

    /// The names of the configured devices.
    pub(crate) fn device_names(&self) -> Vec<String> {
        self.devices.iter().map(|device| device.name.clone()).collect()
    }

    /// Reads the file that is named or found. Without a file the defaults apply. `overrides` is what the
    /// command line says in place of it. What was added in the dashboard is not known.
    ///
    /// # Errors
    /// All faults of the file, each at its place.
    pub(crate) fn load(
        cli_path: Option<&Path>,
        overrides: Option<&Overrides>,
        environment: Environment<'_>,
    ) -> Result<Self, Faults> {
        Self::of(&ConfigText::read(cli_path, environment)?, None, overrides, environment)
    }

    /// The settings of the HTTP port alone, from the same file. Faults elsewhere and missing secrets do not matter; what
    /// cannot be read of `[http]` has its default.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn http_port(
        cli_path: Option<&Path>,
        environment: Environment<'_>,
    ) -> Result<Http, String> {
        let file = ConfigText::read(cli_path, environment).map_err(|faults| faults.summary())?;
        let (root, _) = DeTable::parse_recoverable(&file.text);
        let reading =
            Reading::new(PathBuf::new(), environment, describe).with(Some(&Overrides::default()));
        let mut root = Section::root(&reading, root.get_ref());
        Ok(root.table("http", http::DOC, http::read).0)
    }

    /// Checks a document that is to be added in the dashboard, and returns all of it.
    ///
    /// # Errors
    /// All faults of the document. They show no secret.
    pub(crate) fn check_added(
        document: &str,
        file: &FileFacts,
        names: Names,
    ) -> Result<AddedParts, Faults> {
        added::check(document, file, names, describe)
    }

    /// The files with secrets that every user of this machine can read; for a warning.
    pub(crate) fn open_secrets(&self) -> Vec<PathBuf> {
        let own = self.path.iter().filter(|_| self.secrets.in_configuration);
        let files = own.chain(&self.secrets.named);
        files.filter(|path| private::is_open_to_others(path)).cloned().collect()
    }

    /// Reads the text of a file without what was added in the dashboard.
    pub(crate) fn parse(
        path: Option<PathBuf>,
        source: &str,
        overrides: Option<&Overrides>,
        environment: Environment<'_>,
    ) -> Result<Self, Faults> {
        let text = ConfigText { path, text: source.to_owned() };
        Self::of(&text, Some(""), overrides, environment)
    }

    /// Reads the text of a file, and the document that was added in the dashboard. Invalid TOML is reported alone: what its
    /// values mean is not known then. Faults of the document are not faults of the file: see [`Additions`].
    ///
    /// Without a document, as before the spool is opened, a route or report may name a channel that is not known: it is left
    /// out.
    ///
    /// # Errors
    /// All faults of the file, each at its place.
    pub(crate) fn of(
        file: &ConfigText,
        added: Option<&str>,
        overrides: Option<&Overrides>,
        environment: Environment<'_>,
    ) -> Result<Self, Faults> {
        let ConfigText { path, text: source } = file;
        let (root, errors) = DeTable::parse_recoverable(source);
        if !errors.is_empty() {
            let faults = syntax_faults(source, &errors);
            return Err(Faults::new(path.as_deref(), mask::all(source), faults));
        }
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let reading = Reading::new(folder.to_owned(), environment, describe).with(overrides);
        let mut config = read(Section::root(&reading, root.get_ref()), added);
        config.secrets = reading.secret_files();
        config.added.file.named = reading.named_channels(source);
        config.warnings = exposure::warnings(&reading, channel::settings_of(&config.channels));
        let (faults, shown) = reading.into_faults();
        if !faults.is_empty() {
            let source = mask::values(source, root.get_ref(), shown);
            return Err(Faults::new(path.as_deref(), source, faults));
        }
        if let Some(folder) = overrides.and_then(|it| it.data_dir.clone()) {
            config.data_dir = folder;
        }
        config.path = path.clone();
        Ok(config)
    }
}

impl Config {
    /// What a file with faults says nevertheless: each faulty value is as if it were not given. Only for finding the spool.
    pub(crate) fn despite_faults(
        file: &ConfigText,
        overrides: Option<&Overrides>,
        environment: Environment<'_>,
    ) -> Self {
        let (root, _) = DeTable::parse_recoverable(&file.text);
        let folder = file.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let reading = Reading::new(folder.to_owned(), environment, describe).with(overrides);
        let config = read(Section::root(&reading, root.get_ref()), None);
        let folder = overrides.and_then(|it| it.data_dir.clone());
        Self { data_dir: folder.unwrap_or(config.data_dir), ..config }
    }
}

/// Every key there is: reads an empty file, and records what is asked for.
pub(super) fn describe() -> Book {
    let reading = Reading::describing();
    read(Section::root(&reading, &DeTable::new()), Some(""));
    reading.into_book()
}

/// Reads all sections, those first whose names others refer to, and what was added in the dashboard.
fn read(mut root: Section<'_>, added: Option<&str>) -> Config {
    let data_dir = data_dir(&mut root);
    let public_address = public_address::read(&mut root);
    let clock = Clock { zone: rules::zone(&mut root), place: rules::place(&mut root) };
    let language = rules::language(&mut root);
    let (smtp, ftp, http, alarm) = receivers(&mut root, public_address.as_ref());
    let access = root.table("access", access::DOC, access::read);
    let (brokers, broker_names) = mqtt::read(&mut root);
    let devices = device::read(&mut root, access.shared.clone(), &broker_names);
    access.check_open(root.reading, devices.iter().any(|device| device.password.is_some()));
    let groups = groups(&devices);
    let facts = FileFacts {
        devices: devices.iter().map(|device| device.name.clone()).collect(),
        groups: groups.values().flatten().cloned().collect(),
        has_place: clock.place.is_some(),
        public_url: http.public_url.clone(),
        ..FileFacts::default()
    };
    let Routing { channels: configs, targets, added, routes, schedules, modes, reports } =
        routing(&mut root, added, facts);
    let (grouping, flood, periodic) = root.table("incidents", rules::INCIDENTS, rules::incidents);
    let retention = root.table("retention", retention::DOC, retention::read);
    let spool = root.table("spool", spool::DOC, spool::read);
    let video = root.table("video", video::DOC, video::read);
    root.finish();
    let archives = configs.iter().filter(|it| it.channel.is_archive()).map(|it| it.name.clone());
    let rules = Rules {
        grouping,
        archives: archives.collect(),
        channels: targets,
        subscribers: Vec::new(),
        routes,
        schedules,
        flood,
        periodic,
        clock,
        language,
        groups,
        modes,
        reports,
    };
    let access = access.access;
    Config {
        path: None,
        data_dir,
        public_address,
        smtp,
        ftp,
        http,
        alarm,
        brokers,
        access,
        devices,
        channels: configs,
        added,
        rules,
        retention,
        spool,
        video,
        secrets: SecretFiles::default(),
        warnings: Vec::new(),
    }
}

/// Reads the sections that listen. No two of them listen on one port.
fn receivers(
    root: &mut Section<'_>,
    public: Option<&PublicAddress>,
) -> (Smtp, Ftp, Http, AlarmListeners) {
    let (smtp, mut listeners) = root.table("smtp", smtp::DOC, smtp::read);
    let (ftp, more) = root.table("ftp", ftp::DOC, ftp::read);
    listeners.extend(more);
    let (mut http, port) = root.table("http", http::DOC, http::read);
    http.names.push(smtp.host_name.to_ascii_lowercase());
    http.names.extend(public.and_then(PublicAddress::name).map(str::to_owned));
    listeners.extend(port);
    let (alarm, more) = root.table("alarm", alarm::DOC, alarm::read);
    listeners.extend(more);
    checks::listeners(root.reading, &listeners);
    (smtp, ftp, http, alarm)
}

/// Who is alerted of what: read from the file, then from what was added in the dashboard.
struct Routing {
    /// The channels that could be built.
    channels: Vec<ChannelConfig>,
    /// The names of all channels.
    targets: Vec<String>,
    added: Additions,
    routes: Vec<Route>,
    schedules: Vec<Schedule>,
    modes: Vec<Mode>,
    reports: Vec<Report>,
}

/// Reads the sections about alerts. `facts` has what the document refers to of the sections before.
fn routing(root: &mut Section<'_>, document: Option<&str>, mut facts: FileFacts) -> Routing {
    let Channels { mut configs, names, hooked } = channel::read(root);
    checks::hooks(root.reading, &hooked, facts.public_url.as_deref());
    let mut modes = rules::modes(root, facts.has_place);
    facts.modes = modes.iter().map(|mode| mode.name.clone()).collect();
    facts.channels = names;
    let (mut added, parts) = Additions::read(document, facts, describe);
    let AddedParts { channels, routes: more_routes, schedules: more_schedules, modes: more_modes } =
        parts;
    configs.extend(channels.iter().cloned());
    let own = added.file.channels.iter();
    let targets = own.chain(channels.iter().map(|it| &it.name)).cloned().collect::<Vec<_>>();
    let known = KnownNames {
        devices: &added.file.devices,
        groups: &added.file.groups,
        channels: &targets,
        may_be_added: document.is_none() || added.fault.is_some(),
        targets: &targets,
        modes: &added.file.modes,
        place: added.file.has_place,
        is_strict: true,
    };
    let mut routes = route::read(root, &known);
    let mut schedules = schedule::read(root, &known);
    let reports = report::read(root, &known);
    added.file.routes = routes.iter().map(|route| route.name.clone()).collect();
    routes.extend(more_routes.into_iter().map(|route| added.renamed(route)));
    schedules.extend(more_schedules);
    modes.extend(more_modes);
    added.note_routes(&routes);
    Routing { channels: configs, targets, added, routes, schedules, modes, reports }
}

/// The groups of each device, by its name; without devices that are in none.
fn groups(devices: &[DeviceConfig]) -> HashMap<String, Vec<String>> {
    let grouped = devices.iter().filter(|device| !device.groups.is_empty());
    grouped.map(|device| (device.name.clone(), device.groups.clone())).collect()
}

/// The data folder: the variable goes before the file, so that a container sets it without an edit. Root's home, `/` and
/// the home of the package's user count as no home: there Tipoff runs as a service (XDG Base Directory Specification for
/// the others).
fn data_dir(root: &mut Section<'_>) -> PathBuf {
    let given = root.path(
        "data_dir",
        "/var/lib/tipoff",
        "The folder for all stored data. Without it: `$XDG_DATA_HOME/tipoff`, else \
         `~/.local/share/tipoff`, else, for root, the package's user and without a home, `/var/lib/tipoff`.",
    );
    let variable = |name| root.reading.variable(name).map(PathBuf::from);
    let of_home = || {
        let home = variable("HOME").filter(|home| home.is_absolute());
        home.filter(|home| !["/", "/root", SYSTEM_DATA].map(Path::new).contains(&home.as_path()))
    };
    variable("TIPOFF_DATA_DIR")
        .or(given)
        .or_else(|| {
            let data = variable("XDG_DATA_HOME").filter(|data| data.is_absolute());
            data.or_else(|| Some(of_home()?.join(".local/share"))).map(|data| data.join("tipoff"))
        })
        .unwrap_or_else(|| PathBuf::from(SYSTEM_DATA))
}
