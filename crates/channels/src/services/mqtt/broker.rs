//! A connection to a broker (MQTT 3.1.1), over `rumqttc`, and what its errors mean. A connection that
//! fails is replaced by a new one: `rumqttc` could reconnect by itself, but would send again what was
//! waiting, although dispatch retries it already.

use std::fmt;
use std::time::Duration;

use reqwest::Url;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, LastWill, MqttOptions, NetworkOptions,
    Packet, StateError, TlsConfiguration, TlsError, Transport,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tipoff_model::{Scope, Verdict};
use tokio::time::timeout;

use super::publisher::{self, EventPump, Publisher};
use crate::http::{self, CONNECT_TIME, REPAIR_PAUSE, Secrets};
use crate::tls::certificate_error;
use crate::words::{self, EXCERPT_UTF16_MAX};

/// The port of MQTT (IANA).
const PORT: u16 = 1883;
/// The port of MQTT over TLS (IANA).
const TLS_PORT: u16 = 8883;
/// Idle time before a ping, in seconds.
const KEEP_ALIVE_S: u16 = 30;
/// Size limit of a received packet, in bytes. Requests hold the name of a mode only.
const INCOMING_BYTES_MAX: usize = 256 * 1024;
/// What a packet may hold besides a picture: an event with all that is in it.
const EVENT_BYTES_MAX: u64 = 1 << 20;
/// How many packets wait to be sent.
const WAITING_MAX: usize = 16;

/// How a broker is reached.
pub(super) struct Broker {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// `None` for a connection without TLS.
    tls: Option<Trust>,
    /// User and password.
    pub(super) login: Option<(String, String)>,
    /// Size limit of a published picture. 0 for no pictures.
    pub(super) picture_bytes_max: u64,
    /// The password.
    pub(super) secrets: Secrets,
    /// Time limit of an operation, without the time that its bytes need.
    pub(super) time: Duration,
}

/// Whose certificates are trusted.
enum Trust {
    /// Those of the authorities that the system trusts.
    System,
    /// Only those of this authority, in PEM.
    Authority(Vec<u8>),
}

/// Why there is no connection. In plain words, without secrets.
#[derive(Debug)]
pub(super) struct MqttFailure {
    /// What happened, and what the owner can do.
    pub(super) error: String,
    /// Decides when to retry.
    cause: Cause,
}

/// The kind of a failure, which decides when to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Somebody has to change the settings.
    Settings,
    /// The broker answered, and does not accept us now.
    Refused,
    /// The broker cannot be reached, or does not answer.
    Unreachable,
}

impl From<MqttFailure> for Verdict {
    fn from(trouble: MqttFailure) -> Self {
        let (scope, after) = match trouble.cause {
            Cause::Settings => (Scope::Channel, Some(REPAIR_PAUSE)),
            Cause::Refused => (Scope::Channel, None),
            Cause::Unreachable => (Scope::Unreachable, None),
        };
        Self::Retry { scope, after, error: trouble.error }
    }
}

