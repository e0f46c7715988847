//! Balancers: from where a PROXY header is expected, and where devices behind them find FTP's data ports.
//!
//! What the balancer itself does cannot be seen from here: the log of a running Tipoff names a balancer that sends no
//! valid header.

use super::finding::Finding;
use crate::config::Config;

/// The networks of balancers; nothing if none is configured.
pub(super) fn look(config: &Config) -> Vec<Finding> {
    let about = "balancers";
    let named = config.balancers().into_iter().filter(|(_, networks)| !networks.is_empty());
    let named: Vec<String> =
        named.map(|(section, networks)| format!("[{section}] {networks}")).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let named = Finding::fine(
        about,
        format!("PROXY headers are expected from {}, and refused from others", named.join("; ")),
    );
    let ftp = &config.ftp;
    let is_unclear = !ftp.proxy_protocol.is_empty()
        && ftp.public_address.is_none()
        && config.public_address.is_none();
    let passive = is_unclear.then(|| {
        Finding::hint(
            about,
            "behind a balancer, PASV names this machine's own address",
            "if devices do not reach it, set `public_address` in [ftp], for each node its own",
        )
    });
    [Some(named), passive].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Mark;
    use super::*;

    #[test]
    fn balancers_are_named_and_an_unclear_passive_address_is_a_hint() {
        let marks = |source: &str| {
            let findings = look(&crate::testing::config(source));
            findings.iter().map(|finding| finding.mark).collect::<Vec<_>>()
        };
        assert!(marks("").is_empty());
        let ftp = "[ftp]\nproxy_protocol = [\"10.0.0.5\"]\n";
        assert_eq!(marks(ftp), [Mark::Fine, Mark::Hint]);
        assert_eq!(marks(&format!("{ftp}public_address = \"192.0.2.1\"\n")), [Mark::Fine]);
        assert_eq!(marks("[smtp]\nproxy_protocol = [\"10.0.0.5\"]\n"), [Mark::Fine]);
        let config = crate::testing::config(ftp);
        assert!(look(&config)[0].found.contains("[ftp] 10.0.0.5/32"));
    }
}
