//! Which program listens on a port of this machine, for the error that the port is in use.
//!
//! Read from /proc (proc_pid_net(5)). Only root sees the programs of other users.

use std::fs;
use std::path::Path;

/// The state of a listening socket in /proc/net/tcp.
const LISTENING: &str = "0A";
/// Processes that are looked at, and open files of each.
const PROCESSES_MAX: usize = 10_000;
const FILES_MAX: usize = 10_000;

/// The program that listens on a port, in words; `None` if this user cannot see it.
pub(super) fn find(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let sockets: Vec<String> = tables
        .iter()
        .flatten()
        .flat_map(|table| inodes(table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let numbered = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let holder = numbered.take(PROCESSES_MAX).find(|number| has_one(*number, &sockets))?;
    let name = fs::read_to_string(format!("/proc/{holder}/comm")).ok()?;
    Some(match name.trim() {
        "tipoff" => format!("another Tipoff (process {holder})"),
        name => format!("{name} (process {holder})"),
    })
}

/// The inodes of sockets that listen on a port.
fn inodes(table: &str, port: u16) -> Vec<&str> {
    let wanted = format!(":{port:04X}");
    let of_line = |line| {
        let words: Vec<&str> = str::split_whitespace(line).collect();
        let (local, state) = (words.get(1)?, words.get(3)?);
        let listens = local.ends_with(&wanted) && *state == LISTENING;
        words.get(9).copied().filter(|_| listens)
    };
    table.lines().skip(1).filter_map(of_line).collect()
}

/// Whether a process has one of these sockets open.
fn has_one(process: u32, sockets: &[String]) -> bool {
    let files = fs::read_dir(Path::new("/proc").join(process.to_string()).join("fd"));
    let links = files.into_iter().flatten().flatten().take(FILES_MAX);
    let mut targets = links.filter_map(|file| fs::read_link(file.path()).ok());
    targets.any(|target| target.to_str().is_some_and(|it| sockets.iter().any(|known| known == it)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_listening_socket_of_a_port_is_found_by_its_line() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:09DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0\n   \
             1: 0100007F:09DD 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0\n";
        assert_eq!(inodes(table, 2525), ["4711"]);
        assert!(inodes(table, 2526).is_empty() && inodes("", 1).is_empty());
        assert!(inodes("x\n1: a:09DD\n", 2525).is_empty());
    }

    #[test]
    fn the_program_that_has_a_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let number = std::process::id().to_string();
        assert!(find(port).unwrap().contains(&format!("(process {number})")));
        drop(listener);
        assert_eq!(find(port), None);
    }
}
