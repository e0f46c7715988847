//! What `tipoff run` prints at its start: what to type into the camera.
//!
//! Printed once the ports are bound, so that the numbers are those in use. The whole-program
//! tests read the ports from these lines.

use std::fmt;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, SocketAddr};

use tipoff_model::Timestamp;
use tipoff_spool::Spool;

use super::console_language::{padded, text, width, with};
use super::container;
use crate::config::{Access, Config};
use crate::net::network::{self, OwnAddress};
use crate::receive::listener::BoundListener;
use crate::web::access::{Access as Lock, make_setup_key};

/// Whether the output is shown on a terminal and stored nowhere: only then may it contain a secret.
/// Journals and files are no terminal; container engines store even what a terminal inside shows
/// (`docker logs`).
fn is_read_by_people_only() -> bool {
    let in_container = container::is_inside()
        || std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
        || std::env::var_os("container").is_some();
    io::stdout().is_terminal() && !in_container
}

/// The dashboard's address. While no password is set, with a link that sets it, or where the output
/// is stored, with the command that prints such a link.
pub(super) async fn dashboard(
    url: &str,
    access: &Lock,
    (spool, now): (&dyn Spool, Timestamp),
) -> anyhow::Result<String> {
    if access.has_password().await? {
        return Ok(format!("{url}/"));
    }
    if !is_read_by_people_only() {
        let command = "tipoff password --link";
        let words: [(_, &dyn fmt::Display); 2] =
            [("url", &format!("{url}/")), ("command", &command)];
        return Ok(with("init-no-password", &words));
    }
    // A secret in the output: the key sets the password once, within an hour.
    let key = make_setup_key(spool, now).await?;
    Ok(with("init-set-password", &[("url", &format!("{url}/setup?key={key}"))]))
}

/// Prints what to type into the camera: per listener, in the order of the configuration, then where
/// alerts go.
pub(super) fn announce(
    config: &Config,
    (smtp, ftp): (&[BoundListener], &[BoundListener]),
    alarms: &AlarmAddresses,
    dashboard: Option<&str>,
) {
    let own = OwnAddress::new(config.public_address.clone());
    println!("{}", with("init-ready", &[("version", &env!("CARGO_PKG_VERSION"))]));
    println!();
    let mut listen = smtp.iter().chain(ftp).filter_map(|it| it.listener.local_addr().ok());
    if !own.is_configured()
        && listen.any(|it| it.ip().is_unspecified())
        && let Some(caveat) = caveat(network::lan_address(), container::is_inside())
    {
        println!("{caveat}");
        println!();
    }
    println!("{}", text("init-mail-page"));
    for (listener, offered) in smtp.iter().zip(&config.smtp.listen) {
        let encryption = match (offered.at.tls, offered.starttls) {
            (true, _) => "SSL/TLS".to_owned(),
            (false, true) => with("init-none-or", &[("other", &"STARTTLS")]),
            (false, false) => text("init-none"),
        };
        server(listener, "init-column-smtp", &own, &encryption);
    }
    login(&config.access);
    line("init-column-addresses", with("init-any-address", &[("example", &"camera@example.com")]));
    println!();
    if !ftp.is_empty() {
        println!("{}", text("init-ftp-page"));
        for listener in ftp {
            let encryption = match listener.settings.tls {
                true => "FTPS".to_owned(),
                false => with("init-none-or", &[("other", &"FTPS")]),
            };
            server(listener, "init-column-ftp", &own, &encryption);
        }
        login(&config.access);
        line("init-column-folder", text("init-any-or-none"));
        println!();
    }
    alarms.print(&config.access, &own);
    if config.channels.is_empty() {
        println!("{}", text("init-alerts-nowhere"));
    } else {
        let names: Vec<String> = config
            .channels
            .iter()
            .map(|channel| format!("{} ({})", channel.name, channel.kind))
            .collect();
        last("init-alerts-go-to", names.join(", "));
    }
    last("init-kept-in", config.data_dir.display());
    if let Some(dashboard) = dashboard {
        last("init-dashboard-name", dashboard);
    }
    if let Some(address) = alarms.http {
        last("init-health", format!("http://localhost:{}/healthz", address.port()));
    }
    println!();
    println!("{}", with("init-try-it", &[("command", &"tipoff send")]));
}

