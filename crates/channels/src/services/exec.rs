//! A program on this machine. It gets the alert on its standard input and in its environment, and the files in a
//! folder. No shell is involved, and no argument comes from an alert, so that a device cannot inject a command.
//! The program runs confined (crate `tipoff-confine`): without Tipoff's capabilities, and never longer than Tipoff.

mod programs;

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tipoff_confine::{CANNOT_START, Confinement, ProcessGroup, on_steady_thread};
use tipoff_model::{Alert, Outcome, Receipt, Verdict, plain_error};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use self::programs::Programs;
use self::programs::is_shell_line;
use crate::body::{BodyError, copy};
use crate::http::{no_answer, retry_message};
use crate::settings_reader::SettingsReader;
use crate::words::{self, EXCERPT_UTF16_MAX};
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Files, Hint, Message};
use crate::{Setting, Settings, Shape, alert_json};

/// How long a program may run if `timeout` is not set.
const TIME: Duration = Duration::from_secs(30);
/// How much of standard output, and of standard error, is kept. The rest is read and dropped, so that the
/// program does not wait for a full pipe.
const OUTPUT_BYTES_MAX: usize = 8 * 1024;
/// How long the output is read after the program ended: a program that it left behind may still hold the pipe
/// open.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);
/// Length limit of a value in the environment, in UTF-16 units: Linux allows 128 KiB (execve(2),
/// MAX_ARG_STRLEN), and a unit has at most three bytes. The whole text is on standard input.
const VARIABLE_UTF16_MAX: usize = 32 * 1024;
/// Access rights of the files of an alert: for the owner only.
const FILE_MODE: u32 = 0o600;
/// Exit code of the launcher if it cannot start the program.
const CODE_NOT_STARTED: i32 = 127;
/// Length limit of a file's name without its number, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// Prefix of the variables that describe an alert.
const PREFIX: &str = "TIPOFF_";
/// Variables of Tipoff's own environment that a program gets. All others may be secrets: those that the
/// configuration names, and those of other services (`DATABASE_URL`, `AWS_SECRET_ACCESS_KEY`).
const PASSED: [&str; 9] =
    ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"];
/// The parts of the locale (locale(7)) that a program gets, by what follows `LC_`.
const PASSED_LOCALE: [&str; 13] = [
    "ADDRESS",
    "ALL",
    "COLLATE",
    "CTYPE",
    "IDENTIFICATION",
    "MEASUREMENT",
    "MESSAGES",
    "MONETARY",
    "NAME",
    "NUMERIC",
    "PAPER",
    "TELEPHONE",
    "TIME",
];

/// What a program can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "exec",
    name: "Program",
    summary: "A program on this machine.",
    find: &[Hint {
        key: "command",
        place: "The whole path of a program on the machine that Tipoff runs on.",
    }],
    settings: &[
        Setting {
            key: "capabilities",
            shape: Shape::Flag,
            required: false,
            doc: "Whether it keeps the capabilities that Tipoff has: all of them as root, else those of its \
                  service. Without it: no, and root's programs change no files of others, no \
                  network and no hardware.",
            example: "true",
        },
        Setting {
            key: "command",
            shape: Shape::Command,
            required: true,
            doc: "The program and its arguments; no shell is involved. It gets the alert as JSON \
                  on standard input: that of a webhook, but each file with its `path`. It gets \
                  TIPOFF_INCIDENT, TIPOFF_KIND, TIPOFF_DEVICE, TIPOFF_EVENT, TIPOFF_SUBJECT, \
                  TIPOFF_TEXT, TIPOFF_RECEIVED_AT, TIPOFF_SILENT (true or false), \
                  TIPOFF_IDEMPOTENCY_KEY, TIPOFF_MEDIA (the paths, one a line) and \
                  TIPOFF_MEDIA_DIR in its environment, and of Tipoff's own environment PATH, HOME, \
                  USER, LOGNAME, SHELL, LANG, LANGUAGE, LC_…, TZ and TMPDIR: no secret that Tipoff \
                  was started with. The files are removed when it \
                  ends. Exit code 0: delivered. Any other: tried again until the alert expires. \
                  It runs as Tipoff's user without capabilities, and ends with Tipoff, with all \
                  that it started.",
            example: "[\"/usr/local/bin/siren\", \"--loud\"]",
        },
        Setting {
            key: "environment",
            shape: Shape::Variables,
            required: false,
            doc: "Names of other variables of Tipoff's environment that it gets. One that holds a secret of \
                  the configuration is warned of. Without it: none.",
            example: "[\"DISPLAY\"]",
        },
        Setting {
            key: "timeout",
            shape: Shape::Duration,
            required: false,
            doc: "How long it may run; then it is killed with all that it started, and tried \
                  again. Without it: 30 s.",
            example: "\"10 s\"",
        },
    ],
    build,
};

