//! What else Tipoff needs of the machine: an address, ffmpeg, the right time, open files, a user of
//! its own.
//!
//! Most of it is a hint and not wrong: Tipoff stores and delivers without ffmpeg, a time zone or a
//! thousand open files.

use std::fs::DirBuilder;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use rustix::process::{Resource, geteuid, getrlimit};
use tipoff_model::Timestamp;
use tipoff_spool::SharedPlace;
use tipoff_video::{Held, Launcher, Transcoder};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::super::container;
use super::certificate::day;
use super::finding::Finding;
use crate::config::{Config, PublicAddress, Video};
use crate::net::network;
use crate::{open_files, programs};

/// Time limit for ffmpeg and ffprobe together to print their versions.
const FFMPEG_MAX: Duration = Duration::from_secs(20);
/// Time limit for the lookup of a host name.
const LOOKUP_MAX: Duration = Duration::from_secs(5);
/// An earlier time is wrong: this program was written later (2025-01-01, in seconds since 1970). A
/// machine without a battery for its clock starts in 1970 …
const CLOCK_S_MIN: i64 = 1_735_689_600;
/// … and so is a time from here on (2100-01-01).
const CLOCK_S_END: i64 = 4_102_444_800;

/// Which address to type into the cameras. A hint where they cannot reach it: only loopback, no
/// network, or the address of a container.
pub(super) fn address(config: &Config, lan: Option<IpAddr>, in_container: bool) -> Finding {
    let about = "address";
    let smtp = config.smtp.listen.iter().map(|listener| listener.at.address);
    let ftp = config.ftp.listen.iter().map(|listener| listener.address);
    let addresses: Vec<IpAddr> = smtp.chain(ftp).map(|address| address.ip()).collect();
    if addresses.iter().all(IpAddr::is_loopback) {
        return Finding::hint(
            about,
            "it listens only for this machine itself, not for cameras",
            "set `listen` in [smtp] and [ftp] to 0.0.0.0, or to this machine's address",
        );
    }
    if let Some(public) = &config.public_address {
        return Finding::fine(about, format!("type {public} into the cameras as the server"));
    }
    match lan {
        None => Finding::hint(
            about,
            "this machine seems to be on no network",
            "connect it to the one that the cameras are on",
        ),
        Some(lan) if in_container && container::is_of_engine(lan) => Finding::hint(
            about,
            format!("{lan} is the container's own, which cameras do not reach"),
            "set TIPOFF_PUBLIC_ADDRESS to the address of the machine that runs the container",
        ),
        Some(lan) => {
            let given = addresses.iter().find(|ip| !ip.is_unspecified() && !ip.is_loopback());
            let any = addresses.iter().any(IpAddr::is_unspecified);
            let server = given.filter(|_| !any).copied().unwrap_or(lan);
            Finding::fine(about, format!("type {server} into the cameras as the server"))
        }
    }
}

/// A hint if several devices arrive with the address of a gateway, as behind Docker's userland
/// proxy. Only asked beside a Tipoff that runs: otherwise a spool of an earlier version would be
/// changed.
pub(super) async fn peers(config: &Config, now: Timestamp) -> Option<Finding> {
    let about = "devices";
    let rules = Arc::new(config.rules.clone());
    let spool = tipoff_spool::open_beside(&config.spool(), rules).await.ok()?;
    let SharedPlace { place, devices } = network::rewritten(&*spool, now).await.ok()??;
    Some(Finding::hint(
        about,
        format!(
            "{devices} devices arrive as {place}, which is a gateway: their own addresses are replaced"
        ),
        "in Docker switch the userland proxy off or use `--network host`; see \"The addresses of devices\" in \
         docs/operations.md",
    ))
}

/// A hint if the host name of `public_address` is unknown here: PASV cannot answer with it then.
pub(super) async fn public_name(public: Option<&PublicAddress>) -> Option<Finding> {
    let Some(PublicAddress::Name(name)) = public else {
        return None;
    };
    let found = timeout(LOOKUP_MAX, lookup_host((name.as_str(), 0))).await;
    if found.is_ok_and(|found| found.is_ok()) {
        return None;
    }
    Some(Finding::hint(
        "address",
        format!("{name} (`public_address`) is unknown to the name server of this machine"),
        "check the name; if only cameras know it, set `public_address` in [ftp] to the IP address",
    ))
}

