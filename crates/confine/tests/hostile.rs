//! A video tool that bytes of a device have taken over, and what it can do then: a script in its place
//! tries what an attacker would.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tipoff_confine::{CANNOT_START, Confinement, Held, Launcher, VideoConfinement};

/// What the script begins with: `attempt(name, do)` prints whether `do` worked.
const BEGIN: &str = r#"#!/usr/bin/python3
import ctypes, os, resource, signal, socket, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, do):
    try:
        do()
        print(name, "worked", flush=True)
    except (OSError, RuntimeError, MemoryError, ValueError) as error:
        print(name, "refused", error, file=sys.stderr, flush=True)
        print(name, "refused", flush=True)
def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "call")
"#;

struct Bench {
    home: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { home: tempfile::tempdir().unwrap() };
        fs::write(bench.path("source"), "pictures").unwrap();
        fs::write(bench.path("output"), "").unwrap();
        fs::write(bench.path("secret"), "tipoff").unwrap();
        fs::create_dir(bench.path("folder")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn launcher() -> Launcher {
        Launcher::new(env!("CARGO_BIN_EXE_tipoff-confined"), [] as [&str; 0])
    }

    fn video(&self) -> VideoConfinement {
        VideoConfinement {
            memory_bytes: 1 << 30,
            processor_s: 20,
            file_bytes: 4096,
            reads: vec![self.path("source")],
            writes: vec![self.path("output")],
            port: None,
        }
    }

    fn command(&self, confinement: &Confinement, script: &str) -> Command {
        let tool = self.path("tool");
        fs::write(&tool, format!("{BEGIN}{script}")).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Self::launcher().command(confinement, tool.as_os_str(), []);
        command.current_dir(self.home.path());
        command
    }

    fn video_runs(&self, script: &str) -> Output {
        self.command(&Confinement::Video(self.video()), script).output().unwrap()
    }

    fn program_runs(&self, script: &str) -> Output {
        self.command(&program(), script).output().unwrap()
    }
}

/// What worked by name; the script must have come to its end.
fn attempts(output: &Output) -> BTreeMap<String, bool> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let of_line = |line: &str| {
        let (name, result) = line.split_once(' ').unwrap();
        (name.to_owned(), result == "worked")
    };
    text.lines().map(of_line).collect()
}

/// Fails where one of these worked, and all of the others did not.
fn assert_only(worked: &[&str], output: &Output) {
    let attempts = attempts(output);
    let did: Vec<&str> =
        attempts.iter().filter(|(_, worked)| **worked).map(|(name, _)| name.as_str()).collect();
    assert_eq!(did, worked, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(attempts.len() > worked.len());
}

fn held() -> Held {
    let output =
        Bench::launcher().probe(&Confinement::Video(Bench::new().video())).output().unwrap();
    Held::read(&output.stdout).unwrap_or_else(|| panic!("{output:?}"))
}

#[test]
fn a_video_tool_reaches_its_source_and_its_output_only() {
    if !held().files {
        eprintln!("skipped: this kernel has no landlock");
        return;
    }
    let output = Bench::new().video_runs(
        r#"
attempt("a-source", lambda: open("source").read())
attempt("b-output", lambda: open("output", "r+").write("made"))
attempt("c-truncated-output", lambda: open("output", "w").write("made"))
attempt("passwords", lambda: open("/etc/passwd").read())
attempt("neighbour", lambda: open("secret").read())
attempt("environment-of-tipoff", lambda: open(f"/proc/{os.getppid()}/environ").read())
attempt("own-environment", lambda: open("/proc/self/environ").read())
attempt("listing", lambda: os.listdir("."))
attempt("listing-etc", lambda: os.listdir("/etc"))
attempt("overwrite-source", lambda: open("source", "r+").write("x"))
attempt("overwrite-neighbour", lambda: open("secret", "w").write("x"))
attempt("new-file", lambda: open("new", "w"))
attempt("new-in-tmp", lambda: open("/tmp/tipoff-hostile", "w"))
attempt("new-in-shm", lambda: open("/dev/shm/tipoff-hostile", "w"))
attempt("new-folder", lambda: os.mkdir("new-folder"))
attempt("fifo", lambda: os.mkfifo("fifo"))
attempt("link", lambda: os.link("secret", "new"))
attempt("symbolic-link", lambda: os.symlink("/etc/passwd", "new"))
attempt("rename", lambda: os.rename("output", "new"))
attempt("remove", lambda: os.remove("secret"))
attempt("remove-folder", lambda: os.rmdir("folder"))
attempt("truncate", lambda: os.truncate("secret", 0))
"#,
    );
    assert_only(&["a-source", "b-output", "c-truncated-output"], &output);
}

#[test]
fn a_video_tool_changes_no_rights_owners_or_times() {
    assert!(held().calls, "every kernel that is tested on has seccomp");
    let bench = Bench::new();
    let output = bench.video_runs(
        r#"
attempt("rights", lambda: os.chmod("secret", 0o777))
attempt("rights-of-folder", lambda: os.chmod(".", 0))
attempt("rights-of-output", lambda: os.fchmod(os.open("output", os.O_RDWR), 0o4755))
attempt("owner", lambda: os.chown("secret", os.getuid(), os.getgid()))
attempt("times", lambda: os.utime("secret", (1, 1)))
attempt("attribute", lambda: os.setxattr("secret", "user.x", b"y"))
attempt("z-own-number", lambda: os.getpid())
"#,
    );
    assert_only(&["z-own-number"], &output);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_ne!(mode(&bench.path("secret")), 0o777);
}

#[test]
fn a_video_tool_reaches_no_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        r#"
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {port}), 5))
attempt("tcp6", lambda: socket.socket(socket.AF_INET6))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt("pair", lambda: socket.socketpair())
attempt("io_uring", lambda: call(425, 8, ctypes.create_string_buffer(256)))
attempt("x32", lambda: call(0x40000000 + 41, 2, 1, 0))
attempt("z-pipe", lambda: os.pipe())
"#
    );
    assert_only(&["z-pipe"], &Bench::new().video_runs(&script));
}

