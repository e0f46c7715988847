//! What `tipoff run` prints at its start: what to type into the camera.

use crate::config::Config;
use crate::network;
use crate::receive::listen::Door;

/// What to type into the camera, readable at a glance.
pub(super) fn announce(config: &Config, doors: &[Door], http: Option<&tokio::net::TcpListener>) {
    let lan = network::lan_address();
    println!("Tipoff {} is ready.", env!("CARGO_PKG_VERSION"));
    println!();
    println!("Type into the camera's e-mail page:");
    for door in doors {
        let Ok(address) = door.listener.local_addr() else {
            continue;
        };
        let server = match lan {
            Some(lan) if address.ip().is_unspecified() => lan.to_string(),
            _ => address.ip().to_string(),
        };
        let encryption = if door.settings.tls {
            "SSL/TLS"
        } else if door.settings.starttls {
            "none (or STARTTLS)"
        } else {
            "none"
        };
        println!("  SMTP server  {server}");
        println!("  port         {}", address.port());
        println!("  encryption   {encryption}");
    }
    let access = &config.access;
    match access.user.as_deref() {
        Some(user) => println!("  user         {user}, with its password"),
        None if access.require_login => {
            println!("  user         the one of its [[device]], with its password");
        }
        None => println!("  user         any, or none"),
    }
    println!("  from, to     any address, such as camera@example.com");
    println!();
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
    if let Some(address) = http.and_then(|listener| listener.local_addr().ok()) {
        println!("Health        http://localhost:{}/healthz", address.port());
    }
    println!();
    println!("Try it: tipoff send");
}
