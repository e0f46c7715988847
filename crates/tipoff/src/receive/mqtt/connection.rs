//! One broker: a connection that is made again when it breaks, and its messages.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::Protocol;
use tipoff_mqtt::{Broker, ErrorKind, Message, MqttError, Subscription, TopicFilter};
use tipoff_spool::SpoolError;
use tokio::time::{Instant, sleep, timeout};

use super::{BrokerPlan, ConnectionContext};
use crate::receive::alarm::PublishedMessage;
use crate::receive::transcript::{SessionProblem, TranscriptRecorder, grouped};

/// The first pause between two attempts; the pauses grow.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause. With the time of an attempt, a broker that is back is found within 30 s.
const PAUSE_MAX: Duration = Duration::from_secs(18);
/// Pause after the broker refused the login.
const LOGIN_PAUSE: Duration = Duration::from_secs(600);
/// How long a message is tried to be stored before the connection is given up. The broker sends it again then.
const STORE_TIME_MAX: Duration = Duration::from_secs(20);
/// Pause between two attempts to store a message.
const STORE_PAUSE: Duration = Duration::from_secs(2);
/// Messages in one transcript. Then another session begins, so that the page shows what came lately.
const SESSION_MESSAGES_MAX: u32 = 100;
/// A transcript with an arrival ends when nothing came for this long: ended ones are stored.
const SESSION_PAUSE: Duration = Duration::from_secs(5);

/// A broker that is kept connected.
pub(super) struct BrokerConnection {
    plan: Arc<BrokerPlan>,
    context: ConnectionContext,
    broker: Broker,
    topics: Vec<TopicFilter>,
    /// Whether the log has the failure of the last attempt.
    is_reported: bool,
}

/// A session of the connection.
struct BrokerSession {
    record: TranscriptRecorder,
    peer: IpAddr,
    messages: u32,
    /// Whether something is stored, or nothing came yet: then it ends with the next pause.
    is_of_use: bool,
}

impl BrokerConnection {
    pub(super) fn new(plan: Arc<BrokerPlan>, context: ConnectionContext) -> Self {
        let config = &plan.broker;
        let broker = Broker {
            address: config.address.clone(),
            login: config.login.as_ref().map(|(user, it)| (user.clone(), it.expose().to_owned())),
            authority: config.authority.clone(),
            client_id: config.client_id.clone().unwrap_or_else(|| context.client_id.clone()),
        };
        let mut topics: Vec<TopicFilter> =
            plan.devices.iter().flat_map(|(_, source)| source.topics.clone()).collect();
        topics.sort();
        topics.dedup();
        Self { plan, context, broker, topics, is_reported: false }
    }

