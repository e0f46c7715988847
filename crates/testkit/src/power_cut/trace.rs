//! Reads what strace writes: `PID call(arguments) = result`, all strings in hexadecimal. A call during
//! which another thread was busy is on two lines, `… <unfinished ...>` and `<... call resumed>…`.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// A file operation of the recorded program.
#[derive(Clone, Debug)]
pub struct Step {
    /// Line of the recording at which it began.
    pub began: usize,
    /// Line at which it had ended.
    pub ended: usize,
    /// What was done.
    pub operation: Operation,
}

/// What a program does to files and folders. Numbers name files that are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Opens a file or folder; makes the file if `create` is set and it is missing.
    Open {
        /// Number that it is known by from here on. No other opening has it.
        file: usize,
        /// Its path.
        path: PathBuf,
        /// Whether it is made where it is missing.
        create: bool,
        /// Whether its bytes are removed.
        truncate: bool,
    },
    /// Writes bytes at a position, or where the last write or seek ended.
    Write {
        /// Where to.
        file: usize,
        /// Position in bytes.
        at: Option<u64>,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Moves the position of the next write.
    Seek {
        /// In what.
        file: usize,
        /// Position in bytes.
        to: u64,
    },
    /// Sets the length.
    SetLength {
        /// Of what.
        file: usize,
        /// In bytes.
        length: u64,
    },
    /// Makes a file's bytes or a folder's names durable.
    Sync {
        /// Of what.
        file: usize,
    },
    /// Makes a folder.
    MakeFolder(PathBuf),
    /// Gives a file another name.
    Rename(PathBuf, PathBuf),
    /// Gives a file a second name.
    Link(PathBuf, PathBuf),
    /// Removes a name of a file, or an empty folder.
    Remove(PathBuf),
    /// What the program wrote to the file of marks.
    Mark(Vec<u8>),
    /// What the program sent over a connection.
    Sent(Vec<u8>),
}

/// Reads a whole recording. The steps are in the order in which they ended.
pub(super) fn parse(trace: &str, root: &Path, marks: &Path) -> Result<Vec<Step>, String> {
    let mut reader = Reader { root, marks, open: HashMap::new(), next_file: 0, steps: Vec::new() };
    let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
    for (number, line) in trace.lines().enumerate() {
        let (thread, rest) = line.split_once(' ').ok_or_else(|| fault(number, line))?;
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(begin) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (number, begin));
            continue;
        }
        let (began, call) = match rest.strip_prefix("<... ") {
            Some(resumed) => {
                let end = resumed.split_once(" resumed>").map(|(_, end)| end);
                let begin = unfinished.remove(thread);
                let (began, begin) = begin.ok_or_else(|| fault(number, line))?;
                (began, format!("{begin}{}", end.unwrap_or_default()))
            }
            None => (number, rest.to_owned()),
        };
        let call = Call::parse(&call).ok_or_else(|| fault(number, line))?;
        if let Some(call) = call {
            let operations = reader.read(&call).ok_or_else(|| fault(number, line))?;
            let steps = operations.into_iter();
            reader.steps.extend(steps.map(|operation| Step { began, ended: number, operation }));
        }
    }
    Ok(in_order_of_effect(reader.steps, root))
}

/// A folder or file that another thread uses was made before, also if strace noted the end of the call that
/// made it later: such a call is moved to before its first use.
fn in_order_of_effect(mut steps: Vec<Step>, root: &Path) -> Vec<Step> {
    let mut made: HashSet<PathBuf> = HashSet::from([root.to_owned()]);
    let mut at = 0;
    while let Some(step) = steps.get(at) {
        let (ended, needed) = (step.ended, step.operation.needs());
        let missing = needed.filter(|path| !made.contains(*path)).map(Path::to_owned);
        let maker = missing.and_then(|path| {
            let mut later = steps.iter().enumerate().skip(at + 1);
            later.find(|(_, step)| step.began < ended && step.operation.makes() == Some(&*path))
        });
        if let Some(maker) = maker.map(|(index, _)| index) {
            let mut step = steps.remove(maker);
            step.ended = ended;
            steps.insert(at, step);
            continue;
        }
        made.extend(step.operation.makes().map(Path::to_owned));
        at += 1;
    }
    steps
}

