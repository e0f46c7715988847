//! The configuration as a whole: found, read, checked across its sections.
//!
//! Called at the start, by `check`, and by `reload` after each edit. A file with any fault yields no configuration, so
//! that nothing runs with half of it. Each section's file reads and checks its own keys.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use tipoff_rules::{Clock, Rules};
use tipoff_spool::SpoolConfig;
use toml::de::DeTable;

use super::access::Networks;
use super::book::Book;
use super::channel::Channels;
use super::fault::{Fault, Faults};
use super::reading::{Environment, Overrides, Reading, SecretFiles};
use super::route::{self, KnownNames};
use super::section::Section;
use super::{
    Access, AlarmListeners, BrokerConfig, ChannelConfig, DeviceConfig, Ftp, Http, Retention, Smtp,
    SpoolSettings, Video, access, alarm, channel, checks, device, exposure, ftp, http, mask, mqtt,
    report, retention, rules, smtp, spool, video,
};
use crate::runtime::private;

/// Limit of the file in bytes. A configuration of ten thousand devices has a tenth of this.
const FILE_BYTES_MAX: u64 = 10_000_000;
/// The file of a service that was installed by a package.
const SYSTEM_FILE: &str = "/etc/tipoff/tipoff.toml";
/// The file in the current folder, for somebody who tries Tipoff.
const LOCAL_FILE: &str = "tipoff.toml";
/// The data folder of a service, which has no home folder.
const SYSTEM_DATA: &str = "/var/lib/tipoff";

/// All that can be configured, each value checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file that it was read from; `None` for the defaults.
    pub(crate) path: Option<PathBuf>,
    /// The folder of all data.
    pub(crate) data_dir: PathBuf,
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
    /// The destinations of alerts, in the order of the file.
    pub(crate) channels: Vec<ChannelConfig>,
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
    /// command line says in place of it.
    ///
    /// # Errors
    /// All faults of the file, each at its place.
    pub(crate) fn load(
        cli_path: Option<&Path>,
        overrides: Option<&Overrides>,
        environment: Environment<'_>,
    ) -> Result<Self, Faults> {
        let Some(path) = find(cli_path, environment) else {
            return Self::parse(None, "", overrides, environment);
        };
        let source = read_file(&path).map_err(|(reason, help)| {
            let fault = Fault::new(format!("{}: {reason}", path.display()));
            Faults::one(path.clone(), fault.help(help))
        })?;
        Self::parse(Some(path), &source, overrides, environment)
    }

    /// The files with secrets that every user of this machine can read; for a warning.
    pub(crate) fn open_secrets(&self) -> Vec<PathBuf> {
        let own = self.path.iter().filter(|_| self.secrets.in_configuration);
        let files = own.chain(&self.secrets.named);
        files.filter(|path| private::is_open_to_others(path)).cloned().collect()
    }

    /// Reads the text of a file. Invalid TOML is reported alone: what its values mean is not known then.
    pub(crate) fn parse(
        path: Option<PathBuf>,
        source: &str,
        overrides: Option<&Overrides>,
        environment: Environment<'_>,
    ) -> Result<Self, Faults> {
        let (root, errors) = DeTable::parse_recoverable(source);
        if !errors.is_empty() {
            let faults = syntax_faults(source, &errors);
            return Err(Faults::new(path.as_deref(), mask::all(source), faults));
        }
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let reading = Reading::new(folder.to_owned(), environment, describe).with(overrides);
        let mut config = read(Section::root(&reading, root.get_ref()));
        config.secrets = reading.secret_files();
        config.warnings = exposure::warnings(&reading, channel::settings_of(&config.channels));
        let (faults, shown) = reading.into_faults();
        if !faults.is_empty() {
            let source = mask::values(source, root.get_ref(), shown);
            return Err(Faults::new(path.as_deref(), source, faults));
        }
        if let Some(folder) = overrides.and_then(|it| it.data_dir.clone()) {
            config.data_dir = folder;
        }
        config.path = path;
        Ok(config)
    }
}

/// Every key there is: reads an empty file, and records what is asked for.
pub(super) fn describe() -> Book {
    let reading = Reading::describing();
    read(Section::root(&reading, &DeTable::new()));
    reading.into_book()
}

/// Reads all sections, those first whose names others refer to.
fn read(mut root: Section<'_>) -> Config {
    let data_dir = data_dir(&mut root);
    let clock = Clock { zone: rules::zone(&mut root), place: rules::place(&mut root) };
    let (smtp, mut listeners) = root.table("smtp", smtp::DOC, smtp::read);
    let (ftp, more) = root.table("ftp", ftp::DOC, ftp::read);
    listeners.extend(more);
    let (mut http, port) = root.table("http", http::DOC, http::read);
    http.names.push(smtp.host_name.to_ascii_lowercase());
    listeners.extend(port);
    let (alarm, more) = root.table("alarm", alarm::DOC, alarm::read);
    listeners.extend(more);
    checks::listeners(root.reading, &listeners);
    let access = root.table("access", access::DOC, access::read);
    let (brokers, broker_names) = mqtt::read(&mut root);
    let devices = device::read(&mut root, access.shared.clone(), &broker_names);
    access.check_open(root.reading, devices.iter().any(|device| device.password.is_some()));
    let Channels { configs, names: targets, hooked } = channel::read(&mut root);
    checks::hooks(root.reading, &hooked, http.public_url.as_deref());
    let modes = rules::modes(&mut root, clock.place.is_some());
    let groups = groups(&devices);
    let known = KnownNames {
        devices: &devices.iter().map(|device| device.name.clone()).collect::<Vec<_>>(),
        groups: &groups.values().flatten().cloned().collect::<Vec<_>>(),
        channels: &targets,
        modes: &modes.iter().map(|mode| mode.name.clone()).collect::<Vec<_>>(),
        place: clock.place.is_some(),
    };
    let routes = route::read(&mut root, &known);
    let reports = report::read(&mut root, &known);
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
        routes,
        flood,
        periodic,
        clock,
        groups,
        modes,
        reports,
    };
    let access = access.access;
    Config {
        path: None,
        data_dir,
        smtp,
        ftp,
        http,
        alarm,
        brokers,
        access,
        devices,
        channels: configs,
        rules,
        retention,
        spool,
        video,
        secrets: SecretFiles::default(),
        warnings: Vec::new(),
    }
}

