//! Finding cameras in the local network: WS-Discovery for ONVIF, and SADP for Hikvision and its OEMs. Datagrams come from
//! anybody: they are bounded, and nothing in them is believed but what it is shown as.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use tipoff_model::percent_decoded;

use crate::address::repaired;
use crate::request::uuid;
use crate::xml::Element;

/// Where a probe of WS-Discovery goes.
pub const WS_DISCOVERY: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 3_702);
/// Where a probe of SADP goes.
pub const SADP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 37_020);

/// Size of a datagram in bytes that is read.
pub const DATAGRAM_BYTES_MAX: usize = 64 << 10;
/// Cameras of one datagram that are read: a recorder may answer for its cameras.
const MATCHES_MAX: usize = 16;
/// Addresses and scopes of a camera that are read.
const WORDS_MAX: usize = 64;
/// Bytes of a name or a number that are kept.
const VALUE_BYTES_MAX: usize = 128;

/// The probe of WS-Discovery (version of April 2005, which ONVIF uses). `random` makes its identifier.
pub fn ws_discovery_probe(random: [u8; 16]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" \
         xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\"><s:Header>\
         <a:Action s:mustUnderstand=\"1\">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>\
         <a:MessageID>uuid:{}</a:MessageID>\
         <a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>\
         <a:To s:mustUnderstand=\"1\">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>\
         <s:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>",
        uuid(random)
    )
}

/// A camera that answered a probe of WS-Discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundCamera {
    /// The address that stays the same, such as `urn:uuid:…`: one camera may answer several times.
    pub endpoint: String,
    /// The addresses of its device service, repaired to the host that the datagram came from.
    pub addresses: Vec<String>,
    /// Its name, often the vendor's.
    pub name: Option<String>,
    /// Its model.
    pub hardware: Option<String>,
    /// Where it is, in its owner's words.
    pub location: Option<String>,
    /// Its MAC address, if it says it.
    pub mac: Option<String>,
}

/// The cameras in a datagram that came from `sender`; none if it is no answer to a probe.
pub fn probe_matches(datagram: &[u8], sender: IpAddr) -> Vec<FoundCamera> {
    let Ok(root) = Element::parse(datagram.get(..DATAGRAM_BYTES_MAX).unwrap_or(datagram)) else {
        return Vec::new();
    };
    let Some(matches) = root.at(&["Body", "ProbeMatches"]) else { return Vec::new() };
    matches.all("ProbeMatch").take(MATCHES_MAX).map(|it| found_camera(it, sender)).collect()
}

fn found_camera(found: &Element, sender: IpAddr) -> FoundCamera {
    let base = match sender {
        IpAddr::V4(address) => format!("http://{address}/"),
        IpAddr::V6(address) => format!("http://[{address}]/"),
    };
    let words = |name: &str| {
        let text = found.text_at(&[name]).unwrap_or_default();
        text.split_whitespace().take(WORDS_MAX).collect::<Vec<_>>()
    };
    let mut addresses: Vec<String> = Vec::new();
    for address in words("XAddrs").into_iter().filter_map(|it| repaired(it, &base)) {
        if address.starts_with("http") && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let scopes = words("Scopes");
    let scope = |name: &str| {
        let prefix = format!("://www.onvif.org/{name}/");
        let value = scopes.iter().find_map(|scope| Some(scope.split_once(&prefix)?.1))?;
        value_of(&String::from_utf8_lossy(&percent_decoded(value.as_bytes())))
    };
    FoundCamera {
        endpoint: value_of(found.text_at(&["EndpointReference", "Address"]).unwrap_or_default())
            .unwrap_or_default(),
        addresses,
        name: scope("name"),
        hardware: scope("hardware"),
        location: scope("location"),
        mac: scope("MAC").or_else(|| scope("mac")),
    }
}

/// A text without control characters and not too long; `None` if nothing is left.
fn value_of(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    let text = text.trim();
    let end = text.floor_char_boundary(VALUE_BYTES_MAX);
    text.get(..end).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The probe of SADP. `random` makes its identifier.
pub fn sadp_probe(random: [u8; 16]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Probe><Uuid>{}</Uuid><Types>inquiry</Types></Probe>",
        uuid(random).to_uppercase()
    )
}

/// A camera that answered a probe of SADP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SadpCamera {
    /// Its address. It may lie in another network than ours, as with a camera fresh from the box.
    pub address: Ipv4Addr,
    /// The port of its HTTP server.
    pub http_port: u16,
    /// Its model.
    pub model: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its MAC address, with colons.
    pub mac: Option<String>,
    /// The version of its firmware.
    pub firmware: Option<String>,
    /// Whether it has a password already; `None` if it does not say. One that is not activated takes no login.
    pub is_activated: Option<bool>,
}