impl Operation {
    /// The path that is there afterwards, if the operation may make it.
    fn makes(&self) -> Option<&Path> {
        match self {
            Self::Open { path, create: true, .. } | Self::MakeFolder(path) => Some(path),
            Self::Rename(_, path) | Self::Link(_, path) => Some(path),
            _ => None,
        }
    }

    /// The path that must have been there before.
    fn needs(&self) -> Option<&Path> {
        match self {
            Self::Open { path, create: false, .. } | Self::Remove(path) => Some(path),
            Self::Open { path, .. } | Self::MakeFolder(path) => path.parent(),
            Self::Rename(path, _) | Self::Link(path, _) => Some(path),
            _ => None,
        }
    }
}

fn fault(number: usize, line: &str) -> String {
    let line: String = line.chars().take(300).collect();
    format!("line {} is not understood: {line}", number + 1)
}

/// A call that succeeded.
struct Call<'a> {
    name: &'a str,
    arguments: Vec<&'a str>,
    result: u64,
}

impl<'a> Call<'a> {
    /// Reads a line; `Some(None)` if the call failed or did not end.
    fn parse(line: &'a str) -> Option<Option<Self>> {
        let (name, rest) = line.split_once('(')?;
        // The last one: a call's result is never a structure here.
        let (arguments, result) = rest.rsplit_once(") ")?;
        let result = result.trim_start().strip_prefix("= ")?;
        let result = result.split(' ').next()?;
        let result = match result.strip_prefix("0x") {
            Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16).ok(),
            None => result.parse().ok(),
        };
        let arguments = arguments.split(", ").collect();
        Some(result.map(|result| Self { name, arguments, result }))
    }

    fn argument(&self, index: usize) -> Option<&'a str> {
        self.arguments.get(index).copied()
    }

    fn number(&self, index: usize) -> Option<u64> {
        self.argument(index)?.parse().ok()
    }

    fn has(&self, index: usize, flag: &str) -> bool {
        self.argument(index).is_some_and(|flags| flags.split('|').any(|it| it == flag))
    }
}

/// The bytes of `"\x61\x62"`; `None` also if strace has cut it (`"…"...`).
fn text(argument: &str) -> Option<Vec<u8>> {
    let hexadecimal = argument.strip_prefix('"')?.strip_suffix('"')?;
    let bytes = hexadecimal.split("\\x").skip(1);
    bytes.map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// What a file descriptor of the program refers to.
#[derive(Clone, Copy)]
enum Opened {
    File(usize),
    Marks,
}

struct Reader<'a> {
    root: &'a Path,
    marks: &'a Path,
    /// By descriptor; those of other files and of connections are missing.
    open: HashMap<u64, Opened>,
    next_file: usize,
    steps: Vec<Step>,
}

