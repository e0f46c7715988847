//! The header by which a balancer passes the device's address on: the PROXY protocol, version 1 (text) and version 2
//! (binary), as HAProxy describes it in `proxy-protocol.txt`.
//!
//! Bytes in, header out: no socket, no clock. The parser takes exactly the bytes of the header, because the device's own
//! bytes follow at once. Who may send a header is decided in `balancer.rs`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Limit of a header of version 1 in bytes, with its line end (section 2.1 of the specification).
pub(crate) const TEXT_BYTES_MAX: usize = 107;
/// Limit of what follows the fixed part of a header of version 2, in bytes. The format allows 65,535; addresses take at
/// most 216, and the extensions (TLV) of large providers a few hundred.
pub(crate) const REST_BYTES_MAX: usize = 4_096;

/// What a header of version 1 begins with. No command of SMTP or FTP and no method of HTTP is this word.
const TEXT_START: &[u8; 6] = b"PROXY ";
/// What a header of version 2 begins with (section 2.2).
const BINARY_START: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The fixed part of version 2: the signature, version and command, family, length.
const FIXED_BYTES: usize = 16;
/// Bytes of two addresses and ports of IPv4, and of IPv6.
const IPV4_BYTES: usize = 12;
const IPV6_BYTES: usize = 36;

/// A header of version 2 for a connection of the sender's own: command LOCAL, no addresses.
pub(crate) const LOCAL_HEADER: [u8; FIXED_BYTES] = *b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// What a header says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyHeader {
    /// The balancer's own connection, such as a health check (LOCAL).
    Local,
    /// Somebody's connection whose addresses the balancer cannot tell: `UNKNOWN`, no family, or a UNIX socket.
    Unknown,
    /// A device's connection.
    Proxied {
        /// The device's address. An IPv4 address is never mapped into IPv6 here.
        source: SocketAddr,
        /// The address that the device has connected to; the same.
        destination: SocketAddr,
    },
}

/// Why there is no valid header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// The connection begins with something else.
    Missing,
    /// It is longer than [`TEXT_BYTES_MAX`] or [`REST_BYTES_MAX`].
    TooLong,
    /// It does not follow the specification.
    Malformed,
    /// A version, command or transport that does not exist for TCP connections.
    Unsupported,
}

impl HeaderFault {
    /// For the log, after "no valid PROXY header: ".
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Missing => "the connection begins with something else",
            Self::TooLong => "it is too long",
            Self::Malformed => "it is malformed",
            Self::Unsupported => "its version, command or transport is not supported",
        }
    }
}

/// Whether bytes are the beginning of a header. They must be as many as its signature has.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(TEXT_START) || bytes.starts_with(BINARY_START)
}

/// Reads one header. Holds at most its fixed part and its addresses; extensions are counted and skipped.
#[derive(Default)]
pub(crate) struct HeaderParser {
    /// The bytes of the header so far, without extensions.
    bytes: Vec<u8>,
    /// Bytes of extensions so far.
    skipped: usize,
}

impl HeaderParser {
    /// Takes the next bytes of the connection. Returns how many of them belong to the header, and the header if they
    /// complete it. The result does not depend on how the bytes are cut into pieces.
    ///
    /// # Errors
    /// There is no valid header. The connection must not be served.
    pub(crate) fn push(
        &mut self,
        input: &[u8],
    ) -> Result<(usize, Option<ProxyHeader>), HeaderFault> {
        for (index, byte) in input.iter().enumerate() {
            if let Some(header) = self.push_byte(*byte)? {
                return Ok((index + 1, Some(header)));
            }
        }
        Ok((input.len(), None))
    }

