//! A log that cannot be written: mails and uploads are taken and alerted as if nothing was wrong.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::camera::upload;
use crate::ftp_uploads::picture;
use crate::harness::{Home, Server, mail, send, wait_for};
use crate::hook::Hook;

/// Mails, and as many uploads: about 40 KB of log.
const COUNT: u32 = 20;
/// The smallest pipe that there is.
const PIPE_BYTES: usize = 4096;
/// A reply that takes longer was held up.
const PROMPT: Duration = Duration::from_secs(10);

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// The server, its log at the level at which most is written.
fn run(home: &Home) -> Command {
    home.command(&["run", "--log-level", "trace"])
}

/// Mails and uploads, in turn; the time of the slowest.
fn receive(server: &Server, from: u32) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in from..from + COUNT {
        let began = Instant::now();
        let sender = format!("camera{number}@example.com");
        let reply = send(server.smtp[0], &sender, &mail("Motion", &[&picture(number)]));
        assert!(reply.starts_with("250"), "{reply}");
        let path = format!("/{number}/{number}.jpg");
        // It asserts the 226.
        upload(server.ftp[0], &format!("yard{number}"), &path, &picture(number + 100_000));
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

fn dropped(server: &Server) -> bool {
    let metrics = server.get("/metrics");
    let line = metrics.lines().find(|line| line.starts_with("tipoff_log_lines_dropped_total "));
    line.unwrap().split(' ').next_back() != Some("0")
}

/// Starts the server with such a log, lets `then` happen to it, and sees that all goes on.
fn all_goes_on(command: Command, hook: &Hook, stderr: Stdio, then: impl FnOnce()) {
    let server = Server::start_logging_to(command, stderr);
    assert!(receive(&server, 0) < PROMPT);
    then();
    assert!(receive(&server, COUNT) < PROMPT);
    let count = 4 * COUNT as usize;
    let alerts = hook.wait_for(count);
    let keys: std::collections::BTreeSet<_> =
        alerts.iter().map(|alert| alert["incident"].as_i64().unwrap()).collect();
    assert_eq!((alerts.len(), keys.len()), (count, count), "each once");
    assert_eq!(server.get("/readyz"), "ready\n");
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < PROMPT, "{:?}", began.elapsed());
}

fn scene() -> (Hook, Home) {
    let hook = Hook::start();
    let home = Home::new(&format!("[incidents]\nquiet = \"0 s\"\nflood = 0\n{}", hook.channel()));
    (hook, home)
}

/// A pipe as small as the kernel makes it.
fn small_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, PIPE_BYTES).unwrap();
    (reader, writer)
}

#[test]
fn a_pipe_that_nobody_reads_does_not_block() {
    let (hook, home) = scene();
    let (_unread, writer) = small_pipe();
    all_goes_on(run(&home), &hook, writer.into(), || {});
}

#[test]
fn a_pipe_that_is_no_longer_read_does_not_block() {
    let (hook, home) = scene();
    let (reader, writer) = small_pipe();
    let mut lines = BufReader::new(reader).lines();
    let first = std::thread::spawn(move || {
        assert!(lines.by_ref().take(100).all(|line| line.is_ok()));
        lines
    });
    let mut kept = None;
    all_goes_on(run(&home), &hook, writer.into(), || kept = Some(first.join().unwrap()));
}

#[test]
fn a_closed_pipe_does_not_block() {
    let (hook, home) = scene();
    let (reader, writer) = small_pipe();
    // It is read until the reader goes in the middle.
    let first = std::thread::spawn(move || {
        let mut lines = BufReader::new(reader).lines();
        assert!(lines.by_ref().take(100).all(|line| line.is_ok()));
    });
    all_goes_on(run(&home), &hook, writer.into(), || first.join().unwrap());
    let (hook, home) = scene();
    let (reader, writer) = small_pipe();
    drop(reader);
    all_goes_on(run(&home), &hook, writer.into(), || {});
}

#[test]
fn a_full_disk() {
    let (hook, home) = scene();
    let server = Server::start_logging_to(run(&home), full());
    receive(&server, 0);
    wait_for("the lines that are dropped", || dropped(&server).then_some(()));
    hook.wait_for(2 * COUNT as usize);
    server.stop();
    let (hook, home) = scene();
    all_goes_on(run(&home), &hook, full(), || {});
}

#[test]
fn a_closed_standard_error() {
    let (hook, home) = scene();
    let run = run(&home);
    let mut closed = Command::new("/bin/sh");
    closed.args(["-c", "exec \"$0\" \"$@\" 2>&-"]).arg(run.get_program()).args(run.get_args());
    all_goes_on(closed, &hook, Stdio::null(), || {});
}

#[test]
fn an_unwritable_standard_output_does_not_prevent_the_start() {
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hook = Hook::start();
    let (_reader, unread) = std::io::pipe().unwrap();
    let (gone, no_reader) = std::io::pipe().unwrap();
    drop(gone);
    for (count, stdout) in (1..).zip([full(), unread.into(), no_reader.into()]) {
        let address = port();
        let home = Home::new(&format!("[smtp]\nlisten = [\"{address}\"]\n{}", hook.channel()));
        let mut command = home.command(&["run"]);
        let mut child = command.stdout(stdout).stderr(full()).spawn().unwrap();
        wait_for("the open port", || std::net::TcpStream::connect(address).ok());
        let reply = send(address, "camera@example.com", &mail("Motion", &[&picture(1)]));
        assert!(reply.starts_with("250"), "{reply}");
        hook.wait_for(count);
        let sent = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(sent.success());
        let status = wait_for("its end", || child.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

#[test]
fn a_closed_reader_causes_no_panic_in_a_subcommand() {
    let home = Home::new("");
    let server = home.start();
    send(server.smtp[0], "camera@example.com", &mail("Motion", &[&picture(1)]));
    for arguments in [
        &["check"][..],
        &["check", "--reference"],
        &["completions", "bash"],
        &["man"],
        &["incidents", "list"],
        &["incidents", "show", "1"],
        &["sessions"],
        &["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = home.command(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{arguments:?}: {said}");
        if arguments == ["--help"] {
            continue;
        }
        let output = home.command(arguments).stdout(full()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("tipoff: cannot write to standard output: "), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    server.stop();
}