/// Where devices push alarms.
pub(super) struct AlarmAddresses {
    /// The HTTP port.
    pub(super) http: Option<SocketAddr>,
    /// Further listeners that speak HTTP.
    pub(super) more: Vec<SocketAddr>,
    /// Listeners for frames of XMEye.
    pub(super) framed: Vec<SocketAddr>,
}

impl AlarmAddresses {
    fn print(&self, access: &Access, own: &OwnAddress) {
        if self.http.is_none() && self.more.is_empty() && self.framed.is_empty() {
            return;
        }
        println!("{}", text("init-alarm-page"));
        let addresses = self.http.iter().chain(&self.more);
        for address in addresses {
            line("init-column-address", format!("http://{}/h", reached(*address, own)));
        }
        for address in &self.framed {
            println!("  {} {}", padded("XMEye", columns()), reached(*address, own));
        }
        let key = match access.require_login {
            true => "init-password-of-device",
            false => "init-password-or-none",
        };
        line("init-column-password", with(key, &[("path", &"/h/PASSWORD")]));
        println!();
    }
}

/// The address and port that a camera needs.
fn reached(listen: SocketAddr, own: &OwnAddress) -> String {
    match own.of(listen.ip()) {
        Some(address) => address.with_port(listen.port()),
        None => format!("({}):{}", text("init-this-machine"), listen.port()),
    }
}

/// Why cameras do not reach the address that this machine has, and what to do. `None` if they may.
fn caveat(lan: Option<IpAddr>, in_container: bool) -> Option<String> {
    match lan {
        None => Some(text("init-no-network")),
        Some(lan) if in_container && container::is_of_engine(lan) => {
            let variable = "TIPOFF_PUBLIC_ADDRESS";
            Some(with("init-of-container", &[("address", &lan), ("variable", &variable)]))
        }
        Some(_) => None,
    }
}

/// Address, port and encryption of one listener.
fn server(listener: &BoundListener, name: &str, own: &OwnAddress, encryption: &str) {
    let Ok(address) = listener.listener.local_addr() else {
        return;
    };
    let unknown = || text("init-this-machine");
    line(name, own.of(address.ip()).map_or_else(unknown, |it| it.to_string()));
    line("init-column-port", address.port());
    line("init-column-encryption", encryption);
}

/// Which user to type into the camera, by `[access]`. The password is not printed.
fn login(access: &Access) {
    let user = match access.user.as_deref() {
        Some(user) => with("init-user-with-password", &[("user", &user)]),
        None if access.require_login => text("init-user-of-device"),
        None => text("init-any-or-none"),
    };
    line("init-column-user", user);
}

/// The names of columns.
const COLUMNS: [&str; 9] = [
    "init-column-smtp",
    "init-column-ftp",
    "init-column-port",
    "init-column-encryption",
    "init-column-user",
    "init-column-addresses",
    "init-column-folder",
    "init-column-address",
    "init-column-password",
];

/// The width of the column of names.
fn columns() -> usize {
    COLUMNS.iter().map(|key| width(&text(key))).max().unwrap_or_default().max(12)
}

/// One thing to type into the camera: the key of its name, and what to type.
fn line(key: &str, value: impl fmt::Display) {
    println!("  {} {value}", padded(&text(key), columns()));
}

/// One of the last lines: the key of its name, and its value.
fn last(key: &str, value: impl fmt::Display) {
    println!("{} {value}", padded(&text(key), 13));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cameras_do_not_reach_is_said() {
        for (lan, in_container, expected) in [
            (Some("192.168.1.10"), false, None),
            (Some("192.168.1.10"), true, None),
            (Some("172.17.0.2"), false, None),
            (Some("172.17.0.2"), true, Some("TIPOFF_PUBLIC_ADDRESS")),
            (None, false, Some("no network")),
            (None, true, Some("no network")),
        ] {
            let said = caveat(lan.map(|it| it.parse().unwrap()), in_container);
            match expected {
                None => assert_eq!(said, None),
                Some(word) => assert!(said.as_ref().unwrap().contains(word), "{said:?}"),
            }
        }
    }
}