    /// Whether nothing was pushed yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn push_byte(&mut self, byte: u8) -> Result<Option<ProxyHeader>, HeaderFault> {
        if self.bytes.len() < FIXED_BYTES + IPV6_BYTES || self.bytes.starts_with(TEXT_START) {
            self.bytes.push(byte);
        } else {
            self.skipped += 1;
        }
        match self.bytes.first() {
            Some(b'P') => self.text(),
            _ => self.binary(),
        }
    }

    /// Version 1, after each of its bytes.
    fn text(&self) -> Result<Option<ProxyHeader>, HeaderFault> {
        let common = self.bytes.len().min(TEXT_START.len());
        if self.bytes.get(..common) != TEXT_START.get(..common) {
            return Err(HeaderFault::Missing);
        }
        match self.bytes.strip_suffix(b"\n") {
            Some(line) => {
                let line = line.strip_suffix(b"\r").ok_or(HeaderFault::Malformed)?;
                text_header(line).map(Some)
            }
            None if self.bytes.len() >= TEXT_BYTES_MAX => Err(HeaderFault::TooLong),
            None => Ok(None),
        }
    }

    /// Version 2, after each of its bytes.
    fn binary(&self) -> Result<Option<ProxyHeader>, HeaderFault> {
        let common = self.bytes.len().min(BINARY_START.len());
        if self.bytes.get(..common) != BINARY_START.get(..common) {
            return Err(HeaderFault::Missing);
        }
        let Some((fixed, rest)) = self.bytes.split_first_chunk::<FIXED_BYTES>() else {
            return Ok(None);
        };
        let [.., version_and_command, family, high, low] = *fixed;
        if version_and_command >> 4 != 2 {
            return Err(HeaderFault::Unsupported);
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > REST_BYTES_MAX {
            return Err(HeaderFault::TooLong);
        }
        if rest.len() + self.skipped < length {
            return Ok(None);
        }
        match version_and_command & 0x0f {
            // The family of a LOCAL header means nothing (section 2.2).
            0 => Ok(Some(ProxyHeader::Local)),
            1 => binary_addresses(family, rest).map(Some),
            _ => Err(HeaderFault::Unsupported),
        }
    }
}

/// A line of version 1, without its line end: `PROXY TCP4 192.0.2.7 198.51.100.1 51000 25`.
fn text_header(line: &[u8]) -> Result<ProxyHeader, HeaderFault> {
    let line = std::str::from_utf8(line).map_err(|_| HeaderFault::Malformed)?;
    let mut words = line.split(' ').skip(1);
    let mut word = || words.next().unwrap_or_default();
    let family = word();
    if family == "UNKNOWN" {
        // Whatever follows is ignored (section 2.1).
        return Ok(ProxyHeader::Unknown);
    }
    let addresses = [word(), word()];
    let ports = [word(), word()];
    if words.next().is_some() {
        return Err(HeaderFault::Malformed);
    }
    let [source, destination] = match family {
        "TCP4" => addresses.map(|text| text.parse::<Ipv4Addr>().map(IpAddr::V4)),
        "TCP6" => addresses.map(|text| text.parse::<Ipv6Addr>().map(IpAddr::V6)),
        _ => return Err(HeaderFault::Unsupported),
    };
    let [source_port, destination_port] = ports.map(port);
    Ok(proxied(
        (source.map_err(|_| HeaderFault::Malformed)?, source_port?),
        (destination.map_err(|_| HeaderFault::Malformed)?, destination_port?),
    ))
}

/// A port of version 1: digits without a sign or a leading zero.
fn port(text: &str) -> Result<u16, HeaderFault> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_canonical = text == "0" || !text.starts_with('0');
    let number = text.parse().ok().filter(|_| is_number && is_canonical);
    number.ok_or(HeaderFault::Malformed)
}

/// The address block of version 2, which extensions may follow.
fn binary_addresses(family: u8, block: &[u8]) -> Result<ProxyHeader, HeaderFault> {
    match family {
        0x11 => {
            let block = block.first_chunk::<IPV4_BYTES>().ok_or(HeaderFault::Malformed)?;
            let [a, b, c, d, e, f, g, h, source_high, source_low, high, low] = *block;
            Ok(proxied(
                (Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([source_high, source_low])),
                (Ipv4Addr::new(e, f, g, h).into(), u16::from_be_bytes([high, low])),
            ))
        }
        0x21 => {
            let block = block.first_chunk::<IPV6_BYTES>().ok_or(HeaderFault::Malformed)?;
            let (source, rest) = block.split_first_chunk::<16>().ok_or(HeaderFault::Malformed)?;
            let (destination, ports) =
                rest.split_first_chunk::<16>().ok_or(HeaderFault::Malformed)?;
            let [source_high, source_low, high, low] =
                *ports.first_chunk::<4>().ok_or(HeaderFault::Malformed)?;
            Ok(proxied(
                (IpAddr::from(*source), u16::from_be_bytes([source_high, source_low])),
                (IpAddr::from(*destination), u16::from_be_bytes([high, low])),
            ))
        }
        // No family, and UNIX streams: valid, without an address that means anything here.
        0x00 | 0x31 => Ok(ProxyHeader::Unknown),
        _ => Err(HeaderFault::Unsupported),
    }
}

