//! Runs one program within limits on files, processor time, memory, the size of its files, and the length of its
//! output. It never outlives the future that runs it, and has a lower priority than the alerts (nice).

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tipoff_confine::{Confinement, Launcher, ProcessGroup, VideoConfinement, on_steady_thread};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

/// Bytes of a program's standard output that are kept.
pub(crate) const STDOUT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of its standard error that are kept.
const STDERR_BYTES_MAX: usize = 8 * 1024;
/// Access rights of the files that it writes: for the owner only.
const OUTPUT_MODE: u32 = 0o600;

/// The limits of one program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Address space in bytes.
    pub(crate) memory_bytes: u64,
    /// Processor time of all its threads together, in seconds.
    pub(crate) processor_s: u64,
    /// Largest size of each file that it writes, in bytes.
    pub(crate) file_bytes: u64,
}

/// How a program ended, and its output.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ended {
    /// The words for a program that failed without an error text.
    pub(crate) fn how(&self) -> String {
        match (self.status.signal(), self.status.code()) {
            (Some(signal), _) => format!("ffmpeg was stopped by signal {signal}"),
            (None, Some(code)) => format!("ffmpeg ended with {code}"),
            (None, None) => "ffmpeg ended".to_owned(),
        }
    }
}

/// One run of a program, with no input and no environment but `path`.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) launcher: &'a Launcher,
    pub(crate) program: &'a Path,
    pub(crate) path: &'a OsStr,
    /// Its working folder. It can neither list nor create files in it.
    pub(crate) folder: &'a Path,
    pub(crate) bounds: Bounds,
    /// The files that it reads.
    pub(crate) reads: Vec<PathBuf>,
    /// The files that it writes; they are made empty first.
    pub(crate) writes: Vec<PathBuf>,
    /// The TCP port that it may connect to.
    pub(crate) port: Option<u16>,
}

/// The mask for files that are the owner's only.
const PRIVATE_UMASK: u32 = 0o077;

impl Run<'_> {
    /// Runs it to its end. Dropping the future kills it; the runtime then reaps it, so that no zombie stays.
    pub(crate) async fn words(self, words: Vec<OsString>) -> io::Result<Ended> {
        self.watched(words, |_| ()).await
    }

    /// The same, and `watch` gets all of its standard output while it arrives.
    pub(crate) async fn watched(
        self,
        words: Vec<OsString>,
        watch: impl FnMut(&[u8]),
    ) -> io::Result<Ended> {
        for output in &self.writes {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(OUTPUT_MODE).open(output)?;
        }
        let program = self.program.as_os_str();
        let command = self.launcher.command(&self.confinement(), program, words);
        self.begun(command, watch).await
    }

    /// Asks it for its version. It reads no bytes of devices then, so it is confined less: it may be a script that
    /// starts the real program.
    pub(crate) async fn version(self) -> io::Result<Ended> {
        let confinement = Confinement::Program { umask: PRIVATE_UMASK, keeps_capabilities: false };
        // `ulimit -v` is in KiB.
        let script =
            format!("ulimit -v {} && exec \"$0\" -version", self.bounds.memory_bytes / 1024);
        let words = ["-c".into(), script.into(), self.program.into()];
        let command = self.launcher.command(&confinement, OsStr::new("/bin/sh"), words);
        self.begun(command, |_| ()).await
    }

    /// Runs the launcher alone, which prints the restrictions that the kernel enforces.
    pub(crate) async fn probe(self) -> io::Result<Ended> {
        let command = self.launcher.probe(&self.confinement());
        self.begun(command, |_| ()).await
    }

    /// The confinement of a run that reads bytes of devices.
    fn confinement(&self) -> Confinement {
        let Bounds { memory_bytes, processor_s, file_bytes } = self.bounds;
        let (reads, writes) = (self.reads.clone(), self.writes.clone());
        Confinement::Video(VideoConfinement {
            memory_bytes,
            processor_s,
            file_bytes,
            reads,
            writes,
            port: self.port,
        })
    }

    /// Starts a command and waits for its end and its output.
    async fn begun(
        &self,
        mut command: std::process::Command,
        watch: impl FnMut(&[u8]),
    ) -> io::Result<Ended> {
        command
            .env_clear()
            .env("PATH", self.path)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = spawn(command)?;
        // Declared after the child and so dropped before it: until then no other process can have its number.
        let group = ProcessGroup::of(child.id());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (stdout, stderr, status) = tokio::try_join!(
            keep(stdout, STDOUT_BYTES_MAX, watch),
            keep(stderr, STDERR_BYTES_MAX, |_| ()),
            child.wait(),
        )?;
        group.release();
        Ok(Ended { status, stdout, stderr })
    }
}

