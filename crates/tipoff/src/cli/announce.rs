//! What `tipoff run` prints at its start: what to type into the camera.

use std::io::{self, IsTerminal};
use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use tipoff_spool::Spool;

use super::doctor::CONTAINER_FILES;
use crate::config::{Access, Config};
use crate::net::network;
use crate::receive::listener::BoundListener;
use crate::web::access::{Access as Lock, make_setup_key};

/// Whether what is printed is shown on a terminal and kept nowhere. Journals and files are no terminal;
/// container engines keep what even a terminal inside was shown.
fn is_read_by_people_only() -> bool {
    let in_container = CONTAINER_FILES.iter().any(|file| Path::new(file).exists())
        || std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
        || std::env::var_os("container").is_some();
    io::stdout().is_terminal() && !in_container
}

/// Where the dashboard is; while nobody can log in, with what sets the password, or how to get that.
pub(super) async fn dashboard(
    url: &str,
    access: &Lock,
    spool: &dyn Spool,
) -> anyhow::Result<String> {
    if access.has_password().await? {
        return Ok(format!("{url}/"));
    }
    if !is_read_by_people_only() {
        return Ok(format!(
            "{url}/ (no password yet: tipoff password --link prints a link to set it)"
        ));
    }
    let key = make_setup_key(spool, SystemTime::now().into()).await?;
    Ok(format!("{url}/setup?key={key} (sets its password, once, within an hour)"))
}

/// What to type into the camera, readable at a glance.
pub(super) fn announce(
    config: &Config,
    smtp: &[BoundListener],
    ftp: &[BoundListener],
    http: Option<&tokio::net::TcpListener>,
    dashboard: Option<&str>,
) {
    let lan = network::lan_address();
    println!("Tipoff {} is ready.", env!("CARGO_PKG_VERSION"));
    println!();
    println!("Type into the camera's e-mail page:");
    for (listener, offered) in smtp.iter().zip(&config.smtp.listen) {
        let plain = if offered.starttls { "none (or STARTTLS)" } else { "none" };
        server(listener, "SMTP server", lan, if offered.at.tls { "SSL/TLS" } else { plain });
    }
    login(&config.access);
    println!("  from, to     any address, such as camera@example.com");
    println!();
    if !ftp.is_empty() {
        println!("Type into the camera's FTP page:");
        for listener in ftp {
            let encryption = if listener.settings.tls { "FTPS" } else { "none (or FTPS)" };
            server(listener, "FTP server", lan, encryption);
        }
        login(&config.access);
        println!("  folder       any, or none");
        println!();
    }
    if config.channels.is_empty() {
        println!(
            "Alerts go nowhere yet: no channel is configured. `tipoff init` sets up Telegram."
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
    if let Some(address) = http.and_then(|listener| listener.local_addr().ok()) {
        println!("Health        http://localhost:{}/healthz", address.port());
    }
    println!();
    println!("Try it: tipoff send");
}

fn server(listener: &BoundListener, what: &str, lan: Option<IpAddr>, encryption: &str) {
    let Ok(address) = listener.listener.local_addr() else {
        return;
    };
    let host = match lan {
        Some(lan) if address.ip().is_unspecified() => lan,
        _ => address.ip(),
    };
    println!("  {what:<12} {host}");
    println!("  port         {}", address.port());
    println!("  encryption   {encryption}");
}

fn login(access: &Access) {
    match access.user.as_deref() {
        Some(user) => println!("  user         {user}, with its password"),
        None if access.require_login => {
            println!("  user         the one of its [[device]], with its password");
        }
        None => println!("  user         any, or none"),
    }
}