/// A program and how it is run.
struct Exec {
    /// Path or name of the program.
    program: String,
    /// From the configuration alone.
    arguments: Vec<String>,
    /// How long it may run.
    time: Duration,
    /// Names of further variables that it gets.
    environment: Vec<String>,
    /// Whether it keeps the capabilities that Tipoff has.
    keeps_capabilities: bool,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let environment = settings.list("environment").to_vec();
    if environment.iter().any(|name| name.is_empty() || name.contains(['=', '\0'])) {
        reader.fault("environment", "must be names of variables, without their values");
    }
    if environment.iter().any(|name| name.starts_with(PREFIX)) {
        reader.fault("environment", "must not name TIPOFF_…: these describe the alert");
    }
    let command = settings.list("command").split_first().filter(|(name, _)| !name.is_empty());
    match command {
        None => reader.fault("command", "must begin with the program to start"),
        Some((line, [])) if is_shell_line(line) => reader.fault(
            "command",
            "must name the program and each argument by itself: [\"/usr/local/bin/siren\", \"--loud\"]",
        ),
        Some(_) => {}
    }
    reader.finish(|| {
        let (program, arguments) = command?;
        Some(Exec {
            program: program.clone(),
            arguments: arguments.to_vec(),
            time: settings.answer_time_or(TIME),
            environment,
            keeps_capabilities: settings.flag("capabilities"),
        })
    })
}

impl Channel for Exec {
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (alert, files) = (context.alert.clone(), Arc::clone(context.files));
            let programs = context.programs.clone();
            let unpacking = spawn_blocking(move || AlertFolder::unpack(&alert, &*files, &programs));
            let folder = unpacking.await.unwrap_or_else(|error| Err(BodyError(error.to_string())));
            let verdict = match folder {
                Ok(folder) => self.run(context, &folder).await,
                Err(BodyError(error)) => retry_message(error),
            };
            verdict.into()
        })
    }
}

impl Exec {
    /// Starts the program and waits for its end, or kills it with its whole process group at the time limit.
    async fn run(&self, context: &Context<'_>, folder: &AlertFolder) -> Verdict {
        let command = self.command(context, folder);
        let mut child = match spawn(command) {
            Ok(child) => child,
            Err(error) => return self.not_started(&plain_error(error)),
        };
        // Declared after the child and so dropped before it: until the child is reaped, its process id cannot
        // belong to another process.
        let group = ProcessGroup::of(child.id());
        let ended = timeout(self.time, feed_and_wait(&mut child, folder.json.as_bytes())).await;
        let Ok(ended) = ended else {
            drop(group);
            let error = format!(
                "{} ran for more than {} s and was killed",
                self.program,
                self.time.as_secs()
            );
            return retry_message(error);
        };
        group.release();
        let (status, output) = match ended {
            Ok(ended) => ended,
            Err(error) => return retry_message(error.to_string()),
        };
        if status.code() == Some(CODE_NOT_STARTED)
            && let Some(why) = output.strip_prefix(CANNOT_START)
        {
            return self.not_started(why);
        }
        if !output.is_empty() {
            tracing::info!(program = self.program, output, "output of a program");
        }
        if status.success() {
            return Verdict::Delivered(Receipt::default());
        }
        let output = words::excerpt(&output, EXCERPT_UTF16_MAX);
        let colon = if output.is_empty() { "" } else { ": " };
        retry_message(format!("{} {}{colon}{output}", self.program, how(status)))
    }

