//! The launcher: reads its arguments, restricts itself, and becomes the program or watches over it. Arguments that
//! it does not understand end it: half of a restriction is none.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use rustix::process::{Pid, Signal};

use crate::confinement::VideoConfinement;
use crate::watch::Watcher;
use crate::{calls, files, limits};

/// Written to standard error before the reason why the program could not be started. The exit code is 127 then, as
/// that of a shell.
pub const CANNOT_START: &str = "cannot be started: ";
const CANNOT_START_CODE: u8 = 127;
const USAGE_CODE: u8 = 2;

/// Which restrictions the kernel enforces on a video tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// It reaches only the files that it needs (landlock).
    pub files: bool,
    /// It reaches no network, no other process and no access rights (seccomp).
    pub calls: bool,
}

impl Held {
    /// Reads the output of a probe; `None` if it is anything else.
    pub fn read(printed: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(printed).ok()?;
        let mut words = text.split_whitespace();
        let mut word = |name: &str| match words.next()?.split_once('=')? {
            (key, "yes") if key == name => Some(true),
            (key, "no") if key == name => Some(false),
            _ => None,
        };
        Some(Self { files: word("files")?, calls: word("calls")? })
    }
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |held| if held { "yes" } else { "no" };
        write!(formatter, "files={} calls={}", word(self.files), word(self.calls))
    }
}

/// Restricts this process by the arguments. Then it becomes the video tool behind `--`, or runs the program behind it
/// and returns its exit code. Without a program it prints the restrictions that the kernel enforces.
pub fn main(words: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(order) = Order::read(words) else {
        // Only Tipoff starts it.
        complain("this subcommand is for Tipoff itself");
        return USAGE_CODE.into();
    };
    match order.carry_out() {
        Ok(Done::Ended(code)) => code,
        Ok(Done::Holds(held)) => {
            use std::io::Write as _;
            let printed = writeln!(io::stdout(), "{held}");
            if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            complain(&error.to_string());
            CANNOT_START_CODE.into()
        }
    }
}

/// Writes why it failed to standard error.
fn complain(why: &str) {
    use std::io::Write as _;
    let _ = writeln!(io::stderr(), "{CANNOT_START}{why}");
}

/// The arguments of the launcher.
#[derive(Debug, PartialEq, Eq)]
struct Order {
    /// Process number of Tipoff, with which the program ends.
    parent: Option<i32>,
    profile: ConfinementProfile,
    /// The program and its arguments; `None` for a probe.
    program: Option<(OsString, Vec<OsString>)>,
}

/// Whom it starts.
#[derive(Debug, PartialEq, Eq)]
enum ConfinementProfile {
    Video(VideoConfinement),
    Program { umask: u32, keeps_capabilities: bool },
}

impl Order {
    /// Reads the arguments; `None` if one is unknown or missing.
    fn read(mut words: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut video = VideoConfinement {
            memory_bytes: 0,
            processor_s: 0,
            file_bytes: 0,
            reads: Vec::new(),
            writes: Vec::new(),
            port: None,
        };
        let (mut parent, mut is_video, mut umask, mut keeps) = (None, None, None, None);
        let mut program = None;
        while let Some(word) = words.next() {
            if word == "--" {
                program = Some((words.next()?, words.by_ref().collect()));
                break;
            }
            let value = words.next()?;
            match word.to_str()? {
                "--parent" => parent = Some(number(&value)?),
                "--profile" if value == "video" => is_video = Some(true),
                "--profile" if value == "program" => is_video = Some(false),
                "--memory" => video.memory_bytes = number(&value)?,
                "--processor" => video.processor_s = number(&value)?,
                "--file" => video.file_bytes = number(&value)?,
                "--umask" => umask = Some(number(&value)?),
                "--keep-capabilities" => keeps = Some(number(&value)?),
                "--read" => video.reads.push(PathBuf::from(value)),
                "--write" => video.writes.push(PathBuf::from(value)),
                "--connect" => video.port = Some(number(&value)?),
                _ => return None,
            }
        }
        let profile = match is_video? {
            true => ConfinementProfile::Video(video),
            false => ConfinementProfile::Program { umask: umask?, keeps_capabilities: keeps? },
        };
        Some(Self { parent, profile, program })
    }