#[test]
fn a_tool_with_a_port_connects_to_it_and_opens_nothing_else() {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [port, other] = listeners.each_ref().map(|it| it.local_addr().unwrap().port());
    let script = format!(
        r#"
attempt("a-port", lambda: socket.create_connection(("127.0.0.1", {port}), 5))
attempt("other-port", lambda: socket.create_connection(("127.0.0.1", {other}), 5))
attempt("listening", lambda: socket.create_server(("127.0.0.1", 0)))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
attempt("udp6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("mptcp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262))
attempt("unix", lambda: socket.socket(socket.AF_UNIX))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt("pair", lambda: socket.socketpair())
"#
    );
    let bench = Bench::new();
    let confinement = VideoConfinement { port: Some(port), ..bench.video() };
    let output = bench.command(&Confinement::Video(confinement), &script).output().unwrap();
    // Landlock restricts ports since Linux 6.7.
    let worked: &[&str] = match held().files {
        true => &["a-port"],
        false => &["a-port", "other-port"],
    };
    assert_only(worked, &output);
}

#[test]
fn a_video_tool_starts_and_disturbs_no_other_process() {
    let mut bystander = Command::new("sleep").arg("600").spawn().unwrap();
    let other = bystander.id();
    let script = format!(
        r#"
attempt("fork", lambda: os.fork() or os._exit(0))
attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {{}}))
attempt("namespace", lambda: call(272, 0x10000000))
attempt("kill", lambda: os.kill({other}, signal.SIGTERM))
attempt("kill-parent", lambda: os.kill(os.getppid(), signal.SIGTERM))
attempt("kill-all", lambda: os.kill(-1, 0))
attempt("handle", lambda: os.pidfd_open({other}))
attempt("trace", lambda: call(101, 16, {other}, 0, 0))
attempt("limits", lambda: resource.prlimit({other}, resource.RLIMIT_NOFILE, (0, 0)))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, {other}, 19))
attempt("affinity", lambda: os.sched_setaffinity({other}, {{0}}))
attempt("x-own-limits", lambda: resource.getrlimit(resource.RLIMIT_CORE))
attempt("y-signal-to-itself", lambda: os.kill(os.getpid(), 0))
attempt("z-thread", lambda: threading.Thread(target=lambda: None).start())
"#
    );
    let output = Bench::new().video_runs(&script);
    let lives = bystander.try_wait().unwrap().is_none();
    bystander.kill().unwrap();
    bystander.wait().unwrap();
    assert!(lives);
    assert_only(&["x-own-limits", "y-signal-to-itself", "z-thread"], &output);
}

