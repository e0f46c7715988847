//! A hand-made FTP client, for what real ones never do.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::harness::{Client, PATIENCE};

/// A camera that has logged in.
pub struct Camera {
    pub control: Client,
    address: SocketAddr,
    source: Option<String>,
}

impl Camera {
    /// Connects and logs in.
    pub fn connect(address: SocketAddr, user: &str) -> Self {
        let mut camera = Self { control: Client::connect(address), address, source: None };
        camera.control.must(&format!("USER {user}"), "331");
        camera.control.must("PASS secret", "230");
        camera
    }

    /// Connects from this address of the machine and logs in with this password.
    pub fn from(source: &str, address: SocketAddr, user: &str, password: &str) -> Self {
        let control = Client::silently_over(connect_from(source, address));
        let mut camera = Self { control, address, source: Some(source.to_owned()) };
        assert!(camera.control.hear().starts_with("220 "));
        camera.control.must(&format!("USER {user}"), "331");
        camera.control.must(&format!("PASS {password}"), "230");
        camera
    }

    /// A data connection, by PASV.
    pub fn passive(&mut self) -> TcpStream {
        let address = self.passive_address();
        let socket = match &self.source {
            Some(source) => connect_from(source, address),
            None => TcpStream::connect(address).unwrap(),
        };
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// Where PASV says that the data connection goes.
    pub fn passive_address(&mut self) -> SocketAddr {
        let reply = self.control.say("PASV");
        let inside = reply.split(['(', ')']).nth(1).unwrap_or_else(|| panic!("{reply}"));
        let numbers: Vec<u8> = inside.split(',').map(|it| it.parse().unwrap()).collect();
        let host = Ipv4Addr::new(numbers[0], numbers[1], numbers[2], numbers[3]);
        assert_eq!(IpAddr::V4(host), self.address.ip());
        SocketAddr::new(host.into(), u16::from_be_bytes([numbers[4], numbers[5]]))
    }

    /// Begins an upload by this command (`STOR x.jpg`); the data connection.
    pub fn begin(&mut self, command: &str) -> TcpStream {
        let data = self.passive();
        self.control.must(command, "150");
        data
    }

    /// Uploads; the last reply.
    pub fn transfer(&mut self, command: &str, bytes: &[u8]) -> String {
        let mut data = self.begin(command);
        // Who is refused is told so, and sees the data connection break.
        let _ = data.write_all(bytes);
        drop(data);
        self.control.hear()
    }

    /// Uploads, which must be acknowledged.
    pub fn store(&mut self, path: &str, bytes: &[u8]) {
        let reply = self.transfer(&format!("STOR {path}"), bytes);
        assert!(reply.starts_with("226"), "{path}: {reply}");
    }

    /// Downloads.
    pub fn fetch(&mut self, command: &str) -> Vec<u8> {
        let mut data = self.begin(command);
        let mut bytes = Vec::new();
        data.read_to_end(&mut bytes).unwrap();
        assert!(self.control.hear().starts_with("226"));
        bytes
    }
}

/// One upload over a connection of its own.
pub fn upload(address: SocketAddr, user: &str, path: &str, bytes: &[u8]) {
    let mut camera = Camera::connect(address, user);
    camera.store(path, bytes);
    camera.control.must("QUIT", "221");
}

/// Connects from another address of this machine.
pub fn connect_from(source: &str, to: SocketAddr) -> TcpStream {
    crate::hostile::connect_from(source.parse().unwrap(), to)
}

/// Breaks a connection off when it is dropped: the other side sees a reset.
pub fn reset(socket: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
}
