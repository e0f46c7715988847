//! Opens a listening TCP socket.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use super::port_holder;

/// Listens on `address`. The system holds up to `backlog` connections until they are accepted.
///
/// # Errors
/// The address is in use, is not one of this machine, or needs a permission.
pub(crate) fn listen(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // After a restart connections of the earlier run may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Why an address cannot be listened on, and what to do. `setting` is what names the address, such as "`listen` in
/// \[smtp\]".
pub(crate) fn explain(address: SocketAddr, setting: &str, error: &io::Error) -> anyhow::Error {
    let reason = match error.kind() {
        ErrorKind::AddrInUse => {
            let holder = port_holder::find(address.port())
                .unwrap_or_else(|| "another program (`ss -ltnp` as root names it)".to_owned());
            format!("{holder} has this port; stop it, or set another {setting}")
        }
        ErrorKind::PermissionDenied => format!(
            "this user may not use ports below 1024; set one above in {setting}, or grant CAP_NET_BIND_SERVICE"
        ),
        ErrorKind::AddrNotAvailable => format!(
            "this machine has no such address; set one that it has in {setting}, or 0.0.0.0 for all"
        ),
        _ => format!("{error}; check {setting}"),
    };
    anyhow::anyhow!("cannot listen on {address}: {reason}")
}
