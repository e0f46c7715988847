//! A connection to a broker (MQTT 3.1.1), over `rumqttc`, and what its errors mean. A connection that fails is replaced
//! by a new one.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions,
    NetworkOptions, Packet, Publish, PublishOptions, QoS, StateError, SubscribeReasonCode,
    TlsConfiguration, TlsError, Transport,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tipoff_model::{Scope, Verdict};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::http::{self, CONNECT_TIME, REPAIR_PAUSE, Secrets};
use crate::words;

/// The ports that IANA has given to MQTT, and to MQTT over TLS.
const PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;
/// Idle time before a ping, in seconds.
const KEEP_ALIVE_S: u16 = 30;
/// Size limit of a received packet, in bytes. Requests hold the name of a mode only.
const INCOMING_BYTES_MAX: usize = 256 * 1024;
/// What a packet may hold besides a picture: an event with all that is in it.
const EVENT_BYTES_MAX: u64 = 1 << 20;
/// How many packets wait to be sent.
const WAITING_MAX: usize = 16;
/// Time limit for DISCONNECT.
const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// How a broker is reached.
pub(super) struct Broker {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    tls: Option<Trust>,
    pub(super) login: Option<(String, String)>,
    pub(super) picture_bytes_max: u64,
    pub(super) secrets: Secrets,
    /// How long anything may take, besides the time that its bytes need.
    pub(super) time: Duration,
}

/// Whose certificates are taken.
enum Trust {
    /// Those that the system trusts.
    System,
    /// This authority's, in PEM.
    Authority(Vec<u8>),
}

/// Why there is no connection. In plain words, without secrets.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) error: String,
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

impl From<Trouble> for Verdict {
    fn from(trouble: Trouble) -> Self {
        let (scope, after) = match trouble.cause {
            Cause::Settings => (Scope::Channel, Some(REPAIR_PAUSE)),
            Cause::Refused => (Scope::Channel, None),
            Cause::Unreachable => (Scope::Unreachable, None),
        };
        Self::Retry { scope, after, error: trouble.error }
    }
}

/// The connection ended before the broker acknowledged a message.
#[derive(Debug)]
pub(super) struct Broken;

impl Broker {
    /// Of the address that is configured, and the authority's certificate in PEM; or what is wrong with
    /// which of them.
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

    /// How long something of this many bytes may take.
    pub(super) fn time_for(&self, bytes: u64) -> Duration {
        self.time.saturating_add(http::upload_time(bytes))
    }

