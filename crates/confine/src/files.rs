//! Limits the files that a video tool can reach, and keeps it from the network but for one port: landlock(7). A kernel without it, or
//! with an older version, restricts less.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use crate::confinement::VideoConfinement;

/// The version that is asked for. The crate leaves out what the kernel does not support.
const WANTED: ABI = ABI::V6;

/// Folders of programs and libraries, which hold nothing of the owner.
const SYSTEM: [&str; 9] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"];
/// What the loader, the C library and codecs read besides.
const SYSTEM_READ: [&str; 7] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/proc/cpuinfo",
    "/dev/urandom",
    "/dev/random",
];
/// Devices that programs open for writing.
const SYSTEM_WRITE: [&str; 2] = ["/dev/null", "/dev/zero"];

/// Lets this process reach only the files that `video` names. Returns whether the kernel enforces it.
pub(crate) fn restrict(
    video: &VideoConfinement,
    program: Option<&OsStr>,
) -> Result<bool, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(system(program), read | AccessFs::Execute))?
        .add_rules(path_beneath_rules(SYSTEM_READ, read))?
        .add_rules(path_beneath_rules(SYSTEM_WRITE, write))?
        .add_rules(path_beneath_rules(&video.reads, BitFlags::from(AccessFs::ReadFile)))?
        .add_rules(path_beneath_rules(&video.writes, write))?
        .add_rules(
            video.port.map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::ConnectTcp))),
        )?;
    Ok(ruleset.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

/// Where programs and libraries are: those of the system, this one, and its package where it lies in
/// `/opt`.
fn system(program: Option<&OsStr>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    if let Some(program) = program {
        let program = Path::new(program);
        let target = program.canonicalize().unwrap_or_else(|_| program.to_owned());
        folders.extend(package(&target));
        folders.push(target);
    }
    folders
}

/// `/opt/NAME` of a program inside of it; `None` for any other program.
fn package(program: &Path) -> Option<PathBuf> {
    let mut rest = program.strip_prefix("/opt").ok()?.components();
    match (rest.next()?, rest.next()) {
        (Component::Normal(name), Some(_)) => Some(Path::new("/opt").join(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_the_folder_in_opt() {
        for (program, folder) in [
            ("/opt/ffmpeg/bin/ffmpeg", Some("/opt/ffmpeg")),
            ("/opt/ffmpeg", None),
            ("/home/me/ffmpeg", None),
            ("/opt2/x/y", None),
        ] {
            assert_eq!(package(Path::new(program)).as_deref(), folder.map(Path::new), "{program}");
        }
    }
}
