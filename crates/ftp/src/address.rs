//! Addresses of data connections, as PORT, EPRT and the reply to PASV have them. Reads and writes only; which
//! addresses are allowed is decided in `session/transfer.rs`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// `h1,h2,h3,h4,p1,p2` (RFC 959, section 4.1.2).
pub(crate) fn port(argument: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(argument).ok()?;
    let mut numbers = text.split(',').map(|number| number.trim().parse::<u8>());
    let mut next = || numbers.next()?.ok();
    let (h1, h2, h3, h4, p1, p2) = (next()?, next()?, next()?, next()?, next()?, next()?);
    if text.split(',').count() != 6 {
        return None;
    }
    let address = Ipv4Addr::new(h1, h2, h3, h4);
    Some(SocketAddr::new(address.into(), u16::from(p1) * 256 + u16::from(p2)))
}

/// The argument of EPRT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eprt {
    Address(SocketAddr),
    /// A network protocol that is neither 1 (IPv4) nor 2 (IPv6).
    OtherProtocol,
    Malformed,
}

/// `|1|132.235.1.2|6275|`, with any delimiter (RFC 2428, section 2).
pub(crate) fn eprt(argument: &[u8]) -> Eprt {
    let Some(parts) = eprt_parts(argument) else {
        return Eprt::Malformed;
    };
    let [protocol, address, port] = parts;
    let address = match protocol {
        "1" => address.parse().ok().filter(IpAddr::is_ipv4),
        "2" => address.parse().ok().filter(IpAddr::is_ipv6),
        _ => return Eprt::OtherProtocol,
    };
    match (address, port.parse()) {
        (Some(address), Ok(port)) => Eprt::Address(SocketAddr::new(address, port)),
        _ => Eprt::Malformed,
    }
}

fn eprt_parts(argument: &[u8]) -> Option<[&str; 3]> {
    let text = std::str::from_utf8(argument).ok()?;
    let delimiter = text.chars().next()?;
    let mut parts = text.split(delimiter).skip(1);
    Some([parts.next()?, parts.next()?, parts.next()?])
}

/// `h1,h2,h3,h4,p1,p2`; none: the address is not one of IPv4.
pub(crate) fn written(address: SocketAddr) -> Option<String> {
    let IpAddr::V4(host) = address.ip().to_canonical() else {
        return None;
    };
    let [h1, h2, h3, h4] = host.octets();
    let [p1, p2] = address.port().to_be_bytes();
    Some(format!("{h1},{h2},{h3},{h4},{p1},{p2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let of = |text: &str| text.parse::<SocketAddr>().ok();
        assert_eq!(port(b"192,168,1,20,200,10"), of("192.168.1.20:51210"));
        assert_eq!(port(b" 192, 168,1,20,4,0"), of("192.168.1.20:1024"));
        for wrong in [
            "",
            "1,2,3,4,5",
            "1,2,3,4,5,6,7",
            "1,2,3,4,5,6,",
            "1,2,3,4,5,256",
            "a,2,3,4,5,6",
            "1,2,3,4,-5,6",
        ] {
            assert_eq!(port(wrong.as_bytes()), None, "{wrong}");
        }
        let address = |text: &str| Eprt::Address(text.parse().unwrap());
        assert_eq!(eprt(b"|1|132.235.1.2|6275|"), address("132.235.1.2:6275"));
        assert_eq!(
            eprt(b"|2|1080::8:800:200C:417A|5282|"),
            address("[1080::8:800:200C:417A]:5282")
        );
        assert_eq!(eprt(b"!1!1.2.3.4!99!"), address("1.2.3.4:99"));
        assert_eq!(eprt(b"|3|x|1|"), Eprt::OtherProtocol);
        for wrong in ["", "|", "|1|::1|5|", "|2|1.2.3.4|5|", "|1|1.2.3.4|65536|", "|1|1.2.3.4"] {
            assert_eq!(eprt(wrong.as_bytes()), Eprt::Malformed, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_written() {
        assert_eq!(written("1.2.3.4:258".parse().unwrap()).as_deref(), Some("1,2,3,4,1,2"));
        assert_eq!(
            written("[::ffff:1.2.3.4]:258".parse().unwrap()).as_deref(),
            Some("1,2,3,4,1,2")
        );
        assert_eq!(written("[::1]:258".parse().unwrap()), None);
    }
}