    /// Connects and logs in. What the `will` says, the broker says when the connection breaks.
    pub(super) async fn connect(&self, will: Option<LastWill>) -> Result<(Line, Wire), Trouble> {
        let (line, mut wire) = self.unconnected(will)?;
        let connecting = async {
            loop {
                match wire.events.poll().await {
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

    fn unconnected(&self, will: Option<LastWill>) -> Result<(Line, Wire), Trouble> {
        let options = self.options(will).map_err(|error| self.trouble(&error.into()))?;
        let built = AsyncClient::builder(options).capacity(WAITING_MAX).try_build();
        let (client, mut events) = built.map_err(|error| Trouble {
            error: format!("no connection can be made: {error}"),
            cause: Cause::Settings,
        })?;
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        // Holds for the writing of a packet, too.
        let flush = self.time_for(self.picture_bytes_max).as_secs().saturating_add(1);
        network.set_connection_timeout(flush);
        events.set_network_options(network);
        let over = Arc::new(watch::Sender::new(false));
        let line = Line { client, given_up: Arc::default(), over: Arc::clone(&over) };
        Ok((line, Wire { events, over }))
    }

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

    /// What an error means.
    pub(super) fn trouble(&self, error: &ConnectionError) -> Trouble {
        let said = self.secrets.hide(&words::excerpt(&http::innermost(error), 200));
        let (error, cause) = match error {
            ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
            ) => {
                (format!("{self} refuses the login: check `user` and `password`"), Cause::Settings)
            }
            ConnectionError::ConnectionRefused(code) => {
                (format!("{self} refuses the connection ({code:?})"), Cause::Refused)
            }
            ConnectionError::Tls(fault) if distrusted(fault).is_some() => (
                format!(
                    "the certificate of {self} is not trusted ({}): set its authority in `ca`, and \
                     the name that it was made out to in `server`",
                    distrusted(fault).unwrap_or_default()
                ),
                Cause::Unreachable,
            ),
            ConnectionError::Tls(_) => (
                format!("no TLS with {self}, is this its port for mqtts? ({said})"),
                Cause::Unreachable,
            ),
            ConnectionError::Io(_) => {
                (format!("{self} cannot be reached: {said}"), Cause::Unreachable)
            }
            ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => return self.late(),
            ConnectionError::MqttState(StateError::ConnectionAborted) => {
                (format!("{self} closed the connection"), Cause::Unreachable)
            }
            _ => (format!("the connection to {self} failed: {said}"), Cause::Unreachable),
        };
        Trouble { error, cause }
    }

    /// No connection came up in time.
    fn no_connection(&self, time: Duration) -> Trouble {
        let error = format!("{self} did not answer within {} s", time.as_secs());
        Trouble { error, cause: Cause::Unreachable }
    }

    /// Nothing came in time.
    pub(super) fn late(&self) -> Trouble {
        let error = format!("{self} did not answer within {} s", self.time.as_secs());
        Trouble { error, cause: Cause::Unreachable }
    }

    /// The connection ended in between.
    pub(super) fn broken(&self) -> Trouble {
        let error = format!("the connection to {self} broke before it had acknowledged");
        Trouble { error, cause: Cause::Unreachable }
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Publishes and subscribes on a connection, from any task.
#[derive(Clone)]
pub(super) struct Line {
    client: AsyncClient,
    given_up: Arc<Notify>,
    /// Whether nobody runs the connection any more. What is left in its queue is not told so.
    over: Arc<watch::Sender<bool>>,
}

impl Line {
    /// Publishes with QoS 1, and waits until the broker has acknowledged it.
    pub(super) async fn publish(
        &self,
        topic: &str,
        retain: bool,
        payload: Vec<u8>,
    ) -> Result<(), Broken> {
        let options = PublishOptions::at_least_once().retain(retain);
        let publishing = async {
            let notice = self.client.publish_tracked(topic, payload, options).await;
            notice.map_err(|_| Broken)?.wait_completion_async().await.map_err(|_| Broken)
        };
        self.unless_over(publishing).await
    }

    /// Subscribes with QoS 1; whether the broker allows it.
    pub(super) async fn subscribe(&self, topic: &str) -> Result<bool, Broken> {
        let subscribing = async {
            let notice = self.client.subscribe_tracked(topic, QoS::AtLeastOnce).await;
            notice.map_err(|_| Broken)?.wait_async().await.map_err(|_| Broken)
        };
        let answer = self.unless_over(subscribing).await?;
        let allowed = |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
        Ok(answer.return_codes.iter().all(allowed))
    }

    async fn unless_over<T>(
        &self,
        doing: impl Future<Output = Result<T, Broken>>,
    ) -> Result<T, Broken> {
        let mut over = self.over.subscribe();
        tokio::select! {
            biased;
            done = doing => done,
            _ = over.wait_for(|over| *over) => Err(Broken),
        }
    }

    /// The broker has stopped answering: whoever keeps the connection is to make a new one.
    pub(super) fn give_up(&self) {
        self.given_up.notify_one();
    }

    /// Waits until somebody has given it up.
    pub(super) async fn given_up(&self) {
        self.given_up.notified().await;
    }
}

/// The connection's event loop. Nothing is sent or received unless [`Self::run`] is polled.
pub(super) struct Wire {
    events: EventLoop,
    over: Arc<watch::Sender<bool>>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.over.send_replace(true);
    }
}

impl Wire {
    /// Runs until the connection ends; why it did.
    pub(super) async fn run(&mut self, mut hear: impl FnMut(&Publish)) -> ConnectionError {
        loop {
            match self.events.poll().await {
                Ok(Event::Incoming(Packet::Publish(publish))) => hear(&publish),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }

    /// Disconnects, so that the broker does not publish the last will.
    pub(super) async fn leave(mut self, line: Line) {
        if line.client.disconnect_now().await.is_ok() {
            let _ = timeout(FAREWELL_TIME, self.run(|_| {})).await;
        }
    }
}

/// Different for every connection: a broker ends the older one of two that are called alike. Of what
/// every broker has to take: MQTT 3.1.1, section 3.1.3.1.
fn client_id() -> String {
    let mut random = [0; 8];
    // Without it the name is the same for all, and still works alone.
    let _ = getrandom::fill(&mut random);
    format!("tipoff{:016x}", u64::from_ne_bytes(random))
}

/// The text of an authority's certificate, if it is one.
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

/// Why a certificate is not trusted, where that is the error.
fn distrusted(error: &TlsError) -> Option<String> {
    let inner = match error {
        TlsError::TLS(error) => Some(error),
        TlsError::Io(error) => innermost(error),
        _ => None,
    };
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => Some(words::excerpt(&why.to_string(), 200)),
        _ => None,
    }
}

fn innermost(error: &io::Error) -> Option<&rustls::Error> {
    let mut inner: Option<&(dyn Error + 'static)> = error.get_ref().map(|error| error as _);
    while let Some(error) = inner {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(error);
        }
        inner = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in the queue of a connection that nobody runs is told nothing by it.
    #[tokio::test]
    async fn whoever_waits_on_a_connection_that_is_gone_is_told_at_once() {
        let broker = Broker::new("mqtt://127.0.0.1:9", None).unwrap();
        let (line, wire) = broker.unconnected(None).unwrap();
        let publishing = line.publish("tipoff/status", true, b"online".to_vec());
        let going = async {
            tokio::task::yield_now().await;
            drop(wire);
        };
        let both = async { tokio::join!(biased; publishing, going).0 };
        let told = timeout(Duration::from_secs(20), both).await;
        assert!(matches!(told, Ok(Err(Broken))), "{told:?}");
        let told = timeout(Duration::from_secs(20), line.subscribe("x")).await;
        assert!(matches!(told, Ok(Err(Broken))), "{told:?}");
    }
}