#[test]
fn the_limits_of_a_video_tool_hold_from_its_start() {
    let output = Bench::new().video_runs(
        r#"
for name in ["AS", "CPU", "FSIZE", "NOFILE", "CORE", "MEMLOCK"]:
    print(name, resource.getrlimit(getattr(resource, "RLIMIT_" + name)))
print("threads", 0 < resource.getrlimit(resource.RLIMIT_NPROC)[0] < 100_000)
print("nice", os.getpriority(os.PRIO_PROCESS, 0))
"#,
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let limits = [
        ("AS", 1u64 << 30),
        ("CPU", 20),
        ("FSIZE", 4096),
        ("NOFILE", 64),
        ("CORE", 0),
        ("MEMLOCK", 65_536),
    ];
    for (name, bound) in limits {
        assert!(text.contains(&format!("{name} ({bound}, {bound})")), "{text}");
    }
    assert!(text.contains("threads True") && text.contains("nice 15"), "{text}");
}

#[test]
fn a_video_tool_fills_no_disk() {
    let bench = Bench::new();
    let output = bench.video_runs(
        r#"
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
attempt("too-large", lambda: open("output", "wb", buffering=0).write(bytes(4096)) and os.pwrite(os.open("output", os.O_WRONLY), b"x", 4096))
def many():
    for n in range(10): open(f"file-{n}", "w")
attempt("many", many)
def open_many():
    kept = [os.open("source", os.O_RDONLY) for _ in range(100)]
attempt("open-many", open_many)
attempt("z-nothing", lambda: None)
"#,
    );
    assert_only(&["z-nothing"], &output);
    assert_eq!(fs::metadata(bench.path("output")).unwrap().len(), 4096);
}

/// capget(2), then PR_GET_NO_NEW_PRIVS and PR_CAPBSET_READ of prctl(2).
const CAPABILITIES: &str = r#"
data = (ctypes.c_uint32 * 6)()
libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), data)
print("caps", list(data))
print("new", libc.prctl(39, 0, 0, 0, 0))
print("bounding", any(libc.prctl(23, n, 0, 0, 0) > 0 for n in range(41)))
"#;

#[test]
fn no_capability_is_left() {
    let output = Bench::new().video_runs(CAPABILITIES);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("caps [0, 0, 0, 0, 0, 0]"), "{text}");
    assert!(text.contains("new 1"), "{text}");
    assert!(text.contains("bounding False") || !is_root(), "{text}");
}

#[test]
fn a_program_of_the_owner_has_no_capability_unless_the_channel_keeps_them() {
    let said = |keeps_capabilities| {
        let confinement = Confinement::Program { umask: 0o22, keeps_capabilities };
        // What it starts has none either.
        let script =
            format!("{CAPABILITIES}\nos.execv('/bin/grep', ['grep', '^Cap', '/proc/self/status'])");
        let output = Bench::new().command(&confinement, &script).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = said(false);
    assert!(text.contains("caps [0, 0, 0, 0, 0, 0]") && text.contains("new 0"), "{text}");
    assert!(text.contains("CapEff:\t0000000000000000\n"), "{text}");
    assert!(text.contains("bounding False") || !is_root(), "{text}");
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let text = said(true);
    for line in own.lines().filter(|line| line.starts_with("Cap")) {
        assert!(text.contains(line), "{line} in {text}");
    }
}

fn program() -> Confinement {
    Confinement::Program { umask: 0o22, keeps_capabilities: false }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

#[test]
fn a_program_of_the_owner_keeps_its_other_rights() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        r#"
import subprocess
attempt("network", lambda: socket.create_connection(("127.0.0.1", {port}), 5))
attempt("files", lambda: open("/etc/passwd").read())
attempt("new-file", lambda: open("new", "w"))
attempt("processes", lambda: subprocess.run(["true"], check=True))
attempt("privileges", lambda: 1 if libc.prctl(39, 0, 0, 0, 0) == 0 else os.open("/none", 0))
def raise_core():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if resource.getrlimit(resource.RLIMIT_CORE) != (0, 0): return
    raise OSError("no core")
attempt("z-core", raise_core)
"#
    );
    let bench = Bench::new();
    let output = bench.program_runs(&script);
    assert_only(&["files", "network", "new-file", "privileges", "processes"], &output);
    // The mask is that which Tipoff was started with.
    let mode = fs::metadata(bench.path("new")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
}

#[test]
fn no_descriptor_of_tipoff_is_inherited() {
    let script = "print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1])\n";
    let bench = Bench::new();
    {
        let confinement = program();
        // A shell leaves its descriptor 9 to what it starts, as whoever starts Tipoff may.
        let command = bench.command(&confinement, script);
        let words: Vec<&OsStr> = command.get_args().collect();
        let output = Command::new("/bin/sh")
            .args(["-c", "exec 9</etc/passwd; exec \"$@\"", "sh"])
            .arg(command.get_program())
            .args(words.into_iter().map(|word| match word.to_str() {
                Some(own) if own == std::process::id().to_string() => OsStr::new("0"),
                _ => word,
            }))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "[0, 1, 2]\n", "{output:?}");
    }
}