    /// The verdict for a program that cannot be started.
    fn not_started(&self, why: &str) -> Verdict {
        // The disk with the program may be mounted later, so the channel waits as for an unreachable service.
        no_answer(format!(
            "{} cannot be started: {why}: is `command` the whole path of a program?",
            self.program
        ))
    }

    /// The command with its arguments and its whole environment.
    fn command(&self, context: &Context<'_>, folder: &AlertFolder) -> std::process::Command {
        let (alert, programs) = (context.alert, context.programs);
        let confinement = Confinement::Program {
            umask: programs.umask,
            keeps_capabilities: self.keeps_capabilities,
        };
        let arguments = self.arguments.iter().map(OsString::from);
        let mut command =
            programs.launcher.command(&confinement, OsStr::new(&self.program), arguments);
        command.env_clear();
        command.envs(std::env::vars_os().filter(|(name, _)| self.gets(name)));
        let incident = alert.incident.to_string();
        let received_at = alert_json::rfc3339(alert.received_at);
        let paths = folder.paths.join("\n");
        for (name, value) in [
            ("INCIDENT", incident.as_str()),
            ("KIND", alert.kind.as_str()),
            ("DEVICE", &alert.device),
            ("EVENT", alert.event.as_str()),
            ("SUBJECT", &alert.subject),
            ("TEXT", &alert_json::text(alert)),
            ("RECEIVED_AT", &received_at),
            ("SILENT", if alert.is_silent() { "true" } else { "false" }),
            ("IDEMPOTENCY_KEY", &alert.idempotency_key),
            ("MEDIA", &paths),
            ("MEDIA_DIR", &folder.path),
        ] {
            // A variable cannot contain NUL.
            let value = words::cut(&value.replace('\0', " "), VARIABLE_UTF16_MAX);
            command.env(format!("{PREFIX}{name}"), value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Whether a program gets a variable of Tipoff's own environment.
    fn gets(&self, name: &OsStr) -> bool {
        name.to_str().is_some_and(|name| {
            PASSED.contains(&name)
                || name.strip_prefix("LC_").is_some_and(|part| PASSED_LOCALE.contains(&part))
                || self.environment.iter().any(|wanted| wanted == name)
        })
    }
}

/// Starts the program on a thread that does not end. The kernel kills it when the thread that started it ends
/// (prctl(2), PR_SET_PDEATHSIG).
fn spawn(command: std::process::Command) -> std::io::Result<Child> {
    let runtime = Handle::current();
    let start = move || {
        let _entered = runtime.enter();
        Command::from(command).kill_on_drop(true).spawn()
    };
    on_steady_thread(start).unwrap_or_else(|| Err(std::io::Error::other("no thread is left")))
}

/// How a program ended, for an error text.
fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended somehow".to_owned(),
    }
}

/// Writes the input, collects the output and waits for the end, all at once: a program may wait for any of the
/// three. Standard error follows standard output.
async fn feed_and_wait(child: &mut Child, input: &[u8]) -> std::io::Result<(ExitStatus, String)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let status = {
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read its input is no failure.
                let _ = stdin.write_all(input).await;
            }
        };
        let pumps = async {
            tokio::join!(feed, drain(stdout, &mut output), drain(stderr, &mut errors));
        };
        tokio::pin!(pumps);
        let mut pumped = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                () = &mut pumps, if !pumped => pumped = true,
            }
        };
        if !pumped {
            let _ = timeout(OUTPUT_GRACE, pumps).await;
        }
        status
    };
    output.extend_from_slice(&errors);
    Ok((status, String::from_utf8_lossy(&output).trim().to_owned()))
}

