//! Looks for cameras in the local network: WS-Discovery, which ONVIF cameras answer, and SADP of Hikvision. Datagrams come
//! from anybody; they are read by `tipoff_onvif`, bounded, and an address in them is only shown, not asked.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tipoff_onvif::discovery::{
    DATAGRAM_BYTES_MAX, SADP, WS_DISCOVERY, probe_matches, sadp_answer, sadp_probe,
    ws_discovery_probe,
};
use tokio::net::UdpSocket;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::asking::random;

/// How long answers are waited for: cameras delay theirs by up to half a second.
const TIME: Duration = Duration::from_secs(2);
/// The pause between two searches: all cameras answer each.
const PAUSE: Duration = Duration::from_secs(5);
/// Cameras that are shown.
const CAMERAS_MAX: usize = 256;
/// Datagrams that are read in one search.
const DATAGRAMS_MAX: usize = 2_048;

/// A camera in the local network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CameraInNetwork {
    /// Its address, with the port if it is not 80.
    pub(crate) address: String,
    pub(crate) model: Option<String>,
    pub(crate) name: Option<String>,
    /// Whether it has no password yet, and so takes no login.
    pub(crate) is_new: bool,
}

/// Looks for cameras, one search at a time. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct CameraSearch(Arc<Mutex<Option<Instant>>>);

impl CameraSearch {
    /// The cameras that answer; `None` if the latest search is not over, or was a moment ago.
    ///
    /// # Errors
    /// The system lets no datagrams out.
    pub(crate) async fn search(&self) -> io::Result<Option<Vec<CameraInNetwork>>> {
        let Ok(mut latest) = self.0.try_lock() else { return Ok(None) };
        if latest.is_some_and(|latest| latest.elapsed() < PAUSE) {
            return Ok(None);
        }
        let found = search_at(WS_DISCOVERY.into(), SADP.into(), TIME).await;
        *latest = Some(Instant::now());
        found.map(Some)
    }
}

/// Sends the probes to these addresses, and reads answers for some time.
async fn search_at(
    ws_discovery: SocketAddr,
    sadp: SocketAddr,
    time: Duration,
) -> io::Result<Vec<CameraInNetwork>> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    let of_sadp = sadp_socket().await?;
    let sent = socket.send_to(ws_discovery_probe(random()).as_bytes(), ws_discovery).await;
    let of_sadp_sent = of_sadp.send_to(sadp_probe(random()).as_bytes(), sadp).await;
    if let (Err(error), Err(_)) = (sent, of_sadp_sent) {
        return Err(error);
    }
    let until = Instant::now() + time;
    let mut found = Found::default();
    let (mut first, mut second) = (vec![0; DATAGRAM_BYTES_MAX], vec![0; DATAGRAM_BYTES_MAX]);
    for _ in 0..DATAGRAMS_MAX {
        let reading = async {
            tokio::select! {
                read = socket.recv_from(&mut first) => read.map(|read| (read, true)),
                read = of_sadp.recv_from(&mut second) => read.map(|read| (read, false)),
            }
        };
        let Ok(read) = timeout_at(until, reading).await else { break };
        // An error is an answer of the network to an earlier datagram, and passes.
        let Ok(((bytes, sender), is_first)) = read else { continue };
        let datagram = if is_first { first.get(..bytes) } else { second.get(..bytes) };
        found.add(datagram.unwrap_or_default(), sender.ip());
    }
    Ok(found.0.into_values().take(CAMERAS_MAX).collect())
}

/// Answers of SADP go to its own port, to all. If another program has the port, only cameras that answer the sender are
/// found.
async fn sadp_socket() -> io::Result<UdpSocket> {
    let own = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, SADP.port())).await;
    match own {
        Ok(socket) => {
            // Without a network that has groups nothing is found.
            let _ = socket.join_multicast_v4(*SADP.ip(), Ipv4Addr::UNSPECIFIED);
            Ok(socket)
        }
        Err(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await,
    }
}

/// The cameras by their addresses.
#[derive(Default)]
struct Found(BTreeMap<String, CameraInNetwork>);

