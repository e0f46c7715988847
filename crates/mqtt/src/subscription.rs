//! A connection with its subscriptions, which gives messages.

use std::collections::VecDeque;
use std::time::Duration;

use rumqttc::{
    AsyncClient, Event, EventLoop, ManualAck, Packet, Publish, QoS, SubscribeFilter,
    SubscribeReasonCode,
};
use tokio::time::Instant;

use crate::{MqttError, TopicFilter};

/// A session's backlog has ended when the caller has waited for messages for this long altogether: those of the backlog
/// come without a pause, also where others come often.
const BACKLOG_WAIT_MAX: Duration = Duration::from_millis(500);

/// A message.
#[derive(Debug)]
pub struct Message {
    publish: Publish,
    /// Its topic.
    pub topic: String,
    /// Whether the broker had kept it while there was no connection.
    pub is_late: bool,
    ack: Option<ManualAck>,
}

impl Message {
    fn new(client: &AsyncClient, publish: Publish, is_late: bool) -> Self {
        Self {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            is_late: is_late && !publish.retain,
            ack: client.prepare_ack(&publish),
            publish,
        }
    }

    /// Its content.
    pub fn payload(&self) -> &[u8] {
        &self.publish.payload
    }

    /// Whether it is the state that the broker keeps for new subscribers.
    pub fn is_retained(&self) -> bool {
        self.publish.retain
    }

    /// Whether the broker sent it before and got no acknowledgement.
    pub fn is_again(&self) -> bool {
        self.publish.dup
    }

    /// The broker's number of it, which stays the same if it is sent again; 0 if it needs no acknowledgement.
    pub fn number(&self) -> u16 {
        self.publish.pkid
    }
}

/// A connection to a broker. Nothing is sent or received unless [`Self::next`] is polled.
pub struct Subscription {
    name: String,
    client: AsyncClient,
    events: EventLoop,
    /// What came before the broker had answered the subscription.
    early: VecDeque<Message>,
    /// Whether the broker had kept the session.
    resumed: bool,
    /// Whether what the broker had kept may still come.
    has_backlog: bool,
    /// How long the caller has waited for messages of the backlog.
    waited: Duration,
    /// Since when it waits for the next one.
    waits_since: Option<Instant>,
    refused: Vec<TopicFilter>,
}

impl Subscription {
    /// Waits for CONNACK and SUBACK.
    pub(crate) async fn begin(
        name: String,
        client: AsyncClient,
        events: EventLoop,
        topics: &[TopicFilter],
    ) -> Result<Self, MqttError> {
        let mut this = Self {
            name,
            client,
            events,
            early: VecDeque::new(),
            resumed: false,
            has_backlog: false,
            waited: Duration::ZERO,
            waits_since: None,
            refused: Vec::new(),
        };
        loop {
            match this.poll().await? {
                Event::Incoming(Packet::ConnAck(answer)) => {
                    this.resumed = answer.session_present;
                    this.has_backlog = this.resumed;
                    let filters = topics
                        .iter()
                        .map(|it| SubscribeFilter::new(it.as_str().to_owned(), QoS::AtLeastOnce));
                    if topics.is_empty() || this.client.try_subscribe_many(filters).is_err() {
                        return Ok(this);
                    }
                }
                Event::Incoming(Packet::SubAck(answer)) => {
                    let refused = |code: &SubscribeReasonCode| {
                        !matches!(code, SubscribeReasonCode::Success(_))
                    };
                    let codes = topics.iter().zip(&answer.return_codes);
                    this.refused = codes
                        .filter(|(_, code)| refused(code))
                        .map(|(topic, _)| topic.clone())
                        .collect();
                    return Ok(this);
                }
                Event::Incoming(Packet::Publish(publish)) => {
                    let message = Message::new(&this.client, publish, this.resumed);
                    this.early.push_back(message);
                }
                _ => {}
            }
        }
    }

    /// Whether the broker had kept the session since an earlier connection.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The topics that the broker does not let this user read.
    pub fn refused(&self) -> &[TopicFilter] {
        &self.refused
    }

    /// The next message. Cancel-safe: nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn next(&mut self) -> Result<Message, MqttError> {
        loop {
            if let Some(message) = self.early.pop_front() {
                return Ok(message);
            }
            let waits_since = *self.waits_since.get_or_insert_with(Instant::now);
            let event = self.poll().await?;
            if let Event::Incoming(Packet::Publish(publish)) = event {
                self.waited = self.waited.saturating_add(waits_since.elapsed());
                self.waits_since = None;
                self.has_backlog &= self.waited < BACKLOG_WAIT_MAX;
                return Ok(Message::new(&self.client, publish, self.has_backlog));
            }
        }
    }

    /// Acknowledges a message. It is sent when [`Self::next`] is polled; until then the broker may send the message again.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn acknowledge(&self, message: &mut Message) -> Result<(), MqttError> {
        let Some(ack) = message.ack.take() else { return Ok(()) };
        self.client.try_manual_ack(ack).map_err(|error| {
            let text = format!("a message of {} cannot be acknowledged: {error}", self.name);
            MqttError::new(crate::ErrorKind::Unreachable, text)
        })
    }

    async fn poll(&mut self) -> Result<Event, MqttError> {
        self.events.poll().await.map_err(|error| MqttError::of(&self.name, &error))
    }
}
