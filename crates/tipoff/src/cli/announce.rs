//! What `tipoff run` prints at its start: what to type into the camera.
//!
//! Printed once the ports are bound, so that the numbers are those in use. The whole-program
//! tests read the ports from these lines.

use std::io::{self, IsTerminal};
use std::net::{IpAddr, SocketAddr};

use tipoff_model::Timestamp;
use tipoff_spool::Spool;

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
        return Ok(format!(
            "{url}/ (no password yet: tipoff password --link prints a link to set it)"
        ));
    }
    // A secret in the output: the key sets the password once, within an hour.
    let key = make_setup_key(spool, now).await?;
    Ok(format!("{url}/setup?key={key} (sets its password, once, within an hour)"))
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
    println!("Tipoff {} is ready.", env!("CARGO_PKG_VERSION"));
    println!();
    let mut listen = smtp.iter().chain(ftp).filter_map(|it| it.listener.local_addr().ok());
    if !own.is_configured()
        && listen.any(|it| it.ip().is_unspecified())
        && let Some(caveat) = caveat(network::lan_address(), container::is_inside())
    {
        println!("{caveat}");
        println!();
    }
    println!("Type into the camera's e-mail page:");
    for (listener, offered) in smtp.iter().zip(&config.smtp.listen) {
        let plain = if offered.starttls { "none (or STARTTLS)" } else { "none" };
        server(listener, "SMTP server", &own, if offered.at.tls { "SSL/TLS" } else { plain });
    }
    login(&config.access);
    println!("  from, to     any address, such as camera@example.com");
    println!();
    if !ftp.is_empty() {
        println!("Type into the camera's FTP page:");
        for listener in ftp {
            let encryption = if listener.settings.tls { "FTPS" } else { "none (or FTPS)" };
            server(listener, "FTP server", &own, encryption);
        }
        login(&config.access);
        println!("  folder       any, or none");
        println!();
    }
    alarms.print(&config.access, &own);
    if config.channels.is_empty() {
        println!(
            "Alerts go nowhere yet: no channel is configured. Add one in the dashboard, or by `tipoff init`."
        );
    } else {
        let names: Vec<String> = config
            .channels
            .iter()
            .map(|channel| format!("{} ({})", channel.name, channel.kind))
            .collect();
        println!("Alerts go to  {}", names.join(", "));
    }
    println!("Kept in       {}", config.data_dir.display());
    if let Some(dashboard) = dashboard {
        println!("Dashboard     {dashboard}");
    }
    if let Some(address) = alarms.http {
        println!("Health        http://localhost:{}/healthz", address.port());
    }
    println!();
    println!("Try it: tipoff send");
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
        println!("Type into the camera's alarm server or webhook page (HTTP):");
        let addresses = self.http.iter().chain(&self.more);
        for address in addresses {
            println!("  address      http://{}/h", reached(*address, own));
        }
        for address in &self.framed {
            println!("  XMEye        {}", reached(*address, own));
        }
        match access.require_login {
            true => println!("  password     of its [[device]], behind the address: /h/PASSWORD"),
            false => println!("  password     none, or of its device: /h/PASSWORD"),
        }
        println!();
    }
}

/// In place of an address that nobody knows.
const NO_ADDRESS: &str = "this machine's address";

/// The address and port that a camera needs.
fn reached(listen: SocketAddr, own: &OwnAddress) -> String {
    match own.of(listen.ip()) {
        Some(address) => address.with_port(listen.port()),
        None => format!("({NO_ADDRESS}):{}", listen.port()),
    }
}

/// Why cameras do not reach the address that this machine has, and what to do. `None` if they may.
fn caveat(lan: Option<IpAddr>, in_container: bool) -> Option<String> {
    match lan {
        None => Some(
            "This machine is on no network yet, so its address for cameras is not known. When it is, \
             `tipoff doctor` and the dashboard show the address."
                .to_owned(),
        ),
        Some(lan) if in_container && container::is_of_engine(lan) => Some(format!(
            "Cameras do not reach {lan}, which is the container's own address: set \
             TIPOFF_PUBLIC_ADDRESS to the address of the machine that runs the container."
        )),
        Some(_) => None,
    }
}

/// Address, port and encryption of one listener.
fn server(listener: &BoundListener, what: &str, own: &OwnAddress, encryption: &str) {
    let Ok(address) = listener.listener.local_addr() else {
        return;
    };
    let server = own.of(address.ip()).map_or_else(|| NO_ADDRESS.to_owned(), |it| it.to_string());
    println!("  {what:<12} {server}");
    println!("  port         {}", address.port());
    println!("  encryption   {encryption}");
}

/// Which user to type into the camera, by `[access]`. The password is not printed.
fn login(access: &Access) {
    match access.user.as_deref() {
        Some(user) => println!("  user         {user}, with its password"),
        None if access.require_login => {
            println!("  user         the one of its [[device]], with its password");
        }
        None => println!("  user         any, or none"),
    }
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
