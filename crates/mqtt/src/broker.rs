//! A broker and how it is reached.

use std::fmt;
use std::time::Duration;

use rumqttc::{
    AckMode, AsyncClient, MqttOptions, NetworkOptions, TlsConfiguration, TlsError, Transport,
};
use tokio::time::timeout;
use url::Url;

use crate::subscription::Subscription;
use crate::{ErrorKind, MqttError, TopicFilter};

/// The port of MQTT (IANA).
const PORT: u16 = 1883;
/// The port of MQTT over TLS (IANA).
const TLS_PORT: u16 = 8883;
/// Idle time before a ping, in seconds.
const KEEP_ALIVE_S: u16 = 30;
/// Longest time until the broker has answered CONNECT and SUBSCRIBE.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Largest packet that is received, in bytes: a payload of 20 MB and its topic.
const INCOMING_BYTES_MAX: usize = 20_000_000 + 70_000;
/// Largest packet that is sent, in bytes: SUBSCRIBE.
const OUTGOING_BYTES_MAX: usize = 1 << 20;
/// Requests that wait to be sent. Each message is acknowledged once, so this many may wait for that.
const REQUESTS_MAX: usize = 1024;

/// Where a broker is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerAddress {
    /// Without the brackets of an IPv6 address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub is_tls: bool,
}

impl BrokerAddress {
    /// Reads `mqtt://HOST:PORT` or `mqtts://HOST:PORT`.
    ///
    /// # Errors
    /// Why it is none, for the owner.
    pub fn new(text: &str) -> Result<Self, String> {
        let form = || "must be mqtt://host:1883 or mqtts://host:8883".to_owned();
        let url = Url::parse(text).map_err(|_| form())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("has a login in it: set `user` and `password` instead".to_owned());
        }
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none();
        let (port, is_tls) = match url.scheme() {
            "mqtt" => (PORT, false),
            "mqtts" => (TLS_PORT, true),
            _ => return Err(form()),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        match is_bare && url.fragment().is_none() && !host.is_empty() {
            true => Ok(Self { host, port: url.port().unwrap_or(port), is_tls }),
            false => Err(form()),
        }
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(formatter, "[{}]:{}", self.host, self.port),
            false => write!(formatter, "{}:{}", self.host, self.port),
        }
    }
}

/// A broker.
#[derive(Clone, PartialEq, Eq)]
pub struct Broker {
    /// Where it is.
    pub address: BrokerAddress,
    /// User and password.
    pub login: Option<(String, String)>,
    /// The authority whose certificates are trusted, in PEM; `None` for those of the system.
    pub authority: Option<String>,
    /// The name of this client. The broker keeps its messages under it, and ends an older connection of this name.
    pub client_id: String,
}

impl fmt::Debug for Broker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.login.as_ref().map(|(user, _)| user);
        let mut shown = formatter.debug_struct("Broker");
        shown.field("address", &self.address).field("user", &user);
        shown.field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Broker {
    /// Connects, and subscribes to these topics with QoS 1. The session at the broker is kept: what came since the last
    /// connection comes first.
    ///
    /// # Errors
    /// There is no connection.
    pub async fn connect(&self, topics: &[TopicFilter]) -> Result<Subscription, MqttError> {
        self.open(topics, true).await
    }

    /// Has the broker discard the session with everything that it keeps.
    ///
    /// # Errors
    /// There is no connection.
    pub async fn forget(&self) -> Result<(), MqttError> {
        self.open(&[], false).await.map(drop)
    }

    async fn open(
        &self,
        topics: &[TopicFilter],
        keeps_session: bool,
    ) -> Result<Subscription, MqttError> {
        let name = self.address.to_string();
        let failed = |text: String| MqttError::new(ErrorKind::Refused, text);
        let options = self
            .options(keeps_session)
            .map_err(|error| failed(format!("no TLS with {name}: {error}")))?;
        let built = AsyncClient::builder(options).capacity(REQUESTS_MAX).try_build();
        let (client, mut events) =
            built.map_err(|error| failed(format!("no connection can be made: {error}")))?;
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(CONNECT_TIME.as_secs());
        events.set_network_options(network);
        let connecting = Subscription::begin(name.clone(), client, events, topics);
        timeout(CONNECT_TIME, connecting).await.unwrap_or_else(|_| {
            let text = format!("{name} did not answer within {} s", CONNECT_TIME.as_secs());
            Err(MqttError::new(ErrorKind::Unreachable, text))
        })
    }

    fn options(&self, keeps_session: bool) -> Result<MqttOptions, TlsError> {
        let BrokerAddress { host, port, is_tls } = &self.address;
        let mut options = MqttOptions::new(self.client_id.clone(), (host.as_str(), *port));
        options.set_keep_alive(KEEP_ALIVE_S);
        options.set_max_packet_size(INCOMING_BYTES_MAX, OUTGOING_BYTES_MAX);
        options.set_ack_mode(AckMode::Manual);
        // One packet at a time: more would wait in memory.
        options.set_read_batch_size(1);
        // Fails only without a name: then no session is kept.
        let _ = options.try_set_clean_session(!keeps_session);
        if let Some((user, password)) = &self.login {
            options.set_credentials(user.clone(), password.clone());
        }
        match (is_tls, &self.authority) {
            (false, _) => {}
            (true, None) => {
                options.set_transport(Transport::try_tls_with_default_config()?);
            }
            (true, Some(pem)) => {
                let (ca, alpn, client_auth) = (pem.clone().into_bytes(), None, None);
                let tls = TlsConfiguration::Simple { ca, alpn, client_auth };
                options.set_transport(Transport::tls_with_config(tls));
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_the_usual_port() {
        let shown = |text| BrokerAddress::new(text).map(|it| (it.to_string(), it.is_tls));
        assert_eq!(shown("mqtt://nas"), Ok(("nas:1883".to_owned(), false)));
        assert_eq!(shown("mqtts://nas/"), Ok(("nas:8883".to_owned(), true)));
        assert_eq!(shown("mqtt://[::1]:99"), Ok(("[::1]:99".to_owned(), false)));
        for wrong in
            ["nas", "http://nas", "mqtt://", "mqtt://nas/x", "mqtt://nas?x", "mqtt://u:p@nas"]
        {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
    }
}