/// The groups of each device, by its name; without devices that are in none.
fn groups(devices: &[DeviceConfig]) -> HashMap<String, Vec<String>> {
    let grouped = devices.iter().filter(|device| !device.groups.is_empty());
    grouped.map(|device| (device.name.clone(), device.groups.clone())).collect()
}

/// The data folder: the variable goes before the file, so that a container sets it without an edit. Root's home and `/`
/// count as no home: there Tipoff runs as a service (XDG Base Directory Specification for the others).
fn data_dir(root: &mut Section<'_>) -> PathBuf {
    let given = root.path(
        "data_dir",
        "/var/lib/tipoff",
        "The folder for all stored data. Without it: `$XDG_DATA_HOME/tipoff`, else \
         `~/.local/share/tipoff`, else, for root and without a home, `/var/lib/tipoff`.",
    );
    let variable = |name| root.reading.variable(name).map(PathBuf::from);
    let of_home = || {
        let home = variable("HOME").filter(|home| home.is_absolute());
        home.filter(|home| ![Path::new("/"), Path::new("/root")].contains(&home.as_path()))
    };
    variable("TIPOFF_DATA_DIR")
        .or(given)
        .or_else(|| {
            let data = variable("XDG_DATA_HOME").filter(|data| data.is_absolute());
            data.or_else(|| Some(of_home()?.join(".local/share"))).map(|data| data.join("tipoff"))
        })
        .unwrap_or_else(|| PathBuf::from(SYSTEM_DATA))
}

/// The path of the configuration: the file that was asked for, whether it exists or not; else the first of the usual
/// places that exists; `None` if none does.
pub(crate) fn find(cli_path: Option<&Path>, environment: Environment<'_>) -> Option<PathBuf> {
    let variable = || environment("TIPOFF_CONFIG").filter(|path| !path.is_empty());
    let places = || [LOCAL_FILE, SYSTEM_FILE].map(PathBuf::from);
    cli_path
        .map(Path::to_owned)
        .or_else(|| variable().map(PathBuf::from))
        .or_else(|| places().into_iter().find(|path| path.exists()))
}

/// The text of the file. The error continues the sentence "PATH: …", and says what to do.
fn read_file(path: &Path) -> Result<String, (String, String)> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let reason = format!("is larger than {FILE_BYTES_MAX} bytes");
        return Err((reason, "name the configuration file".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + good.filter(|&&byte| byte == b'\n').count();
        let help = "save it as UTF-8: editors on Windows may use another encoding, also for quotes";
        (format!("is not UTF-8 text in line {line}"), help.to_owned())
    })
}

/// Why the file cannot be read, and what to do.
fn unreadable(path: &Path, error: &io::Error) -> (String, String) {
    let (reason, help) = match error.kind() {
        ErrorKind::NotFound => (
            "cannot be opened: there is no such file".to_owned(),
            "check the path in --config or $TIPOFF_CONFIG; `tipoff init` writes a file".to_owned(),
        ),
        ErrorKind::PermissionDenied => (
            "cannot be opened: this user may not read it".to_owned(),
            "run this as root or as the user that Tipoff runs as, as in `sudo -u tipoff tipoff …`"
                .to_owned(),
        ),
        ErrorKind::IsADirectory => (
            "is a folder".to_owned(),
            format!("name the file in it, such as {}", path.join(LOCAL_FILE).display()),
        ),
        _ => (format!("cannot be read: {error}"), "name another file with --config".to_owned()),
    };
    (reason, help)
}

/// The faults of invalid TOML: the first error of each line, because the others on the line are its consequences.
fn syntax_faults(source: &str, errors: &[toml::de::Error]) -> Vec<Fault> {
    let mut lines = BTreeSet::new();
    let mut faults = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let before = source.as_bytes().iter().take(span.start);
        let line = before.filter(|&&byte| byte == b'\n').count();
        if !lines.insert(line) {
            continue;
        }
        let text = source.lines().nth(line).unwrap_or_default();
        let fault = Fault::at(span, "this is not valid TOML").label(error.message());
        faults.push(if text.contains(CURLY_QUOTES) {
            fault.help("the quotes are curly ones, as text processors make them; write straight ones: key = \"value\"")
        } else if has_bare_value(text) {
            fault.help("a string needs quotes: key = \"value\"")
        } else {
            fault
        });
    }
    faults
}

/// Quotes of text processors, which TOML does not know.
const CURLY_QUOTES: [char; 7] = ['“', '”', '„', '‟', '‘', '’', '‚'];

/// Whether a line sets something that looks like a string without quotes.
fn has_bare_value(line: &str) -> bool {
    let value = line.split_once('=').map(|(_, value)| value.trim_start());
    value.is_some_and(|value| !value.is_empty() && !value.starts_with(['"', '\'', '[', '{', '#']))
}