/// Whether videos can be converted so that phones play them, and how far ffmpeg is confined meanwhile.
pub(super) async fn videos(settings: &Video) -> Finding {
    let about = "ffmpeg";
    if !settings.convert {
        return Finding::fine(about, "not wanted: videos go as the cameras made them");
    }
    let looked = timeout(FFMPEG_MAX, version(settings)).await;
    match looked.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(Some((version, held))) => match programs::missing(held) {
            None => Finding::fine(about, format!("{version}, with ffprobe; confined")),
            Some(missing) => Finding::hint(
                about,
                format!("{version}, with ffprobe; confined only in part: {missing}"),
                "use a kernel from 5.13 on, and let the container or service make these calls; or set \
                 `convert = false` in [video]",
            ),
        },
        Ok(None) => Finding::hint(
            about,
            "ffmpeg and ffprobe are not both installed: videos go as the cameras made them, and \
             many do not play on phones",
            "install them: `apt install ffmpeg`, or as your system does; or set `convert = false` \
             in [video]",
        ),
        Err(error) => Finding::hint(
            about,
            format!("could not be tried: {error}"),
            "see whether `ffmpeg -version` works, and whether there is a folder for temporary files",
        ),
    }
}

/// The version of ffmpeg and its confinement; `None` if ffmpeg or ffprobe is not installed. It runs
/// as it does in the server, so this also shows what the kernel or a container forbids.
async fn version(settings: &Video) -> io::Result<Option<(String, Held)>> {
    let folder = Temporary::make()?;
    let launcher = Launcher::this_program();
    let transcoder = Transcoder::open(&folder.0, settings.limits(), launcher).await?;
    Ok(transcoder.map(|transcoder| (transcoder.version().to_owned(), transcoder.held())))
}