#[test]
fn started_programs_end_with_tipoff() {
    for confinement in [program(), Confinement::Video(Bench::new().video())] {
        ends_with_tipoff(&confinement);
    }
}

#[test]
fn processes_of_a_program_end_with_tipoff() {
    let script = "import subprocess\n\
        print(subprocess.Popen(['sleep', '120']).pid, flush=True)\n\
        signal.alarm(120)\nsignal.pause()\n";
    script_ends_with_tipoff(&program(), script);
}

#[test]
fn processes_of_a_program_end_if_it_is_killed_and_stay_if_it_ends() {
    for (end, goes_on) in [("signal.raise_signal(signal.SIGKILL)", false), ("sys.exit(3)", true)] {
        let script = format!(
            "import subprocess\nprint(subprocess.Popen(['sleep', '120'], stdin=subprocess.DEVNULL, \
             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid, flush=True)\n{end}\n"
        );
        let output = Bench::new().program_runs(&script);
        let number = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let child = PathBuf::from(format!("/proc/{number}"));
        if goes_on {
            assert_eq!(output.status.code(), Some(3));
            assert!(!is_gone(&child), "what it left behind is its own");
            assert!(Command::new("kill").arg(number).status().unwrap().success());
        }
        until_gone(&child);
    }
}

#[test]
fn a_program_ends_by_the_signal_that_it_ended_by() {
    use std::os::unix::process::ExitStatusExt;
    for signal in [6, 11, 15] {
        let output = Bench::new().program_runs(&format!("os.kill(os.getpid(), {signal})\n"));
        assert_eq!(output.status.signal(), Some(signal), "{output:?}");
    }
}

fn ends_with_tipoff(confinement: &Confinement) {
    // It ends by itself, should this test fail.
    let script = "print(os.getpid(), flush=True)\nsignal.alarm(120)\nsignal.pause()\n";
    script_ends_with_tipoff(confinement, script);
}

/// The process whose number the script prints ends with Tipoff.
fn script_ends_with_tipoff(confinement: &Confinement, script: &str) {
    let bench = Bench::new();
    let command = bench.command(confinement, script);
    // A Tipoff that can be killed: it has another number than this process.
    let parent = "import os, subprocess, sys\n\
        words = [str(os.getpid()) if word == sys.argv[1] else word for word in sys.argv[2:]]\n\
        subprocess.Popen(words).wait()\n";
    let mut tipoff = Command::new("/usr/bin/python3")
        .args(["-c", parent, &std::process::id().to_string()])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(bench.home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(tipoff.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
    let program = PathBuf::from(format!("/proc/{}", said.trim()));
    assert!(said.trim().parse::<u32>().is_ok() && program.exists(), "{said}");
    tipoff.kill().unwrap();
    tipoff.wait().unwrap();
    until_gone(&program);
}

fn is_gone(process: &Path) -> bool {
    fs::read_to_string(process.join("stat")).map_or(true, |stat| stat.contains(") Z "))
}

fn until_gone(process: &Path) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_gone(process) {
        assert!(Instant::now() < end, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_failed_start_gives_its_reason() {
    for confinement in [program(), Confinement::Video(Bench::new().video())] {
        let mut command =
            Bench::launcher().command(&confinement, OsStr::new("/usr/bin/no-such-program"), []);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(127));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with(CANNOT_START) && said.contains("No such file"), "{said}");
    }
}

#[test]
fn the_launcher_takes_milliseconds() {
    let confinement = Confinement::Video(Bench::new().video());
    let time = |command: &mut dyn FnMut() -> Command| {
        let mut times: Vec<Duration> = (0..21)
            .map(|_| {
                let began = Instant::now();
                assert!(command().output().unwrap().status.success());
                began.elapsed()
            })
            .collect();
        times.sort();
        times[10]
    };
    let direct = time(&mut || Command::new("/bin/true"));
    let confined =
        time(&mut || Bench::launcher().command(&confinement, OsStr::new("/bin/true"), []));
    eprintln!("direct {direct:?}, confined {confined:?}");
    // Wide, because machines that run tests are busy.
    assert!(confined < direct + Duration::from_millis(200));
}