impl Broker {
    /// Reads the configured address, and the authority's certificate in PEM.
    ///
    /// # Errors
    /// The key of the wrong setting, and what is wrong with it.
    pub(super) fn new(server: &str, ca: Option<&str>) -> Result<Self, (&'static str, String)> {
        let form = || ("server", "must be mqtt://host:1883 or mqtts://host:8883".to_owned());
        let url = Url::parse(server).map_err(|_| form())?;
        if !url.username().is_empty() || url.password().is_some() {
            let fault = "has a login in it: set `user` and `password` instead";
            return Err(("server", fault.to_owned()));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(form());
        }
        let (port, tls) = match url.scheme() {
            "mqtt" => (PORT, None),
            "mqtts" => (TLS_PORT, Some(Trust::System)),
            _ => return Err(form()),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(form());
        }
        let tls = match (tls, ca) {
            (tls, None) => tls,
            (Some(_), Some(pem)) => Some(Trust::Authority(authority(pem)?)),
            (None, Some(_)) => {
                return Err(("ca", "is of no use without mqtts:// in `server`".to_owned()));
            }
        };
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(port),
            tls,
            login: None,
            picture_bytes_max: 0,
            secrets: Secrets::default(),
            time: Duration::ZERO,
        })
    }

    /// Time limit for an operation that sends this many bytes.
    pub(super) fn time_for(&self, bytes: u64) -> Duration {
        self.time.saturating_add(http::upload_time(bytes))
    }

    /// Connects and logs in. The broker publishes the `will` when the connection breaks (section 3.1.2.5).
    pub(super) async fn connect(
        &self,
        will: Option<LastWill>,
    ) -> Result<(Publisher, EventPump), MqttFailure> {
        let (line, mut wire) = self.unconnected(will)?;
        let connecting = async {
            loop {
                match wire.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(self.trouble(&error)),
                }
            }
        };
        let time = self.time.min(CONNECT_TIME);
        timeout(time, connecting).await.unwrap_or_else(|_| Err(self.no_connection(time)))?;
        Ok((line, wire))
    }

    /// A client that has not connected yet: it connects when its event loop is polled.
    fn unconnected(&self, will: Option<LastWill>) -> Result<(Publisher, EventPump), MqttFailure> {
        let options = self.options(will).map_err(|error| self.trouble(&error.into()))?;
        let built = AsyncClient::builder(options).capacity(WAITING_MAX).try_build();
        let (client, mut events) = built.map_err(|error| MqttFailure {
            error: format!("no connection can be made: {error}"),
            cause: Cause::Settings,
        })?;
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        // `rumqttc` uses this limit also for writing a packet, such as a large picture.
        let flush = self.time_for(self.picture_bytes_max).as_secs().saturating_add(1);
        network.set_connection_timeout(flush);
        events.set_network_options(network);
        Ok(publisher::halves(client, events))
    }

    /// The options of a connection: login, size limits, last will and TLS.
    fn options(&self, will: Option<LastWill>) -> Result<MqttOptions, TlsError> {
        let mut options = MqttOptions::new(client_id(), (self.host.as_str(), self.port));
        let outgoing = self.picture_bytes_max.saturating_add(EVENT_BYTES_MAX);
        let outgoing = usize::try_from(outgoing).unwrap_or(usize::MAX);
        options.set_keep_alive(KEEP_ALIVE_S).set_max_packet_size(INCOMING_BYTES_MAX, outgoing);
        if let Some((user, password)) = &self.login {
            options.set_credentials(user.clone(), password.clone());
        }
        if let Some(will) = will {
            options.set_last_will(will);
        }
        match &self.tls {
            None => {}
            Some(Trust::System) => {
                options.set_transport(Transport::try_tls_with_default_config()?);
            }
            Some(Trust::Authority(pem)) => {
                let (ca, alpn, client_auth) = (pem.clone(), None, None);
                let tls = TlsConfiguration::Simple { ca, alpn, client_auth };
                options.set_transport(Transport::tls_with_config(tls));
            }
        }
        Ok(options)
    }

    /// The failure that an error of `rumqttc` means for the channel.
    pub(super) fn trouble(&self, error: &ConnectionError) -> MqttFailure {
        let said = self.secrets.excerpt(&http::innermost(error));
        let (error, cause) = match error {
            ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
            ) => {
                (format!("{self} refuses the login: check `user` and `password`"), Cause::Settings)
            }
            ConnectionError::ConnectionRefused(code) => {
                (format!("{self} refuses the connection ({code:?})"), Cause::Refused)
            }
            ConnectionError::Tls(fault) => (self.tls_failure(fault, &said), Cause::Unreachable),
            ConnectionError::Io(_) => {
                (format!("{self} cannot be reached: {said}"), Cause::Unreachable)
            }
            ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => return self.late(),
            ConnectionError::MqttState(StateError::ConnectionAborted) => {
                (format!("{self} closed the connection"), Cause::Unreachable)
            }
            _ => (format!("the connection to {self} failed: {said}"), Cause::Unreachable),
        };
        MqttFailure { error, cause }
    }

    /// The error text for a failed TLS handshake. Most often the certificate is the owner's own.
    fn tls_failure(&self, error: &TlsError, said: &str) -> String {
        match certificate_error(error) {
            Some(why) => {
                let why = words::excerpt(&why.to_string(), EXCERPT_UTF16_MAX);
                format!(
                    "the certificate of {self} is not trusted ({why}): set its authority in `ca`, and \
                     the name that it was made out to in `server`"
                )
            }
            None => format!("no TLS with {self}, is this its port for mqtts? ({said})"),
        }
    }

    /// The connection was not established in time.
    fn no_connection(&self, time: Duration) -> MqttFailure {
        let error = format!("{self} did not answer within {} s", time.as_secs());
        MqttFailure { error, cause: Cause::Unreachable }
    }

    /// The broker did not acknowledge in time.
    pub(super) fn late(&self) -> MqttFailure {
        let error = format!("{self} did not answer within {} s", self.time.as_secs());
        MqttFailure { error, cause: Cause::Unreachable }
    }

    /// The connection ended before an acknowledgement.
    pub(super) fn broken(&self) -> MqttFailure {
        let error = format!("the connection to {self} broke before it had acknowledged");
        MqttFailure { error, cause: Cause::Unreachable }
    }
}

/// Host and port, for error texts and the log. Never the login.
impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// A client identifier that is different for every connection: a broker ends the older one of two
/// connections with the same identifier. It has the form that every broker has to accept: up to 23 letters
/// and digits (section 3.1.3.1).
fn client_id() -> String {
    let mut random = [0; 8];
    // Without randomness the identifier is the same for all, and still works for one connection.
    let _ = getrandom::fill(&mut random);
    format!("tipoff{:016x}", u64::from_ne_bytes(random))
}

/// The PEM text of an authority, if it contains a certificate.
fn authority(pem: &str) -> Result<Vec<u8>, (&'static str, String)> {
    let fault = |why: &str| ("ca", format!("{why}: it must be the PEM text of a certificate"));
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| fault("cannot be read"))?;
        roots.add(certificate).map_err(|_| fault("has no authority's certificate"))?;
    }
    if roots.is_empty() {
        return Err(fault("has no certificate in it"));
    }
    Ok(pem.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::publisher::ConnectionLost;
    use super::*;

    #[tokio::test]
    async fn a_publication_fails_at_once_when_nobody_runs_the_connection() {
        let broker = Broker::new("mqtt://127.0.0.1:9", None).unwrap();
        let (line, wire) = broker.unconnected(None).unwrap();
        let publishing = line.publish("tipoff/status", true, b"online".to_vec());
        let going = async {
            tokio::task::yield_now().await;
            drop(wire);
        };
        let both = async { tokio::join!(biased; publishing, going).0 };
        let told = timeout(Duration::from_secs(20), both).await;
        assert!(matches!(told, Ok(Err(ConnectionLost))), "{told:?}");
        let told = timeout(Duration::from_secs(20), line.subscribe("x")).await;
        assert!(matches!(told, Ok(Err(ConnectionLost))), "{told:?}");
    }
}