/// Starts it on a thread that never ends: the kernel kills it when the thread that started it ends.
fn spawn(command: std::process::Command) -> io::Result<Child> {
    let runtime = Handle::current();
    let start = move || {
        let _entered = runtime.enter();
        Command::from(command).kill_on_drop(true).spawn()
    };
    on_steady_thread(start).unwrap_or_else(|| Err(io::Error::other("no thread is left")))
}

/// The first `bytes_max` bytes of an output. The rest is read and dropped, because the program would block.
async fn keep<R: AsyncRead + Unpin>(
    from: Option<R>,
    bytes_max: usize,
    mut watch: impl FnMut(&[u8]),
) -> io::Result<Vec<u8>> {
    const CHUNK_BYTES: usize = 4096;
    let mut kept = Vec::new();
    let Some(mut from) = from else {
        return Ok(kept);
    };
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        let read = from.read(&mut chunk).await?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(kept);
        }
        watch(bytes);
        let room = bytes_max.saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    /// A test that fails must end, too.
    const PATIENCE: Duration = Duration::from_secs(10);
    const BOUNDS: Bounds = Bounds { memory_bytes: 1 << 30, processor_s: 20, file_bytes: 4096 };

    /// A launcher that confines nothing: it passes over what comes before the program.
    pub(crate) fn launcher() -> Launcher {
        let skip = "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"";
        Launcher::new("/bin/sh", ["-c", skip, "sh"])
    }

    async fn shell(script: &str, folder: &Path) -> Ended {
        let words = ["-c".into(), script.into()].to_vec();
        let run = Run {
            launcher: &launcher(),
            program: Path::new("/bin/sh"),
            path: OsStr::new("/usr/bin:/bin"),
            folder,
            bounds: BOUNDS,
            reads: Vec::new(),
            writes: vec![folder.join("output")],
            port: None,
        };
        timeout(PATIENCE, run.words(words)).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn starts_with_an_empty_environment_and_keeps_words_short() {
        let folder = tempfile::tempdir().unwrap();
        let ended = shell("env; cat; pwd >&2", folder.path()).await;
        let stdout = String::from_utf8(ended.stdout).unwrap();
        let names: Vec<_> = stdout.lines().filter_map(|l| l.split('=').next()).collect();
        assert!(
            names.iter().all(|n| ["PATH", "PWD", "_", "OLDPWD", "SHLVL"].contains(n)),
            "{stdout}"
        );
        assert_eq!(ended.stderr.trim_ascii(), folder.path().as_os_str().as_encoded_bytes());
        let loud =
            shell("head -c 300000 /dev/zero; head -c 9000 /dev/zero >&2", folder.path()).await;
        assert!(loud.status.success());
        assert_eq!(loud.stdout.len(), STDOUT_BYTES_MAX);
        assert_eq!(loud.stderr.len(), STDERR_BYTES_MAX);
    }

    #[tokio::test]
    async fn its_output_is_there_before_it_and_private() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("output"), "of the attempt before").unwrap();
        let ended = shell("stat -c %s output; stat -c %a output", folder.path()).await;
        assert!(ended.stdout.starts_with(b"0\n"), "{ended:?}");
        std::fs::remove_file(folder.path().join("output")).unwrap();
        let ended = shell("stat -c %a output", folder.path()).await;
        assert_eq!(ended.stdout, b"600\n");
    }

    #[tokio::test]
    async fn says_how_a_silent_program_ended() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(shell("exit 3", folder.path()).await.how(), "ffmpeg ended with 3");
        let killed = shell("kill -9 $$", folder.path()).await;
        assert_eq!(killed.how(), "ffmpeg was stopped by signal 9");
    }
}