impl Reader<'_> {
    /// What the call does below the root; `None` if the model does not know it.
    fn read(&mut self, call: &Call<'_>) -> Option<Vec<Operation>> {
        match call.name {
            "openat" => self.open(call),
            "close" => {
                self.open.remove(&call.number(0)?);
                Some(Vec::new())
            }
            "dup" | "dup2" | "dup3" => Some(self.duplicate(call)),
            "fcntl" if call.argument(1)?.starts_with("F_DUPFD") => Some(self.duplicate(call)),
            "fcntl" | "sync_file_range" | "chdir" | "fchdir" => Some(Vec::new()),
            "mkdir" => self.named(call, 0, Operation::MakeFolder),
            "unlink" | "rmdir" => self.named(call, 0, Operation::Remove),
            "unlinkat" => self.named(call, 1, Operation::Remove),
            "rename" => self.two_names(call, [0, 1], Operation::Rename),
            "renameat" | "renameat2" if !call.has(4, "RENAME_EXCHANGE") => {
                self.two_names(call, [1, 3], Operation::Rename)
            }
            "link" => self.two_names(call, [0, 1], Operation::Link),
            "linkat" => self.two_names(call, [1, 3], Operation::Link),
            "mmap" => self.map(call),
            "sendto" => {
                let mut bytes = text(call.argument(1)?)?;
                bytes.truncate(usize::try_from(call.result).ok()?);
                Some(vec![Operation::Sent(bytes)])
            }
            "write" | "pwrite64" | "lseek" | "ftruncate" | "fsync" | "fdatasync" => {
                match self.open.get(&call.number(0)?).copied() {
                    Some(Opened::File(file)) => Self::change(call, file).map(|it| vec![it]),
                    Some(Opened::Marks) if call.name == "write" => {
                        Some(vec![Operation::Mark(text(call.argument(1)?)?)])
                    }
                    _ => Some(Vec::new()),
                }
            }
            // Of other files and of connections; with ours it would be unknown what they do.
            "writev" | "pwritev" | "pwritev2" | "fallocate" | "sendfile" => {
                (!self.open.contains_key(&call.number(0)?)).then(Vec::new)
            }
            "copy_file_range" | "splice" => {
                (!self.open.contains_key(&call.number(2)?)).then(Vec::new)
            }
            _ => None,
        }
    }

    fn open(&mut self, call: &Call<'_>) -> Option<Vec<Operation>> {
        let path = path(call, 1)?;
        self.open.remove(&call.result);
        if path == self.marks {
            self.open.insert(call.result, Opened::Marks);
        }
        if !path.starts_with(self.root) {
            return Some(Vec::new());
        }
        let file = self.next_file;
        self.next_file += 1;
        self.open.insert(call.result, Opened::File(file));
        let (create, truncate) = (call.has(2, "O_CREAT"), call.has(2, "O_TRUNC"));
        // What is appended to or written past the cache is not modelled.
        let is_known =
            !call.has(2, "O_APPEND") && !call.has(2, "O_TMPFILE") && !call.has(2, "O_SYNC");
        is_known.then(|| vec![Operation::Open { file, path, create, truncate }])
    }

    fn duplicate(&mut self, call: &Call<'_>) -> Vec<Operation> {
        let opened = call.number(0).and_then(|descriptor| self.open.get(&descriptor).copied());
        self.open.remove(&call.result);
        if let Some(opened) = opened {
            self.open.insert(call.result, opened);
        }
        Vec::new()
    }

    fn change(call: &Call<'_>, file: usize) -> Option<Operation> {
        Some(match call.name {
            "write" | "pwrite64" => {
                let mut bytes = text(call.argument(1)?)?;
                bytes.truncate(usize::try_from(call.result).ok()?);
                let at = if call.name == "pwrite64" { Some(call.number(3)?) } else { None };
                Operation::Write { file, at, bytes }
            }
            "lseek" => Operation::Seek { file, to: call.result },
            "ftruncate" => Operation::SetLength { file, length: call.number(1)? },
            _ => Operation::Sync { file },
        })
    }

    /// SQLite shares its index of the log in memory: it is rebuilt after a crash. Nothing else may be
    /// written through memory.
    fn map(&self, call: &Call<'_>) -> Option<Vec<Operation>> {
        let is_written = call.has(2, "PROT_WRITE") && call.has(3, "MAP_SHARED");
        let file = call.number(4).and_then(|descriptor| self.open.get(&descriptor).copied());
        let Some(Opened::File(file)) = file.filter(|_| is_written) else {
            return Some(Vec::new());
        };
        let is_index = self.steps.iter().any(|step| match &step.operation {
            Operation::Open { file: opened, path, .. } => {
                *opened == file && super::disk::is_index(path)
            }
            _ => false,
        });
        is_index.then(Vec::new)
    }

    fn named(
        &self,
        call: &Call<'_>,
        index: usize,
        operation: fn(PathBuf) -> Operation,
    ) -> Option<Vec<Operation>> {
        let path = path(call, index)?;
        Some(if path.starts_with(self.root) { vec![operation(path)] } else { Vec::new() })
    }

    fn two_names(
        &self,
        call: &Call<'_>,
        [from, to]: [usize; 2],
        operation: fn(PathBuf, PathBuf) -> Operation,
    ) -> Option<Vec<Operation>> {
        let (from, to) = (path(call, from)?, path(call, to)?);
        match [from.starts_with(self.root), to.starts_with(self.root)] {
            [true, true] => Some(vec![operation(from, to)]),
            [false, false] => Some(Vec::new()),
            _ => None,
        }
    }
}

/// A path; `None` if it is not absolute.
fn path(call: &Call<'_>, index: usize) -> Option<PathBuf> {
    let path = PathBuf::from(String::from_utf8(text(call.argument(index)?)?).ok()?);
    path.is_absolute().then_some(path)
}
