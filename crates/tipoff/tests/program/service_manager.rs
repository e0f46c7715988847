//! What the service manager is told, by a socket that stands for its own.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::harness::{Home, PATIENCE, Server};

/// The next message that holds a word.
fn told(socket: &UnixDatagram, word: &str) -> String {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).unwrap_or_else(|_| panic!("never told {word}"));
        let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
        if text.contains(word) {
            return text;
        }
    }
}

#[test]
fn the_service_manager_gets_the_state() {
    let home = Home::new("");
    let path = home.file("notify");
    let name = format!("tipoff-test-{}", std::process::id());
    let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
    for (socket, name) in [
        (UnixDatagram::bind(&path).unwrap(), path.display().to_string()),
        (UnixDatagram::bind_addr(&abstract_name).unwrap(), format!("@{name}")),
    ] {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = home.command(&["run"]);
        command.env("NOTIFY_SOCKET", &name).env("WATCHDOG_USEC", "600000");
        let server = Server::start(command);
        told(&socket, "READY=1");
        // Devices can send by then.
        std::net::TcpStream::connect(server.smtp[0]).unwrap();
        told(&socket, "WATCHDOG=1");
        told(&socket, "WATCHDOG=1");
        home.configure("[incidents]\nquiet = \"21 s\"\n");
        let reloading = told(&socket, "RELOADING=1");
        assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
        told(&socket, "READY=1");
        server.stop();
        told(&socket, "STOPPING=1");
        home.configure("");
    }
}
