//! The dialogues of the pure session, played over a real socket to the real program: what needs
//! no settings and no answers of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};

use tipoff_testkit::dialog::{Dialog, Line};

use crate::harness::{Home, PATIENCE};

/// Servers that run at the same time.
const SERVERS: usize = 8;

#[test]
fn dialogs_of_the_session_hold_over_a_socket() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../smtp/tests/dialogs");
    let paths = dialogs(Path::new(folder));
    assert!(paths.len() > 40, "only {} can be played", paths.len());
    let faults: Vec<String> = std::thread::scope(|scope| {
        let share = paths.len().div_ceil(SERVERS);
        let players: Vec<_> = paths
            .chunks(share)
            .map(|paths| scope.spawn(|| paths.iter().filter_map(fault).collect::<Vec<_>>()))
            .collect();
        players.into_iter().flat_map(|player| player.join().unwrap()).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What differs from what is written.
fn fault(path: &PathBuf) -> Option<String> {
    let dialog = read(path);
    let expected = of_server(&dialog);
    let happened = play(&dialog);
    let same = expected.len() == happened.len()
        && expected.iter().zip(&happened).all(|(expected, line)| fits(expected, line));
    (!same).then(|| format!("{}\n{expected:#?}\n{happened:#?}", path.display()))
}

fn read(path: &PathBuf) -> Dialog {
    Dialog::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn dialogs(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "txt"))
        .filter(|path| !needs_more(&read(path)))
        .collect()
}

/// Settings, answers that the program does not give, or a challenge that it never repeats.
fn needs_more(dialog: &Dialog) -> bool {
    let needs = |line: &Line| match line {
        Line::Action(_) => true,
        Line::Server(reply) => reply.starts_with("334 PDE4"),
        Line::Client(_) | Line::Deed(_) => false,
    };
    !dialog.settings.is_empty() || dialog.lines.iter().any(needs)
}

fn of_server(dialog: &Dialog) -> Vec<&str> {
    let lines = dialog.lines.iter();
    lines
        .filter_map(|line| match line {
            Line::Server(line) => Some(line.as_str()),
            _ => None,
        })
        .collect()
}

fn fits(expected: &str, line: &str) -> bool {
    match expected.strip_suffix('…') {
        Some(beginning) => line.starts_with(beginning),
        None => line == expected,
    }
}

/// A fresh server, so that its first mail is number 1; the client's lines in turn with the replies
/// that are expected before them, as a camera does it.
fn play(dialog: &Dialog) -> Vec<String> {
    let home = Home::new("[smtp]\nhost_name = \"mail.test\"\nlisten = [\"127.0.0.1:0\"]\n");
    let server = home.start();
    let mut socket = TcpStream::connect(server.smtp[0]).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    let mut expected = 0;
    for line in &dialog.lines {
        match line {
            Line::Server(_) => expected += 1,
            Line::Client(bytes) => {
                hear(&mut socket, &mut heard, expected);
                // A server that has closed may refuse what comes behind its last words.
                let _ = socket.write_all(bytes);
            }
            Line::Deed(_) | Line::Action(_) => {}
        }
    }
    hear(&mut socket, &mut heard, expected);
    let _ = socket.shutdown(Shutdown::Write);
    let _ = socket.read_to_end(&mut heard);
    server.stop();
    String::from_utf8(heard).unwrap().lines().map(str::to_owned).collect()
}

/// Hears until so many lines have come, or the end.
fn hear(socket: &mut TcpStream, heard: &mut Vec<u8>, lines: usize) {
    let mut buffer = [0; 4096];
    while heard.iter().filter(|byte| **byte == b'\n').count() < lines {
        match socket.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
        }
    }
}
