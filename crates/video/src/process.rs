//! One program, run within bounds: time on the processor, memory, size of what it writes, and words.
//! Never outlives the future that runs it, and never comes before the alerts: it is nice.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit, setpriority_process};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// How much of a program's standard output is kept.
pub(crate) const STDOUT_BYTES_MAX: usize = 256 * 1024;
/// How much of what it complains about is kept.
const STDERR_BYTES_MAX: usize = 8 * 1024;
/// How far it stands back behind other programs: 19 is furthest.
const NICENESS: i32 = 15;

/// What one program may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) memory_bytes: u64,
    pub(crate) processor_s: u64,
    /// The size of any file that it writes.
    pub(crate) file_bytes: u64,
}

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ended {
    /// What to say of a program that failed and said nothing.
    pub(crate) fn how(&self) -> String {
        match (self.status.signal(), self.status.code()) {
            (Some(signal), _) => format!("ffmpeg was stopped by signal {signal}"),
            (None, Some(code)) => format!("ffmpeg ended with {code}"),
            (None, None) => "ffmpeg ended".to_owned(),
        }
    }
}

/// Runs a program in a folder, with no input and no environment but `path`. Dropping the future kills
/// it; the runtime waits for it then, so that no zombie stays.
pub(crate) async fn run(
    program: &Path,
    words: Vec<OsString>,
    path: &OsString,
    folder: &Path,
    bounds: Bounds,
) -> io::Result<Ended> {
    run_watched(program, words, path, folder, bounds, |_| ()).await
}

/// The same, and `watch` sees the standard output while it comes, all of it.
pub(crate) async fn run_watched(
    program: &Path,
    words: Vec<OsString>,
    path: &OsString,
    folder: &Path,
    bounds: Bounds,
    watch: impl FnMut(&[u8]),
) -> io::Result<Ended> {
    let mut child = Command::new(program)
        .args(words)
        .env_clear()
        .env("PATH", path)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(pid) = child.id() {
        bind(pid, bounds)?;
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = tokio::try_join!(
        keep(stdout, STDOUT_BYTES_MAX, watch),
        keep(stderr, STDERR_BYTES_MAX, |_| ()),
        child.wait(),
    )?;
    Ok(Ended { status, stdout, stderr })
}

/// Sets the bounds of a program that has just started.
fn bind(pid: u32, bounds: Bounds) -> io::Result<()> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(());
    };
    let limits = [
        (Resource::As, bounds.memory_bytes),
        (Resource::Cpu, bounds.processor_s),
        (Resource::Fsize, bounds.file_bytes),
        // A crash must not leave its memory in the scratch folder.
        (Resource::Core, 0),
    ];
    for (resource, wanted) in limits {
        // The program inherited our own limit; only root may raise it.
        let most = getrlimit(resource).maximum.map_or(wanted, |own| own.min(wanted));
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        unless_gone(prlimit(Some(pid), resource, limit).map(drop))?;
    }
    unless_gone(setpriority_process(Some(pid), NICENESS))
}

/// A program that is already over needs no bounds.
fn unless_gone(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The first `bytes_max` of what comes; the rest is read and dropped, or the program would wait.
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
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    /// A test that fails must end, too.
    const PATIENCE: Duration = Duration::from_secs(10);
    const BOUNDS: Bounds = Bounds { memory_bytes: 1 << 30, processor_s: 20, file_bytes: 4096 };

    async fn shell(script: &str, folder: &Path) -> Ended {
        let words = ["-c".into(), script.into()].to_vec();
        let path = OsString::from("/usr/bin:/bin");
        let run = run(Path::new("/bin/sh"), words, &path, folder, BOUNDS);
        timeout(PATIENCE, run).await.unwrap().unwrap()
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
    async fn bounds_what_a_program_uses() {
        let folder = tempfile::tempdir().unwrap();
        // The bounds are set just after the start: wait until they are seen.
        let wait = "until [ $(ulimit -v) = 1048576 ] && [ $(ulimit -t) = 20 ] && [ $(ulimit -c) = 0 ] && \
            [ $(ulimit -f) = 8 ]; do :; done;";
        let at = format!("{wait} head -c 4096 /dev/zero > full");
        assert!(shell(&at, folder.path()).await.status.success());
        let over = format!("{wait} exec head -c 4097 /dev/zero > over");
        let ended = shell(&over, folder.path()).await;
        assert!(!ended.status.success());
        assert_eq!(std::fs::metadata(folder.path().join("over")).unwrap().len(), 4096);
    }

    #[tokio::test]
    async fn says_how_a_silent_program_ended() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(shell("exit 3", folder.path()).await.how(), "ffmpeg ended with 3");
        let killed = shell("kill -9 $$", folder.path()).await;
        assert_eq!(killed.how(), "ffmpeg was stopped by signal 9");
    }
}
