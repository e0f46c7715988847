//! How people reach the HTTP port: for links in alerts, and for what is printed.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use super::listening;
use crate::config::Config;
use crate::net::network::OwnAddress;
use crate::runtime::links::PublicUrl;

/// `public_url` where it is set, else the address by which others reach the listener.
pub(super) fn of(config: &Config, listen: SocketAddr) -> PublicUrl {
    let own = OwnAddress::new(config.public_address.clone());
    let (fixed, is_tls) = (config.http.public_url.clone(), is_tls(config));
    Arc::new(move || fixed.clone().or_else(|| own.url((listen.ip(), listen.port()), is_tls)))
}

/// The same now, for subcommands beside a running server: by the port that it has, else by the configuration. Without a
/// network, how this machine itself reaches the port. `None` if there is no port.
pub(super) fn now(config: &Config) -> Option<String> {
    let listen = match listening::look(&config.data_dir) {
        Some(running) => running.http?,
        None => config.http.listen?.address,
    };
    Some(of(config, listen)().unwrap_or_else(|| on_this_machine(config, listen.port())))
}

/// How this machine itself reaches a port that listens on every address.
pub(super) fn on_this_machine(config: &Config, port: u16) -> String {
    let scheme = if is_tls(config) { "https" } else { "http" };
    format!("{scheme}://localhost:{port}")
}

/// The address to connect to a listener from this machine: loopback where it listens on every address (`0.0.0.0`, `::`).
pub(super) fn from_here(mut listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(it) if it.ip().is_unspecified() => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(it) if it.ip().is_unspecified() => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    listen
}

fn is_tls(config: &Config) -> bool {
    config.http.listen.is_some_and(|it| it.tls)
}
