//! What attacks are made of: connections from many addresses, and what they cost the program.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::PATIENCE;

/// The address 127.0.0.`number`; the good camera is at 127.0.0.1.
pub fn from(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, number)
}

/// A connection from this address.
pub fn connect_from(source: Ipv4Addr, to: SocketAddr) -> TcpStream {
    try_connect_from(source, to).unwrap()
}

/// The same, if there is a way.
pub fn try_connect_from(source: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let (family, kind) = (AddressFamily::INET, SocketType::STREAM);
    // No program that a test starts may inherit it.
    let fd = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    bind(&fd, &SocketAddr::new(IpAddr::V4(source), 0))?;
    connect(&fd, &to)?;
    let stream = TcpStream::from(fd);
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// So many connections from each of these addresses.
pub fn connect_many(
    sources: std::ops::RangeInclusive<u8>,
    each: usize,
    to: SocketAddr,
) -> Vec<TcpStream> {
    raise_open_files();
    let sources = sources.flat_map(|number| std::iter::repeat_n(from(number), each));
    sources.map(|source| connect_from(source, to)).collect()
}

/// The attacker's own end needs open files too.
pub fn raise_open_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

/// Whether the other side has ended the connection; what it said before.
pub fn is_closed(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut buffer = [0; 4_096];
    let closed = loop {
        match (&*stream).read(&mut buffer) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(error) => break error.kind() != std::io::ErrorKind::WouldBlock,
        }
    };
    stream.set_nonblocking(false).unwrap();
    closed
}

/// The most memory that the process has had, in MB.
pub fn peak_memory_mb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}