    /// Connects, and again when the connection ends, for ever.
    pub(super) async fn keep(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            let peer = self.peer().await;
            let began = Instant::now();
            let error = match self.broker.connect(&self.topics).await {
                Ok(subscription) => self.receive(subscription, peer).await,
                Err(error) => {
                    self.report(&error, peer);
                    error
                }
            };
            if error.kind == ErrorKind::TooLarge {
                self.discard().await;
            }
            if began.elapsed() > PAUSE_MAX {
                pause = PAUSE_MIN;
            }
            let next = if error.kind == ErrorKind::Login { LOGIN_PAUSE } else { jittered(pause) };
            sleep(next).await;
            pause = pause.saturating_mul(2).min(PAUSE_MAX);
        }
    }

    /// A message that is too large would come again with every connection, before all others: the broker is to forget it
    /// with everything that it keeps.
    async fn discard(&self) {
        tracing::error!(
            broker = self.plan.broker.name,
            "A message has more than 20 MB: what the broker keeps for Tipoff is discarded."
        );
        if let Err(error) = self.broker.forget().await {
            tracing::warn!(broker = self.plan.broker.name, %error, "What the broker keeps could not be discarded.");
        }
    }

    /// The address of the broker, for transcripts; 0.0.0.0 while its name is not found.
    async fn peer(&self) -> IpAddr {
        let address = &self.broker.address;
        let found = tokio::net::lookup_host((address.host.as_str(), address.port)).await;
        let first = found.ok().and_then(|mut found| found.next());
        first.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |found| found.ip())
    }

    /// Logs a failure once, until the connection was up again, and writes a transcript of it.
    fn report(&mut self, error: &MqttError, peer: IpAddr) {
        if std::mem::replace(&mut self.is_reported, true) {
            return;
        }
        tracing::warn!(broker = self.plan.broker.name, %error, "No alarms come from this broker until it is connected.");
        let record = self.context.transcripts.begin(Protocol::Mqtt, peer);
        record.note(&format!("{error}."));
        record.problem(match error.kind {
            ErrorKind::Login | ErrorKind::Refused => SessionProblem::BrokerRefuses,
            ErrorKind::Unreachable => SessionProblem::BrokerUnreachable,
            ErrorKind::TooLarge => SessionProblem::TooBig,
        });
    }

    /// Receives messages until the connection ends. Returns the reason.
    async fn receive(&mut self, mut subscription: Subscription, peer: IpAddr) -> MqttError {
        self.is_reported = false;
        tracing::info!(broker = self.plan.broker.name, "Connected to the broker.");
        let mut session = Some(self.begin(&subscription, peer));
        let error = loop {
            let ends = session.as_ref().is_some_and(|session| session.is_of_use);
            let next = match ends {
                false => subscription.next().await,
                true => match timeout(SESSION_PAUSE, subscription.next()).await {
                    Ok(next) => next,
                    Err(_) => {
                        session = None;
                        continue;
                    }
                },
            };
            let mut message = match next {
                Ok(message) => message,
                Err(error) => break error,
            };
            let is_full = |session: &BrokerSession| session.messages >= SESSION_MESSAGES_MAX;
            let current = match session.take().filter(|session| !is_full(session)) {
                Some(current) => current,
                None => self.go_on(peer),
            };
            let current = session.insert(current);
            match self.store(&message, current).await {
                Ok(stored) => {
                    current.is_of_use = stored || (current.is_of_use && current.messages > 0)
                }
                Err(error) => break self.not_stored(&error, current),
            }
            current.messages += 1;
            if let Err(error) = subscription.acknowledge(&mut message) {
                break error;
            }
        };
        if let Some(session) = session {
            session.record.note(&format!("{error}."));
        }
        tracing::warn!(broker = self.plan.broker.name, %error, "The connection to the broker has ended.");
        error
    }

    /// A message could not be stored: the connection is given up, so that the broker sends it again.
    fn not_stored(&self, error: &SpoolError, session: &BrokerSession) -> MqttError {
        session.record.problem(match error {
            SpoolError::Full(_) => SessionProblem::DiskFull,
            _ => SessionProblem::NotStored,
        });
        tracing::error!(broker = self.plan.broker.name, %error, "A message could not be stored; the broker is to send it again.");
        MqttError::new(ErrorKind::Unreachable, "a message could not be stored".to_owned())
    }

    /// Begins the transcript of further messages.
    fn go_on(&self, peer: IpAddr) -> BrokerSession {
        let record = self.context.transcripts.begin(Protocol::Mqtt, peer);
        record.note(&format!("The connection to {} goes on.", self.broker.address));
        BrokerSession { record, peer, messages: 0, is_of_use: false }
    }

    /// Begins the transcript of a new connection.
    fn begin(&self, subscription: &Subscription, peer: IpAddr) -> BrokerSession {
        let record = self.context.transcripts.begin(Protocol::Mqtt, peer);
        record.note(&format!("Connected to {}.", self.broker.address));
        for topic in &self.topics {
            let is_refused = subscription.refused().contains(topic);
            record.note(&match is_refused {
                true => format!("The broker refuses the topic {topic}."),
                false => format!("Subscribed to {topic}."),
            });
        }
        if !subscription.refused().is_empty() {
            tracing::warn!(broker = self.plan.broker.name, topics = ?subscription.refused(), "The broker does not let Tipoff read these topics.");
            record.problem(SessionProblem::TopicRefused);
        }
        BrokerSession { record, peer, messages: 0, is_of_use: true }
    }

    /// Stores a message for each device that it is of, and tries again for some time. Returns whether something was news.
    async fn store(&self, message: &Message, session: &BrokerSession) -> Result<bool, SpoolError> {
        let BrokerSession { record, peer, .. } = session;
        let bytes = grouped(message.payload().len() as u64);
        record.received(&format!("{} ({bytes} bytes)", message.topic));
        if message.is_retained() {
            record.note("It is retained: the state before the subscription, no alarm.");
            return Ok(false);
        }
        let fits = |topics: &[TopicFilter]| topics.iter().any(|it| it.fits(&message.topic));
        let (mut is_of_any, mut is_news) = (false, false);
        for (device, source) in self.plan.devices.iter().filter(|(_, it)| fits(&it.topics)) {
            is_of_any = true;
            let until = Instant::now() + STORE_TIME_MAX;
            loop {
                let published = PublishedMessage {
                    device,
                    rules: &source.rules,
                    peer: *peer,
                    by_tls: self.broker.address.is_tls,
                    topic: &message.topic,
                    payload: message.payload(),
                    number: message.number(),
                    is_again: message.is_again(),
                    is_late: message.is_late,
                };
                match self.context.alarms.store_published(published, record).await {
                    Ok(stored) => {
                        is_news |= !stored.is_empty();
                        break;
                    }
                    Err(error) if Instant::now() > until => return Err(error),
                    Err(_) => sleep(STORE_PAUSE).await,
                }
            }
        }
        if !is_of_any {
            record.note("No device has this topic.");
        }
        Ok(is_news)
    }
}

/// A pause of half to all of its length, so that many do not come at once.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0];
    // Without randomness it is the shortest.
    let _ = getrandom::fill(&mut random);
    pause.mul_f64(0.5 + f64::from(random[0]) / 512.0)
}