/// The camera in a datagram; `None` if it is no answer to a probe.
pub fn sadp_answer(datagram: &[u8]) -> Option<SadpCamera> {
    let root = Element::parse(datagram.get(..DATAGRAM_BYTES_MAX).unwrap_or(datagram)).ok()?;
    if !root.local_name().eq_ignore_ascii_case("ProbeMatch") {
        return None;
    }
    let text = |name: &str| root.text_at(&[name]).and_then(value_of);
    Some(SadpCamera {
        address: text("IPv4Address")?.parse().ok()?,
        http_port: text("HttpPort").and_then(|port| port.parse().ok()).unwrap_or(80),
        model: text("DeviceDescription"),
        serial: text("DeviceSN"),
        mac: text("MAC").map(|mac| mac.replace('-', ":").to_lowercase()),
        firmware: text("SoftwareVersion"),
        is_activated: text("Activated").and_then(|it| it.to_lowercase().parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 64));

    fn answer(matches: &str) -> Vec<u8> {
        format!(
            "<?xml version=\"1.0\"?><SOAP-ENV:Envelope><SOAP-ENV:Header/><SOAP-ENV:Body><wsdd:ProbeMatches>{matches}\
             </wsdd:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>"
        )
        .into_bytes()
    }

    #[test]
    fn a_probe_asks_for_cameras() {
        let root = Element::parse(ws_discovery_probe([3; 16]).as_bytes()).unwrap();
        assert_eq!(root.text_at(&["Body", "Probe", "Types"]), Some("dn:NetworkVideoTransmitter"));
        let id = root.text_at(&["Header", "MessageID"]);
        assert_eq!(id, Some("uuid:03030303-0303-4303-8303-030303030303"));
        let root = Element::parse(sadp_probe([0xab; 16]).as_bytes()).unwrap();
        assert_eq!(root.text_at(&["Uuid"]), Some("ABABABAB-ABAB-4BAB-ABAB-ABABABABABAB"));
        assert_eq!(root.text_at(&["Types"]), Some("inquiry"));
    }

    #[test]
    fn an_answer_has_addresses_and_words() {
        let found = answer(
            "<wsdd:ProbeMatch><wsa:EndpointReference><wsa:Address>urn:uuid:1</wsa:Address></wsa:EndpointReference>\
             <wsdd:Types>dn:NetworkVideoTransmitter tds:Device</wsdd:Types><wsdd:Scopes>onvif://www.onvif.org/type/video_encoder \
             onvif://www.onvif.org/name/HIKVISION%20DS-2CD onvif://www.onvif.org/hardware/DS-2CD2386G2-IU \
             onvif://www.onvif.org/MAC/14:92:3c:4f:f8:42 onvif://www.onvif.org/location/city/hangzhou\n</wsdd:Scopes>\
             <wsdd:XAddrs>http://192.168.1.64/onvif/device_service http://[fe80::1]/onvif/device_service \
             http://192.168.1.64:8000/x ftp://a/b</wsdd:XAddrs></wsdd:ProbeMatch>",
        );
        let cameras = probe_matches(&found, SENDER);
        let expected = FoundCamera {
            endpoint: "urn:uuid:1".to_owned(),
            addresses: vec![
                "http://192.168.1.64/onvif/device_service".to_owned(),
                "http://192.168.1.64:8000/x".to_owned(),
            ],
            name: Some("HIKVISION DS-2CD".to_owned()),
            hardware: Some("DS-2CD2386G2-IU".to_owned()),
            location: Some("city/hangzhou".to_owned()),
            mac: Some("14:92:3c:4f:f8:42".to_owned()),
        };
        assert_eq!(cameras, [expected]);
    }

    #[test]
    fn hostile_answers_are_bounded() {
        let one = format!(
            "<ProbeMatch><Scopes>onvif://www.onvif.org/name/a%0d%0ab{}</Scopes><XAddrs>{}</XAddrs></ProbeMatch>",
            "x".repeat(500),
            (0..200).map(|it| format!("http://a/{it} ")).collect::<String>(),
        );
        let cameras = probe_matches(&answer(&one.repeat(20)), SENDER);
        assert_eq!(cameras.len(), MATCHES_MAX);
        assert_eq!(cameras[0].addresses.len(), WORDS_MAX);
        let name = cameras[0].name.as_deref().unwrap();
        assert!(name.len() == VALUE_BYTES_MAX && name.starts_with("abx"));
        for none in [&b""[..], b"\0\xff", b"<a/>", ws_discovery_probe([0; 16]).as_bytes()] {
            assert!(probe_matches(none, SENDER).is_empty() && sadp_answer(none).is_none());
        }
    }

    #[test]
    fn an_answer_of_sadp_says_whether_the_camera_is_activated() {
        let found = |activated: &str, address: &str| {
            sadp_answer(
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ProbeMatch>\n<Uuid>1</Uuid>\n<Types>inquiry</Types>\n\
                     <DeviceDescription>DS-2CD2386G2-IU</DeviceDescription>\n<DeviceSN>DS-1</DeviceSN>\n<HttpPort>8080</HttpPort>\n\
                     <MAC>14-92-3C-4f-f8-42</MAC>\n<IPv4Address>{address}</IPv4Address>\n\
                     <SoftwareVersion>V5.7.14build 231028</SoftwareVersion>\n{activated}</ProbeMatch>\n"
                )
                .as_bytes(),
            )
        };
        let camera = found("<Activated>false</Activated>", "192.168.1.64").unwrap();
        assert_eq!((camera.is_activated, camera.http_port), (Some(false), 8_080));
        assert_eq!(camera.mac.as_deref(), Some("14:92:3c:4f:f8:42"));
        assert_eq!(camera.model.as_deref(), Some("DS-2CD2386G2-IU"));
        assert_eq!(camera.serial.as_deref(), Some("DS-1"));
        assert_eq!(
            found("<Activated>True</Activated>", "1.2.3.4").unwrap().is_activated,
            Some(true)
        );
        assert_eq!(found("", "1.2.3.4").unwrap().is_activated, None);
        assert_eq!(found("", "1.2.3.400"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_datagram_is_read_or_nothing(text in "(<(Envelope|Body|ProbeMatches|ProbeMatch|Scopes|XAddrs|IPv4Address)>|</a>|http://[a-z:@]{0,5}|onvif://www.onvif.org/name/%[0-9a]{0,2}| |é){0,30}") {
            for camera in probe_matches(text.as_bytes(), SENDER) {
                for address in camera.addresses {
                    proptest::prop_assert!(address.contains("://192.168.1.64"), "{address}");
                }
            }
            let _ = sadp_answer(text.as_bytes());
        }
    }
}