/// Reads to the end, and keeps the first [`OUTPUT_BYTES_MAX`] bytes.
async fn drain(reader: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut reader) = reader else { return };
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = reader.read(&mut chunk).await {
        let room = OUTPUT_BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(chunk.get(..read.min(room)).unwrap_or_default());
    }
}

/// The decoded files of an alert in a folder that only this user can read. Removed when dropped.
struct AlertFolder {
    /// The folder itself.
    path: String,
    /// The files, in the order of the JSON.
    paths: Vec<String>,
    /// The alert as JSON, each file with its path.
    json: String,
    /// Removes the folder when dropped.
    _folder: TempDir,
}

impl AlertFolder {
    /// Writes all files of an alert. Blocks.
    fn unpack(alert: &Alert, files: &dyn Files, programs: &Programs) -> Result<Self, BodyError> {
        let cannot =
            |error: std::io::Error| BodyError(format!("the files cannot be unpacked: {error}"));
        let folder = programs.alert_folder().map_err(cannot)?;
        let (mut paths, mut entries) = (Vec::new(), Vec::new());
        for (index, stored) in alert_json::files(alert).enumerate() {
            let path = folder.path().join(file_name(index, &stored.media.name));
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(FILE_MODE);
            let mut file = options.open(&path).map_err(cannot)?;
            copy(stored, files, &mut file).map_err(BodyError::from)?;
            let path = path.to_string_lossy().into_owned();
            let entry = alert_json::media(stored);
            entries.push(format!("{entry},\"path\":{}}}", alert_json::string(&path)));
            paths.push(path);
        }
        let json = alert_json::head(alert) + &entries.join(",") + alert_json::TAIL;
        let path = folder.path().to_string_lossy().into_owned();
        Ok(Self { path, paths, json, _folder: folder })
    }
}

/// A file's name: a number, which keeps names apart and in order, and the harmless characters of the name that
/// the device sent.
fn file_name(index: usize, label: &str) -> String {
    let harmless = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => character,
        _ => '_',
    };
    let label: String = label.chars().map(harmless).collect();
    format!("{:03}-{}", index + 1, words::end_of_name(&label, NAME_BYTES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_harmless_and_distinct() {
        let long = "x".repeat(300) + ".jpg";
        for (label, name) in [
            ("snap.jpg", "001-snap.jpg"),
            ("../../etc/passwd", "001-.._.._etc_passwd"),
            ("", "001-"),
            ("-rf *.jpg", "001--rf__.jpg"),
            ("ü\n😀.png", "001-___.png"),
        ] {
            assert_eq!(file_name(0, label), name);
        }
        assert_eq!(file_name(0, &long).len(), "001-".len() + NAME_BYTES_MAX);
        assert!(file_name(0, &long).ends_with("x.jpg"));
        assert_ne!(file_name(0, "a"), file_name(1, "a"));
    }

    #[test]
    fn a_program_gets_no_variable_that_is_not_listed() {
        let exec = Exec {
            program: String::new(),
            arguments: Vec::new(),
            time: TIME,
            environment: vec!["DISPLAY".to_owned()],
            keeps_capabilities: false,
        };
        for (name, gets) in [
            ("PATH", true),
            ("LC_ALL", true),
            ("LC_SECRET", false),
            ("DISPLAY", true),
            ("TIPOFF_TELEGRAM_TOKEN", false),
            ("AWS_SECRET_ACCESS_KEY", false),
            ("DATABASE_URL", false),
            ("CREDENTIALS_DIRECTORY", false),
            ("NOTIFY_SOCKET", false),
            ("PATHS", false),
            ("path", false),
        ] {
            assert_eq!(exec.gets(OsStr::new(name)), gets, "{name}");
        }
    }
}
