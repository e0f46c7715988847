//! `tipoff send --ftp`: acts as a camera that uploads.
//!
//! In extended passive mode (RFC 2428), because its reply has only a port: the address of the
//! server is known already.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Args, Camera, REPLY_MAX, connect};

/// Where a server listens if nothing else is said.
pub(super) const FTP: &str = "127.0.0.1:2121";

/// Uploads one file, as most cameras do: log in, passive, STOR. Returns the server's reply.
pub(super) async fn send(args: &Args, name: &str, bytes: &[u8]) -> anyhow::Result<String> {
    let mut camera = Camera::connect(args.server(), args.is_quiet()).await?;
    camera.say(&format!("USER {}", args.user.as_deref().unwrap_or("camera")), "331").await?;
    camera.say_secretly("PASS ", args.password.as_deref().unwrap_or("camera"), "230").await?;
    camera.say("TYPE I", "200").await?;
    let reply = camera.say("EPSV", "229").await?;
    let host = camera.socket.get_ref().peer_addr()?.ip();
    let port = port(&reply).context("the server names no port")?;
    let mut data: TcpStream = connect(&SocketAddr::new(host, port).to_string()).await?;
    let path = format!("{}/{name}", args.folder.trim_end_matches('/'));
    camera.say(&format!("STOR {path}"), "150").await?;
    camera.note(&format!("({} bytes)", bytes.len()));
    timeout(REPLY_MAX, data.write_all(bytes)).await.context("the server takes no bytes")??;
    data.shutdown().await?;
    let answer = camera.expect("226").await?;
    camera.say("QUIT", "221").await?;
    Ok(answer)
}

/// The port in `229 … (|||50000|)` (RFC 2428, section 3).
fn port(reply: &str) -> Option<u16> {
    reply.split('|').nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_port_of_epsv_is_read() {
        assert_eq!(super::port("229 Entering Extended Passive Mode (|||50012|)"), Some(50_012));
        assert_eq!(super::port("229 what"), None);
    }
}