    /// Restricts this process and starts the program. The order matters: descriptors are closed first, and system
    /// calls are restricted last, because the steps before need some of them.
    fn carry_out(self) -> io::Result<Done> {
        let Self { parent, profile, program } = self;
        let parent = parent.and_then(Pid::from_raw);
        limits::lead_group();
        limits::close_descriptors();
        match profile {
            ConfinementProfile::Program { umask, keeps_capabilities } => {
                let watcher = Watcher::begin(parent)?;
                limits::program(umask)?;
                if !keeps_capabilities {
                    limits::drop_capabilities();
                }
                match program {
                    Some((program, arguments)) => Ok(Done::Ended(watcher.run(program, arguments)?)),
                    None => Ok(Done::Holds(Held { files: false, calls: false })),
                }
            }
            ConfinementProfile::Video(video) => {
                limits::end_with(parent, Some(Signal::KILL))?;
                limits::video(&video)?;
                limits::gain_nothing();
                limits::drop_capabilities();
                let name = program.as_ref().map(|(name, _)| name.as_os_str());
                // A kernel that does not support it is reported by a probe.
                let files = files::restrict(&video, name).unwrap_or(false);
                let held = Held { files, calls: calls::restrict(video.port.is_some()) };
                match program {
                    Some((program, arguments)) => Err(Command::new(program).args(arguments).exec()),
                    None => Ok(Done::Holds(held)),
                }
            }
        }
    }
}

/// The result of the launcher.
enum Done {
    /// A probe: the restrictions that the kernel enforces.
    Holds(Held),
    /// The exit code of the program.
    Ended(ExitCode),
}

/// A number, or true or false.
fn number<T: std::str::FromStr>(word: &OsStr) -> Option<T> {
    word.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Confinement, Launcher};

    fn read(command: &Command) -> Option<Order> {
        Order::read(command.get_args().map(OsStr::to_owned))
    }

    #[test]
    fn what_the_command_says_is_what_the_launcher_reads() {
        let video = VideoConfinement {
            memory_bytes: 1 << 30,
            processor_s: 20,
            file_bytes: 4096,
            reads: vec!["/a b".into(), "--".into()],
            writes: vec!["--write".into()],
            port: Some(554),
        };
        let launcher = Launcher::new("tipoff", [] as [&str; 0]);
        let words = ["--", "-x", "--profile"].map(OsString::from);
        let confinement = Confinement::Video(video.clone());
        let command = launcher.command(&confinement, OsStr::new("ffmpeg"), words.clone());
        let order = read(&command).unwrap();
        assert_eq!(order.profile, ConfinementProfile::Video(video));
        assert_eq!(order.program, Some(("ffmpeg".into(), words.to_vec())));
        assert_eq!(order.parent, i32::try_from(std::process::id()).ok());
        for keeps_capabilities in [false, true] {
            let command = launcher.probe(&Confinement::Program { umask: 0o27, keeps_capabilities });
            let order = read(&command).unwrap();
            let profile = ConfinementProfile::Program { umask: 0o27, keeps_capabilities };
            assert_eq!((order.profile, order.program), (profile, None));
        }
    }

    #[test]
    fn half_an_order_is_none() {
        for words in [
            &[][..],
            &["--profile"],
            &["--profile", "root"],
            &["--profile", "program"],
            &["--profile", "video", "--"],
            &["--profile", "video", "--memory", "much"],
            &["--profile", "video", "--surprise", "1"],
        ] {
            assert_eq!(Order::read(words.iter().map(OsString::from)), None, "{words:?}");
        }
    }

    #[test]
    fn what_holds_is_printed_and_read() {
        for (files, calls) in [(true, false), (false, true)] {
            let held = Held { files, calls };
            assert_eq!(Held::read(held.to_string().as_bytes()), Some(held));
        }
        for wrong in ["", "files=yes", "calls=yes files=yes", "files=maybe calls=no"] {
            assert_eq!(Held::read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