fn proxied(source: (IpAddr, u16), destination: (IpAddr, u16)) -> ProxyHeader {
    let address = |(ip, port): (IpAddr, u16)| SocketAddr::new(ip.to_canonical(), port);
    ProxyHeader::Proxied { source: address(source), destination: address(destination) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found when all bytes come at once.
    fn parse(bytes: &[u8]) -> Result<(usize, Option<ProxyHeader>), HeaderFault> {
        HeaderParser::default().push(bytes)
    }

    /// The same in pieces of this many bytes.
    fn parse_in_pieces(
        bytes: &[u8],
        piece: usize,
    ) -> Result<(usize, Option<ProxyHeader>), HeaderFault> {
        let mut parser = HeaderParser::default();
        let mut taken = 0;
        for piece in bytes.chunks(piece.max(1)) {
            let (count, header) = parser.push(piece)?;
            taken += count;
            if header.is_some() {
                return Ok((taken, header));
            }
        }
        Ok((taken, None))
    }

    fn encode_text(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
        let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
        let (ips, ports) = ((source.ip(), destination.ip()), (source.port(), destination.port()));
        format!("PROXY {family} {} {} {} {}\r\n", ips.0, ips.1, ports.0, ports.1).into_bytes()
    }

    fn binary(version_and_command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [BINARY_START.as_slice(), &[version_and_command, family], &length, rest].concat()
    }

    fn encode_binary(source: SocketAddr, destination: SocketAddr, extensions: &[u8]) -> Vec<u8> {
        let octets = |address: SocketAddr| match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        let mut rest = [octets(source), octets(destination)].concat();
        rest.extend(source.port().to_be_bytes());
        rest.extend(destination.port().to_be_bytes());
        rest.extend(extensions);
        binary(0x21, if source.is_ipv4() { 0x11 } else { 0x21 }, &rest)
    }

    fn header(text: &str) -> Result<Option<ProxyHeader>, HeaderFault> {
        parse(text.as_bytes()).map(|(_, header)| header)
    }

    #[test]
    fn a_text_header_names_both_addresses() {
        let source = "192.0.2.7:51000".parse().unwrap();
        let destination = "198.51.100.1:25".parse().unwrap();
        let expected = Ok(Some(ProxyHeader::Proxied { source, destination }));
        assert_eq!(header("PROXY TCP4 192.0.2.7 198.51.100.1 51000 25\r\n"), expected);
        // A dual-stack balancer writes IPv4 so.
        let mapped = "PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 51000 25\r\n";
        assert_eq!(header(mapped), expected);
        for unknown in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 x 1 99999\r\n"] {
            assert_eq!(header(unknown), Ok(Some(ProxyHeader::Unknown)), "{unknown}");
        }
    }

    #[test]
    fn what_follows_the_header_is_left_to_the_device() {
        for (bytes, length) in [
            (b"PROXY UNKNOWN\r\nPROXY UNKNOWN\r\nEHLO x\r\n".to_vec(), 15),
            ([LOCAL_HEADER.as_slice(), &LOCAL_HEADER].concat(), 16),
        ] {
            assert_eq!(parse(&bytes).unwrap().0, length);
        }
    }

    #[test]
    fn a_header_that_is_not_valid_is_refused() {
        use HeaderFault::{Malformed, Missing, TooLong, Unsupported};
        for (text, fault) in [
            ("EHLO camera\r\n", Missing),
            ("PROXYTCP4 1.2.3.4 5.6.7.8 1 2\r\n", Missing),
            ("POST / HTTP/1.1\r\n", Missing),
            ("\r\nEHLO\r\n", Missing),
            ("\x16\x03\x01", Missing),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", Malformed),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", Malformed),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", Malformed),
            ("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", Malformed),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", Malformed),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", Malformed),
            ("PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n", Malformed),
            ("PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", Malformed),
            ("PROXY TCP4 ::1 ::2 1 2\r\n", Malformed),
            ("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", Malformed),
            ("PROXY TCP4 cam.lan 5.6.7.8 1 2\r\n", Malformed),
            ("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", Unsupported),
            ("PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", Unsupported),
            ("PROXY \r\n", Unsupported),
            (&format!("PROXY UNKNOWN {}\r\n", "x".repeat(92)), TooLong),
        ] {
            assert_eq!(header(text), Err(fault), "{text:?}");
        }
        let just_fits = format!("PROXY UNKNOWN {}\r\n", "x".repeat(TEXT_BYTES_MAX - 16));
        assert_eq!(just_fits.len(), TEXT_BYTES_MAX);
        assert_eq!(header(&just_fits), Ok(Some(ProxyHeader::Unknown)));
        assert!(parse(b"PROXY \xff\r\n").is_err());
    }

    #[test]
    fn a_binary_header_is_taken_by_command_and_family() {
        let v4 = [192, 0, 2, 7, 198, 51, 100, 1, 0xc7, 0x38, 0, 25];
        let found = |version_and_command, family, rest: &[u8]| {
            parse(&binary(version_and_command, family, rest)).map(|(_, header)| header)
        };
        let proxied = ProxyHeader::Proxied {
            source: "192.0.2.7:51000".parse().unwrap(),
            destination: "198.51.100.1:25".parse().unwrap(),
        };
        assert_eq!(found(0x21, 0x11, &v4), Ok(Some(proxied)));
        assert_eq!(found(0x20, 0x11, &v4), Ok(Some(ProxyHeader::Local)));
        assert_eq!(found(0x20, 0x00, &[]), Ok(Some(ProxyHeader::Local)));
        assert_eq!(found(0x20, 0xff, &[1]), Ok(Some(ProxyHeader::Local)));
        assert_eq!(found(0x21, 0x00, &[]), Ok(Some(ProxyHeader::Unknown)));
        assert_eq!(found(0x21, 0x31, &[b'/'; 216]), Ok(Some(ProxyHeader::Unknown)));
        for (version_and_command, family, rest, fault) in [
            (0x11, 0x11, &v4[..], HeaderFault::Unsupported),
            (0x22, 0x11, &v4, HeaderFault::Unsupported),
            (0x21, 0x12, &v4, HeaderFault::Unsupported),
            (0x21, 0x11, &v4[..11], HeaderFault::Malformed),
            (0x21, 0x21, &v4, HeaderFault::Malformed),
            (0x21, 0x11, &[0; REST_BYTES_MAX + 1], HeaderFault::TooLong),
        ] {
            assert_eq!(found(version_and_command, family, rest), Err(fault), "{rest:?}");
        }
        // A header that is too long is refused by its length, before its content comes.
        let announced = [BINARY_START.as_slice(), &[0x21, 0x11, 0xff, 0xff]].concat();
        assert_eq!(parse(&announced), Err(HeaderFault::TooLong));
        let longest = binary(0x21, 0x11, &[v4.as_slice(), &[0; REST_BYTES_MAX - 12]].concat());
        assert_eq!(parse(&longest), Ok((longest.len(), Some(proxied))));
        assert_eq!(parse(&longest[..longest.len() - 1]).unwrap().1, None);
    }

    #[test]
    fn the_beginning_of_a_header_is_recognised() {
        assert!(begins(b"PROXY TCP4 ") && begins(&LOCAL_HEADER));
        assert!(!begins(b"PROXY") && !begins(b"\r\n\r\n") && !begins(b"PROPFIND / "));
    }

    fn addresses() -> impl Strategy<Value = (SocketAddr, SocketAddr)> {
        let v4 = any::<(Ipv4Addr, u16)>().prop_map(SocketAddr::from);
        // A mapped address comes back as IPv4.
        let v6 = any::<(Ipv6Addr, u16)>()
            .prop_filter("mapped", |(ip, _)| ip.to_ipv4_mapped().is_none())
            .prop_map(SocketAddr::from);
        prop_oneof![(v4.clone(), v4), (v6.clone(), v6)]
    }

    /// Bytes that are close to a header.
    fn nearly_a_header() -> impl Strategy<Value = Vec<u8>> {
        let valid = (addresses(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..80))
            .prop_map(|((source, destination), is_text, extensions)| match is_text {
                true => encode_text(source, destination),
                false => encode_binary(source, destination, &extensions),
            });
        let changed = (valid, any::<prop::sample::Index>(), any::<u8>(), any::<bool>()).prop_map(
            |(mut bytes, at, byte, cut)| {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                if cut {
                    bytes.truncate(at);
                }
                bytes
            },
        );
        prop_oneof![changed, proptest::collection::vec(any::<u8>(), 0..200)]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            (source, destination) in addresses(),
            extensions in proptest::collection::vec(any::<u8>(), 0..300),
            after in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            for header in
                [encode_text(source, destination), encode_binary(source, destination, &extensions)]
            {
                let bytes = [header.as_slice(), &after].concat();
                let expected = Some(ProxyHeader::Proxied { source, destination });
                prop_assert_eq!(parse(&bytes), Ok((header.len(), expected)));
            }
        }

        #[test]
        fn any_cut_of_the_input_gives_the_same_result(bytes in nearly_a_header(), piece in 1usize..40) {
            prop_assert_eq!(parse_in_pieces(&bytes, piece), parse(&bytes));
            prop_assert_eq!(parse_in_pieces(&bytes, 1), parse(&bytes));
        }

        #[test]
        fn the_parser_holds_little(bytes in proptest::collection::vec(any::<u8>(), 0..5_000)) {
            let mut parser = HeaderParser::default();
            let rest = binary(0x21, 0x11, &bytes[..bytes.len().min(REST_BYTES_MAX)]);
            let _ = parser.push(&rest);
            prop_assert!(parser.bytes.len() <= TEXT_BYTES_MAX.max(FIXED_BYTES + IPV6_BYTES));
        }
    }
}
