//! Whether this is a container, and whether an address is only known inside of one.

use std::net::IpAddr;
use std::path::Path;

/// The files that container engines leave for the programs inside: Docker's file and Podman's.
const FILES: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Whether an engine has left its file here.
pub(super) fn is_inside() -> bool {
    FILES.iter().any(|file| Path::new(file).exists())
}

/// Whether an address is of the networks that Docker (172.16.0.0/12), Podman (10.88.0.0/15) or Podman without root
/// (10.0.2.0/24) assign to containers.
pub(super) fn is_of_engine(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            matches!(address.octets(), [172, 16..=31, ..] | [10, 88 | 89, ..] | [10, 0, 2, _])
        }
        IpAddr::V6(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_containers() {
        for (address, is_of_engine_) in [
            ("172.17.0.2", true),
            ("172.31.255.255", true),
            ("172.32.0.1", false),
            ("10.88.0.4", true),
            ("10.89.1.4", true),
            ("10.90.0.4", false),
            ("10.0.2.100", true),
            ("10.0.0.4", false),
            ("192.168.1.10", false),
            ("::1", false),
        ] {
            assert_eq!(is_of_engine(address.parse().unwrap()), is_of_engine_, "{address}");
        }
    }
}
