//! Ports for servers that cannot choose one themselves, or that keep theirs over a restart.
//!
//! They lie below the range from which the system takes ports for outgoing connections (32768 and
//! above on Linux), so a port stays free while its server is down.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::ops::Range;

/// Ports that are given out; none of them is in a well-known use on a test machine.
const PORTS: Range<u16> = 21_000..29_000;

/// A port of 127.0.0.1 that no other test takes, in this process or another, until this is dropped.
#[derive(Debug)]
pub struct ReservedPort {
    number: u16,
    /// Holds the lock; the system releases it if the process is killed.
    _lock: File,
}

impl ReservedPort {
    /// Reserves the first port that nobody has reserved and on which nobody listens.
    pub fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join("tipoff-test-ports");
        fs::create_dir_all(&folder)?;
        for number in PORTS {
            // A file that another user owns cannot be opened: that port is taken as well.
            let path = folder.join(number.to_string());
            let Ok(lock) = File::options().write(true).create(true).truncate(false).open(path)
            else {
                continue;
            };
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(io::Error::other("no port is free"))
    }

    /// The number of the port.
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_not_given_out_again() {
        let one = ReservedPort::new().unwrap();
        let two = ReservedPort::new().unwrap();
        assert_ne!(one.number(), two.number());
    }

    #[test]
    fn a_port_with_a_listener_is_not_given_out() {
        let reserved = ReservedPort::new().unwrap();
        let number = reserved.number();
        let _listener = TcpListener::bind(("127.0.0.1", number)).unwrap();
        drop(reserved);
        assert_ne!(ReservedPort::new().unwrap().number(), number);
    }
}