/// A private folder for temporary files, removed when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn make() -> io::Result<Self> {
        // All users write into the same place: the name is random, and an existing folder is an error.
        let random = getrandom::u64().map_err(io::Error::other)?;
        let path = std::env::temp_dir().join(format!("tipoff-doctor-{random:016x}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the clock is plausible. With a wrong one every certificate of a service seems invalid,
/// so no alert is sent.
pub(super) fn clock(now: Timestamp) -> Finding {
    let about = "clock";
    let seconds = now.as_ms() / 1000;
    let found = format!("it is {} by this machine", day(now));
    if (CLOCK_S_MIN..CLOCK_S_END).contains(&seconds) {
        return Finding::fine(about, found);
    }
    Finding::wrong(
        about,
        format!("{found}, which cannot be: services refuse encrypted connections"),
        "set the clock, or let the network do it: `timedatectl set-ntp true`",
    )
}

/// Whether the time zone is known, by which routes (`between`), schedules of modes and messages
/// read the time of day.
pub(super) fn time_zone(zone: &TimeZone) -> Finding {
    let about = "time zone";
    if zone.is_unknown() {
        return Finding::hint(
            about,
            "not known, so the times of routes and messages are UTC",
            "set `time_zone = \"Europe/Berlin\"` or whichever it is; the system may lack tzdata",
        );
    }
    let name = zone.iana_name().unwrap_or("the machine's, which has no name");
    Finding::fine(about, name)
}

/// Whether Tipoff runs as root: then whoever breaks into it has the machine. In a container root
/// has fewer rights.
pub(super) fn user(in_container: bool) -> Finding {
    let about = "user";
    match (geteuid().is_root(), in_container) {
        (true, false) => Finding::hint(
            about,
            "root",
            "run it as a user of its own; it needs no rights but to write into the data folder, and \
             CAP_NET_BIND_SERVICE for ports below 1024 (docs/operations.md)",
        ),
        (true, true) => Finding::fine(about, "root of a container"),
        (false, _) => Finding::fine(about, format!("number {}, not root", geteuid().as_raw())),
    }
}

/// Whether the limit of open files suffices for all connections that `max_connections` allows.
pub(super) fn open_files(config: &Config) -> Finding {
    let mails = config.smtp.max_connections as u64;
    let uploads = if config.ftp.listen.is_empty() { 0 } else { config.ftp.max_connections as u64 };
    // `tipoff run` raises its limit to the maximum, so the current limit does not matter.
    judge_open_files(mails, uploads, getrlimit(Resource::Nofile).maximum)
}

fn judge_open_files(mails: u64, uploads: u64, limit: Option<u64>) -> Finding {
    let about = "open files";
    let wanted = open_files::wanted(mails, uploads);
    match limit {
        Some(limit) if limit < wanted => Finding::hint(
            about,
            format!("{limit} are allowed here; all connections of `max_connections` need {wanted}"),
            "it matters only with hundreds of devices: LimitNOFILE= in the service, \
             `--ulimit nofile=` for a container, or a smaller `max_connections`",
        ),
        Some(limit) => Finding::fine(about, format!("{limit} are allowed here, enough")),
        None => Finding::fine(about, "as many as are needed"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Mark;
    use super::*;

    #[test]
    fn the_address_for_cameras_is_the_configured_one_or_this_machines() {
        let found = |source: &str, lan: Option<&str>, in_container| {
            let config = Config::parse(None, source, None, &|_| None).unwrap();
            let finding = address(&config, lan.map(|it| it.parse().unwrap()), in_container);
            (finding.mark, finding.found)
        };
        let public = "public_address = \"nas.lan\"\n";
        for (source, lan, in_container, mark, word) in [
            ("", Some("192.168.1.10"), false, Mark::Fine, "192.168.1.10"),
            ("", Some("172.17.0.2"), true, Mark::Hint, "container's own"),
            ("", Some("172.17.0.2"), false, Mark::Fine, "172.17.0.2"),
            ("", None, false, Mark::Hint, "no network"),
            (public, None, false, Mark::Fine, "nas.lan"),
            (public, Some("172.17.0.2"), true, Mark::Fine, "nas.lan"),
        ] {
            let (is, text) = found(source, lan, in_container);
            assert!(is == mark && text.contains(word), "{source}: {text}");
        }
    }

    #[tokio::test]
    async fn a_public_name_that_nobody_knows_is_a_hint() {
        let name = |name: &str| PublicAddress::Name(name.to_owned());
        assert!(public_name(None).await.is_none());
        assert!(public_name(Some(&name("localhost"))).await.is_none());
        let finding = public_name(Some(&name("tipoff.invalid"))).await.unwrap();
        assert!(finding.mark == Mark::Hint && finding.found.contains("tipoff.invalid"));
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1000)
    }

    #[test]
    fn the_clock_is_plausible_or_not() {
        for (seconds, mark) in [
            (0, Mark::Wrong),
            (CLOCK_S_MIN - 1, Mark::Wrong),
            (CLOCK_S_MIN, Mark::Fine),
            (CLOCK_S_END - 1, Mark::Fine),
            (CLOCK_S_END, Mark::Wrong),
        ] {
            assert_eq!(clock(at(seconds)).mark, mark, "{seconds}");
        }
        assert_eq!(clock(at(-9)).mark, Mark::Wrong);
        assert_eq!(day(at(CLOCK_S_MIN)), "2025-01-01");
        assert_eq!(day(at(CLOCK_S_END)), "2100-01-01");
    }

    #[test]
    fn time_zones() {
        assert_eq!(time_zone(&TimeZone::unknown()).mark, Mark::Hint);
        assert_eq!(time_zone(&TimeZone::UTC).mark, Mark::Fine);
    }

    #[test]
    fn open_files_by_connections() {
        let mark = |limit| judge_open_files(10, 10, limit).mark;
        assert_eq!(mark(Some(open_files::wanted(10, 10))), Mark::Fine);
        assert_eq!(mark(Some(open_files::wanted(10, 10) - 1)), Mark::Hint);
        assert_eq!(mark(None), Mark::Fine);
        assert_eq!(judge_open_files(u64::MAX, u64::MAX, Some(1)).mark, Mark::Hint);
    }

    #[test]
    fn a_temporary_folder_is_removed() {
        let folder = Temporary::make().unwrap();
        let path = folder.0.clone();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }
}
