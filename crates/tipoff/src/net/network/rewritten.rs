//! Whether the addresses of devices arrive as they are. A container's engine or a router may replace them all by its
//! own: then every limit and share that counts by address has one address to count.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tipoff_model::Timestamp;
use tipoff_spool::{SharedPlace, Spool, SpoolError};

/// So many devices at a gateway's address are no coincidence.
const DEVICES_MIN: u64 = 3;
/// Devices of this time count.
const LATELY: Duration = Duration::from_secs(7 * 24 * 3600);
/// Addresses with most devices that are looked at.
const PLACES_MAX: u32 = 5;
/// The kernel's IPv4 routes (`proc_net(5)`).
const ROUTES: &str = "/proc/net/route";

/// The gateway at whose address devices appear, as the spool has them.
pub(crate) async fn rewritten(
    spool: &dyn Spool,
    now: Timestamp,
) -> Result<Option<SharedPlace>, SpoolError> {
    let since = now.before(LATELY);
    let places = spool.shared_places(since, PLACES_MAX).await?;
    let routes = std::fs::read_to_string(ROUTES).unwrap_or_default();
    Ok(judge(&places, &gateways(&routes)))
}

/// Says in the log where devices share what each of them should have.
pub(crate) async fn warn_if_rewritten(spool: &dyn Spool, now: Timestamp) {
    if let Ok(Some(SharedPlace { place, devices })) = rewritten(spool, now).await {
        tracing::warn!(
            %place,
            devices,
            "Devices arrive with the address of a gateway: a container or a router replaces their own, so that one \
             of them can use up what all share. See \"The addresses of devices\" in docs/operations.md.",
        );
    }
}

fn judge(places: &[SharedPlace], gateways: &[Ipv4Addr]) -> Option<SharedPlace> {
    let is_gateway = |place: &IpAddr| match place {
        IpAddr::V4(place) => gateways.contains(place) || is_bridge(*place),
        IpAddr::V6(_) => false,
    };
    let mut suspects =
        places.iter().filter(|it| it.devices >= DEVICES_MIN && is_gateway(&it.place));
    suspects.next().copied()
}

/// The first address of what Docker (172.17.0.0/16 and up) and Podman (10.88.0.0/16) give to their bridges.
fn is_bridge(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [172, 16..=31, _, 1] | [10, 88, _, 1])
}

/// Gateways of the table: hexadecimal, the lowest byte first.
fn gateways(routes: &str) -> Vec<Ipv4Addr> {
    let gateway = |line: &str| {
        let word = u32::from_str_radix(line.split_whitespace().nth(2)?, 16).ok()?;
        (word != 0).then(|| Ipv4Addr::from(word.swap_bytes()))
    };
    routes.lines().skip(1).filter_map(gateway).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str, devices: u64) -> SharedPlace {
        SharedPlace { place: address.parse().unwrap(), devices }
    }

    #[test]
    fn several_devices_at_a_gateway_are_told_and_a_recorder_is_not() {
        let routes = "Iface\tDestination\tGateway\tFlags\n\
                      eth0\t00000000\t0101A8C0\t0003\neth0\t0001A8C0\t00000000\t0001\n";
        let gateways = gateways(routes);
        assert_eq!(gateways, [Ipv4Addr::new(192, 168, 1, 1)]);
        for (places, found) in [
            (&[place("172.17.0.1", 3)][..], true),
            (&[place("192.168.1.20", 16), place("10.88.0.1", 4)], true),
            (&[place("192.168.1.1", 3)], true),
            (&[place("192.168.1.1", 2)], false),
            (&[place("192.168.1.20", 16)], false),
            (&[place("172.17.0.2", 16)], false),
            (&[], false),
        ] {
            assert_eq!(judge(places, &gateways).is_some(), found, "{places:?}");
        }
    }
}
