//! Disk states that a power cut could leave, rebuilt from a recording of a program's file operations.
//!
//! [`record`] runs a program under strace(1) and keeps its writes, syncs and changes of names, and what it
//! sends to others.
//! [`Recording::cuts`] gives the state of the disk at a moment of it: what was synced by then is there;
//! of everything else an [`Unsynced`] decides what survives. [`Cut::rebuild`] writes that state into a
//! folder, on which the program can be started again.
//!
//! The model is what POSIX promises and no more: fsync of a file makes its bytes and size durable,
//! fsync of a folder the names in it, and nothing is durable by itself or in order. File systems
//! promise more (ext4 makes the name of a synced new file durable), but not all and not always.

mod disk;
mod trace;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

pub use disk::{Cut, Unsynced};
pub use trace::{Operation, Step};

/// Longest piece of data that one operation writes, in bytes; strace would cut a longer one.
const WRITE_BYTES_MAX: usize = 8 << 20;
/// What is recorded. Calls that the model does not know are recorded so that they are an error.
const CALLS: &str = "openat,openat2,open,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,\
    sendto,writev,pwritev,pwritev2,ftruncate,truncate,fsync,fdatasync,sync,syncfs,sync_file_range,fallocate,\
    rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,\
    chdir,fchdir,mmap,copy_file_range,sendfile,splice,io_uring_setup";

/// How long strace may take to write the rest of a recording.
const PATIENCE: Duration = Duration::from_secs(60);

/// The file operations of one program below one folder.
pub struct Recording {
    steps: Vec<Step>,
    root: PathBuf,
}

/// The program under strace(1), which writes what it does to the file `trace`. All its paths must be
/// absolute. Its process is that of the program: signals reach it.
pub fn traced(program: &Command, trace: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-q", "-xx", "-e", "signal=none"]);
    strace.args(["-s", &WRITE_BYTES_MAX.to_string(), "-e", &format!("trace={CALLS}"), "-o"]);
    strace.arg(trace).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    if let Some(folder) = program.get_current_dir() {
        strace.current_dir(folder);
    }
    strace
}

/// Reads what the [`traced`] program, which has ended, did below `root`, an empty folder that counts as
/// durable. What it wrote to the file `marks`, outside of `root`, is read as [`Operation::Mark`].
///
/// # Errors
/// The recording does not end, or the program did what the model does not know.
pub fn read(trace: &Path, root: &Path, marks: &Path) -> io::Result<Recording> {
    let text = whole(trace)?;
    let steps = trace::parse(&text, root, marks)
        .map_err(|error| io::Error::other(format!("the recording: {error}")))?;
    Ok(Recording { steps, root: root.to_owned() })
}

/// Waits until strace has written the end of the program.
fn whole(trace: &Path) -> io::Result<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(trace)?;
        let last = text.lines().next_back().unwrap_or_default();
        if text.ends_with('\n') && last.contains("+++ ") {
            return Ok(text);
        }
        if Instant::now() > end {
            return Err(io::Error::other("the recording does not end"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a program until its end and reads what it did: see [`traced`] and [`read`].
///
/// # Errors
/// strace is missing or may not trace, the program fails, or as [`read`].
pub fn record(program: &Command, root: &Path, marks: &Path) -> io::Result<Recording> {
    let folder = tempfile::tempdir()?;
    let trace = folder.path().join("trace");
    let output = traced(program, &trace).output().map_err(|error| {
        io::Error::new(error.kind(), format!("strace cannot be started ({error}): install it"))
    })?;
    if !output.status.success() {
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        return Err(io::Error::other(format!("the recorded program failed:\n{out}\n{err}")));
    }
    read(&trace, root, marks)
}

impl Recording {
    /// What was done, in the order in which it ended.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Moments at which something began or ended, in order.
    pub fn moments(&self) -> Vec<usize> {
        let mut moments: Vec<_> =
            self.steps.iter().flat_map(|step| [step.began, step.ended]).collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    /// The disk at each of `moments`, which are in order.
    pub fn cuts(&self, moments: &[usize], mut each: impl FnMut(usize, &Cut<'_>)) {
        let mut disk = disk::Disk::new(&self.root);
        let mut done = 0;
        for &moment in moments {
            while let Some(step) = self.steps.get(done).filter(|step| step.ended < moment) {
                disk.apply(step);
                done += 1;
            }
            let under_way = self.steps.iter().skip(done).filter(|step| step.began < moment);
            each(moment, &disk.cut(under_way.collect()));
        }
    }
}