impl Found {
    fn add(&mut self, datagram: &[u8], sender: IpAddr) {
        if let Some(camera) = sadp_answer(datagram) {
            let address = match camera.http_port {
                80 => camera.address.to_string(),
                port => format!("{}:{port}", camera.address),
            };
            let is_new = camera.is_activated == Some(false);
            self.merge(CameraInNetwork { address, model: camera.model, name: None, is_new });
            return;
        }
        for camera in probe_matches(datagram, sender) {
            // The port is that of ONVIF, which may be another one than that of the web page.
            let url = camera.addresses.iter().find_map(|address| Url::parse(address).ok());
            let Some(host) = url.as_ref().and_then(Url::host_str) else { continue };
            let (model, name) = (camera.hardware, camera.name);
            self.merge(CameraInNetwork { address: host.to_owned(), model, name, is_new: false });
        }
    }

    /// What answers both ways is one camera.
    fn merge(&mut self, camera: CameraInNetwork) {
        let host = |address: &str| address.split(':').next().unwrap_or_default().to_owned();
        let key = host(&camera.address);
        if self.0.len() >= CAMERAS_MAX && !self.0.contains_key(&key) {
            return;
        }
        let known = self.0.entry(key).or_default();
        // An address with a port is the one of the web page.
        if camera.address.len() > known.address.len() {
            known.address = camera.address;
        }
        known.model = known.model.take().or(camera.model);
        known.name = known.name.take().or(camera.name);
        known.is_new |= camera.is_new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn onvif(address: &str, hardware: &str) -> String {
        format!(
            "<e:Envelope><e:Body><d:ProbeMatches><d:ProbeMatch><d:Scopes>onvif://www.onvif.org/name/Yard \
             onvif://www.onvif.org/hardware/{hardware}</d:Scopes><d:XAddrs>http://{address}/onvif/device_service</d:XAddrs>\
             </d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"
        )
    }

    fn hikvision(address: &str, port: u16) -> String {
        format!(
            "<ProbeMatch><Types>inquiry</Types><DeviceDescription>DS-2CD</DeviceDescription><HttpPort>{port}</HttpPort>\
             <IPv4Address>{address}</IPv4Address><Activated>false</Activated></ProbeMatch>"
        )
    }

    #[tokio::test]
    async fn cameras_that_answer_are_found_once() {
        let (ws, sadp) = (
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        );
        let at = (ws.local_addr().unwrap(), sadp.local_addr().unwrap());
        let cameras = async move {
            let mut buffer = [0; 4096];
            let (bytes, to) = ws.recv_from(&mut buffer).await.unwrap();
            assert!(String::from_utf8_lossy(&buffer[..bytes]).contains("NetworkVideoTransmitter"));
            for answer in [&*onvif("127.0.0.1:8000", "RLC"), "nonsense", &onvif("127.0.0.1", "X")] {
                ws.send_to(answer.as_bytes(), to).await.unwrap();
            }
            let (bytes, to) = sadp.recv_from(&mut buffer).await.unwrap();
            assert!(String::from_utf8_lossy(&buffer[..bytes]).contains("inquiry"));
            // The model that is told first stays, and these two come by different ways.
            for answer in [hikvision("192.168.1.64", 8080), hikvision("127.0.0.1", 81)] {
                sadp.send_to(answer.as_bytes(), to).await.unwrap();
            }
        };
        let searching = search_at(at.0, at.1, Duration::from_millis(700));
        let (found, ()) = tokio::join!(searching, cameras);
        let camera = |address: &str, model: &str, name: Option<&str>| CameraInNetwork {
            address: address.to_owned(),
            model: Some(model.to_owned()),
            name: name.map(str::to_owned),
            is_new: true,
        };
        let found = found.unwrap();
        let first = camera("127.0.0.1:81", "RLC", Some("Yard"));
        let by_sadp = camera("127.0.0.1:81", "DS-2CD", Some("Yard"));
        assert!(found[0] == first || found[0] == by_sadp, "{found:?}");
        assert_eq!(found[1..], [camera("192.168.1.64:8080", "DS-2CD", None)]);
    }

    #[test]
    fn many_answers_are_bounded() {
        let mut found = Found::default();
        for number in 0..2_000 {
            let address = format!("10.0.{}.{}", number / 250, number % 250);
            found.add(hikvision(&address, 80).as_bytes(), Ipv4Addr::LOCALHOST.into());
        }
        assert_eq!(found.0.len(), CAMERAS_MAX);
    }

    #[tokio::test]
    async fn a_second_search_waits() {
        let search = CameraSearch(Arc::new(Mutex::new(Some(Instant::now()))));
        assert_eq!(search.search().await.unwrap(), None);
    }
}
